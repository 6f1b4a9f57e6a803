//! The trapezoid grid of a set of weights and the characteristic functions on it.
//!
//! Nodes come in blocks of one vector each, compact in space so that an item can leave out whole
//! blocks: one dimension has intervals, two have tiles of the half plane (the integrand at -u is the
//! complex conjugate of that at u).

use pulp::{Simd, WithSimd};

use super::products::{complex, complex_mut};
use crate::numeric::ceil_to_count;
use crate::simd::{AlignedBuffer, sin_cos, two_product};

/// exp(-40) bounds both the aliasing of the trapezoid rule and the truncated tail.
const LOG_TOLERANCE: f64 = 40.0;

/// Entries of the largest table of exp(iu . w / 2) of all features: 32 MiB.
const MAX_ENTRIES: usize = 1 << 21;
/// Nodes times features of the finest grid over all features, whose table is made block by block
/// from factors: some milliseconds an item.
const MAX_WIDE_ENTRIES: usize = 1 << 24;
/// Entries of the largest table of a branch; there may be one for each feature.
const MAX_BRANCH_ENTRIES: usize = 1 << 18;
/// A branch of m features is split rather than integrated on more than this many 2^m nodes.
const MAX_NODES_A_STATE: usize = 4;
/// A grid of this size, for one and two dimensions, is never too fine: that of no features at all is
/// smaller, and it costs hardly more than finding the tilt.
const MIN_NODES: [usize; 2] = [64, 1024];
/// Stands for cos = 0, so that no characteristic function is ever exactly zero.
const TINY: f64 = 1e-30;

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
            Self::Wide => n_entries <= MAX_WIDE_ENTRIES,
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
    n_features: usize,
    table: Table,
}

#[derive(Debug)]
enum Table {
    Whole(AlignedBuffer),
    /// exp(i (origin + offset) . w / 2): the origin depends on the block, the offset on the lane.
    Factors {
        /// (cos, sin), block after block.
        origins: Vec<[f64; 2]>,
        /// As one block of a whole table.
        offsets: AlignedBuffer,
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
            Table::Factors { .. } => 2 * self.n_features * lanes,
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
            Table::Factors { origins, offsets } => {
                let origins = &origins[block * self.n_features..(block + 1) * self.n_features];
                let product = complex_mut::<S>(scratch);
                for ((product, [cos, sin]), [c, s]) in
                    product.iter_mut().zip(complex::<S>(offsets)).zip(origins)
                {
                    let (c, s) = (simd.splat_f64s(*c), simd.splat_f64s(*s));
                    *product = [
                        simd.negate_mul_add_e_f64s(s, *sin, simd.mul_f64s(c, *cos)),
                        simd.mul_add_e_f64s(s, *cos, simd.mul_f64s(c, *sin)),
                    ];
                }
                &scratch[..length]
            }
        }
    }
}

/// The number without its lowest bits, so that the multiples of a step are exact and all tables
/// speak of the same nodes.
fn leading_bits(x: f64) -> f64 {
    f64::from_bits(x.to_bits() >> 29 << 29)
}

struct Build<'a, const D: usize> {
    weights: [&'a [f64]; D],
    steps: [f64; D],
    /// Nodes on each side of the origin.
    reach: [usize; D],
    whole: bool,
}

