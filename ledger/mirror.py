"""A mirror: a whole ledger as static files, in a folder or on any web server, and its audit.

    Mirror(fetch)          tiles: fetch(path) -> bytes: `folder`, `site`, or what a caller has
    Mirror(Segments(url))  Parquet files, wherever fsspec finds them
        .note              the checkpoint that the files say they are under; not believed
        .reader            entries, leaves and subtree hashes, each proven against it
        .verify(trust)     every rule, then the checkpoint's own signature

The order matters. The checkpoint is only read at first, for its size and root; each tile is
proven against that root before anything in it is used; each entry is proven before the
auditor sees it. Last, the auditor opens the checkpoint with the log's key that the ledger's
own governance names, and with everything else in `Trust.checkpoints`: an older checkpoint
that was kept must lie in the past of what was read. Which ledger that is, and that the
files are new, the files cannot say: pin the id (`Trust.ledger`), keep checkpoints.

Entries of segments are not proven one by one: the root over all of them is held against the
checkpoint at the end.

A lying server therefore ends in `tile.wrong`, `bundle.wrong`, `tile.missing` and the like
as a `ProofError` while reading, or in findings (`checkpoint.root-mismatch`,
`log.truncated`, `note.no-known-signature`, the rules' own) in the report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path

import msgspec

from . import abreast
from .audit import checks
from .audit.auditor import Auditor, Source, Trust
from .audit.checks.base import Check
from .audit.report import Report
from .errors import ConfigError, UnknownError
from .findings import Finding
from .log import checkpoint, merkle, note, tiles
from .log.checkpoint import Checkpoint
from .remote import Site, StatusError
from .segments import MANIFEST, Segments, open_log

__all__ = ["Mirror", "folder", "holds_segments", "is_url", "opened", "site"]

_NOT_THERE = frozenset({404, 410})
_STRETCH = 4_096
"""Entries, or a few more, that one process looks at in one go."""


class Mirror:
    """A ledger behind `fetch`, or in segments.

    Raises what that raises, and `MalformedError` for no checkpoint.
    """

    def __init__(self, files: tiles.Fetch | Segments) -> None:
        self.note = files.note if isinstance(files, Segments) else files("checkpoint")
        self.said: Checkpoint = checkpoint.parse(note.parse(self.note).text)
        self.reader: Segments | tiles.Reader = (
            files
            if isinstance(files, Segments)
            else tiles.Reader(files, self.said.size, self.said.root)
        )

    def _abreast(
        self,
        auditor: Auditor,
        progress: Callable[[int, int], None] | None,
        workers: int | None,
        executor: Executor | None,
    ) -> int:
        """Have stretches looked at elsewhere, as far as that goes; returns how far it went."""
        at = 0
        if not isinstance(self.reader, Segments):
            return at
        with abreast.executor(executor, workers, self.said.size) as hands:
            if hands is None:
                return at
            cuts = self.reader.cuts(_STRETCH)
            found = abreast.ahead(hands, open_log, self.reader.place, cuts)
            for come in abreast.feed(auditor, found):
                at = come
                if progress is not None:
                    progress(at, self.said.size)
        return at

    def sources(
        self, progress: Callable[[int, int], None] | None = None, start: int = 0
    ) -> Iterator[Source]:
        """Every entry in order, proven, from `start` on."""
        for index, data in enumerate(self.reader.entries(start), start):
            yield Source(index, data)
            if progress is not None and index % 500 == 0:
                progress(index, self.said.size)

    def growth(self, old: int, size: int) -> list[bytes]:
        """The proof that the tree of `old` entries begins that of `size`."""
        return merkle.prove_consistency_from(self.reader.nodes, old, size)

    def verify(
        self,
        trust: Trust | None = None,
        progress: Callable[[int, int], None] | None = None,
        policy: Mapping[str, Mapping[str, int]] | None = None,
        observers: Sequence[Check] = (),
        watch: Callable[[Iterable[Source]], Iterable[Source]] | None = None,
        conclude: Callable[[str], Iterable[Finding]] | None = None,
        *,
        workers: int | None = None,
        executor: Executor | None = None,
    ) -> Report:
        """Replay all of it, as `Ledger.verify` does.

        Stretches of segments are looked at on other cores beforehand, unless there is a
        `watch`. `watch` sees the entries on their way to the auditor and hands them on; `conclude`
        is then given the ledger id and adds findings of its own to the report.
        """
        known = trust or Trust()
        auditor = Auditor(
            msgspec.structs.replace(known, checkpoints=(self.note, *known.checkpoints)),
            checks=(*checks.load(policy), *observers),
        )
        if watch is None:
            at = self._abreast(auditor, progress, workers, executor)
            auditor.feed(self.sources(progress, at))
        else:
            auditor.feed(watch(self.sources(progress)))
        if conclude is not None:
            auditor.add(conclude(auditor.finish().ledger))
        return auditor.finish()


def is_url(where: str) -> bool:
    """Whether this is written as a place on the web."""
    return where.startswith(("https://", "http://"))


def holds_segments(where: str) -> bool:
    """Whether segments are there: in a folder that says so, or at a URL of another kind."""
    if "://" in where:
        return not is_url(where)
    return (Path(where) / MANIFEST).is_file()


@contextmanager
def opened(where: str, *, local: bool = False) -> Iterator[Mirror]:
    """The mirror at a URL or in a folder; `local` as in `remote`."""
    if holds_segments(where):
        yield Mirror(Segments(where))
        return
    if not is_url(where):
        yield Mirror(folder(Path(where)))
        return
    with Site(where, local=local) as kept:
        yield Mirror(site(kept))


def folder(place: Path) -> tiles.Fetch:
    """The files of a folder."""

    def fetch(path: str) -> bytes:
        try:
            with (place / path).open("rb") as file:
                return file.read(tiles.MAX_BUNDLE + 1)
        except FileNotFoundError:
            raise _missing(path, str(place)) from None
        except OSError as error:
            raise ConfigError(
                f"cannot read {place / path}: {error.strerror}", code="file.not-read"
            ) from None

    return fetch


def site(kept: Site) -> tiles.Fetch:
    """The files below a URL."""

    def fetch(path: str) -> bytes:
        limit = note.MAX_NOTE if path == "checkpoint" else tiles.MAX_BUNDLE
        try:
            return kept.fetch(path, limit=limit)
        except StatusError as error:
            if error.status in _NOT_THERE:
                raise _missing(path, kept.host) from None
            raise

    return fetch


def _missing(path: str, where: str) -> UnknownError:
    if path == "checkpoint":
        return UnknownError(f"no checkpoint in {where}", code="checkpoint.none")
    return UnknownError(f"no {path} in {where}", code="tile.missing")
