"""Words of a catalog as columns, for ridge regression on thousands of them."""

import re
from collections import Counter
from collections.abc import Sequence

from scipy import sparse
from sklearn.feature_extraction.text import TfidfVectorizer

from genz.catalog import Catalog, FieldKind
from genz.catalog.fields import Value

MIN_ITEMS = 2
"""Training items that a word must be in to get a column."""
KINDS = (FieldKind.TEXT, FieldKind.LIST, FieldKind.CATEGORY)

_WORD = re.compile(r"\w\w+")


class Words:
    """TF-IDF learned from the training items: (1 + log tf) idf, rows of length 1.

    The words of all text fields are counted together, in lower case. Each list and each category
    is counted by itself, an entry being one word: few entries would hardly show beside a long
    text.
    """

    def __init__(self, training: Catalog) -> None:
        texts = [field.name for field in training.fields if field.kind is FieldKind.TEXT]
        entries = [
            [field.name]
            for field in training.fields
            if field.kind in (FieldKind.LIST, FieldKind.CATEGORY)
        ]
        self._blocks: list[tuple[list[str], TfidfVectorizer]] = []
        for names in [texts, *entries]:
            documents = _documents(training, names)
            counts = Counter(word for words in documents for word in set(words))
            vocabulary = sorted(word for word, n in counts.items() if n >= MIN_ITEMS)
            if vocabulary:
                vectorizer = TfidfVectorizer(
                    analyzer=_as_it_is, vocabulary=vocabulary, sublinear_tf=True, lowercase=False
                )
                self._blocks.append((names, vectorizer.fit(documents)))

    @property
    def vocabulary(self) -> list[str]:
        """Word of each column."""
        return [word for _, vectorizer in self._blocks for word in vectorizer.vocabulary]

    def __call__(self, items: Catalog) -> "sparse.csr_array":
        """Columns of any items, (N, n_words)."""
        blocks = [sparse.csr_array((len(items), 0))]
        blocks += [
            sparse.csr_array(vectorizer.transform(_documents(items, names)))
            for names, vectorizer in self._blocks
        ]
        return sparse.csr_array(sparse.hstack(blocks))


def _documents(items: Catalog, names: Sequence[str]) -> list[list[str]]:
    """Words of each item in these fields."""
    columns = [[_words(value, items.kinds[name]) for value in items.array(name)] for name in names]
    return [[word for words in row for word in words] for row in zip(*columns, strict=True)]


def _words(value: Value, kind: FieldKind) -> Sequence[str]:
    if value is None:
        return ()
    if kind is FieldKind.TEXT:
        return _WORD.findall(str(value).lower())
    return value if isinstance(value, tuple) else (str(value),)


def _as_it_is(words: Sequence[str]) -> Sequence[str]:
    return words
