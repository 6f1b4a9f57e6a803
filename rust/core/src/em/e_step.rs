//! The E step: one walk over each group of items that adds up what the M step needs. Neither
//! posteriors nor log odds of all items exist at any time.

use std::ops::Range;
use std::time::Instant;

use ndarray::Array2;

use super::channel::Channel;
use super::channel_step::Positives;
use super::data::{Data, Group};
use super::mean_field::{PairMoments, Shifted};
use super::parameters::Parameters;
use super::reader::Reader;
use super::sums::{GroupSums, LinearSums};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::posterior::{
    Answer, Ask, Collect, Moments, PatternModel, Plan, Quality, Report, SolverChoice, Tile, Walk,
};

/// Sums over all items at some parameters.
#[derive(Debug)]
pub(crate) struct EStep {
    /// In the order of [`Data::groups`].
    pub groups: Vec<GroupSums>,
    /// What their pairs are.
    pub pair_moments: PairMoments,
    /// By feature.
    pub positives: Vec<Positives>,
    /// Sum of v log p(y, gold | s) of the standardised targets.
    pub log_likelihood: f64,
    pub report: Report,
}

impl EStep {
    /// # Errors
    /// A solver that cannot answer, or cancellation.
    pub fn at(
        data: &Data<'_>,
        parameters: &Parameters,
        pair_moments: PairMoments,
        solver: SolverChoice,
        cancel: &CancelToken,
    ) -> Result<Self> {
        let start = Instant::now();
        let reader = Reader::new(data, parameters);
        let mut e_step = Self {
            groups: Vec::with_capacity(data.groups.len()),
            pair_moments,
            positives: vec![Positives::default(); data.n_features()],
            log_likelihood: 0.0,
            report: Report::default(),
        };
        for group in &data.groups {
            let moments = match pair_moments {
                PairMoments::Exact => Moments::Pairs,
                PairMoments::MeanField => Moments::Marginals,
            };
            let plan = plan(&reader, group, moments, solver, cancel)?;
            plan.tell(&mut e_step.report);
            let mut adding = Adding {
                reader: &reader,
                group: GroupSums {
                    linear: zeros(data, group),
                    pairs: Array2::zeros((data.n_features(), data.n_features())),
                },
                total: e_step,
            };
            let walk = Walk {
                items: &group.pattern.items,
                observed: &group.pattern.observed,
                model: plan.model(),
                solver: &*plan.solver(),
                moments,
                cancel,
            };
            if pair_moments == PairMoments::Exact || group.pattern.observed.is_empty() {
                walk.run(&reader, &mut adding)?;
            } else {
                let mut shifted = Shifted {
                    adding,
                    weights: plan.model().weights.column(0),
                    log_normaliser: plan.model().log_normaliser,
                };
                walk.visit(&reader, &mut shifted)?;
                adding = shifted.adding;
            }
            e_step = adding.total;
            e_step.groups.push(adding.group);
        }
        e_step.report.seconds = start.elapsed().as_secs_f64();
        Ok(e_step)
    }
}

/// The plan for a group's moments.
pub(crate) fn plan(
    reader: &Reader<'_, '_>,
    group: &Group,
    moments: Moments,
    choice: SolverChoice,
    cancel: &CancelToken,
) -> Result<Plan> {
    let Parameters {
        weights,
        noise_variance,
        ..
    } = reader.parameters;
    let observed = &group.pattern.observed;
    let model = PatternModel::new(observed, weights.view(), noise_variance.view());
    let ask = Ask {
        choice,
        moments,
        cancel,
    };
    Plan::new(model, &group.pattern, reader, ask)
}

fn zeros(data: &Data<'_>, group: &Group) -> LinearSums {
    LinearSums::zeros(
        data.n_design(),
        data.n_features(),
        group.pattern.observed.len(),
    )
}

/// The collector of one group.
pub(crate) struct Adding<'a, 'd> {
    reader: &'a Reader<'a, 'd>,
    group: GroupSums,
    total: EStep,
}

/// Sums of a chunk, and scratch.
pub(crate) struct Part {
    pub linear: LinearSums,
    positives: Vec<Positives>,
    log_likelihood: f64,
    pub quality: Quality,
    /// v d, (1 + P, items).
    design: Array2<f64>,
    /// v E[z] of one feature.
    weighted: Vec<f64>,
}

impl Part {
    fn add_regression(&mut self, data: &Data<'_>, tile: &Tile, answer: &Answer, items: &[usize]) {
        if self.design.ncols() != items.len() {
            self.design = Array2::zeros((data.n_design(), items.len()));
        }
        data.read_design(items, self.design.view_mut());
        for mut row in self.design.rows_mut() {
            for (slot, v) in row.iter_mut().zip(&tile.weights) {
                *slot *= v;
            }
        }
        self.linear.add_items(
            self.design.view(),
            answer.marginals.view(),
            tile.residuals.view(),
        );
    }

    fn add_positives(
        &mut self,
        reader: &Reader<'_, '_>,
        tile: &Tile,
        answer: &Answer,
        items: &[usize],
    ) {
        let judgments = reader.data.judgments();
        let rows = answer.marginals.view();
        for (k, (positives, marginals)) in self.positives.iter_mut().zip(rows.rows()).enumerate() {
            self.weighted.clear();
            self.weighted
                .extend(marginals.iter().zip(&tile.weights).map(|(z, v)| z * v));
            let weighted = &self.weighted;
            judgments.answers(k, items.iter().copied(), |ix, answer| {
                positives.by_answer[answer] += weighted[ix];
            });
            if let Channel::Logistic { .. } = reader.parameters.channels[k].channel {
                reader.logits(k, items, |ix, logit| {
                    positives.by_logit += weighted[ix] * logit;
                });
            }
        }
    }
}

impl Collect for Adding<'_, '_> {
    type Part = Part;

    fn part(&self, _: usize) -> Part {
        let (n_design, n_features) = self.group.linear.design_features.dim();
        let n_observed = self.group.linear.power.len();
        Part {
            linear: LinearSums::zeros(n_design, n_features, n_observed),
            positives: vec![Positives::default(); n_features],
            log_likelihood: 0.0,
            quality: Quality::default(),
            design: Array2::zeros((0, 0)),
            weighted: Vec::new(),
        }
    }

    fn add(&self, part: &mut Part, tile: &Tile, answer: &Answer, items: &[usize], _: Range<usize>) {
        let evidence = answer.log_evidence.iter().zip(&tile.weights);
        part.log_likelihood += evidence.map(|(e, v)| e * v).sum::<f64>();
        for k in 0..part.positives.len() {
            let visit = |ix: usize, value: f64| part.log_likelihood += tile.weights[ix] * value;
            self.reader.gold_log_probabilities(k, items, visit);
        }
        part.quality.add(answer);
        part.add_regression(self.reader.data, tile, answer, items);
        part.add_positives(self.reader, tile, answer, items);
    }

    fn merge(&mut self, part: Part, pairs: Array2<f64>, _: &[usize]) {
        self.group.linear.add(&part.linear);
        // Without pair moments the items of this group have no say in the regression.
        if !pairs.is_empty() {
            self.group.pairs += &pairs;
        }
        for (sum, positives) in self.total.positives.iter_mut().zip(&part.positives) {
            sum.add(positives);
        }
        self.total.log_likelihood += part.log_likelihood;
        self.total.report.admit(part.quality);
    }
}
