import asyncio
import hashlib

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from genz.catalog import Catalog
from genz.client.prompt import Reply
from genz.client.request import Failure, FailureKind
from genz.errors import UsageError
from genz.foundation.remote.judging import Judge
from genz.foundation.remote.tiles import Size
from genz.prompts.reading import write_labels
from judging_fakes import FakeClient, FakeStore, by_truth, labels_of, read_payload

TEXTS = [f"house {i} at the end of the lane" for i in range(90)]
FEATURES = [f"has thing {k}" for k in range(13)]
TILE, PAIR = Size("tile", 20, 10), Size("pair", 1, 1)


def truth(text: str, feature: str) -> bool:
    return hashlib.sha256(f"{text}|{feature}".encode()).digest()[0] < 100


def judge_of(client: FakeClient, **options: object) -> Judge:
    return Judge(client, client.store, "m", read_payload, **options)  # type: ignore[arg-type]


def judged(judge: Judge, texts=TEXTS, features=FEATURES) -> np.ndarray:
    return asyncio.run(judge.judge(Catalog.from_items(list(texts)), list(features)))


def expected(texts=TEXTS, features=FEATURES) -> np.ndarray:
    return np.array([[float(truth(t, f)) for f in features] for t in texts])


@pytest.mark.parametrize("form", ["tile", "batch", "pair"])
def test_every_form_judges_every_cell_once(form):
    client = FakeClient(by_truth(truth))
    judge = judge_of(client, form=form, audited=False)
    assert_array_equal(judged(judge), expected())
    n = {"tile": 5 * 2, "batch": 5 * 13, "pair": 90 * 13}[form]
    assert dict(client.forms) == {form: n}
    cells = {(text, f) for t in client.asked for _, text in t.items for f in t.features}
    assert len(cells) == 90 * 13
    assert judge.unknowns.n_cells == 90 * 13
    assert judge.unknowns.share == 0


def test_features_of_one_group_of_items_are_asked_next_to_each_other():
    client = FakeClient(by_truth(truth))
    judged(judge_of(client, audited=False))
    asked = client.asked
    for first, second in zip(asked[::2], asked[1::2], strict=True):
        assert first.items == second.items
        assert len(first.features + second.features) == 13
    order = [text for task in asked[::2] for _, text in task.items]
    assert order != TEXTS
    assert sorted(order) == sorted(TEXTS)
    others = FakeClient(by_truth(truth))
    judged(judge_of(others, audited=False, seed=1))
    assert [t for task in others.asked[::2] for _, t in task.items] != order


def test_soft_judgments_come_from_log_probabilities():
    def respond(task, request):
        assert request.prompt.n_logprobs >= 5
        return Reply("Yes", "stop", (("Yes", np.log(0.6)), (" no", np.log(0.2)), ("Maybe", -3.0)))

    soft = judged(judge_of(FakeClient(respond), form="pair"), TEXTS[:2], FEATURES[:1])
    np.testing.assert_allclose(soft, [[0.75], [0.75]])


def test_equal_items_and_features_are_asked_once():
    client = FakeClient(by_truth(truth))
    texts, features = [*TEXTS[:5], *TEXTS[:5]], [*FEATURES[:2], FEATURES[0], f" {FEATURES[1]} "]
    got = judged(judge_of(client, audited=False), texts, features)
    assert_array_equal(got[:5], got[5:])
    assert_array_equal(got[:5, :2], expected(TEXTS[:5], FEATURES[:2]))
    assert_array_equal(got[:, :2], got[:, 2:])
    assert [(len(t.items), len(t.features)) for t in client.asked] == [(5, 2)]


def test_a_poisonous_item_becomes_unknown_and_all_others_are_kept():
    def respond(task, request):
        if any("house 7 " in text for _, text in task.items):
            return Failure(FailureKind.REFUSED, "the model refused")
        return by_truth(truth)(task, request)

    client = FakeClient(respond)
    judge = judge_of(client, audited=False)
    got = judged(judge, [*TEXTS, TEXTS[7]])
    want = expected([*TEXTS, TEXTS[7]])
    want[[7, 90]] = np.nan
    assert_array_equal(got, want)
    assert judge.unknowns.by_kind == {"refused": 26}
    assert judge.unknowns.share == pytest.approx(26 / (91 * 13))
    listed = judge.unknowns.listed
    assert [u.feature for u in listed] == sorted(FEATURES)
    assert {(u.item_ix, u.reason) for u in listed} == {(7, "the model refused")}
    assert "house 7" in listed[0].item


def test_a_poisonous_feature_costs_no_other():
    def respond(task, request):
        if FEATURES[3] in task.features:
            return Failure(FailureKind.BAD_REQUEST, "no")
        return by_truth(truth)(task, request)

    got = judged(judge_of(FakeClient(respond), audited=False), TEXTS[:8])
    want = expected(TEXTS[:8])
    want[:, 3] = np.nan
    assert_array_equal(got, want)


def test_what_a_reply_leaves_out_is_asked_again_in_less():
    def respond(task, request):
        labels = labels_of(task, truth)
        if len(task.items) > 3:
            labels[task.items[1][0]] = [None] * len(task.features)
            labels[task.items[2][0]][0] = None
        return write_labels(task, labels)

    client = FakeClient(respond)
    assert_array_equal(judged(judge_of(client, audited=False)), expected())
    assert max(len(t.items) for t in client.asked) == 20
    assert len(client.asked) == 20


def test_a_single_cell_that_is_answered_in_words_only_is_asked_in_words():
    def respond(task, request):
        if task.form == "tile" and any("house 7 " in text for _, text in task.items):
            return "I think yes"
        return by_truth(truth)(task, request)

    client = FakeClient(respond)
    assert_array_equal(judged(judge_of(client, audited=False)), expected())
    assert client.forms["pair"] == 13


