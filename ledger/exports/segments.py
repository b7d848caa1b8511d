"""The whole ledger as Parquet files, which DuckDB, Spark, pandas and Dask read.

    checkpoint                       the newest signed checkpoint
    segments/000000000000.parquet    one row per entry, its exact text among the columns
    segments.json                    what the files hold

For questions to many entries at once: `SELECT type, count(*) FROM 'segments/*.parquet' GROUP
BY type`. `oretrail verify DIR` reads it back, and any URL that fsspec knows, on many machines
if need be. What the newest checkpoint does not cover is left out: oretrail checkpoint make.
"""

from __future__ import annotations

from collections.abc import Iterator

from .. import segments
from ..audit.dossier import Folder, Log
from ..errors import UnknownError
from ..log import checkpoint, merkle, note

__all__ = ["render"]


def render(log: Log) -> Folder:
    """The files, each made when it is asked for; `UnknownError` without a signed checkpoint."""
    if log.checkpoint is None:
        raise UnknownError(
            "no checkpoint was signed yet", code="checkpoint.none", hint="oretrail checkpoint make"
        )
    return Folder(_files(log, log.checkpoint))


def _files(log: Log, signed: bytes) -> Iterator[tuple[str, bytes]]:
    size = checkpoint.parse(note.parse(signed).text).size
    yield "checkpoint", signed
    made = []
    for segment, data in segments.pack(log.entries(0, size)):
        made.append(segment)
        yield segment.file, data
    ledger = merkle.leaf_hash(next(iter(log.entries(1, 2)))).hex()
    yield segments.MANIFEST, segments.manifest_of(ledger, log.origin, made)
