//! A fit: the best of EM from one or more starts, in the user's units.

use ndarray::{Array1, Array2, Array3};

use super::channel::FeatureChannel;
use super::data::{Data, Input};
use super::information::{covariance, weight_variances};
use super::kinds::JudgmentKind;
use super::m_step::m_step;
use super::mean_field::PairMoments;
use super::options::Options;
use super::parameters::Parameters;
use super::run::Em;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::posterior::{Report, check_shape};

/// A fitted model.
#[derive(Debug)]
pub struct Fit {
    /// Parameters in the user's units; every feature without gold labels is oriented so that a yes
    /// speaks for it.
    pub parameters: Parameters,
    /// Covariance of (intercept, covariate weights, weights) of each target, (D, M, M).
    pub covariance: Option<Array3<f64>>,
    /// Posterior variance of each weight given the expected latent features, (K, D): what a learned
    /// prior needs.
    pub weight_variances: Array2<f64>,
    /// Whether the observed information of each target was positive definite; where not, the
    /// covariance is that of the complete data and too small.
    pub information_is_definite: Vec<bool>,
    /// Sum of v log p(y, gold | s).
    pub log_likelihood: f64,
    /// Penalised log likelihood at the start and after every iteration; never falls where the
    /// posteriors are exact. Where relabelling a reversed feature lowers it, the record starts there.
    pub objectives: Vec<f64>,
    /// Iterations on record, of the best start.
    pub n_iter: usize,
    /// E steps of all starts, with those that the acceleration threw away.
    pub n_e_steps: usize,
    /// Whether the relative change fell below the tolerance.
    pub converged: bool,
    /// Whether the noise variance of each target ended at its floor.
    pub noise_at_floor: Vec<bool>,
    /// What ran in the last E step, and how well.
    pub report: Report,
}

/// Fit by EM from each start (in the user's units), or from the judgments where there is none,
/// and keep the best.
///
/// # Errors
/// Input or options outside their domains; a solver that cannot answer; singular normal
/// equations; [`crate::Error::Cancelled`].
pub fn fit(
    input: Input<'_>,
    kinds: &[JudgmentKind],
    options: &Options,
    starts: &[Parameters],
    cancel: &CancelToken,
) -> Result<Fit> {
    options.check()?;
    let data = Data::new(input, kinds)?;
    let mut em = Em::new(&data, options, cancel);
    for start in starts {
        check_start(&data, start)?;
    }
    let mut starts = starts.iter().map(|start| start.standardised(&data));
    let first = match starts.next() {
        Some(start) => start,
        None => initial_parameters(&mut em)?,
    };
    let mut run = em.run_oriented(first)?;
    for start in starts {
        let other = em.run_oriented(start)?;
        if other.objective() > run.objective() {
            run = other;
        }
    }
    let offset = data.log_likelihood_offset();
    let (covariance, information_is_definite) = if options.covariance {
        if run.e_step.pair_moments == PairMoments::MeanField {
            run.e_step = em.exact_e_step(&run.parameters)?;
        }
        let (covariance, is_definite) =
            covariance(&data, &run.e_step, &run.parameters, options, cancel)?;
        (Some(covariance), is_definite)
    } else {
        (None, Vec::new())
    };
    let variances = weight_variances(&data, &run.e_step, &run.parameters);
    let floors = run.parameters.noise_variance.iter().zip(&data.noise_floor);
    Ok(Fit {
        covariance,
        weight_variances: variances,
        information_is_definite,
        log_likelihood: run.e_step.log_likelihood + offset,
        n_iter: run.n_iter(),
        n_e_steps: em.n_e_steps(),
        objectives: run.objectives.iter().map(|value| value + offset).collect(),
        converged: run.converged,
        noise_at_floor: floors.map(|(noise, floor)| noise <= floor).collect(),
        report: run.e_step.report,
        parameters: run.parameters.to_user_units(&data.scale),
    })
}

fn check_start(data: &Data<'_>, start: &Parameters) -> Result<()> {
    let (n_features, n_targets) = (data.n_features(), data.n_targets());
    let wanted = [n_features, n_targets];
    check_shape("start weights", start.weights.shape(), &wanted, "the data")?;
    let got = start.intercept.shape();
    check_shape("start intercept", got, &[n_targets], "targets")?;
    let got = start.noise_variance.shape();
    check_shape("start noise variance", got, &[n_targets], "targets")?;
    let got = [start.channels.len()];
    check_shape("start channels", &got, &[n_features], "judgments")?;
    let wanted = [data.n_design() - 1, n_targets];
    let got = start.covariate_weights.shape();
    check_shape("start covariate weights", got, &wanted, "the data")
}

/// Channels at the centres of their priors, regression on the prior expectations of z.
fn initial_parameters(em: &mut Em<'_, '_>) -> Result<Parameters> {
    let Em { data, options, .. } = *em;
    let (n_features, n_targets) = (data.n_features(), data.n_targets());
    let centre = |feature: &super::kinds::Feature| {
        FeatureChannel::at_centre(
            feature.is_hard,
            options.rate_prior,
            feature.prevalence_centre,
        )
    };
    let without_effects = Parameters {
        weights: Array2::zeros((n_features, n_targets)),
        intercept: Array1::zeros(n_targets),
        covariate_weights: Array2::zeros((data.n_design() - 1, n_targets)),
        noise_variance: Array1::ones(n_targets),
        channels: data.features.iter().map(centre).collect(),
    };
    let prior = em.e_step(&without_effects)?;
    m_step(data, &prior, &without_effects, options, em.cancel)
}
