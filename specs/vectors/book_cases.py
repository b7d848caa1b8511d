"""Small ledgers: right ones with the lots they leave, wrong ones with what an auditor finds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import bad_authority
import bad_custody
import bad_logs
import bad_mass
import good_books
import long_run
from telling import BAD, GOOD, told

STORIES = (good_books, bad_authority, bad_logs, bad_mass, bad_custody, long_run)
"""Where the stories stand; each has put its own into `GOOD` or `BAD`."""


def cases() -> Iterator[tuple[str, dict[str, Any]]]:
    """Name and content of every vector of this folder."""
    for name, (tale, masses, codes) in GOOD.items():
        case = told(name, tale, codes)
        if case["expected"]["verdict"] != "supported":
            raise ValueError(f"{name}: {case['expected']['findings']}")
        for lot, mass in masses.items():
            if case["expected"]["lots"][lot]["mass"] != mass:
                raise ValueError(f"{name}: {lot} is {case['expected']['lots'][lot]}, not {mass}")
        yield name, case
    for name, (tale, codes) in BAD.items():
        case = told(name, tale, codes)
        if case["expected"]["verdict"] == "supported":
            raise ValueError(f"{name} is supported")
        yield name, case
