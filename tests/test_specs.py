"""The specifications: what is made is current, what is said is true, and links lead somewhere."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cli_place import chain, settled
from ledger.audit.auditor import Auditor, Source
from ledger.audit.checks import CHECKS
from ledger.custody.measurement import DEFAULT_TOLERANCES
from ledger.custody.registration import CLOCK_SKEW, prepare
from ledger.custody.rules import HOLD_ROLES, RULES
from ledger.custody.statement import MAX_EVENTS, Statement
from ledger.effects import Effect
from ledger.events import TYPES
from ledger.exports.entries import render
from ledger.values import ORIGIN_CLASSES

ROOT = Path(__file__).resolve().parent.parent
SPECS = ROOT / "specs"
PAGES = sorted(SPECS.rglob("*.md"))


def made_by(name: str) -> ModuleType:
    """A script of the specs' own folders."""
    for folder in (SPECS, SPECS / "vectors"):
        if str(folder) not in sys.path:
            sys.path.insert(0, str(folder))
    return importlib.import_module(name)


def page(name: str) -> str:
    return (SPECS / name).read_text("utf-8")


# ---------------------------------------------------------------- what is made


def test_the_page_of_events_is_current() -> None:
    assert made_by("make_events_page").page() == page("events.md"), "run specs/make_pages.py"


def test_every_type_and_every_effect_stands_on_the_page_of_events() -> None:
    text = page("events.md")
    assert re.findall(r"^### (.+)$", text, re.MULTILINE) == list(TYPES)
    effects = [each.__name__ for each in Effect.__args__]  # type: ignore[attr-defined]
    assert set(effects) == {each.__name__ for each in RULES}
    for name in effects:
        assert f"| `{name}` |" in text


def test_the_table_of_codes_is_current() -> None:
    text = page("verification.md")
    assert made_by("make_codes_table").with_table(text) == text, "run specs/make_pages.py"


def test_the_page_of_checks_is_current() -> None:
    assert made_by("make_codes_table").plausibility() == page("plausibility.md"), (
        "run specs/make_pages.py"
    )


def test_every_code_of_a_finding_is_explained_and_no_other() -> None:
    made = made_by("make_codes_table")
    in_the_code = made.in_the_code(ROOT)
    explained = set(made_by("code_rules").RULES)
    assert in_the_code - explained == set(), "explain it in specs/code_rules.py"
    assert explained - in_the_code == set(), "no code says so any more"


def test_every_code_that_an_audit_can_find_has_a_vector() -> None:
    made, rules = made_by("make_codes_table"), made_by("code_rules")
    audited = {
        code
        for code, (severity, _) in rules.RULES.items()
        if severity != rules.RAISED and not code.startswith(("gap.", "trail.", "incident.open"))
    }
    assert audited - set(made.produced()) == set(rules.ELSEWHERE) - {
        "trail.broken",
        "trail.incomplete",
    }


def test_a_planted_code_is_noticed(tmp_path: Path) -> None:
    made = made_by("make_codes_table")
    for room in ("custody", "audit"):
        (tmp_path / "ledger" / room).mkdir(parents=True)
    (tmp_path / "ledger" / "ledger.py").write_text('"""lot.mentioned only"""\n')
    source = (
        'a = Finding(code="lot.cursed", message="x")\n'
        'b = f"{kind}.jinxed"\n'
        'c = "party.hexed until noon"\n'
        'd = f"custody.not-{side}"\n'
    )
    (tmp_path / "ledger" / "custody" / "rules.py").write_text(source)
    found = made.in_the_code(tmp_path) - made_by("code_rules").TWINS
    assert found == {
        "lot.cursed",
        "KIND.jinxed",
        "party.hexed",
        "custody.not-giver",
        "custody.not-taker",
    }


# ---------------------------------------------------------------- what is said


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SPECS).as_posix())
def test_links_between_pages_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        name, _, anchor = target.partition("#")
        found = (path.parent / name).resolve() if name else path
        assert found.exists(), f"{path.name}: {target}"
        if anchor:
            headings = re.findall(r"^#+ (.+)$", found.read_text("utf-8"), re.MULTILINE)
            assert anchor in {slug(each) for each in headings}, f"{path.name}: {target}"


