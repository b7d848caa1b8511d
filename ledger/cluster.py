"""A Dask cluster as an `Executor`: many machines look ahead at one log (extra `cluster`).

The machines must reach the log where it is said to be: the same path, the same URL. What they
find is checked like what a process of this machine finds (`audit.stretch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager

from .errors import ConfigError

__all__ = ["executor"]

_PATIENCE = "10s"


@contextmanager
def executor(address: str) -> Iterator[Executor]:
    """The workers of the scheduler at ``tcp://host:port``.

    ConfigError ``extra.missing`` without Dask, ``cluster.unreachable`` without a scheduler.
    """
    try:
        from distributed import Client
    except ImportError:
        raise ConfigError(
            "a cluster needs distributed, which is not installed",
            code="extra.missing",
            hint="pip install 'oretrail[cluster]'",
        ) from None
    try:
        client = Client(address, timeout=_PATIENCE)
    except (OSError, ValueError) as error:
        said = str(error).split("\n", 1)[0] or type(error).__name__
        raise ConfigError(
            f"no Dask scheduler at {address}: {said[:200]}", code="cluster.unreachable"
        ) from None
    with client:
        yield client.get_executor()
