//! The covariance of the regression coefficients from the penalised observed information.
//!
//! Louis (1982): observed information = expected complete information less the covariance of the
//! complete score. With phi = (1, x, z) and r = (y - coefficients . phi) / sigma, one target has
//!
//! sigma^2 I = sum v E[phi phi'] + ridge
//!           - sum v (E[phi phi' r^2] - E[phi r] E[phi r]').
//!
//! Noise variance and channels are held at their estimates, other targets too. `missing` makes the
//! last sum.

use ndarray::{Array2, Array3, Axis, s};

use super::data::Data;
use super::e_step::EStep;
use super::missing::missing_information;
use super::options::Options;
use super::parameters::Parameters;
use super::sums::normal_equations;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::linear::Factor;

/// Covariance of each target's coefficients in the user's units, (D, M, M), and whether the
/// observed information was positive definite. Where it was not, the complete information stands
/// in for it.
///
/// # Errors
/// A solver that cannot answer, or cancellation.
pub(crate) fn covariance(
    data: &Data<'_>,
    e_step: &EStep,
    parameters: &Parameters,
    options: &Options,
    cancel: &CancelToken,
) -> Result<(Array3<f64>, Vec<bool>)> {
    let n_design = data.n_design();
    let size = n_design + data.n_features();
    let missing = missing_information(data, parameters, options.solver, cancel)?;
    let mut covariance = Array3::zeros((data.n_targets(), size, size));
    let mut is_definite = Vec::with_capacity(data.n_targets());
    let all_equations = normal_equations(data, &e_step.groups, parameters);
    for (d, equations) in all_equations.iter().enumerate() {
        let noise = parameters.noise_variance[d];
        let complete = equations.with_ridge(data.ridge().column(d), noise);
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

/// Posterior variance of each weight in the user's units, (K, D), were the latent features known as
/// well as the expected moments say; NaN where the normal equations are singular.
pub(crate) fn weight_variances(
    data: &Data<'_>,
    e_step: &EStep,
    parameters: &Parameters,
) -> Array2<f64> {
    let mut variances = Array2::from_elem((data.n_features(), data.n_targets()), f64::NAN);
    let all_equations = normal_equations(data, &e_step.groups, parameters);
    for (d, equations) in all_equations.iter().enumerate() {
        let noise = parameters.noise_variance[d];
        let complete = equations.with_ridge(data.ridge().column(d), noise);
        if let Some(factor) = Factor::new(complete.view()) {
            let scale = noise * data.scale.target_sd[d].powi(2);
            let inverse = factor.inverse() * scale;
            let of_features = inverse.diag();
            let of_features = of_features.slice(s![data.n_design()..]);
            variances.column_mut(d).assign(&of_features);
        }
    }
    variances
}

/// Linear map from standardised coefficients of target d to the user's.
fn to_user_units(data: &Data<'_>, d: usize) -> Array2<f64> {
    let mut units = Array2::eye(data.n_design() + data.n_features()) * data.scale.target_sd[d];
    let covariates = data
        .scale
        .covariate_mean
        .iter()
        .zip(&data.scale.covariate_sd);
    for (p, (mean, sd)) in (1..).zip(covariates) {
        units[[p, p]] /= sd;
        units[[0, p]] = -mean * units[[p, p]];
    }
    units
}
