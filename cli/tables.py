"""Files of many events: CSV with a header of field names, or JSON Lines.

    lot;material;mass (kg);basis;moisture;grades;tags;site;method;occurred_at
    GIH-0001;coltan ore;45.0;wet;4.0 %;Ta2O5=24.0 %;MT-77010 MT-77011;RW-GIH;asm;2026-02-11

* Columns are named like the fields; cells hold the words of `words`. A unit in the header,
  ``mass (kg)``, is added to every cell of the column.
* A part of a field has a dotted column: ``lots.lot``, ``lots.mass``; for pairs the first
  part may name the column: ``grades.Ta2O5 (%)``.
* Comma, semicolon or tab separates, whichever the header has most of; UTF-8, with or
  without a byte order mark; empty rows are skipped.
* Somebody's own book has columns of its own: ``mass (kg)=Weight in`` takes the field from the
  column that is called so; a column may serve several fields, and the others are left out.
  Where numbers have a decimal comma (`comma`), none may hold a point.
* In JSON Lines each object is an event: plain values (milligrams, parts per billion) or
  words. ``type`` says which, and may be left out where the command says it.

A file is good as a whole or not at all: every problem is collected and reported with its row
and column. Rows are counted as spreadsheets and editors do, the header being row 1.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from ledger import events
from ledger.custody.statement import MAX_EVENTS
from ledger.errors import MalformedError
from ledger.events import Event

from .words import Problem, Reader, Shape, kind_name, shapes

__all__ = ["MAX_BYTES", "RowProblem", "Row", "TableError", "read"]

MAX_BYTES = 64 << 20
"""Bytes in one file."""

_HEADER = re.compile(
    r" *([a-z][a-z0-9_]*)(?:\.([A-Za-z][A-Za-z0-9_]*))?(?: *\(([A-Za-z%/]{1,4})\))? *", re.ASCII
)
_DEEPEST = 16
_NUMBERS = frozenset({"mass", "share", "degrees"})


@dataclass(frozen=True)
class Row:
    """The values of one event, as plain data, and the row they stand in."""

    number: int
    kind: type[Event]
    values: dict[str, Any]


@dataclass(frozen=True)
class RowProblem:
    """Something wrong with one cell."""

    row: int
    column: str
    code: str
    message: str

    def plain(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {
            "row": self.row,
            "column": self.column,
            "code": self.code,
            "message": self.message,
        }

    @classmethod
    def of(cls, row: int, problem: Problem) -> RowProblem:
        """The problem of a field, in its row."""
        return cls(row, problem.field, problem.code, problem.message)


class TableError(MalformedError):
    """A file that is not good as a whole; `problems` names every cell that is not."""

    code = "table.malformed"

    def __init__(self, name: str, problems: list[RowProblem], rows: int = 0) -> None:
        bad = len({problem.row for problem in problems})
        super().__init__(
            f"{name}: {len(problems)} problem{'s' if len(problems) > 1 else ''} in "
            f"{bad} of {max(rows, bad)} rows; nothing was registered"
        )
        self.problems = problems


def read(
    data: bytes,
    name: str,
    kind: type[Event] | None,
    reader: Reader,
    *,
    columns: Sequence[str] = (),
    comma: bool = False,
) -> tuple[list[Row], list[RowProblem]]:
    """The rows of a file, and every problem with its cells; `kind` None: each says its type.

    `columns` are ``FIELD=HEADER``, for a table with headers of its own; `comma` says that
    its numbers are written with a decimal comma.

    MalformedError ``table.*`` where the file as a whole cannot be read.
    """
    if len(data) > MAX_BYTES:
        _refuse(name, f"{len(data)} bytes, at most {MAX_BYTES} are read", "table.too-large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = data.count(b"\n", 0, error.start) + 1
        _refuse(
            name,
            f"row {row} is not UTF-8 (byte {data[error.start]:#04x}); save the file as UTF-8",
            "table.not-utf8",
        )
    if text.lstrip(" \r\n")[:1] in ("{", "["):
        if columns or comma:
            _refuse(name, "columns and decimal commas are for CSV, this is JSON", "table.not-csv")
        found, problems = _json_lines(text, kind, reader)
    elif kind is None:
        _refuse(name, "events of several types come as JSON Lines", "table.not-json")
    else:
        found, problems = _csv(text, name, kind, reader, columns, comma)
    if len(found) > MAX_EVENTS:
        _refuse(
            name,
            f"{len(found)} rows, one statement holds {MAX_EVENTS}; split the file",
            "table.too-many-rows",
        )
    if not found and not problems:
        _refuse(name, "no rows", "table.empty")
    return found, problems


def _refuse(name: str, message: str, code: str) -> NoReturn:
    raise MalformedError(f"{name}: {message}", code=code)


# --- JSON Lines ------------------------------------------------------------------------


def _json_lines(
    text: str, kind: type[Event] | None, reader: Reader
) -> tuple[list[Row], list[RowProblem]]:
    rows: list[Row] = []
    problems: list[RowProblem] = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip(" \r"):
            continue
        try:
            said = _object(line)
            which = _type(said, kind)
        except MalformedError as error:
            problems.append(RowProblem(number, "", error.code, str(error)))
            rows.append(Row(number, kind or Event, {}))
            continue
        said.pop("type", None)
        taken: dict[str, Any] = {}
        forms = shapes(which)
        for name, value in said.items():
            try:
                taken[name] = reader.accept(value, forms[name]) if name in forms else value
            except MalformedError as error:
                problems.append(RowProblem(number, name, error.code, str(error)))
        rows.append(Row(number, which, taken))
    return rows, problems


def _type(said: Mapping[str, Any], kind: type[Event] | None) -> type[Event]:
    name = said.get("type")
    if name is None and kind is not None:
        return kind
    if not isinstance(name, str) or name not in events.TYPES:
        raise MalformedError(
            f"{name!r} is no event type" if name is not None else "no type is given",
            code="event.unsupported",
        )
    if kind is not None and events.TYPES[name] is not kind:
        raise MalformedError(
            f"type {name} stands where {kind_name(kind)} is expected", code="event.unsupported"
        )
    return events.TYPES[name]


def _object(line: str) -> dict[str, Any]:
    """One JSON object, strictly: no key twice, no floats, nothing bottomless."""
    if _depth(line) > _DEEPEST:
        raise MalformedError(f"nested more than {_DEEPEST} deep", code="json.too-deep")
    try:
        value = json.loads(
            line,
            object_pairs_hook=_pairs,
            parse_float=_float,
            parse_int=_integer,
            parse_constant=_float,
        )
        # An escape may spell half a character, which is no text.
        json.dumps(value, ensure_ascii=False).encode()
    except MalformedError:
        raise
    except ValueError as error:
        raise MalformedError(f"not JSON: {error}", code="json.malformed") from None
    if not isinstance(value, dict):
        raise MalformedError("not a JSON object", code="json.malformed")
    return value


def _depth(line: str) -> int:
    """An upper bound of how deep it is nested: brackets in strings count as well."""
    deepest = depth = 0
    for letter in re.sub(r'"(?:[^"\\]|\\.)*"', "", line):
        depth += (letter in "{[") - (letter in "}]")
        deepest = max(deepest, depth)
    return deepest


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise MalformedError(f"{twice} is given twice", code="json.duplicate-key")
    return found


def _float(text: str) -> NoReturn:
    raise MalformedError(
        f'{text[:40]} is no whole number; write milligrams, or words such as "45.2 kg"',
        code="json.float",
    )


def _integer(text: str) -> int:
    if len(text) > 17:
        raise MalformedError(f"a number of {len(text)} digits", code="json.number")
    return int(text)


# --- CSV -------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Column:
    """A column: its header as written and where it stands; the field, and the part of it, or
    the first half of the pair, that it holds; the unit and grammar of its cells.
    """

    header: str
    field: str
    whole: Shape
    unit: str
    form: Shape
    part: str = ""
    key: str = ""
    at: int = 0
    comma: bool = False

    @property
    def items_parts(self) -> list[str]:
        """The names of the parts of an item of the field."""
        return list((self.whole.items or self.whole).parts)

    def words(self, cell: str) -> str:
        """What the cell says: its unit added, and its decimal comma a point."""
        if self.comma and self.form.words in _NUMBERS:
            if "." in cell:
                raise MalformedError(
                    f"{cell!r} holds a point, where the decimal sign is a comma",
                    code=f"{self.form.words}.malformed",
                )
            cell = cell.replace(",", ".", 1)
        return f"{cell} {self.unit}" if self.unit else cell


def _csv(
    text: str,
    name: str,
    kind: type[Event],
    reader: Reader,
    chosen: Sequence[str],
    comma: bool,
) -> tuple[list[Row], list[RowProblem]]:
    records = _records(text, name)
    header_number, header = next(records, (1, []))
    if not header:
        _refuse(name, "no header with field names", "table.empty")
    named, problems = _named(header_number, header, chosen)
    columns, unknown = _columns(header_number, named, kind, comma)
    problems += unknown
    rows: list[Row] = []
    if problems:
        return rows, problems
    for number, cells in records:
        if len(cells) != len(header):
            more = ", is a number written with a comma?" if len(cells) > len(header) else ""
            problems.append(
                RowProblem(
                    number,
                    "",
                    "row.cells",
                    f"{len(cells)} cells, the header has {len(header)}{more}",
                )
            )
            rows.append(Row(number, kind, {}))
            continue
        rows.append(Row(number, kind, _row(number, cells, columns, reader, problems)))
        if len(rows) > MAX_EVENTS:
            break
    return rows, problems


def _named(
    number: int, header: list[str], chosen: Sequence[str]
) -> tuple[list[tuple[str, str, int]], list[RowProblem]]:
    """(what a header would say, what it says, where it stands) of each column to read."""
    if not chosen:
        return [(written, written, at) for at, written in enumerate(header)], []
    found: list[tuple[str, str, int]] = []
    problems: list[RowProblem] = []
    for one in chosen:
        said, _, written = (part.strip(" ") for part in one.partition("="))
        if header.count(written) == 1:
            found.append((said, written, header.index(written)))
        elif written in header:
            problems.append(
                RowProblem(number, written, "column.twice", "more than one column is called so")
            )
        else:
            near = difflib.get_close_matches(written, header, 1)
            meant = f"; did you mean {near[0]}" if near else f"; there are {', '.join(header)}"
            problems.append(
                RowProblem(number, written, "column.missing", f"no column is called so{meant}")
            )
    return found, problems


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """The records that hold something, with their row number."""
    first = text.partition("\n")[0]
    counts = {mark: first.count(mark) for mark in (",", ";", "\t")}
    mark = max(counts, key=lambda one: counts[one])
    number = 0
    try:
        for number, cells in enumerate(
            csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True), start=1
        ):
            trimmed = [cell.strip(" ") for cell in cells]
            if any(trimmed):
                yield number, trimmed
    except csv.Error as error:
        _refuse(name, f"row {number + 1}: {error}", "table.not-csv")


def _columns(
    number: int, header: list[tuple[str, str, int]], kind: type[Event], comma: bool
) -> tuple[list[_Column], list[RowProblem]]:
    known = shapes(kind)
    columns: list[_Column] = []
    problems: list[RowProblem] = []
    seen: set[tuple[str, str]] = set()
    for said, written, at in header:
        match = _HEADER.fullmatch(said)
        column = _column(written, match, known) if match else None
        if column is None:
            near = difflib.get_close_matches(said.lower(), known, 1)
            meant = f"; did you mean {near[0]}" if near else f"; known are {', '.join(known)}"
            problems.append(RowProblem(number, said, "column.unknown", f"no such field{meant}"))
            continue
        if (column.field, column.part or column.key) in seen:
            problems.append(RowProblem(number, said, "column.twice", "there is one already"))
        seen.add((column.field, column.part or column.key))
        columns.append(replace(column, at=at, comma=comma))
    whole = {column.field for column in columns if not column.part and not column.key}
    problems += [
        RowProblem(number, c.header, "column.twice", f"{c.field} has a column of its own")
        for c in columns
        if (c.part or c.key) and c.field in whole
    ]
    return columns, problems


def _column(written: str, match: re.Match[str], known: Mapping[str, Shape]) -> _Column | None:
    field, part, unit = match[1], match[2] or "", match[3] or ""
    form = known.get(field)
    if form is None or not part:
        return None if form is None else _Column(written, field, form, unit, form)
    parts = (form.items or form).parts
    if part in parts:
        return _Column(written, field, form, unit, parts[part], part=part)
    if form.items is not None and len(parts) == 2:
        return _Column(written, field, form, unit, list(parts.values())[1], key=part)
    return None


def _row(
    number: int,
    cells: list[str],
    columns: list[_Column],
    reader: Reader,
    problems: list[RowProblem],
) -> dict[str, Any]:
    """The values of one row; a field with dotted columns is put together from them."""
    values: dict[str, Any] = {}
    for column in columns:
        cell = cells[column.at]
        if not cell:
            continue
        try:
            value = reader.read(column.words(cell), column.form)
        except MalformedError as error:
            problems.append(RowProblem(number, column.header, error.code, str(error)))
            continue
        if column.part:
            values.setdefault(column.field, {})[column.part] = value
        elif column.key:
            first, second = column.items_parts
            pair = {first: column.key, second: value}
            values.setdefault(column.field, []).append(pair)
        else:
            values[column.field] = value
    lists = {column.field for column in columns if column.part and column.whole.items}
    return {name: [value] if name in lists else value for name, value in values.items()}
