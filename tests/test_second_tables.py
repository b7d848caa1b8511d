"""The tables inside the second verifier, against the pages they were copied from by hand."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from test_second_verifier import second

SPECS = Path(__file__).resolve().parent.parent / "specs"
KINDS = {
    "event id": "hash",
    "digest": "hash",
    "mass above nought": "positive",
    "`true`": "true",
    "text of at most 255 characters": "text255",
    "`[A-Z]{3}`": "currency",
}
DEFAULTS = {"false": "?", "0": "?!0", "product": "?!product"}
LIST = re.compile(r"list of (.*), ([\d,]+) to ([\d,]+)")


def page(name: str) -> str:
    return (SPECS / name).read_text(encoding="utf-8")


def kind(value: str) -> str:
    """What a field holds, in the verifier's words."""
    many = LIST.fullmatch(value)
    if many:
        least, most = many[2].replace(",", ""), many[3].replace(",", "")
        return f"{kind(many[1])}[{least}-{most}]"
    if value in KINDS:
        return KINDS[value]
    number = re.fullmatch(r"integer from (\d+)(?: to (\d+))?", value)
    if number:
        return f"int:{number[1]}:{number[2] or ''}"
    if re.fullmatch(r"`[\w-]+`( or `[\w-]+`)*", value):
        return "|".join(re.findall(r"`([\w-]+)`", value))
    return "origin" if value.startswith("`[") else value.removeprefix("object ")


def spelled(table: str) -> str:
    """The rows of a table of fields as one line of the verifier."""
    found = []
    for name, value in re.findall(r"^\| `(\w+)` \| (.*?) \| .*\|$", table, re.MULTILINE):
        plain, _, default = value.partition(" if absent")[0].rpartition(", ")
        need = DEFAULTS.get(default, "") if value.endswith("if absent") else ""
        if value.endswith(", optional"):
            plain, need = value.removesuffix(", optional"), "?"
        found.append(f"{name}{need} {kind(plain if need else value)}")
    return ", ".join(found)


def sections() -> dict[str, str]:
    """Type -> what the page says of it, up to its rules in Python."""
    parts = re.split(r"^### ([\w.]+)$", page("events.md").replace("\\|", "\0"), flags=re.MULTILINE)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return {name: body.split("```python")[0] for name, body in pairs}


def test_every_type_has_the_fields_of_the_page() -> None:
    told = {name: spelled(body.split("\n**")[0]) for name, body in sections().items()}
    assert told == second().TYPES


def test_every_object_inside_an_event_has_the_fields_of_the_page() -> None:
    told = {}
    for body in sections().values():
        for part in re.split(r"^\*\*(?=\w+\*\*: )", body, flags=re.MULTILINE)[1:]:
            told[part.partition("**")[0]] = spelled(part)
    assert told == second().OBJECTS


def test_every_type_has_its_effects() -> None:
    assert set(second().EFFECTS) == set(second().TYPES)


def test_factors_and_tolerances_are_those_of_the_pages() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| ([\d,]+) \|$", page("events.md"), re.MULTILINE)
    told = {name: (element, int(factor.replace(",", ""))) for name, element, factor in rows}
    assert told == second().FACTORS
    table = page("accounting.md").partition("| leg or instrument |")[2].partition("\n\n")[0]
    legs = re.findall(r"^\| `([a-z-]+)` \| ([\d,]+) \|$", table, re.MULTILINE)
    assert {name: int(text.replace(",", "")) for name, text in legs} == second().TOLERANCES


def test_the_keys_of_a_demonstration_are_those_of_the_page() -> None:
    vkey = "governance/1+c72955ee+AdF9Uu8DDbCSlG3z/E8RXzKlmtrYAGsfXRN+17FO1AUs"
    assert len(second().demo_keys()) == 256
    assert second().parse_vkey(vkey).public in second().demo_keys()


@pytest.mark.parametrize("code", second().INTEGRITY)
def test_a_code_of_integrity_is_one_that_a_page_explains(code: str) -> None:
    pages = [path.read_text(encoding="utf-8") for path in SPECS.glob("*.md")]
    assert any(f"`{code}`" in text for text in pages)
