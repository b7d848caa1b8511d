"""A ledger begins: who governs it, which key signs its checkpoints."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Adopt, Effect, Govern
from ..values import Text, Vkey
from .base import GOVERNANCE, Event, Named, once_each


class LedgerCreated(Event, frozen=True, kw_only=True, tag="ledger.created"):
    """The first event of a ledger; its id is the ledger's id.

    Signed by every governance key. From then on `threshold` of them must sign what
    governance does. A `demo` ledger, and no other, accepts the public demo keys.
    """

    command: ClassVar[str] = ""

    origin: Annotated[
        str,
        msgspec.Meta(
            pattern=r"\A[a-z0-9][a-z0-9.-]{0,99}(?:/[a-z0-9][a-z0-9._-]{0,63}){1,4}\Z",
            description="schema-less URL that names the log, such as kivu.example/trail",
        ),
    ]
    name: Annotated[Text, msgspec.Meta(description="what people call this ledger")]
    governance: Annotated[
        tuple[Vkey, ...],
        msgspec.Meta(min_length=1, max_length=16, description="governance keys, sorted"),
    ]
    threshold: Annotated[int, msgspec.Meta(ge=1, le=16, description="how many of them must sign")]
    log_key: Annotated[Vkey, msgspec.Meta(description="key that signs checkpoints, only")]
    tolerances: Annotated[
        tuple[Named, ...],
        msgspec.Meta(max_length=64, description="tolerance per instrument or leg"),
    ] = ()
    demo: Annotated[bool, msgspec.Meta(description="a demonstration, with public keys")] = False

    def __post_init__(self) -> None:
        """Governance speaks for itself, and its keys are spelled one way."""
        super().__post_init__()
        if self.by != GOVERNANCE:
            raise ValueError(f"a ledger is created by {GOVERNANCE}, not by {self.by}")
        if list(self.governance) != sorted(set(self.governance)):
            raise ValueError("governance must be sorted, each key once")
        once_each(self.tolerances)

    def effects(self) -> Iterator[Effect]:
        """Governance is set, and its tolerances."""
        yield Govern(self.governance, self.threshold, self.log_key, self.origin, self.demo)
        if self.tolerances:
            yield Adopt(tuple((line.name, line.tolerance) for line in self.tolerances))
