//! Solvers run over tiles of items in parallel, and the sum over items.

use ndarray::{Array1, Array2, ArrayView2};
use rayon::prelude::*;

use super::choice::{GroupSolver, SolverChoice, SolversUsed, prepare, resolve};
use super::group::{Group, group_items};
use super::item_solver::{Item, ItemSolver, Moments, Solved};
use super::problem::Problem;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Items of one task. Fixed, so that sums do not depend on the number of threads.
pub(crate) const TILE: usize = 64;
/// Tiles whose sums are in memory at the same time.
pub(crate) const WAVE: usize = 64;
/// Posterior of all items.
#[derive(Debug)]
pub struct Posterior {
    /// log p(y_n | s_n), (N,).
    pub log_evidence: Array1<f64>,
    /// E[z], (N, K); absent for [`Moments::None`].
    pub marginals: Option<Array2<f64>>,
    /// Sums over items of v E[zz'] by pattern of observed target dimensions; empty unless asked.
    pub pairs_by_pattern: Vec<PatternPairs>,
    /// Which solvers ran.
    pub solvers: SolversUsed,
    /// The worst relative rounding error that a solver admitted.
    pub worst_certificate: f64,
    /// Items that an exact fall-back answered.
    pub n_rescued: usize,
}

/// Pair moments of the items that observe the same target dimensions.
#[derive(Debug)]
pub struct PatternPairs {
    /// Observed target dimensions.
    pub observed: Vec<usize>,
    /// Sum over these items of v E[zz'], (K, K).
    pub pairs: Array2<f64>,
}

impl Posterior {
    /// Sum over all items of v E[zz'], (K, K).
    #[must_use]
    pub fn pair_moments(&self) -> Option<Array2<f64>> {
        let mut patterns = self.pairs_by_pattern.iter();
        let first = patterns.next()?.pairs.clone();
        Some(patterns.fold(first, |sum, pattern| sum + &pattern.pairs))
    }
}

/// Exact posterior of every item, in parallel on the current rayon pool. The result is the same
/// bit for bit on any number of threads.
///
/// # Errors
/// A solver that cannot answer exactly, or [`Error::Cancelled`].
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
    let groups = group_items(problem);
    // Refused before work begins; prepared one at a time, because a solver's tables are large.
    for group in &groups {
        resolve(group, choice)?;
    }
    let mut posterior = Posterior {
        log_evidence: Array1::zeros(n_items),
        marginals: (moments >= Moments::Marginals).then(|| Array2::zeros((n_items, n_features))),
        pairs_by_pattern: Vec::new(),
        solvers: SolversUsed::default(),
        worst_certificate: 0.0,
        n_rescued: 0,
    };
    for group in &groups {
        let run = GroupRun {
            problem,
            group,
            moments,
            cancel,
        };
        match prepare(group, choice, cancel)? {
            GroupSolver::Independent(solver) => run.add_to(&mut posterior, &solver)?,
            GroupSolver::Enumeration(solver) => {
                posterior.solvers.enumeration = true;
                run.add_to(&mut posterior, &solver)?;
            }
            GroupSolver::Quadrature(solver) => {
                posterior.solvers.quadrature = true;
                run.add_to(&mut posterior, &solver)?;
            }
            GroupSolver::PlaneQuadrature(solver) => {
                posterior.solvers.quadrature = true;
                run.add_to(&mut posterior, &solver)?;
            }
        }
    }
    if moments == Moments::Pairs && posterior.pairs_by_pattern.is_empty() {
        posterior.pairs_by_pattern.push(PatternPairs {
            observed: Vec::new(),
            pairs: Array2::zeros((n_features, n_features)),
        });
    }
    Ok(posterior)
}

/// One group on its way into the sum.
struct GroupRun<'a, 'p> {
    problem: &'a Problem<'p>,
    group: &'a Group,
    moments: Moments,
    cancel: &'a CancelToken,
}

/// Answers for the items of one tile.
struct TileAnswer {
    solved: Vec<Solved>,
    log_evidence: Vec<f64>,
    marginals: Array2<f64>,
    pairs: Option<Array2<f64>>,
}

