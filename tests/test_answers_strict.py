"""What the answers refuse that no other test would miss: tables, lists, copies, workbooks."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from actors import World, extracted
from hostile import chain
from ledger.audit.comparison import compare
from ledger.custody.books import Books
from ledger.exports import packs
from ledger.gather import gather
from ledger.ledger import Ledger


def replayed(ledger: Ledger) -> tuple[Books, Books]:
    """The books of a replay with all their lots, and the rest as the tables have it."""
    books = ledger.books()
    whole = Books({lot.lot: lot for lot in ledger.lots()})
    for name in ("parties", "keys", "register", "governance", "tolerances", "ledger"):
        setattr(whole, name, getattr(books, name))
    return whole, books


@pytest.fixture
def bags(world: World) -> Ledger:
    world.record(extracted("A"), extracted("B"))
    return world.ledger


def test_tables_that_say_what_the_log_says_do_not_drift(bags: Ledger) -> None:
    right, rest = replayed(bags)
    assert list(compare(right, rest, bags.lots())) == []


def test_a_lot_that_the_tables_have_otherwise_drifts(bags: Ledger) -> None:
    right, rest = replayed(bags)
    one, two = bags.lots()
    (found,) = compare(right, rest, [msgspec.structs.replace(one, holder="thief.example"), two])
    assert (found.code, found.subject) == ("books.drift", "lot:A")
    assert "thief.example" in found.message


def test_a_lot_that_stands_twice_in_the_tables_drifts(bags: Ledger) -> None:
    right, rest = replayed(bags)
    one, two = bags.lots()
    found = list(compare(right, rest, [one, one, two]))
    assert [each.message for each in found] == ["lot A stands after lot A in the tables"]


def test_every_certificate_stands_among_all_audits(tmp_path: Path) -> None:
    world = chain(tmp_path / "ledger.db")
    dossier = gather(world.ledger, ["BAG-1"])
    (trail,) = dossier.trails
    told = {
        one.name: answers
        for one, answers in packs.answered(packs.load("eu-3tg-minerals"), dossier, trail)
    }
    (answer,) = told["third-party audits"]
    assert answer.text.startswith("certificate CERT-1 of lot:BAG-1")
