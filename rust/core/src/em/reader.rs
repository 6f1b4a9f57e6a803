//! Prior log odds and residuals at some parameters, made tile by tile from the user's arrays.

use ndarray::ArrayViewMut2;

use super::channel::{Channel, clipped_logit};
use super::data::Data;
use super::parameters::Parameters;
use super::views::{N_ANSWERS, UNKNOWN};
use crate::posterior::Items;

/// Reads items for the walk.
#[derive(Debug)]
pub(crate) struct Reader<'a, 'd> {
    pub data: &'a Data<'d>,
    /// In standardised units.
    pub parameters: &'a Parameters,
    /// Log odds of each feature by answer.
    log_odds: Vec<[f64; N_ANSWERS]>,
}

impl<'a, 'd> Reader<'a, 'd> {
    pub fn new(data: &'a Data<'d>, parameters: &'a Parameters) -> Self {
        Self {
            data,
            parameters,
            log_odds: parameters
                .channels
                .iter()
                .map(super::channel::FeatureChannel::log_odds_by_answer)
                .collect(),
        }
    }

    /// Call with position and logit of each known judgment of probability.
    pub fn logits(&self, feature: usize, items: &[usize], mut visit: impl FnMut(usize, f64)) {
        let judgments = self.data.judgments();
        judgments.values(feature, items.iter().copied(), |ix, judgment| {
            let logit = clipped_logit(judgment);
            if !logit.is_nan() {
                visit(ix, logit);
            }
        });
    }
}

impl Items for Reader<'_, '_> {
    fn read_log_odds(&self, items: &[usize], mut log_odds: ArrayViewMut2<'_, f64>) {
        for (k, mut row) in log_odds.rows_mut().into_iter().enumerate() {
            let table = &self.log_odds[k];
            match self.parameters.channels[k].channel {
                Channel::Hard { .. } => {
                    let judgments = self.data.judgments();
                    judgments.answers(k, items.iter().copied(), |ix, answer| {
                        row[ix] = table[answer];
                    });
                }
                Channel::Logistic { intercept, slope } => {
                    row.fill(table[UNKNOWN]);
                    self.logits(k, items, |ix, logit| row[ix] = intercept + slope * logit);
                }
            }
        }
    }

    fn read_residuals(
        &self,
        items: &[usize],
        observed: &[usize],
        mut residuals: ArrayViewMut2<'_, f64>,
    ) {
        let Parameters {
            intercept,
            covariate_weights,
            ..
        } = self.parameters;
        for (mut row, &d) in residuals.rows_mut().into_iter().zip(observed) {
            for (slot, &item) in row.iter_mut().zip(items) {
                *slot = self.data.target(item, d) - intercept[d];
            }
            for (p, effect) in covariate_weights.column(d).iter().enumerate() {
                for (slot, &item) in row.iter_mut().zip(items) {
                    *slot -= effect * self.data.covariate(item, p);
                }
            }
        }
    }

    fn weight(&self, item: usize) -> f64 {
        self.data.weight(item)
    }
}
