"""Random small ledgers, right and wrong, for two verifiers to disagree about.

A world is told with the vectors' own `Story`, so its keys are fixed and its bytes follow from the
seed. Six of ten are tame: what no writer would have taken is taken back.
"""

from __future__ import annotations

import copy
import hashlib
import sys
from pathlib import Path
from random import Random
from typing import Any

from ledger import Auditor, Trust
from ledger.audit.auditor import Source
from ledger.log import merkle, note

VECTORS = Path(__file__).resolve().parent.parent / "specs" / "vectors"
if str(VECTORS) not in sys.path:
    sys.path.insert(0, str(VECTORS))

from cast import KEYS, ORIGIN, vkey  # noqa: E402
from story import PARTIES, Story  # noqa: E402

MINER, TRADER, SMELTER, LAB = PARTIES
PHONE, RECOVERY = f"{MINER}/phone", f"{MINER}/recovery"
NEXT = note.Signer(MINER, hashlib.sha256(b"a key that follows").digest())
LOST = note.Signer(TRADER, hashlib.sha256(b"a key after a fire").digest())
BUYER = "capacitor.example"


def commitment(signer: note.Signer) -> str:
    """What a party says beforehand of the key that may follow."""
    return hashlib.sha256(f"oretrail/next-key/v1\n{signer.verifier.vkey}\n".encode()).hexdigest()


ALL_KEYS = {**KEYS, "next": NEXT, "lost": LOST}


