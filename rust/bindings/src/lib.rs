//! `genz._core`: the border between numpy and `genz-core`. No mathematics lives here.
//!
//! `arrays` is the only file that touches numpy, `enter` the only one that releases the GIL and
//! watches for Ctrl-C, `error` the only one that names Python exceptions.

mod arrays;
mod enter;
mod error;
mod fit;
mod mixture;
mod options;
mod posterior;

use pyo3::prelude::*;

/// The compiled part of genz.
#[pymodule]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use super::fit::fit;
    #[pymodule_export]
    use super::mixture::{mixture_distribution, mixture_quantiles};
    #[pymodule_export]
    use super::posterior::posterior;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("is_debug_build", cfg!(debug_assertions))?;
        module.add("instruction_set", genz_core::instruction_set())?;
        module.add(
            "MAX_ENUMERATION_FEATURES",
            genz_core::posterior::MAX_ENUMERATION_FEATURES,
        )?;
        module.add("PROBABILITY_CLIP", genz_core::em::PROBABILITY_CLIP)?;
        Ok(())
    }
}
