"""UNTP 0.7.0 digital traceability events: what was made, moved and measured on the way.

A folder: the credential as JSON, with --key also signed as vc+jwt, and about.json. A
MakeEvent for each lot that began or was made from others, a MoveEvent for each hand-over
(as the receiver weighed it, or in transit), a ModifyEvent for each assay and each loss.
Events that were voided are left out, and so is what concerns no matter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from ..audit.dossier import Dossier, Folder, Missing, unfilled
from ..audit.naming import NAMESPACE, Names, kilograms, percent, uuid
from ..audit.steps import Hand, Step
from ..log import note
from .untp import credential, delivered, facility, issuer_of, party

__all__ = ["AUDIENCES", "missing", "render"]

AUDIENCES = ("authority", "customer")
_WHERE = "UNTP 0.7.0 DigitalTraceabilityEvent"


def missing(dossier: Dossier) -> Iterable[Missing]:
    """The gaps of the trails, and the places that the schema asks for."""
    found = unfilled(dossier)
    for step in _kept(dossier):
        if (step.filled or step.weighed or step.lost) and not _place(step):
            found.append(Missing("madeAtFacility, modifiedAtFacility", _WHERE, step.type))
        if step.hands:
            found.append(Missing("fromFacility, toFacility", _WHERE, step.type))
    return found


def render(dossier: Dossier, signer: note.SignsNotes | None = None) -> Folder:
    """The folder: one credential with all events of the dossier."""
    steps = _kept(dossier)
    arrived = {hand.dispatch for step in steps for hand in step.hands if hand.act != "departed"}
    events = [event for step in steps for event in _Events(dossier, step, arrived).all()]
    about = dossier.subjects[0] if dossier.subjects else dossier.party or "period"
    last = steps[-1].by if steps else dossier.party
    makers = (line.opened_by for t in dossier.trails for line in t.lots if line.lot == t.subject)
    issuer = issuer_of(signer, next(makers, last) or dossier.origin)
    made = credential(
        dossier, "DigitalTraceabilityEvent", about, f"Events behind {about}", issuer, events
    )
    return delivered(dossier, "untp-dte", {about: made}, missing(dossier), signer)


def _kept(dossier: Dossier) -> list[Step]:
    steps = list(dossier.steps())
    voided = {event for step in steps for event in step.voids}
    return [step for step in steps if step.event not in voided]


def _place(step: Step) -> str:
    sites = [one.site for one in step.began if one.site]
    places = (claim.facts.get("facility") for claim in step.claims)
    return next((place for place in (*sites, *places) if isinstance(place, str)), "")


class _Events:
    """The events of one step."""

    def __init__(self, dossier: Dossier, step: Step, arrived: set[str]) -> None:
        self.dossier = dossier
        self.step = step
        self.arrived = arrived
        self.names = Names(dossier.origin)
        self.count = 0

    def all(self) -> Iterator[dict[str, Any]]:
        """Every event of the step."""
        step = self.step
        sources = {flow.source for flow in step.moved}
        targets = {flow.target for flow in step.moved}
        if step.moved:
            yield self._make(sources, targets)
        for one in step.filled:
            if one.lot not in targets:
                yield self._make(set(), {one.lot})
        for hand in step.hands:
            if hand.act == "departed" and hand.dispatch in self.arrived:
                continue
            yield self._move(hand)
        for weighed in step.weighed:
            if weighed.grades:
                grades: list[tuple[str, Decimal, str]] = [
                    ("Mass", kilograms(weighed.after_mg), "KGM")
                ]
                grades += [(name, percent(grade), "P1") for name, grade in weighed.grades]
                event = self._modify(weighed.lot, weighed.after_mg, "inspecting", "active")
                yield event | {"sensorData": [self._metric(*one) for one in grades]}
        for loss in step.lost:
            if loss.lot not in sources:
                yield self._modify(loss.lot, loss.mass_mg, "destroying", "disposed")

    def _event(self, kind: str, what: str, role: str) -> dict[str, Any]:
        self.count += 1
        step = self.step
        where = f"{self.names.of('event', step.event)}#{self.count}"
        return {
            "type": [kind, "LifecycleEvent"],
            "id": uuid(where),
            "name": f"{step.type}, entry {step.index}",
            "eventDate": step.occurred_at,
            "activityType": {
                "code": what,
                "name": what.replace("_", " "),
                "schemeId": "https://ref.gs1.org/cbv/BizStep",
                "schemeName": "GS1 CBV Business Step",
            },
            "relatedParty": [{"role": role, "party": party(self.dossier, step.by)}],
            "relatedDocument": [
                {
                    "linkURL": self.names.of("event", step.event),
                    "linkName": f"sha256:{step.event}",
                    "linkType": f"{NAMESPACE}ledgerEvent",
                }
            ],
        }

    def _product(self, lot: str, mass_mg: int, disposition: str) -> dict[str, Any]:
        names = [one.material for one in self.step.filled if one.lot == lot]
        return {
            "product": {
                "type": ["Product"],
                "id": self.names.of("lot", lot),
                "name": names[0] if names else lot,
                "batchNumber": lot,
                "idGranularity": "batch",
            },
            "quantity": {"value": kilograms(mass_mg), "unit": "KGM"},
            "disposition": disposition,
        }

    def _make(self, sources: set[str], targets: set[str]) -> dict[str, Any]:
        """Inputs and what was added are outputs and losses; the losses are in the text."""
        step = self.step
        taken: dict[str, int] = {}
        filled: dict[str, int] = dict.fromkeys(sorted(targets), 0)
        for flow in step.moved:
            if flow.source in sources:
                taken[flow.source] = taken.get(flow.source, 0) + flow.mass_mg
                filled[flow.target] += flow.mass_mg
        for one in step.began:
            if one.lot in filled:
                filled[one.lot] += one.mass_mg
        losses = [loss for loss in step.lost if loss.lot in taken]
        for loss in losses:
            taken[loss.lot] += loss.mass_mg
        event = self._event(
            "MakeEvent", "creating_class_instance" if sources else "commissioning", "producer"
        )
        if losses:
            event["description"] = "lost: " + ", ".join(
                f"{kilograms(loss.mass_mg)} KGM of {loss.lot} ({loss.reason})" for loss in losses
            )
        place = facility(self.dossier, _place(step), step.by)
        return event | {
            "inputProduct": [self._product(lot, mass, "consumed") for lot, mass in taken.items()],
            "outputProduct": [self._product(lot, mass, "new") for lot, mass in filled.items()],
            "madeAtFacility": place,
        }

    def _move(self, hand: Hand) -> dict[str, Any]:
        done = hand.act != "departed"
        what = {"departed": "shipping", "arrived": "receiving", "returned": "returning"}[hand.act]
        event = self._event("MoveEvent", what, "operator")
        event["relatedParty"] += [
            {"role": "consignor", "party": party(self.dossier, hand.giver)},
            {"role": "consignee", "party": party(self.dossier, hand.taker)},
        ]
        return event | {
            "movedProduct": [
                self._product(hand.lot, hand.mass_mg, "active" if done else "inTransit")
            ],
            "fromFacility": facility(self.dossier, "", hand.giver),
            "toFacility": facility(self.dossier, "", hand.taker),
            "consignmentId": self.names.of("event", hand.dispatch),
        }

    def _modify(self, lot: str, mass_mg: int, what: str, disposition: str) -> dict[str, Any]:
        return self._event("ModifyEvent", what, "operator") | {
            "modifiedProduct": [self._product(lot, mass_mg, disposition)],
            "modifiedAtFacility": facility(self.dossier, _place(self.step), self.step.by),
        }

    def _metric(self, name: str, value: Decimal, unit: str) -> dict[str, Any]:
        return {
            "metric": {
                "type": ["PerformanceMetric"],
                "id": f"{NAMESPACE}metric/{name}",
                "name": f"{name}, of the dry matter" if unit == "P1" else name,
            },
            "measure": [{"value": value, "unit": unit}],
        }
