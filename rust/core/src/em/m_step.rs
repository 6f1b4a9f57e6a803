//! The M step: weighted least squares for the regression, expected counts for the channels.

use ndarray::{Array1, Array2};

use super::channel::FeatureChannel;
use super::data::Data;
use super::options::Options;
use super::parameters::Parameters;
use super::statistics::{EStep, NormalEquations, normal_equations};
use crate::error::{Error, Result};
use crate::linear::Factor;

/// Parameters that raise the expected penalised log likelihood: coefficients given the noise,
/// then the noise given the coefficients, and the channels.
pub(crate) fn m_step(
    data: &Data<'_>,
    e_step: &EStep,
    parameters: &Parameters,
    options: &Options,
) -> Result<Parameters> {
    let mut updated = parameters.clone();
    for (d, equations) in normal_equations(data, e_step).iter().enumerate() {
        let ridge = options.ridge * parameters.noise_variance[d];
        let matrix = with_ridge(&equations.matrix, data.design.ncols(), ridge);
        let factor =
            Factor::new(matrix.view()).ok_or(Error::SingularNormalEquations { column: d })?;
        let coefficients = factor.solve(equations.right.as_slice().expect("a whole array"));
        let noise = residual_power(equations, &coefficients) / data.target_weight[d];
        updated.noise_variance[d] = noise.max(data.noise_floor[d]);
        updated.set_coefficients(d, &coefficients);
    }
    let marginals = e_step.marginals();
    for (k, channel) in updated.channels.iter_mut().enumerate() {
        *channel = channel.updated(
            data.judgments.column(k),
            marginals.column(k),
            data.item_weights.view(),
            options.noise,
            options.rate_prior,
            data.prevalence_centre[k],
        );
    }
    Ok(updated)
}

/// Add the ridge to the features' part of the diagonal.
pub(crate) fn with_ridge(matrix: &Array2<f64>, n_design: usize, ridge: f64) -> Array2<f64> {
    let mut matrix = matrix.clone();
    matrix
        .diag_mut()
        .iter_mut()
        .skip(n_design)
        .for_each(|entry| *entry += ridge);
    matrix
}

/// Sum of v E[(y - coefficients . phi)^2].
fn residual_power(equations: &NormalEquations, coefficients: &[f64]) -> f64 {
    let coefficients = Array1::from_vec(coefficients.to_vec());
    let explained = equations.matrix.dot(&coefficients);
    equations.power - 2.0 * coefficients.dot(&equations.right) + coefficients.dot(&explained)
}

/// Log likelihood of the standardised targets plus the log priors.
pub(crate) fn objective(
    data: &Data<'_>,
    e_step: &EStep,
    parameters: &Parameters,
    options: &Options,
) -> f64 {
    let shrinkage = 0.5 * options.ridge * parameters.weights.mapv(|w| w * w).sum();
    let prior_of =
        |(channel, &centre): (&FeatureChannel, &f64)| channel.log_prior(options.rate_prior, centre);
    let priors: f64 = parameters
        .channels
        .iter()
        .zip(&data.prevalence_centre)
        .map(prior_of)
        .sum();
    e_step.log_likelihood - shrinkage + priors
}
