"""An exported list of entries, read strictly: one spelling per line, or an error.

The format is drawn in `exports.entries`. Hashes are taken as stated; it is the auditor
who recomputes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec

from ..errors import MalformedError
from .auditor import Source

__all__ = ["Line", "read", "spell"]

_Hash = Annotated[str, msgspec.Meta(pattern=r"\A[0-9a-f]{64}\Z")]
_LONGEST = 1 << 20


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the list."""

    index: Annotated[int, msgspec.Meta(ge=0, le=2**53 - 1)]
    leaf: _Hash
    chain: _Hash
    entry: str


_decoder = msgspec.json.Decoder(Line)
_encoder = msgspec.json.Encoder()


def spell(line: Line) -> bytes:
    """The line, with its newline."""
    return _encoder.encode(line) + b"\n"


def read(lines: Iterable[bytes]) -> Iterator[Source]:
    """The entries that the lines state; MalformedError ``entries.malformed``."""
    for number, data in enumerate(lines, start=1):
        try:
            if len(data) > _LONGEST:
                raise ValueError("longer than a mebibyte")
            line = _decoder.decode(data)
            source = Source(
                line.index,
                line.entry.encode(),
                bytes.fromhex(line.leaf),
                bytes.fromhex(line.chain),
            )
        except (msgspec.MsgspecError, ValueError, RecursionError) as error:
            raise MalformedError(
                f"line {number} of the entry list: {error}", code="entries.malformed"
            ) from None
        if spell(line) != data:
            raise MalformedError(
                f"line {number} of the entry list is not spelled the one way",
                code="entries.malformed",
            )
        yield source
