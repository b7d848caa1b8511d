"""Events: one spelling each, strict to the last field; every type, by the examples of specs/.

`specs/vectors/events` holds a good event of every type. Each is taken apart here in every
way that a type allows, so that a new type is tested as soon as it has its example.
"""

from __future__ import annotations

import ast
import json
import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ledger import effects as does
from ledger import events
from ledger.errors import MalformedError
from ledger.events import TYPES, base, decode, effects_of, encode, event_id
from ledger.log import canonical, merkle

ROOT = Path(__file__).resolve().parent.parent
VECTORS = sorted((ROOT / "specs" / "vectors" / "events").glob("good-*.json"))
GOOD: dict[str, dict[str, Any]] = {}
for _path in VECTORS:
    _text = json.loads(json.loads(_path.read_bytes())["text"])
    # The example with the most to say stands for its type.
    if len(str(_text)) > len(str(GOOD.get(_text["type"], ""))):
        GOOD[_text["type"]] = _text

every_type = pytest.mark.parametrize("kind", sorted(TYPES))


def refused(value: dict[str, Any]) -> MalformedError:
    with pytest.raises(MalformedError) as caught:
        decode(canonical.encode(value))
    return caught.value


def changed(kind: str, /, **fields: Any) -> dict[str, Any]:
    """The example with these fields; Ellipsis takes one away."""
    value = {**GOOD[kind], **fields}
    return {name: member for name, member in value.items() if member is not ...}


# ---------------------------------------------------------------- every type


@every_type
def test_an_event_has_one_spelling_and_its_bytes_are_its_id(kind: str) -> None:
    data = canonical.encode(GOOD[kind])
    event = decode(data)
    assert type(event) is TYPES[kind]
    assert event.type == kind
    assert encode(event) == data
    assert event_id(data) == merkle.leaf_hash(data).hex()
    # Built from plain values it is the same event.
    assert msgspec.convert(GOOD[kind], type=TYPES[kind]) == event


@every_type
def test_an_event_compiles_to_effects_of_the_closed_list(kind: str) -> None:
    effects = effects_of(decode(canonical.encode(GOOD[kind])))
    assert effects
    closed = typing.get_args(does.Effect)
    assert all(type(effect) in closed for effect in effects)


@every_type
def test_an_unknown_field_is_refused_at_any_depth(kind: str) -> None:
    assert refused(changed(kind, zebra=1)).code == "event.malformed"
    for name, member in GOOD[kind].items():
        if isinstance(member, list) and member and isinstance(member[0], dict):
            strange = [{**member[0], "zebra": 1}, *member[1:]]
            assert refused(changed(kind, **{name: strange})).code == "event.malformed"


@every_type
def test_a_field_of_another_kind_is_refused(kind: str) -> None:
    for name, member in GOOD[kind].items():
        for other in (1, -1, "", "\u00e9", True, [], [[]], {}, {"lot": 1}, [1], "x" * 2000):
            if type(other) is type(member) and not isinstance(member, str | list | int):
                continue
            try:
                event = decode(canonical.encode(changed(kind, **{name: other})))
            except MalformedError as error:
                assert error.code in ("event.malformed", "event.unsupported")
            else:
                assert canonical.decode(encode(event))[name] == other
                assert type(other) is type(member)


@every_type
def test_a_field_that_is_missing_is_refused_or_was_optional(kind: str) -> None:
    required = {field.name for field in msgspec.structs.fields(TYPES[kind]) if field.required}
    for name in GOOD[kind]:
        without = changed(kind, **{name: ...})
        if name in required | {"type"}:
            assert refused(without).code in ("event.malformed", "event.unsupported")
        else:
            try:
                decode(canonical.encode(without))
            except MalformedError as error:
                assert error.code == "event.malformed"


@every_type
def test_a_default_that_is_spelled_out_is_a_second_spelling(kind: str) -> None:
    for field in msgspec.structs.fields(TYPES[kind]):
        if field.required or field.default is None:
            continue
        default = msgspec.to_builtins(field.default)
        value = list(default) if isinstance(default, tuple) else default
        assert refused(changed(kind, **{field.name: value})).code == "event.malformed"


