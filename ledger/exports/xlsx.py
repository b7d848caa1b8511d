"""Tables as one Excel workbook, a sheet for each question.

The first sheet says what it was made from, for whom, what is missing and what was
withheld. Masses and shares are numbers, days and times are dates in UTC, everything else
is text; no cell is a formula or a link. The workbook is a view: the evidence is the
ledger at the size and root it names.
"""

from __future__ import annotations

from ..audit.dossier import Dossier, unfilled
from ..audit.sheets import filled
from ..audit.tables import TABLES
from ..audit.workbook import sheet, title, workbook

__all__ = ["render"]


def render(dossier: Dossier) -> bytes:
    """The workbook; ConfigError ``extra.missing`` without xlsxwriter."""
    gaps = unfilled(dossier)
    book, file = workbook(dossier.as_of)
    title(book, dossier.about("xlsx", 1, gaps))
    for name, rows in filled(dossier, gaps).items():
        sheet(book, TABLES[name], rows)
    book.close()
    return file.getvalue()
