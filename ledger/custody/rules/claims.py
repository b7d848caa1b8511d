"""Claims: what is registered once is new; what is spoken of is known."""

from __future__ import annotations

from collections.abc import Iterator

from ...effects import Claim
from ...findings import Finding
from ..books import Books
from .case import Case

__all__ = ["claim"]


def claim(books: Books, effect: Claim, case: Case) -> Iterator[Finding]:
    """What is registered once is new; what is spoken of is known."""
    kind, _, name = effect.subject.partition(":")
    if effect.first:
        known = books.register.get(effect.subject)
        if known is not None:
            yield Finding(
                code=f"{kind}.exists",
                message=f"{kind} {name} was registered already, by {known.by}",
                subject=effect.subject,
            )
        return
    known = books.register.get(effect.subject)
    if known is not None and effect.own and known.by not in case.named:
        yield Finding(
            code=f"{kind}.not-issuer",
            message=f"{kind} {name} is {known.by}'s, not {case.event.by}'s",
            subject=effect.subject,
        )
    if known is not None and effect.follows and known.status not in effect.follows:
        yield Finding(
            code=f"{kind}.wrong-status",
            message=f"{kind} {name} is {known.status}; {effect.status} comes after "
            f"{' or '.join(effect.follows)}",
            subject=effect.subject,
        )
    if kind == "lot":
        there = name in books.lots
    elif kind == "party":
        there = name in books.parties
    elif kind == "ledger":
        there = name == books.ledger
    else:
        there = kind == "event" or effect.subject in books.register
    if not there:
        yield Finding(
            code=f"{kind}.unknown", message=f"no {kind} {name} here", subject=effect.subject
        )
