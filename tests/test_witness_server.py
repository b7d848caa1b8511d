"""A witness as a server: what it answers, what it remembers, and that nothing rolls it back."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("starlette", reason="the extra `server` is not installed")

from ledger.errors import ConflictError, LedgerError, StorageError
from ledger.log import merkle, note, witness
from ledger.log.checkpoint import Checkpoint
from ledger.log.checkpoint import sign as sign_checkpoint
from ledger.log.witness import Answer, CosignatureSigner
from ledger.service import witness as service
from ledger.service.witness import Desk, app
from ledger.store.database import Database
from ledger.store.witness import Memory
from quorums import LOG, NOW, ORIGIN, cosigner, growth, leaves, signed

W1 = cosigner("w1")


def refused(code: str) -> pytest.RaisesExc[LedgerError]:
    return pytest.RaisesExc(LedgerError, check=lambda error: error.code == code)


def desk_at(path: Path, signer: CosignatureSigner = W1) -> Desk:
    """A witness that follows the log, on a database that may be there already."""
    if path.exists():
        memory = Memory(path)
    else:
        memory = Memory.create(path)
        memory.follow(LOG.verifier)
    return Desk(memory, signer, lambda: NOW)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = desk_at(tmp_path / "witness.db")
    yield desk
    desk.memory.close()


def body(old: int, size: int = 5, branch: str = "") -> bytes:
    return witness.request(old, growth(old, size, branch), signed(size, branch))


# --- a client that needs no network ----------------------------------------------------


@dataclass(frozen=True)
class Said:
    status: int
    kind: str
    body: bytes
    pulled: int


async def ask(
    desk: Desk,
    method: str,
    path: str,
    pieces: list[bytes] | None = None,
    wait: float = 0,
    *,
    cut: bool = False,
) -> Said:
    """One request through the application, its body in pieces, each after `wait` seconds.

    With `cut` the client goes away before it has said that this was all.
    """
    sent: list[Any] = []
    left = list(pieces or [b""])
    pulled = 0

    async def receive() -> dict[str, Any]:
        nonlocal pulled
        await asyncio.sleep(wait)
        if not left:
            return {"type": "http.disconnect"}
        pulled += 1
        piece = left.pop(0)
        return {"type": "http.request", "body": piece, "more_body": cut or bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "http_version": "1.1", "method": method, "path": path, "headers": [],
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "server": ("w", 80), "client": ("c", 1), "asgi": {"version": "3.0"},
    }  # fmt: skip
    await app(desk)(scope, receive, send)
    headers = dict(sent[0]["headers"])
    data = b"".join(each.get("body", b"") for each in sent[1:])
    return Said(sent[0]["status"], headers.get(b"content-type", b"").decode(), data, pulled)


def add(desk: Desk, *pieces: bytes, wait: float = 0) -> Said:
    return asyncio.run(ask(desk, "POST", "/add-checkpoint", list(pieces), wait))


def get(desk: Desk, origin: str = ORIGIN) -> Said:
    path = f"/{sha256(origin.encode()).hexdigest()}/checkpoint"
    return asyncio.run(ask(desk, "GET", path))


# --- what it answers -------------------------------------------------------------------


def test_a_checkpoint_is_cosigned_remembered_and_shown(desk: Desk) -> None:
    said = add(desk, body(0))
    assert (said.status, said.kind) == (200, "text/plain; charset=utf-8")
    (line,) = witness.accept(signed(), said.body, W1.verifier)
    assert witness.cosigned_at(line) == NOW
    assert desk.memory.seen(ORIGIN)[:2] == (5, merkle.root(leaves(5)))
    shown = get(desk)
    assert (shown.status, shown.kind) == (200, "text/plain; charset=utf-8")
    assert shown.body == signed() + said.body
    note.open(shown.body, [LOG.verifier])


def test_it_grows_with_the_log_and_the_last_may_be_asked_again(desk: Desk) -> None:
    assert [add(desk, body(*each)).status for each in ((0, 3), (3, 4), (4, 9), (9, 9))] == [200] * 4
    assert desk.memory.seen(ORIGIN)[0] == 9


def changed(data: bytes) -> bytes:
    """The same note with one bit of its signature flipped."""
    parsed = note.parse(data)
    (line,) = parsed.signatures
    blob = bytes([*line.blob[:-1], line.blob[-1] ^ 1])
    return note.assemble(parsed.text, [note.Signature(line.name, line.key_id, blob)])


OTHER = note.Signer("other.example/log", bytes(range(32)))
REFUSED: dict[str, tuple[int, str, bytes]] = {
    "no-request": (400, "request.malformed", b"old\n"),
    "no-note": (400, "note.malformed", b"old 0\n\nnothing"),
    "no-checkpoint": (400, "checkpoint.malformed", b"old 0\n\n" + note.sign("a\nb\n", LOG)),
    "unknown-log": (
        404,
        "request.unknown-log",
        b"old 0\n\n" + sign_checkpoint(Checkpoint(OTHER.name, 5, bytes(32)), OTHER),
    ),
    "stranger-s-signature": (
        403,
        "note.no-known-signature",
        b"old 3\n\n" + note.sign(note.parse(signed()).text, OTHER),
    ),
    "wrong-signature": (403, "signature.", b"old 3\n\n" + changed(signed())),
    "old-above-size": (400, "request.old-above-size", b"old 6\n\n" + signed()),
    "other-past": (422, "proof.wrong", witness.request(3, growth(3, 5)[::-1], signed())),
    "proof-cut": (422, "proof.length", witness.request(3, growth(3, 5)[1:], signed())),
    "other-root": (
        422,
        "request.other-root",
        b"old 3\n\n" + sign_checkpoint(Checkpoint(ORIGIN, 3, bytes(32)), LOG),
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_changes_nothing(desk: Desk, name: str) -> None:
    assert add(desk, body(0, 3)).status == 200
    before = get(desk).body
    status, code, asked = REFUSED[name]
    said = add(desk, asked)
    assert said.status == status
    assert said.body.decode().startswith(code)
    assert said.kind == "text/plain; charset=utf-8"
    assert get(desk).body == before


def test_another_old_size_is_answered_with_the_stored_one(desk: Desk) -> None:
    assert add(desk, body(0, 4)).status == 200
    for old, size in ((0, 5), (3, 5), (5, 5), (0, 3)):
        said = add(desk, body(old, size))
        assert (said.status, said.kind, said.body) == (409, "text/x.tlog.size", b"4\n")


def test_a_first_proof_from_a_size_is_answered_with_nought(desk: Desk) -> None:
    said = add(desk, body(3))
    assert (said.status, said.kind, said.body) == (409, "text/x.tlog.size", b"0\n")


def test_nothing_of_what_was_sent_is_sent_back(desk: Desk) -> None:
    for asked in (b"secret\n\n" + signed(), b"old 0\n\nsecret", REFUSED["unknown-log"][2]):
        said = add(desk, asked)
        assert b"secret" not in said.body
        assert b"other.example" not in said.body


def test_a_body_is_counted_while_it_arrives(desk: Desk) -> None:
    said = add(desk, *[b"x" * 10_000] * 100)
    assert (said.status, said.body, said.pulled) == (413, b"request.too-large\n", 7)
    full = add(desk, b"x" * witness.MAX_REQUEST)
    assert full.status == 400


def test_a_body_that_takes_too_long_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "BODY_SECONDS", 0.05)
    said = add(desk, b"old", b" 0", wait=0.04)
    assert (said.status, said.body) == (408, b"request.too-slow\n")


def test_a_client_that_goes_away_is_not_cosigned_for(desk: Desk) -> None:
    said = asyncio.run(ask(desk, "POST", "/add-checkpoint", [body(0)], cut=True))
    assert (said.status, said.body) == (400, b"request.malformed\n")
    assert desk.memory.seen(ORIGIN)[0] == 0


def test_a_body_in_pieces_is_a_body(desk: Desk) -> None:
    whole = body(0)
    assert add(desk, *[whole[n : n + 7] for n in range(0, len(whole), 7)]).status == 200


def test_lines_of_strangers_are_not_kept(desk: Desk) -> None:
    data = note.add(signed(), cosigner("w2"))
    assert add(desk, witness.request(0, [], data)).status == 200
    kept = note.parse(get(desk).body)
    assert [each.name for each in kept.signatures] == [ORIGIN, "w1.example"]


def test_an_unknown_origin_or_none_yet_has_no_checkpoint(desk: Desk) -> None:
    assert get(desk).status == 404
    assert get(desk, "other.example").status == 404
    assert asyncio.run(ask(desk, "GET", "/x/checkpoint")).status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/add-checkpoint", 405), ("POST", "/x/checkpoint", 405), ("GET", "/", 404)],
)
def test_other_doors_are_closed(desk: Desk, method: str, path: str, status: int) -> None:
    assert asyncio.run(ask(desk, method, path)).status == status


def test_a_damaged_database_is_503_and_nothing_is_cosigned(desk: Desk) -> None:
    path = desk.memory._database.path
    desk.memory.close()
    path.write_bytes(b"no database at all" * 1000)
    for said in (add(desk, body(0)), get(desk)):
        assert (said.status, said.body) == (503, b"storage.corrupt\n")


def test_who_lacks_the_log_s_key_never_waits_for_the_writer(desk: Desk) -> None:
    """The writer is busy all the while; a stranger is told off at once."""
    with desk.memory._database.writing():
        answer, _ = desk.add(b"old 0\n\n" + changed(signed()))
    assert answer.status == 403


# --- what it remembers -----------------------------------------------------------------


def test_what_was_cosigned_is_durable_before_the_answer(desk: Desk) -> None:
    """Seen by another program the moment the answer is there."""
    answer, line = desk.add(body(0))
    assert answer.status == 200
    with Memory(desk.memory._database.path, read_only=True) as other:
        size, root, data = other.seen(ORIGIN)
        assert (size, root) == (5, merkle.root(leaves(5)))
        assert data == signed() + line


def test_an_answer_that_cannot_be_stored_is_not_given(desk: Desk) -> None:
    with desk.memory._database.writing() as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON seen "
            "BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    said = add(desk, body(0))
    assert (said.status, said.body) == (503, b"storage.full\n")
    assert desk.memory.seen(ORIGIN) == (0, merkle.EMPTY_ROOT, None)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE seen SET size = 4",
        "UPDATE seen SET root = zeroblob(32)",
        "UPDATE seen SET origin = 'x'",
        "DELETE FROM seen",
    ],
)
def test_the_database_itself_refuses_to_forget(desk: Desk, sql: str) -> None:
    add(desk, body(0))
    with (
        refused("storage.append-only"),
        desk.memory._database.writing() as connection,
    ):
        connection.exec_driver_sql(sql)


def test_a_judge_that_errs_is_stopped_by_the_database(desk: Desk) -> None:
    add(desk, body(0))

    def lenient(size: int, root: bytes, keys: list[note.Verifier]) -> Answer:
        return Answer(200, "cosigned", "", Checkpoint(ORIGIN, 3, merkle.root(leaves(3))))

    with refused("storage.append-only"):
        desk.memory.replace(ORIGIN, lenient, lambda keys: b"x")
    assert desk.memory.seen(ORIGIN)[0] == 5


def test_a_size_that_others_wrote_as_a_word_is_not_believed(desk: Desk) -> None:
    with desk.memory._database.writing() as connection:
        connection.exec_driver_sql("DROP TABLE seen")
        connection.exec_driver_sql("CREATE TABLE seen (origin, size, root, note)")
        connection.exec_driver_sql(
            "INSERT INTO seen VALUES (?, 'five', zeroblob(32), x'00')", (ORIGIN,)
        )
    said = add(desk, body(0))
    assert (said.status, said.body) == (503, b"storage.corrupt\n")


def test_logs_are_followed_by_their_keys(desk: Desk) -> None:
    newer = note.Signer(ORIGIN, bytes(range(32)))
    with pytest.raises(ConflictError) as caught:
        desk.memory.follow(LOG.verifier)
    assert caught.value.code == "witness.log-known"
    desk.memory.follow(newer.verifier)
    desk.memory.follow(OTHER.verifier)
    logs = desk.memory.logs()
    assert {key.vkey for key in logs[ORIGIN]} == {LOG.verifier.vkey, newer.verifier.vkey}
    assert list(logs) == [ORIGIN, OTHER.name]
    said = Checkpoint(ORIGIN, 5, merkle.root(leaves(5)))
    assert add(desk, b"old 0\n\n" + sign_checkpoint(said, newer)).status == 200


def test_a_ledger_s_database_is_no_witness_s_and_the_reverse(tmp_path: Path) -> None:
    Database.create(tmp_path / "ledger.db").close()
    with refused("storage.format"):
        Memory(tmp_path / "ledger.db")
    with refused("storage.exists"):
        Memory.create(tmp_path / "ledger.db")
    with Memory.create(tmp_path / "witness.db"), refused("storage.format"):
        Database(tmp_path / "witness.db").check_format()


# --- many at once ----------------------------------------------------------------------

# The roots of every size up to the number of pairs, made once.


class Growing:
    """A log of many entries, with a checkpoint of every size."""

    def __init__(self, size: int) -> None:
        self._leaves = [merkle.leaf_hash(b"%d" % n) for n in range(size)]
        frontier = merkle.Frontier()
        self._nodes: dict[tuple[int, int], bytes] = {}
        self._roots = [frontier.root()]
        for leaf in self._leaves:
            self._nodes |= {(level, at): value for level, at, value in frontier.append(leaf)}
            self._roots.append(frontier.root())

    def body(self, old: int, size: int) -> bytes:
        proof: list[bytes] = []
        if old:
            proof = merkle.prove_consistency_from(
                lambda wanted: [self._nodes[one] for one in wanted], old, size
            )
        said = Checkpoint(ORIGIN, size, self._roots[size])
        return witness.request(old, proof, sign_checkpoint(said, LOG))


def race(tmp_path: Path, pairs: int, dice: random.Random) -> None:
    """Two programs on one database are asked for two sizes at once, again and again."""
    desks = [desk_at(tmp_path / "witness.db"), desk_at(tmp_path / "witness.db")]
    log = Growing(3 * pairs + 3)

    async def pair(old: int, sizes: list[int]) -> list[Said]:
        return list(
            await asyncio.gather(
                *(
                    ask(desk, "POST", "/add-checkpoint", [log.body(old, size)])
                    for desk, size in zip(desks, sizes, strict=True)
                )
            )
        )

    stored = 0
    for _ in range(pairs):
        sizes = dice.sample([stored + 1, stored + 2, stored + 3], 2)
        said = asyncio.run(pair(stored, sizes))
        won = [size for size, each in zip(sizes, said, strict=True) if each.status == 200]
        assert sorted(each.status for each in said) == [200, 409]
        lost = next(each for each in said if each.status == 409)
        assert (lost.kind, lost.body) == ("text/x.tlog.size", b"%d\n" % won[0])
        with Memory(tmp_path / "witness.db") as other:
            assert other.seen(ORIGIN)[0] == won[0] > stored
        stored = won[0]
    for desk in desks:
        desk.memory.close()


def test_of_two_requests_at_once_one_is_cosigned_and_nothing_rolls_back(tmp_path: Path) -> None:
    race(tmp_path, 50, random.Random(1))


@pytest.mark.long
def test_a_thousand_pairs_at_once_roll_nothing_back(tmp_path: Path) -> None:
    race(tmp_path, 1_000, random.Random(2))


def test_a_judgement_before_the_transaction_is_not_enough(desk: Desk) -> None:
    """The race of tlog-witness, step by step: checked for N, stored N + K, then N."""
    add(desk, body(0, 3))
    asked = witness.parse_request(body(3, 4))
    stale = witness.judge(asked, *desk.memory.seen(ORIGIN)[:2], [LOG.verifier])
    assert stale.status == 200
    assert add(desk, body(3, 5)).status == 200
    calls: list[int] = []

    def judge(size: int, root: bytes, keys: list[note.Verifier]) -> Answer:
        calls.append(size)
        return witness.judge(asked, size, root, keys)

    cosign: Callable[[list[note.Verifier]], bytes] = lambda keys: b"never"  # noqa: E731
    answer, data = desk.memory.replace(ORIGIN, judge, cosign)
    assert (answer.status, answer.size, data, calls) == (409, 5, b"", [5])


def test_port_that_is_taken_or_none_is_a_clear_error() -> None:
    with service.listen("127.0.0.1", 0) as wire, refused("serve.not-listening"):
        service.listen("127.0.0.1", wire.getsockname()[1])
    with refused("serve.not-listening"):
        service.listen("127.0.0.1", 70_000)
    with pytest.raises(StorageError):
        Memory(Path("/nonexistent/witness.db"))
