import math
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_array_equal

from genz.errors import StoreError
from genz.foundation.remote import audit, tiles
from genz.foundation.remote.audit import Agreement, compare
from genz.foundation.remote.tiles import Size, Tile
from genz.foundation.remote.unknown import N_LISTED, Unknown, Unknowns


@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 12), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_tiles_hold_every_wanted_cell_once(seed, n_rows, n_columns, share):
    wanted = np.random.default_rng(seed).random((n_rows, n_columns)) < share
    size = Size("tile", 7, 4)
    order = tiles.order_of(wanted, seed)
    cut = list(tiles.cut(wanted, order, size))
    asked = Counter((row, k) for tile in cut for row in tile.rows for k in tile.columns)
    assert set(zip(*np.nonzero(wanted), strict=True)) <= set(asked)
    assert max(asked.values(), default=1) == 1
    assert all(len(t.rows) <= 7 and len(t.columns) <= 4 and t.n_cells for t in cut)
    assert tiles.count(wanted, order, size) == len(cut)
    assert cut == list(tiles.cut(wanted, tiles.order_of(wanted, seed), size))


def test_rows_that_want_the_same_columns_share_tiles():
    wanted = np.ones((40, 6), dtype=bool)
    wanted[::2, :4] = False
    size = Size("tile", 20, 10)
    cut = list(tiles.cut(wanted, tiles.order_of(wanted, 0), size))
    assert sorted(tile.n_cells for tile in cut) == [40, 120]


@given(st.integers(1, 9), st.integers(1, 9))
def test_halving_ends_in_single_cells_and_loses_none(n_rows, n_columns):
    cells, open_ = [], [Tile("tile", tuple(range(n_rows)), tuple(range(n_columns)))]
    while open_:
        tile = open_.pop()
        open_ += tile.halves()
        if not tile.halves():
            cells.append((tile.rows, tile.columns))
    assert len(cells) == len(set(cells)) == n_rows * n_columns


def test_sizes_get_smaller_down_to_single_questions():
    size, names = Size("tile", 20, 10), []
    for _ in range(6):
        names.append(str(size))
        size = size.smaller()
    assert names == ["tile 20x10", "tile 10x5", "tile 5x2", "tile 2x1", "pair", "pair"]
    assert str(Size("batch", 20, 1).smaller()) == "batch 10x1"


@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (40, 13), (0, 3), (3, 0)])
def test_plans_are_unpacked_as_they_were_packed(shape):
    mask = np.random.default_rng(0).random(shape) < 0.5
    assert_array_equal(tiles.unpack(tiles.pack(mask), shape), mask)


@pytest.mark.parametrize("plan", [b"", b"x", zlib.compress(b"\0" * 10**7), zlib.compress(b"\0")])
def test_damaged_plans_are_told(plan):
    with pytest.raises(StoreError, match="damaged"):
        tiles.unpack(plan, (40, 13))


def test_plans_of_large_calls_are_small():
    assert len(tiles.pack(np.zeros((100_000, 10), dtype=bool))) < 2000


def test_agreement_is_counted_at_a_half_and_unknown_cells_are_left_out():
    tile = np.array([1, 1, 0, 0, np.nan, 1])
    pair = np.array([0.9, 0.4, 0.6, 0.1, 0.9, np.nan])
    found = compare(tile, pair)
    assert found == Agreement(1, 1, 1, 1)
    assert found.share == 0.5
    assert found.kappa == 0
    assert (found + found).n == 8


def test_kappa_is_cohens():
    # The worked example of Cohen (1960) as everybody quotes it: 20, 5, 10, 15.
    assert Agreement(20, 5, 10, 15).kappa == pytest.approx(0.4)
    assert math.isnan(Agreement(0, 0, 0, 50).kappa)
    assert math.isnan(Agreement().kappa)
    assert math.isnan(Agreement().share)


@pytest.mark.parametrize(
    ("agreement", "is_poor"),
    [
        (Agreement(10, 0, 0, 30), False),
        (Agreement(9, 1, 1, 29), False),
        (Agreement(10, 5, 6, 19), True),
        # It says no to everything: agreement is high, kappa nil.
        (Agreement(0, 0, 16, 104), True),
        (Agreement(0, 0, 0, 40), False),
        (Agreement(0, 0, 1, 39), False),
        # Too few to tell.
        (Agreement(2, 6, 7, 4), False),
        (Agreement(0, 200, 0, 0), True),
    ],
)
def test_poor_is_what_chance_does_not_explain(agreement, is_poor):
    assert agreement.is_poor == is_poor


def test_good_tiles_are_rarely_called_poor_and_bad_ones_mostly():
    rng = np.random.default_rng(1)

    def poor_share(agree: float) -> float:
        pair = rng.random((400, 40)) < 0.3
        tile = np.where(rng.random(pair.shape) < agree, pair, ~pair)
        return float(
            np.mean(
                [
                    compare(t.astype(float), p.astype(float)).is_poor
                    for t, p in zip(tile, pair, strict=True)
                ]
            )
        )

    assert poor_share(0.95) < 0.02
    assert poor_share(0.6) > 0.9


@pytest.mark.parametrize(("n_cells", "n"), [(0, 0), (10, 0), (200, 10), (1000, 20), (5000, 50)])
def test_audits_cost_a_bounded_share(n_cells, n):
    assert audit.n_to_audit(n_cells) == n
    assert audit.n_to_audit(10**7) == 200


@pytest.mark.parametrize("shape", [(30, 4), (200, 100)])
def test_audited_cells_are_drawn_once_and_by_the_seed(shape):
    cells = np.random.default_rng(2).random(shape) < 0.7
    drawn = audit.draw(cells, 50, np.random.default_rng(3))
    assert len(set(drawn)) == 50
    assert drawn == sorted(drawn) == audit.draw(cells, 50, np.random.default_rng(3))
    assert drawn != audit.draw(cells, 50, np.random.default_rng(4))
    assert all(cells[cell] for cell in drawn)
    assert len({row for row, _ in drawn}) > 15
    assert len(audit.draw(cells, 10**6, np.random.default_rng(3))) == cells.sum()


def test_unknown_cells_are_all_counted_and_the_first_are_listed_in_order():
    unknowns, other = (Unknowns(n_cells=2 * N_LISTED + 4000) for _ in range(2))
    for ix in np.random.default_rng(0).permutation(N_LISTED + 2000).tolist():
        unknowns.add(Unknown(0, ix, "f", "item", "refused", "no"), n_cells=2)
    assert unknowns.n_unknown == 2 * N_LISTED + 4000
    assert unknowns.share == 1
    assert [u.item_ix for u in unknowns.listed] == list(range(N_LISTED))
    other.extend(unknowns)
    assert other.share == 0.5
    assert other.listed == unknowns.listed
    assert Unknowns().share == 0


@pytest.mark.parametrize("size", [Size("pair", 1, 1), Size("tile", 1, 3), Size("tile", 4, 3)])
def test_as_many_tiles_are_cut_as_were_counted(size):
    wanted = np.random.default_rng(1).random((37, 8)) < 0.6
    order = tiles.order_of(wanted, 0)
    assert tiles.count(wanted, order, size) == len(list(tiles.cut(wanted, order, size)))
