"""Fraud patterns F1 to F14: ore that was never there, tags, weights, dates, hand-overs.

Two of them are refused at the door: nobody receives what was not sent to him, and parts add
up to the whole. Those two logs were written by an operator who lets everything pass.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Callable
from time import gmtime, strftime, strptime
from typing import Any

import msgspec

from ledger.custody.statement import Statement, decode_registration, registration_entry
from ledger.events import Event, decode, encode
from ledger.events.custody_received import CustodyReceived
from ledger.events.lot_split import LotSplit
from ledger.ledger import Ledger
from ledger.store import vandal
from ledger.workspace import Workspace

from .caught_steps import (
    ACTORS,
    AGENT,
    MINE,
    REFINER,
    SITE,
    SMELTER,
    TRADER,
    Caught,
    bag,
    dug,
    shipped,
    site,
)
from .telling import Cast, Said, Story, Tale, say, side_by_side, step

__all__ = ["CAUGHT_A"]

_GROUP = "kivu-holding.example"
_LAUNDRY = tuple(
    msgspec.structs.replace(actor, group=_GROUP) if actor.party in (MINE, TRADER) else actor
    for actor in ACTORS
)


def _after(at: str, seconds: int) -> str:
    """A time so many seconds later."""
    moment = timegm(strptime(at, "%Y-%m-%dT%H:%M:%SZ")) + seconds
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(moment))


# --- F1 to F3: sites and tags ----------------------------------------------------------


def _laundered() -> Tale:
    """Nine usual months, then three times as much under the same name."""
    yield from site(capacity="3 t")
    for month in range(2, 12):
        for place in range(12 if month < 11 else 36):
            at = f"2026-{month:02}-{place // 2 + 4:02}T{8 + place % 2 * 3:02}:{place:02}:00Z"
            mass = f"{40 + place * 7 % 11}.{place * 3 % 10} kg"
            yield from dug(at, f"GIH-{month:02}-{place + 1:02}", mass)


def _tags(first: int, last: int, where: str = SITE) -> Said:
    return say(
        "tags.issued",
        series=f"{where}-{first}",
        kind="mine",
        prefix="MT-",
        first=str(first),
        last=str(last),
        site=where,
        agent=AGENT,
    )


def _traded() -> Tale:
    """A tag that was issued for one hill is on a bag of another."""
    other = {"site": "RW-RUTSIRO", "name": "Rutsiro", "kind": "mine-asm", "country": "RW"}
    other |= {"operator": MINE, "lat": "-1.9402", "lon": "29.3310"}
    yield from site(_tags(1, 50), say("site.registered", **other), _tags(51, 100, "RW-RUTSIRO"))
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "44.3 kg", tags=["MT-7"])
    yield from dug("2026-02-09T15:20:00Z", "GIH-2", "41.8 kg", tags=["MT-63"])


def _replayed() -> Tale:
    """One tag, two bags, five weeks apart."""
    yield from site(_tags(1, 50))
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "44.3 kg", tags=["MT-7"])
    yield from dug("2026-03-16T15:00:00Z", "GIH-2", "41.8 kg", tags=["MT-7"])


# --- F4 to F7: mass and metal ----------------------------------------------------------


def _bags(count: int, month: int = 2) -> Tale:
    """Bags of one day, brought to the comptoir the next, and weighed there as they were."""
    names = [f"GIH-{month}-{place + 1}" for place in range(count)]
    masses = [f"{41 + place * 5 % 9}.{place * 7 % 10} kg" for place in range(count)]
    day = f"2026-{month:02}"
    yield step(
        f"{day}-09T17:00:00Z",
        (MINE, AGENT),
        *(bag(lot, mass) for lot, mass in zip(names, masses, strict=True)),
    )
    dispatch, *_ = yield step(
        f"{day}-10T08:00:00Z", (MINE,), say("custody.dispatched", to=TRADER, lots=names)
    )
    lots = [f"{lot}={mass},basis=dry" for lot, mass in zip(names, masses, strict=True)]
    taken = say("custody.received", dispatch=dispatch, giver=MINE, lots=lots)
    yield step(f"{day}-10T13:00:00Z", (TRADER,), taken)


def _mixed_in() -> Tale:
    """Six bags are tipped together; the heap weighs 28 kg more than they did."""
    yield from site()
    yield from _bags(6)
    names = [f"GIH-2-{place + 1}" for place in range(6)]
    heap = say("lots.blended", lot="KGL-1", material="coltan ore", inputs=names)
    yield step("2026-02-11T09:00:00Z", (TRADER,), heap)
    heavy = say("lot.weighed", lot="KGL-1", mass="297.4 kg", basis="dry", instrument="platform")
    yield step("2026-02-11T15:00:00Z", (TRADER,), heavy)


def _biased() -> Tale:
    """Every consignment gains 0.4 percent on its way; no single one is out of tolerance."""
    yield from site()
    for place in range(10):
        start = f"2026-0{2 + place // 4}-{place % 4 * 7 + 2:02}T15:00:00Z"
        lot, grams = f"GIH-{place + 1}", 1_062_300 + place * 7_919 % 40_000
        mass, more = (
            f"{each // 1000}.{each % 1000:03} kg" for each in (grams, grams * 1004 // 1000)
        )
        yield from dug(start, lot, mass)
        yield from shipped(lot, more, MINE, TRADER, _after(start, 64_800), _after(start, 86_400))


def _smelted(mass: str, powder: str, metal: str, number: int, day: str) -> Tale:
    lot = f"GIH-{number}"
    yield from dug(f"2026-02-{day}T15:00:00Z", lot, mass)
    yield from shipped(
        lot,
        mass,
        MINE,
        SMELTER,
        f"2026-02-{int(day) + 1:02}T14:00:00Z",
        f"2026-03-{int(day) + 11:02}T10:00:00Z",
    )
    out = f"TA-{number},material=tantalum powder,mass={powder},basis=dry,contents=Ta={metal}"
    made = say(
        "lot.refined",
        lot=lot,
        process="smelting",
        facility="AT-ALM",
        outputs=[out],
        losses=[f"slag={float(mass[:-3]) - float(powder[:-3]):.3f} kg"],
    )
    yield step(f"2026-03-{int(day) + 13:02}T15:00:00Z", (SMELTER,), made)


def _works(**limits: str) -> Tale:
    """The smelter says what its furnace can do."""
    place = {"site": "AT-ALM", "name": "Alm", "kind": "smelter", "country": "AT"}
    place |= {"operator": SMELTER, "lat": "47.2", "lon": "15.5"}
    declared = say("process.declared", site="AT-ALM", process="smelting", substance="Ta", **limits)
    yield step("2026-01-07T09:00:00Z", (SMELTER,), say("site.registered", **place), declared)


def _diverted() -> Tale:
    """A furnace that recovers 85 to 95 percent gave back 60: where is the rest?"""
    yield from site()
    yield from _works(recovery_min="85 %", recovery_max="95 %")
    # 20.62 kg of tantalum go in.
    yield from _smelted("104.9 kg", "12.380 kg", "12.371 kg", 1, "09")


def _beyond_nameplate() -> Tale:
    """A furnace for 150 kg a month takes in 209."""
    yield from site()
    yield from _works(capacity="150 kg")
    yield from side_by_side(
        _smelted("104.9 kg", "18.790 kg", "18.780 kg", 1, "09"),
        _smelted("104.3 kg", "18.610 kg", "18.600 kg", 2, "10"),
    )


# --- F8, F9: when, and how evenly ------------------------------------------------------


def _back_dated() -> Tale:
    """Dug in February, when the site was still open, say those who write it down in April."""
    yield from site()
    old = bag("GIH-1", "44.3 kg", occurred_at="2026-02-09T15:00Z")
    yield step("2026-04-14T19:30:00Z", (MINE, AGENT), old)


def _kitchen_table() -> Tale:
    """Two months of bags, written in one evening by somebody who likes round numbers."""
    yield from site()
    for month in (2, 3):
        told = [
            bag(
                f"GIH-{month}-{place + 1}",
                f"{(35, 40, 45, 50, 40)[place % 5]} kg",
                occurred_at=f"2026-{month:02}-{26 + place // 9:02}T{8 + place % 9:02}:15Z",
            )
            for place in range(24)
        ]
        yield step(f"2026-{month:02}-28T20:10:00Z", (MINE, AGENT), *told)


# --- F10 to F13: custody ---------------------------------------------------------------


def _ghost() -> Tale:
    """Sent in February; in July nobody has signed for it."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    yield step(
        "2026-02-10T08:00:00Z", (MINE,), say("custody.dispatched", to=TRADER, lots=["GIH-1"])
    )
    yield from dug("2026-07-06T15:00:00Z", "GIH-2", "44.3 kg")


