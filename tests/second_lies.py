"""Mutants of small ledgers: what somebody tells who has the log, and the keys of all or of none.

A mutant is a list of entries, the checkpoints somebody kept, and the ledger id they ask for.
Hashes of the list are made anew; where a lie needs signatures it has them.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ledger.log import checkpoint, merkle, note
from second_worlds import ALL_KEYS, BUYER, KEYS, MINER, ORIGIN, PARTIES, World, told, vkey


@dataclass
class Case:
    """What a verifier is given."""

    entries: list[bytes]
    ledger: str = ""
    checkpoints: list[bytes] = field(default_factory=list)
    spoil: Callable[[bytes], bytes] = bytes
    """What is done to the list's own bytes, last of all."""

    def list(self) -> bytes:
        """The entry list, hashes made anew."""
        link, lines = bytes(32), []
        for index, data in enumerate(self.entries):
            leaf = hashlib.sha256(b"\x00" + data).digest()
            link = hashlib.sha256(b"\x02" + link + leaf).digest()
            line = {"index": index, "leaf": leaf.hex(), "chain": link.hex()}
            line["entry"] = data.decode("utf-8", "replace")
            text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
            lines.append(text.encode() + b"\n")
        return self.spoil(b"".join(lines))


class Liar:
    """Whoever has the log, and the keys of everybody, or of nobody."""

    def __init__(self, world: World, other: World, random: Random) -> None:
        self.world, self.other, self.random = world, other, random
        self.entries = list(world.story.entries)
        self.case = Case(self.entries, world.story.id)

    def tell(self) -> tuple[str, Case]:
        """One lie, now and then two; the case, and the names of the lies."""
        lies = sorted(name for name in dir(self) if name.startswith("lie_"))
        chosen = [self.random.choice(lies)]
        if self.random.random() < 0.2:
            chosen.append(self.random.choice(lies))
        for name in chosen:
            if self.entries:
                getattr(self, name)()
        self.case.entries = self.entries
        return "+".join(chosen), self.case

    def any(self) -> int:
        """An index."""
        return self.random.randrange(len(self.entries)) if self.entries else 0

    def registrations(self) -> list[int]:
        """Where statements begin."""
        return [i for i, data in enumerate(self.entries) if data.endswith(b'"registered"}')]

    def edit(self, index: int, change: Callable[[dict[str, Any]], None]) -> None:
        """Another value of an entry, spelled as it should be where that is possible."""
        try:
            value = json.loads(self.entries[index])
        except ValueError:
            return
        if not isinstance(value, dict):
            return
        change(value)
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
        self.entries[index] = text.encode("utf-8", "replace")

    def note(self, change: Callable[[list[str]], None]) -> int:
        """Another note of some statement; its index, or -1."""
        found = self.registrations()
        if not found:
            return -1
        index = self.random.choice(found)

        def inner(value: dict[str, Any]) -> None:
            if isinstance(value.get("note"), list):
                change(value["note"])

        self.edit(index, inner)
        return index

    def lines(self, index: int) -> list[str]:
        """The lines of a registration's note, if it has one."""
        try:
            value = json.loads(self.entries[index])
        except ValueError:
            return []
        found = value.get("note") if isinstance(value, dict) else None
        return found if isinstance(found, list) else []

    def sign_again(self, index: int, text: str | None = None, *names: str) -> None:
        """Sign a statement anew, as its signers had or as `names`; over another text if given."""

        def inner(value: dict[str, Any]) -> None:
            lines = value.get("note")
            if not isinstance(lines, list):
                return
            at = lines.index("") if "" in lines else len(lines)
            body = text if text is not None else "".join(f"{line}\n" for line in lines[:at])
            keys = []
            for line in lines[at + 1 :]:
                parts = line.split(" ")
                for signer in ALL_KEYS.values():
                    right = len(parts) == 3 and signer.name == parts[1]
                    if right and base64.b64decode(parts[2])[:4] == signer.key_id:
                        keys.append(signer)
            keys = [ALL_KEYS[name] for name in names] or keys
            unique = {signer.verifier.vkey: signer for signer in keys}
            if unique:
                value["note"] = note.sign(body, *unique.values()).decode().split("\n")[:-1]

        self.edit(index, inner)

    def under(self, index: int) -> tuple[int, int]:
        """The statement an entry stands in: its registration, and where the next begins."""
        found = self.registrations()
        before = [each for each in found if each <= index]
        after = [each for each in found if each > index]
        return (before[-1] if before else -1), (after[0] if after else len(self.entries))

    def cover_again(self, index: int) -> None:
        """The statement around an entry covers what is there, and is signed again."""
        start, end = self.under(index)
        if start < 0 or end == start + 1:
            return
        events = self.entries[start + 1 : end]
        root = merkle.root([merkle.leaf_hash(data) for data in events]).hex()
        lines = self.lines(start)
        head = (
            [x for x in lines[: lines.index("")] if not x.startswith("events ")]
            if ("" in lines)
            else []
        )
        if len(head) < 2:
            return
        head.insert(2, f"events {len(events)} {root}")
        self.sign_again(start, "".join(f"{line}\n" for line in head))

    # -- without anybody's key

    def lie_drop(self) -> None:
        del self.entries[self.any()]

    def lie_double(self) -> None:
        index = self.any()
        self.entries.insert(self.random.randint(0, len(self.entries)), self.entries[index])

    def lie_swap(self) -> None:
        a, b = self.any(), self.any()
        self.entries[a], self.entries[b] = self.entries[b], self.entries[a]

    def lie_cut_the_end(self) -> None:
        del self.entries[self.any() :]

    def lie_drop_a_statement(self) -> None:
        start, end = self.under(self.any())
        del self.entries[max(start, 0) : end]

    def lie_move_a_statement(self) -> None:
        start, end = self.under(self.any())
        moved = self.entries[max(start, 0) : end]
        del self.entries[max(start, 0) : end]
        others = [*self.registrations(), len(self.entries)]
        at = self.random.choice(others)
        self.entries[at:at] = moved

    def lie_strip_a_signature(self) -> None:
        self.note(lambda lines: lines.pop())

    def lie_repeat_a_signature(self) -> None:
        self.note(lambda lines: lines.append(lines[-1]))

    def lie_swap_lines(self) -> None:
        self.note(self.random.shuffle)

    def lie_drop_a_line(self) -> None:
        self.note(lambda lines: lines.pop(self.random.randrange(len(lines))))

    def lie_flip_in_a_note(self) -> None:
        def change(lines: list[str]) -> None:
            at = self.random.randrange(len(lines))
            if lines[at]:
                place = self.random.randrange(len(lines[at]))
                letter = self.random.choice("0aAz+/= —\u00a0é")
                lines[at] = lines[at][:place] + letter + lines[at][place + 1 :]

        self.note(change)

    def lie_another_signature(self) -> None:
        def change(lines: list[str]) -> None:
            blob = ALL_KEYS[MINER].sign(b"another text\n")
            lines[-1] = note.Signature(MINER, ALL_KEYS[MINER].key_id, blob).line

        self.note(change)

    def lie_move_the_clock(self) -> None:
        found = self.registrations()
        if found:
            moment = (
                f"2026-02-11T{self.random.randint(7, 9):02}:{self.random.randint(0, 59):02}:30Z"
            )
            moment = self.random.choice((moment, "2026-02-11T07:55:00Z", "2199-12-31T23:59:59Z"))
            self.edit(self.random.choice(found), lambda v: v.update(recorded_at=moment))

    def lie_wrong_time(self) -> None:
        found = self.registrations()
        moment = self.random.choice(("2026-02-30T08:00:00Z", "2026-02-11T08:00:00", 5, "", ["x"]))
        if found:
            self.edit(self.random.choice(found), lambda v: v.update(recorded_at=moment))

    def lie_another_member(self) -> None:
        name = self.random.choice(("colour", "note", "type", "by", "mass", "after", "remark"))
        value = self.random.choice(
            ("x", 5, -1, [], {}, True, "lot.weighed", ["a"], 2**53, "\u200e")
        )
        self.edit(self.any(), lambda v: v.update({name: value}))

    def lie_drop_a_member(self) -> None:
        self.edit(self.any(), lambda v: v.pop(self.random.choice(sorted(v)), None))

    def lie_foreign_statement(self) -> None:
        entries = self.other.story.entries
        start = self.random.choice(
            [i for i, data in enumerate(entries) if data.endswith(b'"registered"}')]
        )
        self.entries += entries[start : start + self.random.randint(1, 3)]

    def lie_foreign_event(self) -> None:
        event = self.random.choice(self.other.story.entries)
        self.entries.insert(self.random.randint(0, len(self.entries)), event)

    def lie_spell_otherwise(self) -> None:
        index = self.any()
        changes = (
            (b",", b", "),
            (b":", b" :"),
            (b"{", b'{"after":[],'),
            (b"}", b',"type":"registered"}'),
            (b'"by"', b'"by":"x","by"'),
            (b"e", b"\\u0065"),
            (b"1", b"1.0"),
            (b"1", b"01"),
            (b'"', b'"\xc3\xa9'),
            (b'"', b'"\xe2\x80\xae'),
            (b"}", b""),
            (b"}", b"}}"),
            (b"1", b"null"),
            (b"1", b"1e400"),
            (b"[", b"[" * 20),
        )
        old, new = self.random.choice(changes)
        self.entries[index] = self.entries[index].replace(old, new, 1)

    def lie_a_byte(self) -> None:
        index = self.any()
        data = bytearray(self.entries[index])
        if data:
            place = self.random.randrange(len(data))
            data[place] = self.random.randrange(0x20, 0x7F)
            self.entries[index] = bytes(data)

    # -- with keys

    def lie_by_other_signers(self) -> None:
        found = self.registrations()
        names = self.random.sample(sorted(ALL_KEYS), self.random.randint(1, 4))
        if found:
            self.sign_again(self.random.choice(found), None, *names)

    def lie_signed_by_all(self) -> None:
        found = self.registrations()
        if found:
            self.sign_again(self.random.choice(found), None, *sorted(ALL_KEYS))

    def lie_in_a_text(self) -> None:
        found = self.registrations()
        if not found:
            return
        index = self.random.choice(found)
        lines = self.lines(index)
        text = (
            "".join(f"{line}\n" for line in lines[: lines.index("")] if line) if "" in lines else ""
        )
        size = self.random.randint(1, len(self.entries) + 2)
        changes = (
            lambda: text.replace(self.world.story.id, self.other.story.id),
            lambda: text.replace("events 1 ", f"events {self.random.choice((0, 2, 4096, 4097))} "),
            lambda: text + f"seen {size} {self.world.story.root(size)}\n",
            lambda: text + f"seen {size} {'5b' * 32}\n",
            lambda: text.replace("v1", "v2"),
            lambda: text.replace("seen ", "seen 0"),
            lambda: text + "\n",
        )
        new = self.random.choice(changes)()
        if new.strip():
            self.sign_again(index, new)

    def lie_in_an_event(self) -> None:
        events = [i for i in range(len(self.entries)) if i not in set(self.registrations())]
        if not events:
            return
        index = self.random.choice(events)
        self.edit(index, self.another_fact)
        self.cover_again(index)

    def another_fact(self, value: dict[str, Any]) -> None:
        """Something else is said."""
        random = self.random
        every = ("governance", *PARTIES, BUYER)
        changes: tuple[Callable[[], Any], ...] = (
            lambda: value.update(by=random.choice(every)),
            lambda: value.update(cosigners=sorted(random.sample(every, 2))),
            lambda: value.update(
                occurred_at=random.choice(("2026-02-11T08:05:00Z", "2026-02-11T08:00:00Z", "x"))
            ),
            lambda: value.update(occurred_at="2026-02-11T10:00:01Z"),
            lambda: value.pop("after", None),
            lambda: value.update(after=sorted({*value.get("after", []), "1f" * 32})),
            lambda: value.update(after=value.get("after", [])[:1]),
            lambda: value.update(mass=random.randint(0, 10**9)),
            lambda: value.update(lot=f"L{random.randint(1, 6)}"),
            lambda: value.update(party=random.choice(every)),
            lambda: value.update(key=vkey(random.choice(sorted(KEYS)))),
            lambda: value.update(threshold=random.randint(0, 3)),
            lambda: value.update(version=random.randint(0, 3)),
            lambda: value.update(demo=False),
            lambda: value.update(remark=random.choice(("x", "", "é", "\u202e", "y" * 1001))),
            lambda: value.update(max_mass=random.randint(1, 10**9)),
            lambda: value.update(types=["lot.weighed"]),
            lambda: value.update(until="2026-02-11T08:00:00Z"),
            lambda: value.pop("next", None),
            lambda: value.update(type=random.choice(("lot.tagged", "lot.weighed", "lot.tomorrow"))),
            lambda: value.update(private=["3d" * 32, "1a" * 32][: random.randint(0, 2)]),
        )
        random.choice(changes)()

    # -- what is known beforehand

    def lie_another_ledger(self) -> None:
        self.case.ledger = self.random.choice((self.other.story.id, "", "ab"))

    def lie_checkpoint(self) -> None:
        story, random = self.world.story, self.random
        ends = [i for i in self.registrations() if i] or [1]
        size = random.choice((*ends, len(story.entries), random.randint(1, 80)))
        root = story.root(min(size, len(story.entries)))
        root = root if random.random() < 0.8 else "5b" * 32
        origin = ORIGIN if random.random() < 0.9 else "kivu.example/other"
        claim = checkpoint.Checkpoint(origin, size, bytes.fromhex(root))
        text = claim.text() if callable(claim.text) else claim.text
        signer = KEYS[ORIGIN if random.random() < 0.8 else random.choice(sorted(KEYS))]
        signed = note.sign(text, signer)
        if random.random() < 0.2:
            place = random.randrange(len(signed))
            signed = signed[:place] + bytes([random.randrange(32, 127)]) + signed[place + 1 :]
        self.case.checkpoints.append(signed)

    # -- the list's own bytes

    def lie_in_the_list(self) -> None:
        seed = self.random.random()

        def spoil(data: bytes) -> bytes:
            random = Random(seed)
            if not data:
                return b"\n"
            place = random.randrange(len(data))
            how = random.randrange(5)
            if how == 0:
                return (
                    data[:place]
                    + bytes([data[place] ^ 1 << random.randrange(8)])
                    + data[place + 1 :]
                )
            if how == 1:
                return data[:place] + data[place + 1 :]
            if how == 2:
                return data[:place] + data[place : place + 1] + data[place:]
            lines = data.split(b"\n")
            at = random.randrange(len(lines))
            if how == 3:
                del lines[at]
            else:
                lines.insert(at, random.choice(lines))
            return b"\n".join(lines)

        self.case.spoil = spoil


def mutant(seed: int, number: int) -> tuple[str, Case]:
    """The lies told of a world, number by number; the first is the truth."""
    world = cached(seed)
    if number == 0:
        return "truth", Case(list(world.story.entries), world.story.id)
    random = Random(f"{seed}/{number}")
    return Liar(world, cached(seed + 1), random).tell()


_WORLDS: dict[int, World] = {}


def cached(seed: int) -> World:
    """The last few worlds."""
    if seed not in _WORLDS:
        if len(_WORLDS) > 4:
            _WORLDS.clear()
        _WORLDS[seed] = told(seed)
    return _WORLDS[seed]
