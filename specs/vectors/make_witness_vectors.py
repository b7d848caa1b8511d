"""Make the vectors of cosignatures, of add-checkpoint, and of trust policies.

    python specs/vectors/make_witness_vectors.py

Keys are fixed and Ed25519 is deterministic, so the same files come out every time; a test
compares. Each file is one case, named by the mistake in it (`good-` if there is none), and
`error` is the code of the refusal, null if there is none. Bytes are `text` where they are
UTF-8, else `hex`.

    cosignature      a note and `verifiers`; `opens`: by whom, when
                     or a `vkey` with the `seed` behind it
    add-checkpoint   a request, the `log_keys` a witness trusts, what it has `stored`;
                     `status`, and `answer`: the body of 200 by `witness`, or of 409
    policy           a policy; what it `says`; with a `checkpoint` what it `finds` there
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.log import checkpoint, merkle, note, witness
from ledger.log.policy import Policy
from ledger.log.witness import CosignatureSigner

HERE = Path(__file__).resolve().parent
Case = tuple[str, dict[str, Any]]

ORIGIN = "kivu.example/trail"
LEDGER = "5d" * 32
TIME = 1_770_796_800
LOG = note.Signer(ORIGIN, sha256(b"log").digest())
OTHER_LOG = note.Signer("other.example/trail", sha256(b"other log").digest())
STRANGER = note.Signer(ORIGIN, sha256(b"stranger").digest())
W1, W2, W3, W4 = (
    CosignatureSigner(f"{name}.example", sha256(name.encode()).digest(), TIME)
    for name in ("w1", "w2", "w3", "w4")
)


def files() -> dict[str, bytes]:
    """Every vector: its path below this folder, and its bytes."""
    rooms = {
        "cosignature": cosignature_cases,
        "add-checkpoint": request_cases,
        "policy": policy_cases,
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


def leaves(size: int, branch: str = "") -> list[bytes]:
    """A log of so many entries; a `branch` forks after three of them."""
    return [merkle.leaf_hash(f"entry {i}{branch if i >= 3 else ''}".encode()) for i in range(size)]


def root(size: int, branch: str = "") -> bytes:
    return merkle.root(leaves(size, branch))


def signed(size: int = 5, branch: str = "", signer: note.Signer = LOG) -> bytes:
    said = checkpoint.Checkpoint(signer.name, size, root(size, branch))
    return checkpoint.sign(said, signer)


def growth(old: int, size: int) -> list[bytes]:
    return merkle.prove_consistency(leaves(size), old, size) if old else []


def line(signer: note.SignsNotes, data: bytes) -> bytes:
    """The line that this key adds to a note."""
    return note.add(data, signer)[len(data) :]


def respelled(data: bytes, name: str, key_id: bytes, blob: bytes) -> bytes:
    return data + (note.Signature(name, key_id, blob).line + "\n").encode()


# ---------------------------------------------------------------- cosignatures


def cosignature_cases() -> Iterator[Case]:
    data = signed()
    text = note.parse(data).text.encode()
    key = W1.verifier.vkey

    def case(data: bytes, error: str | None, *keys: str) -> dict[str, Any]:
        return {**given(data), "verifiers": list(keys) or [key], "error": error}

    def opens(data: bytes, times: dict[str, int], *keys: str) -> dict[str, Any]:
        return {**case(data, None, *keys), "opens": times}

    one = data + line(W1, data)
    yield "good-one-witness", opens(one, {W1.name: TIME})
    yield "good-two-witnesses", opens(one + line(W2, data), {W1.name: TIME}, key)
    both = {W1.name: TIME, W2.name: TIME}
    yield "good-two-known-witnesses", opens(one + line(W2, data), both, key, W2.verifier.vkey)
    for name, time in (("first-second", 0), ("last-second", 2**63 - 1)):
        yield f"good-{name}", opens(data + line(W1.at(time), data), {W1.name: time})
    empty = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 0, merkle.EMPTY_ROOT), LOG)
    yield "good-empty-log", opens(empty + line(W1, empty), {W1.name: TIME})
    yield "good-vkey", {"vkey": key, "seed": W1.seed.hex(), "error": None}

    blob = W1.sign(text)
    plain = note.Signer(W1.name, W1.seed)

    def by_w1(blob: bytes) -> bytes:
        return respelled(data, W1.name, W1.key_id, blob)

    def over(message: bytes, time: int = TIME) -> bytes:
        return by_w1(time.to_bytes(8, "big") + plain.sign(message))

    wrong = {
        "time-moved": by_w1((TIME + 1).to_bytes(8, "big") + blob[8:]),
        "signature-changed": by_w1(blob[:-1] + bytes([blob[-1] ^ 1])),
        "of-another-checkpoint": data + line(W1, signed(4)),
        "of-another-log": data + line(W1, signed(5, "", OTHER_LOG)),
        "over-the-text-alone": over(text),
        "without-the-time-line": over(b"cosignature/v1\n" + text),
        "of-another-version": over(b"cosignature/v2\ntime %d\n" % TIME + text),
        "time-in-hex": over(b"cosignature/v1\ntime %x\n" % TIME + text),
        "time-with-a-nought": over(b"cosignature/v1\ntime 0%d\n" % TIME + text),
        "over-two-lines-only": over(
            b"cosignature/v1\ntime %d\n" % TIME + text[: text.rindex(b"\n", 0, -1) + 1]
        ),
        "over-the-whole-note": over(b"cosignature/v1\ntime %d\n" % TIME + data),
        "time-little-endian": by_w1(TIME.to_bytes(8, "little") + blob[8:]),
    }
    for name, note_ in wrong.items():
        yield name, case(note_, "signature.wrong")
    lengths = {
        "without-a-time": blob[8:],
        "one-byte-short": blob[:-1],
        "one-byte-more": blob + b"\0",
        "time-of-2-to-the-63": (2**63).to_bytes(8, "big")
        + plain.sign(b"cosignature/v1\ntime %d\n" % 2**63 + text),
    }
    for name, other in lengths.items():
        yield name, case(by_w1(other), "signature.length")
    known = "note.no-known-signature"
    yield (
        "right-key-under-another-name",
        case(respelled(data, "w9.example", W1.key_id, blob), known),
    )
    yield "id-of-a-key-of-kind-1", case(respelled(data, W1.name, plain.key_id, blob), known)
    yield "witness-nobody-knows", case(data + line(W2, data), known)
    name, identity, rest = key.split("+", 2)
    yield (
        "vkey-with-the-id-of-kind-1",
        {
            "vkey": f"{name}+{plain.key_id.hex()}+{rest}",
            "error": "key.id",
        },
    )
    yield "vkey-of-kind-1", {"vkey": plain.verifier.vkey, "error": "key.kind"}
    kind6 = base64.b64encode(b"\x06" + base64.b64decode(rest)[1:]).decode()
    yield "vkey-of-kind-6", {"vkey": f"{name}+{identity}+{kind6}", "error": "key.kind"}


# ---------------------------------------------------------------- add-checkpoint


def request_cases() -> Iterator[Case]:
    spelled = base64.b64encode(bytes(32))

    def case(
        data: bytes,
        status: int,
        error: str | None,
        stored: tuple[int, str] = (3, ""),
        keys: tuple[note.Signer, ...] = (LOG,),
        **more: Any,
    ) -> dict[str, Any]:
        size, branch = stored
        return {
            **given(data),
            "log_keys": [each.verifier.vkey for each in keys],
            "stored": {"size": size, "root": root(size, branch).hex()},
            "status": status,
            "error": error,
            **more,
        }

    def body(old: int, size: int = 5) -> bytes:
        return witness.request(old, growth(old, size), signed(size))

    def good(data: bytes, stored: int, *keys: note.Signer) -> dict[str, Any]:
        note_ = witness.parse_request(data).note
        keeper = {"name": W1.name, "seed": W1.seed.hex(), "time": TIME}
        answer = line(W1, note.assemble(note.parse(note_).text, note.parse(signed()).signatures))
        return case(
            data, 200, None, (stored, ""), keys or (LOG,), witness=keeper, answer=answer.decode()
        )

    yield "good-first", good(body(0), 0)
    for old in (1, 2, 3, 4):
        yield f"good-from-{old}", good(body(old), old)
    yield "good-again", good(body(5), 5)
    cosigned = signed() + line(W2, signed())
    yield "good-with-a-stranger-s-line", good(witness.request(3, growth(3, 5), cosigned), 3)
    newer = note.Signer(ORIGIN, sha256(b"newer log").digest())
    yield "good-by-the-other-of-two-keys", good(body(3), 3, newer, LOG)

    bad = {
        "nothing": b"",
        "old-line-alone": b"old 3\n",
        "no-empty-line": b"old 3\n" + signed(),
        "no-old-line": b"\n\n" + signed(),
        "size-without-the-word": b"3\n\n" + signed(),
        "word-in-capitals": b"Old 3\n\n" + signed(),
        "old-with-a-nought": b"old 03\n\n" + signed(),
        "old-with-a-plus": b"old +3\n\n" + signed(),
        "old-negative": b"old -3\n\n" + signed(),
        "old-with-a-space-after": b"old 3 \n\n" + signed(),
        "old-with-two-spaces": b"old  3\n\n" + signed(),
        "old-in-arabic-digits": "old \u0663\n\n".encode() + signed(),
        "old-of-2-to-the-63": b"old 9223372036854775808\n\n" + signed(),
        "old-of-2-to-the-64-and-3": b"old 18446744073709551619\n\n" + signed(),
        "line-ends-of-windows": b"old 3\r\n\r\n" + signed(),
        "hash-of-31-bytes": b"old 3\n" + base64.b64encode(bytes(31)) + b"\n\n" + signed(),
        "hash-of-33-bytes": b"old 3\n" + base64.b64encode(bytes(33)) + b"\n\n" + signed(),
        "hash-without-padding": b"old 3\n" + spelled[:-1] + b"\n\n" + signed(),
        "hash-with-other-last-bits": b"old 3\n" + spelled[:-2] + b"B=\n\n" + signed(),
        "hash-with-a-space": b"old 3\n" + spelled + b" \n\n" + signed(),
        "hash-in-hex": b"old 3\n" + b"00" * 32 + b"\n\n" + signed(),
        "64-hashes": b"old 3\n" + (spelled + b"\n") * 64 + b"\n" + signed(),
        "one-byte-too-long": b"old 3\n\n" + b"x" * (witness.MAX_REQUEST - 6),
    }
    for name, data in bad.items():
        yield name, case(data, 400, "request.malformed")
    yield "no-note", case(b"old 3\n\nnothing\n", 400, "note.malformed")
    unsigned = b"old 3\n\n" + note.parse(signed()).text.encode() + b"\n"
    yield "note-without-a-signature", case(unsigned, 400, "note.malformed")
    for name, text in (
        ("no-checkpoint", "a\nb\n"),
        ("checkpoint-with-a-fourth-line", note.parse(signed()).text + "x\n"),
        ("checkpoint-size-with-a-nought", note.parse(signed()).text.replace("\n5\n", "\n05\n")),
    ):
        data = b"old 3\n\n" + note.sign(text, LOG)
        yield name, case(data, 400, "checkpoint.malformed")

    yield "unknown-log", case(body(3), 404, "request.unknown-log", keys=())
    elsewhere = b"old 3\n\n" + signed(5, "", OTHER_LOG)
    yield "another-log-than-is-followed", case(elsewhere, 404, "request.unknown-log")
    yield (
        "signed-by-a-stranger",
        case(
            witness.request(3, growth(3, 5), signed(signer=STRANGER)),
            403,
            "note.no-known-signature",
        ),
    )
    text = note.parse(signed()).text
    (real,) = note.parse(signed()).signatures
    forged = note.Signature(real.name, real.key_id, real.blob[:-1] + bytes([real.blob[-1] ^ 1]))
    data = witness.request(3, growth(3, 5), note.assemble(text, [forged]))
    yield "signature-changed", case(data, 403, "signature.wrong")
    lent = note.assemble(text, note.parse(signed(4)).signatures)
    yield (
        "signature-of-another-checkpoint",
        case(witness.request(3, growth(3, 5), lent), 403, "signature.wrong"),
    )
    yield (
        "cosigned-but-not-signed",
        case(
            witness.request(
                3, growth(3, 5), note.assemble(text, note.parse(cosigned).signatures[1:])
            ),
            403,
            "note.no-known-signature",
        ),
    )
    above = b"old 6\n\n" + signed()
    yield "old-above-size", case(above, 400, "request.old-above-size", (6, ""))
    for name, old, size, stored in (
        ("old-0-but-more-stored", 0, 5, 3),
        ("old-below-stored", 2, 5, 3),
        ("old-above-stored", 4, 5, 3),
        ("nothing-stored-yet", 3, 5, 0),
        ("smaller-than-stored", 4, 4, 5),
    ):
        yield (
            name,
            case(body(old, size), 409, "request.old-size", (stored, ""), answer=f"{stored}\n"),
        )
    proof = growth(3, 5)
    for name, hashes, error in (
        ("proof-left-out", [], "proof.length"),
        ("proof-cut", proof[:-1], "proof.length"),
        ("proof-with-one-more", [*proof, bytes(32)], "proof.length"),
        ("proof-in-another-order", proof[::-1], "proof.wrong"),
        ("proof-of-nothing", [bytes(32)] * len(proof), "proof.wrong"),
    ):
        yield name, case(witness.request(3, hashes, signed()), 422, error)
    yield (
        "another-past",
        case(witness.request(4, growth(4, 5), signed()), 422, "proof.wrong", (4, "x")),
    )
    first = witness.request(0, [bytes(32)], signed())
    yield "proof-from-nothing", case(first, 422, "proof.length", (0, ""))
    yield "another-root-at-the-same-size", case(body(5), 422, "request.other-root", (5, "x"))
    same = witness.request(5, [bytes(32)], signed())
    yield "proof-at-the-same-size", case(same, 422, "proof.length", (5, ""))


# ---------------------------------------------------------------- policies

L = f"log {LOG.verifier.vkey}\n"
ID = f"ledger {LEDGER}\n"


def of(signer: CosignatureSigner, name: str = "", url: str = "") -> str:
    """The line of a witness, named as in the vectors of cosignatures."""
    return f"witness {name or signer.name[:2]} {signer.verifier.vkey} {url}".rstrip() + "\n"


def two_of_three(group: str = "2") -> str:
    return f"{ID}{L}{of(W1)}{of(W2)}{of(W3)}group g {group} w1 w2 w3\nquorum g\n"


def bad_policies() -> Iterator[tuple[str, str, str]]:
    """(name, code, text)"""
    w = f"{L}{of(W1)}"
    ww = f"{w}{of(W2)}"
    other_name = CosignatureSigner("other.example", W1.seed)
    own_witness = CosignatureSigner("w1.example", LOG.seed)
    wrong_id = f"w1.example+00000000+{W1.verifier.vkey.split('+', 2)[2]}"
    yield from (
        ("nothing", "policy.no-quorum", ""),
        ("no-quorum", "policy.no-quorum", w),
        ("quorum-twice", "policy.duplicate-quorum", f"{w}quorum w1\nquorum w1\n"),
        ("quorum-none-twice", "policy.duplicate-quorum", f"{L}quorum none\nquorum none\n"),
        ("quorum-of-two", "policy.malformed", f"{ww}quorum w1 w2\n"),
        ("quorum-of-nothing", "policy.malformed", f"{w}quorum\n"),
        ("quorum-undefined", "policy.undefined-name", f"{w}quorum w2\n"),
        ("quorum-before-its-witness", "policy.undefined-name", f"{L}quorum w1\n{of(W1)}"),
        ("member-undefined", "policy.undefined-name", f"{w}group g any w1 w2\nquorum g\n"),
        ("member-of-itself", "policy.undefined-name", f"{w}group g any w1 g\nquorum g\n"),
        ("member-none", "policy.undefined-name", f"{w}group g any w1 none\nquorum g\n"),
        ("member-twice", "policy.duplicate-member", f"{ww}group g 2 w1 w1\nquorum g\n"),
        (
            "member-of-two-groups",
            "policy.duplicate-member",
            f"{ww}group g any w1\ngroup h all w1 w2\nquorum h\n",
        ),
        ("name-twice", "policy.duplicate-name", f"{w}{of(W2, 'w1')}quorum w1\n"),
        ("group-named-as-a-witness", "policy.duplicate-name", f"{w}group w1 any w1\nquorum w1\n"),
        ("group-named-none", "policy.reserved-name", f"{w}group none any w1\nquorum none\n"),
        ("witness-named-all", "policy.reserved-name", f"{L}{of(W1, 'all')}quorum all\n"),
        ("key-under-two-names", "policy.duplicate-key", f"{w}{of(W1, 'w2')}quorum w1\n"),
        (
            "raw-key-under-two-names",
            "policy.duplicate-key",
            f"{w}{of(other_name, 'w2')}quorum w1\n",
        ),
        ("log-twice", "policy.duplicate-key", f"{L}{w}quorum w1\n"),
        (
            "log-that-is-its-own-witness",
            "policy.duplicate-key",
            f"{L}{of(own_witness)}quorum w1\n",
        ),
        (
            "log-with-a-witness-s-key",
            "policy.key-kind",
            f"log {W2.verifier.vkey}\n{of(W1)}quorum w1\n",
        ),
        (
            "witness-with-a-log-s-key",
            "policy.key-kind",
            f"{L}witness w1 {OTHER_LOG.verifier.vkey}\nquorum w1\n",
        ),
        ("key-that-is-none", "key.malformed", f"{L}witness w1 w1.example\nquorum w1\n"),
        ("key-with-another-id", "key.id", f"{L}witness w1 {wrong_id}\nquorum w1\n"),
        ("threshold-0", "policy.threshold-wrong", two_of_three("0")),
        ("threshold-above-n", "policy.threshold-wrong", two_of_three("4")),
        ("threshold-with-a-nought", "policy.threshold-wrong", two_of_three("02")),
        ("threshold-with-a-sign", "policy.threshold-wrong", two_of_three("+2")),
        ("threshold-in-other-digits", "policy.threshold-wrong", two_of_three("\u0662")),
        ("threshold-of-1000", "policy.threshold-wrong", two_of_three("1000")),
        ("threshold-left-out", "policy.threshold-wrong", two_of_three("")),
        ("group-of-nobody", "policy.malformed", f"{w}group g any\nquorum g\n"),
        ("log-without-a-key", "policy.malformed", f"log\n{of(W1)}quorum w1\n"),
        (
            "log-with-two-urls",
            "policy.malformed",
            f"{L[:-1]} https://a https://b\n{of(W1)}quorum w1\n",
        ),
        ("witness-without-a-key", "policy.malformed", f"{L}witness w1\nquorum w1\n"),
        (
            "witness-with-two-urls",
            "policy.malformed",
            f"{L}{of(W1, '', 'https://a https://b')}quorum w1\n",
        ),
        ("url-of-a-file", "policy.url", f"{L}{of(W1, '', 'file:///etc/hosts')}quorum w1\n"),
        ("url-beyond-ascii", "policy.url", f"{L}{of(W1, '', 'https://é.example')}quorum w1\n"),
        ("ledger-twice", "policy.duplicate-ledger", f"{ID}{ID}{w}quorum w1\n"),
        ("ledger-in-capitals", "policy.malformed", f"ledger {LEDGER.upper()}\n{w}quorum w1\n"),
        ("ledger-too-short", "policy.malformed", f"ledger {LEDGER[2:]}\n{w}quorum w1\n"),
        ("ledger-of-two-words", "policy.malformed", f"ledger {LEDGER} x\n{w}quorum w1\n"),
        ("word-in-capitals", "policy.malformed", f"{w}Quorum w1\n"),
        ("comment-after-a-line", "policy.malformed", f"{w}quorum w1 # enough\n"),
        ("no-final-newline", "policy.malformed", f"{w}quorum w1"),
        ("line-ends-of-windows", "policy.malformed", f"{w}quorum w1\r\n"),
        ("line-separator-of-unicode", "policy.undefined-name", f"{w}quorum w1\u2028\n"),
        ("no-break-space", "policy.malformed", f"{w}quorum\u00a0w1\n"),
        ("control-character", "policy.malformed", f"{w}quorum w1\x0b\n"),
        ("nul", "policy.malformed", f"{w}quorum w1\x00\n"),
        ("delete", "policy.malformed", f"{w}# \x7f\nquorum w1\n"),
        ("too-long", "policy.malformed", f"{w}#{'x' * 65_536}\nquorum w1\n"),
        (
            "65-witnesses",
            "policy.malformed",
            L + "".join(of(many(i), f"x{i}") for i in range(65)) + "quorum x0\n",
        ),
        (
            "half-of-the-witnesses",
            "policy.weak-quorum",
            f"{ww}{of(W3)}{of(W4)}group g 2 w1 w2 w3 w4\nquorum g\n",
        ),
        ("any-of-three", "policy.weak-quorum", two_of_three("any")),
        ("no-witness-at-all", "policy.weak-quorum", f"{w}quorum none\n"),
        (
            "weak-in-a-part-that-decides",
            "policy.weak-quorum",
            f"{ww}{of(W3)}group a any w1 w2\ngroup q 2 a w3\nquorum a\n",
        ),
    )


def many(number: int) -> CosignatureSigner:
    return CosignatureSigner(f"x{number}.example", sha256(b"%d" % number).digest())


def good_policies() -> Iterator[tuple[str, str]]:
    """(name, text)"""
    yield "two-of-three", two_of_three()
    yield "all-of-three", two_of_three("all")
    yield "one-witness", f"{ID}{L}{of(W1)}quorum w1\n"
    yield (
        "urls-comments-and-tabs",
        (
            f"# who may be believed\n\n \t# indented\n{ID} {L[:-1]}\thttps://kivu.example/trail/ \n"
            f"\t{of(W1, '', 'https://w1.example/a/b')}quorum\t\tw1  \n"
        ),
    )
    yield (
        "tree-of-groups",
        (
            f"{ID}{L}{of(W1)}{of(W2)}{of(W3)}{of(W4)}group a 2 w1 w2 w3\ngroup b any w4\n"
            "group q all a b\nquorum q\n"
        ),
    )
    yield "lines-after-the-quorum", f"{L}{of(W1)}quorum w1\n{ID}{of(W2)}group g any w2\n"
    newer = note.Signer(ORIGIN, sha256(b"newer log").digest())
    yield "two-keys-of-one-log", f"{L}log {newer.verifier.vkey}\n{of(W1)}quorum w1\n"
    yield "names-beyond-ascii", f"{L}{of(W1, 'Société')}quorum Société\n"
    yield "no-log", f"{of(W1)}quorum w1\n"
    yield (
        "64-witnesses",
        (
            L
            + "".join(of(many(i), f"x{i}") for i in range(64))
            + "group g 33 "
            + " ".join(f"x{i}" for i in range(64))
            + "\nquorum g\n"
        ),
    )


def policy_cases() -> Iterator[Case]:
    for name, code, text in bad_policies():
        yield name, {"text": text, "error": code}
    yield (
        "not-utf-8",
        {**given(f"{L}{of(W1)}# \xe9\n".encode("latin-1")), "error": "policy.malformed"},
    )
    for name, text in good_policies():
        policy = Policy.parse(text.encode())
        says = {
            "ledger": policy.ledger,
            "logs": [[each.key.vkey, each.url] for each in policy.logs],
            "witnesses": {n: [w.key.vkey, w.url] for n, w in policy.witnesses.items()},
            "groups": {n: [g.need, list(g.members)] for n, g in policy.groups.items()},
            "quorum": policy.quorum,
        }
        yield f"good-{name}", {"text": text, "error": None, "says": says}
    yield from check_cases()


def check_cases() -> Iterator[Case]:
    """A policy of two of three, and checkpoints that are held against it."""
    data = signed()
    text = note.parse(data).text

    def case(data: bytes, error: str | None, policy: str = "") -> dict[str, Any]:
        return {
            "text": policy or two_of_three(),
            "checkpoint": data.decode(),
            "error": error,
        }

    def finds(data: bytes, met: bool, policy: str = "", **times: int) -> dict[str, Any]:
        return {**case(data, None, policy), "finds": {"met": met, "cosigned": times}}

    w1, w2, w3, w4 = (line(each, data) for each in (W1, W2, W3, W4))
    yield "good-check-met", finds(data + w1 + w3, True, w1=TIME, w3=TIME)
    yield "good-check-nobody", finds(data, False)
    yield "good-check-one-is-not-enough", finds(data + w2, False, w2=TIME)
    yield "good-check-one-line-twice-is-one", finds(data + w2 + w2, False, w2=TIME)
    later = line(W2.at(TIME + 60), data)
    yield "good-check-one-witness-twice-is-one", finds(data + later + w2, False, w2=TIME + 60)
    yield "good-check-a-stranger-does-not-count", finds(data + w1 + w4, False, w1=TIME)
    renamed = line(CosignatureSigner("other.example", W2.seed, TIME), data)
    yield "good-check-a-known-key-under-another-name", finds(data + w1 + renamed, False, w1=TIME)
    unknown = respelled(data + w1 + w2, "x.example", b"\1\2\3\4", b"\6" * 2428)
    yield "good-check-a-line-of-another-kind", finds(unknown, True, w1=TIME, w2=TIME)
    tree = next(text for name, text in good_policies() if name == "tree-of-groups")
    yield "good-check-tree-met", finds(data + w1 + w2 + w4, True, tree, w1=TIME, w2=TIME, w4=TIME)
    yield (
        "good-check-tree-without-its-branch",
        finds(data + w1 + w2 + w3, False, tree, w1=TIME, w2=TIME, w3=TIME),
    )

    fork = note.parse(note.add(signed(5, "x"), W3)).signatures[1]
    moved = note.assemble(text, [*note.parse(data + w1 + w2).signatures, fork])
    yield "check-cosignature-of-another-checkpoint", case(moved, "signature.wrong")
    short = respelled(data + w1 + w2, W3.name, W3.key_id, W3.sign(text.encode())[:-1])
    yield "check-cosignature-cut", case(short, "signature.length")
    log_only = note.parse(data + w1 + w2).signatures[1:]
    yield (
        "check-not-signed-by-the-log",
        case(note.assemble(text, log_only), "checkpoint.no-log-signature"),
    )
    yield (
        "check-signed-by-a-stranger",
        case(
            signed(signer=STRANGER) + line(W1, signed(signer=STRANGER)),
            "checkpoint.no-log-signature",
        ),
    )
    yield "check-signed-by-strangers-only", case(signed(signer=STRANGER), "note.no-known-signature")
    elsewhere = signed(5, "", OTHER_LOG)
    yield (
        "check-another-log",
        case(elsewhere + line(W1, elsewhere) + line(W2, elsewhere), "checkpoint.origin-mismatch"),
    )
    no_log = next(text for name, text in good_policies() if name == "no-log")
    yield "check-no-log-is-trusted", case(data + w1, "checkpoint.origin-mismatch", no_log)
    yield "check-no-checkpoint", case(note.sign("a\nb\n", LOG), "checkpoint.malformed")
    yield "check-no-note", case(text.encode(), "note.malformed")


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
