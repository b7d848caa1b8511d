"""`record`, `transfer` and the other groups of events: one command per event type.

A command is made from the type itself: its docstring is the help, its fields are the
options (`words`), its `command` says where it is offered. A new event type therefore
needs nothing here.
"""

from __future__ import annotations

import sys
import typing
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import msgspec
from msgspec import inspect

from ledger import values
from ledger.errors import ConfigError, MalformedError
from ledger.events import Event
from ledger.words import read_time

from . import signing, spreadsheet, tables, trust, words
from .catalogue import event_commands, group_line
from .fill import FILLED, Filler
from .main import Command, Group
from .session import Session
from .words import Reader, Shape

__all__ = ["EventGroup", "event_group", "policy", "record", "spelling"]

# Filled in from the ledger, or of use to programs only; they can be given all the same.
_HIDDEN = frozenset({"after", "private"})

_METAVARS = {
    "mass": "MASS",
    "share": "SHARE",
    "time": "TIME",
    "day": "DAY",
    "count": "COUNT",
    "degrees": "DEGREES",
    "event": "ENTRY",
    "digest": "DIGEST|@FILE",
    "vkey": "KEY",
    "identifier": "ID",
    "party": "KEY",
    "kind:id": "KIND:ID",
    "lower-case word": "WORD",
    "substance": "SYMBOL",
    "country": "COUNTRY",
}
_EXAMPLES = {
    "mass": 'such as "45.2 kg"',
    "share": 'such as "24.0 %"',
    "degrees": "such as -1.9641",
    "day": "such as 2026-02-11",
    "time": "such as 2026-02-11T08:00Z",
}
_DEFAULTS = {
    "by": "by default the party of the key, or the only one with a key here",
    "occurred_at": "by default now",
}

# Descriptions that say what a value is made of, not what it is for.
_BARE = {
    str(meta.description)
    for name in values.__all__
    for meta in typing.get_args(getattr(values, name))[1:2]
    if isinstance(meta, msgspec.Meta)
}

_WIDEST = 100


# --- commands from types ---------------------------------------------------------------


