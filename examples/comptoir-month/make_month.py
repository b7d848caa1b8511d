"""A month of a comptoir's books, made up: the CSV files that run.sh registers.

    python make_month.py [FOLDER]      writes them into FOLDER, or beside this file

Parties, pits and figures are fictional. The same seed gives the same bytes with every Python:
nothing but `Random.random` is asked. Weights are counted in steps of 50 g, the comptoir's scale.

    parties.csv sites.csv                who is there, and where it is dug
    inspections.csv tags.csv             what the agency found there, which tags it handed out
    mine-log-DAY.csv                     one row per mine tag, as the agent at the pit wrote it
    supplies-DAY.csv                     one row per delivery, with its list of mine tags
    weights-DAY.csv                      one row per mine tag, on the comptoir's own scale
    negociant-log-HALF.csv               one row per delivery: sorted, sampled, bagged anew
    export.csv                           the lot that leaves
"""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

SEED = 2506
COMPTOIR, AGENCY, LABORATORY, SMELTER = (
    "rusizi.example",
    "rma.example",
    "assay.example",
    "smelter.example",
)
DAYS = [date(2025, 6, day) for day in (2, 9, 16, 23, 30)]  # market days
EXPORT_DAY = date(2025, 7, 1)
EXPORT_STEPS = 100_000  # 5,000 kg
FULL_BAG = 1_000  # 50 kg


@dataclass(frozen=True)
class Supplier:
    """A company by tags: what the comptoir keeps of it."""

    account: str
    name: str
    licence: str
    tin: str
    pits: tuple[str, ...]
    ta2o5: float


SUPPLIERS = (
    Supplier("gihanga.example", "Gihanga Mining Ltd", "ML-0142", "100000142", ("RW-GIH-3",), 27.0),
    Supplier(
        "umusozi.example",
        "Umusozi Cooperative",
        "ML-0207",
        "100000207",
        ("RW-UMU-1", "RW-UMU-2"),
        24.0,
    ),
    Supplier("isooko.example", "Isooko Miners", "ML-0263", "100000263", ("RW-ISO",), 30.0),
    Supplier("kabaya.example", "Kabaya Hill Ltd", "ML-0318", "100000318", ("RW-KAB",), 21.5),
)
PITS = {
    "RW-GIH-3": ("Gihanga pit 3", "GH"),
    "RW-UMU-1": ("Umusozi east face", "UA"),
    "RW-UMU-2": ("Umusozi west face", "UB"),
    "RW-ISO": ("Isooko terraces", "IS"),
    "RW-KAB": ("Kabaya hill", "KB"),
}


@dataclass
class Bag:
    """A mine tag and what is under it; weights in steps of 50 g."""

    tag: str
    pit: str
    day: date
    at_mine: int
    weight_in: int


@dataclass
class Supply:
    """A delivery, and what became of it on the sorting floor."""

    number: str
    day: date
    supplier: Supplier
    bags: list[Bag]
    sorted_out: int = 0
    sorted_on: date = EXPORT_DAY
    moisture: str = ""
    ta2o5: str = ""
    out: list[tuple[str, int]] = field(default_factory=list)

    @property
    def weight_in(self) -> int:
        return sum(bag.weight_in for bag in self.bags)


class Dice:
    """Whole numbers and choices out of the one stream of a seed."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def whole(self, low: int, high: int) -> int:
        """One of low..high."""
        return low + int(self._random.random() * (high - low + 1))

    def chance(self, share: float) -> bool:
        return self._random.random() < share


def kg(steps: int) -> str:
    """Kilograms with two decimals, as the scale prints them."""
    return f"{steps * 5 // 100}.{steps * 5 % 100:02d}"


def bag(dice: Dice, number: int, pit: str, day: date) -> Bag:
    """Most bags hold about fifty kilograms; a small team's holds what it found."""
    small = dice.chance(0.3)
    at_mine = 2 * (dice.whole(95, 140) if small else dice.whole(400, 500))
    # The hand scale at the pit and the platform here agree to 100 g, for a small bag to 50 g.
    apart = 1 if small else 2
    weight_in = at_mine + dice.whole(-apart, apart)
    dug = day - timedelta(days=dice.whole(1, 3))
    return Bag(f"MT-{PITS[pit][1]}-{number:04d}", pit, dug, at_mine, weight_in)


