"""Make the vectors of tiles and of proofs of one entry.

    python specs/vectors/make_tile_vectors.py

Entries are `entry 0`, `entry 1` and so on, keys are fixed. In `tiles` a case holds every
file of a log, or names the case whose files it `changes` (null: the file is gone); or it lists
the `paths` of a tree. In `proof` a case holds the file, the entry and the log's key. `error` is
the code of the refusal, null if there is none.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ledger.log import checkpoint, merkle, note, proof, tiles
from ledger.log.witness import CosignatureSigner

HERE = Path(__file__).resolve().parent
ORIGIN = "kivu.example/trail"
LOG = note.Signer(ORIGIN, bytes([5]) * 32)
Case = tuple[str, dict[str, Any]]


def files() -> dict[str, bytes]:
    """Every vector: its path below this folder, and its bytes."""
    found: dict[str, bytes] = {}
    for room, cases in {"tiles": tile_cases, "proof": proof_cases}.items():
        for name, case in cases():
            path = f"{room}/{name}.json"
            if path in found:
                raise ValueError(f"two vectors named {path}")
            found[path] = json.dumps(case, indent=1, ensure_ascii=True).encode() + b"\n"
    return found


def entry(index: int) -> bytes:
    return b"entry %d" % index


def leaves(size: int) -> list[bytes]:
    return [merkle.leaf_hash(entry(index)) for index in range(size)]


def spelled(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


# ---------------------------------------------------------------- tiles


def log(size: int) -> dict[str, bytes]:
    """The files of a log, without its checkpoint."""
    tree = merkle.Frontier()
    nodes = {(level, at): value for level, at, value in tree.extend(leaves(size))}
    found = {
        one.path: tiles.bundle(
            entry(index) for index in range(one.index * 256, one.index * 256 + one.width)
        )
        for one in tiles.bundles_of(size)
    }
    for one in tiles.tiles_of(size):
        found[one.path] = b"".join(nodes[node] for node in tiles.nodes_of(one))
    return found


def whole(size: int, held: dict[str, bytes]) -> dict[str, Any]:
    return {
        "size": size,
        "root": merkle.root(leaves(size)).hex(),
        "files": {path: spelled(data) for path, data in sorted(held.items())},
        "error": None,
    }


def tile_cases() -> Iterator[Case]:
    for size in (0, 1, 3, 256, 257):
        yield f"good-size-{size}", whole(size, log(size))
    larger = log(512)
    for path, data in log(257).items():
        if path == "tile/1/000.p/1":
            larger[path] = data
    yield "good-size-257-in-the-files-of-512", whole(257, larger)
    for size in (257, 1000, 70_000):
        listed = [*tiles.bundles_of(size), *tiles.tiles_of(size)]
        yield f"good-paths-of-{size}", {"size": size, "paths": [one.path for one in listed],
                                        "error": None}  # fmt: skip
    yield from small_mistakes()
    yield from large_mistakes()


def changed(base: int, error: str, **more: Any) -> dict[str, Any]:
    said = {"size": base, "root": merkle.root(leaves(base)).hex(), "changes": f"good-size-{base}"}
    held = {path: spelled(data) for path, data in more.pop("files", {}).items()}
    return {**said, **more, "files": held, "error": error}


def small_mistakes() -> Iterator[Case]:
    """In a log of three entries: one partial tile, one partial bundle."""
    held = log(3)
    tile, bundle = "tile/0/000.p/3", "tile/entries/000.p/3"
    hashes, data = held[tile], held[bundle]
    one = data[: len(data) // 3]

    def case(path: str, content: bytes | None, error: str) -> dict[str, Any]:
        return changed(3, error, files={path: content})

    yield "tile-flipped-bit", case(tile, bytes([hashes[0] ^ 1]) + hashes[1:], "tile.wrong")
    yield "tile-swapped-hashes", case(tile, hashes[32:64] + hashes[:32] + hashes[64:], "tile.wrong")
    yield "tile-one-byte-short", case(tile, hashes[:-1], "tile.malformed")
    yield "tile-one-byte-long", case(tile, hashes + b"\0", "tile.malformed")
    yield "tile-one-hash-more", case(tile, hashes + bytes(32), "tile.malformed")
    yield "tile-of-nothing", case(tile, b"", "tile.malformed")
    yield "tile-gone", case(tile, None, "tile.missing")
    yield (
        "tile-in-the-place-of-the-full-one",
        changed(3, "tile.malformed", files={tile: None, "tile/0/000": hashes}),
    )
    yield "bundle-gone", case(bundle, None, "tile.missing")
    yield "bundle-flipped-bit", case(bundle, data[:-1] + bytes([data[-1] ^ 1]), "bundle.wrong")
    yield "bundle-swapped-entries", case(bundle, data[len(one) :] + one, "bundle.wrong")
    yield "bundle-doubled-entry", case(bundle, one + one + data[2 * len(one) :], "bundle.wrong")
    yield "bundle-one-entry-less", case(bundle, data[: -len(one)], "bundle.malformed")
    yield "bundle-one-entry-more", case(bundle, data + one, "bundle.malformed")
    yield "bundle-one-byte-short", case(bundle, data[:-1], "bundle.malformed")
    yield "bundle-one-byte-long", case(bundle, data + b"\0", "bundle.malformed")
    yield "bundle-length-too-large", case(bundle, b"\xff\xff" + data[2:], "bundle.malformed")
    little = b"".join(len(entry(i)).to_bytes(2, "little") + entry(i) for i in range(3))
    yield "bundle-lengths-the-other-way-round", case(bundle, little, "bundle.malformed")
    wide = b"".join(len(entry(i)).to_bytes(4, "big") + entry(i) for i in range(3))
    yield "bundle-lengths-of-4-bytes", case(bundle, wide, "bundle.malformed")
    lines = b"".join(entry(i) + b"\n" for i in range(3))
    yield "bundle-of-lines", case(bundle, lines, "bundle.malformed")
    other = merkle.root(leaves(4)).hex()
    yield "root-of-another-size", changed(3, "tile.wrong", root=other)


def large_mistakes() -> Iterator[Case]:
    """In a log of 257 entries: full tiles, and one of level 1 above them."""
    held = log(257)
    full, above, edge = "tile/0/000", "tile/1/000.p/1", "tile/0/001.p/1"
    bundle = "tile/entries/000"

    def flipped(path: str) -> dict[str, bytes]:
        return {path: held[path][:-1] + bytes([held[path][-1] ^ 1])}

    yield "full-tile-flipped-bit", changed(257, "tile.wrong", files=flipped(full))
    yield "full-tile-gone", changed(257, "tile.missing", files={full: None})
    yield "tile-of-level-1-flipped-bit", changed(257, "tile.wrong", files=flipped(above))
    yield "tile-of-level-1-gone", changed(257, "tile.missing", files={above: None})
    yield "tile-of-the-edge-flipped-bit", changed(257, "tile.wrong", files=flipped(edge))
    yield "full-bundle-flipped-bit", changed(257, "bundle.wrong", files=flipped(bundle))
    short = held[bundle][: -2 - len(entry(255))]
    yield "full-bundle-one-entry-less", changed(257, "bundle.malformed", files={bundle: short})


# ---------------------------------------------------------------- proofs of one entry

WITNESS = CosignatureSigner("witness.example", bytes([4]) * 32, 1_700_000_000)


def proof_of(index: int, size: int) -> proof.Proof:
    head = checkpoint.Checkpoint(ORIGIN, size, merkle.root(leaves(size)))
    hashes = merkle.prove_inclusion(leaves(size), index)
    return proof.Proof(index, tuple(hashes), checkpoint.sign(head, LOG))


def proof_cases() -> Iterator[Case]:
    key = LOG.verifier.vkey

    def case(data: bytes, error: str | None, number: int = 5, *keys: str) -> dict[str, Any]:
        given = {"text": data.decode()} if data.isascii() or b"\xe2" in data else None
        return {
            **(given or {"hex": data.hex()}),
            "entry": entry(number).decode(),
            "origin": ORIGIN,
            "verifiers": list(keys) or [key],
            "error": error,
        }

    def opens(index: int, size: int, data: bytes, *keys: str) -> dict[str, Any]:
        return {**case(data, None, index, *keys), "opens": {"index": index, "size": size}}

    for index, size in ((0, 1), (0, 2), (5, 11), (10, 11), (42, 300)):
        data = proof.encode(proof_of(index, size))
        yield f"good-entry-{index}-of-{size}", opens(index, size, data)
    good = proof.encode(proof_of(5, 11))
    cosigned = note.add(proof_of(5, 11).checkpoint_note, WITNESS)
    data = proof.encode(proof.Proof(5, proof_of(5, 11).hashes, cosigned))
    yield "good-cosigned", opens(5, 11, data, key, WITNESS.verifier.vkey)
    yield "good-cosigned-by-a-stranger", opens(5, 11, data)

    first = b"index 5\n"
    texts = {
        "extra": good.replace(b"\nindex", b"\nextra YWJj\nindex"),
        "another-version": good.replace(b"@v1", b"@v2"),
        "no-first-line": good.removeprefix(b"c2sp.org/tlog-proof@v1\n"),
        "no-index": good.replace(first, b""),
        "index-with-a-leading-nought": good.replace(first, b"index 05\n"),
        "index-with-a-plus-sign": good.replace(first, b"index +5\n"),
        "index-negative": good.replace(first, b"index -5\n"),
        "index-of-2-to-the-63": good.replace(first, b"index %d\n" % 2**63),
        "index-with-two-spaces": good.replace(first, b"index  5\n"),
        "empty-line-before-the-hashes": good.replace(first, first + b"\n"),
        "no-empty-line": good.replace(b"\n\nkivu", b"\nkivu"),
        "carriage-returns": good.replace(b"\n", b"\r\n"),
        "hash-without-padding": good.replace(b"=\n", b"\n", 1),
        "hash-with-other-last-bits": good.replace(first, first + b"A" * 42 + b"B=\n"),
        "hash-of-31-bytes": good.replace(first, first + base64.b64encode(bytes(31)) + b"\n"),
        "64-hashes": good.replace(first, first + (b"A" * 43 + b"=\n") * 60),
        "nothing": b"",
    }
    for name, text in texts.items():
        error = "checkpoint.malformed" if name == "empty-line-before-the-hashes" else ""
        yield name, case(text, error or "proof.malformed")
    yield "no-checkpoint", case(good[: good.index(b"\n\n") + 2], "note.malformed")
    yield "line-after-the-signatures", case(good + b"junk\n", "note.malformed")
    yield "no-final-newline", case(good[:-1], "note.malformed")
    yield (
        "size-with-a-leading-nought",
        case(good.replace(b"\n11\n", b"\n011\n"), "checkpoint.malformed"),
    )
    yield "other-entry", case(good, "proof.wrong", 4)
    yield "other-index", case(good.replace(first, b"index 4\n"), "proof.wrong")
    yield "index-not-below-the-size", case(good.replace(first, b"index 11\n"), "proof.index")
    lines = good.split(b"\n")
    swapped = b"\n".join([*lines[:2], lines[3], lines[2], *lines[4:]])
    yield "swapped-hashes", case(swapped, "proof.wrong")
    yield "one-hash-less", case(b"\n".join([*lines[:2], *lines[3:]]), "proof.length")
    yield "one-hash-more", case(b"\n".join([*lines[:3], *lines[2:]]), "proof.length")
    yield "other-size", case(good.replace(b"\n11\n", b"\n12\n"), "signature.wrong")
    stranger = note.Signer("goma.example/trail", bytes([6]) * 32)
    yield "another-logs-key", case(good, "note.no-known-signature", 5, stranger.verifier.vkey)
    head = checkpoint.Checkpoint(stranger.name, 11, merkle.root(leaves(11)))
    other = proof.Proof(5, proof_of(5, 11).hashes, checkpoint.sign(head, stranger))
    yield "another-origin", case(proof.encode(other), "checkpoint.origin-mismatch")


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
