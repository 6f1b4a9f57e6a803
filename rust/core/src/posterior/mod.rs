//! The E step: exact posteriors over the latent features of every item.
//!
//! `problem` checks the input, `group` gathers items of the same structure, `choice` finds a
//! solver for each group, `solve` runs it over tiles of items in parallel and adds up. A solver is one
//! implementation of `item_solver::ItemSolver`: `enumeration`, `quadrature`, `branch_and_bound`
//! (exact but for a certified mass), `expectation_propagation` (approximate, with a bracket) and,
//! where no target is observed, `independent`. `row_space` turns an item into the coordinates that
//! expectation propagation works in, `tilt_bound` and `mean_field` are the ends of its bracket.

mod branch_and_bound;
#[cfg(test)]
mod brute_force;
mod choice;
mod enumeration;
mod expectation_propagation;
mod group;
mod independent;
mod item_solver;
mod mean_field;
mod problem;
mod quadrature;
mod row_space;
mod solve;
mod tilt_bound;

pub use choice::{SolverChoice, SolversUsed};
pub use enumeration::MAX_ENUMERATION_FEATURES;
pub use item_solver::Moments;
pub use problem::Problem;
pub use solve::{PatternPairs, Posterior, posterior};

pub(crate) use choice::{GroupSolver, prepare};
pub(crate) use group::{Group, group_items};
pub(crate) use item_solver::{Item, ItemSolver};
pub(crate) use problem::{check_item_weights, check_matrix, check_shape, check_vector};
pub(crate) use solve::{TILE, WAVE, at};
