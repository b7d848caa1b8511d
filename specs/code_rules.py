"""What each code means, in words: the table of specs/verification.md is made from this.

Code -> (severity, rule). Severity `raised`: an error of the library, never a finding.
"""

from __future__ import annotations

E, C, MA, MI, IN = "error", "critical", "major", "minor", "info"
RAISED = "raised"

RULES: dict[str, tuple[str, str]] = {
    # the log
    "entry.missing": (E, "entries are numbered from 0 without a gap"),
    "entry.leaf-mismatch": (E, "a stated leaf hash is that of the entry's bytes"),
    "entry.chain-broken": (E, "a stated chain hash is that of the leaf and the link before"),
    "registration.malformed": (E, "an entry that says it is a registration is one"),
    "statement.missing": (E, "every event stands under a registration"),
    "statement.malformed": (E, "a registration's note is a statement's"),
    "statement.too-large": (E, "a statement covers at most 4,096 events"),
    "statement.count-mismatch": (E, "as many events follow as the note covers"),
    "statement.root-mismatch": (E, "the events that follow are those that the note covers"),
    "statement.wrong-ledger": (E, "a statement names this ledger"),
    "statement.seen-ahead": (E, "what a signer has seen is a size at which a statement ends"),
    "statement.seen-inconsistent": (E, "what a signer has seen is this log's root at that size"),
    "statement.signature-wrong": (E, "a signature by a known key verifies"),
    "statement.signer-missing": (E, "`by` and every cosigner have signed with a fit key"),
    "event.duplicate": (E, "an event stands in a log once"),
    "time.went-back": (E, "`recorded_at` never decreases"),
    "time.in-future": (E, "`occurred_at` is at most 300 seconds after `recorded_at`"),
    "ledger.wrong": (E, "this is the ledger that was asked for"),
    "log.truncated": (E, "the log is at least as long as every checkpoint that was kept"),
    "checkpoint.root-mismatch": (
        E,
        "a kept checkpoint's root is this log's at that size, and a statement ends there",
    ),
    "witness.quorum-not-met": (
        MA,
        "under a trust policy: a checkpoint at hand is cosigned by the quorum; else `not shown`",
    ),
    "witness.not-covered": (
        MA,
        "under a trust policy: the quorum's checkpoint covers every entry; else `not shown`",
    ),
    "evidence.empty": (MA, "there is something to verify; nothing at all is never `supported`"),
    "evidence.integrity-only": (
        IN,
        "rules were checked; hashes and signatures alone are `not shown` at best",
    ),
    # receipts, kept by a party and compared with the log as it is
    "receipt.dropped": (E, "what was promised at a place that the log has is in the log"),
    "receipt.moved": (E, "an event stands at the entry that was promised"),
    "receipt.time-changed": (E, "an event is recorded at the time that was promised"),
    "receipt.other-ledger": (E, "a receipt is of the ledger that it is compared with"),
    "receipt.delayed": (E, "what was promised long ago (24 h unless said) is published"),
    "receipt.waiting": (IN, "promised lately, and not published yet"),
    "receipt.unreadable": (MI, "each line of the receipts is one"),
    # who may act
    "genesis.missing": (E, "a ledger begins with `ledger.created`"),
    "genesis.repeated": (E, "a ledger begins once"),
    "governance.required": (E, "this is for governance to do"),
    "governance.threshold-not-met": (
        E,
        (
            "as many distinct raw governance keys as the threshold have signed; at a change, by "
            "the old keys and by the new"
        ),
    ),
    "governance.threshold-wrong": (E, "a threshold is from 1 to the number of keys"),
    "governance.version-wrong": (E, "each change of governance counts on by one"),
    "governance.origin-changed": (E, "origin and demo mark stay as the ledger began"),
    "party.not-suspended": (E, "a party that is reinstated is suspended"),
    "party.exists": (E, "a party is admitted once, and not under the name `governance`"),
    "party.unknown": (E, "whoever signs, takes or is spoken of is admitted"),
    "party.suspended": (E, "whoever signs or takes is not suspended"),
    "key.weak": (E, "a key parses, its id is right, it is of kind 1 and passes the strict gate"),
    "key.demo": (E, "no key that everybody can compute, but in a demo ledger"),
    "key.two-roles": (E, "a raw key serves once, under one name"),
    "key.exists": (E, "a key is brought in once"),
    "key.name-mismatch": (E, "a key is named as its role demands"),
    "key.no-possession": (E, "a new key signs the statement that brings it in"),
    "key.not-controller": (
        E,
        "keys of a party are disposed of by governance or by its own controlling key",
    ),
    "key.unknown": (E, "a key that is revoked is the party's"),
    "key.revoked": (E, "a key that signs, or is revoked, is not revoked already"),
    "key.expired": (E, "a key signs until the time of its scope, by the log's clock"),
    "key.out-of-scope": (E, "a key signs the types and the masses of its scope"),
    "key.not-committed": (E, "a key that takes over is the one that was committed to"),
    "key.not-recovered": (E, "governance and the recovery key both sign a recovery"),
    # heads and shape
    "lot.head-spent": (E, "`after` names the head of every lot that the event changes"),
    "lot.head-unknown": (E, "`after` names nothing else"),
    "event.many-to-many": (E, "an event has one source or one target"),
    "event.not-booked": (E, "what every rule has let pass can be booked"),
    "event.built-upon": (E, "only the last event of a lot is voided"),
    "event.not-voidable": (E, "what two parties did, or what voids, is not voided"),
    "event.voided-in-part": (E, "an event is voided for all lots it touched"),
    # mass
    "lot.exists": (E, "a lot begins once"),
    "lot.unknown": (E, "a lot that is drawn from, sent or spoken of is there"),
    "lot.closed": (E, "a lot that is drawn from, weighed or sent is not used up"),
    "lot.in-transit": (E, "a lot that is drawn from, weighed or sent is not on the way"),
    "lot.not-opened-here": (E, "a lot is filled only by the event that opens it"),
    "lot.opened-here": (E, "nothing flows out of a lot in the event that opens it"),
    "custody.not-holder": (E, "the holder of a lot signs what is done with it"),
    "site.unknown": (E, "a site that matter comes from is registered"),
    "site.not-operator": (E, "a site's operator, if it has one, signs for what is dug there"),
    "mass.overdrawn": (E, "no more is drawn than a lot holds"),
    "mass.empty": (E, "a lot that begins holds something"),
    "mass.too-large": (E, "no lot holds more than 2^53 - 1 mg"),
    "mass.not-conserved": (E, "parts and losses add up to the whole, to the milligram"),
    "mass.element-created": (
        E,
        "no more of an element comes out than went in, beyond the tolerance of a process",
    ),
    "mass.element-unaccounted": (
        MA,
        "what a process leaves of an element is in its outputs and losses, within its tolerance",
    ),
    "mass.content-twice": (E, "a substance is named once"),
    "mass.content-exceeds-mass": (E, "what a lot contains weighs no more than the lot"),
    "mass.not-water": (E, "only water dries off"),
    "assay.moisture-missing": (E, "a grade is of dry matter, so that is known"),
    "pieces.not-counted": (E, "pieces are drawn from a counted lot"),
    "pieces.overdrawn": (E, "no more pieces are drawn than a lot holds"),
    "pieces.not-conserved": (E, "parts add up to the whole, to the piece"),
    "pieces.too-many": (E, "no lot holds more than 2^53 - 1 pieces"),
    "mass.shortfall": (MA, "a weight below the booked one by more than the tolerance"),
    "mass.excess": (MA, "a weight above the anchor by more than the tolerance"),
    "assay.lower": (MI, "an assay below the booked content by more than the tolerance"),
    "assay.higher": (MA, "an assay above the anchor by more than the tolerance"),
    # custody
    "custody.not-in-transit": (E, "what is received or sent back is on the way"),
    "custody.dispatch-mismatch": (E, "it travels under the dispatch that is named"),
    "custody.not-taker": (E, "it is received, or rejected, by whom it is addressed to"),
    "custody.not-giver": (E, "it is sent, or called back, by its holder, who is named as such"),
    "custody.to-self": (E, "it is sent to somebody else"),
    "lot.on-hold": (E, "a lot on hold is not sent, and flows into no other"),
    "lot.not-on-hold": (E, "a hold is ended by the party that put it on"),
    # what is said, and accounts
    "KIND.exists": (
        E,
        "what is registered once (site, tags, certificate, audit, incident, foreign lot) is new",
    ),
    "KIND.unknown": (E, "what is spoken of is registered"),
    "KIND.not-issuer": (E, "only the party that registered it says this of it"),
    "KIND.wrong-status": (E, "this comes after the status it may follow"),
    "account.exists": (E, "an account begins once"),
    "account.unknown": (E, "an account that is credited or debited is there"),
    "account.not-holder": (E, "an account's holder signs for it"),
    "balance.closed": (E, "an account that was carried over is closed"),
    "balance.double-credit": (E, "a lot is credited once"),
    "balance.expired": (E, "credits lie in the period, debits not after it"),
    "balance.more-than-content": (E, "no more is credited than the lot contains"),
    "balance.not-next": (E, "an account is carried over to a later one of its kind"),
    "balance.overdrawn": (E, "no more is claimed or carried over than the account holds"),
    # a bundle
    "bundle.too-large": (E, "a bundle is no longer than 64 MiB"),
    "bundle.malformed": (E, "every line of a bundle has the form that its place demands"),
    "bundle.digest-mismatch": (E, "the bytes of a bundle are those that were written"),
    "bundle.unsupported": (E, "a bundle is of a version of the format that is known"),
    "bundle.count-mismatch": (E, "a bundle has as many lines as its end says"),
    "bundle.out-of-order": (E, "the entries of a bundle stand in log order, each once"),
    "bundle.beyond-size": (E, "the checkpoint of a bundle covers every entry"),
    "bundle.ledger-mismatch": (E, "the genesis in a bundle is of the ledger that it names"),
    "bundle.hash-count": (E, "a bundle has exactly the hashes that are needed"),
    "bundle.size-mismatch": (E, "the checkpoint of a bundle is of the size that it names"),
    "bundle.root-mismatch": (E, "entries and hashes of a bundle lead to the checkpoint's root"),
    "bundle.incomplete": (E, "what an event in a bundle builds on stands there before it"),
    "bundle.no-subject": (E, "the lot that a bundle is about begins in it"),
    "bundle.surplus": (E, "a bundle holds nothing that does not belong to its lot"),
    "bundle.not-compared": (IN, "a kept checkpoint is of the bundle's size"),
    # beyond the log
    "books.drift": (C, "the store's tables are what the log makes of them"),
    "trail.broken": (C, "each event of a trail builds on the one before that is here"),
    "trail.incomplete": (C, "the events that made an upstream lot are here"),
    "incident.open": (IN, "an open incident travels with what comes from its subject"),
    "gap.KIND-origin": (
        IN,
        "matter declared as `unknown` or `legacy`, or `foreign` and not followed",
    ),
    "gap.excess-unknown": (IN, "matter that came in by an excess"),
    "gap.no-site": (IN, "an origin without a site"),
    "gap.foreign-origin": (IN, "an origin in another ledger whose bundle is not at hand"),
    "gap.not-assayed": (IN, "contents that nobody has measured"),
    "gap.not-attested": (IN, "an origin that no certificate or assessment covered"),
    "gap.not-received": (IN, "a dispatch that nobody has signed for"),
    # what a verifier has seen before
    "log.rolled-back": (C, "a log that is shown has at least the entries that were seen of it"),
    "log.older": (MI, "a file has at least the entries that were seen of its ledger"),
    "log.forked": (C, "one size, one root: no other was signed and seen"),
    "log.inconsistent": (C, "a log that has grown begins with what was seen of it"),
    "log.not-compared": (IN, "what is shown tells whether it continues what was seen"),
    "log.stale": (MA, "what is shown is as new as was asked for"),
    "ledger.replaced": (C, "the ledger at a place is the one that was seen there"),
    "ledger.other-id": (C, "one origin and one key are one ledger's"),
    "ledger.other-key": (C, "one origin is one ledger's"),
    "ledger.other-origin": (C, "a log's key signs for one origin"),
    # errors of the library
    "extra.missing": (RAISED, "what an export is made with is installed"),
    "export.too-large": (RAISED, "a table fits into a sheet"),
    "copy.malformed": (RAISED, "a copy of a ledger is spelled the one way, and all of it is there"),
    "outbox.malformed": (RAISED, "an outbox is spelled the one way"),
    "outbox.empty": (RAISED, "an outbox holds a statement"),
    "outbox.too-large": (RAISED, "an outbox is within its limits"),
    "outbox.wrong-ledger": (RAISED, "all statements of an outbox are for one ledger"),
    "outbox.unsigned": (RAISED, "every statement of an outbox is signed"),
    "outbox.duplicate": (RAISED, "an event stands in an outbox once"),
    "outbox.root-mismatch": (RAISED, "an outbox's last line is the root over its statements"),
    "note.duplicate-signature": (RAISED, "no signature of a checkpoint in a bundle stands twice"),
    "checkpoint.none": (RAISED, "a checkpoint was signed before evidence is handed out"),
    "entries.malformed": (RAISED, "an entry list is spelled the one way, line by line"),
    "entry.unknown": (RAISED, "an entry that is asked for is there"),
    "storage.empty": (RAISED, "a database that is opened holds a ledger"),
    "storage.full": (RAISED, "the disk has room for what an audit has to remember"),
    "storage.changed": (RAISED, "what was verified before stays the same while it is read"),
}

ELSEWHERE = {
    "event.many-to-many": "no type of this version can",
    "event.not-booked": "a mistake in the verifier itself",
    "lot.not-opened-here": "no type of this version can",
    "books.drift": "needs a store",
    "evidence.integrity-only": "[verification.md](verification.md#integrity-only)",
    "witness.quorum-not-met": "[policy.md](policy.md)",
    "witness.not-covered": "[policy.md](policy.md)",
    **dict.fromkeys(
        (
            *("log.rolled-back", "log.older", "log.forked", "log.inconsistent"),
            *("log.not-compared", "log.stale", "ledger.replaced", "ledger.other-id"),
            *("ledger.other-key", "ledger.other-origin"),
        ),
        "[memory.md](memory.md)",
    ),
    "trail.broken": "a trail's, not an audit's",
    "trail.incomplete": "a trail's, not an audit's",
}
"""Why no vector of books is about a code, where that is so."""

ELSEWHERE |= {code: "[proof.md](proof.md)" for code in RULES if code.startswith("receipt.")}

ELSEWHERE |= {code: "[bundle.md](bundle.md)" for code in RULES if code.startswith("bundle.")}

TWINS = frozenset({"key.revoked", "party.suspended"})
"""Codes that are spelled like event types."""
