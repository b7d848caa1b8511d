"""A ledger as static files: made, grown, verified from a folder and from a web server."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli_place import MINE, Elsewhere, Place, bag, settled
from ledger import mirror
from ledger.audit.auditor import Trust
from ledger.errors import ProofError
from ledger.log import checkpoint, merkle, note, tiles

HEADER = "lot,material,mass,basis,moisture,grades,site,method,occurred_at,by\n"
ROW = "B-{},coltan ore,45 kg,wet,4 %,Ta2O5=24 %,RW-GIH,asm,2026-02-11,{}\n"


def dig(place: Place, *numbers: int) -> None:
    rows = HEADER + "".join(ROW.format(number, MINE) for number in numbers)
    place("record", "extraction", "--from", "-", given=rows)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of some 270 entries with a checkpoint, and its tiles beside it."""
    root = tmp_path_factory.mktemp("mirror")
    place = settled(root / "ledger")
    dig(place, *range(255))
    place("checkpoint", "make")
    place("export", "tiles", "-o", root / "tiles")
    return root


@pytest.fixture
def made(once: Path, tmp_path: Path) -> tuple[Place, Path]:
    """A copy of both, to change."""
    shutil.copytree(once / "ledger", tmp_path / "ledger")
    shutil.copytree(once / "tiles", tmp_path / "tiles")
    return Place(tmp_path / "ledger"), tmp_path / "tiles"


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def said(folder: Path) -> checkpoint.Checkpoint:
    return checkpoint.parse(note.parse((folder / "checkpoint").read_bytes()).text)


def errors(report: dict[str, Any]) -> list[str]:
    return [one["code"] for one in report["findings"] if one["severity"] == "error"]


@contextmanager
def served(folder: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=folder))
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


# ---------------------------------------------------------------- made


def test_the_files_are_those_of_the_specification(made: tuple[Place, Path]) -> None:
    place, folder = made
    size = said(folder).size
    assert size == place.size > 256
    listed = [*tiles.tiles_of(size), *tiles.bundles_of(size)]
    assert set(files(folder)) == {"checkpoint", *(one.path for one in listed)}
    assert (folder / "checkpoint").read_bytes() == (place.root / "checkpoint").read_bytes()
    lines = place.spawn("export", "entries").out.splitlines()
    entries = [json.loads(line)["entry"] for line in lines]
    fetch = mirror.folder(folder)
    read = list(tiles.Reader(fetch, size, said(folder).root).entries())
    assert [one.decode() for one in read] == entries


def test_the_bytes_are_the_same_however_the_folder_came_about(made: tuple[Place, Path]) -> None:
    place, folder = made
    dig(place, *range(300, 560))
    place("checkpoint", "make")
    place("export", "tiles", "-o", folder)
    at_once = folder.parent / "at-once"
    place("export", "tiles", "-o", at_once)
    assert files(folder) == files(at_once)
    assert sum(1 for _ in folder.rglob("*.p")) == sum(1 for _ in at_once.rglob("*.p"))


def test_growth_writes_what_is_new_only(made: tuple[Place, Path]) -> None:
    place, folder = made
    before = {path: (folder / path).stat().st_mtime_ns for path in files(folder)}
    assert place.json("export", "tiles", "-o", folder)["files"] == 1
    dig(place, 300, 301)
    place("checkpoint", "make")
    document = place.json("export", "tiles", "-o", folder)
    after = files(folder)
    kept = {path for path in before if ".p/" not in path and path != "checkpoint"}
    assert kept
    assert all((folder / path).stat().st_mtime_ns == before[path] for path in kept)
    new = set(after) - set(before)
    assert document["files"] == len(new | {"checkpoint"})
    assert all(".p/" in path for path in new)
    assert set(before) - set(after) == {path for path in before if ".p/" in path} - set(after)
    assert place.json("verify", folder)["verdict"] == "supported"


def test_what_the_newest_checkpoint_does_not_cover_is_left_out(made: tuple[Place, Path]) -> None:
    place, folder = made
    size = said(folder).size
    dig(place, 400)
    answer = place("export", "tiles", "-o", folder)
    assert said(folder).size == size
    assert f"{size} of {size + 2} entries" in answer.err
    assert "oretrail checkpoint make" in answer.err


def test_without_a_checkpoint_there_is_nothing_to_export(tmp_path: Path) -> None:
    place = settled(tmp_path / "ledger")
    answer = place("export", "tiles", "-o", tmp_path / "tiles", code=3)
    assert answer.error == "checkpoint.none"
    assert answer.hint == "oretrail checkpoint make"
    assert not (tmp_path / "tiles").exists()
    assert place("export", "tiles", code=2).error == "usage.wrong"


