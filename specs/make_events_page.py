"""Make specs/events.md from the event types themselves.

    python specs/make_events_page.py

Everything on the page is read from the code (`ledger.events`, `ledger.effects`,
`ledger.values`) and from the examples of the vectors; a test checks that it is current.
"""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

HERE = Path(__file__).resolve().parent
if str(HERE / "vectors") not in sys.path:
    sys.path.insert(0, str(HERE / "vectors"))

from event_cases import changed, written  # noqa: E402
from event_examples import GOOD  # noqa: E402

from ledger import effects, values  # noqa: E402
from ledger.events import TYPES, Event, decode, effects_of, event_id  # noqa: E402
from ledger.log import canonical  # noqa: E402

# Name on the page -> the type in ledger/values.py, what it is, its unit.
KINDS: dict[str, tuple[Any, str]] = {
    "id": (values.Id, "an identifier; compared byte by byte"),
    "word": (values.Word, "a word of a list that grows"),
    "text": (values.Text, "words for people; 1 to 1,000 code points"),
    "time": (values.Time, "a moment in UTC, to the second, years 2000 to 2199, of the calendar"),
    "day": (values.Day, "a day of the calendar, years 2000 to 2199"),
    "event id": (values.EventId, "the id of an event in this ledger"),
    "digest": (values.Digest, "a SHA-256 (told from an event id by the field it stands in)"),
    "vkey": (values.Vkey, "a public key, as in notes.md"),
    "subject": (values.Subject, "what a claim is about"),
    "substance": (values.Substance, "an element, a compound or a tracked material"),
    "country": (values.Country, "ISO 3166-1 alpha-2"),
    "mass": (values.Mass, "whole milligrams, nought allowed"),
    "mass above nought": (values.Positive, "whole milligrams"),
    "share": (values.Share, "parts per billion of the whole"),
    "count": (values.Count, "pieces, units, numbers"),
    "index": (values.Index, "an index in the log"),
    "latitude": (values.Latitude, "1e-7 degrees, north positive"),
    "longitude": (values.Longitude, "1e-7 degrees, east positive"),
}

NAMED_BY_WORDS = {"event": "event id", "digest": "digest", "mass": "mass", "count": "count"}
"""What a type's grammar of words is called on the page, where the spelling alone cannot tell."""

HEAD = """# Events

An event is a fact in the trade's words: one canonical JSON object ([canonical.md](canonical.md))
of one of the types below. The page is made from the code by `make_events_page.py`; do not edit it
by hand. The words MUST, MUST NOT, SHOULD and MAY are those of BCP 14. Vectors: `vectors/events/`.

```
{example}
```

Its id is `{example_id}` ([statement.md](statement.md#event-ids)).

## Reading

- The bytes MUST be canonical; `type` MUST be one of this page. Another type is
  `event.unsupported`: it is not understood, so it is never valid and never skipped. Everything else
  that breaks a rule of this page is `event.malformed`.
- A field that the type does not have is refused, and so is a required one that is not there.
- **Absent means absent.** An optional field that says nothing MUST be left out: no `null`, no empty
  list, and no value that is the field's default (`false`; nought for `added`; `product` for
  `role`). One empty list does say something and is allowed: `contents` of an `Output` or of a
  `LossLine`, of which nothing tracked is a part.
- Lists keep their order. Where a field says that it is sorted, members are in order of their bytes,
  each once.
- A length of text is counted in Unicode code points.

## Values

| name | spelling | meaning |
| --- | --- | --- |
{kinds}

A pattern MUST match the whole string; its letters and digits are ASCII. A time's last second is 59:
there are no leap seconds. 29 February is in every fourth year but 2100.

In an assay a compound counts as its element, with these factors in parts per billion; any other
substance counts as itself. A stored ledger MUST give the same figures for ever, so factors are
added and never changed.

| compound | element | factor |
| --- | --- | --- |
{factors}

## What every event has

{envelope}

- `by` says it; the cosigners say it too. All of them MUST have signed the statement
  ([verification.md](verification.md#5-signatures)). `by` MUST NOT be among the cosigners.
- `governance` is a reserved party: governance keys sign for it.
- `after` MUST hold the **head** of every existing lot whose mass or custody the event changes, and
  nothing else. A lot's head is the id of the last event that changed it, or began it.
- `private` commits to fields that do not travel with the log. A member is the SHA-256 of
  `oretrail/field/v1`, 0x0A, the field's name, 0x0A, 32 random bytes and the canonical value. A
  verifier of the log checks their spelling and nothing else.

## Effects

An event compiles to effects, in order; rules and books read these and nothing else
([accounting.md](accounting.md)). A member that is absent is unknown or does not apply. An empty
list of contents means that there is none of any tracked substance. The list is closed:

| effect | members | meaning, and who must have signed |
| --- | --- | --- |
{effects}

## Types

Each type shows its fields; then what the fields alone do not say, in Python, which serves as the
plain language of rules here: `__post_init__` raises what makes an event `event.malformed`,
`effects` yields its effects in order; then an example, whose effects are in
`vectors/events/good-<type>.json`. `dry_mass`, `contained` and `Origin` are those of
[accounting.md](accounting.md#contained-mass); `UNKNOWN` is the origin of class `unknown`.

"""


