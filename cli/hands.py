"""`--jobs` and `--dask`: whose cores look ahead while a ledger is verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from functools import wraps
from typing import Any

import click
import msgspec

__all__ = ["Hands", "options"]


class Hands(msgspec.Struct, frozen=True):
    """So many processes of this machine (None: as many as pay), or those of a Dask cluster."""

    workers: int | None = None
    dask: str | None = None

    @contextmanager
    def hired(self) -> Iterator[Executor | None]:
        """The cluster's workers while they are needed; None where processes of ours do."""
        if self.dask is None:
            yield None
            return
        from ledger import cluster

        with cluster.executor(self.dask) as executor:
            yield executor


def options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Both options; the command is given `hands`."""

    @click.option(
        "--jobs",
        type=click.IntRange(1, 1_024),
        metavar="N",
        help="Processes that look ahead in a ledger.  [default: one a core, if it is long]",
    )
    @click.option(
        "--dask",
        metavar="ADDRESS",
        help="A Dask scheduler whose workers look ahead, such as tcp://10.0.0.5:8786.",
    )
    @wraps(command)
    def asked(*words: Any, jobs: int | None, dask: str | None, **named: Any) -> Any:
        if jobs is not None and dask is not None:
            raise click.UsageError("--jobs or --dask, not both")
        return command(*words, hands=Hands(jobs, dask), **named)

    return asked
