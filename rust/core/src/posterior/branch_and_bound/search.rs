//! Depth first through the states of one item, features by falling |w|.
//!
//! A node has its first features decided. Its subtree is left out when the relaxed tilt bound of
//! all it holds is below a threshold; what was left out adds up to a certificate.

use super::leaves::Leaves;
use super::reference::{Landscape, Reference};
use super::relaxation::Relaxation;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::posterior::row_space::dot;

/// Descent steps on the bound of one node: its parent's optimum is near.
const MAX_STEPS: usize = 4;
/// Log mass above the reference at which a leaf takes its place.
const BETTER: f64 = 20.0;
/// Nodes between two looks at the cancel token.
const PATIENCE: usize = 1024;

/// What a pass through the states found.
#[derive(Debug)]
pub(crate) enum Pass {
    /// The leaves are all but this mass, relative to the reference.
    Neglected(f64),
    /// A state so much likelier that it should be the reference.
    Better(Vec<bool>),
}

/// What one item keeps from node to node; buffers of one thread.
#[derive(Debug)]
pub(crate) struct Search {
    pub leaves: Leaves,
    /// Nodes visited for this item, over all passes.
    pub n_nodes: usize,
    /// State of the node, (K,).
    state: Vec<bool>,
    /// By depth, the gains of flipping the free features.
    gains: Vec<Vec<f64>>,
    /// By depth, u in the signs of the flips: where the bound was taken last.
    means: Vec<Vec<f64>>,
    descent: Descent,
    neglected: f64,
}

/// What the search of an item is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub landscape: Landscape<'a>,
    /// J in the order of the search, row after row.
    pub coupling: &'a [Vec<f64>],
    /// By depth, of the free features.
    pub relaxations: &'a [Relaxation],
    pub max_nodes: usize,
    pub cancel: &'a CancelToken,
}

impl Search {
    pub fn new(n_features: usize) -> Self {
        let by_depth = || {
            (0..=n_features)
                .map(|d| vec![0.0; n_features - d])
                .collect()
        };
        Self {
            leaves: Leaves::default(),
            n_nodes: 0,
            state: vec![false; n_features],
            gains: by_depth(),
            means: by_depth(),
            descent: Descent::default(),
            neglected: 0.0,
        }
    }

    /// Visit all states but those in subtrees whose log mass beside the reference is certainly
    /// below the threshold.
    pub fn pass(
        &mut self,
        rules: Rules<'_>,
        reference: &Reference,
        log_threshold: f64,
    ) -> Result<Pass> {
        self.leaves.clear();
        self.neglected = 0.0;
        self.state.copy_from_slice(&reference.state);
        self.gains[0].copy_from_slice(&reference.gains);
        self.means[0].fill(0.0);
        let better = self.visit(rules, reference, log_threshold, 0, 0.0)?;
        Ok(better.map_or(Pass::Neglected(self.neglected), Pass::Better))
    }

