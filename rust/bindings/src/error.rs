//! Every error of the core as a named Python exception of `genz.errors`.

use genz_core::Error;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::{PyErr, import_exception};

import_exception!(genz.errors, DataError);
import_exception!(genz.errors, SolverError);
import_exception!(genz.errors, UsageError);

/// Name an error. The match has no wildcard: a case that the core gains must be named here.
pub fn to_python(error: &Error) -> PyErr {
    let text = error.to_string();
    match error {
        Error::Shape { .. }
        | Error::Empty { .. }
        | Error::OutOfDomain { .. }
        | Error::ConstantTarget { .. }
        | Error::UnobservedTarget { .. }
        | Error::CollinearCovariate { .. }
        | Error::SingularNormalEquations { .. } => DataError::new_err(text),
        Error::Option { .. } => UsageError::new_err(text),
        Error::TooManyFeatures { .. } | Error::RankTooHigh { .. } | Error::NotCertified { .. } => {
            SolverError::new_err(text)
        }
        // Only an interrupt cancels, and its own exception is raised instead where it is known.
        Error::Cancelled => PyKeyboardInterrupt::new_err(text),
    }
}
