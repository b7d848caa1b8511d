"""Signed notes: what is one, who vouches for it, and what is only nearly one."""

from __future__ import annotations

import base64
import re
from hashlib import sha256
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError, SignatureError
from ledger.log import ed25519, note

TEXT = "oretrail/statement/v1\nledger 00\n\nand a line after an empty one\n"
MINE = note.Signer("mine-1", bytes([1]) * 32)
SMELTER = note.Signer("smelter.example/gate-2", bytes([2]) * 32)
STRANGER = note.Signer("mine-1", bytes([3]) * 32)
SIGNED = note.sign(TEXT, MINE, SMELTER)

# The check vector of C2SP signed-note v1.0.0.
C2SP_VKEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_TEXT = "This is an example message.\n"
C2SP_LINE = (
    "— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    "RKuwHjG1Yu72IneyaQM=\n"
)
C2SP_NOTE = f"{C2SP_TEXT}\n{C2SP_LINE}".encode()


def line(name: str, blob: bytes) -> bytes:
    return f"— {name} {base64.b64encode(blob).decode()}\n".encode()


def unknown(index: int) -> bytes:
    return line(f"unknown-{index}", bytes([index]) * 68)


def malformed(data: Any) -> None:
    for read in (note.parse, lambda given: note.open(given, [MINE.verifier])):
        with pytest.raises(MalformedError) as caught:
            read(data)
        assert caught.value.code == "note.malformed"


def unsigned(data: bytes, *verifiers: note.VerifiesNotes, code: str = "signature.wrong") -> None:
    with pytest.raises(SignatureError) as caught:
        note.open(data, verifiers)
    assert caught.value.code == code


# ---------------------------------------------------------------- the form


def test_the_check_vector_of_c2sp_opens() -> None:
    verifier = note.Verifier.parse(C2SP_VKEY)
    opened = note.open(C2SP_NOTE, [verifier])
    assert opened.text == C2SP_TEXT
    assert [each.name for each in opened.signatures] == ["example.com/foo"]
    assert verifier.vkey == C2SP_VKEY
    assert verifier.key_id == bytes.fromhex("530d903a")


def test_a_note_is_its_text_an_empty_line_and_a_line_for_each_signature() -> None:
    key_id = sha256(b"mine-1\n\x01" + MINE.verifier.public_key).digest()[:4]
    blob = key_id + ed25519.sign(bytes([1]) * 32, TEXT.encode())
    assert note.sign(TEXT, MINE) == TEXT.encode() + b"\n" + line("mine-1", blob)


def test_a_parsed_note_has_every_signature_and_an_opened_one_the_verified() -> None:
    parsed = note.parse(SIGNED)
    assert parsed.text == TEXT
    assert [each.name for each in parsed.signatures] == [MINE.name, SMELTER.name]
    opened = note.open(SIGNED, [SMELTER.verifier])
    assert opened.text == TEXT
    assert opened.signatures == parsed.signatures[1:]
    assert [each.line for each in parsed.signatures] == SIGNED.decode().splitlines()[-2:]


