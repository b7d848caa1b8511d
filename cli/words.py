"""From the words people type to the values an event is made of, for any event type.

The fields of a type say by themselves how they are typed (`msgspec.inspect`):

    mass, share, time, day, count, degrees     "45.2 kg" "24.0 %" "2026-02-11" "24" "-1.9641"
    one of a few words                         dry
    yes or no                                  yes
    text, identifiers                          as they are
    event id                                   its first digits, or the entry's number
    digest                                     64 hex digits, or @FILE (command line only)
    public key                                 NAME+ID+BASE64, or the name of a key kept here
    a thing with parts, a "line"               FIRST=SECOND,field=value,field=value
    a list                                     items separated by ";" (ids and words also by
                                               spaces); items that hold lists by "|"

In a line the first field stands by itself, ``=`` joins the second to it (it may be left out
or named), the rest is named:

    Ta2O5=24.0 %                                      a grade
    moisture=43.2 kg                                  a loss
    GIH-C1                                            a whole lot
    CAP-0412,per_unit=2                               a component
    GIH-C1=746.1 kg,basis=dry,grades=Ta2O5=31.9 %;Nb2O5=4 %     a lot received

Nothing is guessed: what has two readings is refused (`ledger.words`).
"""

from __future__ import annotations

import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from msgspec import inspect

from ledger import values
from ledger.errors import MalformedError
from ledger.events import Event, encode
from ledger.words import READERS

__all__ = ["FieldsError", "Problem", "Reader", "Shape", "build", "kind_name", "shape", "shapes"]


@dataclass(frozen=True)
class Shape:
    """How a field is typed: its kind without wrappings, its grammar, what it is for."""

    kind: inspect.Type
    words: str
    about: str
    required: bool = True

    @property
    def items(self) -> Shape | None:
        """The shape of a list's items, or None if this is no list."""
        if isinstance(self.kind, inspect.VarTupleType | inspect.ListType):
            return shape(self.kind.item_type)
        return None

    @property
    def parts(self) -> dict[str, Shape]:
        """The fields of a thing with parts, in order; empty if it is none."""
        return _parts(self.kind.cls) if isinstance(self.kind, inspect.StructType) else {}

    @property
    def choices(self) -> tuple[str, ...]:
        """The words to choose from, or none."""
        if isinstance(self.kind, inspect.LiteralType):
            return tuple(str(value) for value in self.kind.values)
        return ()

    @property
    def called(self) -> str:
        """What a text of this grammar is called, such as ``identifier``; or nothing."""
        return _CALLED.get(getattr(self.kind, "pattern", None) or "", "")

    @property
    def holds_lists(self) -> bool:
        """Whether one of the parts is a list."""
        return any(part.items is not None for part in self.parts.values())


@dataclass(frozen=True)
class Problem:
    """Something wrong with one field: its name, a stable code, and why."""

    field: str
    code: str
    message: str

    def plain(self) -> dict[str, Any]:
        """The problem as JSON."""
        return {"field": self.field, "code": self.code, "message": self.message}


def shape(kind: inspect.Type, required: bool = True) -> Shape:
    """The shape of a type as msgspec describes it."""
    words = about = ""
    while True:
        if isinstance(kind, inspect.Metadata):
            about = about or str((kind.extra_json_schema or {}).get("description", ""))
            words = words or str((kind.extra or {}).get("words", ""))
            kind = kind.type
        elif isinstance(kind, inspect.UnionType):
            inner = [one for one in kind.types if not isinstance(one, inspect.NoneType)]
            if len(inner) != 1:
                break
            kind = inner[0]
        else:
            break
    if not words and isinstance(kind, inspect.IntType):
        words = "count"
    return Shape(kind, words, about, required)


@cache
def _parts(cls: type) -> dict[str, Shape]:
    info = inspect.type_info(cls)
    fields = info.fields if isinstance(info, inspect.StructType) else ()
    return {field.name: shape(field.type, field.required) for field in fields}


def shapes(kind: type[Event]) -> dict[str, Shape]:
    """The fields of an event type: its own first, then those that every event has."""
    own = _parts(kind)
    common = [name for name in _parts(Event) if name in own]
    return {name: own[name] for name in [*(n for n in own if n not in common), *common]}


