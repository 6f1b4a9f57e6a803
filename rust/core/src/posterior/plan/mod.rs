//! Which solver answers for the items of a pattern, and why.
//!
//! Couplings too weak to be seen are dropped, what is left falls into components (`component`), each
//! gets the cheapest exact method that can answer (`choice`, by the costs of `cost`), and the
//! solvers of several components make one (`factorised`).

mod choice;
mod component;
mod cost;
mod factorised;
mod report;

pub use choice::SolverChoice;
pub(crate) use report::Quality;
pub use report::{Method, Report};

use self::choice::Chosen;
use self::component::{Component, components};
use self::factorised::{Factorised, Part};
use super::branch_and_bound::BranchAndBound;
use super::enumeration::{MAX_ENUMERATION_FEATURES, enumeration};
use super::expectation_propagation::ExpectationPropagation;
use super::independent::Independent;
use super::item_solver::OneByOne;
use super::pattern::{Pattern, PatternModel};
use super::quadrature::Quadrature;
use super::rescue::Rescue;
use super::solver::Solver;
use super::tile::{Moments, Tile};
use super::walk::{Items, read_tile};
use crate::cancel::CancelToken;
use crate::error::Result;

/// Items on which a method is tried.
const N_PILOT: usize = 64;

/// What is asked of a plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    pub choice: SolverChoice,
    pub moments: Moments,
    pub cancel: &'a CancelToken,
}

/// A pattern's model and the methods that suit it.
pub(crate) struct Plan {
    model: PatternModel,
    components: Vec<(Component, Chosen)>,
    /// What the dropped couplings may move.
    dropped: f64,
    n_items: usize,
    choice: SolverChoice,
    cancel: CancelToken,
}

impl Plan {
    /// Decide for the items of a pattern; some of them are read in case a method must be tried.
    ///
    /// # Errors
    /// A choice that cannot answer for these weights.
    pub fn new(
        model: PatternModel,
        pattern: &Pattern,
        source: &impl Items,
        ask: Ask<'_>,
    ) -> Result<Self> {
        let pilot = || {
            let stride = pattern.items.len().div_ceil(N_PILOT).max(1);
            let items: Vec<usize> = pattern.items.iter().copied().step_by(stride).collect();
            let mut tile = Tile::default();
            read_tile(source, &items, &pattern.observed, &model, &mut tile);
            tile
        };
        let (components, dropped) = components(model.weights.view());
        let components = components
            .into_iter()
            .map(|component| {
                let pilot = || component.project(&pilot()).0;
                let chosen = choice::choose(&component, ask, pilot)?;
                Ok((component, chosen))
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            components,
            dropped,
            n_items: pattern.items.len(),
            choice: ask.choice,
            cancel: ask.cancel.clone(),
            model,
        })
    }

    pub fn model(&self) -> &PatternModel {
        &self.model
    }

    /// The solver, its tables made.
    pub fn solver(&self) -> Box<dyn Solver + '_> {
        if let [(component, chosen)] = &self.components[..]
            && component.rotation.is_none()
        {
            return self.method(component, chosen.method);
        }
        let parts = self.components.iter().map(|(component, chosen)| Part {
            component,
            solver: self.method(component, chosen.method),
        });
        Box::new(Factorised::new(
            self.model.weights.dim(),
            parts.collect(),
            self.dropped,
        ))
    }

    /// Say in the report what was decided.
    pub fn tell(&self, report: &mut Report) {
        for (_, chosen) in &self.components {
            report.methods.insert(chosen.method);
            report.reasons.insert(chosen.why.clone());
            report.predicted_seconds +=
                chosen.cost * 1e-9 * self.n_items as f64 * cost::slowness(chosen.method);
        }
    }

    fn method<'a>(&'a self, component: &'a Component, method: Method) -> Box<dyn Solver + 'a> {
        let weights = component.weights.view();
        let cancel = &self.cancel;
        match method {
            Method::Prior => {
                let solver = Independent::new(component.n_features());
                Box::new(OneByOne::new(solver, cancel))
            }
            Method::Enumeration => enumeration(weights, cancel),
            Method::Quadrature if component.rank() == 1 => {
                let solver = Quadrature::<1>::new(weights, cancel);
                self.rescued(component, OneByOne::new(solver, cancel))
            }
            Method::Quadrature => {
                let solver = Quadrature::<2>::new(weights, cancel);
                self.rescued(component, OneByOne::new(solver, cancel))
            }
            Method::BranchAndBound => {
                let search = BranchAndBound::new(weights, choice::MAX_NODES, cancel);
                self.rescued(component, OneByOne::new(search, cancel))
            }
            Method::ExpectationPropagation => {
                Box::new(OneByOne::new(ExpectationPropagation::new(weights), cancel))
            }
        }
    }

    /// For the items that the solver refuses: enumeration where it can, else the approximation,
    /// unless the solver was asked for.
    fn rescued<'a>(
        &'a self,
        component: &'a Component,
        solver: impl Solver + 'a,
    ) -> Box<dyn Solver + 'a> {
        let weights = component.weights.view();
        if component.n_features() <= MAX_ENUMERATION_FEATURES {
            Box::new(Rescue::new(solver, move || {
                enumeration(weights, &self.cancel)
            }))
        } else if self.choice == SolverChoice::Auto {
            Box::new(Rescue::new(solver, move || {
                OneByOne::new(ExpectationPropagation::new(weights), &self.cancel)
            }))
        } else {
            Box::new(solver)
        }
    }
}
