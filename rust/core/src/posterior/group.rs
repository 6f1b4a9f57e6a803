//! Items that share their structure: the same observed target dimensions, the same certain features.
//!
//! A feature whose log odds are infinite is fixed and leaves the sum: where it holds, its weight
//! joins the intercept. A target dimension that is not observed drops out. What is left is a
//! problem without missing entries and without certainty, shared by all items of the group.

use std::collections::HashMap;

use ndarray::{Array1, Array2};

use super::problem::Problem;

/// Items of one structure and the terms that they share, in units of the noise.
#[derive(Debug)]
pub(crate) struct Group {
    /// Rows of the items, increasing.
    pub items: Vec<usize>,
    /// Observed target dimensions.
    pub observed: Vec<usize>,
    /// Features that are uncertain in these items.
    pub free: Vec<usize>,
    /// Features that certainly hold in these items.
    pub certain: Vec<usize>,
    /// Weights of the free features over sigma, (free, observed).
    pub weights: Array2<f64>,
    /// Intercept and weights of the certain features, (observed,), not scaled.
    pub intercept: Array1<f64>,
    /// 1 / sigma, (observed,).
    pub precision_root: Array1<f64>,
    /// log |2 pi S| / 2 over the observed dimensions.
    pub log_normaliser: f64,
}

/// State of one target entry or one feature of an item, as a letter of the item's structure.
const OPEN: u8 = 0;
const MISSING_OR_FALSE: u8 = 1;
const CERTAIN: u8 = 2;

/// Groups in the order of their first items.
pub(crate) fn group_items(problem: &Problem<'_>) -> Vec<Group> {
    let n_targets = problem.targets.ncols();
    let mut structure = vec![OPEN; n_targets + problem.n_features()];
    let mut group_of: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for item in 0..problem.n_items() {
        for (letter, target) in structure.iter_mut().zip(problem.targets.row(item)) {
            *letter = if target.is_nan() {
                MISSING_OR_FALSE
            } else {
                OPEN
            };
        }
        for (letter, &log_odds) in structure[n_targets..]
            .iter_mut()
            .zip(problem.log_odds.row(item))
        {
            *letter = match log_odds {
                f64::NEG_INFINITY => MISSING_OR_FALSE,
                f64::INFINITY => CERTAIN,
                _ => OPEN,
            };
        }
        let group_ix = if let Some(&group_ix) = group_of.get(&structure) {
            group_ix
        } else {
            group_of.insert(structure.clone(), groups.len());
            groups.push(Group::new(problem, &structure));
            groups.len() - 1
        };
        groups[group_ix].items.push(item);
    }
    groups
}

impl Group {
    fn new(problem: &Problem<'_>, structure: &[u8]) -> Self {
        let (targets, features) = structure.split_at(problem.targets.ncols());
        let positions = |letters: &[u8], wanted: u8| -> Vec<usize> {
            letters
                .iter()
                .enumerate()
                .filter(|(_, l)| **l == wanted)
                .map(|(ix, _)| ix)
                .collect()
        };
        let observed = positions(targets, OPEN);
        let free = positions(features, OPEN);
        let certain = positions(features, CERTAIN);
        let precision_root = observed
            .iter()
            .map(|&d| problem.noise_variance[d].sqrt().recip());
        let precision_root: Array1<f64> = precision_root.collect();
        let weights = Array2::from_shape_fn((free.len(), observed.len()), |(k, d)| {
            problem.weights[[free[k], observed[d]]] * precision_root[d]
        });
        let intercept = observed
            .iter()
            .map(|&d| {
                let effects: f64 = certain.iter().map(|&k| problem.weights[[k, d]]).sum();
                problem.intercept[d] + effects
            })
            .collect();
        let log_variances: f64 = observed
            .iter()
            .map(|&d| (std::f64::consts::TAU * problem.noise_variance[d]).ln())
            .sum();
        Self {
            items: Vec::new(),
            observed,
            free,
            certain,
            weights,
            intercept,
            precision_root,
            log_normaliser: 0.5 * log_variances,
        }
    }

    /// Fill in the log odds of the free features and the residual in units of the noise.
    pub fn read_item(
        &self,
        problem: &Problem<'_>,
        item: usize,
        log_odds: &mut [f64],
        residual: &mut [f64],
    ) {
        for (slot, &k) in log_odds.iter_mut().zip(&self.free) {
            *slot = problem.log_odds[[item, k]];
        }
        for (d_ix, (slot, &d)) in residual.iter_mut().zip(&self.observed).enumerate() {
            *slot = (problem.targets[[item, d]] - self.intercept[d_ix]) * self.precision_root[d_ix];
        }
    }
}
