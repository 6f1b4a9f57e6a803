import asyncio

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from genz.catalog import Catalog
from genz.client.request import Failure, FailureKind
from genz.errors import UsageError
from genz.foundation.remote.predicting import Predictor
from genz.prompts.prediction import write
from judging_fakes import FakeClient

TEXTS = [f"house {i} of {100 + i} m2" for i in range(25)]


def values_of(text: str, n: int) -> list[float]:
    return [float(text.split()[1]) + k / 4 for k in range(n)]


def right(task, request):
    return write([i for i, _ in task.items], [values_of(text, task.n) for _, text in task.items])


def predicted(client, n_targets=1, texts=TEXTS, n_examples=0, targets=None, **options):
    predictor = Predictor(client, **options)
    items = Catalog.from_items(list(texts))
    examples = Catalog.from_items([f"known {i}" for i in range(max(1, n_examples))])
    examples = examples.take(range(n_examples))
    if targets is None:
        targets = np.arange(n_examples * n_targets, dtype=float).reshape(n_examples, n_targets)
    return asyncio.run(predictor.predict(items, examples, targets)), predictor


@pytest.mark.parametrize("n_targets", [1, 3])
@pytest.mark.parametrize("n_examples", [0, 7])
def test_every_item_is_predicted(n_targets, n_examples):
    client = FakeClient(right)
    got, _ = predicted(client, n_targets, n_examples=n_examples)
    assert_array_equal(got, [values_of(text, n_targets) for text in TEXTS])
    assert [len(task.items) for task in client.asked] == [10, 10, 5]
    assert {len(task.examples) for task in client.asked} == {n_examples}


def test_examples_are_drawn_whole_and_say_what_is_known():
    client = FakeClient(right)
    targets = np.arange(60.0).reshape(30, 2)
    targets[4, 1] = np.nan
    predicted(client, 2, n_examples=30, targets=targets, max_examples=29, target="price in USD")
    shown = dict(client.asked[0].examples)
    assert len(shown) == 29
    assert "known 4" not in shown
    assert shown["known 7"] == (14, 15)
    assert "price in USD" in str(client.requests[0].prompt.parts)
    few = FakeClient(right)
    predicted(few, 2, n_examples=30, targets=targets, max_examples=5)
    assert len(few.asked[0].examples) == 5
    assert few.asked[0].examples == few.asked[1].examples


def test_of_vectors_fewer_items_are_asked_at_once():
    client = FakeClient(right)
    assert predicted(client, 150)[0].shape == (25, 150)
    assert {len(task.items) for task in client.asked} == {2, 1}


def test_items_left_out_are_asked_again_and_a_poisonous_one_is_nan():
    def respond(task, request):
        texts = [text for _, text in task.items]
        if any("house 7 " in text for text in texts):
            return Failure(FailureKind.REFUSED, "no")
        values = [values_of(text, 1) for text in texts]
        if len(texts) > 4:
            values[2:4] = [None, None]
        return write([i for i, _ in task.items], values)

    got, predictor = predicted(FakeClient(respond))
    want = np.array([values_of(text, 1) for text in TEXTS])
    want[7] = np.nan
    assert_array_equal(got, want)
    assert predictor.failures == {"refused": 1}


def test_numbers_in_words_are_no_prediction():
    got, predictor = predicted(FakeClient(lambda *_: "about 12 each"), texts=TEXTS[:3])
    assert np.isnan(got).all()
    assert predictor.failures == {"invalid answer": 3}


@pytest.mark.parametrize("options", [{"n_items": 0}, {"max_examples": -1}, {"max_examples": 999}])
def test_sizes_that_cannot_be_asked_are_refused(options):
    with pytest.raises(UsageError):
        Predictor(FakeClient(right), **options)


def test_examples_and_targets_must_match():
    with pytest.raises(UsageError, match="rows of targets"):
        predicted(FakeClient(right), n_examples=3, targets=np.zeros((2, 1)))
