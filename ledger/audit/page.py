"""A page: the report on a dossier in words and tables, before it has a layout.

First the answer, a page of it: what the subject is made of, from where, how well that is
covered, what stays open. Then hand-overs with both weights, certificates, incidents, gaps
and findings, what is missing and withheld, and how to check all of it. Layouts (HTML, PDF)
add nothing to it and compute nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ..custody.trail import Attestation, ElementTrail, LotLine, Trail, Transfer
from ..values import BILLION
from ..words import mass, share
from .dossier import Dossier, Missing
from .flowmap import flowmap, svg

__all__ = ["Page", "Part", "Section", "page"]

_MOST = 400
"""Rows of a table in a report; the rest is counted, and stands in the tables."""


class Section(msgspec.Struct, frozen=True):
    """A table with a heading; `note` stands under it. No rows: the note alone."""

    heading: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


class Part(msgspec.Struct, frozen=True):
    """All about one subject: lines of the answer, a picture for each substance, sections."""

    title: str
    answer: tuple[tuple[str, str], ...]
    pictures: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


class Page(msgspec.Struct, frozen=True):
    """The report: `said` is what every export says of itself, `check` how to check it."""

    title: str
    parts: tuple[Part, ...]
    sections: tuple[Section, ...]
    check: tuple[str, ...]
    said: dict[str, Any]


def page(dossier: Dossier, missing: Iterable[Missing]) -> Page:
    """The report on a dossier."""
    gaps = sorted(set(missing))
    names = ", ".join(dossier.subjects[:3]) or dossier.party
    more = len(dossier.subjects) - 3
    return Page(
        f"Provenance of {names}{f' and {more} more' if more > 0 else ''}",
        tuple(_part(dossier, trail) for trail in dossier.trails),
        (
            _section(
                "Missing",
                ("field", "asked for in", "event that would fill it", "about"),
                ((one.field, one.where, one.closed_by, one.subject) for one in gaps),
                "nothing that was asked for is missing",
            ),
            _section(
                "Withheld from this audience",
                ("what", "how many"),
                ((kind, str(count)) for kind, count in dossier.withheld.items()),
                "nothing",
            ),
        ),
        _how_to_check(dossier),
        dossier.about("report", 1, gaps),
    )


def _part(dossier: Dossier, trail: Trail) -> Part:
    line = next((one for one in trail.lots if one.lot == trail.subject), None)
    return Part(
        trail.subject,
        tuple(_answer(trail, line)),
        tuple(
            (f"Where the {_named(name)} in {trail.subject} came from", picture)
            for name in trail.elements
            for picture in [svg(flowmap(trail, name), f"{_named(name)} in {trail.subject}")]
        ),
        tuple(_sections(dossier, trail)),
    )


def _named(element: str) -> str:
    return "material" if element == "mass" else element


def _answer(trail: Trail, line: LotLine | None) -> Iterable[tuple[str, str]]:
    if line is not None:
        count = f", {line.pieces} pieces" if line.pieces else ""
        yield "what", f"{line.material}{count}, {mass(line.mass_mg)} {line.basis}, {line.opened_by}"
        yield "made", line.opened_at
    yield "chain of custody", trail.model
    for name, element in trail.elements.items():
        cover = element.coverage
        known = f"site known {share(cover['site_ppb'])}"
        less = f"only the country {share(cover['country_ppb'])}"
        none = f"unknown {share(cover['unknown_ppb'])}"
        yield _named(name), f"{mass(element.mass_mg)}; {known}, {less}, {none}"
    shown = {cover["signed_both_ppb"] for cover in (e.coverage for e in trail.elements.values())}
    if shown:
        yield "handed over under both signatures", share(min(shown))
    yield "gaps", str(len(trail.gaps))
    yield "findings", str(len(trail.findings))
    still_open = sum(one.status != "closed" for one in trail.incidents)
    yield "incidents and grievances", f"{len(trail.incidents)}, of which open {still_open}"


def _sections(dossier: Dossier, trail: Trail) -> Iterable[Section]:
    pieces = next((one.pieces for one in trail.lots if one.lot == trail.subject), None)
    for name, element in trail.elements.items():
        yield _origins(name, element, pieces)
    yield _section(
        "Hand-overs",
        ("lot", "from", "to", "sent", "received", "difference", "received at"),
        map(_transfer, trail.transfers),
        "none" if dossier.audience != "public" else "not shown to this audience",
    )
    yield _section(
        "Certificates, audits, assessments",
        ("kind", "number", "about", "issuer", "standard", "status", "valid"),
        (
            (one.kind, one.id, one.subject, one.issuer, one.standard, one.status, _valid(one))
            for one in trail.attestations
        ),
        "none",
    )
    yield _section(
        "Incidents and grievances",
        ("number", "kind", "category", "severity", "status", "about", "opened"),
        (
            (one.incident, one.kind, one.category, one.severity, one.status, about, one.opened_at)
            for one in trail.incidents
            for about in [", ".join(one.subjects)]
        ),
        "none is recorded about this chain",
    )
    yield _section(
        "Gaps",
        ("gap", "about", "in words", "event that would close it"),
        ((one.code, one.subject, one.message, one.closed_by) for one in trail.gaps),
        "none",
    )
    yield _section(
        "Findings",
        ("finding", "severity", "about", "in words"),
        ((one.code, one.severity, one.subject or "", one.message) for one in trail.findings),
        "none",
    )


def _origins(name: str, element: ElementTrail, pieces: int | None) -> Section:
    rows = []
    for one in element.origins:
        each = mass(one.mass_mg // pieces) if pieces else ""
        place = one.site or one.origin
        rows.append(
            (share(one.share_ppb, 7), mass(one.mass_mg), each, place, one.country, one.kind)
        )
    whole = sum(one.share_ppb for one in element.origins)
    note = "" if whole == BILLION else f"the shares add up to {share(whole, 7)}"
    columns = ("share", "mass", "a piece", "origin", "country", "class")
    return _section(f"Origins of the {_named(name)}", columns, rows, note)


def _valid(paper: Attestation) -> str:
    return f"{paper.valid_from} to {paper.valid_to}" if paper.valid_from else ""


def _transfer(one: Transfer) -> tuple[str, ...]:
    if one.received_mg is None:
        last = ("", "", "returned" if one.returned else "not received")
    else:
        difference = one.received_mg - one.sent_mg
        said = f"{mass(difference)}" if difference else "none"
        last = (mass(one.received_mg), said, one.received_at or "")
    return (one.lot, one.giver, one.taker, mass(one.sent_mg), *last)


def _section(
    heading: str, columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], empty: str
) -> Section:
    found = tuple(rows)
    note = empty if not found else ""
    if len(found) > _MOST:
        note = f"and {len(found) - _MOST} more, which stand in the tables (oretrail export xlsx)"
    return Section(heading, columns, found[:_MOST], note)


def _how_to_check(dossier: Dossier) -> tuple[str, ...]:
    lines = [
        "This report is a view. The evidence is the signed log that it names; check that one.",
        f"ledger {dossier.ledger}",
        f"log {dossier.origin}, {dossier.size} entries, root {dossier.root}",
        f"recorded until {dossier.as_of}",
    ]
    if dossier.demo:
        lines.append("A demonstration: its keys are public and anybody could have signed it.")
    if dossier.audience == "authority":
        lines.append(
            "Ask for the evidence bundle (.trail) of the subject, or for the whole list of "
            f"entries, and run: oretrail verify FILE --ledger-id {dossier.ledger}"
        )
    lines.append("It says who recorded what and when; whether that was true, no log can show.")
    return tuple(lines)
