"""A model on features that are known, with judgments some of which are wrong."""

import numpy as np

import genz

EFFECTS = np.array([3.2, 1.6, -0.8, 0.4])
"""No two sets of properties have the same sum, so that a target tells what an item has."""

NAMES = [f"has property {letter}" for letter in "abcd"]


class Misjudged:
    """N items, their true properties, judgments with flips, and a target of little noise."""

    def __init__(self, n_items: int = 400, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.items = [f"item {n}" for n in range(n_items)]
        self.truth = rng.random((n_items, len(NAMES))) < 0.4
        self.is_flipped = rng.random(self.truth.shape) < 0.04
        self.judgments = (self.truth ^ self.is_flipped).astype(float)
        self.y = 1 + self.truth @ EFFECTS + rng.normal(0, 0.1, n_items)

    def fit(self, n_features: int = 4, **options: object) -> genz.GenZRegressor:
        """Features of the user's own, so that nothing is asked; rates as of any judge."""
        template = genz.LatentFeatureRegression(n_threads=1)
        model = genz.GenZRegressor(n_features=n_features, features=NAMES, regression=template)
        return model.fit(self.items, self.y, judgments=self.judgments, **options)


class CountingJudge:
    """Judges by a table of truth and remembers what it was asked."""

    name, error_rate, rate_strength, group_size, n_proposals = "counting", 0.05, 20.0, 8, 4

    def __init__(self, holds: dict[str, np.ndarray], proposals: tuple[str, ...] = ()) -> None:
        self.holds, self.proposals = holds, proposals
        self.asked: list[str] = []
        self.known: list[tuple[str, ...]] = []

    async def judge(self, items: genz.Catalog, features: list[str]) -> np.ndarray:
        self.asked += features
        rows = [int(text.split()[1]) for text in items.column("text")]
        return np.column_stack([self.holds[feature][rows] for feature in features]).astype(float)

    async def propose(self, contrast: genz.Contrast, n: int) -> list[str]:
        self.known.append(contrast.known_features)
        return list(self.proposals)

    async def predict(self, items: object, examples: object, targets: object) -> np.ndarray:
        raise AssertionError("nobody asks for direct predictions here")
