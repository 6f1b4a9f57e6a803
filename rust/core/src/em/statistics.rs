//! What the M step needs of the E step: sums over items, by target dimension.

use ndarray::{Array1, Array2, ArrayView2, Axis, s};

use super::data::{Data, Pattern};
use super::parameters::Parameters;
use crate::cancel::CancelToken;
use crate::error::Result;
use crate::posterior::{Moments, Posterior, Problem, SolverChoice, posterior};

/// Posterior of all items at some parameters, and the log likelihood there.
#[derive(Debug)]
pub(crate) struct EStep {
    pub posterior: Posterior,
    /// Sum of v log p(y | s) of the standardised targets.
    pub log_likelihood: f64,
}

/// Targets less the effect of the covariates.
pub(crate) fn without_covariates(data: &Data<'_>, parameters: &Parameters) -> Array2<f64> {
    let covariates = data.design.slice(s![.., 1..]);
    &data.targets - &covariates.dot(&parameters.covariate_weights)
}

impl EStep {
    pub fn at(
        data: &Data<'_>,
        parameters: &Parameters,
        solver: SolverChoice,
        cancel: &CancelToken,
    ) -> Result<Self> {
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
        let posterior = posterior(&problem, solver, Moments::Pairs, cancel)?;
        let log_likelihood = posterior.log_evidence.dot(&data.item_weights);
        Ok(Self {
            posterior,
            log_likelihood,
        })
    }

    /// E[z] of every item.
    pub fn marginals(&self) -> ArrayView2<'_, f64> {
        self.posterior
            .marginals
            .as_ref()
            .expect("the E step asks for marginals")
            .view()
    }
}

/// Normal equations of one target dimension, before the ridge.
#[derive(Debug, Clone)]
pub(crate) struct NormalEquations {
    /// Sum of v E[phi phi'], phi = (1, x, z).
    pub matrix: Array2<f64>,
    /// Sum of v E[phi] y.
    pub right: Array1<f64>,
    /// Sum of v y^2.
    pub power: f64,
}

/// Sums by pattern of observed dimensions, then over the patterns that observe a dimension.
pub(crate) fn normal_equations(data: &Data<'_>, e_step: &EStep) -> Vec<NormalEquations> {
    let n_design = data.design.ncols();
    let size = n_design + data.judgments.ncols();
    let empty = NormalEquations {
        matrix: Array2::zeros((size, size)),
        right: Array1::zeros(size),
        power: 0.0,
    };
    let mut equations = vec![empty; data.targets.ncols()];
    for pattern in data
        .patterns
        .iter()
        .filter(|pattern| !pattern.observed.is_empty())
    {
        let features = expected_features(data, e_step, pattern);
        let weights = data
            .item_weights
            .select(Axis(0), &pattern.items)
            .insert_axis(Axis(1));
        let weighted = &features * &weights;
        let mut matrix = features.t().dot(&weighted);
        let pairs = e_step
            .posterior
            .pairs_by_pattern
            .iter()
            .find(|pairs| pairs.observed == pattern.observed)
            .expect("the posterior groups items by the same patterns");
        matrix
            .slice_mut(s![n_design.., n_design..])
            .assign(&pairs.pairs);
        for &d in &pattern.observed {
            let targets = data.targets.column(d).select(Axis(0), &pattern.items);
            equations[d].matrix += &matrix;
            equations[d].right += &weighted.t().dot(&targets);
            equations[d].power += targets.mapv(|y| y * y).dot(&weights.column(0));
        }
    }
    equations
}

/// E[phi] of a pattern's items.
pub(crate) fn expected_features(data: &Data<'_>, e_step: &EStep, pattern: &Pattern) -> Array2<f64> {
    let design = data.design.select(Axis(0), &pattern.items);
    let marginals = e_step.marginals().select(Axis(0), &pattern.items);
    ndarray::concatenate(Axis(1), &[design.view(), marginals.view()])
        .expect("both have a row for each item of the pattern")
}
