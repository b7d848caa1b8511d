"""An operator who holds the log's key serves one lie after the other, over HTTP, to somebody who
has seen the truth once: each is detected with its own code by the very next look.

The operator may sign and serve what he likes. He has no other party's key.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

import actors
from actors import (
    NAMES,
    ORIGIN,
    PHONE,
    World,
    authorized,
    dispatched,
    extracted,
    received,
    revoked,
    weighed,
)
from cli_place import Place
from ledger.audit.receipts import Kept, spell
from ledger.custody.statement import decode_registration, registration_entry
from ledger.log import checkpoint, merkle, note, proof, tiles
from ledger.log.note import Signer
from quorums import NOW, cosigner

Log = list[list[bytes]]
"""Statements: each its registration and its events."""
Files = dict[str, bytes]


def statements(world: World) -> Log:
    """The world's log, cut into statements."""
    log: Log = []
    for source in world.ledger.sources():
        if source.data.endswith(b'"type":"registered"}'):
            log.append([])
        log[-1].append(source.data)
    return log


def flat(log: Log) -> list[bytes]:
    return [entry for statement in log for entry in statement]


def find(log: Log, kind: str) -> int:
    """The place of the last statement with an event of this type."""
    return max(n for n, s in enumerate(log) if any(f'"type":"{kind}"'.encode() in e for e in s[1:]))


def without(log: Log, *kinds: str) -> Log:
    """The log without the last statement of each kind."""
    dropped = {find(log, kind) for kind in kinds}
    return [statement for n, statement in enumerate(log) if n not in dropped]


def changed(entry: bytes) -> bytes:
    """The same weighing, of another weight."""
    assert b'"mass":45000000' in entry
    return entry.replace(b'"mass":45000000', b'"mass":46000000')


# ---------------------------------------------------------------- who lies


@dataclass
class Operator:
    """Whoever holds the log's key, and the files he serves."""

    key: Signer
    files: Files = field(default_factory=dict)
    url: str = ""

    def tiles(self, entries: list[bytes]) -> Files:
        """Static files over these entries, without a checkpoint."""
        leaves = [merkle.leaf_hash(entry) for entry in entries]
        found = {}
        for tile in tiles.bundles_of(len(entries)):
            start = tile.index * tiles.WIDTH
            found[tile.path] = tiles.bundle(entries[start : start + tile.width])
        for tile in tiles.tiles_of(len(entries)):
            found[tile.path] = b"".join(
                merkle.root(leaves[at << level : (at + 1) << level])
                for level, at in tiles.nodes_of(tile)
            )
        return found

    def signed(
        self, entries: list[bytes], *witnesses: str, root: bytes | None = None, name: str = ORIGIN
    ) -> bytes:
        """A checkpoint over these entries, with these witnesses' cosignatures."""
        here = root or merkle.root([merkle.leaf_hash(entry) for entry in entries])
        said = checkpoint.Checkpoint(name, len(entries), here)
        data = checkpoint.sign(said, Signer(name, self.key.seed))
        for witness in witnesses:
            data = note.add(data, cosigner(witness))
        return data

    def serve(self, log: Log | list[bytes], *witnesses: str, **signed: Any) -> None:
        """Serve this log, every hash and the checkpoint made anew."""
        entries = flat(log) if isinstance(log[0], list) else log  # type: ignore[arg-type]
        checkpoint_note = self.signed(entries, *witnesses, **signed)  # type: ignore[arg-type]
        self.files = {**self.tiles(entries), "checkpoint": checkpoint_note}  # type: ignore[arg-type]


