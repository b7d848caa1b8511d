"""Make everything in specs/ that is made: vectors, the pages of events and checks, the codes.

    python specs/make_pages.py

Run it after adding an event type, a rule or a check; a test fails until it was.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
for folder in (HERE, HERE / "vectors"):
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))

import make_bundle_vectors  # noqa: E402
import make_codes_table  # noqa: E402
import make_domain_vectors  # noqa: E402
import make_events_page  # noqa: E402
import make_memory_vectors  # noqa: E402
import make_tile_vectors  # noqa: E402
import make_witness_vectors  # noqa: E402

if __name__ == "__main__":
    make_domain_vectors.main()
    make_witness_vectors.main()
    make_bundle_vectors.main()
    make_memory_vectors.main()
    make_tile_vectors.main()
    make_events_page.main()
    make_codes_table.main()