def month(seed: int = SEED) -> list[Supply]:
    """The deliveries of the month, in order."""
    dice = Dice(seed)
    last = dict.fromkeys(PITS, 0)
    supplies: list[Supply] = []
    for day in DAYS:
        for supplier in SUPPLIERS:
            for pit in supplier.pits:
                if not dice.chance(0.9):
                    continue
                bags = []
                for _ in range(dice.whole(6, 13)):
                    last[pit] += 1
                    bags.append(bag(dice, last[pit], pit, day))
                supplies.append(Supply(f"RUS-S{len(supplies) + 1:03d}", day, supplier, bags))
    # One bag lost more on the way than scales can differ by. It stays in the books as it is.
    supplies[10].bags[2].weight_in -= 27
    negociant = 0
    for supply in supplies:
        supply.sorted_on = date(2025, 6, 14) if supply.day.day < 15 else date(2025, 6, 30)
        supply.sorted_out = dice.whole(supply.weight_in // 100, supply.weight_in // 30)
        supply.moisture = f"{dice.whole(35, 80) / 10:.1f}"
        supply.ta2o5 = f"{supply.supplier.ta2o5 + dice.whole(-25, 25) / 10:.1f}"
        left = supply.weight_in - supply.sorted_out
        while left:
            filled = FULL_BAG if left >= FULL_BAG + 200 or left <= FULL_BAG else left // 2
            filled = min(filled, left)
            negociant += 1
            supply.out.append((f"NT-{negociant:05d}", filled))
            left -= filled
    return supplies


def write(folder: Path, name: str, rows: list[dict[str, object]]) -> None:
    with (folder / name).open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write_registers(folder: Path, supplies: list[Supply]) -> None:
    parties = [(s.account, s.name, "miner", "RW", s.licence) for s in SUPPLIERS]
    parties += [
        (COMPTOIR, "Comptoir Rusizi", "trader exporter", "RW", "EX-0031"),
        (AGENCY, "Regional Mines Agency", "state-agent", "RW", ""),
        (LABORATORY, "Lakeside Assay", "laboratory", "RW", ""),
        (SMELTER, "Example Smelter", "refiner", "EE", ""),
    ]
    write(
        folder,
        "parties.csv",
        [
            {"party": p, "name": n, "roles": r, "country": c, "licence": x}
            for p, n, r, c, x in parties
        ],
    )
    owners = {pit: supplier for supplier in SUPPLIERS for pit in supplier.pits}
    write(
        folder,
        "sites.csv",
        [
            {
                "site": pit,
                "name": PITS[pit][0],
                "kind": "mine-asm",
                "country": "RW",
                "operator": owner.account,
                "minerals": "coltan",
                "licence": owner.licence,
            }
            for pit, owner in owners.items()
        ],
    )
    write(
        folder,
        "inspections.csv",
        [
            {"site": pit, "status": "green", "inspected": "2025-02-18", "valid_to": "2026-02-18"}
            for pit in PITS
        ],
    )
    write(
        folder,
        "tags.csv",
        [
            {
                "series": f"MT-{letters}",
                "kind": "mine",
                "prefix": f"MT-{letters}-",
                "first": 1,
                "last": sum(bag.pit == pit for supply in supplies for bag in supply.bags),
                "site": pit,
            }
            for pit, (_, letters) in PITS.items()
        ],
    )


def write_days(folder: Path, supplies: list[Supply]) -> None:
    for day in DAYS:
        today = [supply for supply in supplies if supply.day == day]
        write(
            folder,
            f"mine-log-{day}.csv",
            [
                {
                    "Date": bag.day,
                    "Mine tag": bag.tag,
                    "Pit": bag.pit,
                    "Company by tags": supply.supplier.name,
                    "Account": supply.supplier.account,
                    "Mineral": "coltan",
                    "Weight (kg)": kg(bag.at_mine),
                    "Destination": "Comptoir Rusizi",
                }
                for supply in today
                for bag in supply.bags
            ],
        )
        write(
            folder,
            f"supplies-{day}.csv",
            [
                {
                    "Supply no": supply.number,
                    "Date": supply.day,
                    "Company by tags": supply.supplier.name,
                    "Account": supply.supplier.account,
                    "Licence": supply.supplier.licence,
                    "TIN": supply.supplier.tin,
                    "Mineral": "coltan",
                    "Waybill": supply.number.replace("RUS-S", "W-25-"),
                    "Number of tags": len(supply.bags),
                    "Mine tags": "; ".join(bag.tag for bag in supply.bags),
                    "Weight in (kg)": kg(supply.weight_in),
                }
                for supply in today
            ],
        )
        write(
            folder,
            f"weights-{day}.csv",
            [
                {
                    "Date": supply.day,
                    "Supply no": supply.number,
                    "Mine tag": bag.tag,
                    "Weight in per mine tag (kg)": kg(bag.weight_in),
                    "Weighed": "wet",
                    "Status": "in store",
                }
                for supply in today
                for bag in supply.bags
            ],
        )


def write_sorting(folder: Path, supplies: list[Supply]) -> None:
    for half, chosen in (
        ("1", [s for s in supplies if s.day.day < 15]),
        ("2", [s for s in supplies if s.day.day > 15]),
    ):
        write(
            folder,
            f"negociant-log-{half}.csv",
            [
                {
                    "Date tagged": supply.sorted_on,
                    "Supply no": supply.number,
                    "Company by tags": supply.supplier.name,
                    "Mine tags": "; ".join(bag.tag for bag in supply.bags),
                    "Weight in (kg)": kg(supply.weight_in),
                    "Losses": f"sorting={kg(supply.sorted_out)} kg",
                    "Weight out (kg)": kg(supply.weight_in - supply.sorted_out),
                    "Negociant tags": "; ".join(tag for tag, _ in supply.out),
                    "Weight out per negociant tag": "; ".join(
                        f"{tag}={kg(steps)} kg" for tag, steps in supply.out
                    ),
                    "Sample": supply.number.replace("RUS-S", "LA-25-"),
                    "Moisture (%)": supply.moisture,
                    "Ta2O5 (%)": supply.ta2o5,
                }
                for supply in chosen
            ],
        )


def write_export(folder: Path, supplies: list[Supply]) -> None:
    """The oldest bags, until there are five tonnes; the rest stays in store."""
    tags: list[str] = []
    total = dry = tantalite = 0.0
    for supply in supplies:
        for tag, steps in supply.out:
            if total < EXPORT_STEPS:
                tags.append(tag)
                total += steps
                dry += steps * (100 - float(supply.moisture))
                tantalite += steps * (100 - float(supply.moisture)) * float(supply.ta2o5)
    milligrams = int(total) * 50_000 - 1_372_450 - 850_000
    write(
        folder,
        "export.csv",
        [
            {
                "Lot no": "RUS-2506",
                "Date": EXPORT_DAY,
                "Number of tags": len(tags),
                "Negociant tags": "; ".join(tags),
                "Weight in (kg)": kg(int(total)),
                "Losses": "dust=1372.45 g | sampling=850 g",
                "Weight out (kg)": f"{milligrams // 1_000_000}.{milligrams % 1_000_000:06d}",
                "Sample": "LA-25-EX06",
                "Moisture (%)": f"{100 - dry / total:.1f}",
                "Ta2O5 (%)": f"{tantalite / dry:.1f}",
            }
        ],
    )


def main(folder: Path) -> None:
    supplies = month()
    write_registers(folder, supplies)
    write_days(folder, supplies)
    write_sorting(folder, supplies)
    write_export(folder, supplies)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if sys.argv[1:] else Path(__file__).parent / "book")
