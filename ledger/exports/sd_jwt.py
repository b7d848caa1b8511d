"""Origin shares as a verifiable credential whose holder shows only some of them (SD-JWT VC).

    <JWT of the issuer>~<disclosure>~<disclosure>~...

One disclosure for each origin of each substance: what is shown has its share, class,
country and site; of the others only salted digests are seen. The holder deletes the
disclosures that a verifier need not see. --key issues it; salts are made from that key's
own signature, so the same export is the same bytes and nobody else can compute them.
(RFC 9901; SD-JWT VC is an Internet-Draft: media type dc+sd-jwt. EdDSA, RFC 8037.)
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import msgspec

from ..audit.dossier import Dossier
from ..errors import ConfigError
from ..log import note

__all__ = ["render"]

_DOMAIN = "oretrail/sd-jwt-salt/v1"


def render(dossier: Dossier, signer: note.SignsNotes | None = None) -> bytes:
    """The credential with all its disclosures; ConfigError ``key.missing`` without a key."""
    if signer is None or not dossier.trails:
        raise ConfigError(
            "a credential is issued by a key, about a lot or product",
            code="key.missing" if signer is None else "export.no-subject",
            hint="oretrail export sd-jwt PRODUCT --key NAME -o product.sd-jwt",
        )
    about = "\n".join([_DOMAIN, dossier.ledger, str(dossier.size), *dossier.subjects, ""])
    seed = signer.sign(about.encode())
    disclosures, claims = [], []
    for number, (subject, element, origin) in enumerate(_origins(dossier)):
        salt = _b64(hashlib.sha256(seed + number.to_bytes(4, "big")).digest()[:16])
        made = _b64(msgspec.json.encode([salt, {"subject": subject, "element": element, **origin}]))
        disclosures.append(made)
        claims.append({"...": _b64(hashlib.sha256(made.encode()).digest())})
    issued = datetime.strptime(dossier.as_of, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    payload = {
        "iss": f"https://{signer.name}",
        "iat": int(issued.timestamp()),
        "vct": f"https://{dossier.origin}/origin-shares/v1",
        "sub": [f"https://{dossier.origin}/lot/{subject}" for subject in dossier.subjects],
        "ledger": dossier.ledger,
        "size": dossier.size,
        "root": dossier.root,
        "origins": claims,
        "_sd_alg": "sha-256",
    }
    head = {"alg": "EdDSA", "kid": f"{signer.name}+{signer.key_id.hex()}", "typ": "dc+sd-jwt"}
    signed = f"{_b64(msgspec.json.encode(head))}.{_b64(msgspec.json.encode(payload))}"
    token = f"{signed}.{_b64(signer.sign(signed.encode()))}"
    return "~".join([token, *disclosures, ""]).encode()


def _origins(dossier: Dossier) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(subject, substance, origin) in the order of the trails."""
    for trail in dossier.trails:
        for element, found in trail.elements.items():
            for one in found.origins:
                told = {"share_ppb": one.share_ppb, "mass_mg": one.mass_mg, "class": one.kind}
                told |= {"origin": one.origin, "country": one.country, "site": one.site}
                yield trail.subject, element, {k: v for k, v in told.items() if v != ""}


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