def _one_hand() -> Tale:
    """Mine and comptoir belong to one group, and sign in the same second, every time."""
    yield from site()
    for place, mass in enumerate(("44.3", "41.8", "46.9", "42.7")):
        at = f"2026-02-{9 + place:02}T15:00:00Z"
        lot = f"GIH-{place + 1}"
        yield from dug(at, lot, f"{mass} kg")
        yield from shipped(lot, f"{mass} kg", MINE, TRADER, _after(at, 7200), _after(at, 7200))


def _circle() -> Tale:
    """The same bag is sold to the comptoir, to the refiner, and to the comptoir again."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    days = ("2026-02-10", "2026-02-20", "2026-03-20", "2026-04-20")
    ways = ((MINE, TRADER), (TRADER, REFINER), (REFINER, TRADER))
    for (giver, taker), left, came in zip(ways, days[:-1], days[1:], strict=True):
        yield from shipped(
            "GIH-1", "107.3 kg", giver, taker, f"{left}T14:00:00Z", f"{came}T10:00:00Z"
        )


# --- F11, F14: what only a dishonest operator lets pass --------------------------------


def _two_bags() -> Tale:
    """One bag is sent to the comptoir and received there; the other stays."""
    yield from site()
    yield from dug("2026-02-09T15:20:00Z", "GIH-2", "107.3 kg")
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    yield from shipped(
        "GIH-1", "107.3 kg", MINE, TRADER, "2026-02-10T08:00:00Z", "2026-02-10T13:00:00Z"
    )


def _never_sent(story: Story, workspace: Workspace) -> None:
    """The comptoir signs for the bag that was never sent, and the log takes it."""
    with workspace.ledger(read_only=True) as ledger:
        head = ledger.lot("GIH-2").head

    def other(event: CustodyReceived) -> CustodyReceived:
        lots = [msgspec.structs.replace(one, lot="GIH-2") for one in event.lots]
        return msgspec.structs.replace(event, lots=tuple(lots), after=(head,))

    _last_replaced(story, workspace, TRADER, other)


def _divided() -> Tale:
    """A bag is divided in two."""
    yield from site()
    yield from dug("2026-02-09T15:00:00Z", "GIH-1", "107.3 kg")
    parts = say("lot.split", lot="GIH-1", parts=["GIH-1A=60 kg", "GIH-1B=47.3 kg"])
    yield step("2026-02-11T15:00:00Z", (MINE,), parts | {"material": "coltan ore"})


def _more_than_whole(story: Story, workspace: Workspace) -> None:
    """The parts hold five kilograms more than the whole, and the log takes it."""

    def heavier(event: LotSplit) -> LotSplit:
        first, second = event.parts
        more = msgspec.structs.replace(second, mass=(second.mass or 0) + 5_000_000)
        return msgspec.structs.replace(event, parts=(first, more))

    _last_replaced(story, workspace, MINE, heavier)


def _last_replaced(
    story: Story, workspace: Workspace, party: str, change: Callable[[Any], Event]
) -> None:
    """The last statement says something else: signed by its party, written by the operator.

    Every hash and the checkpoint are made anew, so nothing is wrong but what is said.
    """
    cast = Cast.of(story)
    with workspace.ledger(read_only=True) as ledger:
        entries = [source.data for source in ledger.sources()]
    registration, (data,) = decode_registration(entries[-2]), entries[-1:]
    header = Statement.of([data], registration.signed_note).header
    forged = encode(change(decode(data)))
    statement = Statement.draft(header.ledger, [forged], header.seen).signed(
        *cast.signing((party,))
    )
    entry = registration_entry(statement.note, registration.recorded_at)
    vandal.rewrite(workspace.database, {len(entries) - 2: entry, len(entries) - 1: forged})
    with Ledger.open(workspace.database) as ledger:
        ledger.rebuild()
        workspace.keep_checkpoint(ledger.checkpoint(cast.log))


CAUGHT_A: dict[str, Caught] = {
    "F1": Caught("Another mine's ore", ("site.output-implausible",), _laundered),
    "F2": Caught("A tag of another hill", ("tag.other-site",), _traded),
    "F3": Caught("One tag on two bags", ("tag.reused",), _replayed),
    "F4": Caught("Mixed in at the depot", ("mass.excess", "weight.gained"), _mixed_in),
    "F5": Caught("Scales that always err one way", ("transit.biased",), _biased),
    "F6": Caught("Metal that left the furnace by another door", ("yield.too-low",), _diverted),
    "F7": Caught("More than the furnace holds", ("plant.over-capacity",), _beyond_nameplate),
    "F8": Caught("Back-dated by two months", ("recorded.late",), _back_dated),
    "F9": Caught(
        "Written at the kitchen table", ("logging.bulk", "weights.identical"), _kitchen_table
    ),
    "F10": Caught("A consignment that never came", ("reception.missing",), _ghost),
    "F11": Caught("Received, and never sent", ("custody.not-in-transit",), _two_bags, _never_sent),
    "F12": Caught("Both sides of a sale", ("handover.one-group",), _one_hand, actors=_LAUNDRY),
    "F13": Caught("Round in a circle", ("trade.circular",), _circle),
    "F14": Caught(
        "Parts above the whole",
        ("mass.empty", "mass.not-conserved", "mass.overdrawn"),
        _divided,
        _more_than_whole,
    ),
}
"""Pattern -> its ledger. F11 and F14 are errors: the door refuses them, so somebody opened it."""
