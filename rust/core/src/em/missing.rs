//! The covariance of the complete score, from posteriors at shifted residuals.
//!
//! Let t be added to the residual of one target, in units of the noise: the posterior becomes
//! q_t(z), proportional to q(z) exp(-t r) with r the residual less the effect of z. So derivatives
//! in t are joint cumulants with r, of marginals and of pair moments alike:
//!
//! d E_t[f] / dt = -Cov(f, r),
//! d^2 E_t[f] / dt^2 = E[f (r - E r)^2] - E[f] Var r.
//!
//! Any solver answers at t = -2h, -h, 0, h, 2h, and central differences make every moment with r and
//! r^2 that the score's covariance needs. The pair moments come from the solver's own sum: its items
//! are weighted with the coefficients of the differences.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::data::Data;
use super::e_step::plan;
use super::parameters::Parameters;
use super::reader::Reader;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::posterior::{Answer, Moments, SolverChoice, Tile, Visit, Walk, Worker, solve_tile};

/// h for residuals of variance 1 under the posterior: truncation (h^4 / 90) and rounding (some
/// 1e-14 / h^2) are both near 1e-9 of the covariance. An approximate solver's error, where it is not
/// smooth in the shift, is divided by h^2 too.
const STEP: f64 = 2e-2;
/// Shifts in units of h, and their coefficients in the first and the second difference.
const SHIFTS: [(f64, f64, f64); 4] = [
    (-2.0, 1.0 / 12.0, -1.0 / 12.0),
    (-1.0, -8.0 / 12.0, 16.0 / 12.0),
    (1.0, 8.0 / 12.0, 16.0 / 12.0),
    (2.0, -1.0 / 12.0, -1.0 / 12.0),
];
/// Coefficient of what is not shifted in the second difference.
const CENTRE: f64 = -30.0 / 12.0;

/// Sum of v (E[phi phi' r^2] - E[phi r] E[phi r]') for each target, r in units of the noise.
///
/// # Errors
/// A solver that cannot answer, or cancellation.
pub(crate) fn missing_information(
    data: &Data<'_>,
    parameters: &Parameters,
    solver: SolverChoice,
    cancel: &CancelToken,
) -> Result<Vec<Array2<f64>>> {
    let reader = Reader::new(data, parameters);
    let size = data.n_design() + data.n_features();
    let mut missing = vec![Array2::zeros((size, size)); data.n_targets()];
    for group in &data.groups {
        let observed = &group.pattern.observed;
        let plan = plan(&reader, group, Moments::Pairs, solver, cancel)?;
        let mut shifting = Shifting {
            data,
            weights: plan.model().weights.view(),
            missing: vec![Array2::zeros((size, size)); observed.len()],
        };
        let walk = Walk {
            items: &group.pattern.items,
            observed,
            model: plan.model(),
            solver: &*plan.solver(),
            moments: Moments::Pairs,
            cancel,
        };
        walk.visit(&reader, &mut shifting)?;
        for (&d, of_group) in observed.iter().zip(&shifting.missing) {
            missing[d] += of_group;
        }
    }
    Ok(missing)
}

/// The visitor that solves each tile at shifted residuals.
struct Shifting<'a, 'd> {
    data: &'a Data<'d>,
    /// W / sigma of the observed targets, (K, observed).
    weights: ArrayView2<'a, f64>,
    /// By observed target.
    missing: Vec<Array2<f64>>,
}

/// Sums of a chunk, and answers.
struct Part {
    missing: Vec<Array2<f64>>,
    here: Answer,
    shifted: Answer,
}

/// Moments of the items of a tile with the residual r of one target.
struct ResidualMoments {
    /// E[r^2], (items,).
    square: Array1<f64>,
    /// E[r], (items,).
    mean: Array1<f64>,
    /// E[z r^2], (K, items).
    features_square: Array2<f64>,
    /// E[z r], (K, items).
    features: Array2<f64>,
}

impl Visit for Shifting<'_, '_> {
    type Part = Part;

    fn part(&self, _: usize) -> Part {
        let zeros = |sum: &Array2<f64>| Array2::zeros(sum.raw_dim());
        Part {
            missing: self.missing.iter().map(zeros).collect(),
            here: Answer::default(),
            shifted: Answer::default(),
        }
    }

