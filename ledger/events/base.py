"""What every event has: who says it, when it happened, and what it builds on.

An event is a fact in the trade's words: one canonical JSON object.

    {"after":[], "by":"gihanga.example", "lot":"GIH-0001", ..., "type":"lot.extracted"}

To add an event type, write one file in this folder with one subclass of `Event`:
its docstring is the help people read, its fields are decoded strictly, `command` places
it in the CLI, and `effects` says what it does to the books. Nothing else changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Loss
from ..values import Content, Count, Digest, EventId, Id, Mass, Positive, Text, Time, Word

__all__ = ["GOVERNANCE", "Draw", "Event", "LossLine", "Named", "once_each"]

GOVERNANCE = "governance"
"""The reserved party in whose name governance signs; its keys are ``governance/...``."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
):
    """Base of every event type.

    `command` is where the CLI offers it (``record extraction``).
    """

    command: ClassVar[str] = ""

    by: Annotated[Id, msgspec.Meta(description="party that says so")]
    occurred_at: Annotated[Time, msgspec.Meta(description="when it happened")]
    after: Annotated[
        tuple[EventId, ...],
        msgspec.Meta(max_length=512, description="heads of the lots it changes, sorted"),
    ] = ()
    cosigners: Annotated[
        tuple[Id, ...],
        msgspec.Meta(max_length=16, description="parties that must sign besides, sorted"),
    ] = ()
    private: Annotated[
        tuple[Digest, ...],
        msgspec.Meta(max_length=64, description="commitments to withheld fields, sorted"),
    ] = ()
    remark: Annotated[Text | None, msgspec.Meta(description="a note for people")] = None

    def __post_init__(self) -> None:
        """Sets are spelled one way: sorted, each member once."""
        # Of one member at most, as most are, there is no order: this is asked of every event.
        if len(self.after) > 1:
            _in_order("after", self.after)
        if len(self.cosigners) > 1:
            _in_order("cosigners", self.cosigners)
        if len(self.private) > 1:
            _in_order("private", self.private)
        if self.by in self.cosigners:
            raise ValueError(f"{self.by} is named both in by and in cosigners")

    @property
    def type(self) -> str:
        """The type's name, such as ``lot.extracted``."""
        return str(self.__struct_config__.tag)

    def effects(self) -> Iterator[Effect]:
        """What this event does to the books, in order."""
        raise TypeError(f"{type(self).__name__} does not say what it does to the books")


def _in_order(name: str, members: Sequence[str]) -> None:
    if list(members) != sorted(set(members)):
        raise ValueError(f"{name} must be sorted, each once")


class Draw(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """So much of a lot: by mass, by pieces, or all of it."""

    lot: Id
    mass: Positive | None = None
    pieces: Count | None = None

    def __post_init__(self) -> None:
        """Drawn by one measure; the other follows in proportion."""
        if self.mass is not None and self.pieces is not None:
            raise ValueError(f"lot {self.lot} is drawn by mass or by pieces, not both")


class LossLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Mass that leaves the books, and why: tailings, slag, moisture, sampling, spill, theft.

    `contents` says how much metal left with it; if absent, its part of what is left.
    """

    reason: Word
    mass: Mass
    contents: tuple[Content, ...] | None = None

    def __post_init__(self) -> None:
        """Water holds none of what is tracked."""
        if self.reason == "moisture" and self.contents is not None:
            raise ValueError("moisture takes no contents with it")

    def effect(self, lot: str) -> Loss:
        """The loss, out of `lot`."""
        contents = () if self.reason == "moisture" else self.contents
        return Loss(lot, self.reason, mass=self.mass, contents=contents)


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A leg or instrument and its tolerance, in parts per billion of the booked figure."""

    name: Word
    tolerance: Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000, extra={"words": "share"})]


def once_each(tolerances: Sequence[Named]) -> None:
    """Refuse a table that gives one name two tolerances."""
    names = [line.name for line in tolerances]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{twice} is given two tolerances")
