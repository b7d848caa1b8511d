"""A trade without end, signed beforehand: the load of the benchmarks.

    firms      each with a key, a pit and a plant of its own
    events     42 % dug, 33 % blended, refined or split, 20 % sent or received, 5 % a paper pinned
    lots       a graph with partial draws; names in the order of time
    statements of N events, all by one firm and signed by it

The generator keeps a small model of what lies where (mass, holder, head), so that every
event it makes is one that the rules accept; it forgets what has lain long, so its memory
does not grow. The same seed gives the same bytes. Signing is the firms' work, not the
ledger's: statements are made before anything is timed.
"""

from __future__ import annotations

import random
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from pathlib import Path

import msgspec

from ledger.custody.statement import Statement
from ledger.events import Event, encode, event_id
from ledger.events.base import Draw, LossLine
from ledger.events.custody_dispatched import CustodyDispatched, Sent
from ledger.events.custody_received import CustodyReceived, Received
from ledger.events.document_attached import DocumentAttached
from ledger.events.lot_extracted import LotExtracted
from ledger.events.lot_refined import LotRefined, Output
from ledger.events.lot_split import LotSplit
from ledger.events.lots_blended import LotsBlended
from ledger.events.party_admitted import PartyAdmitted
from ledger.events.site_registered import SiteRegistered
from ledger.ledger import Ledger
from ledger.log.note import Signer
from ledger.values import Grade

__all__ = ["Batch", "Clock", "Trade", "begin", "pyramid"]

BEGINS = 1_767_600_000
"""Monday 5 January 2026, 08:00 UTC."""

SECONDS = 20
"""From one event to the next: a scheme of some 1.6 million events a year."""

FIRMS = 64
ORIGIN = "bench.example/trail"
MATERIALS = ("cassiterite ore", "tin concentrate", "crude tin", "refined tin")
SHARES = {
    "dig": 0.42,
    "blend": 0.15,
    "refine": 0.10,
    "split": 0.08,
    "send": 0.10,
    "receive": 0.10,
    "pin": 0.05,
}
KILOGRAM = 1_000_000
_KEPT = 60
"""Lots that a firm remembers of each material; older ones lie in its store for good."""


def seed_of(name: str) -> bytes:
    """The key of a party, from its name: a real key that nobody keeps secret."""
    return sha256(f"oretrail benchmark key\n{name}".encode()).digest()


def signer(name: str) -> Signer:
    return Signer(name, seed_of(name))


GOVERNANCE = signer("governance/1")
LOG = signer(ORIGIN)


