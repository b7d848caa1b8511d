"""What `verify` remembers of ledgers, and what it says when one is not as it was.

The first contact with a ledger is believed, and said to be the first; from then on only
what continues it is. `--no-memory` neither reads nor writes anything.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import click
import msgspec

from ledger.audit import memory as audit
from ledger.audit.auditor import Trust
from ledger.audit.conflict import conflict
from ledger.audit.report import Before, Report
from ledger.errors import LedgerError
from ledger.findings import SEVERITIES, Finding
from ledger.ledger import system_clock
from ledger.log.policy import Policy
from ledger.memory import Memory, state_folder

from . import output
from .output import clean

__all__ = ["Growth", "Recall", "memory_options"]

Growth = Callable[[int, int], Sequence[bytes]]
"""(old size, size) -> the proof that the one tree begins the other."""

_AGE = re.compile(r"([1-9][0-9]{0,4})([mhd])", re.ASCII)
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
_CONFLICT = frozenset({"log.forked", "log.inconsistent"})


def _age(_: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """A length of time: `2d`, `36h`, `90m`."""
    if value is not None and not _AGE.fullmatch(value):
        raise click.BadParameter(f"{value!r} is no length of time such as 2d or 36h", param=option)
    return value


def memory_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--no-memory`, `--evidence` and `--max-age`, given to the command as one `recall`."""

    @wraps(command)
    def called(
        *words: Any, no_memory: bool, evidence: Path | None, max_age: str | None, **options: Any
    ) -> Any:
        return command(*words, recall=Recall(not no_memory, evidence, max_age), **options)

    for option in (
        click.option(
            "--max-age",
            callback=_age,
            metavar="AGE",
            help="Nothing older is enough: 2d, 36h. By the witnesses' clocks under a policy, "
            "else by the log's own.",
        ),
        click.option(
            "--evidence",
            type=click.Path(file_okay=False, path_type=Path),
            metavar="DIR",
            help="Where two checkpoints that conflict are written.  [default: with the memory]",
        ),
        click.option(
            "--no-memory", is_flag=True, help="Neither remember nor recall what was seen before."
        ),
    ):
        called = option(called)
    return called


class Recall:
    """Gives an audit what was seen before, and keeps what it has seen."""

    def __init__(self, memory: bool, evidence: Path | None, max_age: str | None) -> None:
        self._memory = Memory(state_folder(os.environ)) if memory else None
        self._seen = self._memory.sightings() if self._memory else ()
        self._evidence = evidence
        self._max_age = max_age
        self.plain: dict[str, Any] = {"state": "off"}
        """What came of it, for JSON."""

    @property
    def known(self) -> bool:
        """Whether the ledger had been seen before."""
        return "seen" in self.plain

    def verified(self, ledger: str) -> Before | None:
        """What was replayed of this ledger before, and supported, if that is remembered."""
        if self._memory is None:
            raise click.UsageError("--since remembered asks the memory, --no-memory forbids it")
        known = next((one for one in self._seen if one.ledger == ledger and one.full), None)
        if known is None:
            return None
        return Before(known.said.size, known.said.root.hex(), known.seen_at)

    def trust(self, trust: Trust, *, place: str = "", carried: bool = False) -> Trust:
        """The same, with what was seen before."""
        return msgspec.structs.replace(trust, seen=self._seen, place=place, carried=carried)

    def concluded(
        self, report: Report, policy: Policy | None = None, growth: Growth | None = None
    ) -> Report:
        """The report as it reads with `--max-age`; what is sound is remembered."""
        report = self._fresh(report, policy)
        shown, memory = report.shown, self._memory
        if memory is None:
            return report
        if shown is None:
            self.plain = {"state": "nothing"}
            return report
        known = next((one for one in self._seen if one.ledger == shown.ledger), None)
        if known is not None and _CONFLICT & {one.code for one in report.findings}:
            self._accuse(memory, known, shown, growth)
        elif report.verdict != "supported":
            self.plain = {"state": "not-remembered"}
        else:
            # What was verified elsewhere, by somebody's word, was not replayed in full here.
            elsewhere = report.before is not None and not report.before.at
            self._remember(memory, known, shown, full=shown.complete and not elsewhere)
        if known is not None:
            self.plain["seen"] = {"size": known.said.size, "at": known.seen_at}
        return report

    def _remember(
        self, memory: Memory, known: audit.Sighting | None, shown: audit.Shown, *, full: bool
    ) -> None:
        new = audit.sighting(self._seen, shown, _text(system_clock()), full=full)
        if new is not None:
            try:
                kept = memory.remember(new, known)
            except LedgerError as error:
                output.note(f"not remembered: {clean(error)} [{error.code}]")
                self.plain = {"state": "not-remembered"}
                return
            if not kept:
                output.note("not remembered: something else was seen of it meanwhile")
                self.plain = {"state": "not-remembered"}
                return
        if known is not None:
            self.plain = {"state": "continues" if new else "seen"}
            output.note(f"agrees with what was seen on {known.seen_at}: {known.said.size} entries")
        elif new is not None:
            self.plain = {"state": "first-seen"}
            output.note(
                f"first seen: ledger {new.ledger[:12]}, {new.said.size} entries; remembered"
            )
        else:
            self.plain = {"state": "nothing-signed" if not shown.demo else "demonstration"}

    def _accuse(
        self,
        memory: Memory,
        known: audit.Sighting,
        shown: audit.Shown,
        growth: Growth | None,
    ) -> None:
        """Write two signed checkpoints that conflict to where they can be shown around."""
        self.plain = {"state": "conflict"}
        if shown.signed < known.said.size:
            output.note("what is shown is not signed at that size, so it accuses nobody by itself")
            return
        proof: Sequence[bytes] = ()
        if growth is not None and shown.signed > known.said.size:
            proof = growth(known.said.size, shown.signed)
        text = conflict(known, shown, proof)
        path = memory.accuse(known.ledger, known.said.size, text, self._evidence)
        self.plain["evidence"] = str(path)
        output.note(f"two signed checkpoints that conflict are in {clean(path)}")

    def _fresh(self, report: Report, policy: Policy | None) -> Report:
        """Under `--max-age` what is too old is not shown."""
        if self._max_age is None:
            return report
        count, unit = self._max_age[:-1], self._max_age[-1]
        limit = _text(system_clock() - int(count) * _SECONDS[unit])
        found = tuple(audit.stale(_as_of(report, policy), limit, f"--max-age {self._max_age}"))
        if not found:
            return report
        return _with(report, found)


def _with(report: Report, found: tuple[Finding, ...]) -> Report:
    verdict = "not shown" if report.verdict == "supported" else report.verdict
    both = sorted((*found, *report.findings), key=lambda one: SEVERITIES.index(one.severity))
    return msgspec.structs.replace(report, verdict=verdict, findings=tuple(both))


def _as_of(report: Report, policy: Policy | None) -> str:
    """The time that what is shown is proven to be of, by as many witnesses as are asked for."""
    if policy is None or policy.quorum is None:
        return report.recorded_at
    if report.shown is None or not report.shown.checkpoint:
        return ""
    cosigned = policy.check(report.shown.checkpoint).cosigned
    for moment in sorted(cosigned.values(), reverse=True):
        if policy.met_by(frozenset(name for name, at in cosigned.items() if at >= moment)):
            return _text(min(moment, _LATEST))
    return ""


_LATEST = 253_402_300_799
"""The last second of the year 9999."""


def _text(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
