//! Expectation maximisation from one or more starts.

use ndarray::{Array1, Array2, Array3};

use super::acceleration::Extrapolation;
use super::channel::FeatureChannel;
use super::data::{Data, Input, JudgmentKind};
use super::information::covariance;
use super::m_step::{m_step, objective};
use super::options::Options;
use super::parameters::Parameters;
use super::statistics::EStep;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::posterior::{SolversUsed, check_shape};

/// A fitted model.
#[derive(Debug)]
pub struct Fit {
    /// Parameters in the user's units; every feature is oriented so that a yes speaks for it.
    pub parameters: Parameters,
    /// Covariance of (intercept, covariate weights, weights) of each target, (D, M, M).
    pub covariance: Option<Array3<f64>>,
    /// Whether the observed information of each target was positive definite; where not, the
    /// covariance is that of the complete data and too small.
    pub information_is_definite: Vec<bool>,
    /// Sum of v log p(y | s).
    pub log_likelihood: f64,
    /// Penalised log likelihood at the start and after every iteration; never falls. Where
    /// relabelling a reversed feature lowers it, the record starts there.
    pub objectives: Vec<f64>,
    /// Iterations on record, of the best start.
    pub n_iter: usize,
    /// Whether the relative change fell below the tolerance.
    pub converged: bool,
    /// Whether the noise variance of each target ended at its floor.
    pub noise_at_floor: Vec<bool>,
    /// Solvers of the last E step.
    pub solvers: SolversUsed,
}

/// A start's end.
struct Run {
    parameters: Parameters,
    e_step: EStep,
    objectives: Vec<f64>,
    converged: bool,
}

impl Run {
    fn objective(&self) -> f64 {
        *self.objectives.last().expect("a run records its start")
    }

    fn n_iter(&self) -> usize {
        self.objectives.len() - 1
    }
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
    let em = Em {
        data: &data,
        options,
        cancel,
    };
    for start in starts {
        em.check_start(start)?;
    }
    let mut starts = starts.iter().map(|start| start.standardised(&data));
    let first = match starts.next() {
        Some(start) => start,
        None => em.initial_parameters()?,
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
        let (covariance, is_definite) =
            covariance(&data, &run.e_step, &run.parameters, options, cancel)?;
        (Some(covariance), is_definite)
    } else {
        (None, Vec::new())
    };
    let floors = run.parameters.noise_variance.iter().zip(&data.noise_floor);
    Ok(Fit {
        covariance,
        information_is_definite,
        log_likelihood: run.e_step.log_likelihood + offset,
        objectives: run.objectives.iter().map(|value| value + offset).collect(),
        n_iter: run.n_iter(),
        converged: run.converged,
        noise_at_floor: floors.map(|(noise, floor)| noise <= floor).collect(),
        solvers: run.e_step.posterior.solvers,
        parameters: run.parameters.to_user_units(&data.scale),
    })
}

struct Em<'a, 'd> {
    data: &'a Data<'d>,
    options: &'a Options,
    cancel: &'a CancelToken,
}

impl Em<'_, '_> {
    fn check_start(&self, start: &Parameters) -> Result<()> {
        let (n_features, n_targets) = (self.data.judgments.ncols(), self.data.targets.ncols());
        let n_covariates = self.data.design.ncols() - 1;
        check_shape(
            "start weights",
            start.weights.shape(),
            &[n_features, n_targets],
            "the data",
        )?;
        check_shape(
            "start intercept",
            start.intercept.shape(),
            &[n_targets],
            "targets",
        )?;
        check_shape(
            "start channels",
            &[start.channels.len()],
            &[n_features],
            "judgments",
        )?;
        let wanted = [n_covariates, n_targets];
        check_shape(
            "start covariate weights",
            start.covariate_weights.shape(),
            &wanted,
            "the data",
        )
    }

