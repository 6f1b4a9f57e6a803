//! The tilt: an exponential change of measure under which the expected residual is zero.
//!
//! It is the minimum over theta of the bound
//! |theta|^2 / 2 - theta . c + sum_k log(1 - P_k + P_k exp(theta . w_k)), P_k the prior, found by
//! Newton's method. Any theta gives the exact answer; the minimum keeps the most digits.

use pulp::Simd;

use crate::simd::{AlignedBuffer, exp};

/// Passes over the features before the tilt is taken as it is.
const MAX_PASSES: usize = 100;
/// Decrease of the bound, in nats, below which a Newton step is not worth its pass.
const TOLERANCE: f64 = 1e-3;
/// A step may overshoot until the slope is this part of the first one, with its sign turned.
const OVERSHOOT: f64 = 0.1;
/// Vectors of factors of at most 2 whose product cannot overflow, even over eight lanes.
const FACTORS: usize = 64;

/// Features of one item or branch; the slices are padded to whole vectors by weights of zero and
/// log odds of -inf.
#[derive(Debug, Clone, Copy)]
pub(super) struct Features<'a, const D: usize> {
    pub count: usize,
    /// W / sigma along each axis.
    pub weights: [&'a [f64]; D],
    /// lambda; infinite where certain.
    pub log_odds: &'a [f64],
}

/// One item's tilt and the tilted probabilities of its features.
#[derive(Debug)]
pub(super) struct Tilt<const D: usize> {
    /// theta.
    pub theta: [f64; D],
    /// pi_k = sigmoid(lambda_k + theta . w_k).
    pub present: AlignedBuffer,
    /// 1 - 2 pi_k.
    pub balance: AlignedBuffer,
    /// pi_k (1 - pi_k).
    pub spread: AlignedBuffer,
    /// The bound at theta.
    pub log_bound: f64,
}

/// What one pass over the features sums.
struct Pass<const D: usize> {
    /// sum_k pi_k w_k.
    mean: [f64; D],
    /// 1 + sum_k pi_k (1 - pi_k) w_k w_k'.
    curvature: [[f64; D]; D],
    /// sum_k max(lambda_k + theta . w_k, 0) - max(lambda_k, 0).
    rise: f64,
    /// log prod_k (1 + exp(-|lambda_k + theta . w_k|)).
    log_factors: f64,
}

impl<const D: usize> Default for Tilt<D> {
    fn default() -> Self {
        Self {
            theta: [0.0; D],
            present: AlignedBuffer::default(),
            balance: AlignedBuffer::default(),
            spread: AlignedBuffer::default(),
            log_bound: 0.0,
        }
    }
}

impl<const D: usize> Tilt<D> {
    /// Minimise the bound for the residual c.
    #[inline(always)]
    pub fn solve<S: Simd>(&mut self, simd: S, features: Features<'_, D>, residual: [f64; D]) {
        self.present.reserve(features.log_odds.len());
        self.balance.reserve(features.log_odds.len());
        self.spread.reserve(features.log_odds.len());
        let mut theta = [0.0; D];
        let mut pass = self.pass(simd, features, theta);
        // Without a tilt the factors are those of the prior.
        let log_prior_factors = pass.log_factors;
        let mut n_passes = 1;
        while n_passes < MAX_PASSES {
            let gradient = |theta: [f64; D], pass: &Pass<D>| -> [f64; D] {
                std::array::from_fn(|d| theta[d] - residual[d] + pass.mean[d])
            };
            let (step, slope) = newton_step(pass.curvature, gradient(theta, &pass));
            // NaN, where squares of the weights overflow, stops too.
            if slope.is_nan() || -slope < TOLERANCE {
                break;
            }
            let start = theta;
            let mut length = 1.0;
            loop {
                theta = std::array::from_fn(|d| start[d] + length * step[d]);
                pass = self.pass(simd, features, theta);
                n_passes += 1;
                let new_slope = dot(gradient(theta, &pass), step);
                if new_slope <= -OVERSHOOT * slope || n_passes >= MAX_PASSES {
                    break;
                }
                // The zero of the chord, kept away from both ends.
                length *= (slope / (slope - new_slope)).clamp(0.1, 0.7);
            }
        }
        let quadratic = 0.5 * dot(theta, theta) - dot(theta, residual);
        self.log_bound = quadratic + pass.rise + (pass.log_factors - log_prior_factors);
        self.theta = theta;
    }

