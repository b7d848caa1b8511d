"""What a check is: it watches some effects, remembers little, and yields findings.

    class TagReused(Check):
        # docstring: what it finds, the formula, dated defaults, the source

        name = "tag.reused"
        watches = (Flow, "tags")           # kinds of effects, and kinds of claims
        thresholds = {"days": 90}          # dated defaults; a policy overrides them

        def observe(self, seen): ...       # after each event with one of these
        def conclude(self, books, as_of): ...   # once, at the end of the log

Integers only; no clock: `as_of` is the last time that the log recorded. State must not
grow with the log where that can be helped.

Most events are nothing to most checks, and every event is looked at while it is verified: a
check that names the kinds of claims it reads is asked about those events only, and what several
checks read of one event is found out once (`Seen.effects`, `Seen.claims`, `Seen.once`). What
several checks keep of the log alike is kept once too (`Seen.kept`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar, TypeAlias, TypeVar

from ...custody.books import Books
from ...custody.registration import Prepared
from ...custody.rules import Case
from ...effects import Claim, Effect
from ...errors import ConfigError
from ...findings import Finding, Severity

__all__ = ["Check", "Kind", "Seen", "Watch", "days_between", "hours_between", "seconds"]

_EPOCH = date(1970, 1, 1).toordinal()


Kind: TypeAlias = type[Effect] | str
"""A kind of effect; of claims also their own kind, as "tags"."""

_E = TypeVar("_E")


class Seen:
    """An event, where it stands, when the log recorded it, and the books after it.

    `case.before` holds the lots that it changed, as they were.
    """

    __slots__ = ("_kept", "_told", "_work", "books", "case", "index", "one", "recorded_at")

    def __init__(
        self,
        index: int,
        recorded_at: str,
        one: Prepared,
        case: Case,
        books: Books,
        told: Mapping[Kind, Sequence[Effect]],
        kept: dict[type[Any], Any],
    ) -> None:
        self.index = index
        self.recorded_at = recorded_at
        self.one = one
        self.case = case
        self.books = books
        self._told: Mapping[Any, Sequence[Any]] = told
        self._kept = kept
        self._work: dict[Callable[[Seen], Any], Any] = {}

    def effects(self, kind: type[_E]) -> Sequence[_E]:
        """The effects of one kind, in the order of the event; of claims, use `claims`."""
        return self._told.get(kind, ())

    def claims(self, kind: str) -> Sequence[Claim]:
        """What the event claims of that kind."""
        return self._told.get(kind, ())

    def once(self, work: Callable[[Seen], _E]) -> _E:
        """What `work` finds in this event, found by whichever check asks first."""
        if work not in self._work:
            self._work[work] = work(self)
        found: _E = self._work[work]
        return found

    def kept(self, kind: type[_E]) -> _E:
        """The one `kind()` of this audit, for whichever checks ask: begun by the first."""
        if kind not in self._kept:
            self._kept[kind] = kind()
        here: _E = self._kept[kind]
        return here


class Check:
    """Base of every check. See the drawing at the top of the file."""

    name: ClassVar[str] = ""
    watches: ClassVar[tuple[Kind, ...]] = ()
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


class Watch:
    """Who looks at an event: the checks that watch something which is in it, each once.

    In the order of the event's kinds of effects, and for one kind in the order of the checks.
    """

    def __init__(self, checks: Sequence[Check]) -> None:
        self._checks = checks
        self._kept: dict[type[Any], Any] = {}
        # The kinds of an event, in their order -> who looks at it.
        self._known: dict[tuple[Kind, ...], tuple[Check, ...]] = {}

    def seen(
        self, index: int, recorded_at: str, one: Prepared, case: Case, books: Books
    ) -> tuple[Seen | None, tuple[Check, ...]]:
        """The event sorted by kinds, and who looks at it; None if nobody does."""
        told: dict[Kind, list[Effect]] = {}
        for effect in one.effects:
            kind = effect.kind if type(effect) is Claim else type(effect)
            here = told.get(kind)
            if here is None:
                told[kind] = [effect]
            else:
                here.append(effect)
        kinds = tuple(told)
        checks = self._known.get(kinds)
        if checks is None:
            checks = self._known[kinds] = self._looking(kinds)
        if not checks:
            return None, checks
        return Seen(index, recorded_at, one, case, books, told, self._kept), checks

    def _looking(self, kinds: tuple[Kind, ...]) -> tuple[Check, ...]:
        found: dict[Check, None] = {}
        for broad in dict.fromkeys(map(_broad, kinds)):
            for check in self._checks:
                here = Claim in check.watches and broad is Claim
                here = here or not set(kinds).isdisjoint(check.watches)
                if here and broad in map(_broad, check.watches):
                    found[check] = None
        return tuple(found)


def _broad(kind: Kind) -> type[Effect]:
    return Claim if isinstance(kind, str) else kind


@lru_cache(maxsize=4096)
def _day(day: str) -> int:
    """Seconds from 1970 to the beginning of a day; a log's events are of few days at a time."""
    return 86_400 * (date.fromisoformat(day).toordinal() - _EPOCH)


@lru_cache(maxsize=4096)
def seconds(moment: str) -> int:
    """Seconds since 1970 of a time of the format's spelling."""
    at = moment[11:19]
    return _day(moment[:10]) + 3600 * int(at[:2]) + 60 * int(at[3:5]) + int(at[6:])


def hours_between(earlier: str, later: str) -> int:
    """Whole hours from one time to another, rounded towards the past."""
    return (seconds(later) - seconds(earlier)) // 3600


def days_between(earlier: str, later: str) -> int:
    """Whole days from one time to another, rounded towards the past."""
    return (seconds(later) - seconds(earlier)) // 86_400
