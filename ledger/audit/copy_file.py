r"""A copy of a ledger, or of what is new in it, as one file that can be carried (`.copy`).

    {"index":7,"leaf":"...","chain":"...","entry":"..."}     the entry list (audit.entry_list),
    ...                                                      from any entry on, gapless
    <empty line>
    kivu.example/trail                                       the log's checkpoint over exactly
    70000                                                    these entries and all before them
    <root>

    — kivu.example/trail <signature>

Hashes and signatures are for whoever takes it in (`field.follow`); here only its form is
looked at. It is read line by line: it may be larger than memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..errors import MalformedError
from ..log import checkpoint, note
from . import entry_list
from .auditor import Source

__all__ = ["CopyFile"]

_LONGEST_NOTE = 1 << 16


class CopyFile:
    """A copy that is being read: go through `sources` once, then `checkpoint` is known."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.checkpoint = b""

    def sources(self) -> Iterator[Source]:
        """The entries; MalformedError ``copy.malformed`` or ``entries.malformed``."""
        following: int | None = None
        for source in entry_list.read(self._entries()):
            if following is not None and source.index != following:
                raise _malformed(f"entry {source.index} stands where {following} is expected")
            following = source.index + 1
            yield source
        if following is None:
            raise _malformed("there is no entry in it")
        self._note(following)

    def _entries(self) -> Iterator[bytes]:
        for line in self._lines:
            if line == b"\n":
                return
            yield line
        raise _malformed("it ends before the checkpoint")

    def _note(self, size: int) -> None:
        data = b""
        for line in self._lines:
            data += line
            if len(data) > _LONGEST_NOTE:
                raise _malformed(f"more than {_LONGEST_NOTE} bytes after the entries")
        said = checkpoint.parse(note.parse(data).text).size
        if said != size:
            raise _malformed(f"its checkpoint is over {said} entries, it ends after {size}")
        self.checkpoint = data


def _malformed(message: str) -> MalformedError:
    return MalformedError(f"no copy of a ledger: {message}", code="copy.malformed")
