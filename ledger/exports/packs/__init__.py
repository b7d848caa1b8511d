"""Packs: what a law or scheme asks for, article by article, as a dated data file each.

    name = "eu-3tg-minerals"          the command: oretrail export eu-3tg-minerals
    title, law, version, written      of the pack; `written` is the day of this data file
    audiences = ["authority", ...]    for whom it is made
    [[field]]
    ref = "Art. 4(f)(iii)"            where it is asked for; columns are grouped by it
    name = "country of origin"        as the law or standard calls it
    answer = "origin/countries"       a question that `audit.asked` can answer, or "" if no
                                      event can hold it today
    closed_by = "lot.extracted"       the type of the event that would fill it
    sure = false                      the reference is from memory: check before filing
    note = "..."                      what a person must know or decide

`oretrail export NAME LOT -o FILE.xlsx` is a workbook with the articles as column groups,
`-o FILE.json` and stdout are JSON. A field without an answer is said to be missing, with
the event that would fill it; none is silently empty. A pack never concludes: it gathers
what was recorded for the person who files.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from importlib import resources
from typing import Any, Literal

import msgspec

from ...audit.asked import ASKED, Answer, asked
from ...audit.dossier import Audience, Dossier, Missing
from ...audit.sheets import about_bytes
from ...audit.workbook import title, workbook
from ...custody.trail import Trail
from ...errors import ConfigError

__all__ = ["Field", "Pack", "answered", "load", "missing", "names", "render"]

_UNSURE = "reference from memory: check before filing"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is asked for."""

    ref: str
    name: str
    answer: str
    closed_by: str
    sure: bool = True
    note: str = ""


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A figure of the law that an answer is to be held against by a person."""

    ref: str
    of: str
    figure: str
    sure: bool = True


class Pack(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One law or scheme."""

    name: str
    title: str
    law: str
    version: int
    written: str
    field: tuple[Field, ...]
    audiences: tuple[Audience, ...] = ("authority", "customer", "public")
    limit: tuple[Limit, ...] = ()
    source: str = ""


def names() -> list[str]:
    """Every pack there is."""
    files = resources.files(__package__).iterdir()
    return sorted(one.name.removesuffix(".toml") for one in files if one.name.endswith(".toml"))


def load(name: str) -> Pack:
    """A pack by its name; ConfigError ``pack.malformed`` for a data file that is none."""
    text = resources.files(__package__).joinpath(f"{name}.toml").read_text("utf-8")
    try:
        pack = msgspec.convert(tomllib.loads(text), Pack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"pack {name}: {error}", code="pack.malformed") from None
    unknown = {one.answer for one in pack.field} - set(ASKED) - {""}
    if pack.name != name or unknown:
        what = f"asks {min(unknown)}, which nobody answers" if unknown else f"is called {pack.name}"
        raise ConfigError(f"pack {name} {what}", code="pack.malformed")
    return pack


def answered(pack: Pack, dossier: Dossier, trail: Trail) -> list[tuple[Field, tuple[Answer, ...]]]:
    """Every field with its answers; none is missing."""
    return [(one, asked(one.answer, dossier, trail) if one.answer else ()) for one in pack.field]


def missing(pack: Pack, dossier: Dossier) -> list[Missing]:
    """The fields without an answer, for each subject."""
    return [
        Missing(one.name, f"{pack.law}, {one.ref}", one.closed_by, f"lot:{trail.subject}")
        for trail in dossier.trails
        for one, answers in answered(pack, dossier, trail)
        if not answers
    ]


def render(pack: Pack, dossier: Dossier, form: Literal["json", "xlsx"]) -> bytes:
    """The pack filled in."""
    if not dossier.trails:
        raise ConfigError(
            f"{pack.name} is about lots and products, and none is named",
            code="export.no-subject",
            hint=f"oretrail export {pack.name} LOT -o {pack.name}.xlsx",
        )
    if form == "xlsx":
        return _workbook(pack, dossier)
    return about_bytes(_document(pack, dossier))


