//! Many features, of which items are certain of some: those leave the sum.
//!
//! A solver takes log odds of +-inf as they come. Only where there are more features than can be
//! enumerated does it pay to gather the items that are certain of the same ones and to solve for the
//! others alone: a feature that holds joins the target, one that does not drops out.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, Axis, Zip};

use super::plan::SolverChoice;
use super::problem::Problem;
use super::solve::{Posterior, posterior};
use super::tile::Moments;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Features that an item is certain of: those that hold and those that do not.
type Certain = (Vec<usize>, Vec<usize>);

/// Solve for each set of certain features alone and put the answers together.
///
/// # Errors
/// As [`posterior`].
pub(crate) fn posterior_without_certain(
    problem: &Problem<'_>,
    choice: SolverChoice,
    moments: Moments,
    cancel: &CancelToken,
) -> Result<Posterior> {
    let mut groups: BTreeMap<Certain, Vec<usize>> = BTreeMap::new();
    for (item, row) in problem.log_odds.rows().into_iter().enumerate() {
        let at = |infinity: f64| (0..row.len()).filter(|&k| row[k] == infinity).collect();
        let certain = (at(f64::INFINITY), at(f64::NEG_INFINITY));
        groups.entry(certain).or_default().push(item);
    }
    let mut whole = Posterior::empty(problem.log_odds.dim(), moments);
    for ((holds, fails), items) in &groups {
        let free: Vec<usize> = (0..problem.log_odds.ncols())
            .filter(|k| !holds.contains(k) && !fails.contains(k))
            .collect();
        let effect = problem.weights.select(Axis(0), holds).sum_axis(Axis(0));
        let weights = problem.weights.select(Axis(0), &free);
        let targets = problem.targets.select(Axis(0), items) - effect;
        let log_odds = problem
            .log_odds
            .select(Axis(0), items)
            .select(Axis(1), &free);
        let item_weights = problem.item_weights.map(|v| v.select(Axis(0), items));
        let part = Problem {
            targets: targets.view(),
            weights: weights.view(),
            log_odds: log_odds.view(),
            item_weights: item_weights.as_ref().map(|v| v.view()),
            ..*problem
        };
        let answer = posterior(&part, choice, moments, cancel).map_err(|error| match error {
            Error::NotCertified { item } => Error::NotCertified { item: items[item] },
            other => other,
        })?;
        let v = item_weights.unwrap_or_else(|| Array1::ones(items.len()));
        whole.put(answer, items, (holds, &free), &v);
    }
    Ok(whole)
}

impl Posterior {
    /// Put in the answers to some items about the free features; `holds` are certain.
    fn put(
        &mut self,
        part: Self,
        items: &[usize],
        (holds, free): (&[usize], &[usize]),
        v: &Array1<f64>,
    ) {
        for (&item, &value) in items.iter().zip(&part.log_evidence) {
            self.log_evidence[item] = value;
        }
        let means = part.marginals.unwrap_or_default();
        if let Some(marginals) = &mut self.marginals {
            for (&item, row) in items.iter().zip(means.rows()) {
                for (&k, &mean) in free.iter().zip(row) {
                    marginals[[item, k]] = mean;
                }
                for &k in holds {
                    marginals[[item, k]] = 1.0;
                }
            }
        }
        if let (Some(sum), Some(pairs)) = (&mut self.pair_moments, &part.pair_moments) {
            let mut sums = v.dot(&means).to_vec();
            sums.resize(free.len() + holds.len(), v.sum());
            let order: Vec<usize> = free.iter().chain(holds).copied().collect();
            let n_free = free.len();
            let of_part = Array2::from_shape_fn((order.len(), order.len()), |(i, j)| {
                // A certain feature has the sum of the other one.
                if i < n_free && j < n_free {
                    pairs[[i, j]]
                } else {
                    sums[i.min(j)]
                }
            });
            Zip::indexed(&of_part).for_each(|(i, j), &pair| sum[[order[i], order[j]]] += pair);
        }
        self.report.join(part.report);
    }
}