class Reader:
    """Reads words; `event` finds an event's id, `key` a public key, both by short names.

    `files` says whether ``@FILE`` may stand for a file's digest: on a command line, not in
    a table that somebody sent.
    """

    def __init__(
        self,
        event: Callable[[str], str] | None = None,
        key: Callable[[str], str] | None = None,
        *,
        files: bool = False,
    ) -> None:
        self._named = {"event": event, "vkey": key}
        self._files = files

    def read(self, text: str, form: Shape) -> Any:
        """The value that `text` spells, as plain data; `MalformedError` with a code."""
        if form.items is not None:
            return self._list(text, form.items)
        if form.parts:
            return self._line(text, form)
        if form.choices:
            if text not in form.choices:
                raise MalformedError(
                    f"{text!r} is none of {', '.join(form.choices)}", code="word.unknown"
                )
            return text
        if isinstance(form.kind, inspect.BoolType):
            if text not in ("yes", "no"):
                raise MalformedError(f"{text!r} is neither yes nor no", code="word.unknown")
            return text == "yes"
        if form.words in READERS:
            return READERS[form.words](text)
        if form.words == "digest" and text.startswith("@"):
            return self._digest(text[1:])
        named = self._named.get(form.words)
        if named is not None:
            return named(text)
        if isinstance(form.kind, inspect.StrType):
            return text
        raise MalformedError(
            "this field cannot be typed; give the event as JSON with --from",
            code="word.unsupported",
        )

    def _list(self, text: str, items: Shape) -> list[Any]:
        """The items of a list; if they are separated by what does not, the error says so."""
        try:
            return [self.read(item, items) for item in _split(text, items)]
        except MalformedError as error:
            if not items.holds_lists or ";" not in text or "|" in text:
                raise
            raise MalformedError(
                f"{error}; several of these are separated by |, not by ;",
                code=error.code,
                hint=error.hint,
            ) from None

    def accept(self, value: Any, form: Shape) -> Any:
        """A value from JSON: as it is, but words in it are read where it holds them."""
        if isinstance(value, str):
            return self.read(value, form)
        if isinstance(value, list) and form.items is not None:
            return [self.accept(item, form.items) for item in value]
        if isinstance(value, dict) and form.parts:
            parts = form.parts
            return {
                name: self.accept(part, parts[name]) if name in parts else part
                for name, part in value.items()
            }
        return value

    def _line(self, text: str, form: Shape) -> dict[str, Any]:
        """``FIRST=SECOND,field=value``: one thing with parts."""
        names = list(form.parts)
        head, *rest = text.split(",")
        first, joined, second = head.partition("=")
        found = {names[0]: first}
        if joined:
            if len(names) < 2:
                raise MalformedError(f"{head!r}: only {names[0]} is known here", code="line.field")
            found[names[1]] = second
        for part in rest:
            name, joined, said = part.partition("=")
            name = name.strip(" ")
            if not joined or name not in names:
                raise MalformedError(
                    f"{part.strip(' ')!r} in {text!r} is no field=value; "
                    f"fields are {', '.join(names)}",
                    code="line.field",
                )
            if name in found:
                raise MalformedError(f"{name} is given twice in {text!r}", code="line.twice")
            found[name] = said
        missing = [n for n, part in form.parts.items() if part.required and n not in found]
        if missing:
            raise MalformedError(f"{text!r} lacks {', '.join(missing)}", code="field.missing")
        return {name: self.read(said.strip(" "), form.parts[name]) for name, said in found.items()}

    def _digest(self, name: str) -> str:
        if not self._files:
            raise MalformedError(
                f"@{name}: a file's digest is taken on the command line only", code="digest.file"
            )
        try:
            return sha256(Path(name).read_bytes()).hexdigest()
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else "no file's name"
            raise MalformedError(f"cannot read {name}: {reason}", code="digest.file") from None


def _split(text: str, items: Shape) -> list[str]:
    """The items of a list; an empty text is an empty list."""
    if items.holds_lists:
        parts = text.split("|")
    elif _spaceless(items):
        parts = text.replace(";", " ").split(" ")
    else:
        parts = text.split(";")
    found = [part.strip(" ") for part in parts]
    return [part for part in found if part] if len(found) == 1 or _spaceless(items) else found


def _spaceless(items: Shape) -> bool:
    """Whether an item cannot hold a space, so that spaces may separate them."""
    return isinstance(items.kind, inspect.StrType) and items.kind.pattern is not None


# Pattern of a value type -> what it is called.
_CALLED: dict[str, str] = {
    meta.pattern: str(meta.description).partition(",")[0]
    for name in values.__all__
    for meta in typing.get_args(getattr(values, name))[1:2]
    if isinstance(meta, msgspec.Meta) and meta.pattern
}


def build(kind: type[Event], raw: Mapping[str, Any]) -> Event:
    """The event of this type with these values; raises `FieldsError` with every problem."""
    hints = _hints(kind)
    known = shapes(kind)
    value = {
        name: _sorted(said) if name in ("after", "cosigners", "private") else said
        for name, said in raw.items()
        if said is not None and said != []
    }
    problems = []
    for name, said in value.items():
        if name in known:
            try:
                msgspec.convert(said, type=hints[name])
            except (msgspec.ValidationError, TypeError) as error:
                problems.append(Problem(name, "field.malformed", _why(said, error)))
        else:
            problems.append(Problem(name, "field.unknown", f"{kind_name(kind)} has no {name}"))
    problems += [
        Problem(name, "field.missing", "nothing is given")
        for name, form in known.items()
        if form.required and name not in value
    ]
    if not problems:
        try:
            event = msgspec.convert(value, type=kind)
            encode(event)
        except (msgspec.ValidationError, TypeError, UnicodeEncodeError) as error:
            problems.append(Problem("", "event.malformed", str(error)))
        except MalformedError as error:
            problems.append(Problem("", error.code, str(error)))
        else:
            return event
    raise FieldsError(problems)


def _sorted(said: Any) -> Any:
    """The members of a set in their one order, if they are words."""
    if isinstance(said, list) and all(isinstance(one, str) for one in said):
        return sorted(set(said))
    return said


def kind_name(kind: type[Event]) -> str:
    """The type's name, such as ``lot.extracted``."""
    return str(kind.__struct_config__.tag)


class FieldsError(MalformedError):
    """Values that make no event; `problems` names each of them."""

    def __init__(self, problems: list[Problem]) -> None:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        what = f"{first.field}: " if first.field else ""
        super().__init__(what + first.message + more, code=first.code)
        self.problems = problems


@cache
def _hints(kind: type) -> dict[str, Any]:
    return typing.get_type_hints(kind, include_extras=True)


def _why(value: Any, error: Exception) -> str:
    """Why a value will not do; a pattern is called by its name."""
    text = str(error)
    for pattern, called in _CALLED.items():
        if repr(pattern) in text or str(pattern) in text:
            place = text.partition(" - at ")[2]
            where = f" at {place.replace('`', '').removeprefix('$')}" if place else ""
            return f"{value!r}{where} is no {called}"
    return f"{value!r}: {text}"
