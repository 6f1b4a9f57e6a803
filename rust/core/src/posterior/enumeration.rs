//! The exact posterior by summing over all 2^K states.
//!
//! State s is a number whose bit k is z_k. Tables over states are filled by doubling (the states
//! with bit k are those without it, plus one term) and folded by halving.

use ndarray::{Array2, ArrayView2};

use super::item_solver::{Item, ItemSolver, Moments, ResidualMoments, Solved};
use crate::error::Result;
use crate::numeric::softplus;

/// The most features that enumeration takes: 2^20 states are 8 MiB a table.
pub const MAX_ENUMERATION_FEATURES: usize = 20;

/// Rounding of a state's logarithm that is put up with; above, the highest states are recomputed.
const MAX_ROUNDING: f64 = 1e-12;
/// States below exp(-50) of the highest cannot be seen.
const NEGLIGIBLE: f64 = 50.0;

/// Solver that sums over states.
#[derive(Debug)]
pub(crate) struct Enumeration<'a> {
    /// W / sigma, (K, D).
    weights: ArrayView2<'a, f64>,
    /// -z'Jz / 2 of every state, J = W S^-1 W'.
    quadratic: Vec<f64>,
    /// The largest |z'Jz / 2|: its rounding is that of the table.
    largest_quadratic: f64,
}

/// Tables over states of one thread.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Posterior of the current item.
    posterior: Vec<f64>,
    /// Scratch that folding consumes.
    scratch: Vec<f64>,
    /// Sum over items of v q(z), times r^2 in the residual pass.
    summed: Vec<f64>,
}

impl<'a> Enumeration<'a> {
    pub fn new(weights: ArrayView2<'a, f64>) -> Self {
        let coupling = weights.dot(&weights.t());
        let mut quadratic = vec![0.0; 1 << weights.nrows()];
        for k in 0..weights.nrows() {
            let (without, with) = quadratic[..1 << (k + 1)].split_at_mut(1 << k);
            // z'Jz gains J_kk + 2 sum over the features l < k of state s.
            fill_linear(with, &coupling.row(k).to_vec()[..k]);
            for (with, without) in with.iter_mut().zip(without) {
                *with = *without - 0.5 * coupling[[k, k]] - *with;
            }
        }
        let largest_quadratic = quadratic.iter().fold(0.0_f64, |most, q| most.max(q.abs()));
        Self {
            weights,
            quadratic,
            largest_quadratic,
        }
    }

    fn n_features(&self) -> usize {
        self.weights.nrows()
    }

    /// Fill the normalised posterior table and return log Z.
    ///
    /// Where the noise is small beside the weights, the table's terms cancel and the logarithms
    /// carry their rounding. Those of the highest states are then computed again from their
    /// residuals, and the sum is always anchored at a residual.
    fn fill_posterior(&self, table: &mut [f64], item: Item<'_>) -> f64 {
        let natural: Vec<f64> = item
            .log_odds
            .iter()
            .zip(self.weights.rows())
            .map(|(l, w)| l + w.iter().zip(item.residual).map(|(w, r)| w * r).sum::<f64>())
            .collect();
        fill_linear(table, &natural);
        let (mut highest, mut highest_state) = (f64::NEG_INFINITY, 0);
        for (state, (log_q, quadratic)) in table.iter_mut().zip(&self.quadratic).enumerate() {
            *log_q += quadratic;
            if *log_q > highest {
                (highest, highest_state) = (*log_q, state);
            }
        }
        let anchor = self.log_joint(item, highest_state);
        let linear: f64 = natural.iter().map(|g| g.abs()).sum();
        let rounding = f64::EPSILON * (self.largest_quadratic + linear);
        let visible = -NEGLIGIBLE - 2.0 * rounding;
        let mut mass = 0.0;
        for (state, q) in table.iter_mut().enumerate() {
            let mut below = *q - highest;
            if rounding > MAX_ROUNDING && below > visible {
                below = self.log_joint(item, state) - anchor;
            }
            *q = below.exp();
            mass += *q;
        }
        for q in table.iter_mut() {
            *q /= mass;
        }
        anchor + mass.ln()
    }

    /// lambda . z - |r - W'z|^2 / 2 of one state.
    fn log_joint(&self, item: Item<'_>, state: usize) -> f64 {
        let holds = |k: usize| state >> k & 1 == 1;
        let prior: f64 = (0..self.n_features())
            .filter(|&k| holds(k))
            .map(|k| item.log_odds[k])
            .sum();
        let power: f64 = item
            .residual
            .iter()
            .enumerate()
            .map(|(d, residual)| {
                let explained: f64 = (0..self.n_features())
                    .filter(|&k| holds(k))
                    .map(|k| self.weights[[k, d]])
                    .sum();
                (residual - explained).powi(2)
            })
            .sum();
        prior - 0.5 * power
    }
}

