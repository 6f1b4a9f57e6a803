//! An item in the smallest space that its weights need.
//!
//! Only the part of the residual in the row space of W depends on z. With more dimensions than
//! features, W' = Q R turns the problem once for all items: K coordinates stand for D. Features
//! that certainly hold join the residual, so that what is left has log odds below +inf.

use nalgebra::DMatrix;
use ndarray::{Array2, ArrayView2};

use super::item_solver::Item;

/// Weights in their row space; R = min(K, D) coordinates.
#[derive(Debug)]
pub(crate) struct RowSpace {
    /// W / sigma in coordinates, (K, R).
    weights: Array2<f64>,
    /// Orthonormal directions of the coordinates, (R, D); absent where R = D.
    directions: Option<Array2<f64>>,
}

/// One item in coordinates; buffers of one thread.
#[derive(Debug, Clone)]
pub(crate) struct Coordinates {
    /// Log odds, (K,); -inf also for features that hold: the residual has their effect.
    pub log_odds: Vec<f64>,
    /// Residual, (R,).
    pub residual: Vec<f64>,
    /// log exp(-|part of the residual that no feature explains|^2 / 2).
    pub log_outside: f64,
    /// Which features certainly hold, (K,).
    pub certain: Vec<bool>,
}

impl RowSpace {
    /// Weights over sigma, (K, D).
    pub fn new(weights: ArrayView2<'_, f64>) -> Self {
        let (n_features, n_targets) = weights.dim();
        if n_targets <= n_features {
            return Self {
                weights: weights.as_standard_layout().into_owned(),
                directions: None,
            };
        }
        let transposed = DMatrix::from_fn(n_targets, n_features, |d, k| weights[[k, d]]);
        let (q, r) = transposed.qr().unpack();
        Self {
            weights: Array2::from_shape_fn((n_features, n_features), |(k, i)| r[(i, k)]),
            directions: Some(Array2::from_shape_fn((n_features, n_targets), |(i, d)| {
                q[(d, i)]
            })),
        }
    }

    pub fn weights(&self) -> ArrayView2<'_, f64> {
        self.weights.view()
    }

    /// w_k, (R,).
    pub fn feature(&self, k: usize) -> &[f64] {
        let n = self.n_coordinates();
        &self.weights.as_slice().expect("row-major by construction")[k * n..(k + 1) * n]
    }

    pub fn n_features(&self) -> usize {
        self.weights.nrows()
    }

    pub fn n_coordinates(&self) -> usize {
        self.weights.ncols()
    }

    pub fn coordinates(&self) -> Coordinates {
        Coordinates {
            log_odds: vec![0.0; self.n_features()],
            residual: vec![0.0; self.n_coordinates()],
            log_outside: 0.0,
            certain: vec![false; self.n_features()],
        }
    }

    /// Turn an item into coordinates.
    pub fn read(&self, item: Item<'_>, coordinates: &mut Coordinates) {
        let Coordinates {
            log_odds,
            residual,
            log_outside,
            certain,
        } = coordinates;
        *log_outside = 0.0;
        if let Some(directions) = &self.directions {
            let mut outside = item.residual.to_vec();
            for (coordinate, direction) in residual.iter_mut().zip(directions.rows()) {
                let direction = direction.to_slice().expect("row-major by construction");
                *coordinate = dot(direction, item.residual);
                add_scaled(&mut outside, -*coordinate, direction);
            }
            *log_outside = -0.5 * dot(&outside, &outside);
        } else {
            residual.copy_from_slice(item.residual);
        }
        for (k, &given) in item.log_odds.iter().enumerate() {
            certain[k] = given == f64::INFINITY;
            log_odds[k] = given;
            if certain[k] {
                log_odds[k] = f64::NEG_INFINITY;
                add_scaled(residual, -1.0, self.feature(k));
            }
        }
    }

    /// I + sum_k v_k w_k w_k', (R, R).
    pub fn information(&self, variances: &[f64]) -> Array2<f64> {
        let n = self.n_coordinates();
        let mut sum = Array2::eye(n);
        let entries = sum.as_slice_mut().expect("row-major by construction");
        for (k, &variance) in variances.iter().enumerate().filter(|(_, v)| **v > 0.0) {
            let feature = self.feature(k);
            for (i, row) in entries.chunks_exact_mut(n).enumerate() {
                add_scaled(&mut row[..=i], variance * feature[i], &feature[..=i]);
            }
        }
        for i in 0..n {
            for j in 0..i {
                sum[[j, i]] = sum[[i, j]];
            }
        }
        sum
    }
}

/// a . b
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    // Four sums at once: one chain of additions would wait for each in turn.
    let (a_fours, b_fours) = (a.chunks_exact(4), b.chunks_exact(4));
    let rest: f64 = a_fours
        .remainder()
        .iter()
        .zip(b_fours.remainder())
        .map(|(a, b)| a * b)
        .sum();
    let mut sums = [0.0; 4];
    for (a, b) in a_fours.zip(b_fours) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3]) + rest
}

/// to += scale from
pub(crate) fn add_scaled(to: &mut [f64], scale: f64, from: &[f64]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to += scale * from;
    }
}
