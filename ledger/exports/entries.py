"""The log as JSON Lines, for any language: `oretrail export entries`.

    {"index":7,"leaf":"<64 hex>","chain":"<64 hex>","entry":"<the entry's exact text>"}

In log order, one line per entry, each ending in a newline. A dozen lines of code
recompute every hash from it (`specs/recompute.py`); `audit.entry_list` reads it back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..audit.auditor import Source
from ..audit.entry_list import Line, spell
from ..errors import StorageError

__all__ = ["render"]


def render(sources: Iterable[Source]) -> Iterator[bytes]:
    """One line per entry; leaf and chain as the store states them."""
    for source in sources:
        try:
            entry = source.data.decode()
        except UnicodeDecodeError:
            raise StorageError(
                f"entry {source.index} is no text; it was changed where it is stored",
                code="entry.malformed",
                hint="see what is wrong: oretrail verify",
            ) from None
        leaf, chain = source.leaf or b"", source.chain or b""
        yield spell(Line(source.index, leaf.hex(), chain.hex(), entry))
