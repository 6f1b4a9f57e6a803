"""A small catalog of houses, made from a seed: what an installed wheel is tried on."""

import csv
import random
from pathlib import Path

N_HOUSES = 600
TARGET = "price"


def write(path: Path) -> None:
    """Write `N_HOUSES` houses whose price hangs on area, garden and place, and noise."""
    draw = random.Random(0)  # noqa: S311
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("id", "area", "place", "description", TARGET))
        for house in range(N_HOUSES):
            area, has_garden = draw.randint(50, 200), draw.random() < 0.4
            place = draw.choice(("harbour", "hill", "station"))
            description = "a garden in the sun" if has_garden else "two rooms and a kitchen"
            price = 100.0 + 80 * (area >= 120) + 40 * has_garden + 30 * (place == "hill")
            price += draw.gauss(0, 10)
            rows.writerow((f"house {house}", area, place, description, f"{price:.2f}"))
