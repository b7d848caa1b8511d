"""A ledger as Parquet files, for engines that read by columns and in parallel.

    checkpoint                           the newest signed checkpoint
    segments.json                        what the files hold, written last
    segments/000000000000.parquet        entries from index 0 on, whole statements
    segments/000000065581.parquet        entries from index 65,581 on, ...

    segments.json   {"format":"oretrail/segments/v1","ledger":"<64 hex>","origin":"...",
                     "size":N,"segments":[{"file":"segments/...","first":0,"count":65581,
                     "chain":"<64 hex, after its last entry>"}, ...]}

    column          type        what
    index           int64       place in the log
    statement       int64       index of the registration it stands under, or is
    recorded_at     string      the log's time, of the registration
    type            string      event type; `registered` for a registration
    by              string      who says so; null in a registration
    occurred_at     string      when it happened; null in a registration
    id              binary(32)  RFC 6962 leaf hash of the entry: the event id
    entry           string      the exact bytes, which are UTF-8

Only `entry` is evidence. A reader takes the others as a help to find, recomputes every hash
from it, and holds the root against the signed checkpoint. Needs the extra `cluster`.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec

from .custody.statement import decode_registration
from .errors import ConfigError, MalformedError, StorageError, UnknownError
from .log import chain, checkpoint, merkle, note

if TYPE_CHECKING:
    import pyarrow

__all__ = ["FORMAT", "MANIFEST", "Manifest", "Segment", "Segments", "manifest_of", "pack"]

FORMAT = "oretrail/segments/v1"
MANIFEST = "segments.json"
ENTRIES = 65_536
"""A segment ends with the first statement that brings it to so many entries."""

_MAX_MANIFEST = 64 << 20
_MAX_SEGMENT = ENTRIES + 4_097
_ROWS = 4_096
_REGISTERED = b'"type":"registered"}'


class Segment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file: entries from `first` on, and the chain hash after the last of them."""

    file: str
    first: int
    count: int
    chain: str


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What `segments.json` says."""

    format: str
    ledger: str
    origin: str
    size: int
    segments: tuple[Segment, ...]


class Segments:
    """The folder at a path or at any URL that fsspec knows (``s3://``, ``https://``, ...).

    Nothing in it is believed: whoever verifies recomputes the hashes from the entries.
    Raises `ConfigError` for what cannot be reached, `MalformedError` for what is no segment.
    """

    def __init__(self, place: str) -> None:
        _, fsspec = _libraries()
        self.place = place
        with _reading(place):
            self._files, self._root = fsspec.core.url_to_fs(place)
        self.note = self._read("checkpoint", note.MAX_NOTE)
        self.said = checkpoint.parse(note.parse(self.note).text)
        self.manifest = _manifest(self._read(MANIFEST, _MAX_MANIFEST))
        if self.manifest.size != self.said.size:
            raise MalformedError(
                f"the segments hold {self.manifest.size} entries, their checkpoint covers "
                f"{self.said.size}",
                code="segments.incomplete",
            )

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """The bytes of each entry from `start` up to `end`, in order."""
        last = self.manifest.size if end is None else end
        for segment in self.manifest.segments:
            if segment.first < last and segment.first + segment.count > start:
                yield from self._of(segment, max(start, segment.first), last)

    def nodes(self, wanted: Sequence[merkle.Node]) -> list[bytes]:
        """The hashes of complete subtrees, from the entries below them."""
        return [
            merkle.root(
                [merkle.leaf_hash(one) for one in self.entries(i << level, (i + 1) << level)]
            )
            for level, i in wanted
        ]

    def _of(self, segment: Segment, start: int, end: int) -> Iterator[bytes]:
        parquet, _ = _libraries()
        index = segment.first
        with _reading(segment.file), self._files.open(f"{self._root}/{segment.file}") as opened:
            file = parquet.ParquetFile(opened)
            if file.metadata.num_rows != segment.count:
                raise MalformedError(
                    f"{segment.file} holds {file.metadata.num_rows} entries, "
                    f"{MANIFEST} says {segment.count}",
                    code="segments.malformed",
                )
            for batch in file.iter_batches(batch_size=_ROWS, columns=["index", "entry"]):
                for said, entry in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                    if said != index or not isinstance(entry, str):
                        raise MalformedError(
                            f"{segment.file} has entry {said} where {index} is expected",
                            code="segments.malformed",
                        )
                    if start <= index < end:
                        yield entry.encode()
                    index += 1

    def _read(self, name: str, limit: int) -> bytes:
        with _reading(name), self._files.open(f"{self._root}/{name}") as file:
            data: bytes = file.read(limit + 1)
        if len(data) > limit:
            raise MalformedError(f"{name} is over {limit} bytes", code="segments.malformed")
        return data


def pack(entries: Iterable[bytes]) -> Iterator[tuple[Segment, bytes]]:
    """Each segment of a log, read from its first entry on, as a Parquet file."""
    link, first = chain.START, 0
    rows: list[tuple[int, int, str, bytes, bytes]] = []
    statement, recorded_at = 0, ""
    for index, data in enumerate(entries):
        if data.endswith(_REGISTERED):
            if len(rows) >= ENTRIES:
                yield _packed(first, rows, link)
                rows, first = [], index
            statement, recorded_at = index, decode_registration(data).recorded_at
        leaf = merkle.leaf_hash(data)
        link = chain.link(link, leaf)
        rows.append((index, statement, recorded_at, leaf, data))
    if rows:
        yield _packed(first, rows, link)


class _About(msgspec.Struct):
    """The members that every event has, and a registration has not."""

    type: str
    by: str | None = None
    occurred_at: str | None = None


_about = msgspec.json.Decoder(_About)


def _packed(
    first: int, rows: list[tuple[int, int, str, bytes, bytes]], link: bytes
) -> tuple[Segment, bytes]:
    segment = Segment(f"segments/{first:012}.parquet", first, len(rows), link.hex())
    return segment, _parquet(rows)


def _parquet(rows: list[tuple[int, int, str, bytes, bytes]]) -> bytes:
    parquet, _ = _libraries()
    import pyarrow

    index, statement, recorded_at, leaf, data = zip(*rows, strict=True)
    try:
        about = [_about.decode(one) for one in data]
        entry = [str(one, "utf-8") for one in data]
    except ValueError as error:
        raise StorageError(
            f"an entry between {index[0]} and {index[-1]} cannot be read: {error}",
            code="entry.malformed",
            hint="see what is wrong: oretrail verify",
        ) from None
    text = pyarrow.string()
    columns: dict[str, pyarrow.Array] = {
        "index": pyarrow.array(index, pyarrow.int64()),
        "statement": pyarrow.array(statement, pyarrow.int64()),
        "recorded_at": pyarrow.array(recorded_at, text),
        "type": pyarrow.array([one.type for one in about], text),
        "by": pyarrow.array([one.by for one in about], text),
        "occurred_at": pyarrow.array([one.occurred_at for one in about], text),
        "id": pyarrow.array(leaf, pyarrow.binary(32)),
        "entry": pyarrow.array(entry, text),
    }
    file = io.BytesIO()
    # The words that repeat are told by a dictionary; hashes and entries never repeat.
    words = ["recorded_at", "type", "by", "occurred_at"]
    parquet.write_table(
        pyarrow.table(columns), file, compression="zstd", use_dictionary=words, row_group_size=8192
    )
    return file.getvalue()


def _manifest(data: bytes) -> Manifest:
    try:
        manifest = msgspec.json.decode(data, type=Manifest)
    except (msgspec.MsgspecError, UnicodeError) as error:
        raise MalformedError(
            f"{MANIFEST} cannot be read: {error}", code="segments.malformed"
        ) from None
    if manifest.format != FORMAT:
        raise MalformedError(
            f"{MANIFEST} is of format {manifest.format[:80]!r}, this program reads {FORMAT}",
            code="segments.malformed",
        )
    expected = 0
    for one in manifest.segments:
        named = f"segments/{one.first:012}.parquet"
        if one.first != expected or not 1 <= one.count <= _MAX_SEGMENT or one.file != named:
            raise MalformedError(
                f"segment {one.file[:80]!r} has {one.count} entries from {one.first} on, where "
                f"{expected} is expected",
                code="segments.malformed",
            )
        expected += one.count
    if expected != manifest.size:
        raise MalformedError(
            f"the segments hold {expected} entries, {MANIFEST} says {manifest.size}",
            code="segments.malformed",
        )
    return manifest


def manifest_of(ledger: str, origin: str, segments: Iterable[Segment]) -> bytes:
    """The manifest of these segments, as it is written."""
    each = tuple(segments)
    size = sum(one.count for one in each)
    said = msgspec.to_builtins(Manifest(FORMAT, ledger, origin, size, each))
    return json.dumps(said, indent=1).encode() + b"\n"


def _libraries() -> tuple[Any, Any]:
    """(pyarrow.parquet, fsspec); ConfigError ``extra.missing`` without them."""
    try:
        import fsspec
        import fsspec.core
        import pyarrow.parquet
    except ImportError:
        raise ConfigError(
            "segments need pyarrow and fsspec, which are not installed",
            code="extra.missing",
            hint="pip install 'oretrail[cluster]'",
        ) from None
    return pyarrow.parquet, fsspec


@contextmanager
def _reading(name: str) -> Iterator[None]:
    """Turn the errors of file systems and of Parquet into ours, where they enter."""
    import pyarrow

    try:
        yield
    except FileNotFoundError:
        raise UnknownError(f"no {name} here", code="segments.missing") from None
    except (pyarrow.ArrowException, UnicodeError, ValueError) as error:
        raise MalformedError(
            f"{name} cannot be read: {_first_line(error)}", code="segments.malformed"
        ) from None
    except (OSError, ImportError) as error:
        raise ConfigError(
            f"cannot read {name}: {_first_line(error)}", code="segments.unreachable"
        ) from None


def _first_line(error: Exception) -> str:
    return (str(error).split("\n", 1)[0] or type(error).__name__)[:200]
