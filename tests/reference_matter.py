"""Plain numbers for what is in a lot: the slow, obvious twin of `ledger.custody.amount`.

Parts are taken with fractions, origins are dictionaries, and a new figure is booked as the
accounting rules say it in words.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

BILLION = 10**9
LARGEST = 2**53 - 1
UNKNOWN = "unknown||"
FACTORS = {"Ta2O5": ("Ta", 818_970_000), "Nb2O5": ("Nb", 699_000_000), "SnO2": ("Sn", 787_700_000)}
TOLERANCES = {
    "assay": 30_000_000,
    "bullion": 500_000,
    "default": 5_000_000,
    "hand-scale": 20_000_000,
    "process": 2_000_000,
    "reception": 5_000_000,
    "stock-count": 10_000_000,
    "weighbridge": 5_000_000,
}


# ---------------------------------------------------------------- arithmetic


def nearest(exact: Fraction) -> int:
    """The nearest integer, halves up."""
    return (exact + Fraction(1, 2)).__floor__()


def share(figure: int, part: int, whole: int) -> int:
    """The part of a figure that goes with `part` of `whole`."""
    return nearest(Fraction(figure * part, whole))


def take(vector: dict[str, int], part: int) -> dict[str, int]:
    """`part` out of a vector: floors first, then one each to the largest remainders, by name."""
    whole = sum(vector.values())
    if not whole:
        return {}
    exact = {key: Fraction(mass * part, whole) for key, mass in vector.items()}
    taken = {key: one.__floor__() for key, one in exact.items()}
    order = sorted(vector, key=lambda key: (taken[key] - exact[key], key))
    for key in order[: part - sum(taken.values())]:
        taken[key] += 1
    return {key: mass for key, mass in taken.items() if mass}


def add(*vectors: dict[str, int]) -> dict[str, int]:
    keys = {key for vector in vectors for key in vector}
    total = {key: sum(vector.get(key, 0) for vector in vectors) for key in keys}
    return {key: mass for key, mass in total.items() if mass}


def less(vector: dict[str, int], taken: dict[str, int]) -> dict[str, int]:
    return add(vector, {key: -mass for key, mass in taken.items()})


def dry_of(mass: int, basis: str, moisture: int | None) -> int | None:
    if basis == "dry":
        return mass
    return None if moisture is None else nearest(Fraction(mass * (BILLION - moisture), BILLION))


def metal(dry: int, grades: list[dict[str, Any]]) -> dict[str, int]:
    exact: dict[str, Fraction] = {}
    for line in grades:
        element, factor = FACTORS.get(line["analyte"], (line["analyte"], BILLION))
        part = Fraction(dry * line["grade"] * factor, BILLION * BILLION)
        exact[element] = exact.get(element, Fraction(0)) + part
    return {element: nearest(one) for element, one in exact.items()}


# ---------------------------------------------------------------- what is in a lot


@dataclass
class Metal:
    """A tracked substance: where it is from; what it weighed when it came; how that is known."""

    origins: dict[str, int]
    anchor: int
    by_mass: bool = False

    @property
    def mass(self) -> int:
        return sum(self.origins.values())


@dataclass
class Matter:
    """So much matter: origins add up to its mass."""

    origins: dict[str, int] = field(default_factory=dict)
    dry: int | None = 0
    pieces: int | None = None
    anchor: int = 0
    metals: dict[str, Metal] | None = field(default_factory=dict)

    @property
    def mass(self) -> int:
        return sum(self.origins.values())


@dataclass
class Lot:
    holder: str
    basis: str
    matter: Matter
    state: str = "held"
    taker: str = ""
    dispatch: str = ""
    model: int = 0
    holds: set[str] = field(default_factory=set)


def divide(
    whole: Matter, mass: int, pieces: int | None, stated: dict[str, int] | None
) -> tuple[Matter, Matter]:
    """A part of that mass, and what remains."""
    total = whole.mass

    def along(figure: int) -> int:
        return share(figure, mass, total) if total else 0

    part = Matter(take(whole.origins, mass), None, pieces, along(whole.anchor), None)
    rest = Matter(less(whole.origins, part.origins), None, None, whole.anchor - part.anchor, None)
    if whole.dry is not None:
        part.dry = along(whole.dry)
        rest.dry = whole.dry - part.dry
    if whole.pieces is not None:
        rest.pieces = whole.pieces - (pieces or 0)
    if stated is not None:
        part.metals, rest.metals = drawn(whole, stated)
    elif whole.metals is not None:
        part.metals, rest.metals = {}, {}
        for name, one in whole.metals.items():
            amount = share(one.mass, mass, total) if total else one.mass
            part.metals[name], rest.metals[name] = cut(one, amount)
    return part, rest


def cut(one: Metal, amount: int) -> tuple[Metal, Metal]:
    anchor = share(one.anchor, amount, one.mass) if one.mass else 0
    origins = take(one.origins, amount)
    return (
        Metal(origins, anchor, one.by_mass),
        Metal(less(one.origins, origins), one.anchor - anchor, one.by_mass),
    )


def grown(one: Metal, amount: int) -> Metal:
    """More of it than there was: the rest is unknown, and the tolerance no wider than before."""
    anchor = min(amount, share(one.anchor, amount, one.mass)) if one.mass else amount
    return Metal(add(one.origins, {UNKNOWN: amount - one.mass}), anchor, one.by_mass)


def by_mass(whole: Matter, amount: int) -> Metal:
    """Metal of which nobody knew: it is from where the matter is from."""
    origins = take(whole.origins, amount) if whole.mass else add({UNKNOWN: amount})
    return Metal(origins, amount, len(whole.origins) != 1)


def drawn(
    whole: Matter, stated: dict[str, int]
) -> tuple[dict[str, Metal], dict[str, Metal] | None]:
    """Metal as a process divided it: from what there is, the rest unknown."""
    if whole.metals is None:
        return {name: by_mass(whole, amount) for name, amount in stated.items()}, None
    part, rest = {}, dict(whole.metals)
    for name, amount in stated.items():
        have = rest.get(name, Metal({}, 0))
        got, rest[name] = cut(have, min(amount, have.mass))
        if amount > have.mass:
            got = grown(got, amount)
        part[name] = got
    return part, rest


def join(one: Matter, other: Matter) -> Matter:
    metals = None
    if one.metals is not None and other.metals is not None:
        metals = {}
        for name in {**one.metals, **other.metals}:
            both = [m[name] for m in (one.metals, other.metals) if name in m]
            metals[name] = Metal(
                add(*(each.origins for each in both)),
                min(sum(each.anchor for each in both), LARGEST),
                any(each.by_mass for each in both),
            )
    return Matter(
        add(one.origins, other.origins),
        None if one.dry is None or other.dry is None else one.dry + other.dry,
        None if one.pieces is None or other.pieces is None else one.pieces + other.pieces,
        min(one.anchor + other.anchor, LARGEST),
        metals,
    )


def degraded(matter: Matter, model: int, apart: bool, codes: list[str] | None = None) -> int:
    """The model of a lot just filled; or, with the `codes` of a measurement, of one measured."""
    keys = {key for one in (matter.metals or {}).values() for key in one.origins}
    if codes is not None:
        if not {"mass.excess", "assay.higher"}.intersection(codes):
            return model
        keys |= set(matter.origins)
    keys = keys or set(matter.origins)
    kinds = {key.split("|")[0] for key in keys}
    if "unknown" in kinds and len(kinds) > 1:
        return max(model, 2)
    return max(model, 1) if len(keys) > 1 and not apart else model


# ---------------------------------------------------------------- a new figure


def weigh(lot: Lot, mass: int, basis: str, moisture: int | None, limit: int) -> list[str]:
    """A new weight replaces the booked one; says what is beyond tolerance."""
    was = lot.matter
    dry = dry_afterwards(lot, mass, basis, moisture)
    booked, found, anchor = was.mass, mass, was.anchor
    if was.dry is not None and dry is not None:
        anchor = share(was.anchor, was.dry, was.mass) if was.mass else 0
        booked, found = was.dry, dry
    codes = []
    known, metals = mass, was.metals
    if found > booked and Fraction(found) > anchor * (1 + Fraction(limit, BILLION)):
        codes.append("mass.excess")
        known = share(mass, booked, found)
        anchor = min(mass, share(anchor, mass, booked)) if booked else mass
    else:
        short = Fraction(found) < booked * (1 - Fraction(limit, BILLION))
        if short:
            codes.append("mass.shortfall")
        anchor = mass if short or not found else min(share(anchor, mass, found), LARGEST)
        if metals is not None and booked:
            metals = {
                name: scaled(one, share(one.mass, found, booked), short)
                for name, one in metals.items()
            }
    origins = take(was.origins, known)
    origins = add(origins, {UNKNOWN: mass - sum(origins.values())})
    lot.matter = Matter(origins, dry, was.pieces, anchor, metals)
    lot.basis = basis
    return codes


def scaled(one: Metal, amount: int, short: bool) -> Metal:
    origins = take(one.origins, amount) if one.mass else add({UNKNOWN: amount})
    return Metal(origins, amount if short else one.anchor, one.by_mass)


def dry_afterwards(lot: Lot, mass: int, basis: str, moisture: int | None) -> int | None:
    if basis == "dry" or moisture is not None:
        return dry_of(mass, basis, moisture)
    if lot.matter.dry is None or not lot.matter.mass or lot.basis == "dry":
        return None
    return share(lot.matter.dry, mass, lot.matter.mass)


def assay(lot: Lot, grades: list[dict[str, Any]], limit: int) -> list[str]:
    """New contents replace the booked ones, substance by substance."""
    matter, codes = lot.matter, []
    metals = dict(matter.metals or {})
    for name, amount in metal(matter.dry or 0, grades).items():
        have = metals.get(name)
        if have is None:
            metals[name] = by_mass(matter, amount)
        elif amount > have.mass and amount > have.anchor * (1 + Fraction(limit, BILLION)):
            codes.append("assay.higher")
            metals[name] = grown(have, amount)
        else:
            lower = amount < have.mass * (1 - Fraction(limit, BILLION))
            codes += ["assay.lower"] if lower else []
            metals[name] = scaled(have, amount, lower)
    lot.matter = Matter(matter.origins, matter.dry, matter.pieces, matter.anchor, metals)
    return codes


# ---------------------------------------------------------------- shares of lots


def made_up(subject: int, flows: list[tuple[int, int, int]]) -> dict[int, Fraction]:
    """What each lot is of `subject`, by (target, source, mass): asked of each input in turn."""
    known: dict[int, dict[int, Fraction]] = {}

    def of(lot: int) -> dict[int, Fraction]:
        if lot not in known:
            came = [(source, mass) for target, source, mass in flows if target == lot]
            whole = sum(mass for _, mass in came)
            parts = {lot: Fraction(1)}
            for source, mass in came:
                for name, part in of(source).items():
                    share = part * mass / whole if whole else Fraction(0)
                    parts[name] = parts.get(name, Fraction(0)) + share
            known[lot] = parts
        return known[lot]

    return of(subject)
