"""A trail that goes on in another ledger: shares of its origins in place of a name.

    here     PHONE <── CAP-7 (foreign: 22,500 mg of Ta)
                         └── there   CAP-0412: 53.1 % RW, 46.9 % CD
    told     11,948 mg of Ta from RW, 10,552 mg from CD, both as ledger 5d1b... has it

The parts that replace a foreign origin add up to it to the milligram (largest remainder, as
everywhere), and shares are computed anew over all origins. A foreign lot whose bundle is not
at hand stays what it is: a gap with a name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ..values import BILLION
from .amount import take_vector
from .trail import Continued, ElementTrail, Gap, OriginLine, Trail

__all__ = ["Look", "continued"]

Look = Callable[[Mapping[str, Any]], Trail | None]
"""The trail of a foreign lot, from what its declaration says of it; None if not at hand."""

_MOST = 16
"""Ledgers one after the other; beyond, a foreign origin stays one."""


def continued(trail: Trail, look: Look, depth: int = _MOST) -> Trail:
    """The trail with what `look` finds put in place of foreign origins, at any depth."""
    there: dict[str, Trail] = {}
    further = []
    for said in trail.said:
        if said.kind != "foreign":
            continue
        found = look(said.facts) if depth else None
        here = str(said.facts["here"])
        if found is not None:
            found = continued(found, look, depth - 1)
            there[here] = found
        facts = {name: str(said.facts[name]) for name in ("ledger", "lot", "event", "bundle")}
        further.append(Continued(lot=here, foreign=facts, trail=found))
    if not further:
        return trail
    elements = {name: _element(name, one, there) for name, one in trail.elements.items()}
    left = {
        line.lot
        for one in elements.values()
        for line in one.origins
        if line.lot and not line.ledger
    }
    gaps = [gap for gap in trail.gaps if _open(gap, there, left)]
    findings = list(trail.findings)
    for found in there.values():
        gaps += [
            msgspec.structs.replace(gap, message=f"{_where(found)}: {gap.message}")
            for gap in found.gaps
        ]
        findings += [
            msgspec.structs.replace(one, message=f"{_where(found)}: {one.message}", entries=())
            for one in found.findings
        ]
    return msgspec.structs.replace(
        trail,
        elements=elements,
        gaps=tuple(gaps),
        findings=tuple(findings),
        continues=tuple(further),
    )


def _where(found: Trail) -> str:
    return f"in ledger {found.ledger[:12]}"


def _open(gap: Gap, there: Mapping[str, Trail], left: set[str]) -> bool:
    """Whether a gap is one still: a foreign lot that is followed everywhere is none."""
    lot = gap.subject.removeprefix("lot:")
    return gap.code != "gap.foreign-origin" or lot not in there or lot in left


def _element(name: str, one: ElementTrail, there: Mapping[str, Trail]) -> ElementTrail:
    lines: dict[str, OriginLine] = {}
    for line in one.origins:
        for part in _parts(name, line, there):
            key = _key(part)
            before = lines[key].mass_mg if key in lines else 0
            lines[key] = msgspec.structs.replace(part, mass_mg=before + part.mass_mg)
    vector = tuple((key, lines[key].mass_mg) for key in sorted(lines))
    shares = dict(take_vector(vector, one.mass_mg, BILLION)) if one.mass_mg else {}
    coverage = {**one.coverage, "site_ppb": 0, "country_ppb": 0, "unknown_ppb": 0}
    for key, line in lines.items():
        lines[key] = msgspec.structs.replace(line, share_ppb=shares.get(key, 0))
        known = "site_ppb" if line.site else "country_ppb" if line.country else "unknown_ppb"
        coverage[known] += shares.get(key, 0)
    ordered = sorted(lines.values(), key=lambda line: (-line.mass_mg, line.origin, line.ledger))
    return ElementTrail(one.mass_mg, one.basis, tuple(ordered), coverage)


def _key(line: OriginLine) -> str:
    return f"{line.kind}|{line.country}|{line.site}|{line.lot}|{line.ledger}"


def _parts(name: str, line: OriginLine, there: Mapping[str, Trail]) -> Iterator[OriginLine]:
    """What stands in place of one origin: itself, or the origins of the foreign lot."""
    found = there.get(line.lot) if line.lot and not line.ledger else None
    element = found.elements.get(name) if found is not None else None
    if found is None or element is None or not element.mass_mg:
        yield line
        return
    by_key = {_key(each): each for each in element.origins}
    vector = tuple((key, by_key[key].mass_mg) for key in sorted(by_key))
    for key, mass in take_vector(vector, element.mass_mg, line.mass_mg):
        each = by_key[key]
        yield msgspec.structs.replace(each, mass_mg=mass, ledger=each.ledger or found.ledger)
