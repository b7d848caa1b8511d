"""A ledger as Parquet: made, read back from anywhere, and read by engines that are not ours."""

from __future__ import annotations

import json
import random
import shutil
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from cli_place import MINE, Place, settled
from ledger.audit.stretch import introduced
from ledger.crew import Crew
from ledger.errors import LedgerError, MalformedError, UnknownError
from ledger.events import decode, effects_of
from ledger.log import merkle

pytest.importorskip("pyarrow")
pytest.importorskip("fsspec")

from ledger import cluster, mirror, segments
from ledger.mirror import Mirror
from ledger.segments import Segments

HEADER = "lot,material,mass,basis,moisture,grades,site,method,occurred_at,by\n"
ROW = "B-{},coltan ore,45 kg,wet,4 %,Ta2O5=24 %,RW-GIH,asm,2026-02-11,{}\n"


def dig(place: Place, *numbers: int) -> None:
    rows = HEADER + "".join(ROW.format(number, MINE) for number in numbers)
    place("record", "extraction", "--from", "-", given=rows)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger in three segments."""
    root = tmp_path_factory.mktemp("segments")
    place = settled(root / "ledger")
    for start in range(0, 150, 30):
        dig(place, *range(start, start + 30))
    place("checkpoint", "make")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(segments, "ENTRIES", 40)
        place("export", "segments", "-o", root / "segments")
    return root


@pytest.fixture
def made(once: Path, tmp_path: Path) -> Path:
    """A copy of the segments, to change."""
    return Path(shutil.copytree(once / "segments", tmp_path / "segments"))


def entries(once: Path) -> list[bytes]:
    place = Place(once / "ledger")
    lines = place.spawn("export", "entries").out.splitlines()
    return [json.loads(line)["entry"].encode() for line in lines]


def test_what_is_read_back_is_every_byte(once: Path) -> None:
    found = Segments(str(once / "segments"))
    assert len(found.manifest.segments) == 3
    assert list(found.entries()) == entries(once)
    for start, end in ((0, 1), (39, 42), (50, 50), (5, found.said.size)):
        assert list(found.entries(start, end)) == entries(once)[start:end]
    assert merkle.root([merkle.leaf_hash(one) for one in found.entries()]) == found.said.root


def test_a_segment_begins_with_a_statement(once: Path) -> None:
    found = Segments(str(once / "segments"))
    for one in found.manifest.segments:
        first = next(found.entries(one.first, one.first + 1))
        assert first.endswith(b'"type":"registered"}')


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_verified_from_a_folder_and_from_a_url(once: Path, scheme: str) -> None:
    place = Place(once / "ledger")
    here = place.json("verify")
    there = place.json("verify", f"{scheme}{once / 'segments'}")
    assert there["verdict"] == "supported"
    assert {k: there[k] for k in ("ledger", "size", "root", "chain", "counts")} == {
        k: here[k] for k in ("ledger", "size", "root", "chain", "counts")
    }


@pytest.mark.parametrize("hands", ["threads", "processes", "a cluster"])
def test_looked_at_elsewhere_the_report_is_the_same(
    once: Path, hands: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mirror, "_STRETCH", 30)
    place = str(once / "segments")
    alone = Mirror(Segments(place)).verify(workers=1)
    with hired(hands) as executor:
        together = Mirror(Segments(place)).verify(executor=executor)
    assert together == alone
    assert alone.verdict == "supported"


@contextmanager
def hired(hands: str) -> Iterator[Executor]:
    if hands == "threads":
        with ThreadPoolExecutor(2) as executor:
            yield executor
    elif hands == "processes":
        with Crew(2) as executor:
            yield executor
    else:
        distributed = pytest.importorskip("distributed")
        with (
            distributed.LocalCluster(
                n_workers=1, threads_per_worker=1, dashboard_address=None
            ) as hosts,
            distributed.Client(hosts) as client,
        ):
            yield client.get_executor()


def test_the_keys_of_a_log_are_found_without_reading_all_of_it(once: Path) -> None:
    found = Segments(str(once / "segments"))
    every = set()
    for data in found.entries():
        if not data.endswith(b'"type":"registered"}'):
            every |= set(introduced(effects_of(decode(data))))
    assert set(found.keys().values()) == every
    assert len(every) > 2


def test_growth_is_proven_from_the_entries(once: Path) -> None:
    found = Mirror(Segments(str(once / "segments")))
    root = merkle.root([merkle.leaf_hash(one) for one in entries(once)[:50]])
    merkle.verify_consistency(
        50, root, found.said.size, found.said.root, found.growth(50, found.said.size)
    )


def test_an_entry_that_was_changed_contradicts_the_checkpoint(made: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    path = made / "segments" / "000000000000.parquet"
    table = pyarrow.parquet.read_table(path)
    texts = table.column("entry").to_pylist()
    texts[20] = texts[20].replace("45000000", "46000000")
    changed = table.set_column(
        table.column_names.index("entry"), "entry", pyarrow.array(texts, pyarrow.string())
    )
    pyarrow.parquet.write_table(changed, path)
    report = Mirror(Segments(str(made))).verify()
    assert report.verdict == "contradicted"
    assert "checkpoint.root-mismatch" in {finding.code for finding in report.findings}


def test_any_byte_may_be_wrong_and_is_never_a_traceback(made: Path) -> None:
    dice = random.Random(5)
    for path in sorted(made.rglob("*")):
        if not path.is_file():
            continue
        whole = path.read_bytes()
        for _ in range(40):
            at = dice.randrange(len(whole))
            path.write_bytes(
                whole[:at] + bytes([whole[at] ^ 1 << dice.randrange(8)]) + whole[at + 1 :]
            )
            try:
                report = Mirror(Segments(str(made))).verify()
            except LedgerError:
                continue
            # A column that is no evidence, or a byte of the file that nobody reads.
            assert report.verdict != "supported" or entries_are_the_same(made, report.root)
        path.write_bytes(whole)


def entries_are_the_same(made: Path, root: str) -> bool:
    return (
        merkle.root([merkle.leaf_hash(one) for one in Segments(str(made)).entries()]).hex() == root
    )


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"format": "oretrail/segments/v2"}, "segments.malformed"),
        ({"size": 3}, "segments.malformed"),
        ({"unknown": 1}, "segments.malformed"),
        ({"segments": []}, "segments.malformed"),
    ],
)
def test_a_manifest_that_says_something_else(
    made: Path, change: dict[str, object], code: str
) -> None:
    path = made / segments.MANIFEST
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(MalformedError) as caught:
        Segments(str(made))
    assert caught.value.code == code


def test_a_manifest_may_not_name_a_file_outside(made: Path) -> None:
    path = made / segments.MANIFEST
    said = json.loads(path.read_text())
    said["segments"][0]["file"] = "../../etc/passwd"
    path.write_text(json.dumps(said))
    with pytest.raises(MalformedError, match="segment"):
        Segments(str(made))


def test_fewer_entries_than_the_checkpoint_covers(made: Path) -> None:
    path = made / segments.MANIFEST
    said = json.loads(path.read_text())
    last = said["segments"].pop()
    said["size"] -= last["count"]
    path.write_text(json.dumps(said))
    with pytest.raises(MalformedError) as caught:
        Segments(str(made))
    assert caught.value.code == "segments.incomplete"


def test_a_file_that_is_not_there(made: Path) -> None:
    (made / "segments" / "000000000000.parquet").unlink()
    with pytest.raises(UnknownError) as caught:
        Mirror(Segments(str(made))).verify()
    assert caught.value.code == "segments.missing"


def test_duckdb_reads_them_without_us(once: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    files = f"{once / 'segments'}/segments/*.parquet"
    ((count, mass),) = duckdb.sql(
        "SELECT count(*), sum((entry->>'$.mass')::BIGINT) "
        f"FROM '{files}' WHERE type = 'lot.extracted'"
    ).fetchall()
    assert (count, mass) == (150, 150 * 45_000_000)
    ((wrong,),) = duckdb.sql(
        "SELECT count(*) FROM (SELECT id, unhex(sha256('\\x00'::BLOB || encode(entry))) AS hash "
        f"FROM '{files}') WHERE id <> hash"
    ).fetchall()
    assert wrong == 0


# --- a cluster, from the command -------------------------------------------------------


def test_a_cluster_that_is_not_there_is_named(once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("distributed")
    monkeypatch.setattr(cluster, "_PATIENCE", "1s")
    place = Place(once / "ledger")
    said = place("verify", "--dask", "tcp://127.0.0.1:9", code=5)
    assert said.error == "cluster.unreachable"


def test_processes_or_a_cluster_not_both(once: Path) -> None:
    Place(once / "ledger")("verify", "--dask", "tcp://127.0.0.1:9", "--jobs", "2", code=2)


def test_without_dask_the_extra_is_named(once: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = Place(once / "ledger")("verify", "--dask", "tcp://127.0.0.1:9", code=5)
    assert said.error == "extra.missing"
    assert "oretrail[cluster]" in said.err
