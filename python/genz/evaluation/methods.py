"""Methods that are compared on the same folds, by key."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from genz.catalog import Catalog, FieldKind
from genz.errors import UsageError
from genz.evaluation import direct, featured, tabular
from genz.evaluation.fold import Fold, Outcome

OURS = "genz"
DEFAULT, ALL, NONE = "default", "all", "none"


@dataclass(frozen=True)
class Method:
    """A way to predict held-out items.

    Attributes
    ----------
    fit_predict : callable
        From a fold to the predictions of its held-out items.
    needs_text : bool
        Whether it is worth its time only where there are texts or lists.
    """

    fit_predict: Callable[[Fold], Outcome]
    needs_text: bool = False


METHODS = {
    OURS: Method(featured.genz),
    "mean": Method(tabular.mean),
    "ridge": Method(tabular.ridge),
    "gradient_boosting": Method(tabular.gradient_boosting),
    "ridge_tfidf": Method(tabular.ridge_tfidf, needs_text=True),
    "zero_shot": Method(featured.zero_shot),
    "direct": Method(direct.direct),
    "hard": Method(featured.hard),
    "random_groups": Method(featured.random_groups),
}
"""By key, in the order in which they run; genz comes first, because others use its features."""

BASELINES = tuple(key for key in METHODS if key != OURS)
CHEAP = ("mean", "ridge", "gradient_boosting", "ridge_tfidf")
"""Baselines that run unless others are named: they ask nothing and take seconds."""


def choose(baselines: str | Iterable[str], catalog: Catalog) -> tuple[str, ...]:
    """Keys of the methods to run: genz, and the baselines that are named.

    Parameters
    ----------
    baselines : {"default", "all", "none"} or keys
        All and default leave out what the catalog has no fields for.

    Raises
    ------
    UsageError
        A key that no baseline has.
    """
    named = [baselines] if isinstance(baselines, str) else list(baselines)
    check_keys(named)
    if named in ([DEFAULT], [ALL]):
        has_text = any(field.kind in (FieldKind.TEXT, FieldKind.LIST) for field in catalog.fields)
        candidates = CHEAP if named == [DEFAULT] else BASELINES
        named = [key for key in candidates if has_text or not METHODS[key].needs_text]
    return tuple(key for key in METHODS if key == OURS or key in named)


def check_keys(named: Sequence[str]) -> None:
    """Raise unless these are keys of methods, or one of the words that stand for several."""
    if len(named) == 1 and named[0] in (DEFAULT, ALL, NONE):
        return
    unknown = next((key for key in named if key not in METHODS), None)
    if unknown is not None:
        raise UsageError(
            f"there is no baseline {unknown!r}, wanted keys among {', '.join(BASELINES)}, or one "
            f"of {DEFAULT}, {ALL} and {NONE} alone"
        )
