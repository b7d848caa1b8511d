"""Who appears in the tests, with fixed demo keys, and short ways to say what they do.

A mine, two traders, a smelter, a laboratory, an authority and governance by two of three;
`World` is a ledger they are all admitted to, with a clock that a test can set.
"""

from __future__ import annotations

import calendar
import os
import time
from collections.abc import Iterable
from typing import Any

import msgspec
import pytest

from ledger.audit.auditor import Auditor, Trust
from ledger.audit.report import Report
from ledger.custody.demo_keys import demo_seed
from ledger.custody.registration import Prepared, check
from ledger.custody.statement import Statement
from ledger.effects import Effect, lots_changed
from ledger.errors import RefusedError
from ledger.events import TYPES, Event, encode, event_id
from ledger.events.base import Draw, LossLine, Named
from ledger.ledger import Ledger, Receipt
from ledger.log.note import Signer
from ledger.store.places import Place
from ledger.values import Content, Grade

ORIGIN = "kivu.example/trail"

# A party's own key is named exactly like the party, a device's party/device. The number of
# the demo key is the place in this list, so names are only ever added at the end.
NAMES = (
    "governance/1",
    "governance/2",
    "governance/3",
    ORIGIN,
    "gihanga.example",
    "gihanga.example/phone",
    "comptoir.example",
    "smelter.example",
    "lab.example",
    "capacitor.example",
    "stranger.example",
    "exporter.example",
    "authority.example",
    "gihanga.example/tablet",
    "gihanga.example/recovery",
)
KEYS = {name: Signer(name, demo_seed(number)) for number, name in enumerate(NAMES)}

MINE, TRADER, EXPORTER = "gihanga.example", "comptoir.example", "exporter.example"
SMELTER, LAB, AUTHORITY = "smelter.example", "lab.example", "authority.example"
STRANGER, PHONE, TABLET = "stranger.example", "gihanga.example/phone", "gihanga.example/tablet"
GOVERNANCE = "governance"
GOVERNORS = ("governance/1", "governance/2", "governance/3")
LOG = KEYS[ORIGIN]
ROLES = {
    MINE: "miner",
    TRADER: "trader",
    EXPORTER: "trader",
    SMELTER: "refiner",
    LAB: "laboratory",
    AUTHORITY: "authority",
}

# Thousands of small ledgers need no disk.
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None

START = calendar.timegm((2026, 2, 11, 9, 0, 0))
AT = "2026-02-11T08:00:00Z"

KG = 1_000_000
PERCENT = 10_000_000


def vkey(name: str) -> str:
    """The public key of an actor, as events spell it."""
    return KEYS[name].verifier.vkey


def key(name: str, number: int) -> Signer:
    """A key of that name that is none of the above."""
    return Signer(name, demo_seed(100 + number))


def event(kind: str, by: str, /, **fields: Any) -> Event:
    """An event of that type, from plain values; the strict decoder is not asked."""
    fields = {"occurred_at": AT, **fields}
    return TYPES[kind](by=by, **fields)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self, seconds: int = START) -> None:
        self.seconds = seconds

    def __call__(self) -> int:
        return self.seconds

    def text(self) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.seconds))


# What follows when a part of an event was refused: it lacks that part.
FOLLOWS = {"mass.empty", "mass.not-conserved", "party.unknown", "statement.wrong-ledger"}


def first(codes: list[str]) -> str:
    """The one code that a statement was refused for; the others only follow from it."""
    assert set(codes[1:]) <= FOLLOWS | {codes[0]}
    return codes[0]


# ---------------------------------------------------------------- what they say


def created(**fields: Any) -> Event:
    wanted: dict[str, Any] = {
        "origin": ORIGIN,
        "name": "Kivu trail",
        "governance": tuple(sorted(vkey(name) for name in GOVERNORS)),
        "threshold": 2,
        "log_key": vkey(ORIGIN),
        "demo": True,
    }
    return event("ledger.created", GOVERNANCE, **{**wanted, **fields})


def admitted(party: str, **fields: Any) -> Event:
    wanted: dict[str, Any] = {
        "party": party,
        "name": party,
        "roles": (ROLES.get(party, "trader"),),
        "key": vkey(party) if party in KEYS else "",
    }
    return event("party.admitted", GOVERNANCE, **{**wanted, **fields})


def site(name: str = "RW-GIH", /, **fields: Any) -> Event:
    wanted = {"site": name, "name": "Gihanga", "kind": "mine-asm", "country": "RW"}
    return event("site.registered", GOVERNANCE, **{**wanted, **fields})


