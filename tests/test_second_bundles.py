"""Bundles told to both verifiers: lines dropped, doubled, swapped, lent; the end made right."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from ledger.audit import bundle
from ledger.audit.auditor import Trust
from test_second_verifier import second

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors" / "bundle"


def sound() -> list[list[bytes]]:
    """The lines of every good bundle, without their end."""
    found = []
    for path in sorted(VECTORS.glob("good-*.json")):
        lines = [line.encode() for line in json.loads(path.read_bytes())["lines"]]
        found.append(lines[:-1])
    return found


def sealed(lines: list[bytes]) -> bytes:
    """A bundle's lines with a right end: what a liar does who has read the page."""
    body = b"".join(line + b"\n" for line in lines)
    counts = [sum(bool(re.match(rb"[0-9]", line)) for line in lines)]
    counts += [sum(line.startswith(word) for line in lines) for word in (b"tree ", b"statement ")]
    digest = hashlib.sha256(body).hexdigest()
    return body + b"end %d %d %d %s\n" % (*counts, digest.encode())


def changed(random: Random, lines: list[bytes], others: list[bytes]) -> list[bytes]:
    """One change to some line."""
    lines, at = list(lines), random.randrange(len(lines))
    how = random.randrange(7)
    if how == 0:
        del lines[at]
    elif how == 1:
        lines.insert(at, lines[at])
    elif how == 2:
        to = random.randrange(len(lines))
        lines[at], lines[to] = lines[to], lines[at]
    elif how == 3:
        lines[at] = random.choice(others)
    elif how == 4:
        lines.insert(at, random.choice(others))
    elif how == 5 and lines[at]:
        data = bytearray(lines[at])
        data[random.randrange(len(data))] = random.choice(b'0123456789abcdefXYZ {}",:')
        lines[at] = bytes(data)
    elif number := re.match(rb"\d+ ", lines[at]):
        to = int(number[0]) + random.choice((-2, -1, 1, 2))
        lines[at] = b"%d " % to + lines[at][number.end() :]
    return lines


def mutants(first: int, count: int) -> Iterator[tuple[int, bytes]]:
    """Sealed bundles with one change or two."""
    good = sound()
    for seed in range(first, first + count):
        random = Random(seed)
        lines = changed(random, random.choice(good), random.choice(good))
        if random.random() < 0.3:
            lines = changed(random, lines, random.choice(good))
        yield seed, sealed(lines)


def settled(codes: set[str]) -> set[str]:
    """Where hashes are too many or too few, which of them lead astray is a matter of taste."""
    return codes - {"statement.root-mismatch"} if "bundle.hash-count" in codes else codes


def disagreements(first: int, count: int) -> Iterator[str]:
    """One line for each bundle that the two judge otherwise."""
    for seed, data in mutants(first, count):
        report = second().verify_bundle(data)
        mine = (report["verdict"], settled({each["code"] for each in report["findings"]}))
        judged = bundle.verify(data, Trust("")).report
        theirs = (judged.verdict, settled({each.code for each in judged.findings}))
        if mine != theirs:
            yield f"mutant {seed}: second {mine}, library {theirs}"


def test_two_verifiers_agree_on_mutants_of_bundles() -> None:
    assert list(disagreements(0, 250)) == []


@pytest.mark.long
def test_two_verifiers_agree_on_20000_mutants_of_bundles() -> None:
    assert list(disagreements(1_000, 20_000)) == []
