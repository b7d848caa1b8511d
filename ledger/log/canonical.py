"""Canonical JSON: one value has one spelling.

    {"after":["2c26..."],"by":"mine-1","mass_mg":25000000,"type":"lot.extracted"}

An object at the top; objects, arrays, strings, booleans and integers inside; no
space between tokens, members sorted by key, no floats and no null (what is
absent is left out). Bytes are accepted only if encoding what they decode to
gives the same bytes, so received bytes can be hashed, signed and shown as they
are. What is accepted here is also valid output of RFC 8785 (JCS).

Two roads lead to the same verdict. `_quick` proves that bytes are canonical with
a handful of C calls; it may only say "yes" or "not proven". `_careful` decides
everything else, step by step, and names what is wrong:

    code                            what is wrong
    canonical.too-large             more than 65,535 bytes
    canonical.not-utf8              not UTF-8
    canonical.too-deep              more than 16 objects and arrays inside each other
    canonical.not-json              not JSON
    canonical.not-an-object         the top is not an object
    canonical.null                  a null
    canonical.number                a float, or an integer beyond 2^53-1
    canonical.key                   a key that is not [a-z][a-z0-9_]{0,63}
    canonical.forbidden-character   an invisible or direction-changing character
    canonical.too-long              a string, array or object over its limit
    canonical.not-canonical         another spelling of an acceptable value
    canonical.type                  (encode only) a value that JSON has no word for
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from ..errors import MalformedError

__all__ = [
    "MAX_DEPTH",
    "MAX_ENTRY",
    "MAX_INTEGER",
    "MAX_ITEMS",
    "MAX_MEMBERS",
    "MAX_STRING",
    "check",
    "decode",
    "encode",
    "plain",
]

MAX_ENTRY = 65_535
"""Bytes in one value: what the 16-bit length prefix of C2SP entry bundles can say."""
MAX_DEPTH = 16
"""Objects and arrays inside each other, the top object included."""
MAX_MEMBERS = 512
"""Members in one object."""
MAX_ITEMS = 1_024
"""Items in one array."""
MAX_STRING = 4_096
"""Bytes of UTF-8 in one string, before escaping."""
MAX_INTEGER = 2**53 - 1
"""Largest magnitude of an integer: every JSON reader holds it exactly (RFC 8785, I-JSON)."""

_KEY = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)

# Fixed ranges, not Unicode properties: validity must not change with a table's version.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e-\u200f\u2028-\u2029\u202a-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff\ufdd0-\ufdef"
    + "".join(
        f"{chr(plane + 0xFFFE)}-{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000)
    )
    + "]"
)

# A whole string, or one that never ends: what a parser would not look inside for brackets.
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(byte for byte in range(256) if byte not in b"{}[]")

_ASCII = bytes(range(128))

_ENCODER = msgspec.json.Encoder(order="sorted")
_DECODER: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def _objects(layers: int) -> Any:
    """The type of an object with at most so many arrays and objects inside each other in it."""
    integer = Annotated[int, msgspec.Meta(ge=-MAX_INTEGER, le=MAX_INTEGER)]
    scalar: Any = bool | integer | str
    kind = scalar
    for _ in range(layers):
        kind = scalar | list.__class_getitem__(kind) | dict.__class_getitem__((str, kind))
    return dict.__class_getitem__((str, kind))


# Knows no null and no float, and stops at the fifth layer without recursing into it.
_SHALLOW: msgspec.json.Decoder[dict[str, Any]] = msgspec.json.Decoder(_objects(3))
# Too short to break a limit on members, items or string bytes.
_SHORT = 2 * MAX_ITEMS

# Keys met before and found good; a log has a few dozen. Bounded, so that nobody can fill memory.
_good_keys: set[str] = set()
_MAX_GOOD_KEYS = 4_096


def decode(data: bytes) -> dict[str, Any]:
    """Read canonical bytes; `MalformedError` says how they are not canonical."""
    value = _quick(data)
    return _careful(data) if value is None else value


def check(data: bytes) -> None:
    """Refuse bytes that `decode` refuses, with the same error."""
    decode(data)


def encode(value: dict[str, Any]) -> bytes:
    """Spell a value; `MalformedError` if it has no spelling here.

    Whatever this returns, `decode` reads back as an equal value.
    """
    try:
        data = _ENCODER.encode(value)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        _walk(value)
        raise MalformedError(f"not a value of JSON: {error}", code="canonical.type") from error
    if not isinstance(value, dict):
        raise MalformedError(
            f"the top is {_kind(value)}, not an object", code="canonical.not-an-object"
        )
    try:
        same = bool(decode(data) == value)
    except MalformedError:
        _walk(value)
        raise
    if not same:
        _walk(value)
        raise MalformedError("a value that does not read back as itself", code="canonical.type")
    return data


def plain(data: bytes) -> bool:
    """Whether bytes that a strict parser takes break no limit and hold no forbidden character.

    True for text without an escape, if it is short or a count shows that it has room. Whoever
    then decodes them into a type with nothing but bounded integers, strings, tuples and objects
    of known fields, and encodes the value to the same bytes, has shown all that `check` shows.
    False proves nothing.
    """
    if type(data) is not bytes or b"\\" in data or b"\x7f" in data:
        return False
    if len(data) > _SHORT and not _within(data, MAX_ITEMS):
        return False
    if data.isascii():
        return True
    try:
        # With the ASCII left out, what remains of UTF-8 is UTF-8, and mostly nothing.
        return not _FORBIDDEN.search(str(data.translate(None, _ASCII), "utf-8"))
    except UnicodeDecodeError:
        return False


def _within(data: bytes, items: int) -> bool:
    """Whether a count shows that no array has more than so many items, and no string is too long.

    So many items are parted by one comma less, and without an escape every string is one of
    the pieces that the quotes cut the bytes into.
    """
    return (
        len(data) <= MAX_ENTRY
        and data.count(b",") < items
        and max(map(len, data.split(b'"'))) <= MAX_STRING
    )


def _quick(data: bytes) -> dict[str, Any] | None:
    """The value, if a few cheap tests prove the bytes canonical; None proves nothing.

    A backslash is left to `_careful`: without one, every quote in the bytes
    begins or ends a string, and no escape can hide a forbidden character.
    """
    # An object may have fewer members than an array items, and its keys are anybody's here.
    if not plain(data) or (len(data) > _SHORT and not _within(data, MAX_MEMBERS)):
        return None
    try:
        value = _SHALLOW.decode(data)
    except ValueError:
        return None
    if _ENCODER.encode(value) != data:
        return None
    # A brace inside a string costs a needless look inside, never a missed object.
    return value if _keys_are_good(value, nested=data.count(b"{") > 1) else None


def _keys_are_good(value: dict[str, Any], *, nested: bool) -> bool:
    """Whether the object, and if `nested` every object in it, has good keys only."""
    todo: list[Any] = [value]
    for each in todo:  # grows while it is read
        if type(each) is dict:
            if not _good_keys.issuperset(each) and not _learn(each):
                return False
            if not nested:
                return True
            each = each.values()  # noqa: PLW2901
        for inner in each:
            kind = type(inner)
            if kind is dict or kind is list:
                todo.append(inner)
    return True


def _learn(keys: dict[str, Any]) -> bool:
    """Whether all the keys are good; if so, remember them."""
    if not all(map(_KEY.fullmatch, keys)):
        return False
    if len(_good_keys) + len(keys) <= _MAX_GOOD_KEYS:
        _good_keys.update(keys)
    return True


def _careful(data: bytes) -> dict[str, Any]:
    """The value of any canonical bytes, or the error that names what is wrong."""
    if type(data) is not bytes:
        raise MalformedError(f"{_kind(data)} is not bytes", code="canonical.type")
    if len(data) > MAX_ENTRY:
        raise MalformedError(
            f"{len(data)} bytes, over the limit of {MAX_ENTRY}", code="canonical.too-large"
        )
    try:
        str(data, "utf-8")
    except UnicodeDecodeError as error:
        raise MalformedError(
            f"not UTF-8 at byte {error.start}", code="canonical.not-utf8"
        ) from error
    depth = _depth(data)
    if depth > MAX_DEPTH:
        raise _too_deep()
    try:
        value = _DECODER.decode(data)
    except ValueError as error:
        code = "canonical.number" if "out of range" in str(error) else "canonical.not-json"
        raise MalformedError(f"not JSON: {str(error).lower()}", code=code) from error
    if not isinstance(value, dict):
        raise MalformedError(
            f"the top is {_kind(value)}, not an object", code="canonical.not-an-object"
        )
    _walk(value)
    again = _ENCODER.encode(value)
    if again != data:
        at = next((i for i, (a, b) in enumerate(zip(data, again, strict=False)) if a != b), None)
        where = min(len(data), len(again)) if at is None else at
        raise MalformedError(
            f"not the canonical spelling: differs at byte {where}, "
            f"{data[where : where + 8]!r} instead of {again[where : where + 8]!r}",
            code="canonical.not-canonical",
        )
    return value


def _depth(data: bytes) -> int:
    """Objects and arrays inside each other, found without recursion and before any parser."""
    openers = data.count(b"{") + data.count(b"[")
    if openers <= MAX_DEPTH:
        return openers
    depth = deepest = 0
    for byte in _STRING.sub(b"", data).translate(None, _NO_BRACKETS):
        if byte in b"{[":
            depth += 1
            deepest = max(deepest, depth)
        else:
            depth -= 1
    return deepest


def _walk(value: object, depth: int = 0) -> None:
    """Refuse a value that breaks a rule of content, in the order in which it is written."""
    if isinstance(value, str):
        _check_string(value)
    elif isinstance(value, bool):
        pass
    elif isinstance(value, int):
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise MalformedError(
                f"an integer of {value.bit_length()} bits, beyond {MAX_INTEGER}",
                code="canonical.number",
            )
    elif isinstance(value, dict):
        _check_room(depth, len(value), MAX_MEMBERS, "members in an object")
        for key, member in value.items():
            if not isinstance(key, str) or not _KEY.fullmatch(key):
                said = repr(key[:80]) if isinstance(key, str) else _kind(key)
                raise MalformedError(
                    f"key {said} is not [a-z][a-z0-9_]{{0,63}}", code="canonical.key"
                )
            _walk(member, depth + 1)
    elif isinstance(value, list):
        _check_room(depth, len(value), MAX_ITEMS, "items in an array")
        for item in value:
            _walk(item, depth + 1)
    elif value is None:
        raise MalformedError("null: what is absent is left out", code="canonical.null")
    elif isinstance(value, float):
        raise MalformedError(f"{value!r} is not an integer", code="canonical.number")
    else:
        raise MalformedError(f"{_kind(value)} has no word in JSON", code="canonical.type")


def _check_string(text: str) -> None:
    plain = text.isascii() and text.isprintable()  # U+0020 to U+007E
    found = None if plain else _FORBIDDEN.search(text)
    if found:
        raise MalformedError(
            f"character U+{ord(found[0]):04X} at {found.start()} of a string",
            code="canonical.forbidden-character",
        )
    size = len(text.encode())
    if size > MAX_STRING:
        raise MalformedError(
            f"{size} bytes in a string, over the limit of {MAX_STRING}", code="canonical.too-long"
        )


def _check_room(depth: int, count: int, limit: int, what: str) -> None:
    if depth >= MAX_DEPTH:
        raise _too_deep()
    if count > limit:
        raise MalformedError(
            f"{count} {what}, over the limit of {limit}", code="canonical.too-long"
        )


def _too_deep() -> MalformedError:
    return MalformedError(
        f"objects and arrays more than {MAX_DEPTH} inside each other", code="canonical.too-deep"
    )


def _kind(value: object) -> str:
    return f"a value of type {type(value).__name__}"
