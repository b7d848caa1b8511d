r"""Tables as CSV: a folder of one file for each table, and what they are made from.

    shares.csv  lots.csv  flows.csv  transfers.csv  ...  about.json

UTF-8 with a byte order mark, all cells quoted, CRLF: they open right in Excel and in
LibreOffice. Masses are exact kilograms, shares exact percents. A text that a spreadsheet
would take for a formula has a ' before it; about.json says which tables there are, and
what is missing or withheld.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..audit.dossier import Dossier, Folder, unfilled
from ..audit.sheets import about_bytes, filled
from ..audit.tables import TABLES, Row, Table, written

__all__ = ["inert", "lines", "render"]

_STARTS = frozenset("=+-@|%\t\r\n＝＋－＠｜％")  # noqa: RUF001 - what spreadsheets fold to ASCII
_PADDING = "".join(chr(point) for point in (0x20, 0xA0, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF))


def render(dossier: Dossier) -> Folder:
    """One file for each table that has rows."""
    gaps = unfilled(dossier)
    tables = filled(dossier, gaps)
    files = [(f"{name}.csv", lines(TABLES[name], rows)) for name, rows in tables.items()]
    said = dossier.about("csv", 1, gaps) | {"tables": list(tables)}
    return Folder([*files, ("about.json", about_bytes(said))])


def lines(table: Table, rows: Iterable[Row]) -> Iterator[bytes]:
    """The file of one table, line by line."""
    yield b"\xef\xbb\xbf" + _line(column.name for column in table.columns)
    for row in rows:
        yield _line(
            inert(written(column, cell)) if column.kind in ("text", "list") else
            written(column, cell)
            for column, cell in zip(table.columns, row, strict=True)
        )  # fmt: skip


def inert(text: str) -> str:
    """A text that no spreadsheet takes for a formula (security notes: O-b)."""
    return f"'{text}" if text.lstrip(_PADDING)[:1] in _STARTS and text.strip(_PADDING) else text


def _line(cells: Iterable[str]) -> bytes:
    quoted = ('"' + cell.replace('"', '""') + '"' for cell in cells)
    return (",".join(quoted) + "\r\n").encode()
