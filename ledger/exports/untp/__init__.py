"""A verifiable credential of UNTP 0.7.0 and its signature: what passport and events share.

    NAME.json      the credential, unsigned, for reading
    NAME.vc.jwt    header.credential.signature, media type application/vc+jwt (with a key)
    about.json     what it was made from, what is missing, what was withheld

The JWT is RFC 7515 with EdDSA (RFC 8037); its signing input is base64url without a line
feed, so no statement, checkpoint, DSSE envelope or COSE structure can be read as one.
Issuers are `did:web` of the party id: whoever runs that host has to publish the key there.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ...audit.dossier import Dossier, Folder, Missing
from ...audit.naming import NAMESPACE, Names, decimal_json, quoted, uuid
from ...errors import ConfigError
from ...log import note

__all__ = [
    "NOWHERE",
    "classified",
    "country",
    "credential",
    "delivered",
    "facility",
    "issuer_of",
    "party",
]

CONTEXT = [
    "https://www.w3.org/ns/credentials/v2",
    "https://vocabulary.uncefact.org/untp/0.7.0/context/",
]
NOWHERE = "ZZ"
"""Where the schema asks for a country and none is recorded: ISO 3166-1, free for such use."""


def did(party_id: str) -> str:
    """The DID of a party."""
    return f"did:web:{quoted(party_id)}"


def party(dossier: Dossier, name: str) -> dict[str, Any]:
    """A party as UNTP names one."""
    said: dict[str, Any] = {"type": ["Party"], "id": did(name), "name": _called(dossier, name)}
    return said | {"registeredId": name}


def _called(dossier: Dossier, name: str) -> str:
    return str(dossier.parties.get(name, {}).get("name", name))


def facility(dossier: Dossier, site: str, holder: str, registered: bool = False) -> dict[str, Any]:
    """The site, or where none is recorded whoever was there; with `registered` its number."""
    names = Names(dossier.origin)
    if site:
        said = {"id": names.of("site", site)}
        said["name"] = str(dossier.sites.get(site, {}).get("name", site))
    else:
        said = {"id": names.of("party", holder)}
        said["name"] = f"not recorded, at {_called(dossier, holder)}"
    found: dict[str, Any] = {"type": ["Facility"], **said}
    return found | ({"registeredId": site or holder} if registered else {})


def country(dossier: Dossier, site: str, holder: str) -> str:
    """ISO 3166-1 alpha-2 of a site, else of a party, else `NOWHERE`."""
    found = dossier.sites.get(site, {}).get("country")
    return str(found or dossier.parties.get(holder, {}).get("country") or NOWHERE)


def classified(kind: str, name: str) -> dict[str, str]:
    """A thing in the ledger's own words."""
    return {
        "code": name,
        "name": name,
        "schemeId": f"{NAMESPACE}{kind}/",
        "schemeName": f"{kind} as the ledger names it",
    }


def credential(
    dossier: Dossier, kind: str, about: str, name: str, issuer: str, subject: object
) -> dict[str, Any]:
    """The credential of this `kind` (its type) about a lot, issued by a party."""
    called = f"{Names(dossier.origin).of('credential', kind)}/{quoted(about)}"
    return {
        "type": [kind, "VerifiableCredential"],
        "@context": CONTEXT,
        "id": uuid(f"{called}/{dossier.size}/{dossier.audience}"),
        "issuer": {
            "type": ["CredentialIssuer"],
            "id": did(issuer),
            "name": _called(dossier, issuer),
        },
        "validFrom": dossier.as_of,
        "name": name,
        "credentialSubject": subject,
    }


def delivered(
    dossier: Dossier,
    export: str,
    made: Mapping[str, dict[str, Any]],
    missing: Iterable[Missing],
    signer: note.SignsNotes | None,
) -> Folder:
    """The folder; `made` are the credentials by name.

    Raises ConfigError ``key.two-roles`` for the log's key.
    """
    if signer is not None and signer.name == dossier.origin:
        raise ConfigError(
            f"{signer.name} is the log's key, which signs checkpoints and nothing else",
            code="key.two-roles",
        )
    files: list[tuple[str, bytes]] = []
    for name, one in made.items():
        files.append((f"{name}.json", decimal_json(one)))
        if signer is not None:
            files.append((f"{name}.vc.jwt", _jwt(one, signer)))
    said = msgspec.json.encode(dossier.about(export, 1, missing))
    return Folder([*files, ("about.json", msgspec.json.format(said, indent=1) + b"\n")])


def issuer_of(signer: note.SignsNotes | None, otherwise: str) -> str:
    """The party whose key it is; without one, the party that would have to sign."""
    return signer.name.partition("/")[0] if signer is not None else otherwise


def _jwt(one: dict[str, Any], signer: note.SignsNotes) -> bytes:
    kid = f"{one['issuer']['id']}#{signer.key_id.hex()}"
    head = {"alg": "EdDSA", "typ": "vc+jwt", "cty": "vc", "kid": kid}
    encode = msgspec.json.Encoder(decimal_format="number").encode
    signed = f"{_b64(encode(head))}.{_b64(encode(one))}"
    return f"{signed}.{_b64(signer.sign(signed.encode()))}".encode()


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
