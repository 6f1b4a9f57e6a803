"""A small catalog of houses whose log price comes from features that can be found again."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np


def rows(n_items: int = 150, seed: int = 0) -> list[dict[str, Any]]:
    """Houses with id, area, zipcode (leading zeros), description, year, price and a host."""
    rng = np.random.default_rng(seed)
    houses = []
    for ix in range(n_items):
        area = int(rng.choice([900, 1200, 1500, 2400, 3000, 3600]))
        zipcode = f"0{rng.integers(1200, 1206)}"
        granite = bool(rng.random() < 0.4)
        year = int(rng.integers(1950, 2020))
        log_price = (
            12.0
            + 0.9 * (area >= 2000)
            + 0.6 * (zipcode == "01203")
            + 0.5 * granite
            + 0.004 * (year - 1985)
            + rng.normal() * 0.08
        )
        kitchen = "a kitchen with granite tops" if granite else "a plain but sunny old kitchen"
        houses.append(
            {
                "id": f"h{ix}",
                "area": area,
                "zipcode": zipcode,
                "description": f"The house has {kitchen}, and it comes with garden number {ix}",
                "year": year,
                "host": f"host {ix // 3}",
                "price": round(float(np.exp(log_price)), 2),
            }
        )
    return houses


def write_csv(path: Path, houses: list[dict[str, Any]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(houses[0]))
        writer.writeheader()
        writer.writerows(houses)
    return path


def write_json_lines(path: Path, houses: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(house) + "\n" for house in houses), encoding="utf-8")
    return path
