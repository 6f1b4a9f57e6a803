//! The E step: exact posteriors over the latent features of every item.
//!
//! `problem` checks the input, `group` gathers items of the same structure, `solve` chooses a
//! solver for each group, runs it over tiles of items in parallel and adds up. A solver is one
//! implementation of `item_solver::ItemSolver`: `enumeration`, `quadrature` and, where no target
//! is observed, `independent`.

mod enumeration;
mod group;
mod independent;
mod item_solver;
mod problem;
mod quadrature;
mod solve;

pub use enumeration::MAX_ENUMERATION_FEATURES;
pub use item_solver::Moments;
pub use problem::Problem;
pub use solve::{PatternPairs, Posterior, SolverChoice, SolversUsed, posterior};

pub(crate) use group::{Group, group_items};
pub(crate) use item_solver::{Item, ItemSolver};
pub(crate) use problem::{check_item_weights, check_matrix, check_shape};
pub(crate) use solve::{GroupSolver, TILE, WAVE, at, prepare};
