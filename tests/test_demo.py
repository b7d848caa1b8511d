"""The demonstration: exact shares, books that close, the same ledger every time, no free lunch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest

from ledger import keys
from ledger.audit.auditor import Source
from ledger.cli.main import cli
from ledger.cli.new_folder import appearing
from ledger.cli.stories import NAMES, find, tantalum
from ledger.cli.stories.tampering import WAYS, tamper
from ledger.cli.stories.telling import Cast, Paper, StoryClock, event, say, side_by_side, step
from ledger.custody.demo_keys import is_demo_key
from ledger.custody.trail import Trail
from ledger.errors import MalformedError, StorageError, UnknownError
from ledger.store import vandal
from ledger.store.database import Database
from ledger.values import BILLION
from ledger.workspace import Workspace

KG = 1_000_000


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The tantalum story; nobody may change it."""
    return tantalum.build(tmp_path_factory.mktemp("told") / "demo")


@pytest.fixture(scope="module")
def trail(told: Workspace) -> Trail:
    with told.ledger(read_only=True) as ledger:
        return ledger.trace("PHONE-26W18")


@pytest.fixture
def fresh(told: Workspace, tmp_path: Path) -> Workspace:
    """A copy of it, for breaking."""
    shutil.copytree(told.root, tmp_path / "demo")
    return Workspace.find(tmp_path / "demo")


def run(capsys: pytest.CaptureFixture[str], *args: str | Path) -> tuple[int, str, str]:
    code = cli.main([str(arg) for arg in args], standalone_mode=False)
    said = capsys.readouterr()
    return code, said.out, said.err


# ---------------------------------------------------------------- the figures


def contained(kilograms: str, percent: str) -> int:
    """Milligrams of Ta in so much dry concentrate of this grade of Ta2O5."""
    exact = Fraction(kilograms) * KG * Fraction(percent) / 100 * Fraction("0.81897")
    return int(exact + Fraction(1, 2))


def taken(both: tuple[int, int], part: int) -> tuple[int, int]:
    """A proportional part of two origins, in whole milligrams, by largest remainder."""
    exact = [Fraction(one * part, sum(both)) for one in both]
    floors = [int(one) for one in exact]
    rests = [one - floor for one, floor in zip(exact, floors, strict=True)]
    if sum(floors) < part:
        floors[rests.index(max(rests))] += 1
    return floors[0], floors[1]


RWANDA = contained("373.1", "31.9") + contained("373.0", "31.9")
CONGO = contained("319.3", "32.9") + contained("319.2", "32.9")


def test_the_bags_weigh_what_the_scenario_says_on_either_scale() -> None:
    rwanda, congo = tantalum.BRANCHES
    assert (len(rwanda.bags), sum(rwanda.bags)) == (24, 10_800)
    assert (len(congo.bags), sum(congo.bags)) == (20, 8_000)
    for branch in tantalum.BRANCHES:
        assert len(branch.again) == len(branch.bags)
        assert sum(branch.again) == 0 and any(branch.again)
        assert all(350 <= bag <= 510 for bag in branch.bags)


def test_the_shares_are_exact_to_the_milligram_and_add_up_to_one(trail: Trail) -> None:
    both = (RWANDA, CONGO)
    for part in (337_602_000, 50 * KG, 45 * KG):
        both = taken(both, part)
    assert both == (23_902_979, 21_097_021)
    element = trail.elements["Ta"]
    assert [(o.site, o.country, o.mass_mg, o.share_ppb) for o in element.origins] == [
        ("RW-GIHANGA", "RW", 23_902_979, 531_177_311),
        ("CD-MWAMBO", "CD", 21_097_021, 468_822_689),
    ]
    assert element.mass_mg == 45 * KG
    assert element.basis == "element"
    assert sum(origin.share_ppb for origin in element.origins) == BILLION


def test_the_shares_are_those_of_the_scales_and_assays_of_the_smelter(trail: Trail) -> None:
    rwanda = Fraction("746.1") * Fraction("31.9")
    congo = Fraction("638.5") * Fraction("32.9")
    share = rwanda / (rwanda + congo)
    assert abs(share - Fraction("0.53118")) < Fraction(1, 100_000)
    # Each of four contents and three parts is rounded once, and 1 mg of 45 kg is 22 ppb.
    bound = 7 * BILLION // (45 * KG) + 1
    assert abs(share * BILLION - trail.elements["Ta"].origins[0].share_ppb) < bound


def test_a_phone_holds_23_90_mg_from_rwanda_and_21_10_mg_from_congo(trail: Trail) -> None:
    rwanda, congo = (Fraction(o.mass_mg, 1_000_000) for o in trail.elements["Ta"].origins)
    assert (round(float(rwanda), 2), round(float(congo), 2)) == (23.90, 21.10)