def main() -> None:
    """Write the page."""
    (HERE / "events.md").write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page."""
    data = changed("lot.weighed", {})
    head = HEAD.format(
        example=data.decode(),
        example_id=event_id(data),
        kinds="\n".join(kind_row(*each) for each in KINDS.items()),
        factors="\n".join(
            f"| {compound} | {element} | {factor:,} |"
            for compound, (element, factor) in values.STOICHIOMETRY.items()
        ),
        envelope=table([f for f in fields(Event) if f.name != "type"], set()),
        effects="\n".join(effect_rows()),
    )
    index = "".join(f"- [`{kind}`](#{kind.replace('.', '')}): {said(kind)[0]}\n" for kind in TYPES)
    return head + index + "\n" + "\n".join(section(kind) for kind in TYPES)


def said(kind: str) -> tuple[str, str]:
    """The first line of a type's file, and its class's own words."""
    module = inspect.getmodule(TYPES[kind])
    first = (module.__doc__ or "").strip().split("\n")[0]
    return first, inspect.cleandoc(TYPES[kind].__doc__ or "")


def section(kind: str) -> str:
    """A type: what it means, its fields, its example."""
    own = [f for f in fields(TYPES[kind]) if f.name not in {e.name for e in fields(Event)}]
    inner: dict[str, type] = {}
    for field in own:
        find_structs(field.type, inner)
    lines = [f"### {kind}", "", said(kind)[0] + " " + said(kind)[1].replace("\n", "\n"), ""]
    lines += [table(own, set(inner)), ""]
    for name, struct in inner.items():
        lines += [f"**{name}**: {inspect.cleandoc(struct.__doc__ or '')}", ""]
        lines += [table(list(fields(struct)), set(inner)), ""]
    lines += ["```python", *behaviour(kind, inner), "```", ""]
    if kind in GOOD:
        data = changed(kind, {})
        made = [written(effect)["effect"] for effect in effects_of(decode(data))]
        lines += [
            f"Example, id `{event_id(data)}`, which compiles to {', '.join(made)}:",
            "",
            "```",
            data.decode(),
            "```",
            "",
        ]
    return "\n".join(lines)


def behaviour(kind: str, inner: dict[str, type]) -> list[str]:
    """What a type's methods say, and those of the objects inside it."""
    found = list(tables(TYPES[kind]))
    for cls in (TYPES[kind], *inner.values()):
        methods = [each for each in vars(cls).values() if inspect.isfunction(each)]
        texts = [inspect.getsource(each).rstrip() for each in methods]
        if texts:
            found += [f"class {cls.__name__}:", *"\n\n".join(texts).split("\n"), "", ""]
    return found[:-2]


def tables(cls: type) -> list[str]:
    """Tables that stand above a class in its file, such as which status may follow which."""
    module = inspect.getmodule(cls)
    text = inspect.getsource(module) if module else ""
    tops = re.findall(r"^(_[A-Z_]+ = \{\n(?: .*\n)*\})$", text, re.MULTILINE)
    return [line for top in tops for line in (*top.split("\n"), "", "")]


def fields(struct: type) -> tuple[Any, ...]:
    """The fields of a struct, as msgspec decodes them."""
    return msgspec.inspect.type_info(struct).fields  # type: ignore[attr-defined]


def table(rows: list[Any], inner: set[str]) -> str:
    """The fields, one per line."""
    lines = ["| field | value | meaning |", "| --- | --- | --- |"]
    for field in rows:
        text, about = spelled(field.type, inner)
        need = "" if field.required else ", optional"
        default = field.default
        if not field.required and default not in (None, (), msgspec.NODEFAULT):
            need = f", {str(default).lower()} if absent"
        lines.append(f"| `{field.encode_name}` | {text}{need} | {about} |")
    return "\n".join(lines)