@pytest.fixture
def operator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Operator]:
    """A web server, and the key of a log; nobody's keys are those of a demonstration."""
    keys = {name: Signer(name, sha256(name.encode()).digest()) for name in NAMES}
    monkeypatch.setattr(actors, "KEYS", keys)
    operator = Operator(keys[ORIGIN])

    class Desk(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            data = operator.files.get(self.path.removeprefix("/"))
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            self.wfile.write(data or b"")

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=lambda: server.serve_forever(0.01), daemon=True)
    thread.start()
    operator.url = f"http://127.0.0.1:{server.server_port}/"
    yield operator
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass
class Client:
    """Somebody with nothing but the URL, and what he has seen there."""

    place: Place
    url: str

    def look(self, *options: object, code: int = 0) -> set[str]:
        """Codes of one look at the log: of findings, or of the error that ended it."""
        answer = self.place("verify", self.url, "--json", *options, code=code)
        document = answer.json()
        if "error" in document:
            return {document["error"]["code"]}
        return {one["code"] for one in document["findings"]}


@pytest.fixture
def client(operator: Operator, tmp_path: Path) -> Client:
    (tmp_path / "client").mkdir()
    return Client(Place(tmp_path / "client"), operator.url)


def begun(path: Path, key: Signer) -> World:
    """A ledger with two bags in it, that is no demonstration."""
    world = World(path, demo=False).settle()
    world.record(extracted("A"), extracted("B"))
    world.ledger.checkpoint(key)
    return world


@dataclass
class Truth:
    """What happened: what the client has seen of it, and the whole. Every receipt."""

    seen: Log
    whole: Log
    ledger: str
    kept: list[Kept]


@pytest.fixture
def truth(operator: Operator, client: Client, tmp_path: Path) -> Truth:
    """Two bags; seen. Then a device key, a weighing by it, a hand-over, its end, and a bag."""
    world = begun(tmp_path / "ledger.db", operator.key)
    seen = statements(world)
    operator.serve(seen, "w1", "w2")
    assert client.look() == set()
    receipts = [
        world.record(authorized()),
        world.record(weighed("A", 45_000_000), signed=[PHONE]),
        world.record(dispatched("A")),
    ]
    receipts.append(world.record(received(receipts[-1].event[0], ("A", 45_000_000))))
    receipts.append(world.record(revoked()))
    world.ledger.checkpoint(operator.key)
    world.clock.seconds += 3600
    receipts.append(world.record(extracted("C"), extracted("D")))
    kept = [
        Kept(one.index, one.event, one.size, one.recorded_at, world.ledger.id) for one in receipts
    ]
    whole = statements(world)
    ledger = world.ledger.id
    world.ledger.close()
    operator.serve(whole, "w1", "w2")
    return Truth(seen, whole, ledger, kept)


@pytest.fixture
def policy(operator: Operator, tmp_path: Path) -> Path:
    """Two of three witnesses."""
    lines = [f"log {operator.key.verifier.vkey}"]
    lines += [f"witness {name} {cosigner(name).verifier.vkey}" for name in ("w1", "w2", "w3")]
    lines += ["group two-of-three 2 w1 w2 w3", "quorum two-of-three"]
    path = tmp_path / "policy"
    path.write_text("\n".join(lines) + "\n")
    return path


# ---------------------------------------------------------------- the lies


def forked(truth: Truth, folder: Path) -> Log:
    """Another past: one of the bags that were seen weighs something else, all of it signed."""
    world = World(folder / "fork.db", demo=False).settle()
    world.record(extracted("A"), extracted("B", 44_000_000))
    fork = statements(world)
    world.ledger.close()
    assert flat(fork)[1] == flat(truth.seen)[1]
    return fork


def fork_at_the_size_that_was_seen(o: Operator, t: Truth, folder: Path) -> None:
    o.serve(forked(t, folder))


def fork_that_has_grown(o: Operator, t: Truth, folder: Path) -> None:
    o.serve([*forked(t, folder), *t.whole[len(t.seen) :]])


def smaller_tree(o: Operator, t: Truth, folder: Path) -> None:
    o.serve(t.seen[:-1])


def tail_is_withheld(o: Operator, t: Truth, folder: Path) -> None:
    size, seen = len(flat(t.whole)), o.tiles(flat(t.seen))
    o.files = {
        name: data for name, data in o.files.items() if not name.endswith(f".p/{size}")
    } | seen


