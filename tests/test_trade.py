"""The generated trade: realistic, the same for a seed, and every fraud in it is found."""

from __future__ import annotations

import contextlib
import io
import json
import re
import statistics
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger.audit import checks
from ledger.audit.checks.base import seconds
from ledger.audit.report import Report
from ledger.cli.main import cli
from ledger.cli.stories.trade import FRAUDS, Injected, generate, recall
from ledger.cli.stories.trade.dice import Dice
from ledger.custody.statement import decode_registration
from ledger.events import Event, decode, event_id
from ledger.events.lot_extracted import LotExtracted
from ledger.findings import Finding
from ledger.workspace import Workspace

SIZE, SEED = 2_000, 5

NO_CODES = {
    "policy.unknown",
    "site.unfit",
    "transit.difference",
    "weights.too-regular",
    "yield.implausible",
}
"""Names of checks whose findings have codes of their own, and an error."""


class Told(msgspec.Struct):
    """One run of the command, and what lies in the folder afterwards."""

    workspace: Workspace
    code: int
    answer: dict[str, Any]
    injected: tuple[Injected, ...]
    report: Report
    events: list[tuple[str, Event]]
    """Each with the time that the log recorded it."""

    ids: frozenset[str]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    """A small trade with one fraud of each kind; nobody may change it."""
    root = tmp_path_factory.mktemp("trade") / "demo"
    words = ["demo", str(root), "--size", str(SIZE), "--seed", str(SEED)]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        code = cli.main([*words, "--frauds", str(len(FRAUDS)), "--json"], standalone_mode=False)
    workspace = Workspace.find(root)
    listed = json.loads((root / "injected.json").read_bytes())
    with workspace.ledger(read_only=True) as ledger:
        report = ledger.verify(workspace.trust())
        entries = [source.data for source in ledger.sources()]
    return Told(
        workspace,
        code,
        json.loads(said.getvalue()),
        msgspec.convert(listed["injected"], tuple[Injected, ...]),
        report,
        list(_events(entries)),
        frozenset(event_id(data) for data in entries),
    )


def _events(entries: list[bytes]) -> Iterator[tuple[str, Event]]:
    recorded_at = ""
    for data in entries:
        if data.endswith(b'"type":"registered"}'):
            recorded_at = decode_registration(data).recorded_at
        else:
            yield recorded_at, decode(data)


# ---------------------------------------------------------------- what is found


def test_every_fraud_is_found_with_its_code(told: Told) -> None:
    assert len(told.injected) == len(FRAUDS)
    lines = recall(told.injected, told.report.findings)
    assert [name for line in lines for name in line.missed] == []
    assert {line.code for line in lines if line.injected} == set(FRAUDS)


def test_beside_the_frauds_nothing_contradicts_and_hardly_a_lot_is_odd(told: Told) -> None:
    honest = [finding for finding in told.report.findings if not _about_a_fraud(told, finding)]
    assert [finding for finding in honest if finding.severity in ("error", "critical")] == []
    odd = {f.subject for f in honest if f.severity == "major" and f.subject.startswith("lot:")}
    with told.workspace.ledger(read_only=True) as ledger:
        assert len(odd) * 100 < len(ledger.lots())
    assert all(f.subject.startswith("lot:") for f in honest if f.severity == "major")


def _about_a_fraud(told: Told, finding: Finding) -> bool:
    return any(
        finding.subject in (*one.subjects, *(f"lot:{lot}" for lot in one.lots))
        or set(one.entries) & set(finding.entries)
        for one in told.injected
    )


def test_the_command_says_what_was_found(told: Told) -> None:
    assert told.code == 0
    assert told.answer["verdict"] == "contradicted"
    assert (told.answer["size"], told.answer["root"]) == (told.report.size, told.report.root)
    assert sum(line["injected"] for line in told.answer["codes"]) == len(FRAUDS)
    assert sum(line["found"] for line in told.answer["codes"]) == len(FRAUDS)


def test_a_fraud_that_no_finding_is_about_counts_as_missed(told: Told) -> None:
    one, *_ = told.injected
    others = [finding for finding in told.report.findings if finding.code != one.code]
    elsewhere = Finding(code=one.code, message="of another lot", entries=(1,), subject="lot:no")
    (line,) = [line for line in recall([one], [*others, elsewhere]) if line.code == one.code]
    assert (line.injected, line.found, line.missed, line.beside) == (1, 0, (one.name,), 1)


