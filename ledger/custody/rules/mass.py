"""Mass: nobody takes what is not there, and nothing comes from nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ...effects import Close, Credit, Debit, Flow, Gain, Loss, Measure, Open, Void
from ...findings import Finding
from ...values import BILLION, MAX_INTEGER, Content
from ...words import mass as in_words
from ..books import Books, Lot
from ..measurement import dry_after, measured, tolerance
from .case import Case, at_lot

__all__ = [
    "enough",
    "filled_here",
    "gain",
    "holder_can_undo",
    "holder_signs",
    "measurable",
    "nothing_created",
    "nothing_left",
    "open_lot",
    "room",
    "voidable",
    "water_is_there",
]


def holder_signs(books: Books, effect: Any, case: Case) -> Iterator[Finding]:
    """Whoever holds the lot signs, and the lot is at hand."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    if isinstance(effect, Credit | Debit) and not lot_id:
        return
    lot = books.lots.get(lot_id)
    if lot is None:
        yield at_lot("lot.unknown", lot_id, f"no lot {lot_id} here")
        return
    if lot.state == "in-transit":
        yield at_lot(
            "lot.in-transit",
            lot_id,
            f"lot {lot_id} is in transit to {lot.taker}, so {lot.holder} cannot dispose of it",
            hint=f"{lot.taker} runs: oretrail transfer receive --lot "
            f"'{lot_id}={in_words(lot.sent)},basis={lot.basis}'",
        )
    elif lot.holder not in case.named:
        yield at_lot(
            "custody.not-holder",
            lot_id,
            f"lot {lot_id} is held by {lot.holder}, not by {', '.join(case.named)}",
        )
    if lot.state == "closed":
        yield at_lot(
            "lot.closed",
            lot_id,
            f"lot {lot_id} is used up, nothing is left of it",
            hint=f"oretrail trace {lot_id} --down shows where it went",
        )


def open_lot(books: Books, effect: Open, case: Case) -> Iterator[Finding]:
    """A lot begins once, with whoever signs."""
    if effect.lot in books.lots:
        yield at_lot("lot.exists", effect.lot, f"lot {effect.lot} exists already")
    if effect.holder not in case.named:
        yield at_lot(
            "custody.not-holder",
            effect.lot,
            f"lot {effect.lot} would begin with {effect.holder}, who has not signed",
        )


def filled_here(books: Books, effect: Gain | Flow, case: Case) -> Iterator[Finding]:
    """A lot is filled only by the event that opens it."""
    lot = effect.target if isinstance(effect, Flow) else effect.lot
    if lot not in case.opened:
        yield at_lot(
            "lot.not-opened-here",
            lot,
            f"lot {lot} was not opened by this event, so nothing can flow into it",
        )
    if isinstance(effect, Flow) and effect.source in case.opened:
        yield at_lot(
            "lot.opened-here",
            effect.source,
            f"lot {effect.source} begins with this event, so nothing can flow out of it yet",
        )


def room(books: Books, effect: Gain | Flow, case: Case) -> Iterator[Finding]:
    """A lot grows to what can be written, and no further."""
    mass, pieces = effect.mass, None
    if isinstance(effect, Flow):
        source = books.lots.get(effect.source)
        part = effect.mass is not None or effect.pieces is not None
        if source is None or (part and any(enough(books, effect, case))):
            return
        mass, pieces = source.amount.taken(effect.mass, effect.pieces)
    lot_id = effect.target if isinstance(effect, Flow) else effect.lot
    target = books.lots.get(lot_id)
    if target is None:
        return
    sum_mass = target.amount.mass + (mass or 0)
    if sum_mass > MAX_INTEGER:
        yield at_lot(
            "mass.too-large",
            lot_id,
            f"lot {lot_id} would hold {sum_mass} mg, at most {MAX_INTEGER} mg can be written",
        )
    sum_pieces = (target.amount.pieces or 0) + (pieces or 0)
    if sum_pieces > MAX_INTEGER:
        yield at_lot(
            "pieces.too-many",
            lot_id,
            f"lot {lot_id} would hold {sum_pieces} pieces, at most {MAX_INTEGER} can be written",
        )


def gain(books: Books, effect: Gain, case: Case) -> Iterator[Finding]:
    """Mass comes from a registered site, by its operator's word, and contains what fits in."""
    site = effect.origin.site
    if site is not None:
        known = books.register.get(f"site:{site}")
        if known is None or known.kind != "site":
            yield Finding(
                code="site.unknown",
                message=f"no site {site} here, so lot {effect.lot} cannot come from it",
                subject=f"site:{site}",
                hint=f"register it first: oretrail site add --site {site} ...",
            )
        elif known.facts.get("operator", case.event.by) not in case.named:
            yield Finding(
                code="site.not-operator",
                message=f"site {site} is run by {known.facts['operator']}, who has not signed "
                f"for lot {effect.lot}",
                subject=f"site:{site}",
                hint=f"let {known.facts['operator']} cosign",
            )
    yield from _contents_fit(effect.lot, effect.mass, effect.contents)


