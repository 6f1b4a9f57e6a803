//! A few steps down the relaxed tilt bound of one node.

use super::relaxation::Relaxation;
use crate::posterior::row_space::dot;

/// Steps on the bound of one node: its parent's optimum is near.
const MAX_STEPS: usize = 4;
/// A step of this squared length ends the descent.
const STILL: f64 = 1e-20;

/// Buffers of one thread.
#[derive(Debug, Default)]
pub(crate) struct Descent {
    now: Point,
    last: Point,
}

/// Where a bound was taken.
#[derive(Debug, Default)]
struct Point {
    /// u, in the signs of the flips.
    means: Vec<f64>,
    /// A u.
    coupled: Vec<f64>,
    /// P(flip) under the tilt, in the signs of the flips; equals u at the optimum.
    tilted: Vec<f64>,
}

impl Descent {
    /// The least bound within a few steps of Barzilai and Borwein (1988) from `means`, which become
    /// those of the bound; stops below the threshold. Features that hold in the reference have
    /// true signs.
    pub fn bound(
        &mut self,
        relaxation: &Relaxation,
        signs: &[bool],
        gains: &[f64],
        means: &mut [f64],
        threshold: f64,
    ) -> f64 {
        let mut best = f64::INFINITY;
        let mut step = relaxation.step;
        self.now.means.clear();
        self.now.means.extend_from_slice(means);
        for round in 0..=MAX_STEPS {
            let bound = self.now.evaluate(relaxation, signs, gains);
            if bound < best {
                best = bound;
                means.copy_from_slice(&self.now.means);
            }
            if best < threshold || round == MAX_STEPS {
                break;
            }
            if round > 0 {
                let (length, curvature) = self.now.difference(&self.last);
                if length < STILL {
                    break;
                }
                if curvature > 0.0 {
                    step = length / curvature;
                }
            }
            std::mem::swap(&mut self.now, &mut self.last);
            self.now.step_from(&self.last, step);
        }
        best
    }
}

impl Point {
    /// The bound at u; fills A u and the tilted probabilities.
    fn evaluate(&mut self, relaxation: &Relaxation, signs: &[bool], gains: &[f64]) -> f64 {
        self.coupled.resize(gains.len(), 0.0);
        self.tilted.resize(gains.len(), 0.0);
        relaxation.couple(&self.means, &mut self.coupled);
        // log of a product: one logarithm instead of K.
        let (mut linear, mut product) = (0.0, 1.0_f64);
        for (k, gain) in gains.iter().enumerate() {
            let sign = if signs[k] { -1.0 } else { 1.0 };
            let log_odds = gain - 0.5 * relaxation.diagonal[k] - sign * self.coupled[k];
            let e = (-log_odds.abs()).exp();
            linear += log_odds.max(0.0);
            product *= 1.0 + e;
            if product > 1e200 {
                linear += product.ln();
                product = 1.0;
            }
            let likelier = 1.0 / (1.0 + e);
            self.tilted[k] = sign
                * if log_odds > 0.0 {
                    likelier
                } else {
                    e * likelier
                };
        }
        0.5 * dot(&self.means, &self.coupled) + linear + product.ln()
    }

    /// Squared length of the move from another point, and the change of the gradient along it.
    fn difference(&self, other: &Self) -> (f64, f64) {
        let (mut length, mut curvature) = (0.0, 0.0);
        for (k, mean) in self.means.iter().enumerate() {
            let along = self.coupled[k] - other.coupled[k];
            let moved = mean - other.means[k];
            length += along * moved;
            curvature += along * (moved - (self.tilted[k] - other.tilted[k]));
        }
        (length, curvature)
    }

    fn step_from(&mut self, other: &Self, step: f64) {
        self.means.clear();
        let steps = other.means.iter().zip(&other.tilted);
        self.means
            .extend(steps.map(|(mean, tilted)| mean + step * (tilted - mean)));
    }
}