def tail_is_cut_off_its_files(o: Operator, t: Truth, folder: Path) -> None:
    name = next(name for name in o.files if name.startswith("tile/entries/"))
    o.files[name] = tiles.bundle(flat(t.whole)[:-1])


def event_is_dropped_from_the_middle(o: Operator, t: Truth, folder: Path) -> None:
    o.serve([*t.whole[:-1], [t.whole[-1][0], t.whole[-1][2]]])


def statements_are_reordered(o: Operator, t: Truth, folder: Path) -> None:
    place = find(t.whole, "custody.dispatched")
    log = list(t.whole)
    log[place], log[place + 1] = log[place + 1], log[place]
    o.serve(log)


def statement_is_served_twice(o: Operator, t: Truth, folder: Path) -> None:
    o.serve([*t.whole, t.whole[-1]])


def other_entry_under_a_good_hash(o: Operator, t: Truth, folder: Path) -> None:
    entries = flat(t.whole)
    place = next(n for n, entry in enumerate(entries) if b"lot.weighed" in entry)
    entries[place] = changed(entries[place])
    name = next(name for name in o.files if name.startswith("tile/entries/"))
    o.files[name] = tiles.bundle(entries)


def changed_body_with_every_hash_anew(o: Operator, t: Truth, folder: Path) -> None:
    log = [list(statement) for statement in t.whole]
    place = find(log, "lot.weighed")
    log[place][1] = changed(log[place][1])
    o.serve(log)


def good_entries_under_another_root(o: Operator, t: Truth, folder: Path) -> None:
    o.serve(t.whole, root=sha256(b"another").digest())


def wrong_origin(o: Operator, t: Truth, folder: Path) -> None:
    o.serve(t.whole, name="other.example/trail")


def key_event_is_hidden(o: Operator, t: Truth, folder: Path) -> None:
    # All later statements were made without knowing what was signed in between.
    log = [*t.whole[: find(t.whole, "key.revoked")]]
    o.serve(without(log, "key.authorized"))


def revocation_is_hidden(o: Operator, t: Truth, folder: Path) -> None:
    log = without(t.whole, "key.revoked")
    last = decode_registration(log[-1][0])
    assert b"seen " in last.signed_note
    o.serve([*log[:-1], [registration_entry(last.signed_note, last.recorded_at), *log[-1][1:]]])


def time_is_turned_back(o: Operator, t: Truth, folder: Path) -> None:
    last = decode_registration(t.whole[-1][0])
    earlier = registration_entry(last.signed_note, "2026-01-01T00:00:00Z")
    o.serve([*t.whole[:-1], [earlier, *t.whole[-1][1:]]])


def another_ledger_in_its_place(o: Operator, t: Truth, folder: Path) -> None:
    key = Signer("other.example/trail", sha256(b"other").digest())
    world = World(
        folder / "other.db", demo=False, origin=key.name, log_key=key.verifier.vkey
    ).settle()
    entries = [source.data for source in world.ledger.sources()]
    world.ledger.close()
    o.files = {**o.tiles(entries), "checkpoint": Operator(key).signed(entries, name=key.name)}


def begun_again_under_the_same_key(o: Operator, t: Truth, folder: Path) -> None:
    world = World(folder / "again.db", demo=False, name="the very same").settle()
    o.serve(statements(world))
    world.ledger.close()


def checkpoint_by_another_key(o: Operator, t: Truth, folder: Path) -> None:
    o.files["checkpoint"] = Operator(Signer(ORIGIN, sha256(b"stolen").digest())).signed(
        flat(t.whole)
    )


def nothing_is_served(o: Operator, t: Truth, folder: Path) -> None:
    o.files = {}


Lie = Callable[[Operator, Truth, Path], None]

