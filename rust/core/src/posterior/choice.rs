//! Which solver answers for which items.

use super::enumeration::{Enumeration, MAX_ENUMERATION_FEATURES};
use super::group::Group;
use super::independent::Independent;
use super::quadrature::Quadrature;
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// From this many features on, quadrature is the cheaper one for a scalar target: measured with pair
/// moments at R2 = .8, where enumeration takes 3.5 and quadrature 3.3 microseconds an item.
const QUADRATURE_FROM: usize = 9;

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SolverChoice {
    /// The cheapest exact solver, group by group.
    #[default]
    Auto,
    /// Sum over all states; at most [`MAX_ENUMERATION_FEATURES`] uncertain features.
    Enumeration,
    /// Characteristic-function quadrature; at most one observed target dimension in each item.
    Quadrature,
}

/// The solvers that ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SolversUsed {
    /// Some items were enumerated.
    pub enumeration: bool,
    /// Some items were integrated.
    pub quadrature: bool,
}

/// A solver that fits a group.
#[derive(Debug)]
pub(crate) enum GroupSolver<'a> {
    /// Nothing observed, or nothing uncertain.
    Independent(Independent),
    /// Any dimensions, few features.
    Enumeration(Enumeration<'a>),
    /// One dimension.
    Quadrature(Quadrature<1>),
    /// Two dimensions.
    PlaneQuadrature(Quadrature<2>),
}

/// Choose and prepare the solver of a group.
///
/// # Errors
/// [`Error::TooManyFeatures`] and [`Error::NotScalar`] where the choice cannot answer exactly.
pub(crate) fn prepare<'a>(
    group: &'a Group,
    choice: SolverChoice,
    cancel: &CancelToken,
) -> Result<GroupSolver<'a>> {
    let n_features = group.weights.nrows();
    Ok(match resolve(group, choice)? {
        Resolved::Independent => GroupSolver::Independent(Independent::new(n_features)),
        Resolved::Enumeration => GroupSolver::Enumeration(Enumeration::new(group.weights.view())),
        Resolved::Quadrature if group.weights.ncols() == 2 => {
            GroupSolver::PlaneQuadrature(Quadrature::new(group.weights.view(), cancel))
        }
        Resolved::Quadrature => {
            GroupSolver::Quadrature(Quadrature::new(group.weights.view(), cancel))
        }
    })
}

/// Which solver of [`GroupSolver`].
pub(crate) enum Resolved {
    Independent,
    Enumeration,
    Quadrature,
}

/// # Errors
/// As [`prepare`].
pub(crate) fn resolve(group: &Group, choice: SolverChoice) -> Result<Resolved> {
    let (n_features, n_targets) = group.weights.dim();
    if n_targets == 0 {
        return Ok(Resolved::Independent);
    }
    let integrate = match choice {
        SolverChoice::Enumeration => false,
        SolverChoice::Auto => n_targets == 1 && n_features >= QUADRATURE_FROM,
        SolverChoice::Quadrature if n_targets <= 2 => true,
        SolverChoice::Quadrature => return Err(Error::NotScalar { n_targets }),
    };
    if integrate {
        return Ok(Resolved::Quadrature);
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
    Ok(Resolved::Enumeration)
}
