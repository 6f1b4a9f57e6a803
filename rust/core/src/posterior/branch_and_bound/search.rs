//! Depth first through the states of one item, features by falling |w|.
//!
//! A node has its first features decided. Its subtree is left out when the relaxed tilt bound of
//! all it holds is below a threshold; what was left out adds up to a certificate.

use super::descent::Descent;
use super::leaves::Leaves;
use super::reference::{Landscape, Reference};
use super::relaxation::Relaxation;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

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
            if flip && self.gains[depth][0] == f64::NEG_INFINITY {
                continue;
            }
            let change = self.decide(rules, signs, depth, flip);
            let better = self.visit(rules, reference, log_threshold, depth + 1, value + change)?;
            if better.is_some() {
                return Ok(better);
            }
        }
        self.state[depth] = signs[0];
        Ok(None)
    }

    /// Decide the first free feature; returns what that changes in log mass. `signs` are those of
    /// the free features.
    fn decide(&mut self, rules: Rules<'_>, signs: &[bool], depth: usize, flip: bool) -> f64 {
        self.state[depth] = signs[0] != flip;
        let (above, below) = self.means.split_at_mut(depth + 1);
        below[0].copy_from_slice(&above[depth][1..]);
        let (above, below) = self.gains.split_at_mut(depth + 1);
        below[0].copy_from_slice(&above[depth][1..]);
        if !flip {
            return 0.0;
        }
        let coupling = &rules.landscape.coupling(depth)[depth..];
        for ((gain, sign), coupling) in below[0].iter_mut().zip(&signs[1..]).zip(&coupling[1..]) {
            *gain += if *sign == signs[0] {
                -coupling
            } else {
                *coupling
            };
        }
        above[depth][0] - 0.5 * coupling[0]
    }
}
