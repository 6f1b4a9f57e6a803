//! numpy arrays in and out.

use ndarray::{ArrayView1, ArrayView2};
use numpy::{PyReadonlyArray1, PyReadonlyArray2};

/// A float64 matrix owned by Python; the core sees a view of it, without a copy.
pub type Matrix<'py> = PyReadonlyArray2<'py, f64>;
/// A float64 vector owned by Python.
pub type Vector<'py> = PyReadonlyArray1<'py, f64>;

/// Views are taken before the GIL is released; the read-only borrow keeps writers out until then.
pub fn view1<'a>(vector: Option<&'a Vector<'_>>) -> Option<ArrayView1<'a, f64>> {
    vector.map(PyReadonlyArray1::as_array)
}

/// View of a matrix.
pub fn view2<'a>(matrix: &'a Matrix<'_>) -> ArrayView2<'a, f64> {
    matrix.as_array()
}
