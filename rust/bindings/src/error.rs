//! Every error of the core as a named Python exception of `genz.errors`.

use genz_core::Error;
use pyo3::exceptions::PyRuntimeError;
use pyo3::{PyErr, import_exception};

import_exception!(genz.errors, DataError);
import_exception!(genz.errors, SolverError);
import_exception!(genz.errors, UsageError);

/// Name an error.
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
        Error::TooManyFeatures { .. } | Error::NotScalar { .. } | Error::NotCertified { .. } => {
            SolverError::new_err(text)
        }
        // Cancelling without a pending Python exception, and cases that the core may yet gain.
        _ => PyRuntimeError::new_err(text),
    }
}