impl<const D: usize> WithSimd for Build<'_, D> {
    type Output = Nodes<D>;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> Nodes<D> {
        let (lanes, n_features) = (S::F64_LANES, self.weights[0].len());
        // Two dimensions have tiles of two rows where a vector is long enough.
        let height = if D == 2 && lanes >= 4 { 2 } else { 1 };
        let shape: [usize; D] =
            std::array::from_fn(|d| if d == 0 { lanes / height } else { height });
        let offsets: [AlignedBuffer; D] = std::array::from_fn(|d| {
            let mut buffer = AlignedBuffer::zeros(lanes);
            for (lane, offset) in buffer.iter_mut().enumerate() {
                let index = if d == 0 {
                    lane % shape[0]
                } else {
                    lane / shape[0]
                };
                *offset = index as f64 * self.steps[d];
            }
            buffer
        });
        let scale: f64 = self
            .steps
            .iter()
            .map(|h| h / std::f64::consts::TAU.sqrt())
            .product();
        let mut origins: Vec<[f64; D]> = Vec::new();
        let (mut positions, mut weights) = ([const { Vec::new() }; D], Vec::new());
        for origin in self.origins(shape) {
            let node =
                |lane: usize| -> [f64; D] { std::array::from_fn(|d| origin[d] + offsets[d][lane]) };
            let block: Vec<f64> = (0..lanes)
                .map(|lane| node_weight(node(lane), scale))
                .collect();
            if block.iter().all(|w| *w == 0.0) {
                continue;
            }
            weights.extend(block);
            origins.push(origin);
            for (d, positions) in positions.iter_mut().enumerate() {
                positions.extend((0..lanes).map(|lane| node(lane)[d]));
            }
        }
        let positions = positions.map(|p| aligned(&p));
        let table = if self.whole {
            let mut table = AlignedBuffer::zeros(2 * n_features * weights.len());
            let length = 2 * n_features * lanes;
            for block in 0..origins.len() {
                let at = positions.each_ref().map(|p| S::as_simd_f64s(p).0[block]);
                self.fill(simd, at, &mut table[block * length..(block + 1) * length]);
            }
            Table::Whole(table)
        } else {
            let mut at_offsets = AlignedBuffer::zeros(2 * n_features * lanes);
            let at = offsets.each_ref().map(|o| S::as_simd_f64s(o).0[0]);
            self.fill(simd, at, &mut at_offsets);
            let mut scratch = AlignedBuffer::zeros(2 * n_features * lanes);
            let mut at_origins = Vec::with_capacity(n_features * origins.len());
            for origin in &origins {
                let mut at = at;
                for d in 0..D {
                    at[d] = simd.splat_f64s(origin[d]);
                }
                self.fill(simd, at, &mut scratch);
                let entries = scratch.chunks_exact(2 * lanes);
                at_origins.extend(entries.map(|entry| [entry[0], entry[lanes]]));
            }
            Table::Factors {
                origins: at_origins,
                offsets: at_offsets,
            }
        };
        Nodes {
            positions,
            weights: aligned(&weights),
            centre: self.weights.map(|w| 0.5 * w.iter().sum::<f64>()),
            n_features,
            table,
        }
    }
}

impl<const D: usize> Build<'_, D> {
    /// Origins of the blocks that cover the half space, row after row.
    fn origins(&self, shape: [usize; D]) -> Vec<[f64; D]> {
        let at = |d: usize, index: usize| index as f64 * self.steps[d];
        if D == 1 {
            let indices = (0..=self.reach[0]).step_by(shape[0]);
            return indices.map(|j| [at(0, j); D]).collect();
        }
        // The origin of the plane begins a block.
        let left = self.reach[0].next_multiple_of(shape[0]);
        let rows = (0..=self.reach[1]).step_by(shape[1]);
        rows.flat_map(|row| {
            (0..=left + self.reach[0]).step_by(shape[0]).map(move |j| {
                std::array::from_fn(|d| {
                    if d == 0 {
                        at(0, j) - at(0, left)
                    } else {
                        at(1, row)
                    }
                })
            })
        })
        .collect()
    }

    /// exp(iu . w_k / 2) of every feature for one vector of nodes.
    #[inline(always)]
    fn fill<S: Simd>(&self, simd: S, at: [S::f64s; D], table: &mut [f64]) {
        let entries = complex_mut::<S>(table);
        let tiny = simd.splat_f64s(TINY);
        for (k, entry) in entries.iter_mut().enumerate() {
            let mut w = at;
            for d in 0..D {
                w[d] = simd.splat_f64s(0.5 * self.weights[d][k]);
            }
            let (cos, sin) = exp_i(simd, at, w);
            let vanishes = simd.less_than_f64s(simd.abs_f64s(cos), tiny);
            *entry = [simd.select_f64s(vanishes, tiny, cos), sin];
        }
    }
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

fn node_weight<const D: usize>(node: [f64; D], scale: f64) -> f64 {
    let square: f64 = node.iter().map(|u| u * u).sum();
    // The half space: the last coordinate that is not zero is positive.
    let side = node.iter().rev().find(|u| **u != 0.0);
    match side {
        None => scale,
        Some(u) if *u > 0.0 && square <= 2.0 * LOG_TOLERANCE => 2.0 * scale * (-0.5 * square).exp(),
        Some(_) => 0.0,
    }
}

fn aligned(values: &[f64]) -> AlignedBuffer {
    let mut buffer = AlignedBuffer::zeros(values.len());
    buffer.copy_from_slice(values);
    buffer
}