def test_a_folder_that_holds_something_else_is_left_alone(made: tuple[Place, Path]) -> None:
    place, folder = made
    other = folder.parent / "other"
    other.mkdir()
    (other / "letters.txt").write_text("mine")
    assert place("export", "tiles", "-o", other, code=5).error == "file.exists"
    assert place("export", "tiles", "-o", place.root, code=5).error == "file.exists"
    assert [path.name for path in other.iterdir()] == ["letters.txt"]


def test_a_folder_of_another_log_is_left_alone(made: tuple[Place, Path], tmp_path: Path) -> None:
    folder = made[1]
    stranger = Place(tmp_path / "stranger")
    stranger("init", "--origin", "goma.example/trail", "--name", "x", "--insecure-no-passphrase")
    stranger("checkpoint", "make")
    before = files(folder)
    assert stranger("export", "tiles", "-o", folder, code=3).error == "tiles.other-log"
    twin = Place(tmp_path / "twin")
    twin("init", "--origin", "kivu.example/trail", "--name", "x", "--insecure-no-passphrase")
    twin("checkpoint", "make")
    assert twin("export", "tiles", "-o", folder, code=3).error == "tiles.other-log"
    assert files(folder) == before


def test_a_folder_that_is_not_the_past_of_this_log_is_left_alone(
    made: tuple[Place, Path], tmp_path: Path, another_computer: Elsewhere
) -> None:
    place = made[0]
    fork = Place(tmp_path / "fork")
    shutil.copytree(place.root, fork.root)
    dig(place, 500)
    place("checkpoint", "make")
    with another_computer():
        dig(fork, 501, 502)
        fork("checkpoint", "make")
    ahead = tmp_path / "ahead"
    fork("export", "tiles", "-o", ahead)
    assert place("export", "tiles", "-o", ahead, code=3).error == "tiles.ahead"
    dig(place, 503)
    place("checkpoint", "make")
    before = files(ahead)
    assert place("export", "tiles", "-o", ahead, code=3).error == "tiles.not-a-prefix"
    assert files(ahead) == before


def test_an_export_that_was_cut_short_is_finished_by_the_next(made: tuple[Place, Path]) -> None:
    place, folder = made
    whole = files(folder)
    (folder / "checkpoint").unlink()
    (folder / "tile" / "0" / "000").unlink()
    place("export", "tiles", "-o", folder)
    assert files(folder) == whole
    stray = folder / "tile" / "0" / "001.p" / "3"
    stray.write_bytes(b"left over")
    place("export", "tiles", "-o", folder)
    assert files(folder) == whole


def test_the_checkpoint_is_not_replaced_by_one_that_the_files_do_not_bear(
    made: tuple[Place, Path],
) -> None:
    place, folder = made
    old = (folder / "checkpoint").read_bytes()
    dig(place, 600)
    place("checkpoint", "make")
    # The part that is new ends in the bundle that was there before: its neighbour is bad.
    (folder / "tile" / "0" / "000").write_bytes(bytes(8192))
    place("export", "tiles", "-o", folder)
    assert (folder / "checkpoint").read_bytes() != old
    assert place("verify", folder, code=1).error == "tile.wrong"


# ---------------------------------------------------------------- verified


def test_a_folder_is_verified_by_every_rule(made: tuple[Place, Path], tmp_path: Path) -> None:
    place, folder = made
    elsewhere = Place(tmp_path)
    document = elsewhere.json("verify", folder)
    here = place.json("verify")
    assert document["verdict"] == "supported"
    for name in ("ledger", "size", "root", "chain", "counts", "findings"):
        assert document[name] == here[name]
    answer = elsewhere("verify", folder, "--no-memory")
    assert "nothing was pinned" in answer.err
    pinned = elsewhere("verify", folder, "--ledger-id", document["ledger"])
    assert "nothing was pinned" not in pinned.err
    other = elsewhere.json("verify", folder, "--ledger-id", "0" * 64, code=1)
    assert errors(other) == ["ledger.wrong"]


def test_a_url_is_verified_as_the_folder_is(made: tuple[Place, Path], tmp_path: Path) -> None:
    folder = made[1]
    elsewhere = Place(tmp_path)
    with served(folder) as url:
        for spelled in (url, f"{url}/"):
            assert elsewhere.json("verify", spelled)["verdict"] == "supported"
    with served(folder.parent) as url:
        assert elsewhere.json("verify", f"{url}/tiles/")["verdict"] == "supported"
        assert elsewhere("verify", f"{url}/nowhere/", code=3).error == "checkpoint.none"
    assert elsewhere("verify", "http://example.com/", code=5).error == "remote.not-https"


