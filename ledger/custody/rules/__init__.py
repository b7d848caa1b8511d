"""What a statement must satisfy: the rules, written once, for the writer and the auditor.

1. A rule is a function (books, effect, case) that yields findings; the table `RULES` at
   the end says which rules bind which effect. It never changes the books.
2. A finding of severity `error` means that the effect cannot be booked. The writer then
   refuses the whole statement; the auditor reports it and skips the effect.
3. Rules read effects, never event types, so a new event type cannot forget one.
4. Messages hold the two values that disagree.

`specs/accounting.md` and `specs/verification.md` state each rule in words.
"""

from __future__ import annotations

from ...effects import (
    Account,
    Admit,
    Adopt,
    Arrive,
    Authorize,
    Claim,
    Close,
    Credit,
    Debit,
    Depart,
    Effect,
    Flow,
    Gain,
    Govern,
    Hold,
    Loss,
    Measure,
    Open,
    Release,
    Return,
    Revoke,
    Rotate,
    Suspend,
    Void,
)
from .authority import (
    admit,
    authorize,
    by_governance,
    govern,
    key_commitment,
    revoke,
    rotate,
    suspend,
)
from .balance import account, credit, debit
from .case import Case, Rule
from .claims import claim
from .mass import (
    enough,
    filled_here,
    gain,
    holder_can_undo,
    holder_signs,
    measurable,
    nothing_created,
    nothing_left,
    open_lot,
    room,
    voidable,
    water_is_there,
)
from .transfer import HOLD_ROLES, in_transit, known_party, may_hold, not_on_hold

__all__ = ["HOLD_ROLES", "RULES", "Case", "key_commitment"]

RULES: dict[type[Effect], tuple[Rule, ...]] = {
    Govern: (govern,),
    Adopt: (by_governance,),
    Admit: (by_governance, admit),
    Suspend: (by_governance, suspend),
    Authorize: (authorize,),
    Rotate: (rotate,),
    Revoke: (revoke,),
    Open: (open_lot,),
    Gain: (filled_here, room, gain),
    Flow: (holder_signs, not_on_hold, filled_here, enough, room, nothing_created),
    Loss: (holder_signs, enough, nothing_created, water_is_there),
    Close: (holder_signs, nothing_left),
    Measure: (holder_signs, measurable),
    Void: (holder_can_undo, voidable),
    Account: (account,),
    Credit: (holder_signs, credit),
    Debit: (holder_signs, debit),
    Depart: (holder_signs, known_party, not_on_hold),
    Arrive: (in_transit,),
    Return: (in_transit,),
    Hold: (may_hold,),
    Release: (may_hold,),
    Claim: (claim,),
}
"""Effect -> the rules that bind it."""
