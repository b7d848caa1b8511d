"""One charge goes into a process and comes out as something else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import msgspec

from ..effects import Claim, Close, Effect, Flow, Gain, Open
from ..values import (
    UNKNOWN,
    Basis,
    Content,
    Count,
    Grade,
    Id,
    Mass,
    Positive,
    Share,
    Text,
    Word,
    contained,
    dry_mass,
)
from .base import Event, LossLine


class Output(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A product, by-product or residue of a process: its mass and what it contains.

    Contained metal is given as mass (`contents`) or by assay (`grades`), not both.
    `added`: so much of its mass came in as reagent, binder, oxygen ...; its origin is
    unknown and it brings none of the tracked substances.
    """

    lot: Id
    material: Text
    mass: Positive
    basis: Basis
    role: Literal["product", "byproduct", "residue"] = "product"
    moisture: Share | None = None
    contents: tuple[Content, ...] | None = None
    grades: tuple[Grade, ...] = ()
    added: Mass = 0
    pieces: Count | None = None

    def __post_init__(self) -> None:
        """One way to say what it contains, and it cannot be made of reagent alone."""
        if self.contents is not None and self.grades:
            raise ValueError(f"output {self.lot} gives both contents and grades")
        if self.grades and dry_mass(self.mass, self.basis, self.moisture) is None:
            raise ValueError(f"a grade of wet output {self.lot} needs its moisture too")
        if self.added >= self.mass:
            raise ValueError(f"output {self.lot} is {self.mass} mg, of which {self.added} added")

    def composition(self) -> tuple[Content, ...] | None:
        """What it contains, or None when nobody said."""
        if self.contents is not None:
            return tuple(sorted(self.contents, key=lambda c: c.element))
        dry = dry_mass(self.mass, self.basis, self.moisture)
        return contained(dry, self.grades) if self.grades and dry is not None else None


class LotRefined(Event, frozen=True, kw_only=True, tag="lot.refined"):
    """Washing, leaching, smelting, sintering: the whole charge becomes outputs and losses.

    Outputs less what was added, and losses, add up to the charge; no substance comes out
    that did not go in.
    """

    command: ClassVar[str] = "record refining"

    lot: Annotated[Id, msgspec.Meta(description="the charge, used up whole")]
    process: Annotated[Word, msgspec.Meta(description="washing, leaching, smelting ...")]
    outputs: Annotated[
        tuple[Output, ...],
        msgspec.Meta(min_length=1, max_length=64, description="lot,material=...,mass=..."),
    ]
    losses: Annotated[
        tuple[LossLine, ...], msgspec.Meta(max_length=64, description="reason,mass")
    ] = ()
    facility: Annotated[Id | None, msgspec.Meta(description="registered site")] = None

    def effects(self) -> Iterator[Effect]:
        """Each output begins with its part of the charge; nothing is left.

        Water goes first, then what has stated contents, so that the rest of the metal is
        shared by what has none.
        """
        for loss in self.losses:
            if loss.reason == "moisture":
                yield loss.effect(self.lot)
        for stated in (True, False):
            for out in self.outputs:
                if (out.composition() is not None) is stated:
                    yield from self._output(out)
            for loss in self.losses:
                if loss.reason != "moisture" and (loss.contents is not None) is stated:
                    yield loss.effect(self.lot)
        yield Close(self.lot)
        facts = {
            "process": self.process,
            "facility": self.facility,
            "roles": [{"lot": out.lot, "role": out.role} for out in self.outputs],
        }
        yield Claim(
            f"lot:{self.lot}", "process", "done", {k: v for k, v in facts.items() if v is not None}
        )

    def _output(self, out: Output) -> Iterator[Effect]:
        dry = dry_mass(out.mass, out.basis, out.moisture)
        yield Open(
            out.lot,
            out.material,
            self.by,
            out.mass,
            out.basis,
            dry=dry,
            pieces=out.pieces,
            recast=True,
        )
        yield Flow(self.lot, out.lot, out.mass - out.added, contents=out.composition())
        if out.added:
            yield Gain(out.lot, out.added, UNKNOWN, contents=())
