//! Words of the Python API as values of the core.

use genz_core::em::{JudgmentKind, Noise};
use genz_core::posterior::{Moments, SolverChoice, SolversUsed};
use pyo3::PyResult;

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
        _ => unknown("solver", word, "\"auto\", \"enumeration\", \"quadrature\""),
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

/// One entry of `judgment_kind=`.
pub fn judgment_kind(word: &str) -> PyResult<JudgmentKind> {
    match word {
        "auto" => Ok(JudgmentKind::Auto),
        "hard" => Ok(JudgmentKind::Hard),
        "probability" => Ok(JudgmentKind::Probability),
        _ => unknown("judgment_kind", word, "\"auto\", \"hard\", \"probability\""),
    }
}

/// Name of the solvers that ran; "prior" where no item needed one.
pub fn solver_name(used: SolversUsed) -> &'static str {
    match (used.enumeration, used.quadrature) {
        (true, true) => "enumeration+quadrature",
        (true, false) => "enumeration",
        (false, true) => "quadrature",
        (false, false) => "prior",
    }
}