    /// Probabilities at theta, and their sums.
    #[inline(always)]
    fn pass<S: Simd>(&mut self, simd: S, features: Features<'_, D>, theta: [f64; D]) -> Pass<D> {
        let (zero, one) = (simd.splat_f64s(0.0), simd.splat_f64s(1.0));
        let log_odds = S::as_simd_f64s(features.log_odds).0;
        let n_vectors = log_odds.len();
        let weights = features.weights.map(|w| &S::as_simd_f64s(w).0[..n_vectors]);
        let present = &mut S::as_mut_simd_f64s(&mut self.present).0[..n_vectors];
        let balance = &mut S::as_mut_simd_f64s(&mut self.balance).0[..n_vectors];
        let spreads = &mut S::as_mut_simd_f64s(&mut self.spread).0[..n_vectors];
        let (mut mean, mut curvature) = ([zero; D], [[zero; D]; D]);
        let (mut rise, mut log_factors) = (zero, 0.0);
        for first in (0..n_vectors).step_by(FACTORS) {
            let mut factors = one;
            for k in first..n_vectors.min(first + FACTORS) {
                let mut shift = zero;
                for d in 0..D {
                    shift = simd.mul_add_e_f64s(simd.splat_f64s(theta[d]), weights[d][k], shift);
                }
                let prior = log_odds[k];
                let tilted = simd.add_f64s(prior, shift);
                let less = exp(simd, simd.neg_f64s(simd.abs_f64s(tilted)));
                let factor = simd.add_f64s(one, less);
                factors = simd.mul_f64s(factors, factor);
                let likely = simd.div_f64s(one, factor);
                let unlikely = simd.mul_f64s(less, likely);
                let positive = simd.greater_than_f64s(tilted, zero);
                let p = simd.select_f64s(positive, likely, unlikely);
                present[k] = p;
                let difference = simd.sub_f64s(unlikely, likely);
                balance[k] = simd.select_f64s(positive, difference, simd.neg_f64s(difference));
                let spread = simd.mul_f64s(likely, unlikely);
                spreads[k] = spread;
                for d in 0..D {
                    mean[d] = simd.mul_add_e_f64s(p, weights[d][k], mean[d]);
                    let spread = simd.mul_f64s(spread, weights[d][k]);
                    for e in 0..=d {
                        curvature[d][e] =
                            simd.mul_add_e_f64s(spread, weights[e][k], curvature[d][e]);
                    }
                }
                // Written so that nothing cancels, and right at both infinities.
                let held = simd.greater_than_f64s(prior, zero);
                let from_high = simd.max_f64s(shift, simd.neg_f64s(prior));
                let from_low = simd.max_f64s(tilted, zero);
                rise = simd.add_f64s(rise, simd.select_f64s(held, from_high, from_low));
            }
            log_factors += simd.reduce_product_f64s(factors).ln();
        }
        let mut pass = Pass {
            mean: [0.0; D],
            curvature: [[0.0; D]; D],
            rise: simd.reduce_sum_f64s(rise),
            log_factors,
        };
        for d in 0..D {
            pass.mean[d] = simd.reduce_sum_f64s(mean[d]);
            for e in 0..=d {
                let sum = simd.reduce_sum_f64s(curvature[d][e]);
                pass.curvature[d][e] = sum;
                pass.curvature[e][d] = sum;
            }
            pass.curvature[d][d] += 1.0;
        }
        pass
    }
}

/// -curvature^-1 gradient and its slope, by Cholesky's decomposition.
#[inline(always)]
fn newton_step<const D: usize>(
    mut curvature: [[f64; D]; D],
    gradient: [f64; D],
) -> ([f64; D], f64) {
    let mut step = gradient.map(|g| -g);
    for d in 0..D {
        for below in d + 1..D {
            let ratio = curvature[below][d] / curvature[d][d];
            for e in d..D {
                curvature[below][e] -= ratio * curvature[d][e];
            }
            step[below] -= ratio * step[d];
        }
    }
    for d in (0..D).rev() {
        for e in d + 1..D {
            step[d] -= curvature[d][e] * step[e];
        }
        step[d] /= curvature[d][d];
    }
    (step, dot(gradient, step))
}

#[inline(always)]
pub(super) fn dot<const D: usize>(a: [f64; D], b: [f64; D]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
