//! A likely state to measure all others against.

use ndarray::ArrayView2;

use crate::numeric::softplus;
use crate::posterior::row_space::{add_scaled, dot};

/// Sweeps after which a climb counts as done.
const MAX_SWEEPS: usize = 50;

/// A state and what flipping each feature away from it does.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    /// z, (K,).
    pub state: Vec<bool>,
    /// log P(z) - |r - W'z|^2 / 2.
    pub log_joint: f64,
    /// r - W'z, (D,).
    pub residual: Vec<f64>,
    /// What the flip of each feature gains before its own effect squared, (K,):
    /// +-(lambda_k + w_k . (r - W'z)). -inf where the feature is certain.
    pub gains: Vec<f64>,
}

/// Weights (K, D) and one item, features in one order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Landscape<'a> {
    pub weights: ArrayView2<'a, f64>,
    /// J = W S^-1 W', (K, K).
    pub coupling: ArrayView2<'a, f64>,
    pub log_odds: &'a [f64],
    pub residual: &'a [f64],
}

impl Landscape<'_> {
    /// The best of the peaks above the prior's mode, above no and above all features.
    pub fn reference(&self) -> Reference {
        let starts = [
            self.log_odds.iter().map(|l| *l > 0.0).collect(),
            vec![false; self.log_odds.len()],
            vec![true; self.log_odds.len()],
        ];
        starts
            .into_iter()
            .map(|start| self.climb(start))
            .max_by(|a, b| a.log_joint.total_cmp(&b.log_joint))
            .expect("there are three")
    }

    /// Coordinate ascent: flip features one at a time while that gains.
    pub fn climb(&self, mut state: Vec<bool>) -> Reference {
        for (z, log_odds) in state.iter_mut().zip(self.log_odds) {
            if log_odds.is_infinite() {
                *z = *log_odds > 0.0;
            }
        }
        let mut reference = self.at(state);
        for _ in 0..MAX_SWEEPS {
            let mut has_risen = false;
            for k in 0..self.log_odds.len() {
                let gain = reference.gains[k] - 0.5 * self.coupling[[k, k]];
                if gain > 1e-9 * gain.abs().max(1.0) {
                    has_risen = true;
                    reference.flip(k, self.coupling);
                }
            }
            if !has_risen {
                break;
            }
        }
        // Anew from the residual: rounding does not pile up.
        self.at(reference.state)
    }

    fn at(&self, state: Vec<bool>) -> Reference {
        let mut residual = self.residual.to_vec();
        let mut log_prior = 0.0;
        for (k, (&z, &log_odds)) in state.iter().zip(self.log_odds).enumerate() {
            if z {
                add_scaled(&mut residual, -1.0, self.weight(k));
            }
            log_prior -= softplus(if z { -log_odds } else { log_odds });
        }
        let gains = state
            .iter()
            .enumerate()
            .map(|(k, &z)| {
                let slope = self.log_odds[k] + dot(self.weight(k), &residual);
                if z { -slope } else { slope }
            })
            .collect();
        Reference {
            state,
            log_joint: log_prior - 0.5 * dot(&residual, &residual),
            gains,
            residual,
        }
    }

    /// Log mass of a state beside the reference.
    ///
    /// From the difference of the two explanations: the path of flips that led to the state passes
    /// through states whose huge couplings would leave their rounding.
    pub fn log_mass(&self, reference: &Reference, state: &[bool]) -> f64 {
        let mut log_prior = 0.0;
        let mut moved = vec![0.0; self.residual.len()];
        for (k, (&to, &from)) in state.iter().zip(&reference.state).enumerate() {
            if to != from {
                let sign = if to { 1.0 } else { -1.0 };
                log_prior += sign * self.log_odds[k];
                add_scaled(&mut moved, sign, self.weight(k));
            }
        }
        log_prior + dot(&moved, &reference.residual) - 0.5 * dot(&moved, &moved)
    }

    /// w_k, (D,).
    fn weight(&self, k: usize) -> &[f64] {
        let row = self.weights.row(k).to_slice();
        row.expect("row-major by construction")
    }

    /// J_k, (K,).
    pub fn coupling(&self, k: usize) -> &[f64] {
        let row = self.coupling.row(k).to_slice();
        row.expect("row-major by construction")
    }
}

impl Reference {
    fn flip(&mut self, k: usize, coupling: ArrayView2<'_, f64>) {
        for (l, gain) in self.gains.iter_mut().enumerate() {
            let change = coupling[[k, l]];
            *gain += if self.state[k] == self.state[l] {
                -change
            } else {
                change
            };
        }
        self.state[k] = !self.state[k];
        self.gains[k] = -self.gains[k];
    }
}
