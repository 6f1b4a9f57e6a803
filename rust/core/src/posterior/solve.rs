//! The posterior of all items: every pattern's walk, collected in the order of the user's rows.

use std::ops::Range;

use ndarray::{Array1, Array2, ArrayViewMut2};

use super::pattern::{PatternModel, patterns};
use super::plan::{Plan, Report, SolverChoice};
use super::problem::Problem;
use super::tile::{Answer, Moments, Tile};
use super::walk::{Collect, Items, Walk};
use crate::cancel::CancelToken;
use crate::error::Result;

/// Posterior of all items.
#[derive(Debug)]
pub struct Posterior {
    /// log p(y_n | s_n), (N,).
    pub log_evidence: Array1<f64>,
    /// E[z], (N, K); absent for [`Moments::None`].
    pub marginals: Option<Array2<f64>>,
    /// Sum over items of v E[zz'], (K, K); only for [`Moments::Pairs`].
    pub pair_moments: Option<Array2<f64>>,
    /// What ran, and how well.
    pub report: Report,
}

/// Posterior of every item, in parallel on the current rayon pool. The result is the same bit for
/// bit on any number of threads.
///
/// # Errors
/// A solver that cannot answer, or [`Error::Cancelled`](crate::Error::Cancelled).
///
/// ```
/// use genz_core::CancelToken;
/// use genz_core::posterior::{Moments, Problem, SolverChoice, posterior};
/// use ndarray::array;
///
/// // One feature of effect 2, of prior 1/4; the target 1 lies as far from 0 as from 2.
/// let (targets, weights) = (array![[1.0]], array![[2.0]]);
/// let (intercept, noise_variance) = (array![0.0], array![1.0]);
/// let log_odds = array![[-(3.0_f64.ln())]];
/// let problem = Problem::new(
///     targets.view(),
///     weights.view(),
///     intercept.view(),
///     noise_variance.view(),
///     log_odds.view(),
///     None,
/// )?;
/// let cancel = CancelToken::default();
/// let answer = posterior(&problem, SolverChoice::Auto, Moments::Marginals, &cancel)?;
/// let marginals = answer.marginals.expect("asked for");
/// assert!((marginals[[0, 0]] - 0.25).abs() < 1e-12);
/// # Ok::<(), genz_core::Error>(())
/// ```
pub fn posterior(
    problem: &Problem<'_>,
    choice: SolverChoice,
    moments: Moments,
    cancel: &CancelToken,
) -> Result<Posterior> {
    let (n_items, n_features) = problem.log_odds.dim();
    let targets = problem.targets;
    let patterns = patterns(targets.dim(), |item, d| !targets[[item, d]].is_nan());
    let shape = |wanted: Moments, dims| (moments >= wanted).then(|| Array2::zeros(dims));
    let mut posterior = Posterior {
        log_evidence: Array1::zeros(n_items),
        marginals: shape(Moments::Marginals, (n_items, n_features)),
        pair_moments: shape(Moments::Pairs, (n_features, n_features)),
        report: Report::default(),
    };
    let plans = patterns
        .iter()
        .map(|pattern| {
            let model =
                PatternModel::new(&pattern.observed, problem.weights, problem.noise_variance);
            Plan::new(model, pattern.items.len(), choice, moments, cancel)
        })
        .collect::<Result<Vec<_>>>()?;
    for (pattern, plan) in patterns.iter().zip(&plans) {
        let solver = plan.solver();
        let walk = Walk {
            items: &pattern.items,
            observed: &pattern.observed,
            model: plan.model(),
            solver: &*solver,
            moments,
            cancel,
        };
        walk.run(problem, &mut posterior)?;
        posterior.report.add(plan);
    }
    Ok(posterior)
}

impl Items for Problem<'_> {
    fn read_log_odds(&self, items: &[usize], mut log_odds: ArrayViewMut2<'_, f64>) {
        for (mut column, &item) in log_odds.columns_mut().into_iter().zip(items) {
            column.assign(&self.log_odds.row(item));
        }
    }

    fn read_residuals(
        &self,
        items: &[usize],
        observed: &[usize],
        mut residuals: ArrayViewMut2<'_, f64>,
    ) {
        for (mut row, &d) in residuals.rows_mut().into_iter().zip(observed) {
            let (targets, intercept) = (self.targets.column(d), self.intercept[d]);
            for (slot, &item) in row.iter_mut().zip(items) {
                *slot = targets[item] - intercept;
            }
        }
    }

    fn weight(&self, item: usize) -> f64 {
        self.item_weights.map_or(1.0, |weights| weights[item])
    }
}

/// Answers of a chunk, as they go into the posterior.
#[derive(Debug)]
pub struct Copied {
    log_evidence: Vec<f64>,
    /// (items, K).
    marginals: Array2<f64>,
    worst_certificate: f64,
    n_rescued: usize,
}

impl Collect for Posterior {
    type Part = Copied;

    fn part(&self, n_items: usize) -> Copied {
        let n_features = self.marginals.as_ref().map_or(0, Array2::ncols);
        Copied {
            log_evidence: vec![0.0; n_items],
            marginals: Array2::zeros((n_items, n_features)),
            worst_certificate: 0.0,
            n_rescued: 0,
        }
    }

    fn add(&self, part: &mut Copied, _: &Tile, answer: &Answer, _: &[usize], range: Range<usize>) {
        part.log_evidence[range.clone()].copy_from_slice(&answer.log_evidence);
        if self.marginals.is_some() {
            for (ix, marginals) in range.zip(answer.marginals().columns()) {
                part.marginals.row_mut(ix).assign(&marginals);
            }
        }
        part.worst_certificate = answer
            .certificate
            .iter()
            .fold(part.worst_certificate, |worst, &c| worst.max(c));
        part.n_rescued += answer.n_rescued;
    }

    fn merge(&mut self, part: Copied, pairs: Array2<f64>, items: &[usize]) {
        for (&item, &value) in items.iter().zip(&part.log_evidence) {
            self.log_evidence[item] = value;
        }
        if let Some(marginals) = &mut self.marginals {
            for (&item, row) in items.iter().zip(part.marginals.rows()) {
                marginals.row_mut(item).assign(&row);
            }
        }
        if let Some(sum) = &mut self.pair_moments {
            *sum += &pairs;
        }
        self.report.worst_certificate = self.report.worst_certificate.max(part.worst_certificate);
        self.report.n_rescued += part.n_rescued;
    }
}
