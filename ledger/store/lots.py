"""A lot as a row: numbers where it is looked for by them, the rest packed small and exactly.

    lot(number, holder, state, head, doc)

    number   of the subject lot:BAG-1           state   index into STATES
    holder   of the subject party:NAME          head    where its last event stands in the log

    doc      a MessagePack map of what is not the default, by letters; origins are written
             once, a vector is (origin, mass, origin, mass, ..., origin): the last mass is
             what remains of the figure that they add up to
      undo   the lot before its head, as what was different then, in the same letters

A row can be garbage; then reading it raises StorageError, whatever is wrong with it.
"""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

from ..custody.amount import Amount, Element, Vector
from ..custody.books import Lot
from ..errors import StorageError

__all__ = ["STATES", "pack", "state", "unpack"]

STATES: Final = ("held", "in-transit", "closed")
"""What the states of a lot are called; a row has the place in here."""

_STATE = {name: place for place, name in enumerate(STATES)}
_LETTERS = {
    "amount": "a",
    "material": "m",
    "basis": "b",
    "head": "h",
    "opened": "o",
    "taker": "t",
    "dispatch": "d",
    "sent": "s",
    "model": "c",
    "holds": "x",
    "peers": "p",
    "holder": "w",
    "state": "i",
    "keys": "k",
    "undo": "u",
}
_TEXTS = ("material", "holder", "basis", "taker")
_HASHES = ("head", "opened", "dispatch")
_OTHERS = ("sent", "model", "holds", "peers")


class _Element(msgspec.Struct, array_like=True):
    """As `Element`, its origins as a vector of numbers."""

    element: str
    mass: int
    anchor: int
    by_mass: bool
    origins: tuple[int, ...]


class _Amount(msgspec.Struct, array_like=True):
    """As `Amount`, its origins as a vector of numbers."""

    mass: int
    dry: int | None
    pieces: int | None
    anchor: int
    origins: tuple[int, ...]
    contents: tuple[_Element, ...] | None


class _Doc(msgspec.Struct, omit_defaults=True, rename=_LETTERS):
    """Fields of a lot; what is left out is the default, and in `undo` as it is now.

    `keys` are the origins that vectors name by their place; `opened` is left out where it is
    the head.
    """

    amount: _Amount | None = None
    material: str | None = None
    basis: str | None = None
    head: bytes | None = None
    opened: bytes | None = None
    taker: str | None = None
    dispatch: bytes | None = None
    sent: int | None = None
    model: int | None = None
    holds: tuple[tuple[str, str], ...] | None = None
    peers: int | None = None
    holder: str | None = None
    state: int | None = None
    keys: tuple[str, ...] = ()
    undo: bytes | _Doc | None = None


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(_Doc).decode
_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(Lot).decode


def pack(lot: Lot) -> bytes:
    """The doc of a lot: all but its id, its holder and its state."""
    keys: dict[str, int] = {}
    doc = _Doc(
        amount=_amount(lot.amount, keys),
        material=lot.material,
        basis=lot.basis,
        head=bytes.fromhex(lot.head),
        opened=bytes.fromhex(lot.opened) if lot.opened != lot.head else None,
        taker=lot.taker or None,
        dispatch=bytes.fromhex(lot.dispatch) if lot.dispatch else None,
        sent=lot.sent or None,
        model=lot.model or None,
        holds=lot.holds or None,
        peers=lot.peers or None,
    )
    if lot.undo:
        doc.undo = _difference(_unpack(lot.undo), lot, keys)
    else:
        doc.undo = lot.undo
    doc.keys = tuple(keys)
    return _encode(doc)


def _difference(was: Lot, now: Lot, keys: dict[str, int]) -> _Doc:
    """What was different."""
    doc = _Doc()
    if was.amount != now.amount:
        doc.amount = _amount(was.amount, keys)
    if was.state != now.state:
        doc.state = _STATE[was.state]
    for name in _HASHES:
        if (value := getattr(was, name)) != getattr(now, name):
            setattr(doc, name, bytes.fromhex(value))
    for name in (*_TEXTS, *_OTHERS):
        if (value := getattr(was, name)) != getattr(now, name):
            setattr(doc, name, value)
    return doc


