"""Make the vectors of canonical JSON, Ed25519, Merkle proofs, notes and checkpoints.

    python specs/vectors/make_log_vectors.py

Keys are fixed and Ed25519 is deterministic, so the same files come out every time;
a test compares. Each file is one case, named by the mistake in it (`good-` if there
is none). `error` is the code of the refusal, null if there is none. Bytes are `text`
where they are UTF-8, else `hex`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.log import canonical, chain, checkpoint, ed25519, merkle, note

HERE = Path(__file__).resolve().parent
Case = tuple[str, dict[str, Any]]


def files() -> dict[str, bytes]:
    """Every vector: its path below this folder, and its bytes."""
    rooms = {
        "canonical": canonical_cases,
        "ed25519": ed25519_cases,
        "merkle": merkle_cases,
        "note": note_cases,
        "checkpoint": checkpoint_cases,
    }
    found: dict[str, bytes] = {}
    for room, cases in rooms.items():
        for name, case in cases():
            path = f"{room}/{name}.json"
            if path in found:
                raise ValueError(f"two vectors named {path}")
            found[path] = json.dumps(case, indent=1, ensure_ascii=True).encode() + b"\n"
    return found


def given(data: bytes) -> dict[str, str]:
    try:
        return {"text": data.decode()}
    except UnicodeDecodeError:
        return {"hex": data.hex()}


def base64_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


# ---------------------------------------------------------------- canonical JSON

EVENT = {
    "after": ["0a" * 32],
    "by": "mine-1",
    "grades": [{"element": "Ta", "share": 312_000_000}, {"element": "Sn", "share": 0}],
    "mass_mg": 25_000_000,
    "occurred_at": "2026-02-11T08:00:00Z",
    "place": {"lat": -15_000_000, "lon": 290_000_000},
    "sealed": True,
    "type": "lot.extracted",
}


def layers(count: int) -> bytes:
    return b'{"a":' + b"[" * (count - 1) + b"]" * (count - 1) + b"}"


def members(count: int) -> bytes:
    return b"{" + b",".join(b'"k%03d":0' % i for i in range(count)) + b"}"


def items(count: int) -> bytes:
    return b'{"a":[' + b",".join([b"0"] * count) + b"]}"


def letters(count: int, letter: str = "x") -> bytes:
    return b'{"a":"' + letter.encode() * count + b'"}'


def bytes_in_all(count: int) -> bytes:
    full = ",".join(['"' + "x" * 4000 + '"'] * 16)
    rest = count - len(full) - len('{"a":[,""]}')
    return f'{{"a":[{full},"{"x" * rest}"]}}'.encode()


def canonical_cases() -> Iterator[Case]:
    good = {
        "good-event": canonical.encode(EVENT),
        "good-empty-object": b"{}",
        "good-escapes-of-quote-and-backslash": rb'{"a":"\"\\"}',
        "good-letters-beyond-ascii": '{"a":"Société 矿 \U0001f600"}'.encode(),
        "good-not-normalised": '{"a":"e\u0301"}'.encode(),
        "good-neighbours-of-forbidden-characters": (
            '{"a":" ~\xa0\u061b\u061d\u200d\u2010\u2027\u202f\u2065\u206a'
            '\ufdcf\ufdf0\ufefe\uff00\ufffd"}'
        ).encode(),
        "good-brackets-in-a-string": b'{"a":"' + b"[{" * 40 + b'"}',
        "good-largest-integers": b'{"a":9007199254740991,"b":-9007199254740991}',
        "good-16-layers": layers(16),
        "good-512-members": members(512),
        "good-1024-items": items(1024),
        "good-4096-bytes-in-a-string": letters(2048, "é"),
        "good-key-of-64-letters": b'{"' + b"a" * 64 + b'":1}',
        "good-65535-bytes": bytes_in_all(65_535),
    }
    for name, data in good.items():
        yield name, {**given(data), "error": None}
    bad = {
        "not-canonical": {
            "space-after-colon": b'{"a": 1}',
            "final-newline": b'{"a":1}\n',
            "keys-out-of-order": b'{"b":1,"a":1}',
            "keys-out-of-order-inside": b'{"a":{"c":1,"b":1}}',
            "doubled-key": b'{"a":1,"a":1}',
            "minus-nought": b'{"a":-0}',
            "escaped-letter": rb'{"a":"\u0062"}',
            "escaped-solidus": rb'{"a":"\/"}',
            "escaped-accent": rb'{"a":"\u00e9"}',
            "escaped-surrogate-pair": rb'{"a":"\ud83d\ude00"}',
        },
        "not-json": {
            "nothing": b"",
            "byte-order-mark": b'\xef\xbb\xbf{"a":1}',
            "trailing-comma": b'{"a":1,}',
            "second-value": b"{}{}",
            "leading-nought": b'{"a":01}',
            "not-a-number": b'{"a":NaN}',
            "raw-newline-in-a-string": b'{"a":"\n"}',
            "lone-surrogate": rb'{"a":"\ud800"}',
        },
        "not-utf8": {
            "latin-1": b'{"a":"\xe9"}',
            "overlong": b'{"a":"\xc0\xaf"}',
            "surrogate-in-utf-8": b'{"a":"\xed\xa0\x80"}',
            "utf-16": '{"a":1}'.encode("utf-16-le") + b"\xff",
        },
        "not-an-object": {"array-at-the-top": b"[]", "number-at-the-top": b"1"},
        "null": {"null": b'{"a":null}', "null-in-an-array": b'{"a":[null]}'},
        "number": {
            "float": b'{"a":1.5}',
            "whole-float": b'{"a":1.0}',
            "exponent": b'{"a":1e3}',
            "2-to-the-53": b'{"a":9007199254740992}',
            "minus-2-to-the-53": b'{"a":-9007199254740992}',
            "2-to-the-64": b'{"a":18446744073709551616}',
        },
        "key": {
            "empty-key": b'{"":1}',
            "capital-in-a-key": b'{"aB":1}',
            "digit-before-a-key": b'{"1a":1}',
            "dash-in-a-key": b'{"a-b":1}',
            "accent-in-a-key": '{"é":1}'.encode(),
            "key-of-65-letters": b'{"' + b"a" * 65 + b'":1}',
            "bad-key-inside": b'{"a":[{"b":{"C":1}}]}',
        },
        "forbidden-character": {
            "escaped-newline": rb'{"a":"\n"}',
            "delete": b'{"a":"\x7f"}',
            "next-line": '{"a":"\x85"}'.encode(),
            "arabic-letter-mark": '{"a":"\u061c"}'.encode(),
            "left-to-right-mark": '{"a":"\u200e"}'.encode(),
            "right-to-left-override": '{"a":"\u202e"}'.encode(),
            "right-to-left-isolate": '{"a":"\u2067"}'.encode(),
            "line-separator": '{"a":"\u2028"}'.encode(),
            "byte-order-mark-in-a-string": '{"a":"\ufeff"}'.encode(),
            "noncharacter": '{"a":"\ufdd0"}'.encode(),
            "last-of-a-plane": '{"a":"\U0001ffff"}'.encode(),
        },
        "too-deep": {"17-layers": layers(17), "30000-brackets": b'{"a":' + b"[" * 30_000},
        "too-long": {
            "513-members": members(513),
            "1025-items": items(1025),
            "4097-bytes-in-a-string": letters(4097),
            "4098-bytes-in-2049-letters": letters(2049, "é"),
        },
        "too-large": {"65536-bytes": bytes_in_all(65_536)},
    }
    for code, cases in bad.items():
        for name, data in cases.items():
            yield name, {**given(data), "error": f"canonical.{code}"}


# ---------------------------------------------------------------- Ed25519

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
SEED = bytes(range(32))
Y8 = bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a")


def point(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def ed25519_cases() -> Iterator[Case]:
    key, message = ed25519.public_key(SEED), b"25 kg of cassiterite"
    signature = ed25519.sign(SEED, message)
    r, s = signature[:32], int.from_bytes(signature[32:], "little")

    def case(key: bytes, signature: bytes, error: str | None, message: bytes = message) -> Any:
        return {
            "public_key": key.hex(),
            "message": message.hex(),
            "signature": signature.hex(),
            "error": error,
        }

    yield "good-signature", case(key, signature, None)
    yield "good-signature-over-nothing", case(key, ed25519.sign(SEED, b""), None, b"")
    yield "other-message", case(key, signature, "signature.wrong", b"26 kg of cassiterite")
    yield "other-key", case(ed25519.public_key(bytes(32)), signature, "signature.wrong")
    yield "flipped-bit-in-r", case(key, bytes([r[0] ^ 1]) + signature[1:], "signature.wrong")
    yield (
        "flipped-bit-in-s",
        case(key, r + bytes([s % 256 ^ 1]) + signature[33:], "signature.wrong"),
    )
    yield "short-signature", case(key, signature[:63], "signature.length")
    yield "long-signature", case(key, signature + b"\0", "signature.length")
    yield "short-key", case(key[:31], signature, "key.length")
    for name, number in {"s-plus-order": s + L, "s-equal-to-order": L}.items():
        yield name, case(key, r + number.to_bytes(32, "little"), "signature.s-too-large")

    # S = k a makes the equation hold with R the identity: only the gate refuses it.
    identity = point(1)
    forged = bytes.fromhex("7766ed4f2e5d87857765cf65c6d2eaafdcde5b7722d271451edf2a901a538e09")
    yield "r-of-small-order", case(key, identity + forged, "signature.small-order")
    yield "key-that-verifies-anything", case(identity, identity + bytes(32), "key.small-order")
    yield "r-not-canonical", case(key, point(P + 3) + signature[32:], "signature.not-canonical")
    yield "key-not-canonical", case(point(P + 3), signature, "key.not-canonical")
    yield "key-not-on-the-curve", case(point(2), signature, "signature.wrong")

    y8 = int.from_bytes(Y8, "little")
    small = {"0": 0, "1": 1, "p-1": P - 1, "y8": y8, "minus-y8": P - y8, "p": P, "p+1": P + 1}
    admitted: dict[str, tuple[bytes, str | None]] = {
        "good-key": (key, None),
        "admit-not-on-the-curve": (point(2), "key.no-point"),
        "admit-not-canonical": (point(P + 3), "key.not-canonical"),
        "admit-short": (key[:31], "key.length"),
    }
    for name, y in small.items():
        for sign in (0, 1):
            admitted[f"admit-small-order-{name}-sign-{sign}"] = (point(y, sign), "key.small-order")
    for name, (public, error) in admitted.items():
        yield name, {"public_key": public.hex(), "error": error}


# ---------------------------------------------------------------- Merkle tree

LEAVES = [merkle.leaf_hash(b"entry %d" % i) for i in range(12)]


def merkle_cases() -> Iterator[Case]:
    entries = [b"entry %d" % i for i in range(12)]
    roots = [merkle.root(LEAVES[:n]) for n in range(13)]
    links = [chain.START]
    for leaf in LEAVES:
        links.append(chain.link(links[-1], leaf))
    yield (
        "good-tree-and-chain",
        {
            "kind": "tree",
            "entries": [entry.decode() for entry in entries],
            "leaf_hashes": [leaf.hex() for leaf in LEAVES],
            "roots": [root.hex() for root in roots],
            "chain": [link.hex() for link in links[1:]],
        },
    )
    yield from inclusion_cases(roots)
    yield from consistency_cases(roots)


def flipped(data: bytes) -> bytes:
    return bytes([data[0] ^ 1]) + data[1:]


def inclusion_cases(roots: list[bytes]) -> Iterator[Case]:
    def case(
        index: int, size: int, proof: list[bytes], error: str | None,
        *, leaf: bytes = LEAVES[5], root: bytes = roots[11],
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "kind": "inclusion",
            "leaf_hash": leaf.hex(),
            "index": index,
            "size": size,
            "proof": [each.hex() for each in proof],
            "root": root.hex(),
            "error": error,
        }

    for index, size in ((0, 1), (0, 2), (2, 3), (5, 8), (5, 11), (8, 11), (10, 11)):
        proof = merkle.prove_inclusion(LEAVES[:size], index)
        good = case(index, size, proof, None, leaf=LEAVES[index], root=roots[size])
        yield f"good-inclusion-of-{index}-in-{size}", good
    proof = merkle.prove_inclusion(LEAVES[:11], 5)
    wrong = "proof.wrong"
    yield "inclusion-other-index", case(4, 11, proof, wrong)
    yield "inclusion-other-leaf", case(5, 11, proof, wrong, leaf=LEAVES[4])
    yield "inclusion-other-root", case(5, 11, proof, wrong, root=roots[12])
    yield "inclusion-flipped-bit", case(5, 11, [flipped(proof[0]), *proof[1:]], wrong)
    yield "inclusion-swapped-hashes", case(5, 11, [proof[1], proof[0], *proof[2:]], wrong)
    yield "inclusion-index-is-size", case(11, 11, proof, "proof.index")
    yield "inclusion-in-the-empty-tree", case(0, 0, [], "proof.index", root=roots[0])
    yield "inclusion-negative-index", case(-1, 11, proof, "proof.index")
    yield "inclusion-size-too-small", case(5, 7, proof, "proof.length")
    yield "inclusion-size-beyond-63-bits", case(5, 2**63, proof, "proof.size")
    yield "inclusion-proof-too-short", case(5, 11, proof[:-1], "proof.length")
    yield "inclusion-proof-too-long", case(5, 11, [*proof, roots[11]], "proof.length")
    yield "inclusion-empty-proof", case(5, 11, [], "proof.length")
    yield "inclusion-hash-of-31-bytes", case(5, 11, [proof[0][:31], *proof[1:]], "proof.hash")
    yield "inclusion-root-of-31-bytes", case(5, 11, proof, "proof.hash", root=roots[11][:31])
    yield "inclusion-empty-leaf", case(5, 11, proof, "proof.hash", leaf=b"")
    # The hash above leaves 4 and 5 in the place of a leaf: the proof is one too short.
    pair = merkle.node_hash(LEAVES[4], LEAVES[5])
    yield "inclusion-of-a-node", case(5, 11, proof[1:], "proof.length", leaf=pair)


def consistency_cases(roots: list[bytes]) -> Iterator[Case]:
    def case(
        size1: int, size2: int, proof: list[bytes], error: str | None,
        *, root1: bytes = roots[6], root2: bytes = roots[11],
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "kind": "consistency",
            "size1": size1,
            "root1": root1.hex(),
            "size2": size2,
            "root2": root2.hex(),
            "proof": [each.hex() for each in proof],
            "error": error,
        }

    for size1, size2 in (
        (1, 1),
        (1, 2),
        (2, 3),
        (3, 7),
        (4, 8),
        (6, 8),
        (6, 11),
        (8, 11),
        (11, 11),
    ):
        proof = merkle.prove_consistency(LEAVES, size1, size2)
        good = case(size1, size2, proof, None, root1=roots[size1], root2=roots[size2])
        yield f"good-consistency-{size1}-to-{size2}", good
    proof = merkle.prove_consistency(LEAVES, 6, 11)
    wrong = "proof.wrong"
    yield "consistency-other-first-root", case(6, 11, proof, wrong, root1=roots[5])
    yield "consistency-other-second-root", case(6, 11, proof, wrong, root2=roots[12])
    yield "consistency-swapped-roots", case(6, 11, proof, wrong, root1=roots[11], root2=roots[6])
    yield "consistency-flipped-bit", case(6, 11, [flipped(proof[0]), *proof[1:]], wrong)
    same = {"root1": roots[11], "root2": roots[12]}
    yield "consistency-equal-sizes-other-roots", case(11, 11, [], wrong, **same)
    same = {"root1": roots[11], "root2": roots[11]}
    yield "consistency-equal-sizes-and-a-proof", case(11, 11, proof, "proof.length", **same)
    yield "consistency-from-the-empty-tree", case(0, 11, [], "proof.size", root1=roots[0])
    yield "consistency-to-a-smaller-tree", case(11, 6, proof, "proof.size")
    yield "consistency-proof-too-short", case(6, 11, proof[:-1], "proof.length")
    yield "consistency-proof-too-long", case(6, 11, [*proof, roots[11]], "proof.length")
    yield "consistency-empty-proof", case(6, 11, [], "proof.length")
    yield "consistency-hash-of-31-bytes", case(6, 11, [proof[0][:31], *proof[1:]], "proof.hash")


# ---------------------------------------------------------------- notes

MINE = note.Signer("mine-1", bytes([1]) * 32)
SMELTER = note.Signer("smelter.example/gate-2", bytes([2]) * 32)
TEXT = "oretrail.example/note\n\na line after an empty one\n"


def line(name: str, blob: bytes) -> bytes:
    return f"— {name} {base64_of(blob)}\n".encode()


def cosigned(text: str, name: str, seed: bytes, time: int) -> tuple[note.Verifier, bytes]:
    verifier = note.Verifier.of(name, ed25519.public_key(seed), note.COSIGNATURE)
    message = f"cosignature/v1\ntime {time}\n{text}".encode()
    blob = time.to_bytes(8, "big") + ed25519.sign(seed, message)
    return verifier, line(name, verifier.key_id + blob)


def note_cases() -> Iterator[Case]:
    def opens(data: bytes, *by: str, text: str = TEXT, keys: tuple[str, ...] = ()) -> Any:
        vkeys = list(keys) or [MINE.verifier.vkey]
        return {**given(data), "verifiers": vkeys, "opens": {"text": text, "by": list(by)},
                "error": None}  # fmt: skip

    def refused(data: bytes, error: str, *keys: str) -> Any:
        return {**given(data), "verifiers": list(keys) or [MINE.verifier.vkey], "error": error}

    one, two = note.sign(TEXT, MINE), note.sign(TEXT, MINE, SMELTER)
    mine, smelter = MINE.verifier.vkey, SMELTER.verifier.vkey
    signed = one.removeprefix(TEXT.encode() + b"\n")
    unknown = [line(f"unknown-{i}", bytes([i]) * 68) for i in range(100)]
    witness, cosignature = cosigned(TEXT, "witness.example", bytes([4]) * 32, 1_700_000_000)

    yield "good-one-signature", opens(one, "mine-1")
    yield "good-two-signatures", opens(two, "mine-1", SMELTER.name, keys=(mine, smelter))
    yield "good-one-of-two-known", opens(two, SMELTER.name, keys=(smelter,))
    yield "good-16-signatures", opens(one + b"".join(unknown[:15]), "mine-1")
    yield "good-100-signatures", opens(one + b"".join(unknown[:99]), "mine-1")
    yield "good-same-signature-twice", opens(one + signed, "mine-1")
    yield "good-known-name-with-unknown-id", opens(one + line("mine-1", bytes(68)), "mine-1")
    other_name = line("mine-2", MINE.key_id + bytes(64))
    yield "good-known-id-with-unknown-name", opens(one + other_name, "mine-1")
    again = note.sign(one.decode(), MINE)
    yield "good-a-note-in-a-note", opens(again, "mine-1", text=one.decode())
    yield "good-cosignature", opens(one + cosignature, "witness.example", keys=(witness.vkey,))

    shapes = {
        "nothing": b"",
        "no-signature": TEXT.encode() + b"\n",
        "no-empty-line": b"text\n" + signed,
        "no-text": b"\n" + signed,
        "no-final-newline": one[:-1],
        "empty-line-at-the-end": one + b"\n",
        "carriage-returns": one.replace(b"\n", b"\r\n"),
        "tab-in-the-text": one.replace(b"a line", b"a\tline"),
        "control-character-in-the-text": one.replace(b"a line", b"a\x01line"),
        "latin-1-in-the-text": one.replace(b"a line", b"a\xe9line"),
        "junk-among-the-signatures": one + b"junk\n",
        "hyphen-for-the-dash": one.replace("—".encode(), b"-"),
        "two-spaces-after-the-dash": one.replace("— ".encode(), "—  ".encode()),
        "space-at-the-end-of-a-line": one[:-1] + b" \n",
        "no-name": one.replace(b"mine-1 ", b""),
        "plus-sign-in-a-name": one.replace(b"mine-1", b"mine+1"),
        "unicode-space-in-a-name": one.replace(b"mine-1", "mine\u30001".encode()),
        "delete-in-a-name": one.replace(b"mine-1", b"mine\x7f1"),
        "base64-without-padding": one.replace(b"=", b""),
        "base64-with-other-last-bits": one + line("a", bytes(68)).replace(b"AA=", b"AB="),
        "base64-for-the-web": one + line("a", b"\xff" * 68).replace(b"/", b"_"),
        "key-id-without-a-signature": one + line("a", bytes(4)),
        "101-signatures": one + b"".join(unknown),
        "more-than-64-kib": one + line("a", bytes(50_000)),
    }
    for name, data in shapes.items():
        yield name, refused(data, "note.malformed")
    yield "no-known-signature", refused(one, "note.no-known-signature", smelter)
    forged = one.replace(b"a line", b"b line")
    yield "other-text", refused(forged, "signature.wrong")
    wrong = one + line(SMELTER.name, SMELTER.key_id + MINE.sign(TEXT.encode()))
    yield "one-known-signature-wrong", refused(wrong, "signature.wrong", mine, smelter)
    twice = one + line("mine-1", MINE.key_id + MINE.sign(b"another text\n"))
    yield "second-signature-of-a-key-wrong", refused(twice, "signature.wrong")
    short = TEXT.encode() + b"\n" + line("mine-1", MINE.key_id + bytes(63))
    yield "known-signature-of-63-bytes", refused(short, "signature.length")
    bare = one + line(witness.name, witness.key_id + base64.b64decode(cosignature.split()[-1])[12:])
    yield "cosignature-without-a-time", refused(bare, "signature.length", witness.vkey)
    late = cosigned(TEXT, "witness.example", bytes([4]) * 32, 1_700_000_001)[1]
    blob = base64.b64decode(late.split()[-1])
    moved = line(witness.name, blob[:11] + b"\x02" + blob[12:])
    yield "cosignature-with-another-time", refused(one + moved, "signature.wrong", witness.vkey)
    yield from key_cases()


def key_cases() -> Iterator[Case]:
    """Keys as text, and a note made with one."""
    vkey, skey = MINE.verifier.vkey, MINE.skey
    name, identity, key = vkey.split("+", 2)
    raw = base64.b64decode(key)
    weak = b"\x01" + bytes(31)
    yield "good-signing", {"skey": skey, "vkey": vkey, "sign": TEXT,
                           "text": note.sign(TEXT, MINE).decode(), "error": None}  # fmt: skip
    vkeys = {
        "key-with-another-id": (f"{name}+00000000+{key}", "key.id"),
        "key-of-another-name": (f"mine-2+{identity}+{key}", "key.id"),
        "key-of-another-kind": (f"{name}+{identity}+{base64_of(bytes([2]) + raw[1:])}", "key.kind"),
        "key-with-capitals-in-its-id": (vkey.replace(identity, identity.upper()), "key.malformed"),
        "key-of-31-bytes": (f"{name}+{identity}+{base64_of(raw[:32])}", "key.malformed"),
        "key-with-a-newline": (vkey + "\n", "key.malformed"),
        "key-with-a-space-in-its-name": (vkey.replace("mine-1", "mine 1"), "key.malformed"),
        "key-of-small-order": (
            f"{name}+{identity}+{base64_of(bytes([1]) + weak)}",
            "key.small-order",
        ),
    }
    for case, (text, error) in vkeys.items():
        yield case, {"vkey": text, "error": error}


# ---------------------------------------------------------------- checkpoints

ORIGIN = "kivu.example/trail"
LOG = note.Signer(ORIGIN, bytes([5]) * 32)
WITNESS = note.Signer("witness.example", bytes([6]) * 32)
ROOT = merkle.leaf_hash(b"an entry")


def checkpoint_cases() -> Iterator[Case]:
    log, other = LOG.verifier.vkey, WITNESS.verifier.vkey
    root = base64_of(ROOT)

    def case(data: bytes, error: str | None, *keys: str) -> dict[str, Any]:
        return {**given(data), "origin": ORIGIN, "verifiers": list(keys) or [log], "error": error}

    def opens(size: int, hash_: bytes, data: bytes, *keys: str) -> dict[str, Any]:
        return {**case(data, None, *keys), "opens": {"size": str(size), "root": base64_of(hash_)}}

    def signed(text: str) -> bytes:
        return note.sign(text, LOG)

    for size, hash_ in ((0, merkle.EMPTY_ROOT), (1, ROOT), (70_000, ROOT), (2**63 - 1, ROOT)):
        data = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, size, hash_), LOG)
        yield f"good-size-{size}", opens(size, hash_, data)
    head = f"{ORIGIN}\n70000\n{root}\n"
    data = signed(head)
    unknown = b"".join(line(f"w-{i}", bytes([i]) * 68) for i in range(16))
    yield "good-17-signatures", opens(70_000, ROOT, data + unknown)
    witness, cosignature = cosigned(head, "witness.example", bytes([4]) * 32, 1_700_000_000)
    yield "good-cosigned", opens(70_000, ROOT, data + cosignature, log, witness.vkey)

    last_bits = root[:-2] + chr(ord(root[-2]) + 1) + "="
    texts = {
        "size-with-leading-noughts": f"{ORIGIN}\n0070000\n{root}\n",
        "size-with-a-plus-sign": f"{ORIGIN}\n+5\n{root}\n",
        "size-with-an-underscore": f"{ORIGIN}\n7_0\n{root}\n",
        "negative-size": f"{ORIGIN}\n-5\n{root}\n",
        "size-in-arabic-digits": f"{ORIGIN}\n\u0665\n{root}\n",
        "size-of-2-to-the-63": f"{ORIGIN}\n{2**63}\n{root}\n",
        "size-0-with-another-root": f"{ORIGIN}\n0\n{root}\n",
        "root-of-31-bytes": f"{ORIGIN}\n5\n{base64_of(ROOT[:31])}\n",
        "root-of-33-bytes": f"{ORIGIN}\n5\n{base64_of(ROOT + b'x')}\n",
        "root-without-padding": f"{ORIGIN}\n5\n{root[:-1]}\n",
        "root-with-other-last-bits": f"{ORIGIN}\n5\n{last_bits}\n",
        "root-in-hex": f"{ORIGIN}\n5\n{ROOT.hex()}\n",
        "no-root": f"{ORIGIN}\n5\n",
        "no-origin": f"\n5\n{root}\n",
        "origin-with-a-space": f"kivu example\n5\n{root}\n",
        "empty-line-in-the-text": f"{ORIGIN}\n\n5\n{root}\n",
        "extension-line": f"{ORIGIN}\n5\n{root}\nextension\n",
        "statement": f"oretrail/statement/v1\nledger {ROOT.hex()}\nevents 1 {ROOT.hex()}\n",
    }
    for name, text in texts.items():
        yield name, case(signed(text), "checkpoint.malformed")
    elsewhere = signed(f"kivu.example/other\n5\n{root}\n")
    yield "another-origin", case(elsewhere, "checkpoint.origin-mismatch")
    controlled = data.replace(b"\n\n", b"\nextension \x01\n\n", 1)
    yield "control-character-in-an-extension-line", case(controlled, "note.malformed")
    yield "carriage-returns", case(data.replace(b"\n", b"\r\n"), "note.malformed")
    yield "junk-among-the-signatures", case(data + b"junk\n", "note.malformed")
    yield "no-final-newline", case(data[:-1], "note.malformed")
    yield "no-signature", case(head.encode() + b"\n", "note.malformed")
    renamed = data.replace("— kivu".encode(), "— kiwu".encode())
    yield "right-id-under-another-name", case(renamed, "note.no-known-signature")
    yield "signed-by-a-stranger", case(note.sign(head, WITNESS), "note.no-known-signature")
    by_witness = case(note.sign(head, WITNESS), "checkpoint.no-log-signature", log, other)
    yield "signed-by-a-witness-only", by_witness
    yield "other-size", case(data.replace(b"70000", b"70001"), "signature.wrong")
    bad = line("witness.example", WITNESS.key_id + LOG.sign(b"something else"))
    yield "witness-signature-wrong", case(data + bad, "signature.wrong", log, other)


def main() -> None:
    """Write every vector, and remove those that no longer have a case."""
    made = files()
    for room in {path.split("/")[0] for path in made}:
        (HERE / room).mkdir(exist_ok=True)
        for old in (HERE / room).glob("*.json"):
            if f"{room}/{old.name}" not in made:
                old.unlink()
    for path, data in made.items():
        (HERE / path).write_bytes(data)


if __name__ == "__main__":
    main()