def lines_of(kind: type[msgspec.Struct]) -> Iterator[tuple[str, type[msgspec.Struct]]]:
    """Fields that hold a list of structs, and which."""
    hints = typing.get_type_hints(kind)
    for name, hint in hints.items():
        for part in typing.get_args(hint) or (hint,):
            if isinstance(part, type) and issubclass(part, msgspec.Struct):
                yield name, part


@every_type
def test_a_default_in_a_line_that_is_spelled_out_is_a_second_spelling(kind: str) -> None:
    for name, line in lines_of(TYPES[kind]):
        members = GOOD[kind].get(name)
        if not members:
            continue
        for field in msgspec.structs.fields(line):
            if field.required or field.default is None:
                continue
            default = msgspec.to_builtins(field.default)
            value = list(default) if isinstance(default, tuple) else default
            spelled = [{**members[0], field.name: value}, *members[1:]]
            assert refused(changed(kind, **{name: spelled})).code == "event.malformed"


@every_type
def test_another_spelling_of_the_same_event_is_refused(kind: str) -> None:
    data = canonical.encode(GOOD[kind])
    others = [
        data + b" ",
        b" " + data,
        data + b"\n",
        data.replace(b":", b": ", 1),
        data.replace(b'"type"', b'"\\u0074ype"'),
        b"\xef\xbb\xbf" + data,
        data + data,
        data[:-1],
        data[:-1] + b',"type":"' + kind.encode() + b'"}',
        json.dumps(GOOD[kind], separators=(",", ":"), sort_keys=False).encode()[::-1],
        b'{"type":"' + kind.encode() + b'",' + data[1:],
    ]
    for other in others:
        with pytest.raises(MalformedError):
            decode(other)


def test_every_type_has_an_example() -> None:
    assert sorted(GOOD) == sorted(TYPES)


def test_every_type_can_be_found_by_its_file_and_by_its_class() -> None:
    for kind, cls in TYPES.items():
        assert cls.__module__ == f"ledger.events.{kind.replace('.', '_')}"
        assert getattr(events, cls.__name__) is cls
        assert cls.__doc__
        assert re.fullmatch(r"[a-z]+\.[a-z]+", kind)


def test_no_two_types_share_a_command() -> None:
    commands = [cls.command for cls in TYPES.values() if cls.command]
    assert len(set(commands)) == len(commands)
    assert all(re.fullmatch(r"[a-z]+( [a-z]+)?", command) for command in commands)


def test_a_type_that_is_not_known_is_not_skipped() -> None:
    assert refused(changed("lot.split", type="lot.sold")).code == "event.unsupported"
    assert refused(changed("lot.split", type="registered")).code == "event.unsupported"
    assert refused(changed("lot.split", type=...)).code in ("event.malformed", "event.unsupported")
    assert refused(changed("lot.split", type=7)).code in ("event.malformed", "event.unsupported")


def test_an_event_that_says_nothing_of_the_books_cannot_be_compiled() -> None:
    event = base.Event(by="a", occurred_at="2026-01-01T00:00:00Z")
    with pytest.raises(TypeError, match="does not say what it does"):
        effects_of(event)


# ---------------------------------------------------------------- what a type refuses

KEYS = GOOD["ledger.created"]["governance"]
LATER, SOONER = "2026-02-02", "2026-02-01"

