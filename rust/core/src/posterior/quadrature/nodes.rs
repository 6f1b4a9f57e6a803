//! The trapezoid grid of a set of weights and the characteristic functions on it.

use crate::numeric::ceil_to_count;

/// exp(-40) bounds both the aliasing of the trapezoid rule and the truncated tail.
const LOG_TOLERANCE: f64 = 40.0;

/// Entries of the largest table of cosines of all features: 16 MiB. Noise so small beside the
/// weights that the grid is finer leaves atoms far apart, which conditioning separates.
const MAX_ENTRIES: usize = 1 << 21;
/// Entries of the largest table of a branch; there may be one for each feature.
const MAX_BRANCH_ENTRIES: usize = 1 << 18;
/// A branch of m features is split rather than integrated on more than this many 2^m nodes.
const MAX_NODES_A_STATE: usize = 4;
/// A grid of this size is never too fine: it costs no more than finding the tilt.
const MIN_NODES: usize = 64;

/// How fine a grid may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Limit {
    /// The integral over all features, evaluated once for an item.
    Root,
    /// The integral of a branch, evaluated many times.
    Branch,
}

impl Limit {
    fn admits(self, n_nodes: usize, n_features: usize) -> bool {
        let n_entries = n_nodes.saturating_mul(n_features);
        match self {
            Self::Root => n_entries <= MAX_ENTRIES,
            Self::Branch => {
                let n_states = 1_usize << n_features.min(32);
                n_entries <= MAX_BRANCH_ENTRIES
                    && n_nodes <= MIN_NODES.max(MAX_NODES_A_STATE * n_states)
            }
        }
    }
}

/// Nodes u_j = j h on the half line (the integrand at -u is its complex conjugate).
#[derive(Debug)]
pub(crate) struct Nodes {
    /// u_j.
    pub positions: Vec<f64>,
    /// Trapezoid weight times exp(-u^2 / 2) / sqrt(2 pi), doubled for j > 0.
    pub weights: Vec<f64>,
    /// cos(u_j w_k), feature after feature.
    pub cos: Vec<f64>,
    /// sin(u_j w_k), feature after feature.
    pub sin: Vec<f64>,
}

impl Nodes {
    /// Grid for weights in units of the noise. The step bounds aliasing by Hoeffding's inequality:
    /// w'z + noise has the sub-Gaussian variance 1 + sum w^2 / 4, whatever the prior. None where
    /// the grid would be finer than the limit.
    pub fn new(weights: &[f64], limit: Limit) -> Option<Self> {
        let variance = 1.0 + weights.iter().map(|w| w * w).sum::<f64>() / 4.0;
        let step = std::f64::consts::TAU / (2.0 * LOG_TOLERANCE * variance).sqrt();
        let n_nodes = ceil_to_count((2.0 * LOG_TOLERANCE).sqrt() / step) + 1;
        if !limit.admits(n_nodes, weights.len()) {
            return None;
        }
        let positions: Vec<f64> = (0..n_nodes).map(|j| j as f64 * step).collect();
        let scale = step / std::f64::consts::TAU.sqrt();
        let node_weights = positions.iter().enumerate().map(|(j, u)| {
            let sides = if j == 0 { 1.0 } else { 2.0 };
            sides * scale * (-0.5 * u * u).exp()
        });
        let weights_of_nodes = node_weights.collect();
        let angles = || {
            weights
                .iter()
                .flat_map(|w| positions.iter().map(move |u| u * w))
        };
        let cos = angles().map(f64::cos).collect();
        let sin = angles().map(f64::sin).collect();
        Some(Self {
            weights: weights_of_nodes,
            cos,
            sin,
            positions,
        })
    }

    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// exp(i u_j w_k) of feature k as (cos, sin).
    pub fn feature(&self, k: usize) -> (&[f64], &[f64]) {
        let range = k * self.len()..(k + 1) * self.len();
        (&self.cos[range.clone()], &self.sin[range])
    }
}
