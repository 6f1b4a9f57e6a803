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
    let by_position = pairs_by_position(coupling, &mass(coupling, packed, workspace), workspace);
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

/// R M: the sum of v P(a, b), (states of a, states of b).
fn mass(coupling: &Coupling, packed: &Packed, workspace: &Workspace) -> Array2<f64> {
    let (rows, columns) = (packed.shape.columns, packed.shape.block);
    let n_blocks_a = coupling.between.nrows() / rows;
    let mut mass = coupling.between.clone();
    for ((i, j), entry) in mass.indexed_iter_mut() {
        let block = (j / columns) * n_blocks_a + i / rows;
        *entry *= workspace.pairs[(block * rows + i % rows) * columns + j % columns];
    }
    mass
}

fn pairs_by_position(
    coupling: &Coupling,
    mass: &Array2<f64>,
    workspace: &Workspace,
) -> Array2<f64> {
    let Coupling { n_a, n_b, .. } = *coupling;
    let n_inner = coupling.n_inner();
    let mut pairs = Array2::zeros((coupling.order.len(), coupling.order.len()));
    let mut put = |start: (usize, usize), block: ArrayView2<'_, f64>| {
        for ((i, j), &pair) in block.indexed_iter() {
            pairs[[start.0 + i, start.1 + j]] = pair;
            pairs[[start.1 + j, start.0 + i]] = pair;
        }
    };
    let within = |mass: ndarray::Array1<f64>, n_features: usize| {
        let mut table = mass.to_vec();
        let mut scratch = table.clone();
        fold_pairs(&mut table, n_features, &mut scratch)
    };
    put((0, 0), within(mass.sum_axis(ndarray::Axis(1)), n_a).view());
    put(
        (n_a, n_a),
        within(mass.sum_axis(ndarray::Axis(0)), n_b).view(),
    );
    put((0, n_a), across(mass, n_a, n_b).view());
    if coupling.n_outer > 0 {
        let sums = ArrayView2::from_shape(
            (coupling.constants.len(), 1 + n_inner),
            &workspace.outer_pairs,
        )
        .expect("a row for each state of the outer features");
        put(
            (n_inner, n_inner),
            within(sums.column(0).to_owned(), coupling.n_outer).view(),
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

/// Sums over the states that have feature k of side a and feature l of side b, (a, b).
fn across(mass: &Array2<f64>, n_a: usize, n_b: usize) -> Array2<f64> {
    let mut by_b = Array2::zeros((mass.nrows(), n_b));
    let mut folded = vec![0.0; n_b];
    for (row, mut slot) in mass.rows().into_iter().zip(by_b.rows_mut()) {
        fold_marginals(&mut row.to_vec(), &mut folded);
        slot.iter_mut()
            .zip(&folded)
            .for_each(|(slot, &sum)| *slot = sum);
    }
    let mut pairs = Array2::zeros((n_a, n_b));
    let mut folded = vec![0.0; n_a];
    for (column, mut slot) in by_b.columns().into_iter().zip(pairs.columns_mut()) {
        fold_marginals(&mut column.to_vec(), &mut folded);
        slot.iter_mut()
            .zip(&folded)
            .for_each(|(slot, &sum)| *slot = sum);
    }
    pairs
}