def test_the_result_depends_on_answers_and_not_on_their_order():
    def respond(task, request):
        if task.form == "tile" and len(task.items) > 5 and truth(task.items[0][1], "x"):
            return "nothing"
        if any("house 11 " in text for _, text in task.items):
            return Failure(FailureKind.CONTEXT, "too long")
        return by_truth(lambda t, f: truth(t + task.form, f))(task, request)

    results = []
    for backwards in (False, True):
        client = FakeClient(respond, backwards=backwards)
        judge = judge_of(client)
        results.append((judged(judge), judge.size, judge.unknowns.listed, judge.agreements))
    assert_array_equal(results[0][0], results[1][0])
    assert results[0][1:] == results[1][1:]


def test_a_size_that_agrees_with_single_questions_stays():
    client = FakeClient(by_truth(truth))
    judge = judge_of(client)
    assert_array_equal(judged(judge), expected())
    assert judge.size == TILE
    found = judge.agreements[TILE]
    assert found.share == 1
    assert found.n == 40 + 20 == client.forms["pair"]
    judged(judge, [f"{text} again" for text in TEXTS])
    assert judge.agreements[TILE].n == 80


def test_a_size_that_disagrees_is_halved_until_it_agrees():
    def respond(task, request):
        is_poor = task.form == "tile" and len(task.items) > 5
        return by_truth(lambda t, f: truth(t + is_poor * "?", f))(task, request)

    client = FakeClient(respond)
    judge = judge_of(client)
    assert_array_equal(judged(judge), expected())
    assert judge.size == Size("tile", 5, 2)
    assert {str(size): a.is_poor for size, a in judge.agreements.items()} == {
        "tile 20x10": True,
        "tile 10x5": True,
        "tile 5x2": False,
    }
    # What the poor tiles said stays out of later calls, too.
    again = judge_of(client)
    again.size = judge.size
    assert_array_equal(judged(again), expected())


def test_a_model_that_cannot_answer_tiles_is_asked_single_questions():
    def respond(task, request):
        return by_truth(truth)(task, request) if task.form == "pair" else "Sorry!"

    client = FakeClient(respond)
    judge = judge_of(client)
    assert_array_equal(judged(judge), expected())
    assert judge.size == PAIR
    assert client.forms["tile"] == 4 + 4 + 8 + 40
    assert client.forms["pair"] == 90 * 13


def test_cells_that_the_store_knows_are_not_asked():
    store = FakeStore()
    first = FakeClient(by_truth(truth), store)
    judged(judge_of(first, audited=False), TEXTS[:40], FEATURES[:5])
    client = FakeClient(by_truth(truth), store)
    assert_array_equal(judged(judge_of(client, audited=False)), expected())
    cells = [(text, f) for t in client.asked for _, text in t.items for f in t.features]
    assert len(cells) == len(set(cells)) == 90 * 13 - 40 * 5


@pytest.mark.parametrize("stop_after", [0, 1, 4, 9, 30, 69])
def test_a_resumed_run_cuts_the_same_tiles_and_pays_nothing_twice(stop_after):
    whole = FakeClient(by_truth(truth))
    want = judged(judge_of(whole))
    store = FakeStore()
    broken = FakeClient(by_truth(truth), store, stop_after=stop_after)
    with pytest.raises(KeyboardInterrupt):
        judged(judge_of(broken))
    resumed = FakeClient(by_truth(truth), store)
    assert_array_equal(judged(judge_of(resumed)), want)
    assert broken.n_paid + resumed.n_paid == whole.n_paid
    offline = FakeClient(by_truth(truth), store, stop_after=0)
    assert_array_equal(judged(judge_of(offline)), want)


def test_a_pruned_store_is_asked_again():
    store = FakeStore()
    client = FakeClient(by_truth(truth), store)
    judged(judge_of(client, audited=False))
    store.answers.clear()
    assert_array_equal(judged(judge_of(client, audited=False)), expected())


@pytest.mark.parametrize(
    "options",
    [{"form": "list"}, {"n_items": 0}, {"n_items": 101}, {"n_features": 27}, {"n_features": 0}],
)
def test_sizes_that_cannot_be_asked_are_refused(options):
    with pytest.raises(UsageError):
        judge_of(FakeClient(by_truth(truth)), **options)


def test_an_empty_description_is_refused():
    with pytest.raises(UsageError, match="empty"):
        judged(judge_of(FakeClient(by_truth(truth))), TEXTS, ["ok", " \u200b"])


def test_judging_nothing_asks_nothing():
    client = FakeClient(by_truth(truth))
    assert judged(judge_of(client), TEXTS, []).shape == (90, 0)
    assert client.n_paid == 0


def test_small_tiles_are_tried_on_enough_cells():
    def respond(task, request):
        is_poor = task.form == "tile"
        return by_truth(lambda t, f: truth(t + is_poor * "?", f))(task, request)

    client = FakeClient(respond)
    judge = judge_of(client, n_items=3, n_features=1)
    assert_array_equal(judged(judge), expected())
    assert judge.size == PAIR
    assert judge.agreements[Size("tile", 3, 1)].n == 40


def test_stored_payloads_that_cannot_be_read_are_asked_again():
    store = FakeStore()
    judged(judge_of(FakeClient(by_truth(truth), store), audited=False))
    for key, (cells, version, _) in store.answers.items():
        store.answers[key] = (cells, version, '{"rows": ["k7')
    store.plans.clear()
    client = FakeClient(by_truth(truth))
    judge = Judge(client, store, "m", read_payload, audited=False)
    assert_array_equal(judged(judge), expected())
    assert client.n_paid == 10
