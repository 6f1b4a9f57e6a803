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

/// The most chunks whose sums are in memory at the same time.
const WAVE: usize = 64;
/// The most numbers of these sums: 32 MiB. There are waves of some chunks in any case.
const MAX_SUMS: usize = 1 << 22;
const LEAST_WAVE: usize = 8;
/// The most tiles of a chunk: the sums of a chunk cost about as much as a tile.
const MAX_TILES: usize = 8;
/// The fewest chunks that are made of more than one tile.
const MIN_CHUNKS: usize = 8;

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

    /// Take a chunk into the whole; `pairs` is empty unless asked for.
    fn merge(&mut self, part: Self::Part, pairs: Array2<f64>, items: &[usize]);
}

/// What is done with every tile, where solving it once is not enough: [`Collect`] is the plain case.
pub(crate) trait Visit: Sync {
    /// Sums or copies of a chunk.
    type Part: Send;

    fn part(&self, n_items: usize) -> Self::Part;

    /// Take a tile into the part. The tile is the visitor's to change.
    ///
    /// # Errors
    /// Those of the worker.
    fn visit(
        &self,
        part: &mut Self::Part,
        worker: &mut dyn Worker,
        tile: &mut Tile,
        items: &[usize],
        range: Range<usize>,
    ) -> Result<()>;

    /// Take a chunk into the whole; `pairs` is what the worker still has.
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
        let mut solving = Solving {
            moments: self.moments,
            log_normaliser: self.model.log_normaliser,
            collect,
        };
        self.visit(source, &mut solving)
    }

    /// Bring every tile to the visitor.
    ///
    /// # Errors
    /// The first error of the visitor, or cancellation.
    pub fn visit<V: Visit>(&self, source: &impl Items, visitor: &mut V) -> Result<()> {
        let chunk_len = self.chunk_len();
        // Workers have no memory of a chunk, so that it does not matter which one gets it.
        let idle = Mutex::new(Vec::new());
        let n_features = self.model.weights.nrows();
        let n_chunks = (MAX_SUMS / (n_features * n_features).max(1)).clamp(LEAST_WAVE, WAVE);
        for wave in self.items.chunks(chunk_len * n_chunks) {
            let shared = &*visitor;
            let parts: Vec<(V::Part, Array2<f64>)> = wave
                .par_chunks(chunk_len)
                .map(|items| {
                    let worker = idle.lock().expect("no panic").pop();
                    let mut worker = worker.unwrap_or_else(|| self.solver.worker());
                    let part = self.chunk(source, shared, &mut *worker, items)?;
                    idle.lock().expect("no panic").push(worker);
                    Ok(part)
                })
                .collect::<Result<_>>()?;
            for (items, (part, pairs)) in wave.chunks(chunk_len).zip(parts) {
                visitor.merge(part, pairs, items);
            }
        }
        Ok(())
    }

    /// Whole tiles, few enough that few items still make work for many threads. It does not
    /// depend on the number of threads.
    fn chunk_len(&self) -> usize {
        let tile_len = self.solver.tile_len();
        let n_tiles = self.items.len().div_ceil(tile_len);
        tile_len * (n_tiles / MIN_CHUNKS).clamp(1, MAX_TILES)
    }

    fn chunk<V: Visit>(
        &self,
        source: &impl Items,
        visitor: &V,
        worker: &mut dyn Worker,
        items: &[usize],
    ) -> Result<(V::Part, Array2<f64>)> {
        let tile_len = self.solver.tile_len();
        let mut tile = Tile::default();
        let mut part = visitor.part(items.len());
        for (ix, of_tile) in items.chunks(tile_len).enumerate() {
            self.cancel.check()?;
            read_tile(source, of_tile, self.observed, self.model, &mut tile);
            let start = ix * tile_len;
            let range = start..start + of_tile.len();
            visitor.visit(&mut part, worker, &mut tile, of_tile, range)?;
        }
        let pairs = if self.moments == Moments::Pairs {
            worker.take_pairs()
        } else {
            Array2::zeros((0, 0))
        };
        Ok((part, pairs))
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
        for residual in tile.residuals.row_mut(d) {
            *residual *= root;
        }
    }
    for (slot, &item) in tile.weights.iter_mut().zip(items) {
        *slot = source.weight(item);
    }
}

/// Solve a tile of these items.
///
/// # Errors
/// [`Error::NotCertified`] names the item that the solver refuses; else those of the worker.
pub(crate) fn solve_tile(
    worker: &mut dyn Worker,
    tile: &Tile,
    moments: Moments,
    answer: &mut Answer,
    items: &[usize],
) -> Result<()> {
    worker.solve(tile, moments, answer)?;
    match answer.refused.iter().position(|refused| *refused) {
        Some(ix) => Err(Error::NotCertified { item: items[ix] }),
        None => Ok(()),
    }
}

/// The visitor that solves every tile once.
struct Solving<'a, C> {
    moments: Moments,
    log_normaliser: f64,
    collect: &'a mut C,
}

impl<C: Collect> Visit for Solving<'_, C> {
    type Part = (C::Part, Answer);

    fn part(&self, n_items: usize) -> Self::Part {
        (self.collect.part(n_items), Answer::default())
    }

    fn visit(
        &self,
        (part, answer): &mut Self::Part,
        worker: &mut dyn Worker,
        tile: &mut Tile,
        items: &[usize],
        range: Range<usize>,
    ) -> Result<()> {
        solve_tile(worker, tile, self.moments, answer, items)?;
        for value in &mut answer.log_evidence {
            *value -= self.log_normaliser;
        }
        self.collect.add(part, tile, answer, items, range);
        Ok(())
    }

    fn merge(&mut self, (part, _): Self::Part, pairs: Array2<f64>, items: &[usize]) {
        self.collect.merge(part, pairs, items);
    }
}
