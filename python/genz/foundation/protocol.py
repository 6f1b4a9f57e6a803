"""What genz asks of a foundation model: three kinds of question, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from genz.catalog import Catalog


@dataclass(frozen=True)
class Contrast:
    """Groups of items that a missing feature would separate, or items without any contrast.

    Attributes
    ----------
    kind : str
        Why the statistical model chose the groups: ``"residual"``, ``"error"``, ``"split"`` or
        ``"refine"``; ``"random"`` where chance chose, ``"none"`` where `high` is a random sample
        and `low` is empty: features that such items may have or not are wanted.
    high, low : Catalog
        The items of the two groups; a description should hold in one and not in the other. Of
        ``"refine"`` those that contradict and those that agree; of ``"none"`` `low` is empty.
    known_features : tuple of str
        Descriptions that the model already has, not to be proposed again.
    refines : str or None
        With ``"refine"``, the feature to be described more sharply: on the items of `high` its
        judgments contradict the targets, on those of `low` they agree.
    """

    kind: str
    high: Catalog
    low: Catalog
    known_features: tuple[str, ...] = ()
    refines: str | None = None


@runtime_checkable
class FoundationModel(Protocol):
    """A frozen model that reads items (Jojic & Jojic, arXiv:2512.24834, section 2).

    Attributes
    ----------
    name : str
        Identifies the model in traces, reports and saved models.
    error_rate : float
        Share of its judgments that are expected to be wrong: the centre of the prior of a
        feature's error rates, above 0 and below 1/2.
    rate_strength : float
        How firmly that is expected: the number of imaginary items that the prior is worth.
    group_size : int
        The most items that one group of a contrast may have.
    n_proposals : int
        Descriptions that one question may ask for; all are judged on a sample of items.

    Notes
    -----
    A model that is an asynchronous context manager is entered before the first question of a fit
    or a prediction and left after the last. Attributes more are read where they are there:
    ``settings``, a dictionary of how it was asked, which is saved with the model; ``unknown``,
    dictionaries (``item``, ``feature``, ``reason``) of judgments that stayed unknown; ``spent``, a
    dictionary of what the answers took (requests, tokens, cost); ``is_certain``, whether its hard
    judgments are the truth, so that a fit takes them as gold labels.
    """

    name: str
    error_rate: float
    rate_strength: float
    group_size: int
    n_proposals: int

    async def judge(self, items: Catalog, features: Sequence[str]) -> NDArray[np.float64]:
        """Judge every item on every feature.

        Returns
        -------
        ndarray of shape (n_items, n_features)
            1 for yes, 0 for no, a probability in between, NaN for *unknown*.
        """
        ...

    async def propose(self, contrast: Contrast, n: int) -> list[str]:
        """Propose at most `n` short descriptions by a contrast, best first.

        Those that separate its groups; sharper ones than that which it refines; or, without a
        second group, those that such items differ in and that could matter for the target.
        """
        ...

    async def predict(
        self, items: Catalog, examples: Catalog, targets: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Predict the targets of `items` directly, as a baseline.

        Parameters
        ----------
        items : Catalog
            Items whose target is wanted.
        examples : Catalog
            Items whose target is known; may be empty (zero-shot).
        targets : ndarray of shape (n_examples, n_targets)
            Targets of `examples`.

        Returns
        -------
        ndarray of shape (n_items, n_targets)
            NaN where the model gives no answer.
        """
        ...