def test_there_is_a_fraud_for_every_code_that_a_check_reports() -> None:
    quoted = re.compile(r'"([a-z]+\.[a-z]+(?:-[a-z]+)*)"', re.ASCII)
    folder = Path(next(iter(checks.__path__)))
    codes = {code for path in folder.glob("*.py") for code in quoted.findall(path.read_text())}
    assert codes - set(FRAUDS) == NO_CODES


# ---------------------------------------------------------------- what it is like


def test_it_is_about_as_large_as_asked(told: Told) -> None:
    frauds = sum(len(one.entries) for one in told.injected)
    assert abs(len(told.events) - frauds - SIZE) < SIZE // 5


def test_bags_weigh_forty_kilograms_with_every_last_digit_alike(told: Told) -> None:
    masses = [event.mass for _, event in _bags(told)]
    assert abs(statistics.mean(masses) - 40_000_000) < 1_000_000
    lower, _, upper = statistics.quantiles(masses)
    assert 7_000_000 < upper - lower < 9_200_000  # 1.35 deviations of 6 kg
    assert all(mass % 100_000 == 0 for mass in masses)
    digits = Counter(mass // 100_000 % 10 for mass in masses)
    assert max(digits.values()) < 2 * min(digits.values())


def test_paper_reaches_the_log_two_days_late(told: Told) -> None:
    late = [seconds(at) - seconds(event.occurred_at) for at, event in _bags(told)]
    assert 40 * 3600 < statistics.median(late) < 64 * 3600


def test_one_event_in_a_hundred_is_a_correction(told: Told) -> None:
    voided = sum(event.type == "event.voided" for _, event in told.events)
    assert 0 < voided * 50 < len(told.events)


def _bags(told: Told) -> list[tuple[str, LotExtracted]]:
    frauds = {lot for one in told.injected for lot in one.lots}
    return [
        (at, event)
        for at, event in told.events
        if isinstance(event, LotExtracted) and event.method == "asm" and event.lot not in frauds
    ]


def test_dice_are_fair() -> None:
    dice = Dice.of(1, "test")
    drawn = [dice.normal(1_000_000, 1_000) for _ in range(4_000)]
    assert abs(statistics.mean(drawn) - 1_000_000) < 60
    assert abs(statistics.stdev(drawn) - 1_000) < 60
    delays = [dice.lognormal(10_000, 500) for _ in range(4_000)]
    assert abs(statistics.median(delays) - 10_000) < 400
    assert statistics.mean(delays) > 11_000


# ---------------------------------------------------------------- the same for a seed


class EnoughError(Exception):
    """Somebody has seen enough."""


def _beginning(root: Path, seed: int, frauds: int = 0) -> list[bytes]:
    """The entries of a trade until it has 300 events."""

    def listen(events: int) -> None:
        if events >= 300:
            raise EnoughError

    with contextlib.suppress(EnoughError):
        generate(root, size=SIZE, seed=seed, frauds=frauds, listen=listen)
    with Workspace.find(root).ledger(read_only=True) as ledger:
        return [source.data for source in ledger.sources()]


def test_the_same_seed_gives_the_same_ledger_and_another_seed_another(tmp_path: Path) -> None:
    first = _beginning(tmp_path / "a", 1)
    assert first == _beginning(tmp_path / "b", 1)
    assert first != _beginning(tmp_path / "c", 2)


def test_frauds_come_on_top_of_the_same_honest_trade(told: Told, tmp_path: Path) -> None:
    """All but the beginning, which says that it is another ledger; so ids are compared."""
    honest = _beginning(tmp_path / "a", SEED)
    said = {event_id(data) for data in honest if not data.endswith(b'"type":"registered"}')}
    assert len(said) >= 300
    assert said <= told.ids


# ---------------------------------------------------------------- the command


@pytest.mark.parametrize(
    "words",
    [
        ("--seed", "3"),
        ("--frauds", "3"),
        ("--size", "2000", "--story", "gold"),
        ("--size", "2000", "gold", "here"),
        ("--size", "0"),
    ],
    ids=" ".join,
)
def test_words_that_do_not_go_together_are_a_mistake_of_usage(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with contextlib.redirect_stderr(io.StringIO()):
        assert cli.main(["demo", *words], standalone_mode=False) == 2
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("do not touch")
    said = io.StringIO()
    with contextlib.redirect_stderr(said):
        code = cli.main(["demo", str(tmp_path), "--size", "2000"], standalone_mode=False)
    assert code == 5
    assert "[demo.not-empty]" in said.getvalue()
