"""Verification on several cores: others look ahead, one replays the books in order.

    cuts        0         256          768              1792 ...     each where a statement begins
    executor    look      look         look             look         any order, any core
    here        take      take         take             take         in log order

An executor of `concurrent.futures` is all that is asked for: processes of this machine
(`crew`), threads, a cluster. At most so many stretches are under way or waiting to be taken,
so memory does not grow with the log.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Executor, Future
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, Protocol

from .audit.stretch import Opened, Place, look

__all__ = ["Inline", "Takes", "ahead", "executor", "feed"]


SHORT = 4_000
"""Entries of a log that one process has replayed before others have begun."""
WINDOW = 8
"""Stretches under way, or done and not yet taken."""


@contextmanager
def executor(given: Executor | None, workers: int | None, size: int) -> Iterator[Executor | None]:
    """Who looks ahead at a log of that size: those given, or processes; None if nobody does.

    Processes are gone at the end, whatever it was.
    """
    if given is not None:
        yield given
        return
    from .crew import Crew, cores

    count = (cores() if size >= SHORT else 1) if workers is None else workers
    if count < 2:
        yield None
        return
    crew = Crew(count)
    try:
        yield crew
    finally:
        crew.shutdown(cancel_futures=True)


class Takes(Protocol):
    """An auditor of what was looked at elsewhere."""

    def take(self, looked: Any) -> bool:
        """Take in a stretch; False if it cannot be taken."""


class Inline(Executor):
    """Whoever submits does it himself, at once."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call the function."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def ahead(
    executor: Executor,
    opened: Opened,
    place: Place,
    cuts: Iterable[int],
    window: int = WINDOW,
    task: Callable[[Opened, Place, int, int], Any] = look,
) -> Iterator[Any]:
    """What `task` has found of each stretch between two cuts, in order; None, and no more, for
    the first of which nobody could find anything: `look`, or `look_at_hashes`.

    At most `window` are in the executor's hands, or done and not yet asked for.
    """
    waiting: deque[Future[Any]] = deque()
    stretches = pairwise(cuts)
    try:
        while True:
            while len(waiting) < window and (stretch := next(stretches, None)) is not None:
                waiting.append(executor.submit(task, opened, place, *stretch))
            if not waiting:
                return
            first = waiting.popleft()
            # Whatever has gone wrong elsewhere, it is only a help that is missing.
            looked = None if first.cancelled() or first.exception() else first.result()
            if looked is None:
                break
            yield looked
        yield None
    except (RuntimeError, CancelledError):  # a broken executor is the former
        yield None
    finally:
        for future in waiting:
            future.cancel()


def feed(auditor: Takes, stretches: Iterable[Any], at: int = 0) -> Iterator[int]:
    """Have the auditor take them, the first from entry `at` on; yields how far it has come.

    It ends early where a stretch is missing: from there on somebody has to read and feed.
    """
    for looked in stretches:
        if looked is None or not auditor.take(looked):
            return
        at += looked.size
        yield at
