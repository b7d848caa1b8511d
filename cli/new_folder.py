"""A folder that appears whole or not at all: built beside its place, then moved there."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["appearing"]


@contextmanager
def appearing(root: Path) -> Iterator[Path]:
    """Where to build what shall be at `root`, which is new or empty.

    It is moved there at the end; after an error nothing is left of it.
    """
    here = root.is_dir()
    if not here:
        root.parent.mkdir(parents=True, exist_ok=True)
    beside = root if here else root.parent
    with tempfile.TemporaryDirectory(prefix=".oretrail-", dir=beside) as outer:
        built = Path(outer) / "new"
        yield built
        if not here:
            built.rename(root)
            return
        for member in sorted(built.iterdir()):
            member.rename(root / member.name)
