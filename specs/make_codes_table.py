"""Make the table of codes in specs/verification.md, the page of checks, and find codes in code.

    python specs/make_codes_table.py

`RULES` says in words what each finding means. Where a vector of `vectors/books` is about a
finding, the table names it; a test checks that every code in the code stands here, that
every code here stands in the code, and that the table on the page is current.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Iterator
from pathlib import Path

from code_rules import ELSEWHERE, RAISED, RULES, TWINS
from verify import is_integrity

from ledger.audit.checks import CHECKS
from ledger.events import TYPES

HERE = Path(__file__).resolve().parent
ROOMS = ("custody", "audit", "ledger.py")
BEGIN, END = "<!-- codes: made by make_codes_table.py -->", "<!-- end of codes -->"

_CODE = re.compile(r"([a-z]+\.[a-z][a-z-]*[a-z])(?: .*)?", re.DOTALL)


def main() -> None:
    """Write the table into the page."""
    path = HERE / "verification.md"
    path.write_text(with_table(path.read_text(encoding="utf-8")), encoding="utf-8")
    (HERE / "plausibility.md").write_text(plausibility(), encoding="utf-8")


PLAUSIBILITY = """# Plausibility

Checks that report and never refuse. They are not part of validity: two verifiers may differ in
them, and a policy may set other thresholds by a check's name. They read the same effects as the
rules, and no clock but the log's. The table is made from the checks' own words by
`make_pages.py`; do not edit it by hand. Severities and verdicts are those of
[verification.md](verification.md#verdict): a critical finding of a check makes it `contradicted`.

Thresholds are milligrams for masses, parts per billion for shares, else as their name says.

"""


def plausibility() -> str:
    """The page of checks."""
    return PLAUSIBILITY + "\n".join(checks()) + "\n"


def with_table(page: str) -> str:
    """The page with the table as it should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


def table() -> str:
    """Every code, its severity, its rule, and what produces it."""
    vectors = produced()
    rules = {code: rule for code, rule in RULES.items() if rule[0] != RAISED}
    lines = ["| code | severity | integrity | rule | vector |", "| --- | --- | --- | --- | --- |"]
    for code, (severity, rule) in sorted(rules.items()):
        shown = vectors.get(code) or ELSEWHERE.get(code, "")
        if code.startswith(("gap.", "incident.open")):
            shown = ELSEWHERE["trail.broken"]
        mark = "yes" if is_integrity(code) else ""
        lines.append(f"| `{code}` | {severity} | {mark} | {rule} | {shown} |")
    lines += ["", "The library raises these; they are no findings:", ""]
    raised = sorted((code, rule) for code, (kind, rule) in RULES.items() if kind == RAISED)
    lines += [f"- `{code}`: {rule}" for code, rule in raised]
    return "\n".join(lines)


def checks() -> Iterator[str]:
    """What each plausibility check says of itself."""
    yield "| check | thresholds | what it finds, formula, source |"
    yield "| --- | --- | --- |"
    for name, check in CHECKS.items():
        limits = ", ".join(f"`{each}` {value:,}" for each, value in check.thresholds.items())
        tree = ast.parse(inspect.getsource(inspect.getmodule(check) or check))
        also = sorted(set(codes_of(tree)) - {name} - set(TYPES))
        about = " ".join(inspect.cleandoc(check.__doc__ or "").split()).replace("|", "\\|")
        about += f" Also: {', '.join(f'`{code}`' for code in also)}." if also else ""
        yield f"| `{name}` | {limits} | {about} |"


def produced() -> dict[str, str]:
    """Code -> the first vector of books that is about it."""
    found: dict[str, str] = {}
    for path in sorted((HERE / "vectors" / "books").glob("*.json")):
        for code in json.loads(path.read_bytes())["about"]:
            found.setdefault(code, f"`{path.stem}`")
            if code.split(".")[1] in ("exists", "unknown", "not-issuer", "wrong-status"):
                found.setdefault(f"KIND.{code.split('.')[1]}", f"`{path.stem}`")
    return found


def in_the_code(root: Path) -> set[str]:
    """Codes of findings that stand in the source, `KIND.x` for those made from a subject."""
    files = [f for room in ROOMS for f in sorted((root / "ledger" / room).rglob("*.py"))]
    files += [root / "ledger" / room for room in ROOMS if room.endswith(".py")]
    files = [path for path in files if path.parent.name != "checks"]
    found = {code for path in files for code in codes_of(ast.parse(path.read_text("utf-8")))}
    made = {f"custody.not-{side}" for side in ("giver", "taker") if "custody.not-KIND" in found}
    return ((found | made) - set(TYPES) - {"custody.not-KIND"}) | TWINS


def codes_of(tree: ast.Module) -> Iterator[str]:
    """String constants that are spelled like codes, and f-strings that begin like one."""
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield from made_code(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _CODE.fullmatch(node.value)
            if match and id(node) not in docstrings:
                yield match[1]


def made_code(node: ast.JoinedStr) -> Iterator[str]:
    """`f"{kind}.exists"` is KIND.exists; `f"gap.{kind}-origin"` is gap.KIND-origin."""
    text = "".join(
        str(part.value) if isinstance(part, ast.Constant) else "KIND" for part in node.values
    )
    if re.fullmatch(r"KIND\.[a-z-]+|[a-z]+\.(?:[a-z]+-)?KIND(?:-[a-z]+)?", text):
        yield text


if __name__ == "__main__":
    main()
