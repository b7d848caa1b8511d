"""The reconciliation sheet of a comptoir: what came in, what became of it, what went out.

The columns that exporters in Rwanda keep: date, representative, company by tags, mineral,
gross weight in and out, lot, weight per lot, cumulative stock, tags, date of export,
quantity exported, stock out without sale, balance, cumulative balance after export. One
row for each movement of one party: name it with --party. Its one control, that the total
out does not exceed the total in, is said on the last row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..audit.dossier import Dossier, Missing
from ..audit.steps import Claimed, Step
from ..audit.tables import Column, Row, Table
from ..audit.workbook import sheet, title, workbook
from ..errors import ConfigError

__all__ = ["AUDIENCES", "missing", "render"]

AUDIENCES = ("authority",)

_TABLE = Table(
    "reconciliation",
    "what came in, what became of it, what went out",
    (
        Column("date", "day", "day of the movement"),
        Column("representative", "text", "who brought it; the log holds no names of persons"),
        Column("company_by_tags", "text", "party that handed it over"),
        Column("mineral", "text", "trade name"),
        Column("gross_weight_in_kg", "mass", "as this party's scale said"),
        Column("gross_weight_out_kg", "mass", "as this party's scale said"),
        Column("lot", "text", "lot"),
        Column("weight_per_lot_kg", "mass", "net, when the lot was filled here"),
        Column("cumulative_stock_kg", "mass", "in less out so far"),
        Column("tags", "list", "tags put on"),
        Column("date_of_export", "day", "day it left"),
        Column("quantity_exported_kg", "mass", "as it left"),
        Column("stock_out_without_sale_kg", "mass", "lost, adjusted or retired"),
        Column("balance_kg", "mass", "of this row"),
        Column("cumulative_balance_after_export_kg", "mass", "after this row"),
    ),
)


def missing(dossier: Dossier) -> Iterable[Missing]:
    """The log holds no names of persons, so the representative is always for the clerk."""
    return [Missing("representative", "reconciliation sheet, column 2", "document.attached")]


def render(dossier: Dossier) -> bytes:
    """The workbook; ConfigError ``export.no-party`` without a party."""
    if not dossier.party:
        raise ConfigError(
            "the sheet is that of one party, and none is named",
            code="export.no-party",
            hint="oretrail export rw-reconciliation --party comptoir.example -o sheet.xlsx",
        )
    book, file = workbook(dossier.as_of)
    title(book, dossier.about("rw-reconciliation", 1, missing(dossier)))
    sheet(book, _TABLE, _rows(dossier))
    book.close()
    return file.getvalue()


def _rows(dossier: Dossier) -> Iterator[Row]:
    party, stock, came, went = dossier.party, 0, 0, 0
    material: dict[str, str] = {}
    tags: dict[str, tuple[str, ...]] = {}
    for step in dossier.days():
        material |= {one.lot: one.material for one in step.filled}
        for claim in step.claims:
            tags |= _tags(claim)
        day = step.occurred_at[:10]
        for name, lot, mass in _movements(step, party):
            what = (material.get(lot), lot, tags.get(lot))
            if name == "out":
                stock, went = stock - mass, went + mass
                yield _row(day, what, out=mass, exported=mass, stock=stock)
            elif name == "lost":
                stock -= mass
                yield _row(day, what, unsold=mass, stock=stock)
            elif name == "filled":
                yield _row(day, what, per_lot=mass, stock=stock, change=0)
            else:
                stock, came = stock + mass, came + mass
                yield _row(day, what, giver=name, into=mass, stock=stock)
    said = "does not exceed" if went <= came else "EXCEEDS"
    note = f"total out {said} total in"
    yield (
        None,
        None,
        None,
        note,
        came,
        went,
        None,
        None,
        stock,
        None,
        None,
        went,
        None,
        None,
        stock,
    )


def _tags(claim: Claimed) -> dict[str, tuple[str, ...]]:
    applied = claim.facts.get("applied")
    if claim.kind != "tags" or not isinstance(applied, list | tuple):
        return {}
    return {claim.subject[4:]: tuple(map(str, applied))}


def _movements(step: Step, party: str) -> Iterator[tuple[str, str, int]]:
    """("out" | "lost" | "filled" | giver, lot, milligrams) of what this party did."""
    for hand in step.hands:
        if hand.act == "arrived" and hand.taker == party:
            yield hand.giver, hand.lot, hand.mass_mg
        elif hand.act == "departed" and hand.giver == party:
            yield "out", hand.lot, hand.mass_mg
        elif hand.act == "returned" and hand.giver == party:
            yield f"returned by {hand.taker}", hand.lot, hand.mass_mg
    if step.by == party:
        for began in step.began:
            yield party, began.lot, began.mass_mg
        for lost in step.lost:
            yield "lost", lost.lot, lost.mass_mg
        for filled in step.filled:
            if step.moved:
                yield "filled", filled.lot, filled.mass_mg


def _row(
    day: str,
    what: tuple[str | None, str, tuple[str, ...] | None],
    *,
    stock: int,
    giver: str | None = None,
    into: int | None = None,
    out: int | None = None,
    per_lot: int | None = None,
    exported: int | None = None,
    unsold: int | None = None,
    change: int | None = None,
) -> Row:
    mineral, lot, tags = what
    balance = change if change is not None else (into or 0) - (out or 0) - (unsold or 0)
    left = day if exported is not None else None
    return (
        *(day, None, giver, mineral, into, out, lot, per_lot, stock, tags),
        *(left, exported, unsold, balance, stock),
    )
