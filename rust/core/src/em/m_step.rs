//! The M step: weighted least squares for the regression, expected counts for the channels.

use ndarray::Array1;

use super::channel::FeatureChannel;
use super::channel_step::channel_step;
use super::data::Data;
use super::e_step::EStep;
use super::options::Options;
use super::parameters::Parameters;
use super::pooling::Centres;
use super::sums::normal_equations;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::linear::Factor;

/// Parameters that raise the expected penalised log likelihood: coefficients given the noise,
/// then the noise given the coefficients, and the channels.
///
/// # Errors
/// Singular normal equations, or cancellation.
pub(crate) fn m_step(
    data: &Data<'_>,
    e_step: &EStep,
    parameters: &Parameters,
    options: &Options,
    cancel: &CancelToken,
) -> Result<Parameters> {
    let mut updated = parameters.clone();
    let all_equations = normal_equations(data, &e_step.groups, parameters);
    for (d, equations) in all_equations.iter().enumerate() {
        let matrix = equations.with_ridge(data.ridge().column(d), parameters.noise_variance[d]);
        let factor =
            Factor::new(matrix.view()).ok_or(Error::SingularNormalEquations { column: d })?;
        let right = equations.right.as_slice().expect("a whole array");
        let coefficients = Array1::from_vec(factor.solve(right));
        let noise = equations.residual_power(&coefficients) / data.target_weight[d];
        updated.noise_variance[d] = noise.max(data.noise_floor[d]);
        updated.advance(d, &coefficients);
    }
    let channels = &parameters.channels;
    updated.channels = channel_step(data, channels, &e_step.positives, options, cancel)?;
    Ok(updated)
}

/// Log likelihood of the standardised targets plus the log priors.
pub(crate) fn objective(
    data: &Data<'_>,
    log_likelihood: f64,
    parameters: &Parameters,
    options: &Options,
) -> f64 {
    let shrinkage = 0.5 * (&data.ridge() * &parameters.weights.mapv(|w| w * w)).sum();
    let centres = Centres::of(&parameters.channels, options);
    let channels: std::slice::Iter<'_, FeatureChannel> = parameters.channels.iter();
    let priors: f64 = channels
        .zip(&data.features)
        .map(|(channel, of)| {
            channel.log_prior(options.rate_prior.strength, &centres, of.prevalence_centre)
        })
        .sum();
    log_likelihood - shrinkage + priors + centres.log_prior
}
