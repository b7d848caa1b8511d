"""What people need not say, because the clock, the key folder or the books say it.

occurred_at     now
by              governance, where only governance can say it; else the party of the key
                that signs; else the only party with a key here
key             on admission: the key here that is named like the party
dispatch        of a reception, rejection or cancellation: the one the lots are on
giver           who sent them
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import click

from ledger import keys as key_files
from ledger.effects import Admit, Adopt, Govern, Suspend
from ledger.errors import ConfigError, MalformedError, UnknownError
from ledger.events import GOVERNANCE, Event, effects_of, event_id

from . import words
from .session import Session
from .words import Reader

if TYPE_CHECKING:
    from ledger.ledger import Ledger

__all__ = ["FILLED", "Filler", "parties_here"]

FILLED = frozenset({"by", "occurred_at", "dispatch", "giver"})
"""Fields that every event of a type must have, but people need not give."""


def parties_here(session: Session) -> list[str]:
    """The parties with a key here; governance and the log's own key are none."""
    log = session.workspace().settings.origin
    names = {name.partition("/")[0] for name in session.key_names() if name != log}
    return sorted(names - {GOVERNANCE})


class Filler:
    """Completes the values of events; asks the keys and the books no more often than needed."""

    def __init__(self, session: Session, ledger: Ledger, keys: Sequence[str]) -> None:
        self._session = session
        self._ledger = ledger
        self._keys = keys
        self._governs: dict[type[Event], bool] = {}

    def reader(self, *, files: bool) -> Reader:
        """A reader that knows the entries of the ledger and the keys kept here by name."""
        return Reader(self._event, self._key, files=files)

    def event(self, kind: type[Event], values: dict[str, Any]) -> Event:
        """The event with these values and what can be added; `words.FieldsError` if it is none."""
        filled = self.fill(kind, values)
        if "dispatch" in words.shapes(kind) and "dispatch" not in filled:
            not_sent = self.not_sent(filled.get("lots"))
            if not_sent is not None:
                raise words.FieldsError(
                    [words.Problem("lots", not_sent.code, str(not_sent))]
                ) from None
        return words.build(kind, filled)

    def not_sent(self, lots: Any) -> UnknownError | None:
        """Why no dispatch is found for these lots: one is unknown, or is not on the way."""
        for name in _names(lots):
            try:
                lot = self._ledger.lot(name)
            except UnknownError as error:
                return UnknownError(str(error), code=error.code, hint="oretrail transfer list")
            if lot.state != "in-transit":
                return UnknownError(
                    f"lot {name} is not in transit; {lot.holder} holds it",
                    code="custody.not-in-transit",
                    hint="oretrail transfer list",
                )
        return None

    def fill(self, kind: type[Event], values: dict[str, Any]) -> dict[str, Any]:
        """The values, and what can be added."""
        forms = words.shapes(kind)
        filled = dict(values)
        filled.setdefault("occurred_at", _now())
        if "dispatch" in forms and "lots" in filled and "dispatch" not in filled:
            self._dispatch(filled, giver="giver" in forms)
        if "party" in filled and "key" in forms and filled["party"] in self._names:
            filled.setdefault("key", key_files.vkey(self._session.keys, filled["party"]))
        if "by" not in filled:
            filled["by"] = GOVERNANCE if self._only_governance(kind, filled) else self._speaker
        return filled

    @cached_property
    def _names(self) -> list[str]:
        return self._session.key_names()

    @cached_property
    def _speaker(self) -> str:
        parties = sorted({name.partition("/")[0] for name in self._keys})
        parties = parties or parties_here(self._session)
        if not parties and any(name.startswith(f"{GOVERNANCE}/") for name in self._names):
            parties = [GOVERNANCE]
        if len(parties) == 1:
            return parties[0]
        if not parties:
            raise ConfigError(
                "there is no key here to sign with",
                code="key.missing",
                hint="make one: oretrail key new PARTY",
            )
        raise click.UsageError(f"{', '.join(parties)} have keys here; say which speaks: --by PARTY")

    def _only_governance(self, kind: type[Event], filled: dict[str, Any]) -> bool:
        if kind not in self._governs:
            try:
                effects = effects_of(words.build(kind, {**filled, "by": GOVERNANCE}))
            except MalformedError:
                return False  # what is wrong is said when the event is built for good
            self._governs[kind] = any(
                isinstance(effect, Admit | Adopt | Govern | Suspend) for effect in effects
            )
        return self._governs[kind]

    def _dispatch(self, filled: dict[str, Any], *, giver: bool) -> None:
        try:
            lots = [self._ledger.lot(name) for name in _names(filled["lots"])]
        except UnknownError:
            return
        on_the_way = {(lot.dispatch, lot.holder) for lot in lots if lot.state == "in-transit"}
        if len(on_the_way) == 1:
            dispatch, holder = on_the_way.pop()
            filled["dispatch"] = dispatch
            if giver:
                filled.setdefault("giver", holder)

    def _event(self, start: str) -> str:
        if len(start) == 64:
            return start
        try:
            return event_id(self._ledger.find(start)[1])
        except UnknownError as error:
            raise MalformedError(str(error), code=error.code) from None

    def _key(self, name: str) -> str:
        if "+" in name:
            return name
        try:
            return key_files.vkey(self._session.keys, name)
        except ConfigError as error:
            raise MalformedError(str(error), code=error.code, hint=error.hint) from None


def _names(lots: Any) -> list[str]:
    """The lots that a list of lots, or of things with a lot, names."""
    said = lots if isinstance(lots, list) else []
    names = [lot.get("lot") if isinstance(lot, dict) else lot for lot in said]
    return [name for name in names if isinstance(name, str)]


def _now() -> str:
    seconds = time.time_ns() // 1_000_000_000
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