def extracted(lot: str, mass: int = 45 * KG, by: str = MINE, **fields: Any) -> Event:
    wanted = {
        "lot": lot,
        "material": "coltan ore",
        "mass": mass,
        "basis": "wet",
        "site": "RW-GIH",
        "method": "asm",
    }
    return event("lot.extracted", by, **{**wanted, **fields})


def declared(lot: str, mass: int = 45 * KG, by: str = MINE, **fields: Any) -> Event:
    wanted = {
        "lot": lot,
        "material": "coltan ore",
        "mass": mass,
        "basis": "dry",
        "origin": "unknown",
        "reason": "bought before",
    }
    return event("lot.declared", by, **{**wanted, **fields})


def blended(lot: str, *inputs: str | Draw, by: str = MINE, **fields: Any) -> Event:
    draws = tuple(Draw(one) if isinstance(one, str) else one for one in inputs)
    return event("lots.blended", by, lot=lot, material="coltan ore", inputs=draws, **fields)


def packed(lot: str, *inputs: str, by: str = MINE, **fields: Any) -> Event:
    return event("lots.packed", by, lot=lot, material="coltan ore", inputs=inputs, **fields)


def split(lot: str, *parts: Draw, by: str = MINE, losses: Iterable[LossLine] = ()) -> Event:
    return event("lot.split", by, lot=lot, parts=parts, material="coltan ore", losses=tuple(losses))


def output(lot: str, mass: int, basis: str = "dry", **fields: Any) -> Any:
    from ledger.events.lot_refined import Output

    return Output(lot=lot, material="concentrate", mass=mass, basis=basis, **fields)  # type: ignore[arg-type]


def refined(lot: str, *outputs: Any, by: str = MINE, losses: Iterable[LossLine] = ()) -> Event:
    return event(
        "lot.refined", by, lot=lot, process="washing", outputs=outputs, losses=tuple(losses)
    )


def weighed(lot: str, mass: int, by: str = MINE, **fields: Any) -> Event:
    wanted = {"lot": lot, "mass": mass, "basis": "wet", "instrument": "hand-scale"}
    return event("lot.weighed", by, **{**wanted, **fields})


def assayed(lot: str, holder: str = MINE, by: str = LAB, **fields: Any) -> Event:
    wanted = {"lot": lot, "grades": (Grade("Ta2O5", 24 * PERCENT),), "cosigners": (holder,)}
    return event("lot.assayed", by, **{**wanted, **fields})


def adjusted(lot: str, reason: str = "spill", by: str = MINE, **fields: Any) -> Event:
    return event("lot.adjusted", by, lot=lot, reason=reason, **fields)


def retired(lot: str, by: str = MINE, **fields: Any) -> Event:
    return event("lot.retired", by, **{"lot": lot, "reason": "consumed", **fields})


def made(product: str, units: int, *parts: Any, by: str = MINE) -> Event:
    return event(
        "product.made", by, product=product, model="capacitor", units=units, components=parts
    )


def component(lot: str, **fields: Any) -> Any:
    from ledger.events.product_made import Component

    return Component(lot, **fields)


def dispatched(*lots: str | tuple[str, int], to: str = TRADER, by: str = MINE, **f: Any) -> Event:
    from ledger.events.custody_dispatched import Sent

    sent = tuple(Sent(one) if isinstance(one, str) else Sent(*one) for one in lots)
    return event("custody.dispatched", by, to=to, lots=sent, **f)


def received(
    dispatch: str,
    *lots: tuple[str, int],
    by: str = TRADER,
    giver: str = MINE,
    basis: str = "wet",
    **fields: Any,
) -> Event:
    from ledger.events.custody_received import Received

    got = tuple(
        Received(lot, mass, basis, fields.get("moisture"), fields.get("grades", ()))  # type: ignore[arg-type]
        for lot, mass in lots
    )
    return event("custody.received", by, dispatch=dispatch, giver=giver, lots=got)


def rejected(dispatch: str, *lots: str, by: str = TRADER) -> Event:
    return event("custody.rejected", by, dispatch=dispatch, lots=lots, reason="seal broken")


def cancelled(dispatch: str, *lots: str, by: str = MINE) -> Event:
    return event("custody.cancelled", by, dispatch=dispatch, lots=lots, reason="lorry broke down")


def authorized(name: str = PHONE, party: str = MINE, by: str = MINE, **fields: Any) -> Event:
    return event("key.authorized", by, **{"party": party, "key": vkey(name), **fields})


def revoked(name: str = PHONE, party: str = MINE, by: str = MINE, **fields: Any) -> Event:
    return event(
        "key.revoked", by, **{"party": party, "key": vkey(name), "reason": "lost", **fields}
    )


