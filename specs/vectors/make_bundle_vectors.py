"""Make the vectors of bundles: `bundle/`.

    python specs/vectors/make_bundle_vectors.py

Each file is one case, named by the one mistake in it (`good-` if there is none):

    lines      the file's lines, each of which a newline ends; or `base64`: the file
    trust      what the verifier knows: `ledger`, `checkpoints`, `policy` (text)
    about      the codes that every verifier finds
    expected   what this library finds: verdict, ledger, subject, size, root, findings; and
               `origins` of a right one: element -> [origin, milligrams, parts per billion]
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

import bundle_cases  # noqa: E402


def files() -> dict[str, bytes]:
    """Every vector: its file's name, and its bytes."""
    found: dict[str, bytes] = {}
    for name, case in bundle_cases.cases():
        if f"{name}.json" in found:
            raise ValueError(f"two vectors named {name}")
        found[f"{name}.json"] = json.dumps(case, indent=1, ensure_ascii=True).encode() + b"\n"
    return found


def main() -> None:
    """Write every vector, and take away what no longer is one."""
    room = HERE / "bundle"
    room.mkdir(exist_ok=True)
    made = files()
    for old in room.glob("*.json"):
        if old.name not in made:
            old.unlink()
    for name, data in made.items():
        (room / name).write_bytes(data)
    print(f"{len(made)} bundles")


if __name__ == "__main__":
    main()
