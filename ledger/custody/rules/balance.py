"""Claims on mass that is not followed: nobody claims more than was credited, or twice."""

from __future__ import annotations

from collections.abc import Iterator

from ...effects import Account, Credit, Debit
from ...findings import Finding
from ...words import mass as in_words
from ..books import Books, Registered
from .case import Case, at_lot

__all__ = ["account", "credit", "debit"]


def account(books: Books, effect: Account, case: Case) -> Iterator[Finding]:
    """An account begins once, for a period that runs forwards."""
    subject = f"account:{effect.account}"
    if subject in books.register:
        yield Finding(
            code="account.exists",
            message=f"account {effect.account} was registered already",
            subject=subject,
        )
    if effect.holder not in case.named:
        yield Finding(
            code="account.not-holder",
            message=f"account {effect.account} would begin with {effect.holder}, "
            "who has not signed",
            subject=subject,
        )


def _own_account(books: Books, name: str, case: Case) -> Iterator[Finding]:
    subject = f"account:{name}"
    found = books.register.get(subject)
    if found is None:
        yield Finding(code="account.unknown", message=f"no account {name} here", subject=subject)
        return
    if found.by not in case.named:
        yield Finding(
            code="account.not-holder",
            message=f"account {name} is {found.by}'s, not {case.event.by}'s",
            subject=subject,
        )
    if found.status != "open":
        yield Finding(
            code="balance.closed", message=f"account {name} is {found.status}", subject=subject
        )


def credit(books: Books, effect: Credit, case: Case) -> Iterator[Finding]:
    """A lot's content becomes claims once, no more than there is, within the period."""
    yield from _own_account(books, effect.account, case)
    found = books.register.get(f"account:{effect.account}")
    if found is None:
        return
    day = case.event.occurred_at[:10]
    if not found.facts["begins"] <= day <= found.facts["ends"]:
        yield Finding(
            code="balance.expired",
            message=f"account {effect.account} runs from {found.facts['begins']} to "
            f"{found.facts['ends']}, this is {day}",
            subject=found.subject,
        )
    if effect.carried:
        yield from _own_account(books, effect.carried, case)
        yield from _carried(books, effect, found)
        return
    lot = books.lots.get(effect.lot)
    once = books.register.get(f"credit:{effect.lot}")
    if once is not None:
        yield at_lot(
            "balance.double-credit",
            effect.lot,
            f"lot {effect.lot} was credited to account {once.facts['account']} already",
        )
    element = lot.amount.element(found.facts["element"]) if lot else None
    there = element.mass if element else 0
    if effect.mass > there:
        yield at_lot(
            "balance.more-than-content",
            effect.lot,
            f"lot {effect.lot} contains {in_words(there)} {found.facts['element']}, "
            f"{in_words(effect.mass)} credited",
        )


def _carried(books: Books, effect: Credit, into: Registered) -> Iterator[Finding]:
    before = books.register.get(f"account:{effect.carried}")
    if before is None:
        return
    if effect.mass > before.facts["balance"]:
        yield Finding(
            code="balance.overdrawn",
            message=f"account {effect.carried} holds {in_words(before.facts['balance'])}, "
            f"{in_words(effect.mass)} carried over",
            subject=before.subject,
        )
    same = all(before.facts[name] == into.facts[name] for name in ("element", "model"))
    if not same or before.facts["ends"] >= into.facts["begins"]:
        yield Finding(
            code="balance.not-next",
            message=f"account {effect.account} from {into.facts['begins']} does not follow on "
            f"account {effect.carried} to {before.facts['ends']}",
            subject=into.subject,
        )


def debit(books: Books, effect: Debit, case: Case) -> Iterator[Finding]:
    """Nobody claims more than was credited, nor after the period."""
    yield from _own_account(books, effect.account, case)
    found = books.register.get(f"account:{effect.account}")
    if found is None:
        return
    if effect.mass > found.facts["balance"]:
        yield Finding(
            code="balance.overdrawn",
            message=f"account {effect.account} holds {in_words(found.facts['balance'])}, "
            f"{in_words(effect.mass)} claimed",
            subject=found.subject,
        )
    if case.event.occurred_at[:10] > found.facts["ends"]:
        yield Finding(
            code="balance.expired",
            message=f"account {effect.account} ran to {found.facts['ends']}, this is "
            f"{case.event.occurred_at[:10]}",
            subject=found.subject,
        )