# Type, the fields that are wrong, and what is said of them.
REFUSALS: list[tuple[str, dict[str, Any], str]] = [
    ("lot.split", {"after": ["2" * 64, "1" * 64]}, "after must be sorted, each once"),
    ("lot.split", {"after": ["1" * 64, "1" * 64]}, "after must be sorted, each once"),
    ("lot.split", {"cosigners": ["b.example", "a.example"]}, "cosigners must be sorted"),
    ("lot.split", {"private": ["2" * 64, "1" * 64]}, "private must be sorted"),
    ("lot.split", {"cosigners": [GOOD["lot.split"]["by"]]}, "both in by and in cosigners"),
    ("lot.split", {"parts": [{"lot": "B", "mass": 1, "pieces": 1}]}, "by mass or by pieces"),
    (
        "lot.split",
        {"losses": [{"reason": "moisture", "mass": 1, "contents": []}]},
        "moisture takes no contents",
    ),
    ("audit.reported", {"valid_from": LATER, "valid_to": SOONER}, "before valid from"),
    ("certificate.issued", {"valid_from": LATER, "valid_to": SOONER}, "before valid from"),
    ("balance.credited", {"lot": "A", "carried": "B"}, "from a lot or from another account"),
    ("balance.credited", {"lot": ..., "carried": ...}, "from a lot or from another account"),
    ("balance.opened", {"begins": LATER, "ends": SOONER}, "the period ends on"),
    ("event.voided", {"lots": ["B", "A"]}, "lots must be sorted"),
    ("governance.rotated", {"by": "a.example"}, "governance is rotated by"),
    ("governance.rotated", {"governance": KEYS[::-1]}, "each key once"),
    ("key.recovered", {"by": "a.example"}, "a key is recovered by"),
    ("ledger.created", {"by": "a.example"}, "a ledger is created by"),
    ("ledger.created", {"governance": KEYS[::-1]}, "each key once"),
    ("ledger.created", {"governance": [KEYS[0], KEYS[0]]}, "each key once"),
    ("lot.adjusted", {"lost": ..., "counted": ..., "basis": ...}, "either lost or counted"),
    ("lot.adjusted", {"lost": 1, "counted": 1, "basis": "wet"}, "either lost or counted"),
    ("lot.adjusted", {"lost": ..., "counted": 1, "basis": ...}, "counted mass needs its basis"),
    ("lot.adjusted", {"lost": 1, "counted": ..., "basis": "wet"}, "counted mass needs its basis"),
    (
        "lot.declared",
        {"basis": "wet", "moisture": ..., "grades": [{"analyte": "Ta", "grade": 1}]},
        "a grade of wet material needs its moisture",
    ),
    ("lot.declared", {"origin": "foreign"}, "names its ledger, and no other does"),
    (
        "lot.declared",
        {"contents": [{"element": "Ta", "mass": 1}]},
        "only a foreign lot has contents by mass",
    ),
    (
        "lot.extracted",
        {"basis": "wet", "moisture": ..., "grades": [{"analyte": "Ta", "grade": 1}]},
        "a grade of wet ore needs its moisture",
    ),
    (
        "lot.recovered",
        {"basis": "wet", "moisture": ..., "grades": [{"analyte": "Ta", "grade": 1}]},
        "a grade of wet material needs its moisture",
    ),
    ("lot.recovered", {"site": "S", "country": "RW"}, "a site says its own country"),
    ("lot.retired", {"mass": 1, "pieces": 1}, "by mass or by pieces"),
    ("lot.tagged", {"applied": ..., "removed": ...}, "no tag was applied and none removed"),
    (
        "product.made",
        {"components": [{"lot": "A", "mass": 1, "per_unit": 1}]},
        "by pieces or by mass",
    ),
    (
        "policy.adopted",
        {"tolerances": [{"name": "a", "tolerance": 1}, {"name": "a", "tolerance": 2}]},
        "a is given two tolerances",
    ),
    (
        "ledger.created",
        {"tolerances": [{"name": "a", "tolerance": 1}, {"name": "a", "tolerance": 2}]},
        "a is given two tolerances",
    ),
    ("tags.issued", {"first": 2, "last": 1}, "before it begins"),
    ("title.transferred", {"cosigners": ...}, "must be a cosigner"),
]
OUTPUT = {"lot": "B", "material": "powder", "mass": 10, "basis": "wet"}
REFUSALS += [
    ("lot.refined", {"outputs": [{**OUTPUT, **wrong}]}, said)
    for wrong, said in (
        ({"contents": [], "grades": [{"analyte": "Ta", "grade": 1}]}, "both contents and grades"),
        ({"grades": [{"analyte": "Ta", "grade": 1}]}, "needs its moisture too"),
        ({"added": 10}, "of which 10 added"),
    )
]


