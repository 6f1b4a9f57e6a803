//! The walk over the items of a pattern: tiles in parallel, sums in the order of the items.

use std::ops::Range;
use std::sync::Mutex;

use ndarray::Array2;
use rayon::prelude::*;

use super::pattern::PatternModel;
use super::solver::{Solver, Worker};
use super::tile::{Answer, Lanes, Moments, Tile};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};

/// Chunks whose sums are in memory at the same time.
const WAVE: usize = 64;
/// The most tiles of a chunk: the sums of a chunk cost about as much as a tile.
const MAX_TILES: usize = 8;

/// Where the numbers of items come from.
pub(crate) trait Items: Sync {
    /// Fill in the prior log odds of the features, (K, items).
    fn read_log_odds(&self, items: &[usize], log_odds: &mut Lanes);

    /// Fill in y - b - A'x of the observed dimensions, (observed, items).
    fn read_residuals(&self, items: &[usize], observed: &[usize], residuals: &mut Lanes);

    /// v of one item.
    fn weight(&self, item: usize) -> f64;
}

/// What becomes of the answers. A chunk's part is gathered by one thread; parts are merged in the
/// order of the items, so that sums are the same bit for bit on any number of threads.
pub(crate) trait Collect: Sync {
    /// Sums or copies of a chunk.
    type Part: Send;

    fn part(&self, n_items: usize) -> Self::Part;

    /// Take a tile into the part; `range` says where its items stand in the chunk.
    fn add(
        &self,
        part: &mut Self::Part,
        tile: &Tile,
        answer: &Answer,
        items: &[usize],
        range: Range<usize>,
    );

    /// Take a chunk into the whole; `pairs` is zero unless asked for.
    fn merge(&mut self, part: Self::Part, pairs: Array2<f64>, items: &[usize]);
}

/// What the walk needs to know beside the items and the collector.
pub(crate) struct Walk<'a> {
    pub items: &'a [usize],
    pub observed: &'a [usize],
    pub model: &'a PatternModel,
    pub solver: &'a dyn Solver,
    pub moments: Moments,
    pub cancel: &'a CancelToken,
}

impl Walk<'_> {
    /// Solve every item and collect the answers.
    ///
    /// # Errors
    /// The first error of the solver, or cancellation.
    pub fn run<C: Collect>(&self, source: &impl Items, collect: &mut C) -> Result<()> {
        let chunk_len = self.chunk_len();
        // Workers have no memory of a chunk, so that it does not matter which one gets it.
        let idle = Mutex::new(Vec::new());
        for wave in self.items.chunks(chunk_len * WAVE) {
            let collector = &*collect;
            let parts: Vec<(C::Part, Array2<f64>)> = wave
                .par_chunks(chunk_len)
                .map(|items| {
                    let worker = idle.lock().expect("no panic").pop();
                    let mut worker = worker.unwrap_or_else(|| self.solver.worker());
                    let part = self.chunk(source, collector, items, &mut *worker)?;
                    idle.lock().expect("no panic").push(worker);
                    Ok(part)
                })
                .collect::<Result<_>>()?;
            for (items, (part, pairs)) in wave.chunks(chunk_len).zip(parts) {
                collect.merge(part, pairs, items);
            }
        }
        Ok(())
    }

    /// Whole tiles, few enough that few items still make work for many threads. It does not
    /// depend on the number of threads.
    fn chunk_len(&self) -> usize {
        let tile_len = self.solver.tile_len();
        let n_tiles = self.items.len().div_ceil(tile_len);
        tile_len * (n_tiles / WAVE).clamp(1, MAX_TILES)
    }

    fn chunk<C: Collect>(
        &self,
        source: &impl Items,
        collect: &C,
        items: &[usize],
        worker: &mut dyn Worker,
    ) -> Result<(C::Part, Array2<f64>)> {
        let tile_len = self.solver.tile_len();
        let (mut tile, mut answer) = (Tile::default(), Answer::default());
        let mut part = collect.part(items.len());
        for (ix, of_tile) in items.chunks(tile_len).enumerate() {
            self.cancel.check()?;
            read_tile(source, of_tile, self.observed, self.model, &mut tile);
            worker.solve(&tile, self.moments, &mut answer)?;
            if let Some(ix) = answer.refused.iter().position(|refused| *refused) {
                return Err(Error::NotCertified { item: of_tile[ix] });
            }
            for value in &mut answer.log_evidence {
                *value -= self.model.log_normaliser;
            }
            let start = ix * tile_len;
            let range = start..start + of_tile.len();
            collect.add(&mut part, &tile, &answer, of_tile, range);
        }
        Ok((part, worker.take_pairs()))
    }
}

/// Read items of a pattern into a tile, in units of the noise.
pub(crate) fn read_tile(
    source: &impl Items,
    items: &[usize],
    observed: &[usize],
    model: &PatternModel,
    tile: &mut Tile,
) {
    tile.resize(items.len(), model.weights.nrows(), observed.len());
    source.read_log_odds(items, &mut tile.log_odds);
    source.read_residuals(items, observed, &mut tile.residuals);
    for (d, root) in model.precision_root.iter().enumerate() {
        let residuals = tile.residuals.row_mut(d);
        residuals.iter_mut().for_each(|r| *r *= root);
    }
    for (slot, &item) in tile.weights.iter_mut().zip(items) {
        *slot = source.weight(item);
    }
}
