"""Every order of dispatch, receive, reject, cancel, hold, release and dispute, six deep.

The books are asked what they allow, and a table of states, written from the design's own
words, is asked the same. They must agree on every step of every order: 7 + 7^2 + ... of
them, shared as a tree.
"""

from __future__ import annotations

from typing import NamedTuple

import msgspec

from actors import AT, AUTHORITY, KEYS, KG, MINE, TRADER, World
from ledger.custody.books import Books
from ledger.custody.registration import check, prepare, refused
from ledger.events import TYPES, Event, encode
from ledger.events.custody_dispatched import Sent
from ledger.events.custody_received import Received

DEPTH = 6
LOT = "ONE"


class State(NamedTuple):
    """Where the lot is, by the words of the design: the slow and obvious twin."""

    holder: str = MINE
    taker: str = ""
    dispatch: str = ""
    held_back: bool = False
    head: str = ""


def allowed(state: State, act: str) -> bool:
    """What may happen next."""
    on_the_way = bool(state.taker)
    return {
        "dispatch": not on_the_way and not state.held_back,
        "receive": on_the_way,
        "reject": on_the_way,
        "cancel": on_the_way,
        "hold": True,
        "release": state.held_back,
        "dispute": True,
    }[act]


def after(state: State, act: str, event_id: str) -> State:
    """Where the lot is then."""
    if act == "dispatch":
        other = TRADER if state.holder == MINE else MINE
        return state._replace(taker=other, dispatch=event_id, head=event_id)
    if act == "receive":
        return state._replace(holder=state.taker, taker="", dispatch="", head=event_id)
    if act in ("reject", "cancel"):
        return state._replace(taker="", dispatch="", head=event_id)
    if act in ("hold", "release"):
        return state._replace(held_back=act == "hold")
    return state


def event(state: State, act: str, step: int) -> Event:
    """The event as the party concerned would write it, right or wrong."""
    other = TRADER if state.holder == MINE else MINE
    dispatch = state.dispatch or "0" * 64
    common = {"occurred_at": AT, "remark": f"step {step}"}
    builds = {"after": (state.head,), **common}
    if act == "dispatch":
        return TYPES["custody.dispatched"](by=state.holder, to=other, lots=(Sent(LOT),), **builds)
    if act == "receive":
        lots = (Received(LOT, 40 * KG, "dry"),)
        return TYPES["custody.received"](
            by=other, giver=state.holder, dispatch=dispatch, lots=lots, **builds
        )
    if act in ("reject", "cancel"):
        name = "custody.rejected" if act == "reject" else "custody.cancelled"
        by = other if act == "reject" else state.holder
        return TYPES[name](by=by, dispatch=dispatch, lots=(LOT,), reason="no", **builds)
    if act in ("hold", "release"):
        name = "lot.held" if act == "hold" else "lot.released"
        return TYPES[name](by=AUTHORITY, lots=(LOT,), reason="inquiry", **common)
    return TYPES["event.disputed"](by=TRADER, event=state.head, grounds="weight", **common)


def copied(books: Books) -> Books:
    """Books that can go their own way; all they hold is frozen."""
    other = Books(dict(books.lots), books.register)
    other.parties, other.keys, other.publics = books.parties, books.keys, books.publics
    other.governance, other.tolerances = books.governance, books.tolerances
    other.ledger = books.ledger
    return other


def explore(books: Books, state: State, step: int) -> int:
    """Try every act from here on; returns how many steps were compared."""
    compared = 0
    for act in ("dispatch", "receive", "reject", "cancel", "hold", "release", "dispute"):
        one = prepare(encode(event(state, act, step)))
        mine = copied(books)
        signed = frozenset(signer.verifier.vkey for signer in KEYS.values())
        wrong = refused(check(mine, [one], signed, "2026-03-01T00:00:00Z", [step]))
        assert bool(wrong) != allowed(state, act), (state, act, wrong)
        compared += 1
        if wrong:
            continue
        then = after(state, act, one.event_id)
        lot = mine.lots[LOT]
        assert (lot.holder, lot.taker, lot.dispatch, bool(lot.holds), lot.head) == then
        assert lot.amount.mass == 40 * KG
        if step < DEPTH:
            compared += explore(mine, then, step + 1)
    return compared


def test_every_order_of_a_hand_over_six_deep_ends_where_it_should(world: World) -> None:
    declared = TYPES["lot.declared"](
        by=MINE,
        occurred_at=AT,
        lot=LOT,
        material="coltan",
        mass=40 * KG,
        basis="dry",
        origin="unknown",
        reason="bought",
    )
    world.ledger.record([declared], KEYS[MINE])
    books = world.ledger.books()
    books.lots[LOT] = msgspec.structs.replace(world.ledger.lot(LOT))
    compared = explore(books, State(head=books.lots[LOT].head), 1)
    print(f"\n{compared} steps compared")
    assert compared > 5_000
