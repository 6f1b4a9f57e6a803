//! The M step of the channels: rates from expected counts, logistic curves by Newton steps.

use super::channel::{Channel, FeatureChannel, Noise, PROBABILITY_CLIP};
use super::data::Data;
use super::kinds::Feature;
use super::logistic::{self, Column};
use super::options::{HeldRate, Options};
use super::pooling::Centres;
use super::rows::added;
use super::views::{N_ANSWERS, NO, UNKNOWN, YES};
use crate::cancel::CancelToken;
use crate::error::Result;

/// Expected positives of one feature.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Positives {
    /// Sum of v E[z] over the items of each answer.
    pub by_answer: [f64; N_ANSWERS],
    /// Sum of v E[z] logit h over the known judgments of a logistic channel.
    pub by_logit: f64,
}

impl Positives {
    pub fn add(&mut self, other: &Self) {
        self.by_answer = added(self.by_answer, other.by_answer);
        self.by_logit += other.by_logit;
    }
}

/// The most probable channels given the expected positives.
///
/// # Errors
/// [`crate::Error::Cancelled`].
pub(crate) fn channel_step(
    data: &Data<'_>,
    channels: &[FeatureChannel],
    positives: &[Positives],
    options: &Options,
    cancel: &CancelToken,
) -> Result<Vec<FeatureChannel>> {
    let mut updated = Vec::with_capacity(channels.len());
    let mut columns = Vec::new();
    let strength = options.rate_prior.strength;
    let centres = Centres::of(channels, options);
    for (feature, channel) in channels.iter().enumerate() {
        let (of, positives) = (&data.features[feature], &positives[feature]);
        let reading = match channel.channel {
            Channel::Hard { .. } => rates(of, positives, options.noise, strength, centres.errors),
            Channel::Logistic { intercept, slope } => {
                let known = positives.by_answer[NO] + positives.by_answer[YES];
                columns.push(Column {
                    feature,
                    start: [intercept, slope],
                    positive: [known, positives.by_logit],
                });
                channel.channel
            }
        };
        let reading = match options.held {
            Some((held, rate)) if held == feature => hold(rate, channel.channel, reading),
            _ => reading,
        };
        let unknown = Count::of(of, positives, UNKNOWN);
        updated.push(FeatureChannel {
            channel: reading,
            prevalence: unknown.rate(strength, of.prevalence_centre),
        });
    }
    let weight = |item| data.weight(item);
    let curves = logistic::fit(data.judgments(), weight, &columns, &centres.curves, cancel)?;
    for (column, [intercept, slope]) in columns.iter().zip(curves) {
        updated[column.feature].channel = Channel::Logistic { intercept, slope };
    }
    Ok(updated)
}

/// What a channel becomes where some of its rates stay.
fn hold(rate: HeldRate, before: Channel, updated: Channel) -> Channel {
    match (rate, before, updated) {
        (HeldRate::Yes, Channel::Hard { ppv, .. }, Channel::Hard { fomr, .. })
        | (HeldRate::No, Channel::Hard { fomr, .. }, Channel::Hard { ppv, .. }) => {
            Channel::Hard { ppv, fomr }
        }
        _ => before,
    }
}

fn rates(
    feature: &Feature,
    positives: &Positives,
    noise: Noise,
    strength: f64,
    [of_yes, of_no]: [f64; 2],
) -> Channel {
    let [yes, no] = [YES, NO].map(|answer| Count::of(feature, positives, answer));
    match noise {
        Noise::Asymmetric => Channel::Hard {
            ppv: yes.rate(strength, 1.0 - of_yes),
            fomr: no.rate(strength, of_no),
        },
        Noise::Symmetric => {
            let errors = Count {
                items: yes.items + no.items,
                positive: yes.items - yes.positive + no.positive,
            };
            // Both rates have a prior, so the imagined items count twice.
            let rate = errors.rate(2.0 * strength, of_no);
            Channel::Hard {
                ppv: 1.0 - rate,
                fomr: rate,
            }
        }
    }
}

/// Weighted number of items and of those that have the feature.
#[derive(Debug, Clone, Copy)]
struct Count {
    items: f64,
    positive: f64,
}

impl Count {
    fn of(feature: &Feature, positives: &Positives, answer: usize) -> Self {
        Self {
            items: feature.counts[answer],
            positive: positives.by_answer[answer],
        }
    }

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
