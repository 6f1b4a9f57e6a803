//! Options of a fit, checked in one place.

use super::channel::{Noise, RatePrior};
use crate::error::{Error, Result};
use crate::posterior::SolverChoice;

/// A rate that EM leaves where it starts, for a profile of the likelihood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HeldRate {
    /// ppv.
    Yes,
    /// fomr.
    No,
    /// Both.
    Both,
}

/// Unchecked options.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Symmetric or asymmetric error rates.
    pub noise: Noise,
    /// Prior of the error rates.
    pub rate_prior: RatePrior,
    /// Whether the centres of the channels' priors are learned from all features.
    pub pooling: bool,
    /// The most EM iterations of one start.
    pub max_iter: usize,
    /// EM has converged when the objective's relative change falls below this.
    pub tol: f64,
    /// Whether steps are extrapolated where the objective does not fall.
    pub acceleration: bool,
    /// The solver of the E step.
    pub solver: SolverChoice,
    /// Whether the covariance of the coefficients is wanted.
    pub covariance: bool,
    /// A feature and its rates that stay as in the start; no feature is then read the other way
    /// round.
    pub held: Option<(usize, HeldRate)>,
}

impl Options {
    /// # Errors
    /// [`Error::Option`] names the option outside its domain.
    pub(crate) fn check(&self) -> Result<()> {
        let at_least_0 = "a finite number of at least 0";
        let finite = |name, value: f64, in_domain: bool, wanted| {
            if value.is_finite() && in_domain {
                Ok(())
            } else {
                Err(Error::Option {
                    name,
                    value,
                    wanted,
                })
            }
        };
        finite("tol", self.tol, self.tol >= 0.0, at_least_0)?;
        finite(
            "max_iter",
            self.max_iter as f64,
            self.max_iter >= 1,
            "at least 1",
        )?;
        let RatePrior { strength, centre } = self.rate_prior;
        finite("rate_strength", strength, strength >= 0.0, at_least_0)?;
        let in_half = centre > 0.0 && centre < 0.5;
        finite(
            "rate_centre",
            centre,
            in_half,
            "an error rate above 0 and below 0.5",
        )
    }
}
