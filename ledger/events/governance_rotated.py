"""Governance changes hands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Effect, Govern
from ..values import MAX_INTEGER, Vkey
from .base import GOVERNANCE, Event


class GovernanceRotated(Event, frozen=True, kw_only=True, tag="governance.rotated"):
    """New governance keys, threshold or log key; signed by the old threshold and all new keys.

    Origin and demo mark stay as they were. Checkpoints signed by an earlier log key stay good.
    """

    command: ClassVar[str] = "policy rotate"

    version: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=MAX_INTEGER, description="one more than before", extra={"words": "count"}
        ),
    ]
    origin: Annotated[str, msgspec.Meta(max_length=255, description="the ledger's origin")]
    governance: Annotated[
        tuple[Vkey, ...],
        msgspec.Meta(min_length=1, max_length=16, description="governance keys, sorted"),
    ]
    threshold: Annotated[
        int, msgspec.Meta(ge=1, le=16, description="how many must sign", extra={"words": "count"})
    ]
    log_key: Annotated[Vkey, msgspec.Meta(description="key that signs checkpoints")]
    demo: bool = False

    def __post_init__(self) -> None:
        """Governance speaks for itself, and its keys are spelled one way."""
        super().__post_init__()
        if self.by != GOVERNANCE:
            raise ValueError(f"governance is rotated by {GOVERNANCE}, not by {self.by}")
        if list(self.governance) != sorted(set(self.governance)):
            raise ValueError("governance must be sorted, each key once")

    def effects(self) -> Iterator[Effect]:
        """Governance is replaced."""
        yield Govern(
            self.governance, self.threshold, self.log_key, self.origin, self.demo, self.version
        )
