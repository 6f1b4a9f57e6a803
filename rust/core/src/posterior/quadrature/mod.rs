//! The exact posterior of a scalar target by characteristic-function quadrature.
//!
//! With one target dimension the coupling of the features has rank 1 and the sum over 2^K states
//! is a one-dimensional Fourier integral of a product over features (`design`: N(w'z, 1) has the
//! characteristic function of its parts). The trapezoid rule converges faster than exponentially,
//! so K in the hundreds costs K times some tens of nodes an item:
//!
//! * `nodes` lays the grid, `tilt` finds the contour through the saddle point,
//! * `integral` evaluates one item and its certificate,
//! * `conditioning` answers for the items that fail the certificate,
//! * this file gathers them into an [`ItemSolver`].

mod conditioning;
mod integral;
mod nodes;
mod tilt;

use std::sync::OnceLock;

use ndarray::{Array2, ArrayView1, s};

use self::conditioning::Branch;
use self::integral::{Integral, Weighting};
use self::nodes::{Limit, Nodes};
use super::item_solver::{Item, ItemSolver, Moments, ResidualMoments, Solved};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::numeric::softplus;

/// Solver for one observed target dimension.
///
/// Features are sorted by falling |w|, so that conditioning on the m largest leaves a suffix.
#[derive(Debug)]
pub(crate) struct Quadrature {
    /// Feature of each position.
    order: Vec<usize>,
    /// w / sigma by position.
    weights: Vec<f64>,
    /// Grid of the suffix that starts at each position; made when first needed.
    nodes: Vec<OnceLock<Option<Nodes>>>,
    /// An item that is conditioned can take a second.
    cancel: CancelToken,
}

/// Buffers of one thread.
#[derive(Debug)]
pub(crate) struct Workspace {
    log_odds: Vec<f64>,
    integral: Integral,
    expectations: Vec<f64>,
    /// Sum over items of v E[zz'] by position; its diagonal is filled from the marginals.
    pairs: Array2<f64>,
}

impl Quadrature {
    pub fn new(weights: ArrayView1<'_, f64>, cancel: &CancelToken) -> Self {
        let mut order: Vec<usize> = (0..weights.len()).collect();
        order.sort_by(|&a, &b| weights[b].abs().total_cmp(&weights[a].abs()));
        Self {
            weights: order.iter().map(|&k| weights[k]).collect(),
            nodes: (0..=weights.len()).map(|_| OnceLock::new()).collect(),
            order,
            cancel: cancel.clone(),
        }
    }

    /// The grid of the features from `start` on; None where it would be too fine.
    fn nodes(&self, start: usize) -> Option<&Nodes> {
        let limit = if start == 0 {
            Limit::Root
        } else {
            Limit::Branch
        };
        self.nodes[start]
            .get_or_init(|| Nodes::new(&self.weights[start..], limit))
            .as_ref()
    }

    fn sort_into(&self, log_odds: &[f64], sorted: &mut [f64]) {
        for (slot, &k) in sorted.iter_mut().zip(&self.order) {
            *slot = log_odds[k];
        }
    }

    /// The leaves whose mixture is the posterior: one where the plain integral is certified. The
    /// normaliser of the prior is not yet subtracted.
    fn leaves(&self, workspace: &mut Workspace, item: Item<'_>) -> Result<(Vec<Branch>, Solved)> {
        self.sort_into(item.log_odds, &mut workspace.log_odds);
        let plain = workspace.integral.evaluate(
            self.nodes(0),
            &self.weights,
            &workspace.log_odds,
            item.residual[0],
        );
        if plain.is_certified() {
            let solved = Solved {
                log_likelihood: plain.log_z,
                certificate: plain.certificate(),
                rescued: false,
            };
            return Ok((vec![Branch::root(item.residual[0], plain.log_z)], solved));
        }
        let Workspace {
            log_odds, integral, ..
        } = workspace;
        conditioning::solve(self, integral, log_odds, item.residual[0])
    }