def slug(heading: str) -> str:
    """A heading as web pages spell it in a link."""
    return re.sub(r"[^a-z0-9 _-]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(SPECS).as_posix())
def test_vectors_that_a_page_names_are_there(path: Path) -> None:
    for name in re.findall(r"`(vectors/[a-z0-9/_.+-]+)`", path.read_text("utf-8")):
        assert (SPECS / name).exists(), f"{path.name}: {name}"


def test_codes_that_a_page_names_exist() -> None:
    explained = set(made_by("code_rules").RULES) | set(CHECKS)
    below = ("canonical.", "note.", "checkpoint.", "signature.", "key.", "proof.")
    for name in ("accounting.md", "verification.md", "statement.md", "threat-model.md"):
        for inside in re.findall(r"\[(`[^\]]+`)\](?!\()", page(name)):
            for code in re.findall(r"`([^`]+)`", inside):
                known = code in explained or code.startswith(below) or code.startswith("event.")
                assert known, f"{name}: {code}"


def test_the_example_statement_can_be_read() -> None:
    example = page("statement.md").split("```")[1].removeprefix("\n")
    statement = Statement.decode(example.encode())
    assert len(statement.events) == 1
    assert statement.header.seen is not None


def test_the_example_of_accounting_is_what_its_vector_says() -> None:
    drawn = page("accounting.md").split("```")[1]
    vector = json.loads((SPECS / "vectors/books/good-blend-and-split.json").read_bytes())
    for name in ("A", "B"):
        lot = vector["expected"]["lots"][name]
        ta = lot["contents"][0]
        figures = [lot["mass"], *by_site(lot["origins"]), ta["mass"], *by_site(ta["origins"])]
        row = next(line for line in drawn.split("\n") if line.strip().startswith(f"{name} "))
        assert row.split()[1:] == [f"{each:,}" for each in figures]


def by_site(origins: dict[str, int]) -> list[int]:
    return [origins["mined-asm||RW-GIHANGA"], origins["mined-asm||CD-MASISI"]]


def test_numbers_in_the_pages_are_those_of_the_code() -> None:
    accounting, verification = page("accounting.md"), page("verification.md")
    for leg, ppb in DEFAULT_TOLERANCES.items():
        assert f"| `{leg}` | {ppb:,} |" in accounting
    table = accounting.partition("| leg or instrument |")[2].partition("\n\n")[0]
    assert table.count("\n| `") == len(DEFAULT_TOLERANCES)
    assert f"at most {CLOCK_SKEW} seconds after" in verification
    assert f"at most {MAX_EVENTS}" in page("statement.md")
    for origin in ORIGIN_CLASSES:
        assert f"`{origin}`" in accounting
    for role in HOLD_ROLES:
        assert f"`{role}`" in accounting


@pytest.mark.parametrize("path", sorted((SPECS / "decisions").glob("*.md")), ids=lambda p: p.stem)
def test_a_decision_has_its_context_and_its_bad_sides(path: Path) -> None:
    text = path.read_text("utf-8")
    assert text.startswith(f"# {path.stem[:4]} ")
    for part in ("**Context.**", "**Decision.**", "**Bad sides.**"):
        assert part in text, part
    assert re.search(r"\*\*Options", text)


def test_places_in_the_specs_that_the_code_names_are_there() -> None:
    for path in sorted((ROOT / "ledger").rglob("*.py")):
        for name in re.findall(r"specs/[a-z0-9/_-]+\.(?:md|py)", path.read_text("utf-8")):
            assert (ROOT / name).exists(), f"{path.name}: {name}"


# ---------------------------------------------------------------- the smallest verifier


def lines_of(vector: str) -> list[dict[str, Any]]:
    case = json.loads((SPECS / "vectors" / "books" / f"{vector}.json").read_bytes())
    found: list[dict[str, Any]] = case["entries"]
    return found


def exported(vector: str) -> bytes:
    """A vector's entries, as `oretrail export entries` writes them."""
    sources = [
        Source(
            line["index"],
            line["entry"].encode(),
            bytes.fromhex(line["leaf"]),
            bytes.fromhex(line["chain"]),
        )
        for line in lines_of(vector)
    ]
    return b"".join(render(sources))


def recomputed(data: bytes, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", str(SPECS / "recompute.py"), *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False)


@pytest.mark.parametrize("vector", ["good-genesis-alone", "good-refining", "good-claims"])
def test_recompute_agrees_with_the_auditor(vector: str, tmp_path: Path) -> None:
    data = exported(vector)
    auditor = Auditor()
    auditor.feed(Source(line["index"], line["entry"].encode()) for line in lines_of(vector))
    report = auditor.finish()
    said = f"size {report.size}\nroot {report.root}\nchain {report.chain}\n".encode()
    assert recomputed(data).stdout == said
    (tmp_path / "entries.jsonl").write_bytes(data)
    assert recomputed(b"", str(tmp_path / "entries.jsonl")).stdout == said


def test_recompute_agrees_with_the_command(tmp_path: Path) -> None:
    place = chain(settled(tmp_path / "ledger"))
    said = place.json("verify")
    done = recomputed(place("export", "entries").out.encode())
    words = f"size {said['size']}\nroot {said['root']}\nchain {said['chain']}\n"
    assert done.stdout.decode() == words
    assert said["verdict"] == "supported"


@pytest.mark.parametrize(
    "vector",
    ["digit-of-an-entry-changed", "entry-left-out", "entry-doubled", "chain-of-another-log"],
)
def test_recompute_stops_at_a_wrong_line(vector: str) -> None:
    done = recomputed(exported(vector))
    assert done.returncode == 1
    assert b"does not state what its entry hashes to" in done.stderr


def test_recompute_needs_nothing_but_python_and_is_short() -> None:
    text = (SPECS / "recompute.py").read_text("utf-8")
    assert len(text.splitlines()) < 40
    modules = set(re.findall(r"^(?:import|from) (\S+)", text, re.MULTILINE))
    assert modules <= {*sys.stdlib_module_names, "__future__"}


# ---------------------------------------------------------------- what no type can do


def test_the_two_laws_that_no_event_type_can_break_are_kept_all_the_same() -> None:
    """`ELSEWHERE` says that no type can; a type of tomorrow must not be able to either."""
    for path in sorted((SPECS / "vectors" / "events").glob("good-*.json")):
        case = json.loads(path.read_bytes())
        effects = prepare(case["text"].encode()).effects
        opened = {e.lot for e in effects if type(e).__name__ == "Open"}
        flows = [e for e in effects if type(e).__name__ == "Flow"]
        assert {flow.target for flow in flows} <= opened
        assert min(len({f.source for f in flows}), len({f.target for f in flows})) <= 1
