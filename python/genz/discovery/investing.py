"""How much chance each test of a candidate may take: alpha-investing.

Foster & Stine (2008), "Alpha-investing: a procedure for sequential control of expected false
discoveries", JRSS B 70, 429-444; for streams of features Zhou, Foster, Stine & Ungar (2006), JMLR
7, 1861-1885. A test at level a that finds nothing costs a / (1 - a) of the wealth, one that finds
something earns a payout. Before the first find the costs add up to at most the initial wealth,
which therefore bounds the family-wise error of a catalog in which no feature has an effect, however
many candidates are tried and however their tests depend on each other.
"""

INITIAL_WEALTH = 0.02
PAYOUT = 0.1
MAX_WEALTH = 0.5
"""Bounds what is spent, and with it the false finds expected, once everything true is found."""

SHARE = 0.1
"""Of the wealth, what one test spends: it never runs out, later tests are stricter."""


class AlphaInvesting:
    """Wealth of a series of tests."""

    def __init__(self) -> None:
        self._wealth = INITIAL_WEALTH
        self.n_tests = 0

    def renew(self) -> None:
        """Start anew; the number of tests goes on."""
        self._wealth = INITIAL_WEALTH

    @property
    def level(self) -> float:
        """Level of the next test."""
        cost = SHARE * self._wealth
        return cost / (1 + cost)

    def settle(self, p_value: float) -> bool:
        """Test at the level, pay or earn; True where something was found."""
        level = self.level
        self.n_tests += 1
        if p_value <= level:
            self._wealth = min(self._wealth + PAYOUT, MAX_WEALTH)
            return True
        self._wealth -= level / (1 - level)
        return False
