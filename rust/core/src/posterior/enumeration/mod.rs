//! The exact posterior by summing over all 2^K states, at the speed of matrix products.
//!
//! * `split` divides the features into two sides and an outer loop,
//! * `coupling` makes the tables that all items share, `packed` lays them out for the registers,
//! * `kernel` takes a tile through the products, with `panel` (numbers of each item) and `tables`
//!   (vectors over states) over the buffers of `workspace`,
//! * `pairs` reads the pair moments off the summed products,
//! * `direct` answers in the log domain for the items that the products refuse.

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

/// Sum over states by products, in the log domain where they are refused.
pub(crate) fn enumeration<'a>(
    weights: ArrayView2<'a, f64>,
    cancel: &CancelToken,
) -> Box<dyn Solver + 'a> {
    let products = Products::new(weights);
    let cancel = cancel.clone();
    Box::new(Rescue::new(products, move || {
        OneByOne::new(Direct::new(weights), &cancel)
    }))
}

/// Solver by products; refuses items whose digits it would lose.
struct Products {
    n_features: usize,
    coupling: Coupling,
    packed: Packed,
}

impl Products {
    fn new(weights: ArrayView2<'_, f64>) -> Self {
        let coupling = Coupling::new(weights);
        Self {
            n_features: weights.nrows(),
            packed: Packed::new(coupling.between.view()),
            coupling,
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
        Arch::new().dispatch(Kernel {
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
        } = self.solver;
        pairs::take_pairs(coupling, packed, &mut self.workspace, *n_features)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Axis;
    use proptest::prelude::*;

    use super::*;

    /// Weights, residuals (targets, items), log odds (features, items) and item weights.
    #[derive(Debug)]
    struct Items {
        weights: Array2<f64>,
        tile: Tile,
    }

    fn items(n_features: usize, n_targets: usize, n_items: usize) -> impl Strategy<Value = Items> {
        let matrix = |n_rows, n_columns, entry: BoxedStrategy<f64>| {
            prop::collection::vec(entry, n_rows * n_columns)
                .prop_map(move |x| Array2::from_shape_vec((n_rows, n_columns), x).unwrap())
        };
        let scale = prop_oneof![6 => Just(1.0), 2 => Just(8.0), 1 => Just(60.0)];
        let odds = prop_oneof![
            8 => -6.0..6.0,
            1 => Just(f64::INFINITY),
            1 => Just(f64::NEG_INFINITY),
            1 => -700.0..700.0,
        ];
        (
            matrix(n_features, n_targets, (-1.5..1.5).boxed()),
            scale,
            matrix(n_targets, n_items, (-9.0..9.0).boxed()),
            matrix(n_features, n_items, odds.boxed()),
            matrix(1, n_items, (0.0..2.0).boxed()),
        )
            .prop_map(move |(weights, scale, residuals, log_odds, v)| {
                let mut tile = Tile::default();
                tile.resize(n_items, n_features, n_targets);
                tile.residuals
                    .numbers_mut()
                    .copy_from_slice((residuals * scale).as_slice().unwrap());
                tile.log_odds
                    .numbers_mut()
                    .copy_from_slice(log_odds.as_slice().unwrap());
                tile.weights = v.into_raw_vec_and_offset().0;
                Items {
                    weights: weights * scale,
                    tile,
                }
            })
    }

    fn any_items() -> impl Strategy<Value = Items> {
        (0..19_usize, 1..9_usize, 1..40_usize).prop_flat_map(|(k, d, n)| {
            // Few items where the fall-back sums over many states.
            items(k, d, if k > 12 { n.min(3) } else { n })
        })
    }

    /// Log evidence, marginals (features, items) and pair moments, tile by tile.
    fn solve(
        solver: &dyn Solver,
        items: &Tile,
        moments: Moments,
    ) -> (Vec<f64>, Array2<f64>, Array2<f64>) {
        let (mut worker, mut answer) = (solver.worker(), Answer::default());
        let mut tile = Tile::default();
        let mut log_evidence = Vec::new();
        let mut marginals = Array2::zeros((items.log_odds.view().nrows(), 0));
        let all: Vec<usize> = (0..items.n_items()).collect();
        for of_tile in all.chunks(solver.tile_len()) {
            tile.select(items, of_tile);
            worker.solve(&tile, moments, &mut answer).unwrap();
            log_evidence.extend_from_slice(&answer.log_evidence);
            marginals.append(Axis(1), answer.marginals.view()).unwrap();
        }
        (log_evidence, marginals, worker.take_pairs())
    }

    fn distance(one: &Array2<f64>, other: &Array2<f64>) -> f64 {
        (one - other).iter().fold(0.0, |most, x| most.max(x.abs()))
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn products_are_the_sum_over_states(items in any_items()) {
            let weights = items.weights.view();
            let cancel = CancelToken::default();
            let direct = OneByOne::new(Direct::new(weights), &cancel);
            let wanted = solve(&direct, &items.tile, Moments::Pairs);
            for moments in [Moments::None, Moments::Marginals, Moments::Pairs] {
                let got = solve(&*enumeration(weights, &cancel), &items.tile, moments);
                for (got, wanted) in got.0.iter().zip(&wanted.0) {
                    prop_assert!((got - wanted).abs() <= 1e-12 * wanted.abs().max(1.0));
                }
                if moments >= Moments::Marginals {
                    let worst = distance(&got.1, &wanted.1);
                    prop_assert!(worst <= 1e-12, "marginals {worst}");
                }
                if moments == Moments::Pairs {
                    let worst = distance(&got.2, &wanted.2) / items.tile.n_items() as f64;
                    prop_assert!(worst <= 1e-12, "pairs {worst}");
                }
            }
        }
    }
}
