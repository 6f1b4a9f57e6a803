//! Which solver answers for the items of a pattern, and why.

use std::collections::BTreeSet;

use super::enumeration::{MAX_ENUMERATION_FEATURES, enumeration};
use super::independent::Independent;
use super::item_solver::OneByOne;
use super::pattern::PatternModel;
use super::quadrature::Quadrature;
use super::solver::Solver;
use super::tile::Moments;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// From this many features on, quadrature is the cheaper one for a scalar target.
const QUADRATURE_FROM: usize = 15;

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SolverChoice {
    /// The cheapest exact solver, pattern by pattern.
    #[default]
    Auto,
    /// Sum over all states; at most [`MAX_ENUMERATION_FEATURES`] features.
    Enumeration,
    /// Characteristic-function quadrature; at most one observed target dimension in each item.
    Quadrature,
}

/// A method that answered for some items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The posterior is the prior: nothing observed.
    Prior,
    /// Sum over all states.
    Enumeration,
    /// Characteristic-function quadrature.
    Quadrature,
}

/// What ran, and how well.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Methods that answered.
    pub methods: BTreeSet<Method>,
    /// The worst error that a solver admitted.
    pub worst_certificate: f64,
    /// Items that an exact fall-back answered.
    pub n_rescued: usize,
}

impl Report {
    pub(crate) fn add(&mut self, plan: &Plan) {
        self.methods.insert(plan.method);
    }
}

/// A pattern's model and the solver that suits it.
pub(crate) struct Plan {
    model: PatternModel,
    method: Method,
    cancel: CancelToken,
}

impl Plan {
    /// # Errors
    /// [`Error::TooManyFeatures`] and [`Error::NotScalar`] where the choice cannot answer exactly.
    pub fn new(
        model: PatternModel,
        _n_items: usize,
        choice: SolverChoice,
        _moments: Moments,
        cancel: &CancelToken,
    ) -> Result<Self> {
        Ok(Self {
            method: method(&model, choice)?,
            model,
            cancel: cancel.clone(),
        })
    }

    pub fn model(&self) -> &PatternModel {
        &self.model
    }

    /// The solver, its tables made.
    pub fn solver(&self) -> Box<dyn Solver + '_> {
        let weights = self.model.weights.view();
        match self.method {
            Method::Prior => {
                let solver = Independent::new(weights.nrows());
                Box::new(OneByOne::new(solver, &self.cancel))
            }
            Method::Enumeration => enumeration(weights, &self.cancel),
            Method::Quadrature => {
                let solver = Quadrature::new(weights.column(0), &self.cancel);
                Box::new(OneByOne::new(solver, &self.cancel))
            }
        }
    }
}

fn method(model: &PatternModel, choice: SolverChoice) -> Result<Method> {
    let (n_features, n_targets) = model.weights.dim();
    if n_targets == 0 {
        return Ok(Method::Prior);
    }
    let integrate = match choice {
        SolverChoice::Enumeration => false,
        SolverChoice::Auto => n_targets == 1 && n_features >= QUADRATURE_FROM,
        SolverChoice::Quadrature if n_targets == 1 => true,
        SolverChoice::Quadrature => return Err(Error::NotScalar { n_targets }),
    };
    if integrate {
        return Ok(Method::Quadrature);
    }
    if n_features > MAX_ENUMERATION_FEATURES {
        let advice = if n_targets == 1 {
            "; use solver=\"auto\" or \"quadrature\", which take any number for a scalar target"
        } else {
            "; a vector target takes no more, use fewer features"
        };
        return Err(Error::TooManyFeatures {
            n_features,
            limit: MAX_ENUMERATION_FEATURES,
            advice,
        });
    }
    Ok(Method::Enumeration)
}