    fn visit(
        &self,
        part: &mut Part,
        worker: &mut dyn Worker,
        tile: &mut Tile,
        items: &[usize],
        _: Range<usize>,
    ) -> Result<()> {
        let n_design = self.data.n_design();
        let mut design = Array2::zeros((n_design, items.len()));
        self.data.read_design(items, design.view_mut());
        let item_weights = Array1::from_vec(tile.weights.clone());
        solve_tile(worker, tile, Moments::Marginals, &mut part.here, items)?;
        for d_ix in 0..self.missing.len() {
            let moments = self.differences(part, worker, tile, items, &item_weights, d_ix)?;
            let missing = &mut part.missing[d_ix];
            moments.add_to(missing, &design, &item_weights);
            let mut features = missing.slice_mut(s![n_design.., n_design..]);
            features += &worker.take_pairs();
        }
        tile.weights = item_weights.to_vec();
        Ok(())
    }

    fn merge(&mut self, part: Part, _: Array2<f64>, _: &[usize]) {
        for (sum, of_part) in self.missing.iter_mut().zip(&part.missing) {
            *sum += of_part;
        }
    }
}

impl Shifting<'_, '_> {
    /// Moments with the residual of one target; the worker's sum becomes v E[zz' r^2].
    fn differences(
        &self,
        part: &mut Part,
        worker: &mut dyn Worker,
        tile: &mut Tile,
        items: &[usize],
        item_weights: &Array1<f64>,
        d_ix: usize,
    ) -> Result<ResidualMoments> {
        let Part { here, shifted, .. } = part;
        let weights = self.weights.column(d_ix);
        let h = STEP / (1.0 + 0.25 * weights.dot(&weights)).sqrt();
        let residual = Array1::from(tile.residuals.row(d_ix).to_vec());
        let mean = &residual - &weights.dot(&here.marginals.view());
        let mut covariance = Array2::zeros(here.marginals.view().raw_dim());
        let mut bend = &here.marginals.view() * (CENTRE / (h * h));
        for (shift, first, second) in SHIFTS {
            let (first, second) = (-first / h, second / (h * h));
            for (slot, r) in tile.residuals.row_mut(d_ix).iter_mut().zip(&residual) {
                *slot = r + shift * h;
            }
            tile.weights = (item_weights * &(second + 2.0 * first * &mean)).to_vec();
            solve_tile(worker, tile, Moments::Pairs, shifted, items)?;
            covariance.scaled_add(first, &shifted.marginals.view());
            bend.scaled_add(second, &shifted.marginals.view());
        }
        for (slot, r) in tile.residuals.row_mut(d_ix).iter_mut().zip(&residual) {
            *slot = *r;
        }
        let square = &mean * &mean - weights.dot(&covariance);
        tile.weights = (item_weights * &(&square + CENTRE / (h * h))).to_vec();
        solve_tile(worker, tile, Moments::Pairs, here, items)?;
        let marginals = here.marginals.view();
        Ok(ResidualMoments {
            features_square: &marginals * &square + 2.0 * &covariance * &mean + bend,
            features: &marginals * &mean + covariance,
            mean,
            square,
        })
    }
}

impl ResidualMoments {
    /// Add v (E[phi phi' r^2] - E[phi r] E[phi r]'), save E[zz' r^2].
    fn add_to(&self, missing: &mut Array2<f64>, design: &Array2<f64>, item_weights: &Array1<f64>) {
        let n_design = design.nrows();
        let stack = |design: &Array2<f64>, features: &Array2<f64>| {
            ndarray::concatenate(Axis(0), &[design.view(), features.view()])
                .expect("both have a column for each item")
        };
        let score = stack(&(design * &self.mean), &self.features);
        general_mat_mul(-1.0, &(&score * item_weights), &score.t(), 1.0, missing);
        let second = stack(&(design * &self.square), &self.features_square);
        let block = (design * item_weights).dot(&second.t());
        let mut rows = missing.slice_mut(s![..n_design, ..]);
        rows += &block;
        let mut columns = missing.slice_mut(s![n_design.., ..n_design]);
        columns += &block.slice(s![.., n_design..]).t();
    }
}
