"""W3C PROV as PROV-JSON: lots as entities, events as activities, parties as agents.

    lot   <-wasGeneratedBy-  event  -used->  lot      wasDerivedFrom joins the two lots
    event -wasAssociatedWith-> party (prov:role)      voided: wasInvalidatedBy

Under `ot:` stand masses as xsd:decimal kilograms, and the rows from which the origins can be
computed again to the milligram: an entity `ot:Rows` for each event that changed a figure.
The public gets the product, derived from one entity for each origin, with its share.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from ..audit.dossier import Dossier, Missing, unfilled
from ..audit.naming import NAMESPACE, Names, decimal_json, kilograms, row
from ..audit.steps import Step
from ..custody.trail import Trail

__all__ = ["missing", "render"]

_ROLES = {
    "departed": ("releasing", "addressed"),
    "arrived": ("released", "accepting"),
    "returned": ("getting back", "not taking"),
}


def missing(dossier: Dossier) -> Iterable[Missing]:
    """The gaps of the trails; PROV itself asks for nothing."""
    return unfilled(dossier)


def render(dossier: Dossier) -> bytes:
    """The document."""
    graph = _Graph(dossier)
    if dossier.audience == "public":
        for trail in dossier.trails:
            graph.summary(trail)
    else:
        for step in dossier.steps():
            graph.step(step)
    about = msgspec.json.encode(dossier.about("prov", 1, missing(dossier))).decode()
    graph.record("entity", "ledger:", {"prov:type": _name("ot:Export"), "ot:about": about})
    return decimal_json({"prefix": graph.prefixes, **graph.records})


def _name(text: str) -> dict[str, str]:
    return {"$": text, "type": "prov:QUALIFIED_NAME"}


def _decimal(milligrams: int) -> dict[str, str]:
    return {"$": str(kilograms(milligrams)), "type": "xsd:decimal"}


def _integer(number: int) -> dict[str, str]:
    return {"$": str(number), "type": "xsd:integer"}


class _Graph:
    """The records by their kind, each under its name."""

    def __init__(self, dossier: Dossier) -> None:
        self.names = Names(dossier.origin)
        self.parties = dossier.parties
        kinds = ("lot", "party", "site", "event", "rows", "origin")
        self.prefixes = {"ot": NAMESPACE, "ledger": f"{self.names.base}/"}
        self.prefixes |= {kind: f"{self.names.base}/{kind}/" for kind in kinds}
        self.records: dict[str, dict[str, dict[str, Any]]] = {}
        self.count = 0

    def record(self, kind: str, name: str, members: dict[str, Any]) -> None:
        """One element, or more said of it."""
        self.records.setdefault(kind, {}).setdefault(name, {}).update(members)

    def relation(self, kind: str, members: dict[str, Any]) -> None:
        """One relation, under a blank name."""
        self.count += 1
        self.record(kind, f"_:r{self.count}", {key: one for key, one in members.items() if one})

    def called(self, kind: str, name: str) -> str:
        """The qualified name of a lot, party, event; a lot or party is also declared."""
        text = f"{kind}:{self.names.of(kind, name).rpartition('/')[2]}"
        if kind == "party":
            said: dict[str, Any] = {"prov:type": _name("prov:Organization")}
            facts = self.parties.get(name, {})
            if "name" in facts:
                said["prov:label"] = str(facts["name"])
            self.record("agent", text, said)
        elif kind == "lot":
            self.record("entity", text, {"prov:type": _name("ot:Lot")})
        return text

    def step(self, step: Step) -> None:
        """One event as an activity, with everything that it used and made."""
        activity = self.called("event", step.event)
        said = {
            "prov:startTime": step.occurred_at,
            "prov:endTime": step.occurred_at,
            "prov:type": _name("ot:Event"),
            "ot:eventType": step.type,
            "ot:eventHash": f"sha256:{step.event}",
            "ot:entry": _integer(step.index),
        }
        self.record("activity", activity, said)
        roles = {(hand.giver, _ROLES[hand.act][0]) for hand in step.hands}
        roles |= {(hand.taker, _ROLES[hand.act][1]) for hand in step.hands}
        roles |= {(step.by, "stating")} | {(one, "cosigning") for one in step.cosigners}
        for party, role in sorted(roles):
            agent = self.called("party", party)
            self.relation(
                "wasAssociatedWith",
                {"prov:activity": activity, "prov:agent": agent, "prov:role": role},
            )
        self._lots(step, activity)
        for voided in step.voids:
            made = self.called("event", voided)
            self.record("activity", made, {"ot:voidedBy": _name(activity)})
            for members in list(self.records.get("wasGeneratedBy", {}).values()):
                if members["prov:activity"] == made:
                    entity = members["prov:entity"]
                    self.relation(
                        "wasInvalidatedBy", {"prov:entity": entity, "prov:activity": activity}
                    )
        if step.booked:
            rows = [row(one, self.names, "") for one in step.booked]
            entity = f"rows:{step.event}"
            text = msgspec.json.encode(rows).decode()
            self.record("entity", entity, {"prov:type": _name("ot:Rows"), "ot:rows": text})
            self.relation("wasGeneratedBy", {"prov:entity": entity, "prov:activity": activity})

    def _lots(self, step: Step, activity: str) -> None:
        """What was used and what was made, and what was derived from what."""
        masses: dict[str, int] = {one.lot: one.mass_mg for one in step.filled}
        for flow in step.moved:
            masses.setdefault(flow.target, 0)
            if all(one.lot != flow.target for one in step.filled):
                masses[flow.target] += flow.mass_mg
        drawn: dict[str, int] = {}
        for flow in step.moved:
            drawn[flow.source] = drawn.get(flow.source, 0) + flow.mass_mg
        for loss in step.lost:
            drawn[loss.lot] = drawn.get(loss.lot, 0) + loss.mass_mg
        seen = {one.lot for one in step.weighed} | {one.lot for one in step.hands}
        for lot in sorted({*drawn, *seen} - masses.keys()):
            mass = {"ot:massKg": _decimal(drawn[lot])} if lot in drawn else {}
            entity = self.called("lot", lot)
            self.relation("used", {"prov:activity": activity, "prov:entity": entity, **mass})
        materials = {one.lot: one.material for one in step.filled}
        for lot, mass_mg in masses.items():
            entity = self.called("lot", lot)
            said: dict[str, Any] = {"ot:massKg": _decimal(mass_mg)}
            if lot in materials:
                said["ot:material"] = materials[lot]
            self.record("entity", entity, said)
            self.relation(
                "wasGeneratedBy",
                {
                    "prov:entity": entity,
                    "prov:activity": activity,
                    "prov:time": step.occurred_at,
                },
            )
            holder = next((one.holder for one in step.filled if one.lot == lot), step.by)
            agent = self.called("party", holder)
            self.relation("wasAttributedTo", {"prov:entity": entity, "prov:agent": agent})
        for flow in step.moved:
            self.relation(
                "wasDerivedFrom",
                {
                    "prov:generatedEntity": self.called("lot", flow.target),
                    "prov:usedEntity": self.called("lot", flow.source),
                    "prov:activity": activity,
                    "ot:massKg": _decimal(flow.mass_mg),
                },
            )

    def summary(self, trail: Trail) -> None:
        """For the public: the product, and an entity for each origin of each element."""
        product = self.called("lot", trail.subject)
        for element, found in sorted(trail.elements.items()):
            for place, line in enumerate(found.origins, 1):
                entity = f"origin:{element}.{place}"
                said: dict[str, Any] = {
                    "prov:type": _name("ot:Origin"),
                    "ot:element": element,
                    "ot:class": line.kind,
                    "ot:sharePpb": _integer(line.share_ppb),
                }
                if line.country:
                    said["ot:country"] = line.country
                if line.site:
                    said["ot:site"] = self.names.of("site", line.site)
                self.record("entity", entity, said)
                self.relation(
                    "wasDerivedFrom",
                    {"prov:generatedEntity": product, "prov:usedEntity": entity},
                )
