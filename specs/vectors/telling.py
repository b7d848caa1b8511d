"""How the small ledgers are told: good or bad by name, each story a function."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cast import KEYS, ORIGIN
from story import PARTIES, Story, judged

from ledger.log import checkpoint

MINER, TRADER, SMELTER, LAB = PARTIES
TA = [{"analyte": "Ta2O5", "grade": 240_000_000}]
Told = tuple[Story, dict[str, Any], list[dict[str, Any]]]
Tale = Callable[[], Any]

GOOD: dict[str, tuple[Tale, dict[str, int], tuple[str, ...]]] = {}
BAD: dict[str, tuple[Tale, tuple[str, ...]]] = {}


def good(name: str, masses: dict[str, int], *codes: str) -> Callable[[Tale], Tale]:
    """A ledger without an error; `masses` are worked out by hand, lot -> milligrams."""

    def keep(tale: Tale) -> Tale:
        GOOD[f"good-{name}"] = (tale, masses, codes)
        return tale

    return keep


def bad(name: str, *codes: str) -> Callable[[Tale], Tale]:
    """A ledger with these findings among others."""

    def keep(tale: Tale) -> Tale:
        BAD[name] = (tale, codes)
        return tale

    return keep


def told(name: str, tale: Tale, codes: tuple[str, ...]) -> dict[str, Any]:
    """The vector of a story; an ending may have changed its lines, or what is trusted."""
    ended = tale()
    story, trust, lines = ended if isinstance(ended, tuple) else (ended, {}, ended.lines())
    expected = judged(lines, {"ledger": story.id, **trust})
    found = {finding["code"] for finding in expected["findings"]}
    if not set(codes) <= found:
        raise ValueError(f"{name}: {set(codes) - found} not among {found}")
    return {
        "about": list(codes),
        "trust": {"ledger": story.id, **trust},
        "entries": lines,
        "expected": expected,
    }


def ore(story: Story, lot: str, mass: int = 1_000, by: str = MINER, **fields: Any) -> bytes:
    """An extraction, not yet in the log."""
    fields = {"site": "RW-GIHANGA", "basis": "dry", "method": "asm", **fields}
    return story.event("lot.extracted", by, lot=lot, material="ore", mass=mass, **fields)


def kept_checkpoint(story: Story, size: int) -> str:
    """A true checkpoint, signed by the log."""
    claim = checkpoint.Checkpoint(ORIGIN, size, bytes.fromhex(story.root(size)))
    return checkpoint.sign(claim, KEYS[ORIGIN]).decode()


def renumbered(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entries without their first, every hash made anew."""
    story = Story.__new__(Story)
    story.entries = [line["entry"].encode() for line in lines]
    return story.lines()
