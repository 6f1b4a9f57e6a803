//! The fused products of a tile: panels of items, a register of items at a time.
//!
//! For each panel of MR items and each state of the outer features two tables are built,
//! U(a) and V(b), from one exponential a feature. Then, with M the couplings between the sides,
//!
//! 1. T = U M; Z = sum over b of V T; folding V T gives the marginals of side b,
//! 2. P = V M'; folding U P gives those of side a,
//! 3. R += (v / Z) U' V over the items of the tile; R M holds every pair moment.
//!
//! With weights that are not negative all terms are so too, and nothing cancels.

use pulp::{Simd, WithSimd};

use super::coupling::Coupling;
use super::packed::Packed;
use super::panel::Panel;
use super::tables::{build, fold, scale, transpose};
use super::workspace::Workspace;
use crate::posterior::tile::{Answer, Moments, Tile};
use crate::simd::product::{accumulate, project};

/// Registers of states of side b in the third product.
const MV3: usize = 2;

/// What fills the registers of an instruction set.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Items of a panel, MR.
    pub items: usize,
    /// Columns of a block of the matrix, NR.
    pub columns: usize,
    /// States of side b in a block of the third product.
    pub block: usize,
}

impl Shape {
    /// As [`Kernel`] runs on registers of so many lanes.
    pub fn of(n_lanes: usize) -> Self {
        let (items, columns) = match n_lanes {
            8 => (24, 8),
            4 | 2 => (8, 4),
            _ => (4, 4),
        };
        Self {
            items,
            columns,
            block: MV3 * n_lanes,
        }
    }
}

/// A tile on its way through the products.
pub(crate) struct Kernel<'a> {
    pub coupling: &'a Coupling,
    pub packed: &'a Packed,
    pub workspace: &'a mut Workspace,
    pub tile: &'a Tile,
    pub moments: Moments,
    pub answer: &'a mut Answer,
}

impl WithSimd for Kernel<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        match S::F64_LANES {
            8 => self.run::<S, 3, 24, 8, true>(simd),
            4 => self.run::<S, 2, 8, 4, true>(simd),
            2 => self.run::<S, 4, 8, 4, true>(simd),
            _ => self.run::<S, 4, 4, 4, false>(simd),
        }
    }
}

