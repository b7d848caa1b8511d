"""Sheets: the tables of a dossier with all their rows, for formats that hold them at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from .dossier import Dossier, Missing
from .tables import TABLES, Row, Rows

__all__ = ["about_bytes", "filled"]


def filled(dossier: Dossier, missing: Iterable[Missing]) -> dict[str, list[Row]]:
    """Every table that has rows, in the order of `TABLES`. All rows are held in memory."""
    rows = Rows(dossier)
    found: dict[str, list[Row]] = {name: [] for name in TABLES}
    for step in dossier.steps():
        for name, row in rows.feed(step):
            found[name].append(row)
    for name, row in rows.finish(missing):
        found[name].append(row)
    return {name: lines for name, lines in found.items() if lines}


def about_bytes(said: dict[str, Any]) -> bytes:
    """What an export says of itself, as a file that people can read too."""
    return msgspec.json.format(msgspec.json.encode(said), indent=2) + b"\n"
