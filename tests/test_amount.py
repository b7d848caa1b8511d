"""Integer origin vectors: parts and rests add up, nothing is negative, ties go by name."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from ledger.custody.amount import Amount, Element, Vector, merged, portion, take_vector
from ledger.values import MAX_INTEGER, UNKNOWN, Content, Origin
from reference_matter import Matter, Metal, divide, join, take

ORIGINS = [
    UNKNOWN.key,
    Origin("legacy", country="CD").key,
    Origin("mined-asm", site="A").key,
    Origin("mined-asm", site="B").key,
    Origin("mined-lsm", site="B").key,
    Origin("recycled-post-consumer", country="RW").key,
]
sizes = st.one_of(st.integers(1, 12), st.integers(1, 10**9), st.integers(1, MAX_INTEGER))
vectors = st.dictionaries(st.sampled_from(ORIGINS), sizes, min_size=1).map(
    lambda parts: tuple(sorted(parts.items()))
)


def total(vector: Vector) -> int:
    return sum(mass for _, mass in vector)


@st.composite
def elements(draw: st.DrawFn, symbol: str) -> Element:
    origins = draw(vectors)
    mass = total(origins)
    anchor = draw(st.sampled_from((mass, mass + mass // 50, mass // 2)))
    basis: Any = draw(st.sampled_from(("element", "mass")))
    return Element(symbol, mass, min(anchor, MAX_INTEGER), basis, origins)


@st.composite
def amounts(draw: st.DrawFn) -> Amount:
    origins = draw(vectors)
    mass = total(origins)
    dry = draw(st.one_of(st.none(), st.integers(0, mass)))
    pieces = draw(st.one_of(st.none(), st.integers(0, 5), st.integers(0, 10**6)))
    anchor = draw(st.sampled_from((mass, mass + mass // 50, mass // 2)))
    contents = None
    if draw(st.booleans()):
        symbols = sorted(draw(st.sets(st.sampled_from(("Nb", "Sn", "Ta")))))
        contents = tuple(draw(elements(symbol)) for symbol in symbols)
    return Amount(mass, dry, pieces, min(anchor, MAX_INTEGER), origins, contents)


def plain(amount: Amount) -> Matter:
    """The same amount in the twin's plain numbers."""
    metals = None
    if amount.contents is not None:
        metals = {
            e.element: Metal(dict(e.origins), e.anchor, e.basis == "mass") for e in amount.contents
        }
    return Matter(dict(amount.origins), amount.dry, amount.pieces, amount.anchor, metals)


# ---------------------------------------------------------------- vectors


@given(vectors, st.data())
def test_a_part_of_a_vector_adds_up_and_is_nowhere_more_than_the_whole(
    vector: Vector, data: st.DataObject
) -> None:
    whole = total(vector)
    part = data.draw(st.integers(0, whole))
    taken = take_vector(vector, whole, part)
    assert total(taken) == part
    have = dict(vector)
    assert all(0 < mass <= have[key] for key, mass in taken)
    assert list(taken) == sorted(taken)


@given(vectors, st.data())
def test_each_origin_gets_its_share_to_less_than_a_milligram(
    vector: Vector, data: st.DataObject
) -> None:
    whole = total(vector)
    part = data.draw(st.integers(0, whole))
    taken = dict(take_vector(vector, whole, part))
    for key, mass in vector:
        assert abs(Fraction(mass * part, whole) - taken.get(key, 0)) < 1


@given(vectors, sizes)
def test_a_vector_is_taken_as_by_the_twin_up_and_down(vector: Vector, part: int) -> None:
    assert dict(take_vector(vector, total(vector), part)) == take(dict(vector), part)


def test_what_is_left_over_goes_to_the_largest_remainders() -> None:
    vector = (("a", 1), ("b", 3), ("c", 6))  # of 10; 7 of them are 0.7, 2.1, 4.2
    assert take_vector(vector, 10, 7) == (("a", 1), ("b", 2), ("c", 4))


def test_a_tie_goes_to_the_origin_that_sorts_first() -> None:
    vector = (("a", 1), ("b", 1), ("c", 1))
    assert take_vector(vector, 3, 1) == (("a", 1),)
    assert take_vector(vector, 3, 2) == (("a", 1), ("b", 1))
    assert take_vector(vector, 3, 4) == (("a", 2), ("b", 1), ("c", 1))


