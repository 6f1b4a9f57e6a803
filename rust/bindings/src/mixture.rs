//! `genz._core.mixture_quantiles` and `mixture_distribution`.

use genz_core::mixture::{Background, Mixtures};
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;

use crate::arrays::{Matrix, Vector, view2};
use crate::enter::enter;

/// Quantiles of the predictive mixtures, (N, L); `background` is (share, mean, sd).
#[pyfunction]
#[allow(clippy::too_many_arguments)] // the signature of the Python function
#[pyo3(signature = (log_odds, weights, shift, sd, background, levels, n_threads))]
pub fn mixture_quantiles<'py>(
    py: Python<'py>,
    log_odds: Matrix<'py>,
    weights: Vector<'py>,
    shift: Vector<'py>,
    sd: Vector<'py>,
    background: Option<(f64, f64, f64)>,
    levels: Vec<f64>,
    n_threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray2<f64>>> {
    let mixtures = Mixtures {
        log_odds: view2(&log_odds),
        weights: weights.as_array(),
        shift: shift.as_array(),
        sd: sd.as_array(),
        background: background.map(|(share, mean, sd)| Background { share, mean, sd }),
    };
    let quantiles = enter(py, n_threads, |cancel| mixtures.quantiles(&levels, cancel))?;
    Ok(PyArray2::from_owned_array(py, quantiles))
}

/// Distribution functions of the predictive mixtures at one value each, (N,).
#[pyfunction]
#[allow(clippy::too_many_arguments)] // the signature of the Python function
#[pyo3(signature = (log_odds, weights, shift, sd, background, values, n_threads))]
pub fn mixture_distribution<'py>(
    py: Python<'py>,
    log_odds: Matrix<'py>,
    weights: Vector<'py>,
    shift: Vector<'py>,
    sd: Vector<'py>,
    background: Option<(f64, f64, f64)>,
    values: Vector<'py>,
    n_threads: Option<usize>,
) -> PyResult<Bound<'py, PyArray1<f64>>> {
    let mixtures = Mixtures {
        log_odds: view2(&log_odds),
        weights: weights.as_array(),
        shift: shift.as_array(),
        sd: sd.as_array(),
        background: background.map(|(share, mean, sd)| Background { share, mean, sd }),
    };
    let values = values.as_array();
    let distribution = enter(py, n_threads, |cancel| {
        mixtures.distribution(values, cancel)
    })?;
    Ok(PyArray1::from_owned_array(py, distribution))
}