GOOD = note.sign("text\n", MINE)
LINE = GOOD.removeprefix(b"text\n\n")
MALFORMED: dict[str, bytes] = {
    "nothing": b"",
    "a newline": b"\n",
    "a text without a signature": b"text\n",
    "an empty line and no signature": b"text\n\n",
    "no empty line": b"text\n" + LINE,
    "no text": b"\n" + LINE,
    "no final newline": GOOD[:-1],
    "an empty line at the end": GOOD + b"\n",
    "an empty line among the signatures": GOOD + b"\n" + LINE[:-1],
    "a byte order mark for a signature": GOOD + b"\xef\xbb\xbf" + LINE,
    "carriage returns": GOOD.replace(b"\n", b"\r\n"),
    "a carriage return in the text": note.sign("te xt\n", MINE).replace(b" x", b"\rx"),
    "a tab in the text": b"te\txt\n\n" + LINE,
    "a nought in the text": b"te\x00xt\n\n" + LINE,
    "a vertical tab instead of a newline": GOOD[:-1] + b"\x0b" + LINE,
    "latin-1 in the text": b"t\xe9xt\n\n" + LINE,
    "a surrogate in the text": b"t\xed\xa0\x80xt\n\n" + LINE,
    "latin-1 in a name": GOOD + line("a", bytes(68)).replace(b" a ", b" \xe9 "),
    "junk among the signatures": GOOD + b"junk\n",
    "junk before a signature": GOOD + b"junk" + LINE,
    "a hyphen for the dash": GOOD.replace("—".encode(), b"-"),
    "two spaces after the dash": GOOD.replace("— ".encode(), "—  ".encode()),
    "no space after the dash": GOOD.replace("— ".encode(), "—".encode()),
    "a space at the end of the line": GOOD[:-1] + b" \n",
    "a no-break space after the name": GOOD.replace(b"mine-1 ", "mine-1\u00a0".encode()),
    "no name": GOOD.replace(b"mine-1 ", b""),
    "an empty name": GOOD.replace(b"mine-1", b""),
    "a plus sign in a name": GOOD.replace(b"mine-1", b"mine+1"),
    "a space in a name": GOOD.replace(b"mine-1", b"mine 1"),
    "an ideographic space in a name": GOOD.replace(b"mine-1", "mine\u30001".encode()),
    "a line separator in a name": GOOD.replace(b"mine-1", "mine\u20281".encode()),
    "a next-line character in a name": GOOD.replace(b"mine-1", "mine\u00851".encode()),
    "a delete character in a name": GOOD.replace(b"mine-1", b"mine\x7f1"),
    "base64 without padding": GOOD.replace(b"=", b""),
    "base64 with a pad too many": GOOD[:-1] + b"=\n",
    "base64 for the web": b"text\n\n" + line("mine-1", b"\xff" * 68).replace(b"/", b"_"),
    "base64 with other last bits": b"text\n\n" + line("a", bytes(68)).replace(b"AA=", b"AB="),
    "base64 of a length that does not exist": b"text\n\n\xe2\x80\x94 a AAAAA\n",
    "a key id without a signature": b"text\n\n" + line("a", bytes(4)),
    "a key id cut short": b"text\n\n" + line("a", bytes(3)),
    "101 signatures": GOOD + b"".join(map(unknown, range(100))),
    "more than 64 KiB": note.sign("x" * 65_000 + "\n", MINE) + line("a", bytes(600)),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED.keys())
def test_what_is_nearly_a_note_is_no_note(data: bytes) -> None:
    malformed(data)


@pytest.mark.parametrize("data", [None, "text", 0, bytearray(GOOD), [GOOD], memoryview(GOOD)])
def test_a_note_is_bytes(data: Any) -> None:
    malformed(data)


def test_a_note_may_be_as_large_as_64_kib_and_no_larger() -> None:
    room = note.MAX_NOTE - len(GOOD) + len("text")
    assert len(note.sign("x" * room + "\n", MINE)) == note.MAX_NOTE
    with pytest.raises(MalformedError) as caught:
        note.sign("x" * room + "x\n", MINE)
    assert caught.value.code == "note.malformed"


@pytest.mark.parametrize("count", [16, 17, 100])
def test_many_signatures_pass(count: int) -> None:
    data = GOOD + b"".join(map(unknown, range(count - 1)))
    assert len(note.parse(data).signatures) == count
    assert len(note.open(data, [MINE.verifier]).signatures) == 1


def test_a_text_may_hold_empty_lines_and_whole_notes() -> None:
    for text in ("\n", "a\n\n\n\nb\n\n", GOOD.decode(), GOOD.decode() + "\n", "\u0080\u2028é\n"):
        assert note.open(note.sign(text, MINE), [MINE.verifier]).text == text


def test_a_post_quantum_signature_of_an_unknown_key_passes() -> None:
    data = GOOD + line("witness.example", bytes(4 + 8 + 4627))
    assert note.open(data, [MINE.verifier]).text == "text\n"


# ---------------------------------------------------------------- who vouches


def test_a_note_by_strangers_only_is_refused() -> None:
    unsigned(SIGNED, STRANGER.verifier, code="note.no-known-signature")
    unsigned(SIGNED, code="note.no-known-signature")


def test_an_unknown_signature_is_ignored_even_under_a_known_name_or_a_known_id() -> None:
    same_name = line("mine-1", b"\x00\x00\x00\x00" + bytes(64))
    same_id = line("mine-2", MINE.key_id + bytes(64))
    assert len(note.open(GOOD + same_name + same_id, [MINE.verifier]).signatures) == 1


