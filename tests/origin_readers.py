"""Three tiny readers of other people's formats, which know nothing of the ledger.

Each takes the rows of the books out of one file (EPCIS, PROV-JSON or Trace-X import), and
`origins` follows them: {element: {origin: (milligrams, parts per billion)}} of one lot.
Written from specs/exports.md; nothing but json.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

BILLION = 1_000_000_000
Row = dict[str, Any]


def epcis(data: bytes) -> list[Row]:
    """Rows of the events that no errorDeclaration takes back."""
    rows: list[Row] = []
    for event in json.loads(data)["epcisBody"]["eventList"]:
        if "errorDeclaration" not in event:
            booked = event.get("oretrail:booked", [])
            entry = {"entry": event.get("oretrail:entry")}
            rows += [{key.partition(":")[2]: one[key] for key in one} | entry for one in booked]
    return rows


def prov(data: bytes) -> list[Row]:
    """Rows of the entities that activities made which nobody voided, in the order of entries."""
    document = json.loads(data)
    made = []
    for one in document["wasGeneratedBy"].values():
        entity = document["entity"][one["prov:entity"]]
        activity = document["activity"][one["prov:activity"]]
        if "ot:rows" in entity and "ot:voidedBy" not in activity:
            made.append((int(activity["ot:entry"]["$"]), json.loads(entity["ot:rows"])))
    made.sort(key=lambda pair: pair[0])
    return [row | {"entry": entry} for entry, rows in made for row in rows]


def tracex(data: bytes) -> list[Row]:
    """Rows of all assets, brought into the order of the entries."""
    rows = [row for asset in json.loads(data)["assets"] for row in asset["oretrail"]["rows"]]
    return sorted(rows, key=lambda row: (row["entry"], row["place"]))


def share(vector: dict[str, int], part: int) -> dict[str, int]:
    """`part` in proportion: floors, then one more to the largest rests, ties by name."""
    total = sum(vector.values())
    if part == total or not total:
        return dict(vector)
    floors = {key: divmod(mass * part, total) for key, mass in vector.items()}
    short = part - sum(whole for whole, _ in floors.values())
    first = sorted(floors, key=lambda key: (-floors[key][1], key))[:short]
    return {key: whole + (key in first) for key, (whole, _) in floors.items()}


def origins(rows: Iterable[Row], lot: str) -> dict[str, dict[str, tuple[int, int]]]:
    """What the lot holds, or (if it holds nothing any more) held when it was filled."""
    lots: dict[str, dict[str, dict[str, int]]] = {}
    filled: dict[str, dict[str, dict[str, int]]] = {}
    opened: dict[str, int] = {}
    for row in rows:
        here = lots.setdefault(row["lot"], {})
        have = here.setdefault(row["element"], {})
        got: dict[str, int] = {}
        if row["act"] == "begin":
            got = {row["origin"]: row["mg"]}
        elif row["act"] == "assume":
            got = share(lots[row["source"]]["mass"], row["mg"])
        elif row["act"] == "move":
            source = lots[row["source"]][row["element"]]
            got = share(source, row["mg"])
            for key, mass in got.items():
                source[key] -= mass
        elif row["act"] == "lose":
            got = {key: -mass for key, mass in share(have, row["mg"]).items()}
        elif row["act"] == "scale":
            have = here[row["element"]] = share(have, row["mg"])
        for key, mass in got.items():
            have[key] = have.get(key, 0) + mass
        if opened.setdefault(row["lot"], row["entry"]) == row["entry"]:
            filled[row["lot"]] = {name: dict(one) for name, one in here.items()}
    found = lots[lot] if sum(lots[lot]["mass"].values()) else filled[lot]
    known = {name: one for name, one in found.items() if name != "mass" and sum(one.values())}
    return {
        name: {key: (mass, share(vector, BILLION)[key]) for key, mass in vector.items() if mass}
        for name, vector in (known or {"mass": found["mass"]}).items()
    }
