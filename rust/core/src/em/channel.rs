//! The channel of a feature: how a judgment becomes the log odds of the latent feature.
//!
//! Hard judgments (yes, no) have two error rates; probability judgments go through a logistic
//! curve, because foundation models rank items better than they are calibrated. An unknown
//! judgment (NaN) has the prevalence of its own column.

use ndarray::ArrayView1;

use crate::numeric::{logit, sigmoid, softplus};

/// Probability judgments are clipped to [this, 1 - this].
pub const PROBABILITY_CLIP: f64 = 1e-6;
/// Prior standard deviation of a channel's intercept around 0.
pub const CHANNEL_INTERCEPT_SD: f64 = 2.0;
/// Prior standard deviation of a channel's slope around 1.
pub const CHANNEL_SLOPE_SD: f64 = 1.0;

const NEWTON_STEPS: usize = 50;
const HALVINGS: i32 = 40;
/// A Newton step that promises less than this share of the objective is taken unseen: its gain
/// drowns in the rounding of the sum, and stopping there leaves 1e-9 in the parameters.
const UNSEEN_ASCENT: f64 = 1e-10;
/// The last Newton step, relative.
const SETTLED_STEP: f64 = 1e-13;

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

    /// Log prior density, up to a constant.
    pub(crate) fn log_prior(&self, prior: RatePrior, prevalence_centre: f64) -> f64 {
        let beta = |rate: f64, centre: f64| {
            prior.strength * (centre * rate.ln() + (1.0 - centre) * (-rate).ln_1p())
        };
        let channel = match self.channel {
            Channel::Hard { ppv, fomr } => beta(ppv, 1.0 - prior.centre) + beta(fomr, prior.centre),
            Channel::Logistic { intercept, slope } => logistic_log_prior(intercept, slope),
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

    /// M step: the most probable channel given E[z] of every item.
    pub(crate) fn updated(
        &self,
        judgments: ArrayView1<'_, f64>,
        expected: ArrayView1<'_, f64>,
        item_weights: ArrayView1<'_, f64>,
        noise: Noise,
        prior: RatePrior,
        prevalence_centre: f64,
    ) -> Self {
        let (mut yes, mut no, mut unknown) = (Count::default(), Count::default(), Count::default());
        for ((&judgment, &z), &weight) in judgments.iter().zip(expected).zip(item_weights) {
            let count = match judgment {
                h if h.is_nan() => &mut unknown,
                h if h > 0.5 => &mut yes,
                _ => &mut no,
            };
            count.items += weight;
            count.positive += weight * z;
        }
        let channel = match self.channel {
            Channel::Hard { .. } => match noise {
                Noise::Asymmetric => Channel::Hard {
                    ppv: yes.rate(prior.strength, 1.0 - prior.centre),
                    fomr: no.rate(prior.strength, prior.centre),
                },
                Noise::Symmetric => {
                    let wrong = yes.items - yes.positive + no.positive;
                    let errors = Count {
                        items: yes.items + no.items,
                        positive: wrong,
                    };
                    // Both rates have a prior, so the imagined items count twice.
                    let rate = errors.rate(2.0 * prior.strength, prior.centre);
                    Channel::Hard {
                        ppv: 1.0 - rate,
                        fomr: rate,
                    }
                }
            },
            Channel::Logistic { intercept, slope } => {
                let points: Vec<Point> = judgments
                    .iter()
                    .zip(expected)
                    .zip(item_weights)
                    .filter(|((judgment, _), _)| !judgment.is_nan())
                    .map(|((&judgment, &z), &weight)| Point {
                        logit: clipped_logit(judgment),
                        expected: z,
                        weight,
                    })
                    .collect();
                fit_logistic(&points, intercept, slope)
            }
        };
        Self {
            channel,
            prevalence: unknown.rate(prior.strength, prevalence_centre),
        }
    }
}

/// Weighted number of items and of those that have the feature.
#[derive(Debug, Clone, Copy, Default)]
struct Count {
    items: f64,
    positive: f64,
}

impl Count {
    /// Mode of the posterior Beta distribution, kept off 0 and 1 where the prior has no weight.
    fn rate(self, strength: f64, centre: f64) -> f64 {
        let items = strength + self.items;
        let rate = if items > 0.0 {
            (strength * centre + self.positive) / items
        } else {
            centre
        };
        rate.clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP)
    }
}

