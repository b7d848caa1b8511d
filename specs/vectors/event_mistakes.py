"""What an event can get wrong: an example of its type with fields changed, or gone."""

from __future__ import annotations

from typing import Any

from cast import vkey
from event_examples import AT, HEAD, OTHER_HEAD

GONE = object()
"""The field is not there."""

FOREIGN: dict[str, Any] = {
    "ledger": HEAD,
    "lot": "TAP-1",
    "event": OTHER_HEAD,
    "size": 194,
    "root": "3d" * 32,
    "bundle": "4e" * 32,
}
"""A lot of another ledger."""

# What any event can get wrong, shown on an extraction.
BAD_ANY: dict[str, dict[str, Any]] = {
    "field-that-no-event-has": {"colour": "black"},
    "no-by": {"by": GONE},
    "no-time": {"occurred_at": GONE},
    "type-of-another-kind": {"type": 7},
    "no-type": {"type": GONE},
    "id-with-a-space": {"lot": "GIH 0001"},
    "id-that-begins-with-a-dot": {"lot": ".GIH"},
    "id-of-129-letters": {"lot": "G" * 129},
    "id-with-a-letter-beyond-ascii": {"lot": "GIH-é"},
    "empty-id": {"lot": ""},
    "time-with-a-fraction": {"occurred_at": "2026-02-11T08:00:00.5Z"},
    "time-with-an-offset": {"occurred_at": "2026-02-11T10:00:00+02:00"},
    "time-without-seconds": {"occurred_at": "2026-02-11T08:00Z"},
    "time-on-the-30th-of-february": {"occurred_at": "2026-02-30T08:00:00Z"},
    "time-on-29-february-2100": {"occurred_at": "2100-02-29T08:00:00Z"},
    "time-in-1999": {"occurred_at": "1999-12-31T23:59:59Z"},
    "time-of-a-leap-second": {"occurred_at": "2026-06-30T23:59:60Z"},
    "time-at-24-hours": {"occurred_at": "2026-02-11T24:00:00Z"},
    "mass-of-nought": {"mass": 0},
    "negative-mass": {"mass": -1},
    "mass-as-text": {"mass": "45.0 kg"},
    "share-above-one": {"moisture": 1_000_000_001},
    "negative-share": {"moisture": -1},
    "basis-unheard-of": {"basis": "moist"},
    "pieces-as-a-truth": {"pieces": True},
    "empty-text": {"material": ""},
    "text-of-1001-letters": {"material": "m" * 1001},
    "after-out-of-order": {"after": [OTHER_HEAD, HEAD]},
    "after-twice": {"after": [HEAD, HEAD]},
    "after-in-capitals": {"after": ["1F" * 32]},
    "after-of-63-digits": {"after": ["1" * 63]},
    "cosigners-out-of-order": {"cosigners": ["lab.example", "comptoir.example"]},
    "cosigner-twice": {"cosigners": ["lab.example", "lab.example"]},
    "by-among-the-cosigners": {"cosigners": ["gihanga.example"]},
    "17-cosigners": {"cosigners": [f"party-{n:02}" for n in range(17)]},
    "private-out-of-order": {"private": [OTHER_HEAD, HEAD]},
    "65-private-fields": {"private": [f"{n:064x}" for n in range(65)]},
    "empty-list-written-out": {"cosigners": []},
    "analyte-with-a-dash": {"grades": [{"analyte": "Ta-2O5", "grade": 1}]},
    "grade-with-a-field-too-many": {"grades": [{"analyte": "Ta", "grade": 1, "unit": "ppm"}]},
    "grade-without-a-figure": {"grades": [{"analyte": "Ta"}]},
    "33-grades": {"grades": [{"analyte": f"X{n}", "grade": 1} for n in range(33)]},
    "grades-that-are-no-list": {"grades": {"analyte": "Ta", "grade": 1}},
}

