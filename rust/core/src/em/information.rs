//! The covariance of the regression coefficients from the penalised observed information.
//!
//! Louis (1982): observed information = expected complete information less the covariance of the
//! complete score. With phi = (1, x, z) and r = (y - coefficients . phi) / sigma, one target has
//!
//! sigma^2 I = sum v E[phi phi'] + ridge
//!           - sum v (E[phi phi' r^2] - E[phi r] E[phi r]').
//!
//! Noise variance and channels are held at their estimates, other targets too.

use ndarray::{Array1, Array2, Array3, Axis, s};
use rayon::prelude::*;

use super::data::Data;
use super::m_step::with_ridge;
use super::options::Options;
use super::parameters::Parameters;
use super::statistics::{EStep, normal_equations, without_covariates};
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::linear::Factor;
use crate::posterior::{
    GroupSolver, Item, ItemSolver, Problem, TILE, WAVE, at, group_items, prepare,
};

/// Covariance of each target's coefficients in the user's units, (D, M, M), and whether the
/// observed information was positive definite. Where it was not, the complete information stands
/// in for it.
pub(crate) fn covariance(
    data: &Data<'_>,
    e_step: &EStep,
    parameters: &Parameters,
    options: &Options,
    cancel: &CancelToken,
) -> Result<(Array3<f64>, Vec<bool>)> {
    let n_design = data.design.ncols();
    let size = n_design + data.judgments.ncols();
    let n_targets = data.targets.ncols();
    let missing = missing_information(data, parameters, options, cancel)?;
    let mut covariance = Array3::zeros((n_targets, size, size));
    let mut is_definite = Vec::with_capacity(n_targets);
    for (d, equations) in normal_equations(data, e_step).iter().enumerate() {
        let noise = parameters.noise_variance[d];
        let complete = with_ridge(&equations.matrix, n_design, options.ridge * noise);
        let observed = Factor::new((&complete - &missing[d]).view());
        is_definite.push(observed.is_some());
        let factor = observed.or_else(|| Factor::new(complete.view()));
        let inverse = factor.map_or_else(
            || Array2::from_elem((size, size), f64::NAN),
            |factor| factor.inverse() * noise,
        );
        let units = to_user_units(data, d);
        covariance
            .index_axis_mut(Axis(0), d)
            .assign(&units.dot(&inverse).dot(&units.t()));
    }
    Ok((covariance, is_definite))
}

/// Linear map from standardised coefficients of target d to the user's.
fn to_user_units(data: &Data<'_>, d: usize) -> Array2<f64> {
    let n_design = data.design.ncols();
    let size = n_design + data.judgments.ncols();
    let mut units = Array2::eye(size) * data.scale.target_sd[d];
    for p in 1..n_design {
        let (mean, sd) = (
            data.scale.covariate_mean[p - 1],
            data.scale.covariate_sd[p - 1],
        );
        units[[p, p]] /= sd;
        units[[0, p]] = -mean * units[[p, p]];
    }
    units
}

/// Covariance of the complete score times sigma^4, for each target.
fn missing_information(
    data: &Data<'_>,
    parameters: &Parameters,
    options: &Options,
    cancel: &CancelToken,
) -> Result<Vec<Array2<f64>>> {
    let targets = without_covariates(data, parameters);
    let log_odds = parameters.log_odds(data.judgments);
    let problem = Problem::new(
        targets.view(),
        parameters.weights.view(),
        parameters.intercept.view(),
        parameters.noise_variance.view(),
        log_odds.view(),
        Some(data.item_weights.view()),
    )?;
    let size = data.design.ncols() + data.judgments.ncols();
    let mut missing = vec![Array2::zeros((size, size)); data.targets.ncols()];
    for group in group_items(&problem) {
        let solver = prepare(&group, options.solver, cancel)?;
        for (d_ix, &d) in group.observed.iter().enumerate() {
            for wave in group.items.chunks(TILE * WAVE) {
                let tiles: Vec<Array2<f64>> = wave
                    .par_chunks(TILE)
                    .map(|items| {
                        let tile = Tile {
                            data,
                            problem: &problem,
                            group: &group,
                            items,
                            cancel,
                        };
                        match &solver {
                            GroupSolver::Independent(solver) => tile.sum(solver, d_ix),
                            GroupSolver::Enumeration(solver) => tile.sum(solver, d_ix),
                            GroupSolver::Quadrature(solver) => tile.sum(solver, d_ix),
                            GroupSolver::PlaneQuadrature(solver) => tile.sum(solver, d_ix),
                        }
                    })
                    .collect::<Result<_>>()?;
                for tile in tiles {
                    missing[d] += &tile;
                }
            }
        }
    }
    Ok(missing)
}

struct Tile<'a, 'd, 'p> {
    data: &'a Data<'d>,
    problem: &'a Problem<'p>,
    group: &'a crate::posterior::Group,
    items: &'a [usize],
    cancel: &'a CancelToken,
}

impl Tile<'_, '_, '_> {
    /// Sum of v (E[phi phi' r^2] - E[phi r] E[phi r]'). Channels keep all log odds finite, so
    /// that every feature is free.
    fn sum<S: ItemSolver>(&self, solver: &S, d_ix: usize) -> Result<Array2<f64>> {
        let n_design = self.data.design.ncols();
        let n_features = self.group.free.len();
        let size = n_design + n_features;
        let mut workspace = solver.workspace();
        let mut log_odds = vec![0.0; n_features];
        let mut residual = vec![0.0; self.group.observed.len()];
        let mut sum = Array2::<f64>::zeros((size, size));
        for &item in self.items {
            self.cancel.check()?;
            self.group
                .read_item(self.problem, item, &mut log_odds, &mut residual);
            let weight = self.problem.item_weight(item);
            let input = Item {
                log_odds: &log_odds,
                residual: &residual,
                weight,
            };
            let moments = solver
                .residual_moments(&mut workspace, input, d_ix)
                .map_err(|e| at(e, item))?;
            let x = self.data.design.row(item);
            let score: Array1<f64> = x
                .iter()
                .map(|x| x * moments.first)
                .chain(moments.features_first.iter().copied())
                .collect();
            for i in 0..size {
                for j in 0..=i {
                    let second = match (i.checked_sub(n_design), j.checked_sub(n_design)) {
                        (None, _) => x[i] * x[j] * moments.second,
                        (Some(k), None) => x[j] * moments.features_second[k],
                        // The solver adds the pairs of features up itself.
                        (Some(_), Some(_)) => 0.0,
                    };
                    sum[[i, j]] += weight * (second - score[i] * score[j]);
                }
            }
        }
        for i in 0..size {
            for j in 0..i {
                sum[[j, i]] = sum[[i, j]];
            }
        }
        let mut features = sum.slice_mut(s![n_design.., n_design..]);
        features += &solver.take_pairs(&mut workspace);
        Ok(sum)
    }
}
