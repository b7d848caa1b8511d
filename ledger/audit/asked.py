"""What laws and schemes ask for, answered from one trail, each answer with its entries.

A pack (a data file in `ledger/exports/packs`) names the articles and, for each field, one
of the functions here. A function yields answers or nothing; where it yields nothing the
field is missing, and the pack says which event would fill it. Nothing is ever made up,
and no answer is without the entries it comes from.

    asked("origin/countries", dossier, trail) -> Answer("RW 53.118 % of Ta ...", (28, 29, ...))
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TypeAlias

import msgspec

from ..custody.trail import LotLine, Said, Trail, Transfer
from ..values import BILLION
from ..words import mass, share
from .dossier import Dossier

__all__ = ["ASKED", "Answer", "asked"]

_REFINING = frozenset(("refiner", "smelter", "processor", "recycler"))
_RECYCLED = ("recycled-pre-consumer", "recycled-post-consumer")


class Answer(msgspec.Struct, frozen=True):
    """One line of an answer, and the indexes of the entries it comes from."""

    text: str
    entries: tuple[int, ...]


Ask: TypeAlias = "Callable[[Dossier, Trail], Iterator[Answer]]"
ASKED: dict[str, Ask] = {}
"""Name in the packs -> the function."""


def _as(name: str) -> Callable[[Ask], Ask]:
    def keep(function: Ask) -> Ask:
        ASKED[name] = function
        return function

    return keep


def asked(name: str, dossier: Dossier, trail: Trail) -> tuple[Answer, ...]:
    """The answers to one question of a pack, each once."""
    return tuple(dict.fromkeys(ASKED[name](dossier, trail)))


# --- the subject -----------------------------------------------------------------------


def _line(trail: Trail) -> LotLine | None:
    return next((line for line in trail.lots if line.lot == trail.subject), None)


def _party(dossier: Dossier, trail: Trail, name: str) -> str:
    facts = {**dossier.parties, **trail.parties}.get(name, {})
    told = [str(facts[key]) for key in ("name", "address", "country", "licence") if key in facts]
    return f"{name}: {', '.join(told)}" if told else name


def _sources(trail: Trail) -> list[LotLine]:
    """Lots that nothing flowed into: where the trail begins."""
    return [line for line in trail.lots if not line.inputs]


def _roles(facts: Mapping[str, object]) -> set[str]:
    roles = facts.get("roles", ())
    return set(map(str, roles)) if isinstance(roles, list | tuple) else set()


def _summed(lines: Iterable[LotLine]) -> tuple[int, tuple[int, ...]]:
    found = list(lines)
    return sum(line.mass_mg for line in found), tuple(line.entry for line in found)


@_as("subject/description")
def _description(_: Dossier, trail: Trail) -> Iterator[Answer]:
    line = _line(trail)
    if line is not None:
        contents = ", ".join(sorted(line.contents or ()))
        what = f" containing {contents}" if contents else ""
        yield Answer(f"{line.material}{what}", (line.entry,))


@_as("subject/quantity")
def _quantity(_: Dossier, trail: Trail) -> Iterator[Answer]:
    line = _line(trail)
    if line is not None:
        pieces = f", {line.pieces} pieces" if line.pieces else ""
        yield Answer(f"{mass(line.mass_mg)} {line.basis}{pieces}", (line.entry,))


@_as("subject/elements")
def _elements(_: Dossier, trail: Trail) -> Iterator[Answer]:
    line = _line(trail)
    whole, entries = (line.mass_mg, (line.entry,)) if line else (0, ())
    for name, element in trail.elements.items():
        if name != "mass":
            part = f", {share(element.mass_mg * BILLION // whole)} of its mass" if whole else ""
            yield Answer(f"{name} {mass(element.mass_mg)}{part}", entries)


@_as("subject/plant")
def _plant(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        place = said.facts.get("facility")
        if said.subject == f"lot:{trail.subject}" and place:
            facts = trail.sites.get(str(place), {})
            told = ", ".join(str(facts[k]) for k in ("name", "kind", "country") if k in facts)
            yield Answer(f"{place}: {told}" if told else str(place), (said.entry,))


@_as("subject/model")
def _model(_: Dossier, trail: Trail) -> Iterator[Answer]:
    entries = tuple(line.entry for line in trail.lots if line.lot == trail.subject)
    yield Answer(trail.model, entries)


@_as("subject/supplier")
def _supplier(dossier: Dossier, trail: Trail) -> Iterator[Answer]:
    """Whoever handed it over last; of a product, whoever handed its parts to the maker."""
    line = _line(trail)
    own = [t for t in trail.transfers if t.lot == trail.subject and t.received]
    if not own and line is not None:
        own = [t for t in trail.transfers if t.taker == line.opened_by and t.received]
    for transfer in own:
        yield Answer(_party(dossier, trail, transfer.giver), _entries(trail, transfer))


# --- where it came from ----------------------------------------------------------------


@_as("origin/countries")
def _countries(_: Dossier, trail: Trail) -> Iterator[Answer]:
    began = _sources(trail)
    for name, element in trail.elements.items():
        shares: dict[str, int] = {}
        for one in element.origins:
            where = one.country or "unknown"
            shares[where] = shares.get(where, 0) + one.share_ppb
        for country, part in shares.items():
            entries = tuple(
                line.entry
                for line in began
                if not line.site or _country(trail, line.site) == country
            )
            yield Answer(f"{country} {share(part)} of the {_called(name)}", entries)


def _called(element: str) -> str:
    return "mass" if element == "mass" else element


def _country(trail: Trail, site: str) -> str:
    return str(trail.sites.get(site, {}).get("country", ""))


@_as("origin/classes")
def _classes(_: Dossier, trail: Trail) -> Iterator[Answer]:
    entries = tuple(line.entry for line in _sources(trail))
    for name, element in trail.elements.items():
        shares = dict[str, int]()
        for one in element.origins:
            shares[one.kind] = shares.get(one.kind, 0) + one.share_ppb
        for kind, part in shares.items():
            yield Answer(f"{kind} {share(part)} of the {_called(name)}", entries)


@_as("origin/mines")
def _mines(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for site in dict.fromkeys(line.site for line in _sources(trail) if line.site):
        facts = trail.sites.get(site, {})
        told = ", ".join(str(facts[key]) for key in ("name", "country", "kind") if key in facts)
        entries = tuple(line.entry for line in trail.lots if line.site == site)
        yield Answer(f"{site}: {told}" if told else site, entries)


@_as("origin/extraction")
def _extraction(_: Dossier, trail: Trail) -> Iterator[Answer]:
    """Quantity and first and last day of what was dug at each site."""
    for site in dict.fromkeys(line.site for line in trail.lots if line.site):
        lines = [line for line in trail.lots if line.site == site]
        days = sorted(line.opened_at[:10] for line in lines)
        total, entries = _summed(lines)
        basis = "/".join(sorted({line.basis for line in lines}))
        yield Answer(
            f"{site}: {mass(total)} {basis} in {len(lines)} lots, {days[0]} to {days[-1]}", entries
        )


@_as("origin/recycled")
def _recycled(_: Dossier, trail: Trail) -> Iterator[Answer]:
    entries = tuple(line.entry for line in _sources(trail))
    for name, element in trail.elements.items():
        for kind in _RECYCLED:
            part = sum(one.share_ppb for one in element.origins if one.kind == kind)
            if part:
                yield Answer(f"{share(part)} of the {_called(name)} is {kind}", entries)


@_as("origin/recycling-point")
def _recycling_point(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        if said.kind == "recovery":
            source = said.facts.get("source", "")
            yield Answer(f"{said.subject[4:]}: {said.status}, {source}", (said.entry,))


@_as("origin/byproducts")
def _byproducts(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        if said.kind == "recovery" and said.status == "byproduct":
            yield Answer(f"{said.subject[4:]}: {said.facts.get('source', '')}", (said.entry,))


# --- the way ---------------------------------------------------------------------------


def _entries(trail: Trail, transfer: Transfer) -> tuple[int, ...]:
    """Entries of the lot that was handed over; its hand-over stands among its events."""
    return tuple(line.entry for line in trail.lots if line.lot == transfer.lot)


@_as("way/transactions")
def _transactions(_: Dossier, trail: Trail) -> Iterator[Answer]:
    """From extraction to the maker: who to whom, when, how much on both scales."""
    for one in trail.transfers:
        if one.received_mg is None:
            continue
        weights = mass(one.sent_mg)
        if one.received_mg != one.sent_mg:
            weights += f" sent, {mass(one.received_mg)} received"
        text = f"{(one.received_at or '')[:10]} {one.lot}: {one.giver} to {one.taker}, {weights}"
        yield Answer(text, _entries(trail, one))


@_as("way/intermediaries")
def _intermediaries(dossier: Dossier, trail: Trail) -> Iterator[Answer]:
    entries: dict[str, list[int]] = {}
    for one in trail.transfers:
        for name in (one.giver, one.taker):
            entries.setdefault(name, []).extend(_entries(trail, one))
    for name, where in entries.items():
        roles = ", ".join(sorted(_roles(trail.parties.get(name, {}))))
        text = _party(dossier, trail, name)
        yield Answer(f"{text} ({roles})" if roles else text, tuple(dict.fromkeys(where)))


@_as("way/places")
def _places(_: Dossier, trail: Trail) -> Iterator[Answer]:
    """Where it was consolidated, traded or processed: works that are no mines."""
    spoken = {said.subject[5:]: said.entry for said in trail.said if said.kind == "site"}
    for site, facts in trail.sites.items():
        if not str(facts.get("kind", "")).startswith("mine"):
            told = ", ".join(str(facts[k]) for k in ("name", "kind", "country") if k in facts)
            yield Answer(f"{site}: {told}", (spoken[site],) if site in spoken else ())


@_as("way/routes")
def _routes(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        if said.kind == "transport" and said.facts.get("route"):
            route = said.facts["route"]
            shown = " - ".join(map(str, route)) if isinstance(route, list | tuple) else str(route)
            yield Answer(f"{said.subject[4:]} {said.status}: {shown}", (said.entry,))


@_as("way/payments")
def _payments(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        if said.kind == "payment":
            yield Answer(_paid(said), (said.entry,))


def _paid(said: Said) -> str:
    facts = said.facts
    amount = (
        f" {facts['amount']} minor units of {facts.get('currency', '')}"
        if "amount" in facts
        else ""
    )
    payee = f" to {facts['payee']}" if "payee" in facts else ""
    return f"{said.status} for {said.subject}{amount}{payee}"


@_as("way/smelters")
def _smelters(dossier: Dossier, trail: Trail) -> Iterator[Answer]:
    for name, facts in trail.parties.items():
        if _REFINING & _roles(facts):
            took = {one.lot for one in trail.transfers if one.taker == name}
            entries = tuple(
                line.entry for line in trail.lots if line.opened_by == name or line.lot in took
            )
            yield Answer(_party(dossier, trail, name), entries)


# --- who vouches, and what went wrong --------------------------------------------------


@_as("audits/smelters")
def _audits_of_smelters(_: Dossier, trail: Trail) -> Iterator[Answer]:
    smelters = {name for name, facts in trail.parties.items() if _REFINING & _roles(facts)}
    works = {site for site, facts in trail.sites.items() if facts.get("operator") in smelters}
    about = {f"party:{name}" for name in smelters} | {f"site:{site}" for site in works}
    yield from _papers(trail, lambda paper: paper in about)


@_as("audits/all")
def _audits(_: Dossier, trail: Trail) -> Iterator[Answer]:
    yield from _papers(trail, lambda _: True)


def _papers(trail: Trail, wanted: Callable[[str], bool]) -> Iterator[Answer]:
    for one in trail.attestations:
        if wanted(one.subject):
            named = f"{one.kind} {one.id}".strip()
            valid = f", {one.valid_from} to {one.valid_to}" if one.valid_from else ""
            text = f"{named} of {one.subject} by {one.issuer}: {one.status}, {one.standard}{valid}"
            yield Answer(text, (one.entry,))


@_as("documents/all")
def _documents(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        if said.kind == "document":
            kind, title = said.facts.get("kind", ""), said.facts.get("title", "")
            digest = str(said.facts.get("digest", ""))
            yield Answer(f"{said.subject}: {kind} {title} SHA-256 {digest}", (said.entry,))


@_as("risks/assessed")
def _risks(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for said in trail.said:
        if said.kind == "risk":
            facts = said.facts
            grave = f"{facts.get('severity', '')}/{facts.get('likelihood', '')}"
            measures = f": {facts['measures']}" if "measures" in facts else ""
            text = f"{said.subject}: {facts.get('category', '')} ({grave}), {said.status}{measures}"
            yield Answer(text, (said.entry,))


@_as("risks/incidents")
def _incidents(_: Dossier, trail: Trail) -> Iterator[Answer]:
    for one in trail.incidents:
        about = ", ".join(one.subjects)
        grave = f"{one.category}, {one.severity}"
        yield Answer(
            f"{one.kind} {one.incident} ({grave}) about {about}: {one.status}", one.entries
        )


@_as("risks/open")
def _open_incidents(dossier: Dossier, trail: Trail) -> Iterator[Answer]:
    for answer, one in zip(_incidents(dossier, trail), trail.incidents, strict=True):
        if one.status != "closed":
            yield answer


@_as("coverage/all")
def _coverage(_: Dossier, trail: Trail) -> Iterator[Answer]:
    entries = tuple(line.entry for line in _sources(trail))
    for name, element in trail.elements.items():
        told = ", ".join(
            f"{k[:-4].replace('_', ' ')} {share(v)}" for k, v in element.coverage.items()
        )
        yield Answer(f"{_called(name)}: {told}", entries)


@_as("gaps/all")
def _gaps(_: Dossier, trail: Trail) -> Iterator[Answer]:
    """That there are none is an answer too: the trail was looked through for them."""
    for gap in trail.gaps:
        yield Answer(f"{gap.code} {gap.subject}: {gap.message or gap.closed_by}", ())
    if not trail.gaps:
        yield Answer("none is named", trail.entries)
