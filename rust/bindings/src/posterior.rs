//! `genz._core.posterior`.

use genz_core::posterior as core;
use numpy::{PyArray1, PyArray2};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{Matrix, Vector, view1, view2};
use crate::enter::enter;
use crate::options;

/// Posterior of every item; see `genz.posterior`.
#[pyfunction]
#[pyo3(signature = (targets, weights, intercept, noise_variance, log_odds, item_weights, solver, moments, n_threads))]
#[allow(clippy::too_many_arguments)] // the signature of the Python function
pub fn posterior<'py>(
    py: Python<'py>,
    targets: Matrix<'py>,
    weights: Matrix<'py>,
    intercept: Vector<'py>,
    noise_variance: Vector<'py>,
    log_odds: Matrix<'py>,
    item_weights: Option<Vector<'py>>,
    solver: &str,
    moments: &str,
    n_threads: Option<usize>,
) -> PyResult<Bound<'py, PyDict>> {
    let choice = options::solver(solver)?;
    let moments = options::moments(moments)?;
    let targets = view2(&targets);
    let weights = view2(&weights);
    let intercept = intercept.as_array();
    let noise_variance = noise_variance.as_array();
    let log_odds = view2(&log_odds);
    let item_weights = view1(item_weights.as_ref());
    let answer = enter(py, n_threads, |cancel| {
        let problem = core::Problem::new(
            targets,
            weights,
            intercept,
            noise_variance,
            log_odds,
            item_weights,
        )?;
        core::posterior(&problem, choice, moments, cancel)
    })?;
    let result = PyDict::new(py);
    result.set_item(
        "log_evidence",
        PyArray1::from_owned_array(py, answer.log_evidence),
    )?;
    result.set_item(
        "marginals",
        answer.marginals.map(|m| PyArray2::from_owned_array(py, m)),
    )?;
    let pairs = answer.pair_moments;
    result.set_item(
        "pair_moments",
        pairs.map(|p| PyArray2::from_owned_array(py, p)),
    )?;
    options::set_report(&result, &answer.report)?;
    Ok(result)
}
