r"""Trust policies: which log is meant, and how many of which witnesses must vouch for it.

    ledger 5d1b7c...e2                                     the ledger's id, 64 hex (ours)
    log kivu.example/trail+2ef52b26+Aa0x... https://...    the log's key, named as its origin
    witness w1 witness.one.example+1a2b3c4d+BHx... https://...
    witness w2 witness.two.example+5e6f7a8b+BJq...
    witness w3 witness.three.example+9c0d1e2f+BPw...
    group all-three 2 w1 w2 w3                             any | all | k of what is named
    quorum all-three                                       a witness, a group, or none; once

C2SP tlog-policy, and one line of ours. Lines end in a newline, words stand apart by spaces
and tabs, `#` begins a line of comment. A name is defined before it is used and is a member
of one group at most, so groups form a tree; a raw key stands in a policy once.

A quorum is *weak* if two sets of witnesses without a common member can both meet it, as
any k of n with k <= n/2: then a log may show two different pasts, each vouched for by
witnesses that are all honest. A weak quorum is refused unless the caller insists. With n
witnesses and a quorum of k, two pasts can be vouched for when, and only when, 2k - n or
more witnesses are dishonest.

Narrower than C2SP: UTF-8 only; at most 64 KiB and 64 lines of each kind; a key may not be
a log's and a witness's; URLs are ASCII; nothing is named `any`, `all` or `none`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field

from ..errors import LedgerError, MalformedError
from . import checkpoint, note, witness
from .checkpoint import Checkpoint

__all__ = ["Group", "Log", "Policy", "Remark", "Witness", "Witnessed", "is_policy", "lint"]

MAX_POLICY = 65_536
"""Bytes in one policy."""
MAX_LINES = 64
"""Lines of one kind."""

_ALLOWED = re.compile(rb"[\x09\x0a\x20-\x7e\x80-\xff]*")
_COUNT = re.compile(r"[1-9][0-9]{0,2}")
_LEDGER = re.compile(r"[0-9a-f]{64}")
_URL = re.compile(r"https?://[!-~]{1,500}")
_FIRST_WORD = re.compile(
    rb"(?:[ \t]*(?:#[^\n]*)?\n)*[ \t]*(?:ledger|log|witness|group|quorum)[ \t]"
)
_RESERVED = frozenset({"any", "all", "none"})


@dataclass(frozen=True, slots=True)
class Log:
    """A log: its key, which is named as its origin, and where it is reached, or ""."""

    key: note.Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Witness:
    """A witness: its name in this policy, its key, and where it is reached, or ""."""

    name: str
    key: note.Verifier
    url: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """`need` of the members, each of them a witness or a group defined before."""

    name: str
    need: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Witnessed:
    """What a policy finds in a checkpoint: what it says, who has cosigned when, met or not.

    `cosigned` is the name in the policy -> seconds since 1970, of the newest cosignature.
    """

    checkpoint: Checkpoint
    cosigned: Mapping[str, int]
    met: bool

    @property
    def names(self) -> tuple[str, ...]:
        """The witnesses of the policy that have cosigned, sorted."""
        return tuple(sorted(self.cosigned))


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about a policy that whoever relies on it should know."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Policy:
    """A trust policy. Get one from `parse`; ask it with `check`.

    `ledger` is the ledger id to insist on, or "". `logs` are those that are meant; one
    origin may have several keys, as governance may have changed them. `quorum` is a name,
    or None for `none`.
    """

    ledger: str
    logs: tuple[Log, ...]
    witnesses: Mapping[str, Witness]
    groups: Mapping[str, Group]
    quorum: str | None

    @classmethod
    def parse(cls, data: bytes, *, weak: bool = False) -> Policy:
        """Read a policy; `MalformedError` with a code and the line for whatever is wrong.

        ``policy.weak-quorum`` for a quorum that cannot exclude two pasts, unless `weak`.
        """
        policy = _Reading().read(data)
        if not weak and policy.weak:
            raise MalformedError(
                f"{policy.say_quorum()}: two such sets need not share a witness, so two "
                "different pasts can both be vouched for",
                code="policy.weak-quorum",
            )
        return policy

    @property
    def weak(self) -> bool:
        """Whether two sets of witnesses without a common member can both meet the quorum."""
        return self.quorum is None or _splits(self, self.quorum)

    def met_by(self, names: frozenset[str]) -> bool:
        """Whether these witnesses are enough."""
        return self.quorum is None or _meets(self, self.quorum, names)

    def say_quorum(self) -> str:
        """The quorum in words: ``2 of w1, w2, w3``."""
        if self.quorum is None:
            return "no witness is needed"
        group = self.groups.get(self.quorum)
        if group is None:
            return f"1 of {self.quorum}"
        return f"{group.need} of {', '.join(group.members)}"

    def check(self, data: bytes) -> Witnessed:
        """What this policy finds in the note of a checkpoint.

        The checkpoint must be signed by a log of the policy, named like its origin. Lines by
        keys that are not in the policy are ignored; each witness counts once, however often
        it has signed. Raises what `checkpoint.open` raises, for a wrong signature by a known
        key too; an unmet quorum is no error: look at `met`.
        """
        origin = checkpoint.parse(note.parse(data).text).origin
        logs = [each.key for each in self.logs if each.key.name == origin]
        if not logs:
            known = ", ".join(dict.fromkeys(each.key.name for each in self.logs)) or "no log"
            raise MalformedError(
                f"origin {origin}, the policy knows {known}", code="checkpoint.origin-mismatch"
            )
        keys = [each.key for each in self.witnesses.values()]
        said, signatures = checkpoint.open_signed(data, origin, [*logs, *keys])
        by = {(each.key.name, each.key.key_id): each.name for each in self.witnesses.values()}
        cosigned: dict[str, int] = {}
        for signature in signatures:
            name = by.get((signature.name, signature.key_id))
            if name is not None:
                time = witness.cosigned_at(signature)
                cosigned[name] = max(time, cosigned.get(name, 0))
        return Witnessed(said, cosigned, self.met_by(frozenset(cosigned)))


def is_policy(data: bytes) -> bool:
    """Whether the first line that is no comment begins as in a trust policy.

    Tells it from the thresholds of checks, which are TOML: no line of TOML begins with a
    word and a space but ``name = value``.
    """
    match = _FIRST_WORD.match(data)
    return match is not None and not data[match.end() :].lstrip(b" \t").startswith(b"=")


def lint(policy: Policy) -> tuple[Remark, ...]:
    """What is allowed, and may yet not be what was meant."""
    return tuple(_remarks(policy))


def _remarks(policy: Policy) -> Iterator[Remark]:
    if policy.weak:
        yield Remark(
            "policy.weak-quorum",
            f"{policy.say_quorum()}: two such sets need not share a witness",
        )
    if not policy.ledger:
        yield Remark("policy.no-ledger", "no line `ledger`: whatever begins the log is taken")
    if not policy.logs:
        yield Remark("policy.no-log", "no line `log`: no checkpoint will be accepted")
    used = frozenset() if policy.quorum is None else _under(policy, policy.quorum)
    for one in policy.witnesses.values():
        if one.name not in used:
            yield Remark("policy.unused", f"witness {one.name} is not part of the quorum")
        if not one.url:
            yield Remark("policy.no-url", f"witness {one.name} has no URL to be asked at")


# --- the tree of groups ----------------------------------------------------------------


def _meets(policy: Policy, name: str, names: frozenset[str]) -> bool:
    group = policy.groups.get(name)
    if group is None:
        return name in names
    return sum(_meets(policy, member, names) for member in group.members) >= group.need


def _splits(policy: Policy, name: str) -> bool:
    """Whether two disjoint sets of witnesses can both satisfy this name.

    A member that can itself be split serves both sets, any other member one of them.
    """
    group = policy.groups.get(name)
    if group is None:
        return False
    both = sum(_splits(policy, member) for member in group.members)
    return 2 * (group.need - both) <= len(group.members) - both


def _under(policy: Policy, name: str) -> frozenset[str]:
    group = policy.groups.get(name)
    if group is None:
        return frozenset({name})
    return frozenset().union(*(_under(policy, member) for member in group.members))


# --- reading ---------------------------------------------------------------------------


@dataclass(slots=True)
class _Reading:
    """A policy while it is read, line after line."""

    ledger: str = ""
    logs: list[Log] = field(default_factory=list)
    witnesses: dict[str, Witness] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: list[str] = field(default_factory=list)
    raw_keys: set[bytes] = field(default_factory=set)
    members: set[str] = field(default_factory=set)
    number: int = 0

    def read(self, data: bytes) -> Policy:
        if type(data) is not bytes or len(data) > MAX_POLICY:
            raise self._wrong(f"not bytes, or more than {MAX_POLICY} of them")
        if _ALLOWED.fullmatch(data) is None:
            raise self._wrong("a control character")
        try:
            lines = str(data, "utf-8").split("\n")
        except UnicodeDecodeError as error:
            raise self._wrong(f"not UTF-8: {error.reason}") from None
        if lines.pop() != "":
            raise self._wrong("the last line does not end in a newline")
        readers: dict[str, Callable[[list[str]], None]] = {
            "ledger": self._ledger,
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        for self.number, line in enumerate(lines, 1):
            words = [word for word in re.split(r"[ \t]+", line) if word]
            if not words or words[0].startswith("#"):
                continue
            if words[0] not in readers:
                raise self._wrong(f"{words[0][:40]!r} begins no line of a policy")
            readers[words[0]](words[1:])
        self.number = 0
        if not self.quorum:
            raise self._wrong("no line `quorum`", "policy.no-quorum")
        quorum = self.quorum[0]
        return Policy(
            self.ledger,
            tuple(self.logs),
            self.witnesses,
            self.groups,
            None if quorum == "none" else quorum,
        )

    def _ledger(self, words: list[str]) -> None:
        if len(words) != 1 or _LEDGER.fullmatch(words[0]) is None:
            raise self._wrong("not `ledger <64 hex digits>`")
        if self.ledger:
            raise self._wrong("a second line `ledger`", "policy.duplicate-ledger")
        self.ledger = words[0]

    def _log(self, words: list[str]) -> None:
        if not 1 <= len(words) <= 2:
            raise self._wrong("not `log <key> [<url>]`")
        key = self._key(words[0], note.ED25519)
        self._room(self.logs)
        self.logs.append(Log(key, self._url(words[1:])))

    def _witness(self, words: list[str]) -> None:
        if not 2 <= len(words) <= 3:
            raise self._wrong("not `witness <name> <key> [<url>]`")
        name = self._new_name(words[0])
        key = self._key(words[1], note.COSIGNATURE)
        self._room(self.witnesses)
        self.witnesses[name] = Witness(name, key, self._url(words[2:]))

    def _group(self, words: list[str]) -> None:
        if len(words) < 3:
            raise self._wrong("not `group <name> any|all|<k> <member> ...`")
        name, count, *members = words
        self._new_name(name)
        for member in members:
            self._defined(member)
            if member in self.members:
                raise self._wrong(f"{member} is a member twice", "policy.duplicate-member")
            self.members.add(member)
        need = {"any": 1, "all": len(members)}.get(count)
        if need is None:
            need = int(count) if _COUNT.fullmatch(count) else 0
        if not 1 <= need <= len(members):
            raise self._wrong(f"{count[:40]} of {len(members)} members", "policy.threshold-wrong")
        self._room(self.groups)
        self.groups[name] = Group(name, need, tuple(members))

    def _quorum(self, words: list[str]) -> None:
        if len(words) != 1:
            raise self._wrong("not `quorum <name>` or `quorum none`")
        if self.quorum:
            raise self._wrong("a second line `quorum`", "policy.duplicate-quorum")
        if words[0] != "none":
            self._defined(words[0])
        self.quorum.append(words[0])

    def _key(self, vkey: str, kind: int) -> note.Verifier:
        try:
            key = note.Verifier.parse(vkey)
        except LedgerError as error:
            raise self._wrong(str(error), error.code) from None
        if key.kind != kind:
            raise self._wrong(
                f"the key {key.name} is of kind {key.kind}, not {kind}", "policy.key-kind"
            )
        if key.public_key in self.raw_keys:
            raise self._wrong(f"the key of {key.name} stands here twice", "policy.duplicate-key")
        self.raw_keys.add(key.public_key)
        return key

    def _url(self, words: list[str]) -> str:
        if words and _URL.fullmatch(words[0]) is None:
            raise self._wrong(f"{words[0][:100]!r} is no URL", "policy.url")
        return words[0] if words else ""

    def _new_name(self, name: str) -> str:
        if name in _RESERVED:
            raise self._wrong(f"nothing can be named {name}", "policy.reserved-name")
        if name in self.witnesses or name in self.groups:
            raise self._wrong(f"{name} is defined twice", "policy.duplicate-name")
        return name

    def _defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise self._wrong(f"{name} is not defined above", "policy.undefined-name")

    def _room(self, kind: Sized) -> None:
        if len(kind) >= MAX_LINES:
            raise self._wrong(f"more than {MAX_LINES} lines of one kind")

    def _wrong(self, message: str, code: str = "policy.malformed") -> MalformedError:
        place = f"line {self.number}: " if self.number else ""
        return MalformedError(f"policy, {place}{message}", code=code)
