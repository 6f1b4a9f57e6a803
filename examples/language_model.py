"""Find features of texts with a language model, within a budget.

``python examples/language_model.py --base-url http://127.0.0.1:8000/v1 --model NAME`` asks an
endpoint of yours that speaks chat completions. Without options a server of ``genz.testing`` stands
in for it, which knows what is true of these texts and errs in 5 % of its answers: nothing is paid
and no key is needed.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

import genz
from genz.testing import ErrorRates, FakeFoundationServer, TruthTable

# What is said of a wine, what it means, and how many points it is worth.
NOTES = {
    "the wine tastes of fruit": (["cherries", "ripe plums", "blackberry"], 3.0),
    "the wine was aged in oak": (["vanilla", "toast and smoke", "cedar"], 2.0),
    "the wine has a fault": (["wet cardboard", "vinegar"], -4.0),
}


def make_wines(n: int, seed: int = 0) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Return n texts, what is true of them (n, 3), and their points (n,)."""
    rng = np.random.default_rng(seed)
    true = rng.random((n, len(NOTES))) < (0.5, 0.4, 0.2)
    texts = []
    for row in range(n):
        words = [str(rng.choice(NOTES[note][0])) for note in np.array(list(NOTES))[true[row]]]
        texts.append(f"Wine {row}: " + (", ".join(words) or "little to say"))
    points = 85 + true @ [effect for _, effect in NOTES.values()] + rng.normal(0, 1, n)
    return texts, true, points


@contextlib.contextmanager
def endpoint(given: str | None, texts: list[str], true: np.ndarray) -> Iterator[str]:
    """Give the address of the user's server, or of one that stands in for it."""
    if given is not None:
        yield given
        return
    errors = ErrorRates(false_positive=0.05, false_negative=0.05)
    with FakeFoundationServer(TruthTable(texts, list(NOTES), true), errors=errors) as server:
        yield server.base_url


def main(base_url: str | None, name: str, store: Path, n_wines: int = 200) -> None:
    """Run the example."""
    texts, true, points = make_wines(n_wines)
    with endpoint(base_url, texts, true) as url:
        model = genz.OpenAIModel(name, url, store=store, max_requests=2_000, target="points")
        regressor = genz.GenZRegressor(model, n_features=4).fit(texts, points)
        for feature in regressor.features_:
            print(
                f"{feature.weights[0]:+.2f} ± {feature.weights_std_error[0]:.2f}  "
                f"{feature.description}  (yes is right in {feature.ppv:.0%})"
            )
        print(f"{model.spent['n_requests']} requests, {len(model.unknown)} unknown judgments")
        first = model.spent["n_requests"]
        regressor.fit(texts, points)
        print(f"the same fit again: {model.spent['n_requests'] - first} requests")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base-url", help="address of an endpoint that speaks chat completions")
    parser.add_argument("--model", default="fake", help="name of the model there")
    parser.add_argument("--store", type=Path, help="answer store that stays")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        store_path = given.store or Path(directory) / "answers.sqlite3"
        main(given.base_url, given.model, store_path)
