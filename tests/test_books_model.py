"""Random events, legal and not, against the slow twin: same refusals, same balances, same shares.

Each run is a ledger of its own. Whatever was accepted must then be found sound by a full
verification, and the tables made anew must say the same as the ones that grew.
"""

from __future__ import annotations

import copy
import shutil
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from actors import (
    AUTHORITY,
    KEYS,
    MEMORY,
    MINE,
    ROLES,
    SMELTER,
    TRADER,
    World,
    adjusted,
    assayed,
    blended,
    cancelled,
    component,
    declared,
    dispatched,
    event,
    extracted,
    made,
    output,
    packed,
    received,
    refined,
    rejected,
    retired,
    split,
    weighed,
)
from ledger.custody.books import Lot
from ledger.errors import RefusedError
from ledger.events import Event, decode, event_id
from ledger.events.base import Draw, LossLine
from ledger.log import canonical
from ledger.values import BILLION, MAX_INTEGER, Content, Grade
from reference import Twin

HOLDERS = (MINE, TRADER, SMELTER)
INSTRUMENTS = ("hand-scale", "weighbridge", "bullion", "spring-balance")


class Dice:
    """Choices that follow from one number; `slip` is how seldom something is plainly wrong."""

    def __init__(self, seed: int, slip: int) -> None:
        self.random = Random(f"dice {seed}")
        self.slip = slip

    def below(self, bound: int) -> int:
        return self.random.randrange(max(bound, 1))

    def one_in(self, bound: int) -> bool:
        return self.below(bound) == 0

    def slips(self) -> bool:
        return self.one_in(self.slip)

    def of(self, members: Any) -> Any:
        return members[self.below(len(members))]