    /// Expectations of z times the weighting, by position, of the mixture of the leaves; with
    /// `pair_weight` adds the pair moments. Returns the expectation of the weighting itself.
    fn expect(
        &self,
        workspace: &mut Workspace,
        leaves: &[Branch],
        log_z: f64,
        weighting: Weighting,
        pair_weight: Option<f64>,
    ) -> f64 {
        let Workspace {
            log_odds,
            integral,
            expectations,
            pairs,
        } = workspace;
        expectations.fill(0.0);
        let mut total = 0.0;
        let plain = leaves.len() == 1 && leaves[0].depth() == 0;
        for leaf in leaves {
            let start = leaf.depth();
            let nodes = self.nodes(start).expect("a leaf is certified on its grid");
            if !plain {
                integral.evaluate(
                    Some(nodes),
                    &self.weights[start..],
                    &log_odds[start..],
                    leaf.residual,
                );
            }
            let share = (leaf.log_z - log_z).exp();
            let (mean, marginals) = integral.expect(nodes, weighting);
            total += share * mean;
            for (sum, marginal) in expectations[start..].iter_mut().zip(marginals) {
                *sum += share * marginal;
            }
            for (sum, _) in expectations
                .iter_mut()
                .zip(&leaf.states)
                .filter(|(_, z)| **z)
            {
                *sum += share * mean;
            }
            if let Some(weight) = pair_weight {
                let weight = weight * share;
                for k in (0..start).filter(|&k| leaf.states[k]) {
                    for l in (0..start).filter(|&l| leaf.states[l]) {
                        pairs[[k, l]] += weight * mean;
                    }
                    for (l, marginal) in (start..).zip(marginals) {
                        pairs[[k, l]] += weight * marginal;
                        pairs[[l, k]] += weight * marginal;
                    }
                }
                let suffix = pairs.slice_mut(s![start.., start..]);
                integral.add_pairs(nodes, weighting, weight, suffix);
            }
        }
        total
    }
}

impl ItemSolver for Quadrature {
    type Workspace = Workspace;

    fn workspace(&self) -> Workspace {
        let n_features = self.weights.len();
        Workspace {
            log_odds: vec![0.0; n_features],
            integral: Integral::default(),
            expectations: vec![0.0; n_features],
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
        let (leaves, mut solved) = self.leaves(workspace, item)?;
        if moments >= Moments::Marginals {
            let pair_weight = (moments == Moments::Pairs).then_some(item.weight);
            self.expect(
                workspace,
                &leaves,
                solved.log_likelihood,
                Weighting::Mass,
                pair_weight,
            );
            for (&k, &expectation) in self.order.iter().zip(&workspace.expectations) {
                // Rounding may leave the unit interval by some 1e-16.
                marginals[k] = expectation.clamp(0.0, 1.0);
            }
        }
        let prior: f64 = item.log_odds.iter().map(|&l| softplus(l)).sum();
        solved.log_likelihood -= prior;
        Ok(solved)
    }

    fn residual_moments(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        _: usize,
    ) -> Result<ResidualMoments> {
        let (
            leaves,
            Solved {
                log_likelihood: log_z,
                ..
            },
        ) = self.leaves(workspace, item)?;
        let unsorted = |expectations: &[f64]| {
            let mut moments = vec![0.0; expectations.len()];
            for (&k, &expectation) in self.order.iter().zip(expectations) {
                moments[k] = expectation;
            }
            moments
        };
        let first = self.expect(workspace, &leaves, log_z, Weighting::Residual, None);
        let features_first = unsorted(&workspace.expectations);
        let weighting = Weighting::ResidualSquared;
        let second = self.expect(workspace, &leaves, log_z, weighting, Some(item.weight));
        let features_second = unsorted(&workspace.expectations);
        Ok(ResidualMoments {
            first,
            second,
            features_first,
            features_second,
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
