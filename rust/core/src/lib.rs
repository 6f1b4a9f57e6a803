//! The statistical core of genz: regression on latent binary features that a foundation model
//! judges with errors (Jojic & Jojic, arXiv:2512.24834).
//!
//! Data flows one way: judgments become log odds ([`em::Channel`]), log odds and targets become an
//! exact posterior ([`posterior`]), posteriors become parameters ([`em`]), parameters become
//! predictions ([`mixture`]). The crate knows no Python, no I/O, no clock and no global state.

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