def test_what_is_neither_powder_nor_intermediate_is_lost_with_the_slag(told: Workspace) -> None:
    with told.ledger(read_only=True) as ledger:
        lines = {line.lot: line for line in ledger.trace("TAP-0301").lots}
        returned = ledger.lot("RET-0301").amount.element("Ta")
    assert RWANDA + CONGO == 366_957_854
    assert lines["CHG-0301"].contents == {"Ta": 366_957_854}
    assert lines["TAP-0301"].contents == {"Ta": 337_602_000}
    assert returned is not None and returned.mass == 11_009_000
    # The scenario rounds to 18.348 kg; it adds up to 366.959 kg, the smelter's figures to less.
    assert 366_957_854 - 337_602_000 - 11_009_000 == 18_346_854
    slag = 1_384_600_000 - 337_602_000 - 13_500_000
    assert lines["TAP-0301"].losses == (("slag", slag),)


def test_every_milligram_is_in_a_lot_or_in_a_loss(told: Workspace) -> None:
    with told.ledger(read_only=True) as ledger:
        held = {lot.lot: lot.amount.mass for lot in ledger.lots() if lot.state != "closed"}
    assert held == {
        "GIH-TAILINGS": 290_304_000,
        "MWA-TAILINGS": 137_328_000,
        "PHONE-26W18": 45 * KG,
        "RET-0301": 13_500_000,
        "SCR-0412": 5 * KG,
        "TAP-0301-B": 287_602_000,
    }
    water, slag = 43_200_000 + 24 * KG, 1_033_498_000
    on_the_way = 746_496_000 + 638_672_000 - 746_100_000 - 638_500_000
    assert sum(held.values()) + water + slag + on_the_way == 1_880 * KG


def test_every_hand_over_was_signed_and_weighed_by_both_sides(trail: Trail) -> None:
    assert len({one.dispatched for one in trail.transfers}) == 6
    assert all(one.received_mg and one.received_at for one in trail.transfers)
    assert trail.gaps == ()
    assert trail.findings == ()
    assert trail.elements["Ta"].coverage == {
        "site_ppb": BILLION,
        "country_ppb": 0,
        "unknown_ppb": 0,
        "assayed_ppb": BILLION,
        "attested_ppb": BILLION,
        "signed_both_ppb": BILLION,
    }
    assert trail.model == "segregated"


def test_the_ledger_is_supported_and_nothing_in_it_is_odd(told: Workspace) -> None:
    with told.ledger(read_only=True) as ledger:
        report = ledger.verify(told.trust())
        times = [line.opened_at for line in ledger.trace("PHONE-26W18").lots]
    assert (report.verdict, report.findings) == ("supported", ())
    assert min(times) >= "2026-02-09" and max(times) < "2026-05-01"


# ---------------------------------------------------------------- how it is told


def test_the_same_story_gives_the_same_ledger_byte_for_byte(
    told: Workspace, tmp_path: Path
) -> None:
    again = tantalum.build(tmp_path / "again")
    with told.ledger(read_only=True) as one, again.ledger(read_only=True) as other:
        assert [s.data for s in one.sources()] == [s.data for s in other.sources()]
        assert one.id == other.id
    assert told.kept_checkpoint() == again.kept_checkpoint()


def test_another_clock_gives_another_ledger_that_is_as_good(tmp_path: Path) -> None:
    later = StoryClock("2026-06-01T00:00:00Z")
    workspace = tantalum.build(tmp_path / "late", later)
    with workspace.ledger(clock=later) as ledger:
        assert ledger.head().recorded_at == "2026-06-01T00:00:00Z"
        assert ledger.verify(workspace.trust()).verdict == "supported"


def test_every_story_is_found_by_its_name_and_no_other() -> None:
    assert [find(name).name for name in NAMES] == list(NAMES)
    with pytest.raises(KeyError):
        find("telling")


def test_the_keys_in_the_folder_are_demo_keys_and_need_no_passphrase(told: Workspace) -> None:
    cast = Cast.of(tantalum.STORY)
    assert told.settings.demo
    assert keys.names(told.keys) == sorted(one.name for one in cast.all())
    for name in keys.names(told.keys):
        signer = keys.read(told.keys, name, lambda _: None)
        assert is_demo_key(signer.verifier.public_key)


def test_the_papers_in_the_folder_have_the_digests_in_the_log(told: Workspace) -> None:
    with told.ledger(read_only=True) as ledger:
        log = b"".join(source.data for source in ledger.sources())
    papers = list((told.root / "papers").iterdir())
    assert len(papers) == len(tantalum.STORY.papers) == 9
    for path in papers:
        assert sha256(path.read_bytes()).hexdigest().encode() in log


