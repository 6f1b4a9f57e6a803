//! The Fourier integral of one item, its certificate and its posterior expectations.
//!
//! With the tilt theta, pi_k = sigmoid(lambda_k + theta w_k) and phi_k(u) = 1 - pi_k +
//! pi_k exp(-iu w_k),
//!
//! sum over z of exp(lambda . z - (c - w . z)^2 / 2)
//!     = exp(theta^2 / 2 - theta c) prod_k (1 + exp(lambda_k + theta w_k)) I,
//! I = (2 pi)^-1/2 Int exp(-u^2 / 2 + iu (c - theta)) prod_k phi_k(u) du <= 1.
//!
//! A derivative in c multiplies the integrand by iu - theta and the summand by -(c - w . z):
//! that is how residual moments come out of the same nodes.

use ndarray::{ArrayView2, ArrayViewMut2, linalg::general_mat_mul};

use super::nodes::Nodes;
use super::tilt::saddle;
use crate::numeric::{sigmoid, softplus};

/// The most relative rounding error, kappa K eps, that an integral may admit.
const CERTIFICATE_LIMIT: f64 = 1e-11;
/// Stands for phi = 0 (pi = 1/2, u w = pi), where only the quotient prod / phi is wanted.
const TINY: f64 = 1e-30;

/// What the expectation of z is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Weighting {
    /// 1.
    Mass,
    /// r = c - w . z.
    Residual,
    /// r^2.
    ResidualSquared,
}

/// Value of an integral and how far it can be trusted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Evaluated {
    /// Logarithm of the sum over states.
    pub log_z: f64,
    /// Upper bound of `log_z`, certain even where the integral cancels.
    pub log_bound: f64,
    /// Condition of the sum over nodes, sum |f| / sum f, times K eps.
    certificate: f64,
}

impl Evaluated {
    pub fn certificate(&self) -> f64 {
        self.certificate
    }

    pub fn is_certified(&self) -> bool {
        // A sum that cancels to zero or below has a NaN or negative condition.
        self.certificate >= 0.0 && self.certificate < CERTIFICATE_LIMIT
    }
}

/// Buffers of one item's integral: real and imaginary parts over nodes.
#[derive(Debug, Default)]
pub(crate) struct Integral {
    /// pi_k.
    tilted: Vec<f64>,
    /// theta.
    tilt: f64,
    /// I.
    value: f64,
    /// Node weight times exp(iu (c - theta)).
    start: [Vec<f64>; 2],
    /// prod over features before k of phi, feature after feature; the last is the whole product.
    prefix: [Vec<f64>; 2],
    /// Node factor times the product over features after k.
    suffix: [Vec<f64>; 2],
    marginals: Vec<f64>,
    /// sqrt(f / I) pi exp(-iuw) / phi, feature after feature.
    rows: [Vec<f64>; 2],
}

impl Integral {
    /// Integrate; keeps what [`Integral::expect`] needs. Without a grid only the bound is known.
    pub fn evaluate(
        &mut self,
        nodes: Option<&Nodes>,
        weights: &[f64],
        log_odds: &[f64],
        residual: f64,
    ) -> Evaluated {
        let n_features = weights.len();
        self.tilt = saddle(weights, log_odds, residual);
        self.tilted.clear();
        let mut log_bound = self.tilt * (0.5 * self.tilt - residual);
        for (w, l) in weights.iter().zip(log_odds) {
            let tilted = l + self.tilt * w;
            self.tilted.push(sigmoid(tilted));
            log_bound += softplus(tilted);
        }
        let Some(nodes) = nodes else {
            return Evaluated {
                log_z: f64::NAN,
                log_bound,
                certificate: f64::INFINITY,
            };
        };
        let n_nodes = nodes.len();
        let phase = residual - self.tilt;
        let [re, im] = &mut self.start;
        re.clear();
        im.clear();
        for (u, weight) in nodes.positions.iter().zip(&nodes.weights) {
            let (sin, cos) = (u * phase).sin_cos();
            re.push(weight * cos);
            im.push(weight * sin);
        }
        let [re, im] = &mut self.prefix;
        re.resize((n_features + 1) * n_nodes, 0.0);
        im.resize((n_features + 1) * n_nodes, 0.0);
        re[..n_nodes].fill(1.0);
        im[..n_nodes].fill(0.0);
        for (k, &pi) in self.tilted.iter().enumerate() {
            let (cos, sin) = nodes.feature(k);
            let (before_re, after_re) = re[k * n_nodes..].split_at_mut(n_nodes);
            let (before_im, after_im) = im[k * n_nodes..].split_at_mut(n_nodes);
            for j in 0..n_nodes {
                let (phi_re, phi_im) = characteristic(pi, cos[j], sin[j]);
                after_re[j] = before_re[j] * phi_re - before_im[j] * phi_im;
                after_im[j] = before_re[j] * phi_im + before_im[j] * phi_re;
            }
        }
        let last = n_features * n_nodes;
        let (mut sum, mut sum_of_moduli) = (0.0, 0.0);
        for j in 0..n_nodes {
            let (p_re, p_im) = (re[last + j], im[last + j]);
            let (s_re, s_im) = (self.start[0][j], self.start[1][j]);
            let (f_re, f_im) = (p_re * s_re - p_im * s_im, p_re * s_im + p_im * s_re);
            sum += f_re;
            sum_of_moduli += (f_re * f_re + f_im * f_im).sqrt();
        }
        self.value = sum;
        let condition = sum_of_moduli / sum;
        Evaluated {
            log_z: log_bound + sum.ln(),
            log_bound,
            certificate: condition * f64::EPSILON * n_features.max(1) as f64,
        }
    }