def spelled(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


class Clock:
    """The ledger's clock, set by whoever registers: the trade's time, not the machine's."""

    def __init__(self) -> None:
        self.now = BEGINS

    def __call__(self) -> int:
        return self.now


class Batch(msgspec.Struct, frozen=True):
    """A signed statement, and when it reaches the ledger."""

    when: int
    statement: Statement


class Lying(msgspec.Struct):
    """A lot as the generator knows it."""

    name: str
    mass: int
    head: str
    tier: int


class Firm(msgspec.Struct):
    """A party: it digs, works, sends and receives."""

    signer: Signer
    lots: list[deque[Lying]]
    arriving: deque[tuple[str, str, list[Lying]]]
    """(dispatch, giver, lots) on the way here."""

    @property
    def name(self) -> str:
        return self.signer.name


def begin(
    place: Path | str, clock: Callable[[], int] | None = None, firms: int = FIRMS
) -> tuple[Ledger, Clock]:
    """A new ledger at a path or a database's URL, with every firm, pit and plant in it."""
    own = Clock()
    ledger = Ledger.create(
        place,  # type: ignore[arg-type, unused-ignore]
        origin=ORIGIN,
        name="benchmark",
        governance=[GOVERNANCE],
        threshold=1,
        log_key=LOG.verifier.vkey,
        clock=clock or own,
    )
    for number in range(firms):
        name = firm_name(number)
        ledger.record(_admission(number, name), GOVERNANCE, signer(name))
    return ledger, own


def firm_name(number: int) -> str:
    return f"firm-{number:03}.example"


def _admission(number: int, name: str) -> list[Event]:
    country = ("RW", "CD", "UG", "BI")[number % 4]
    shared = {"by": "governance", "occurred_at": spelled(BEGINS)}
    return [
        PartyAdmitted(
            **shared,
            party=name,
            name=f"Firm {number}",
            roles=("miner", "refiner"),
            key=signer(name).verifier.vkey,
            country=country,
        ),
        SiteRegistered(
            **shared, site=f"PIT-{number:03}", name="Pit", kind="mine-asm", country=country
        ),
        SiteRegistered(
            **shared, site=f"PLANT-{number:03}", name="Plant", kind="smelter", country=country
        ),
    ]


class Trade:
    """Statements without end: `statements(events, per)`.

    Of all firms, or of a few: a firm alone sends nothing, so that what it does hangs on
    nobody else's statements.
    """

    def __init__(self, ledger: str, seed: int = 1, firms: Sequence[int] = range(FIRMS)) -> None:
        self._ledger = ledger
        self._dice = random.Random(seed)
        self._firms = [
            Firm(signer(firm_name(number)), [deque() for _ in MATERIALS], deque())
            for number in firms
        ]
        self._numbers = {firm_name(number): number for number in firms}
        self._series = f"L26-{firms[0]:03}" if len(firms) == 1 else "L26"
        self._now = BEGINS + 60
        self._made = 0
        self._lots = 0
        self._done = dict.fromkeys(SHARES, 0)
        self._ways = {
            "dig": self._dig,
            "blend": self._blend,
            "refine": self._refine,
            "split": self._split,
            "send": self._send,
            "receive": self._receive,
            "pin": self._pin,
        }

    def statements(self, events: int, per: int = 1) -> Iterator[Batch]:
        """`events` events, `per` under each statement; the next call goes on from there."""
        left = events
        while left:
            firm = self._next_firm()
            data = []
            for _ in range(min(per, left)):
                self._now += SECONDS
                data.append(self._event(firm))
            left -= len(data)
            statement = Statement.draft(self._ledger, data).signed(firm.signer)
            yield Batch(self._now + 60, statement)

    def _next_firm(self) -> Firm:
        """Any firm; who has much on the way to it comes sooner."""
        chosen = self._dice.sample(self._firms, min(4, len(self._firms)))
        return max(chosen, key=lambda firm: len(firm.arriving))

    def _event(self, firm: Firm) -> bytes:
        """The event that is most wanting in the mix, of those that this firm can make."""
        self._made += 1
        lack = {
            kind: share * self._made - self._done[kind] + self._dice.random() * 4
            for kind, share in SHARES.items()
        }
        for kind in sorted(lack, key=lambda kind: -lack[kind]):
            data = self._ways[kind](firm)
            if data is not None:
                self._done[kind] += 1
                return data
        raise ValueError(f"{firm.name} can do nothing")

    # --- what a firm does --------------------------------------------------------------

    def _dig(self, firm: Firm) -> bytes:
        dice = self._dice
        lot = self._named(20 * KILOGRAM + dice.randrange(60 * KILOGRAM), 0)
        number = self._numbers[firm.name]
        return self._signed(
            firm,
            LotExtracted(
                by=firm.name,
                occurred_at=spelled(self._now),
                lot=lot.name,
                material=MATERIALS[0],
                mass=lot.mass,
                basis="wet",
                moisture=40_000_000 + dice.randrange(20_000_000),
                site=f"PIT-{number:03}",
                method="asm",
                grades=(Grade("Sn", 400_000_000 + dice.randrange(200_000_000)),),
                tags=(f"TAG-{lot.name}",),
                remark="weighed and sealed at the gate of the pit",
            ),
            [],
            [lot],
        )

    def _blend(self, firm: Firm) -> bytes | None:
        dice = self._dice
        tier = self._tier(firm, 2)
        if tier is None:
            return None
        inputs = self._taken(firm, tier, min(24, 2 + int(dice.expovariate(0.4))))
        draws = []
        for lot in inputs:
            # One draw in four is of a part, and the rest stays.
            part = dice.randrange(lot.mass // 4, lot.mass // 2) if dice.random() < 0.25 else None
            draws.append((lot, part or lot.mass))
        made = self._named(sum(mass for _, mass in draws), tier)
        event = LotsBlended(
            by=firm.name,
            occurred_at=spelled(self._now),
            lot=made.name,
            material=MATERIALS[tier],
            inputs=tuple(Draw(lot.name, mass if mass < lot.mass else None) for lot, mass in draws),
            mass=made.mass,
            after=_heads(inputs),
        )
        left = []
        for lot, mass in draws:
            lot.mass -= mass
            left += [lot] if lot.mass else []
        return self._signed(firm, event, left, [made])

    def _refine(self, firm: Firm) -> bytes | None:
        dice = self._dice
        tier = self._tier(firm, 1)
        if tier is None or tier == len(MATERIALS) - 1:
            return None
        # What was blended goes into the furnace before what was not.
        lot = max(firm.lots[tier], key=lambda lot: lot.mass)
        firm.lots[tier].remove(lot)
        product = lot.mass * dice.randrange(60, 80) // 100
        residue = (lot.mass - product) // 2
        made = [self._named(product, tier + 1), self._named(residue, tier)]
        roles = ("product", "residue")
        number = self._numbers[firm.name]
        event = LotRefined(
            by=firm.name,
            occurred_at=spelled(self._now),
            lot=lot.name,
            process="washing" if tier == 0 else "smelting",
            facility=f"PLANT-{number:03}",
            outputs=tuple(
                Output(one.name, MATERIALS[one.tier], one.mass, "wet", role)  # type: ignore[arg-type]
                for one, role in zip(made, roles, strict=True)
            ),
            losses=(LossLine("tailings", lot.mass - product - residue),),
            after=_heads([lot]),
        )
        # Nobody works a residue of a few kilograms again.
        return self._signed(firm, event, [], made[:1] if residue < 5 * KILOGRAM else made)

    def _split(self, firm: Firm) -> bytes | None:
        tier = self._tier(firm, 1)
        if tier is None:
            return None
        (lot,) = self._taken(firm, tier, 1)
        first = lot.mass * self._dice.randrange(30, 70) // 100
        parts = [self._named(first, tier), self._named(lot.mass - first, tier)]
        event = LotSplit(
            by=firm.name,
            occurred_at=spelled(self._now),
            lot=lot.name,
            parts=tuple(Draw(part.name, part.mass) for part in parts),
            material=MATERIALS[tier],
            after=_heads([lot]),
        )
        return self._signed(firm, event, [], [part for part in parts if part.mass > 4 * KILOGRAM])

    def _send(self, firm: Firm) -> bytes | None:
        dice = self._dice
        tier = self._tier(firm, 1)
        if tier is None or len(self._firms) == 1:
            return None
        lots = self._taken(firm, tier, 1 + dice.randrange(3))
        taker = dice.choice([one for one in self._firms if one is not firm])
        event = CustodyDispatched(
            by=firm.name,
            occurred_at=spelled(self._now),
            to=taker.name,
            lots=tuple(Sent(lot.name, lot.mass) for lot in lots),
            carrier="Road Freight Ltd",
            mode="road",
            waybill=f"CMR-{self._now}",
            after=_heads(lots),
        )
        data = encode(event)
        head = event_id(data)
        for lot in lots:
            lot.head = head
        taker.arriving.append((head, firm.name, lots))
        return data

    def _receive(self, firm: Firm) -> bytes | None:
        if not firm.arriving:
            return None
        dispatch, giver, lots = firm.arriving.popleft()
        event = CustodyReceived(
            by=firm.name,
            occurred_at=spelled(self._now),
            dispatch=dispatch,
            giver=giver,
            lots=tuple(Received(lot.name, lot.mass, "wet") for lot in lots),
            seals="intact",
            after=_heads(lots),
        )
        return self._signed(firm, event, lots, [])

    def _pin(self, firm: Firm) -> bytes | None:
        tier = self._tier(firm, 1)
        if tier is None:
            return None
        lot = self._dice.choice(firm.lots[tier])
        return encode(
            DocumentAttached(
                by=firm.name,
                occurred_at=spelled(self._now),
                subject=f"lot:{lot.name}",
                digest=self._dice.randbytes(32).hex(),
                kind="weighbridge-ticket",
                title=f"ticket of lot {lot.name}",
                media_type="application/pdf",
            )
        )

    # --- the model of what lies where ----------------------------------------------------

    def _named(self, mass: int, tier: int) -> Lying:
        self._lots += 1
        return Lying(f"{self._series}-{self._lots:09}", mass, "", tier)

    def _tier(self, firm: Firm, least: int) -> int | None:
        """A material of which the firm has `least` lots or more; the finer, the likelier."""
        found = [tier for tier, lots in enumerate(firm.lots) if len(lots) >= least]
        return self._dice.choice(found) if found else None

    def _taken(self, firm: Firm, tier: int, count: int) -> list[Lying]:
        """Up to `count` lots from the store, mostly the newest; each is put back by hand."""
        lots = firm.lots[tier]
        if self._dice.random() < 0.2:
            lots.rotate(self._dice.randrange(len(lots)))
        return [lots.pop() for _ in range(min(count, len(lots)))]

    def _signed(
        self, firm: Firm, event: Event, changed: Sequence[Lying], opened: Sequence[Lying]
    ) -> bytes:
        """The event's bytes; the lots it leaves stand at it and lie with the firm."""
        data = encode(event)
        head = event_id(data)
        for lot in (*changed, *opened):
            lot.head = head
            lots = firm.lots[lot.tier]
            lots.append(lot)
            if len(lots) > _KEPT:
                lots.popleft()
        return data


def _heads(lots: Sequence[Lying]) -> tuple[str, ...]:
    return tuple(sorted({lot.head for lot in lots}))


def pyramid(ledger: str, leaves: int, per: int = 1000, fan: int = 64) -> tuple[str, list[Batch]]:
    """One lot made of `leaves` dug ones, blended `fan` at a time, and the statements for it.

    The deep product of the walks: (its name, statements). Parts are drawn in a way that
    makes shares uneven: of every third lot a third stays.
    """
    trade = Trade(ledger, seed=7)
    firm = trade._firms[0]
    data: list[bytes] = []

    def step(make: Callable[[], bytes | None]) -> None:
        trade._now += 1
        made = make()
        if made is None:
            raise ValueError("nothing to blend")
        data.append(made)

    level = []
    for _ in range(leaves):
        step(lambda: trade._dig(firm))
        level.append(firm.lots[0].pop())
    while len(level) > 1:
        above = []
        for start in range(0, len(level), fan):
            inputs = level[start : start + fan]
            step(lambda inputs=inputs: _tipped(trade, firm, inputs))
            above.append(firm.lots[0].pop())
        level = above
    batches = []
    for start in range(0, len(data), per):
        some = data[start : start + per]
        statement = Statement.draft(ledger, some).signed(firm.signer)
        batches.append(Batch(trade._now + 60, statement))
    return level[0].name, batches


def _tipped(trade: Trade, firm: Firm, inputs: Sequence[Lying]) -> bytes:
    """All of these into one, but of every third a third stays behind."""
    draws = [
        (lot, lot.mass - lot.mass // 3 if place % 3 == 2 else lot.mass)
        for place, lot in enumerate(inputs)
    ]
    made = trade._named(sum(mass for _, mass in draws), 0)
    event = LotsBlended(
        by=firm.name,
        occurred_at=spelled(trade._now),
        lot=made.name,
        material=MATERIALS[0],
        inputs=tuple(Draw(lot.name, mass if mass < lot.mass else None) for lot, mass in draws),
        mass=made.mass,
        after=_heads(inputs),
    )
    return trade._signed(firm, event, [], [made])
