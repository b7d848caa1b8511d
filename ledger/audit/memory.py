"""What a verifier has seen of ledgers before, and what that says of what it is shown now.

    was seen                    is shown                              code                  severity
    60 entries                  40, live                              log.rolled-back       critical
                                40, carried here as a file            log.older             minor
    60, root A                  a signed checkpoint of 60, root B     log.forked            critical
                                more, but root B at 60                log.inconsistent      critical
                                a part that cannot tell               log.not-compared      info
    ledger X at a place         ledger Y at that place                ledger.replaced       critical
    origin o, key k, ledger X   origin o, key k, ledger Y             ledger.other-id       critical
                                origin o, key l, ledger Y             ledger.other-key      critical
                                origin p, key k, ledger Y             ledger.other-origin   critical

The last four are major where the ledger's id was insisted on: then it is clear which one is
meant. A ledger is known by its id, which its first event gives it, and by nothing that it
says of itself afterwards. Nobody's sightings are kept of demonstrations, whose keys anybody
can compute.

Pure: `ledger.memory` keeps the sightings.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator

import msgspec

from ..findings import Finding, Severity
from ..log import checkpoint, note
from ..log.checkpoint import Checkpoint

__all__ = ["MAX_PLACES", "Roots", "Shown", "Sighting", "judge", "sighting", "stale"]


class Sighting(msgspec.Struct, frozen=True):
    """The largest checkpoint of a ledger that was verified, by the log's `keys`; and where.

    `full`: every entry under it was replayed. `places` are those it was seen at, the last
    one first.
    """

    ledger: str
    checkpoint: bytes
    keys: tuple[str, ...]
    seen_at: str
    full: bool
    places: tuple[str, ...] = ()

    @property
    def said(self) -> Checkpoint:
        """What the checkpoint says; raises unless one of the keys has signed it."""
        said = checkpoint.parse(note.parse(self.checkpoint).text)
        verifiers = [note.Verifier.parse(vkey) for vkey in self.keys]
        return checkpoint.open(self.checkpoint, said.origin, verifiers)


class Roots:
    """The roots at those sizes of a log at which a checkpoint can be: 40 bytes each."""

    def __init__(self) -> None:
        self._sizes = array("Q")
        self._roots = bytearray()

    def add(self, size: int, root: bytes) -> None:
        """The next, larger one."""
        self._sizes.append(size)
        self._roots += root

    def at(self, size: int) -> bytes | None:
        """The root over the first `size` entries, or None."""
        place = bisect_left(self._sizes, size)
        if place == len(self._sizes) or self._sizes[place] != size:
            return None
        return bytes(self._roots[32 * place : 32 * place + 32])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Roots):
            return NotImplemented
        return (self._sizes, self._roots) == (other._sizes, other._roots)

    __hash__ = None  # type: ignore[assignment]


class Shown(msgspec.Struct, frozen=True):
    """What a verifier is shown now, verified as far as it can be without memory.

    `size` is how many entries, `checkpoint` the largest signed note that agrees with them,
    or b"". Where `roots` has none, no checkpoint can be; unless `complete` is false: then it
    cannot be told. `place` is where it was shown ("" if nowhere in
    particular), `carried` that it is a file that may be older than the ledger, `pinned`
    that the ledger's id was insisted on, `demo` that it is a demonstration.
    """

    ledger: str
    origin: str
    keys: tuple[str, ...]
    size: int
    checkpoint: bytes
    roots: Roots
    complete: bool = True
    place: str = ""
    carried: bool = False
    pinned: bool = False
    demo: bool = False

    @property
    def signed(self) -> int:
        """The size of the signed checkpoint, -1 if there is none."""
        return checkpoint.size_of(self.checkpoint) if self.checkpoint else -1


def judge(seen: Iterable[Sighting], shown: Shown) -> Iterator[Finding]:
    """Everything that was seen, held against what is shown."""
    for one in seen:
        if one.ledger == shown.ledger:
            yield from _history(one, shown)
        else:
            yield from _identity(one, shown)


def sighting(
    seen: Iterable[Sighting], shown: Shown, now: str, *, full: bool | None = None
) -> Sighting | None:
    """What is to be remembered of something that was verified and judged to be sound.

    `full` is whether every entry was verified here, as it was if the whole log is shown.
    None if it adds nothing: there is no signed checkpoint, or none that is shown to continue
    the one that is known.
    """
    known = next((one for one in seen if one.ledger == shown.ledger), None)
    whole = shown.complete if full is None else full
    places: tuple[str, ...] = (shown.place,) if shown.place else ()
    if known is not None:
        if shown.signed < known.said.size or shown.roots.at(known.said.size) != known.said.root:
            return None
        places += tuple(place for place in known.places if place != shown.place)
        places = places[:MAX_PLACES]
        if shown.signed == known.said.size:
            whole = known.full or whole
            if (whole, places) == (known.full, known.places):
                return None
            return msgspec.structs.replace(known, full=whole, places=places)
    if shown.signed < 1 or shown.demo:
        return None
    return Sighting(shown.ledger, shown.checkpoint, shown.keys, now, whole, places)


MAX_PLACES = 16
"""Places remembered of one ledger."""


def stale(as_of: str, limit: str, asked: str) -> Iterator[Finding]:
    """A log whose newest proven time (`as_of`) is before the limit; `asked` is said as it was."""
    if as_of < limit:
        yield Finding(
            code="log.stale",
            severity="major",
            message=f"what is shown is as of {as_of or 'no time'}, wanted is not before {limit} "
            f"({asked})",
        )


def _history(known: Sighting, shown: Shown) -> Iterator[Finding]:
    """One ledger, then and now."""
    was = known.said
    root = shown.roots.at(was.size)
    if not shown.complete and root is None:
        yield Finding(
            code="log.not-compared",
            severity="info",
            message=f"{was.size} entries were seen on {known.seen_at}, this is shown under "
            f"{shown.size}; only the whole log shows that they agree",
        )
    elif was.size > shown.size:
        yield Finding(
            code="log.older" if shown.carried else "log.rolled-back",
            severity="minor" if shown.carried else "critical",
            message=f"{was.size} entries were seen on {known.seen_at}, {shown.size} are shown",
        )
    elif root != was.root:
        forked = shown.signed == was.size
        here = "no statement ends" if root is None else f"the root is {root.hex()[:16]}"
        yield Finding(
            code="log.forked" if forked else "log.inconsistent",
            severity="critical",
            message=f"at size {was.size} root {was.root.hex()[:16]} was seen on "
            f"{known.seen_at}, here {here}",
        )


def _identity(known: Sighting, shown: Shown) -> Iterator[Finding]:
    """Two ledgers, by their ids, that share what only one can have."""
    origin = known.said.origin
    if shown.place and shown.place in known.places:
        yield _two(
            "ledger.replaced", known, shown, f"ledger {known.ledger[:12]} was seen at {shown.place}"
        )
    same_key = not _raw(known.keys).isdisjoint(_raw(shown.keys))
    if origin == shown.origin:
        code = "ledger.other-id" if same_key else "ledger.other-key"
        keys = "the same key" if same_key else "another key"
        yield _two(
            code, known, shown, f"ledger {known.ledger[:12]} of {origin} was seen, under {keys}"
        )
    elif same_key:
        yield _two(
            "ledger.other-origin",
            known,
            shown,
            f"the key of {shown.origin} is that of {origin}, ledger {known.ledger[:12]}",
        )


def _two(code: str, known: Sighting, shown: Shown, message: str) -> Finding:
    severity: Severity = "major" if shown.pinned else "critical"
    return Finding(
        code=code,
        severity=severity,
        message=f"{message}; this is ledger {shown.ledger[:12]}",
        hint="insist on the one you mean: oretrail verify --ledger-id " + shown.ledger,
    )


def _raw(keys: Iterable[str]) -> set[bytes]:
    return {note.Verifier.parse(vkey).public_key for vkey in keys}