def _contents_fit(lot: str, mass: int, contents: tuple[Content, ...] | None) -> Iterator[Finding]:
    if not contents:
        return
    if len({content.element for content in contents}) < len(contents):
        yield at_lot("mass.content-twice", lot, f"lot {lot} names one substance twice")
    inside = sum([content.mass for content in contents])
    if inside > mass:
        yield at_lot(
            "mass.content-exceeds-mass",
            lot,
            f"lot {lot} of {in_words(mass)} cannot contain {in_words(inside)}",
        )


def enough(books: Books, effect: Flow | Loss, case: Case) -> Iterator[Finding]:
    """Nobody takes more than there is."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    lot = books.lots.get(lot_id)
    if lot is None:
        return
    amount = lot.amount
    if effect.mass is not None and effect.mass > amount.mass:
        yield at_lot(
            "mass.overdrawn",
            lot_id,
            f"lot {lot_id} holds {in_words(amount.mass)} {lot.basis}, "
            f"{in_words(effect.mass)} asked",
            hint=f"oretrail show {lot_id} says what is in it"
            if lot.head == lot.opened
            else f"oretrail trace {lot_id} --down shows where the rest went",
        )
    if effect.pieces is not None and amount.pieces is None:
        yield at_lot(
            "pieces.not-counted", lot_id, f"lot {lot_id} is not counted, {effect.pieces} asked"
        )
    elif effect.pieces is not None and effect.pieces > (amount.pieces or 0):
        yield at_lot(
            "pieces.overdrawn",
            lot_id,
            f"lot {lot_id} holds {amount.pieces} pieces, {effect.pieces} asked",
        )


def nothing_created(books: Books, effect: Flow | Loss, case: Case) -> Iterator[Finding]:
    """No more of a substance comes out of a lot than went in, beyond the tolerance."""
    lot_id = effect.source if isinstance(effect, Flow) else effect.lot
    lot = books.lots.get(lot_id)
    if lot is None:
        return
    if effect.contents is None:
        yield from _left_fits(books, effect, lot, case)
        return
    taken = lot.amount.mass if effect.mass is None else effect.mass
    yield from _contents_fit(
        effect.target if isinstance(effect, Flow) else lot_id, taken, effect.contents
    )
    if lot.amount.contents is None:
        return
    before = case.before.get(lot_id, lot)
    limit = tolerance(books.tolerances, "process")
    for content in effect.contents:
        here = lot.amount.element(content.element)
        whole = before.amount.element(content.element)
        start = whole.mass if whole else 0
        over = content.mass - (here.mass if here else 0)
        if over <= 0:
            continue
        place = (lot_id, content.element)
        case.beyond[place] = case.beyond.get(place, 0) + over
        if case.beyond[place] * BILLION > start * limit:
            yield at_lot(
                "mass.element-created",
                lot_id,
                f"lot {lot_id} held {in_words(start)} {content.element}, "
                f"{in_words(start + case.beyond[place])} come out of it",
            )


def _left_fits(books: Books, effect: Flow | Loss, lot: Lot, case: Case) -> Iterator[Finding]:
    """What stated parts have left behind, and the next part takes as it is, fits into its mass."""
    if isinstance(effect, Loss) and effect.reason == "moisture":
        return
    contents = lot.amount.contents
    if not contents:
        return
    inside = sum([element.mass for element in contents])
    whole = case.before.get(lot.lot, lot).amount.mass
    slack = whole * tolerance(books.tolerances, "process") // BILLION
    if inside > lot.amount.mass + slack + _ROUNDED * len(contents):
        yield at_lot(
            "mass.content-exceeds-mass",
            lot.lot,
            f"of lot {lot.lot} {in_words(lot.amount.mass)} are left and would contain "
            f"{in_words(inside)}; say what its other parts contain",
        )


_ROUNDED = 8
"""Milligrams that many parts, each rounded, may add up to, per element."""


def nothing_left(books: Books, effect: Close, case: Case) -> Iterator[Finding]:
    """A lot that is closed is used up to the milligram and to the piece, and so is its metal.

    Mass and pieces are refused; metal that went nowhere is for somebody to explain.
    """
    lot = books.lots.get(effect.lot)
    if lot is not None and lot.amount.pieces and not lot.amount.mass:
        yield at_lot(
            "pieces.not-conserved",
            effect.lot,
            f"lot {effect.lot} is used up, {lot.amount.pieces} of its pieces are in no part",
        )
    if lot is not None and lot.amount.mass:
        before = case.before.get(effect.lot, lot).amount.mass
        yield at_lot(
            "mass.not-conserved",
            effect.lot,
            f"lot {effect.lot} holds {in_words(before)}, its parts and losses add up to "
            f"{in_words(before - lot.amount.mass)}",
        )
    if lot is not None and not lot.amount.mass:
        yield from _metal_left(books, effect.lot, case.before.get(effect.lot, lot), lot)


def _metal_left(books: Books, lot_id: str, before: Lot, now: Lot) -> Iterator[Finding]:
    limit = tolerance(books.tolerances, "process")
    for element in now.amount.contents or ():
        whole = before.amount.element(element.element)
        start = whole.mass if whole else 0
        if element.mass * BILLION > start * limit:
            yield Finding(
                code="mass.element-unaccounted",
                severity="major",
                message=f"lot {lot_id} held {in_words(start)} {element.element}, its outputs and "
                f"losses hold {in_words(start - element.mass)}",
                subject=f"lot:{lot_id}",
            )


def water_is_there(books: Books, effect: Loss, case: Case) -> Iterator[Finding]:
    """Only water can dry off, within the tolerance of a process, and never what is tracked."""
    lot = books.lots.get(effect.lot)
    if lot is None or effect.reason != "moisture":
        return
    inside = sum(element.mass for element in lot.amount.contents or ())
    water = lot.amount.mass - (inside if lot.amount.dry is None else lot.amount.dry)
    lost = lot.amount.mass if effect.mass is None else effect.mass
    limit = lot.amount.mass * tolerance(books.tolerances, "process") // BILLION
    if lost > min(water + limit, lot.amount.mass - inside):
        yield at_lot(
            "mass.not-water",
            effect.lot,
            f"lot {effect.lot} holds at most {in_words(min(water, lot.amount.mass - inside))} "
            f"of water, "
            f"{in_words(lost)} would dry off",
        )


def measurable(books: Books, effect: Measure, case: Case) -> Iterator[Finding]:
    """Grades are of dry matter, so the dry mass must be known; and they fit into it."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        return
    analytes = [grade.analyte for grade in effect.grades]
    if len(set(analytes)) < len(analytes):
        yield at_lot("mass.content-twice", effect.lot, f"lot {effect.lot} names one analyte twice")
    if effect.grades and dry_after(lot.amount, lot.basis, effect) is None:
        yield at_lot(
            "assay.moisture-missing",
            effect.lot,
            f"lot {effect.lot} is wet and its moisture unknown, so a grade says nothing",
            hint="give --moisture as well",
        )
    total = sum(grade.grade for grade in effect.grades)
    if total > BILLION:
        yield at_lot(
            "mass.content-exceeds-mass",
            effect.lot,
            f"grades of lot {effect.lot} add up to {total} parts per billion",
        )
        return
    if not effect.grades:
        return
    result, _, _ = measured(lot.amount, lot.basis, effect, books.tolerances)
    if result.dry is None or result.contents is None:
        return
    inside = sum(element.mass for element in result.contents)
    if inside > result.dry + len(result.contents):  # each may have been rounded up
        yield at_lot(
            "mass.content-exceeds-mass",
            effect.lot,
            f"lot {effect.lot} with {in_words(result.dry)} of dry matter cannot contain "
            f"{in_words(inside)}; what was not assayed again counts as before",
        )


