//! A symmetric matrix that is multiplied by a vector and changed by rank 1, vectorised.

#![expect(
    clippy::inline_always,
    reason = "vector instructions reach only what is inlined into the dispatch"
)]

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};

/// Dense and symmetric, (R, R), row after row.
#[derive(Debug, Clone)]
pub(crate) struct Symmetric {
    entries: Vec<f64>,
    arch: Arch,
}

impl Symmetric {
    pub fn new(matrix: &Array2<f64>) -> Self {
        Self {
            entries: matrix.iter().copied().collect(),
            arch: Arch::new(),
        }
    }

    #[cfg(test)]
    fn view(&self) -> ndarray::ArrayView2<'_, f64> {
        let n = self.entries.len().isqrt();
        ndarray::ArrayView2::from_shape((n, n), &self.entries).expect("square by construction")
    }

    /// product = M x
    pub fn multiply(&self, x: &[f64], product: &mut [f64]) {
        product.fill(0.0);
        self.arch.dispatch(Multiply {
            rows: &self.entries,
            x,
            product,
        });
    }

    /// M += scale x x'
    pub fn change(&mut self, scale: f64, x: &[f64]) {
        self.arch.dispatch(Change {
            rows: &mut self.entries,
            scale,
            x,
        });
    }
}

struct Multiply<'a> {
    rows: &'a [f64],
    x: &'a [f64],
    product: &'a mut [f64],
}

impl WithSimd for Multiply<'_> {
    type Output = ();

    /// Rows times numbers, as the matrix is symmetric: no sum over lanes.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (row, x) in self.rows.chunks_exact(self.x.len()).zip(self.x) {
            add_scaled(simd, self.product, *x, row);
        }
    }
}

struct Change<'a> {
    rows: &'a mut [f64],
    scale: f64,
    x: &'a [f64],
}

impl WithSimd for Change<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        for (row, x) in self.rows.chunks_exact_mut(self.x.len()).zip(self.x) {
            add_scaled(simd, row, self.scale * x, self.x);
        }
    }
}

/// to += scale from
#[inline(always)]
fn add_scaled<S: Simd>(simd: S, to: &mut [f64], scale: f64, from: &[f64]) {
    let (to_lanes, to_rest) = S::as_mut_simd_f64s(to);
    let (from_lanes, from_rest) = S::as_simd_f64s(from);
    let scales = simd.splat_f64s(scale);
    for (to, from) in to_lanes.iter_mut().zip(from_lanes) {
        *to = simd.mul_add_f64s(scales, *from, *to);
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = scale.mul_add(*from, *to);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    #[test]
    fn products_and_changes_are_those_of_the_matrix() {
        for n in [1, 3, 8, 13] {
            let entry = |i: usize, j: usize| 1.0 / (1 + i + j) as f64;
            let mut matrix = Array2::from_shape_fn((n, n), |(i, j)| entry(i, j));
            let x = Array1::from_shape_fn(n, |i| (i as f64).sin());
            let mut symmetric = Symmetric::new(&matrix);
            let mut product = vec![f64::NAN; n];
            for _ in 0..2 {
                symmetric.multiply(x.as_slice().expect("contiguous"), &mut product);
                let wanted = matrix.dot(&x);
                let error = (Array1::from_vec(product.clone()) - wanted)
                    .mapv(f64::abs)
                    .sum();
                assert!(error < 1e-14);
                symmetric.change(0.3, x.as_slice().expect("contiguous"));
                matrix += &Array2::from_shape_fn((n, n), |(i, j)| 0.3 * x[i] * x[j]);
            }
            assert!((&matrix - &symmetric.view()).mapv(f64::abs).sum() < 1e-14);
        }
    }
}
