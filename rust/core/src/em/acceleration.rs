//! Squared extrapolation of EM (SQUAREM, scheme S3 of Varadhan & Roland 2008).
//!
//! EM converges linearly along its slow directions. From two successive steps the extrapolation
//! guesses how far they lead; it is used only where the objective does not fall below that of the
//! plain step, so every guard of plain EM holds.

use super::channel::{Channel, FeatureChannel, PROBABILITY_CLIP};
use super::data::Data;
use super::parameters::Parameters;
use crate::numeric::{logit, sigmoid};

/// How far beyond the second step the first extrapolation may go, and the factor by which it may
/// go farther after a success at the limit, less far after a failure.
const STEP_FACTOR: f64 = 4.0;

/// Extrapolates, and remembers how far that has been safe.
#[derive(Debug)]
pub(crate) struct Extrapolation {
    longest: f64,
    tried: f64,
}

impl Extrapolation {
    pub fn new() -> Self {
        Self {
            longest: STEP_FACTOR,
            tried: 0.0,
        }
    }

    /// The point that the steps origin -> first -> second lead to, in coordinates without bounds.
    pub fn propose(
        &mut self,
        data: &Data<'_>,
        origin: &Parameters,
        first: &Parameters,
        second: &Parameters,
    ) -> Parameters {
        let [start, middle, end] = [origin, first, second].map(coordinates);
        let (mut step_power, mut bend_power) = (0.0, 0.0);
        for ((s, m), e) in start.iter().zip(&middle).zip(&end) {
            step_power += (m - s) * (m - s);
            bend_power += (e - 2.0 * m + s) * (e - 2.0 * m + s);
        }
        // At length 1 the point is the second step itself.
        let length = (step_power / bend_power).sqrt();
        self.tried = if length.is_finite() {
            length.clamp(1.0, self.longest)
        } else {
            1.0
        };
        let point: Vec<f64> = start
            .iter()
            .zip(&middle)
            .zip(&end)
            .map(|((s, m), e)| {
                s + 2.0 * self.tried * (m - s) + self.tried * self.tried * (e - 2.0 * m + s)
            })
            .collect();
        at_coordinates(second, &point, data)
    }

    /// Learn from what became of the last proposal.
    pub fn learn(&mut self, was_better: bool) {
        if !was_better {
            self.longest = (self.tried / STEP_FACTOR).max(1.0);
        } else if self.tried >= self.longest {
            self.longest *= STEP_FACTOR;
        }
    }
}

/// All parameters on the real line: logarithms of variances, logits of rates.
fn coordinates(parameters: &Parameters) -> Vec<f64> {
    let mut point: Vec<f64> = parameters
        .weights
        .iter()
        .chain(&parameters.intercept)
        .chain(&parameters.covariate_weights)
        .copied()
        .collect();
    point.extend(parameters.noise_variance.iter().map(|s| s.ln()));
    for feature in &parameters.channels {
        point.push(logit(feature.prevalence));
        point.extend(match feature.channel {
            Channel::Hard { ppv, fomr } => [logit(ppv), logit(fomr)],
            Channel::Logistic { intercept, slope } => [intercept, slope],
        });
    }
    point
}

/// Inverse of [`coordinates`], inside the bounds of the M step; `like` gives shapes and kinds.
fn at_coordinates(like: &Parameters, point: &[f64], data: &Data<'_>) -> Parameters {
    let mut values = point.iter().copied();
    let mut next = || values.next().expect("a point has all coordinates");
    let mut parameters = like.clone();
    parameters.weights.mapv_inplace(|_| next());
    parameters.intercept.mapv_inplace(|_| next());
    parameters.covariate_weights.mapv_inplace(|_| next());
    for (slot, floor) in parameters.noise_variance.iter_mut().zip(&data.noise_floor) {
        *slot = next().exp().max(*floor);
    }
    let rate = |logit: f64| sigmoid(logit).clamp(PROBABILITY_CLIP, 1.0 - PROBABILITY_CLIP);
    for feature in &mut parameters.channels {
        let prevalence = rate(next());
        let channel = match feature.channel {
            Channel::Hard { .. } => Channel::Hard {
                ppv: rate(next()),
                fomr: rate(next()),
            },
            Channel::Logistic { .. } => Channel::Logistic {
                intercept: next(),
                slope: next(),
            },
        };
        *feature = FeatureChannel {
            channel,
            prevalence,
        };
    }
    parameters
}