@pytest.mark.parametrize(("kind", "fields", "said"), REFUSALS)
def test_a_contradiction_within_an_event_is_refused(
    kind: str, fields: dict[str, Any], said: str
) -> None:
    error = refused(changed(kind, **fields))
    assert error.code == "event.malformed"
    assert said in str(error)


def test_each_contradiction_that_a_type_names_is_provoked_above() -> None:
    said = [str(refused(changed(kind, **fields))) for kind, fields, _ in REFUSALS]
    for path in sorted((ROOT / "ledger" / "events").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Raise) or not isinstance(node.exc, ast.Call):
                continue
            if ast.unparse(node.exc.func) != "ValueError":
                continue
            message = node.exc.args[0]
            parts = message.values if isinstance(message, ast.JoinedStr) else [message]
            words = [str(part.value) for part in parts if isinstance(part, ast.Constant)]
            grammar = ".*".join(re.escape(word) for word in words)
            assert any(re.search(grammar, each) for each in said), f"{path.name}: {words}"


@pytest.mark.parametrize(
    ("kind", "name", "over"),
    [
        ("lots.blended", "inputs", [{"lot": f"L{n}"} for n in range(513)]),
        ("lots.blended", "inputs", []),
        ("lots.packed", "inputs", [f"L{n}" for n in range(513)]),
        ("lot.split", "parts", []),
        ("lot.split", "after", [f"{n:064x}" for n in range(513)]),
        ("lot.split", "cosigners", [f"p{n:02}.example" for n in range(17)]),
        ("lot.split", "private", [f"{n:064x}" for n in range(65)]),
        ("lot.split", "remark", "x" * 1001),
        ("lot.split", "remark", ""),
        ("lot.extracted", "mass", 0),
        ("lot.extracted", "mass", 2**53),
        ("lot.extracted", "lot", "x" * 129),
        ("lot.extracted", "lot", "-x"),
        ("lot.extracted", "lot", "x\n"),
        ("lot.extracted", "occurred_at", "1999-12-31T23:59:59Z"),
        ("lot.extracted", "occurred_at", "2200-01-01T00:00:00Z"),
        ("lot.extracted", "occurred_at", "2026-02-29T00:00:00Z"),
        ("lot.extracted", "occurred_at", "2026-02-11T08:00:00Z\n"),
        ("ledger.created", "threshold", 0),
        ("ledger.created", "origin", "Kivu.example/trail"),
        ("ledger.created", "origin", "kivu.example"),
    ],
)
def test_what_is_over_a_limit_is_refused(kind: str, name: str, over: object) -> None:
    value = changed(kind, **{name: over})
    with pytest.raises(MalformedError):
        decode(json.dumps(value, separators=(",", ":"), sort_keys=True).encode())


def test_an_event_that_was_built_wrong_is_not_encoded_into_a_good_one() -> None:
    event = TYPES["lot.weighed"](
        by="not an id",
        occurred_at="yesterday",
        lot="A",
        mass=-5,
        basis="damp",
        instrument="hand-scale",
    )
    with pytest.raises(MalformedError):
        decode(encode(event))


# --- the short way to an event ---------------------------------------------------------


def _open(shape: Any, path: str) -> Iterator[str]:
    """Where a type lets in what a canonical value may not hold, or what nobody bounds."""
    inspect = msgspec.inspect
    shape = _bare(shape)
    if isinstance(shape, inspect.StructType):
        if not shape.forbid_unknown_fields:
            yield f"{path}: unknown fields"
        for field in shape.fields:
            name = field.encode_name
            if not re.fullmatch(r"[a-z][a-z0-9_]{0,63}", name):
                yield f"{path}.{name}: a name that is no key"
            yield from _open(_without_none(field), f"{path}.{name}")
    elif isinstance(shape, inspect.VarTupleType):
        yield from _open(shape.item_type, f"{path}[]")
    elif isinstance(shape, inspect.UnionType):
        for one in shape.types:
            yield from _open(one, path)
    elif isinstance(shape, inspect.IntType):
        limit = canonical.MAX_INTEGER
        if shape.ge is None or shape.le is None or not -limit <= shape.ge <= shape.le <= limit:
            yield f"{path}: an integer without bounds"
    elif not isinstance(shape, inspect.StrType | inspect.BoolType | inspect.LiteralType):
        yield f"{path}: {type(shape).__name__}"