    /// Expectation of the weighting, and of z times the weighting, under the posterior of the last
    /// evaluated item. Leave-one-out products come from prefix and suffix: nothing is divided.
    pub fn expect(&mut self, nodes: &Nodes, weighting: Weighting) -> (f64, &[f64]) {
        let n_nodes = nodes.len();
        self.fill_suffix(nodes, weighting);
        let [suffix_re, suffix_im] = &mut self.suffix;
        let [prefix_re, prefix_im] = &self.prefix;
        self.marginals.resize(self.tilted.len(), 0.0);
        for (k, &pi) in self.tilted.iter().enumerate().rev() {
            let (cos, sin) = nodes.feature(k);
            let prefix_re = &prefix_re[k * n_nodes..(k + 1) * n_nodes];
            let prefix_im = &prefix_im[k * n_nodes..(k + 1) * n_nodes];
            let mut sum = 0.0;
            for j in 0..n_nodes {
                let (s_re, s_im) = (suffix_re[j], suffix_im[j]);
                let rest_re = s_re * prefix_re[j] - s_im * prefix_im[j];
                let rest_im = s_re * prefix_im[j] + s_im * prefix_re[j];
                sum += rest_re * cos[j] + rest_im * sin[j];
                let (phi_re, phi_im) = characteristic(pi, cos[j], sin[j]);
                suffix_re[j] = s_re * phi_re - s_im * phi_im;
                suffix_im[j] = s_re * phi_im + s_im * phi_re;
            }
            self.marginals[k] = pi * sum / self.value;
        }
        let total: f64 = suffix_re[..n_nodes].iter().sum();
        (total / self.value, &self.marginals)
    }

    /// Add weight E[zz' weighting] of the last evaluated item to `pairs`; the diagonal is that of
    /// [`Integral::expect`], which must have run with the same weighting.
    pub fn add_pairs(
        &mut self,
        nodes: &Nodes,
        weighting: Weighting,
        weight: f64,
        mut pairs: ArrayViewMut2<'_, f64>,
    ) {
        debug_assert!(weighting != Weighting::Residual, "no caller, no test");
        let n_nodes = nodes.len();
        let n_features = self.tilted.len();
        if n_features == 0 {
            return;
        }
        // After `expect` the suffix holds the whole integrand f; its square root goes to each side.
        let [root_re, root_im] = &mut self.suffix;
        for (re, im) in root_re.iter_mut().zip(root_im.iter_mut()) {
            (*re, *im) = square_root(*re / self.value, *im / self.value);
        }
        let [rows_re, rows_im] = &mut self.rows;
        rows_re.resize(n_features * n_nodes, 0.0);
        rows_im.resize(n_features * n_nodes, 0.0);
        for (k, &pi) in self.tilted.iter().enumerate() {
            let (cos, sin) = nodes.feature(k);
            for j in 0..n_nodes {
                let (phi_re, phi_im) = characteristic(pi, cos[j], sin[j]);
                let scale = pi / (phi_re * phi_re + phi_im * phi_im);
                let quotient_re = (cos[j] * phi_re - sin[j] * phi_im) * scale;
                let quotient_im = -(sin[j] * phi_re + cos[j] * phi_im) * scale;
                rows_re[k * n_nodes + j] = root_re[j] * quotient_re - root_im[j] * quotient_im;
                rows_im[k * n_nodes + j] = root_re[j] * quotient_im + root_im[j] * quotient_re;
            }
        }
        let diagonal: Vec<f64> = pairs.diag().to_vec();
        let length = n_features * n_nodes;
        for (rows, sign) in [(&rows_re[..length], 1.0), (&rows_im[..length], -1.0)] {
            let rows = ArrayView2::from_shape((n_features, n_nodes), rows)
                .expect("the buffer has one row of nodes for each feature");
            general_mat_mul(sign * weight, &rows, &rows.t(), 1.0, &mut pairs);
        }
        for (k, (before, marginal)) in diagonal.iter().zip(&self.marginals).enumerate() {
            pairs[[k, k]] = before + weight * marginal;
        }
    }

    /// Node weights times the factor that brings the weighting into the integrand.
    fn fill_suffix(&mut self, nodes: &Nodes, weighting: Weighting) {
        let [re, im] = &mut self.suffix;
        re.clone_from(&self.start[0]);
        im.clone_from(&self.start[1]);
        let tilt = self.tilt;
        for ((re, im), &u) in re.iter_mut().zip(im).zip(&nodes.positions) {
            let (factor_re, factor_im) = match weighting {
                Weighting::Mass => return,
                Weighting::Residual => (tilt, -u),
                Weighting::ResidualSquared => (1.0 + tilt * tilt - u * u, -2.0 * u * tilt),
            };
            (*re, *im) = (
                *re * factor_re - *im * factor_im,
                *re * factor_im + *im * factor_re,
            );
        }
    }
}

/// phi(u) = 1 - pi + pi exp(-iuw), never exactly zero.
#[inline]
fn characteristic(pi: f64, cos: f64, sin: f64) -> (f64, f64) {
    let re = 1.0 - pi + pi * cos;
    let im = -pi * sin;
    if re.abs() + im.abs() < TINY {
        (TINY, 0.0)
    } else {
        (re, im)
    }
}

/// Principal square root of a complex number.
fn square_root(re: f64, im: f64) -> (f64, f64) {
    let modulus = re.hypot(im);
    let root_re = (0.5 * (modulus + re)).max(0.0).sqrt();
    let root_im = (0.5 * (modulus - re)).max(0.0).sqrt();
    (root_re, if im < 0.0 { -root_im } else { root_im })
}
