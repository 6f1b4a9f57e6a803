//! The posterior by branch and bound: exact but for a mass that is certified to be negligible.
//!
//! Where the target has as many dimensions as there are features and little noise, the posterior
//! sits on some tens to thousands of the 2^K states. `reference` climbs to a likely one, `search`
//! goes depth first through the others and leaves out subtrees that `relaxation` bounds by the
//! steps of `descent`, `leaves` holds what was found. The threshold falls until the neglected mass is small enough.

mod descent;
mod leaves;
mod reference;
mod relaxation;
mod search;

use ndarray::{Array2, ArrayView2, s};

use self::leaves::{add_marginals, add_pairs};
use self::reference::{Landscape, Reference};
use self::relaxation::Relaxation;
use self::search::{Pass, Rules, Search};
use super::item_solver::{Item, ItemSolver, Solved};
use super::tile::{Moments, Tile};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Neglected mass relative to the whole that is put up with.
const MAX_NEGLECTED: f64 = 1e-9;
/// The first threshold is below the neglected mass that is allowed: there are many subtrees.
const FIRST_MARGIN: f64 = 3.0;
/// The least fall of the threshold between two passes.
const LEAST_FALL: f64 = 1.5;

/// Solver that visits the states that matter.
#[derive(Debug)]
pub(crate) struct BranchAndBound {
    /// Feature of each position: by falling |w|.
    order: Vec<usize>,
    /// W / sigma by position, (K, D).
    weights: Array2<f64>,
    /// J = W S^-1 W' by position.
    coupling: Array2<f64>,
    /// Of the features from each position on.
    relaxations: Vec<Relaxation>,
    max_nodes: usize,
    cancel: CancelToken,
}

/// Buffers of one thread.
#[derive(Debug)]
pub(crate) struct Workspace {
    log_odds: Vec<f64>,
    search: Search,
    /// Sum over items of v E[zz'] by position.
    pairs: Array2<f64>,
}

/// What the search of one item left in the workspace.
#[derive(Debug, Clone, Copy)]
struct Found {
    log_likelihood: f64,
    /// Mass of all leaves.
    mass: f64,
    certificate: f64,
}

impl BranchAndBound {
    /// Weights over sigma, (K, D). An item that needs more than `max_nodes` is not certified.
    pub fn new(weights: ArrayView2<'_, f64>, max_nodes: usize, cancel: &CancelToken) -> Self {
        let power = |k: usize| weights.row(k).dot(&weights.row(k));
        let mut order: Vec<usize> = (0..weights.nrows()).collect();
        order.sort_by(|&a, &b| power(b).total_cmp(&power(a)));
        let weights = Array2::from_shape_fn(weights.dim(), |(k, d)| weights[[order[k], d]]);
        let coupling = weights.dot(&weights.t()).as_standard_layout().into_owned();
        let free = |depth: usize| coupling.slice(s![depth.., depth..]);
        Self {
            relaxations: (0..order.len()).map(|d| Relaxation::new(free(d))).collect(),
            order,
            weights,
            coupling,
            max_nodes,
            cancel: cancel.clone(),
        }
    }

    /// Nodes of an item on average, from a pilot; None where one in ten takes more than the limit.
    ///
    /// # Errors
    /// [`Error::Cancelled`].
    pub fn mean_nodes(&self, pilot: &Tile) -> Result<Option<f64>> {
        let mut workspace = self.workspace();
        let (mut total, mut n_refused) = (0, 0);
        for ix in 0..pilot.n_items() {
            let log_odds: Vec<f64> = pilot.log_odds.item(ix).collect();
            let residual: Vec<f64> = pilot.residuals.item(ix).collect();
            let item = Item {
                log_odds: &log_odds,
                residual: &residual,
                weight: 1.0,
            };
            match self.find(&mut workspace, item) {
                Err(Error::NotCertified { .. }) => n_refused += 1,
                outcome => {
                    outcome?;
                }
            }
            total += workspace.search.n_nodes;
            if 10 * n_refused > pilot.n_items() {
                return Ok(None);
            }
        }
        Ok(Some(total as f64 / pilot.n_items().max(1) as f64))
    }

    /// Fill the leaves: the threshold falls until what is neglected is certainly small.
    fn find(&self, workspace: &mut Workspace, item: Item<'_>) -> Result<Found> {
        let Workspace {
            log_odds, search, ..
        } = workspace;
        for (slot, &k) in log_odds.iter_mut().zip(&self.order) {
            *slot = item.log_odds[k];
        }
        let landscape = Landscape {
            weights: self.weights.view(),
            coupling: self.coupling.view(),
            log_odds,
            residual: item.residual,
        };
        let rules = Rules {
            landscape,
            relaxations: &self.relaxations,
            max_nodes: self.max_nodes,
            cancel: &self.cancel,
        };
        let mut reference: Reference = landscape.reference();
        let mut log_threshold = MAX_NEGLECTED.ln() - FIRST_MARGIN;
        search.n_nodes = 0;
        loop {
            let neglected = match search.pass(rules, &reference, log_threshold)? {
                Pass::Neglected(neglected) => neglected,
                Pass::Better(state) => {
                    reference = landscape.climb(state);
                    continue;
                }
            };
            let mass = search.leaves.mass();
            if neglected <= MAX_NEGLECTED * mass {
                return Ok(Found {
                    log_likelihood: reference.log_joint + mass.ln(),
                    mass,
                    certificate: neglected / mass,
                });
            }
            let excess = (neglected / (MAX_NEGLECTED * mass)).ln() + 0.5;
            log_threshold -= excess.max(LEAST_FALL);
        }
    }
}

impl ItemSolver for BranchAndBound {
    type Workspace = Workspace;

    fn n_features(&self) -> usize {
        self.order.len()
    }

    fn workspace(&self) -> Workspace {
        let n_features = self.order.len();
        Workspace {
            log_odds: vec![0.0; n_features],
            search: Search::new(n_features),
            pairs: Array2::zeros((n_features, n_features)),
        }
    }

    fn solve(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved> {
        let found = self.find(workspace, item)?;
        if moments >= Moments::Marginals {
            let mut sums = vec![0.0; marginals.len()];
            for (state, mass) in workspace.search.leaves.iter() {
                add_marginals(&mut sums, state, mass / found.mass);
            }
            for (&k, sum) in self.order.iter().zip(sums) {
                marginals[k] = sum.min(1.0);
            }
        }
        if moments == Moments::Pairs {
            for (state, mass) in workspace.search.leaves.iter() {
                add_pairs(&mut workspace.pairs, state, item.weight * mass / found.mass);
            }
        }
        Ok(Solved {
            log_likelihood: found.log_likelihood,
            certificate: found.certificate,
            rescued: false,
        })
    }

    fn take_pairs(&self, workspace: &mut Workspace) -> Array2<f64> {
        let mut pairs = Array2::zeros(workspace.pairs.raw_dim());
        for ((i, j), &pair) in workspace.pairs.indexed_iter() {
            pairs[[self.order[i], self.order[j]]] = pair;
        }
        workspace.pairs.fill(0.0);
        pairs
    }
}

#[cfg(test)]
mod tests;
