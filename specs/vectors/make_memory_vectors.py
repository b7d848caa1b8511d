"""Make the vectors of a verifier's memory: what is shown one after the other, and the codes.

    python specs/vectors/make_memory_vectors.py

A file is one verifier's life. Each step shows a log that was verified by itself:

    ledger, origin, keys    its id, its origin, the log's keys so far, the present one last
    size, roots             entries; [size, root] wherever a statement ends
    complete                false for a bundle: `roots` holds its checkpoint's alone
    checkpoint              the largest signed note that agrees with the entries, or null
    place, carried          a URL, or ""; a file that may be older than the ledger
    pinned, demo            the id was insisted on; a demonstration
    codes                   what is found, in this order
    remembers               size and `full` of what is known of this ledger afterwards, or null

What is found does not depend on time. Keys are fixed, so the same files come out every time.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

from ledger.log import checkpoint, merkle, note

HERE = Path(__file__).resolve().parent
Step = dict[str, Any]

KIVU, OTHER = "kivu.example/trail", "other.example/trail"
LOG, NEW = (note.Signer(KIVU, sha256(name).digest()) for name in (b"log", b"new"))
MOVED = note.Signer(OTHER, LOG.seed)
STRANGER = note.Signer(OTHER, sha256(b"stranger").digest())
HERE_URL, THERE_URL = "https://kivu.example/trail/", "https://mirror.example/trail/"


def tree(size: int, fork: int | None = None) -> list[bytes]:
    """The leaf hashes of a log; another log's from entry `fork` on."""
    return [
        merkle.leaf_hash(b"%d %d" % (n, int(fork is not None and n >= fork))) for n in range(size)
    ]


def shown(
    size: int,
    codes: str = "",
    *,
    remembers: tuple[int, bool] | None,
    fork: int | None = None,
    signed: int | None = None,
    ends: int = 1,
    by: note.Signer = LOG,
    ledger: str = "5d",
    **more: Any,
) -> Step:
    """A step; a statement ends after each `ends` entries, `signed` of them are signed for."""
    leaves = tree(size, fork)
    sizes = [n for n in range(1, size + 1) if n % ends == 0 or n == size]
    roots = [[n, merkle.root(leaves[:n]).hex()] for n in sizes]
    covered = size if signed is None else signed
    point = checkpoint.Checkpoint(by.name, covered, merkle.root(leaves[:covered]))
    step: Step = {
        "ledger": ledger * 32,
        "origin": by.name,
        "keys": [by.verifier.vkey],
        "size": size,
        "roots": roots,
        "complete": True,
        "checkpoint": checkpoint.sign(point, by).decode() if covered else None,
        "place": "",
        "carried": False,
        "pinned": False,
        "demo": False,
        **more,
        "codes": codes.split(),
        "remembers": None if remembers is None else list(remembers),
    }
    if not step["complete"]:
        step["roots"] = [roots[-1]]
    return step


