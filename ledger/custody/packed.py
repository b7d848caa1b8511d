"""Lots as packed bytes: a mapping that a long replay can afford.

A lot as an object with its vectors costs a kilobyte and is looked at by every garbage
collection; packed it costs a quarter of that and is opaque. An auditor of a national
scheme keeps millions of them.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

import msgspec

from .books import Lot

__all__ = ["PackedLots"]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Lot).decode


class PackedLots(MutableMapping[str, Lot]):
    """Lot id -> lot, held as MessagePack between uses."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}

    def __getitem__(self, key: str) -> Lot:
        return _decode(self._packed[key])

    def get(self, key: str, default: Lot | None = None) -> Lot | None:  # type: ignore[override]
        """The lot, or `default`."""
        data = self._packed.get(key)
        return default if data is None else _decode(data)

    def __contains__(self, key: object) -> bool:
        return key in self._packed

    def __setitem__(self, key: str, lot: Lot) -> None:
        self._packed[key] = _encode(lot)

    def __delitem__(self, key: str) -> None:
        del self._packed[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)