def _bare(shape: Any) -> Any:
    return _bare(shape.type) if isinstance(shape, msgspec.inspect.Metadata) else shape


def _without_none(field: Any) -> Any:
    """A field that may be absent is never written as null: that is another spelling."""
    shape = _bare(field.type)
    if not isinstance(shape, msgspec.inspect.UnionType) or field.default is not None:
        return shape
    rest = tuple(t for t in shape.types if not isinstance(_bare(t), msgspec.inspect.NoneType))
    return msgspec.inspect.UnionType(rest)


@every_type
def test_every_type_is_closed_so_what_encodes_to_the_same_bytes_is_canonical(kind: str) -> None:
    """`decode` leaves the walk through the value out where this and `canonical.plain` hold."""
    assert list(_open(msgspec.inspect.type_info(TYPES[kind]), kind)) == []


def test_the_test_for_closed_types_finds_open_ones() -> None:
    class Open(msgspec.Struct, forbid_unknown_fields=True):
        free: dict[str, Any]
        count: int
        ratio: float
        gap: int | None

    found = list(_open(msgspec.inspect.type_info(Open), "open"))
    assert [line.split(":")[0] for line in found] == [
        "open.free",
        "open.count",
        "open.ratio",
        "open.gap",
        "open.gap",
    ]


@every_type
def test_the_short_way_and_the_careful_way_agree(kind: str) -> None:
    """Bytes of an example left out, doubled, or put in the place of another."""
    whole = canonical.encode(GOOD[kind])
    for at in range(len(kind) % 4, len(whole), 4):
        for put in (b"", whole[at : at + 1] * 2, b" ", b"0", b"\x7f", b"\\", b'"', "‎".encode()):
            data = whole[:at] + put + whole[at + 1 :]
            assert _outcome(decode, data) == _outcome(events._decode_carefully, data)


def _outcome(way: Any, data: bytes) -> object:
    try:
        return way(data)
    except MalformedError as error:
        return error.code, str(error)


@every_type
def test_bytes_that_were_taken_before_are_the_same_event(kind: str) -> None:
    data = canonical.encode(GOOD[kind])
    assert events.decode_checked(data) == decode(data)
    with pytest.raises(MalformedError):
        events.decode_checked(data[:-1])


@pytest.mark.parametrize("count", [20, 200, 341, 342, 343, 511, 512, 513])
def test_the_two_ways_agree_on_events_of_many_lots(count: int) -> None:
    inputs = [{"lot": f"LOT-{i:05}"} for i in range(count)]
    after = [f"{i:064x}" for i in range(count)]
    data = canonical.encode(changed("lots.packed", inputs=inputs, after=after))
    for tried in (data, data[:-1], data + b" ", data.replace(b"LOT-00007", b"LOT 00007")):
        assert _outcome(decode, tried) == _outcome(events._decode_carefully, tried)


def test_what_is_named_first_of_two_contradictions_stays_first() -> None:
    twice = ["b" * 64, "a" * 64]
    error = refused(changed("lot.weighed", after=twice, cosigners=["b", "a"], private=twice))
    assert "after must be sorted" in str(error)
    error = refused(changed("lot.weighed", cosigners=["b", "a"], private=twice))
    assert "cosigners must be sorted" in str(error)
    by = GOOD["lot.weighed"]["by"]
    error = refused(changed("lot.weighed", cosigners=[by], private=twice))
    assert "private must be sorted" in str(error)
