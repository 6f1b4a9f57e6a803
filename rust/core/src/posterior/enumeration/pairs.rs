//! Pair moments out of the summed products.

use ndarray::{Array2, ArrayView2};

use super::coupling::Coupling;
use super::packed::Packed;
use super::states::{fold_marginals, fold_pairs};
use super::workspace::Workspace;

/// Sum of v E[zz'] by feature, (K, K); the workspace starts anew at zero.
pub(crate) fn take_pairs(
    coupling: &Coupling,
    packed: &Packed,
    workspace: &mut Workspace,
    n_features: usize,
) -> Array2<f64> {
    let by_position = pairs_by_position(coupling, packed, workspace);
    workspace.pairs.fill(0.0);
    workspace.outer_pairs.fill(0.0);
    let mut pairs = Array2::zeros((n_features, n_features));
    for ((i, j), &pair) in by_position.indexed_iter() {
        if let (Some(k), Some(l)) = (coupling.order[i], coupling.order[j]) {
            pairs[[k, l]] = pair;
        }
    }
    pairs
}

/// What pair moments need of R M, the sum of v P(a, b).
struct Folded {
    /// Sums over b, by state of a, and over a, by state of b.
    mass_a: Vec<f64>,
    mass_b: Vec<f64>,
    /// Sums over the states of b that have a feature, (states of a, features of b).
    features_b: Array2<f64>,
}

impl Folded {
    fn new(coupling: &Coupling, packed: &Packed, workspace: &Workspace) -> Self {
        let (rows, columns) = (packed.shape.columns, packed.shape.block);
        let (states_a, states_b) = coupling.between.dim();
        let mut folded = Self {
            mass_a: Vec::with_capacity(states_a),
            mass_b: vec![0.0; states_b],
            features_b: Array2::zeros((states_a, coupling.n_b)),
        };
        let mut mass = vec![0.0; states_b];
        let couplings = coupling.between.rows().into_iter();
        let slots = folded.features_b.rows_mut().into_iter();
        for (a, (couplings, mut slot)) in couplings.zip(slots).enumerate() {
            for (block, mass) in mass.chunks_exact_mut(columns).enumerate() {
                let first = ((block * states_a / rows + a / rows) * rows + a % rows) * columns;
                mass.copy_from_slice(&workspace.pairs[first..first + columns]);
            }
            for ((mass, sum), coupling) in mass.iter_mut().zip(&mut folded.mass_b).zip(couplings) {
                *mass *= coupling;
                *sum += *mass;
            }
            let slot = slot.as_slice_mut().expect("rows of a new array are slices");
            folded.mass_a.push(fold_marginals(&mut mass, slot));
        }
        folded
    }
}

fn pairs_by_position(coupling: &Coupling, packed: &Packed, workspace: &Workspace) -> Array2<f64> {
    let Coupling { n_a, n_b, .. } = *coupling;
    let n_inner = coupling.n_inner();
    let folded = Folded::new(coupling, packed, workspace);
    let mut pairs = Array2::zeros((coupling.order.len(), coupling.order.len()));
    let mut put = |start: (usize, usize), block: ArrayView2<'_, f64>| {
        for ((i, j), &pair) in block.indexed_iter() {
            pairs[[start.0 + i, start.1 + j]] = pair;
            pairs[[start.1 + j, start.0 + i]] = pair;
        }
    };
    let within = |mut mass: Vec<f64>, n_features: usize| {
        let mut scratch = mass.clone();
        fold_pairs(&mut mass, n_features, &mut scratch)
    };
    put((0, n_a), across(&folded.features_b, n_a).view());
    put((0, 0), within(folded.mass_a, n_a).view());
    put((n_a, n_a), within(folded.mass_b, n_b).view());
    if coupling.n_outer > 0 {
        let sums = ArrayView2::from_shape(
            (coupling.constants.len(), 1 + n_inner),
            &workspace.outer_pairs,
        )
        .expect("a row for each state of the outer features");
        put(
            (n_inner, n_inner),
            within(sums.column(0).to_vec(), coupling.n_outer).view(),
        );
        let mut column = Vec::new();
        let mut folded = vec![0.0; coupling.n_outer];
        for position in 0..n_inner {
            column.clear();
            column.extend(sums.column(1 + position));
            fold_marginals(&mut column, &mut folded);
            for (outer, &pair) in folded.iter().enumerate() {
                pairs[[n_inner + outer, position]] = pair;
                pairs[[position, n_inner + outer]] = pair;
            }
        }
    }
    pairs
}

/// Sums over the states that have a feature of side a, (features of a, features of b), from sums by
/// state of a.
fn across(features_b: &Array2<f64>, n_a: usize) -> Array2<f64> {
    let mut pairs = Array2::zeros((n_a, features_b.ncols()));
    let mut folded = vec![0.0; n_a];
    for (column, mut slots) in features_b.columns().into_iter().zip(pairs.columns_mut()) {
        fold_marginals(&mut column.to_vec(), &mut folded);
        for (slot, &sum) in slots.iter_mut().zip(&folded) {
            *slot = sum;
        }
    }
    pairs
}
