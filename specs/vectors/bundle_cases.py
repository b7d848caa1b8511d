"""Bundles: right ones with what they prove, and wrong ones with the code that names the mistake.

Three kinds of wrong ones: in what holds a bundle together (`bad_frames`, `bad_proofs`), under
a policy of witnesses (here), and in the events (every wrong ledger of `books/` of which a lot
can tell).
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

import bad_authority
import bad_custody
import bad_logs
import bad_mass
import bad_proofs
import good_books
import long_run
from cast import KEYS, vkey
from packing import base, changed, events_of, lots_of, packed
from story import Story
from telling import BAD, GOOD, MINER

from ledger.audit.auditor import Trust
from ledger.audit.bundle import Bundle, encode, verify
from ledger.effects import Admit
from ledger.errors import LedgerError
from ledger.log import note
from ledger.log.policy import Policy
from ledger.log.witness import CosignatureSigner

Case = dict[str, Any]

MISTAKES = bad_proofs.MISTAKES
"""Those of `bad_frames`, too."""

_STORIES = (bad_authority, bad_custody, bad_logs, bad_mass, good_books, long_run)
ROOMS = {room.__name__ for room in _STORIES}
"""Where the stories are taken from."""


def cases() -> Iterator[tuple[str, Case]]:
    """Name and content of every vector of this folder."""
    yield "good-blend", case(encode(packed(base())), ())
    for name, (tale, _, _) in GOOD.items():
        if tale.__module__ not in ROOMS:
            continue
        story = _story(tale)
        subjects = lots_of(story)
        data = encode(packed(story, subjects[0])) if subjects else b""
        if 0 < len(data) <= _LONGEST:
            yield name, case(data, ())
    for name, (tale, codes) in BAD.items():
        if tale.__module__ not in ROOMS or name in MISTAKES:
            continue
        told = _told(tale, codes)
        if told is not None:
            yield name, told
    for name, (make, codes) in MISTAKES.items():
        made = make()
        data, trust = made if isinstance(made, tuple) else (made, {})
        yield name, case(data, codes, trust)
    yield from _witnessed()


def case(data: bytes, codes: tuple[str, ...], trust: dict[str, Any] | None = None) -> Case:
    """The vector of a file, with what is found in it."""
    trust = trust or {}
    expected = judged(data, trust)
    found = {one["code"] for one in expected["findings"]}
    if not set(codes) <= found:
        raise ValueError(f"{codes} not among {found}")
    return {"about": list(codes), "trust": trust, **_file(data), "expected": expected}


def _file(data: bytes) -> Case:
    """The file as its lines where they are text and each is ended, else as base64."""
    try:
        text = data.decode()
    except UnicodeDecodeError:
        text = ""
    if text.endswith("\n"):
        return {"lines": text[:-1].split("\n")}
    return {"base64": base64.b64encode(data).decode()}


def judged(data: bytes, trust: dict[str, Any]) -> Case:
    """What this library says of a file; the form in which vectors expect it."""
    policy = Policy.parse(trust["policy"].encode()) if "policy" in trust else None
    kept = tuple(one.encode() for one in trust.get("checkpoints", ()))
    found = verify(data, Trust(trust.get("ledger", ""), kept), policy)
    report = found.report
    said: Case = {
        "verdict": report.verdict,
        "ledger": report.ledger,
        "subject": found.subject,
        "size": report.size,
        "root": report.root,
        "findings": [
            {"code": one.code, "severity": one.severity, "entries": list(one.entries)}
            for one in report.findings
        ],
    }
    if found.trail is not None:
        said["origins"] = {
            name: [[one.origin, one.mass_mg, one.share_ppb] for one in element.origins]
            for name, element in sorted(found.trail.elements.items())
        }
    return said


def _story(tale: Any) -> Story:
    ended = tale()
    return ended[0] if isinstance(ended, tuple) else ended


def _told(tale: Any, codes: tuple[str, ...]) -> Case | None:
    """The bundle of a lot of a wrong ledger that gives the mistake away, if one does.

    Where none of its own lots does, another bag is dug at the end: whoever and whatever is
    behind it belongs to its bundle, too.
    """
    for ending in (lambda story: story, _one_more_bag):
        try:
            story = ending(_story(tale))
            for lot in lots_of(story):
                data = encode(packed(story, lot))
                found = {one.code for one in verify(data).report.findings}
                if set(codes) <= found and len(data) <= _LONGEST:
                    return case(data, codes)
        except (LedgerError, ValueError, KeyError):
            continue  # an entry that cannot be read, or hashes that cannot be made
    return None


_LONGEST = 20_000
"""Bytes of a bundle of the pack that tells of a wrong ledger."""


def _one_more_bag(story: Story) -> Story:
    admitted = {
        effect.party
        for one in events_of(story.entries).values()
        for effect in one.effects
        if isinstance(effect, Admit)
    }
    if MINER not in admitted:
        story.begin(MINER)
    story.dig("Z9", 1_000)
    return story


# --- witnesses -------------------------------------------------------------------------

_WITNESSES = ("w1.example", "w2.example", "w3.example")
_SEEDS = ("comptoir.example", "smelter.example", "lab.example")


def _witness(number: int) -> CosignatureSigner:
    return CosignatureSigner(_WITNESSES[number], KEYS[_SEEDS[number]]._seed)


def _policy(ledger: str, quorum: int = 2) -> str:
    lines = [f"ledger {ledger}", f"log {vkey('kivu.example/trail')}"]
    lines += [f"witness w{n} {_witness(n).verifier.vkey}" for n in range(3)]
    return "\n".join([*lines, f"group enough {quorum} w0 w1 w2", "quorum enough", ""])


def _cosigned(bundle: Bundle, *witnesses: int, time: int = 1_770_800_000) -> Bundle:
    signed = bundle.checkpoint
    for number in witnesses:
        signed = note.add(signed, _witness(number).at(time))
    return changed(bundle, checkpoint=signed)


def _witnessed() -> Iterator[tuple[str, Case]]:
    bundle = packed(base())
    trust = {"policy": _policy(bundle.ledger)}
    yield "good-two-of-three-witnesses", case(encode(_cosigned(bundle, 0, 2)), (), trust)
    yield "good-witnesses-nobody-asked-for", case(encode(_cosigned(bundle, 1)), ())
    unmet = ("witness.quorum-not-met",)
    yield "no-witness", case(encode(bundle), unmet, trust)
    yield "one-witness-of-two", case(encode(_cosigned(bundle, 0)), unmet, trust)
    other = {"policy": _policy("7a" * 32)}
    yield (
        "witnesses-of-another-ledger",
        case(encode(_cosigned(bundle, 0, 1)), ("ledger.wrong",), other),
    )