    /// Channels at the centres of their priors, regression on the prior expectations of z.
    fn initial_parameters(&self) -> Result<Parameters> {
        let Self {
            data,
            options,
            cancel,
        } = self;
        let (n_features, n_targets) = (data.judgments.ncols(), data.targets.ncols());
        let without_effects = Parameters {
            weights: Array2::zeros((n_features, n_targets)),
            intercept: Array1::zeros(n_targets),
            covariate_weights: Array2::zeros((data.design.ncols() - 1, n_targets)),
            noise_variance: Array1::ones(n_targets),
            channels: (0..n_features)
                .map(|k| {
                    let centre = data.prevalence_centre[k];
                    FeatureChannel::at_centre(data.is_hard[k], options.rate_prior, centre)
                })
                .collect(),
        };
        let prior = EStep::at(data, &without_effects, options.solver, cancel)?;
        m_step(data, &prior, &without_effects, options)
    }

    /// EM, with every reversed feature read the other way round and EM continued. The likelihood
    /// is unchanged by that and the prior of the error rates prefers it. The prior of the
    /// prevalence may not: where the objective falls, its record starts anew.
    fn run_oriented(&self, start: Parameters) -> Result<Run> {
        let mut run = self.run(start, self.options.max_iter)?;
        let mut n_left = self.options.max_iter - run.n_iter();
        loop {
            let reversed: Vec<usize> = (0..run.parameters.channels.len())
                .filter(|&k| run.parameters.channels[k].is_reversed())
                .collect();
            if reversed.is_empty() {
                return Ok(run);
            }
            for k in reversed {
                run.parameters.flip(k);
            }
            let mut next = self.run(run.parameters, n_left)?;
            n_left -= next.n_iter();
            // The value after the relabelling stands for the iteration that ended before it.
            let mut record = run.objectives;
            if record
                .pop()
                .is_some_and(|before| before <= next.objectives[0])
            {
                record.append(&mut next.objectives);
                next.objectives = record;
            }
            run = next;
        }
    }

    /// EM until the objective settles or `max_iter` iterations are used up; every second step is
    /// extrapolated where that is safe. The E step is that of the parameters returned.
    fn run(&self, start: Parameters, max_iter: usize) -> Result<Run> {
        let (value, e_step) = self.evaluate(&start)?;
        let mut run = Run {
            e_step,
            parameters: start,
            objectives: vec![value],
            converged: false,
        };
        let mut extrapolation = Extrapolation::new();
        while run.n_iter() < max_iter {
            let before = run.objective();
            let first = self.m_step(&run)?;
            let origin = std::mem::replace(&mut run.parameters, first);
            let (value, e_step) = self.evaluate(&run.parameters)?;
            run.objectives.push(value);
            run.e_step = e_step;
            if (value - before).abs() <= self.options.tol * before.abs().max(1.0) {
                run.converged = true;
                break;
            }
            if run.n_iter() < max_iter {
                self.leap(&origin, &mut run, &mut extrapolation)?;
            }
        }
        Ok(run)
    }

    /// A second step, extrapolated unless the objective would fall below that of the first.
    fn leap(
        &self,
        origin: &Parameters,
        run: &mut Run,
        extrapolation: &mut Extrapolation,
    ) -> Result<()> {
        let second = self.m_step(run)?;
        let point = extrapolation.propose(self.data, origin, &run.parameters, &second);
        let reached = match self.evaluate(&point) {
            // A point where the solver gives up is no better than one where the objective falls.
            Err(error) if error != Error::Cancelled => None,
            outcome => Some(outcome?).filter(|(value, _)| *value >= run.objective()),
        };
        extrapolation.learn(reached.is_some());
        let (parameters, (value, e_step)) = if let Some(reached) = reached {
            (point, reached)
        } else {
            let reached = self.evaluate(&second)?;
            (second, reached)
        };
        run.parameters = parameters;
        run.objectives.push(value);
        run.e_step = e_step;
        Ok(())
    }

    fn m_step(&self, run: &Run) -> Result<Parameters> {
        m_step(self.data, &run.e_step, &run.parameters, self.options)
    }

    /// The objective at these parameters, and the E step that it comes from.
    fn evaluate(&self, parameters: &Parameters) -> Result<(f64, EStep)> {
        let e_step = EStep::at(self.data, parameters, self.options.solver, self.cancel)?;
        let value = objective(self.data, &e_step, parameters, self.options);
        Ok((value, e_step))
    }
}
