//! The trapezoid grid of a set of weights and the characteristic functions on it.
//!
//! Nodes come in blocks of one vector each, compact in space so that an item can leave out whole
//! blocks: one dimension has intervals, two have tiles of the half plane (the integrand at -u is the
//! complex conjugate of that at u).

use pulp::Simd;

use super::axes::padded;
use super::grid::Build;
use super::products::{complex, complex_mut, multiply};
use crate::numeric::ceil_to_count;
use crate::simd::{AlignedBuffer, sin_cos, two_product};

/// exp(-40) bounds both the aliasing of the trapezoid rule and the truncated tail.
pub(super) const LOG_TOLERANCE: f64 = 40.0;

/// Entries of the largest table of exp(iu . w / 2) of all features: 32 MiB.
const MAX_ENTRIES: usize = 1 << 21;
/// Nodes times features of the finest grid over all features, whose table is made block by block
/// from factors: a tenth of a second an item.
const MAX_WIDE_ENTRIES: usize = 1 << 27;
/// Nodes of that grid, some tens of MiB; nor are they ever more than the states.
const MAX_WIDE_NODES: usize = 1 << 20;
/// Entries of the largest table of a branch; there may be one for each feature.
const MAX_BRANCH_ENTRIES: usize = 1 << 18;
/// A branch of m features is split rather than integrated on more than this many 2^m nodes.
const MAX_NODES_A_STATE: usize = 4;
/// A grid of this size, for one and two dimensions, is never too fine: that of no features at all is
/// smaller, and it costs hardly more than finding the tilt.
const MIN_NODES: [usize; 2] = [64, 1024];

/// How fine a grid may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Limit {
    /// The integral over all features, evaluated once for an item.
    Root,
    /// The same for items that nothing else answers.
    Wide,
    /// The integral of a branch, evaluated many times.
    Branch,
}

impl Limit {
    fn admits<const D: usize>(self, n_nodes: usize, n_features: usize) -> bool {
        let n_entries = n_nodes.saturating_mul(n_features.max(1));
        match self {
            Self::Root => n_entries <= MAX_ENTRIES,
            Self::Wide => {
                n_entries <= MAX_WIDE_ENTRIES
                    && n_nodes <= MAX_WIDE_NODES
                    && n_nodes <= 1 << n_features.min(32)
            }
            Self::Branch => {
                let n_states = 1_usize << n_features.min(32);
                n_entries <= MAX_BRANCH_ENTRIES
                    && n_nodes <= MIN_NODES[D - 1].max(MAX_NODES_A_STATE * n_states)
            }
        }
    }
}

/// Nodes u and exp(iu . w_k / 2) as (cos, sin), block after block, in a block feature after feature.
#[derive(Debug)]
pub(super) struct Nodes<const D: usize> {
    /// Coordinates of the nodes along each axis.
    pub positions: [AlignedBuffer; D],
    /// Trapezoid weight times exp(-|u|^2 / 2) / (2 pi)^(D / 2), doubled but at the origin; zero
    /// where a block reaches outside.
    pub weights: AlignedBuffer,
    /// Half the sum of the weights along each axis.
    pub centre: [f64; D],
    pub n_features: usize,
    pub table: Table<D>,
}

/// exp(iu . w_k / 2), made or in the making.
#[derive(Debug)]
pub(super) enum Table<const D: usize> {
    Whole(AlignedBuffer),
    /// exp(i (origin + offset) . w / 2): the origin depends on the block, the offset on the lane.
    Factors {
        /// As one block of a whole table.
        offsets: AlignedBuffer,
        /// w_k / 2 along each axis, padded by zeros to whole vectors.
        half_weights: [AlignedBuffer; D],
    },
}