def test_the_whole_and_nothing_are_taken_as_they_are() -> None:
    vector = (("a", 1), ("b", 2))
    assert take_vector(vector, 3, 3) is vector
    assert take_vector(vector, 3, 0) == ()
    assert take_vector((("a", 5),), 5, 0) == ()
    assert take_vector((), 0, 0) == ()


@given(st.lists(vectors, max_size=5))
def test_a_sum_of_vectors_holds_what_they_hold(parts: list[Vector]) -> None:
    whole = merged(parts)
    assert total(whole) == sum(total(part) for part in parts)
    assert list(whole) == sorted(whole)
    for key in ORIGINS:
        assert dict(whole).get(key, 0) == sum(dict(part).get(key, 0) for part in parts)


@given(sizes, sizes, sizes)
def test_a_portion_is_rounded_to_the_nearest_halves_up(figure: int, part: int, whole: int) -> None:
    exact = Fraction(figure * part, whole)
    found = portion(figure, part, whole)
    assert found - Fraction(1, 2) <= exact < found + Fraction(1, 2)


# ---------------------------------------------------------------- amounts


@given(amounts(), st.data())
def test_a_part_and_the_rest_are_the_whole(amount: Amount, data: st.DataObject) -> None:
    mass = data.draw(st.integers(0, amount.mass))
    _, pieces = amount.taken(mass, None)
    part, rest = amount.split(mass, pieces)
    assert (part.mass, rest.mass) == (mass, amount.mass - mass)
    whole = part + rest
    assert (whole.mass, whole.dry, whole.pieces) == (amount.mass, amount.dry, amount.pieces)
    assert whole.origins == amount.origins
    assert whole.anchor == amount.anchor
    if amount.contents is None:
        assert whole.contents is None
    else:
        assert whole.contents == amount.contents


@given(amounts(), st.data())
def test_nothing_in_a_part_or_a_rest_is_negative(amount: Amount, data: st.DataObject) -> None:
    mass = data.draw(st.integers(0, amount.mass))
    for one in amount.split(*amount.taken(mass, None)):
        assert one.mass >= 0
        assert one.dry is None or 0 <= one.dry <= one.mass or (amount.dry or 0) > amount.mass
        assert one.pieces is None or one.pieces >= 0
        assert all(part > 0 for _, part in one.origins)
        assert total(one.origins) == one.mass
        for element in one.contents or ():
            assert element.mass >= 0
            assert total(element.origins) == element.mass
            assert all(part > 0 for _, part in element.origins)


@given(amounts(), st.data())
def test_an_amount_is_divided_as_by_the_twin(amount: Amount, data: st.DataObject) -> None:
    mass = data.draw(st.integers(0, amount.mass))
    stated = None
    if data.draw(st.booleans()):
        symbols = sorted(data.draw(st.sets(st.sampled_from(("Nb", "Sn", "Ta")))))
        stated = {symbol: data.draw(st.integers(0, mass)) for symbol in symbols}
    _, pieces = amount.taken(mass, None)
    contents = None if stated is None else [Content(k, v) for k, v in stated.items()]
    part, rest = amount.split(mass, pieces, contents)
    assert (plain(part), plain(rest)) == divide(plain(amount), mass, pieces, stated)


@given(amounts(), amounts())
def test_amounts_are_joined_as_by_the_twin(one: Amount, other: Amount) -> None:
    assume(one.mass + other.mass <= MAX_INTEGER)
    assert plain(one + other) == join(plain(one), plain(other))
    assert one + other == other + one


@given(amounts(), amounts(), amounts())
def test_the_order_of_joining_makes_no_difference(a: Amount, b: Amount, c: Amount) -> None:
    assert (a + b) + c == a + (b + c)


