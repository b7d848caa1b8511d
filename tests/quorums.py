"""A ledger's log, seven witnesses and policies of them: what tests of quorums share."""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from ledger.log import checkpoint, merkle, note
from ledger.log.witness import CosignatureSigner

ORIGIN = "kivu.example/trail"
LEDGER = "5d" * 32
NOW = 1_770_796_800
LOG = note.Signer(ORIGIN, sha256(b"log").digest())
NAMES = [f"w{i}" for i in range(1, 8)]


@cache
def cosigner(name: str) -> CosignatureSigner:
    """The witness of this name, at NOW."""
    return CosignatureSigner(f"{name}.example", sha256(name.encode()).digest(), NOW)


def leaves(size: int, branch: str = "") -> list[bytes]:
    return [merkle.leaf_hash(f"entry {i}{branch if i >= 3 else ''}".encode()) for i in range(size)]


@cache
def signed(size: int = 5, branch: str = "") -> bytes:
    """A checkpoint signed by the log; a `branch` forks after three entries."""
    root = merkle.root(leaves(size, branch))
    return checkpoint.sign(checkpoint.Checkpoint(ORIGIN, size, root), LOG)


def growth(old: int, size: int, branch: str = "") -> list[bytes]:
    """The proof that the tree of `old` entries begins that of `size`."""
    return merkle.prove_consistency(leaves(size, branch), old, size) if old else []


def policy_text(count: int, need: int | str, names: list[str] | None = None) -> str:
    """`need` of the first `count` witnesses."""
    chosen = names or NAMES[:count]
    lines = [f"ledger {LEDGER}", f"log {LOG.verifier.vkey}"]
    lines += [f"witness {name} {cosigner(name).verifier.vkey}" for name in chosen]
    lines += [f"group all-of-them {need} {' '.join(chosen)}", "quorum all-of-them"]
    return "\n".join(lines) + "\n"
