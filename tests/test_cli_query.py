"""Looking things up: lots, entries, parties, sites, tags, hand-overs on the way."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cli_place import MINE, SMELTER, TRADER, Place, bag, chain, settled
from ledger.cli.query import _days


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def test_what_is_held_is_listed_and_what_is_used_up_on_demand(place: Place) -> None:
    chain(place)
    held = place.json("lots")["lots"]
    assert [lot["lot"] for lot in held] == ["PHONE-1"]
    assert held[0]["pieces"] == 1_000_000
    assert held[0]["contents_mg"] == {"Ta": 15_000_000}
    assert held[0]["mass_mg"] == 15_000_000
    everything = [lot["lot"] for lot in place.json("lots", "--all")["lots"]]
    assert everything == ["GIH-1", "GIH-2", "GIH-C1", "PHONE-1", "TAP-1"]
    assert [lot["lot"] for lot in place.json("lots", "--state", "closed")["lots"]] == [
        *("GIH-1", "GIH-2", "GIH-C1", "TAP-1"),
    ]
    assert "15.000 kg dry" in place("lots").out


def test_lots_of_one_holder(place: Place) -> None:
    bag(place, "GIH-1")
    assert len(place.json("lots", "--holder", MINE)["lots"]) == 1
    answer = place("lots", "--holder", TRADER)
    assert answer.out == ""
    assert answer.err.startswith("oretrail: no lots")


def test_a_lot_on_the_way_says_to_whom(place: Place) -> None:
    bag(place, "GIH-1")
    said = place.json("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", "GIH-1=44 kg")
    (lot,) = place.json("lots")["lots"]
    assert lot["state"] == "in-transit"
    assert lot["to"] == TRADER
    assert lot["sent_mg"] == 44_000_000
    assert lot["dispatch"] == said["receipt"]["event"][0]


def test_hand_overs_that_are_not_done_are_listed_with_their_age(place: Place) -> None:
    answer = place("transfer", "list")
    assert answer.out == ""
    assert "nothing is on the way" in answer.err
    bag(place, "GIH-1")
    place(
        *("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", "GIH-1=44.9 kg"),
        *("--occurred-at", "2026-02-12"),
    )
    (one,) = place.json("transfer", "list")["in_transit"]
    assert (one["from"], one["to"], one["since"]) == (MINE, TRADER, "2026-02-12T00:00:00Z")
    assert one["sent_mg"] == 44_900_000
    shown = place("transfer", "list").out
    assert f"{MINE} -> {TRADER}" in shown
    assert "44.900 kg" in shown
    assert f"{one['days']} days" in shown


def test_an_age_is_whole_days() -> None:
    assert _days("1970-01-02T00:00:00Z", 86_400) == 0
    assert _days("1970-01-02T00:00:00Z", 3 * 86_400 - 1) == 1
    assert _days("1970-01-02T00:00:00Z", 0) == 0


# ---------------------------------------------------------------- entries


def test_entries_come_in_order(place: Place) -> None:
    bag(place, "GIH-1")
    entries = place.json("log")["entries"]
    assert [one["index"] for one in entries] == list(range(place.size))
    assert entries[0]["entry"]["type"] == "registered"
    assert entries[1]["entry"]["type"] == "ledger.created"
    assert entries[1]["event"] == place.json("status")["ledger"]
    lines = place("log").out.splitlines()
    assert len(lines) == place.size
    assert "statement of 1 event" in lines[0]
    assert lines[-1].endswith("lot.extracted GIH-1")


def test_a_part_of_the_log(place: Place) -> None:
    entries = place.json("log", "--start", 2, "--limit", 3)["entries"]
    assert [one["index"] for one in entries] == [2, 3, 4]
    assert place.json("log", "--start", 10_000)["entries"] == []
    place("log", "--limit", 0, code=2)
    place("log", "--start", -1, code=2)


def test_a_statement_of_many_says_how_many(place: Place) -> None:
    rows = "".join(f'{{"lot":"L{n}","mass":"1 kg"}}\n' for n in range(3))
    place(
        *("record", "extraction", "--by", MINE, "--from", "-", "--material", "ore"),
        *("--basis", "dry", "--site", "RW-GIH", "--method", "asm"),
        given=rows,
    )
    assert "statement of 3 events" in place("log").out


# ---------------------------------------------------------------- anything by its id


def test_anything_is_shown_by_its_id(place: Place) -> None:
    bag(place, "GIH-1")
    index = place.size - 1
    event = place.json("log", "--start", index)["entries"][0]["event"]

    def kinds(name: object) -> list[str]:
        return [one["kind"] for one in place.json("show", name)["found"]]

    assert kinds("GIH-1") == ["lot"]
    assert kinds(MINE) == ["party"]
    assert kinds("RW-GIH") == ["site"]
    assert kinds(index) == kinds(event) == kinds(event[:8]) == ["entry"]
    shown = place("show", "GIH-1").out
    assert "mass   45.000 kg" in shown
    assert re.search(r"^    Ta   [0-9.]+ kg$", shown, re.MULTILINE)
    assert "lot.extracted" in place("show", index).out


@pytest.mark.parametrize("name", ["NOPE", "99999", "ffffffff", "x" * 300, "%", "' OR 1", ""])
def test_nothing_of_that_name_is_3(place: Place, name: str) -> None:
    answer = place("show", name, code=3)
    assert answer.error == "id.unknown"


def test_text_by_others_is_shown_without_its_tricks(place: Place) -> None:
    bag(place, "GIH-1", "45 kg", "--remark", "a\u3164b\u200bc")
    shown = place("show", place.size - 1).out
    assert "a\\u{3164}b\\u{200b}c" in shown


# ---------------------------------------------------------------- parties, sites, tags


def test_parties_are_listed_and_shown_with_their_keys(place: Place) -> None:
    names = [one["party"] for one in place.json("party", "list")["parties"]]
    assert names == sorted([MINE, SMELTER, TRADER])
    said = place.json("party", "show", MINE)
    assert said["roles"] == ["miner"]
    assert said["keys"][0]["key"] == place("key", "show", MINE).out.strip()
    assert "roles   miner" in place("party", "show", MINE).out
    assert MINE in place("party", "list").out
    answer = place("party", "show", "nobody.example", code=3)
    assert answer.error == "party.unknown"
    assert answer.hint == "oretrail party list"


def test_sites_and_tags_are_listed(place: Place) -> None:
    place(
        *("tags", "issue", "--by", "governance", "--series", "MT-1", "--kind", "mine"),
        *("--prefix", "MT-", "--first", "100", "--last", "199", "--site", "RW-GIH"),
    )
    (site,) = place.json("site", "list")["sites"]
    assert (site["site"], site["name"], site["country"]) == ("RW-GIH", "Gihanga", "RW")
    assert "Gihanga" in place("site", "list").out
    (tags,) = place.json("tags", "list")["tags"]
    assert (tags["tags"], tags["first"], tags["last"]) == ("MT-1", 100, 199)
    assert "MT-1" in place("tags", "list").out