def suspended(party: str, by: str = GOVERNANCE) -> Event:
    return event("party.suspended", by, party=party, reason="licence withdrawn")


def adopted(by: str = GOVERNANCE, **tolerances: int) -> Event:
    lines = tuple(Named(name.replace("_", "-"), ppb) for name, ppb in tolerances.items())
    return event("policy.adopted", by, tolerances=lines)


def ta(mass: int) -> tuple[Content, ...]:
    """So much tantalum, and nothing else that is tracked."""
    return (Content("Ta", mass),)


# ---------------------------------------------------------------- where they say it


class World:
    """A ledger with every actor but the stranger admitted and two sites registered."""

    def __init__(self, path: Place, clock: Clock | None = None, **settings: Any) -> None:
        self.clock = clock or Clock()
        self.path = path
        wanted: dict[str, Any] = {
            "origin": ORIGIN,
            "name": "Kivu trail",
            "governance": [KEYS[name] for name in GOVERNORS],
            "threshold": 2,
            "log_key": vkey(ORIGIN),
            "demo": True,
            "clock": self.clock,
        }
        self.ledger = Ledger.create(path, **{**wanted, **settings})

    def settle(self) -> World:
        """Admit everybody, register the sites."""
        self.record(
            *(admitted(party) for party in ROLES),
            site(minerals=("coltan",)),
            site("CD-RUB", name="Rubaya", country="CD"),
        )
        return self

    def signers(self, events: Iterable[Event]) -> list[Signer]:
        """The keys that these events say they are signed with."""
        names: dict[str, None] = {}
        for one in events:
            for party in (one.by, *one.cosigners):
                names |= dict.fromkeys(GOVERNORS[:2] if party == GOVERNANCE else (party,))
            brought = getattr(one, "key", None)
            if one.type in ("party.admitted", "key.authorized"):
                names |= {name: None for name in NAMES if vkey(name) == brought}
        return [KEYS[name] for name in names if name in KEYS]

    def draft(self, *events: Event, signed: Iterable[Signer | str] | None = None) -> Statement:
        """A statement of these events, signed by whom they name, or by the keys given."""
        keys = self.signers(events) if signed is None else [_signer(one) for one in signed]
        return self.ledger.draft(events).signed(*keys)

    def record(self, *events: Event, signed: Iterable[Signer | str] | None = None) -> Receipt:
        return self.ledger.register(self.draft(*events, signed=signed))

    def refused(self, *events: Event, signed: Iterable[Signer | str] | None = None) -> list[str]:
        """The codes of the rules that refuse a statement of these events, which changes nothing."""
        statement = self.draft(*events, signed=signed)
        return self.refused_statement(statement)

    def refused_statement(self, statement: Statement) -> list[str]:
        before = self.whole()
        with pytest.raises(RefusedError) as caught:
            self.ledger.register(statement)
        assert self.whole() == before
        found = caught.value.findings
        assert all(one.severity == "error" for one in found)
        assert caught.value.code == found[0].code
        return [one.code for one in found]

    def judged(self, one: Event, *effects: Effect, signed: tuple[str, ...] = (MINE,)) -> list[str]:
        """What the rules say of effects that no event type has."""
        data = encode(one)
        prepared = Prepared(data, one, event_id(data), effects, lots_changed(effects))
        auditor = Auditor()
        auditor.feed(self.ledger.sources())
        auditor.finish()
        keys = frozenset(vkey(name) for name in signed)
        found = check(auditor.books, [prepared], keys, self.clock.text(), [99])
        return [finding.code for finding in found]

    def whole(self) -> tuple[Any, ...]:
        """Everything that the database says, to see whether something has changed."""
        books = self.ledger.books()
        return (
            self.ledger.head(),
            tuple(self.ledger.lots()),
            msgspec.to_builtins((books.parties, books.keys, books.register, books.tolerances)),
        )

    def report(self) -> Report:
        """What an auditor finds in the log alone, without asking whether it is plausible."""
        auditor = Auditor(Trust(self.ledger.id))
        auditor.feed(self.ledger.sources())
        return auditor.finish()

    def codes(self) -> list[str]:
        return [finding.code for finding in self.report().findings]

    def sound(self) -> World:
        """Nothing in the log contradicts itself, and the tables say what the log says."""
        report = self.report()
        assert [f for f in report.findings if f.severity in ("error", "critical")] == []
        assert report.verdict == "supported"
        full = self.ledger.verify()
        assert [f for f in full.findings if f.severity == "error" or f.code == "books.drift"] == []
        assert (full.size, full.root, full.chain) == (report.size, report.root, report.chain)
        return self


def _signer(one: Signer | str) -> Signer:
    return KEYS[one] if isinstance(one, str) else one
