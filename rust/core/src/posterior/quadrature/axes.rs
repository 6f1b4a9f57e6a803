//! The order of the features and the axes of the grid.

use ndarray::ArrayView2;

use crate::simd::{AlignedBuffer, MAX_LANES};

/// Features by falling |w|, so that conditioning on the m largest leaves a suffix, with their
/// weights along the principal axes, where the grid has the fewest nodes.
#[derive(Debug)]
pub(super) struct Axes<const D: usize> {
    /// Feature of each position.
    pub order: Vec<usize>,
    /// W / sigma by position along each axis, padded by zeros.
    pub weights: [AlignedBuffer; D],
    /// Each target dimension in terms of the axes, (target dimension, axis): a rotation.
    pub directions: [[f64; D]; D],
}

impl<const D: usize> Axes<D> {
    /// Axes of weights (K, D).
    pub fn new(weights: ArrayView2<'_, f64>) -> Self {
        let directions = rotation::<D>(weights);
        let square = |k: usize| weights.row(k).iter().map(|w| w * w).sum::<f64>();
        let mut order: Vec<usize> = (0..weights.nrows()).collect();
        order.sort_by(|&a, &b| square(b).total_cmp(&square(a)));
        let along = |axis: usize| {
            let mut padded = AlignedBuffer::zeros(padded(order.len()));
            for (slot, &k) in padded.iter_mut().zip(&order) {
                *slot = (0..D).map(|d| weights[[k, d]] * directions[d][axis]).sum();
            }
            padded
        };
        Self {
            weights: std::array::from_fn(along),
            order,
            directions,
        }
    }

    /// A vector over target dimensions, along the axes.
    pub fn rotate(&self, vector: &[f64]) -> [f64; D] {
        std::array::from_fn(|axis| (0..D).map(|d| vector[d] * self.directions[d][axis]).sum())
    }
}

/// Length at which any suffix can be extended to whole vectors.
pub(super) fn padded(n_features: usize) -> usize {
    n_features + MAX_LANES
}

/// Principal axes of at most two columns: the identity for one.
fn rotation<const D: usize>(weights: ArrayView2<'_, f64>) -> [[f64; D]; D] {
    let mut axes: [[f64; D]; D] =
        std::array::from_fn(|d| std::array::from_fn(|e| f64::from(u8::from(d == e))));
    if D == 2 {
        let (x, y) = (weights.column(0), weights.column(1));
        let angle = 0.5 * (2.0 * x.dot(&y)).atan2(x.dot(&x) - y.dot(&y));
        let (sin, cos) = angle.sin_cos();
        (axes[0][0], axes[0][1]) = (cos, -sin);
        (axes[1][0], axes[1][1]) = (sin, cos);
    }
    axes
}
