//! The one place where matrices are factorised.

use nalgebra::{Cholesky, DMatrix, DVector, Dyn};
use ndarray::{Array2, ArrayView2};

/// Cholesky factor of a symmetric positive definite matrix.
#[derive(Debug)]
pub(crate) struct Factor(Cholesky<f64, Dyn>);

impl Factor {
    /// `None` where the matrix is not positive definite to working precision.
    pub fn new(matrix: ArrayView2<'_, f64>) -> Option<Self> {
        let (n_rows, n_columns) = matrix.dim();
        let dense = DMatrix::from_fn(n_rows, n_columns, |i, j| matrix[[i, j]]);
        let factor = Cholesky::new(dense)?;
        let diagonal = factor.l_dirty().diagonal();
        let singular = n_rows > 0 && diagonal.min() <= 1e-9 * diagonal.max();
        (!singular).then_some(Self(factor))
    }

    pub fn solve(&self, right: &[f64]) -> Vec<f64> {
        self.0
            .solve(&DVector::from_column_slice(right))
            .as_slice()
            .to_vec()
    }

    pub fn log_determinant(&self) -> f64 {
        let diagonal = self.0.l_dirty().diagonal();
        2.0 * diagonal.iter().map(|x| x.ln()).sum::<f64>()
    }

    pub fn inverse(&self) -> Array2<f64> {
        let inverse = self.0.inverse();
        Array2::from_shape_fn(inverse.shape(), |(i, j)| inverse[(i, j)])
    }
}
