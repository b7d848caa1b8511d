"""GS1 EPCIS 2.0 as JSON-LD: what happened to each lot, for repositories of events.

One document of ObjectEvents and TransformationEvents under CBV 2.0: lots that began, were
weighed or assayed, were handed over (`possessing_party`), were made from others, or were
written off. Quantities are in KGM; what only our books hold goes along under `oretrail:`,
and from its rows the origins can be computed again to the milligram. Events that do not
concern matter have no counterpart and are counted. The public gets one event with the
origins of the product.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ..audit.cbv_hash import event_hash_id
from ..audit.dossier import Dossier, Missing, unfilled
from ..audit.naming import NAMESPACE, Names, decimal_json, kilograms, percent, row
from ..audit.steps import Hand, Step, Weighed
from ..custody.trail import Trail

__all__ = ["missing", "render"]

_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
_PREFIXES = {"oretrail": NAMESPACE}
_HANDS = {
    "departed": ("shipping", "in_transit", "desadv"),
    "arrived": ("receiving", "in_progress", "recadv"),
    "returned": ("void_shipping", "active", "desadv"),
}


def missing(dossier: Dossier) -> Iterable[Missing]:
    """The gaps of the trails, and where nobody said where it happened."""
    found = unfilled(dossier)
    for step in dossier.steps():
        placed = _place(step) or any(one.site for one in step.began)
        if step.filled and not placed:
            subject = f"lot:{step.filled[0].lot}"
            found.append(Missing("readPoint", "EPCIS 2.0, where dimension", step.type, subject))
    return found


def render(dossier: Dossier) -> bytes:
    """The document."""
    events, without = _events(dossier)
    about = dossier.about("epcis", 1, missing(dossier)) | {"steps_without_counterpart": without}
    return decimal_json(
        {
            "@context": [_CONTEXT, _PREFIXES],
            "type": "EPCISDocument",
            "schemaVersion": "2.0",
            "creationDate": dossier.as_of,
            "epcisBody": {"eventList": events},
            "oretrail:about": {"@type": "@json", "@value": about},
        }
    )


def _events(dossier: Dossier) -> tuple[list[dict[str, Any]], int]:
    """All events, and how many steps have none."""
    names = Names(dossier.origin)
    if dossier.audience == "public":
        return [_named(_summary(dossier, names, trail)) for trail in dossier.trails], 0
    steps = list(dossier.steps())
    voided = {event: step for step in steps for event in step.voids}
    covered: dict[str, set[str]] = {}
    for trail in dossier.trails:
        for paper in trail.attestations:
            for lot in paper.covers:
                covered.setdefault(lot, set()).add(names.of(paper.kind, paper.id))
    events = []
    without = 0
    for step in steps:
        made = list(_of_step(step, names, covered))
        without += not made
        if made and step.booked:
            made[0]["oretrail:booked"] = [row(one, names, "oretrail:") for one in step.booked]
        for event in map(_named, made):
            if step.event in voided:
                event["errorDeclaration"] = {
                    "declarationTime": voided[step.event].occurred_at,
                    "reason": "did_not_occur",
                }
            events.append(event)
    return events, without


def _named(event: dict[str, Any]) -> dict[str, Any]:
    """The event with its event hash id."""
    return {
        "type": event["type"],
        "eventID": event_hash_id(event, _PREFIXES),
        **{key: value for key, value in event.items() if key != "type" and value != []},
    }


def _of_step(step: Step, names: Names, covered: dict[str, set[str]]) -> Iterator[dict[str, Any]]:
    sources = {flow.source for flow in step.moved}
    targets = {flow.target for flow in step.moved}
    if step.moved:
        yield _transformation(step, names)
    for lot in step.filled:
        if lot.lot not in targets:
            yield _beginning(step, names, lot.lot, covered.get(lot.lot, set()))
    for loss in step.lost:
        if loss.lot not in sources:
            gone = [_quantity(names, loss.lot, loss.mass_mg)]
            yield _object(step, names, "DELETE", "destroying", "destroyed", gone) | {
                "oretrail:reason": loss.reason
            }
    taken = {hand.lot for hand in step.hands if hand.act == "arrived"}
    for weighed in step.weighed:
        if weighed.grades or weighed.lot not in taken:
            yield _inspection(step, names, weighed)
    groups: dict[tuple[str, str, str, str, str], list[Hand]] = {}
    for hand in step.hands:
        key = (hand.act, hand.giver, hand.taker, hand.dispatch, hand.reason)
        groups.setdefault(key, []).append(hand)
    for hands in groups.values():
        yield _hand_over(step, names, hands)


def _base(step: Step, names: Names, kind: str) -> dict[str, Any]:
    """What every event of a step has: when it happened, and what it is here."""
    event: dict[str, Any] = {"type": kind, "eventTime": step.occurred_at}
    if step.recorded_at:
        event["recordTime"] = step.recorded_at
    event["eventTimeZoneOffset"] = "+00:00"
    event["oretrail:ledgerEvent"] = names.of("event", step.event)
    event["oretrail:ledgerEventHash"] = f"sha256:{step.event}"
    event["oretrail:entry"] = step.index
    event["oretrail:ledgerEventType"] = f"oretrail {step.type}"
    event["oretrail:statedBy"] = [names.of("party", one) for one in (step.by, *step.cosigners)]
    return event


def _object(
    step: Step,
    names: Names,
    action: str,
    business: str,
    disposition: str,
    quantities: list[dict[str, Any]],
) -> dict[str, Any]:
    return _base(step, names, "ObjectEvent") | {
        "action": action,
        "bizStep": business,
        "disposition": disposition,
        "quantityList": quantities,
    }


def _quantity(names: Names, lot: str, mass_mg: int) -> dict[str, Any]:
    return {"epcClass": names.of("lot", lot), "quantity": kilograms(mass_mg), "uom": "KGM"}


def _beginning(step: Step, names: Names, lot: str, papers: set[str]) -> dict[str, Any]:
    """A lot that came from the ground, from recycling, or from nobody knows where."""
    (filled,) = (one for one in step.filled if one.lot == lot)
    began = [one for one in step.began if one.lot == lot]
    event = _object(
        step, names, "ADD", "commissioning", "active", [_quantity(names, lot, filled.mass_mg)]
    )
    event |= _where(names, next((one.site for one in began if one.site), "") or _place(step))
    if papers:
        event["certificationInfo"] = sorted(papers)
    event["ilmd"] = {
        "oretrail:material": filled.material,
        "oretrail:model": filled.model,
        "oretrail:origin": [
            {
                f"oretrail:{key}": value
                for key, value in (
                    ("class", one.kind),
                    ("country", one.country),
                    ("site", names.of("site", one.site) if one.site else ""),
                    ("mg", one.mass_mg),
                )
                if value
            }
            for one in began
        ],
    }
    return event


def _transformation(step: Step, names: Names) -> dict[str, Any]:
    """Lots that became others; inputs and what was added are outputs and losses, exactly."""
    inputs: dict[str, int] = {}
    outputs: dict[str, int] = {}
    for flow in step.moved:
        inputs[flow.source] = inputs.get(flow.source, 0) + flow.mass_mg
        outputs[flow.target] = outputs.get(flow.target, 0) + flow.mass_mg
    losses = [loss for loss in step.lost if loss.lot in inputs]
    for loss in losses:
        inputs[loss.lot] += loss.mass_mg
    added = [one for one in step.began if one.lot in outputs]
    for one in added:
        outputs[one.lot] += one.mass_mg
    event = _base(step, names, "TransformationEvent") | {
        "transformationID": names.of("event", step.event),
        "bizStep": "creating_class_instance",
        "disposition": "in_progress",
        "inputQuantityList": [_quantity(names, *one) for one in inputs.items()],
        "outputQuantityList": [_quantity(names, *one) for one in outputs.items()],
    }
    event |= _where(names, _place(step))
    event["ilmd"] = {"oretrail:material": sorted({one.material for one in step.filled})}
    if not step.filled:
        del event["ilmd"]
    event["oretrail:massBalance"] = {
        "oretrail:inputsMg": sum(inputs.values()),
        "oretrail:addedMg": sum(one.mass_mg for one in added),
        "oretrail:outputsMg": sum(outputs.values()),
        "oretrail:lossesMg": sum(one.mass_mg for one in losses),
        "oretrail:losses": [
            {"oretrail:reason": one.reason, "oretrail:mg": one.mass_mg} for one in losses
        ],
    }
    return event


def _inspection(step: Step, names: Names, weighed: Weighed) -> dict[str, Any]:
    """A weighing or an assay: net mass in KGM, grades in percent (P1) of the dry matter."""
    event = _object(
        step,
        names,
        "OBSERVE",
        "inspecting",
        "conformant",
        [_quantity(names, weighed.lot, weighed.after_mg)],
    )
    event |= _where(names, _place(step))
    reports: list[dict[str, Any]] = [
        {"type": "Mass", "value": kilograms(weighed.after_mg), "uom": "KGM"}
    ]
    reports += [
        {
            "type": "Dimensionless",
            "chemicalSubstance": f"{NAMESPACE}substance/{analyte}",
            "value": percent(grade),
            "uom": "P1",
        }
        for analyte, grade in weighed.grades
    ]
    event["sensorElementList"] = [
        {"sensorMetadata": {"time": step.occurred_at}, "sensorReport": reports}
    ]
    event["oretrail:leg"] = f"leg {weighed.leg}"
    event["oretrail:bookedBeforeMg"] = weighed.before_mg
    return event


def _hand_over(step: Step, names: Names, hands: list[Hand]) -> dict[str, Any]:
    """A dispatch, a reception or a return of one or more lots between two parties."""
    first = hands[0]
    business, disposition, paper = _HANDS[first.act]
    event = _object(
        step,
        names,
        "OBSERVE",
        business,
        disposition,
        [_quantity(names, hand.lot, hand.mass_mg) for hand in hands],
    )
    event |= _where(names, _place(step))
    event["bizTransactionList"] = [
        {"type": paper, "bizTransaction": names.of("event", first.dispatch)}
    ]
    event["sourceList"] = [{"type": "possessing_party", "source": names.of("party", first.giver)}]
    event["destinationList"] = [
        {"type": "possessing_party", "destination": names.of("party", first.taker)}
    ]
    if first.reason:
        event["oretrail:reason"] = first.reason
    return event


def _place(step: Step) -> str:
    """The site where it happened, if the event names one."""
    for claim in step.claims:
        place = claim.facts.get("facility")
        if isinstance(place, str):
            return place
    return ""


def _where(names: Names, site: str) -> dict[str, Any]:
    place = {"id": names.of("site", site)}
    return {"readPoint": place, "bizLocation": place} if site else {}


def _summary(dossier: Dossier, names: Names, trail: Trail) -> dict[str, Any]:
    """For the public: that there is such a product, and where its elements are from."""
    return {
        "type": "ObjectEvent",
        "eventTime": dossier.as_of,
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": "inspecting",
        "disposition": "active",
        "quantityList": [{"epcClass": names.of("lot", trail.subject)}],
        "oretrail:origins": [
            {
                "oretrail:element": element,
                "oretrail:class": line.kind,
                "oretrail:sharePpb": line.share_ppb,
                **({"oretrail:country": line.country} if line.country else {}),
                **({"oretrail:site": names.of("site", line.site)} if line.site else {}),
            }
            for element, found in sorted(trail.elements.items())
            for line in found.origins
        ],
    }
