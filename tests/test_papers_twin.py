"""Which papers came with a lot: what the check looks up, against sets that anybody can follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from ledger.audit.checks.base import Seen, Watch
from ledger.audit.checks.document_reused import DocumentReused
from ledger.custody.books import Books
from ledger.custody.registration import Prepared
from ledger.custody.rules import Case
from ledger.effects import Claim, Effect, Flow
from ledger.events.document_attached import DocumentAttached

LOTS = ["L1", "L2", "L3", "L4", "L5"]
PAPERS = ["ab" * 32, "cd" * 32]

flows = st.tuples(st.sampled_from(LOTS), st.sampled_from(LOTS)).map(lambda pair: Flow(*pair))
papers = st.tuples(st.sampled_from(LOTS), st.sampled_from(PAPERS)).map(
    lambda pair: Claim(
        f"lot:{pair[0]}", "document", "attached", {"kind": "waybill", "digest": pair[1]}
    )
)
steps = st.lists(
    st.tuples(st.lists(flows | papers, min_size=1, max_size=3), st.integers(0, 40)), max_size=25
)


def seen(index: int, day: int, effects: list[Effect]) -> Seen:
    """An event of that day with these effects, as an auditor shows it."""
    event = DocumentAttached(
        by="mine-a",
        occurred_at=f"{2020 + day // 336}-{day % 336 // 28 + 1:02}-{day % 28 + 1:02}T08:00:00Z",
        subject="lot:L1",
        digest=PAPERS[0],
        kind="photo",
    )
    one = Prepared(b"", event, f"{index:064x}", tuple(effects), frozenset())
    case = cast(Case, None)  # the check asks the books and the case for nothing
    found, _ = Watch([DocumentReused()]).seen(index, event.occurred_at, one, case, Books())
    assert found is not None
    return found


def obvious(events: list[Seen], days_of: Callable[[Seen], int]) -> list[tuple[int, str]]:
    """Every set kept, for every lot: (index, lot) of each finding."""
    first: dict[str, tuple[str, int]] = {}
    carried: dict[str, set[str]] = {}
    reported: set[tuple[str, str]] = set()
    found: list[tuple[int, str]] = []
    for one in events:
        for effect in one.one.effects:
            if isinstance(effect, Flow):
                carried.setdefault(effect.target, set()).update(carried.get(effect.source, ()))
        for claim in one.claims("document"):
            lot, digest = claim.subject[4:], claim.facts["digest"]
            origin, then = first.setdefault(digest, (lot, days_of(one)))
            known = lot == origin or digest in carried.get(lot, ())
            carried.setdefault(lot, set()).add(digest)
            if not known and days_of(one) - then > 30 and (digest, lot) not in reported:
                reported.add((digest, lot))
                found.append((one.index, claim.subject))
    return found


@given(steps)
def test_papers_are_found_with_the_lots_that_they_came_to(
    told: list[tuple[list[Effect], int]],
) -> None:
    check, events, days, day = DocumentReused(), [], {}, 0
    for index, (effects, later) in enumerate(told):
        # The order inside an event is not told apart: what flows comes first, and once.
        moved = [one for one in effects if isinstance(one, Flow)][:1]
        day += later
        days[index] = day
        events.append(
            seen(index, day, [*moved, *(one for one in effects if not isinstance(one, Flow))])
        )
    found = [(one.index, finding.subject) for one in events for finding in check.observe(one)]
    assert found == obvious(events, lambda one: _day(days[one.index]))


def _day(day: int) -> int:
    from ledger.audit.facts import day_number

    return day_number(f"{2020 + day // 336}-{day % 336 // 28 + 1:02}-{day % 28 + 1:02}T08:00:00Z")


def test_papers_that_come_together_take_no_room_with_their_square() -> None:
    check = DocumentReused()
    for index in range(400):
        paper: dict[str, Any] = {"kind": "waybill", "digest": f"{index:064x}"}
        effects: list[Effect] = [Claim(f"lot:B{index}", "document", "attached", paper)]
        if index:
            effects.insert(0, Flow(f"B{index - 1}", f"B{index}"))
        assert not list(check.observe(seen(index, 0, effects)))
    kept = sum(map(len, check._uses.values())) + sum(map(len, check._from.values()))
    assert kept < 3 * 400