class EventGroup(Group):
    """A group with one command for each event type that names it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Commands of events first, then the others."""
        return [*event_commands(self.name or ""), *sorted(self.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of an event type, or one that was added by hand."""
        kind = event_commands(self.name or "").get(cmd_name)
        if kind is None:
            return super().get_command(ctx, cmd_name)
        return event_command(cmd_name, kind)


def event_group(name: str) -> EventGroup:
    """A group of event types that has no file of its own."""
    return EventGroup(name, help=group_line(name).capitalize() + ".")


def event_command(name: str, kind: type[Event]) -> click.Command:
    """The command that says one event of this type, or a file of them."""
    short, text = _help(kind)
    forms = words.shapes(kind)
    params: list[click.Parameter] = [_option(field, form, forms) for field, form in forms.items()]
    params += _signing_options(forms)

    def run(**options: Any) -> int:
        return _record(click.get_current_context().ensure_object(Session), kind, options)

    return Command(name, params=params, callback=run, help=text, short_help=short)


def _help(kind: type[Event]) -> tuple[str, str]:
    """The line in the list of commands, and the whole text."""
    module = (sys.modules[kind.__module__].__doc__ or "").strip("\n ").partition("\n")[0]
    body = "\n".join(line.strip(" ") for line in (kind.__doc__ or "").strip("\n ").split("\n"))
    about = f"{module}\n\n{body}" if module else body
    lines = [
        f"  {_flags(field, form, {})[0]} {line}"
        for field, form in words.shapes(kind).items()
        if form.items is not None and form.items.parts
        for line in _wrapped(spelling(form.items))
    ]
    if lines:
        shown = "\n".join(lines)
        about += f"\n\n\b\nA thing with parts is written in one line:\n{shown}"
    return module or body.partition("\n")[0], about


def _wrapped(line: str) -> list[str]:
    """The spelling of a long line, its optional parts on lines of their own."""
    if len(line) <= _WIDEST:
        return [line]
    first, *rest = line.replace("[,", "\n[,").split("\n")
    return ["\n      ".join([first, *rest])]


def spelling(form: Shape) -> str:
    """How a line is written: ``LOT=MASS,basis=BASIS[,moisture=SHARE]``."""
    parts = list(form.parts.items())
    text = parts[0][0].upper()
    for at, (name, part) in enumerate(parts[1:]):
        value = _metavar(part) if part.words or part.choices else name.upper()
        if part.items is not None:
            inner = spelling(part.items) if part.items.parts else value
            value = f"{inner};..."
        said = f"={value}" if at == 0 else f",{name}={value}"
        text += said if part.required else f"[{said}]"
    return text


def _metavar(form: Shape) -> str:
    """What stands for a value in help: ``MASS``, ``dry|wet``, ``ID``, ``TEXT``."""
    if form.choices:
        return "|".join(form.choices)
    return _METAVARS.get(form.words) or _METAVARS.get(form.called) or "TEXT"


def _flags(field: str, form: Shape, forms: dict[str, Shape]) -> list[str]:
    """The names of an option; a list may be named in the singular."""
    plain = field.replace("_", "-")
    single = _singular(field) if form.items is not None else field
    if single != field and single not in forms:
        return [f"--{single.replace('_', '-')}", f"--{plain}"]
    return [f"--{plain}"]


def _singular(field: str) -> str:
    for ending, instead in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if field.endswith(ending):
            return field[: -len(ending)] + instead
    return field


def _option(field: str, form: Shape, forms: dict[str, Shape]) -> click.Option:
    """The option that gives a field."""
    inner = form.items or form
    flags = _flags(field, form, forms)
    about = _about(field, form, inner)
    if isinstance(form.kind, inspect.BoolType):
        return click.Option([f"{flags[0]}/--no-{flags[0][2:]}", field], default=None, help=about)
    notes = [_EXAMPLES.get(inner.words, ""), _DEFAULTS.get(field, "")]
    about = "; ".join(note for note in [about, *notes] if note)
    if form.required and field not in FILLED:
        about += "  [required]"
    if form.items is not None:
        about += "  [repeatable]"
    return click.Option(
        [*flags, field],
        multiple=form.items is not None,
        type=click.Choice(inner.choices) if inner.choices and not form.items else str,
        metavar="LINE" if inner.parts else _metavar(inner),
        hidden=field in _HIDDEN,
        help=about,
    )


def _about(field: str, form: Shape, inner: Shape) -> str:
    """What a field is for, or its name where its type says only what it is made of."""
    if inner.parts:
        return "written as shown above"
    about = form.about or inner.about
    return field.replace("_", " ") if not about or about in _BARE else about


def _signing_options(forms: dict[str, Shape]) -> list[click.Parameter]:
    names = ["--sign-with"] if "key" in forms else ["--key", "--sign-with"]
    return [
        click.Option(
            ["--from", "source"],
            type=click.Path(dir_okay=False, allow_dash=True),
            metavar="FILE",
            help="Many at once: CSV with a header of field names, or JSON Lines; - is stdin.",
        ),
        click.Option(
            ["--column", "columns"],
            multiple=True,
            metavar="FIELD=HEADER",
            help="With --from, where the CSV has headers of its own: take FIELD, such as "
            '"mass (kg)", from the column called HEADER; the others are left out.  [repeatable]',
        ),
        click.Option(
            ["--decimal-comma"],
            is_flag=True,
            help="With --from: numbers of the CSV are written 45,2.",
        ),
        click.Option(
            [*names, "signing_keys"],
            multiple=True,
            metavar="NAME",
            help="Key to sign with: by default those that are needed.  [repeatable]",
        ),
        click.Option(
            ["--draft"],
            type=click.Path(dir_okay=False, path_type=Path),
            metavar="FILE",
            help="Write a statement file for others to sign; register nothing.",
        ),
        click.Option(
            ["--on", "drafts"],
            multiple=True,
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            metavar="FILE",
            help="With --draft: build on the statement in FILE, which is not registered yet.  "
            "[repeatable]",
        ),
        click.Option(
            ["--dry-run", "-n"],
            is_flag=True,
            help="Show what would be signed and what the rules say; register nothing.",
        ),
    ]


# --- saying it -------------------------------------------------------------------------


def _record(session: Session, kind: type[Event], options: dict[str, Any]) -> int:
    source = options.pop("source")
    columns, comma = options.pop("columns"), options.pop("decimal_comma")
    if (columns or comma) and source is None:
        raise click.UsageError("--column and --decimal-comma are about a table: --from FILE")
    for said in columns:
        if "=" not in said:
            raise click.UsageError(f"--column {said}: not FIELD=HEADER")
    keys = options.pop("signing_keys")
    draft, dry_run = options.pop("draft"), options.pop("dry_run")
    drafts = options.pop("drafts")
    if drafts and draft is None and not dry_run:
        raise click.UsageError("--on goes with --draft FILE")
    forms = words.shapes(kind)
    with session.books(on=drafts, reading=False) as ledger:
        filler = Filler(session, ledger, keys)
        reader = filler.reader(files=True)
        given = {
            field: value if isinstance(value, bool) else _typed(reader, field, value, forms[field])
            for field, value in options.items()
            if value is not None and value != ()
        }
        if source is None:
            events = [_one(filler, kind, given)]
        else:
            events = _many(filler, kind, source, given, columns, comma)
        return signing.enter(session, ledger, events, keys, dry_run=dry_run, draft=draft)


def _typed(reader: Reader, field: str, value: str | tuple[str, ...], form: Shape) -> Any:
    """The value of an option; an error says which option it was."""
    try:
        if isinstance(value, str):
            return reader.read(value, form)
        return [item for text in value for item in reader.read(text, form)]
    except MalformedError as error:
        raise MalformedError(
            f"--{field.replace('_', '-')}: {error}", code=error.code, hint=error.hint
        ) from None


def _one(filler: Filler, kind: type[Event], said: dict[str, Any]) -> Event:
    """The event of the options; what is missing is a matter of usage."""
    try:
        filled = filler.fill(kind, said)
    except click.UsageError:
        # Who speaks is asked last: something may be missing, or said so that only the rest of
        # it would show that governance speaks.
        _whole(filler, kind, filler.fill(kind, {**said, "by": "nobody"}))
        raise
    return _whole(filler, kind, filled)


def _whole(filler: Filler, kind: type[Event], filled: dict[str, Any]) -> Event:
    """The event of these values, of which none may be missing."""
    forms = words.shapes(kind)
    missing = {
        field: _flags(field, form, forms)[0]
        for field, form in forms.items()
        if form.required and field not in filled
    }
    if "dispatch" in missing and "lots" in filled:
        not_sent = filler.not_sent(filled["lots"])
        if not_sent is not None:
            raise not_sent
    if missing:
        raise click.UsageError(f"missing {', '.join(missing.values())}")
    return words.build(kind, filled)


def _many(
    filler: Filler,
    kind: type[Event] | None,
    source: str,
    said: dict[str, Any],
    columns: Sequence[str] = (),
    comma: bool = False,
) -> list[Event]:
    """The events of a file; options stand for what the rows leave out. All or none."""
    name = "standard input" if source == "-" else source
    reader = filler.reader(files=False)
    data = _bytes(source)
    if spreadsheet.is_workbook(data):
        data = spreadsheet.as_csv(data, name)
    rows, problems = tables.read(data, name, kind, reader, columns=columns, comma=comma)
    bad = {problem.row for problem in problems}
    if problems:
        # Nothing will be registered: whatever else is wrong is told at the same time.
        said = {"by": "nobody", **said}
    events: list[Event] = []
    for row in rows:
        known = words.shapes(row.kind)
        given = {field: value for field, value in said.items() if field in known}
        try:
            event = filler.event(row.kind, {**given, **row.values})
        except words.FieldsError as error:
            # A cell that could not be read is not reported as missing, too.
            problems += [
                tables.RowProblem.of(row.number, one)
                for one in error.problems
                if row.number not in bad or one.code != "field.missing"
            ]
        else:
            events.append(event)
    if problems:
        raise tables.TableError(name, sorted(problems, key=lambda one: one.row), len(rows))
    return events


def _bytes(source: str) -> bytes:
    if source == "-":
        return bytes(sys.stdin.buffer.read(tables.MAX_BYTES + 1))
    try:
        with Path(source).open("rb") as file:
            return file.read(tables.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"cannot read {source}: {error.strerror}", code="file.not-read") from None


# --- the groups ------------------------------------------------------------------------


@click.group(cls=EventGroup, name="record")
def record() -> None:
    """Say what happened to a lot: one command for each type of event.

    Masses are written with their unit ("1080.0 kg", "12 t", "45 mg", "3.2 ozt"), shares as
    "24.0 %" or "350 ppm"; a list is an option given several times. With --from FILE many
    events come from one file and are signed together: all of them are registered, or none.
    """


@record.command("events")
@click.option(
    "--from",
    "source",
    type=click.Path(dir_okay=False, allow_dash=True),
    metavar="FILE",
    required=True,
    help='JSON Lines; each object is an event and names its "type"; - is stdin.',
)
@click.option("--by", metavar="PARTY", help="Party that says so, where the file does not.")
@click.option("--occurred-at", metavar="TIME", help="When, where the file does not say it.")
@click.option("--key", "keys", multiple=True, metavar="NAME", help="Key to sign with.")
@click.option(
    "--draft",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write a statement file for others to sign; register nothing.",
)
@click.option("--dry-run", "-n", is_flag=True, help="Show what would happen; register nothing.")
@click.pass_obj
def events_(
    session: Session,
    source: str,
    by: str | None,
    occurred_at: str | None,
    keys: tuple[str, ...],
    draft: Path | None,
    dry_run: bool,
) -> int:
    """Events of several types, from one file, in one statement."""
    said = {"by": by, "occurred_at": read_time(occurred_at) if occurred_at else None}
    given = {field: value for field, value in said.items() if value is not None}
    with session.books(reading=False) as ledger:
        events = _many(Filler(session, ledger, keys), None, source, given)
        return signing.enter(session, ledger, events, keys, dry_run=dry_run, draft=draft)


@click.group(cls=EventGroup, name="policy")
def policy() -> None:
    """Tolerances of the ledger, for instruments and legs; trust policies looked over."""


policy.add_command(trust.lint)
