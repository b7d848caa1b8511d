"""Make the vectors of events, statements, outboxes and books.

    python specs/vectors/make_domain_vectors.py

Keys are the demo keys that everybody can compute and Ed25519 is deterministic, so the
same files come out every time; a test compares. Each file is one case, named by the
mistake in it (`good-` if there is none).

    events/       `text`: an event's bytes; `id` and `effects`, or `error`, the refusal's code
    statement/    `file`: a statement file; what it says, or `error`
    outbox/       `file`: an outbox of statements; what it holds, or `error`
    books/        `entries` as `oretrail export entries` gives them, `trust`: what the
                  verifier knows; `expected`: verdict, hashes, findings, lots
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

import book_cases  # noqa: E402
import event_cases  # noqa: E402
import outbox_cases  # noqa: E402
import statement_cases  # noqa: E402


def files() -> dict[str, bytes]:
    """Every vector: its path below this folder, and its bytes."""
    rooms = {
        "events": event_cases.cases,
        "statement": statement_cases.cases,
        "outbox": outbox_cases.cases,
        "books": book_cases.cases,
    }
    found: dict[str, bytes] = {}
    for room, cases in rooms.items():
        for name, case in cases():
            path = f"{room}/{name}.json"
            if path in found:
                raise ValueError(f"two vectors named {path}")
            found[path] = json.dumps(case, indent=1, ensure_ascii=True).encode() + b"\n"
    return found


def main() -> None:
    """Write every vector, and take away what no longer is one."""
    made = files()
    for room in sorted({path.split("/")[0] for path in made}):
        (HERE / room).mkdir(exist_ok=True)
        for old in (HERE / room).glob("*.json"):
            if f"{room}/{old.name}" not in made:
                old.unlink()
    for path, data in made.items():
        (HERE / path).write_bytes(data)
    print(f"{len(made)} vectors")


if __name__ == "__main__":
    main()
