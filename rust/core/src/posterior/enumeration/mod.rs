//! The exact posterior by summing over all 2^K states.

mod direct;
mod states;

use ndarray::ArrayView2;

use self::direct::Direct;
use super::item_solver::OneByOne;
use super::solver::{Solver, Worker};
use crate::cancel::CancelToken;

/// The most features that enumeration takes: 2^22 states are 32 MiB a table.
pub const MAX_ENUMERATION_FEATURES: usize = 22;

/// Solver that sums over states.
pub(crate) struct Enumeration<'a> {
    direct: OneByOne<Direct<'a>>,
}

impl<'a> Enumeration<'a> {
    pub fn new(weights: ArrayView2<'a, f64>, cancel: &CancelToken) -> Self {
        Self {
            direct: OneByOne::new(Direct::new(weights), cancel),
        }
    }
}

impl Solver for Enumeration<'_> {
    fn worker(&self) -> Box<dyn Worker + '_> {
        self.direct.worker()
    }

    fn tile_len(&self) -> usize {
        self.direct.tile_len()
    }
}