def test_a_wrong_signature_by_a_known_key_refuses_the_whole_note() -> None:
    wrong = line("smelter.example/gate-2", SMELTER.key_id + bytes(32) + b"\x01" + bytes(31))
    assert note.open(GOOD + wrong, [MINE.verifier]).text == "text\n"
    unsigned(GOOD + wrong, MINE.verifier, SMELTER.verifier, code="signature.small-order")
    swapped = line("smelter.example/gate-2", SMELTER.key_id + MINE.sign(b"text\n"))
    unsigned(GOOD + swapped, MINE.verifier, SMELTER.verifier)


def test_a_signature_of_another_length_by_a_known_key_refuses_the_note() -> None:
    for size in (1, 63, 65, 72):
        data = b"text\n\n" + line("mine-1", MINE.key_id + bytes(size))
        unsigned(data, MINE.verifier, code="signature.length")


def test_every_character_of_the_text_is_signed() -> None:
    for at in range(len(TEXT) - 1):
        other = "X" if TEXT[at] != "X" else "Y"
        data = SIGNED.replace(TEXT.encode(), (TEXT[:at] + other + TEXT[at + 1 :]).encode())
        unsigned(data, MINE.verifier)


def test_no_flipped_bit_of_a_note_goes_unnoticed() -> None:
    for bit in range(len(GOOD) * 8):
        changed = bytearray(GOOD)
        changed[bit // 8] ^= 1 << bit % 8
        with pytest.raises((MalformedError, SignatureError)):
            note.open(bytes(changed), [MINE.verifier])


def test_the_same_signature_twice_counts_once_and_each_line_must_verify() -> None:
    assert len(note.parse(GOOD + LINE).signatures) == 2
    assert len(note.open(GOOD + LINE, [MINE.verifier]).signatures) == 1
    unsigned(GOOD + line("mine-1", MINE.key_id + MINE.sign(b"other")), MINE.verifier)


def test_two_keys_of_one_name_and_id_are_not_told_apart_by_guessing() -> None:
    class Twin:
        name, key_id, kind = MINE.name, MINE.key_id, note.ED25519

        def verify(self, message: bytes, blob: bytes) -> None:
            """Believe anything."""

    unsigned(GOOD, MINE.verifier, Twin(), code="note.ambiguous-key")
    assert note.open(GOOD, [MINE.verifier, note.Verifier.parse(MINE.verifier.vkey)])


def test_a_cosignature_is_over_a_time_and_the_text() -> None:
    """C2SP tlog-cosignature v1.0.1: kind 4, eight bytes of time before the signature."""
    seed = bytes([4]) * 32
    witness = note.Verifier.of("witness.example", ed25519.public_key(seed), note.COSIGNATURE)
    time = 1_700_000_000
    message = b"cosignature/v1\ntime 1700000000\ntext\n"
    blob = time.to_bytes(8, "big") + ed25519.sign(seed, message)
    data = GOOD + line(witness.name, witness.key_id + blob)
    assert len(note.open(data, [witness]).signatures) == 1
    assert note.Verifier.parse(witness.vkey) == witness

    later = (time + 1).to_bytes(8, "big") + blob[8:]
    unsigned(GOOD + line(witness.name, witness.key_id + later), witness)
    for bad in (blob[:-1], blob + b"\0", blob[8:], (2**63).to_bytes(8, "big") + blob[8:]):
        data = GOOD + line(witness.name, witness.key_id + bad)
        unsigned(data, witness, code="signature.length")
    plain = note.Verifier.of("witness.example", ed25519.public_key(seed))
    assert plain.key_id != witness.key_id


# ---------------------------------------------------------------- signing


def test_a_note_grows_by_a_line_when_another_signs() -> None:
    assert note.add(note.sign(TEXT, MINE), SMELTER) == SIGNED
    again = note.add(SIGNED + unknown(7), STRANGER)
    assert again.startswith(SIGNED + unknown(7))
    assert len(note.open(again, [MINE.verifier, STRANGER.verifier]).signatures) == 2


def test_nobody_signs_twice() -> None:
    for sign in (lambda: note.add(SIGNED, SMELTER), lambda: note.sign(TEXT, MINE, MINE)):
        with pytest.raises(MalformedError) as caught:
            sign()
        assert caught.value.code == "note.duplicate-signature"


@pytest.mark.parametrize(
    "text",
    ["", "no newline", "a\n\nno newline", "tab\t\n", "cr\r\n", "\x00\n", "\ud800\n",
     "text\n\n" + LINE.decode()[:-1]],
)  # fmt: skip
def test_a_text_that_no_note_can_hold_is_not_signed(text: str) -> None:
    with pytest.raises(MalformedError) as caught:
        note.sign(text, MINE)
    assert caught.value.code == "note.malformed"


def test_a_note_without_a_signer_is_not_made() -> None:
    with pytest.raises(MalformedError) as caught:
        note.sign(TEXT)
    assert caught.value.code == "note.malformed"


def test_the_101st_signature_is_not_added() -> None:
    full = GOOD + b"".join(map(unknown, range(99)))
    with pytest.raises(MalformedError) as caught:
        note.add(full, SMELTER)
    assert caught.value.code == "note.malformed"


@pytest.mark.parametrize(
    ("name", "key_id", "blob"),
    [("a b", bytes(4), bytes(64)), ("a", bytes(3), bytes(64)), ("a", bytes(4), b"")],
)
def test_a_device_that_signs_nonsense_makes_no_note(name: str, key_id: bytes, blob: bytes) -> None:
    class Device:
        def sign(self, message: bytes) -> bytes:
            return blob

    device: Any = Device()
    device.name, device.key_id = name, key_id
    with pytest.raises(MalformedError) as caught:
        note.sign(TEXT, device)
    assert caught.value.code == "note.malformed"


# ---------------------------------------------------------------- keys as text


def test_a_key_reads_back_from_its_text() -> None:
    assert note.Verifier.parse(MINE.verifier.vkey) == MINE.verifier
    again = note.Signer.parse(MINE.skey)
    assert (again.verifier, again.skey) == (MINE.verifier, MINE.skey)
    assert again.sign(b"x") == MINE.sign(b"x")
    assert again.seed == bytes([1]) * 32
    assert re.fullmatch(r"PRIVATE\+KEY\+mine-1\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}", MINE.skey)


def test_a_key_may_hold_a_plus_sign_in_its_base64() -> None:
    signers = (note.Signer("a", bytes([i]) * 32) for i in range(200))
    with_plus = next(s for s in signers if s.verifier.vkey.count("+") > 2)
    assert note.Verifier.parse(with_plus.verifier.vkey) == with_plus.verifier
    with_plus = next(
        s for i in range(250) for s in [note.Signer("a", bytes([i]) * 32)] if s.skey.count("+") > 4
    )
    assert note.Signer.parse(with_plus.skey).verifier == with_plus.verifier


def test_a_signer_does_not_print_its_secret() -> None:
    assert repr(MINE) == f"Signer({MINE.verifier.vkey!r})"
    assert MINE.skey.rpartition("+")[2] not in repr(MINE)


VKEY = MINE.verifier.vkey
NAME, ID, KEY = VKEY.split("+", 2)
RAW = base64.b64decode(KEY)


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


BAD_VKEYS: dict[str, tuple[Any, str]] = {
    "nothing": ("", "key.malformed"),
    "not text": (VKEY.encode(), "key.malformed"),
    "no id": (f"{NAME}+{KEY}", "key.malformed"),
    "no name": (f"+{ID}+{KEY}", "key.malformed"),
    "a space in the name": (f"a b+{ID}+{KEY}", "key.malformed"),
    "a capital in the id": (f"{NAME}+{ID[:7]}A+{KEY}", "key.malformed"),
    "a short id": (f"{NAME}+{ID[:7]}+{KEY}", "key.malformed"),
    "another id": (f"{NAME}+00000000+{KEY}", "key.id"),
    "another name": (f"mine-2+{ID}+{KEY}", "key.id"),
    "a newline at the end": (VKEY + "\n", "key.malformed"),
    "a key of 31 bytes": (f"{NAME}+{ID}+{b64(RAW[:32])}", "key.malformed"),
    "a key of 33 bytes": (f"{NAME}+{ID}+{b64(RAW + bytes(1))}", "key.malformed"),
    "base64 without end": (f"{NAME}+{ID}+{KEY}A", "key.malformed"),
    "another kind": (f"{NAME}+{ID}+{b64(bytes([2]) + RAW[1:])}", "key.kind"),
    "a witness's kind under this id": (f"{NAME}+{ID}+{b64(bytes([4]) + RAW[1:])}", "key.id"),
}


@pytest.mark.parametrize(("vkey", "code"), BAD_VKEYS.values(), ids=BAD_VKEYS.keys())
def test_what_is_nearly_a_vkey_is_none(vkey: Any, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        note.Verifier.parse(vkey)
    assert caught.value.code == code


def test_a_weak_key_verifies_nothing_because_it_is_not_admitted() -> None:
    weak = b"\x01" + bytes(31)
    for make in (
        lambda: note.Verifier.of("a", weak),
        lambda: note.Verifier("a", bytes(4), weak),
        lambda: note.key_id("a", weak),
    ):
        with pytest.raises(SignatureError) as caught:
            make()
        assert caught.value.code == "key.small-order"


@pytest.mark.parametrize("kind", [0, 2, 3, 5, 6, 255, 256, -1, True, 1.0, None])
def test_a_key_is_of_a_kind_that_can_be_checked(kind: Any) -> None:
    key = MINE.verifier
    with pytest.raises(MalformedError) as caught:
        note.Verifier(key.name, key.key_id, key.public_key, kind)
    assert caught.value.code == "key.kind"
    with pytest.raises(MalformedError) as caught:
        note.Verifier.of(key.name, key.public_key, kind)
    assert caught.value.code == "key.kind"


BAD_SKEYS: dict[str, tuple[Any, str]] = {
    "nothing": ("", "key.malformed"),
    "a vkey": (VKEY, "key.malformed"),
    "not text": (None, "key.malformed"),
    "another id": (MINE.skey.replace(ID, "00000000"), "key.id"),
    "another kind": (f"PRIVATE+KEY+{NAME}+{ID}+{b64(bytes([4]) + bytes(32))}", "key.kind"),
    "a seed of 31 bytes": (
        f"PRIVATE+KEY+{NAME}+{ID}+{b64(bytes([1]) + bytes(31))}",
        "key.malformed",
    ),
}


@pytest.mark.parametrize(("skey", "code"), BAD_SKEYS.values(), ids=BAD_SKEYS.keys())
def test_what_is_nearly_a_private_key_is_none(skey: Any, code: str) -> None:
    with pytest.raises(MalformedError) as caught:
        note.Signer.parse(skey)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a+b", "a\n", "\ta", "a\u00a0b", "\u2003", "a\x7f", "\ud800", None, 1]
)
def test_what_cannot_stand_in_a_line_names_no_key(name: Any) -> None:
    for make in (
        lambda: note.check_name(name),
        lambda: note.Signer(name, bytes(32)),
        lambda: note.Verifier.of(name, MINE.verifier.public_key),
        lambda: note.Verifier(name, bytes(4), MINE.verifier.public_key),
    ):
        with pytest.raises(MalformedError) as caught:
            make()
        assert caught.value.code == "key.name"


@pytest.mark.parametrize("name", ["a", "example.com/foo", "é", "矿-1/dévice", "—", "A_b:c.d"])
def test_what_can_stand_in_a_line_names_a_key(name: str) -> None:
    signer = note.Signer(name, bytes(32))
    assert note.open(note.sign(TEXT, signer), [note.Verifier.parse(signer.verifier.vkey)])


# ---------------------------------------------------------------- anything at all


@given(st.binary(max_size=200))
def test_any_bytes_are_a_note_or_are_refused(data: bytes) -> None:
    for whole in (
        data,
        data + b"\n\n" + LINE,
        b"text\n\n\xe2\x80\x94 " + data + b"\n",
        GOOD + data,
    ):
        try:
            parsed = note.parse(whole)
        except MalformedError:
            continue
        spelled = parsed.text + "\n" + "".join(each.line + "\n" for each in parsed.signatures)
        assert spelled.encode() == whole


@given(st.text(max_size=80))
def test_any_text_is_a_key_or_is_refused(text: str) -> None:
    for vkey in (text, f"{NAME}+{ID}+{text}", f"{text}+{ID}+{KEY}", f"{NAME}+{text}+{KEY}"):
        try:
            assert note.Verifier.parse(vkey).vkey == vkey
        except LedgerError:
            continue


@given(st.text(max_size=60))
def test_any_text_is_signed_as_it_is_or_not_at_all(text: str) -> None:
    try:
        data = note.sign(text, MINE)
    except MalformedError:
        return
    assert note.open(data, [MINE.verifier]).text == text
