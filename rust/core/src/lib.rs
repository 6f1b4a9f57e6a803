//! The statistical core of genz: regression on latent binary features that a foundation model
//! judges with errors (Jojic & Jojic, arXiv:2512.24834).
//!
//! Data flows one way: judgments become log odds ([`em::Channel`]), log odds and targets become an
//! exact posterior ([`posterior`]), posteriors become parameters ([`em`]), parameters become
//! predictions ([`mixture`]). The crate knows no Python and no I/O, and nothing depends on the clock but
//! what is said of seconds.

mod cancel;
mod error;
mod linear;
mod numeric;
mod simd;

pub mod em;
pub mod mixture;
pub mod posterior;

pub use cancel::CancelToken;
pub use error::{Error, Result};
pub use simd::instruction_set;