def lives() -> Iterator[tuple[str, list[Step]]]:
    """Every life, by name."""
    seven, nine = (7, True), (9, True)
    first = shown(7, remembers=seven)
    yield "good-first-contact-and-growth", [first, first, shown(9, remembers=nine)]
    yield (
        "good-unsigned-growth-is-not-remembered",
        [first, shown(9, remembers=seven, signed=0), shown(9, remembers=nine)],
    )
    yield "good-nothing-signed-is-not-remembered", [shown(7, remembers=None, signed=0)]
    yield "good-demonstration-is-not-remembered", [shown(7, remembers=None, demo=True)]
    both = [LOG.verifier.vkey, NEW.verifier.vkey]
    yield "good-another-key-of-the-log", [first, shown(9, remembers=nine, by=NEW, keys=both)]
    yield (
        "good-a-bundle-first-then-the-whole-log",
        [shown(7, remembers=(7, False), complete=False, carried=True), first],
    )
    yield (
        "good-another-place-of-the-same-ledger",
        [
            shown(7, remembers=seven, place=HERE_URL),
            shown(9, remembers=nine, place=THERE_URL),
        ],
    )
    yield (
        "smaller",
        [first, shown(5, "log.rolled-back", remembers=seven), first],
    )
    yield "smaller-and-unsigned", [first, shown(5, "log.rolled-back", remembers=seven, signed=0)]
    yield (
        "smaller-then-grown-otherwise",
        [
            first,
            shown(5, "log.rolled-back", remembers=seven),
            shown(9, "log.inconsistent", remembers=seven, fork=5),
        ],
    )
    yield "smaller-file", [first, shown(5, "log.older", remembers=seven, carried=True)]
    yield (
        "same-size-other-root",
        [first, shown(7, "log.forked", remembers=seven, fork=6), first],
    )
    yield (
        "same-size-other-root-in-a-file",
        [first, shown(7, "log.forked", remembers=seven, fork=0, carried=True)],
    )
    yield (
        "same-size-other-root-in-a-bundle",
        [first, shown(7, "log.forked", remembers=seven, fork=3, complete=False, carried=True)],
    )
    yield (
        "grown-from-another-past",
        [first, shown(9, "log.inconsistent", remembers=seven, fork=6), first],
    )
    yield (
        "grown-from-another-past-under-the-old-size",
        [first, shown(9, "log.forked", remembers=seven, fork=6, signed=7)],
    )
    yield (
        "grown-from-another-past-unsigned",
        [first, shown(9, "log.inconsistent", remembers=seven, fork=6, signed=0)],
    )
    yield (
        "a-statement-where-the-log-was-signed",
        [first, shown(9, "log.inconsistent", remembers=seven, ends=2)],
    )
    part = {"complete": False, "carried": True}
    yield (
        "a-bundle-that-cannot-tell",
        [
            first,
            shown(9, "log.not-compared", remembers=seven, **part),
            shown(5, "log.not-compared", remembers=seven, **part),
            shown(9, "log.not-compared", remembers=seven, fork=2, **part),
            shown(9, remembers=nine),
        ],
    )
    moved = {"by": MOVED, "ledger": "6e"}
    yield (
        "other-origin-same-key",
        [
            first,
            shown(7, "ledger.other-origin", remembers=None, **moved),
            shown(7, "ledger.other-origin", remembers=seven, pinned=True, **moved),
        ],
    )
    yield (
        "same-origin-other-key",
        [first, shown(7, "ledger.other-key", remembers=None, by=NEW, ledger="6e")],
    )
    yield (
        "same-origin-same-key-other-ledger",
        [first, shown(9, "ledger.other-id", remembers=None, fork=0, ledger="6e"), first],
    )
    yield (
        "renamed-by-its-server",
        [
            shown(7, remembers=seven, place=HERE_URL),
            shown(7, "ledger.replaced", remembers=None, by=STRANGER, ledger="6e", place=HERE_URL),
            shown(9, remembers=nine, place=HERE_URL),
        ],
    )
    yield (
        "renamed-under-its-own-key",
        [
            shown(7, remembers=seven, place=HERE_URL),
            shown(
                7,
                "ledger.replaced ledger.other-origin",
                remembers=None,
                place=HERE_URL,
                **moved,
            ),
        ],
    )
    yield (
        "a-demonstration-in-its-place",
        [
            shown(7, remembers=seven, place=HERE_URL),
            shown(
                7,
                "ledger.replaced",
                remembers=None,
                by=STRANGER,
                ledger="6e",
                place=HERE_URL,
                demo=True,
            ),
        ],
    )


def files() -> dict[str, bytes]:
    """Every vector: its path below this folder, and its bytes."""
    found = {}
    for name, steps in lives():
        text = json.dumps({"steps": steps}, indent=1, ensure_ascii=True)
        found[f"memory/{name}.json"] = text.encode() + b"\n"
    return found


def main() -> None:
    """Write them, and remove those that are no longer made."""
    made = files()
    folder = HERE / "memory"
    folder.mkdir(exist_ok=True)
    for path in folder.glob("*.json"):
        if f"memory/{path.name}" not in made:
            path.unlink()
    for name, data in made.items():
        (HERE / name).write_bytes(data)


if __name__ == "__main__":
    main()