impl Kernel<'_> {
    #[inline(always)]
    fn run<S: Simd, const MV: usize, const MR: usize, const NR: usize, const FUSED: bool>(
        &mut self,
        simd: S,
    ) {
        let n_items = self.tile.n_items();
        let n_states = self.coupling.constants.len();
        for (panel, start) in (0..n_items).step_by(MR).enumerate() {
            let items = start..n_items.min(start + MR);
            let mut lanes = Panel::<MR>::read::<S, FUSED>(simd, self, items);
            for state in 0..n_states {
                lanes.condition(simd, self, state);
                self.sum_out::<S, MV, NR>(simd, panel * n_states + state, state);
            }
            lanes.answer::<S, FUSED>(simd, self);
            if self.moments == Moments::Pairs {
                for state in 0..n_states {
                    self.prepare_pairs::<S, MV, MR>(simd, panel * n_states + state, state);
                }
            }
        }
        if self.moments == Moments::Pairs {
            self.add_pairs::<S, MR, NR>(simd, n_items.div_ceil(MR) * n_states);
        }
    }

    /// Build the tables of a panel given a state of the outer features, and take the first two
    /// products.
    #[inline(always)]
    fn sum_out<S: Simd, const MV: usize, const NR: usize>(
        &mut self,
        simd: S,
        panel: usize,
        state: usize,
    ) {
        let Coupling {
            n_a,
            n_b,
            on_a,
            on_b,
            ..
        } = self.coupling;
        let (states_a, states_b) = (1 << n_a, 1 << n_b);
        let on = vectors::<S, MV>(&self.workspace.on);
        let off = vectors::<S, MV>(&self.workspace.off);
        let u = table_mut::<S, MV>(&mut self.workspace.u, panel, states_a);
        let v = table_mut::<S, MV>(&mut self.workspace.v, panel, states_b);
        build(simd, &on[..*n_a], &off[..*n_a], on_a, u);
        build(simd, &on[*n_a..], &off[*n_a..], on_b, v);
        let product = vectors_mut::<S, MV>(&mut self.workspace.product);
        let total = &mut table_mut::<S, MV>(&mut self.workspace.totals, state, 1)[0];
        *total = [simd.splat_f64s(0.0); MV];
        multiply::<S, MV, NR>(simd, u, &self.packed.by_b, v, product, total);
        if self.moments == Moments::None {
            return;
        }
        let sums = table_mut::<S, MV>(&mut self.workspace.marginals, state, n_a + n_b);
        let (sums_a, sums_b) = sums.split_at_mut(*n_a);
        fold(simd, product, sums_b);
        multiply::<S, MV, NR>(
            simd,
            v,
            &self.packed.by_a,
            u,
            product,
            &mut [simd.splat_f64s(0.0); MV],
        );
        fold(simd, product, sums_a);
    }

    /// Scale U by the factors that `Panel::answer` left, and turn V.
    #[inline(always)]
    fn prepare_pairs<S: Simd, const MV: usize, const MR: usize>(
        &mut self,
        simd: S,
        panel: usize,
        state: usize,
    ) {
        let (states_a, states_b) = (1 << self.coupling.n_a, 1 << self.coupling.n_b);
        let factors = table_mut::<S, MV>(&mut self.workspace.totals, state, 1)[0];
        scale(
            simd,
            table_mut::<S, MV>(&mut self.workspace.u, panel, states_a),
            &factors,
        );
        let block = self.packed.shape.block;
        let of_block = self.workspace.v_by_item.len() / (states_b / block);
        let (v, _) = self.workspace.v.as_chunks::<MR>();
        let states = &v[panel * states_b..(panel + 1) * states_b];
        let blocks = self.workspace.v_by_item.chunks_exact_mut(of_block);
        for (states, items) in states.chunks_exact(block).zip(blocks) {
            transpose(
                states,
                &mut items[panel * MR * block..(panel + 1) * MR * block],
            );
        }
    }

    /// The third product, over all panels of the tile.
    #[inline(always)]
    fn add_pairs<S: Simd, const MR: usize, const NR: usize>(&mut self, simd: S, n_panels: usize) {
        let Workspace {
            u,
            v_by_item,
            pairs,
            ..
        } = &mut *self.workspace;
        let (states_a, states_b) = (1 << self.coupling.n_a, 1 << self.coupling.n_b);
        let n_blocks_b = states_b / self.packed.shape.block;
        let (left, _) = u.as_chunks::<MR>();
        let (left, _) = left.as_chunks::<NR>();
        let right = vectors::<S, MV3>(v_by_item);
        let sums = vectors_mut::<S, MV3>(pairs);
        let (sums, _) = sums.as_chunks_mut::<NR>();
        let n_blocks_a = states_a / NR;
        for (right, sums) in right
            .chunks_exact(right.len() / n_blocks_b)
            .zip(sums.chunks_exact_mut(n_blocks_a))
        {
            let (right, _) = right.as_chunks::<MR>();
            for (block, sums) in sums.iter_mut().enumerate() {
                let left = left[block..].iter().step_by(n_blocks_a);
                accumulate(simd, left.zip(right).take(n_panels), sums);
            }
        }
    }
}

/// product = other times (table matrix), block of columns by block; adds its sum to `total`.
#[inline(always)]
fn multiply<S: Simd, const MV: usize, const NR: usize>(
    simd: S,
    table: &[[S::f64s; MV]],
    packed: &[f64],
    other: &[[S::f64s; MV]],
    product: &mut [[S::f64s; MV]],
    total: &mut [S::f64s; MV],
) {
    let (rows, _) = packed.as_chunks::<NR>();
    let (other, _) = other.as_chunks::<NR>();
    let (product, _) = product.as_chunks_mut::<NR>();
    for ((rows, other), product) in rows.chunks_exact(table.len()).zip(other).zip(product) {
        project(simd, table, rows, other, product, total);
    }
}

/// Numbers as vectors of MV registers.
#[inline(always)]
fn vectors<S: Simd, const MV: usize>(numbers: &[f64]) -> &[[S::f64s; MV]] {
    S::as_simd_f64s(numbers).0.as_chunks().0
}

#[inline(always)]
fn vectors_mut<S: Simd, const MV: usize>(numbers: &mut [f64]) -> &mut [[S::f64s; MV]] {
    S::as_mut_simd_f64s(numbers).0.as_chunks_mut().0
}

/// One of the equally long tables in a buffer.
#[inline(always)]
fn table_mut<S: Simd, const MV: usize>(
    numbers: &mut [f64],
    ix: usize,
    len: usize,
) -> &mut [[S::f64s; MV]] {
    &mut vectors_mut::<S, MV>(numbers)[ix * len..(ix + 1) * len]
}
