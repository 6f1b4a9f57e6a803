//! The parts of a model that do not act on each other.

use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2, Axis};

/// The most that all dropped couplings together may move a logarithm.
const MAX_DROPPED: f64 = 1e-13;
/// A singular value below this share of the largest is zero.
const NO_RANK: f64 = 1e-14;

/// Features that are coupled with each other and with no others.
#[derive(Debug)]
pub(crate) struct Component {
    /// Rows of the weights, increasing.
    pub features: Vec<usize>,
    /// Their weights in the coordinates that they reach, (features, rank).
    pub weights: Array2<f64>,
    /// From the residual to these coordinates, (rank, D); None where they are the dimensions.
    pub rotation: Option<Array2<f64>>,
}

/// Components in the order of their first features, and the total of the couplings between them.
/// With s_kl = |J_kl|, dropping couplings moves the log evidence by no more than their sum.
pub(crate) fn components(weights: ArrayView2<'_, f64>) -> (Vec<Component>, f64) {
    let n_features = weights.nrows();
    let couplings = weights.dot(&weights.t());
    let mut pairs: Vec<(f64, usize, usize)> = (0..n_features)
        .flat_map(|k| (0..k).map(move |l| (k, l)))
        .map(|(k, l)| (couplings[[k, l]].abs(), k, l))
        .collect();
    pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut dropped = 0.0;
    let mut label: Vec<usize> = (0..n_features).collect();
    for (strength, k, l) in pairs {
        if dropped + strength <= MAX_DROPPED {
            dropped += strength;
            continue;
        }
        let (from, to) = (label[k].max(label[l]), label[k].min(label[l]));
        if from == to {
            continue;
        }
        label
            .iter_mut()
            .filter(|own| **own == from)
            .for_each(|own| *own = to);
    }
    // Features without any effect are independent of all: one component together.
    let idle = |k: usize| weights.row(k).iter().all(|w| *w == 0.0);
    let first_idle = (0..n_features).find(|&k| idle(k));
    for k in (0..n_features).filter(|&k| idle(k)) {
        label[k] = first_idle.unwrap_or(k);
    }
    let components = (0..n_features)
        .filter(|&k| label[k] == k)
        .map(|first| {
            let features = (first..n_features).filter(|&k| label[k] == first).collect();
            Component::new(features, weights)
        })
        .collect();
    (components, dropped)
}

impl Component {
    fn new(features: Vec<usize>, weights: ArrayView2<'_, f64>) -> Self {
        let weights = weights.select(Axis(0), &features);
        match lower_rank(weights.view()) {
            None => Self {
                features,
                weights,
                rotation: None,
            },
            Some(rotation) => Self {
                features,
                weights: weights.dot(&rotation.t()),
                rotation: Some(rotation),
            },
        }
    }

    pub fn n_features(&self) -> usize {
        self.features.len()
    }

    pub fn rank(&self) -> usize {
        self.weights.ncols()
    }
}

/// Orthonormal coordinates of the row space, (rank, D), where they are fewer than the dimensions.
fn lower_rank(weights: ArrayView2<'_, f64>) -> Option<Array2<f64>> {
    let (n_features, n_targets) = weights.dim();
    if weights.iter().all(|w| *w == 0.0) {
        return (n_targets > 0).then(|| Array2::zeros((0, n_targets)));
    }
    if n_targets == 1 {
        return None;
    }
    let dense = DMatrix::from_fn(n_features, n_targets, |k, d| weights[[k, d]]);
    let decomposition = dense.svd(false, true);
    let values = &decomposition.singular_values;
    let rows = decomposition.v_t?;
    let kept: Vec<usize> = (0..values.len())
        .filter(|&i| values[i] > NO_RANK * values.max())
        .collect();
    (kept.len() < n_targets)
        .then(|| Array2::from_shape_fn((kept.len(), n_targets), |(i, d)| rows[(kept[i], d)]))
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn uncoupled_features_come_apart() {
        let weights = array![
            [1.0, 0.0, 0.0],
            [0.0, 0.0, 0.0],
            [0.0, 2.0, 1.0],
            [3.0, 1e-14, 0.0],
            [0.0, 1.0, 0.5],
            [0.0, 0.0, 0.0],
        ];
        let (components, dropped) = components(weights.view());
        let features: Vec<_> = components.iter().map(|c| c.features.clone()).collect();
        assert_eq!(features, [vec![0, 3], vec![1, 5], vec![2, 4]]);
        let ranks: Vec<usize> = components.iter().map(Component::rank).collect();
        // The first keeps the tiny weight of its second direction: 1e-14 of 3 is not zero.
        assert_eq!(ranks[1..], [0, 1]);
        assert!(dropped > 0.0 && dropped < MAX_DROPPED);
    }

    #[test]
    fn rotation_keeps_lengths_within_the_row_space() {
        let weights = array![[1.0, 2.0, 2.0], [-2.0, -4.0, -4.0]];
        let (components, _) = components(weights.view());
        assert_eq!(components[0].rank(), 1);
        let couplings = components[0].weights.dot(&components[0].weights.t());
        assert!(
            (couplings - weights.dot(&weights.t()))
                .iter()
                .all(|x| x.abs() < 1e-13)
        );
    }
}
