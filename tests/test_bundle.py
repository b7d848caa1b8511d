"""Bundles: sound ones prove what the whole ledger says, and no changed byte is accepted."""

from __future__ import annotations

import base64
import importlib
import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.audit import bundle
from ledger.audit.auditor import Trust
from ledger.audit.bundle import Bundle, frame
from ledger.cli.stories import cobalt, gold, mica, tantalum
from ledger.custody.closure import Held, closure
from ledger.custody.trail import LotLine
from ledger.errors import MalformedError, UnknownError
from ledger.log.policy import Policy

ROOT = Path(__file__).resolve().parent.parent
VECTORS = ROOT / "specs" / "vectors"
PACK = {path.stem: json.loads(path.read_bytes()) for path in sorted((VECTORS / "bundle").iterdir())}


def made_by(name: str) -> ModuleType:
    """A script of the vectors' own folder."""
    if str(VECTORS) not in sys.path:
        sys.path.insert(0, str(VECTORS))
    return importlib.import_module(name)


def file_of(case: dict[str, Any]) -> bytes:
    if "base64" in case:
        return base64.b64decode(case["base64"])
    return "".join(f"{line}\n" for line in case["lines"]).encode()


def verified(case: dict[str, Any]) -> bundle.Verified:
    trust = case["trust"]
    policy = Policy.parse(trust["policy"].encode()) if "policy" in trust else None
    kept = tuple(one.encode() for one in trust.get("checkpoints", ()))
    return bundle.verify(file_of(case), Trust(trust.get("ledger", ""), kept), policy)


def refused(data: bytes) -> bool:
    return bundle.verify(data).report.verdict == "contradicted"


# ---------------------------------------------------------------- the pack


def test_making_the_vectors_again_changes_nothing() -> None:
    made = made_by("make_bundle_vectors").files()
    found = {path.name: path.read_bytes() for path in (VECTORS / "bundle").iterdir()}
    assert sorted(found) == sorted(made)
    assert [name for name in made if made[name] != found[name]] == []


@pytest.mark.parametrize("name", PACK)
def test_a_bundle_of_the_pack_gets_its_verdict_and_its_codes(name: str) -> None:
    case = PACK[name]
    found = verified(case)
    expected = case["expected"]
    assert found.report.verdict == expected["verdict"]
    assert [one.code for one in found.report.findings] == [
        one["code"] for one in expected["findings"]
    ]
    assert set(case["about"]) <= {one.code for one in found.report.findings}
    assert (found.trail is None) == ("origins" not in expected)


def test_the_pack_has_two_hundred_hostile_bundles_each_named_after_its_mistake() -> None:
    hostile = [name for name in PACK if not name.startswith("good-")]
    assert len(hostile) >= 200
    for name, case in PACK.items():
        assert re.fullmatch(r"[a-z0-9-]+", name)
        assert name.startswith("good-") == (case["expected"]["verdict"] == "supported")
        assert name.startswith("good-") == (not case["about"])


def test_every_code_of_a_bundle_has_a_bundle_in_the_pack() -> None:
    page = (ROOT / "specs" / "bundle.md").read_text("utf-8")
    codes = set(re.findall(r"^\| `(bundle\.[a-z-]+)` \|", page, re.MULTILINE))
    told = {code for case in PACK.values() for code in case["about"]}
    # The first is 64 MiB, the last no mistake: each has a test below.
    assert codes - told == {"bundle.too-large", "bundle.not-compared"}


def test_a_sound_bundle_is_spelled_one_way() -> None:
    for name, case in PACK.items():
        if name.startswith("good-"):
            data = file_of(case)
            assert bundle.encode(bundle.decode(data)) == data


# ---------------------------------------------------------------- every byte counts


def small() -> bytes:
    return file_of(PACK["good-hand-over"])


def flips(data: bytes) -> Iterator[bytes]:
    for place in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[place] ^= 1 << bit
            yield bytes(changed)


def cuts(data: bytes) -> Iterator[bytes]:
    """Every byte deleted, every byte doubled, every truncation."""
    for place in range(len(data)):
        yield data[:place] + data[place + 1 :]
        yield data[: place + 1] + data[place:]
        yield data[:place]


def shuffles(data: bytes) -> Iterator[list[bytes]]:
    """Every line dropped, doubled, and swapped with every other."""
    lines = data.split(b"\n")[:-1]
    for place in range(len(lines)):
        yield lines[:place] + lines[place + 1 :]
        yield lines[: place + 1] + lines[place:]
        for other in range(place):
            swapped = lines.copy()
            swapped[place], swapped[other] = swapped[other], swapped[place]
            if swapped != lines:
                yield swapped


def test_no_flipped_bit_is_accepted() -> None:
    assert not refused(small())
    assert [one for one in flips(small()) if not refused(one)] == []


def test_no_deleted_or_doubled_byte_and_no_truncation_is_accepted() -> None:
    assert [one for one in cuts(small()) if not refused(one)] == []


def test_no_line_can_be_dropped_doubled_or_swapped() -> None:
    changed = [b"".join(line + b"\n" for line in lines) for lines in shuffles(small())]
    assert [one for one in changed if not refused(one)] == []


def resealed(data: bytes) -> bytes:
    """The same with a last line whose digest and counts fit, as an attacker would make it."""
    return bytes(made_by("packing").sealed(data.split(b"\n")[:-2]))


def test_no_line_can_be_dropped_doubled_or_swapped_under_a_new_digest() -> None:
    body = small().rsplit(b"\n", 2)[0] + b"\n"
    assert resealed(small()) == small()
    for lines in shuffles(body):
        data = b"".join(line + b"\n" for line in [*lines, b"end"])
        assert refused(resealed(data)), lines


