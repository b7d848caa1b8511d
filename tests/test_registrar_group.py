"""Many statements in one transaction are what the same statements are one by one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from actors import GOVERNANCE, KEYS, KG, MINE, TRADER, World, admitted, extracted, weighed
from ledger.custody.statement import Statement
from ledger.errors import (
    ConfigError,
    ConflictError,
    LedgerError,
    MalformedError,
    RefusedError,
    StorageError,
)
from ledger.events import Event, encode
from ledger.ledger import Ledger, Receipt
from ledger.store.database import Database
from ledger.store.registrar import Offer
from ledger.workspace import Settings, Workspace
from postgres_server import BOTH


def on(event: Event, *heads: str) -> Event:
    """The event as it builds on these heads."""
    return msgspec.structs.replace(event, after=tuple(sorted(heads)))


def told(world: World, *events: Event, seen: tuple[int, str] | None = None) -> Statement:
    """A signed statement of exactly these events."""
    draft = Statement.draft(world.ledger.id, [encode(one) for one in events], seen)
    return draft.signed(*world.signers(events))


def head(world: World, lot: str) -> str:
    return world.ledger.lot(lot).head


def story(world: World) -> list[Statement]:
    """Good ones, bad ones, ones that build on others, doubles and strangers."""
    world.record(extracted("A"), extracted("B"))
    a, b = head(world, "A"), head(world, "B")
    first = told(world, on(weighed("A", 44 * KG), a))
    later = first.ids[0]
    fresh = told(world, extracted("C"))
    stranger = admitted("stranger.example")
    return [
        first,
        told(world, on(weighed("A", 43 * KG), a)),
        told(world, on(weighed("A", 42 * KG), later)),
        fresh,
        first,
        told(world, on(weighed("C", 41 * KG), fresh.ids[0])),
        Statement.draft(world.ledger.id, [encode(extracted("D"))]).signed(KEYS[TRADER]),
        told(world, on(weighed("B", 40 * KG), b), extracted("E")),
        told(world, extracted("F"), extracted("C")),
        told(world, extracted("F"), extracted("C", 9 * KG)),
        told(world, *(extracted(f"MANY-{n}") for n in range(30))),
        told(world, stranger),
        Statement.draft("00" * 32, [encode(extracted("G"))]).signed(KEYS[MINE]),
        told(world, on(weighed("E", 39 * KG), "00" * 32)),
        Statement.draft(world.ledger.id, [b'{"type":"none"}']).signed(KEYS[MINE]),
        told(world, extracted("H"), extracted("H")),
    ]


def one_by_one(ledger: Ledger, statements: Sequence[Statement]) -> list[Receipt | LedgerError]:
    answers: list[Receipt | LedgerError] = []
    for statement in statements:
        try:
            answers.append(ledger.register(statement))
        except StorageError:
            raise
        except LedgerError as error:
            answers.append(error)
    return answers


def plain(answers: Sequence[Receipt | LedgerError]) -> list[Any]:
    """Answers as values that can be compared."""
    return [
        one
        if isinstance(one, Receipt)
        else (type(one), one.code, str(one), one.hint, getattr(one, "findings", ()))
        for one in answers
    ]


@contextmanager
def twin(world: World, path: Path) -> Iterator[Ledger]:
    """The same ledger once more, to be told the same in another way."""
    world.ledger.backup(path)
    with Ledger.open(path, clock=world.clock) as ledger:
        yield ledger


def every_row(ledger: Ledger) -> dict[str, list[tuple[Any, ...]]]:
    """All that the database holds."""
    with ledger.writing() as connection:
        names = connection.exec_driver_sql(
            "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        ).all()
        return {
            name: sorted(
                (tuple(row) for row in connection.exec_driver_sql(f"SELECT * FROM {name}")),
                key=repr,
            )
            for (name,) in names
        }


def test_a_group_is_what_its_statements_are_one_by_one(world: World, tmp_path: Path) -> None:
    statements = story(world)
    world.clock.tick = 0
    with twin(world, tmp_path / "twin.db") as other:
        expected = plain(one_by_one(other, statements))
        assert plain(world.ledger.register_group(statements)) == expected
        assert every_row(world.ledger) == every_row(other)
    codes = [one if isinstance(one, Receipt) else one[1] for one in expected]
    assert [one for one in codes if isinstance(one, str)] == [
        "lot.head-spent",
        "statement.signer-missing",
        "event.duplicate",
        "lot.exists",
        "statement.wrong-ledger",
        "lot.head-spent",
        "event.unsupported",
        "event.duplicate",
    ]
    assert world.sound().ledger.check() == []


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
def test_any_order_in_any_groups_is_the_same_log(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    world = World(tmp_path_factory.mktemp("group") / "ledger.db").settle()
    statements = story(world)
    order = data.draw(st.lists(st.sampled_from(statements), min_size=1, max_size=25))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(order)))) | {len(order)})
    with world.ledger, twin(world, world.path.with_name("twin.db")) as other:
        expected = plain(one_by_one(other, order))
        answers: list[Receipt | LedgerError] = []
        for start, end in zip([0, *cuts], cuts, strict=False):
            answers += world.ledger.register_group(order[start:end])
        assert plain(answers) == expected
        assert world.ledger.root() == other.root()
        assert every_row(world.ledger) == every_row(other)


@BOTH
def test_nothing_of_a_refused_statement_is_left_for_the_next(world: World) -> None:
    """Parties, keys, settings and lots that a refused statement would have brought."""
    world.record(extracted("A"))
    both = told(world, on(weighed("A", 44 * KG), head(world, "A")), extracted("A", KG))
    after = told(world, on(weighed("A", 43 * KG), head(world, "A")))
    late = told(world, on(weighed("A", 42 * KG), both.ids[0]))
    refused, good, lost = world.ledger.register_group([both, after, late])
    assert isinstance(refused, RefusedError)
    assert refused.code == "lot.exists"
    assert isinstance(good, Receipt)
    assert isinstance(lost, RefusedError)
    assert lost.code == "lot.head-spent"
    assert after.ids[0][:12] in str(lost)
    assert world.sound().ledger.check() == []


@BOTH
def test_a_refused_key_signs_nothing_after_it(world: World) -> None:
    from ledger.events.party_admitted import PartyAdmitted

    key = KEYS["stranger.example"]
    newcomer = PartyAdmitted(
        by=GOVERNANCE,
        occurred_at=extracted("A").occurred_at,
        party="stranger.example",
        name="Stranger",
        roles=("miner",),
        key=key.verifier.vkey,
    )
    bad = told(world, newcomer, on(weighed("NONE", KG), "00" * 32))
    its_own = Statement.draft(
        world.ledger.id, [encode(extracted("S", by="stranger.example"))]
    ).signed(key)
    good = told(world, newcomer)
    answers = world.ledger.register_group([bad, its_own, good, its_own])
    assert [isinstance(one, Receipt) for one in answers] == [False, False, True, True]
    assert isinstance(answers[1], RefusedError)
    assert answers[1].code == "party.unknown"
    assert world.sound().ledger.check() == []


@BOTH
def test_a_checkpoint_inside_the_group_can_have_been_seen(world: World, tmp_path: Path) -> None:
    first, second = told(world, extracted("A")), told(world, extracted("B"))
    with twin(world, tmp_path / "twin.db") as other:
        receipt = other.register(first)
        size, root = receipt.size, other.root().hex()
    knows = told(world, extracted("C"), seen=(size, root))
    lies = told(world, extracted("D"), seen=(size, "00" * 32))
    early = told(world, extracted("E"), seen=(size - 1, root))
    ahead = told(world, extracted("F"), seen=(size + 9, root))
    answers = world.ledger.register_group([first, knows, second, lies, early, ahead, knows])
    assert [one if isinstance(one, Receipt) else one.code for one in answers][3:6] == [
        "statement.seen-inconsistent",
        "statement.seen-ahead",
        "statement.seen-ahead",
    ]
    assert [isinstance(one, Receipt) for one in answers] == [1, 1, 1, 0, 0, 0, 1]
    assert answers[6] == msgspec.structs.replace(answers[1], findings=())
    world.sound()


@BOTH
def test_what_was_found_out_beforehand_counts_for_that_key_and_text_only(world: World) -> None:
    """Whoever lends an answer to another statement lends nothing."""
    good = told(world, extracted("A"))
    bad = msgspec.structs.replace(
        told(world, extracted("B")), signatures=good.signatures, note=good.note
    )
    text, blob = good.header.text().encode(), good.signatures[0].blob
    known = {(KEYS[MINE].verifier.vkey, text, blob): True}
    answers = world.ledger.register_group([Offer(bad, None, known), Offer(good, None, known)])
    assert isinstance(answers[0], RefusedError)
    assert answers[0].code == "statement.signature-wrong"
    assert isinstance(answers[1], Receipt)
    wrong = told(world, extracted("C"))
    known = {
        (KEYS[MINE].verifier.vkey, wrong.header.text().encode(), wrong.signatures[0].blob): False
    }
    (answer,) = world.ledger.register_group([Offer(wrong, None, known)])
    assert isinstance(answer, RefusedError)
    assert answer.code == "statement.signature-wrong"


def test_a_full_disk_is_told_to_all_and_nothing_is_half_written(world: World) -> None:
    before = world.whole()
    statements = [told(world, *(extracted(f"L{n}-{i}") for i in range(15))) for n in range(60)]
    with Ledger.open(world.path, clock=world.clock) as cramped:
        pages = 20

        def limit(dbapi: Any, record: object) -> None:
            (count,) = dbapi.execute("PRAGMA page_count").fetchone()
            dbapi.execute(f"PRAGMA max_page_count={count + pages}")

        cramped._database.engine.dispose()  # type: ignore[attr-defined]
        sqlalchemy.event.listen(cramped._database.engine, "connect", limit)  # type: ignore[attr-defined]
        with pytest.raises(StorageError) as caught:
            cramped.register_group(statements)
        assert caught.value.code == "storage.full"
    assert world.whole() == before
    answers = world.ledger.register_group(statements)
    assert all(isinstance(one, Receipt) for one in answers)
    world.sound()


class Unsure(Database):
    """A database whose connection breaks right after it has committed, once."""

    broken = False

    @contextmanager
    def writing(self) -> Iterator[Any]:
        with super().writing() as connection:
            yield connection
        if not self.broken:
            self.broken = True
            raise StorageError("the connection was lost", code="storage.outcome-unknown")


def test_an_outcome_that_is_unknown_is_looked_up(world: World) -> None:
    statements = [told(world, extracted("A")), told(world, extracted("A", 44 * KG))]
    with Ledger(Unsure(world.path), world.clock) as ledger:
        good, bad = ledger.register_group(statements)
        assert isinstance(good, Receipt)
        assert isinstance(bad, RefusedError)
        assert ledger.find(good.event[0])[0] == good.index + 1
    with Ledger(Unsure(world.path), world.clock) as ledger:
        receipt = ledger.register(told(world, extracted("B")))
        assert ledger.find(receipt.event[0])[0] == receipt.index + 1
    world.sound()


@BOTH
def test_a_frozen_ledger_takes_in_no_group(world: World) -> None:
    world.ledger.frozen = StorageError("rolled back", code="log.rolled-back")
    with pytest.raises(StorageError) as caught:
        world.ledger.register_group([told(world, extracted("A"))])
    assert caught.value.code == "log.rolled-back"


def test_receipts_of_a_group_are_kept_in_one_go(world: World) -> None:
    place = Workspace(world.path.parent, Settings(world.ledger.id, world.ledger.origin, "x"))
    world.ledger.keep_receipts = place.keep_receipts
    statements = [told(world, extracted(lot)) for lot in ("A", "B", "A", "C")]
    statements[2] = told(world, extracted("A", 44 * KG))
    answers = world.ledger.register_group(statements)
    kept = [msgspec.json.decode(line) for line in place.receipts.read_bytes().splitlines()]
    assert [one["index"] for one in kept] == [
        one.index for one in answers if isinstance(one, Receipt)
    ]
    assert len(kept) == 3
    refused = world.ledger.register_group([told(world, extracted("A", 43 * KG))])
    assert isinstance(refused[0], RefusedError)
    assert len(place.receipts.read_bytes().splitlines()) == 3


def test_receipts_that_cannot_be_kept_are_said_to_those_who_have_one(world: World) -> None:
    place = Workspace(world.path.parent, Settings(world.ledger.id, world.ledger.origin, "x"))
    place.receipts.mkdir()
    world.ledger.keep_receipts = place.keep_receipts
    size = world.ledger.head().size
    statements = [told(world, extracted(lot)) for lot in "ABCDE"]
    statements[1] = told(world, extracted("A", 44 * KG))
    answers = world.ledger.register_group(statements)
    assert [type(one) for one in answers] == [
        ConfigError,
        RefusedError,
        ConfigError,
        ConfigError,
        ConfigError,
    ]
    assert isinstance(answers[0], LedgerError)
    assert answers[0].code == "receipt.not-kept"
    assert f"entries {size + 1}, {size + 3}, {size + 5} and 1 more are in" in str(answers[0])
    with pytest.raises(ConfigError, match=r"entry .* is in the ledger, but its receipt was not"):
        world.ledger.register(told(world, extracted("G")))
    world.sound()


@BOTH
def test_a_group_of_none_is_no_transaction_lost(world: World) -> None:
    before = world.whole()
    assert world.ledger.register_group([]) == []
    assert world.whole() == before


@BOTH
def test_one_that_is_no_event_is_its_submitters_matter(world: World) -> None:
    data = [encode(extracted("A")), b"{}"]
    odd = Statement.draft(world.ledger.id, data).signed(KEYS[MINE])
    twice = told(world, extracted("B"), extracted("B"))
    good = told(world, extracted("C"))
    answers = world.ledger.register_group([odd, twice, good])
    assert [type(one) for one in answers] == [MalformedError, ConflictError, Receipt]
    world.sound()
