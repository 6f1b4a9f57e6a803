//! The oracle of the tests: every state of one item, in the log domain, without any trick.

use ndarray::Array2;
use proptest::prelude::*;

use super::item_solver::Item;
use crate::numeric::softplus;

/// One item and the weights over sigma.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub weights: Array2<f64>,
    pub log_odds: Vec<f64>,
    pub residual: Vec<f64>,
}

/// The posterior of a case.
#[derive(Debug)]
pub(crate) struct Truth {
    pub log_likelihood: f64,
    pub marginals: Vec<f64>,
    pub pairs: Array2<f64>,
}

impl Case {
    pub fn item(&self) -> Item<'_> {
        Item {
            log_odds: &self.log_odds,
            residual: &self.residual,
            weight: 1.0,
        }
    }

    /// Rounding allowed in a log likelihood: its own digits, and those that large effects and
    /// targets lose in the residual.
    pub fn rounding(&self, log_likelihood: f64) -> f64 {
        let sizes = self.weights.iter().chain(&self.residual);
        let size: f64 = sizes.map(|x| x.abs()).sum();
        let power = 2.0 * log_likelihood.abs();
        1e-12 * power.max(1.0) + 4.0 * f64::EPSILON * size * power.sqrt().max(1.0)
    }

    /// Rounding allowed where log masses are sums of couplings: of the order of W W' and W r.
    pub fn table_rounding(&self, log_likelihood: f64) -> f64 {
        let size: f64 = self.weights.iter().map(|x| x.abs()).sum();
        let far = self
            .residual
            .iter()
            .fold(0.0_f64, |most, x| most.max(x.abs()));
        self.rounding(log_likelihood) + 4.0 * f64::EPSILON * size * (size + far)
    }

    fn residual_of(&self, state: &[f64], d: usize) -> f64 {
        let explained: f64 = state
            .iter()
            .zip(self.weights.column(d))
            .map(|(z, w)| z * w)
            .sum();
        self.residual[d] - explained
    }

    pub fn brute_force(&self) -> Truth {
        let n_features = self.log_odds.len();
        let log_joint = |state: &[f64]| -> f64 {
            let prior: f64 = state
                .iter()
                .zip(&self.log_odds)
                .map(|(&z, &l)| {
                    if z == 1.0 {
                        -softplus(-l)
                    } else {
                        -softplus(l)
                    }
                })
                .sum();
            let power: f64 = (0..self.residual.len())
                .map(|d| self.residual_of(state, d).powi(2))
                .sum();
            prior - 0.5 * power
        };
        let mut states: Vec<(Vec<f64>, f64)> = (0..1_usize << n_features)
            .map(|state| {
                let state: Vec<f64> = (0..n_features).map(|k| (state >> k & 1) as f64).collect();
                let log_q = log_joint(&state);
                (state, log_q)
            })
            .collect();
        let highest = states.iter().fold(f64::NEG_INFINITY, |m, s| m.max(s.1));
        let mass: f64 = states.iter().map(|s| (s.1 - highest).exp()).sum();
        let mut marginals = vec![0.0; n_features];
        let mut pairs = Array2::zeros((n_features, n_features));
        for (state, q) in &mut states {
            *q = (*q - highest).exp() / mass;
            for k in 0..n_features {
                marginals[k] += *q * state[k];
                for l in 0..n_features {
                    pairs[[k, l]] += *q * state[k] * state[l];
                }
            }
        }
        Truth {
            log_likelihood: highest + mass.ln(),
            marginals,
            pairs,
        }
    }
}

/// The largest difference.
pub(crate) fn distance<'a>(
    one: impl IntoIterator<Item = &'a f64>,
    other: impl IntoIterator<Item = &'a f64>,
) -> f64 {
    one.into_iter()
        .zip(other)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |most, difference| {
            if difference.is_nan() {
                f64::INFINITY
            } else {
                most.max(difference)
            }
        })
}

/// Hostile cases: certain features, equal features, features without effect, noise so small that
/// the couplings reach thousands, targets very far out.
pub(crate) fn case(max_features: usize, max_targets: usize) -> impl Strategy<Value = Case> {
    let weight = prop_oneof![6 => -3.0..3.0_f64, 1 => Just(0.0), 1 => Just(1.5)];
    let log_odds = prop_oneof![
        8 => -6.0..6.0_f64,
        1 => -800.0..800.0_f64,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY),
    ];
    let scale = prop_oneof![4 => Just(1.0), 1 => Just(0.1), 1 => Just(15.0), 1 => Just(1e5)];
    let far = prop_oneof![6 => Just(1.0), 1 => Just(1e5)];
    (1..=max_features, 1..=max_targets).prop_flat_map(move |(n_features, n_targets)| {
        (
            prop::collection::vec(weight.clone(), n_features * n_targets),
            prop::collection::vec(log_odds.clone(), n_features),
            prop::collection::vec(any::<bool>(), n_features),
            prop::collection::vec(-2.0..2.0_f64, n_targets),
            scale.clone(),
            far.clone(),
        )
            .prop_map(move |(weights, log_odds, state, noise, scale, far)| {
                let weights = Array2::from_shape_vec((n_features, n_targets), weights)
                    .expect("as many entries as drawn")
                    * scale;
                let residual = (0..n_targets)
                    .map(|d| {
                        let held = state.iter().zip(weights.column(d)).filter(|(z, _)| **z);
                        far * noise[d] + held.map(|(_, w)| w).sum::<f64>()
                    })
                    .collect();
                Case {
                    weights,
                    log_odds,
                    residual,
                }
            })
    })
}
