"""Canonical JSON: one value, one spelling, and nothing else gets in."""

from __future__ import annotations

import datetime as dt
import decimal
import enum
import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import reference_log as reference
from ledger.errors import MalformedError
from ledger.log import canonical

EVENT = {
    "after": ["0a" * 32, "1b" * 32],
    "by": "mine-1",
    "grades": [{"element": "Ta", "share": 312_000_000}, {"element": "Sn", "share": 0}],
    "mass_mg": 25_000_000,
    "note": 'Société "Kivu" \\ 矿',
    "occurred_at": "2026-02-11T08:00:00Z",
    "place": {"lat": -15_000_000, "lon": 290_000_000},
    "sealed": True,
    "type": "lot.extracted",
}
SPELLED = (
    '{"after":["' + "0a" * 32 + '","' + "1b" * 32 + '"],"by":"mine-1",'
    '"grades":[{"element":"Ta","share":312000000},{"element":"Sn","share":0}],'
    '"mass_mg":25000000,"note":"Société \\"Kivu\\" \\\\ 矿",'
    '"occurred_at":"2026-02-11T08:00:00Z","place":{"lat":-15000000,"lon":290000000},'
    '"sealed":true,"type":"lot.extracted"}'
).encode()


def nested(depth: int) -> bytes:
    """An object with arrays inside each other, so many layers in all."""
    return b'{"a":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


def members(count: int) -> bytes:
    return spelled({f"k{i:03}": 0 for i in range(count)}).encode()


