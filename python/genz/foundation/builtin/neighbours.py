"""Nearest neighbours among a catalog's items, without a matrix of all pairs."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from genz.catalog import Catalog, FieldKind
from genz.catalog.fields import Value

N_NEIGHBOURS = 10
MAX_PAIRS = 1_000_000
"""Pairs of an item and an example that are compared at once: 8 MB for each matrix of them."""

Floats = NDArray[np.float64]
Likeness = Callable[[slice], Floats]
"""How much some items are like each example, in [0, 1]."""


def mean_of_nearest(items: Catalog, examples: Catalog, targets: Floats) -> Floats:
    """Mean target of the examples that are at least as much alike as the tenth.

    Two items are alike in a field by 1 less their distance in ranks (numbers, dates), if they are
    equal (categories), or by the share of words or entries in common; not at all in a field that
    one of them misses.

    Parameters
    ----------
    items : Catalog
        With the fields of `examples`.
    examples : Catalog
        At least one.
    targets : ndarray of shape (n_examples, n_targets)
        NaN where not known.

    Returns
    -------
    ndarray of shape (n_items, n_targets)
        NaN where none of the nearest has a known target.
    """
    fields = [field for field in examples.fields if field.kind is not FieldKind.IMAGES]
    likenesses = [_likeness(field.name, field.kind, items, examples) for field in fields]
    is_known = ~np.isnan(targets)
    known, total = is_known.astype(np.float64), np.where(is_known, targets, 0.0)
    n_others = max(0, len(examples) - N_NEIGHBOURS)
    predicted = np.full((len(items), targets.shape[1]), np.nan)
    size = max(1, MAX_PAIRS // len(examples))
    for start in range(0, len(items), size):
        block = slice(start, start + size)
        alike = np.zeros((len(predicted[block]), len(examples)))
        for likeness in likenesses:
            alike += likeness(block)
        tenth = np.partition(alike, n_others, axis=1)[:, n_others, np.newaxis]
        nearest = (alike >= tenth).astype(np.float64)
        counts = nearest @ known
        np.divide(nearest @ total, counts, out=predicted[block], where=counts > 0)
    return predicted


def _likeness(name: str, kind: FieldKind, items: Catalog, examples: Catalog) -> Likeness:
    match kind:
        case FieldKind.NUMBER | FieldKind.DATE:
            return _by_rank(items.numbers(name), examples.numbers(name))
        case FieldKind.CATEGORY:
            return _by_equality(items, examples, name)
        case FieldKind.LIST | FieldKind.TEXT:
            return _by_words(items.column(name), examples.column(name))
        case FieldKind.IMAGES:
            raise ValueError(f"field {name!r} has images, which cannot be compared")


def _by_rank(items: Floats, examples: Floats) -> Likeness:
    ordered = np.sort(examples[~np.isnan(examples)])

    def rank(numbers: Floats) -> Floats:
        ranks = np.searchsorted(ordered, numbers) / max(1, len(ordered))
        return np.where(np.isnan(numbers), np.nan, ranks)

    item_ranks, example_ranks = rank(items), rank(examples)

    def alike(block: slice) -> Floats:
        distance = np.abs(item_ranks[block, np.newaxis] - example_ranks)
        return np.where(np.isnan(distance), 0.0, 1.0 - distance)

    return alike


def _by_equality(items: Catalog, examples: Catalog, name: str) -> Likeness:
    values, example_codes = examples.distinct(name)
    positions = {value: code for code, value in enumerate(values) if value is not None}
    own_values, own_codes = items.distinct(name)
    # What the examples do not have is equal to none of them, a missing value neither.
    codes = [-1 if value is None else positions.get(value, -1) for value in own_values]
    item_codes = np.array(codes)[own_codes]

    def alike(block: slice) -> Floats:
        return np.asarray(item_codes[block, np.newaxis] == example_codes, dtype=np.float64)

    return alike


def _by_words(items: list[Value], examples: list[Value]) -> Likeness:
    vocabulary: dict[str, int] = {}
    rows = [[_words(value) for value in column] for column in (items, examples)]
    for words in (*rows[0], *rows[1]):
        for word in words:
            vocabulary.setdefault(word, len(vocabulary))
    item_words, example_words = (_incidence(words, vocabulary) for words in rows)
    item_sizes, example_sizes = (
        np.asarray(words.sum(axis=1)).ravel() for words in (item_words, example_words)
    )

    def alike(block: slice) -> Floats:
        shared = (item_words[block] @ example_words.T).toarray()
        union = item_sizes[block, np.newaxis] + example_sizes - shared
        return np.asarray(shared / np.maximum(union, 1.0))

    return alike


def _incidence(words: list[frozenset[str]], vocabulary: dict[str, int]) -> "sparse.csr_array":
    """Which row has which word; the words' order does not matter to sums of ones."""
    ends = np.cumsum([0, *(len(row) for row in words)])
    columns = np.array([vocabulary[word] for row in words for word in row], dtype=np.intp)
    shape = (len(words), max(1, len(vocabulary)))
    return sparse.csr_array((np.ones(len(columns)), columns, ends), shape=shape)


def _words(value: Value) -> frozenset[str]:
    if isinstance(value, tuple):
        return frozenset(value)
    return frozenset(str(value).lower().split()) if value is not None else frozenset()
