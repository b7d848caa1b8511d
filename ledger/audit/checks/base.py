"""What a check is: it watches some effects, remembers little, and yields findings.

    class TagReused(Check):
        # docstring: what it finds, the formula, dated defaults, the source

        name = "tag.reused"
        watches = (Claim,)
        thresholds = {"days": 90}          # dated defaults; a policy overrides them

        def observe(self, seen): ...       # after each event with such an effect
        def conclude(self, books, as_of): ...   # once, at the end of the log

Integers only; no clock: `as_of` is the last time that the log recorded. State must not
grow with the log where that can be helped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import ClassVar

import msgspec

from ...custody.books import Books
from ...custody.registration import Prepared
from ...custody.rules import Case
from ...effects import Effect
from ...errors import ConfigError
from ...findings import Finding, Severity

__all__ = ["Check", "Seen", "days_between", "hours_between", "seconds"]

_EPOCH = date(1970, 1, 1).toordinal()


class Seen(msgspec.Struct, frozen=True):
    """An event, where it stands, when the log recorded it, and the books after it.

    `case.before` holds the lots that it changed, as they were.
    """

    index: int
    recorded_at: str
    one: Prepared
    case: Case
    books: Books


class Check:
    """Base of every check. See the drawing at the top of the file."""

    name: ClassVar[str] = ""
    watches: ClassVar[tuple[type[Effect], ...]] = ()
    thresholds: ClassVar[dict[str, int]] = {}

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        unknown = set(policy or {}) - set(self.thresholds)
        if unknown:
            raise ConfigError(
                f"check {self.name} has no threshold {min(unknown)}", code="policy.unknown"
            )
        self.limit: dict[str, int] = {**self.thresholds, **(policy or {})}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Look at one event."""
        return ()

    def conclude(self, books: Books, as_of: str) -> Iterable[Finding]:
        """Look back at the whole log."""
        return ()

    def finding(
        self,
        severity: Severity,
        message: str,
        *,
        entries: tuple[int, ...] = (),
        subject: str = "",
        code: str = "",
    ) -> Finding:
        """A finding under this check's name, or under `code`."""
        return Finding(
            code=code or self.name,
            severity=severity,
            message=message,
            entries=entries,
            subject=subject,
        )


def seconds(moment: str) -> int:
    """Seconds since 1970 of a time of the format's spelling."""
    days = date.fromisoformat(moment[:10]).toordinal() - _EPOCH
    return 86_400 * days + 3600 * int(moment[11:13]) + 60 * int(moment[14:16]) + int(moment[17:19])


def hours_between(earlier: str, later: str) -> int:
    """Whole hours from one time to another, rounded towards the past."""
    return (seconds(later) - seconds(earlier)) // 3600


def days_between(earlier: str, later: str) -> int:
    """Whole days from one time to another, rounded towards the past."""
    return (seconds(later) - seconds(earlier)) // 86_400
