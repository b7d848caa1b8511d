"""`import template`: the header of a spreadsheet for an event type, and a row to copy."""

from __future__ import annotations

import csv
import io

import click
from msgspec import inspect

from ledger.errors import UnknownError
from ledger.events import TYPES

from . import output
from .bundles import import_bundle
from .imports import check, draft
from .main import Group
from .session import Session
from .words import Shape, shapes

__all__ = ["import_", "template_row"]

_EXAMPLES = {
    "mass": "45.2 kg",
    "share": "24.0 %",
    "time": "2026-02-11T08:00Z",
    "day": "2026-02-11",
    "count": "24",
    "degrees": "-1.9641",
    "event": "57",
    "digest": "0" * 64,
}
_TEXTS = {
    "identifier": "ID-1",
    "party": "PARTY",
    "kind:id": "lot:ID-1",
    "lower-case word": "word",
    "substance": "Ta2O5",
    "country": "RW",
}
_LEFT_OUT = frozenset({"after", "private"})


@click.group(cls=Group, name="import")
def import_() -> None:
    """Spreadsheets, bundles, other systems' files: what others wrote down becomes entries here.

    Print a template, fill it in, register it with --from FILE; draft events from a file of
    another system; or take over a lot of another ledger by the bundle that proves it.
    """


import_.add_command(import_bundle)
import_.add_command(check)
import_.add_command(draft)


@import_.command("template")
@click.argument("type_", metavar="TYPE")
@click.pass_obj
def template(session: Session, type_: str) -> int:
    """A CSV header for events of TYPE, such as lot.extracted or "record extraction".

    The second row is an example; put your own rows in its place, and leave out the
    columns you do not need. `oretrail record extraction --from FILE` registers them.
    """
    kind = TYPES.get(type_) or next(
        (one for one in TYPES.values() if one.command == type_ and type_), None
    )
    if kind is None:
        offered = ", ".join(name for name, one in TYPES.items() if one.command)
        raise UnknownError(f"no event type {type_}; known are {offered}", code="type.unknown")
    row = {name: template_row(form) for name, form in shapes(kind).items() if name not in _LEFT_OUT}
    if session.json:
        output.say_json({"type": str(kind.__struct_config__.tag), "columns": row})
        return 0
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([row, row.values()])
    click.echo(text.getvalue(), nl=False)
    return 0


def template_row(form: Shape) -> str:
    """An example of what a cell may hold."""
    if form.items is not None:
        return template_row(form.items)
    if form.parts:
        names = list(form.parts.items())
        said = [template_row(names[0][1])]
        for at, (name, part) in enumerate(names[1:]):
            if part.required:
                value = template_row(part)
                said.append(f"={value}" if at == 0 else f",{name}={value}")
        return "".join(said)
    if form.choices:
        return form.choices[0]
    if form.words in _EXAMPLES:
        return _EXAMPLES[form.words]
    if isinstance(form.kind, inspect.BoolType):
        return "no"
    return _TEXTS.get(form.called, "text")
