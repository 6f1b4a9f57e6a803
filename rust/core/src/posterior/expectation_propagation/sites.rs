//! Expectation propagation of one item in the space of the target.
//!
//! Every prior P(z_k) is replaced by a normal site N(z_k; m_k, V_k), so that the posterior is
//! normal. With B = I + W'VW, d = r - W'm and y = B^-1 d, and a_k = w_k'B^-1 w_k, the rest of the
//! model tells of feature k (its cavity) exp(c z - p z^2 / 2) with
//!
//! p_k = a_k / (1 - V_k a_k),   c_k = (w_k . y + a_k m_k) / (1 - V_k a_k),
//!
//! without a difference of large precisions. The site is then set so that site and cavity have the
//! mean and variance of the true prior and the cavity. One site after another, each by a change of
//! B^-1 of rank 1: about 2 K D^2 a sweep.

use ndarray::Array2;

use super::symmetric::Symmetric;
use crate::linear::Factor;
use crate::numeric::{sigmoid, softplus};
use crate::posterior::row_space::{Coordinates, RowSpace, add_scaled, dot};

const MAX_SWEEPS: usize = 200;
/// Sweeps between two inverses from scratch, which rid the changes of rank 1 of their rounding.
const REFRESH: usize = 8;
/// Largest mismatch of means and variances between posterior and true features.
const TOLERANCE: f64 = 1e-6;
/// The least precision of a site, in units of the feature's own. Where the target alone speaks
/// for z between 0 and 1, the exact site would be negative.
const LEAST_PRECISION: f64 = 1e-3;
/// What a sweep that did not come nearer does to the length of steps.
const SLOWER: f64 = 0.6;
/// What a sweep that came nearer does.
const FASTER: f64 = 1.1;
const SHORTEST_STEP: f64 = 0.05;

/// Sites of one item and what the posterior says of its features.
#[derive(Debug)]
pub(crate) struct Sites {
    /// m, (K,).
    means: Vec<f64>,
    /// V, (K,); 0 where a feature is certain.
    pub variances: Vec<f64>,
    /// p, (K,).
    pub cavity_precisions: Vec<f64>,
    /// c, (K,).
    cavity_linears: Vec<f64>,
    /// E[z], (K,).
    pub marginals: Vec<f64>,
    /// B^-1, (R, R).
    pub inverse: Symmetric,
    /// y, (R,).
    solution: Vec<f64>,
    /// log |B|.
    log_determinant: f64,
    /// B^-1 w of the feature at hand.
    spread: Vec<f64>,
}

impl Sites {
    /// Sites at the fixed point, from given E[z]; `None` where there is no convergence.
    pub fn converge(space: &RowSpace, item: &Coordinates, start: &[f64]) -> Option<Self> {
        let n_features = start.len();
        let mut sites = Self {
            means: start.to_vec(),
            variances: start.iter().map(|p| p * (1.0 - p)).collect(),
            cavity_precisions: vec![0.0; n_features],
            cavity_linears: vec![0.0; n_features],
            marginals: start.to_vec(),
            inverse: Symmetric::new(&Array2::zeros((0, 0))),
            solution: Vec::new(),
            log_determinant: 0.0,
            spread: vec![0.0; space.n_coordinates()],
        };
        let (mut step, mut last) = (1.0, f64::INFINITY);
        for sweep in 0..MAX_SWEEPS {
            let has_converged = last < TOLERANCE;
            if has_converged || sweep.is_multiple_of(REFRESH) {
                sites.factorise(space, item)?;
            }
            if has_converged {
                for k in 0..n_features {
                    sites.look(space, item, k)?;
                }
                return Some(sites);
            }
            let mut mismatch = 0.0_f64;
            for k in 0..n_features {
                if item.log_odds[k] > f64::NEG_INFINITY {
                    sites.look(space, item, k)?;
                    mismatch =
                        mismatch.max(sites.match_moments(space, k, item.log_odds[k], step)?);
                }
            }
            let change = if mismatch < last { FASTER } else { SLOWER };
            step = f64::clamp(step * change, SHORTEST_STEP, 1.0);
            last = mismatch;
        }
        None
    }

    /// B^-1 and y from the sites.
    fn factorise(&mut self, space: &RowSpace, item: &Coordinates) -> Option<()> {
        let factor = Factor::new(space.information(&self.variances).view())?;
        self.inverse = Symmetric::new(&factor.inverse());
        self.log_determinant = factor.log_determinant();
        let residual = self.residual(space, item);
        self.solution = factor.solve(&residual);
        Some(())
    }

