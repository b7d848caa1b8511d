"""A transparency log's primitives: bytes, hashes, signatures; never minerals.

    canonical    one value has one spelling (a profile of RFC 8785)
    merkle       the tree of RFC 6962, its proofs, and a tree that grows
    chain        a hash chain over the leaves, for re-checking an export by hand
    ed25519      signatures under a strict profile, so that all verifiers agree
    note         text signed by one or more keys (C2SP signed-note)
    checkpoint   a signed tree head (C2SP tlog-checkpoint)

Everything here is pure: any bytes in, a value or one of our errors out. Nothing
here reads a clock, a file or a source of randomness.
"""
