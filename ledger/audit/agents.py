"""Who put the tags on: the agent behind an event, and where it was.

An agent is a party with a role that says so (``state-agent``, ``tag-agent``,
``inspector``, ``authority``) among those who signed; if none of them has one, the
cosigners. Work is counted by key: a party's own key, or one key per person or device.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from .checks.base import Seen

__all__ = ["Tagging", "tagging"]

_WORDS = ("agent", "inspector", "authority")


class Tagging(msgspec.Struct, frozen=True):
    """So many tags were put on under these keys of `agent`, for `actor`; `site` if it is said."""

    agent: str
    keys: tuple[str, ...]
    tags: int
    site: str
    actor: str


def tagging(seen: Seen) -> Tagging | None:
    """What an event says of tags put on, or None; one agent, the first by name.

    Several checks ask: `seen.once(tagging)`.
    """
    tags, site = 0, ""
    for claim in seen.claims("tags"):
        if claim.subject.startswith("lot:"):
            facts = claim.facts
            tags += len(facts.get("applied", ()))
            site = str(facts.get("site", site))
    if not tags:
        return None
    event = seen.one.event
    named = (event.by, *event.cosigners)
    agents = [party for party in named if _is_agent(seen, party)] or list(event.cosigners)
    if not agents:
        return None
    agent = min(agents)
    actor = next((party for party in named if party != agent), agent)
    return Tagging(agent, _keys(agent, seen.case.signed) or (agent,), tags, site, actor)


@lru_cache(maxsize=1024)
def _keys(agent: str, signed: frozenset[str]) -> tuple[str, ...]:
    """The agent's keys among those that signed; many events stand under one statement."""
    names = sorted(vkey.split("+", 1)[0] for vkey in signed)
    return tuple(name for name in names if name == agent or name.startswith(f"{agent}/"))


def _is_agent(seen: Seen, party: str) -> bool:
    found = seen.books.parties.get(party)
    return found is not None and _puts_tags_on(found.roles)


@lru_cache(maxsize=1024)
def _puts_tags_on(roles: tuple[str, ...]) -> bool:
    return any(word in role for role in roles for word in _WORDS)
