//! The two matrix products of the enumeration, a block of registers at a time.

use pulp::Simd;

/// Sums over the states of one side, NR states of the other at once.
///
/// For each of the NR columns j: out_j = other_j * sum_i table_i matrix_ij, added to `total`. Lanes
/// are items, the matrix is shared by all.
#[inline(always)]
pub(crate) fn project<S: Simd, const MV: usize, const NR: usize>(
    simd: S,
    table: &[[S::f64s; MV]],
    matrix: &[[f64; NR]],
    other: &[[S::f64s; MV]; NR],
    out: &mut [[S::f64s; MV]; NR],
    total: &mut [S::f64s; MV],
) {
    let mut sums = [[simd.splat_f64s(0.0); MV]; NR];
    for (vector, row) in table.iter().zip(matrix) {
        for (sum, &entry) in sums.iter_mut().zip(row) {
            let entry = simd.splat_f64s(entry);
            for (sum, &x) in sum.iter_mut().zip(vector) {
                *sum = simd.mul_add_e_f64s(x, entry, *sum);
            }
        }
    }
    for ((out, sum), other) in out.iter_mut().zip(&sums).zip(other) {
        for i in 0..MV {
            out[i] = simd.mul_f64s(sum[i], other[i]);
            total[i] = simd.add_f64s(total[i], out[i]);
        }
    }
}

/// sums_ji += left_j right_i over the items of some panels.
///
/// `left` has NR states of MR items, `right` MV registers of states for each of these items.
#[inline(always)]
pub(crate) fn accumulate<'a, S: Simd, const MV: usize, const MR: usize, const NR: usize>(
    simd: S,
    panels: impl Iterator<Item = (&'a [[f64; MR]; NR], &'a [[S::f64s; MV]; MR])>,
    sums: &mut [[S::f64s; MV]; NR],
) {
    let mut block = *sums;
    for (left, right) in panels {
        for item in 0..MR {
            for (sum, left) in block.iter_mut().zip(left) {
                let left = simd.splat_f64s(left[item]);
                for (sum, &right) in sum.iter_mut().zip(&right[item]) {
                    *sum = simd.mul_add_e_f64s(left, right, *sum);
                }
            }
        }
    }
    *sums = block;
}
