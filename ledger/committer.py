"""Many submitters, one writer: statements that wait are registered together.

    submit ──> waiting ──> checked ──────────> one transaction ──> Future[Receipt]
               in order    decoded, and        all that is checked by now, in order,
               of arrival  signatures,         up to `most` statements or `size` bytes
                           on `threads`

A group is what has gathered while the group before was made durable: nobody waits for more
to come, so one submitter alone is served at once, and with many the price of a transaction
is shared. What was found out while a statement waited is used only where the books, inside
the transaction, ask the same: this key, this text, this signature. Statements of one thread
enter in the order in which it submitted them.
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from itertools import islice, repeat, takewhile
from types import TracebackType

from .custody import registration
from .custody.statement import Statement
from .errors import LedgerError, MalformedError, StorageError
from .store.registrar import Offer, Receipt

__all__ = ["Committer"]

_SHARE = 16
"""Statements that one thread checks at a time: the first of many need not wait for the last."""


class _Waiting:
    """A statement, who waits for it, and whether it has been checked yet."""

    __slots__ = ("checked", "future", "offer", "size")

    def __init__(self, statement: Statement) -> None:
        self.offer = Offer(statement)
        self.future: Future[Receipt] = Future()
        self.future.set_running_or_notify_cancel()  # what is in line will be entered
        self.size = len(statement.note) + sum(map(len, statement.events))
        self.checked = False


class Committer:
    """The one writer of a ledger that many threads share; use it as a context manager.

    `enter` registers a group and answers for each: `Ledger.register_group`. `keys` finds vkeys
    by `key_ref`, those that are known. At most `room` statements, and `room_bytes` bytes of
    them, wait at a time.
    """

    def __init__(
        self,
        enter: Callable[[Sequence[Offer]], Sequence[Receipt | LedgerError]],
        keys: Callable[[Iterable[str]], Mapping[str, str]],
        *,
        threads: int = 2,
        most: int = 1_000,
        size: int = 8_000_000,
        room: int = 10_000,
        room_bytes: int = 64_000_000,
    ) -> None:
        self._enter, self._keys = enter, keys
        self._threads, self._most, self._size = threads, most, size
        self._room, self._room_bytes = room, room_bytes
        self._checkers = ThreadPoolExecutor(threads, "oretrail-check")
        self._writer = ThreadPoolExecutor(1, "oretrail-commit")
        self._changed = threading.Condition()
        self._queue: deque[_Waiting] = deque()
        self._unchecked: deque[_Waiting] = deque()
        self._alone: deque[_Waiting] = deque()
        self._inside = self._bytes = 0
        self._checking = 0
        self._writing = self._closed = False
        self._vkeys: dict[str, str] = {}

    # --- for submitters ------------------------------------------------------------------

    def submit(self, statement: Statement, *, wait: bool = True) -> Future[Receipt]:
        """Put a statement in line; the answer comes when it is durable, or refused.

        What is in line cannot be cancelled. Where there is no room it waits, or with `wait`
        off raises StorageError ``committer.busy``; ``committer.closed`` once it is closed.
        """
        one = _Waiting(statement)
        with self._changed:
            while not self._closed and self._full(one):
                if not wait:
                    raise StorageError(
                        f"{self._inside} statements are waiting to be registered",
                        code="committer.busy",
                        hint="offer it again in a moment",
                    )
                self._changed.wait()
            if self._closed:
                raise StorageError("nothing more is registered here", code="committer.closed")
            self._inside += 1
            self._bytes += one.size
            self._queue.append(one)
            self._unchecked.append(one)
            self._go_on()
        return one.future

    def register(self, statement: Statement) -> Receipt:
        """Register a statement and wait until it is durable; as `Ledger.register`."""
        return self.submit(statement).result()

    def close(self) -> None:
        """Take in nothing more, register all that waits, and let the threads go."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            while self._inside:
                self._changed.wait()
        self._checkers.shutdown()
        self._writer.shutdown()

    def __enter__(self) -> Committer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- what to do next; the condition is held ------------------------------------------

    def _full(self, one: _Waiting) -> bool:
        """Whether there is no room; the first is let in however large it is."""
        return self._inside > 0 and (
            self._inside >= self._room or self._bytes + one.size > self._room_bytes
        )

    def _go_on(self) -> None:
        """Start what can be started: checking on every free thread, and the next group."""
        while self._unchecked and self._checking < self._threads:
            count = min(_SHARE, -(-len(self._unchecked) // self._threads))
            share = [self._unchecked.popleft() for _ in range(count)]
            self._checking += 1
            job = self._checkers.submit(self._check, [one.offer for one in share])
            job.add_done_callback(partial(self._checked, share))
        if not self._writing and (group := self._next_group()):
            self._writing = True
            entering = self._writer.submit(self._enter, [one.offer for one in group])
            entering.add_done_callback(partial(self._entered, group))

    def _next_group(self) -> list[_Waiting]:
        """All that is checked, from the first on, as far as one group may go."""
        if self._alone:
            return [self._alone.popleft()]
        group: list[_Waiting] = []
        size = 0
        for one in takewhile(lambda one: one.checked, islice(self._queue, self._most)):
            size += one.size
            if group and size > self._size:
                break
            group.append(one)
        for _ in group:
            self._queue.popleft()
        return group

    # --- on the threads ------------------------------------------------------------------

    def _check(self, offers: Sequence[Offer]) -> None:
        """Decode what is to be registered and see whose signatures are good."""
        refs = {
            f"{signature.name}+{signature.key_id.hex()}"
            for offer in offers
            for signature in offer.statement.signatures
        }
        if not refs <= self._vkeys.keys():
            self._vkeys |= self._keys(refs - self._vkeys.keys())
        for offer in offers:
            text = offer.statement.header.text().encode()
            for signature in offer.statement.signatures:
                vkey = self._vkeys.get(f"{signature.name}+{signature.key_id.hex()}")
                if vkey is not None:
                    good = registration.signature_good(vkey, text, signature.blob)
                    offer.good[vkey, text, signature.blob] = good
            # One that is no event is refused by whoever enters it, in the proper order.
            with suppress(MalformedError):
                offer.prepared = [registration.prepare(data) for data in offer.statement.events]

    def _checked(self, share: Sequence[_Waiting], job: Future[None]) -> None:
        """What a check did not find out, because it failed, is found out when it enters."""
        with self._changed:
            for one in share:
                one.checked = True
            self._checking -= 1
            self._go_on()

    def _entered(
        self, group: Sequence[_Waiting], job: Future[Sequence[Receipt | LedgerError]]
    ) -> None:
        """Answer everybody, then begin the next group.

        What is no error of ours is a mistake that one statement has brought to light: then
        each goes in alone, so that it is nobody else's.
        """
        failure = job.exception()
        again = failure is not None and not isinstance(failure, LedgerError) and len(group) > 1
        if not again:
            answers = job.result() if failure is None else map(_own, repeat(failure, len(group)))
            for one, answer in zip(group, answers, strict=True):
                if isinstance(answer, BaseException):
                    one.future.set_exception(answer)
                else:
                    one.future.set_result(answer)
        with self._changed:
            self._writing = False
            if again:
                self._alone.extend(group)
            else:
                self._inside -= len(group)
                self._bytes -= sum(one.size for one in group)
            self._go_on()
            self._changed.notify_all()


def _own(failure: BaseException) -> BaseException:
    """An error of one's own to raise: several threads raise what has befallen all of them."""
    return copy.copy(failure) if isinstance(failure, StorageError) else failure
