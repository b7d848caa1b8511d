"""Asking the witnesses of a policy to cosign a ledger's checkpoint (C2SP tlog-witness).

    checkpoint ---> w1   POST add-checkpoint, the proof from what it has seen   200  line
               ---> w2                                                         409  size, again
               ---> w3                                                         no answer in time
                                                    one note, and what the policy says of it

All are asked at the same time, so that the slowest decides how long it takes and a dead one
holds nobody up. Every line is verified before it is kept. What a witness says on its own
account (its size, its reason) is only used to ask once more, or shown.

    outcome                 what a witness did
    witness.cosigned        a good line
    witness.no-url          nothing: the policy does not say where it is
    witness.ahead           it has seen more entries than there are: were some lost here?
    witness.other-root      it has seen other entries, up to a size that both have
    witness.refused         another status
    witness.malformed       what cannot be read, or no good line of its own
    remote.*                no answer
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol

from .errors import ConfigError, LedgerError
from .ledger import Ledger
from .log import note, witness
from .log.policy import Policy, Witness, Witnessed
from .remote import Answer, post

__all__ = ["ANSWER_LIMIT", "Collected", "Outcome", "Post", "collect"]

ANSWER_LIMIT = 1 << 14
"""Bytes in a witness's answer: a hundred lines."""
_TRIES = 3


class Post(Protocol):
    """Whatever sends a body to a URL, as `remote.post` does."""

    def __call__(
        self,
        url: str,
        body: bytes,
        content_type: str,
        *,
        limit: int,
        timeout: float,
        local: bool,
    ) -> Answer:
        """The answer, whatever its status; ConfigError if there is none."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of asking one witness: a code, words, and the lines it gave."""

    name: str
    code: str
    message: str
    lines: tuple[note.Signature, ...] = ()

    @property
    def cosigned(self) -> bool:
        """Whether it has vouched for the checkpoint."""
        return bool(self.lines)


@dataclass(frozen=True, slots=True)
class Collected:
    """The note with every line there is, what the policy finds in it, and who said what."""

    note: bytes
    witnessed: Witnessed
    outcomes: tuple[Outcome, ...]


def collect(
    ledger: Ledger,
    data: bytes,
    policy: Policy,
    *,
    timeout: float = 5.0,
    local: bool = False,
    send: Post = post,
) -> Collected:
    """Ask every witness of the policy to cosign the checkpoint `data` of this ledger.

    `timeout` is in seconds, for each exchange; `local` allows private addresses. The lines
    are kept in the ledger's database, whether the policy is met or not. Raises what
    `Policy.check` raises for a checkpoint that is not of the policy's log.
    """
    already = policy.check(data)
    desk = _Desk(ledger, data, already, timeout, local, send)
    with ThreadPoolExecutor(max(1, len(policy.witnesses)), "witness") as pool:
        outcomes = tuple(pool.map(desk.ask, policy.witnesses.values()))
    lines = [line for one in outcomes for line in one.lines]
    if lines:
        ledger.keep_cosignatures(already.checkpoint.size, lines)
    merged = witness.merge(data, lines)
    return Collected(merged, policy.check(merged), outcomes)


@dataclass(frozen=True, slots=True)
class _Desk:
    """One checkpoint, and how to ask about it."""

    ledger: Ledger
    data: bytes
    already: Witnessed
    timeout: float
    local: bool
    send: Post

    def ask(self, one: Witness) -> Outcome:
        """What comes of asking this witness; never raises what concerns it alone."""
        if not one.url:
            return Outcome(one.name, "witness.no-url", "the policy does not say where it is")
        old = min(self.ledger.cosigned_size(one.key), self.already.checkpoint.size)
        try:
            for _ in range(_TRIES):
                answer = self._post(one, old)
                stated = witness.read_size(answer.content_type, answer.body)
                if answer.status != 409 or stated is None or stated == old:
                    return self._read(one, old, answer)
                if stated > self.already.checkpoint.size:
                    return Outcome(
                        one.name,
                        "witness.ahead",
                        f"it has seen {stated} entries, this checkpoint is of "
                        f"{self.already.checkpoint.size}",
                    )
                old = stated
        except ConfigError as error:
            return Outcome(one.name, error.code, str(error))
        return Outcome(one.name, "witness.refused", f"it states another size {_TRIES} times")

    def _post(self, one: Witness, old: int) -> Answer:
        proof = self.ledger.growth(old, self.already.checkpoint.size)
        return self.send(
            one.url.rstrip("/") + "/add-checkpoint",
            witness.request(old, proof, self.data),
            witness.CONTENT_TYPE,
            limit=ANSWER_LIMIT,
            timeout=self.timeout,
            local=self.local,
        )

    def _read(self, one: Witness, old: int, answer: Answer) -> Outcome:
        size = self.already.checkpoint.size
        if answer.status == 200:
            try:
                lines = witness.accept(self.data, answer.body, one.key)
            except LedgerError as error:
                return Outcome(one.name, "witness.malformed", f"{error.code}: {error}")
            return Outcome(one.name, "witness.cosigned", f"{size} entries", lines)
        said = _code(answer.body)
        # The proof is good, so what was proven from there cannot be what the witness has
        # seen. Of the same size C2SP says 409 in one version and 422 in the other.
        if (answer.status == 422 and old) or (answer.status == 409 and old == size):
            return Outcome(
                one.name, "witness.other-root", f"it has seen other entries up to {old}{said}"
            )
        return Outcome(one.name, "witness.refused", f"status {answer.status}{said}")


def _code(body: bytes) -> str:
    """A reason in words, if the body is one short line of plain text."""
    line = body.removesuffix(b"\n")
    plain = 0 < len(line) <= 100 and all(0x20 <= byte < 0x7F for byte in line)
    return f": {line.decode('ascii')}" if plain else ""