def spelled(value: Any) -> str:
    """As the standard library spells it."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sized(size: int) -> bytes:
    """A canonical object of exactly so many bytes, made of strings within their limit."""
    items = [b'"' + b"x" * 4000 + b'"'] * ((size - 100) // 4003)
    rest = size - len(b'{"a":[,""]}') - len(b",".join(items))
    return b'{"a":[' + b",".join([*items, b'"' + b"x" * rest + b'"']) + b"]}"


REFUSED: list[tuple[str, bytes, str]] = [
    ("nothing", b"", "canonical.not-json"),
    ("one byte too many", sized(65_536), "canonical.too-large"),
    ("latin-1", b'{"a":"\xe9"}', "canonical.not-utf8"),
    ("an overlong slash", b'{"a":"\xc0\xaf"}', "canonical.not-utf8"),
    ("a surrogate in utf-8", b'{"a":"\xed\xa0\x80"}', "canonical.not-utf8"),
    ("an invalid byte between tokens", b'{"a":1\xff}', "canonical.not-utf8"),
    ("utf-16", '{"a":1}'.encode("utf-16"), "canonical.not-utf8"),
    ("a byte order mark", b'\xef\xbb\xbf{"a":1}', "canonical.not-json"),
    ("17 layers", nested(17), "canonical.too-deep"),
    ("a million brackets", b'{"a":' + b"[" * 60_000, "canonical.too-deep"),
    ("a million objects", b'{"a":' * 10_000, "canonical.too-deep"),
    ("brackets in a string that never ends", b'{"a":"' + b"[" * 99, "canonical.not-json"),
    ("a string of quotes that never ends", b'{"a":"' + b'\\"[' * 99, "canonical.not-json"),
    ("a backslash at the end", b'{"a":[[[[[[[[[[[[[[[[[["\\', "canonical.too-deep"),
    ("a number at the top", b"1", "canonical.not-an-object"),
    ("an array at the top", b"[]", "canonical.not-an-object"),
    ("null at the top", b"null", "canonical.not-an-object"),
    ("a second value", b"{}{}", "canonical.not-json"),
    ("a comma too many", b'{"a":1,}', "canonical.not-json"),
    ("single quotes", b"{'a':1}", "canonical.not-json"),
    ("a comment", b'{"a":1/**/}', "canonical.not-json"),
    ("null", b'{"a":null}', "canonical.null"),
    ("null in an array", b'{"a":[null]}', "canonical.null"),
    ("null deep down", b'{"a":[[[[[[null]]]]]]}', "canonical.null"),
    ("a float", b'{"a":1.5}', "canonical.number"),
    ("a whole float", b'{"a":1.0}', "canonical.number"),
    ("an exponent", b'{"a":1e3}', "canonical.number"),
    ("a huge exponent", b'{"a":1e999}', "canonical.number"),
    ("minus nought point nought", b'{"a":-0.0}', "canonical.number"),
    ("2^53", b'{"a":9007199254740992}', "canonical.number"),
    ("-2^53", b'{"a":-9007199254740992}', "canonical.number"),
    ("2^64", b'{"a":18446744073709551616}', "canonical.number"),
    ("a number of 5,000 digits", b'{"a":' + b"1" * 5000 + b"}", "canonical.number"),
    ("NaN", b'{"a":NaN}', "canonical.not-json"),
    ("Infinity", b'{"a":Infinity}', "canonical.not-json"),
    ("a leading nought", b'{"a":01}', "canonical.not-json"),
    ("a plus sign", b'{"a":+1}', "canonical.not-json"),
    ("minus nought", b'{"a":-0}', "canonical.not-canonical"),
    ("an empty key", b'{"":1}', "canonical.key"),
    ("a capital in a key", b'{"aB":1}', "canonical.key"),
    ("a key that begins with a digit", b'{"1a":1}', "canonical.key"),
    ("a dash in a key", b'{"a-b":1}', "canonical.key"),
    ("a newline after a key", b'{"a\\n":1}', "canonical.key"),
    ("an accent in a key", '{"é":1}'.encode(), "canonical.key"),
    ("a key of 65 letters", b'{"' + b"a" * 65 + b'":1}', "canonical.key"),
    ("a bad key inside", b'{"a":[{"b":{"C":1}}]}', "canonical.key"),
    ("a bad key under good ones", b'{"a":{"b":[[{"c":{"D":1}}]]}}', "canonical.key"),
    ("a doubled key", b'{"a":1,"a":1}', "canonical.not-canonical"),
    ("a doubled key of other value", b'{"a":1,"a":2}', "canonical.not-canonical"),
    ("keys out of order", b'{"b":1,"a":1}', "canonical.not-canonical"),
    ("keys out of order inside", b'{"a":{"c":1,"b":1}}', "canonical.not-canonical"),
    ("a space", b'{"a": 1}', "canonical.not-canonical"),
    ("a final newline", b'{"a":1}\n', "canonical.not-canonical"),
    ("a leading space", b' {"a":1}', "canonical.not-canonical"),
    ("an escaped letter", b'{"a":"\\u0062"}', "canonical.not-canonical"),
    ("an escaped solidus", b'{"a":"\\/"}', "canonical.not-canonical"),
    ("an escaped quote in another spelling", b'{"a":"\\u0022"}', "canonical.not-canonical"),
    ("an escaped accent", b'{"a":"\\u00e9"}', "canonical.not-canonical"),
    ("an escaped pair of surrogates", b'{"a":"\\ud83d\\ude00"}', "canonical.not-canonical"),
    ("an escaped lone surrogate", b'{"a":"\\ud800x"}', "canonical.not-json"),
    ("a raw newline in a string", b'{"a":"\n"}', "canonical.not-json"),
    ("an escaped newline", b'{"a":"\\n"}', "canonical.forbidden-character"),
    ("an escaped nought", b'{"a":"\\u0000"}', "canonical.forbidden-character"),
    ("513 members", members(513), "canonical.too-long"),
    ("1,025 items", b'{"a":[' + b"0," * 1024 + b"0]}", "canonical.too-long"),
    ("1,025 items of two bytes each", b'{"a":[' + b"1," * 1024 + b"1]}", "canonical.too-long"),
    ("4,097 bytes in a string", b'{"a":"' + b"x" * 4097 + b'"}', "canonical.too-long"),
    ("4,098 bytes in 2,049 letters", b'{"a":"' + "é".encode() * 2049 + b'"}', "canonical.too-long"),
]  # fmt: skip

ACCEPTED: list[tuple[str, bytes]] = [
    ("the example", SPELLED),
    ("the empty object", b"{}"),
    ("65,535 bytes", sized(65_535)),
    ("16 layers", nested(16)),
    ("17 brackets in a string", b'{"a":"' + b"[" * 99 + b'"}'),
    ("brackets and quotes in a string", b'{"a":"' + b'\\"[{\\\\' * 99 + b'"}'),
    ("16 layers beside many brackets", b'{"a":[' + b"[]," * 40 + b"[" * 14 + b"]" * 15 + b"}"),
    ("the largest integers", b'{"a":9007199254740991,"b":-9007199254740991,"c":0}'),
    ("a key of 64 letters", b'{"a_0' + b"a" * 61 + b'":false}'),
    ("512 members", members(512)),
    ("1,024 items", b'{"a":[' + b"0," * 1023 + b"0]}"),
    ("4,096 bytes in a string", b'{"a":"' + b"x" * 4096 + b'"}'),
    ("4,096 bytes in 2,048 letters", b'{"a":"' + "é".encode() * 2048 + b'"}'),
    ("words that look like more", b'{"a":"null 1.5 1e3 -0 99999999999999999999 \'{"}'),
    ("a string that looks like a key", b'{"a":":B","b":"{","c":",D:"}'),
    ("five layers of objects", b'{"a":{"b":{"c":{"d":{"e":{"f":1}}}}}}'),
    ("all that lies beside the forbidden",
     spelled({"a": " ~\xa0\u061b\u061d\u200d\u2010\u2027\u202f\u2065\u206a"}).encode()),
    ("all that lies beside the nameless",
     spelled({"a": "\ud7ff\ue000\ufdcf\ufdf0\ufefe\uff00\ufffd\U00010000\U0001fffd"}).encode()),
    ("not normalised, and not our business", '{"a":"e\u0301"}'.encode()),
]  # fmt: skip


def refusal(data: Any) -> str:
    with pytest.raises(MalformedError) as caught:
        canonical.decode(data)
    with pytest.raises(MalformedError) as also:
        canonical.check(data)
    assert also.value.code == caught.value.code
    assert str(also.value) == str(caught.value)
    return caught.value.code


def test_the_example_is_spelled_as_it_is_drawn() -> None:
    assert canonical.encode(EVENT) == SPELLED
    assert canonical.decode(SPELLED) == EVENT


@pytest.mark.parametrize(("data", "code"), [r[1:] for r in REFUSED], ids=[r[0] for r in REFUSED])
def test_another_spelling_is_refused_by_name(data: bytes, code: str) -> None:
    assert refusal(data) == code
    assert not reference.is_canonical(data)


@pytest.mark.parametrize("data", [a[1] for a in ACCEPTED], ids=[a[0] for a in ACCEPTED])
def test_the_one_spelling_is_accepted_and_made_again(data: bytes) -> None:
    canonical.check(data)
    assert canonical.encode(canonical.decode(data)) == data
    assert reference.is_canonical(data)


@pytest.mark.parametrize("character", sorted(reference.FORBIDDEN - set(range(0xD800, 0xE000))))
def test_a_forbidden_character_is_refused_however_it_is_written(character: int) -> None:
    raw = f'{{"a":"x{chr(character)}"}}'.encode()
    assert refusal(raw) == (
        "canonical.not-json" if character < 0x20 else "canonical.forbidden-character"
    )
    long = b'{"a":"x' + chr(character).encode() + b'","b":"' + b"x" * 3000 + b'"}'
    assert refusal(long) == refusal(raw)
    escaped = json.dumps({"a": "x" + chr(character)}, separators=(",", ":")).encode()
    assert refusal(escaped) == "canonical.forbidden-character"
    with pytest.raises(MalformedError) as caught:
        canonical.encode({"a": "x" + chr(character)})
    assert caught.value.code == "canonical.forbidden-character"


def test_every_other_character_is_accepted() -> None:
    allowed = [c for c in range(0x20, 0x110000) if c not in reference.FORBIDDEN]
    for start in range(0, len(allowed), 1000):
        text = "".join(map(chr, allowed[start : start + 1000]))
        value = {"a": text}
        assert canonical.decode(canonical.encode(value)) == value


@pytest.mark.parametrize("bad", [None, "{}", bytearray(b"{}"), memoryview(b"{}"), 1, {}, ["{}"]])
def test_what_is_not_bytes_is_refused(bad: Any) -> None:
    assert refusal(bad) == "canonical.type"


# ---------------------------------------------------------------- encoding


@dataclass
class Lot:
    a: int


class Colour(enum.Enum):
    RED = "red"


class Structure(msgspec.Struct):
    a: int


class Text(str):
    __slots__ = ()


class Number(int):
    pass


def circle() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["a"] = [value]
    return value


NOT_SPELLED: list[tuple[Any, str]] = [
    (None, "canonical.not-an-object"),
    ([], "canonical.not-an-object"),
    ("text", "canonical.not-an-object"),
    (Structure(1), "canonical.not-an-object"),
    ({"a": None}, "canonical.null"),
    ({"a": 1.0}, "canonical.number"),
    ({"a": float("nan")}, "canonical.number"),
    ({"a": [{"b": float("inf")}]}, "canonical.number"),
    ({"a": 2**53}, "canonical.number"),
    ({"a": -(2**53)}, "canonical.number"),
    ({"a": 10**5000}, "canonical.number"),
    ({"a": 2**70}, "canonical.number"),
    ({1: 1}, "canonical.key"),
    ({10**5000: 1}, "canonical.key"),
    ({None: 1}, "canonical.key"),
    ({"A": 1}, "canonical.key"),
    ({"a": {"": 1}}, "canonical.key"),
    ({"a\n": 1}, "canonical.key"),
    ({"a\ud800": 1}, "canonical.key"),
    ({"a": "\ud800"}, "canonical.forbidden-character"),
    ({"a": "x" * 4097}, "canonical.too-long"),
    ({"a": [0] * 1025}, "canonical.too-long"),
    ({"a": ["x" * 4000] * 20}, "canonical.too-large"),
    ({"a": json.loads("[" * 16 + "]" * 16)}, "canonical.too-deep"),
    (circle(), "canonical.too-deep"),
    ({"a": (1, 2)}, "canonical.type"),
    ({"a": {1, 2}}, "canonical.type"),
    ({"a": b"bytes"}, "canonical.type"),
    ({"a": object()}, "canonical.type"),
    ({"a": Lot(1)}, "canonical.type"),
    ({"a": Structure(1)}, "canonical.type"),
    ({"a": Colour.RED}, "canonical.type"),
    ({"a": Text("x")}, "canonical.type"),
    ({"a": Number(1)}, "canonical.type"),
    ({"a": decimal.Decimal("1.5")}, "canonical.type"),
    ({"a": uuid.UUID(int=0)}, "canonical.type"),
    ({"a": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)}, "canonical.type"),
    ({"a": msgspec.Raw(b'{"b":1}')}, "canonical.type"),
    ({"a": msgspec.Raw(b"\xff")}, "canonical.type"),
    ({"a": msgspec.UNSET}, "canonical.type"),
]


@pytest.mark.parametrize(
    ("value", "code"), NOT_SPELLED, ids=lambda v: f"{v!r}"[:40] if isinstance(v, str) else ""
)
def test_a_value_without_a_spelling_is_refused_by_name(value: Any, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        canonical.encode(value)
    assert caught.value.code == code


def test_a_refused_value_is_named_by_its_type() -> None:
    with pytest.raises(MalformedError, match="tuple"):
        canonical.encode({"a": [(1, 2)]})


def test_a_foreign_type_that_passes_for_a_value_is_refused() -> None:
    """Nothing is wrong with the bytes; but what is read back would not be what was given."""

    class Sly(dict[str, Any]):
        __hash__ = None  # type: ignore[assignment]

        def __eq__(self, other: object) -> bool:
            return False

    with pytest.raises(MalformedError) as caught:
        canonical.encode(Sly(a=1))
    assert caught.value.code == "canonical.type"


def test_the_memory_of_good_keys_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canonical, "_good_keys", set())
    monkeypatch.setattr(canonical, "_MAX_GOOD_KEYS", 3)
    for key in "abcdefgh":
        canonical.check(b'{"%s":{"%s_x":1}}' % (key.encode(), key.encode()))
        assert refusal(b'{"%s":{"%sX":1}}' % (key.encode(), key.encode())) == "canonical.key"
    assert len(canonical._good_keys) == 3


def test_messages_name_what_is_wrong_and_where() -> None:
    def message(data: bytes) -> str:
        with pytest.raises(MalformedError) as caught:
            canonical.decode(data)
        return str(caught.value)

    assert "byte 5" in message(b'{"a": 1}')
    assert "byte 7" in message(b'{"a":1}\n')
    assert "U+200E" in message('{"a":"\u200e"}'.encode())
    assert "'B'" in message(b'{"B":1}')


# ---------------------------------------------------------------- anything at all

keys = st.from_regex(r"\A[a-z][a-z0-9_]{0,6}\Z")
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
numbers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=12,
)
objects = st.dictionaries(keys, values, max_size=6)

almost_keys = st.one_of(keys, st.text(max_size=3))
almost_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(almost_keys, inner, max_size=4),
    max_leaves=12,
)


def accepted(data: bytes) -> bool:
    try:
        canonical.check(data)
    except MalformedError:
        return False
    return True


@given(objects)
def test_a_value_that_is_spelled_reads_back_as_itself(value: dict[str, Any]) -> None:
    try:
        data = canonical.encode(value)
    except MalformedError as error:
        assert error.code == "canonical.forbidden-character"
    else:
        assert canonical.decode(data) == value
        assert reference.is_canonical(data)
        assert json.loads(data) == value


@given(almost_values, st.booleans(), st.sampled_from([(",", ":"), (", ", ":"), (",", ": ")]))
def test_json_is_judged_as_by_the_slow_twin(
    value: Any, ascii_only: bool, separators: tuple[str, str]
) -> None:
    text = json.dumps(value, sort_keys=True, ensure_ascii=ascii_only, separators=separators)
    data = text.encode("utf-8", "surrogatepass")
    assert accepted(data) == reference.is_canonical(data)


@settings(max_examples=500)
@given(st.data())
def test_changed_bytes_are_judged_as_by_the_slow_twin(data: Any) -> None:
    changed = bytearray(SPELLED)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(changed) - 1))
        what = data.draw(st.sampled_from([b'"', b"\\", b"{", b"}", b"[", b",", b":", b"null", b"1",
                                          b".", b"e", b" ", b"A", b"-", b"\x7f", b"\xe2\x80\x8e", b""]))  # fmt: skip  # noqa: E501
        changed[at : at + data.draw(st.integers(0, 2))] = what
    assert accepted(bytes(changed)) == reference.is_canonical(bytes(changed))


@given(st.binary(max_size=60))
@example(b'{"a":"\xc3"b"\xa9"}')
@example(b'{"a":"\xc3","b":"\xa9"}')
def test_any_bytes_are_judged_as_by_the_slow_twin(data: bytes) -> None:
    assert accepted(data) == reference.is_canonical(data)
    wrapped = b'{"a":' + data + b"}"
    assert accepted(wrapped) == reference.is_canonical(wrapped)


@given(objects.map(lambda value: json.dumps(value, sort_keys=True)))
def test_the_quick_road_agrees_with_the_careful_one(text: str) -> None:
    compact = json.dumps(
        json.loads(text), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    for data in (text.encode(), compact.encode()):
        quick = canonical._quick(data)
        if quick is not None:
            assert canonical._careful(data) == quick


def large(kind: str, count: int) -> bytes:
    """So many items, members or bytes in one string, in more bytes than are short."""
    value: dict[str, Any] = {
        "items": {"a": ["x" * 2048, *range(count - 1)]},
        "members": {"a": "x" * 2048, **{f"k{i:04}": 0 for i in range(count - 1)}},
        "string": {"a": "x" * 2048, "b": "é" * (count // 2) + "x" * (count % 2)},
    }[kind]
    return spelled(value).encode()


@pytest.mark.parametrize(
    ("kind", "limit"), [("items", 1024), ("members", 512), ("string", 4096), ("items", 512)]
)
@pytest.mark.parametrize("beyond", [-2, -1, 0, 1, 2])
def test_both_roads_agree_around_each_limit_of_large_values(
    kind: str, limit: int, beyond: int
) -> None:
    data = large(kind, limit + beyond)
    assert accepted(data) == reference.is_canonical(data)
    if canonical._quick(data) is not None:
        assert canonical._careful(data) == canonical._quick(data)
    if canonical.plain(data) and kind != "members":
        assert canonical._careful(data)


def test_large_plain_values_take_the_quick_road() -> None:
    data = spelled({"after": [f"{i:064x}" for i in range(200)]}).encode()
    assert canonical._quick(data) == canonical._careful(data)


def test_no_single_byte_of_the_example_can_change_its_spelling_unnoticed() -> None:
    for data in changes(SPELLED):
        if accepted(data):
            assert canonical.encode(canonical.decode(data)) == data != SPELLED


def changes(data: bytes) -> Iterator[bytes]:
    for at in range(len(data)):
        yield data[:at] + data[at + 1 :]
        yield data[:at] + data[at : at + 1] + data[at:]
        for bit in range(8):
            yield data[:at] + bytes([data[at] ^ 1 << bit]) + data[at + 1 :]
