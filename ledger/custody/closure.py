"""Which events belong to a lot: its causal past, who signed it, and what was said about it.

    pits ──> bags ──> blend ──> concentrate ──> product          by `after`, back to the beginning
     │ site   │ party            │ certificate                   by what an event mentions
     said of the site, keys of the party, the certificate revoked

`about`, `mentions` and `accounts` say of one event what it is about; `closure` is the least
set of events that specs/bundle.md calls so. `gather` is the narrower circle that a trail is
made from. Both work on any `Shelf`: the tables of a store, or the entries of a bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from ..effects import (
    Account,
    Admit,
    Adopt,
    Authorize,
    Claim,
    Credit,
    Debit,
    Depart,
    Effect,
    Flow,
    Gain,
    Govern,
    Revoke,
    Rotate,
    Suspend,
    lots_named,
    lots_opened,
)
from ..events import GOVERNANCE
from .registration import Prepared

__all__ = [
    "Held",
    "Shelf",
    "about",
    "accounts",
    "closure",
    "gather",
    "mentions",
    "only_says",
    "upstream",
]


class Shelf(Protocol):
    """Where events are looked up; answers are index -> event."""

    def about(self, subjects: Iterable[str]) -> Mapping[int, Prepared]:
        """Every event about any of the subjects."""

    def events(self, ids: Iterable[str]) -> Mapping[int, Prepared]:
        """The events with these ids, those that are there."""

    def places(self, subjects: Iterable[str]) -> Iterable[int]:
        """Where events about any of the subjects stand."""

    def at(self, places: Sequence[int]) -> Mapping[int, Prepared]:
        """The events at these places, which the shelf has named."""


class Held:
    """A shelf of events that are at hand."""

    def __init__(self, events: Mapping[int, Prepared]) -> None:
        self._events = events
        self._ids = {one.event_id: index for index, one in events.items()}
        self._about: dict[str, list[int]] = {}
        for index, one in events.items():
            for subject in about(one):
                self._about.setdefault(subject, []).append(index)

    def about(self, subjects: Iterable[str]) -> Mapping[int, Prepared]:
        """Every event here about any of the subjects."""
        return self.at(sorted(self.places(subjects)))

    def events(self, ids: Iterable[str]) -> Mapping[int, Prepared]:
        """Those of these events that are here."""
        found = sorted(self._ids[one] for one in ids if one in self._ids)
        return {index: self._events[index] for index in found}

    def places(self, subjects: Iterable[str]) -> set[int]:
        """Where events here about any of the subjects stand."""
        return {index for subject in subjects for index in self._about.get(subject, ())}

    def at(self, places: Sequence[int]) -> Mapping[int, Prepared]:
        """The events at these places."""
        return {index: self._events[index] for index in places}


# --- what one event is about -----------------------------------------------------------


def about(one: Prepared) -> set[str]:
    """What an event is found by, as ``kind:id``: lots, parties, sites, and `ledger`.

    Not the site that a lot was dug at, which it is about as well by specs/bundle.md: of a site
    it is only asked what was said, and nothing that digs only says. A pit may have a million bags.
    """
    subjects = {f"lot:{lot}" for lot in lots_named(one.effects)}
    for effect in one.effects:
        # Asked of every event that is written: a table is quicker than a row of questions.
        subject_of = _SUBJECT_OF.get(type(effect))
        if subject_of is not None:
            subjects.add(subject_of(effect))
    return subjects


def _booked_to(effect: Account | Credit | Debit) -> str:
    return f"account:{effect.account}"


def _of_party(effect: Admit | Suspend | Authorize | Rotate | Revoke) -> str:
    return f"party:{effect.party}"


def _claimed(effect: Claim) -> str:
    return effect.subject


def _of_ledger(effect: Govern | Adopt) -> str:
    return "ledger"


_SUBJECT_OF: dict[type[Effect], Callable[..., str]] = {
    Account: _booked_to,
    Admit: _of_party,
    Adopt: _of_ledger,
    Authorize: _of_party,
    Claim: _claimed,
    Credit: _booked_to,
    Debit: _booked_to,
    Govern: _of_ledger,
    Revoke: _of_party,
    Rotate: _of_party,
    Suspend: _of_party,
}


def mentions(one: Prepared) -> set[str]:
    """What must be known to judge an event and to tell what was said about it."""
    named = {one.event.by, *one.event.cosigners} - {GOVERNANCE}
    subjects = {f"party:{party}" for party in named}
    subjects |= {f"lot:{lot}" for lot in lots_opened(one.effects)}
    subjects.add(f"event:{one.event_id}")
    for effect in one.effects:
        if isinstance(effect, Admit | Suspend | Authorize | Rotate | Revoke):
            subjects.add(f"party:{effect.party}")
        elif isinstance(effect, Depart):
            subjects.add(f"party:{effect.taker}")
        elif isinstance(effect, Gain) and effect.origin.site is not None:
            subjects.add(f"site:{effect.origin.site}")
        elif isinstance(effect, Claim):
            subjects.update(_brought_up(effect))
            if effect.first:
                subjects.add(effect.subject)
    return subjects


def _brought_up(claim: Claim) -> Iterator[str]:
    """Certificates, incidents and places that the facts of a claim name."""
    for fact, kind in _NAMED_IN_FACTS.items():
        name = claim.facts.get(fact)
        if isinstance(name, str):
            yield f"{kind}:{name}"


_NAMED_IN_FACTS = {"certificate": "certificate", "incident": "incident", "facility": "site"}


def accounts(one: Prepared) -> set[str]:
    """The balance accounts whose past decides whether this event is right."""
    found: set[str] = set()
    for effect in one.effects:
        if isinstance(effect, Account | Credit | Debit):
            found.add(f"account:{effect.account}")
            if isinstance(effect, Credit) and effect.carried:
                found.add(f"account:{effect.carried}")
    return found


def only_says(one: Prepared) -> bool:
    """Whether an event neither opens nor changes a lot."""
    return not one.changed and not lots_opened(one.effects)


# --- what belongs together -------------------------------------------------------------


def closure(shelf: Shelf, subject: str) -> dict[int, Prepared]:
    """The events that belong to lot `subject`, by index in log order (specs/bundle.md).

    An id in some `after` that the shelf does not know is for the caller to miss.
    """
    found: dict[int, Prepared] = {}
    asked: set[str] = set()
    before: dict[str, int] = {}
    new = dict(shelf.about({"ledger"}))
    new |= {
        index: one
        for index, one in shelf.about({f"lot:{subject}"}).items()
        if subject in one.changed or subject in lots_opened(one.effects)
    }
    while new:
        found |= new
        more: dict[int, Prepared] = {}
        more |= shelf.events({event_id for one in new.values() for event_id in one.event.after})
        named = {name for one in new.values() for name in mentions(one)} - asked
        asked |= named
        more |= {i: one for i, one in shelf.about(named).items() if only_says(one)}
        more |= _accounted(shelf, new, before)
        new = {index: one for index, one in more.items() if index not in found}
    return dict(sorted(found.items()))


def _accounted(
    shelf: Shelf, new: Mapping[int, Prepared], before: dict[str, int]
) -> dict[int, Prepared]:
    """What was booked to the accounts of these events before them.

    `before` holds up to which index an account was looked at; it is brought up to date.
    """
    found: dict[int, Prepared] = {}
    for last, one in new.items():
        for account in accounts(one):
            if last > before.get(account, 0):
                before[account] = last
                found |= {i: e for i, e in shelf.about({account}).items() if i < last}
    return found


def upstream(events: Iterable[Prepared], subject: str) -> set[str]:
    """The lots that flowed into `subject` by these events, and itself."""
    sources: dict[str, set[str]] = {}
    for one in events:
        for effect in one.effects:
            if isinstance(effect, Flow):
                sources.setdefault(effect.target, set()).add(effect.source)
    reached, todo = {subject}, [subject]
    while todo:
        new = sources.get(todo.pop(), set()) - reached
        reached |= new
        todo += new
    return reached


def gather(shelf: Shelf, lots: Collection[str]) -> Iterator[tuple[int, Prepared]]:
    """The events that a trail of these upstream lots is made from, in log order.

    Also what is said about sites, parties, certificates and incidents that come up, but not
    what else was dug or done there. What was said of a pit may stand before or after its bags,
    so all are looked through before the first is handed out; only their places are kept.
    """
    asked = {"ledger", *(f"lot:{lot}" for lot in lots)}
    places = set(shelf.places(asked))
    named = {name for _, one in _each(shelf, places) for name in _spoken_of(one)}
    while named := named - asked:
        asked |= named
        new = set(shelf.places(named)) - places
        named = set()
        for index, one in _each(shelf, new):
            if only_says(one):
                places.add(index)
                named |= _spoken_of(one)
    yield from _each(shelf, places)


def _each(shelf: Shelf, places: Collection[int]) -> Iterator[tuple[int, Prepared]]:
    """The events at these places in log order, so many at a time that few are in memory."""
    ordered = sorted(places)
    for start in range(0, len(ordered), 1_000):
        yield from shelf.at(ordered[start : start + 1_000]).items()


def _spoken_of(one: Prepared) -> set[str]:
    """Subjects, other than lots, that an event brings up and that more may be said about."""
    subjects = {name for name in mentions(one) if not name.startswith("lot:")}
    return subjects | accounts(one)
