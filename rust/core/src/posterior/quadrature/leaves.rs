//! The posterior of one item as a mixture of integrals, mostly of one.

use super::conditioning::{self, Branch};
use super::integral::Evaluated;
use super::pairs::AddRows;
use super::{Quadrature, Workspace};
use crate::error::{Error, Result};
use crate::posterior::item_solver::{Item, ItemSolver, Solved};

/// How the posterior of one item is found: as a mixture of leaves.
pub(super) struct Leaves<const D: usize> {
    branches: Vec<Branch<D>>,
    pub solved: Solved,
    /// The only leaf is the root and the workspace holds its integral.
    evaluated: bool,
}

impl<const D: usize> Quadrature<D> {
    /// The leaves whose mixture is the posterior: one where the plain integral is certified.
    pub(super) fn leaves(
        &self,
        workspace: &mut Workspace<D>,
        item: Item<'_>,
        marginals: bool,
    ) -> Result<Leaves<D>> {
        for (slot, &k) in workspace.log_odds.iter_mut().zip(&self.axes.order) {
            *slot = item.log_odds[k];
        }
        let Workspace {
            log_odds, integral, ..
        } = workspace;
        let residual = self.axes.rotate(item.residual);
        let plain = self.nodes(0);
        if plain.is_some() {
            let evaluated = self.evaluate(integral, plain, 0, log_odds, residual, marginals);
            if evaluated.is_certified() {
                return Ok(Leaves::whole(residual, evaluated, false));
            }
        }
        // Many features whose weights are all far above the noise: the states are too many to
        // separate and the integral is smooth, only fine. Tried once conditioning has cost as much.
        let wide = match plain {
            Some(_) => None,
            None => self.wide_nodes(),
        };
        if let Some(nodes) = wide {
            let max_work = nodes.len() * self.n_features();
            match conditioning::solve(self, integral, log_odds, residual, max_work) {
                Err(Error::NotCertified { .. }) => {}
                answer => return answer.map(Leaves::branches),
            }
            let evaluated = self.evaluate(integral, wide, 0, log_odds, residual, marginals);
            if evaluated.is_certified() {
                return Ok(Leaves::whole(residual, evaluated, true));
            }
        }
        let max_work = conditioning::MAX_WORK;
        conditioning::solve(self, integral, log_odds, residual, max_work).map(Leaves::branches)
    }

    /// E[z], by position, of the mixture of the leaves; with `pair_weight` adds the pair moments.
    pub(super) fn expect(
        &self,
        workspace: &mut Workspace<D>,
        leaves: &Leaves<D>,
        pair_weight: Option<f64>,
    ) {
        let Workspace {
            log_odds,
            integral,
            expectations,
            pairs,
        } = workspace;
        expectations.fill(0.0);
        for leaf in &leaves.branches {
            let start = leaf.depth();
            let nodes = if start == 0 {
                self.nodes(0).or_else(|| self.wide_nodes())
            } else {
                self.nodes(start)
            };
            if !leaves.evaluated {
                let residual = leaf.residual;
                self.evaluate(integral, nodes, start, log_odds, residual, true);
            }
            let share = (leaf.log_likelihood - leaves.solved.log_likelihood).exp();
            let (given, integrated) = expectations.split_at_mut(start);
            for (sum, &holds) in given.iter_mut().zip(&leaf.states) {
                *sum += if holds { share } else { 0.0 };
            }
            for (sum, marginal) in integrated.iter_mut().zip(&integral.marginals) {
                *sum += share * marginal;
            }
            if let Some(weight) = pair_weight {
                self.arch.dispatch(AddRows {
                    pairs,
                    integral,
                    nodes: nodes.expect("a leaf is certified on its grid"),
                    weight: weight * share,
                    states: &leaf.states,
                    arch: self.arch,
                });
            }
        }
        if let Some(weight) = pair_weight {
            pairs.add_marginals(weight, expectations);
        }
    }
}

impl<const D: usize> Leaves<D> {
    fn whole(residual: [f64; D], evaluated: Evaluated, rescued: bool) -> Self {
        Self {
            branches: vec![Branch::root(residual, evaluated.log_likelihood)],
            solved: Solved {
                log_likelihood: evaluated.log_likelihood,
                certificate: evaluated.certificate,
                rescued,
            },
            evaluated: true,
        }
    }

    fn branches((branches, solved): (Vec<Branch<D>>, Solved)) -> Self {
        Self {
            branches,
            solved,
            evaluated: false,
        }
    }
}