LIES: list[tuple[Lie, str, int]] = [
    (fork_at_the_size_that_was_seen, "log.forked", 1),
    (fork_that_has_grown, "log.inconsistent", 1),
    (smaller_tree, "log.rolled-back", 1),
    (tail_is_withheld, "tile.missing", 1),
    (tail_is_cut_off_its_files, "bundle.malformed", 4),
    (event_is_dropped_from_the_middle, "statement.count-mismatch", 1),
    (statements_are_reordered, "custody.not-in-transit", 1),
    (statement_is_served_twice, "event.duplicate", 1),
    (other_entry_under_a_good_hash, "bundle.wrong", 1),
    (changed_body_with_every_hash_anew, "statement.root-mismatch", 1),
    (good_entries_under_another_root, "tile.wrong", 1),
    (wrong_origin, "checkpoint.origin-mismatch", 1),
    (key_event_is_hidden, "statement.signer-missing", 1),
    (revocation_is_hidden, "statement.seen-ahead", 1),
    (time_is_turned_back, "time.went-back", 1),
    (another_ledger_in_its_place, "ledger.replaced", 1),
    (begun_again_under_the_same_key, "ledger.other-id", 1),
    (checkpoint_by_another_key, "note.no-known-signature", 1),
    (nothing_is_served, "checkpoint.none", 3),
]


@pytest.mark.parametrize(
    ("lie", "code", "exit_code"), LIES, ids=[lie.__name__ for lie, _, _ in LIES]
)
def test_a_lie_is_detected_at_the_next_look(
    operator: Operator,
    client: Client,
    truth: Truth,
    tmp_path: Path,
    lie: Lie,
    code: str,
    exit_code: int,
) -> None:
    honest = dict(operator.files)
    lie(operator, truth, tmp_path)
    assert operator.files != honest
    assert code in client.look(code=exit_code)
    # And nothing of it stays: the truth, when it is served again, is believed.
    operator.files = honest
    assert client.look() == set()


def test_each_lie_has_a_code_of_its_own() -> None:
    codes = [code for _, code, _ in LIES]
    assert len(set(codes)) == len(codes)


def test_two_pasts_that_were_both_signed_are_written_down(
    operator: Operator, client: Client, truth: Truth, tmp_path: Path
) -> None:
    seen = operator.signed(flat(truth.seen), "w1", "w2")
    fork_that_has_grown(operator, truth, tmp_path)
    answer = client.place("verify", client.url, "--evidence", tmp_path / "evidence", code=1)
    (path,) = (tmp_path / "evidence").iterdir()
    assert path.name in answer.err
    assert path.name == f"conflict-{truth.ledger[:8]}-{len(flat(truth.seen))}.txt"
    text = path.read_bytes()
    assert seen in text
    assert operator.files["checkpoint"] in text
    assert b"---- PROOF, from " in text


# ---------------------------------------------------------------- lies that take more to see


def test_an_old_state_is_stale_by_the_witnesses_clocks(
    operator: Operator, client: Client, truth: Truth, policy: Path
) -> None:
    assert client.look("--policy", policy) == set()
    assert client.look("--policy", policy, "--max-age", "1d", code=1) == {"log.stale"}
    # The log's own word about its age counts where no witness is asked for.
    assert "log.stale" in client.look("--max-age", "1d", code=1)
    now = NOW + 40 * 365 * 86_400
    fresh = note.add(operator.signed(flat(truth.whole), "w1"), cosigner("w2").at(now))
    operator.files["checkpoint"] = fresh
    # One fresh cosignature of two is not enough.
    assert client.look("--policy", policy, "--max-age", "1d", code=1) == {"log.stale"}
    operator.files["checkpoint"] = note.add(fresh, cosigner("w3").at(now))
    assert client.look("--policy", policy, "--max-age", "1d") == set()


def test_cosignatures_lifted_from_another_checkpoint_are_wrong(
    operator: Operator, client: Client, truth: Truth, policy: Path
) -> None:
    lifted = note.parse(operator.signed(flat(truth.seen), "w1", "w2")).signatures[1:]
    parsed = note.parse(operator.signed(flat(truth.whole)))
    operator.files["checkpoint"] = note.assemble(parsed.text, [*parsed.signatures, *lifted])
    found = client.look("--policy", policy, code=1)
    assert "signature.wrong" in found


