"""A consignment that went another way than its sender said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ...effects import Arrive, Depart, Return
from ...findings import Finding
from ..facts import country_of
from .base import Check, Seen

__all__ = ["RouteUndeclared"]


class RouteUndeclared(Check):
    """Papers on arrival show a country that the dispatch did not declare.

    Formula: countries of the reception's route, less those of the dispatch's, less those of
    sender and receiver, is not empty. Silent if either said nothing of the route. No
    threshold. Source: pattern F15, origin switched at a border.
    """

    name = "route.undeclared"
    watches = (Depart, Arrive, Return)

    def __init__(self, policy: Mapping[str, int] | None = None) -> None:
        super().__init__(policy)
        self._routes: dict[str, tuple[int, tuple[str, ...]]] = {}

    def observe(self, seen: Seen) -> Iterable[Finding]:
        """Note the declared route, and compare it with the one on the papers."""
        routes = {
            claim.subject[4:]: tuple(claim.facts["route"])
            for claim in seen.claims("transport")
            if claim.facts.get("route")
        }
        told: set[tuple[int, frozenset[str]]] = set()
        for effect in seen.one.effects:
            if isinstance(effect, Depart):
                if effect.lot in routes:
                    self._routes[effect.lot] = (seen.index, routes[effect.lot])
            elif isinstance(effect, (Arrive, Return)):
                sent, declared = self._routes.pop(effect.lot, (-1, ()))
                if not declared or not isinstance(effect, Arrive):
                    continue
                ends = {country_of(seen.books, party) for party in (effect.giver, effect.taker)}
                other = frozenset(routes.get(effect.lot, ())) - {*declared, *ends}
                # One finding for all the lots of a lorry.
                if other and (sent, other) not in told:
                    told.add((sent, other))
                    yield self.finding(
                        "major",
                        f"lot {effect.lot} was sent by way of {', '.join(declared)}; the papers "
                        f"on arrival show {', '.join(sorted(other))} too",
                        entries=(sent, seen.index),
                        subject=f"lot:{effect.lot}",
                    )
