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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec

from .audit.stretch import Row, introduced
from .custody.books import key_ref
from .custody.statement import decode_registration
from .errors import ConfigError, MalformedError, StorageError, UnknownError
from .events import decode, effects_of
from .log import chain, checkpoint, merkle, note

if TYPE_CHECKING:
    import pyarrow

__all__ = [
    "FORMAT",
    "MANIFEST",
    "Manifest",
    "Segment",
    "Segments",
    "manifest_of",
    "open_log",
    "pack",
]

FORMAT = "oretrail/segments/v1"
MANIFEST = "segments.json"
ENTRIES = 65_536
"""A segment ends with the first statement that brings it to so many entries."""

_MAX_MANIFEST = 64 << 20
_MAX_SEGMENT = ENTRIES + 4_097
_BRING_KEYS = frozenset(
    {
        "governance.rotated",
        "key.authorized",
        "key.recovered",
        "key.rotated",
        "ledger.created",
        "party.admitted",
    }
)
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

    def cuts(self, most: int) -> Iterator[int]:
        """0, and every `most` entries or a little more the index of a registration; the size.

        By the column `statement`: a help, which whoever looks at the entries finds right or wrong.
        """
        wanted = 0
        for segment in self.manifest.segments:
            with self._opened(segment) as file:
                for batch in file.iter_batches(columns=["index", "statement"]):
                    index, statement = (column.to_pylist() for column in batch.columns)
                    for at, begun in zip(index, statement, strict=True):
                        if at == begun and at >= wanted:
                            yield at
                            wanted = at + most
        yield self.manifest.size

    def keys(self) -> dict[str, str]:
        """`key_ref` -> vkey of the keys that the log brings in, as the column `type` tells."""
        found: dict[str, str] = {}
        for segment in self.manifest.segments:
            with self._opened(segment) as file:
                for group in range(file.num_row_groups):
                    types = file.read_row_group(group, columns=["type"]).column(0).to_pylist()
                    if _BRING_KEYS.isdisjoint(types):
                        continue
                    texts = file.read_row_group(group, columns=["entry"]).column(0).to_pylist()
                    for kind, entry in zip(types, texts, strict=True):
                        if kind in _BRING_KEYS:
                            brought = introduced(effects_of(decode(entry.encode())))
                            found |= {key_ref(vkey): vkey for vkey in brought}
        return found

    def nodes(self, wanted: Sequence[merkle.Node]) -> list[bytes]:
        """The hashes of complete subtrees, from the entries below them."""
        return [
            merkle.root(
                [merkle.leaf_hash(one) for one in self.entries(i << level, (i + 1) << level)]
            )
            for level, i in wanted
        ]

    def _of(self, segment: Segment, start: int, end: int) -> Iterator[bytes]:
        with self._opened(segment) as file:
            index = segment.first
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if index + rows > start and index < end:
                    table = file.read_row_group(group, columns=["index", "entry"])
                    yield from _rows(segment, table, index, start, end)
                index += rows

    @contextmanager
    def _opened(self, segment: Segment) -> Iterator[Any]:
        parquet, _ = _libraries()
        with _reading(segment.file), self._files.open(f"{self._root}/{segment.file}") as opened:
            file = parquet.ParquetFile(opened)
            if file.metadata.num_rows != segment.count:
                raise MalformedError(
                    f"{segment.file} holds {file.metadata.num_rows} entries, "
                    f"{MANIFEST} says {segment.count}",
                    code="segments.malformed",
                )
            yield file

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


def _rows(segment: Segment, table: Any, index: int, start: int, end: int) -> Iterator[bytes]:
    """The entries of a row group that begins at `index`, those between `start` and `end`."""
    for said, entry in zip(*(column.to_pylist() for column in table.columns), strict=True):
        if said != index or not isinstance(entry, str):
            raise MalformedError(
                f"{segment.file} has entry {said} where {index} is expected",
                code="segments.malformed",
            )
        if start <= index < end:
            yield entry.encode()
        index += 1


class _Open:
    """The segments at a place, as whoever looks at a stretch of a log reads them."""

    def __init__(self, place: str) -> None:
        self._segments = Segments(place)

    def entries(self, start: int, end: int) -> Iterator[Row]:
        """The entries from `start` up to `end`; segments state no hash that is believed."""
        for index, data in enumerate(self._segments.entries(start, end), start):
            yield index, data, None, None

    def vkeys(self, refs: frozenset[str]) -> Mapping[str, str]:
        """The keys of these references that the log brings in."""
        known = _keys_at(self._segments.place, self._segments.note)
        return {ref: known[ref] for ref in refs if ref in known}

    def close(self) -> None:
        """Nothing stays open."""


@lru_cache(maxsize=4)
def _keys_at(place: str, signed: bytes) -> Mapping[str, str]:
    """Once in a process that looks at many stretches of one log."""
    return Segments(place).keys()


def open_log(place: str) -> _Open:
    """The log in the segments at a path or URL, for `audit.stretch.look`."""
    return _Open(place)


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
