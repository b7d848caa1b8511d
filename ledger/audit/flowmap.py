"""A picture of where a substance came from: origins on the left, the subject on the right.

    RW-GIHANGA ████▄▄▄▄ kigali-comptoir ▄▄▄▄
                                            ████ refiner ▄▄▄ capacitors ▄▄▄ PHONE-26W18
    CD-MWAMBO  ████▀▀▀▀ kalemie-comptoir ▀▀▀

A band is the part of the subject's substance that went that way, in parts per billion. A
node is a party at one stage, so a party that comes up twice makes no circle. The parts of
the origins are the trail's; which way they went is divided by what the lots contained
when they were filled. The picture shows the tables; it does not prove them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable
from html import escape
from typing import TypeAlias, TypeVar

import msgspec

from ..custody.trail import LotLine, Trail
from ..values import BILLION
from ..words import share

__all__ = ["Band", "Map", "Node", "flowmap", "svg"]

_MOST = 12
"""Nodes of a column; beyond, the small ones are drawn as one."""
_WIDTH, _HEIGHT, _BAR, _GAP, _EDGE, _LABEL, _LETTER = 1200, 400, 12, 18, 10, 130, 7
_COLOURS = ("#7a4b1e", "#2f6f6b", "#8a6d00", "#4a5d8a", "#7c3f58", "#4f6b2a")
_NOWHERE = "#9a9a9a"

_Key: TypeAlias = "tuple[int, str]"
_Tall: TypeAlias = "Callable[[int], int]"
_T = TypeVar("_T", bound=Hashable)


class Node(msgspec.Struct):
    """A party, an origin or the subject, at one stage; `part` of the substance is there."""

    column: int
    name: str
    part: int
    unknown: bool = False


class Band(msgspec.Struct):
    """So much went from one node to another; both are places in `Map.nodes`."""

    source: int
    target: int
    part: int


class Map(msgspec.Struct):
    """The picture before it is drawn."""

    nodes: list[Node]
    bands: list[Band]


def flowmap(trail: Trail, element: str) -> Map:
    """The map of one substance of a trail; without lots, from the origins to the subject."""
    lines = {line.lot: line for line in trail.lots}
    stages = _stages(lines)
    places = {lot: (stage, lines[lot].opened_by) for lot, stage in stages.items()}
    bands: dict[tuple[_Key, _Key], int] = defaultdict(int)
    begun: dict[str, dict[_Key, int]] = defaultdict(lambda: defaultdict(int))
    for lot, part in _parts(trail.subject, lines, element).items():
        sources = _divided(part, lines[lot], lines, element)
        if not sources:
            begun[lines[lot].site][places[lot]] += part
        for source, amount in sources.items():
            if places[source] != places[lot]:
                bands[places[source], places[lot]] += amount
    end = (1 + max(stages.values(), default=0), trail.subject)
    if trail.subject in places:
        bands[places[trail.subject], end] = BILLION
    unknown = set()
    for origin in trail.elements[element].origins:
        start = (0, origin.origin)
        if not origin.site and not origin.country:
            unknown.add(start)
        firsts = begun.get(origin.site) or {end: 1}
        for target, amount in _shared(origin.share_ppb, firsts).items():
            bands[start, target] += amount
    return _map(_folded(bands, end), unknown)


def _stages(lines: dict[str, LotLine]) -> dict[str, int]:
    """Stage of each lot: one more than that of the lots it came from, if another made them."""
    stages: dict[str, int] = {}
    for lot, line in lines.items():  # in log order, so inputs come first
        stages[lot] = max(
            (
                stages[source] + (lines[source].opened_by != line.opened_by)
                for source, _ in line.inputs
                if source in stages
            ),
            default=1,
        )
    return stages


def _parts(subject: str, lines: dict[str, LotLine], element: str) -> dict[str, int]:
    """What part of the subject's substance went through each lot, in log order."""
    parts: dict[str, int] = defaultdict(int)
    if subject in lines:
        parts[subject] = BILLION
    for lot in reversed(lines):
        for source, amount in _divided(parts.get(lot, 0), lines[lot], lines, element).items():
            parts[source] += amount
    return {lot: parts[lot] for lot in lines if parts.get(lot)}


def _divided(part: int, line: LotLine, lines: dict[str, LotLine], element: str) -> dict[str, int]:
    """A part of a lot divided among the lots that flowed in, by the substance they brought."""
    known = [(source, mass) for source, mass in line.inputs if source in lines]
    weights = {
        source: mass * (lines[source].contents or {}).get(element, 0) * 1000
        // max(lines[source].mass_mg, 1)
        for source, mass in known
    }  # fmt: skip
    if not any(weights.values()):
        weights = dict(known)
    return _shared(part, weights)


def _shared(part: int, weights: dict[_T, int]) -> dict[_T, int]:
    """A whole number divided in proportion, the last taking what is left over."""
    whole, left, rest = sum(weights.values()), part, dict[_T, int]()
    for key, weight in weights.items():
        rest[key] = part * weight // whole if whole else 0
        left -= rest[key]
    if rest:
        rest[next(reversed(rest))] += left
    return rest


