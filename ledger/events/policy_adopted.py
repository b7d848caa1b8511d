"""The ledger adopts tolerances for instruments and legs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from ..effects import Adopt, Effect
from .base import Event, Named, once_each


class PolicyAdopted(Event, frozen=True, kw_only=True, tag="policy.adopted"):
    """Tolerances within which a new measurement only re-scales a lot.

    Names are instruments and legs (`hand-scale`, `weighbridge`, `reception`, `assay`,
    `process`). What was adopted before is gone; a name not given here has the tolerance
    of the built-in table, and one that is not in the table either that of `default`.
    """

    command: ClassVar[str] = "policy adopt"

    tolerances: Annotated[
        tuple[Named, ...],
        msgspec.Meta(min_length=1, max_length=64, description="name,tolerance"),
    ]

    def __post_init__(self) -> None:
        """A name has one tolerance."""
        super().__post_init__()
        once_each(self.tolerances)

    def effects(self) -> Iterator[Effect]:
        """These tolerances replace all that were adopted before."""
        yield Adopt(tuple((line.name, line.tolerance) for line in self.tolerances))