def holder_can_undo(books: Books, effect: Void, case: Case) -> Iterator[Finding]:
    """Whoever holds the lot undoes what happened to it; used up is no hindrance."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        yield at_lot("lot.unknown", effect.lot, f"no lot {effect.lot} here")
    elif lot.holder not in case.named:
        yield at_lot(
            "custody.not-holder",
            effect.lot,
            f"lot {effect.lot} is held by {lot.holder}, not by {', '.join(case.named)}",
        )


def voidable(books: Books, effect: Void, case: Case) -> Iterator[Finding]:
    """Only the last event of all its lots is undone, and only what one party did alone."""
    lot = books.lots.get(effect.lot)
    if lot is None:
        return
    if lot.head != effect.event:
        yield at_lot(
            "event.built-upon",
            effect.lot,
            f"lot {effect.lot} stands at event {lot.head[:12]}, {effect.event[:12]} is built upon",
        )
    elif lot.undo is None:
        yield at_lot(
            "event.not-voidable",
            effect.lot,
            f"event {effect.event[:12]} is of two parties, or voids another",
        )
    elif lot.peers != effect.lots:
        yield at_lot(
            "event.voided-in-part",
            effect.lot,
            f"event {effect.event[:12]} touched {lot.peers} lots, {effect.lots} are voided",
        )
