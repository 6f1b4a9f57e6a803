//! Logistic curves of probability judgments: damped Newton ascents of all columns side by side.
//!
//! The expected log likelihood of a column, sum v (E[z] l - log(1 + exp l)) with l = intercept +
//! slope logit h, is concave, and E[z] enters it by two sums only. So each round of the ascents is
//! one pass over the judgments, and no marginals are kept.

use super::channel::clipped_logit;
use super::pooling::CurvePrior;
use super::rows::{added, by_chunk};
use super::views::Judgments;
use crate::cancel::CancelToken;
use crate::error::Result;

/// Passes over the judgments; an ascent from near its end takes three.
const ROUNDS: usize = 100;
const SHORTEST_SHARE: f64 = 1e-12;
/// A Newton step that promises less than this share of the objective is taken unseen: its gain
/// drowns in the rounding of the sum, and stopping there leaves 1e-9 in the parameters.
const UNSEEN_ASCENT: f64 = 1e-10;
/// The last Newton step, relative: the next one would be of the order of its square.
const SETTLED_STEP: f64 = 1e-7;

/// A column of probability judgments.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub feature: usize,
    /// Intercept and slope where the ascent starts.
    pub start: [f64; 2],
    /// Sums over the known judgments of v E[z] and v E[z] logit h.
    pub positive: [f64; 2],
}

/// The most probable intercept and slope of each column.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(crate) fn fit(
    judgments: Judgments<'_>,
    weight: impl Fn(usize) -> f64 + Sync,
    columns: &[Column],
    prior: &CurvePrior,
    cancel: &CancelToken,
) -> Result<Vec<[f64; 2]>> {
    let mut ascents: Vec<Ascent> = columns.iter().map(Ascent::new).collect();
    for _ in 0..ROUNDS {
        let mut active: Vec<&mut Ascent> = ascents.iter_mut().filter(|a| !a.is_settled).collect();
        if active.is_empty() {
            break;
        }
        let curves: Vec<(usize, [f64; 2])> = active
            .iter()
            .map(|a| (a.column.feature, a.trial()))
            .collect();
        let chunks = by_chunk(judgments.dim().0, |items| {
            cancel.check()?;
            let of_curve = |&(feature, curve): &(usize, [f64; 2])| {
                let mut sums = Sums::default();
                judgments.values(feature, items.clone(), |ix, judgment| {
                    let logit = clipped_logit(judgment);
                    if !logit.is_nan() {
                        sums.add(curve, logit, weight(items.start + ix));
                    }
                });
                sums
            };
            Ok(curves.iter().map(of_curve).collect::<Vec<_>>())
        });
        let mut totals = vec![Sums::default(); active.len()];
        for chunk in chunks {
            for (total, sums) in totals.iter_mut().zip(chunk?) {
                total.0 = added(total.0, sums.0);
            }
        }
        for (ascent, sums) in active.iter_mut().zip(totals) {
            ascent.learn(sums, prior);
        }
    }
    Ok(ascents.iter().map(|ascent| ascent.point).collect())
}

/// Sums over a column of v times log(1 + exp l), pi, pi logit h, and of v pi (1 - pi) times 1,
/// logit h, and its square.
#[derive(Debug, Clone, Copy, Default)]
struct Sums([f64; 6]);

impl Sums {
    #[inline]
    fn add(&mut self, [intercept, slope]: [f64; 2], logit: f64, weight: f64) {
        let log_odds = intercept + slope * logit;
        let tail = (-log_odds.abs()).exp();
        let below = 1.0 / (1.0 + tail);
        let pi = if log_odds >= 0.0 { below } else { tail * below };
        let softplus = log_odds.max(0.0) + tail.ln_1p();
        let information = weight * tail * below * below;
        let error = weight * pi;
        self.0 = added(
            self.0,
            [
                weight * softplus,
                error,
                error * logit,
                information,
                information * logit,
                information * logit * logit,
            ],
        );
    }
}

#[derive(Debug)]
struct Ascent {
    column: Column,
    /// The best point so far.
    point: [f64; 2],
    /// The objective there; minus infinity before the first look.
    value: f64,
    /// Newton's step from there, and how much of it is tried.
    step: [f64; 2],
    share: f64,
    /// Whether the step is too small for the objective to show its gain.
    is_unseen: bool,
    is_settled: bool,
}

