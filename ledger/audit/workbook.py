"""Workbooks: how an Excel file is begun, titled, and filled from a table.

Strings are written as strings, never guessed at: no cell is a formula or a link, whatever
its text begins with (security notes: O-c). Masses and shares are numbers with all their
digits, days and times dates in UTC.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import ConfigError
from .tables import Cell, Column, Row, Table, written

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

__all__ = ["sheet", "title", "workbook"]

_LONGEST = 32_767
"""Characters in a cell; Excel refuses a file with more."""
_EXACT = 10**15
"""Below it a number is shown with all its digits."""
_ROWS = 1_048_575
_FORMATS = {
    "mass": "#,##0.000000",
    "share": "0.0000000",
    "integer": "0",
    "day": "yyyy-mm-dd",
    "time": "yyyy-mm-dd hh:mm:ss",
}
_WIDTHS = {"mass": 18, "share": 14, "integer": 10, "day": 12, "time": 20, "text": 24, "list": 30}


def workbook(as_of: str, large: bool = False) -> tuple[Workbook, BytesIO]:
    """An empty workbook, the same bytes whenever it is made, and where it is written.

    `large`: rows are put aside as they are written, from top to bottom, and not held.
    """
    try:
        import xlsxwriter
    except ModuleNotFoundError:
        raise ConfigError(
            "a workbook needs xlsxwriter, which is not installed",
            code="extra.missing",
            hint="pip install 'oretrail[exports]'",
        ) from None
    file = BytesIO()
    book = xlsxwriter.Workbook(
        file,
        {
            "in_memory": not large,
            "constant_memory": large,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    book.set_properties({"title": "OreTrail", "created": _moment(as_of)})
    return book, file


def title(book: Workbook, said: dict[str, Any]) -> None:
    """The first sheet: what the workbook was made from."""
    page = book.add_worksheet("about")
    page.set_column(0, 0, 18)
    page.set_column(1, 1, 80)
    bold = book.add_format({"bold": True})
    place = 0
    for name, value in said.items():
        if name == "entries":
            continue
        page.write_string(place, 0, name, bold)
        for line in _about(value):
            page.write_string(place, 1, line[:_LONGEST])
            place += 1
        place += 0 if _about(value) else 1


def _about(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [f"{name}: {one}" for name, one in value.items()]
    if isinstance(value, list):
        return [" | ".join(map(str, v.values())) if isinstance(v, dict) else str(v) for v in value]
    return str(value).rstrip("\n").split("\n")


def sheet(book: Workbook, table: Table, rows: Iterable[Row]) -> None:
    """One sheet: a frozen header with filter, then the rows."""
    page = book.add_worksheet(table.name)
    bold = book.add_format({"bold": True, "text_wrap": True, "valign": "top"})
    formats = {kind: book.add_format({"num_format": form}) for kind, form in _FORMATS.items()}
    for place, column in enumerate(table.columns):
        page.write_string(0, place, column.name, bold)
        page.write_comment(0, place, column.says)
        page.set_column(place, place, _WIDTHS[column.kind])
    count = 0
    for count, row in enumerate(rows, start=1):
        if count > _ROWS:
            raise ConfigError(
                f"table {table.name} has more than {_ROWS} rows, a sheet holds no more",
                code="export.too-large",
                hint="oretrail export csv",
            )
        for place, (column, cell) in enumerate(zip(table.columns, row, strict=True)):
            _write(page, count, place, column, cell, formats.get(column.kind))
    page.freeze_panes(1, 0)
    page.autofilter(0, 0, max(count, 1), len(table.columns) - 1)


def _write(
    page: Worksheet, row: int, place: int, column: Column, cell: Cell, form: Format | None
) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, int):
        # Longer numbers would be shown with their last digits lost.
        if abs(cell) >= _EXACT:
            page.write_string(row, place, written(column, cell))
        else:
            scale = {"mass": 10**6, "share": 10**7}.get(column.kind)
            page.write_number(row, place, cell / scale if scale else cell, form)
    elif column.kind in ("day", "time") and isinstance(cell, str):
        moment = _moment(cell if "T" in cell else f"{cell}T00:00:00Z")
        page.write_datetime(row, place, moment, form)
    else:
        page.write_string(row, place, written(column, cell)[:_LONGEST])


def _moment(time: str) -> datetime:
    """A time of the formats, without a zone, as spreadsheets keep it: UTC."""
    return datetime.strptime(time, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).replace(tzinfo=None)
