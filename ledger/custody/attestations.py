"""What third parties said of the trail's lots, sites and parties, and whether it held then.

Claims move no mass. Here they become attestations with the steps that they covered, and
incidents that travel downstream until they are closed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from .trail import Attestation, Incident, LotLine, Said, Transfer

__all__ = ["attestations", "incidents"]

_ATTESTING = {"certificate": "certificate", "audit": "audit", "assessment": "assessment"}


def attestations(
    said: Sequence[Said], lots: Sequence[LotLine], transfers: Sequence[Transfer]
) -> list[Attestation]:
    """Certificates, audits and assessments in log order, with what they covered.

    An assessment counts as good when it is green; a later one of the same site ends it.
    """
    revoked = {
        one.subject.partition(":")[2]: one.at
        for one in said
        if one.kind == "certificate" and one.status == "revoked"
    }
    found = []
    for one in said:
        kind = _ATTESTING.get(one.kind)
        if kind is None or one.subject.startswith(("certificate:", "audit:")):
            continue
        name = str(one.facts.get("certificate") or one.facts.get("audit") or "")
        attestation = Attestation(
            kind,
            name,
            one.subject,
            str(one.facts.get("issuer", one.by)),
            one.status,
            one.at,
            one.entry,
            str(one.facts.get("standard", "")),
            str(one.facts.get("scope", "")),
            str(one.facts.get("valid_from") or one.facts.get("inspected") or ""),
            str(one.facts.get("valid_to", "")),
            revoked.get(name, "") if kind == "certificate" else "",
        )
        ended = _next_assessment(one, said) if kind == "assessment" else ""
        covers, misses = _steps(attestation, ended, lots, transfers)
        found.append(msgspec.structs.replace(attestation, covers=covers, misses=misses))
    return found


def _next_assessment(one: Said, said: Iterable[Said]) -> str:
    later = [
        str(other.facts.get("inspected", other.at))
        for other in said
        if other.kind == "assessment" and other.subject == one.subject and other.entry > one.entry
    ]
    return min(later, default="")


def _steps(
    attestation: Attestation, ended: str, lots: Sequence[LotLine], transfers: Sequence[Transfer]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """(lots covered, lots missed) among the steps that are in its scope."""
    kind, _, name = attestation.subject.partition(":")
    steps = [
        (lot.lot, lot.opened_at[:10])
        for lot in lots
        if attestation.subject in (f"lot:{lot.lot}", f"site:{lot.site}", f"party:{lot.opened_by}")
    ]
    if kind == "lot":
        steps += [(t.lot, t.sent_at[:10]) for t in transfers if t.lot == name]
    good = attestation.status in ("issued", "green", "conformant")
    until = min((d for d in (attestation.valid_to, ended) if d), default="")
    covers: set[str] = set()
    misses: set[str] = set()
    for lot_id, day in steps:
        valid = (
            good
            and (not attestation.valid_from or attestation.valid_from <= day)
            and (not until or day <= until)
            and (not attestation.revoked_at or day < attestation.revoked_at[:10])
        )
        (covers if valid else misses).add(lot_id)
    if kind == "lot" and covers:
        # A certificate is issued for a consignment: the step it was made for is what counts.
        misses -= covers
    return tuple(sorted(covers)), tuple(sorted(misses - covers))


def incidents(said: Sequence[Said], subjects: frozenset[str]) -> list[Incident]:
    """Incidents about any of the subjects, each with where it stands now."""
    states: dict[str, Incident] = {}
    for one in said:
        kind, _, name = one.subject.partition(":")
        if kind != "incident":
            continue
        if one.status == "opened":
            about = tuple(str(subject) for subject in _members(one.facts.get("subjects")))
            if not subjects.intersection(about):
                continue
            states[name] = Incident(
                name,
                str(one.facts.get("kind", "")),
                str(one.facts.get("category", "")),
                str(one.facts.get("severity", "")),
                one.status,
                about,
                one.at,
                (one.entry,),
                complainant=str(one.facts.get("complainant", "")),
            )
        elif name in states:
            state = states[name]
            states[name] = msgspec.structs.replace(
                state,
                status=one.status,
                entries=(*state.entries, one.entry),
                closed_at=one.at if one.status == "closed" else "",
                confirmed=state.confirmed or one.status == "confirmed",
            )
    return list(states.values())


def _members(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, list | tuple) else ()