def _amount(amount: Amount, keys: dict[str, int]) -> _Amount:
    contents = amount.contents
    return _Amount(
        amount.mass,
        amount.dry,
        amount.pieces,
        amount.anchor,
        _vector(amount.origins, amount.mass, keys),
        None
        if contents is None
        else tuple(
            _Element(
                one.element,
                one.mass,
                one.anchor,
                one.basis == "mass",
                _vector(one.origins, one.mass, keys),
            )
            for one in contents
        ),
    )


def _vector(vector: Vector, figure: int, keys: dict[str, int]) -> tuple[int, ...]:
    flat: list[int] = []
    for key, mass in vector:
        flat.append(keys.setdefault(key, len(keys)))
        flat.append(mass)
        figure -= mass
    if flat and not figure:
        flat.pop()
    return tuple(flat)


def state(place: object) -> Literal["held", "in-transit", "closed"]:
    """What a state is called; StorageError ``storage.corrupt`` if it is none."""
    if type(place) is not int or not 0 <= place < len(STATES):
        raise _unreadable(f"{place!r} is no state of a lot")
    return STATES[place]


def unpack(lot_id: str, holder: object, place: object, doc: bytes) -> Lot:
    """The lot in a row, `place` its state; StorageError ``storage.corrupt`` if there is none."""
    if not isinstance(holder, str):
        raise _unreadable("a lot without a holder")
    try:
        return _lot(lot_id, holder, state(place), _decode(doc))
    except (msgspec.MsgspecError, LookupError, RecursionError, TypeError, ValueError) as error:
        raise _unreadable(str(error)) from None


def _unreadable(what: str) -> StorageError:
    return StorageError(
        f"a row of the tables cannot be read: {what}",
        code="storage.corrupt",
        hint="make the tables anew from the log: oretrail db rebuild",
    )


def _lot(lot_id: str, holder: str, now: Literal["held", "in-transit", "closed"], doc: _Doc) -> Lot:
    if doc.amount is None or doc.material is None or doc.basis is None or doc.head is None:
        raise TypeError("a field of a lot is missing")
    head = doc.head.hex()
    lot = Lot(
        lot_id,
        doc.material,
        holder,
        doc.basis,
        _read_amount(doc.amount, doc.keys),
        head,
        head if doc.opened is None else doc.opened.hex(),
        now,
        doc.taker or "",
        "" if doc.dispatch is None else doc.dispatch.hex(),
        doc.sent or 0,
        doc.model or 0,
        doc.holds or (),
        None,
        doc.peers or 0,
    )
    if doc.undo is None:
        return lot
    undo = doc.undo if isinstance(doc.undo, bytes) else _before(doc.undo, lot, doc.keys)
    return msgspec.structs.replace(lot, undo=undo)


def _before(doc: _Doc, now: Lot, keys: tuple[str, ...]) -> bytes:
    """What `undo` held: the lot before, packed as `Books.finish` packs it."""
    changes: dict[str, Any] = {}
    if doc.amount is not None:
        changes["amount"] = _read_amount(doc.amount, keys)
    if doc.state is not None:
        changes["state"] = state(doc.state)
    for name in _HASHES:
        if (digest := getattr(doc, name)) is not None:
            changes[name] = digest.hex()
    for name in (*_TEXTS, *_OTHERS):
        if (value := getattr(doc, name)) is not None:
            changes[name] = value
    return _pack(msgspec.structs.replace(now, **changes))


def _read_amount(amount: _Amount, keys: tuple[str, ...]) -> Amount:
    contents = amount.contents
    return Amount(
        amount.mass,
        amount.dry,
        amount.pieces,
        amount.anchor,
        _read_vector(amount.origins, amount.mass, keys),
        None
        if contents is None
        else tuple(
            Element(
                one.element,
                one.mass,
                one.anchor,
                "mass" if one.by_mass else "element",
                _read_vector(one.origins, one.mass, keys),
            )
            for one in contents
        ),
    )


def _read_vector(flat: tuple[int, ...], figure: int, keys: tuple[str, ...]) -> Vector:
    if not flat:
        return ()
    masses = flat[1::2]
    if len(flat) % 2:
        masses = (*masses, figure - sum(masses))
    return tuple((keys[key], mass) for key, mass in zip(flat[::2], masses, strict=True))