def _folded(bands: dict[tuple[_Key, _Key], int], end: _Key) -> dict[tuple[_Key, _Key], int]:
    """At most `_MOST` nodes a column; the small ones become one that says how many."""
    through: dict[_Key, int] = defaultdict(int)
    for (source, target), part in bands.items():
        through[target] += part
        if source[0] == 0:
            through[source] += part
    called: dict[_Key, _Key] = {}
    for column in {key[0] for key in through} - {end[0]}:
        nodes = sorted((k for k in through if k[0] == column), key=lambda k: (-through[k], k[1]))
        small = nodes[_MOST - 1 :] if len(nodes) > _MOST else []
        called |= dict.fromkeys(small, (column, f"{len(small)} others"))
    folded: dict[tuple[_Key, _Key], int] = defaultdict(int)
    for (source, target), part in bands.items():
        folded[called.get(source, source), called.get(target, target)] += part
    return folded


def _map(bands: dict[tuple[_Key, _Key], int], unknown: set[_Key]) -> Map:
    keys: dict[_Key, int] = defaultdict(int)
    into: dict[_Key, int] = defaultdict(int)
    for (source, target), part in bands.items():
        keys[source] += part
        into[target] += part
    size = {key: max(keys.get(key, 0), into.get(key, 0)) for key in {*keys, *into}}
    order = sorted(size, key=lambda key: (key[0], key in unknown, -size[key], key[1]))
    place = {key: at for at, key in enumerate(order)}
    nodes = [Node(key[0], key[1], size[key], key in unknown) for key in order]
    drawn = [Band(place[a], place[b], part) for (a, b), part in bands.items() if part]
    return Map(nodes, sorted(drawn, key=lambda band: (band.source, band.target)))


def svg(picture: Map, title: str) -> str:
    """The map as SVG with a title for those who cannot see it; no script, style or link."""
    columns: dict[int, list[int]] = defaultdict(list)
    for at, node in enumerate(picture.nodes):
        columns[node.column].append(at)
    tops, tall = _laid_out(picture, columns)
    steps = max(len(columns) - 1, 1)
    pitch = (_WIDTH - 2 * _EDGE - _BAR - _LABEL) // steps
    left = {column: _EDGE + pitch * place for place, column in enumerate(sorted(columns))}
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
            f'font-family="sans-serif" font-size="12"><title>{_text(title)}</title>'
        )
    ]
    parts += _drawn_bands(picture, left, tops, tall)
    for at, node in enumerate(picture.nodes):
        x, y, height = left[node.column], tops[at], max(tall(node.part), 1)
        colour = _NOWHERE if node.unknown else _COLOURS[at % len(_COLOURS)]
        parts.append(f'<rect x="{x}" y="{y}" width="{_BAR}" height="{height}" fill="{colour}"/>')
        last = node.column == max(columns)
        name = _cut(node.name, ((_LABEL if last else pitch) - _BAR - 8) // _LETTER)
        middle = y + height // 2
        parts += (
            f'<text x="{x + _BAR + 5}" y="{middle + place}">{_text(line)}</text>'
            for place, line in ((-2, name), (12, share(node.part, 1)))
        )
    return "".join([*parts, "</svg>"])


def _cut(name: str, room: int) -> str:
    """A name that fits into so many letters."""
    return name if len(name) <= room else f"{name[: max(room - 1, 1)]}…"


def _laid_out(picture: Map, columns: dict[int, list[int]]) -> tuple[list[int], _Tall]:
    """Upper edge of each node, and how tall a part is."""
    most = max(map(len, columns.values()), default=1)
    room = _HEIGHT - 2 * _EDGE - (most - 1) * _GAP

    def tall(part: int) -> int:
        return part * room // BILLION

    tops = [0] * len(picture.nodes)
    for members in columns.values():
        used = sum(max(tall(picture.nodes[at].part), 1) for at in members)
        y = _EDGE + (_HEIGHT - 2 * _EDGE - used - _GAP * (len(members) - 1)) // 2
        for at in members:
            tops[at] = y
            y += max(tall(picture.nodes[at].part), 1) + _GAP
    return tops, tall


def _drawn_bands(picture: Map, left: dict[int, int], tops: list[int], tall: _Tall) -> Iterable[str]:
    """Bands from right edge to left edge, stacked in the order of their other ends."""
    gone, come = list(tops), list(tops)
    for band in picture.bands:
        source, target = picture.nodes[band.source], picture.nodes[band.target]
        width = max(tall(band.part), 1)
        x0, x1 = left[source.column] + _BAR, left[target.column]
        y0, y1 = gone[band.source] + width // 2, come[band.target] + width // 2
        gone[band.source] += width
        come[band.target] += width
        middle = (x0 + x1) // 2
        colour = _NOWHERE if source.unknown else _COLOURS[band.source % len(_COLOURS)]
        yield (
            f'<path d="M{x0} {y0}C{middle} {y0} {middle} {y1} {x1} {y1}" fill="none" '
            f'stroke="{colour}" stroke-opacity="0.4" stroke-width="{width}"'
            + (' stroke-dasharray="6 3"/>' if source.unknown else "/>")
        )


def _text(text: str) -> str:
    """Text for SVG; what XML cannot hold is left out."""
    return escape("".join(c for c in text if c.isprintable()), quote=True)