    /// The subtree of a node; `value` is its log mass beside the reference when all its free
    /// features are as in the reference. Returns a state that should be the reference.
    fn visit(
        &mut self,
        rules: Rules<'_>,
        reference: &Reference,
        log_threshold: f64,
        depth: usize,
        value: f64,
    ) -> Result<Option<Vec<bool>>> {
        self.n_nodes += 1;
        if self.n_nodes > rules.max_nodes {
            // The caller knows the row and fills it in.
            return Err(Error::NotCertified { item: 0 });
        }
        if self.n_nodes.is_multiple_of(PATIENCE) {
            rules.cancel.check()?;
        }
        if value > BETTER {
            return Ok(Some(self.state.clone()));
        }
        if depth == self.state.len() {
            let log_mass = rules.landscape.log_mass(reference, &self.state);
            self.leaves.push(log_mass.exp(), &self.state);
            return Ok(None);
        }
        let signs = &reference.state[depth..];
        let bound = value
            + self.descent.bound(
                &rules.relaxations[depth],
                signs,
                &self.gains[depth],
                &mut self.means[depth],
                log_threshold - value,
            );
        if bound < log_threshold {
            self.neglected += bound.exp();
            return Ok(None);
        }
        let flip_first = self.means[depth][0].abs() > 0.5;
        for flip in [flip_first, !flip_first] {
            let gain = self.gains[depth][0];
            if flip && gain == f64::NEG_INFINITY {
                continue;
            }
            let coupling = &rules.coupling[depth][depth..];
            let (above, below) = self.gains.split_at_mut(depth + 1);
            for (l, (to, from)) in below[0].iter_mut().zip(&above[depth][1..]).enumerate() {
                let change = if signs[l + 1] == signs[0] {
                    -coupling[l + 1]
                } else {
                    coupling[l + 1]
                };
                *to = from + if flip { change } else { 0.0 };
            }
            let (above, below) = self.means.split_at_mut(depth + 1);
            below[0].copy_from_slice(&above[depth][1..]);
            self.state[depth] = signs[0] != flip;
            let change = if flip { gain - 0.5 * coupling[0] } else { 0.0 };
            let better = self.visit(rules, reference, log_threshold, depth + 1, value + change)?;
            if better.is_some() {
                return Ok(better);
            }
        }
        self.state[depth] = signs[0];
        Ok(None)
    }
}

/// Buffers of the descent on the bound of one node.
#[derive(Debug, Default)]
struct Descent {
    /// A u.
    coupled: Vec<f64>,
    /// P(flip) under the tilt, in the signs of the flips.
    tilted: Vec<f64>,
    last_means: Vec<f64>,
    last_coupled: Vec<f64>,
    last_tilted: Vec<f64>,
    best_means: Vec<f64>,
}

impl Descent {
    /// The least bound within a few steps of Barzilai and Borwein (1988) from `means`, which it
    /// improves; stops below the threshold.
    fn bound(
        &mut self,
        relaxation: &Relaxation,
        signs: &[bool],
        gains: &[f64],
        means: &mut [f64],
        threshold: f64,
    ) -> f64 {
        let n = means.len();
        for buffer in [&mut self.coupled, &mut self.tilted] {
            buffer.resize(n, 0.0);
        }
        let mut best = f64::INFINITY;
        let mut step = relaxation.step;
        for round in 0..=MAX_STEPS {
            let bound = self.evaluate(relaxation, signs, gains, means);
            if bound < best {
                best = bound;
                self.best_means.clear();
                self.best_means.extend_from_slice(means);
            }
            if best < threshold || round == MAX_STEPS {
                break;
            }
            if round > 0 {
                let (mut length, mut curvature) = (0.0, 0.0);
                for k in 0..n {
                    let along = self.coupled[k] - self.last_coupled[k];
                    let moved = means[k] - self.last_means[k];
                    length += along * moved;
                    curvature += along * (moved - (self.tilted[k] - self.last_tilted[k]));
                }
                if length < 1e-20 {
                    break;
                }
                if curvature > 0.0 {
                    step = length / curvature;
                }
            }
            for (last, now) in [
                (&mut self.last_coupled, &self.coupled[..]),
                (&mut self.last_tilted, &self.tilted[..]),
                (&mut self.last_means, &*means),
            ] {
                last.clear();
                last.extend_from_slice(now);
            }
            for (mean, tilted) in means.iter_mut().zip(&self.tilted) {
                *mean += step * (tilted - *mean);
            }
        }
        means.copy_from_slice(&self.best_means);
        best
    }

    /// The bound at u; fills A u and the tilted probabilities.
    fn evaluate(
        &mut self,
        relaxation: &Relaxation,
        signs: &[bool],
        gains: &[f64],
        means: &[f64],
    ) -> f64 {
        relaxation.couple(means, &mut self.coupled);
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
        0.5 * dot(means, &self.coupled) + linear + product.ln()
    }
}
