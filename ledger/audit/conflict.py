"""Two signed checkpoints that cannot both be true, as a text that anybody can check.

    OreTrail: two signed checkpoints of one log that cannot both be true
    ...what was seen when, what is shown now, how to check it without OreTrail...

    ---- FIRST, 213 bytes ----
    <the note that was seen, byte for byte>
    ---- SECOND, 214 bytes ----
    <the note that is shown, byte for byte>
    ---- PROOF, from 60 to 80 ----                  where the sizes differ and it is known:
    <the second log's root at the first size, then a consistency proof (RFC 6962, 2.1.2)>
    ---- END ----

The log's own key has signed both, so nobody but its holder can have made them: it is the
operator's own evidence against the operator, and needs no trust in whoever presents it.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence

from .memory import Shown, Sighting

__all__ = ["conflict"]


def conflict(known: Sighting, shown: Shown, proof: Sequence[bytes] = ()) -> bytes:
    """The text; `proof` shows that the shown log of its size began otherwise."""
    was = known.said
    here = shown.roots.at(was.size)
    lines = [
        "OreTrail: two signed checkpoints of one log that cannot both be true",
        "",
        f"ledger       {known.ledger}",
        f"first        {was.size} entries, root {was.root.hex()}, seen {known.seen_at}",
        f"second       {shown.signed} entries, shown by {shown.place or 'a file or folder'}",
        *(f"signed by    {vkey}" for vkey in known.keys),
        "",
        "How to check. Both are C2SP signed notes: verify the signature of each with the key",
        "above, which the ledger's first event names. Then:",
    ]
    if shown.signed == was.size:
        lines.append("both say the same size and not the same root. A log has one root at a size.")
    else:
        said = "no statement ends there" if here is None else f"the root is {here.hex()}"
        lines += [
            f"the tree of the second, cut after {was.size} entries, must have the root of the",
            f"first. In what was shown {said}.",
            "Compute it from the entries, or check the proof below: it leads from that other",
            "root to the root that the second note signs.",
        ]
    text = "\n".join(lines) + "\n\n"
    for name, data in (("FIRST", known.checkpoint), ("SECOND", shown.checkpoint)):
        text += f"---- {name}, {len(data)} bytes ----\n{data.decode()}"
    if proof and here is not None:
        text += f"---- PROOF, from {was.size} to {shown.signed} ----\n"
        text += "".join(f"{base64.b64encode(one).decode()}\n" for one in (here, *proof))
    return (text + "---- END ----\n").encode()