def test_what_is_said_in_a_step_is_said_by_its_first_party_and_cosigned_by_the_rest() -> None:
    within = step("2026-02-09T16:00:00Z", ("b.example", "c.example", "a.example"))
    said = say("lot.tagged", lot="L-1", applied=["T-1"])
    first = event(within, said)
    assert (first.by, first.cosigners) == ("b.example", ("a.example", "c.example"))
    assert first.occurred_at == "2026-02-09T16:00:00Z"
    own = event(within, said | {"by": "a.example", "occurred_at": "2026-02-09T08:00Z"})
    assert (own.by, own.cosigners, own.occurred_at) == ("a.example", (), "2026-02-09T08:00:00Z")


def test_words_that_make_no_event_are_refused() -> None:
    within = step("2026-02-09T16:00:00Z", ("a.example",))
    with pytest.raises(MalformedError):
        event(within, say("lot.tagged", lot="L-1", applied=["T-1"], colour="red"))
    with pytest.raises(MalformedError):
        event(within, say("lot.weighed", lot="L-1", mass="1,250 kg", basis="wet"))


def test_tales_side_by_side_take_turns_and_hear_of_their_own_steps() -> None:
    heard: list[tuple[str, tuple[str, ...]]] = []

    def tale(name: str, length: int) -> Iterator[object]:
        for number in range(length):
            ids = yield step(f"{name}{number}", ())
            heard.append((name, ids))

    together = side_by_side(tale("a", 1), tale("b", 3))  # type: ignore[arg-type]
    order = [next(together).at]
    try:
        while True:
            order.append(together.send((order[-1],)).at)
    except StopIteration:
        pass
    assert order == ["a0", "b0", "b1", "b2"]
    assert heard == [("a", ("a0",)), ("b", ("b0",)), ("b", ("b1",)), ("b", ("b2",))]


def test_a_paper_is_pinned_by_the_digest_of_its_bytes() -> None:
    assert Paper("a", "invoice", "A", "é\n").digest == sha256("é\n".encode()).hexdigest()


# ---------------------------------------------------------------- tampering


def test_a_byte_changed_in_the_database_breaks_the_chain_its_statement_and_the_root(
    fresh: Workspace,
) -> None:
    copy = tamper(tantalum.STORY, fresh, 1)
    assert copy.caught and copy.report.verdict == "contradicted"
    assert copy.codes[0] == "statement.root-mismatch"
    assert {
        "entry.chain-broken",
        "statement.root-mismatch",
        "checkpoint.root-mismatch",
    } <= set(copy.codes)


def test_an_operator_who_makes_everything_fit_still_lacks_the_keys(fresh: Workspace) -> None:
    copy = tamper(tantalum.STORY, fresh, 2)
    assert copy.caught
    assert {"statement.signature-wrong", "statement.signer-missing"} < set(copy.codes)
    # The log agrees with itself, with its tables and with its new checkpoint.
    rooms = {code.partition(".")[0] for code in copy.codes}
    assert rooms.isdisjoint({"entry", "log", "checkpoint", "books", "event"})
    with copy.workspace.ledger(read_only=True) as ledger:
        assert b'"mass":53100000' in ledger.find(str(index_of(ledger.sources(), "MWA-0007")))[1]


def index_of(sources: Iterator[Source], lot: str) -> int:
    return next(s.index for s in sources if f'"lot":"{lot}"'.encode() in s.data)


def test_a_tail_that_is_cut_off_shows_only_against_a_checkpoint_kept_elsewhere(
    fresh: Workspace,
) -> None:
    copy = tamper(tantalum.STORY, fresh, 3)
    assert copy.caught
    assert copy.codes == ("log.truncated",)
    with copy.workspace.ledger(read_only=True) as ledger:
        assert ledger.verify().verdict == "supported"
        with pytest.raises(UnknownError):
            ledger.lot("PHONE-26W18")


def test_the_true_ledger_is_untouched_by_what_is_done_to_copies(fresh: Workspace) -> None:
    before = fresh.database.read_bytes()
    for number in WAYS:
        tamper(tantalum.STORY, fresh, number)
    assert fresh.database.read_bytes() == before


def test_the_guards_of_the_database_are_back_after_the_vandal_has_left(fresh: Workspace) -> None:
    vandal.overwrite(fresh.database, 3, b"{}")
    database = Database(fresh.database)
    for statement in ("UPDATE entry SET data = x'7b7d'", "DELETE FROM entry"):
        with pytest.raises(StorageError) as caught, database.writing() as connection:
            connection.exec_driver_sql(statement)
        assert caught.value.code == "storage.append-only"
    database.close()


