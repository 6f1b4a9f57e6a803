//! Block mean field: independent blocks of features, each with its exact joint distribution.
//!
//! Features that are coupled most share a block. Block after block takes its best distribution
//! given the means of the others, so the evidence lower bound
//!
//! sum_b (log Z_b - e_b . s_b + |s_b|^2 / 2) - |e|^2 / 2 - sum_k softplus(lambda_k)
//!
//! never falls: s_b = W_b' E[z_b], e_b the expected residual without block b, e with all blocks,
//! Z_b the normaliser of the block's exp((lambda_b + W_b e_b) . z - z'Jz / 2). It is below the log
//! likelihood for any distributions of the blocks, converged or not.

mod block;

use ndarray::Array2;

use self::block::{Block, fold_marginals, partition};
use super::row_space::{Coordinates, RowSpace, add_scaled, dot};
use crate::numeric::softplus;

const MAX_SWEEPS: usize = 200;
/// Change of the bound in nats that ends the sweeps.
const TOLERANCE: f64 = 1e-6;

/// The blocks of a set of weights.
#[derive(Debug)]
pub(crate) struct MeanField {
    blocks: Vec<Block>,
}

/// The factorised posterior of one item.
#[derive(Debug)]
pub(crate) struct Factorised {
    /// Evidence lower bound.
    pub log_likelihood: f64,
    /// E[z], (K,).
    pub marginals: Vec<f64>,
    /// By block, the probability of every state.
    tables: Vec<Vec<f64>>,
}

impl MeanField {
    pub fn new(space: &RowSpace) -> Self {
        let coupling = space.weights().dot(&space.weights().t());
        Self {
            blocks: partition(coupling.view())
                .into_iter()
                .map(|features| Block::new(features, coupling.view()))
                .collect(),
        }
    }

    /// Ascend from the given means, (K,), for at most `max_sweeps` sweeps.
    pub fn ascend(
        &self,
        space: &RowSpace,
        item: &Coordinates,
        means: &[f64],
        max_sweeps: Option<usize>,
    ) -> Factorised {
        let n = space.n_coordinates();
        let mut posterior = Factorised {
            log_likelihood: f64::NEG_INFINITY,
            marginals: means.to_vec(),
            tables: self
                .blocks
                .iter()
                .map(|b| vec![0.0; b.quadratic.len()])
                .collect(),
        };
        let prior: f64 = item.log_odds.iter().map(|&l| softplus(l)).sum();
        let mut scratch = Vec::new();
        for _ in 0..max_sweeps.unwrap_or(MAX_SWEEPS) {
            // Anew in every sweep, so that rounding does not pile up.
            let mut residual = item.residual.clone();
            for (k, mean) in posterior.marginals.iter().enumerate() {
                add_scaled(&mut residual, -mean, space.feature(k));
            }
            let mut bound = item.log_outside - prior;
            for (block, table) in self.blocks.iter().zip(&mut posterior.tables) {
                for &k in &block.features {
                    add_scaled(&mut residual, posterior.marginals[k], space.feature(k));
                }
                let fields = block
                    .features
                    .iter()
                    .map(|&k| item.log_odds[k] + dot(space.feature(k), &residual));
                let log_z = block.distribute(fields, table);
                scratch.clone_from(table);
                let mut explained = vec![0.0; n];
                fold_marginals(&mut scratch, |position, mean| {
                    let k = block.features[position];
                    posterior.marginals[k] = mean;
                    add_scaled(&mut explained, mean, space.feature(k));
                });
                bound += log_z - dot(&residual, &explained) + 0.5 * dot(&explained, &explained);
                add_scaled(&mut residual, -1.0, &explained);
            }
            bound -= 0.5 * dot(&residual, &residual);
            let gain = bound - posterior.log_likelihood;
            posterior.log_likelihood = bound;
            if gain < TOLERANCE {
                break;
            }
        }
        for (marginal, certain) in posterior.marginals.iter_mut().zip(&item.certain) {
            // Rounding may leave the unit interval by some 1e-16.
            *marginal = if *certain { 1.0 } else { marginal.min(1.0) };
        }
        posterior
    }

    /// E[zz'], (K, K): joint inside a block, products across.
    pub fn pairs(&self, posterior: &Factorised, certain: &[bool]) -> Array2<f64> {
        let means = &posterior.marginals;
        let mut pairs = Array2::from_shape_fn((means.len(), means.len()), |(k, l)| {
            if k == l {
                means[k]
            } else {
                means[k] * means[l]
            }
        });
        for (block, table) in self.blocks.iter().zip(&posterior.tables) {
            for (i, &k) in block.features.iter().enumerate() {
                for (j, &l) in block.features[..i].iter().enumerate() {
                    if certain[k] || certain[l] {
                        continue;
                    }
                    let both = 1 << i | 1 << j;
                    let states = table.iter().enumerate();
                    let held = states.filter(|(state, _)| state & both == both);
                    let pair: f64 = held.map(|(_, q)| q).sum();
                    (pairs[[k, l]], pairs[[l, k]]) = (pair, pair);
                }
            }
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::block::MAX_BLOCK;
    use super::*;
    use crate::posterior::brute_force::{case, distance};

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_bound_is_below_the_log_likelihood_and_never_falls(case in case(11, 8)) {
            let truth = case.brute_force();
            let space = RowSpace::new(case.weights.view());
            let mut item = space.coordinates();
            space.read(case.item(), &mut item);
            let mean_field = MeanField::new(&space);
            let start = vec![0.5; case.log_odds.len()];
            let slack = case.table_rounding(truth.log_likelihood);
            let mut last = f64::NEG_INFINITY;
            for max_sweeps in [Some(1), Some(2), Some(5), None] {
                let bound = mean_field.ascend(&space, &item, &start, max_sweeps).log_likelihood;
                prop_assert!(bound <= truth.log_likelihood + slack);
                prop_assert!(bound >= last - slack);
                last = bound;
            }
        }

        #[test]
        fn one_block_is_exact(case in case(MAX_BLOCK, 8)) {
            let truth = case.brute_force();
            let space = RowSpace::new(case.weights.view());
            let mut item = space.coordinates();
            space.read(case.item(), &mut item);
            let mean_field = MeanField::new(&space);
            let start = vec![0.5; case.log_odds.len()];
            let got = mean_field.ascend(&space, &item, &start, None);
            let slack = case.table_rounding(truth.log_likelihood);
            prop_assert!((got.log_likelihood - truth.log_likelihood).abs() < slack);
            prop_assert!(distance(&got.marginals, &truth.marginals) < slack);
            let pairs = mean_field.pairs(&got, &item.certain);
            prop_assert!(distance(&pairs, &truth.pairs) < slack);
        }
    }
}
