//! The seam between what is computed and how: one trait, an implementation for each solver.

use ndarray::Array2;

use super::tile::{Answer, Moments, Tile};
use crate::error::Result;

/// Posterior of the items of one pattern, all with the same weights W / sigma.
pub(crate) trait Solver: Send + Sync {
    /// A worker for one thread.
    fn worker(&self) -> Box<dyn Worker + '_>;

    /// How many items a tile should have.
    fn tile_len(&self) -> usize;
}

/// The buffers of one thread and its running sum of pair moments.
pub(crate) trait Worker: Send {
    /// Answer a tile. Fills the marginals unless `moments` is `None`; with `Pairs` adds
    /// v E[zz'] of the items that are not refused to the running sum. A v may be negative: sums of
    /// differences are made that way.
    ///
    /// # Errors
    /// [`Error::Cancelled`](crate::Error::Cancelled); an item that cannot be answered is refused.
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()>;

    /// The running sum, (K, K), symmetric; starts anew at zero.
    fn take_pairs(&mut self) -> Array2<f64>;
}

impl<S: Solver + ?Sized> Solver for Box<S> {
    fn worker(&self) -> Box<dyn Worker + '_> {
        (**self).worker()
    }

    fn tile_len(&self) -> usize {
        (**self).tile_len()
    }
}
