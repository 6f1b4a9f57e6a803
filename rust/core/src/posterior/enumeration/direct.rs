//! One item after another in the log domain: the fall-back whose digits no range can take.
//!
//! It costs an exponential a state, some ten times what products cost, and answers for the items that
//! products refuse: noise so small, or a target so far out, that logarithms cancel.

use ndarray::{Array2, ArrayView2};

use super::states::{fill_linear, fold_marginals, fold_pairs};
use crate::error::{Error, Result};
use crate::numeric::softplus;
use crate::posterior::item_solver::{Item, ItemSolver, Solved};
use crate::posterior::tile::Moments;

/// Rounding of a state's logarithm that is put up with; above, the highest states are recomputed.
const MAX_ROUNDING: f64 = 1e-12;
/// States below exp(-50) of the highest cannot be seen.
const NEGLIGIBLE: f64 = 50.0;

/// Solver that sums over states in the log domain.
#[derive(Debug)]
pub(crate) struct Direct<'a> {
    /// W / sigma, (K, D).
    weights: ArrayView2<'a, f64>,
    /// -z'Jz / 2 of every state, J = W S^-1 W'.
    quadratic: Vec<f64>,
    /// The largest |z'Jz / 2|: its rounding is that of the table.
    largest_quadratic: f64,
}

/// Tables over states of one thread.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// Posterior of the current item.
    posterior: Vec<f64>,
    /// Scratch that folding consumes.
    scratch: Vec<f64>,
    /// Sum over items of v q(z).
    summed: Vec<f64>,
}

impl<'a> Direct<'a> {
    pub fn new(weights: ArrayView2<'a, f64>) -> Self {
        let coupling = weights.dot(&weights.t());
        let mut quadratic = vec![0.0; 1 << weights.nrows()];
        for k in 0..weights.nrows() {
            let (without, with) = quadratic[..1 << (k + 1)].split_at_mut(1 << k);
            // z'Jz gains J_kk + 2 sum over the features l < k of state s.
            fill_linear(with, &coupling.row(k).to_vec()[..k]);
            for (with, without) in with.iter_mut().zip(without) {
                *with = *without - 0.5 * coupling[[k, k]] - *with;
            }
        }
        let largest_quadratic = quadratic.iter().fold(0.0_f64, |most, q| most.max(q.abs()));
        Self {
            weights,
            quadratic,
            largest_quadratic,
        }
    }

    /// Fill the normalised posterior table and return the log of its sum.
    ///
    /// Where the noise is small beside the weights, the table's terms cancel and the logarithms
    /// carry their rounding. Those of the highest states are then computed again, from how far they
    /// are from the highest one. Returns the rounding that is left too.
    fn fill_posterior(&self, table: &mut [f64], item: Item<'_>) -> (f64, f64) {
        let natural: Vec<f64> = item
            .log_odds
            .iter()
            .zip(self.weights.rows())
            .map(|(l, w)| {
                // A feature that certainly holds has no odds to add; the states without it go below.
                let odds = if *l == f64::INFINITY { 0.0 } else { *l };
                odds + w.iter().zip(item.residual).map(|(w, r)| w * r).sum::<f64>()
            })
            .collect();
        fill_linear(table, &natural);
        for k in certain(item.log_odds) {
            for without in table.chunks_mut(2 << k) {
                without[..1 << k].fill(f64::NEG_INFINITY);
            }
        }
        let (mut highest, mut highest_state) = (f64::NEG_INFINITY, 0);
        for (state, (log_q, quadratic)) in table.iter_mut().zip(&self.quadratic).enumerate() {
            *log_q += quadratic;
            if *log_q > highest {
                (highest, highest_state) = (*log_q, state);
            }
        }
        let anchor = Anchor::new(self.weights, item, highest_state);
        let finite = natural.iter().filter(|g| g.is_finite());
        let linear: f64 = finite.map(|g| g.abs()).sum();
        let rounding = f64::EPSILON * (self.largest_quadratic + linear);
        let visible = -NEGLIGIBLE - 2.0 * rounding;
        let recomputed = rounding > MAX_ROUNDING;
        let mut mass = 0.0;
        for (state, q) in table.iter_mut().enumerate() {
            let mut below = *q - highest;
            if recomputed && below > visible {
                below = anchor.log_ratio(state);
            }
            *q = below.exp();
            mass += *q;
        }
        for q in table.iter_mut() {
            *q /= mass;
        }
        let left = if recomputed {
            anchor.rounding
        } else {
            rounding
        };
        (anchor.log_joint + mass.ln(), left)
    }
}

