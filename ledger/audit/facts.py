"""What the checks read from dates and from the books, in few words.

    day_number("2026-02-11T08:00Z")    days, to count with; the time of day is ignored
    country_of(books, "x.example")     where a party is registered, or ""
    site_facts(books, "RW-GIH")        what was said when a site was registered, or {}

What nobody said is empty, and never an error.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from ..custody.books import Books

__all__ = ["country_of", "day_number", "site_facts"]


def day_number(moment: str) -> int:
    """Days since the first day of the year 1, of a day or of a time."""
    return _ordinal(moment[:10])


@lru_cache(maxsize=4096)
def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()


def country_of(books: Books, party: str) -> str:
    """The country that a party is registered in, or nothing if nobody said."""
    found = books.parties.get(party)
    return str(found.facts.get("country", "")) if found is not None else ""


def site_facts(books: Books, site: str) -> dict[str, Any]:
    """What was registered of a site; empty if it is not known."""
    found = books.register.get(f"site:{site}")
    return found.facts if found is not None else {}
