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
use super::item_solver::{Item, ItemSolver, Moments, ResidualMoments, Solved};
use crate::cancel::CancelToken;
use crate::error::Result;

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
    /// Weights over sigma, (K, D). An item that needs more than `max_nodes` is an error.
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

    /// Nodes that an item takes, which tells on a pilot whether the method pays.
    ///
    /// # Errors
    /// [`crate::Error::TooManyNodes`], or [`crate::Error::Cancelled`].
    pub fn count_nodes(&self, workspace: &mut Workspace, item: Item<'_>) -> Result<usize> {
        self.find(workspace, item)?;
        Ok(workspace.search.n_nodes)
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

    fn residual_moments(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        d: usize,
    ) -> Result<ResidualMoments> {
        let found = self.find(workspace, item)?;
        let n_features = self.order.len();
        let (mut first, mut second) = (vec![0.0; n_features], vec![0.0; n_features]);
        let mut moments = ResidualMoments::default();
        for (state, mass) in workspace.search.leaves.iter() {
            let share = mass / found.mass;
            let held = self.weights.column(d).into_iter().zip(state);
            let explained: f64 = held.filter(|(_, z)| **z).map(|(w, _)| w).sum();
            let residual = item.residual[d] - explained;
            let square = share * residual * residual;
            moments.first += share * residual;
            moments.second += square;
            add_marginals(&mut first, state, share * residual);
            add_marginals(&mut second, state, square);
            add_pairs(&mut workspace.pairs, state, item.weight * square);
        }
        moments.features_first = self.by_feature(&first);
        moments.features_second = self.by_feature(&second);
        Ok(moments)
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

impl BranchAndBound {
    /// From the order of the search to that of the features.
    fn by_feature(&self, by_position: &[f64]) -> Vec<f64> {
        let mut by_feature = vec![0.0; by_position.len()];
        for (&k, &value) in self.order.iter().zip(by_position) {
            by_feature[k] = value;
        }
        by_feature
    }
}

#[cfg(test)]
mod tests;