@given(amounts(), st.data())
def test_stated_contents_come_out_of_what_is_there_and_beyond_it_out_of_nowhere(
    amount: Amount, data: st.DataObject
) -> None:
    assume(amount.contents is not None)
    have = amount.element("Ta")
    there = have.mass if have else 0
    wanted = data.draw(st.integers(0, amount.mass))
    part, rest = amount.split(amount.mass // 2, None, [Content("Ta", wanted)])
    drawn, left = part.element("Ta"), rest.element("Ta")
    assert drawn is not None
    assert drawn.mass == wanted
    known = dict(have.origins).get(UNKNOWN.key, 0) if have else 0
    assert dict(drawn.origins).get(UNKNOWN.key, 0) <= known + max(wanted - there, 0)
    assert (left.mass if left else 0) == max(there - wanted, 0)


@given(amounts(), st.data())
def test_water_takes_no_dry_matter_and_no_metal_along(amount: Amount, data: st.DataObject) -> None:
    water = data.draw(st.integers(0, amount.mass))
    rest = amount.without_water(water)
    assert rest.mass == amount.mass - water == total(rest.origins)
    assert rest.contents == amount.contents
    assert rest.dry == (None if amount.dry is None else min(amount.dry, rest.mass))
    assert rest.pieces == (0 if amount.pieces is not None and not rest.mass else amount.pieces)


@given(vectors, st.integers(1, 10**6), st.data())
def test_a_draw_by_pieces_takes_mass_in_proportion(
    vector: Vector, count: int, data: st.DataObject
) -> None:
    amount = Amount(total(vector), None, count, total(vector), vector, None)
    pieces = data.draw(st.integers(1, count))
    mass, counted = amount.taken(None, pieces)
    assert counted == pieces
    assert 0 <= mass <= amount.mass
    if pieces == amount.pieces:
        assert mass == amount.mass


def test_metal_of_one_origin_is_followed_though_nobody_had_assayed_it() -> None:
    amount = Amount(10, 10, None, 10, ((ORIGINS[2], 10),), None)
    assert amount.by_mass("Ta", 4) == Element("Ta", 4, 4, "element", ((ORIGINS[2], 4),))
    mixed = Amount(10, 10, None, 10, ((ORIGINS[2], 5), (ORIGINS[3], 5)), None)
    assert mixed.by_mass("Ta", 4).basis == "mass"


def test_a_figure_out_of_nothing_is_of_unknown_origin() -> None:
    nothing = Element("Ta", 0, 0, "element", ())
    assert nothing.rescaled(5, 5).origins == ((UNKNOWN.key, 5),)
    assert nothing.rescaled(0, 0).origins == ()
    assert Amount().by_mass("Ta", 5).origins == ((UNKNOWN.key, 5),)
    assert Amount().by_mass("Ta", 0).origins == ()


def test_fresh_matter_is_all_of_one_origin() -> None:
    key = ORIGINS[2]
    amount = Amount.fresh(10, 8, 3, key, [Content("Sn", 0), Content("Ta", 2)])
    assert amount.origins == ((key, 10),)
    assert (amount.mass, amount.dry, amount.pieces, amount.anchor) == (10, 8, 3, 10)
    assert amount.contents == (
        Element("Sn", 0, 0, "element", ()),
        Element("Ta", 2, 2, "element", ((key, 2),)),
    )
    assert Amount.fresh(10, 8, 3, key, None).contents is None


def test_an_amount_is_empty_when_nothing_is_left_of_it_to_weigh_or_count() -> None:
    assert Amount().empty
    assert Amount(0, 0, 0).empty
    assert not Amount(0, 0, 1).empty
    assert not Amount(1, 1, 0).empty


def test_all_of_an_amount_leaves_nothing_of_what_was_in_it() -> None:
    """A metal that went before, all but what it once weighed, leaves nothing to what follows."""
    origin = (("legacy|CD|", 100),)
    here = Element("Ta", 40, 41, "element", (("legacy|CD|", 40),))
    gone = Element("Sn", 0, 7, "element", ())
    part, rest = Amount(100, 90, 5, 120, origin, (here,)).split(100, 5)
    assert part == Amount(100, 90, 5, 120, origin, (here,))
    assert rest == Amount(0, 0, 0, 0, (), (Element("Ta", 0, 0, "element", ()),))
    part, rest = Amount(100, 90, 5, 120, origin, (gone, here)).split(100, 5)
    assert part.contents == (Element("Sn", 0, 0, "element", ()), here)
    assert rest.contents == (gone, Element("Ta", 0, 0, "element", ()))


def test_a_sum_of_nothing_names_no_origin() -> None:
    assert merged(((("legacy|CD|", 0),), (("legacy|CD|", 0),))) == ()
    assert merged(((("legacy|CD|", 2),), (("legacy|CD|", 3),))) == (("legacy|CD|", 5),)
