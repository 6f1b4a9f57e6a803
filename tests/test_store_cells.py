"""Look-up by cells: what the index finds is what a search through all tiles finds."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genz.store import AnswerStore
from store_samples import commit_all, digest, fill, make_tile, payloads_of


def test_cells_are_found_by_what_a_tile_judges_in_order_of_commit(tmp_path: Path) -> None:
    tiles = [
        make_tile(0, "cd", ("is tall",)),
        make_tile(1, "ab", ("is red", "is tall")),
        make_tile(2, "bc", ("is red", "is\ud800 odd")),
        make_tile(3, "ab", ("is red", "is tall"), model="other"),
        make_tile(4, "ab", ("is red", "is tall"), form="tile-2"),
        make_tile(5, "ab", ("is red", "is tall"), sample=1),
    ]
    payloads = [tile.payload for tile in tiles]
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        assert payloads_of(store, "abcd", ["is red"]) == []
        commit_all(store, tiles)
        assert payloads_of(store, "abcd", ["is red", "is tall"]) == payloads[:3]
        assert payloads_of(store, "abcd", ["is tall"]) == payloads[:2]
        assert payloads_of(store, "a", ["is red"]) == [payloads[1]]
        assert payloads_of(store, "d", ["is red"]) == []
        assert payloads_of(store, "abcd", ["is\ud800 odd"]) == [payloads[2]]
        assert payloads_of(store, "ab", ["is red"], model="other") == [payloads[3]]
        assert payloads_of(store, "ab", ["is red"], form="tile-2") == [payloads[4]]
        assert payloads_of(store, "ab", ["is red"], sample=1) == [payloads[5]]
        cells, _ = next(store.find_cells("some-model", "tile-1", [digest("b")], ["is\ud800 odd"]))
        assert cells == tiles[2].cells


ITEMS = "abcdefgh"
FEATURES = tuple("uvwxyz")
_tiles = st.lists(
    st.tuples(
        st.lists(st.sampled_from(ITEMS), min_size=1, max_size=4),
        st.lists(st.sampled_from(FEATURES), min_size=1, max_size=3, unique=True),
    ),
    max_size=12,
)


@given(
    _tiles,
    st.lists(st.sampled_from(ITEMS), max_size=5),
    st.lists(st.sampled_from(FEATURES), max_size=4),
)
def test_the_index_finds_what_a_search_through_all_tiles_finds(
    tmp_path_factory: pytest.TempPathFactory,
    tiles: list[tuple[list[str], list[str]]],
    items: list[str],
    features: list[str],
) -> None:
    entries = [make_tile(ix, i, tuple(f)) for ix, (i, f) in enumerate(tiles)]
    expected = [
        entry.payload
        for entry, (i, f) in zip(entries, tiles, strict=True)
        if set(i) & set(items) and set(f) & set(features)
    ]
    with AnswerStore.open(tmp_path_factory.mktemp("store") / "a.sqlite3") as store:
        commit_all(store, entries)
        assert payloads_of(store, "".join(items), features) == expected


def test_a_look_up_of_many_items_goes_on_while_others_are_made_and_answers_come(
    tmp_path: Path,
) -> None:
    entries = fill(tmp_path / "a.sqlite3", 600)
    items = [digest(f"{ix}") for ix in range(2000)]
    with AnswerStore.open(tmp_path / "a.sqlite3") as store:
        look_up = store.find_cells("some-model", "tile-1", items, ["is red"])
        got = [next(look_up)[1] for _ in range(10)]
        left = store.find_cells("some-model", "tile-1", items, ["is red"])
        next(left)
        commit_all(store, [make_tile("later", ("5",))])
        got += [payload for _, payload in look_up]
        assert sorted(got) == sorted(entry.payload for entry in entries)
    left.close()
