"""Processes that do tasks: an `Executor` that any program may use, whatever else it does.

    here                                there, one process each
    submit(function, *words) -> thread  -> stdin    pickled (function, words)
    Future                   <- thread  <- stdout   pickled result

Why not `concurrent.futures.ProcessPoolExecutor`: forked, a child shares the locks of threads
that it does not have and the file locks of SQLite; spawned, it runs the caller's main program
once more, unless that was written for it. A process of this crew is a fresh interpreter that
knows the caller's `sys.path` and nothing else. It ends when its stdin does, so when whoever
started it ends, however that was; and Ctrl-C is not for it to hear. It is reading that is
done there: a process may be killed at any time.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from typing import Any, TypeVar

__all__ = ["Crew", "cores", "serve"]

_T = TypeVar("_T")
_Task = tuple[Future[Any], bytes]
_BEGIN = (
    "import sys, pickle; sys.path[:] = pickle.load(sys.stdin.buffer); "
    "from ledger.crew import serve; serve()"
)


def cores() -> int:
    """How many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Crew(Executor):
    """So many processes, each started when there is a first task for it.

    What is submitted is pickled at once, and must be a function that can be found by name
    with words that can be pickled. One that raises ends its process; where one has ended, its
    task fails with `BrokenExecutor`, and what nobody has begun is cancelled.
    """

    def __init__(self, processes: int) -> None:
        self._tasks: queue.SimpleQueue[_Task | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._running: list[subprocess.Popen[bytes]] = []
        self._threads: list[threading.Thread] = []
        self._most = processes
        self._over = ""

    def submit(self, fn: Callable[..., _T], /, *args: Any, **kwargs: Any) -> Future[_T]:
        """Have a process call the function."""
        task = pickle.dumps((fn, args, kwargs), protocol=5)
        future: Future[_T] = Future()
        with self._lock:
            if self._over:
                raise BrokenExecutor(self._over)
            if len(self._threads) < self._most:
                thread = threading.Thread(target=self._work, name="oretrail-crew", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._tasks.put((future, task))
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End every process: when its tasks are done or, with `cancel_futures`, now."""
        with self._lock:
            self._over = self._over or "this crew was sent home"
        if cancel_futures:
            self._drop()
            for process in self._processes():
                process.kill()
        for _ in self._threads:
            self._tasks.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    @property
    def pids(self) -> list[int]:
        """The processes that are there now."""
        return [process.pid for process in self._processes()]

    def _processes(self) -> list[subprocess.Popen[bytes]]:
        with self._lock:
            return list(self._running)

    def _work(self) -> None:
        """Start one process, and hand it one task after the other."""
        try:
            process = _started()
        except OSError as error:
            self._break(f"no process could be started: {error}")
            return
        with self._lock:
            self._running.append(process)
        try:
            while (task := self._tasks.get()) is not None:
                future, words = task
                if not future.set_running_or_notify_cancel():
                    continue
                try:
                    result = _asked(process, words)
                except (OSError, EOFError, pickle.UnpicklingError) as error:
                    self._break(f"a process ended: {type(error).__name__}")
                    future.set_exception(BrokenExecutor("the process ended"))
                    return
                future.set_result(result)
        finally:
            with self._lock:
                self._running.remove(process)
            _end(process)

    def _break(self, why: str) -> None:
        with self._lock:
            self._over = self._over or why
        self._drop()
        for _ in self._threads:
            self._tasks.put(None)

    def _drop(self) -> None:
        """Take back what nobody has begun."""
        while True:
            try:
                task = self._tasks.get_nowait()
            except queue.Empty:
                return
            if task is not None:
                task[0].cancel()


def _started() -> subprocess.Popen[bytes]:
    flags = ["-I", *(["-B"] if sys.dont_write_bytecode else [])]
    process = subprocess.Popen(
        [sys.executable, *flags, "-c", _BEGIN],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _send(process.stdin, pickle.dumps([one for one in sys.path if one]))
    except OSError:
        _end(process)
        raise
    return process


def _asked(process: subprocess.Popen[bytes], task: bytes) -> Any:
    _send(process.stdin, task)
    return pickle.load(process.stdout)  # type: ignore[arg-type]  # noqa: S301 - our own process


def _send(pipe: Any, data: bytes) -> None:
    pipe.write(data)
    pipe.flush()


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        with contextlib.suppress(OSError):  # what was not sent yet has nobody to read it
            if pipe is not None:
                pipe.close()
    process.wait()


def serve() -> None:
    """Do the tasks that come in on stdin, until it ends: the life of a process of a crew."""
    tasks = sys.stdin.buffer
    # What a library may print must not get between the results.
    results = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    while True:
        try:
            function, words, named = pickle.load(tasks)  # noqa: S301 - from who started us
        except EOFError:
            return
        pickle.dump(function(*words, **named), results, protocol=5)
        results.flush()
