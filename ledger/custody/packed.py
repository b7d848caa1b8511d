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
    """Lot id -> lot, held as MessagePack between uses."""

    def __init__(self) -> None:
        self._lots: dict[str, Lot | bytes] = {}
        # Ids of the lots that are objects -> their bytes, or None if the lot is newer than they.
        self._warm: dict[str, bytes | None] = {}

    def __getitem__(self, key: str) -> Lot:
        lot = self._lots[key]
        return lot if type(lot) is Lot else self._unpacked(key, lot)  # type: ignore[arg-type]

    def get(self, key: str, default: Lot | None = None) -> Lot | None:  # type: ignore[override]
        """The lot, or `default`."""
        lot = self._lots.get(key)
        if type(lot) is Lot:
            return lot
        return default if lot is None else self._unpacked(key, lot)  # type: ignore[arg-type]

    def __contains__(self, key: object) -> bool:
        return key in self._lots

    def __setitem__(self, key: str, lot: Lot) -> None:
        self._lots[key] = lot
        self._warm[key] = None
        if len(self._warm) > _WARM:
            self._cool()

    def __delitem__(self, key: str) -> None:
        del self._lots[key]
        self._warm.pop(key, None)

    def __iter__(self) -> Iterator[str]:
        return iter(self._lots)

    def __len__(self) -> int:
        return len(self._lots)

    def _unpacked(self, key: str, data: bytes) -> Lot:
        lot = self._lots[key] = _decode(data)
        self._warm[key] = data
        if len(self._warm) > _WARM:
            self._cool()
        return lot

    def _cool(self) -> None:
        """Pack what has changed, and begin anew."""
        lots = self._lots
        for key, data in self._warm.items():
            lots[key] = _encode(lots[key]) if data is None else data  # type: ignore[arg-type]
        self._warm.clear()
