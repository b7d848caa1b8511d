"""Workbooks (XLSX, XLS, ODS) as the CSV that `tables` reads: the first sheet, cell by cell.

Numbers are written with all the digits that the file holds and no others, days as
2026-02-11, truth as yes and no. A time of a spreadsheet has no zone, and is refused where
a zone is needed, as in CSV.
"""

from __future__ import annotations

import csv
import datetime
import io
from decimal import Decimal
from typing import Any

from ledger.errors import ConfigError, MalformedError

__all__ = ["as_csv", "is_workbook"]

_STARTS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


def is_workbook(data: bytes) -> bool:
    """Whether the data begin like a workbook."""
    return data.startswith(_STARTS)


def as_csv(data: bytes, name: str) -> bytes:
    """The first sheet as CSV; MalformedError ``table.no-workbook`` for anything else."""
    try:
        import python_calamine
    except ModuleNotFoundError:
        raise ConfigError(
            "reading a workbook needs python-calamine, which is not installed",
            code="extra.missing",
            hint="pip install 'oretrail[exports]'",
        ) from None
    try:
        book = python_calamine.load_workbook(io.BytesIO(data))
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    except (python_calamine.CalamineError, OSError, ValueError, IndexError) as error:
        raise MalformedError(
            f"{name} is no workbook that can be read: {error}", code="table.no-workbook"
        ) from None
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([_cell(one) for one in row] for row in rows)
    return text.getvalue().encode()


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        exact = format(Decimal(repr(value)), "f")
        return exact.rstrip("0").rstrip(".") if "." in exact else exact
    if isinstance(value, datetime.datetime):
        bare = value.time() == datetime.time(0)
        return value.date().isoformat() if bare else value.isoformat(timespec="seconds")
    return str(value)
