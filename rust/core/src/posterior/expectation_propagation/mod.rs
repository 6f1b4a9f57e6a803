//! The posterior by expectation propagation (Minka 2001), for items beyond exact reach.
//!
//! Approximate, and it says so: the certificate of an item is the width in nats of a bracket that
//! certainly holds its log likelihood, a block mean field bound below and the tilt bound above.
//!
//! * `sites` runs the propagation; where it does not converge, block mean field answers,
//!   `symmetric` is the matrix that it changes,
//! * `moments` completes pair moments and moments of the residual.

mod moments;
mod sites;
mod symmetric;

use ndarray::{Array2, ArrayView2};

use self::moments::pair_moments;
use self::sites::Sites;
use super::item_solver::{Item, ItemSolver, Solved};
use super::mean_field::{Factorised, MeanField};
use super::row_space::{Coordinates, RowSpace};
use super::tile::Moments;
use super::tilt_bound::Tilt;
use crate::error::Result;

/// Mean field sweeps below a converged item: from its marginals, the bound hardly rises later.
const BRACKET_SWEEPS: usize = 2;

/// Solver for any number of features and dimensions; approximate.
#[derive(Debug)]
pub(crate) struct ExpectationPropagation {
    space: RowSpace,
    mean_field: MeanField,
}

/// Buffers of one thread.
#[derive(Debug)]
pub(crate) struct Workspace {
    item: Coordinates,
    /// Sum over items of v E[zz'].
    pairs: Array2<f64>,
}

/// What certainly holds an item's log likelihood.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bracket {
    /// Block mean field's evidence lower bound.
    pub lower: f64,
    /// The tilt bound.
    pub upper: f64,
}

/// The approximate posterior of one item.
#[derive(Debug)]
struct Approximation {
    log_likelihood: f64,
    bracket: Bracket,
    /// E[z], (K,).
    marginals: Vec<f64>,
    /// Present where the propagation converged.
    sites: Option<Sites>,
    mean_field: Factorised,
}

impl ExpectationPropagation {
    /// Weights over sigma, (K, D).
    pub fn new(weights: ArrayView2<'_, f64>) -> Self {
        let space = RowSpace::new(weights);
        Self {
            mean_field: MeanField::new(&space),
            space,
        }
    }

    fn read<'w>(&self, workspace: &'w mut Workspace, item: Item<'_>) -> &'w Coordinates {
        self.space.read(item, &mut workspace.item);
        &workspace.item
    }

    fn approximate(&self, item: &Coordinates) -> Approximation {
        let (space, mean_field) = (&self.space, &self.mean_field);
        let tilt = Tilt::minimise(space, item);
        let start = tilt.marginals(space, item);
        if let Some(sites) = Sites::converge(space, item, &start) {
            let below = mean_field.ascend(space, item, &sites.marginals, Some(BRACKET_SWEEPS));
            let bracket = Bracket {
                lower: below.log_likelihood,
                upper: tilt.bound,
            };
            let mut marginals = sites.marginals.clone();
            for (marginal, _) in marginals.iter_mut().zip(&item.certain).filter(|(_, c)| **c) {
                *marginal = 1.0;
            }
            return Approximation {
                // Nothing outside the bracket is nearer to the truth than its end.
                log_likelihood: bracket.nearest(sites.log_likelihood(space, item)),
                bracket,
                marginals,
                sites: Some(sites),
                mean_field: below,
            };
        }
        let mean_field = mean_field.ascend(space, item, &start, None);
        Approximation {
            log_likelihood: mean_field.log_likelihood,
            bracket: Bracket {
                lower: mean_field.log_likelihood,
                upper: tilt.bound,
            },
            marginals: mean_field.marginals.clone(),
            sites: None,
            mean_field,
        }
    }

    /// E[zz'], (K, K).
    fn pairs(&self, item: &Coordinates, approximation: &Approximation) -> Array2<f64> {
        match &approximation.sites {
            Some(sites) => pair_moments(&self.space, sites, &approximation.marginals),
            None => self
                .mean_field
                .pairs(&approximation.mean_field, &item.certain),
        }
    }
}

impl Bracket {
    /// Nats between the ends.
    pub fn width(self) -> f64 {
        (self.upper - self.lower).max(0.0)
    }

    fn nearest(self, value: f64) -> f64 {
        value.max(self.lower).min(self.upper)
    }
}

impl ItemSolver for ExpectationPropagation {
    type Workspace = Workspace;

    const IS_EXACT: bool = false;

    fn n_features(&self) -> usize {
        self.space.n_features()
    }

    fn workspace(&self) -> Workspace {
        let n_features = self.space.n_features();
        Workspace {
            item: self.space.coordinates(),
            pairs: Array2::zeros((n_features, n_features)),
        }
    }

    /// The certificate is the width of the bracket in nats; an item is rescued where propagation
    /// did not converge and block mean field answered.
    fn solve(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved> {
        let coordinates = self.read(workspace, item);
        let approximation = self.approximate(coordinates);
        if moments >= Moments::Marginals {
            marginals.copy_from_slice(&approximation.marginals);
        }
        if moments == Moments::Pairs {
            let pairs = self.pairs(coordinates, &approximation);
            workspace.pairs.scaled_add(item.weight, &pairs);
        }
        Ok(Solved {
            log_likelihood: approximation.log_likelihood,
            certificate: approximation.bracket.width(),
            rescued: approximation.sites.is_none(),
        })
    }

    fn take_pairs(&self, workspace: &mut Workspace) -> Array2<f64> {
        let n_features = self.space.n_features();
        std::mem::replace(
            &mut workspace.pairs,
            Array2::zeros((n_features, n_features)),
        )
    }
}

#[cfg(test)]
mod tests;
