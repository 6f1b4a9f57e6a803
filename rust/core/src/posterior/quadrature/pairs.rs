//! Pair moments: E[z_k z_l] = sum over nodes of Re(f x_k x_l / I) with x_k = pi_k exp(-iu . w_k / 2)
//! / phi_k. The rows sqrt(f / I) x_k of many items are gathered, and two products of the rows with
//! themselves, of the real and of the imaginary parts, add them all up.

use ndarray::Array2;
use pulp::{Arch, Simd, WithSimd};

use super::integral::Integral;
use super::nodes::Nodes;
use super::products::{complex, multiply, square_root};
use crate::simd::{Accumulate, AlignedBuffer, Operand, OuterProducts};

/// Numbers of the rows that are gathered, 1 MiB: they stay in the cache until they are multiplied.
const MAX_ENTRIES: usize = 1 << 17;
/// Columns that are gathered: as many that adding up the lanes costs little, and no more.
const COLUMNS: (usize, usize) = (64, 1024);
/// Keeps the rows from falling on the same lines of the cache.
const GAP: usize = 8;
/// Stands for |phi|^2 = 0, where the integrand vanishes too.
const TINY: f64 = 1e-60;

/// The running sum of v E[zz' weighting] of one thread.
#[derive(Debug)]
pub(super) struct PairSum {
    n_features: usize,
    /// Columns of real parts, after which as many imaginary ones follow.
    capacity: usize,
    used: usize,
    /// Feature after feature; made when first needed.
    rows: AlignedBuffer,
    /// Lower triangle, (K, K).
    sums: Vec<f64>,
    /// v E[z_k weighting]: z_k^2 = z_k is not what the rows give.
    diagonal: Vec<f64>,
}

impl PairSum {
    pub fn new(n_features: usize) -> Self {
        let (least, most) = COLUMNS;
        let columns = MAX_ENTRIES / (2 * n_features.max(1));
        Self {
            n_features,
            capacity: columns.clamp(least, most).next_multiple_of(GAP),
            used: 0,
            rows: AlignedBuffer::default(),
            sums: Vec::new(),
            diagonal: vec![0.0; n_features],
        }
    }

    fn stride(&self) -> usize {
        2 * self.capacity + GAP
    }

    /// Add v E[z weighting], which becomes the diagonal.
    pub fn add_marginals(&mut self, weight: f64, marginals: &[f64]) {
        for (sum, marginal) in self.diagonal.iter_mut().zip(marginals) {
            *sum += weight * marginal;
        }
    }

    fn flush(&mut self, arch: Arch) {
        if self.used == 0 {
            return;
        }
        let rows = Operand {
            values: &self.rows,
            n_rows: self.n_features,
            stride: self.stride(),
        };
        arch.dispatch(OuterProducts {
            left: rows,
            right: rows,
            accumulate: Accumulate {
                added: (0, self.used),
                subtracted: (self.capacity, self.used),
            },
            sums: &mut self.sums,
            lower_only: true,
        });
        self.used = 0;
    }

    /// The sum, (K, K), where `order` is the feature of each position; starts anew at zero.
    pub fn take(&mut self, arch: Arch, order: &[usize]) -> Array2<f64> {
        self.flush(arch);
        let n = self.n_features;
        let mut pairs = Array2::zeros((n, n));
        for ((position, &k), diagonal) in order.iter().enumerate().zip(&self.diagonal) {
            pairs[[k, k]] = *diagonal;
            // Empty where no item asked for pairs.
            let row = self.sums.iter().skip(position * n);
            for (&l, &sum) in order[..position].iter().zip(row) {
                pairs[[k, l]] = sum;
                pairs[[l, k]] = sum;
            }
        }
        self.sums.fill(0.0);
        self.diagonal.fill(0.0);
        pairs
    }
}

/// Gathers the rows of the item or branch that was evaluated last.
#[derive(Debug)]
pub(super) struct AddRows<'a, const D: usize> {
    pub pairs: &'a mut PairSum,
    pub integral: &'a mut Integral<D>,
    pub nodes: &'a Nodes<D>,
    /// v, times the share of the branch.
    pub weight: f64,
    /// States of the first features, the others are integrated.
    pub states: &'a [bool],
    pub arch: Arch,
}

impl<const D: usize> WithSimd for AddRows<'_, D> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let pairs = self.pairs;
        let stride = pairs.stride();
        let n_rows = pairs.n_features + OuterProducts::PADDING;
        pairs.rows.reserve(n_rows * stride);
        pairs.sums.resize(pairs.n_features * pairs.n_features, 0.0);
        let Integral {
            tilt,
            active,
            integrand,
            tables,
            value,
            ..
        } = self.integral;
        let n_given = self.states.len();
        let n_integrated = pairs.n_features - n_given;
        let present = &tilt.present[..n_integrated];
        let balance = &tilt.balance[..n_integrated];
        let scale = simd.splat_f64s(self.weight / *value);
        let tiny = simd.splat_f64s(TINY);
        let integrand = complex::<S>(integrand);
        for (&block, f) in active.iter().zip(integrand) {
            if pairs.used + S::F64_LANES > pairs.capacity {
                pairs.flush(self.arch);
            }
            let f = [simd.mul_f64s(f[0], scale), simd.mul_f64s(f[1], scale)];
            let root = square_root(simd, f);
            let table = complex::<S>(self.nodes.block(simd, block, tables));
            let column = pairs.used / S::F64_LANES;
            let imaginary = pairs.capacity / S::F64_LANES;
            let mut rows = pairs.rows.chunks_exact_mut(stride);
            // The states lead, so that no row is taken in vain.
            for (&holds, row) in self.states.iter().zip(&mut rows) {
                let row = S::as_mut_simd_f64s(row).0;
                let zero = simd.splat_f64s(0.0);
                let [re, im] = if holds { root } else { [zero; 2] };
                row[column] = re;
                row[column + imaginary] = im;
            }
            for (((row, [cos, sin]), p), balance) in rows.zip(table).zip(present).zip(balance) {
                let row = S::as_mut_simd_f64s(row).0;
                // pi (cos - i sin) / (cos + i m sin), the conjugate of the divisor multiplied out.
                let (p, balance) = (simd.splat_f64s(*p), simd.splat_f64s(*balance));
                let im = simd.mul_f64s(balance, *sin);
                let square = simd.mul_add_e_f64s(*cos, *cos, simd.mul_f64s(im, im));
                let ratio = simd.div_f64s(p, simd.max_f64s(square, tiny));
                let conjugates = [
                    simd.negate_mul_add_e_f64s(*sin, im, simd.mul_f64s(*cos, *cos)),
                    simd.neg_f64s(simd.mul_add_e_f64s(*cos, im, simd.mul_f64s(*sin, *cos))),
                ];
                let quotient = [
                    simd.mul_f64s(conjugates[0], ratio),
                    simd.mul_f64s(conjugates[1], ratio),
                ];
                let [re, im] = multiply(simd, root, quotient);
                row[column] = re;
                row[column + imaginary] = im;
            }
            pairs.used += S::F64_LANES;
        }
    }
}
