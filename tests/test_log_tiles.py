"""Tiles: where they stand, what is in them, and that nothing unproven comes out of them."""

from __future__ import annotations

import contextlib
import random
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_log as reference
from ledger.errors import MalformedError, ProofError, UnknownError
from ledger.log import merkle, tiles
from ledger.log.tiles import Tile

# Sizes around every edge there is below a hundred thousand.
SIZES = [0, 1, 2, 255, 256, 257, 511, 512, 700, 65_535, 65_536, 70_000]


def entry(index: int) -> bytes:
    return b"entry %d" % index


@cache
def leaf(index: int) -> bytes:
    return reference.leaf(entry(index))


@cache
def tree(size: int) -> tuple[dict[str, bytes], bytes]:
    """Every file of a log of this size, made from the definition; and its root."""
    files: dict[str, bytes] = {}
    row = [leaf(index) for index in range(size)]
    level = 0
    while row:
        for start in range(0, len(row), 256):
            part = row[start : start + 256]
            files[tiles.path(level, start // 256, len(part))] = b"".join(part)
        full = len(row) // 256
        row = [merkle.root(row[n * 256 : n * 256 + 256]) for n in range(full)]
        level += 1
    for start in range(0, size, 256):
        part = [entry(index) for index in range(start, min(size, start + 256))]
        data = b"".join(len(one).to_bytes(2, "big") + one for one in part)
        files[tiles.entries_path(start // 256, len(part))] = data
    return files, merkle.root([leaf(index) for index in range(size)])


def reader(files: dict[str, bytes], size: int, root: bytes) -> tiles.Reader:
    def fetch(path: str) -> bytes:
        try:
            return files[path]
        except KeyError:
            raise UnknownError(f"no {path}", code="tile.missing") from None

    return tiles.Reader(fetch, size, root)


def opened(size: int) -> tiles.Reader:
    return reader(tree(size)[0], size, tree(size)[1])


def refused(call: Any, code: str, kind: type[Exception] = ProofError) -> str:
    with pytest.raises(kind) as caught:
        call()
    assert caught.value.code == code  # type: ignore[attr-defined]
    return str(caught.value)


# ---------------------------------------------------------------- paths


@pytest.mark.parametrize(
    ("level", "index", "width", "expected"),
    [
        (0, 0, 256, "tile/0/000"),
        (0, 0, 1, "tile/0/000.p/1"),
        (0, 273, 112, "tile/0/273.p/112"),
        (1, 999, 256, "tile/1/999"),
        (0, 1000, 256, "tile/0/x001/000"),
        (63, 1_234_067, 256, "tile/63/x001/x234/067"),
        (0, 1_234_067, 8, "tile/0/x001/x234/067.p/8"),
        (2, 999_999, 255, "tile/2/x999/999.p/255"),
        (0, 2**63 - 1, 256, "tile/0/x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_a_tile_has_one_path(level: int, index: int, width: int, expected: str) -> None:
    assert tiles.path(level, index, width) == expected
    assert Tile(level, index, width).path == expected
    in_entries = expected.replace(f"tile/{level}/", "tile/entries/")
    assert tiles.entries_path(index, width) == in_entries
    assert Tile(-1, index, width).path == in_entries


@pytest.mark.parametrize("place", [
    (-1, 0, 256), (64, 0, 256), ("0", 0, 256), (True, 0, 256), (0, -1, 256), (0, 2**63, 256),
    (0, "1", 256), (0, 0, 0), (0, 0, 257), (0, 0, -1), (0, 0, "9"), (0, 10**5000, 1),
], ids=range(12))  # fmt: skip
def test_what_is_no_place_has_no_path(place: tuple[Any, Any, Any]) -> None:
    refused(lambda: tiles.path(*place), "tile.place")
    if type(place[0]) is int and place[0] == 0:
        refused(lambda: tiles.entries_path(*place[1:]), "tile.place")


# ---------------------------------------------------------------- which tiles there are


@pytest.mark.parametrize("size", SIZES)
def test_a_tree_has_the_tiles_of_its_definition(size: int) -> None:
    listed = [*tiles.tiles_of(size), *tiles.bundles_of(size)]
    assert len(set(listed)) == len(listed)
    assert {one.path for one in listed} == set(tree(size)[0])


def test_the_example_of_the_specification() -> None:
    listed = list(tiles.tiles_of(70_000))
    assert len([one for one in listed if one.level == 0 and one.width == 256]) == 273
    assert [one for one in listed if one.level > 0 or one.width < 256] == [
        Tile(0, 273, 112), Tile(1, 0, 256), Tile(1, 1, 17), Tile(2, 0, 1),
    ]  # fmt: skip


@given(st.integers(0, 200_000), st.integers(0, 200_000))
def test_growth_asks_for_the_new_tiles_only(one: int, other: int) -> None:
    since, size = sorted((one, other))
    before, after = set(tiles.tiles_of(since)), set(tiles.tiles_of(size))
    assert set(tiles.tiles_of(size, since)) == after - before
    bundles = set(tiles.bundles_of(size)) - set(tiles.bundles_of(since))
    assert set(tiles.bundles_of(size, since)) == bundles
    # What is no longer a tile of the larger tree was the smaller one's right edge.
    assert all(each.width < 256 for each in before - after)


@pytest.mark.parametrize("size", [1, 256, 700, 65_537])
def test_a_tile_holds_the_nodes_of_the_tree(size: int) -> None:
    files, root = tree(size)
    hashes = [leaf(index) for index in range(size)]
    for tile in tiles.tiles_of(size):
        nodes = tiles.nodes_of(tile)
        assert len(nodes) == tile.width
        level, index = nodes[-1]
        expected = merkle.root(hashes[index << level : (index + 1) << level])
        assert files[tile.path][-32:] == expected
    assert opened(size).nodes(merkle.frontier_nodes(size))
    assert merkle.root_from(opened(size).nodes, size) == root


# ---------------------------------------------------------------- bundles and tiles as bytes


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_holds_entries_after_their_lengths(entries: list[bytes]) -> None:
    data = tiles.bundle(entries)
    assert data == b"".join(len(one).to_bytes(2, "big") + one for one in entries)
    assert tiles.entries_in(data, len(entries)) == entries


def test_the_longest_entry_fits_and_a_longer_one_does_not() -> None:
    longest = bytes(tiles.MAX_ENTRY)
    assert tiles.entries_in(tiles.bundle([longest]), 1) == [longest]
    refused(lambda: tiles.bundle([longest + b"x"]), "bundle.malformed", MalformedError)


@pytest.mark.parametrize(("data", "count"), [
    (b"", 1), (b"\0", 1), (b"\0\1", 1), (b"\0\2a", 1), (b"\0\1a", 2), (b"\0\1a\0", 2),
    (b"\0\1a", 0), (b"\0\1a\0", 1), (b"\0\1ab", 1), (b"\0\1a\0\0", 1),
])  # fmt: skip
def test_a_bundle_of_another_count_is_refused(data: bytes, count: int) -> None:
    refused(lambda: tiles.entries_in(data, count), "bundle.malformed", MalformedError)


@pytest.mark.parametrize("data", [b"", bytes(31), bytes(33), bytes(32), bytes(96)])
def test_a_tile_of_another_width_is_refused(data: bytes) -> None:
    refused(lambda: tiles.hashes_in(data, 2), "tile.malformed", MalformedError)


@given(st.binary(max_size=200), st.integers(0, 4))
def test_any_bytes_are_a_bundle_or_are_refused(data: bytes, count: int) -> None:
    with contextlib.suppress(MalformedError):
        assert tiles.bundle(tiles.entries_in(data, count)) == data


# ---------------------------------------------------------------- reading


@pytest.mark.parametrize("size", SIZES)
def test_every_entry_is_read_in_order(size: int) -> None:
    assert list(opened(size).entries()) == [entry(index) for index in range(size)]


@pytest.mark.parametrize(("start", "end"), [
    (0, 0), (0, 1), (255, 257), (256, 512), (300, 301), (699, 700), (700, 700), (0, 700), (10, 600),
])  # fmt: skip
def test_a_range_is_read_in_order(start: int, end: int) -> None:
    assert list(opened(700).entries(start, end)) == [entry(index) for index in range(start, end)]


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (0, 701), (701, 701), (2, 1)])
def test_a_range_outside_the_tree_is_refused(start: int, end: int) -> None:
    refused(lambda: list(opened(700).entries(start, end)), "proof.index")


@pytest.mark.parametrize("index", [-1, 700, 2**62])
def test_a_leaf_outside_the_tree_is_refused(index: int) -> None:
    refused(lambda: opened(700).leaf(index), "proof.index")


def test_a_node_outside_the_tree_is_refused() -> None:
    refused(lambda: opened(700).nodes([(9, 1)]), "proof.index")
    refused(lambda: opened(700).nodes([(-1, 1)]), "proof.index")


def test_leaves_are_found_in_any_order() -> None:
    order = random.Random(1).sample(range(70_000), 200)
    tree_of = opened(70_000)
    assert [tree_of.leaf(index) for index in order] == [leaf(index) for index in order]


@pytest.mark.parametrize("size", [1, 256, 700, 65_537, 70_000])
def test_proofs_are_made_from_tiles(size: int) -> None:
    root = tree(size)[1]
    at = size // 3
    proof = merkle.prove_inclusion_from(opened(size).nodes, at, size)
    merkle.verify_inclusion(leaf(at), at, size, proof, root)
    old = size // 2 or 1
    growth = merkle.prove_consistency_from(opened(size).nodes, old, size)
    merkle.verify_consistency(old, tree(old)[1], size, root, growth)


def test_a_tile_is_fetched_once_while_it_is_in_use() -> None:
    files, root = tree(70_000)
    asked: list[str] = []

    def fetch(path: str) -> bytes:
        asked.append(path)
        return files[path]

    assert len(list(tiles.Reader(fetch, 70_000, root).entries())) == 70_000
    assert sorted(asked) == sorted(files)


# ---------------------------------------------------------------- what is gone


@pytest.mark.parametrize("size", [100, 300, 65_800])
def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(size: int) -> None:
    later = dict(tree(70_000)[0])
    for path in tree(size)[0]:
        if ".p/" in path:
            later.pop(path, None)
    if size != 65_800:  # whose tile of level 1 is still partial
        assert list(reader(later, size, tree(size)[1]).entries()) == [
            entry(index) for index in range(size)
        ]
    else:
        later["tile/1/001.p/1"] = tree(size)[0]["tile/1/001.p/1"]
        later["tile/2/000.p/1"] = tree(size)[0]["tile/2/000.p/1"]
        assert list(reader(later, size, tree(size)[1]).entries(65_536)) == [
            entry(index) for index in range(65_536, size)
        ]


@pytest.mark.parametrize("path", sorted(tree(700)[0]))
def test_what_is_missing_is_named(path: str) -> None:
    files, root = tree(700)
    without = {name: data for name, data in files.items() if name != path}
    assert path in refused(lambda: list(reader(without, 700, root).entries()), "tile.missing")


# ---------------------------------------------------------------- what was changed


CODES = {"tile.wrong", "bundle.wrong", "tile.malformed", "bundle.malformed", "tile.missing"}


def stopped(files: dict[str, bytes], size: int, root: bytes) -> tuple[str, list[bytes]]:
    """The code that reading ended with, and what had been handed out by then."""
    out: list[bytes] = []
    try:
        out.extend(reader(files, size, root).entries())
    except (ProofError, MalformedError) as error:
        return error.code, out
    return "", out


@pytest.mark.parametrize("path", sorted(tree(700)[0]))
def test_a_changed_file_stops_the_reading_before_it_is_used(path: str) -> None:
    files, root = tree(700)
    dice = random.Random(path)
    data = files[path]
    mutants = [data[:-1], data + b"\0", data[1:], b""]
    for _ in range(30):
        bit = dice.randrange(len(data) * 8)
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        mutants.append(bytes(changed))
    for mutant in mutants:
        code, out = stopped({**files, path: mutant}, 700, root)
        assert code in CODES - {"tile.missing"}
        assert out == [entry(index) for index in range(len(out))]


@pytest.mark.parametrize("what", ["tile/0/", "tile/entries/"])
def test_tiles_in_each_others_place_are_noticed(what: str) -> None:
    files, root = tree(700)
    swapped = {**files, f"{what}000": files[f"{what}001"], f"{what}001": files[f"{what}000"]}
    code, out = stopped(swapped, 700, root)
    assert code == ("tile.wrong" if what == "tile/0/" else "bundle.wrong")
    assert out == []


def test_tiles_of_another_log_are_noticed() -> None:
    files, root = tree(700)
    other = merkle.root([reference.leaf(b"x")] * 700)
    assert stopped(files, 700, other) == ("tile.wrong", [])
    assert stopped(files, 699, root)[0] in CODES
    assert stopped(files, 701, root)[0] in CODES


def test_a_full_tile_in_place_of_a_partial_one_is_proven_as_far_as_it_is_used() -> None:
    files, root = tree(300)
    later = dict(tree(700)[0])
    assert stopped(later, 300, root)[0] == "tile.missing"  # tile/1/000.p/1 is of 300 only
    later["tile/1/000.p/1"] = files["tile/1/000.p/1"]
    assert stopped(later, 300, root) == ("", [entry(index) for index in range(300)])
    later["tile/0/001"] = bytes(32) + later["tile/0/001"][32:]
    assert stopped(later, 300, root)[0] == "tile.wrong"


def test_the_empty_log_has_the_root_of_nothing() -> None:
    assert list(reader({}, 0, merkle.EMPTY_ROOT).entries()) == []
    assert list(tiles.tiles_of(0)) == []


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 800), st.data())
def test_any_change_of_any_file_is_noticed(size: int, data: st.DataObject) -> None:
    files, root = tree(size)
    path = data.draw(st.sampled_from(sorted(files)))
    bit = data.draw(st.integers(0, len(files[path]) * 8 - 1))
    changed = bytearray(files[path])
    changed[bit // 8] ^= 1 << bit % 8
    assert stopped({**files, path: bytes(changed)}, size, root)[0] in CODES
