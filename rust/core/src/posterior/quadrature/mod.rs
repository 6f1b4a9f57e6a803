//! The exact posterior of one or two target dimensions by characteristic-function quadrature.
//!
//! With D observed dimensions the coupling of the features has rank D and the sum over 2^K states
//! is a D-dimensional Fourier integral of a product over features (the density of W'z plus noise has
//! the characteristic function of its parts). The trapezoid rule converges faster than exponentially,
//! so K in the hundreds costs K times some tens (D = 1) or hundreds (D = 2) of nodes an item:
//!
//! * `axes` orders the features and turns the grid, `grid` lays it, `nodes` holds it,
//! * `tilt` finds the contour through the saddle point,
//! * `integral` evaluates one item and its certificate, by the loops of `products`,
//! * `pairs` gathers the pair moments of many items,
//! * `conditioning` splits the items that fail the certificate, `leaves` mixes the parts,
//! * this file puts them together as an [`ItemSolver`].

#![expect(
    clippy::inline_always,
    reason = "vector instructions exist only inside the function that was dispatched"
)]
#![expect(
    clippy::needless_range_loop,
    reason = "iterators take closures, which vectors stay out of"
)]

mod axes;
mod conditioning;
mod grid;
mod integral;
mod leaves;
mod nodes;
mod pairs;
mod products;
mod tilt;

use std::sync::OnceLock;

use ndarray::{Array2, ArrayView2};
use pulp::Arch;

use self::axes::{Axes, padded};
use self::integral::{Evaluate, Evaluated, Integral};
use self::nodes::{Limit, Nodes};
use self::pairs::PairSum;
use self::tilt::Features;
use super::item_solver::{Item, ItemSolver, Solved};
use super::tile::Moments;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::simd::MAX_LANES;

/// Solver for D = 1 or 2 observed target dimensions.
#[derive(Debug)]
pub(crate) struct Quadrature<const D: usize> {
    axes: Axes<D>,
    /// Grid of the suffix that starts at each position; made when first needed.
    nodes: Vec<OnceLock<Option<Nodes<D>>>>,
    /// Grid of all features where a table would be too large; made when first needed.
    wide: OnceLock<Option<Nodes<D>>>,
    arch: Arch,
    /// An item that is conditioned can take a second.
    cancel: CancelToken,
}

/// Buffers of one thread.
#[derive(Debug)]
pub(crate) struct Workspace<const D: usize> {
    /// By position, padded by -inf.
    log_odds: Vec<f64>,
    integral: Integral<D>,
    /// By position.
    expectations: Vec<f64>,
    pairs: PairSum,
}

impl<const D: usize> Quadrature<D> {
    /// Solver of weights over sigma, (K, D).
    pub fn new(weights: ArrayView2<'_, f64>, cancel: &CancelToken) -> Self {
        assert!(
            weights.ncols() == D && (1..=2).contains(&D),
            "one or two target dimensions"
        );
        Self {
            nodes: (0..=weights.nrows()).map(|_| OnceLock::new()).collect(),
            wide: OnceLock::new(),
            axes: Axes::new(weights),
            arch: Arch::new(),
            cancel: cancel.clone(),
        }
    }

    /// Weight of the feature at a position along the axes.
    fn weight(&self, position: usize) -> [f64; D] {
        self.axes.weights.each_ref().map(|w| w[position])
    }

    /// The grid of the features from `start` on; None where it would be too fine.
    fn nodes(&self, start: usize) -> Option<&Nodes<D>> {
        let limit = if start == 0 {
            Limit::Root
        } else {
            Limit::Branch
        };
        let nodes = self.nodes[start].get_or_init(|| self.make_nodes(start, limit));
        nodes.as_ref()
    }

    /// The grid of all features for items that need it whatever it costs.
    fn wide_nodes(&self) -> Option<&Nodes<D>> {
        let nodes = self.wide.get_or_init(|| self.make_nodes(0, Limit::Wide));
        nodes.as_ref()
    }

    fn make_nodes(&self, start: usize, limit: Limit) -> Option<Nodes<D>> {
        let n_features = self.n_features();
        let weights = self.axes.weights.each_ref().map(|w| &w[start..n_features]);
        Nodes::new(self.arch, weights, limit)
    }

    fn evaluate(
        &self,
        integral: &mut Integral<D>,
        nodes: Option<&Nodes<D>>,
        start: usize,
        log_odds: &[f64],
        residual: [f64; D],
        marginals: bool,
    ) -> Evaluated {
        let n_features = self.n_features() - start;
        let end = start + n_features.next_multiple_of(MAX_LANES);
        self.arch.dispatch(Evaluate {
            integral,
            nodes,
            features: Features {
                count: n_features,
                weights: self.axes.weights.each_ref().map(|w| &w[start..end]),
                log_odds: &log_odds[start..end],
            },
            residual,
            marginals,
        })
    }

    /// From positions back to features.
    fn unsort(&self, by_position: &[f64], by_feature: &mut [f64]) {
        for (&k, &value) in self.axes.order.iter().zip(by_position) {
            by_feature[k] = value;
        }
    }
}

impl<const D: usize> ItemSolver for Quadrature<D> {
    type Workspace = Workspace<D>;

    fn n_features(&self) -> usize {
        self.axes.order.len()
    }

    fn workspace(&self) -> Workspace<D> {
        let n_features = self.n_features();
        Workspace {
            log_odds: vec![f64::NEG_INFINITY; padded(n_features)],
            integral: Integral::default(),
            expectations: vec![0.0; n_features],
            pairs: PairSum::new(n_features),
        }
    }

    fn solve(
        &self,
        workspace: &mut Workspace<D>,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved> {
        if moments < Moments::Marginals {
            return Ok(self.leaves(workspace, item, false)?.solved);
        }
        let leaves = self.leaves(workspace, item, true)?;
        let pair_weight = (moments == Moments::Pairs).then_some(item.weight);
        self.expect(workspace, &leaves, pair_weight);
        // Rounding may leave the unit interval by some 1e-16.
        for expectation in &mut workspace.expectations {
            *expectation = expectation.clamp(0.0, 1.0);
        }
        self.unsort(&workspace.expectations, marginals);
        Ok(leaves.solved)
    }

    fn take_pairs(&self, workspace: &mut Workspace<D>) -> Array2<f64> {
        workspace.pairs.take(self.arch, &self.axes.order)
    }
}

#[cfg(test)]
mod tests;
