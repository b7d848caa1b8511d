"""Event hash ids: what an EPCIS event is called after what it says, as CBV 2.0 section 8.9 has it.

    eventType=ObjectEventeventTime=2026-02-09T08:15:00.000Z...  --SHA-256-->
    ni:///sha-256;5f1c...?ver=CBV2.0

The members of the standard go first, in its order, name and value joined by ``=`` and
everything else by nothing; then all others, sorted. Not in it: `eventID`, `recordTime`,
`type` and `errorDeclaration`, so an event that is found to be wrong keeps its name.

It is a name and no signature: texts that look like numbers are folded (``2609.00`` is
``2609``). Only what our own exports write is covered: web vocabulary words, UTC, no
sensor components.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

__all__ = ["WORDS", "event_hash_id"]

_Order: TypeAlias = "tuple[tuple[str, _Order], ...]"

_QUANTITY: _Order = (("epcClass", ()), ("quantity", ()), ("uom", ()))
_ORDER: _Order = (
    ("eventTime", ()),
    ("eventTimeZoneOffset", ()),
    ("certificationInfo", ()),
    ("quantityList", _QUANTITY),
    ("inputQuantityList", _QUANTITY),
    ("outputQuantityList", _QUANTITY),
    ("action", ()),
    ("transformationID", ()),
    ("bizStep", ()),
    ("disposition", ()),
    ("readPoint", (("id", ()),)),
    ("bizLocation", (("id", ()),)),
    (
        "sensorElementList",
        (
            ("sensorMetadata", (("time", ()),)),
            (
                "sensorReport",
                (("type", ()), ("chemicalSubstance", ()), ("value", ()), ("uom", ())),
            ),
        ),
    ),
)
_LEFT_OUT = frozenset(("recordTime", "eventID", "type", "errorDeclaration"))
_ITEMS = {
    "quantityList": "quantityElement",
    "inputQuantityList": "quantityElement",
    "outputQuantityList": "quantityElement",
    "sensorElementList": "sensorElement",
    "bizTransactionList": "",
    "sourceList": "",
    "destinationList": "",
}

_CBV = "https://ref.gs1.org/cbv/"
WORDS: dict[str, str] = {
    **{
        word: f"{_CBV}BizStep-{word}"
        for word in (
            "commissioning",
            "creating_class_instance",
            "destroying",
            "inspecting",
            "receiving",
            "shipping",
            "void_shipping",
        )
    },
    **{
        word: f"{_CBV}Disp-{word}"
        for word in ("active", "conformant", "destroyed", "in_progress", "in_transit")
    },
    "possessing_party": f"{_CBV}SDT-possessing_party",
    "desadv": f"{_CBV}BTT-desadv",
    "recadv": f"{_CBV}BTT-recadv",
    "Mass": "https://gs1.org/voc/Mass",
    "Dimensionless": "https://gs1.org/voc/Dimensionless",
}
"""The words that our exports use, and what they are in the web vocabulary."""


def event_hash_id(event: Mapping[str, Any], prefixes: Mapping[str, str]) -> str:
    """The event hash id of an event; `prefixes` are those its document declares."""
    parts = ["eventType=", event["type"]]
    parts += [_ordered(name, event[name], order) for name, order in _ORDER if name in event]
    known = {name for name, _ in _ORDER} | _LEFT_OUT
    rest = [
        text
        for name, value in event.items()
        if name not in known
        for text in _others(name, value, prefixes)
    ]
    parts += sorted(rest)
    return f"ni:///sha-256;{hashlib.sha256(''.join(parts).encode()).hexdigest()}?ver=CBV2.0"


def _ordered(name: str, value: Any, order: _Order) -> str:
    """A member of the standard, with its name."""
    item = _ITEMS.get(name)
    if item is not None:
        return name + "".join(sorted(_ordered(item, one, order) for one in value))
    if isinstance(value, list):
        return "".join(sorted(_ordered(name, one, order) for one in value))
    if isinstance(value, Mapping):
        return name + "".join(_ordered(key, value[key], sub) for key, sub in order if key in value)
    if name in ("eventTime", "time"):
        return f"{name}={value[:-1]}.000Z"
    return f"{name}={_folded(str(value))}"


def _others(name: str, value: Any, prefixes: Mapping[str, str]) -> Iterable[str]:
    """Any other member, as one text or (of a list) one for each item."""
    prefix, _, word = name.partition(":")
    name = f"{{{prefixes[prefix]}}}{word}" if prefix in prefixes else name
    if name in _ITEMS:
        pairs = (
            "".join(t for k, v in one.items() for t in _others(k, v, prefixes)) for one in value
        )
        yield name + "".join(sorted(pairs))
    elif isinstance(value, list):
        for one in value:
            yield from _others(name, one, prefixes)
    elif isinstance(value, Mapping):
        inside = (text for k, v in value.items() for text in _others(k, v, prefixes))
        yield name + "".join(sorted(inside))
    else:
        yield f"{name}={_folded(str(value))}"


def _folded(text: str) -> str:
    """A word as its web vocabulary URI, a number without trailing zeros."""
    text = WORDS.get(text.strip(), text.strip())
    try:
        number = float(text)
        return str(int(number) if int(number) == number else number)
    except (ValueError, OverflowError):
        return text
