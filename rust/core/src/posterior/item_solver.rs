//! Solvers that take one item after another.

use ndarray::Array2;

use super::solver::{Solver, Worker};
use super::tile::{Answer, Moments, Tile};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Items of a tile.
const TILE: usize = 64;

/// One item, in units of the noise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Item<'a> {
    /// Log odds of the features; infinite where certain.
    pub log_odds: &'a [f64],
    /// (y - b - A'x) / sigma over the observed dimensions.
    pub residual: &'a [f64],
    /// v, the weight of the item in sums.
    pub weight: f64,
}

/// What a solver says of one item beside its marginals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Solved {
    /// log sum over z of P(z) exp(-|r - W'z|^2 / 2), P(z) the prior.
    pub log_likelihood: f64,
    /// Error that the solver admits.
    pub certificate: f64,
    /// Whether the plain method failed its certificate and a fall-back answered.
    pub rescued: bool,
}

/// Posterior of one item after another; all share weights and observed dimensions.
pub(crate) trait ItemSolver: Send + Sync {
    /// Buffers of one thread, and its running pair moments.
    type Workspace: Send;

    /// Whether answers are exact up to their certificates.
    const IS_EXACT: bool = true;

    fn workspace(&self) -> Self::Workspace;

    /// Number of features.
    fn n_features(&self) -> usize;

    /// Posterior of one item. Fills `marginals` unless `moments` is `None`; with `Pairs` adds
    /// v E[zz'] to the running sum.
    ///
    /// # Errors
    /// [`Error::NotCertified`] where the item cannot be answered; nothing of it is in the sum then.
    fn solve(
        &self,
        workspace: &mut Self::Workspace,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved>;

    /// The running sum, (K, K), symmetric; starts anew at zero.
    fn take_pairs(&self, workspace: &mut Self::Workspace) -> Array2<f64>;
}

/// A [`Solver`] of tiles from one of items.
#[derive(Debug)]
pub(crate) struct OneByOne<S> {
    solver: S,
    cancel: CancelToken,
}

impl<S: ItemSolver> OneByOne<S> {
    pub fn new(solver: S, cancel: &CancelToken) -> Self {
        Self {
            solver,
            cancel: cancel.clone(),
        }
    }
}

impl<S: ItemSolver> Solver for OneByOne<S> {
    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(OneByOneWorker {
            solver: &self.solver,
            cancel: &self.cancel,
            workspace: self.solver.workspace(),
            log_odds: Vec::new(),
            residual: Vec::new(),
            marginals: vec![0.0; self.solver.n_features()],
        })
    }

    fn tile_len(&self) -> usize {
        TILE
    }
}

struct OneByOneWorker<'a, S: ItemSolver> {
    solver: &'a S,
    cancel: &'a CancelToken,
    workspace: S::Workspace,
    log_odds: Vec<f64>,
    residual: Vec<f64>,
    marginals: Vec<f64>,
}

impl<S: ItemSolver> Worker for OneByOneWorker<'_, S> {
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()> {
        answer.resize(tile.n_items(), self.solver.n_features());
        for (ix, &weight) in tile.weights.iter().enumerate() {
            self.cancel.check()?;
            self.log_odds.clear();
            self.log_odds.extend(tile.log_odds.item(ix));
            self.residual.clear();
            self.residual.extend(tile.residuals.item(ix));
            let item = Item {
                log_odds: &self.log_odds,
                residual: &self.residual,
                weight,
            };
            let solved =
                match self
                    .solver
                    .solve(&mut self.workspace, item, moments, &mut self.marginals)
                {
                    Err(Error::NotCertified { .. }) => {
                        answer.refused[ix] = true;
                        continue;
                    }
                    outcome => outcome?,
                };
            answer.log_evidence[ix] = solved.log_likelihood;
            answer.certificate[ix] = solved.certificate;
            answer.n_rescued += usize::from(solved.rescued);
            answer.n_approximate += usize::from(!S::IS_EXACT);
            if moments >= Moments::Marginals {
                let marginals = self.marginals.iter().copied();
                answer.marginals.set_item(ix, marginals);
            }
        }
        Ok(())
    }

    fn take_pairs(&mut self) -> Array2<f64> {
        self.solver.take_pairs(&mut self.workspace)
    }
}