BAD: dict[str, dict[str, dict[str, Any]]] = {
    "certificate.issued": {
        "ends-before-it-begins": {"valid_to": "2026-01-31"},
        "subject-without-a-kind": {"subject": "EXP-7"},
        "subject-of-an-unknown-kind": {"subject": "mine:GIH"},
        "country-in-small-letters": {"origins": ["rw"]},
        "day-with-a-time": {"valid_from": AT},
    },
    "custody.cancelled": {"no-lot": {"lots": []}, "no-reason": {"reason": GONE}},
    "custody.dispatched": {
        "no-lot": {"lots": []},
        "lots-as-names": {"lots": ["GIH-0001"]},
        "weight-of-nought": {"lots": [{"lot": "GIH-0001", "mass": 0}]},
    },
    "custody.received": {
        "no-weight": {"lots": [{"lot": "GIH-0001", "basis": "wet"}]},
        "no-basis": {"lots": [{"lot": "GIH-0001", "mass": 1}]},
        "no-dispatch": {"dispatch": GONE},
        "seals-unheard-of": {"seals": "lost"},
    },
    "custody.rejected": {"no-lot": {"lots": []}, "no-reason": {"reason": GONE}},
    "document.attached": {
        "digest-in-base64": {"digest": "PT09PT09PT09PT09PT09PT09PT09PT09PT09PT09PT0="},
        "kind-with-a-capital": {"kind": "Invoice"},
    },
    "key.authorized": {
        "key-without-an-id": {"key": "gihanga.example/phone"},
        "key-in-hex": {"key": "gihanga.example/phone+00000000+" + "00" * 33},
        "65-types": {"types": [f"t.{n}" for n in range(65)]},
    },
    "key.revoked": {"no-reason": {"reason": GONE}},
    "ledger.created": {
        "created-by-a-party": {"by": "gihanga.example"},
        "keys-out-of-order": {"governance": [vkey("governance/2"), vkey("governance/1")]},
        "one-key-twice": {"governance": [vkey("governance/1"), vkey("governance/1")]},
        "no-key": {"governance": []},
        "threshold-of-nought": {"threshold": 0},
        "origin-with-a-scheme": {"origin": "https://kivu.example/trail"},
        "origin-without-a-path": {"origin": "kivu.example"},
        "demo-written-out-as-false": {"demo": False},
        "tolerance-above-one": {"tolerances": [{"name": "default", "tolerance": 1_000_000_001}]},
    },
    "lot.adjusted": {
        "lost-and-counted": {"counted": 1, "basis": "wet"},
        "neither-lost-nor-counted": {"lost": GONE},
        "counted-without-basis": {"lost": GONE, "counted": 1},
        "lost-with-basis": {"basis": "wet"},
    },
    "lot.assayed": {"no-grade": {"grades": []}, "side-unheard-of": {"side": "both"}},
    "lot.declared": {
        "mined-origin": {"origin": "mined-asm"},
        "no-reason": {"reason": GONE},
        "grade-of-wet-ore-without-moisture": {"grades": [{"analyte": "Ta", "grade": 1}]},
        "foreign-without-a-ledger": {"origin": "foreign"},
        "legacy-of-another-ledger": {"foreign": FOREIGN},
        "foreign-without-a-bundle": {
            "origin": "foreign",
            "foreign": {name: each for name, each in FOREIGN.items() if name != "bundle"},
        },
        "foreign-from-a-log-without-entries": {
            "origin": "foreign",
            "foreign": {**FOREIGN, "size": 0},
        },
        "contents-of-legacy": {"contents": [{"element": "Ta", "mass": 1}]},
        "foreign-with-contents-and-grades": {
            "origin": "foreign",
            "foreign": FOREIGN,
            "basis": "dry",
            "contents": [{"element": "Ta", "mass": 1}],
            "grades": [{"analyte": "Ta", "grade": 1}],
        },
    },
    "lot.extracted": {
        "grade-of-wet-ore-without-moisture": {"moisture": GONE},
        "no-site": {"site": GONE},
        "method-unheard-of": {"method": "dredging"},
    },
    "lot.refined": {
        "no-output": {"outputs": []},
        "contents-and-grades": {
            "outputs": [
                {
                    "lot": "O",
                    "material": "m",
                    "mass": 2,
                    "basis": "dry",
                    "contents": [{"element": "Ta", "mass": 1}],
                    "grades": [{"analyte": "Ta", "grade": 1}],
                }
            ]
        },
        "grade-of-wet-output-without-moisture": {
            "outputs": [
                {
                    "lot": "O",
                    "material": "m",
                    "mass": 2,
                    "basis": "wet",
                    "grades": [{"analyte": "Ta", "grade": 1}],
                }
            ]
        },
        "output-of-reagent-alone": {
            "outputs": [{"lot": "O", "material": "m", "mass": 2, "basis": "dry", "added": 2}]
        },
        "role-written-out": {
            "outputs": [{"lot": "O", "material": "m", "mass": 2, "basis": "dry", "role": "product"}]
        },
        "metal-lost-as-moisture": {
            "losses": [
                {
                    "reason": "moisture",
                    "mass": 2,
                    "contents": [{"element": "Ta", "mass": 1}],
                }
            ]
        },
    },
    "lot.retired": {
        "by-mass-and-by-pieces": {"mass": 1},
        "reason-unheard-of": {"reason": "sold"},
    },
    "lot.split": {
        "no-part": {"parts": []},
        "part-by-mass-and-by-pieces": {"parts": [{"lot": "A", "mass": 1, "pieces": 1}]},
        "part-of-nought": {"parts": [{"lot": "A", "mass": 0}]},
    },
    "lot.tagged": {"nothing-done": {"applied": GONE, "removed": GONE}},
    "lot.weighed": {"no-instrument": {"instrument": GONE}, "no-basis": {"basis": GONE}},
    "lots.blended": {
        "no-input": {"inputs": []},
        "513-inputs": {"inputs": [{"lot": f"L{n}"} for n in range(513)]},
        "input-by-mass-and-by-pieces": {"inputs": [{"lot": "A", "mass": 1, "pieces": 1}]},
    },
    "lots.packed": {"no-input": {"inputs": []}, "part-of-a-lot": {"inputs": [{"lot": "A"}]}},
    "party.admitted": {
        "no-role": {"roles": []},
        "no-key": {"key": GONE},
        "country-of-three-letters": {"country": "RWA"},
    },
    "party.reinstated": {"no-reason": {"reason": GONE}},
    "party.suspended": {"no-reason": {"reason": GONE}},
    "policy.adopted": {
        "no-tolerance": {"tolerances": []},
        "tolerance-above-one": {"tolerances": [{"name": "default", "tolerance": 1_000_000_001}]},
        "name-with-a-capital": {"tolerances": [{"name": "Default", "tolerance": 1}]},
        "name-twice": {
            "tolerances": [
                {"name": "default", "tolerance": 1},
                {"name": "default", "tolerance": 2},
            ]
        },
    },
    "product.made": {
        "no-component": {"components": []},
        "component-by-pieces-and-by-mass": {"components": [{"lot": "A", "mass": 1, "per_unit": 1}]},
        "no-unit": {"units": 0},
    },
    "site.registered": {
        "no-country": {"country": GONE},
        "beyond-the-pole": {"lat": 900_000_001},
        "beyond-the-date-line": {"lon": -1_800_000_001},
    },
    "tags.issued": {
        "ends-before-it-begins": {"last": 0},
        "negative-number": {"first": -1},
    },
    "tags.voided": {"no-tag": {"tags": []}, "reason-unheard-of": {"reason": "stolen"}},
    "audit.reported": {"ends-before-it-begins": {"valid_to": "2025-12-31"}},
    "balance.credited": {
        "from-a-lot-and-an-account": {"carried": "TA-2025"},
        "from-nowhere": {"lot": GONE},
    },
    "balance.opened": {
        "ends-before-it-begins": {"ends": "2025-12-31"},
        "model-unheard-of": {"model": "segregated"},
    },
    "certificate.revoked": {"no-reason": {"reason": GONE}},
    "claim.allocated": {"claim-of-nought": {"mass": 0}},
    "event.disputed": {"event-by-its-index": {"event": 12}, "no-grounds": {"grounds": GONE}},
    "event.reaffirmed": {"no-event": {"events": []}},
    "event.voided": {
        "no-lot": {"lots": []},
        "lots-out-of-order": {"lots": ["B", "A"]},
        "one-lot-twice": {"lots": ["A", "A"]},
    },
    "governance.rotated": {
        "rotated-by-a-party": {"by": "gihanga.example"},
        "version-of-nought": {"version": 0},
        "keys-out-of-order": {"governance": [vkey("governance/3"), vkey("governance/2")]},
    },
    "incident.closed": {"outcome-unheard-of": {"outcome": "forgotten"}},
    "incident.opened": {"no-subject": {"subjects": []}, "severity-as-a-number": {"severity": 3}},
    "incident.updated": {"status-unheard-of": {"status": "closed"}},
    "key.recovered": {"recovered-by-the-party": {"by": "gihanga.example"}},
    "key.rotated": {"commitment-too-short": {"next": "3d" * 31}},
    "lot.held": {"no-lot": {"lots": []}, "no-reason": {"reason": GONE}},
    "lot.recovered": {
        "mined-origin": {"origin": "mined-asm"},
        "site-and-country": {"site": "DEPOT-1"},
        "grade-of-wet-scrap-without-moisture": {"basis": "wet"},
    },
    "lot.released": {"no-lot": {"lots": []}},
    "payment.declared": {
        "currency-in-small-letters": {"currency": "usd"},
        "amount-with-a-unit": {"amount": "1250.00"},
    },
    "process.declared": {"recovery-above-one": {"recovery_max": 1_000_000_001}},
    "product.returned": {"no-unit": {"units": 0}, "no-product": {"product": GONE}},
    "risk.assessed": {"response-unheard-of": {"response": "ignore"}},
    "site.assessed": {"colour-unheard-of": {"status": "purple"}},
    "title.transferred": {"buyer-does-not-cosign": {"cosigners": GONE}},
}