def _document(pack: Pack, dossier: Dossier) -> dict[str, Any]:
    said = dossier.about(pack.name, pack.version, missing(pack, dossier))
    said |= {"title": pack.title, "law": pack.law, "written": pack.written, "source": pack.source}
    said["limits"] = [msgspec.to_builtins(one) for one in pack.limit]
    said["answers"] = [
        {
            "subject": trail.subject,
            "fields": [
                {
                    "ref": one.ref,
                    "name": one.name,
                    "answers": [msgspec.to_builtins(answer) for answer in answers],
                    **_caution(one, answers),
                }
                for one, answers in answered(pack, dossier, trail)
            ],
        }
        for trail in dossier.trails
    ]
    return said


def _caution(field: Field, answers: Iterable[Answer]) -> dict[str, str]:
    told = {"check": "" if field.sure else _UNSURE, "note": field.note}
    if not answers:
        told["missing"] = field.closed_by
    return {key: value for key, value in told.items() if value}


def _workbook(pack: Pack, dossier: Dossier) -> bytes:
    """Sheets: about, declaration (articles as column groups), evidence, limits."""
    book, file = workbook(dossier.as_of)
    said = _document(pack, dossier)
    title(book, {key: value for key, value in said.items() if key not in ("answers", "limits")})
    bold = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#F4EFE9"}
    )
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    grey = book.add_format({"text_wrap": True, "valign": "top", "italic": True})
    page = book.add_worksheet("declaration")
    page.write_string(0, 0, pack.law, bold)
    page.write_string(1, 0, "subject", bold)
    page.set_column(0, 0, 18)
    page.set_column(1, len(pack.field), 34)
    _groups(page, pack, bold)
    for row, trail in enumerate(dossier.trails, start=2):
        page.write_string(row, 0, trail.subject, wrap)
        for column, (one, answers) in enumerate(answered(pack, dossier, trail), start=1):
            text = "\n".join(answer.text for answer in answers)
            empty = f"MISSING: {one.closed_by} would fill it"
            page.write_string(row, column, (text or empty)[:32_767], wrap if text else grey)
    page.freeze_panes(2, 1)
    _evidence(book, pack, dossier, bold, wrap)
    if pack.limit:
        _limits(book, pack, bold, wrap)
    book.close()
    return file.getvalue()


def _groups(page: Any, pack: Pack, bold: Any) -> None:
    """Two header rows: the articles over the fields they ask for."""
    first = 1
    for column, one in enumerate(pack.field, start=1):
        caution = "" if one.sure else f" ({_UNSURE})"
        page.write_string(1, column, one.name + caution, bold)
        following = pack.field[column] if column < len(pack.field) else None
        if following is None or following.ref != one.ref:
            if column > first:
                page.merge_range(0, first, 0, column, "", bold)
            page.write_string(0, first, one.ref, bold)
            first = column + 1


def _evidence(book: Any, pack: Pack, dossier: Dossier, bold: Any, wrap: Any) -> None:
    """One row for each answer, with the entries it comes from; one for each that is missing."""
    page = book.add_worksheet("evidence")
    for column, head in enumerate(("subject", "article", "field", "answer", "entries", "note")):
        page.write_string(0, column, head, bold)
    for column, width in enumerate((18, 18, 30, 60, 30, 40)):
        page.set_column(column, column, width)
    row = 0
    for trail in dossier.trails:
        for one, answers in answered(pack, dossier, trail):
            note = "; ".join(text for text in (one.note, "" if one.sure else _UNSURE) if text)
            for text, entries in [(a.text, a.entries) for a in answers] or [
                (f"MISSING: {one.closed_by} would fill it", ())
            ]:
                row += 1
                shown = ", ".join(map(str, entries))
                for column, cell in enumerate(
                    (trail.subject, one.ref, one.name, text, shown, note)
                ):
                    page.write_string(row, column, cell[:32_767], wrap)
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(row, 1), 5)


def _limits(book: Any, pack: Pack, bold: Any, wrap: Any) -> None:
    page = book.add_worksheet("limits")
    for column, head in enumerate(("article", "of", "figure", "note")):
        page.write_string(0, column, head, bold)
        page.set_column(column, column, 34)
    for row, one in enumerate(pack.limit, start=1):
        note = "" if one.sure else _UNSURE
        for column, cell in enumerate((one.ref, one.of, one.figure, note)):
            page.write_string(row, column, cell, wrap)
