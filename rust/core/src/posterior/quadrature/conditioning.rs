//! Items whose plain integral cancels: few atoms, gaps of many sigmas.
//!
//! Conditioning on the features with the largest weights splits the sum into branches, each with
//! its own tilt. A branch is a leaf once its integral is certified, and it is dropped once its
//! certain upper bound is negligible beside the leaves found so far; else it is split again. The
//! sum over all features' states is the last resort; work is bounded, and beyond it the item is refused.

use super::Quadrature;
use super::integral::Integral;
use super::nodes::Nodes;
use crate::error::{Error, Result};
use crate::numeric::{log_add_exp, softplus};
use crate::posterior::item_solver::{ItemSolver, Solved};

/// A branch below exp(-50) of the sum cannot be seen, nor can all that are ever dropped.
const NEGLIGIBLE: f64 = 50.0;
/// Work on an item before giving up, in features times nodes: less than a second.
pub(super) const MAX_WORK: usize = 1 << 28;
/// Work of finding the tilt of a branch, in nodes.
const TILT_NODES: usize = 64;

/// States of the first features; the rest are integrated.
#[derive(Debug, Clone)]
pub(super) struct Branch<const D: usize> {
    /// z of the features with the largest weights, in their order.
    pub states: Vec<bool>,
    /// c less the weights of the features that hold.
    pub residual: [f64; D],
    /// Log prior of the states.
    log_prior: f64,
    /// Log of the branch's part of the sum; set once the branch is a leaf.
    pub log_likelihood: f64,
}

impl<const D: usize> Branch<D> {
    pub fn root(residual: [f64; D], log_likelihood: f64) -> Self {
        Self {
            states: Vec::new(),
            residual,
            log_prior: 0.0,
            log_likelihood,
        }
    }

    /// Number of features whose states are given.
    pub fn depth(&self) -> usize {
        self.states.len()
    }

    /// None where the prior excludes the state.
    fn child(&self, state: bool, weight: [f64; D], log_odds: f64) -> Option<Self> {
        let against = if state { -log_odds } else { log_odds };
        if against == f64::INFINITY {
            return None;
        }
        let mut states = self.states.clone();
        states.push(state);
        let effect = if state { weight } else { [0.0; D] };
        Some(Self {
            states,
            residual: std::array::from_fn(|d| self.residual[d] - effect[d]),
            log_prior: self.log_prior - softplus(against),
            log_likelihood: f64::NEG_INFINITY,
        })
    }
}

/// Leaves whose mixture is the posterior, and their sum, within `max_work` features times nodes.
pub(super) fn solve<const D: usize>(
    quadrature: &Quadrature<D>,
    integral: &mut Integral<D>,
    log_odds: &[f64],
    residual: [f64; D],
    max_work: usize,
) -> Result<(Vec<Branch<D>>, Solved)> {
    let mut open = vec![(f64::INFINITY, Branch::root(residual, f64::NEG_INFINITY))];
    let mut leaves: Vec<Branch<D>> = Vec::new();
    let mut solved = Solved {
        log_likelihood: f64::NEG_INFINITY,
        certificate: 0.0,
        rescued: true,
    };
    let mut work = 0;
    while let Some((log_bound, branch)) = open.pop() {
        if log_bound < solved.log_likelihood - NEGLIGIBLE {
            continue;
        }
        let depth = branch.depth();
        let mut children = Vec::with_capacity(2);
        for state in [false, true] {
            let Some(mut child) = branch.child(state, quadrature.weight(depth), log_odds[depth])
            else {
                continue;
            };
            quadrature.cancel.check()?;
            if work > max_work {
                return Err(Error::NotCertified { item: 0 });
            }
            let start = child.depth();
            let nodes = quadrature.nodes(start);
            work +=
                (quadrature.n_features() - start + 1) * (TILT_NODES + nodes.map_or(0, Nodes::len));
            let evaluated =
                quadrature.evaluate(integral, nodes, start, log_odds, child.residual, false);
            if evaluated.is_certified() {
                child.log_likelihood = child.log_prior + evaluated.log_likelihood;
                solved.log_likelihood = log_add_exp(solved.log_likelihood, child.log_likelihood);
                solved.certificate = solved.certificate.max(evaluated.certificate);
                leaves.push(child);
            } else {
                children.push((child.log_prior + evaluated.log_bound, child));
            }
        }
        // The more promising child is opened first, so that the other is more often dropped.
        children.sort_by(|a, b| a.0.total_cmp(&b.0));
        open.append(&mut children);
    }
    Ok((leaves, solved))
}
