"""Who appears in the vectors of the domain: parties with fixed keys that everybody can compute."""

from __future__ import annotations

from ledger.custody.demo_keys import demo_seed
from ledger.log.note import Signer

ORIGIN = "kivu.example/trail"

# Demo key number -> name. A party's own key is named like the party, a device's party/device.
NAMES = (
    "governance/1",
    "governance/2",
    "governance/3",
    ORIGIN,
    "gihanga.example",
    "gihanga.example/phone",
    "comptoir.example",
    "smelter.example",
    "lab.example",
    "capacitor.example",
    "stranger.example",
    "gihanga.example/recovery",
    "auditor.example",
)

KEYS = {name: Signer(name, demo_seed(number)) for number, name in enumerate(NAMES)}


def vkey(name: str) -> str:
    """The public key of an actor, as events spell it."""
    return KEYS[name].verifier.vkey
