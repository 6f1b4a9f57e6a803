//! EM from one start: E steps and M steps until the objective settles.

use super::acceleration::Extrapolation;
use super::data::Data;
use super::e_step::EStep;
use super::m_step::{m_step, objective};
use super::mean_field::PairMoments;
use super::options::Options;
use super::parameters::Parameters;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// A start's end.
pub(crate) struct Run {
    pub parameters: Parameters,
    /// At the parameters.
    pub e_step: EStep,
    pub objectives: Vec<f64>,
    pub converged: bool,
}

impl Run {
    pub fn objective(&self) -> f64 {
        *self.objectives.last().expect("a run records its start")
    }

    pub fn n_iter(&self) -> usize {
        self.objectives.len() - 1
    }
}

/// What EM works on, and how many E steps it took so far.
pub(crate) struct Em<'a, 'd> {
    pub data: &'a Data<'d>,
    pub options: &'a Options,
    pub cancel: &'a CancelToken,
    pair_moments: PairMoments,
    n_e_steps: usize,
}

impl<'a, 'd> Em<'a, 'd> {
    pub fn new(data: &'a Data<'d>, options: &'a Options, cancel: &'a CancelToken) -> Self {
        Self {
            data,
            options,
            cancel,
            pair_moments: PairMoments::for_shape(data.n_features(), data.n_targets()),
            n_e_steps: 0,
        }
    }

    pub fn n_e_steps(&self) -> usize {
        self.n_e_steps
    }

    /// EM, with every reversed feature of unknown truth read the other way round and EM continued. The likelihood
    /// is unchanged by that and the prior of the error rates prefers it. The prior of the
    /// prevalence may not: where the objective falls, its record starts anew.
    pub fn run_oriented(&mut self, start: Parameters) -> Result<Run> {
        let mut run = self.run(start, self.options.max_iter)?;
        let mut n_left = self.options.max_iter - run.n_iter();
        loop {
            let reversed: Vec<usize> = (0..run.parameters.channels.len())
                .filter(|&k| run.parameters.channels[k].is_reversed() && !self.is_anchored(k))
                .collect();
            if reversed.is_empty() || self.options.held.is_some() {
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

    /// EM until the objective settles or `max_iter` iterations are used up. Steps are extrapolated
    /// where the objective does not fall; only a plain step tells that it has settled. The E step is
    /// that of the parameters returned.
    fn run(&mut self, start: Parameters, max_iter: usize) -> Result<Run> {
        let (value, e_step, parameters) = self.evaluate(start)?;
        let mut run = Run {
            parameters,
            e_step,
            objectives: vec![value],
            converged: false,
        };
        let mut extrapolation = Extrapolation::default();
        let mut is_settled = false;
        while run.n_iter() < max_iter && !run.converged {
            let before = run.objective();
            let step = self.m_step(&run)?;
            let proposal = if self.options.acceleration {
                extrapolation.propose(self.data, &run.parameters, &step)
            } else {
                None
            };
            let mut reached = None;
            if let Some(proposal) = proposal.filter(|_| !is_settled) {
                reached = self.reach(proposal, before)?;
                if reached.is_none() {
                    extrapolation.forget();
                }
            }
            let is_plain = reached.is_none();
            let (value, e_step, parameters) = match reached {
                Some(reached) => reached,
                None => self.evaluate(step)?,
            };
            if value < before && self.pair_moments == PairMoments::MeanField {
                // The step was too long: take it with the moments that EM is proved for.
                run.e_step = self.exact_e_step(&run.parameters)?;
                extrapolation = Extrapolation::default();
                continue;
            }
            is_settled = (value - before).abs() <= self.options.tol * before.abs().max(1.0);
            run.converged = is_settled && is_plain;
            run.objectives.push(value);
            run.e_step = e_step;
            run.parameters = parameters;
        }
        Ok(run)
    }

    /// The proposed point, unless the objective is lower there.
    fn reach(&mut self, point: Parameters, least: f64) -> Result<Option<(f64, EStep, Parameters)>> {
        match self.evaluate(point) {
            // A point where the solver gives up is no better than one where the objective falls.
            Err(error) if error != Error::Cancelled => Ok(None),
            outcome => Ok(Some(outcome?).filter(|(value, ..)| *value >= least)),
        }
    }

    /// Whether gold labels say which of its values is which.
    fn is_anchored(&self, feature: usize) -> bool {
        self.data.gold.is_some_and(|gold| gold.knows(feature))
    }

    fn m_step(&self, run: &Run) -> Result<Parameters> {
        m_step(
            self.data,
            &run.e_step,
            &run.parameters,
            self.options,
            self.cancel,
        )
    }

    pub fn e_step(&mut self, parameters: &Parameters) -> Result<EStep> {
        self.n_e_steps += 1;
        EStep::at(
            self.data,
            parameters,
            self.pair_moments,
            self.options.solver,
            self.cancel,
        )
    }

    /// An E step with exact pair moments, as are those that follow.
    pub fn exact_e_step(&mut self, parameters: &Parameters) -> Result<EStep> {
        self.pair_moments = PairMoments::Exact;
        self.e_step(parameters)
    }

    /// The objective at these parameters, and the E step that it comes from.
    fn evaluate(&mut self, parameters: Parameters) -> Result<(f64, EStep, Parameters)> {
        let e_step = self.e_step(&parameters)?;
        let likelihood = e_step.log_likelihood;
        let value = objective(self.data, likelihood, &parameters, self.options);
        Ok((value, e_step, parameters))
    }
}
