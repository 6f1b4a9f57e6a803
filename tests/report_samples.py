"""Contents and models for the tests of the report: hostile ones by hand, real ones fitted."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np

from genz import GenZRegressor
from genz.report import (
    Card,
    Coefficient,
    Disagreement,
    Disagreements,
    EmbeddingMap,
    FeatureRow,
    JudgmentMap,
    Predictions,
    Proposal,
    RateProfile,
    ReportContent,
    Step,
    Term,
)

HOST = "genz-hostile.example"
PAYLOAD = (
    "</script></style></title><script>document.documentElement.dataset.pwned = 1</script>"
    f'<img src="http://{HOST}/x.png" onerror="document.documentElement.dataset.pwned = 1">'
    f"<link rel=stylesheet href=http://{HOST}/x.css>"
    "\"' onmouseover=alert(1) {{ 7 * 7 }} {% raw %} <!-- ]]> &lt;b&gt; &#x202e;"
)
CONTROLS = "\x00\x08\x1b[31m\x7f\x85\ufffe\ud800"
OVERRIDE = "\u202e\u2066"
RTL = "שלום עולם"
LONG_WORD = "w" * 10_000


def hostile(field: str) -> str:
    """Everything that must do no harm, after the name of the field that holds it."""
    return f"{field}{PAYLOAD}{RTL}{OVERRIDE}{CONTROLS}\n{LONG_WORD}"


def predictions(
    n_items: int = 60, n_targets: int = 1, *, seed: int = 0, **changes: Any
) -> Predictions:
    """Positive targets, predicted with errors; some intervals miss."""
    rng = np.random.default_rng(seed)
    actual = np.exp(rng.normal(size=(n_items, n_targets)))
    predicted = actual * np.exp(0.2 * rng.normal(size=actual.shape))
    fields: dict[str, Any] = {
        "ids": [f"item {n}" for n in range(n_items)],
        "actual": actual,
        "predicted": predicted,
        "lower": predicted * 0.75,
        "upper": predicted * 1.3,
        "source": "training items",
        "level": 0.9,
    }
    return Predictions(**(fields | changes))


def feature(description: str, *weights: float, **changes: Any) -> FeatureRow:
    """Hard judgments of one feature."""
    fields: dict[str, Any] = {
        "description": description,
        "weights": weights,
        "std_errors": [0.1] * len(weights),
        "ppv": 0.9,
        "fomr": 0.05,
        "channel_intercept": None,
        "channel_slope": None,
        "prevalence": None,
        "share": 0.4,
        "gain": 3.0,
        "examples_with": ["with"],
        "examples_without": ["without"],
    }
    return FeatureRow(**(fields | changes))


def disagreements(item: str, description: str, n_targets: int = 1) -> Disagreements:
    """One contradicted judgment of two in an audit of 180."""
    effect = None if n_targets > 1 else 0.0125
    residual = None if n_targets > 1 else -0.75
    row = Disagreement(item, description, 1.0, 0.95, 0.0625, -5.65, residual, 3.25, effect)
    return Disagreements([row], 2, 180, True, [(description, 2)])


def card(item: str, *names: str, is_scalar: bool = True) -> Card:
    """An item with one term for each name, the first two of them features."""
    flips = {"if_holds": 3.0, "if_not": 2.0} if is_scalar else {}
    judged = [(1.0, 0.97), (None, 0.3)]
    terms = [
        Term(name, 0.5 / 2**k, *(judged[k] if k < 2 else ()), **(flips if k < 2 else {}))
        for k, name in enumerate(names)
    ]
    values = {"actual": 2.5, "predicted": 2.75, "lower": 1.5, "upper": 4.0} if is_scalar else {}
    return Card(item, "badly predicted", 2.0, 0.0, terms, text=f"{item}: its text", **values)


def judgment_map(descriptions: list[str], groups: list[str]) -> JudgmentMap:
    """More yes in higher groups; the last feature is unknown everywhere."""
    shape = (len(groups), len(descriptions))
    yes = np.linspace(0, 1, shape[0])[:, np.newaxis] * np.ones(shape)
    unknown = np.zeros(shape)
    yes[:, -1], unknown[:, -1] = np.nan, 1.0
    return JudgmentMap(descriptions, [5] * shape[0], groups, yes, unknown, "the target")


def embedding_map(descriptions: list[str], n_items: int = 40) -> EmbeddingMap:
    """Items on a plane, of which half have each feature."""
    points = np.random.default_rng(2).normal(size=(n_items, 2))
    has = np.tile(np.arange(n_items) % 2, (len(descriptions), 1)).T
    return EmbeddingMap(points, (0.6, 0.2), descriptions, has.astype(float), n_items + 5)


def content(n_targets: int = 1, **changes: Any) -> ReportContent:
    """A small whole report."""
    fields: dict[str, Any] = {
        "title": "price in houses.csv",
        "facts": {"Catalog": "houses.csv", "Items": "60 fitted"},
        "target_name": "price",
        "target_scale": "linear",
        "n_targets": n_targets,
        "n_items": 60,
        "features": [
            feature("area is at least 2,500", *[0.5] * n_targets),
            feature("garage is missing", *[-0.3] * n_targets, gain=1.0, share=0.1),
            feature("zipcode is 92276", *[0.1] * n_targets, gain=None, share=0.7),
        ],
        "predictions": predictions(n_targets=n_targets),
        "steps": [
            Step(0, "other", "start", 0, -100.0),
            Step(1, "accepted", "accepted one", 1, -80.0),
            Step(4, "pruned", "pruned one", 0, -85.0),
        ],
        "proposals": [
            Proposal(1, "residual", "area is at least 2,500", True, 3.0, 1.0, "in the model"),
            Proposal(2, "split", "roof is red", False, None, None, "others promise more", 2.0),
        ],
        "scores": None,
        "notes": ["a note"],
        "coefficients": [Coefficient("intercept", [1.0] * n_targets, [0.1] * n_targets)],
        "disagreements": disagreements("item 7", "roof is red", n_targets),
        "profiles": [RateProfile("garage is missing", "no", 0.05, 0.01, 0.3, 0.2, 0.4, False)],
        "cards": [card("item 3", "area", "garage", "age", is_scalar=n_targets == 1)],
        "judgment_map": judgment_map(["area", "garage", "zipcode"], ["low", "mid", "high"]),
        "embedding_map": embedding_map(["area", "garage"]) if n_targets > 1 else None,
    }
    return ReportContent(**(fields | changes))


def hostile_content(n_targets: int = 1) -> ReportContent:
    """A report in which every string is hostile."""
    rows = [
        feature(
            hostile(f"description-{k}"),
            *[0.5 - k] * n_targets,
            examples_with=[hostile("example-with")],
            examples_without=[hostile("example-without")],
            along=[hostile("along")],
            against=[hostile("against")],
        )
        for k in range(3)
    ]
    return content(
        n_targets,
        title=hostile("title"),
        facts={hostile(f"fact-name-{n}"): hostile(f"fact-{n}") for n in range(8)},
        target_name=hostile("target"),
        features=rows,
        predictions=predictions(n_targets=n_targets, ids=[hostile(f"id-{n}") for n in range(60)]),
        steps=[Step(n, "other", hostile("action"), n, float(n)) for n in range(3)],
        proposals=[
            Proposal(
                1, hostile("contrast"), hostile(f"proposal-{n}"), n == 0, 1.0, 0.1, hostile("why")
            )
            for n in range(4)
        ],
        scores={
            "genz": {"r2": 0.5, hostile("metric"): 1.0},
            hostile("method"): {"r2": 0.4},
        },
        notes=[hostile("note")],
        scores_source=hostile("scores-source"),
        coefficients=[Coefficient(hostile("coefficient"), [1.0] * n_targets)],
        disagreements=disagreements(hostile("item"), hostile("contradicted"), n_targets),
        dimension_names=[hostile(f"dimension-{d}") for d in range(n_targets)],
        profiles=[RateProfile(hostile("profiled"), "yes", 0.1, 0.0, 0.5, 0.1, 0.2, True)],
        cards=[
            replace(
                card(hostile("card"), *(hostile(f"term-{t}") for t in range(11))),
                why=hostile("reason-shown"),
            )
        ],
        judgment_map=judgment_map(
            [hostile(f"mapped-{k}") for k in range(45)], [hostile(f"group-{g}") for g in range(24)]
        ),
        embedding_map=embedding_map([hostile("coloured")]) if n_targets > 1 else None,
    )


def houses(n_items: int = 150, seed: int = 0) -> tuple[list[dict[str, Any]], np.ndarray]:
    """Items with three planted features, and (N, 3) targets that they explain."""
    rng = np.random.default_rng(seed)
    items = [
        {
            "area": float(rng.integers(600, 4000)),
            "zipcode": str(rng.choice(["93201", "92276", "90001"])),
            "remarks": str(rng.choice(["granite kitchen", "old kitchen", "sunny garden"])),
        }
        for _ in range(n_items)
    ]
    large, granite, zipcode = (
        np.array(column, dtype=float)
        for column in zip(
            *(
                (i["area"] >= 2500, i["remarks"] == "granite kitchen", i["zipcode"] == "92276")
                for i in items
            ),
            strict=True,
        )
    )
    means = np.column_stack([large - 0.5 * granite, granite + 0.3 * zipcode, zipcode - large])
    return items, 12 + means + 0.2 * rng.normal(size=means.shape)


def save_evaluation(directory: Path, n_items: int, n_targets: int = 1, **changes: Any) -> None:
    """Write the two files of a cross-validation."""
    p = predictions(n_items, n_targets, seed=5)
    arrays = {name: getattr(p, name) for name in ("actual", "predicted", "lower", "upper")}
    if n_targets == 1:
        arrays = {name: array[:, 0] for name, array in arrays.items()}
    np.savez(directory / "evaluation.npz", **arrays)
    document = {
        "schema_version": 2,
        "differences": {
            "ridge": {"median_relative_error": {"value": -0.077, "lower": -0.1, "upper": -0.05}}
        },
        "difference_level": 0.95,
        "scores": {
            "genz": {"median_relative_error": 0.123, "r2": 0.5, "coverage_90": 0.9},
            "ridge": {"median_relative_error": 0.2, "r2": None, "coverage_90": 0.8},
        },
        "level": 0.9,
        "n_folds": 10,
        "seed": 3,
        "ids": [f"house {n}" for n in range(n_items)],
    }
    (directory / "evaluation.json").write_text(json.dumps(document | changes), "utf-8")


def fitted(n_targets: int = 1, **options: Any) -> tuple[GenZRegressor, list[dict[str, Any]]]:
    """A model of a few features, quickly fitted."""
    items, targets = houses()
    covariates = options.pop("covariates", None)
    y = targets[:, 0] if n_targets == 1 else targets[:, :n_targets]
    if options.get("log_target"):
        y = np.exp(y)
    model = GenZRegressor(n_features=3, patience=2, **options)
    return model.fit(items, y, covariates=covariates), items


class Page(HTMLParser):
    """Elements, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self.texts)


def text_of(path: Path) -> str:
    """Text of a report without its markup, style and script."""
    html = re.sub(r"<(style|script)>.*?</\1>", "", path.read_text("utf-8"), flags=re.DOTALL)
    return re.sub("[ \n]+", " ", re.sub("<[^>]*>", " ", html))
