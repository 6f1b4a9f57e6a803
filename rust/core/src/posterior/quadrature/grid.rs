//! Where the nodes lie, and the tables on them.

use pulp::{Simd, WithSimd};

use super::axes::padded;
use super::nodes::{LOG_TOLERANCE, Nodes, Table, exp_i};
use super::products::complex_mut;
use crate::simd::AlignedBuffer;

/// Stands for cos = 0, so that no characteristic function is ever exactly zero.
const TINY: f64 = 1e-30;

/// Lays the nodes of a grid whose steps are known.
pub(super) struct Build<'a, const D: usize> {
    pub weights: [&'a [f64]; D],
    pub steps: [f64; D],
    /// Nodes on each side of the origin.
    pub reach: [usize; D],
    /// Whether the table is made at once.
    pub whole: bool,
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
            let mut half_weights = self
                .weights
                .map(|_| AlignedBuffer::zeros(padded(n_features)));
            for (half, weights) in half_weights.iter_mut().zip(self.weights) {
                for (half, w) in half.iter_mut().zip(weights) {
                    *half = 0.5 * w;
                }
            }
            Table::Factors {
                offsets: at_offsets,
                half_weights,
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
