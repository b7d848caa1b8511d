"""Asking witnesses: who answers, who refuses, and what is kept of it.

The witnesses are real ones on databases of their own; only the network is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from threading import Barrier

import pytest

pytest.importorskip("starlette", reason="the extra `server` is not installed")

from actors import LOG, ORIGIN, World, extracted
from ledger.errors import ConfigError, ConflictError, LedgerError, StorageError
from ledger.ledger import Ledger
from ledger.log import checkpoint, merkle, note, witness
from ledger.log.policy import Policy
from ledger.remote import Answer
from ledger.service.witness import Desk
from ledger.store.witness import Memory
from ledger.witnessing import Collected, collect
from quorums import NOW, cosigner

NAMES = ("w1", "w2", "w3")
Reply = Answer | ConfigError | None


def policy(world: World, need: int = 2, urls: bool = True) -> Policy:
    lines = [f"ledger {world.ledger.id}", f"log {LOG.verifier.vkey}"]
    for name in NAMES:
        url = f" https://{name}.example/" if urls else ""
        lines.append(f"witness {name} {cosigner(name).verifier.vkey}{url}")
    lines += [f"group g {need} {' '.join(NAMES)}", "quorum g"]
    return Policy.parse(("\n".join(lines) + "\n").encode(), weak=True)


class Net:
    """Three witnesses behind their URLs; `say` puts words into the mouth of one."""

    def __init__(self, folder: Path) -> None:
        self.desks: dict[str, Desk] = {}
        self.asked: list[tuple[str, int]] = []
        self.say: dict[str, Reply] = {}
        self.time = NOW
        for name in NAMES:
            memory = Memory.create(folder / f"{name}.db")
            memory.follow(LOG.verifier)
            self.desks[name] = Desk(memory, cosigner(name), lambda: self.time)

    def __call__(
        self, url: str, body: bytes, content_type: str, *, limit: int, timeout: float, local: bool
    ) -> Answer:
        name = url.removeprefix("https://").partition(".")[0]
        assert url == f"https://{name}.example/add-checkpoint"
        self.asked.append((name, witness.parse_request(body).old))
        said = self.say.get(name)
        if isinstance(said, ConfigError):
            raise said
        if said is not None:
            return said
        answer, line = self.desks[name].add(body)
        if answer.status == 200:
            return Answer(200, "text/plain; charset=utf-8", line)
        if answer.size is not None:
            return Answer(answer.status, witness.SIZE_TYPE, b"%d\n" % answer.size)
        return Answer(answer.status, "text/plain; charset=utf-8", answer.code.encode() + b"\n")


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Net]:
    net = Net(tmp_path)
    yield net
    for desk in net.desks.values():
        desk.memory.close()


def asked(world: World, net: Net, need: int = 2) -> Collected:
    data = world.ledger.latest_checkpoint()
    assert data is not None
    return collect(world.ledger, data, policy(world, need), send=net)


def codes(found: Collected) -> dict[str, str]:
    return {one.name: one.code for one in found.outcomes}


def grow(world: World, lot: str) -> bytes:
    world.record(extracted(lot))
    return world.ledger.checkpoint(LOG)


# --- who answers -----------------------------------------------------------------------


def test_every_witness_cosigns_and_the_ledger_keeps_it(world: World, net: Net) -> None:
    data = world.ledger.checkpoint(LOG)
    found = asked(world, net)
    assert set(codes(found).values()) == {"witness.cosigned"}
    assert found.witnessed.met
    assert found.witnessed.cosigned == dict.fromkeys(NAMES, NOW)
    assert world.ledger.latest_checkpoint() == found.note
    assert found.note.startswith(data)
    assert world.ledger.checkpoint(LOG) == data, "what the log signed is not changed"


def test_a_known_size_is_asked_at_once_and_an_unknown_one_learned(world: World, net: Net) -> None:
    grow(world, "A")
    asked(world, net)
    first = world.ledger.head().size
    grow(world, "B")
    net.asked.clear()
    assert asked(world, net).witnessed.met
    assert sorted(net.asked) == [(name, first) for name in NAMES]
    # A database that has lost the lines, as a restored one has, learns the size through 409.
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("DROP TABLE cosignature")
    second = world.ledger.head().size
    grow(world, "C")
    net.asked.clear()
    assert asked(world, net).witnessed.met
    assert sorted(net.asked) == sorted((n, size) for n in NAMES for size in (0, second))


def test_the_same_checkpoint_is_cosigned_again_with_a_later_time(world: World, net: Net) -> None:
    world.ledger.checkpoint(LOG)
    before = asked(world, net).note
    net.time += 3600
    found = asked(world, net)
    assert found.witnessed.cosigned == dict.fromkeys(NAMES, NOW + 3600)
    assert len(note.parse(found.note).signatures) == 4
    assert found.note != before
    assert world.ledger.latest_checkpoint() == found.note


# --- who does not ----------------------------------------------------------------------

DEAD = ConfigError("cannot reach w3.example: no answer in time", code="remote.unreachable")
SIZE = witness.SIZE_TYPE
OUTCOMES: dict[str, tuple[Reply, str]] = {
    "no-answer": (DEAD, "remote.unreachable"),
    "not-a-follower": (Answer(404, "text/plain", b"request.unknown-log\n"), "witness.refused"),
    "forbidden": (Answer(403, "text/plain", b"\x1b[31m"), "witness.refused"),
    "broken": (Answer(500, "text/html", b"<p>" * 1000), "witness.refused"),
    "redirect": (Answer(302, "text/plain", b""), "witness.refused"),
    "ahead": (Answer(409, SIZE, b"99999\n"), "witness.ahead"),
    "size-spelled-otherwise": (Answer(409, SIZE, b"007\n"), "witness.refused"),
    "size-of-another-type": (Answer(409, "text/plain", b"7\n"), "witness.refused"),
    "empty-answer": (Answer(200, "text/plain", b""), "witness.malformed"),
    "words": (Answer(200, "text/plain", b"cosigned, thank you\n"), "witness.malformed"),
}


@pytest.mark.parametrize("name", OUTCOMES)
def test_a_witness_that_does_not_cosign_holds_nobody_up(world: World, net: Net, name: str) -> None:
    world.ledger.checkpoint(LOG)
    net.say["w3"], code = OUTCOMES[name]
    found = asked(world, net)
    assert codes(found) == {"w1": "witness.cosigned", "w2": "witness.cosigned", "w3": code}
    assert found.witnessed.met
    assert found.witnessed.names == ("w1", "w2")
    assert "\x1b" not in found.outcomes[2].message
    assert not asked(world, net, need=3).witnessed.met


def test_lines_by_another_witness_or_over_another_checkpoint_are_not_taken(
    world: World, net: Net
) -> None:
    data = world.ledger.checkpoint(LOG)
    other = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, 3, bytes(32)), LOG)
    for body in (
        note.add(data, cosigner("w2"))[len(data) :],
        note.add(other, cosigner("w3"))[len(other) :],
    ):
        net.say["w3"] = Answer(200, "text/plain", body)
        found = asked(world, net)
        assert codes(found)["w3"] == "witness.malformed"
        assert found.witnessed.names == ("w1", "w2")


def test_a_witness_that_states_a_new_size_each_time_is_given_up(world: World, net: Net) -> None:
    grow(world, "A")

    class Moody(Net):
        def __init__(self) -> None:
            self.sizes = iter(range(1, 100))

        def __call__(self, url: str, body: bytes, *_: object, **__: object) -> Answer:
            return Answer(409, SIZE, b"%d\n" % next(self.sizes))

    data = world.ledger.latest_checkpoint()
    assert data is not None
    found = collect(world.ledger, data, policy(world), send=Moody())
    assert set(codes(found).values()) == {"witness.refused"}


def test_a_policy_without_urls_asks_nobody(world: World, net: Net) -> None:
    data = world.ledger.checkpoint(LOG)
    found = collect(world.ledger, data, policy(world, urls=False), send=net)
    assert set(codes(found).values()) == {"witness.no-url"}
    assert net.asked == []
    assert not found.witnessed.met
    assert found.note == data


def test_a_witness_that_saw_another_past_says_so(world: World, net: Net) -> None:
    """The same size and another root: what a second history of one log looks like."""
    data = world.ledger.checkpoint(LOG)
    size = checkpoint.size_of(data)
    other = checkpoint.sign(checkpoint.Checkpoint(ORIGIN, size, merkle.EMPTY_ROOT), LOG)
    assert net.desks["w1"].add(witness.request(0, [], other))[0].status == 200
    found = asked(world, net)
    assert codes(found)["w1"] == "witness.other-root"
    net.say["w1"] = Answer(409, SIZE, b"%d\n" % size)  # as C2SP's v1.0.0 has it
    assert codes(asked(world, net))["w1"] == "witness.other-root"
    grow(world, "A")
    del net.say["w1"]
    last = asked(world, net)
    assert codes(last)["w1"] == "witness.other-root"
    assert last.outcomes[0].message == (f"it has seen other entries up to {size}: proof.wrong")


def test_a_checkpoint_that_is_not_the_policy_s_is_sent_to_nobody(world: World, net: Net) -> None:
    stranger = note.Signer("other.example", bytes(range(32)))
    data = checkpoint.sign(checkpoint.Checkpoint("other.example", 3, bytes(32)), stranger)
    with pytest.raises(LedgerError) as caught:
        collect(world.ledger, data, policy(world), send=net)
    assert caught.value.code == "checkpoint.origin-mismatch"
    assert net.asked == []


# --- what is kept ----------------------------------------------------------------------


def test_lines_are_kept_for_checkpoints_of_this_ledger_only(world: World) -> None:
    data = world.ledger.checkpoint(LOG)
    lines = note.parse(note.add(data, cosigner("w1"))).signatures[1:]
    with pytest.raises(ConflictError) as caught:
        world.ledger.keep_cosignatures(3, lines)
    assert caught.value.code == "checkpoint.unknown"
    for _ in range(2):
        world.ledger.keep_cosignatures(checkpoint.size_of(data), lines)
    assert world.ledger.latest_checkpoint() == note.add(data, cosigner("w1"))
    assert world.ledger.cosigned_size(cosigner("w1").verifier) == checkpoint.size_of(data)
    assert world.ledger.cosigned_size(cosigner("w2").verifier) == 0


def test_a_database_from_before_there_were_witnesses_goes_on(world: World, net: Net) -> None:
    data = world.ledger.checkpoint(LOG)
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("DROP TABLE cosignature")
    world.ledger.close()
    with Ledger.open(world.path, read_only=True) as ledger:
        assert ledger.latest_checkpoint() == data
        assert ledger.cosigned_size(cosigner("w1").verifier) == 0
    world.ledger = Ledger.open(world.path, clock=world.clock)
    assert asked(world, net).witnessed.met
    assert world.ledger.verify().verdict == "supported"
    with pytest.raises(LedgerError, match="append-only"), world.ledger.writing() as connection:
        connection.exec_driver_sql("DELETE FROM cosignature")


def test_a_witness_s_name_that_others_wrote_as_a_number_is_not_believed(world: World) -> None:
    size = checkpoint.size_of(world.ledger.checkpoint(LOG))
    with world.ledger.writing() as connection:
        connection.exec_driver_sql("DROP TABLE cosignature")
        connection.exec_driver_sql("CREATE TABLE cosignature (size, name, key_id, blob)")
        connection.exec_driver_sql(
            "INSERT INTO cosignature VALUES (?, 7, zeroblob(4), zeroblob(72))", (size,)
        )
    with pytest.raises(StorageError) as caught:
        world.ledger.latest_checkpoint()
    assert caught.value.code == "storage.corrupt"


def test_all_are_asked_at_the_same_time(world: World) -> None:
    """No answer comes before all three were asked."""
    data = world.ledger.checkpoint(LOG)
    together = Barrier(3)

    def slow(url: str, body: bytes, *rest: object, **more: object) -> Answer:
        together.wait(30)
        raise DEAD

    found = collect(world.ledger, data, policy(world), send=slow)
    assert set(codes(found).values()) == {"remote.unreachable"}
