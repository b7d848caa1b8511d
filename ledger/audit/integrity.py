"""Integrity only: that the log is what was written and signed, and nothing of what it means.

    looked at        leaf hashes, chain, tree, kept checkpoints, what signers had seen;
                     that each statement covers the events that follow it; signatures,
                     by the keys that the log itself has brought in by then
    not looked at    whether events can be read, who may sign what, revoked keys, time limits,
                     custody, mass, every other rule, plausibility, duplicates

A log that passes may still record nonsense, so the verdict is never `supported`: it is `not
shown`, or `contradicted`. Where a full verification takes its time for the rules, this takes
little more than hashing does.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

import msgspec

from ..custody.books import key_ref
from ..custody.registration import Prepared, prepare
from ..effects import Admit, Authorize, Effect, Govern, Rotate
from ..errors import LedgerError
from ..findings import Finding
from ..log import chain
from .auditor import Auditor
from .report import Report
from .stretch import Looked, Opened, Place, Stated, look

__all__ = ["Hashed", "Integrity", "look_at_hashes"]

_FEW = 8
"""Leaves up to which the tree grows faster one by one."""


class Hashed(msgspec.Struct, frozen=True):
    """A stretch in which every hash and every statement is as it should be.

    `leaves` are its leaf hashes end to end; `links` the chain hashes that were stated, by
    place; `keys` the events that may bring in keys, by place. Places count from `start`.
    """

    start: int
    leaves: bytes
    links: tuple[tuple[int, bytes], ...]
    keys: tuple[tuple[int, bytes], ...]
    statements: tuple[Stated, ...]

    @property
    def size(self) -> int:
        """How many entries it has."""
        return len(self.leaves) // 32


def look_at_hashes(opened: Opened, place: Place, start: int, end: int) -> Hashed | None:
    """Look at the entries from `start` up to `end`; None where anything is amiss.

    The task of one process. The entries themselves stay there.
    """
    looked = look(opened, place, start, end, whole=False)
    if looked is None or looked.statements is None:
        return None
    links = tuple((index - start, link) for index, _, _, link in looked.rows if link is not None)
    keys = tuple((index - start, data) for index, data, _, _ in looked.rows if b"+" in data)
    return Hashed(start, looked.leaves, links, keys, looked.statements)


class Integrity(Auditor):
    """An auditor that applies no rule; feed it as any other. Its books know keys only."""

    def take(self, looked: Looked | Hashed) -> bool:
        """Take in a stretch; False, and nothing is taken, where it is not what comes next."""
        if isinstance(looked, Looked) or looked.start != self._next:
            return False
        leaves = [looked.leaves[at : at + 32] for at in range(0, len(looked.leaves), 32)]
        links = list(accumulate(leaves, chain.link, initial=self._chain))
        if any(links[at + 1] != link for at, link in looked.links):
            return False
        entries = [b""] * len(leaves)
        for at, data in looked.keys:
            entries[at] = data
        at = 0
        for stated in looked.statements:
            self._settle()
            begin, at = at + 1, at + 1 + stated.header.count
            if at - begin < _FEW:
                for leaf in leaves[begin - 1 : at]:
                    self._frontier.append(leaf)
            else:
                self._frontier.extend(leaves[begin - 1 : at])
            first = looked.start + begin
            self._begin(first - 1, stated)
            self._pending = list(
                zip(
                    range(first, looked.start + at),
                    entries[begin:at],
                    leaves[begin:at],
                    strict=True,
                )
            )
        self._next = looked.start + at
        self._chain = links[-1]
        return True

    def finish(self) -> Report:
        """The report; what it cannot show it says."""
        if not self._finished:
            self.add([_ONLY])
        report = super().finish()
        if report.verdict == "supported":
            report = msgspec.structs.replace(report, verdict="not shown")
        return report

    def _settle(self) -> None:
        pending, self._pending = self._pending, []
        registration, self._open = self._open, None
        if registration is None and not pending:
            return
        parsed = self._parse(registration, pending)
        prepared = self._bringing(pending)
        if parsed is not None:
            header, signatures = parsed
            if not (isinstance(registration, Stated) and header.count == len(pending)):
                self._covers(header, pending)
            self._seen(header)
            signed = self._signatures(header, signatures, prepared, self._good_by(registration))
            if not signed:
                self._find(
                    "statement.signer-missing",
                    f"no key that this log has brought in has signed the statement at "
                    f"{self._open_at}",
                    self._open_at,
                )
        for one in prepared:
            for effect in one.effects:
                self._bring(one, effect)
        if parsed is not None and parsed[0].ledger != self.books.ledger:
            self._find(
                "statement.wrong-ledger",
                f"the statement at {self._open_at} is for ledger {parsed[0].ledger[:12]}, "
                f"this is {self.books.ledger[:12] or 'none'}",
                self._open_at,
            )
        self._roots.add(self._frontier.size, self._frontier.root())

    def _bringing(self, pending: Sequence[tuple[int, bytes, bytes]]) -> list[Prepared]:
        """The events that may bring in keys: those in which a vkey can be spelled."""
        prepared = []
        for _, data, leaf in pending:
            if b"+" in data:
                try:
                    prepared.append(prepare(data, leaf))
                except LedgerError:
                    continue  # whether events can be read is not asked here
        return prepared

    def _bring(self, one: Prepared, effect: Effect) -> None:
        """Book a key; the first of its name and id counts."""
        if isinstance(effect, Authorize | Rotate) and key_ref(effect.key) in self.books.keys:
            return
        if isinstance(effect, Admit | Authorize | Rotate | Govern):
            try:
                self.books.apply(one.event_id, one.event.by, effect)
            except (KeyError, LedgerError):
                return  # by whom and for whom a key may come is not asked here


_ONLY = Finding(
    code="evidence.integrity-only",
    severity="info",
    message="only hashes and signatures were looked at; the rules were not checked, so nothing "
    "is shown of what the entries say",
)
