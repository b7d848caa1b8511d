"""Ed25519 under the strict profile: RFC 8032's own examples, and what libraries let pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from hypothesis import given, settings
from hypothesis import strategies as st

import reference_log as reference
from ledger.errors import MalformedError, SignatureError
from ledger.log import ed25519

SEED = bytes(range(32))
KEY = ed25519.public_key(SEED)
MESSAGE = b"25 kg of cassiterite"
SIGNATURE = ed25519.sign(SEED, MESSAGE)

# RFC 8032, 7.1: tests 1, 2, 3 and SHA(abc).
RFC_8032 = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701c"
            "f9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0"
            "f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f76098"
            "4dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3"
            "feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c664"
            "31e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]


def with_sign(y: int, sign: int) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def small_orders() -> list[bytes]:
    """All 14 encodings of the eight points of small order, unusual ones included."""
    torsion = next(
        found
        for y in range(2, 100)
        for start in [reference.point(y.to_bytes(32, "little"))]
        if start is not None
        for found in [reference.times(reference.L, start)]
        if reference.times(4, found) != reference.IDENTITY
    )
    ys = {reference.times(n, torsion)[1] for n in range(8)}
    assert len(ys) == 5
    spelled = ys | {y + reference.P for y in ys if y + reference.P < 2**255}
    return [with_sign(y, sign) for y in sorted(spelled) for sign in (0, 1)]


def unusual_points() -> list[bytes]:
    """Encodings with y >= p that are not of small order, where y - p is on the curve."""
    ys = range(reference.P + 2, 2**255)
    return [with_sign(y, sign) for y in ys for sign in (0, 1)]


def refuse(key: Any, message: Any, signature: Any, code: str) -> None:
    with pytest.raises(SignatureError) as caught:
        ed25519.verify(key, message, signature)
    assert caught.value.code == code


@pytest.mark.parametrize(("seed", "key", "message", "signature"), RFC_8032)
def test_the_examples_of_rfc_8032_hold(seed: str, key: str, message: str, signature: str) -> None:
    raw = [bytes.fromhex(text) for text in (seed, key, message, signature)]
    assert ed25519.public_key(raw[0]) == raw[1]
    assert ed25519.sign(raw[0], raw[2]) == raw[3]
    ed25519.verify(raw[1], raw[2], raw[3])
    ed25519.check_public_key(raw[1])
    assert reference.sign(raw[0], raw[2]) == raw[3]
    assert reference.signature_is_good(raw[1], raw[2], raw[3])


def test_there_are_14_encodings_of_small_order() -> None:
    assert len(set(small_orders())) == 14


@pytest.mark.parametrize("key", small_orders(), ids=bytes.hex)
def test_a_key_of_small_order_is_no_key(key: bytes) -> None:
    with pytest.raises(SignatureError) as caught:
        ed25519.check_public_key(key)
    assert caught.value.code == "key.small-order"
    refuse(key, MESSAGE, SIGNATURE, "key.small-order")


def test_the_key_that_vouches_for_every_message_vouches_for_none() -> None:
    identity, anything = with_sign(1, 0), with_sign(1, 0) + bytes(32)
    for message in (b"", b"1 t of tantalum", b"9 t of tantalum"):
        Ed25519PublicKey.from_public_bytes(identity).verify(anything, message)
        refuse(identity, message, anything, "key.small-order")


@pytest.mark.parametrize("r", small_orders(), ids=bytes.hex)
def test_a_signature_with_r_of_small_order_is_refused(r: bytes) -> None:
    refuse(KEY, MESSAGE, r + SIGNATURE[32:], "signature.small-order")


def test_a_signature_that_a_library_accepts_with_r_of_small_order_is_refused() -> None:
    """The signer knows the key: R is the identity and S = k a, so the equation holds."""
    r = with_sign(1, 0)
    s = reference.challenge(r, KEY, MESSAGE) * reference.secret(SEED) % reference.L
    signature = r + s.to_bytes(32, "little")
    Ed25519PublicKey.from_public_bytes(KEY).verify(signature, MESSAGE)
    refuse(KEY, MESSAGE, signature, "signature.small-order")


@pytest.mark.parametrize("point", unusual_points(), ids=bytes.hex)
def test_a_point_spelled_with_y_not_below_p_is_refused(point: bytes) -> None:
    with pytest.raises(SignatureError) as caught:
        ed25519.check_public_key(point)
    assert caught.value.code == "key.not-canonical"
    refuse(point, MESSAGE, SIGNATURE, "key.not-canonical")
    refuse(KEY, MESSAGE, point + SIGNATURE[32:], "signature.not-canonical")


@pytest.mark.parametrize("times", [1, 2, 7])
def test_the_same_signature_spelled_with_a_larger_s_is_refused(times: int) -> None:
    s = int.from_bytes(SIGNATURE[32:], "little") + times * reference.L
    refuse(KEY, MESSAGE, SIGNATURE[:32] + s.to_bytes(32, "little"), "signature.s-too-large")


def test_s_equal_to_the_order_is_refused() -> None:
    bad = SIGNATURE[:32] + reference.L.to_bytes(32, "little")
    refuse(KEY, MESSAGE, bad, "signature.s-too-large")
    almost = SIGNATURE[:32] + (reference.L - 1).to_bytes(32, "little")
    refuse(KEY, MESSAGE, almost, "signature.wrong")


def test_no_bit_of_a_signature_its_message_or_its_key_can_change() -> None:
    for subject in range(3):
        parts = [KEY, MESSAGE, SIGNATURE]
        for bit in range(len(parts[subject]) * 8):
            changed = bytearray(parts[subject])
            changed[bit // 8] ^= 1 << bit % 8
            bad = [bytes(changed) if at == subject else part for at, part in enumerate(parts)]
            with pytest.raises(SignatureError):
                ed25519.verify(*bad)


def test_32_bytes_that_are_no_point_become_no_key() -> None:
    found = 0
    for y in range(2, 60):
        data = y.to_bytes(32, "little")
        if reference.point(data) is None:
            found += 1
            with pytest.raises(SignatureError) as caught:
                ed25519.check_public_key(data)
            assert caught.value.code == "key.no-point"
            refuse(data, MESSAGE, SIGNATURE, "signature.wrong")
        else:
            ed25519.check_public_key(data)
    assert found > 20


@pytest.mark.parametrize("bad", [b"", KEY[:31], KEY + b"\0", KEY.hex(), None, 0, bytearray(KEY)])
def test_a_key_is_32_bytes(bad: Any) -> None:
    refuse(bad, MESSAGE, SIGNATURE, "key.length")
    with pytest.raises(SignatureError) as caught:
        ed25519.check_public_key(bad)
    assert caught.value.code == "key.length"


@pytest.mark.parametrize("bad", [b"", SIGNATURE[:63], SIGNATURE + b"\0", SIGNATURE.hex(), None, 0])
def test_a_signature_is_64_bytes(bad: Any) -> None:
    refuse(KEY, MESSAGE, bad, "signature.length")


@pytest.mark.parametrize("bad", [MESSAGE.decode(), None, 0, [1, 2]])
def test_a_message_is_bytes(bad: Any) -> None:
    refuse(KEY, bad, SIGNATURE, "signature.wrong")


@pytest.mark.parametrize("make", [ed25519.public_key, lambda s: ed25519.sign(s, b"")])
@pytest.mark.parametrize("bad", [b"", bytes(31), bytes(33), "0" * 32, None])
def test_a_seed_is_32_bytes(make: Callable[[Any], bytes], bad: Any) -> None:
    with pytest.raises(MalformedError) as caught:
        make(bad)
    assert caught.value.code == "key.seed"


def test_a_signing_key_does_not_print_its_secret() -> None:
    key = ed25519.SigningKey(SEED)
    assert repr(key) == f"SigningKey(public_key={KEY.hex()})"
    assert not hasattr(key, "__dict__")


def test_a_signing_key_signs_as_the_slow_twin_does() -> None:
    key = ed25519.SigningKey(SEED)
    for message in (b"", b"a", MESSAGE, bytes(1000)):
        assert key.sign(message) == reference.sign(SEED, message)
    assert key.public_key == reference.public_key(SEED)


@given(st.binary(max_size=70), st.binary(max_size=70), st.binary(max_size=70))
def test_any_bytes_verify_or_are_refused(key: bytes, message: bytes, signature: bytes) -> None:
    with pytest.raises(SignatureError):
        ed25519.verify(key, message, signature)


points = st.one_of(
    st.just(KEY),
    st.just(SIGNATURE[:32]),
    st.sampled_from(small_orders() + unusual_points()),
    st.binary(min_size=32, max_size=32),
)
numbers = st.one_of(st.just(SIGNATURE[32:]), st.binary(min_size=32, max_size=32))


@settings(max_examples=40)
@given(points, points, numbers)
def test_signatures_are_judged_as_by_the_slow_twin(key: bytes, r: bytes, s: bytes) -> None:
    try:
        ed25519.verify(key, MESSAGE, r + s)
        good = True
    except SignatureError:
        good = False
    assert good == reference.signature_is_good(key, MESSAGE, r + s)


@given(st.binary(min_size=32, max_size=32))
def test_keys_are_admitted_as_by_the_slow_twin(key: bytes) -> None:
    """The twin's curve, and no point that eight times over comes to nothing."""
    found = reference.point(key)
    good = found is not None and reference.times(8, found) != reference.IDENTITY
    try:
        ed25519.check_public_key(key)
    except SignatureError:
        assert not good
    else:
        assert good
