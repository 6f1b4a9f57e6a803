"""Judges that turn known truth round: what is recovered, and what gold labels are for."""

from pathlib import Path

import numpy as np
import pytest

import genz
from commands import records, run
from experiment_data import write_windsor
from genz.experiments import windsor

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
needs_shared = pytest.mark.skipif(
    not SHARED.is_dir(), reason="the data sets are not in ../shared/data beside the repository"
)


def test_judges_err_at_rates_between_the_two() -> None:
    z = (np.random.default_rng(0).random((20_000, 6)) < 0.4).astype(float)
    wrong = np.sort(np.mean(windsor.misjudged(z, np.random.default_rng(1)) != z, axis=0))
    np.testing.assert_allclose(wrong, np.linspace(0.05, 0.3, 6), atol=0.015)


def test_weights_and_error_rates_are_recovered_from_many_items(tmp_path: Path) -> None:
    houses = windsor.read(write_windsor(tmp_path))
    found = windsor.recover(houses, seed=0, n_items=6000, n_targets=4)
    assert found.deviation < 0.1
    assert found.naive_deviation > 3 * found.deviation
    assert found.largest_error < 0.03
    assert len(found.error_rates) == 6


def test_gold_labels_help_where_hardly_anything_is_identified(tmp_path: Path) -> None:
    houses = windsor.read(write_windsor(tmp_path))
    draws = list(windsor.with_gold_labels(houses, n_draws=8))
    gold, naive = (np.mean([getattr(d, name) for d in draws]) for name in ("gold", "naive"))
    assert gold < naive
    all_true = next(windsor.with_gold_labels(houses, n_draws=1, n_gold=300))
    assert all_true.gold < 1e-3 < all_true.naive


def test_more_gold_labels_than_houses_are_refused(tmp_path: Path) -> None:
    houses = windsor.read(write_windsor(tmp_path))
    with pytest.raises(genz.UsageError, match="301 gold labels of 300 houses"):
        next(windsor.with_gold_labels(houses, n_gold=301))


def test_attributes_that_are_not_binary_are_refused(tmp_path: Path) -> None:
    path = write_windsor(tmp_path) / windsor.FILE
    head, first, *rest = path.read_text().splitlines()
    path.write_text("\n".join([head, first.rpartition(",")[0] + ",2", *rest]))
    with pytest.raises(genz.DataError, match="must be 0 or 1"):
        windsor.read(tmp_path)


def test_the_command(tmp_path: Path) -> None:
    write_windsor(tmp_path)
    common = ("experiment", "windsor", "--data", tmp_path, "--items", 1000, "--draws", 2)
    done = run(*common, "--seeds", "1,2", "--json")
    assert done.exit_code == 0, done.output
    first, _, last = records(done.stdout)
    assert first["seed"] == 1
    assert first["deviation"] < first["naive_deviation"]
    assert last["n_draws"] == 2
    table = run(*common, "--seeds", "1", "--gold", 50)
    assert table.exit_code == 0, table.output
    assert "with 50 gold labels" in table.stdout
    assert "houses, log price, 2 draws of judges" in table.stdout


@needs_shared
def test_the_published_figures() -> None:
    houses = windsor.read(SHARED)
    found = windsor.recover(houses, seed=3)
    assert found.deviation < 0.1
    assert found.largest_error < 0.03
    draws = list(windsor.with_gold_labels(houses, n_draws=20))
    assert np.mean([d.gold for d in draws]) < np.mean([d.naive for d in draws])