/// The likeliest state of an item, from which others are seen.
struct Anchor<'a> {
    weights: ArrayView2<'a, f64>,
    log_odds: &'a [f64],
    state: usize,
    /// a = r - W'z.
    residual: Vec<f64>,
    /// lambda . z - |a|^2 / 2.
    log_joint: f64,
    /// Of the logarithms of ratios.
    rounding: f64,
}

impl<'a> Anchor<'a> {
    /// Of a state that is not impossible.
    fn new(weights: ArrayView2<'a, f64>, item: Item<'a>, state: usize) -> Self {
        let held: Vec<usize> = (0..weights.nrows())
            .filter(|k| state >> k & 1 == 1)
            .collect();
        let prior: f64 = held
            .iter()
            .map(|&k| item.log_odds[k])
            .filter(|l| l.is_finite())
            .sum();
        let residual: Vec<f64> = item
            .residual
            .iter()
            .enumerate()
            .map(|(d, r)| r - held.iter().map(|&k| weights[[k, d]]).sum::<f64>())
            .collect();
        let power: f64 = residual.iter().map(|a| a * a).sum();
        let reach: f64 = residual
            .iter()
            .zip(weights.columns())
            .map(|(a, w)| a.abs() * w.iter().map(|w| w.abs()).sum::<f64>())
            .sum();
        Self {
            weights,
            log_odds: item.log_odds,
            state,
            residual,
            log_joint: prior - 0.5 * power,
            rounding: 0.25 * f64::EPSILON * reach,
        }
    }

    /// log of P(another state, r) over P(this state, r): with delta what the other explains more,
    /// a . delta - |delta|^2 / 2 and the prior odds. The squares, which may be large, are not subtracted.
    fn log_ratio(&self, state: usize) -> f64 {
        let changed: Vec<(usize, f64)> = (0..self.weights.nrows())
            .filter(|k| (state ^ self.state) >> k & 1 == 1)
            .map(|k| (k, if state >> k & 1 == 1 { 1.0 } else { -1.0 }))
            .collect();
        let prior: f64 = changed
            .iter()
            .map(|&(k, sign)| sign * self.log_odds[k])
            .sum();
        let likelihood: f64 = self
            .residual
            .iter()
            .enumerate()
            .map(|(d, a)| {
                let more: f64 = changed
                    .iter()
                    .map(|&(k, sign)| sign * self.weights[[k, d]])
                    .sum();
                more * (a - 0.5 * more)
            })
            .sum();
        prior + likelihood
    }
}

impl ItemSolver for Direct<'_> {
    type Workspace = Workspace;

    fn n_features(&self) -> usize {
        self.weights.nrows()
    }

    fn workspace(&self) -> Workspace {
        let n_states = self.quadratic.len();
        Workspace {
            posterior: vec![0.0; n_states],
            scratch: vec![0.0; n_states],
            summed: vec![0.0; n_states],
        }
    }

    fn solve(
        &self,
        workspace: &mut Workspace,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved> {
        let (log_sum, rounding) = self.fill_posterior(&mut workspace.posterior, item);
        if !log_sum.is_finite() {
            return Err(Error::NotCertified { item: 0 });
        }
        if moments == Moments::Pairs {
            for (sum, q) in workspace.summed.iter_mut().zip(&workspace.posterior) {
                *sum += item.weight * q;
            }
        }
        if moments >= Moments::Marginals {
            fold_marginals(&mut workspace.posterior, marginals);
        }
        Ok(Solved {
            log_likelihood: log_sum - log_normaliser(item.log_odds),
            certificate: rounding,
            rescued: false,
        })
    }

    fn take_pairs(&self, workspace: &mut Workspace) -> Array2<f64> {
        let pairs = fold_pairs(
            &mut workspace.summed,
            self.n_features(),
            &mut workspace.scratch,
        );
        workspace.summed.fill(0.0);
        pairs
    }
}

/// Features that certainly hold.
fn certain(log_odds: &[f64]) -> impl Iterator<Item = usize> {
    let features = log_odds.iter().enumerate();
    features
        .filter(|(_, l)| **l == f64::INFINITY)
        .map(|(k, _)| k)
}

/// Of the prior, over the features that are not certain.
fn log_normaliser(log_odds: &[f64]) -> f64 {
    let finite = log_odds.iter().filter(|l| l.is_finite());
    finite.map(|&l| softplus(l)).sum()
}
