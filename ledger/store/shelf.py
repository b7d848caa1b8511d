"""Events looked up in the tables, and all that a bundle of one lot is made of.

The tables only help to find: what is handed on are the entries' own bytes, and whoever
verifies the bundle finds out whether any of it is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..audit.bundle import Bundle
from ..custody.closure import closure
from ..custody.registration import Prepared, prepare
from ..custody.statement import Header, decode_registration
from ..effects import lots_opened
from ..errors import StorageError, UnknownError
from ..log import checkpoint, note, subset
from . import entries as log
from . import projections
from .database import Connection
from .sheaves import Sheaves

__all__ = ["Shelf", "evidence"]


_KEPT = 10_000
"""So many events are kept at hand: 30 MB; the others are decoded each time they are asked for."""


class Shelf:
    """The events of a log up to a size, found by what they are about or by their ids."""

    def __init__(self, connection: Connection, size: int | None = None) -> None:
        self._connection = connection
        self._size = size
        self._read: dict[int, Prepared] = {}
        self._sheaves = Sheaves(connection)

    def about(self, subjects: Iterable[str]) -> Mapping[int, Prepared]:
        """Every event about any of the subjects."""
        return self.at(self.places(subjects))

    def places(self, subjects: Iterable[str]) -> list[int]:
        """Where events about any of the subjects stand, in log order."""
        found = projections.places_about(self._connection, subjects)
        return [index for index in found if self._covers(index)]

    def events(self, ids: Iterable[str]) -> Mapping[int, Prepared]:
        """The events with these ids, those that are there."""
        known = log.events_known(self._connection, sorted(ids))
        places = sorted(index for index, _ in known.values() if self._covers(index))
        return {index: self._prepared(index, self._data(index)) for index in places}

    def at(self, places: Sequence[int]) -> Mapping[int, Prepared]:
        """The events at these places, which have been named here."""
        read = self._read
        rows = projections.entries_at(self._connection, [at for at in places if at not in read])
        found = {at: read[at] for at in places if at in read}
        found |= {index: self._prepared(index, data) for index, data in rows}
        return dict(sorted(found.items()))

    def _covers(self, index: int) -> bool:
        return self._size is None or index < self._size

    def _prepared(self, index: int, data: bytes) -> Prepared:
        known = self._read.get(index)
        if known is None:
            known = prepare(data)
            if len(self._read) < _KEPT:
                self._read[index] = known
        return known

    def _data(self, index: int) -> bytes:
        return log.data_at(self._connection, index, self._sheaves)


def evidence(connection: Connection, ledger: str, subject: str, signed: bytes) -> Bundle:
    """Everything that proves `subject` under the checkpoint in the note `signed`.

    UnknownError ``checkpoint.too-old`` if the lot has changed since.
    """
    size = checkpoint.parse(note.parse(signed).text).size
    newest = _last_change(connection, subject)
    if newest >= size:
        raise UnknownError(
            f"{subject} was changed at entry {newest}, the newest checkpoint covers {size}",
            code="checkpoint.too-old",
            hint="oretrail checkpoint make",
        )
    events = closure(Shelf(connection, size), subject)
    parts: dict[int, list[int]] = {}
    for index in events:
        at = log.registration_of(connection, index)
        if at is None:
            raise StorageError(f"event {index} has no statement", code="storage.corrupt")
        parts.setdefault(at, []).append(index)
    indexes = sorted([*parts, *events])
    sheaves = Sheaves(connection)
    rows = tuple(
        (index, events[index].data if index in events else log.data_at(connection, index, sheaves))
        for index in indexes
    )
    return Bundle(
        ledger,
        subject,
        size,
        rows,
        tuple(subset.prove_from(lambda nodes: log.hashes(connection, nodes), indexes, size)),
        tuple(_partial(connection, parts)),
        signed,
    )


def _last_change(connection: Connection, subject: str) -> int:
    """Where the lot was opened or changed last."""
    about = Shelf(connection).about({f"lot:{subject}"})
    return max(
        index
        for index, one in about.items()
        if subject in one.changed or subject in lots_opened(one.effects)
    )


def _partial(connection: Connection, parts: Mapping[int, list[int]]) -> Iterable[tuple[int, bytes]]:
    """The hashes beside the events of each statement that is not whole."""
    sheaves = Sheaves(connection)
    for at, indexes in sorted(parts.items()):
        count = _count(log.data_at(connection, at, sheaves))
        leaves = log.hashes(connection, [(0, at + 1 + place) for place in range(count)])
        for each in subset.prove(leaves, [index - at - 1 for index in indexes]):
            yield at, each


def _count(registration: bytes) -> int:
    """How many events the statement of a registration covers."""
    signed = decode_registration(registration).signed_note
    return Header.parse(note.parse(signed).text).count
