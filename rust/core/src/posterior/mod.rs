//! The E step: posteriors over the latent features of every item.
//!
//! `problem` checks the input, `pattern` gathers the items that observe the same target dimensions,
//! `plan` finds a solver for each pattern, `walk` runs it over tiles of items in parallel and hands the
//! answers to a collector: `solve` copies them for the user, EM adds them up. A solver is an
//! implementation of `solver::Solver`, or of `item_solver::ItemSolver` for one item at a time:
//!
//! * exact: `enumeration`, `quadrature`, `branch_and_bound`, and `independent` where the target says
//!   nothing; `rescue` hands the items that one refuses to another,
//! * approximate: `expectation_propagation`, bracketed by `mean_field` and `tilt_bound`;
//!   `row_space` turns an item into the coordinates that it works in.

mod branch_and_bound;
#[cfg(test)]
mod brute_force;
mod certain;
mod enumeration;
mod expectation_propagation;
mod independent;
mod item_solver;
mod mean_field;
mod pattern;
mod plan;
mod problem;
mod quadrature;
mod rescue;
mod row_space;
mod solve;
mod solver;
mod tile;
mod tilt_bound;
mod walk;

pub use enumeration::MAX_ENUMERATION_FEATURES;
pub use plan::{Method, Report, SolverChoice};
pub use problem::Problem;
pub use solve::{Posterior, posterior};
pub use tile::Moments;

pub(crate) use pattern::{Pattern, PatternModel, patterns};
pub(crate) use plan::{Ask, Plan, Quality};
pub(crate) use problem::{check_item_weights, check_matrix, check_shape, check_vector};
pub(crate) use solver::Worker;
pub(crate) use tile::{Answer, Lanes, Tile};
pub(crate) use walk::{Collect, Items, Visit, Walk, solve_tile};