class World:
    """A ledger that lives for a while; what it does is drawn from `random`."""

    def __init__(self, random: Random, life: int) -> None:
        self.random = random
        threshold = random.choice((1, 1, 2))
        governors = ("governance/1", "governance/2")[: random.choice((threshold, 2))]
        self.story = Story(governors, threshold)
        self.governors = governors
        self.holders: dict[str, str] = {}
        self.sent: dict[str, tuple[str, str, str]] = {}
        self.used: list[str] = []
        self.ids: list[str] = []
        self.signer = {name: name for name in PARTIES}
        self.version = 0
        self.count = 0
        self.admit()
        deeds = sorted(name for name in dir(self) if name.startswith("do_"))
        tame = random.random() < 0.6
        for _ in range(life):
            before = self.state()
            getattr(self, random.choice(deeds))()
            if tame and self.contradicted():
                self.__dict__.update(before)

    def state(self) -> dict[str, Any]:
        """All that a deed may change."""
        kept = {name: value for name, value in self.__dict__.items() if name != "random"}
        return copy.deepcopy(kept)

    def contradicted(self) -> bool:
        """Whether the last deed was one that no writer would have taken."""
        auditor = Auditor(Trust(self.story.id))
        auditor.feed(Source(at, data) for at, data in enumerate(self.story.entries))
        return auditor.finish().verdict == "contradicted"

    def admit(self) -> None:
        """Everybody comes in; sometimes one of them later, or with more keys."""
        events = []
        for name in PARTIES:
            more: dict[str, Any] = {}
            if name == MINER:
                more = {"next": commitment(NEXT), "recovery": vkey(RECOVERY)}
            role = "auditor" if name == LAB else "trader"
            events.append(
                self.story.event(
                    "party.admitted",
                    "governance",
                    party=name,
                    name=name,
                    roles=[role],
                    key=vkey(name),
                    **more,
                )
            )
        events += [self.story.site("RW-GIHANGA", "RW"), self.story.site("CD-MASISI", "CD")]
        self.story.enter(events, *self.governors, *PARTIES)

    # -- how a deed is said

    def say(self, kind: str, by: str, /, *more: str, **fields: Any) -> None:
        """One statement, signed as it should be; now and then with what the signer had seen."""
        event = self.story.event(kind, by, **fields)
        self.enter([event], by, *fields.get("cosigners", ()), *more)

    def enter(self, events: list[bytes], *names: str) -> None:
        """A statement of these events, by these parties or keys."""
        signers: list[str] = []
        for name in names:
            signers += self.governors if name == "governance" else [self.signer.get(name, name)]
        text = canonical_text(self.story, events, self.seen())
        keys = {ALL_KEYS[name].verifier.vkey: ALL_KEYS[name] for name in signers}
        self.ids += self.story.append(note.sign(text, *keys.values()), events)

    def seen(self) -> tuple[int, str] | None:
        """Nothing, or a size and root of the past."""
        if self.random.random() < 0.7:
            return None
        ends = [
            size
            for size in range(1, len(self.story.entries))
            if self.story.entries[size].endswith(b'"type":"registered"}')
        ]
        size = self.random.choice([*ends, len(self.story.entries)])
        return size, self.story.root(size)

    def fresh(self) -> str:
        """A lot id that was never used."""
        self.count += 1
        return f"L{self.count}"

    def lot(self) -> str | None:
        """A lot at hand; now and then one that is not."""
        if self.random.random() < 0.05 and self.used:
            return self.random.choice(self.used)
        return self.random.choice(sorted(self.holders)) if self.holders else None

    def holder(self, lot: str) -> str:
        """Who holds it, as far as this world knows."""
        return self.holders.get(lot, TRADER)

    def gone(self, lot: str) -> None:
        """A lot is no longer at hand."""
        self.holders.pop(lot, None)
        self.used.append(lot)

    # -- deeds

    def do_dig(self) -> None:
        self.begin("lot.extracted", MINER, site="RW-GIHANGA", method="asm")

    def do_dig_again(self) -> None:
        self.begin("lot.extracted", MINER, site="CD-MASISI", method="lsm")

    def do_declare(self) -> None:
        self.begin("lot.declared", self.random.choice(PARTIES[:3]), origin="legacy", reason="old")

    def begin(self, kind: str, by: str, **more: Any) -> None:
        """A lot begins, wet or dry, with grades or without, counted or not."""
        lot, random = self.fresh(), self.random
        fields: dict[str, Any] = {"mass": random.randint(1, 10**9), "basis": "dry"}
        if random.random() < 0.4:
            fields |= {"basis": "wet", "moisture": random.randint(0, 200_000_000)}
        if random.random() < 0.5:
            fields["grades"] = [{"analyte": "Ta2O5", "grade": random.randint(0, 4 * 10**8)}]
        if random.random() < 0.3:
            fields["pieces"] = random.randint(1, 50)
        self.say(kind, by, lot=lot, material="ore", **fields, **more)
        self.holders[lot] = by

    def do_weigh(self) -> None:
        lot = self.lot()
        if lot is None:
            return
        fields: dict[str, Any] = {"instrument": self.random.choice(("hand-scale", "bullion", "x"))}
        fields["basis"] = self.random.choice(("dry", "wet"))
        if self.random.random() < 0.5:
            fields["moisture"] = self.random.randint(0, 10**8)
        mass = self.random.randint(1, 10**9)
        self.say("lot.weighed", self.holder(lot), lot=lot, mass=mass, **fields)

    def do_assay(self) -> None:
        lot = self.lot()
        if lot is not None:
            grades = [{"analyte": a, "grade": self.random.randint(0, 10**8)} for a in ("Ta", "Sn")]
            self.say("lot.assayed", LAB, cosigners=[self.holder(lot)], lot=lot, grades=grades)

    def do_lose(self) -> None:
        lot = self.lot()
        if lot is not None:
            reason = self.random.choice(("spill", "moisture"))
            lost = self.random.randint(1, 10**7)
            self.say("lot.adjusted", self.holder(lot), lot=lot, reason=reason, lost=lost)

    def do_split(self) -> None:
        lot = self.lot()
        if lot is None:
            return
        a, b = self.fresh(), self.fresh()
        parts = [{"lot": a, "mass": self.random.randint(1, 10**6)}, {"lot": b}]
        by = self.holder(lot)
        self.say("lot.split", by, lot=lot, material="ore", parts=parts)
        self.gone(lot)
        self.holders |= {a: by, b: by}

    def do_blend(self) -> None:
        by = self.random.choice(PARTIES[:3])
        lots = [lot for lot, holder in sorted(self.holders.items()) if holder == by][:3]
        if not lots:
            return
        lot = self.fresh()
        inputs: list[dict[str, Any]] = [{"lot": each} for each in lots]
        if self.random.random() < 0.4:
            inputs[0]["mass"] = self.random.randint(1, 10**6)
        self.say("lots.blended", by, lot=lot, material="ore", inputs=inputs)
        self.holders[lot] = by
        for each in inputs:
            if "mass" not in each:
                self.gone(each["lot"])

    def do_refine(self) -> None:
        lot = self.lot()
        if lot is None:
            return
        out, rest = self.fresh(), self.fresh()
        outputs = [
            {"lot": out, "material": "salt", "mass": self.random.randint(2, 10**7), "basis": "dry"},
            {
                "lot": rest,
                "material": "slag",
                "mass": self.random.randint(2, 10**7),
                "basis": "dry",
            },
        ]
        by = self.holder(lot)
        self.say("lot.refined", by, lot=lot, process="leaching", outputs=outputs)
        self.gone(lot)

    def do_send(self) -> None:
        lot = self.lot()
        if lot is None:
            return
        giver = self.holder(lot)
        taker = self.random.choice([name for name in PARTIES if name != giver])
        sent: dict[str, Any] = {"lot": lot}
        if self.random.random() < 0.3:
            sent["mass"] = self.random.randint(1, 10**9)
        self.say("custody.dispatched", giver, to=taker, lots=[sent])
        self.sent[lot] = (self.ids[-1], giver, taker)
        self.holders.pop(lot, None)

    def do_answer(self) -> None:
        if not self.sent:
            return
        lot = self.random.choice(sorted(self.sent))
        dispatch, giver, taker = self.sent.pop(lot)
        how = self.random.choice(("custody.received", "custody.rejected", "custody.cancelled"))
        if how == "custody.received":
            got = {"lot": lot, "mass": self.random.randint(1, 10**9), "basis": "dry"}
            self.say(how, taker, dispatch=dispatch, giver=giver, lots=[got])
            self.holders[lot] = taker
            return
        by = taker if how == "custody.rejected" else giver
        self.say(how, by, dispatch=dispatch, lots=[lot], reason="no")
        self.holders[lot] = giver

    def do_hold(self) -> None:
        lot = self.lot()
        if lot is not None:
            kind = self.random.choice(("lot.held", "lot.released"))
            self.say(kind, self.random.choice((self.holder(lot), LAB)), lots=[lot], reason="doubt")

    def do_void(self) -> None:
        lot = self.lot()
        if lot is not None and lot in self.story.heads:
            head = self.story.heads[lot]
            by = self.holder(lot)
            self.say("event.voided", by, event=head, lots=[lot], reason="a mistake")

    def do_phone(self) -> None:
        scope: dict[str, Any] = {}
        if self.random.random() < 0.6:
            scope["types"] = ["lot.extracted", "lot.tagged"]
        if self.random.random() < 0.4:
            scope["until"] = f"2026-02-11T{self.random.randint(8, 9):02}:30:00Z"
        if self.random.random() < 0.4:
            scope["max_mass"] = self.random.randint(1, 10**9)
        key = vkey(PHONE)
        by = self.random.choice((MINER, MINER, "governance"))
        self.say("key.authorized", by, PHONE, party=MINER, key=key, **scope)

    def do_use_the_phone(self) -> None:
        lot, mass = self.fresh(), self.random.randint(1, 10**9)
        fields = {"site": "RW-GIHANGA", "basis": "dry", "method": "asm", "material": "ore"}
        event = self.story.event("lot.extracted", MINER, lot=lot, mass=mass, **fields)
        self.enter([event], PHONE)

    def do_revoke(self) -> None:
        which = self.random.choice((PHONE, PHONE, MINER, TRADER))
        party = which.partition("/")[0]
        by = self.random.choice((party, "governance"))
        self.say("key.revoked", by, party=party, key=vkey(which), reason="lost")

    def do_rotate(self) -> None:
        self.say("key.rotated", MINER, "next", party=MINER, key=NEXT.verifier.vkey)
        self.signer[MINER] = "next"

    def do_recover(self) -> None:
        names = ("next", RECOVERY) if self.random.random() < 0.8 else ("next",)
        key = NEXT.verifier.vkey
        self.say("key.recovered", "governance", *names, party=MINER, key=key, reason="fire")
        self.signer[MINER] = "next"

    def do_suspend(self) -> None:
        party = self.random.choice(PARTIES)
        self.say("party.suspended", "governance", party=party, reason="licence")
        if self.random.random() < 0.7:
            self.say("party.reinstated", "governance", party=party, reason="renewed")

    def do_admit_late(self) -> None:
        fields = {"party": BUYER, "name": "Buyer", "roles": ["buyer"], "key": vkey(BUYER)}
        admitted = self.story.event("party.admitted", "governance", **fields)
        event = self.story.event(
            "document.attached", BUYER, subject=f"party:{BUYER}", kind="photo", digest="3d" * 32
        )
        self.enter([admitted, event], "governance", BUYER)

    def do_govern(self) -> None:
        self.version += 1
        governors = ("governance/1", "governance/2", "governance/3")[: self.random.choice((2, 3))]
        more = [] if self.random.random() < 0.2 else governors
        fields = {
            "version": self.version,
            "origin": ORIGIN,
            "governance": sorted(vkey(name) for name in governors),
            "threshold": self.random.choice((1, 2)),
            "log_key": vkey(ORIGIN),
            "demo": True,
        }
        if self.random.random() < 0.2:  # by the new alone
            event = self.story.event("governance.rotated", "governance", **fields)
            self.enter([event], *governors[1:])
        else:
            self.say("governance.rotated", "governance", *more, **fields)
        if more:
            self.governors = governors

    def do_tolerances(self) -> None:
        named = [{"name": "hand-scale", "tolerance": self.random.randint(0, 10**9)}]
        self.say("policy.adopted", "governance", tolerances=named)

    def do_claim(self) -> None:
        subject = self.random.choice(("site:RW-GIHANGA", f"party:{LAB}", "site:NOWHERE", "lot:L1"))
        fields = {"standard": "RCM", "valid_from": "2026-01-01", "valid_to": "2026-12-31"}
        number = f"C-{self.random.randint(1, 3)}"
        self.say("certificate.issued", LAB, certificate=number, subject=subject, **fields)

    def do_incident(self) -> None:
        number = f"I-{self.random.randint(1, 2)}"
        if self.random.random() < 0.4:
            fields = {"kind": "grievance", "category": "spill", "severity": "low"}
            self.say("incident.opened", TRADER, incident=number, subjects=["lot:L1"], **fields)
        else:
            status = self.random.choice(("acknowledged", "assessed", "remedied", "appealed"))
            self.say("incident.updated", TRADER, incident=number, status=status)

    def do_account(self) -> None:
        lot = self.lot()
        name, by = f"A-{self.random.randint(1, 2)}", SMELTER
        if self.random.random() < 0.4 or lot is None:
            days = {"begins": "2026-01-01", "ends": "2026-12-31"}
            model = self.random.choice(("mass-balance", "book-and-claim"))
            self.say("balance.opened", by, account=name, element="Ta", model=model, **days)
        elif self.random.random() < 0.5:
            self.say("balance.credited", by, account=name, mass=1_000, lot=lot)
        else:
            self.say("claim.allocated", by, account=name, mass=500, lot=lot)

    def do_many(self) -> None:
        events = [
            self.story.event(
                "lot.tagged", TRADER, lot=self.lot() or "L1", applied=[f"T-{self.fresh()}"]
            )
            for _ in range(self.random.randint(2, 4))
        ]
        self.enter(events, TRADER)


def canonical_text(story: Story, events: list[bytes], seen: tuple[int, str] | None) -> str:
    """A statement's text over these events."""
    root = merkle.root([merkle.leaf_hash(data) for data in events]).hex()
    text = f"oretrail/statement/v1\nledger {story.id}\nevents {len(events)} {root}\n"
    return text + (f"seen {seen[0]} {seen[1]}\n" if seen else "")


def told(seed: int) -> World:
    """A world of its own for each seed."""
    random = Random(seed)
    return World(random, random.randint(3, 22))