def test_flips_and_cuts_under_a_new_digest_are_refused_now_and_then() -> None:
    """A sample; the whole is below."""
    body = small().rsplit(b"\n", 2)[0] + b"\n"
    for place, changed in enumerate(flips(body)):
        if place % 61 == 0:
            assert refused(resealed(changed + b"end\n")), changed
    for place, changed in enumerate(cuts(body)):
        if place % 31 == 0:
            assert refused(resealed(changed + b"end\n")), changed


@pytest.mark.long
def test_flips_and_cuts_under_a_new_digest_are_refused_all_of_them() -> None:
    body = small().rsplit(b"\n", 2)[0] + b"\n"
    for changed in (*flips(body), *cuts(body)):
        if changed != body:
            assert refused(resealed(changed + b"end\n")), changed


@given(st.binary(max_size=300))
def test_any_bytes_lead_to_a_report(data: bytes) -> None:
    assert bundle.verify(data).report.verdict == "contradicted"


def test_members_from_other_bundles_lead_to_a_report() -> None:
    """Parts of the pack's bundles put together: refused or sound, and never another end."""
    dice = random.Random(20260401)
    whole = []
    for case in PACK.values():
        try:
            whole.append(bundle.decode(file_of(case)))
        except MalformedError:
            continue
    for _ in range(400):
        one, other = dice.choice(whole), dice.choice(whole)
        names = dice.sample(Bundle.__struct_fields__, dice.randint(1, 3))
        mixed = msgspec.structs.replace(one, **{name: getattr(other, name) for name in names})
        report = bundle.verify(bundle.encode(mixed)).report
        assert report.verdict in ("supported", "contradicted")
        assert report.verdict == "supported" or report.findings


def test_a_bundle_beyond_the_limit_is_refused_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(frame, "MAX_BYTES", len(small()) - 1)
    report = bundle.verify(small()).report
    assert [one.code for one in report.findings] == ["bundle.too-large"]
    monkeypatch.setattr(frame, "MAX_BYTES", len(small()))
    assert not refused(small())


# ---------------------------------------------------------------- what it proves


SUBJECTS = {tantalum: "PHONE-26W18", cobalt: "PACK-26W30", gold: "RING-26", mica: "CAR-26W26"}


@pytest.mark.parametrize(
    "story",
    [tantalum, gold, mica, pytest.param(cobalt, marks=pytest.mark.long)],
    ids=lambda one: one.__name__.rpartition(".")[2],
)
def test_the_bundle_of_every_lot_of_a_story_proves_what_the_ledger_says(
    story: ModuleType, tmp_path: Path
) -> None:
    workspace = story.build(tmp_path / "demo")
    with workspace.ledger(read_only=True) as ledger:
        size = ledger.head().size
        lots = [one.lot for one in ledger.lots()]
        for lot in [*lots[:: len(lots) // 8], SUBJECTS[story]]:
            try:
                made = ledger.bundle(lot)
            except UnknownError as error:
                assert error.code == "checkpoint.too-old"
                continue
            found = bundle.verify(bundle.encode(made), Trust(ledger.id))
            assert found.report.verdict == "supported", (lot, found.report.findings)
            assert found.trail is not None
            told = ledger.trace(lot)
            assert found.trail.elements == told.elements
            assert lines(found.trail.lots) == lines(told.lots)
            assert set(found.trail.entries) <= set(told.entries)
            assert len(made.entries) <= size


def lines(lots: tuple[LotLine, ...]) -> list[LotLine]:
    """What became of a rest later is not in a bundle."""
    return [msgspec.structs.replace(one, state="", holder="") for one in lots]


def test_a_bundle_of_a_bag_holds_little_of_what_happened_elsewhere() -> None:
    packing = made_by("packing")
    story = packing.base()
    for number in range(50):
        story.dig(f"X{number}", 1_000)
    made = packing.packed(story)
    assert made.size == len(story.entries)
    assert len(made.entries) == len(packing.packed(packing.base()).entries)


def test_what_is_said_of_other_lots_in_one_breath_is_not_judged() -> None:
    """A payment for two lots, one of which is not in the bundle."""
    packing = made_by("packing")
    story = packing.base()
    story.say(
        "payment.declared",
        packing.TRADER,
        subject="party:comptoir.example",
        kind="tax",
        payee="the revenue",
        amount=1000,
        currency="EUR",
        lots=["B1", "G4"],
    )
    made = packing.packed(story)
    assert story.entries[-1] in [data for _, data in made.entries]
    assert not refused(bundle.encode(made))


def test_a_kept_checkpoint_of_another_size_is_named_and_no_contradiction() -> None:
    case = PACK["good-blend"]
    kept = "".join(
        line.removeprefix("checkpoint ") + "\n"
        for line in PACK["checkpoint-of-the-same-log-earlier"]["lines"]
        if line.startswith("checkpoint ")
    ).encode()
    found = bundle.verify(file_of(case), Trust("", (kept,)))
    assert found.report.verdict == "supported"
    assert [(one.code, one.severity) for one in found.report.findings] == [
        ("bundle.not-compared", "info")
    ]


def test_the_bundle_of_a_whole_input_is_that_of_the_blend_under_another_name() -> None:
    """What a bag went into is its last change; so its own bundle ends there too."""
    packing = made_by("packing")
    assert packing.changed(packing.packed(packing.base()), subject="G1") == packing.packed(
        packing.base(), "G1"
    )


def test_the_closure_is_a_closure() -> None:
    """Taken among what belongs, it is all that belongs: so a verifier can ask for it again."""
    packing = made_by("packing")
    events = packing.events_of(packing.base().entries)
    for lot in ("B1", "G1", "G3", "G4"):
        belongs = closure(Held(events), lot)
        assert closure(Held(belongs), lot) == belongs
