"""How much is in a lot, and from where: exact integer arithmetic on origin vectors.

    Amount
      mass      1080000000 mg, as booked
      dry       1036800000 mg of it are dry matter        (None: nobody said)
      pieces    24                                        (None: not counted)
      anchor    1080000000 mg: what it weighed when it was filled; see `measured`
      origins   (("mined-asm||RW-GIHANGA", 1080000000),)  always sums to mass
      contents  ((Ta, 203785943 mg, basis element, origins ...),)   (None: unknown)

An origin vector gives milligrams per origin and sums exactly to its figure. A flow
takes a proportional part, rounded by largest remainder, ties by origin; what is taken
and what remains always add up. There are no floats and no fractions.

`basis` of a content is ``element`` if its origins were followed through the element
itself, ``mass`` if somewhere on the way only net masses were known and stood in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ..values import MAX_INTEGER, UNKNOWN, Content

__all__ = ["Amount", "Element", "Vector", "merged", "portion", "take_vector"]

Vector: TypeAlias = tuple[tuple[str, int], ...]
"""Origin key -> milligrams, sorted by key, no zeros."""

_UNKNOWN = UNKNOWN.key


def portion(figure: int, part: int, whole: int) -> int:
    """`figure` x `part` / `whole`, to the nearest integer, halves up."""
    return (2 * figure * part + whole) // (2 * whole)


def take_vector(vector: Vector, total: int, part: int) -> Vector:
    """The proportional part of a vector: sums exactly to `part`.

    Each origin gets the floor of its share; the milligrams left over go to the largest
    remainders, ties to the origin that sorts first. `part` may exceed `total` (scaling
    up); then `total` must not be zero.
    """
    if part == total:
        return vector
    if len(vector) == 1:
        return ((vector[0][0], part),) if part else ()
    count = len(vector)
    floors: list[int] = []
    # Remainder and place in one number: numbers sort three times as fast as pairs. The largest
    # remainder is the least of them and, a vector being sorted, of equal ones the first origin.
    rests: list[int] = []
    for place, (_, mass) in enumerate(vector):
        whole, rest = divmod(mass * part, total)
        floors.append(whole)
        rests.append(place - rest * count)
    short = part - sum(floors)
    if short:
        rests.sort()
        for one in rests[:short]:
            floors[one % count] += 1
    return tuple((key, mass) for (key, _), mass in zip(vector, floors, strict=True) if mass)


def _less(vector: Vector, taken: Vector) -> Vector:
    """`vector` minus a part of it."""
    if not taken:
        return vector
    if taken is vector or taken == vector:
        return ()
    if len(taken) == len(vector):  # then every origin of one is in the other, in the same place
        pairs = zip(vector, taken, strict=True)
        rest = [(key, mass - less) for (key, mass), (_, less) in pairs]
    else:
        out = dict(taken)
        rest = [(key, mass - out.get(key, 0)) for key, mass in vector]
    return tuple([line for line in rest if line[1]])


def merged(vectors: Sequence[Vector]) -> Vector:
    """The sum of vectors."""
    if len(vectors) == 2 and len(vectors[0]) == len(vectors[1]) == 1:
        ((key, mass),), ((other, more),) = vectors
        if key == other and mass + more:
            return ((key, mass + more),)
    total: dict[str, int] = {}
    for vector in vectors:
        for key, mass in vector:
            total[key] = total.get(key, 0) + mass
    return tuple(sorted((key, mass) for key, mass in total.items() if mass))


class Element(msgspec.Struct, frozen=True, array_like=True):
    """A tracked substance in an amount: its mass, how it was followed, and from where.

    `anchor` is its mass when the lot was filled, as in `Amount`.
    """

    element: str
    mass: int
    anchor: int
    basis: Literal["element", "mass"]
    origins: Vector

    def taken(self, mass: int) -> Element:
        """The part of it that is `mass`, which is no more than there is."""
        anchor = portion(self.anchor, mass, self.mass) if self.mass else 0
        origins = take_vector(self.origins, self.mass, mass)
        return Element(self.element, mass, anchor, self.basis, origins)

    def minus(self, part: Element) -> Element:
        """What remains after `part` was taken out of it."""
        return Element(
            self.element,
            self.mass - part.mass,
            self.anchor - part.anchor,
            self.basis,
            _less(self.origins, part.origins),
        )

    def emptied(self) -> Element:
        """What remains after all of it was taken out."""
        return Element(self.element, 0, 0, self.basis, ())

    def rescaled(self, mass: int, anchor: int) -> Element:
        """The same shares at another mass; from nothing, all of it is unknown."""
        if self.mass:
            origins = take_vector(self.origins, self.mass, mass)
        else:
            origins = ((_UNKNOWN, mass),) if mass else ()
        return Element(self.element, mass, anchor, self.basis, origins)

    def with_unknown(self, extra: int) -> Element:
        """The same, and `extra` milligrams of unknown origin on top.

        What was above its anchor stays so: else small gains would add up after all.
        """
        mass = self.mass + extra
        anchor = min(mass, portion(self.anchor, mass, self.mass)) if self.mass else mass
        origins = merged((self.origins, ((_UNKNOWN, extra),)))
        return Element(self.element, mass, anchor, self.basis, origins)


class Amount(msgspec.Struct, frozen=True, array_like=True):
    """How much, of what, from where. See the drawing at the top of the file."""

    mass: int = 0
    dry: int | None = 0
    pieces: int | None = None
    anchor: int = 0
    origins: Vector = ()
    contents: tuple[Element, ...] | None = ()

    @classmethod
    def fresh(
        cls,
        mass: int,
        dry: int | None,
        pieces: int | None,
        origin: str,
        contents: Sequence[Content] | None,
    ) -> Amount:
        """Mass that enters the books, all of one origin."""
        elements = None
        if contents is not None:
            elements = tuple(
                [
                    Element(
                        c.element, c.mass, c.mass, "element", ((origin, c.mass),) if c.mass else ()
                    )
                    for c in contents
                ]
            )
        return cls(mass, dry, pieces, mass, ((origin, mass),), elements)

    @property
    def empty(self) -> bool:
        """Nothing is left, neither mass nor pieces."""
        return self.mass == 0 and not self.pieces

    def element(self, symbol: str) -> Element | None:
        """The tracked substance `symbol`, if it is known to be here."""
        for element in self.contents or ():
            if element.element == symbol:
                return element
        return None

    def taken(self, mass: int | None, pieces: int | None) -> tuple[int, int | None]:
        """What a draw by mass, by pieces or of everything takes: (mass, pieces).

        The other measure follows in proportion. The caller has checked that it is there.
        """
        if mass is None and pieces is None:
            return self.mass, self.pieces
        if mass is None:
            return portion(self.mass, pieces or 0, self.pieces or 1), pieces
        if self.pieces is None or not self.mass:
            return mass, None
        return mass, portion(self.pieces, mass, self.mass)

    def split(
        self, mass: int, pieces: int | None, contents: Sequence[Content] | None = None
    ) -> tuple[Amount, Amount]:
        """(part, rest): `mass` milligrams of this, and what remains.

        `contents` None: the part has its proportion of everything. Else it has what the
        process put there; what exceeds the amount's own content is of unknown origin.
        """
        whole = self.mass
        origins = take_vector(self.origins, whole, mass)
        dry = anchor = 0
        if whole:
            anchor = portion(self.anchor, mass, whole)
            dry = portion(self.dry or 0, mass, whole)
        inside, left = self._divided(mass, contents)
        part = Amount(mass, None if self.dry is None else dry, pieces, anchor, origins, inside)
        rest = Amount(
            whole - mass,
            None if self.dry is None else self.dry - dry,
            None if self.pieces is None else self.pieces - (pieces or 0),
            self.anchor - anchor,
            _less(self.origins, origins),
            left,
        )
        return part, rest

    def _divided(
        self, mass: int, stated: Sequence[Content] | None
    ) -> tuple[tuple[Element, ...] | None, tuple[Element, ...] | None]:
        """The contents of a part of `mass` and of the rest."""
        if stated is not None:
            return self._drawn(stated)
        if not self.contents:
            return self.contents, self.contents
        if mass == self.mass and all(e.mass for e in self.contents):
            return self.contents, tuple([e.emptied() for e in self.contents])
        # Without any mass, all of it is drawn: by its pieces.
        part = [
            e.taken(portion(e.mass, mass, self.mass) if self.mass else e.mass)
            for e in self.contents
        ]
        rest = [e.minus(p) for e, p in zip(self.contents, part, strict=True)]
        return tuple(part), tuple(rest)

    def _drawn(
        self, stated: Sequence[Content]
    ) -> tuple[tuple[Element, ...], tuple[Element, ...] | None]:
        """Stated contents, taken out of what is here as far as it goes."""
        if self.contents is None:
            # Nobody knew what the charge contained, so net mass stands in for its origins.
            return tuple(self.by_mass(c.element, c.mass) for c in stated), None
        rest = {element.element: element for element in self.contents}
        part = []
        for content in stated:
            have = rest.get(content.element) or Element(content.element, 0, 0, "element", ())
            drawn = have.taken(min(content.mass, have.mass))
            rest[content.element] = have.minus(drawn)
            beyond = content.mass - drawn.mass
            part.append(drawn.with_unknown(beyond) if beyond else drawn)
        return tuple(part), tuple(rest[key] for key in sorted(rest))

    def by_mass(self, element: str, mass: int) -> Element:
        """An element whose origins are those of the net mass.

        With a single origin that is the element's own, so the basis stays `element`.
        """
        basis: Literal["element", "mass"] = "element" if len(self.origins) == 1 else "mass"
        if self.mass:
            origins = take_vector(self.origins, self.mass, mass)
        else:
            origins = ((_UNKNOWN, mass),) if mass else ()
        return Element(element, mass, mass, basis, origins)

    def without_water(self, mass: int) -> Amount:
        """After losing `mass` of water: no dry matter and no contents went with it."""
        left = self.mass - mass
        pieces = 0 if self.pieces is not None and not left else self.pieces
        return Amount(
            left,
            None if self.dry is None else min(self.dry, left),
            pieces,
            max(self.anchor - mass, 0),
            take_vector(self.origins, self.mass, left) if self.mass else (),
            self.contents,
        )

    def __add__(self, other: Amount) -> Amount:
        """Both together; where one side's contents are unknown, the whole's are."""
        contents: tuple[Element, ...] | None = None
        if self.contents is not None and other.contents is not None:
            contents = _joined(self.contents, other.contents)
        return Amount(
            self.mass + other.mass,
            None if self.dry is None or other.dry is None else self.dry + other.dry,
            None if self.pieces is None or other.pieces is None else self.pieces + other.pieces,
            min(self.anchor + other.anchor, MAX_INTEGER),
            merged((self.origins, other.origins)),
            contents,
        )


def _joined(ours: tuple[Element, ...], theirs: tuple[Element, ...]) -> tuple[Element, ...]:
    """Contents of two amounts put together; what one side does not list, it has none of."""
    total = {element.element: element for element in ours}
    for element in theirs:
        have = total.get(element.element)
        if have is None:
            total[element.element] = element
            continue
        by_mass = "mass" in (have.basis, element.basis)
        total[element.element] = Element(
            element.element,
            have.mass + element.mass,
            min(have.anchor + element.anchor, MAX_INTEGER),
            "mass" if by_mass else "element",
            merged((have.origins, element.origins)),
        )
    return tuple(total[key] for key in sorted(total))
