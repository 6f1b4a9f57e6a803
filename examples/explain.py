"""Why is this house predicted to cost that much? Contributions that add up to the prediction.

``python examples/explain.py`` fits made-up listings and explains the dearest of some new ones.
"""

import numpy as np

import genz


def make_houses(n: int, seed: int) -> tuple[list[dict[str, object]], np.ndarray]:
    """Return n listings and their prices, (n,)."""
    rng = np.random.default_rng(seed)
    area = rng.integers(45, 240, n)
    garden, loud = rng.random((2, n)) < 0.4
    texts = [
        "for sale" + ", a garden in the sun" * int(g) + ", close to a loud street" * int(s)
        for g, s in zip(garden, loud, strict=True)
    ]
    price = 90_000 * 1.9 ** (area >= 120) * 1.3**garden * 0.8**loud * rng.lognormal(0, 0.1, n)
    items = [{"area": int(a), "text": text} for a, text in zip(area, texts, strict=True)]
    return items, price


def main(n_houses: int = 300) -> None:
    """Run the example."""
    regressor = genz.GenZRegressor(n_features=6, log_target=True, text=["text"], table=["area"])
    model = regressor.fit(*make_houses(n_houses, 0))
    unseen, _ = make_houses(20, 1)
    predicted = model.predict(unseen)
    dearest = int(np.argmax(predicted))
    explanation = model.explain(unseen)
    print(unseen[dearest])
    # On the scale of the logarithm contributions are added, so their exponentials are factors.
    print(f"{np.exp(explanation.baseline[0]):12,.0f}  the average house")
    for term in explanation.order(dearest):
        factor = np.exp(explanation.contributions[dearest, term, 0])
        known = "" if explanation.probabilities[dearest, term] > 0.5 else "not true that "
        print(f"      x {factor:4.2f}  {known}{explanation.terms[term]}")
    print(f"      x {np.exp(explanation.to_median[dearest, 0]):4.2f}  from the mean to the median")
    print(f"{predicted[dearest]:12,.0f}  predicted")
    for k, feature in enumerate(explanation.features):
        holds = explanation.probabilities[dearest, k] > 0.5
        other = (explanation.if_not if holds else explanation.if_holds)[dearest, k, 0]
        print(f"{other:12,.0f}  if it were {'not ' if holds else ''}true that {feature}")


if __name__ == "__main__":
    main()
