"""A small catalog with planted structure, a model fitted to it, and its directory."""

from pathlib import Path
from typing import Any

import numpy as np

import genz

Items = list[dict[str, Any]]


def houses(n_items: int = 90) -> Items:
    rng = np.random.default_rng(3)
    zipcodes = rng.choice(["01234", "92276", "93446"], n_items)
    return [
        {
            "area": None if n % 17 == 0 else float(rng.integers(600, 4000)),
            "zipcode": str(zipcode),
            "genres": "Comedy|Drama" if n % 3 else "Horror",
        }
        for n, zipcode in enumerate(zipcodes)
    ]


def prices(items: Items) -> np.ndarray:
    large = np.array([(item["area"] or 0) >= 2000 for item in items])
    near = np.array([item["zipcode"] == "01234" for item in items])
    noise = np.random.default_rng(4).normal(scale=0.1, size=len(items))
    return np.exp(1.0 * large + 0.7 * near + noise)


def fit() -> genz.GenZRegressor:
    model = genz.GenZRegressor(n_features=3, log_target=True, patience=2)
    return model.fit(houses(), prices(houses()))


def arrays_file(directory: Path) -> Path:
    (file,) = directory.glob("arrays-*.npz")
    return file
