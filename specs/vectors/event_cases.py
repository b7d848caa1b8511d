"""Events of every type, one that is good and those that are not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from event_examples import AT, GOOD
from event_mistakes import BAD, BAD_ANY, GONE

from ledger.events import decode, effects_of, event_id
from ledger.log import canonical


def example(kind: str) -> dict[str, Any]:
    """The good event of a type, as a value."""
    return {"occurred_at": AT, "type": kind, **GOOD[kind]}


def changed(kind: str, changes: dict[str, Any]) -> bytes:
    """The good event of a type with some fields changed or gone, spelled canonically."""
    value = {**example(kind), **changes}
    return canonical.encode({name: each for name, each in value.items() if each is not GONE})


def written(effect: Any) -> dict[str, Any]:
    """An effect as JSON; what is None is left out."""
    members = {
        name: msgspec.to_builtins(getattr(effect, name)) for name in effect.__struct_fields__
    }
    return {
        "effect": type(effect).__name__,
        **{name: each for name, each in members.items() if each is not None},
    }


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of every vector of this folder."""
    for kind in GOOD:
        data = canonical.encode(example(kind))
        event = decode(data)
        yield (
            f"good-{kind.replace('.', '-')}",
            {
                "text": data.decode(),
                "id": event_id(data),
                "effects": [written(effect) for effect in effects_of(event)],
                "error": None,
            },
        )
    for mistake, changes in BAD_ANY.items():
        yield mistake, refusal(changed("lot.extracted", changes), "event.malformed")
    for kind, mistakes in BAD.items():
        for mistake, changes in mistakes.items():
            name = f"{kind.replace('.', '-')}-{mistake}"
            yield name, refusal(changed(kind, changes), "event.malformed")
    good = canonical.encode(example("lot.weighed"))
    unsupported = {"type-of-tomorrow": "lot.teleported", "type-in-capitals": "LOT.WEIGHED"}
    for name, kind in unsupported.items():
        yield name, refusal(changed("lot.weighed", {"type": kind}), "event.unsupported")
    yield (
        "registration-as-an-event",
        refusal(
            canonical.encode({"note": ["x"], "recorded_at": AT, "type": "registered"}),
            "event.unsupported",
        ),
    )
    yield (
        "null-for-what-is-absent",
        refusal(good.replace(b'"type"', b'"remark":null,"type"'), "canonical.null"),
    )
    yield (
        "mass-with-a-fraction",
        refusal(good.replace(b"44960000", b"44960000.0"), "canonical.number"),
    )
    yield (
        "mass-beyond-2-to-the-53",
        refusal(good.replace(b"44960000", b"9007199254740992"), "canonical.number"),
    )
    yield "space-between-members", refusal(good.replace(b",", b", "), "canonical.not-canonical")
    yield (
        "fields-out-of-order",
        refusal(
            b'{"type":"lot.weighed",' + good[1:].replace(b',"type":"lot.weighed"', b""),
            "canonical.not-canonical",
        ),
    )
    yield (
        "field-twice",
        refusal(
            good.replace(b'"basis":"wet"', b'"basis":"wet","basis":"wet"'),
            "canonical.not-canonical",
        ),
    )
    yield "newline-at-the-end", refusal(good + b"\n", "canonical.not-canonical")
    yield "list-at-the-top", refusal(b"[" + good + b"]", "canonical.not-an-object")
    yield "nothing", refusal(b"", "canonical.not-json")


def refusal(data: bytes, code: str) -> dict[str, Any]:
    """A vector of bytes that are no event."""
    return {"text": data.decode(), "error": code}
