"""Shares: how much of a lot is each lot behind it, and how much of it is in each after it.

    BAG-1 ──60 kg──┐                        of BLEND, and of POWDER
    BAG-2 ──20 kg──┴─> BLEND ──> POWDER     BAG-1 is 3/4, BAG-2 is 1/4

By net mass, as it flowed: whatever leaves a lot is made up as the lot is. What was added
without being a lot (alloy, reagents) is not shared out, nor what a scale found later. Origins
of an element are not found this way: those are followed in the books, see `amount`.

Shares are whole parts of 2^128. Each lot gives its parts by the floors of a running sum, so
nothing is lost: what a lot began from adds up to the whole. A part is off by less than one
for each lot on the way, which no digit shows that anybody is told, whereas fractions would
have tens of thousands of digits.

Lots are numbered as they come up in the log. A lot is filled once, from lots that were there,
so that numbers are a topological order, and one pass is enough.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

import msgspec

from .amount import take_vector
from .trail import ElementTrail

__all__ = ["WHOLE", "Behind", "Edge", "Inside", "Shares", "behind", "inside", "of_whole", "told"]

WHOLE = 1 << 128
"""All of a lot, in parts."""

Edge: TypeAlias = tuple[int, int, int, str]
"""(number of the target, of the source, milligrams, name of the one that is walked to)."""


class Behind(msgspec.Struct, frozen=True):
    """What a lot is made up of: `parts` of each lot behind it, its own `WHOLE` first.

    `began` are those that nothing flowed into; theirs add up to `WHOLE`. `mass` is what
    flowed into the lot, in milligrams.
    """

    parts: dict[str, int]
    began: list[str]
    mass: int


class Inside(msgspec.Struct, frozen=True):
    """How much of a lot is in lot `lot`: `parts` of that one, `mass` milligrams as it flowed in."""

    lot: str
    parts: int
    mass: int


class Shares(msgspec.Struct, frozen=True):
    """What the tables say of where a lot came from: found, not proven.

    `elements` are its origins as they are booked, to the milligram; empty once nothing of it
    is left. `behind` are the lots it is made up of.
    """

    subject: str
    elements: dict[str, ElementTrail]
    behind: Behind


def behind(subject: int, name: str, edges: Iterable[Edge]) -> Behind:
    """What `subject` is made up of, from the edges into it and into all lots behind it.

    Each carries the name of its source. Raises `ValueError` where lots are made of later ones.
    """
    parts, names = {subject: WHOLE}, [name]
    made = set()
    feeding = _by_target(edges)
    for target in sorted(feeding, reverse=True):
        came = feeding[target]
        total = sum([mass for _, _, mass, _ in came])
        whole, running, given = parts.get(target, 0) if total else 0, 0, 0
        for _, source, mass, called in came:
            if source >= target:
                raise ValueError(f"a lot is made of {called}, which came after it")
            running += mass
            upto = whole * running // total if whole else 0
            if source in parts:
                parts[source] += upto - given
            else:
                parts[source] = upto - given
                names.append(called)
            given = upto
        if total:
            made.add(target)
    return Behind(
        dict(zip(names, parts.values(), strict=True)),
        [called for called, number in zip(names, parts, strict=True) if number not in made],
        sum([mass for _, _, mass, _ in feeding.get(subject, ())]),
    )


def inside(subject: int, edges: Iterable[Edge]) -> list[Inside]:
    """How much of `subject` is in each lot after it, from all edges into any of those.

    Each carries the name of its target. Raises `ValueError` where lots are made of later ones.
    """
    feeding = _by_target(edges)
    parts = {subject: WHOLE}
    found = []
    for target in sorted(feeding):
        came = feeding[target]
        _, _, _, called = came[0]
        if max([source for _, source, _, _ in came]) >= target:
            raise ValueError(f"{called} is made of a lot that came after it")
        if target == subject:
            continue
        total = sum([mass for _, _, mass, _ in came])
        flowed = sum([parts[source] * mass for _, source, mass, _ in came if source in parts])
        parts[target] = flowed // total if total else 0
        found.append(Inside(called, parts[target], of_whole(flowed, 1)))
    return found


def of_whole(parts: int, figure: int) -> int:
    """So many parts of a figure, to the nearest integer, halves up."""
    return (2 * parts * figure + WHOLE) // (2 * WHOLE)


def told(found: Behind, figure: int) -> dict[str, int]:
    """What each lot behind is of a figure, such as 10^9: what it began from adds up to that.

    As in `amount`, what the floors leave over goes to the largest remainders. The lots in
    between are to the nearest integer.
    """
    began = tuple(sorted((lot, found.parts[lot]) for lot in found.began))
    exact = dict(take_vector(began, WHOLE, figure))
    between = found.parts.keys() - set(found.began)
    return {
        lot: of_whole(parts, figure) if lot in between else exact.get(lot, 0)
        for lot, parts in found.parts.items()
    }


def _by_target(edges: Iterable[Edge]) -> dict[int, list[Edge]]:
    """The edges into each lot; a query hands most of them over together."""
    feeding: dict[int, list[Edge]] = {}
    for target, some in groupby(edges, key=itemgetter(0)):
        feeding.setdefault(target, []).extend(some)
    return feeding