def test_the_vandal_finds_no_entry_that_is_not_there(fresh: Workspace) -> None:
    before = fresh.database.read_bytes()
    with fresh.ledger(read_only=True) as ledger:
        size = ledger.head().size
    with pytest.raises(UnknownError):
        vandal.overwrite(fresh.database, size, b"{}")
    with pytest.raises(UnknownError):
        vandal.rewrite(fresh.database, {size: b"{}"})
    for end in (0, size, size + 1):
        with pytest.raises(UnknownError):
            vandal.cut(fresh.database, end)
    with Workspace(fresh.root, fresh.settings).ledger(read_only=True) as ledger:
        assert ledger.verify(fresh.trust()).verdict == "supported"
    assert len(fresh.database.read_bytes()) == len(before)


def test_a_rewritten_log_that_nobody_changed_is_the_same_log(fresh: Workspace) -> None:
    vandal.rewrite(fresh.database, {})
    with fresh.ledger() as ledger:
        report = ledger.verify(fresh.trust())
        again = ledger.checkpoint(Cast.of(tantalum.STORY).log)
    assert (report.verdict, report.findings) == ("supported", ())
    assert again == fresh.kept_checkpoint()


# ---------------------------------------------------------------- the command


def test_the_command_tells_traces_verifies_and_catches_three_copies(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = run(capsys, "demo", tmp_path / "d")
    assert (code, err) == (0, "")
    assert "2026-04-30  1,000,000 phones" in out
    assert "53.118 %   23.902979 kg   23.90 mg a piece   RW-GIHANGA   RW   mined-asm" in out
    assert "46.882 %   21.097021 kg   21.10 mg a piece   CD-MWAMBO    CD   mined-asm" in out
    assert "  supported   " in out
    for found in ("statement.root-mismatch", "statement.signature-wrong", "log.truncated"):
        assert f"    contradicted   {found}" in out
    assert f"oretrail --ledger {tmp_path}/d trace PHONE-26W18" in out


def test_the_command_answers_in_json_with_one_document(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, _ = run(capsys, "demo", tmp_path / "d", "--json")
    assert code == 0 and out.count("\n") == 1
    said = json.loads(out)
    assert said["version"] == 1
    assert (said["story"], said["product"], said["verdict"]) == (
        "tantalum",
        "PHONE-26W18",
        "supported",
    )
    assert [line["share_ppb"] for line in said["elements"]["Ta"]["origins"]] == [
        531_177_311,
        468_822_689,
    ]
    assert [copy["caught"] for copy in said["tampered"]] == [True, True, True]
    with Workspace.find(tmp_path / "d").ledger(read_only=True) as ledger:
        report = ledger.verify()
    assert (said["ledger"], said["root"], said["size"]) == (
        report.ledger,
        report.root,
        report.size,
    )


@pytest.mark.parametrize(
    "words",
    [
        ("tantalum", "there"),
        ("there", "--story", "tantalum"),
        ("tantalum", "there", "--story", "tantalum"),
    ],
)
def test_a_story_is_named_first_or_by_its_option(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "demo", *words, "--json")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize("words", [(), ("tantalum",)])
def test_without_a_folder_it_goes_into_oretrail_demo(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "demo", *words, "--json")[0] == 0
    assert (tmp_path / "oretrail-demo" / "oretrail.toml").is_file()


@pytest.mark.parametrize(
    "words", [("unobtainium", "there"), ("there", "--story", "unobtainium"), ("a", "b", "c")]
)
def test_a_story_that_nobody_knows_is_a_mistake_of_usage(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "demo", *words)[0] == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    code, out, err = run(capsys, "demo", tmp_path)
    assert (code, out) == (5, "")
    assert "there is thesis.txt in it [demo.not-empty]" in err
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_a_file_is_no_folder_for_a_demonstration(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "d").write_text("")
    code, _, err = run(capsys, "demo", tmp_path / "d")
    assert code == 5 and "[demo.no-folder]" in err


def test_an_empty_folder_will_do(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert run(capsys, "demo", tmp_path, "--json")[0] == 0


def test_a_demonstration_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    for root in (tmp_path / "new", tmp_path):
        with pytest.raises(BrokenPipeError), appearing(root) as folder:
            folder.mkdir()
            (folder / "ledger.db").write_text("half")
            raise BrokenPipeError
        assert list(tmp_path.iterdir()) == []


def test_a_reader_who_leaves_early_leaves_no_half_a_demonstration(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "ledger.cli", "demo", str(tmp_path / "d")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        running.stdout.readline()
        running.stdout.close()
        assert running.wait() == 5
    assert list(tmp_path.iterdir()) == []


def test_a_copy_that_is_not_caught_is_said_and_fails_the_command(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(WAYS, 3, (lambda story, copy: "nothing was done", "log.truncated"))
    code, out, _ = run(capsys, "demo", tmp_path / "d")
    assert code == 1
    assert "tampered-3   nothing was done\n    supported   nothing was found" in out