class Tellers:
    """Events about the lots that there are, most of them plausible."""

    def __init__(self, lots: dict[str, Any], dice: Dice, count: int) -> None:
        self.lots, self.dice, self.count = lots, dice, count

    def lot(self) -> str:
        names = [name for name, lot in self.lots.items() if lot.state == "held"]
        if self.dice.slips():
            names = [*self.lots, "NONE"]
        return str(self.dice.of(names or ["NONE"]))

    def new(self) -> str:
        if self.lots and self.dice.slips():
            return str(self.dice.of(sorted(self.lots)))
        self.count += 1
        return f"L{self.count}"

    def by(self, lot: str) -> str:
        if lot in self.lots and not self.dice.slips():
            return str(self.lots[lot].holder)
        return str(self.dice.of(HOLDERS))

    def near(self, figure: int) -> int:
        """A figure close to that, sometimes beyond every tolerance, never below one."""
        spread = self.dice.of((0, 1, 3, figure // 1000, figure // 50, figure // 4, figure))
        sign = self.dice.of((1, -1))
        return max(1, min(MAX_INTEGER, figure + sign * self.dice.below(spread + 1)))

    def mass_of(self, lot: str) -> int:
        return self.lots[lot].matter.mass if lot in self.lots else 100

    def part(self, lot: str) -> int:
        have = self.mass_of(lot)
        if self.dice.slips():
            return have + self.dice.below(3)
        return max(1, self.dice.below(have // self.dice.of((1, 2, 4)) + 1))

    def grades(self) -> tuple[Grade, ...]:
        named = self.dice.of(((), ("Ta",), ("Ta2O5",), ("Nb2O5", "Ta2O5"), ("Sn", "Ta")))
        most = self.dice.of((1000, BILLION // 4, BILLION // 2, BILLION))
        return tuple(Grade(name, self.dice.below(most + 1)) for name in named)

    def size(self) -> int:
        return int(1 + self.dice.below(self.dice.of((3, 20, 1000, 10**6 + 3, 10**9, MAX_INTEGER))))

    def wetness(self) -> dict[str, Any]:
        if self.dice.one_in(3):
            return {"basis": "dry"}
        if self.dice.one_in(3):
            return {"basis": "wet"}
        return {"basis": "wet", "moisture": self.dice.below(BILLION // 2)}

    def loss(self, lot: str) -> LossLine:
        reason = self.dice.of(("moisture", "spill", "tailings"))
        return LossLine(reason, self.dice.below(self.mass_of(lot) // 3 + 2))

    # --- the events --------------------------------------------------------------------

    def beginning(self) -> Event:
        wet = self.wetness()
        grades = self.grades() if wet["basis"] == "dry" or "moisture" in wet else ()
        fields = {**wet, "grades": grades, "by": self.dice.of(HOLDERS)}
        if self.dice.one_in(3):
            fields["pieces"] = 1 + self.dice.below(self.dice.of((2, 30, 10**6)))
        if self.dice.one_in(4):
            fields["origin"] = self.dice.of(("legacy", "unknown"))
            return declared(self.new(), self.size(), **fields)
        fields["site"] = "NONE" if self.dice.slips() else self.dice.of(("RW-GIH", "CD-RUB"))
        fields["method"] = self.dice.of(("asm", "lsm"))
        return extracted(self.new(), self.size(), **fields)

    def weighing(self) -> Event:
        lot = self.lot()
        fields = {**self.wetness(), "instrument": self.dice.of(INSTRUMENTS)}
        return weighed(lot, self.near(self.mass_of(lot)), by=self.by(lot), **fields)

    def assay(self) -> Event:
        lot = self.lot()
        fields: dict[str, Any] = {}
        if self.dice.one_in(2):
            fields["moisture"] = self.dice.below(BILLION // 2)
        grades = self.grades() or (Grade("Ta", self.dice.below(BILLION)),)
        return assayed(lot, holder=self.by(lot), grades=grades, **fields)

    def adjustment(self) -> Event:
        lot = self.lot()
        if self.dice.one_in(3):
            fields = {**self.wetness(), "counted": self.near(self.mass_of(lot))}
            return adjusted(lot, "stock-count", by=self.by(lot), **fields)
        reason = self.dice.of(("moisture", "spill", "theft"))
        lost = max(1, self.part(lot) // self.dice.of((1, 2, 10)))
        return adjusted(lot, reason, by=self.by(lot), lost=lost)

    def draw(self, lot: str) -> Draw:
        if self.dice.one_in(3):
            return Draw(lot)
        known = lot in self.lots and self.lots[lot].matter.pieces
        if known and self.dice.one_in(2):
            return Draw(lot, pieces=1 + self.dice.below(known + self.dice.below(2)))
        return Draw(lot, mass=self.part(lot))

    def blend(self) -> Event:
        first = self.lot()
        by = self.by(first)
        own = [n for n, lot in self.lots.items() if lot.holder == by and lot.state == "held"]
        names = [first, *(self.dice.of(own or [first]) for _ in range(self.dice.below(4)))]
        names = names if self.dice.slips() else list(dict.fromkeys(names))
        fields: dict[str, Any] = {}
        if self.dice.one_in(4):
            fields["losses"] = (self.loss(first),)
        if self.dice.slips():
            whole = sum(self.mass_of(name) for name in names)
            fields["mass"] = max(1, min(MAX_INTEGER, whole))
        return blended(self.new(), *(self.draw(name) for name in names), by=by, **fields)

    def packing(self) -> Event:
        first = self.lot()
        by = self.by(first)
        own = [n for n, lot in self.lots.items() if lot.holder == by and lot.state == "held"]
        names = dict.fromkeys([first, *(self.dice.of(own or [first]) for _ in range(2))])
        return packed(self.new(), *names, by=by)

    def division(self) -> Event:
        lot = self.lot()
        parts = [Draw(self.new(), mass=self.part(lot)) for _ in range(self.dice.below(3))]
        if self.dice.one_in(2):
            known = lot in self.lots and self.lots[lot].matter.pieces
            parts = [Draw(self.new(), pieces=1 + self.dice.below(known))] if known else parts[:1]
        losses = [self.loss(lot)] if self.dice.one_in(3) else []
        if not self.dice.one_in(6):
            parts.append(Draw(self.new()))
        else:
            left = self.mass_of(lot) - sum(part.mass or 0 for part in parts)
            parts.append(Draw(self.new(), mass=max(1, left)))
        return split(lot, *parts, by=self.by(lot), losses=losses)

    def process(self) -> Event:
        lot = self.lot()
        left = self.mass_of(lot)
        losses = [self.loss(lot) for _ in range(self.dice.below(3))]
        left -= sum(line.mass for line in losses)
        outputs = []
        for last in (False, True) if self.dice.one_in(2) else (True,):
            drawn = left if last else self.dice.below(max(left, 1))
            left -= drawn
            added = self.dice.below(max(drawn, 1)) // 3 if self.dice.one_in(4) else 0
            fields = {**self.wetness(), "added": added}
            mass = min(MAX_INTEGER, max(1, drawn) + added)
            kind = self.dice.below(4)
            if kind == 1:
                known = (self.lots[lot].matter.metals or {}) if lot in self.lots else {}
                have = known["Ta"].mass if "Ta" in known else mass // 3
                fields["contents"] = (Content("Ta", self.near(have) if have else 0),)
            elif kind == 2 and (fields["basis"] == "dry" or "moisture" in fields):
                fields["grades"] = (Grade("Ta2O5", self.dice.below(BILLION)),)
            if self.dice.one_in(5):
                fields["pieces"] = 1 + self.dice.below(9)
            outputs.append(output(self.new(), mass, **fields))
        return refined(lot, *outputs, by=self.by(lot), losses=losses)

    def manufacture(self) -> Event:
        units = 1 + self.dice.below(self.dice.of((2, 9, 1000)))
        first = self.lot()
        by = self.by(first)
        own = [n for n, lot in self.lots.items() if lot.holder == by and lot.state == "held"]
        names = dict.fromkeys([first, *(self.dice.of(own or [first]) for _ in range(2))])
        parts = []
        for name in names:
            known = name in self.lots and self.lots[name].matter.pieces
            if known and self.dice.one_in(2):
                parts.append(component(name, per_unit=max(1, known // units)))
            elif self.dice.one_in(2):
                parts.append(component(name, mass=self.part(name)))
            else:
                parts.append(component(name))
        return made(self.new(), units, *parts, by=by)

    def retirement(self) -> Event:
        lot = self.lot()
        draw = self.draw(lot)
        return retired(lot, by=self.by(lot), mass=draw.mass, pieces=draw.pieces)

    def dispatch(self) -> Event:
        lot = self.lot()
        by = self.by(lot)
        own = [n for n, one in self.lots.items() if one.holder == by and one.state == "held"]
        names = dict.fromkeys([lot, *(self.dice.of(own or [lot]) for _ in range(2))])
        to = self.dice.of([party for party in HOLDERS if party != by])
        to = self.dice.of((by, "none.example")) if self.dice.slips() else to
        sent = [(n, self.near(self.mass_of(n))) if self.dice.one_in(4) else n for n in names]
        return dispatched(*sent, to=to, by=by)

    def arrival(self) -> Event:
        going = [name for name, lot in self.lots.items() if lot.state == "in-transit"]
        if not going and not self.dice.slips():
            return self.dispatch()
        name = str(self.dice.of(going)) if going else self.lot()
        lot = self.lots.get(name)
        taker = lot.taker if lot and not self.dice.slips() else self.dice.of(HOLDERS)
        giver = lot.holder if lot and not self.dice.slips() else self.dice.of(HOLDERS)
        dispatch = lot.dispatch if lot and not self.dice.slips() else ""
        dispatch, taker = dispatch or "00" * 32, taker or TRADER
        if self.dice.one_in(6):
            return rejected(dispatch, name, by=taker)
        if self.dice.one_in(6):
            return cancelled(dispatch, name, by=giver)
        fields: dict[str, Any] = {}
        if self.dice.one_in(2):
            fields = {"moisture": self.dice.below(BILLION // 3), "grades": self.grades()}
        basis = self.lots[name].basis if lot else "wet"
        if self.dice.one_in(3):
            basis = self.dice.of(("wet", "dry"))
        mass = self.near(self.mass_of(name))
        return received(dispatch, (name, mass), by=taker, giver=giver, basis=basis, **fields)

    def hold(self) -> Event:
        lot = self.lot()
        by = self.dice.of((AUTHORITY, AUTHORITY, self.by(lot)))
        held = [(name, by) for name, one in self.lots.items() for by in sorted(one.holds)]
        if held and not self.dice.slips():
            lot, by = self.dice.of(held)
        kind = "lot.released" if held or self.dice.slips() else "lot.held"
        return event(kind, by, lots=(lot,), reason="doubt")

    def correction(self, last: dict[str, tuple[str, Any]]) -> Event:
        lot = self.lot()
        one, before = last.get(lot, ("00" * 32, None))
        lots = tuple(sorted(before or {lot}))
        if self.dice.slips():
            lots = (lot,)
        return event("event.voided", self.by(lot), event=one, lots=lots, reason="typo")


KINDS = [
    *["beginning"] * 3,
    *["blend", "division", "process", "dispatch", "arrival"] * 2,
    *["weighing", "assay", "adjustment", "packing", "manufacture", "retirement", "hold"],
    "correction",
]
seeds = st.integers(0, 10**9)


class BooksMachine(RuleBasedStateMachine):
    """One ledger, one twin, and everything that is told to both."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY))
        self.world = World(self.folder / "ledger.db").settle()
        self.twin = Twin(set(ROLES), {"RW-GIH", "CD-RUB"}, {AUTHORITY})
        self.count = 0
        self.found: Counter[str] = Counter()
        self.hear([self.imagined("beginning", seed, slip=10**9) for seed in range(6)])

    def imagined(self, kind: str, seed: int, slip: int = 25) -> Event:
        tellers = Tellers(self.twin.lots, Dice(seed, slip), self.count)
        one = (
            tellers.correction(self.twin.last) if kind == "correction" else getattr(tellers, kind)()
        )
        self.count = tellers.count + 1
        return msgspec.structs.replace(one, remark=f"{self.count}")

    @rule(kind=st.sampled_from(KINDS), seed=seeds)
    def tell(self, kind: str, seed: int) -> None:
        one = self.imagined(kind, seed)
        others = {party for party in HOLDERS if party != one.by}
        self.hear([one], signed=others if seed % 50 == 1 else None)

    @rule(kinds=st.lists(st.sampled_from(KINDS), min_size=2, max_size=4), seed=seeds)
    def tell_together(self, kinds: list[str], seed: int) -> None:
        self.hear([self.imagined(kind, seed + at, slip=60) for at, kind in enumerate(kinds)])

    def hear(self, events: list[Event], signed: set[str] | None = None) -> None:
        named = {party for one in events for party in (one.by, *one.cosigners)}
        signed = named if signed is None else signed
        ledger = self.world.ledger
        before = {lot.lot: lot for lot in ledger.lots()}
        statement = ledger.draft(events).signed(*(KEYS[name] for name in sorted(signed)))
        expected, noted = self.heard(statement.events, signed)
        try:
            receipt = ledger.register(statement)
        except RefusedError as error:
            codes = [finding.code for finding in error.findings]
            assert expected in codes, f"{expected} is not in {codes}"
            assert {lot.lot: lot for lot in ledger.lots()} == before
            return
        assert expected is None, f"accepted what is {expected}"
        assert [finding.code for finding in receipt.findings] == noted
        self.found.update(noted)
        after = {lot.lot: lot for lot in ledger.lots()}
        assert plain(after) == self.plain_twin()
        conserved([decode(data) for data in statement.events], before, after)

    def heard(self, events: tuple[bytes, ...], signed: set[str]) -> tuple[str | None, list[str]]:
        """What the twin says of the events of a statement, which are heard all or not at all."""
        saved = copy.deepcopy((self.twin.lots, self.twin.last, self.twin.suspended))
        noted: list[str] = []
        for data in events:
            refusal = self.twin.hear(canonical.decode(data), event_id(data), signed)
            if refusal is not None:
                self.twin.lots, self.twin.last, self.twin.suspended = saved
                return refusal, []
            noted += self.twin.noted
        return None, noted

    def plain_twin(self) -> dict[str, Any]:
        return {
            name: (
                lot.holder,
                lot.basis if lot.state != "closed" else "",
                lot.state,
                lot.taker,
                lot.dispatch,
                lot.model,
                sorted(lot.holds),
                lot.matter.mass,
                lot.matter.dry,
                lot.matter.pieces,
                lot.matter.anchor,
                lot.matter.origins,
                None
                if lot.matter.metals is None
                else {
                    symbol: (one.mass, one.anchor, one.by_mass, one.origins)
                    for symbol, one in lot.matter.metals.items()
                },
            )
            for name, lot in self.twin.lots.items()
        }

    def teardown(self) -> None:
        try:
            assert Counter(self.world.sound().codes()) == self.found
            before = self.world.whole()
            self.world.ledger.rebuild()
            assert self.world.whole() == before
        finally:
            self.world.ledger.close()
            shutil.rmtree(self.folder)


def plain(lots: dict[str, Lot]) -> dict[str, Any]:
    return {
        name: (
            lot.holder,
            lot.basis if lot.state != "closed" else "",
            lot.state,
            lot.taker,
            lot.dispatch,
            lot.model,
            sorted({by for by, _ in lot.holds}),
            lot.amount.mass,
            lot.amount.dry,
            lot.amount.pieces,
            lot.amount.anchor,
            dict(lot.amount.origins),
            None
            if lot.amount.contents is None
            else {
                e.element: (e.mass, e.anchor, e.basis == "mass", dict(e.origins))
                for e in lot.amount.contents
            },
        )
        for name, lot in lots.items()
    }


SHAPES = {"lots.blended", "lots.packed", "lot.split", "product.made"}


def conserved(events: list[Event], before: dict[str, Lot], after: dict[str, Lot]) -> None:
    """What only divides and joins changes no sum, by origin; and every vector adds up."""
    for lot in after.values():
        assert sum(mass for _, mass in lot.amount.origins) == lot.amount.mass
        assert all(mass > 0 for _, mass in lot.amount.origins)
        for element in lot.amount.contents or ():
            assert sum(mass for _, mass in element.origins) == element.mass
            assert element.mass >= 0
    if all(one.type in SHAPES and not getattr(one, "losses", ()) for one in events):
        assert by_origin(before) == by_origin(after)


def by_origin(lots: dict[str, Lot]) -> Counter[str]:
    total: Counter[str] = Counter()
    for lot in lots.values():
        total.update(dict(lot.amount.origins))
    return total


def campaign(runs: int, steps: int, *phases: Phase) -> None:
    run_state_machine_as_test(
        BooksMachine,
        settings=settings(
            max_examples=runs,
            stateful_step_count=steps,
            phases=phases or tuple(Phase),
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_random_events_are_judged_and_booked_as_by_the_twin() -> None:
    # A failure is shrunk by the long test only: that takes minutes.
    campaign(50, 30, Phase.generate)


@pytest.mark.long
def test_many_random_events_are_judged_and_booked_as_by_the_twin() -> None:
    campaign(300, 40)