impl<const D: usize> Nodes<D> {
    /// Grid for weights along the axes, in units of the noise. The step bounds aliasing by
    /// Hoeffding's inequality: w . z + noise has the sub-Gaussian variance 1 + sum w^2 / 4,
    /// whatever the prior. None where the grid would be finer than the limit.
    pub fn new(arch: pulp::Arch, weights: [&[f64]; D], limit: Limit) -> Option<Self> {
        let n_features = weights[0].len();
        let steps = weights.map(|w| {
            let variance = 1.0 + w.iter().map(|w| w * w).sum::<f64>() / 4.0;
            leading_bits(std::f64::consts::TAU / (2.0 * LOG_TOLERANCE * variance).sqrt())
        });
        let radius = (2.0 * LOG_TOLERANCE).sqrt();
        let reach = steps.map(|h| ceil_to_count(radius / h));
        let full = reach
            .iter()
            .fold(1_usize, |n, r| n.saturating_mul(r.saturating_mul(2)));
        if !limit.admits::<D>(full / 2 + 1, n_features) {
            return None;
        }
        Some(arch.dispatch(Build {
            weights,
            steps,
            reach,
            whole: limit != Limit::Wide,
        }))
    }

    /// Nodes of all blocks.
    pub fn len(&self) -> usize {
        self.weights.len()
    }

    /// Numbers of scratch that the table of one block may need.
    pub fn scratch(&self, lanes: usize) -> usize {
        match self.table {
            Table::Whole(_) => 0,
            // And the factors of the origin.
            Table::Factors { .. } => 2 * self.n_features * lanes + 2 * padded(self.n_features),
        }
    }

    /// exp(iu . w_k / 2) of every feature at the nodes of a block.
    #[inline(always)]
    pub fn block<'a, S: Simd>(
        &'a self,
        simd: S,
        block: usize,
        scratch: &'a mut [f64],
    ) -> &'a [f64] {
        let length = 2 * self.n_features * S::F64_LANES;
        match &self.table {
            Table::Whole(table) => &table[block * length..(block + 1) * length],
            Table::Factors {
                offsets,
                half_weights,
            } => {
                let (table, origins) = scratch.split_at_mut(length);
                self.fill_origins(simd, block, half_weights, origins);
                let origins = origins.chunks_exact(2 * S::F64_LANES).flat_map(|entry| {
                    let (cos, sin) = entry.split_at(S::F64_LANES);
                    cos.iter().zip(sin)
                });
                let products = complex_mut::<S>(table).iter_mut();
                for ((product, offset), (cos, sin)) in
                    products.zip(complex::<S>(offsets)).zip(origins)
                {
                    let origin = [simd.splat_f64s(*cos), simd.splat_f64s(*sin)];
                    *product = multiply(simd, *offset, origin);
                }
                table
            }
        }
    }

    /// exp(i origin . w_k / 2) of a block: vectors of features, cosines and sines in turn.
    #[inline(always)]
    fn fill_origins<S: Simd>(
        &self,
        simd: S,
        block: usize,
        half_weights: &[AlignedBuffer; D],
        origins: &mut [f64],
    ) {
        let n_vectors = self.n_features.div_ceil(S::F64_LANES);
        let (mut at, mut w) = ([simd.splat_f64s(0.0); D], [simd.splat_f64s(0.0); D]);
        for d in 0..D {
            at[d] = simd.splat_f64s(self.positions[d][block * S::F64_LANES]);
        }
        for (v, entry) in complex_mut::<S>(origins)[..n_vectors]
            .iter_mut()
            .enumerate()
        {
            for d in 0..D {
                w[d] = S::as_simd_f64s(&half_weights[d]).0[v];
            }
            let (cos, sin) = exp_i(simd, at, w);
            *entry = [cos, sin];
        }
    }
}

/// The number without its lowest bits, so that the multiples of a step are exact and all tables
/// speak of the same nodes.
fn leading_bits(x: f64) -> f64 {
    f64::from_bits(x.to_bits() >> 29 << 29)
}

/// exp(i a . b) as (cos, sin).
#[inline(always)]
pub(super) fn exp_i<S: Simd, const D: usize>(
    simd: S,
    a: [S::f64s; D],
    b: [S::f64s; D],
) -> (S::f64s, S::f64s) {
    let (mut sin, mut cos) = sin_cos(simd, two_product(simd, a[0], b[0]));
    for d in 1..D {
        let (s, c) = sin_cos(simd, two_product(simd, a[d], b[d]));
        (cos, sin) = (
            simd.negate_mul_add_e_f64s(sin, s, simd.mul_f64s(cos, c)),
            simd.mul_add_e_f64s(sin, c, simd.mul_f64s(cos, s)),
        );
    }
    (cos, sin)
}
