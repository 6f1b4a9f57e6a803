//! Prior log odds and residuals at some parameters, made tile by tile from the user's arrays.

use super::channel::{Channel, clipped_logit};
use super::data::Data;
use super::parameters::Parameters;
use super::views::{N_ANSWERS, UNKNOWN};
use crate::numeric::softplus;
use crate::posterior::{Items, Lanes};

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

    /// Log P(z = truth | h) of the labelled cells of a feature: position and value.
    pub fn gold_log_probabilities(
        &self,
        feature: usize,
        items: &[usize],
        mut visit: impl FnMut(usize, f64),
    ) {
        let Some(gold) = &self.data.gold else { return };
        let channel = &self.parameters.channels[feature];
        gold.truths(feature, items, |ix, truth| {
            self.data
                .judgments()
                .values(feature, [items[ix]], |_, judgment| {
                    let log_odds = channel.log_odds(judgment);
                    visit(ix, -softplus(if truth { -log_odds } else { log_odds }));
                });
        });
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
    fn read_log_odds(&self, items: &[usize], log_odds: &mut Lanes) {
        for (k, table) in self.log_odds.iter().enumerate() {
            let row = log_odds.row_mut(k);
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
            if let Some(gold) = &self.data.gold {
                gold.truths(k, items, |ix, truth| {
                    row[ix] = if truth {
                        f64::INFINITY
                    } else {
                        f64::NEG_INFINITY
                    };
                });
            }
        }
    }

    fn read_residuals(&self, items: &[usize], observed: &[usize], residuals: &mut Lanes) {
        let Parameters {
            intercept,
            covariate_weights,
            ..
        } = self.parameters;
        for (ix, &d) in observed.iter().enumerate() {
            let row = residuals.row_mut(ix);
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