def test_a_partial_tile_that_is_gone_is_read_from_the_full_one(made: tuple[Place, Path]) -> None:
    place, folder = made
    old = (folder / "checkpoint").read_bytes()
    dig(place, *range(700, 960))
    place("checkpoint", "make")
    edge = (folder / "tile" / "1" / "000.p" / "1").read_bytes()
    place("export", "tiles", "-o", folder)
    (folder / "checkpoint").write_bytes(old)
    (folder / "tile" / "1" / "000.p" / "1").write_bytes(edge)
    with served(folder) as url:
        for where in (folder, url):
            assert (
                place.json("verify", where)["size"] == checkpoint.parse(note.parse(old).text).size
            )


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("tile/0/000", "tile.wrong"),
        ("tile/1/000.p/1", "tile.wrong"),
        ("tile/entries/000", "bundle.wrong"),
    ],
)
def test_a_changed_file_is_refused(made: tuple[Place, Path], path: str, code: str) -> None:
    place, folder = made
    data = (folder / path).read_bytes()
    (folder / path).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    assert place("verify", folder, code=1).error == code
    (folder / path).unlink()
    assert place("verify", folder, code=1).error == "tile.missing"
    (folder / path).write_bytes(data[:-1])
    answer = place("verify", folder, code=4)
    assert answer.error in ("tile.malformed", "bundle.malformed")
    assert path in answer.err


def test_a_checkpoint_that_the_logs_own_key_did_not_sign_is_found(
    made: tuple[Place, Path],
) -> None:
    place, folder = made
    stranger = note.Signer(said(folder).origin, bytes(range(1, 33)))
    (folder / "checkpoint").write_bytes(checkpoint.sign(said(folder), stranger))
    assert errors(place.json("verify", folder, code=1)) == ["note.no-known-signature"]


def test_a_log_cut_short_does_not_agree_with_a_checkpoint_that_was_kept(
    made: tuple[Place, Path], tmp_path: Path
) -> None:
    place, folder = made
    bag(place, "LATE-1")
    place("checkpoint", "make")
    kept = place.root / "checkpoint"
    report = Place(tmp_path).json("verify", folder, "--checkpoint", kept, code=1)
    assert errors(report) == ["log.truncated"]
    old = said(folder)
    place("export", "tiles", "-o", folder)
    grown = mirror.Mirror(mirror.folder(folder))
    proof = merkle.prove_consistency_from(grown.reader.nodes, old.size, grown.said.size)
    merkle.verify_consistency(old.size, old.root, grown.said.size, grown.said.root, proof)


def test_entries_that_break_the_rules_are_found_though_the_tree_is_right(
    made: tuple[Place, Path], tmp_path: Path
) -> None:
    """An operator who signs what he likes still cannot make a mine dig what it did not sign."""
    folder = made[1]
    entries = list(mirror.Mirror(mirror.folder(folder)).reader.entries())
    entries[-1] = entries[-1].replace(b"45000000", b"46000000")
    root = merkle.root([merkle.leaf_hash(one) for one in entries])
    found = {one.path: b"" for one in tiles.tiles_of(len(entries))}
    tree = merkle.Frontier()
    nodes = {(level, at): value for level, at, value in tree.extend(map(merkle.leaf_hash, entries))}
    for one in tiles.tiles_of(len(entries)):
        found[one.path] = b"".join(nodes[node] for node in tiles.nodes_of(one))
    for one in tiles.bundles_of(len(entries)):
        found[one.path] = tiles.bundle(entries[one.index * 256 :][: one.width])
    signer = note.Signer(said(folder).origin, bytes(32))
    found["checkpoint"] = checkpoint.sign(
        checkpoint.Checkpoint(said(folder).origin, len(entries), root), signer
    )
    report = mirror.Mirror(found.__getitem__).verify(Trust())
    assert "statement.root-mismatch" in {one.code for one in report.findings}


def test_nothing_is_handed_out_before_it_is_proven(made: tuple[Place, Path]) -> None:
    _, folder = made
    path = folder / "tile" / "entries" / "000"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    sources = mirror.Mirror(mirror.folder(folder)).sources()
    with pytest.raises(ProofError):
        next(sources)


def test_what_cannot_be_read_or_written_is_said(made: tuple[Place, Path], tmp_path: Path) -> None:
    place, folder = made
    (folder / "tile" / "0" / "000").unlink()
    (folder / "tile" / "0" / "000").mkdir()
    assert place("verify", folder, code=5).error == "file.not-read"
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "tile").write_bytes(b"")
    assert place("export", "tiles", "-o", blocked, code=5).error == "file.not-written"
    assert place("export", "tiles", "-o", blocked / "tile", code=5).error == "file.not-read"


def test_a_server_that_fails_is_not_one_that_lacks_a_file(
    made: tuple[Place, Path],
) -> None:
    class Failing(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_error(503)

    server = ThreadingHTTPServer(("127.0.0.1", 0), Failing)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    try:
        answer = made[0]("verify", f"http://127.0.0.1:{server.server_port}/", code=5)
        assert answer.error == "remote.status"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
