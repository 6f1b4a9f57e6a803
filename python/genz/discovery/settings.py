"""How long and how hard a discovery looks."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """How long to look and how hard.

    Attributes
    ----------
    n_features : int
        The most features, the user's own included.
    contrast : {"errors", "random", "none"}
        What chooses the groups that are contrasted, see :func:`genz.discovery.contrast.choose`.
    n_trials : int
        Of the descriptions proposed in a round, how many enter the race and are decided upon.
    patience : int
        Rounds without an accepted feature before the loop stops.
    screening_items : int
        Choosing items on which candidates are judged first.
    n_searches : int
        Independent searches, whose features the fit joins.
    """

    n_features: int = 30
    contrast: str = "errors"
    n_trials: int = 16
    patience: int = 8
    screening_items: int = 600
    n_searches: int = 1
