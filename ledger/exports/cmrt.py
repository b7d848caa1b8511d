"""The smelter list of RMI's CMRT or EMRT, filled into your own copy of the template.

The template is RMI's and is not shipped: give yours with --template. Smelters and refiners
of the chain are written under the headings of the sheet `Smelter List` (and mines under
those of `Mine List`, where there is one); every other cell stays as it is. Answers on the
sheet `Declaration` are yours to give: no ledger can sign them.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Iterator
from typing import Any

from ..audit.dossier import Dossier, Missing
from ..custody.trail import Trail
from ..errors import ConfigError, MalformedError
from ..words import share

__all__ = ["AUDIENCES", "FILES", "missing", "render"]

AUDIENCES = ("authority", "customer")
FILES = {"template": "Your own copy of the CMRT or EMRT workbook."}

_HEADER_ROWS = range(1, 9)
_METALS = {"Ta": "Tantalum", "Sn": "Tin", "W": "Tungsten", "Au": "Gold", "Co": "Cobalt",
           "Cu": "Copper", "Li": "Lithium", "Ni": "Nickel", "C": "Natural Graphite",
           "mica": "Mica"}  # fmt: skip
_SMELTING = frozenset(("refiner", "smelter"))
_RECYCLED = ("recycled-pre-consumer", "recycled-post-consumer")


def missing(dossier: Dossier) -> Iterable[Missing]:
    """What the columns ask for and the log does not hold."""
    found = []
    for trail in dossier.trails:
        about = f"lot:{trail.subject}"
        if not _smelters(trail):
            found.append(Missing("Smelter Name", "Smelter List", "party.admitted", about))
        for name in _smelters(trail):
            if "address" not in trail.parties[name]:
                field = "Smelter Street, City, Province"
                found.append(Missing(field, "Smelter List", "party.admitted", f"party:{name}"))
        found += [
            Missing("Name of Mine(s)", "Smelter List", gap.closed_by, gap.subject)
            for gap in trail.gaps
            if gap.code in ("gap.unknown-origin", "gap.no-site", "gap.legacy-origin")
        ]
    return found


def render(dossier: Dossier, template: bytes) -> bytes:
    """The workbook, filled in; MalformedError ``template.malformed`` for one of another shape."""
    try:
        import openpyxl
    except ModuleNotFoundError:
        raise ConfigError(
            "filling a template needs openpyxl, which is not installed",
            code="extra.missing",
            hint="pip install 'oretrail[exports]'",
        ) from None
    try:
        book = openpyxl.load_workbook(io.BytesIO(template))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, SyntaxError) as error:
        raise _other_shape(f"it is no workbook: {error}") from None
    if "Smelter List" not in book.sheetnames:
        raise _other_shape("it has no sheet Smelter List")
    _fill(book["Smelter List"], [row for t in dossier.trails for row in _smelter_rows(dossier, t)])
    if "Mine List" in book.sheetnames:
        _fill(book["Mine List"], [row for t in dossier.trails for row in _mine_rows(t)])
    file = io.BytesIO()
    book.save(file)
    return _timeless(file.getvalue(), dossier.as_of)


def _other_shape(why: str) -> MalformedError:
    return MalformedError(f"the template cannot be filled: {why}", code="template.malformed")


def _fill(page: Any, rows: list[dict[str, str]]) -> None:
    """Rows under the headings; a heading is found by how it begins, and no cell is a formula."""
    row, columns = _headings(page)
    row += 1
    for line in rows:
        while any(page.cell(row, column).value not in (None, "") for column in columns.values()):
            row += 1
        for heading, text in line.items():
            column = _column(columns, heading.lower())
            if column is not None and text:
                cell = page.cell(row, column)
                cell.value = text
                cell.data_type = "s"


def _column(columns: dict[str, int], heading: str) -> int | None:
    """The column with that heading, or else the first whose heading begins so."""
    begins = (column for found, column in columns.items() if found.startswith(heading))
    return columns.get(heading) or next(begins, None)


def _headings(page: Any) -> tuple[int, dict[str, int]]:
    for row in _HEADER_ROWS:
        found = {
            str(cell.value).strip().lower(): cell.column
            for cell in page[row]
            if cell.value is not None
        }
        if any(heading.startswith("metal") for heading in found):
            return row, found
    raise _other_shape(f"sheet {page.title} has no heading Metal in its first rows")


def _smelters(trail: Trail) -> list[str]:
    found = []
    for name, facts in trail.parties.items():
        roles = facts.get("roles", ())
        if isinstance(roles, list | tuple) and _SMELTING & set(map(str, roles)):
            found.append(name)
    return found


def _smelter_rows(dossier: Dossier, trail: Trail) -> Iterator[dict[str, str]]:
    for element, found in trail.elements.items():
        for name in _smelters(trail):
            facts = trail.parties[name]
            licence = str(facts.get("licence", ""))
            cid = licence if licence.startswith("CID") else ""
            recycled = sum(one.share_ppb for one in found.origins if one.kind in _RECYCLED)
            mines = sorted({one.site for one in found.origins if one.site})
            places = sorted({one.country or "unknown" for one in found.origins})
            shares = ", ".join(f"{one.origin} {share(one.share_ppb)}" for one in found.origins)
            yield {
                "Smelter Identification Number Input": cid,
                "Metal": _METALS.get(element, element),
                "Smelter Look-up": "Smelter not listed",
                "Smelter Name": str(facts.get("name", name)),
                "Smelter Country": str(facts.get("country", "")),
                "Smelter Identification": cid,
                "Smelter Street": str(facts.get("address", "")),
                "Name of Mine": "; ".join(mines) or ("recycled" if recycled else ""),
                "Location (Country) of Mine": "; ".join(places),
                "Does 100%": "Yes" if recycled == sum(o.share_ppb for o in found.origins) else "No",
                "Comments": f"{trail.subject}: {shares}; ledger {dossier.ledger[:16]}",
            }


def _mine_rows(trail: Trail) -> Iterator[dict[str, str]]:
    for element, found in trail.elements.items():
        for site in sorted({one.site for one in found.origins if one.site}):
            facts = trail.sites.get(site, {})
            yield {
                "Metal": _METALS.get(element, element),
                "Smelter": "; ".join(_smelters(trail)),
                "Mine Name": str(facts.get("name", site)),
                "Mine Id": site,
                "Country": str(facts.get("country", "")),
            }


def _timeless(data: bytes, as_of: str) -> bytes:
    """The same workbook with the same bytes whenever it is made."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "docProps/core.xml":
                content = _dated(content, as_of)
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return file.getvalue()


def _dated(core: bytes, as_of: str) -> bytes:
    """The properties with the log's time for that of the clock."""
    stamp = rb"(<dcterms:(created|modified)[^>]*>)[^<]*(</dcterms)"
    return re.sub(stamp, rb"\g<1>" + as_of.encode() + rb"\g<3>", core)