struct Point {
    logit: f64,
    expected: f64,
    weight: f64,
}

fn clipped_logit(probability: f64) -> f64 {
    logit(probability.clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP))
}

fn logistic_log_prior(intercept: f64, slope: f64) -> f64 {
    let a = intercept / CHANNEL_INTERCEPT_SD;
    let g = (slope - 1.0) / CHANNEL_SLOPE_SD;
    -0.5 * (a * a + g * g)
}

/// Damped Newton ascent of a concave objective of two parameters; never descends.
fn fit_logistic(points: &[Point], mut intercept: f64, mut slope: f64) -> Channel {
    let objective = |intercept: f64, slope: f64| {
        let fit: f64 = points
            .iter()
            .map(|p| {
                let log_odds = intercept + slope * p.logit;
                p.weight * (p.expected * log_odds - softplus(log_odds))
            })
            .sum();
        fit + logistic_log_prior(intercept, slope)
    };
    let mut value = objective(intercept, slope);
    for _ in 0..NEWTON_STEPS {
        let mut gradient = [
            -intercept / CHANNEL_INTERCEPT_SD.powi(2),
            (1.0 - slope) / CHANNEL_SLOPE_SD.powi(2),
        ];
        let mut curvature = [
            CHANNEL_INTERCEPT_SD.powi(-2),
            0.0,
            CHANNEL_SLOPE_SD.powi(-2),
        ];
        for p in points {
            let pi = sigmoid(intercept + slope * p.logit);
            let error = p.weight * (p.expected - pi);
            let information = p.weight * pi * (1.0 - pi);
            gradient[0] += error;
            gradient[1] += error * p.logit;
            curvature[0] += information;
            curvature[1] += information * p.logit;
            curvature[2] += information * p.logit * p.logit;
        }
        let determinant = curvature[0] * curvature[2] - curvature[1] * curvature[1];
        let step = [
            (curvature[2] * gradient[0] - curvature[1] * gradient[1]) / determinant,
            (curvature[0] * gradient[1] - curvature[1] * gradient[0]) / determinant,
        ];
        let ascent = step[0] * gradient[0] + step[1] * gradient[1];
        let moved = |share: f64| (intercept + share * step[0], slope + share * step[1]);
        if ascent < UNSEEN_ASCENT * value.abs().max(1.0) {
            (intercept, slope) = moved(1.0);
            let size = intercept.abs().max(slope.abs()).max(1.0);
            if step[0].abs().max(step[1].abs()) < SETTLED_STEP * size {
                break;
            }
            continue;
        }
        let better = (0..HALVINGS).find_map(|halving| {
            let (a, g) = moved(0.5_f64.powi(halving));
            let reached = objective(a, g);
            (reached > value).then_some((a, g, reached))
        });
        let Some((a, g, reached)) = better else { break };
        (intercept, slope, value) = (a, g, reached);
    }
    Channel::Logistic { intercept, slope }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logistic_fit_has_no_gradient() {
        let points: Vec<Point> = (0..40)
            .map(|i| Point {
                logit: f64::from(i) / 10.0 - 2.0,
                expected: if i % 3 == 0 { 0.9 } else { 0.3 },
                weight: 1.0,
            })
            .collect();
        let Channel::Logistic { intercept, slope } = fit_logistic(&points, 0.0, 1.0) else {
            panic!("the channel changed its kind")
        };
        let residual = |p: &Point| p.expected - sigmoid(intercept + slope * p.logit);
        let d_intercept: f64 = points.iter().map(residual).sum();
        let d_slope: f64 = points.iter().map(|p| residual(p) * p.logit).sum();
        assert!((d_intercept - intercept / CHANNEL_INTERCEPT_SD.powi(2)).abs() < 1e-12);
        assert!((d_slope - (slope - 1.0) / CHANNEL_SLOPE_SD.powi(2)).abs() < 1e-12);
    }

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