def test_a_view_that_the_quorum_has_not_seen_is_not_shown(
    operator: Operator, tmp_path: Path, truth: Truth, policy: Path
) -> None:
    # Somebody new, who has no memory that could help.
    (tmp_path / "new").mkdir()
    new = Client(Place(tmp_path / "new"), operator.url)
    operator.serve([*forked(truth, tmp_path)], "w3")
    found = new.look("--policy", policy, "--no-memory", code=1)
    assert found == {"witness.quorum-not-met"}


def test_two_receipts_for_one_place_cannot_both_be_kept(
    operator: Operator, client: Client, truth: Truth, tmp_path: Path
) -> None:
    first = truth.kept[-1]
    second = Kept(first.index, ("ab" * 32, "cd" * 32), first.size, first.recorded_at, truth.ledger)
    for kept, code, exit_code in ((first, set(), 0), (second, {"receipt.dropped"}, 1)):
        path = tmp_path / f"receipts-{exit_code}"
        path.write_bytes(spell(kept))
        words = ("receipts", "check", "--receipts", path, "--against", operator.url)
        said = client.place.json(*words, code=exit_code)
        assert {one["code"] for one in said["findings"]} == code


def test_what_was_promised_and_is_served_elsewhere_or_nowhere_is_named(
    operator: Operator, client: Client, truth: Truth, tmp_path: Path
) -> None:
    path = tmp_path / "receipts"
    path.write_bytes(b"".join(map(spell, truth.kept)))
    words = ("receipts", "check", "--receipts", path, "--against", operator.url)
    assert client.place.json(*words)["verdict"] == "supported"
    operator.serve([*truth.whole[:-2], truth.whole[-1], truth.whole[-2]])
    said = client.place.json(*words, code=1)
    assert "receipt.moved" in {one["code"] for one in said["findings"]}
    operator.serve(truth.whole[:-1])
    said = client.place.json(*words, code=1)
    assert {one["code"] for one in said["findings"]} == {"receipt.delayed"}


def test_another_leaf_under_a_good_proof_and_a_good_leaf_under_another_root(
    operator: Operator, client: Client, truth: Truth, tmp_path: Path
) -> None:
    entries = flat(truth.whole)
    leaves = [merkle.leaf_hash(entry) for entry in entries]
    index = next(n for n, entry in enumerate(entries) if b"lot.weighed" in entry)
    hashes = tuple(merkle.prove_inclusion(leaves, index))
    good = proof.encode(proof.Proof(index, hashes, operator.signed(entries)))
    other = proof.Proof(index, hashes, operator.signed(entries, root=sha256(b"x").digest()))
    mine, theirs, file = (tmp_path / name for name in ("mine", "theirs", "e.tlog-proof"))
    mine.write_bytes(entries[index])
    theirs.write_bytes(changed(entries[index]))
    words = ("verify", file, "--log-key", operator.key.verifier.vkey, "--entry")
    file.write_bytes(good)
    assert client.place.json(*words, mine)["verdict"] == "supported"
    assert client.place(*words, theirs, code=1).error == "proof.wrong"
    file.write_bytes(proof.encode(other))
    assert client.place(*words, mine, code=1).error == "proof.wrong"


def test_what_the_operator_says_of_the_ledger_renames_no_memory(
    operator: Operator, client: Client, truth: Truth, tmp_path: Path
) -> None:
    client.look()
    begun_again_under_the_same_key(operator, truth, tmp_path)
    client.look(code=1)
    # Who insists on the id is told so at once, and his memory of it stays.
    assert "ledger.wrong" in client.look("--ledger-id", truth.ledger, code=1)
    operator.serve(truth.seen)
    assert client.look("--ledger-id", truth.ledger, code=1) == {"log.rolled-back"}
    assert client.look("--no-memory") == set()