impl ItemSolver for Enumeration<'_> {
    type Workspace = Workspace;

    fn workspace(&self) -> Workspace {
        let n_states = self.quadratic.len();
        Workspace {
            posterior: vec![0.0; n_states],
            scratch: vec![0.0; n_states],
            summed: vec![0.0; n_states],
        }
    }

    fn solve(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved> {
        let log_z = self.fill_posterior(&mut workspace.posterior, item);
        let prior: f64 = item.log_odds.iter().map(|&l| softplus(l)).sum();
        if moments == Moments::Pairs {
            for (sum, q) in workspace.summed.iter_mut().zip(&workspace.posterior) {
                *sum += item.weight * q;
            }
        }
        if moments >= Moments::Marginals {
            fold_marginals(&mut workspace.posterior, marginals);
        }
        let certificate = f64::EPSILON * self.n_features().max(1) as f64;
        Ok(Solved {
            log_likelihood: log_z - prior,
            certificate,
            rescued: false,
        })
    }

    fn residual_moments(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        d: usize,
    ) -> Result<ResidualMoments> {
        self.fill_posterior(&mut workspace.posterior, item);
        let effects: Vec<f64> = self.weights.column(d).to_vec();
        let mut moments = ResidualMoments {
            features_first: vec![0.0; self.n_features()],
            features_second: vec![0.0; self.n_features()],
            ..ResidualMoments::default()
        };
        fill_linear(&mut workspace.scratch, &effects);
        for (q, explained) in workspace.posterior.iter_mut().zip(&mut workspace.scratch) {
            let residual = item.residual[d] - *explained;
            *explained = *q * residual;
            *q *= residual * residual;
        }
        for (sum, q) in workspace.summed.iter_mut().zip(&workspace.posterior) {
            *sum += item.weight * q;
        }
        moments.first = fold_marginals(&mut workspace.scratch, &mut moments.features_first);
        moments.second = fold_marginals(&mut workspace.posterior, &mut moments.features_second);
        Ok(moments)
    }

    fn take_pairs(&self, workspace: &mut Workspace) -> Array2<f64> {
        let pairs = fold_pairs(
            &mut workspace.summed,
            self.n_features(),
            &mut workspace.scratch,
        );
        workspace.summed.fill(0.0);
        pairs
    }
}

/// table[s] = sum of the coefficients of the features in s.
fn fill_linear(table: &mut [f64], coefficients: &[f64]) {
    table[0] = 0.0;
    for (k, coefficient) in coefficients.iter().enumerate() {
        let (without, with) = table[..1 << (k + 1)].split_at_mut(1 << k);
        for (with, without) in with.iter_mut().zip(without) {
            *with = *without + coefficient;
        }
    }
}

/// Sum the table over the states that have feature k, for every k; returns the sum over all.
fn fold_marginals(table: &mut [f64], marginals: &mut [f64]) -> f64 {
    for (k, marginal) in marginals.iter_mut().enumerate().rev() {
        let (without, with) = table[..1 << (k + 1)].split_at_mut(1 << k);
        let mut sum = 0.0;
        for (without, with) in without.iter_mut().zip(with) {
            sum += *with;
            *without += *with;
        }
        *marginal = sum;
    }
    table[0]
}

/// Sum the table over the states that have features k and l, for every pair.
fn fold_pairs(table: &mut [f64], n_features: usize, scratch: &mut [f64]) -> Array2<f64> {
    let mut pairs = Array2::zeros((n_features, n_features));
    let mut row = vec![0.0; n_features];
    for k in (0..n_features).rev() {
        let (without, with) = table[..1 << (k + 1)].split_at_mut(1 << k);
        scratch[..1 << k].copy_from_slice(with);
        pairs[[k, k]] = fold_marginals(&mut scratch[..1 << k], &mut row[..k]);
        for (l, &pair) in row[..k].iter().enumerate() {
            pairs[[k, l]] = pair;
            pairs[[l, k]] = pair;
        }
        for (without, with) in without.iter_mut().zip(with) {
            *without += *with;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_counts_states() {
        let mut marginals = [0.0; 3];
        assert_eq!(fold_marginals(&mut [1.0; 8], &mut marginals), 8.0);
        assert_eq!(marginals, [4.0; 3]);
        let pairs = fold_pairs(&mut [1.0; 8], 3, &mut [0.0; 8]);
        assert_eq!(
            pairs,
            Array2::from_shape_fn((3, 3), |(k, l)| if k == l { 4.0 } else { 2.0 })
        );
    }
}
