"""Lots as packed bytes: a mapping that a long replay can afford.

A lot as an object with its vectors costs a kilobyte and is looked at by every garbage
collection; packed it costs a quarter of that and is opaque. An auditor of a national
scheme keeps millions of them. The few that events are about just now are asked for a dozen
times each, so they stay as they are, and are packed together when there are too many.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, MutableMapping

import msgspec

from .books import Lot

__all__ = ["PackedLots"]

_spell = msgspec.msgpack.Encoder().encode
_read = msgspec.msgpack.Decoder(Lot).decode
_LONG = 1_000
"""Bytes from which on a lot is compressed: what was blended often names many origins often."""
_DEFLATED = 0x78
"""The first byte of what zlib makes; a lot as MessagePack begins with 0x9f."""
_WARM = 2_048
"""Lots that are kept as objects; a statement of 4,096 events may pack some of its own."""


def _encode(lot: Lot) -> bytes:
    data = _spell(lot)
    return data if len(data) < _LONG else zlib.compress(data, 1)


def _decode(data: bytes) -> Lot:
    return _read(zlib.decompress(data) if data[0] == _DEFLATED else data)


class PackedLots(MutableMapping[str, Lot]):
    """Lot id -> lot, held as MessagePack between uses, in `cold` if one is given."""

    def __init__(self, cold: MutableMapping[str, bytes] | None = None) -> None:
        self._cold: MutableMapping[str, bytes] = {} if cold is None else cold
        self._warm: dict[str, Lot] = {}
        # Those of the warm that are newer than their bytes, in the order of their first change.
        self._changed: dict[str, None] = {}

    def __getitem__(self, key: str) -> Lot:
        lot = self._warm.get(key)
        return self._unpacked(key, self._cold[key]) if lot is None else lot

    def get(self, key: str, default: Lot | None = None) -> Lot | None:  # type: ignore[override]
        """The lot, or `default`."""
        lot = self._warm.get(key)
        if lot is not None:
            return lot
        data = self._cold.get(key)
        return default if data is None else self._unpacked(key, data)

    def __contains__(self, key: object) -> bool:
        return key in self._warm or key in self._cold

    def __setitem__(self, key: str, lot: Lot) -> None:
        self._warm[key] = lot
        self._changed[key] = None
        if len(self._warm) > _WARM:
            self._cool()

    def __delitem__(self, key: str) -> None:
        if self._warm.pop(key, None) is None or key not in self._changed:
            del self._cold[key]
        else:
            self._cold.pop(key, None)
        self._changed.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        yield from self._cold
        yield from (key for key in self._warm if key not in self._cold)

    def __len__(self) -> int:
        return len(self._cold) + sum(1 for key in self._warm if key not in self._cold)

    def _unpacked(self, key: str, data: bytes) -> Lot:
        lot = self._warm[key] = _decode(data)
        if len(self._warm) > _WARM:
            self._cool()
        return lot

    def _cool(self) -> None:
        """Pack what has changed, and begin anew."""
        warm = self._warm
        for key in self._changed:
            self._cold[key] = _encode(warm[key])
        self._changed.clear()
        warm.clear()
