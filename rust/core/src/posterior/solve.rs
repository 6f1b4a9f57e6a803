//! The posterior of all items: every pattern's walk, collected in the order of the user's rows.

use std::ops::Range;
use std::time::Instant;

use ndarray::{Array1, Array2, ArrayView2, s};

use super::certain::posterior_without_certain;
use super::enumeration::MAX_ENUMERATION_FEATURES;
use super::pattern::{Pattern, PatternModel, patterns};
use super::plan::{Ask, Plan, Quality, Report, SolverChoice};
use super::problem::Problem;
use super::tile::{Answer, Lanes, Moments, Tile};
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
    if is_easier_without_certain(problem, choice) {
        return posterior_without_certain(problem, choice, moments, cancel);
    }
    // The pass without an exit is the fast one, and almost always it is enough.
    let is_whole = problem
        .targets
        .iter()
        .fold(true, |whole, y| whole & !y.is_nan());
    let patterns = if is_whole {
        Pattern::whole(problem.targets.dim())
    } else {
        patterns(problem.targets.dim(), |item, d| {
            !problem.targets[[item, d]].is_nan()
        })
    };
    let mut posterior = Posterior::empty(problem.log_odds.dim(), moments);
    let ask = Ask {
        choice,
        moments,
        cancel,
    };
    let plans = patterns
        .iter()
        .map(|pattern| {
            let model =
                PatternModel::new(&pattern.observed, problem.weights, problem.noise_variance);
            Plan::new(model, pattern, problem, ask)
        })
        .collect::<Result<Vec<_>>>()?;
    for plan in &plans {
        plan.tell(&mut posterior.report);
    }
    let start = Instant::now();
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
    }
    posterior.report.seconds = start.elapsed().as_secs_f64();
    Ok(posterior)
}

/// Whether only enumeration is exact and only certain features keep it from being so. One or two
/// dimensions are integrated, whatever the number of features.
fn is_easier_without_certain(problem: &Problem<'_>, choice: SolverChoice) -> bool {
    let by_enumeration = match choice {
        SolverChoice::Enumeration => true,
        SolverChoice::Auto => problem.targets.ncols() > 2,
        _ => false,
    };
    by_enumeration
        && problem.log_odds.ncols() > MAX_ENUMERATION_FEATURES
        && problem.log_odds.iter().any(|l| l.is_infinite())
}

impl Posterior {
    /// Of (items, features), before anything is known.
    pub(crate) fn empty((n_items, n_features): (usize, usize), moments: Moments) -> Self {
        let shape = |wanted: Moments, dims| (moments >= wanted).then(|| Array2::zeros(dims));
        Self {
            log_evidence: Array1::zeros(n_items),
            marginals: shape(Moments::Marginals, (n_items, n_features)),
            pair_moments: shape(Moments::Pairs, (n_features, n_features)),
            report: Report::default(),
        }
    }
}

impl Items for Problem<'_> {
    fn read_log_odds(&self, items: &[usize], log_odds: &mut Lanes) {
        for k in 0..self.log_odds.ncols() {
            read_column(self.log_odds, k, items, log_odds.row_mut(k), |value| value);
        }
    }

    fn read_residuals(&self, items: &[usize], observed: &[usize], residuals: &mut Lanes) {
        for (ix, &d) in observed.iter().enumerate() {
            let intercept = self.intercept[d];
            let slots = residuals.row_mut(ix);
            read_column(self.targets, d, items, slots, |y| y - intercept);
        }
    }

    fn weight(&self, item: usize) -> f64 {
        self.item_weights.map_or(1.0, |weights| weights[item])
    }
}

/// One column's entries of some items.
fn read_column(
    matrix: ArrayView2<'_, f64>,
    column: usize,
    items: &[usize],
    slots: &mut [f64],
    read: impl Fn(f64) -> f64,
) {
    let width = matrix.ncols();
    if let (Some(range), Some(numbers)) = (run(items), matrix.to_slice()) {
        let rows = &numbers[range.start * width..range.end * width];
        for (slot, row) in slots.iter_mut().zip(rows.chunks_exact(width)) {
            *slot = read(row[column]);
        }
    } else {
        for (slot, &item) in slots.iter_mut().zip(items) {
            *slot = read(matrix[[item, column]]);
        }
    }
}

/// Increasing items as a range, where none is left out.
fn run(items: &[usize]) -> Option<Range<usize>> {
    let (first, last) = (*items.first()?, *items.last()?);
    (last - first + 1 == items.len()).then_some(first..last + 1)
}

/// Answers of a chunk, as they go into the posterior.
#[derive(Debug)]
pub struct Copied {
    log_evidence: Vec<f64>,
    /// (items, K).
    marginals: Array2<f64>,
    quality: Quality,
}

impl Collect for Posterior {
    type Part = Copied;

    fn part(&self, n_items: usize) -> Copied {
        let n_features = self.marginals.as_ref().map_or(0, Array2::ncols);
        Copied {
            log_evidence: vec![0.0; n_items],
            marginals: Array2::zeros((n_items, n_features)),
            quality: Quality::default(),
        }
    }

    fn add(&self, part: &mut Copied, _: &Tile, answer: &Answer, _: &[usize], range: Range<usize>) {
        part.log_evidence[range.clone()].copy_from_slice(&answer.log_evidence);
        if self.marginals.is_some() {
            let mut rows = part.marginals.slice_mut(s![range, ..]);
            for (k, mut column) in rows.columns_mut().into_iter().enumerate() {
                for (slot, &mean) in column.iter_mut().zip(answer.marginals.row(k)) {
                    *slot = mean;
                }
            }
        }
        part.quality.add(answer);
    }

    fn merge(&mut self, part: Copied, pairs: Array2<f64>, items: &[usize]) {
        for (&item, &value) in items.iter().zip(&part.log_evidence) {
            self.log_evidence[item] = value;
        }
        if let Some(marginals) = &mut self.marginals {
            if let Some(range) = run(items) {
                marginals.slice_mut(s![range, ..]).assign(&part.marginals);
            } else {
                for (&item, row) in items.iter().zip(part.marginals.rows()) {
                    marginals.row_mut(item).assign(&row);
                }
            }
        }
        if let Some(sum) = &mut self.pair_moments {
            *sum += &pairs;
        }
        self.report.admit(part.quality);
    }
}
