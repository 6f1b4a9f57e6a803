//! Anderson acceleration of EM.
//!
//! EM is a fixed-point iteration x -> F(x) that converges linearly along its slow directions. From
//! the last steps, whose residuals are g = F(x) - x, the acceleration takes the affine combination of
//! the F(x) whose combined residual is smallest (Walker & Ni 2011; for EM: Henderson & Varadhan 2019).
//! It is used only where the objective does not fall, so every guard of plain EM holds.

use std::collections::VecDeque;

use ndarray::{Array1, Array2};

use super::channel::{Channel, FeatureChannel, PROBABILITY_CLIP};
use super::data::Data;
use super::parameters::Parameters;
use crate::linear::Factor;
use crate::numeric::{logit, sigmoid};

/// Differences of successive steps that are remembered.
const MEMORY: usize = 10;
/// From fewer differences nothing is proposed: EM's first steps are far from linear.
const LEAST_MEMORY: usize = 3;
/// Ridge of the least squares, as a share of each residual's square.
const DAMPING: f64 = 1e-4;

/// Extrapolates from the last steps.
#[derive(Debug, Default)]
pub(crate) struct Extrapolation {
    /// The last step.
    last: Option<Step>,
    /// Differences of successive steps, the newest last.
    differences: VecDeque<Step>,
}

/// A step of EM, or the difference of two.
#[derive(Debug)]
struct Step {
    /// F(x).
    image: Array1<f64>,
    /// g = F(x) - x.
    residual: Array1<f64>,
}

impl Extrapolation {
    /// Learn a step of EM and propose a better one, where enough is known.
    pub fn propose(
        &mut self,
        data: &Data<'_>,
        from: &Parameters,
        to: &Parameters,
    ) -> Option<Parameters> {
        let image = coordinates(to);
        let residual = &image - &coordinates(from);
        let step = Step { image, residual };
        if let Some(last) = &self.last {
            self.differences.push_back(Step {
                image: &step.image - &last.image,
                residual: &step.residual - &last.residual,
            });
        }
        if self.differences.len() > MEMORY {
            self.differences.pop_front();
        }
        let shares = self.shares(&step.residual);
        let mut proposal = step.image.clone();
        self.last = Some(step);
        for (share, difference) in shares?.iter().zip(&self.differences) {
            proposal.scaled_add(-share, &difference.image);
        }
        Some(at_coordinates(to, proposal, data))
    }

    /// Forget all but the last step, after a proposal that was no good.
    pub fn forget(&mut self) {
        self.differences.clear();
    }

    /// The shares of the differences to take off a step, so that its residual is smallest.
    fn shares(&self, residual: &Array1<f64>) -> Option<Vec<f64>> {
        let n_differences = self.differences.len();
        if n_differences < LEAST_MEMORY {
            return None;
        }
        // Columns of length 1: residuals shrink by orders of magnitude from step to step.
        let lengths = self
            .differences
            .iter()
            .map(|step| step.residual.dot(&step.residual).sqrt());
        let columns: Vec<Array1<f64>> = self
            .differences
            .iter()
            .zip(lengths.clone())
            .map(|(step, length)| &step.residual / length)
            .collect();
        let mut gram = Array2::from_shape_fn((n_differences, n_differences), |(i, j)| {
            columns[i].dot(&columns[j])
        });
        gram.diag_mut().mapv_inplace(|entry| entry + DAMPING);
        let right: Vec<f64> = columns.iter().map(|column| column.dot(residual)).collect();
        let solved = Factor::new(gram.view())?.solve(&right);
        let shares: Vec<f64> = solved
            .iter()
            .zip(lengths)
            .map(|(x, length)| x / length)
            .collect();
        shares
            .iter()
            .all(|share| share.is_finite())
            .then_some(shares)
    }
}

/// All parameters on the real line: logarithms of variances, logits of rates.
fn coordinates(parameters: &Parameters) -> Array1<f64> {
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
    point.into()
}

/// Inverse of [`coordinates`], inside the bounds of the M step; `like` gives shapes and kinds.
fn at_coordinates(like: &Parameters, point: Array1<f64>, data: &Data<'_>) -> Parameters {
    let mut values = point.into_iter();
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
