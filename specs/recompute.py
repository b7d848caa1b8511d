"""Recompute every hash of a log from `oretrail export entries`; the standard library is enough.

python specs/recompute.py FILE     (or standard input) prints size, root and chain
"""

from __future__ import annotations

import sys
from hashlib import sha256
from json import loads
from pathlib import Path


def main(lines):
    """RFC 6962 root and hash chain over the entries; a wrong line stops the script."""
    chain, peaks, size = bytes(32), [], 0
    for size, text in enumerate(lines, start=1):
        line = loads(text)
        leaf = sha256(b"\x00" + line["entry"].encode()).digest()
        chain = sha256(b"\x02" + chain + leaf).digest()
        if (line["index"], line["leaf"], line["chain"]) != (size - 1, leaf.hex(), chain.hex()):
            sys.exit(f"line {size} does not state what its entry hashes to")
        peaks.append(leaf)
        for _ in range((size & -size).bit_length() - 1):  # two equal trees become one
            right = peaks.pop()
            peaks.append(sha256(b"\x01" + peaks.pop() + right).digest())
    root = peaks.pop() if peaks else sha256(b"").digest()
    while peaks:
        root = sha256(b"\x01" + peaks.pop() + root).digest()
    print(f"size {size}\nroot {root.hex()}\nchain {chain.hex()}")


if __name__ == "__main__":
    main(Path(sys.argv[1]).read_bytes().splitlines() if sys.argv[1:] else sys.stdin.buffer)
