"""Lots as packed bytes: a mapping that a long replay can afford.

A lot as an object with its vectors costs a kilobyte and is looked at by every garbage
collection; packed it costs a quarter of that and is opaque. An auditor of a national
scheme keeps millions of them. The few that events are about just now are asked for a dozen
times each, so they stay as they are, and are packed together when there are too many.
"""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

import msgspec

from .books import Lot

__all__ = ["PackedLots"]

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Lot).decode
_WARM = 2_048
"""Lots that are kept as objects; a statement of 4,096 events may pack some of its own."""


class PackedLots(MutableMapping[str, Lot]):
    """Lot id -> lot, held as MessagePack between uses."""

    def __init__(self) -> None:
        self._packed: dict[str, bytes] = {}
        # Lots as objects; those in `_changed` are newer than their bytes, which are b"" if new.
        self._warm: dict[str, Lot] = {}
        self._changed: set[str] = set()

    def __getitem__(self, key: str) -> Lot:
        lot = self.get(key)
        if lot is None:
            raise KeyError(key)
        return lot

    def get(self, key: str, default: Lot | None = None) -> Lot | None:  # type: ignore[override]
        """The lot, or `default`."""
        lot = self._warm.get(key)
        if lot is not None:
            return lot
        data = self._packed.get(key)
        if data is None:
            return default
        lot = self._warm[key] = _decode(data)
        if len(self._warm) > _WARM:
            self._cool()
        return lot

    def __contains__(self, key: object) -> bool:
        return key in self._packed

    def __setitem__(self, key: str, lot: Lot) -> None:
        self._packed.setdefault(key, b"")
        self._warm[key] = lot
        self._changed.add(key)
        if len(self._warm) > _WARM:
            self._cool()

    def __delitem__(self, key: str) -> None:
        del self._packed[key]
        self._warm.pop(key, None)
        self._changed.discard(key)

    def __iter__(self) -> Iterator[str]:
        return iter(self._packed)

    def __len__(self) -> int:
        return len(self._packed)

    def _cool(self) -> None:
        """Pack what has changed, and begin anew."""
        for key in self._changed:
            self._packed[key] = _encode(self._warm[key])
        self._changed.clear()
        self._warm.clear()
