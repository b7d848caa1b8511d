"""A statement is signed by whom it names and builds on what there is, whole or not at all.

Here and in the `test_rules_...` beside it each refusal is provoked through the ledger's
front door and names exactly one code, so that its test fails when the rule is gone. What
only another event type could do is judged with effects made by hand.
"""

from __future__ import annotations

import typing

import pytest

from actors import (
    KEYS,
    KG,
    LAB,
    MINE,
    STRANGER,
    TRADER,
    World,
    assayed,
    blended,
    dispatched,
    extracted,
    weighed,
)
from ledger import effects as does
from ledger.custody.rules import RULES
from ledger.custody.statement import Statement
from ledger.errors import ConflictError
from ledger.events import encode

# ---------------------------------------------------------------- signatures


def test_everybody_named_signs(world: World) -> None:
    world.record(extracted("A", basis="dry"))
    assert world.refused(extracted("B"), signed=[TRADER]) == ["statement.signer-missing"]
    assert world.refused(assayed("A"), signed=[LAB]) == ["statement.signer-missing"]
    assert world.refused(assayed("A"), signed=[MINE]) == ["statement.signer-missing"]
    world.record(assayed("A"))


def test_an_unsigned_draft_is_refused(world: World) -> None:
    assert world.refused(extracted("A"), signed=[]) == ["statement.signer-missing"]


def test_an_unknown_party_says_nothing(world: World) -> None:
    assert world.refused(extracted("A", by=STRANGER)) == ["party.unknown"]


def test_a_strangers_signature_beside_a_good_one_is_ignored(world: World) -> None:
    world.record(extracted("A"), signed=[STRANGER, MINE])
    world.sound()


def test_a_bad_signature_of_a_known_key_condemns_the_statement(world: World) -> None:
    statement = world.draft(extracted("A"))
    other = world.draft(extracted("B"))
    line = other.note.split(b"\n")[-2]
    text = statement.note.split(b"\n")
    wrong = Statement.of(statement.events, b"\n".join([*text[:-2], line, b""]))
    codes = world.refused_statement(wrong)
    assert codes == ["statement.signature-wrong", "statement.signer-missing"]
    both = Statement.of(statement.events, statement.note + line + b"\n")
    assert world.refused_statement(both) == ["statement.signature-wrong"]


def test_a_statement_is_for_one_ledger(world: World) -> None:
    data = [encode(extracted("A"))]
    other = Statement.draft("ab" * 32, data).signed(KEYS[MINE])
    assert world.refused_statement(other) == ["statement.wrong-ledger"]


def test_what_a_signer_has_seen_is_in_the_past(world: World) -> None:
    data = [encode(extracted("A"))]

    def seen(size: int, root: str) -> Statement:
        return Statement.draft(world.ledger.id, data, (size, root)).signed(KEYS[MINE])

    report = world.ledger.verify()
    assert world.refused_statement(seen(report.size + 1, report.root)) == ["statement.seen-ahead"]
    assert world.refused_statement(seen(1, report.root)) == ["statement.seen-ahead"]
    assert world.refused_statement(seen(report.size, "00" * 32)) == ["statement.seen-inconsistent"]
    world.ledger.register(seen(report.size, report.root))
    world.sound()


def test_nothing_has_happened_yet_that_will(world: World) -> None:
    world.record(extracted("A", occurred_at="2026-02-11T09:05:00Z"))
    late = extracted("B", occurred_at="2026-02-11T09:05:01Z")
    assert world.refused(late) == ["time.in-future"]


# ---------------------------------------------------------------- what an event builds on


def test_the_same_head_is_not_built_upon_twice(world: World) -> None:
    head = world.record(extracted("A")).event[0]
    first = weighed("A", 45 * KG, after=(head,))
    second = weighed("A", 45 * KG + 1, after=(head,))
    world.record(first)
    assert world.refused(second) == ["lot.head-spent"]
    world.record(weighed("A", 45 * KG + 1))
    world.sound()


def test_the_same_head_is_not_built_upon_twice_within_a_statement(world: World) -> None:
    head = world.record(extracted("A")).event[0]
    pair = [weighed("A", 45 * KG + n, after=(head,)) for n in range(2)]
    assert world.refused(*pair) == ["lot.head-spent"]


def test_an_event_builds_on_nothing_that_it_does_not_change(world: World) -> None:
    first = world.record(extracted("A")).event[0]
    second = world.record(extracted("B")).event[0]
    both = tuple(sorted([first, second]))
    assert world.refused(weighed("A", 45 * KG, after=both)) == ["lot.head-unknown"]
    assert world.refused(extracted("C", after=(first,))) == ["lot.head-unknown"]


def test_events_of_one_statement_build_on_each_other(world: World) -> None:
    chain = [weighed("A", 45 * KG + n) for n in range(20)]
    world.record(extracted("A"), *chain, blended("B", "A"), weighed("B", 45 * KG), dispatched("B"))
    world.sound()
    assert world.ledger.lot("B").state == "in-transit"


def test_mass_flows_from_many_or_into_many_but_not_both(world: World) -> None:
    world.record(extracted("A"), extracted("B"))
    after = tuple(sorted(world.ledger.lot(name).head for name in "AB"))
    one = blended("C", "A", after=after)
    codes = world.judged(
        one,
        does.Open("C", "ore", MINE),
        does.Open("D", "ore", MINE),
        does.Flow("A", "C"),
        does.Flow("B", "D"),
    )
    assert codes == ["event.many-to-many"]


# ---------------------------------------------------------------- all or nothing


def test_one_bad_event_keeps_a_whole_statement_out(world: World) -> None:
    good = [extracted(f"A{n}") for n in range(20)]
    assert world.refused(*good, weighed("A7", 5, by=TRADER)) == ["custody.not-holder"]
    world.record(*good)
    world.sound()


def test_an_event_stands_once_in_a_statement_and_in_the_log(world: World) -> None:
    one = extracted("A")
    with pytest.raises(ConflictError) as caught:
        world.ledger.register(
            Statement.draft(world.ledger.id, [encode(one)] * 2).signed(KEYS[MINE])
        )
    assert caught.value.code == "event.duplicate"
    world.record(one)
    with pytest.raises(ConflictError) as caught:
        world.record(one, extracted("B"))
    assert caught.value.code == "event.duplicate"
    world.sound()


def test_judging_says_the_same_and_writes_nothing(world: World) -> None:
    world.record(extracted("A"))
    statement = world.draft(weighed("A", 5, by=TRADER))
    before = world.whole()
    assert [one.code for one in world.ledger.judge(statement)] == ["custody.not-holder"]
    assert world.whole() == before


def test_every_effect_has_its_rules() -> None:

    assert set(RULES) == set(typing.get_args(does.Effect))
    assert all(RULES.values())
