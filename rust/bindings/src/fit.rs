//! `genz._core.fit`.

use genz_core::em::{Channel, FeatureChannel, Fit, Input, Options, Parameters, RatePrior};
use ndarray::{Array1, Array2};
use numpy::{PyArray1, PyArray2, PyArray3};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::arrays::{JudgmentMatrix, Labels, Matrix, RealMatrix, Vector, view1, view2};
use crate::enter::enter;
use crate::options;

/// Numbers of a fitted or starting model, as Python knows them.
#[derive(FromPyObject)]
struct Start<'py> {
    #[pyo3(item)]
    weights: Matrix<'py>,
    #[pyo3(item)]
    intercept: Vector<'py>,
    #[pyo3(item)]
    covariate_weights: Matrix<'py>,
    #[pyo3(item)]
    noise_variance: Vector<'py>,
    #[pyo3(item)]
    ppv: Vector<'py>,
    #[pyo3(item)]
    fomr: Vector<'py>,
    #[pyo3(item)]
    prevalence: Vector<'py>,
    #[pyo3(item)]
    channel_intercept: Vector<'py>,
    #[pyo3(item)]
    channel_slope: Vector<'py>,
}

impl Start<'_> {
    fn parameters(&self) -> Parameters {
        let (ppv, fomr) = (self.ppv.as_array(), self.fomr.as_array());
        let prevalence = self.prevalence.as_array();
        let intercepts = self.channel_intercept.as_array();
        let slopes = self.channel_slope.as_array();
        let channel = |k: usize| match ppv[k] {
            ppv if ppv.is_nan() => Channel::Logistic {
                intercept: intercepts[k],
                slope: slopes[k],
            },
            ppv => Channel::Hard { ppv, fomr: fomr[k] },
        };
        Parameters {
            weights: self.weights.as_array().to_owned(),
            intercept: self.intercept.as_array().to_owned(),
            covariate_weights: self.covariate_weights.as_array().to_owned(),
            noise_variance: self.noise_variance.as_array().to_owned(),
            channels: (0..ppv.len())
                .map(|k| FeatureChannel {
                    channel: channel(k),
                    prevalence: prevalence[k],
                })
                .collect(),
        }
    }
}

/// Fit by EM; see `genz.LatentFeatureRegression`.
#[pyfunction]
#[pyo3(signature = (
    judgments, targets, covariates, item_weights, ridge, gold, *, judgment_kinds, noise, rate_strength,
    rate_centre, pooling, max_iter, tol, acceleration, solver, covariance, starts, n_threads, held
))]
#[allow(clippy::too_many_arguments)] // the signature of the Python function
pub fn fit<'py>(
    py: Python<'py>,
    judgments: JudgmentMatrix<'py>,
    targets: RealMatrix<'py>,
    covariates: RealMatrix<'py>,
    item_weights: Option<Vector<'py>>,
    ridge: Matrix<'py>,
    gold: Option<Labels<'py>>,
    judgment_kinds: Vec<String>,
    noise: &str,
    rate_strength: f64,
    rate_centre: f64,
    pooling: bool,
    max_iter: usize,
    tol: f64,
    acceleration: bool,
    solver: &str,
    covariance: bool,
    starts: Vec<Bound<'py, PyAny>>,
    n_threads: Option<usize>,
    held: Option<(usize, String)>,
) -> PyResult<Bound<'py, PyDict>> {
    let kinds = judgment_kinds
        .iter()
        .map(|word| options::judgment_kind(word))
        .collect::<PyResult<Vec<_>>>()?;
    let options = Options {
        noise: options::noise(noise)?,
        rate_prior: RatePrior {
            strength: rate_strength,
            centre: rate_centre,
        },
        pooling,
        max_iter,
        tol,
        acceleration,
        solver: options::solver(solver)?,
        covariance,
        held: held
            .map(|(feature, rate)| Ok::<_, PyErr>((feature, options::held_rate(&rate)?)))
            .transpose()?,
    };
    let starts = starts
        .iter()
        .map(|start| Ok(start.extract::<Start<'_>>()?.parameters()))
        .collect::<PyResult<Vec<_>>>()?;
    let input = Input {
        judgments: judgments.view(),
        targets: targets.view(),
        covariates: covariates.view(),
        item_weights: view1(item_weights.as_ref()),
        ridge: view2(&ridge),
        gold: gold.as_ref().map(|labels| labels.as_array()),
    };
    let fit = enter(py, n_threads, |cancel| {
        genz_core::em::fit(input, &kinds, &options, &starts, cancel)
    })?;
    to_dict(py, fit)
}

fn to_dict(py: Python<'_>, fit: Fit) -> PyResult<Bound<'_, PyDict>> {
    let result = PyDict::new(py);
    let vector = |values: Array1<f64>| PyArray1::from_owned_array(py, values);
    let matrix = |values: Array2<f64>| PyArray2::from_owned_array(py, values);
    let Parameters {
        weights,
        intercept,
        covariate_weights,
        noise_variance,
        channels,
    } = fit.parameters;
    let of_channel = |read: &dyn Fn(Channel) -> f64| {
        vector(
            channels
                .iter()
                .map(|feature| read(feature.channel))
                .collect(),
        )
    };
    result.set_item("weights", matrix(weights))?;
    result.set_item("intercept", vector(intercept))?;
    result.set_item("covariate_weights", matrix(covariate_weights))?;
    result.set_item("noise_variance", vector(noise_variance))?;
    result.set_item("ppv", of_channel(&|c| hard(c).0))?;
    result.set_item("fomr", of_channel(&|c| hard(c).1))?;
    result.set_item("channel_intercept", of_channel(&|c| logistic(c).0))?;
    result.set_item("channel_slope", of_channel(&|c| logistic(c).1))?;
    result.set_item(
        "prevalence",
        vector(channels.iter().map(|c| c.prevalence).collect()),
    )?;
    let covariance = fit.covariance.map(|c| PyArray3::from_owned_array(py, c));
    result.set_item("covariance", covariance)?;
    result.set_item("weight_variances", matrix(fit.weight_variances))?;
    result.set_item("information_is_definite", fit.information_is_definite)?;
    result.set_item("log_likelihood", fit.log_likelihood)?;
    result.set_item("objectives", vector(fit.objectives.into()))?;
    result.set_item("n_iter", fit.n_iter)?;
    result.set_item("n_e_steps", fit.n_e_steps)?;
    result.set_item("converged", fit.converged)?;
    result.set_item("noise_at_floor", fit.noise_at_floor)?;
    options::set_report(&result, &fit.report)?;
    Ok(result)
}

/// (ppv, fomr), NaN for a column of probabilities.
fn hard(channel: Channel) -> (f64, f64) {
    match channel {
        Channel::Hard { ppv, fomr } => (ppv, fomr),
        Channel::Logistic { .. } => (f64::NAN, f64::NAN),
    }
}

/// (intercept, slope), NaN for a column of hard judgments.
fn logistic(channel: Channel) -> (f64, f64) {
    match channel {
        Channel::Logistic { intercept, slope } => (intercept, slope),
        Channel::Hard { .. } => (f64::NAN, f64::NAN),
    }
}
