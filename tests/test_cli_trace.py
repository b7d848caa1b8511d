"""The trail in words and in JSON: shares, both weights, gaps."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli_place import MINE, SMELTER, TRADER, Place, bag, chain, settled
from ledger.cli.shares import per_piece


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return settled(tmp_path / "ledger")


def test_the_trail_has_the_members_of_the_contract(place: Place) -> None:
    chain(place)
    said = place.json("trace", "PHONE-1")
    assert set(said) >= {
        *("version", "subject", "elements", "lots", "transfers", "gaps", "model", "findings"),
    }
    assert said["subject"] == "PHONE-1"
    tantalum = said["elements"]["Ta"]
    assert tantalum["mass_mg"] == 15_000_000
    assert tantalum["basis"] in ("element", "mass")
    assert tantalum["origins"] == [
        {
            "origin": "RW-GIH",
            "site": "RW-GIH",
            "country": "RW",
            "class": "mined-asm",
            "mass_mg": 15_000_000,
            "share_ppb": 1_000_000_000,
        }
    ]
    assert tantalum["coverage"]["site_ppb"] == 1_000_000_000
    (transfer,) = said["transfers"]
    assert (transfer["from"], transfer["to"]) == (MINE, SMELTER)
    assert (transfer["sent_mg"], transfer["received_mg"]) == (90_000_000, 89_900_000)
    assert len(transfer["dispatched"]) == len(transfer["received"]) == 64


def test_a_hand_over_that_is_not_done_has_no_reception(place: Place) -> None:
    bag(place, "GIH-1")
    place("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lot", "GIH-1")
    said = place.json("trace", "GIH-1")
    assert "received" not in said["transfers"][0]
    assert "gap.not-received" in [gap["code"] for gap in said["gaps"]]
    shown = place("trace", "GIH-1").out
    assert "on the way" in shown
    assert "gap.not-received" in shown


def test_an_origin_that_is_not_known_has_empty_members(place: Place) -> None:
    place(
        *("record", "declaration", "--by", MINE, "--lot", "L", "--material", "ore"),
        *("--mass", "1 kg", "--basis", "dry", "--origin", "unknown", "--reason", "found"),
    )
    said = place.json("trace", "L")
    (origin,) = said["elements"]["mass"]["origins"]
    assert (origin["site"], origin["country"], origin["class"]) == ("", "", "unknown")
    assert "nobody has assayed it" in place("trace", "L").out
    assert "unknown 100.000 %" in place("trace", "L").out


def test_the_words_show_the_tree_shares_weights_and_pieces(place: Place) -> None:
    chain(place)
    shown = place("trace", "PHONE-1").out
    lines = shown.splitlines()
    assert lines[0].startswith("PHONE-1   a phone   1000000 pieces   15.000 kg dry")
    assert lines[1].startswith("\u2514\u2500 TAP-1")
    assert lines[2].startswith("   \u2514\u2500 GIH-C1")
    assert lines[3].startswith("      \u251c\u2500 GIH-1")
    assert lines[4].startswith("      \u2514\u2500 GIH-2")
    assert "Ta   15.000 kg   15.00 mg a piece" in shown
    assert "100.000 %   15.000 kg   15.00 mg a piece   RW-GIH   RW   mined-asm" in shown
    assert "90.000 kg   89.900 kg   -0.1 kg (0.111 %)" in shown
    assert "hand-overs signed by both sides 1/1" in shown


def test_many_lots_that_began_alike_are_one_line(place: Place) -> None:
    for number in range(6):
        bag(place, f"GIH-{number}")
    inputs = ";".join(f"GIH-{number}" for number in range(6))
    place("transfer", "dispatch", "--by", MINE, "--to", TRADER, "--lots", inputs)
    lots = "|".join(f"GIH-{number}=45 kg,basis=wet,moisture=4 %" for number in range(6))
    place("transfer", "receive", "--by", TRADER, "--lots", lots)
    place(
        *("record", "blend", "--by", TRADER, "--lot", "C", "--material", "ore", "--inputs", inputs)
    )
    shown = place("trace", "C").out
    assert "6 lots GIH-0 ... GIH-5   coltan ore   270.000 kg wet   from RW-GIH" in shown
    assert "6 lots GIH-0 ...   gihanga.example -> comptoir.example   270.000 kg   270.000 kg" in (
        shown
    )


def test_a_lot_that_is_reached_twice_is_told_once(place: Place) -> None:
    bag(place, "A")
    split = ("record", "split", "--by", MINE, "--lot", "A", "--material", "ore")
    place(*split, "--part", "B=20 kg", "--part", "C=25 kg")
    place("record", "blend", "--by", MINE, "--lot", "D", "--material", "ore", "--inputs", "B;C")
    shown = place("trace", "D").out
    assert shown.count("A   coltan ore") == 1
    assert shown.count("A   (above)") == 1


def test_a_long_chain_is_told_to_its_end(place: Place) -> None:
    bag(place, "L0")
    lines = "\n".join(
        f'{{"type":"lot.split","lot":"L{n}","material":"ore","parts":["L{n + 1}=45 kg"]}}'
        for n in range(1_200)
    )
    place("record", "events", "--by", MINE, "--from", "-", given=lines)
    shown = place("trace", "L1200").out
    assert "L0   coltan ore" in shown
    assert max(len(line) for line in shown.splitlines()) < 200


def test_one_element_only(place: Place) -> None:
    chain(place)
    assert list(place.json("trace", "PHONE-1", "--element", "Ta")["elements"]) == ["Ta"]
    answer = place("trace", "PHONE-1", "--element", "Co", code=3)
    assert answer.error == "element.unknown"
    assert "known is Ta" in answer.err


def test_where_it_went(place: Place) -> None:
    chain(place)
    said = place.json("trace", "GIH-1", "--down")
    assert {lot["lot"] for lot in said["lots"]} == {"GIH-1", "GIH-C1", "TAP-1", "PHONE-1"}
    shown = place("trace", "GIH-1", "--down").out
    assert shown.startswith("GIH-1 flowed into\n")
    assert "PHONE-1" in shown
    assert "nothing else yet" in place("trace", "PHONE-1", "--down").out


def test_up_and_down_are_two_questions(place: Place) -> None:
    assert "without --up" in place("trace", "L", "--up", "--down", code=2).err
    assert "without --element" in place("trace", "L", "--element", "Ta", "--down", code=2).err


@pytest.mark.parametrize("way", ["--up", "--down"])
def test_a_lot_that_is_not_here_is_3(place: Place, way: str) -> None:
    bag(place, "GIH-0001")
    assert place("trace", "GIH-00", way, code=3).error == "lot.unknown"


@pytest.mark.parametrize(
    ("milligrams", "pieces", "words"),
    [
        (45_000_000_000, 1_000_000, "45.000 g"),
        (45_000_000, 1_000_000, "45.00 mg"),
        (23_902_979, 1_000_000, "23.90 mg"),
        (21_097_021, 1_000_000, "21.10 mg"),
        (12_345, 1_000_000, "0.01235 mg"),
        (1_000, 1, "1.000 g"),
        (999, 1, "999.0 mg"),
        (1, 3, "0.3333 mg"),
        (2, 3, "0.6667 mg"),
        (0, 5, "0 mg"),
        (5, None, ""),
        (1, 9 * 10**15, "0.000000000000 mg"),
    ],
)
def test_the_mass_of_a_piece_has_four_digits_that_count(
    milligrams: int, pieces: int | None, words: str
) -> None:
    assert per_piece(milligrams, pieces) == words
