"""The slow, obvious twin of the books: events in the trade's words, balances by plain arithmetic.

Written from the accounting rules and from nothing else; no code of `ledger.custody` is
used, and no effects. A refused event is undone by going back to a copy. `Twin.hear` takes
an event as plain values and says which code refuses it, or None.
"""

from __future__ import annotations

import copy
from fractions import Fraction
from typing import Any

from reference_matter import (
    BILLION,
    LARGEST,
    TOLERANCES,
    UNKNOWN,
    Lot,
    Matter,
    Metal,
    add,
    assay,
    degraded,
    divide,
    dry_afterwards,
    dry_of,
    join,
    metal,
    share,
    take,
    weigh,
)


class RefusalError(Exception):
    """What an event is refused for."""


def require(good: bool, code: str) -> None:
    if not good:
        raise RefusalError(code)


# ---------------------------------------------------------------- the twin


class Twin:
    """Lots, parties and sites as they must be after what was heard."""

    def __init__(self, parties: set[str], sites: set[str], authorities: set[str]) -> None:
        self.parties, self.sites, self.authorities = parties, sites, authorities
        self.suspended: set[str] = set()
        self.lots: dict[str, Lot] = {}
        # Lot -> the event that touched it last, and the lots as they were before it.
        self.last: dict[str, tuple[str, dict[str, Lot | None] | None]] = {}
        self.noted: list[str] = []

    def hear(self, event: dict[str, Any], event_id: str, signed: set[str]) -> str | None:
        """The code that refuses the event, or None: then it is booked."""
        saved = copy.deepcopy((self.lots, self.last, self.suspended))
        self.noted = []
        try:
            for party in (event["by"], *event.get("cosigners", ())):
                self._signs(party, signed)
            self._touched: set[str] = set()
            self._before = saved[0]
            tell = getattr(self, "_" + event["type"].replace(".", "_"))
            tell(event, event_id)
            self._settle(event_id, saved[0], lasting=event["type"] in LASTING)
        except RefusalError as refusal:
            self.lots, self.last, self.suspended = saved
            return str(refusal)
        return None

    def _signs(self, party: str, signed: set[str]) -> None:
        if party == "governance":
            require("governance" in signed, "governance.threshold-not-met")
            return
        require(party in self.parties, "party.unknown")
        require(party not in self.suspended, "party.suspended")
        require(party in signed, "statement.signer-missing")

    def _settle(self, event_id: str, before: dict[str, Lot], *, lasting: bool) -> None:
        """Used up is closed; what an event touched has it as its last."""
        copies = {name: before.get(name) for name in self._touched}
        for name in self._touched:
            lot = self.lots[name]
            self.last[name] = (event_id, None if lasting else copies)
            if name in before and not lot.matter.mass and not lot.matter.pieces:
                lot.state = "closed"

    # --- what is at hand ---------------------------------------------------------------

    def _at_hand(self, name: str, event: dict[str, Any]) -> Lot:
        require(name in self.lots, "lot.unknown")
        lot = self.lots[name]
        require(lot.state != "in-transit", "lot.in-transit")
        require(lot.holder in (event["by"], *event.get("cosigners", ())), "custody.not-holder")
        require(lot.state != "closed", "lot.closed")
        self._touched.add(name)
        return lot

    def _begin(self, name: str, holder: str, basis: str, matter: Matter) -> Lot:
        require(name not in self.lots, "lot.exists")
        self.lots[name] = Lot(holder, basis, matter)
        self._touched.add(name)
        return self.lots[name]

    def _draw(
        self, name: str, event: dict[str, Any], mass: int | None, pieces: int | None
    ) -> tuple[Matter, Lot]:
        """A part of a lot, by mass, by pieces, or all."""
        lot = self._at_hand(name, event)
        require(not lot.holds, "lot.on-hold")
        return self._out(lot, mass, pieces, None), lot

    def _out(
        self, lot: Lot, mass: int | None, pieces: int | None, stated: dict[str, int] | None
    ) -> Matter:
        have = lot.matter
        require(mass is None or mass <= have.mass, "mass.overdrawn")
        require(pieces is None or have.pieces is not None, "pieces.not-counted")
        require(pieces is None or pieces <= (have.pieces or 0), "pieces.overdrawn")
        if mass is None and pieces is None:
            mass, pieces = have.mass, have.pieces
        elif mass is None:
            mass = share(have.mass, pieces or 0, have.pieces or 1)
        elif have.pieces is not None and have.mass:
            pieces = share(have.pieces, mass, have.mass)
        if stated is None:
            self._fits(lot)
        part, lot.matter = divide(have, mass, pieces, stated)
        return part

    def _fits(self, lot: Lot) -> None:
        """What stated parts left behind weighs no more than there is left."""
        (name,) = (
            (name for name, one in self.lots.items() if one is lot)
            if any(one is lot for one in self.lots.values())
            else ("",)
        )
        whole = self._before[name].matter.mass if name in self._before else lot.matter.mass
        metals = lot.matter.metals or {}
        slack = whole * TOLERANCES["process"] // BILLION + 8 * len(metals)
        inside = sum(one.mass for one in metals.values())
        require(inside <= lot.matter.mass + slack, "mass.content-exceeds-mass")

    def _lose(self, lot: Lot, line: dict[str, Any]) -> None:
        if line["reason"] != "moisture":
            contents = line.get("contents")
            self._out(lot, line["mass"], None, as_metal(contents))
            return
        have, lost = lot.matter, line["mass"]
        require(lost <= have.mass, "mass.overdrawn")
        inside = sum(one.mass for one in (have.metals or {}).values())
        water = have.mass - (inside if have.dry is None else have.dry)
        slack = have.mass * TOLERANCES["process"] // BILLION
        require(lost <= min(water + slack, have.mass - inside), "mass.not-water")
        left = have.mass - lost
        lot.matter = Matter(
            take(have.origins, left),
            None if have.dry is None else min(have.dry, left),
            have.pieces if left or have.pieces is None else 0,
            max(have.anchor - lost, 0),
            have.metals,
        )

    def _fill(self, name: str, event: dict[str, Any], parts: list[tuple[Matter, Lot]]) -> Lot:
        whole = parts[0][0]
        for part, _ in parts[1:]:
            whole = join(whole, part)
            require(whole.mass <= LARGEST, "mass.too-large")
        basis = "wet" if any(source.basis == "wet" for _, source in parts) else "dry"
        lot = self._begin(name, event["by"], basis, whole)
        lot.model = max(source.model for _, source in parts)
        return lot

    def _done(self, lot: Lot, *, apart: bool = False) -> None:
        require(lot.matter.mass > 0, "mass.empty")
        if lot.basis == "dry":
            lot.matter.dry = lot.matter.mass
        lot.model = degraded(lot.matter, lot.model, apart)

    def _nothing_left(self, lot: Lot, whole: Matter) -> None:
        require(not lot.matter.mass, "mass.not-conserved")
        require(not lot.matter.pieces, "pieces.not-conserved")
        for name, left in sorted((lot.matter.metals or {}).items()):
            start = (whole.metals or {}).get(name, Metal({}, 0)).mass
            if left.mass > Fraction(start * TOLERANCES["process"], BILLION):
                self.noted.append("mass.element-unaccounted")
        lot.matter = Matter()

    # --- beginnings --------------------------------------------------------------------

    def _gain(self, event: dict[str, Any], origin: str) -> None:
        mass, basis = event["mass"], event["basis"]
        dry = dry_of(mass, basis, event.get("moisture"))
        metals = None
        if event.get("grades"):
            found = metal(dry or 0, event["grades"])
            require(sum(found.values()) <= mass, "mass.content-exceeds-mass")
            metals = {name: Metal(add({origin: m}), m) for name, m in found.items()}
        matter = Matter({origin: mass}, dry, event.get("pieces"), mass, metals)
        self._begin(event["lot"], event["by"], basis, matter)

    def _lot_extracted(self, event: dict[str, Any], event_id: str) -> None:
        require(event["lot"] not in self.lots, "lot.exists")
        require(event["site"] in self.sites, "site.unknown")
        self._gain(event, f"mined-{event['method']}||{event['site']}")

    def _lot_declared(self, event: dict[str, Any], event_id: str) -> None:
        self._gain(event, f"{event['origin']}|{event.get('country', '')}|")

    # --- shape -------------------------------------------------------------------------

    def _lots_blended(self, event: dict[str, Any], event_id: str) -> None:
        require(event["lot"] not in self.lots, "lot.exists")
        parts = []
        for line in event["inputs"]:
            require(line["lot"] != event["lot"], "lot.opened-here")
            parts.append(self._draw(line["lot"], event, line.get("mass"), line.get("pieces")))
        lot = self._fill(event["lot"], event, parts)
        for line in event.get("losses", ()):
            self._lose(lot, line)
        require(event.get("mass", lot.matter.mass) == lot.matter.mass, "mass.not-conserved")
        self._done(lot)

    def _lots_packed(self, event: dict[str, Any], event_id: str) -> None:
        require(event["lot"] not in self.lots, "lot.exists")
        parts = [self._draw(name, event, None, None) for name in event["inputs"]]
        self._done(self._fill(event["lot"], event, parts), apart=True)

    def _lot_split(self, event: dict[str, Any], event_id: str) -> None:
        made = []
        require(event["lot"] in self.lots, "lot.unknown")
        whole = copy.deepcopy(self.lots[event["lot"]].matter)
        for line in event["parts"]:
            require(line["lot"] not in self.lots, "lot.exists")
            part = self._draw(event["lot"], event, line.get("mass"), line.get("pieces"))
            made.append(self._fill(line["lot"], event, [part]))
        source = self.lots[event["lot"]]
        for line in event.get("losses", ()):
            self._lose(source, line)
        self._nothing_left(source, whole)
        for lot in made:
            self._done(lot)

    def _lot_refined(self, event: dict[str, Any], event_id: str) -> None:
        source = self._at_hand(event["lot"], event)
        whole = copy.deepcopy(source.matter)
        beyond: dict[str, int] = {}
        losses = event.get("losses", [])
        for line in losses:
            if line["reason"] == "moisture":
                self._lose(source, line)
        for stated in (True, False):
            for out in event["outputs"]:
                if (composition(out) is not None) is stated:
                    self._output(event, source, out, whole, beyond)
            for line in losses:
                if line["reason"] != "moisture" and ("contents" in line) is stated:
                    self._created(source, as_metal(line.get("contents")), whole, beyond)
                    self._lose(source, line)
        self._nothing_left(source, whole)

    def _output(
        self,
        event: dict[str, Any],
        source: Lot,
        out: dict[str, Any],
        whole: Matter,
        beyond: dict[str, int],
    ) -> None:
        require(out["lot"] not in self.lots, "lot.exists")
        require(not source.holds, "lot.on-hold")
        stated, added = composition(out), out.get("added", 0)
        drawn_mass = out["mass"] - added
        require(drawn_mass <= source.matter.mass, "mass.overdrawn")
        inside = sum((stated or {}).values())
        require(inside <= drawn_mass, "mass.content-exceeds-mass")
        self._created(source, stated, whole, beyond)
        part = self._out(source, drawn_mass, None, stated)
        if added:
            part = join(part, Matter({UNKNOWN: added}, None, None, added, {}))
        lot = self._begin(out["lot"], event["by"], out["basis"], part)
        lot.model = source.model
        dry = dry_of(out["mass"], out["basis"], out.get("moisture"))
        lot.matter.dry = lot.matter.dry if dry is None else dry
        lot.matter.pieces = out.get("pieces")
        self._done(lot)

    def _created(
        self, source: Lot, stated: dict[str, int] | None, whole: Matter, beyond: dict[str, int]
    ) -> None:
        if stated is None or source.matter.metals is None:
            return
        for name, amount in stated.items():
            here = source.matter.metals.get(name, Metal({}, 0)).mass
            start = (whole.metals or {}).get(name, Metal({}, 0)).mass
            if amount > here:
                beyond[name] = beyond.get(name, 0) + amount - here
                limit = Fraction(start * TOLERANCES["process"], BILLION)
                require(beyond[name] <= limit, "mass.element-created")

    def _product_made(self, event: dict[str, Any], event_id: str) -> None:
        require(event["product"] not in self.lots, "lot.exists")
        parts = []
        for line in event["components"]:
            pieces = line["per_unit"] * event["units"] if "per_unit" in line else None
            parts.append(self._draw(line["lot"], event, line.get("mass"), pieces))
        lot = self._fill(event["product"], event, parts)
        lot.matter.pieces = event["units"]
        self._done(lot)

    def _lot_retired(self, event: dict[str, Any], event_id: str) -> None:
        lot = self._at_hand(event["lot"], event)
        self._out(lot, event.get("mass"), event.get("pieces"), None)

    # --- measurement -------------------------------------------------------------------

    def _figure(
        self,
        lot: Lot,
        leg: str,
        mass: int | None,
        basis: str | None,
        moisture: int | None,
        grades: list[dict[str, Any]],
    ) -> None:
        weight = lot.matter.mass if mass is None else mass
        names = [line["analyte"] for line in grades]
        require(len(set(names)) == len(names), "mass.content-twice")
        dry = dry_afterwards(lot, weight, basis or lot.basis, moisture)
        if mass is None and moisture is None:
            dry = lot.matter.dry
        require(not grades or dry is not None, "assay.moisture-missing")
        require(sum(g["grade"] for g in grades) <= BILLION, "mass.content-exceeds-mass")
        codes: list[str] = []
        if mass is not None or (moisture is not None and lot.basis == "wet"):
            # What serves a laboratory or a process serves no scale.
            leg = "default" if leg in ("assay", "process") else leg
            limit = TOLERANCES.get(leg, TOLERANCES["default"])
            codes += weigh(lot, weight, basis or lot.basis, moisture, limit)
        if grades:
            codes += assay(lot, grades, TOLERANCES["assay"])
            metals = lot.matter.metals or {}
            inside = sum(one.mass for one in metals.values())
            fits = inside <= (lot.matter.dry or 0) + len(metals)
            require(fits, "mass.content-exceeds-mass")
        lot.model = degraded(lot.matter, lot.model, apart=True, codes=codes)
        self.noted += codes

    def _lot_weighed(self, event: dict[str, Any], event_id: str) -> None:
        lot = self._at_hand(event["lot"], event)
        moisture = event.get("moisture")
        self._figure(lot, event["instrument"], event["mass"], event["basis"], moisture, [])

    def _lot_assayed(self, event: dict[str, Any], event_id: str) -> None:
        lot = self._at_hand(event["lot"], event)
        self._figure(lot, "assay", None, None, event.get("moisture"), event["grades"])

    def _lot_adjusted(self, event: dict[str, Any], event_id: str) -> None:
        lot = self._at_hand(event["lot"], event)
        if "lost" in event:
            self._lose(lot, {"reason": event["reason"], "mass": event["lost"]})
            return
        moisture = event.get("moisture")
        self._figure(lot, "stock-count", event["counted"], event["basis"], moisture, [])

    # --- custody -----------------------------------------------------------------------

    def _custody_dispatched(self, event: dict[str, Any], event_id: str) -> None:
        for line in event["lots"]:
            lot = self._at_hand(line["lot"], event)
            require(lot.holder == event["by"], "custody.not-giver")
            require(event["to"] in self.parties, "party.unknown")
            require(event["to"] not in self.suspended, "party.suspended")
            require(event["to"] != event["by"], "custody.to-self")
            require(not lot.holds, "lot.on-hold")
            if "mass" in line:
                self._figure(lot, "dispatch", line["mass"], lot.basis, None, [])
            lot.state, lot.taker, lot.dispatch = "in-transit", event["to"], event_id

    def _on_the_way(self, name: str, dispatch: str) -> Lot:
        require(name in self.lots, "lot.unknown")
        lot = self.lots[name]
        require(lot.state == "in-transit", "custody.not-in-transit")
        require(lot.dispatch == dispatch, "custody.dispatch-mismatch")
        self._touched.add(name)
        return lot

    def _custody_received(self, event: dict[str, Any], event_id: str) -> None:
        for line in event["lots"]:
            lot = self._on_the_way(line["lot"], event["dispatch"])
            require(lot.taker == event["by"], "custody.not-taker")
            require(lot.holder == event["giver"], "custody.not-giver")
            self._back(lot, event["by"])
            leg = event.get("instrument", "reception")
            grades = line.get("grades", [])
            self._figure(lot, leg, line["mass"], line["basis"], line.get("moisture"), grades)

    def _custody_rejected(self, event: dict[str, Any], event_id: str) -> None:
        for name in event["lots"]:
            lot = self._on_the_way(name, event["dispatch"])
            require(lot.taker == event["by"], "custody.not-taker")
            self._back(lot, lot.holder)

    def _custody_cancelled(self, event: dict[str, Any], event_id: str) -> None:
        for name in event["lots"]:
            lot = self._on_the_way(name, event["dispatch"])
            require(lot.holder == event["by"], "custody.not-giver")
            self._back(lot, lot.holder)

    def _back(self, lot: Lot, holder: str) -> None:
        lot.holder, lot.state, lot.taker, lot.dispatch = holder, "held", "", ""

    # --- holds, corrections, parties ---------------------------------------------------

    def _lot_held(self, event: dict[str, Any], event_id: str) -> None:
        for name in event["lots"]:
            require(name in self.lots, "lot.unknown")
            lot = self.lots[name]
            may = event["by"] in self.authorities or event["by"] == lot.holder
            require(may, "custody.not-holder")
            lot.holds.add(event["by"])

    def _lot_released(self, event: dict[str, Any], event_id: str) -> None:
        for name in event["lots"]:
            require(name in self.lots, "lot.unknown")
            lot = self.lots[name]
            require(event["by"] in lot.holds, "lot.not-on-hold")
            lot.holds.discard(event["by"])

    def _event_voided(self, event: dict[str, Any], event_id: str) -> None:
        copies: dict[str, Lot | None] = {}
        for name in event["lots"]:
            require(name in self.lots, "lot.unknown")
            require(self.lots[name].holder == event["by"], "custody.not-holder")
            last, before = self.last[name]
            require(last == event["event"], "event.built-upon")
            require(before is not None, "event.not-voidable")
            copies = before or {}
            require(len(copies) == len(event["lots"]), "event.voided-in-part")
        for name in event["lots"]:
            self._touched.add(name)
            now, was = self.lots[name], copies[name]
            if was is None:
                now.matter, now.state = Matter(), "closed"
            else:
                self.lots[name] = copy.deepcopy(was)
                self.lots[name].holds = now.holds

    def _party_suspended(self, event: dict[str, Any], event_id: str) -> None:
        require(event["party"] in self.parties, "party.unknown")
        self.suspended.add(event["party"])


LASTING = {
    "custody.dispatched",
    "custody.received",
    "custody.rejected",
    "custody.cancelled",
    "event.voided",
}


def as_metal(contents: list[dict[str, Any]] | None) -> dict[str, int] | None:
    if contents is None:
        return None
    return {line["element"]: line["mass"] for line in contents}


def composition(out: dict[str, Any]) -> dict[str, int] | None:
    """What an output contains, if it is said."""
    if "contents" in out:
        return as_metal(out["contents"])
    dry = dry_of(out["mass"], out["basis"], out.get("moisture"))
    if not out.get("grades") or dry is None:
        return None
    return metal(dry, out["grades"])
