"""Doing it again where a database server may not have done it, or may not say.

    storage.collision         undone by the server, because of others       again, at once
    storage.outcome-unknown   the connection broke while it was committing   again: what is done
                              looks first whether it is done already
    storage.unreachable       after an outcome that is unknown               again, a little later

Only for what looks itself up: registering the same events again returns the first receipt. Who
asks again waits for the transaction whose outcome is unknown, since that one holds the head row
for as long as it lives.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from ..errors import StorageError

__all__ = ["until_known"]

_T = TypeVar("_T")
_PAUSES = (0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8)
"""Seconds to wait before each further attempt: time enough for a server to start again."""


def until_known(act: Callable[[], _T]) -> _T:
    """What `act` answers, as soon as it is known; the error of the first unknown outcome else."""
    unknown: StorageError | None = None
    for pause in _PAUSES:
        try:
            return act()
        except StorageError as error:
            if error.code == "storage.outcome-unknown":
                unknown = unknown or error
            elif error.code != "storage.collision" and unknown is None:
                raise
            elif error.code not in ("storage.collision", "storage.unreachable"):
                raise unknown or error from error
        time.sleep(pause)
    if unknown is None:
        return act()
    raise unknown
