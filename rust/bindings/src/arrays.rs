//! numpy arrays in and out.

use genz_core::em::{Judgments, Reals};
use ndarray::{ArrayView1, ArrayView2};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};
use pyo3::FromPyObject;

/// A float64 matrix owned by Python; the core sees a view of it, without a copy.
pub type Matrix<'py> = PyReadonlyArray2<'py, f64>;
/// A uint8 matrix owned by Python.
pub type Labels<'py> = PyReadonlyArray2<'py, u8>;
/// A float64 vector owned by Python.
pub type Vector<'py> = PyReadonlyArray1<'py, f64>;

/// Judgments in one of the types that the core reads, of any strides.
#[derive(FromPyObject)]
pub enum JudgmentMatrix<'py> {
    /// uint8: 0, 1 and 255 (unknown).
    Bytes(PyReadonlyArray2<'py, u8>),
    /// float32.
    Singles(PyReadonlyArray2<'py, f32>),
    /// float64.
    Doubles(PyReadonlyArray2<'py, f64>),
}

/// Real numbers in one of the types that the core reads, of any strides.
#[derive(FromPyObject)]
pub enum RealMatrix<'py> {
    /// float32.
    Singles(PyReadonlyArray2<'py, f32>),
    /// float64.
    Doubles(PyReadonlyArray2<'py, f64>),
}

impl JudgmentMatrix<'_> {
    /// View for the core.
    pub fn view(&self) -> Judgments<'_> {
        match self {
            Self::Bytes(matrix) => Judgments::Bytes(matrix.as_array()),
            Self::Singles(matrix) => Judgments::Singles(matrix.as_array()),
            Self::Doubles(matrix) => Judgments::Doubles(matrix.as_array()),
        }
    }
}

impl RealMatrix<'_> {
    /// View for the core.
    pub fn view(&self) -> Reals<'_> {
        match self {
            Self::Singles(matrix) => Reals::Singles(matrix.as_array()),
            Self::Doubles(matrix) => Reals::Doubles(matrix.as_array()),
        }
    }
}

/// Views are taken before the GIL is released; the read-only borrow keeps writers out until then.
pub fn view1<'a>(vector: Option<&'a Vector<'_>>) -> Option<ArrayView1<'a, f64>> {
    vector.map(PyReadonlyArray1::as_array)
}

/// View of a matrix.
pub fn view2<'a>(matrix: &'a Matrix<'_>) -> ArrayView2<'a, f64> {
    matrix.as_array()
}
