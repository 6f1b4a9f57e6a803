//! Sums of outer products: R += L R' over a long dimension, which lies along the vectors.
//!
//! Both factors are read as they are, row by row: nothing is packed or transposed. A tile of R stays
//! in registers while the long dimension runs, and its lanes are added up at the end, which is
//! cheap from some hundreds of terms on.

use pulp::{Simd, WithSimd};

/// Rows of numbers, `stride` apart; a row may be longer than what is summed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operand<'a> {
    /// At least (n_rows - 1) stride + the columns used.
    pub values: &'a [f64],
    /// Rows that enter; tiles read past them up to [`OuterProducts::PADDING`] rows, which have to
    /// exist and be finite.
    pub n_rows: usize,
    /// Distance of two rows.
    pub stride: usize,
}

/// Columns whose products are added or subtracted; their numbers are multiples of the widest vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Accumulate {
    /// First column and number of columns that are added.
    pub added: (usize, usize),
    /// First column and number of columns that are subtracted.
    pub subtracted: (usize, usize),
}

/// sums[i, j] += left[i] . right[j] over the columns of `accumulate`.
#[derive(Debug)]
pub(crate) struct OuterProducts<'a> {
    pub left: Operand<'a>,
    pub right: Operand<'a>,
    pub accumulate: Accumulate,
    /// Row after row, left.n_rows x right.n_rows.
    pub sums: &'a mut [f64],
    /// Only j <= i is wanted (left is right); the rest is undefined.
    pub lower_only: bool,
}

impl OuterProducts<'_> {
    /// Rows past the last one that a tile may read.
    pub const PADDING: usize = 5;

    #[inline(always)]
    fn tiles<S: Simd, const N_LEFT: usize, const N_RIGHT: usize>(self, simd: S) {
        let (n_left, n_right) = (self.left.n_rows, self.right.n_rows);
        for i in (0..n_left).step_by(N_LEFT) {
            let end = if self.lower_only {
                n_right.min(i + N_LEFT)
            } else {
                n_right
            };
            for j in (0..end).step_by(N_RIGHT) {
                let tile =
                    tile::<S, N_LEFT, N_RIGHT>(simd, self.left, i, self.right, j, self.accumulate);
                for (i, row) in (i..n_left).zip(tile) {
                    for (j, sum) in (j..n_right).zip(row) {
                        self.sums[i * n_right + j] += sum;
                    }
                }
            }
        }
    }
}

impl WithSimd for OuterProducts<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        // As many accumulators as registers, less one row of operands and one more.
        if S::REGISTER_COUNT >= 32 {
            self.tiles::<S, 4, 6>(simd);
        } else {
            self.tiles::<S, 3, 4>(simd);
        }
    }
}

#[inline(always)]
fn tile<S: Simd, const N_LEFT: usize, const N_RIGHT: usize>(
    simd: S,
    left: Operand<'_>,
    i: usize,
    right: Operand<'_>,
    j: usize,
    accumulate: Accumulate,
) -> [[f64; N_RIGHT]; N_LEFT] {
    let mut sums = [[simd.splat_f64s(0.0); N_RIGHT]; N_LEFT];
    for (columns, subtract) in [(accumulate.added, false), (accumulate.subtracted, true)] {
        let (first, length) = columns;
        let row = |rows: Operand<'_>, r: usize| {
            let start = r * rows.stride + first;
            start..start + length
        };
        let left_rows: [&[S::f64s]; N_LEFT] =
            std::array::from_fn(|r| S::as_simd_f64s(&left.values[row(left, i + r)]).0);
        let right_rows: [&[S::f64s]; N_RIGHT] =
            std::array::from_fn(|r| S::as_simd_f64s(&right.values[row(right, j + r)]).0);
        let n_vectors = length / S::F64_LANES;
        let left_rows = left_rows.map(|r| &r[..n_vectors]);
        let right_rows = right_rows.map(|r| &r[..n_vectors]);
        for t in 0..n_vectors {
            let mut left = [simd.splat_f64s(0.0); N_LEFT];
            for r in 0..N_LEFT {
                left[r] = left_rows[r][t];
                if subtract {
                    left[r] = simd.neg_f64s(left[r]);
                }
            }
            for c in 0..N_RIGHT {
                let right = right_rows[c][t];
                for r in 0..N_LEFT {
                    sums[r][c] = simd.mul_add_e_f64s(left[r], right, sums[r][c]);
                }
            }
        }
    }
    let mut tile = [[0.0; N_RIGHT]; N_LEFT];
    for (tile, sums) in tile.iter_mut().zip(sums) {
        for (total, sum) in tile.iter_mut().zip(sums) {
            *total = simd.reduce_sum_f64s(sum);
        }
    }
    tile
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Small whole numbers: every order of summation is exact.
    fn operand(n_rows: usize, stride: usize) -> Vec<f64> {
        let numbers = (0..(n_rows + OuterProducts::PADDING) * stride).map(|i| (i * i) % 17);
        numbers.map(|x| x as f64 - 8.0).collect()
    }

    #[test]
    fn adds_and_subtracts_the_products_of_rows() {
        let (stride, accumulate) = (
            56,
            Accumulate {
                added: (0, 24),
                subtracted: (32, 16),
            },
        );
        for (n_left, n_right) in [(1, 1), (4, 6), (5, 13), (17, 9), (0, 3)] {
            let (left, right) = (operand(n_left, stride), operand(n_right, stride));
            for lower_only in [false, true] {
                let right = if lower_only { &left } else { &right };
                let n_right = if lower_only { n_left } else { n_right };
                let mut sums = vec![0.5; n_left * n_right];
                pulp::Arch::new().dispatch(OuterProducts {
                    left: Operand {
                        values: &left,
                        n_rows: n_left,
                        stride,
                    },
                    right: Operand {
                        values: right,
                        n_rows: n_right,
                        stride,
                    },
                    accumulate,
                    sums: &mut sums,
                    lower_only,
                });
                for i in 0..n_left {
                    for j in 0..(if lower_only { i + 1 } else { n_right }) {
                        let product = |t: usize| left[i * stride + t] * right[j * stride + t];
                        let added: f64 = (0..24).map(product).sum();
                        let subtracted: f64 = (32..48).map(product).sum();
                        assert_eq!(sums[i * n_right + j], 0.5 + added - subtracted);
                    }
                }
            }
        }
    }
}
