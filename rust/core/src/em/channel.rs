//! The channel of a feature: how a judgment becomes the log odds of the latent feature.
//!
//! Hard judgments (yes, no) have two error rates; probability judgments go through a logistic
//! curve, because foundation models rank items better than they are calibrated. An unknown
//! judgment has the prevalence of its own column.

use super::pooling::Centres;
use super::views::{N_ANSWERS, NO, UNKNOWN, YES};
use crate::numeric::logit;

/// Probability judgments are clipped to [this, 1 - this].
pub const PROBABILITY_CLIP: f64 = 1e-6;
/// Prior standard deviation of a channel's intercept around 0.
pub const CHANNEL_INTERCEPT_SD: f64 = 2.0;
/// Prior standard deviation of a channel's slope around 1.
pub const CHANNEL_SLOPE_SD: f64 = 1.0;

/// Learned reading of one feature's known judgments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Channel {
    /// Yes or no.
    Hard {
        /// P(z = 1 | h = yes), the positive predictive value.
        ppv: f64,
        /// P(z = 1 | h = no), the false omission rate.
        fomr: f64,
    },
    /// A probability p; the log odds are intercept + slope logit p.
    Logistic {
        /// alpha.
        intercept: f64,
        /// gamma.
        slope: f64,
    },
}

/// Whether a judge errs equally often on both sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Noise {
    /// ppv and fomr are free.
    #[default]
    Asymmetric,
    /// ppv = 1 - e, fomr = e (the paper's form).
    Symmetric,
}

/// Beta prior of the rates: `strength` imagined items with the error rate `centre`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RatePrior {
    /// Pseudo-count.
    pub strength: f64,
    /// Error rate of the imagined items.
    pub centre: f64,
}

/// A feature's channel and the prevalence among its unknown judgments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FeatureChannel {
    /// Reading of known judgments.
    pub channel: Channel,
    /// P(z = 1 | h unknown).
    pub prevalence: f64,
}

impl FeatureChannel {
    /// The centre of the priors, where EM starts.
    pub(crate) fn at_centre(is_hard: bool, prior: RatePrior, prevalence_centre: f64) -> Self {
        let channel = if is_hard {
            Channel::Hard {
                ppv: 1.0 - prior.centre,
                fomr: prior.centre,
            }
        } else {
            Channel::Logistic {
                intercept: 0.0,
                slope: 1.0,
            }
        };
        Self {
            channel,
            prevalence: prevalence_centre,
        }
    }

    /// lambda = log P(z = 1 | h) / P(z = 0 | h).
    #[must_use]
    pub fn log_odds(&self, judgment: f64) -> f64 {
        if judgment.is_nan() {
            return logit(self.prevalence);
        }
        match self.channel {
            Channel::Hard { ppv, fomr } => logit(if judgment > 0.5 { ppv } else { fomr }),
            Channel::Logistic { intercept, slope } => intercept + slope * clipped_logit(judgment),
        }
    }

    /// Log odds of each hard answer; of a logistic channel those of a certain no and yes.
    pub(crate) fn log_odds_by_answer(&self) -> [f64; N_ANSWERS] {
        let mut table = [f64::NAN; N_ANSWERS];
        for (answer, judgment) in [(NO, 0.0), (YES, 1.0), (UNKNOWN, f64::NAN)] {
            table[answer] = self.log_odds(judgment);
        }
        table
    }

    /// Log prior density, up to a constant.
    pub(crate) fn log_prior(
        &self,
        strength: f64,
        centres: &Centres,
        prevalence_centre: f64,
    ) -> f64 {
        let beta = |rate: f64, centre: f64| {
            strength * (centre * rate.ln() + (1.0 - centre) * (-rate).ln_1p())
        };
        let [of_yes, of_no] = centres.errors;
        let channel = match self.channel {
            Channel::Hard { ppv, fomr } => beta(ppv, 1.0 - of_yes) + beta(fomr, of_no),
            Channel::Logistic { intercept, slope } => {
                centres.curves.log_density([intercept, slope])
            }
        };
        channel + beta(self.prevalence, prevalence_centre)
    }

    /// The same posterior with z read the other way round.
    #[must_use]
    pub fn flipped(self) -> Self {
        let channel = match self.channel {
            Channel::Hard { ppv, fomr } => Channel::Hard {
                ppv: 1.0 - ppv,
                fomr: 1.0 - fomr,
            },
            Channel::Logistic { intercept, slope } => Channel::Logistic {
                intercept: -intercept,
                slope: -slope,
            },
        };
        Self {
            channel,
            prevalence: 1.0 - self.prevalence,
        }
    }

    /// Whether a yes speaks against the feature.
    #[must_use]
    pub fn is_reversed(&self) -> bool {
        match self.channel {
            Channel::Hard { ppv, fomr } => ppv < fomr,
            Channel::Logistic { slope, .. } => slope < 0.0,
        }
    }
}

/// logit of a probability judgment, clipped; NaN where unknown.
#[inline]
pub(crate) fn clipped_logit(probability: f64) -> f64 {
    let p = probability.clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP);
    (p / (1.0 - p)).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flipping_negates_log_odds() {
        let prior = RatePrior {
            strength: 1.0,
            centre: 0.1,
        };
        for is_hard in [true, false] {
            let feature = FeatureChannel::at_centre(is_hard, prior, 0.3);
            for judgment in [0.0, 1.0, f64::NAN] {
                let sum = feature.log_odds(judgment) + feature.flipped().log_odds(judgment);
                assert!(sum.abs() < 1e-9, "{judgment}: {sum}");
            }
            assert!(!feature.is_reversed() && feature.flipped().is_reversed());
        }
    }
}