def spelled(kind: Any, inner: set[str]) -> tuple[str, str]:
    """A type in words, and the description that its field gives."""
    about = ""
    if isinstance(kind, msgspec.inspect.Metadata):
        about = (kind.extra_json_schema or {}).get("description", "")
        by_words = NAMED_BY_WORDS.get((kind.extra or {}).get("words", ""))
        if by_words and not isinstance(kind.type, msgspec.inspect.UnionType):
            least = getattr(kind.type, "ge", None)
            name = "mass above nought" if (by_words, least) == ("mass", 1) else by_words
            if meta(KINDS[name][0]).type == kind.type:
                return name, "" if about in known_words() else about
        kind = kind.type
    if isinstance(kind, msgspec.inspect.UnionType):
        member = next(t for t in kind.types if not isinstance(t, msgspec.inspect.NoneType))
        text, inside = spelled(member, inner)
        return text, about or inside
    if isinstance(kind, msgspec.inspect.VarTupleType):
        text, inside = spelled(kind.item_type, inner)
        most = kind.max_length or canonical.MAX_ITEMS
        return f"list of {text}, {kind.min_length or 0} to {most:,}", about or inside
    if isinstance(kind, msgspec.inspect.StructType):
        return f"object {kind.cls.__name__}", about
    if isinstance(kind, msgspec.inspect.LiteralType):
        return " or ".join(f"`{value}`" for value in kind.values), about
    if isinstance(kind, msgspec.inspect.BoolType):
        return "`true`", about
    return named(kind), about if about not in known_words() else ""


def known_words() -> set[str]:
    """Descriptions that a kind of value has by itself."""
    return {
        str((meta(kind).extra_json_schema or {}).get("description")) for kind, _ in KINDS.values()
    }


def meta(kind: Any) -> Any:
    """A value type of ledger/values.py, as msgspec sees it."""
    return msgspec.inspect.type_info(kind)


def named(kind: Any) -> str:
    """The name on this page of a plain type; else its limits."""
    matches = [name for name, (each, _) in KINDS.items() if meta(each).type == kind]
    if matches:
        return matches[0]
    if isinstance(kind, msgspec.inspect.IntType):
        top = f" to {kind.le:,}" if kind.le is not None else ""
        return f"integer from {kind.ge}{top}"
    if kind.pattern:
        return f"`{shown(kind.pattern)}`"
    return f"text of at most {kind.max_length} characters"


def shown(pattern: str) -> str:
    """A pattern without its anchors, safe in a table."""
    inner = re.fullmatch(r"\\A(?:\(\?:(.*)\)|(.*))\\Z", pattern)
    text = (inner[1] or inner[2]) if inner else pattern
    return text.replace("(?:", "(").replace("|", "\\|")


def kind_row(name: str, kind: tuple[Any, str]) -> str:
    """One kind of value."""
    plain = meta(kind[0]).type
    if name == "text":
        spelling = "string"
    elif name in ("time", "day"):
        spelling = "`YYYY-MM-DDThh:mm:ssZ`" if name == "time" else "`YYYY-MM-DD`"
    elif isinstance(plain, msgspec.inspect.StrType):
        spelling = f"`{shown(plain.pattern)}`"
    else:
        spelling = f"integer, {plain.ge:,} to {plain.le:,}"
    return f"| {name} | {spelling} | {kind[1]} |"


def find_structs(kind: Any, found: dict[str, type]) -> None:
    """Objects inside a field, by name."""
    if isinstance(kind, msgspec.inspect.Metadata):
        find_structs(kind.type, found)
    elif isinstance(kind, msgspec.inspect.VarTupleType):
        find_structs(kind.item_type, found)
    elif isinstance(kind, msgspec.inspect.UnionType):
        for member in kind.types:
            find_structs(member, found)
    elif isinstance(kind, msgspec.inspect.StructType):
        found.setdefault(kind.cls.__name__, kind.cls)
        for field in kind.fields:
            find_structs(field.type, found)


def effect_rows() -> list[str]:
    """Every effect of the closed list."""
    rows = []
    for effect in effects.Effect.__args__:
        names = ", ".join(f"`{name}`" for name in effect.__struct_fields__)
        about = " ".join(inspect.cleandoc(effect.__doc__ or "").split()).replace("|", "\\|")
        rows.append(f"| `{effect.__name__}` | {names} | {about} |")
    return rows


if __name__ == "__main__":
    canonical.check(changed("lot.weighed", {}))
    main()
