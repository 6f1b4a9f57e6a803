//! The exact posterior by summing over all 2^K states, at the speed of matrix products.
//!
//! * `split` divides the features into two sides and an outer loop,
//! * `coupling` makes the tables that all items share, `packed` lays them out for the registers,
//! * `kernel` takes a tile through the products, with `panel` (numbers of each item) and `tables`
//!   (vectors over states) over the buffers of `workspace`,
//! * `pairs` reads the pair moments off the summed products,
//! * `direct` answers in the log domain for the items that the products refuse.

#![expect(
    clippy::inline_always,
    reason = "vector instructions exist only inside the function that was dispatched"
)]

mod coupling;
mod direct;
mod kernel;
mod packed;
mod pairs;
mod panel;
mod split;
mod states;
mod tables;
mod workspace;

use ndarray::{Array2, ArrayView2};
use pulp::Arch;

use self::coupling::Coupling;
use self::direct::Direct;
use self::kernel::Kernel;
use self::packed::Packed;
use self::workspace::Workspace;
use super::item_solver::OneByOne;
use super::rescue::Rescue;
use super::solver::{Solver, Worker};
use super::tile::{Answer, Moments, Tile};
use crate::cancel::CancelToken;
use crate::error::Result;

/// The most features that enumeration takes: 2^22 states are 32 MiB a table.
pub const MAX_ENUMERATION_FEATURES: usize = 22;

/// Items of a tile, times the states of the outer features: what keeps the tables in the cache.
const TILE: usize = 192;

/// Beyond exp(+-600) the matrix between the sides has no numbers for some states.
const WIDEST: f64 = 600.0;

/// Sum over states by products, in the log domain where they are refused.
pub(crate) fn enumeration<'a>(
    weights: ArrayView2<'a, f64>,
    cancel: &CancelToken,
) -> Box<dyn Solver + 'a> {
    enumeration_on(weights, cancel, Arch::new())
}

fn enumeration_on<'a>(
    weights: ArrayView2<'a, f64>,
    cancel: &CancelToken,
    arch: Arch,
) -> Box<dyn Solver + 'a> {
    let products = Products::new(weights, arch);
    let cancel = cancel.clone();
    if products.coupling.range > WIDEST {
        return Box::new(OneByOne::new(Direct::new(weights), &cancel));
    }
    Box::new(Rescue::new(products, move || {
        OneByOne::new(Direct::new(weights), &cancel)
    }))
}

/// Solver by products; refuses items whose digits it would lose.
struct Products {
    n_features: usize,
    coupling: Coupling,
    packed: Packed,
    /// Instruction set that the kernel runs on.
    arch: Arch,
}

impl Products {
    fn new(weights: ArrayView2<'_, f64>, arch: Arch) -> Self {
        let coupling = Coupling::new(weights);
        Self {
            n_features: weights.nrows(),
            packed: Packed::new(coupling.between.view(), arch),
            coupling,
            arch,
        }
    }

    fn n_panels(&self) -> usize {
        (TILE / self.coupling.constants.len() / self.packed.shape.items).max(1)
    }
}

impl Solver for Products {
    fn worker(&self) -> Box<dyn Worker + '_> {
        let workspace = Workspace::new(&self.coupling, self.n_panels(), self.packed.shape.items);
        Box::new(ProductsWorker {
            solver: self,
            workspace,
        })
    }

    fn tile_len(&self) -> usize {
        self.n_panels() * self.packed.shape.items
    }
}

struct ProductsWorker<'a> {
    solver: &'a Products,
    workspace: Workspace,
}

impl Worker for ProductsWorker<'_> {
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()> {
        answer.resize(tile.n_items(), self.solver.n_features);
        self.solver.arch.dispatch(Kernel {
            coupling: &self.solver.coupling,
            packed: &self.solver.packed,
            workspace: &mut self.workspace,
            tile,
            moments,
            answer,
        });
        Ok(())
    }

    fn take_pairs(&mut self) -> Array2<f64> {
        let Products {
            n_features,
            coupling,
            packed,
            ..
        } = self.solver;
        pairs::take_pairs(coupling, packed, &mut self.workspace, *n_features)
    }
}

#[cfg(test)]
mod tests;
