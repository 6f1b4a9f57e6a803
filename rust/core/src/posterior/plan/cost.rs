//! What an item costs, by method, and how fast this machine is.
//!
//! The choice goes by the costs of one reference core (AVX-512, dgemm at 65 GFLOP/s), so that it is
//! the same everywhere and every time: a fit on another day takes the same way. What is measured, in
//! some 20 ms once a process, is only how long this machine takes.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use ndarray::{Array2, ArrayView2};

use super::Method;
use crate::cancel::CancelToken;
use crate::posterior::enumeration::enumeration;
use crate::posterior::tile::{Answer, Moments, Tile};

/// Nanoseconds of a state, by how many products are asked for.
const STATE: [f64; 3] = [0.033, 0.063, 0.094];
/// Nanoseconds of an entry of the tables of the sides.
const ENTRY: f64 = 0.4;
/// Nanoseconds of everything that does not depend on the states.
const ITEM: f64 = 30.0;
/// Nanoseconds of a feature at a node: its factor, and with marginals its product of the others.
const NODE: [f64; 2] = [0.35, 1.1];
/// Nanoseconds of a row of the pair moments and of an entry of them, at a node.
const ROW: f64 = 1.6;
const PAIR: f64 = 0.03;
/// Nanoseconds of a feature when the tilt is found, and of an item.
const TILT: [f64; 2] = [8.0, 250.0];
/// Time for measuring a machine.
const CALIBRATION: Duration = Duration::from_millis(20);

/// Nanoseconds of an item by enumeration.
pub(crate) fn enumeration_cost(n_features: usize, n_targets: usize, moments: Moments) -> f64 {
    let states = (n_features as f64).exp2();
    let outer = ((n_features as f64) - 16.0).max(0.0).exp2();
    let side = (n_features.min(16) as f64 / 2.0).exp2();
    let fields = 0.1 * (n_features * n_targets) as f64;
    STATE[moments as usize] * states + 2.0 * ENTRY * side * outer + fields + ITEM
}

/// Nanoseconds of an item by quadrature over weights of rank 1 or 2, (K, rank).
pub(crate) fn quadrature_cost(weights: ArrayView2<'_, f64>, moments: Moments) -> f64 {
    let n_features = weights.nrows() as f64;
    // Nodes of the half line or half disc: the step goes with the largest standard deviation.
    let along = |axis: ndarray::ArrayView1<'_, f64>| 12.7 * (1.0 + axis.dot(&axis) / 4.0).sqrt();
    let nodes: f64 = weights.columns().into_iter().map(along).product::<f64>()
        * if weights.ncols() == 2 {
            std::f64::consts::FRAC_PI_2
        } else {
            1.0
        };
    let tilt = TILT[0] * n_features + TILT[1];
    let per_node = match moments {
        Moments::None => NODE[0] * n_features,
        Moments::Marginals => NODE[1] * n_features,
        Moments::Pairs => (NODE[1] + ROW + PAIR * n_features) * n_features,
    };
    tilt + nodes * per_node
}

/// Nanoseconds of an item that opens so many nodes of a search.
pub(crate) fn search_cost(n_nodes: f64, n_features: usize, rank: usize) -> f64 {
    n_nodes * (n_features * rank + 10 * n_features) as f64
}

/// How many times this machine's time is the reference core's.
pub(crate) fn slowness(method: Method) -> f64 {
    static PRODUCTS: OnceLock<f64> = OnceLock::new();
    match method {
        Method::Prior => 1.0,
        // The other methods are vector loops like the products, and no better known.
        _ => *PRODUCTS.get_or_init(measure_products),
    }
}

/// Time of the products of a full tile over what it should be.
fn measure_products() -> f64 {
    let (n_features, n_targets, n_items) = (12, 2, 96);
    let weights = Array2::from_shape_fn((n_features, n_targets), |(k, d)| {
        ((k + 5 * d) as f64).sin() * 0.5
    });
    let cancel = CancelToken::default();
    let solver = enumeration(weights.view(), &cancel);
    let (mut worker, mut answer) = (solver.worker(), Answer::default());
    let mut tile = Tile::default();
    tile.resize(n_items, n_features, n_targets);
    let start = Instant::now();
    let mut best = f64::INFINITY;
    while start.elapsed() < CALIBRATION {
        let run = Instant::now();
        if worker.solve(&tile, Moments::Pairs, &mut answer).is_err() {
            return 1.0;
        }
        best = best.min(run.elapsed().as_secs_f64());
    }
    let expected = enumeration_cost(n_features, n_targets, Moments::Pairs) * n_items as f64 * 1e-9;
    best / expected
}