impl GroupRun<'_, '_> {
    fn add_to<S: ItemSolver>(&self, posterior: &mut Posterior, solver: &S) -> Result<()> {
        let group = self.group;
        let mut pairs = Array2::zeros((group.free.len(), group.free.len()));
        let mut certain_means = vec![0.0; group.free.len()];
        for wave in group.items.chunks(TILE * WAVE) {
            let answers: Vec<TileAnswer> = wave
                .par_chunks(TILE)
                .map(|items| self.solve_tile(solver, items))
                .collect::<Result<_>>()?;
            for (items, answer) in wave.chunks(TILE).zip(answers) {
                for (ix, (&item, solved)) in items.iter().zip(&answer.solved).enumerate() {
                    posterior.log_evidence[item] = answer.log_evidence[ix];
                    posterior.worst_certificate =
                        posterior.worst_certificate.max(solved.certificate);
                    posterior.n_rescued += usize::from(solved.rescued);
                    let weight = self.problem.item_weight(item);
                    let Some(marginals) = &mut posterior.marginals else {
                        continue;
                    };
                    for (k_ix, &k) in group.free.iter().enumerate() {
                        marginals[[item, k]] = answer.marginals[[ix, k_ix]];
                        certain_means[k_ix] += weight * answer.marginals[[ix, k_ix]];
                    }
                    for &k in &group.certain {
                        marginals[[item, k]] = 1.0;
                    }
                }
                if let Some(tile_pairs) = answer.pairs {
                    pairs += &tile_pairs;
                }
            }
        }
        if self.moments == Moments::Pairs {
            let total: f64 = group
                .items
                .iter()
                .map(|&item| self.problem.item_weight(item))
                .sum();
            let pattern = pattern_pairs(posterior, group, self.problem.n_features());
            scatter_pairs(pattern, group, pairs.view(), &certain_means, total);
        }
        Ok(())
    }

    fn solve_tile<S: ItemSolver>(&self, solver: &S, items: &[usize]) -> Result<TileAnswer> {
        let group = self.group;
        let mut workspace = solver.workspace();
        let mut log_odds = vec![0.0; group.free.len()];
        let mut residual = vec![0.0; group.observed.len()];
        let mut marginals = Array2::zeros((items.len(), group.free.len()));
        let mut solved = Vec::with_capacity(items.len());
        let mut log_evidence = Vec::with_capacity(items.len());
        for (ix, &item) in items.iter().enumerate() {
            self.cancel.check()?;
            group.read_item(self.problem, item, &mut log_odds, &mut residual);
            let input = Item {
                log_odds: &log_odds,
                residual: &residual,
                weight: self.problem.item_weight(item),
            };
            let row = marginals
                .row_mut(ix)
                .into_slice()
                .expect("rows of a new array are slices");
            let answer = solver
                .solve(&mut workspace, input, self.moments, row)
                .map_err(|e| at(e, item))?;
            log_evidence.push(answer.log_likelihood - group.log_normaliser);
            solved.push(answer);
        }
        let pairs = (self.moments == Moments::Pairs).then(|| solver.take_pairs(&mut workspace));
        Ok(TileAnswer {
            solved,
            log_evidence,
            marginals,
            pairs,
        })
    }
}

/// Name the item in an error that knows only its numbers.
pub(crate) fn at(error: Error, item: usize) -> Error {
    match error {
        Error::NotCertified { n_branches, .. } => Error::NotCertified { item, n_branches },
        other => other,
    }
}

/// The sum that this group's pairs belong to.
fn pattern_pairs<'p>(
    posterior: &'p mut Posterior,
    group: &Group,
    n_features: usize,
) -> &'p mut Array2<f64> {
    let known = posterior
        .pairs_by_pattern
        .iter()
        .position(|p| p.observed == group.observed);
    let ix = known.unwrap_or_else(|| {
        posterior.pairs_by_pattern.push(PatternPairs {
            observed: group.observed.clone(),
            pairs: Array2::zeros((n_features, n_features)),
        });
        posterior.pairs_by_pattern.len() - 1
    });
    &mut posterior.pairs_by_pattern[ix].pairs
}

/// Put the pairs of the free features in their places and add those with certain features.
fn scatter_pairs(
    all: &mut Array2<f64>,
    group: &Group,
    free: ArrayView2<'_, f64>,
    free_means: &[f64],
    total: f64,
) {
    for ((i, j), &pair) in free.indexed_iter() {
        all[[group.free[i], group.free[j]]] += pair;
    }
    for &k in &group.certain {
        for &l in &group.certain {
            all[[k, l]] += total;
        }
        for (&l, &mean) in group.free.iter().zip(free_means) {
            all[[k, l]] += mean;
            all[[l, k]] += mean;
        }
    }
}