    /// d, (R,).
    fn residual(&self, space: &RowSpace, item: &Coordinates) -> Vec<f64> {
        let mut residual = item.residual.clone();
        for (k, mean) in self.means.iter().enumerate() {
            add_scaled(&mut residual, -mean, space.feature(k));
        }
        residual
    }

    /// Cavity and marginal of feature k.
    fn look(&mut self, space: &RowSpace, item: &Coordinates, k: usize) -> Option<()> {
        let feature = space.feature(k);
        self.inverse.multiply(feature, &mut self.spread);
        let informed = dot(feature, &self.spread);
        let rest = 1.0 - self.variances[k] * informed;
        if rest <= f64::EPSILON {
            return None;
        }
        let precision = informed / rest;
        let linear = (dot(feature, &self.solution) + informed * self.means[k]) / rest;
        self.cavity_precisions[k] = precision;
        self.cavity_linears[k] = linear;
        self.marginals[k] = sigmoid(item.log_odds[k] + linear - 0.5 * precision);
        Some(())
    }

    /// Move the site of feature k, seen last, towards the one that matches moments. Returns the
    /// mismatch before.
    fn match_moments(
        &mut self,
        space: &RowSpace,
        k: usize,
        log_odds: f64,
        step: f64,
    ) -> Option<f64> {
        let (precision, linear) = (self.cavity_precisions[k], self.cavity_linears[k]);
        let (mean, variance) = (self.means[k], self.variances[k]);
        let marginal = self.marginals[k];
        let true_variance = marginal * sigmoid(0.5 * precision - linear - log_odds);
        let shrunk = (1.0 - precision * true_variance).max(LEAST_PRECISION);
        let new_variance = true_variance / shrunk;
        let new_mean = marginal + new_variance * (marginal * precision - linear);
        let tight = 1.0 + variance * precision;
        let mismatch = ((variance * linear + mean) / tight - marginal)
            .abs()
            .max((variance / tight - new_variance / (1.0 + new_variance * precision)).abs());
        // Steps in precision and precision times mean, which stay finite at V = 0.
        let whole = (1.0 - step) * new_variance + step * variance;
        let (moved_variance, moved_mean) = if whole > 0.0 {
            let kept = (1.0 - step) * mean * new_variance;
            (
                variance * new_variance / whole,
                (kept + step * new_mean * variance) / whole,
            )
        } else {
            (new_variance, new_mean)
        };
        self.replace(space, k, moved_mean, moved_variance)?;
        Some(mismatch)
    }

    /// Set a site and change B^-1 and y with it.
    fn replace(&mut self, space: &RowSpace, k: usize, mean: f64, variance: f64) -> Option<()> {
        let feature = space.feature(k);
        let informed = dot(feature, &self.spread);
        let change = variance - self.variances[k];
        let growth = 1.0 + change * informed;
        if !growth.is_finite() || growth <= f64::EPSILON {
            return None;
        }
        let scale = change / growth;
        let along = scale * dot(feature, &self.solution) + (mean - self.means[k]) / growth;
        add_scaled(&mut self.solution, -along, &self.spread);
        self.inverse.change(-scale, &self.spread);
        (self.means[k], self.variances[k]) = (mean, variance);
        Some(())
    }

    /// The approximate log likelihood.
    pub fn log_likelihood(&self, space: &RowSpace, item: &Coordinates) -> f64 {
        let quadratic = dot(&self.residual(space, item), &self.solution);
        let mut sum = item.log_outside - 0.5 * (self.log_determinant + quadratic);
        for (k, &log_odds) in item.log_odds.iter().enumerate() {
            let (p, c) = (self.cavity_precisions[k], self.cavity_linears[k]);
            let (m, v) = (self.means[k], self.variances[k]);
            // The true prior in place of the site: log E exp(c z - p z^2 / 2) under each.
            let normal = (c * m - 0.5 * p * m * m + 0.5 * v * c * c) / (1.0 + v * p);
            sum += log_expectation(log_odds, c - 0.5 * p) - normal + 0.5 * (v * p).ln_1p();
        }
        sum
    }
}

/// log(1 - pi + pi exp(x)), pi = sigmoid(log_odds).
fn log_expectation(log_odds: f64, x: f64) -> f64 {
    if log_odds == f64::NEG_INFINITY {
        0.0
    } else if log_odds + x > 0.0 {
        x + softplus(-log_odds - x) - softplus(-log_odds)
    } else {
        softplus(log_odds + x) - softplus(log_odds)
    }
}
