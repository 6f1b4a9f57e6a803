"""The repetitions of an experiment on real data, one for each seed, printed as they end."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from genz.cli.invocation import run_facts
from genz.cli.records import emit
from genz.cli.terminal import say

if TYPE_CHECKING:
    from genz.evaluation import CrossValidation
    from genz.experiments.setting import Setting
    from genz.foundation import FoundationModel

SHOWN = (
    *("median_relative_error", "cosine", "r2", "log_predictive_density", "coverage_90"),
    *("n_features", "n_requests", "seconds"),
)
"""Scores of the table, where there are any."""


@dataclass(frozen=True, kw_only=True)
class RepetitionOptions:
    """Options of `genz.cli.experiment.options.repetition_options`, as they are named there."""

    seeds: list[int]
    n_folds: int
    n_features: int
    patience: int
    n_searches: int
    baselines: str | tuple[str, ...]
    n_items: int | None
    out: Path | None
    force: bool
    as_json: bool
    verbose: bool

    @classmethod
    def split(cls, options: dict[str, Any]) -> "tuple[RepetitionOptions, dict[str, Any]]":
        """These options, and the others."""
        own = {name: options[name] for name in cls.__dataclass_fields__}
        return cls(**own), {name: v for name, v in options.items() if name not in own}


def run_repetitions(
    setting: "Setting", options: dict[str, Any], *, image_root: Path
) -> "tuple[list[CrossValidation], int]":
    """Run and print; returns the results and the exit code.

    Parameters
    ----------
    options : dict
        Those of `repetition_options` but the data's.
    image_root : Path
        Directory below which the items' images lie.
    """
    from genz.cli.foundation import ModelOptions, conclude
    from genz.cli.progress import Progress
    from genz.experiments.setting import repeat
    from genz.persistence import check_vacant

    about_model, rest = ModelOptions.split(options)
    chosen, _ = RepetitionOptions.split(rest)
    if chosen.out is not None:
        check_vacant(chosen.out, force=chosen.force)
    foundation_model = about_model.make(
        image_root=image_root, seed=chosen.seeds[0], targets=setting.target
    )
    setting = setting.slice(chosen.n_items)
    results: list[CrossValidation] = []
    with Progress(verbose=chosen.verbose, foundation_model=foundation_model) as progress:
        for seed in chosen.seeds:
            model = setting.model(
                foundation_model,
                chosen.n_features,
                patience=chosen.patience,
                n_searches=chosen.n_searches,
                seed=seed,
                progress=progress.on_decision,
            )
            result = repeat(
                setting,
                model,
                n_folds=chosen.n_folds,
                baselines=chosen.baselines,
                observer=progress.on_fold,
            )
            results.append(result)
            _tell(seed, result, as_json=chosen.as_json)
    if chosen.out is not None:
        _save(setting, foundation_model, chosen, results[0])
    return results, conclude(foundation_model, about_model.max_unknown)


def conclude_scores(setting: "Setting", results: "list[CrossValidation]", *, as_json: bool) -> None:
    """Print means over seeds, and genz's differences to the other methods."""
    import numpy as np

    from genz.experiments.intervals import difference

    means = {}
    for method in results[0].scores:
        values = {
            name: [v for r in results if isinstance(v := r.scores[method].get(name), int | float)]
            for name in SHOWN
        }
        means[method] = {name: float(np.mean(some)) for name, some in values.items() if some}
    groups = setting.groups if len(results[0].targets) == len(setting.items) else None
    found = {
        method: asdict(difference(results, method, groups)) for method in means if method != "genz"
    }
    if as_json:
        emit("means", {"mean": means, "differences": found, "n_seeds": len(results)})
        return
    click.echo(f"mean of {len(results)} seeds")
    _table(means)
    kind = "median relative error" if results[0].targets.shape[1] == 1 else "cosine"
    for method, values in found.items():
        click.echo(
            f"{kind}, genz - {method}: {values['value']:+.4f} "
            f"(95 % interval {values['lower']:+.4f} to {values['upper']:+.4f})"
        )


def _tell(seed: int, result: "CrossValidation", *, as_json: bool) -> None:
    if as_json:
        differences = {
            method: {name: asdict(value) for name, value in values.items()}
            for method, values in result.differences.items()
        }
        record = {"seed": seed, "scores": result.scores, "differences": differences}
        emit("repetition", record | {"n_features": list(result.n_features)})
        return
    click.echo(f"seed {seed}: {len(result.targets)} items in {int(result.folds.max()) + 1} folds")
    _table(result.scores)


def _table(scores: "dict[str, Any]") -> None:
    names = [name for name in SHOWN if any(name in values for values in scores.values())]
    widths = [max(len(name), 8) for name in names]
    left = max(map(len, scores))

    def line(method: str, cells: list[str]) -> str:
        pairs = zip(cells, widths, strict=True)
        return f"{method:{left}}" + "".join(f"  {cell:>{width}}" for cell, width in pairs)

    click.echo(line("", names))
    for method, values in scores.items():
        numbers = (values.get(name) for name in names)
        click.echo(line(method, ["-" if n is None else f"{n:.4g}" for n in numbers]))


def _save(
    setting: "Setting",
    foundation_model: "FoundationModel",
    chosen: RepetitionOptions,
    first: "CrossValidation",
) -> None:
    """Fit all items and save, with the first seed's evaluation beside the model."""
    from genz.evaluation.storage import save_evaluation

    assert chosen.out is not None  # noqa: S101 - the caller asks
    seed = chosen.seeds[0]
    model = setting.model(
        foundation_model,
        chosen.n_features,
        patience=chosen.patience,
        n_searches=chosen.n_searches,
        seed=seed,
    )
    model.fit(setting.items, setting.y, covariates=setting.covariates, groups=setting.groups)
    model.metadata = {
        "catalog": setting.name,
        "target": list(setting.target),
        "id": None,
        "ids": setting.ids,
        "covariates": list(setting.covariate_names),
        "weight": None,
        "group": None,
        "n_without_target": 0,
        "seed": seed,
    }
    model.run |= run_facts(click.get_current_context())
    model.save(chosen.out, force=chosen.force)
    save_evaluation(first, chosen.out, ids=setting.ids, seed=seed)
    say(f"model and evaluation saved to {chosen.out}")
