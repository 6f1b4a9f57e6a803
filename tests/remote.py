"""A catalog of texts whose truth a fake model knows, and models that ask it."""

from pathlib import Path
from typing import Any

import numpy as np

import genz
from genz.testing import ErrorRates, FakeFoundationServer, TruthTable

FEATURES = (
    "the house has a garden",
    "the kitchen was renovated",
    "the street is loud",
    "the roof leaks",
    "there is a view of the sea",
    "the owner smokes",
)
EFFECTS = np.array([2.0, 1.2, -1.5, 0.0, 0.0, 0.0])


class Planted:
    """N texts, six features that hold at random, a price that three of them explain."""

    def __init__(self, n_items: int = 120, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.items = [f"house number {n} of the long street in {seed}" for n in range(n_items)]
        self.holds = rng.random((n_items, len(FEATURES))) < 0.4
        self.price = 10 + self.holds @ EFFECTS + rng.normal(0, 0.3, n_items)
        self.truth = TruthTable(self.items, FEATURES, self.holds)

    def write_csv(self, path: Path) -> Path:
        rows = (f"{text},{price:.4f}" for text, price in zip(self.items, self.price, strict=True))
        path.write_text("\n".join(["text,price", *rows]) + "\n")
        return path

    def server(self, **options: Any) -> FakeFoundationServer:
        errors = options.pop("errors", ErrorRates(false_positive=0.05, false_negative=0.05))
        return FakeFoundationServer(self.truth, errors=errors, **options)


def regressor(model: genz.FoundationModel, n_features: int = 4) -> genz.GenZRegressor:
    return genz.GenZRegressor(model, n_features=n_features, patience=3)
