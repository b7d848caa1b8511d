"""Receipts that a party kept, compared with the ledger as it is today.

    {"event":["<64 hex>"],"index":41,"ledger":"<64 hex>","recorded_at":"...","size":43}

One line for each registration, appended when the ledger answered: a promise that the
registration stands at `index`, the events after it in this order, recorded at that time. A
line may also hold it under "receipt", as the answer to an outbox does.

    receipt.dropped        error   the log goes beyond the place, and the event is nowhere in it
    receipt.moved          error   the event stands at another place
    receipt.time-changed   error   it is recorded at another time than was promised
    receipt.other-ledger   error   the receipt is of another ledger
    receipt.delayed        error   nothing published covers the place, long after it was promised
    receipt.waiting        info    nothing published covers it yet
    receipt.unreadable     minor   a line that is no receipt, as after a power cut

The comparison looks on while the auditor takes in the same entries, so whatever else is
wrong with them is in the same report.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from ..custody.statement import decode_registration
from ..errors import MalformedError
from ..findings import Finding
from ..log import merkle
from .auditor import Source

__all__ = ["Comparison", "Kept", "read", "spell"]

_HASH = re.compile(r"[0-9a-f]{64}", re.ASCII)
_TIME = re.compile(r"[0-9]{4}(-[0-9]{2}){2}T[0-9]{2}(:[0-9]{2}){2}Z", re.ASCII)


class Kept(msgspec.Struct, frozen=True):
    """A receipt: of which ledger ("" if the line does not say), what was promised."""

    index: int
    event: tuple[str, ...]
    size: int
    recorded_at: str
    ledger: str = ""


_decoder = msgspec.json.Decoder(dict[str, Any])
_encoder = msgspec.json.Encoder(order="sorted")


def spell(kept: Kept) -> bytes:
    """The line, with its newline."""
    return _encoder.encode(kept) + b"\n"


def read(data: bytes) -> tuple[list[Kept], list[int]]:
    """The receipts in a file, equal ones once; and the numbers of lines that are none.

    Lines that hold no receipt because there was none (an answer that refused) are left out.
    """
    found: dict[Kept, None] = {}
    bad = []
    for number, line in enumerate(data.split(b"\n"), start=1):
        if not line:
            continue
        try:
            said = _decoder.decode(line)
            if "became" in said and "receipt" not in said:
                continue
            found[_fit(msgspec.convert(said.get("receipt", said), Kept))] = None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            bad.append(number)
    return list(found), bad


def _fit(kept: Kept) -> Kept:
    hashes = (*kept.event, kept.ledger) if kept.ledger else kept.event
    fit = (
        0 <= kept.index < kept.size == kept.index + 1 + len(kept.event) <= merkle.MAX_SIZE
        and kept.event
        and all(map(_HASH.fullmatch, hashes))
        and _TIME.fullmatch(kept.recorded_at)
    )
    if not fit:
        raise ValueError("no receipt")
    return kept


class Comparison:
    """Let the entries through (`watch`), then ask for `findings`."""

    def __init__(self, kept: Sequence[Kept], unreadable: Iterable[int] = ()) -> None:
        self._kept, self._unreadable = list(kept), list(unreadable)
        self._wanted = {bytes.fromhex(one) for receipt in kept for one in receipt.event}
        # Event id -> (index, its registration's bytes).
        self._found: dict[str, tuple[int, bytes]] = {}
        self._size = 0

    def watch(self, sources: Iterable[Source]) -> Iterator[Source]:
        """The same entries, noting where those stand that were promised."""
        registration = b""
        for source in sources:
            self._size = source.index + 1
            if source.data.endswith(b'"type":"registered"}'):
                registration = source.data
            else:
                leaf = merkle.leaf_hash(source.data)
                if leaf in self._wanted:
                    self._found.setdefault(leaf.hex(), (source.index, registration))
            yield source

    def findings(self, ledger: str, published_by: str = "") -> list[Finding]:
        """What became of every receipt in this ledger (its id), of which all was watched.

        `published_by` is a time: what was recorded before must have been published. "" if the
        entries are the log itself, in which everything promised stands.
        """
        found = [
            Finding(
                code="receipt.unreadable",
                severity="minor",
                message=f"line {number} of the receipts is no receipt",
            )
            for number in self._unreadable
        ]
        for receipt in self._kept:
            if receipt.ledger and receipt.ledger != ledger:
                found.append(
                    Finding(
                        code="receipt.other-ledger",
                        message=f"the receipt for entry {receipt.index} is of ledger "
                        f"{receipt.ledger[:12]}, this is {ledger[:12] or 'unknown'}",
                    )
                )
            else:
                for place, event in enumerate(receipt.event, start=receipt.index + 1):
                    found += self._one(receipt, place, event, published_by)
        return found

    def _one(self, receipt: Kept, place: int, event: str, published_by: str) -> Iterator[Finding]:
        promised = f"event {event[:12]} was promised at entry {place}, {receipt.recorded_at}"
        if event not in self._found:
            yield self._absent(promised, receipt, place, published_by)
            return
        index, registration = self._found[event]
        if index != place:
            yield Finding(
                code="receipt.moved",
                message=f"{promised}; it stands at entry {index}",
                entries=(index,),
            )
        try:
            recorded_at = decode_registration(registration).recorded_at
        except MalformedError:
            recorded_at = "no time that can be read"
        if recorded_at != receipt.recorded_at:
            yield Finding(
                code="receipt.time-changed",
                message=f"{promised}; it is recorded at {recorded_at}",
                entries=(index,),
            )

    def _absent(self, promised: str, receipt: Kept, place: int, published_by: str) -> Finding:
        here = f"{promised}; there are {self._size} entries"
        if not published_by or place < self._size:
            return Finding(code="receipt.dropped", message=f"{here}, and it is none of them")
        if receipt.recorded_at < published_by:
            return Finding(
                code="receipt.delayed",
                message=f"{here}, though what came before {published_by} must be published",
            )
        return Finding(
            code="receipt.waiting",
            severity="info",
            message=f"{here}, so it is not published yet",
        )
