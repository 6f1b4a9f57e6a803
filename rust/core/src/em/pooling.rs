//! Centres of the channels' priors: as the options say, or pooled over the features.
//!
//! A pooled centre c has a prior itself, and stands where the joint density of c and of the features'
//! angles arcsin sqrt r_k is highest. That of an angle is proportional to r^sc (1 - r)^(s (1 - c)), whose
//! normaliser is B(sc + 1/2, s (1 - c) + 1/2), and c is the root of
//!
//! sum over features of (logit r_k - psi(sc + 1/2) + psi(s (1 - c) + 1/2)) + c_0 / c - (1 - c_0) / (1 - c).
//!
//! The last terms are the prior of c: one more feature's worth of imagined items. Weaker ones let all
//! rates drift to 0 together where data do not identify them.
//!
//! Densities of the angles are about as wide wherever c is. Those of the rates themselves become
//! narrow and high near 0, and the joint density would have c go there without any data.
//!
//! The centre is a function of the channels, so the objective is one of the channels alone: an M step
//! that takes the centre of the channels before it raises the objective, and the centre moves after.

use super::channel::{
    CHANNEL_INTERCEPT_SD, CHANNEL_SLOPE_SD, Channel, FeatureChannel, Noise, RatePrior,
};
use super::options::Options;
use crate::numeric::{digamma, ln_gamma, logit};

/// Pooled error rates are kept within these.
const CENTRE_BOUNDS: [f64; 2] = [1e-4, 0.4999];
/// Curves that are pooled spread around their centre by this share of what they spread otherwise.
const POOLED_SPREAD: f64 = 0.5;
/// Halvings of the bounds: below the spacing of numbers.
const HALVINGS: usize = 60;

/// Normal prior of (intercept, slope) of a logistic curve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CurvePrior {
    pub centre: [f64; 2],
    pub sd: [f64; 2],
}

impl CurvePrior {
    /// Around the identity.
    pub const FIXED: Self = Self {
        centre: [0.0, 1.0],
        sd: [CHANNEL_INTERCEPT_SD, CHANNEL_SLOPE_SD],
    };

    /// Log density, up to a constant.
    pub fn log_density(&self, curve: [f64; 2]) -> f64 {
        let square = |i: usize| ((curve[i] - self.centre[i]) / self.sd[i]).powi(2);
        -0.5 * (square(0) + square(1))
    }
}

/// Centres of all priors.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Centres {
    /// Error rate of a yes, 1 - ppv, and of a no, fomr.
    pub errors: [f64; 2],
    pub curves: CurvePrior,
    /// Log density of the centres, with what normalises the features' priors around them.
    pub log_prior: f64,
}

impl Centres {
    pub fn of(channels: &[FeatureChannel], options: &Options) -> Self {
        let mut centres = Self {
            errors: [options.rate_prior.centre; 2],
            curves: CurvePrior::FIXED,
            log_prior: 0.0,
        };
        if options.pooling {
            centres.pool_errors(channels, options);
            centres.pool_curves(channels);
        }
        centres
    }

    fn pool_errors(&mut self, channels: &[FeatureChannel], options: &Options) {
        let mut sides = [Errors::default(); 2];
        for feature in channels {
            if let Channel::Hard { ppv, fomr } = feature.channel {
                sides[0].add(1.0 - ppv);
                sides[1].add(fomr);
            }
        }
        if options.noise == Noise::Symmetric {
            let both = sides[0].with(sides[1]);
            self.errors = [both.centre(options.rate_prior); 2];
            self.log_prior += both.log_density(options.rate_prior, self.errors[0]);
        } else {
            for (slot, side) in self.errors.iter_mut().zip(sides) {
                *slot = side.centre(options.rate_prior);
                self.log_prior += side.log_density(options.rate_prior, *slot);
            }
        }
    }

    fn pool_curves(&mut self, channels: &[FeatureChannel]) {
        let (mut sum, mut count) = ([0.0; 2], 0.0);
        for feature in channels {
            if let Channel::Logistic { intercept, slope } = feature.channel {
                sum = [sum[0] + intercept, sum[1] + slope];
                count += 1.0;
            }
        }
        let wide = CurvePrior::FIXED;
        // Precisions in units of that of the wide prior.
        let precision = POOLED_SPREAD.powi(-2);
        let centre =
            [0, 1].map(|i| (precision * sum[i] + wide.centre[i]) / (precision * count + 1.0));
        self.curves = CurvePrior {
            centre,
            sd: wide.sd.map(|sd| POOLED_SPREAD * sd),
        };
        self.log_prior += wide.log_density(centre);
    }
}

/// Error rates of one side.
#[derive(Debug, Clone, Copy, Default)]
struct Errors {
    count: f64,
    sum_of_logits: f64,
}

impl Errors {
    fn add(&mut self, rate: f64) {
        self.count += 1.0;
        self.sum_of_logits += logit(rate);
    }

    fn with(self, other: Self) -> Self {
        Self {
            count: self.count + other.count,
            sum_of_logits: self.sum_of_logits + other.sum_of_logits,
        }
    }

    /// The highest point of a concave function, by bisection of its derivative.
    fn centre(self, prior: RatePrior) -> f64 {
        let (s, c_0) = (prior.strength, prior.centre);
        let slope = |c: f64| {
            let beta = digamma(s * c + 0.5) - digamma(s * (1.0 - c) + 0.5);
            self.sum_of_logits - self.count * beta + c_0 / c - (1.0 - c_0) / (1.0 - c)
        };
        let [mut low, mut high] = CENTRE_BOUNDS;
        for _ in 0..HALVINGS {
            let middle = 0.5 * (low + high);
            if slope(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        0.5 * (low + high)
    }

    /// What the features' own terms lack of log densities, and the centre's own.
    fn log_density(self, prior: RatePrior, c: f64) -> f64 {
        let (s, c_0) = (prior.strength, prior.centre);
        let (a, b) = (s * c + 0.5, s * (1.0 - c) + 0.5);
        s * (c_0 * c.ln() + (1.0 - c_0) * (-c).ln_1p())
            - self.count * (ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// log joint density of the rates and the centre.
    fn joint(rates: &[f64], c: f64, prior: RatePrior) -> f64 {
        let mut errors = Errors::default();
        for &rate in rates {
            errors.add(rate);
        }
        let beta = |r: f64| prior.strength * (c * r.ln() + (1.0 - c) * (-r).ln_1p());
        errors.log_density(prior, c) + rates.iter().map(|&r| beta(r)).sum::<f64>()
    }

    #[test]
    fn the_centre_is_the_highest_point() {
        for (rates, strength, centre) in [
            (vec![0.2, 0.25, 0.18, 0.3], 20.0, 0.05),
            (vec![0.01, 0.02], 400.0, 0.01),
            (vec![0.1], 5.0, 0.2),
            (vec![], 20.0, 0.05),
        ] {
            let prior = RatePrior { strength, centre };
            let mut errors = Errors::default();
            for &rate in &rates {
                errors.add(rate);
            }
            let found = errors.centre(prior);
            let best = joint(&rates, found, prior);
            for step in [-1e-3, 1e-3, -0.03, 0.03] {
                let c = (found + step).clamp(CENTRE_BOUNDS[0], CENTRE_BOUNDS[1]);
                assert!(joint(&rates, c, prior) < best, "{rates:?}: {found}, {c}");
            }
        }
    }
}
