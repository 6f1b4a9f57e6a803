"""Regression on latent binary features that are judged with errors: the fit."""

import warnings
from collections.abc import Sequence
from typing import Any, Self

from genz.errors import ConvergenceWarning, DataError
from genz.statistics.arrays import Floats, as_table, is_vector
from genz.statistics.em import Em
from genz.statistics.ending import keep, warn
from genz.statistics.estimation import estimate
from genz.statistics.fitted import FittedRegression
from genz.statistics.parameters import Parameters
from genz.statistics.profile import DEFAULT_GRID, Profile, profile_rate


class LatentFeatureRegression(FittedRegression):
    """Linear regression on latent binary features observed through noisy judgments.

    y = b + A'x + W'z + noise, z_k binary with P(z_k = 1) given by the judgment's channel. Fitted
    by EM with the posterior over z, exact where a solver can; the penalised log likelihood then
    never falls.

    Parameters
    ----------
    noise : {"asymmetric", "symmetric"}
        Whether P(z=1 | yes) and P(z=1 | no) have their own error rates or share one.
    judgment_kind : {"auto", "hard", "probability"} or sequence of these
        For all columns or for each. Hard judgments are 0, 1 or NaN (unknown); probabilities pass
        through a learned logistic channel alpha + gamma logit p. Auto is hard where only 0, 1
        and NaN occur.
    ridge : float, "evidence" or array that broadcasts to (K, D)
        Penalty ridge_kd / 2 * W_kd^2 / var(y_d). With "evidence" it is learned: a prior variance
        for each feature times one for each target (module ``genz.statistics.ridge``).
    rate_strength, rate_centre : float
        Beta prior of the error rates: `rate_strength` imagined items with the error rate
        `rate_centre` on either side. The prevalence among unknown judgments has as many, with
        the column's mean known judgment (one imagined item at 1/2 included) as its centre.
        Channels of probabilities have the normal priors alpha ~ N(0, 2^2), gamma ~ N(1, 1).
    pooling : bool
        Whether the centres of the channels' priors are learned from all features: the error rates
        of either side spread around a common one, itself with a weak prior around `rate_centre`,
        and curves around a common curve. Part of the objective.
    outliers : bool
        Whether a share of the items, which is learned, may be outlying: follow no feature, their
        targets normal and twice as wide as all targets (module ``genz.statistics.outliers``).
    max_iter : int
        The most EM iterations of a start; where the ridge or the outlying items are learned, of
        every update.
    tol : float
        EM has converged when the objective changes by less than `tol` times max(1, objective).
    acceleration : bool
        Whether EM steps are extrapolated (Anderson acceleration) where the objective does not
        fall.
    n_restarts : int
        Random starts beside the one from the judgments; the best end is kept.
    solver : {"auto", "enumeration", "quadrature", "branch_and_bound", "expectation_propagation"}
        Solver of the E step, see :func:`genz.posterior`.
    n_threads : int, optional
        Threads; None uses every core.
    random_state : int, optional
        Seed of the restarts.

    Attributes
    ----------
    weights_, weights_std_error_ : ndarray of shape (K, D)
        Effects in units of the target, and their standard errors from the penalised observed
        information of the regression coefficients, with noise variance and channels held at
        their estimates (Louis 1982).
    intercept_ : ndarray of shape (D,)
    covariate_weights_ : ndarray of shape (P, D)
    covariance_ : ndarray of shape (D, 1 + P + K, 1 + P + K)
        Covariance of (intercept, covariate weights, weights) of each target dimension.
    noise_variance_ : ndarray of shape (D,)
    ppv_, fomr_ : ndarray of shape (K,)
        P(z=1 | yes) and P(z=1 | no); NaN for columns of probabilities.
    prevalence_ : ndarray of shape (K,)
        P(z=1 | unknown).
    channel_intercept_, channel_slope_ : ndarray of shape (K,)
        alpha and gamma; NaN for columns of hard judgments.
    outlier_share_ : float
        Probability that an item is outlying; 0 without `outliers`.
    outlier_mean_, outlier_variance_ : ndarray of shape (D,)
        Of the targets of outlying items.
    log_likelihood_ : float
        Sum of v log p(y | s), with gold labels v log p(y, gold | s), in nats; with `outliers` of
        the whole mixture, given the gold labels.
    log_likelihoods_ : ndarray of shape (n_iterations + 1,)
        The objective (log likelihood and log priors) at the start and after each iteration; where
        the ridge or the outlying items are learned, of the items so weighted, since the last
        update. It never falls where posteriors are exact; where turning a reversed feature round
        would lower it (its prevalence among unknown judgments then contradicts the prior), the
        record starts there.
    n_iter_ : int
        Iterations of the best start, and of every update of a ridge that is learned.
    n_e_steps_ : int
        E steps of all starts, those included that the acceleration threw away.
    converged_ : bool
    solver_ : str
        The solver of the last E step, as in :class:`genz.Posterior`.
    exact_ : bool
        Whether its posteriors are exact up to `worst_certificate_`.
    worst_certificate_ : float
        The largest error that it admitted for an item.
    n_rescued_ : int
        Items of the last E step that one method refused and a fall-back answered.
    why_ : str
        Why that solver.
    n_features_in_, feature_names_in_ : int, ndarray of str
        Number of judgments K, and their names where a data frame gave them.
    predicted_seconds_, seconds_ : float
        CPU time that the last E step was expected to take, and the time that it took; not saved.

    References
    ----------
    Jojic & Jojic, "GenZ", arXiv:2512.24834. Louis, JRSS B 44 (1982) 226-233.
    """

    def __init__(
        self,
        noise: str = "asymmetric",
        judgment_kind: str | Sequence[str] = "auto",
        ridge: "float | str | Floats" = 1.0,
        outliers: bool = False,
        rate_strength: float = 20.0,
        rate_centre: float = 0.05,
        pooling: bool = False,
        max_iter: int = 1000,
        tol: float = 1e-8,
        acceleration: bool = True,
        n_restarts: int = 0,
        solver: str = "auto",
        n_threads: int | None = None,
        random_state: int | None = None,
    ) -> None:
        self.noise = noise
        self.judgment_kind = judgment_kind
        self.ridge = ridge
        self.outliers = outliers
        self.rate_strength = rate_strength
        self.rate_centre = rate_centre
        self.pooling = pooling
        self.max_iter = max_iter
        self.tol = tol
        self.acceleration = acceleration
        self.n_restarts = n_restarts
        self.solver = solver
        self.n_threads = n_threads
        self.random_state = random_state

    def fit(
        self,
        judgments: Any,
        y: Any,
        covariates: Any = None,
        sample_weight: Any = None,
        *,
        gold: Any = None,
    ) -> Self:
        """Fit by EM.

        Parameters
        ----------
        judgments : array of shape (N, K)
            In [0, 1], NaN = unknown; of type uint8 (0, 1 and 255 = unknown), bool, float32 or
            float64 they are read where they lie, others are converted. Of shape (N, K, R): hard
            answers to the same question, NaN where a cell has fewer. Their margin, yes less no,
            passes through the logistic channel; a column that has one answer in each cell is hard.
        y : array of shape (N, D) or (N,)
            Targets; NaN = not observed; float32 and float64 are read where they lie.
        covariates : array of shape (N, P), optional
        sample_weight : array of shape (N,), optional
            Weights v of the items' log likelihoods; an integer counts an item that often.
        gold : array of shape (N, K), optional
            Gold labels: the true z of some cells, 0 or 1, NaN where it is not known. z is certain
            there, and the cell's judgment tells of its channel. A feature with labels means what
            they mean: it is never read the other way round.

        Raises
        ------
        DataError, UsageError, SolverError
        """
        if y is None:
            raise DataError(
                f"{type(self).__name__} requires y to be passed, but the target y is None"
            )
        table = self._table(judgments)
        FittedRegression()._check_columns(judgments, reset=True)  # A failed fit changes nothing.
        if table.shape[1] == 0 and covariates is None:
            size = f"0 feature(s) (shape={table.shape}) while a minimum of 1 is required."
            raise DataError(f"judgments has {size} Without features give covariates")
        if len(table) == 1:
            raise DataError("judgments has 1 sample, wanted more: one tells nothing of the noise")
        self._fit(table, y, covariates, sample_weight, gold=gold)
        self._check_columns(judgments, reset=True)
        if not self.converged_:
            warnings.warn(
                f"EM stopped at max_iter={self.max_iter} before the objective's relative change "
                f"fell below tol={self.tol}: raise max_iter or tol",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    def profile(
        self,
        judgments: Any,
        y: Any,
        covariates: Any = None,
        sample_weight: Any = None,
        *,
        gold: Any = None,
        feature: int,
        rate: str = "ppv",
        grid: Sequence[float] = DEFAULT_GRID,
    ) -> Profile:
        """Profile the likelihood over an error rate of a hard feature, on the data of the fit.

        Everything else is fitted again at each error rate of the grid, from the neighbour's end
        and with this model's `tol` and `max_iter`; it takes some ten fits.

        Parameters
        ----------
        judgments, y, covariates, sample_weight, gold
            As they were given to `fit`.
        feature : int
        rate : {"ppv", "fomr", "both"}
            The error 1 - ppv, fomr, or both held at the same value.
        grid : sequence of float
            Error rates in (0, 1/2).

        Raises
        ------
        DataError, UsageError, SolverError
        """
        self._check_columns(judgments)
        data = (as_table("judgments", judgments), y, covariates, sample_weight)
        return profile_rate(self, data, gold, feature, rate, grid)

    def _fit(
        self,
        judgments: Any,
        targets: Any,
        covariates: Any,
        sample_weight: Any,
        *,
        gold: Any = None,
        held: tuple[int, str] | None = None,
        start: Parameters | None = None,
        covariance: bool = True,
    ) -> Self:
        """Fit without the warning; `start` has parameters for the same columns.

        `held` is a feature and its rates ("ppv", "fomr" or "both") that stay as in `start`.
        """
        em = Em.of(self, judgments, targets, covariates, sample_weight, gold=gold, held=held)
        estimated = estimate(em, self, start, covariance=covariance)
        keep(estimated, self)
        self.is_scalar_ = is_vector(targets)
        self.n_features_in_ = em.n_features
        warn(estimated.result)
        return self
