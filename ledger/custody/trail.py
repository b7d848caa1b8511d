"""A trail as a value: everything that proves the provenance of one lot or product.

Made by `provenance.trail`, rendered by the CLI and by every export. Masses are milligrams,
shares parts per billion, times and days as in the events.
"""

from __future__ import annotations

import msgspec

from ..findings import Finding

__all__ = [
    "Attestation",
    "Continued",
    "ElementTrail",
    "Gap",
    "Incident",
    "LotLine",
    "OriginLine",
    "Said",
    "Trail",
    "Transfer",
]


class OriginLine(msgspec.Struct, frozen=True, omit_defaults=True, rename={"kind": "class"}):
    """So much came from there. Shares of an element add up to exactly 1,000,000,000 ppb.

    `lot` is the lot that it is here, if it began in another ledger and is not followed there;
    `ledger` the other ledger that says so, if it is.
    """

    origin: str
    kind: str
    mass_mg: int
    share_ppb: int
    site: str = ""
    country: str = ""
    lot: str = ""
    ledger: str = ""


class ElementTrail(msgspec.Struct, frozen=True):
    """An element of the subject: how much, followed how, from where, and how well covered.

    `basis` is ``mass`` where somewhere on the way only net masses were known. `coverage`, in
    ppb of the element: ``site_ppb``, ``country_ppb``, ``unknown_ppb`` (with a known site, only
    a country, neither; they add up to one), ``assayed_ppb`` (assayed where it began),
    ``attested_ppb`` (from a site or lot under a certificate or green assessment that was valid
    when it was dug), ``signed_both_ppb`` (of the mass handed over upstream: signed for by both).
    """

    mass_mg: int
    basis: str
    origins: tuple[OriginLine, ...]
    coverage: dict[str, int]


class LotLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """A lot of the trail, as it was when it was filled. Entries are indexes in the log."""

    lot: str
    material: str
    opened_by: str
    opened_at: str
    entry: int
    event: str
    mass_mg: int
    basis: str
    model: str
    state: str
    holder: str
    pieces: int | None = None
    contents: dict[str, int] | None = None
    inputs: tuple[tuple[str, int], ...] = ()
    losses: tuple[tuple[str, int], ...] = ()
    site: str = ""


class Transfer(
    msgspec.Struct, frozen=True, omit_defaults=True, rename={"giver": "from", "taker": "to"}
):
    """A hand-over: who to whom, both event ids and both weights; `received` absent: not yet."""

    lot: str
    dispatched: str
    giver: str
    taker: str
    sent_mg: int
    sent_at: str
    received: str | None = None
    received_mg: int | None = None
    received_at: str | None = None
    returned: str | None = None


class Attestation(msgspec.Struct, frozen=True, omit_defaults=True):
    """A certificate, audit or assessment of something upstream, and what it was good for.

    `covers` are lots of the trail that began or left while it was valid, `misses` those in
    its scope that did so before, after, or when it had been revoked. Valid *then*, that is:
    what lapsed later still covers what was done under it.
    """

    kind: str
    id: str
    subject: str
    issuer: str
    status: str
    said_at: str
    entry: int
    standard: str = ""
    scope: str = ""
    valid_from: str = ""
    valid_to: str = ""
    revoked_at: str = ""
    covers: tuple[str, ...] = ()
    misses: tuple[str, ...] = ()


class Incident(msgspec.Struct, frozen=True, omit_defaults=True):
    """An incident or grievance about something upstream; it travels until it is closed."""

    incident: str
    kind: str
    category: str
    severity: str
    status: str
    subjects: tuple[str, ...]
    opened_at: str
    entries: tuple[int, ...]
    continues: tuple[Continued, ...] = ()
    closed_at: str = ""
    complainant: str = ""
    confirmed: bool = False


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Anything else that was said about the trail's lots, sites and parties."""

    subject: str
    kind: str
    status: str
    by: str
    at: str
    entry: int
    facts: dict[str, object] = {}


class Gap(msgspec.Struct, frozen=True):
    """Something the trail cannot show: its name, its place, the event that would close it."""

    code: str
    subject: str
    message: str
    closed_by: str


class Continued(msgspec.Struct, frozen=True, kw_only=True):
    """A lot that began in another ledger: `foreign` says where, with the event and the bundle.

    `trail` is its own there, None if the bundle is not at hand.
    """

    lot: str
    foreign: dict[str, str]
    trail: Trail | None = None


class Trail(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the log says about where one lot or product came from.

    `parties` and `sites` give what is registered of each that is named; `entries` are the
    indexes of all events the trail was made from. `continues` are the lots that began in other
    ledgers, once somebody has looked (`custody.foreign`).
    """

    subject: str
    ledger: str
    elements: dict[str, ElementTrail]
    lots: tuple[LotLine, ...]
    transfers: tuple[Transfer, ...]
    attestations: tuple[Attestation, ...]
    incidents: tuple[Incident, ...]
    said: tuple[Said, ...]
    gaps: tuple[Gap, ...]
    model: str
    findings: tuple[Finding, ...]
    parties: dict[str, dict[str, object]]
    sites: dict[str, dict[str, object]]
    entries: tuple[int, ...]
    continues: tuple[Continued, ...] = ()
