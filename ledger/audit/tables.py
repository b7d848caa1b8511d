"""Tables: a dossier as rows for people and spreadsheets, in one pass over its steps.

    step ──feed──> ("flows", (index, event, ...)), ("losses", (...)), ...
    end  ──finish─> hand-overs without an answer, then what the trails say

What a cell is, and how every table format writes it:

    kind      value                       written
    text      str                         as it is
    list      tuple of str                joined by "; "
    integer   int                         digits
    mass      milligrams                  kilograms with six decimals, exactly
    share     parts per billion           percent with seven decimals, exactly
    day       2026-02-09                  as it is, or as a date
    time      2026-02-09T08:15:00Z        as it is, or as a date and time in UTC
    None      nobody has said             empty
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeAlias

import msgspec

from .dossier import Dossier, Missing
from .steps import Claimed, Hand, Step

__all__ = ["TABLES", "Cell", "Column", "Row", "Rows", "Table", "decimal", "written"]

Kind = Literal["text", "list", "integer", "mass", "share", "day", "time"]
Cell: TypeAlias = "str | int | tuple[str, ...] | None"
Row: TypeAlias = "tuple[Cell, ...]"


class Column(msgspec.Struct, frozen=True):
    """A column: its name in files, what its cells are, and what it says."""

    name: str
    kind: Kind
    says: str


class Table(msgspec.Struct, frozen=True):
    """A table: its name in files, what a row of it is, and its columns."""

    name: str
    says: str
    columns: tuple[Column, ...]


def _table(name: str, says: str, *columns: tuple[str, Kind, str]) -> Table:
    return Table(name, says, tuple(Column(*column) for column in columns))


_ENTRY: tuple[str, Kind, str] = ("entry", "integer", "index of the entry in the log")
_EVENT: tuple[str, Kind, str] = ("event", "text", "id of the event")
_LOT: tuple[str, Kind, str] = ("lot", "text", "lot or product")
_AT: tuple[str, Kind, str] = ("occurred_at", "time", "when it happened, UTC, as its signer says")
_SUBJECT: tuple[str, Kind, str] = ("subject", "text", "lot, site or party it is about")

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        _table(
            "shares",
            "where each substance of a subject came from",
            ("subject", "text", "lot or product"),
            ("substance", "text", "chemical symbol, or mass"),
            ("origin", "text", "site, country or class"),
            ("class", "text", "mined by hand or machine, recycled, unknown ..."),
            ("site", "text", "registered site"),
            ("country", "text", "ISO 3166-1 alpha-2"),
            ("mass_kg", "mass", "so much of the substance"),
            ("share_percent", "share", "of the substance in the subject"),
        ),
        _table(
            "coverage",
            "how well each substance of a subject is covered",
            ("subject", "text", "lot or product"),
            ("substance", "text", "chemical symbol, or mass"),
            ("mass_kg", "mass", "so much of it is in the subject"),
            ("basis", "text", "element, or mass where only net masses were known"),
            ("site_percent", "share", "from a registered site"),
            ("country_percent", "share", "only the country is known"),
            ("unknown_percent", "share", "neither is known"),
            ("assayed_percent", "share", "assayed where it began"),
            ("attested_percent", "share", "under a certificate or green assessment then"),
            ("signed_both_percent", "share", "of hand-overs: signed by both sides"),
        ),
        _table(
            "lots",
            "every lot, as it was when it was filled",
            _LOT,
            ("material", "text", "trade name"),
            ("holder", "text", "party that held it then"),
            _AT,
            ("mass_kg", "mass", "net"),
            ("basis", "text", "wet or dry"),
            ("pieces", "integer", "count, if counted"),
            ("model", "text", "chain-of-custody model then, after ISO 22095"),
            ("type", "text", "type of the event that filled it"),
            ("state_now", "text", "held, in-transit or closed, at the end"),
            ("holder_now", "text", "party that holds it at the end"),
            _ENTRY,
            _EVENT,
        ),
        _table(
            "contents",
            "what each lot contained when it was filled",
            _LOT,
            ("substance", "text", "chemical symbol"),
            ("mass_kg", "mass", "so much of it"),
            _ENTRY,
        ),
        _table(
            "origins",
            "mass that entered the books: mined, recovered, declared, added",
            _LOT,
            ("class", "text", "mined by hand or machine, recycled, unknown ..."),
            ("site", "text", "registered site"),
            ("country", "text", "as declared, where no site is named"),
            ("mass_kg", "mass", "net"),
            _AT,
            _ENTRY,
            _EVENT,
        ),
        _table(
            "flows",
            "mass that moved from one lot into another",
            ("source", "text", "lot it left"),
            ("target", "text", "lot it entered"),
            ("mass_kg", "mass", "net"),
            _AT,
            _ENTRY,
            _EVENT,
        ),
        _table(
            "losses",
            "mass that left the books",
            _LOT,
            ("reason", "text", "tailings, slag, moisture ..."),
            ("mass_kg", "mass", "net"),
            _AT,
            _ENTRY,
            _EVENT,
        ),
        _table(
            "transfers",
            "hand-overs with both weights",
            _LOT,
            ("from", "text", "party that gave"),
            ("to", "text", "party that took, or was to take"),
            ("sent_at", "time", "UTC"),
            ("sent_kg", "mass", "as the giver signed"),
            ("received_at", "time", "UTC"),
            ("received_kg", "mass", "as the taker signed"),
            ("difference_kg", "mass", "received less sent"),
            ("outcome", "text", "received, returned, or on the way"),
            ("dispatch", "text", "id of the giver's event"),
            ("reception", "text", "id of the taker's event"),
        ),
        _table(
            "weighings",
            "lots that were weighed or assayed again",
            _LOT,
            ("instrument", "text", "instrument or leg of the way"),
            ("booked_kg", "mass", "before"),
            ("measured_kg", "mass", "after"),
            ("grades", "list", "substance and percent of dry mass"),
            _AT,
            _ENTRY,
            _EVENT,
        ),
        _table(
            "certificates",
            "certificates, audits and assessments, by their issuers",
            ("kind", "text", "certificate, audit or assessment"),
            ("number", "text", "of the certificate or audit"),
            _SUBJECT,
            ("issuer", "text", "party that signed it"),
            ("standard", "text", "scheme or standard"),
            ("status", "text", "issued, conformant, green ..."),
            ("valid_from", "day", "first day"),
            ("valid_to", "day", "last day"),
            ("covers", "integer", "lots of the trail that it was valid for then"),
            ("misses", "integer", "lots in its scope that it was not valid for"),
            _ENTRY,
        ),
        _table(
            "payments",
            "taxes, fees and royalties, declared by whoever paid",
            _SUBJECT,
            ("kind", "text", "tax, fee, royalty ..."),
            ("amount", "integer", "in minor units of the currency"),
            ("currency", "text", "ISO 4217"),
            ("payer", "text", "party"),
            ("payee", "text", "office or body"),
            ("paid_on", "day", "day"),
            ("receipt", "text", "number"),
            _ENTRY,
        ),
        _table(
            "incidents",
            "incidents and grievances, which travel with the metal until they are closed",
            ("incident", "text", "number"),
            ("kind", "text", "incident, grievance or corrective action"),
            ("category", "text", "code"),
            ("severity", "text", "low, medium, high"),
            ("status", "text", "at the end"),
            ("subjects", "list", "lots, sites and parties"),
            ("opened_at", "time", "UTC"),
            ("closed_at", "time", "UTC"),
        ),
        _table(
            "documents",
            "papers that stay with their owners, by their digests",
            _SUBJECT,
            ("kind", "text", "invoice, waybill, assay report ..."),
            ("title", "text", "what it is called"),
            ("media_type", "text", "such as application/pdf"),
            ("sha256", "text", "digest of the file"),
            ("by", "text", "party that attached it"),
            _ENTRY,
        ),
        _table(
            "claims",
            "everything else that was said",
            _SUBJECT,
            ("kind", "text", "of the claim"),
            ("status", "text", "of the claim"),
            ("by", "text", "party that says so"),
            ("facts", "text", "JSON"),
            _AT,
            _ENTRY,
        ),
        _table(
            "events",
            "every event, who signed it, and when the log took it in",
            _ENTRY,
            _EVENT,
            ("type", "text", "of the event"),
            ("by", "text", "party that says so"),
            ("cosigners", "list", "parties that signed besides"),
            ("signed_by", "list", "names under the statement"),
            _AT,
            ("recorded_at", "time", "the log's own time, UTC"),
            ("lots", "list", "lots that it changed"),
        ),
        _table(
            "parties",
            "parties, as they are registered",
            ("party", "text", "id"),
            ("name", "text", "registered name"),
            ("roles", "list", "miner, trader, refiner ..."),
            ("country", "text", "ISO 3166-1 alpha-2"),
            ("address", "text", "registered address"),
            ("licence", "text", "number"),
        ),
        _table(
            "sites",
            "mines, depots, smelters, factories",
            ("site", "text", "id"),
            ("name", "text", "what people call it"),
            ("kind", "text", "mine-asm, smelter ..."),
            ("country", "text", "ISO 3166-1 alpha-2"),
            ("operator", "text", "party that runs it"),
            ("minerals", "list", "what is dug or processed"),
            ("licence", "text", "number"),
        ),
        _table(
            "gaps",
            "what the trail cannot show, and the event that would close it",
            ("gap", "text", "name"),
            _SUBJECT,
            ("says", "text", "in words"),
            ("closed_by", "text", "type of the event"),
        ),
        _table(
            "findings",
            "what does not fit together",
            ("finding", "text", "code"),
            ("severity", "text", "critical, error, major, minor, info"),
            _SUBJECT,
            ("says", "text", "in words, with the values that disagree"),
            ("entries", "list", "indexes in the log"),
        ),
        _table(
            "missing",
            "what the law or the standard asks for and nobody has recorded",
            ("field", "text", "name there"),
            ("where", "text", "article or section"),
            ("closed_by", "text", "type of the event that would fill it"),
            _SUBJECT,
        ),
    )
}
"""Every table, in the order in which a reader wants them."""


_COVERED = ("site", "country", "unknown", "assayed", "attested", "signed_both")


class Rows:
    """Makes the rows of all tables. Feed it every step in log order, then `finish`."""

    def __init__(self, dossier: Dossier) -> None:
        self._dossier = dossier
        self._now = {line.lot: line for trail in dossier.trails for line in trail.lots}
        self._away: dict[tuple[str, str], tuple[Hand, str]] = {}
        self._cases: dict[str, list[Cell]] = {}

    def feed(self, step: Step) -> Iterator[tuple[str, Row]]:
        """(table, row) for what one step did."""
        at, entry, event = step.occurred_at, step.index, step.event
        yield (
            "events",
            (
                entry,
                event,
                step.type,
                step.by,
                step.cosigners,
                step.signers,
                at,
                step.recorded_at or None,
                step.lots,
            ),
        )
        for lot in step.filled:
            now = self._now.get(lot.lot)
            state = (now.state, now.holder) if now else (None, None)
            yield (
                "lots",
                (
                    lot.lot,
                    lot.material,
                    lot.holder,
                    at,
                    lot.mass_mg,
                    lot.basis,
                    lot.pieces,
                    lot.model,
                    step.type,
                    *state,
                    entry,
                    event,
                ),
            )
            for substance, mass in (lot.contents or {}).items():
                yield "contents", (lot.lot, substance, mass, entry)
        for one in step.began:
            where = (one.site or None, one.country or None)
            yield "origins", (one.lot, one.kind, *where, one.mass_mg, at, entry, event)
        for flow in step.moved:
            yield "flows", (flow.source, flow.target, flow.mass_mg, at, entry, event)
        for loss in step.lost:
            yield "losses", (loss.lot, loss.reason, loss.mass_mg, at, entry, event)
        for weight in step.weighed:
            grades = tuple(f"{name} {decimal(ppb, 7)} %" for name, ppb in weight.grades)
            masses = (weight.before_mg, weight.after_mg)
            yield "weighings", (weight.lot, weight.leg, *masses, grades, at, entry, event)
        for hand in step.hands:
            yield from self._hand(hand, step)
        for claim in step.claims:
            yield from self._claim(claim, step)

    def finish(self, missing: Iterable[Missing] = ()) -> Iterator[tuple[str, Row]]:
        """What is left when all steps are through, and what the trails say."""
        for hand, sent_at in self._away.values():
            yield (
                "transfers",
                (
                    hand.lot,
                    hand.giver,
                    hand.taker,
                    sent_at,
                    hand.mass_mg,
                    None,
                    None,
                    None,
                    "on the way",
                    hand.dispatch,
                    None,
                ),
            )
        for case in self._cases.values():
            yield "incidents", tuple(case)
        yield from self._trails()
        for name, facts in self._dossier.parties.items():
            yield (
                "parties",
                (name, *_facts(facts, "name", "roles", "country", "address", "licence")),
            )
        for name, facts in self._dossier.sites.items():
            shown = _facts(facts, "name", "kind", "country", "operator", "minerals", "licence")
            yield "sites", (name, *shown)
        for one in sorted(set(missing)):
            yield "missing", (one.field, one.where, one.closed_by, one.subject or None)

    def _trails(self) -> Iterator[tuple[str, Row]]:
        for trail in self._dossier.trails:
            for name, element in trail.elements.items():
                cover = element.coverage
                yield (
                    "coverage",
                    (
                        trail.subject,
                        name,
                        element.mass_mg,
                        element.basis,
                        *(cover.get(f"{part}_ppb") for part in _COVERED),
                    ),
                )
                for one in element.origins:
                    where = (one.origin, one.kind, one.site or None, one.country or None)
                    yield "shares", (trail.subject, name, *where, one.mass_mg, one.share_ppb)
            for paper in trail.attestations:
                counted = self._dossier.audience != "public"
                counts = (len(paper.covers), len(paper.misses)) if counted else (None, None)
                days = (paper.valid_from or None, paper.valid_to or None)
                yield (
                    "certificates",
                    (
                        paper.kind,
                        paper.id or None,
                        paper.subject,
                        paper.issuer,
                        paper.standard or None,
                        paper.status,
                        *days,
                        *counts,
                        paper.entry,
                    ),
                )
            for case in trail.incidents:
                yield (
                    "incidents",
                    (
                        case.incident,
                        case.kind,
                        case.category,
                        case.severity,
                        case.status,
                        case.subjects,
                        case.opened_at,
                        case.closed_at or None,
                    ),
                )
            for gap in trail.gaps:
                yield "gaps", (gap.code, gap.subject, gap.message or None, gap.closed_by)
            for found in trail.findings:
                entries = tuple(str(index) for index in found.entries)
                row = (found.code, found.severity, found.subject or None, found.message, entries)
                yield "findings", row

    def _hand(self, hand: Hand, step: Step) -> Iterator[tuple[str, Row]]:
        """A row when a hand-over ends; its beginning is kept until then."""
        key = (hand.lot, hand.dispatch)
        if hand.act == "departed":
            self._away[key] = (hand, step.occurred_at)
            return
        sent, sent_at = self._away.pop(key, (None, None))
        sent_mass = sent.mass_mg if sent else None
        received = hand.mass_mg if hand.act == "arrived" else None
        difference = None if sent_mass is None or received is None else received - sent_mass
        outcome = "received" if hand.act == "arrived" else f"returned, {hand.reason}"
        yield (
            "transfers",
            (
                hand.lot,
                hand.giver,
                hand.taker,
                sent_at,
                sent_mass,
                step.occurred_at,
                received,
                difference,
                outcome,
                hand.dispatch,
                step.event,
            ),
        )

    def _claim(self, claim: Claimed, step: Step) -> Iterator[tuple[str, Row]]:
        """A payment, or anything that no other table holds."""
        facts = claim.facts
        if claim.kind == "payment":
            shown = _facts(facts, "amount", "currency", "payer", "payee", "paid_on", "receipt")
            yield "payments", (claim.subject, claim.status, *shown, step.index)
            return
        if claim.kind == "incident" and not self._dossier.trails:
            self._case(claim, step)
            return
        if claim.kind == "document":
            shown = _facts(facts, "kind", "title", "media_type", "digest")
            yield "documents", (claim.subject, *shown, step.by, step.index)
            return
        if not self._dossier.trails and claim.kind in ("certificate", "audit", "assessment"):
            number = facts.get("certificate") or facts.get("audit")
            if number or claim.kind == "assessment":
                shown = (*_facts(facts, "standard"), claim.status)
                days = _facts(facts, "valid_from", "valid_to")
                issuer = str(facts.get("issuer", step.by))
                named = None if number is None else str(number)
                row = (claim.kind, named, claim.subject, issuer, *shown, *days, None, None)
                yield "certificates", (*row, step.index)
                return
        text = msgspec.json.encode(facts, order="sorted").decode() if facts else None
        row = (claim.subject, claim.kind, claim.status, step.by, text, step.occurred_at)
        yield "claims", (*row, step.index)

    def _case(self, claim: Claimed, step: Step) -> None:
        """An incident's row, which the last word on it completes."""
        name = claim.subject.partition(":")[2]
        opening = _facts(claim.facts, "kind", "category", "severity")
        subjects = _facts(claim.facts, "subjects")
        row = self._cases.setdefault(
            name, [name, *opening, claim.status, *subjects, step.occurred_at, None]
        )
        row[4] = claim.status
        if claim.status == "closed":
            row[7] = step.occurred_at


def _facts(facts: dict[str, object], *names: str) -> Row:
    """Some facts of a claim or register as cells."""
    cells: list[Cell] = []
    for name in names:
        value = facts.get(name)
        if isinstance(value, list | tuple):
            cells.append(tuple(str(one) for one in value))
        elif value is None or isinstance(value, int):
            cells.append(value)
        else:
            cells.append(str(value))
    return tuple(cells)


def decimal(value: int, places: int) -> str:
    """An integer with its decimal point `places` from the right, exactly: 45000000, 6 -> 45.000000.

    Percent of parts per billion has 7 places.
    """
    sign, digits = ("-" if value < 0 else ""), str(abs(value)).rjust(places + 1, "0")
    return f"{sign}{digits[:-places]}.{digits[-places:]}"


def written(column: Column, cell: Cell) -> str:
    """A cell as text; "" where nobody has said."""
    if cell is None:
        return ""
    if isinstance(cell, tuple):
        return "; ".join(cell)
    if isinstance(cell, int):
        places = {"mass": 6, "share": 7}.get(column.kind)
        return str(cell) if places is None else decimal(cell, places)
    return cell
