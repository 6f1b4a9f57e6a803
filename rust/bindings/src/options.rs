//! Words of the Python API as values of the core.

use genz_core::em::{HeldRate, JudgmentKind, Noise};
use genz_core::posterior::{Moments, Report, SolverChoice};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::error::UsageError;

fn unknown<T>(name: &str, got: &str, wanted: &str) -> PyResult<T> {
    Err(UsageError::new_err(format!(
        "{name} is {got:?}, wanted one of {wanted}"
    )))
}

/// `solver=`.
pub fn solver(word: &str) -> PyResult<SolverChoice> {
    match word {
        "auto" => Ok(SolverChoice::Auto),
        "enumeration" => Ok(SolverChoice::Enumeration),
        "quadrature" => Ok(SolverChoice::Quadrature),
        "branch_and_bound" => Ok(SolverChoice::BranchAndBound),
        "expectation_propagation" => Ok(SolverChoice::ExpectationPropagation),
        _ => unknown(
            "solver",
            word,
            "\"auto\", \"enumeration\", \"quadrature\", \"branch_and_bound\", \
             \"expectation_propagation\"",
        ),
    }
}

/// `moments=`.
pub fn moments(word: &str) -> PyResult<Moments> {
    match word {
        "none" => Ok(Moments::None),
        "marginals" => Ok(Moments::Marginals),
        "pairs" => Ok(Moments::Pairs),
        _ => unknown("moments", word, "\"none\", \"marginals\", \"pairs\""),
    }
}

/// `noise=`.
pub fn noise(word: &str) -> PyResult<Noise> {
    match word {
        "asymmetric" => Ok(Noise::Asymmetric),
        "symmetric" => Ok(Noise::Symmetric),
        _ => unknown("noise", word, "\"asymmetric\", \"symmetric\""),
    }
}

/// The rate of `held=`.
pub fn held_rate(word: &str) -> PyResult<HeldRate> {
    match word {
        "ppv" => Ok(HeldRate::Yes),
        "fomr" => Ok(HeldRate::No),
        "both" => Ok(HeldRate::Both),
        _ => unknown("rate", word, "\"ppv\", \"fomr\", \"both\""),
    }
}

/// One entry of `judgment_kind=`.
pub fn judgment_kind(word: &str) -> PyResult<JudgmentKind> {
    match word {
        "auto" => Ok(JudgmentKind::Auto),
        "hard" => Ok(JudgmentKind::Hard),
        "probability" => Ok(JudgmentKind::Probability),
        _ => unknown("judgment_kind", word, "\"auto\", \"hard\", \"probability\""),
    }
}

/// What ran, and how well: the keys that answers to `fit` and `posterior` share.
pub fn set_report(result: &Bound<'_, PyDict>, report: &Report) -> PyResult<()> {
    result.set_item("solver", report.solver())?;
    result.set_item("why", report.why())?;
    result.set_item("exact", report.is_exact())?;
    result.set_item("worst_certificate", report.worst_certificate)?;
    result.set_item("n_rescued", report.n_rescued)?;
    result.set_item("predicted_seconds", report.predicted_seconds)?;
    result.set_item("seconds", report.seconds)
}
