"""What the fake model answers to each kind of question."""

import math
from dataclasses import dataclass
from functools import partial
from statistics import NormalDist
from typing import Final, Literal

import numpy as np

from genz.prompts import batch, prediction, proposal, reading, tile
from genz.prompts.reading import Task
from genz.testing.draws import digest, stream, uniform
from genz.testing.lookup import item_key
from genz.testing.options import Options
from genz.testing.proposals import propose
from genz.testing.spoiling import spoil_list, spoil_rows, spoil_text, spoil_word
from genz.testing.truth import Judge
from genz.testing.wire import Question

OTHER: Final = "other"
DEFAULT_ANSWER: Final = "OK"
_OTHER_MASS: Final = 0.01
_CAPITAL_SHARE: Final = 0.9
_STANDARD_NORMAL: Final = NormalDist()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer before it is put into a body.

    `logprobs` are of its first token; `readable` if a careful client finds the answer in it.
    """

    text: str
    finish: Literal["stop", "length"] = "stop"
    logprobs: tuple[tuple[str, float], ...] = ()
    n_judgments: int = 0
    readable: bool = True


class Author:
    """Writes answers; they depend on a question's items and features and the seed only."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._judge = Judge(options.truth, options.errors, options.seed)

    def read(self, question: Question) -> Task:
        """Understand a prompt; the form is ``other`` where it is none of genz's."""
        try:
            if question.system:
                return reading.read(question.system, question.user)
            # Without the role, instructions stand before the message.
            return reading.read(*question.user.split("\n\n", 1))
        except (ValueError, TypeError):
            return Task(OTHER, ())

    def answer(self, task: Task, question: Question, fault: str | None) -> Answer:
        """Answer a question; `fault` is one of an answer's text."""
        respond = self._options.respond
        own = None if respond is None else respond(question.system, question.user)
        finish: Literal["stop", "length"] = "length" if fault == "cut_answer" else "stop"
        if own is not None or task.form == OTHER:
            text = DEFAULT_ANSWER if own is None else own
            return Answer(spoil_text(text, fault), finish)
        if task.form == "pair":
            return self._pair(task, question.sample, fault)
        if task.form == "propose":
            text = self._proposal(task, question.sample, fault)
        elif task.form == "predict":
            text = self._prediction(task, question.sample, fault)
        else:
            text = self._labels(task, question.sample, fault)
        n_judgments = len(task.items) * len(task.features) if task.form in {"batch", "tile"} else 0
        return Answer(spoil_text(text, fault), finish, n_judgments=n_judgments)

    def _pair(self, task: Task, sample: int, fault: str | None) -> Answer:
        texts = [text for _, text in task.items]
        p = float(self._judge.probabilities(texts, task.features, sample)[0, 0])
        if math.isnan(p):
            return Answer("I cannot tell.", logprobs=(("I", -0.01),))
        word = spoil_word("Yes" if p >= 0.5 else "No", fault)
        # Nobody puts one word into a fence.
        text = word if fault == "markdown_fence" else spoil_text(word, fault)
        finish: Literal["stop", "length"] = "length" if fault == "cut_answer" else "stop"
        if text not in {"Yes", "No"}:
            first = text.split(" ", 1)[0].rstrip("!/")
            logprobs = ((first, -0.01),) if first else ()
            return Answer(text, finish, logprobs, readable=False)
        return Answer(text, finish, _yes_no(p), 1)

    def _labels(self, task: Task, sample: int, fault: str | None) -> str:
        texts = [text for _, text in task.items]
        p = self._judge.probabilities(texts, task.features, sample)
        labels = [
            [None if math.isnan(value) else value >= 0.5 for value in row] for row in p.tolist()
        ]
        rows = list(zip((id_ for id_, _ in task.items), labels, strict=True))
        if task.form == "batch" and fault == "wrong_labels":
            # Its labels are two lists of ids: a label too many is an id in both.
            fault = "duplicated_ids"
        rows = spoil_rows(rows, fault, _opposite)
        ids = [id_ for id_, _ in rows]
        if task.form == "batch":
            return batch.write(ids, [row[0] for _, row in rows])
        return tile.write(ids, [row for _, row in rows])

    def _proposal(self, task: Task, sample: int, fault: str | None) -> str:
        texts = dict(task.items)
        high, low = ([texts[id_] for id_ in group] for group in task.groups)
        options = self._options
        found = propose(
            options.truth,
            (high, low),
            task.features,
            task.n,
            stream(options.seed, "proposal", sample) if sample else None,
            without_contrast=task.angle == "matter",
        )
        found = options.proposals.extend(found)
        return proposal.write(spoil_list(found, fault))

    def _prediction(self, task: Task, sample: int, fault: str | None) -> str:
        n = max(1, task.n)
        known = np.array([targets for _, targets in task.examples]).reshape(-1, n)
        mean = known.mean(axis=0) if len(known) else np.zeros(n)
        rows = [(id_, self._predict(text, mean, sample)) for id_, text in task.items]
        rows = spoil_rows(rows, fault, lambda value: value + 1)
        return prediction.write([id_ for id_, _ in rows], [values for _, values in rows])

    def _predict(self, text: str, mean: np.ndarray, sample: int) -> list[float]:
        predict, noise = self._options.predict, self._options.prediction_noise
        values = mean if predict is None else np.broadcast_to(predict(text), mean.shape)
        if not noise:
            return [float(value) for value in values]
        draw = partial(uniform, digest(item_key(text)))
        quantiles = (
            draw(stream(self._options.seed, f"prediction/{ix}", sample))
            for ix in range(len(values))
        )
        errors = [_STANDARD_NORMAL.inv_cdf(min(max(q, 1e-12), 1 - 1e-12)) for q in quantiles]
        return [float(value + noise * error) for value, error in zip(values, errors, strict=True)]


def _opposite(label: bool | None) -> bool | None:
    return None if label is None else not label


def _yes_no(p: float) -> tuple[tuple[str, float], ...]:
    """Candidates of the first token whose probabilities of yes and no are as p to 1 - p."""
    shares = {
        "Yes": p * _CAPITAL_SHARE,
        "yes": p * (1 - _CAPITAL_SHARE),
        "No": (1 - p) * _CAPITAL_SHARE,
        "no": (1 - p) * (1 - _CAPITAL_SHARE),
    }
    mass = {token: (1 - _OTHER_MASS) * share for token, share in shares.items()}
    mass["The"] = _OTHER_MASS
    # Whatever is asked for, a server gives a logarithm: never of nothing.
    ordered = sorted(mass.items(), key=lambda candidate: -candidate[1])
    return tuple((token, math.log(max(share, 1e-300))) for token, share in ordered)
