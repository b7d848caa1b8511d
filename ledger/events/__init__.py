"""What people sign: one file per event type, found by the package itself.

`decode` takes exact bytes to one event or raises `MalformedError`; `encode` is its
inverse; `event_id` is what everything else refers to. Event types are not loaded from
installed plugins: what a ledger means must not depend on what a machine has installed.

The types are loaded when the first of them is asked for: half of what a short command takes
would go into fifty types that it reads no event of.
"""

from __future__ import annotations

import importlib
import pkgutil
import typing
from functools import cache
from typing import Any

import msgspec

from ..effects import Effect
from ..errors import MalformedError
from ..log import canonical, merkle
from .base import GOVERNANCE, Event

__all__ = [
    "GOVERNANCE",
    "TYPES",
    "Event",
    "decode",
    "decode_checked",
    "effects_of",
    "encode",
    "event_id",
]


TYPES: dict[str, type[Event]]
"""Event type name -> its class."""


def __getattr__(name: str) -> Any:
    """`TYPES` and every event class, once they are loaded."""
    if not name.startswith("_") and "TYPES" not in globals():
        types = _found()
        globals().update({kind.__name__: kind for kind in types.values()}, TYPES=types)
        if name in globals():
            return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


@cache
def _found() -> dict[str, type[Event]]:
    """Import every file of this folder in name order; return its event types by name."""
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        importlib.import_module(f"{__name__}.{module}")
    here = [kind for kind in Event.__subclasses__() if kind.__module__.startswith(f"{__name__}.")]
    types = {str(kind.__struct_config__.tag): kind for kind in here}
    return dict(sorted(types.items()))


@cache
def _decoder() -> msgspec.json.Decoder[Event]:
    return msgspec.json.Decoder(typing.Union[tuple(_found().values())])  # noqa: UP007 - at run time


_encoder = msgspec.json.Encoder(order="sorted")


def encode(event: Event) -> bytes:
    """The one spelling of `event`: canonical JSON (specs/canonical.md)."""
    data = _encoder.encode(event)
    canonical.check(data)
    return data


def decode(data: bytes) -> Event:
    """The event these exact bytes spell, or `MalformedError`.

    Unknown fields, unknown types and any second spelling are refused: what is not
    understood is never valid and never skipped.
    """
    if canonical.plain(data):
        # Every event type is closed (a test holds them to it): no floats, no nulls, no free
        # members, integers within bounds. So what encodes to the same bytes is canonical.
        try:
            event = _decoder().decode(data)
        except ValueError:  # of msgspec's errors the base, and of UnicodeError
            return _decode_carefully(data)
        if _encoder.encode(event) == data:
            return event
    return _decode_carefully(data)


def decode_checked(data: bytes) -> Event:
    """The event in bytes that `decode` has taken before, in another process."""
    try:
        return _decoder().decode(data)
    except ValueError:  # it was not taken: let it be named
        return _decode_carefully(data)


def _decode_carefully(data: bytes) -> Event:
    """The event of any bytes that spell one, or the error that names what is wrong."""
    canonical.check(data)
    try:
        event = _decoder().decode(data)
    except (msgspec.MsgspecError, UnicodeError) as error:
        text = str(error)
        code = (
            "event.unsupported"
            if text.startswith("Invalid value") and text.endswith("`$.type`")
            else "event.malformed"
        )
        raise MalformedError(f"not an event: {text}", code=code) from None
    if _encoder.encode(event) != data:
        raise MalformedError(
            "not an event: a field is written out that is empty or has its default",
            code="event.malformed",
        )
    return event


def event_id(data: bytes) -> str:
    """The id of an event: RFC 6962 leaf hash of its bytes, 64 hex digits."""
    return merkle.leaf_hash(data).hex()


def effects_of(event: Event) -> tuple[Effect, ...]:
    """What `event` does to the books, in order."""
    return tuple(event.effects())
