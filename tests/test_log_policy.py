"""Trust policies: how they are read, whom they count, and which forks they exclude."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import LedgerError, MalformedError
from ledger.log import checkpoint, note
from ledger.log.policy import MAX_POLICY, Policy, is_policy, lint
from ledger.log.witness import CosignatureSigner
from quorums import LEDGER, LOG, NAMES, NOW, ORIGIN, cosigner, policy_text, signed

L = f"log {LOG.verifier.vkey}\n"
W1, W2, W3 = (f"witness {name} {cosigner(name).verifier.vkey}\n" for name in NAMES[:3])


def refused(code: str) -> pytest.RaisesExc[LedgerError]:
    return pytest.RaisesExc(LedgerError, check=lambda error: error.code == code)


def parse(text: str, *, weak: bool = False) -> Policy:
    return Policy.parse(text.encode(), weak=weak)


def cosigned(*names: str, branch: str = "") -> bytes:
    data = signed(5, branch)
    for name in names:
        data = note.add(data, cosigner(name))
    return data


# --- reading ---------------------------------------------------------------------------


def test_a_policy_says_which_log_whose_witnesses_and_how_many() -> None:
    policy = parse(
        f"# who may be believed\n\nledger {LEDGER}\nlog {LOG.verifier.vkey} https://k.example/\n"
        f"{W1[:-1]}\thttps://w1.example/x\n {W2}{W3}"
        "  # two of three\ngroup few 2 w1 w2\t w3 \nquorum few\n"
    )
    assert policy.ledger == LEDGER
    assert [(each.key, each.url) for each in policy.logs] == [(LOG.verifier, "https://k.example/")]
    assert list(policy.witnesses) == ["w1", "w2", "w3"]
    assert policy.witnesses["w1"].key == cosigner("w1").verifier
    assert [each.url for each in policy.witnesses.values()] == ["https://w1.example/x", "", ""]
    assert policy.groups["few"].need == 2
    assert policy.groups["few"].members == ("w1", "w2", "w3")
    assert policy.quorum == "few"
    assert policy.say_quorum() == "2 of w1, w2, w3"


def test_any_and_all_are_counts() -> None:
    for word, need in (("any", 1), ("all", 3), ("2", 2)):
        policy = parse(f"{L}{W1}{W2}{W3}group g {word} w1 w2 w3\nquorum g\n", weak=True)
        assert policy.groups["g"].need == need


def test_a_quorum_can_be_one_witness_or_none() -> None:
    one = parse(f"{L}{W1}quorum w1\n")
    assert one.say_quorum() == "1 of w1"
    assert not one.check(signed()).met
    assert one.check(cosigned("w1")).met
    none = parse(f"{L}quorum none\n", weak=True)
    assert none.say_quorum() == "no witness is needed"
    assert none.check(signed()).met


def test_an_origin_may_have_had_several_keys() -> None:
    newer = note.Signer(ORIGIN, bytes(range(32)))
    policy = parse(f"{L}log {newer.verifier.vkey}\n{W1}quorum w1\n")
    said = checkpoint.parse(note.parse(signed()).text)
    for signer in (LOG, newer):
        assert policy.check(checkpoint.sign(said, signer)).checkpoint == said


def test_what_is_not_utf_8_or_too_long_is_refused() -> None:
    for data in (b"# \xff\nquorum none\n", b"#" * MAX_POLICY + b"\n", "quorum none\n"):
        with refused("policy.malformed"):
            Policy.parse(data, weak=True)  # type: ignore[arg-type]


def test_an_error_names_the_line() -> None:
    with pytest.raises(MalformedError, match=r"^policy, line 3: x is not defined above$"):
        parse(f"{L}{W1}quorum x\n")


@given(st.binary(max_size=200))
def test_any_bytes_are_a_policy_or_our_error(data: bytes) -> None:
    is_policy(data)
    for text in (data, f"{L}{W1}".encode() + data + b"\nquorum w1\n"):
        try:
            Policy.parse(text)
        except LedgerError:
            continue


@pytest.mark.parametrize(
    ("text", "trust"),
    [
        ("quorum none\n", True),
        (f"# days = 60\n\n \t# more\n\t{L}", True),
        (f"ledger {LEDGER}\n", True),
        (f"group\t{'x'}", True),
        ('["recorded.late"]\ndays = 60\n', False),
        ("# log x\ndays = 60\n", False),
        ("log = 3\n", False),
        ("log  =3\n", False),
        ("logs x\n", False),
        ("log", False),
        ("", False),
        ("# nothing\n", False),
    ],
)
def test_a_trust_policy_is_told_from_thresholds(text: str, trust: bool) -> None:
    assert is_policy(text.encode()) is trust


# --- checking --------------------------------------------------------------------------


def test_the_witnesses_that_cosigned_are_named_with_their_times() -> None:
    found = parse(policy_text(3, 2)).check(cosigned("w3", "w1"))
    assert found.met
    assert found.names == ("w1", "w3")
    assert found.cosigned == {"w1": NOW, "w3": NOW}
    assert found.checkpoint.size == 5
    assert not parse(policy_text(3, 2)).check(cosigned("w3")).met


def test_a_witness_counts_once_however_often_it_has_signed() -> None:
    """Equal lines, and lines of other times."""
    policy = parse(policy_text(3, 2))
    first = note.parse(cosigned("w1")).signatures
    later = note.Signature(
        "w1.example",
        cosigner("w1").key_id,
        cosigner("w1").at(NOW + 9).sign(note.parse(signed()).text.encode()),
    )
    found = policy.check(note.assemble(note.parse(signed()).text, [*first, first[1], later]))
    assert not found.met
    assert found.cosigned == {"w1": NOW + 9}
    found = policy.check(note.assemble(note.parse(signed()).text, [later, *first]))
    assert found.cosigned == {"w1": NOW + 9}


def test_a_witness_that_is_not_in_the_policy_is_ignored() -> None:
    found = parse(policy_text(3, 2)).check(cosigned("w1", "w4", "w5"))
    assert (found.names, found.met) == (("w1",), False)


def test_a_known_witness_under_another_name_is_a_stranger() -> None:
    other = CosignatureSigner("other.example", cosigner("w2").seed, NOW)
    found = parse(policy_text(3, 2)).check(note.add(cosigned("w1"), other))
    assert (found.names, found.met) == (("w1",), False)


def test_a_wrong_cosignature_by_a_known_witness_refuses_the_note() -> None:
    moved = note.parse(cosigned("w3", branch="x")).signatures[1]
    data = note.assemble(note.parse(signed()).text, [*note.parse(cosigned("w1")).signatures, moved])
    with refused("signature.wrong"):
        parse(policy_text(3, 2)).check(data)
    # Whoever does not know that witness is not bothered.
    assert parse(policy_text(2, 2)).check(data).names == ("w1",)


def test_a_checkpoint_of_another_log_is_refused() -> None:
    other = note.Signer("other.example", bytes(range(32)))
    data = checkpoint.sign(checkpoint.Checkpoint("other.example", 5, bytes(32)), other)
    with refused("checkpoint.origin-mismatch"):
        parse(policy_text(3, 2)).check(data)
    with refused("checkpoint.origin-mismatch"):
        parse(f"{W1}quorum w1\n").check(signed())


def test_a_checkpoint_that_its_log_has_not_signed_is_refused() -> None:
    text = note.parse(signed()).text
    data = note.assemble(text, note.parse(cosigned("w1", "w2")).signatures[1:])
    with refused("checkpoint.no-log-signature"):
        parse(policy_text(3, 2)).check(data)
    stranger = note.Signer(ORIGIN, bytes(range(32)))
    with refused("note.no-known-signature"):
        parse(policy_text(3, 2)).check(note.sign(text, stranger))


def test_what_is_no_checkpoint_is_refused() -> None:
    policy = parse(policy_text(3, 2))
    with refused("note.malformed"):
        policy.check(b"")
    with refused("checkpoint.malformed"):
        policy.check(note.sign("a\nb\n", LOG))


# --- quorums ---------------------------------------------------------------------------


def subsets(names: list[str]) -> list[frozenset[str]]:
    return [frozenset(c) for size in range(len(names) + 1) for c in combinations(names, size)]


@pytest.mark.parametrize("count", range(3, 8))
def test_a_split_view_is_accepted_exactly_when_2k_minus_n_witnesses_are_dishonest(
    count: int,
) -> None:
    """Every k, every set of dishonest witnesses, every way to divide the honest ones.

    An honest witness cosigns one of the two pasts, a dishonest one both. The cosignatures
    and the policies are real ones.
    """
    names = NAMES[:count]
    everyone = frozenset(names)
    notes = {
        branch: {names: cosigned(*sorted(names), branch=branch) for names in subsets(list(names))}
        for branch in ("", "x")
    }
    for need in range(1, count + 1):
        policy = parse(policy_text(count, need), weak=True)
        assert policy.weak == (2 * need <= count)
        met = {
            branch: {names: policy.check(data).met for names, data in by.items()}
            for branch, by in notes.items()
        }
        for dishonest in subsets(names):
            honest = everyone - dishonest
            split = any(
                met[""][dishonest | asked] and met["x"][everyone - asked]
                for asked in subsets(sorted(honest))
            )
            assert split == (len(dishonest) >= 2 * need - count), (need, dishonest)


NESTED = {
    # A tree of groups, and whether two disjoint sets can both satisfy it.
    "group a 2 w1 w2 w3\ngroup b any w4\ngroup q all a b\nquorum q\n": False,
    "group a any w1 w2 w3\ngroup b any w4 w5\ngroup q all a b\nquorum q\n": True,
    "group a any w1 w2 w3\ngroup b 2 w4 w5 w6\ngroup q all a b\nquorum q\n": False,
    "group a any w1 w2\ngroup q 2 a w3 w4 w5\nquorum q\n": True,
    "group a any w1 w2\ngroup q 3 a w3 w4\nquorum q\n": False,
    "group a all w1 w2\ngroup q 2 a w3 w4\nquorum q\n": False,
    "group a 2 w1 w2 w3\ngroup b 2 w4 w5 w6\ngroup q any a b\nquorum q\n": True,
    "group a 2 w1 w2 w3\ngroup b 2 w4 w5 w6\ngroup q all a b w7\nquorum q\n": False,
    "group a any w1 w2\ngroup b any w3 w4\ngroup q 3 a b w5 w6\nquorum q\n": True,
    "group a any w1 w2\ngroup b any w3 w4\ngroup q 4 a b w5 w6\nquorum q\n": False,
}


@pytest.mark.parametrize("text", NESTED)
def test_a_weak_quorum_is_found_in_a_tree_of_groups(text: str) -> None:
    """Against trying every two disjoint sets of the seven."""
    witnesses = "".join(f"witness {name} {cosigner(name).verifier.vkey}\n" for name in NAMES)
    policy = parse(f"{L}{witnesses}{text}", weak=True)
    enough = [names for names in subsets(NAMES) if policy.met_by(names)]
    tried = any(not one & other for one in enough for other in enough)
    assert policy.weak == tried == NESTED[text]


def test_a_weak_quorum_is_let_pass_when_the_caller_insists() -> None:
    assert parse(policy_text(4, 2), weak=True).check(cosigned("w1", "w4")).met


# --- remarks ---------------------------------------------------------------------------


def codes(text: str) -> list[str]:
    return [each.code for each in lint(parse(text, weak=True))]


def test_a_policy_for_earnest_use_is_without_remark() -> None:
    urls = policy_text(3, 2)
    for name in NAMES[:3]:
        vkey = cosigner(name).verifier.vkey
        urls = urls.replace(vkey, f"{vkey} https://{name}.example")
    assert codes(urls) == []


def test_what_may_not_be_meant_is_remarked_on() -> None:
    url = W1[:-1] + " https://w1.example\n"
    full = f"ledger {LEDGER}\n{L}{url}"
    assert codes(f"{full}quorum w1\n") == []
    assert codes(f"{full}quorum none\n") == ["policy.weak-quorum", "policy.unused"]
    assert codes(f"{L}{url}quorum w1\n") == ["policy.no-ledger"]
    assert codes(f"ledger {LEDGER}\n{url}quorum w1\n") == ["policy.no-log"]
    assert codes(f"ledger {LEDGER}\n{L}{W1}quorum w1\n") == ["policy.no-url"]
    assert codes(f"{full}{W2[:-1]} http://w2\ngroup g all w1\nquorum g\n") == ["policy.unused"]