impl Ascent {
    fn new(column: &Column) -> Self {
        Self {
            column: *column,
            point: column.start,
            value: f64::NEG_INFINITY,
            step: [0.0; 2],
            share: 1.0,
            is_unseen: false,
            is_settled: false,
        }
    }

    fn trial(&self) -> [f64; 2] {
        [0, 1].map(|i| self.point[i] + self.share * self.step[i])
    }

    /// Go to the trial point if that is higher, else try half the way.
    fn learn(&mut self, Sums([softplus, pi_0, pi_1, h_00, h_01, h_11]): Sums, prior: &CurvePrior) {
        let [intercept, slope] = self.trial();
        let [z_0, z_1] = self.column.positive;
        let value =
            z_0 * intercept + z_1 * slope - softplus + prior.log_density([intercept, slope]);
        let is_higher = value > self.value;
        if !is_higher && !self.is_unseen {
            self.share *= 0.5;
            self.is_settled = self.share < SHORTEST_SHARE;
            return;
        }
        let [precision_0, precision_1] = prior.sd.map(|sd| sd.powi(-2));
        let [centre_0, centre_1] = prior.centre;
        let gradient = [
            z_0 - pi_0 - precision_0 * (intercept - centre_0),
            z_1 - pi_1 - precision_1 * (slope - centre_1),
        ];
        let (h_00, h_11) = (h_00 + precision_0, h_11 + precision_1);
        let determinant = h_00 * h_11 - h_01 * h_01;
        (self.point, self.value, self.share) = ([intercept, slope], value, 1.0);
        self.step = [
            (h_11 * gradient[0] - h_01 * gradient[1]) / determinant,
            (h_00 * gradient[1] - h_01 * gradient[0]) / determinant,
        ];
        let ascent = self.step[0] * gradient[0] + self.step[1] * gradient[1];
        self.is_unseen = ascent < UNSEEN_ASCENT * value.abs().max(1.0);
        let size = intercept.abs().max(slope.abs()).max(1.0);
        if self.is_unseen && self.step[0].abs().max(self.step[1].abs()) < SETTLED_STEP * size {
            self.point = self.trial();
            self.is_settled = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::em::channel::{CHANNEL_INTERCEPT_SD, CHANNEL_SLOPE_SD};
    use crate::numeric::sigmoid;

    #[test]
    fn there_is_no_gradient_at_the_end() {
        let judgments = Array2::from_shape_fn((40, 2), |(i, k)| match (i + k) % 7 {
            0 => f64::NAN,
            _ => sigmoid(i as f64 / 10.0 - 2.0),
        });
        let expected = |item: usize| if item.is_multiple_of(3) { 0.9 } else { 0.3 };
        let weight = |item: usize| 0.5 + item as f64 / 40.0;
        // One start is near, the other so far off that whole Newton steps overshoot.
        for (feature, start) in [(0, [0.0, 1.0]), (1, [12.0, -9.0])] {
            let known: Vec<(f64, f64, f64)> = (0..40)
                .filter(|&i| !judgments[[i, feature]].is_nan())
                .map(|i| {
                    (
                        clipped_logit(judgments[[i, feature]]),
                        expected(i),
                        weight(i),
                    )
                })
                .collect();
            let positive = known
                .iter()
                .fold([0.0; 2], |sum, (l, z, v)| added(sum, [v * z, v * z * l]));
            let column = Column {
                feature,
                start,
                positive,
            };
            let view = Judgments::Doubles(judgments.view());
            let curves = fit(
                view,
                weight,
                &[column],
                &CurvePrior::FIXED,
                &CancelToken::default(),
            )
            .expect("not cancelled");
            let [intercept, slope] = curves[0];
            let gradient = known.iter().fold([0.0; 2], |sum, (l, z, v)| {
                let error = v * (z - sigmoid(intercept + slope * l));
                added(sum, [error, error * l])
            });
            assert!((gradient[0] - intercept / CHANNEL_INTERCEPT_SD.powi(2)).abs() < 1e-12);
            assert!((gradient[1] - (slope - 1.0) / CHANNEL_SLOPE_SD.powi(2)).abs() < 1e-12);
        }
    }
}
