//! The seam between what is computed and how: one trait, one implementation for each solver.

use ndarray::Array2;

use crate::error::Result;

/// How much of the posterior is wanted; each level costs more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moments {
    /// The log evidence of every item.
    None,
    /// And E[z] of every item.
    Marginals,
    /// And the sum over items of v E[zz'].
    Pairs,
}

/// One item of a group: its free features and its residual in units of the noise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Log odds of the features; infinite where certain.
    pub log_odds: &'a [f64],
    /// (y - b) / sigma over the observed dimensions.
    pub residual: &'a [f64],
    /// v, the weight of the item in sums.
    pub weight: f64,
}

/// What a solver says of one item beside its marginals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Solved {
    /// log sum over z of P(z) exp(-|r - W'z|^2 / 2), P(z) = prod sigmoid(+-lambda).
    pub log_likelihood: f64,
    /// Relative rounding error that the solver admits.
    pub certificate: f64,
    /// Whether the plain method failed its certificate and an exact fall-back answered.
    pub rescued: bool,
}

/// Posterior expectations of the residual r_d = (y_d - b_d - W'z_d) / sigma_d of one dimension.
#[derive(Debug, Clone, Default)]
pub(crate) struct ResidualMoments {
    /// E[r].
    pub first: f64,
    /// E[r^2].
    pub second: f64,
    /// E[z_k r].
    pub features_first: Vec<f64>,
    /// E[z_k r^2].
    pub features_second: Vec<f64>,
}

/// Exact posterior of one item after another; all share weights and observed dimensions.
pub(crate) trait ItemSolver: Sync {
    /// Buffers of one thread, and its running pair moments.
    type Workspace;

    fn workspace(&self) -> Self::Workspace;

    /// Posterior of one item. Fills `marginals` unless `moments` is `None`; with `Pairs` adds
    /// v E[zz'] to the running sum.
    fn solve(
        &self,
        workspace: &mut Self::Workspace,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved>;

    /// Residual moments of dimension `d` of one item; adds v E[zz' r_d^2] to the running sum.
    fn residual_moments(
        &self,
        workspace: &mut Self::Workspace,
        item: Item<'_>,
        d: usize,
    ) -> Result<ResidualMoments>;

    /// The running sum, (free, free), symmetric; starts anew at zero.
    fn take_pairs(&self, workspace: &mut Self::Workspace) -> Array2<f64>;
}
