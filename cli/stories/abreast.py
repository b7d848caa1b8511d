"""Tales that happen at the same time, told in the order of the clock."""

from __future__ import annotations

from .telling import Tale

__all__ = ["abreast"]


def abreast(*tales: Tale) -> Tale:
    """The steps of all tales, always the earliest next; of two at one time, the first tale's."""
    waiting = [(next(tale), tale) for tale in tales]
    while waiting:
        place = min(range(len(waiting)), key=lambda at: waiting[at][0].at)
        now, tale = waiting[place]
        ids = yield now
        try:
            waiting[place] = (tale.send(ids), tale)
        except StopIteration:
            del waiting[place]
