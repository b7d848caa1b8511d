"""Freight: lots that leave one party's scale and arrive on another's, in two statements."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from .telling import Said, Tale, say, step

__all__ = ["Way", "shipped"]


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """From whom to whom, on which days (``2026-02-11``), by which countries and carrier.

    `measured` is what the receiver says of each lot besides its weight: ``basis=dry``,
    ``basis=dry,grades=Au=88 %``. `instrument` names the policy's tolerance, if it is not
    that of a reception.
    """

    giver: str
    taker: str
    left: str
    came: str
    carrier: str
    route: tuple[str, ...] = ()
    waybill: str = ""
    measured: str = "basis=dry"
    instrument: str = ""


def shipped(
    way: Way, lots: Mapping[str, str | tuple[str, str]], *besides: Said, tells: str = ""
) -> Tale:
    """A hand-over of lots, each with its weight, or with the sender's and the receiver's.

    `besides` is said as they leave.
    """
    scales = {lot: (one, one) if isinstance(one, str) else one for lot, one in lots.items()}
    papers: dict[str, Any] = {"carrier": way.carrier, "route": list(way.route)}
    if way.waybill:
        papers["waybill"] = way.waybill
    sent, *_ = yield step(
        f"{way.left}T16:00:00Z",
        (way.giver,),
        say(
            "custody.dispatched",
            occurred_at=f"{way.left}T14:00Z",
            to=way.taker,
            lots=[f"{lot}={out}" for lot, (out, _) in scales.items()],
            **papers,
        ),
        *besides,
    )
    leg = {"instrument": way.instrument} if way.instrument else {}
    yield step(
        f"{way.came}T16:00:00Z",
        (way.taker,),
        say(
            "custody.received",
            occurred_at=f"{way.came}T10:00Z",
            dispatch=sent,
            giver=way.giver,
            lots=[f"{lot}={got},{way.measured}" for lot, (_, got) in scales.items()],
            **leg,
        ),
        tells=tells,
    )
