//! The seam between what is computed and how: one trait, an implementation for each solver.

use ndarray::Array2;

use super::tile::{Answer, Moments, Tile};
use crate::error::Result;

/// Posterior of the items of one pattern, all with the same weights W / sigma.
pub(crate) trait Solver: Sync {
    /// A worker for one thread.
    fn worker(&self) -> Box<dyn Worker + '_>;

    /// How many items a tile should have.
    fn tile_len(&self) -> usize;
}

/// The buffers of one thread and its running sum of pair moments.
pub(crate) trait Worker {
    /// Answer a tile. Fills the marginals unless `moments` is `None`; with `Pairs` adds
    /// v E[zz'] of the items that are not refused to the running sum. A v may be negative: sums of
    /// differences are made that way.
    ///
    /// # Errors
    /// An item of the tile that no method of the solver can answer ([`Error::NotCertified`] counts
    /// it from the start of the tile), or [`Error::Cancelled`].
    ///
    /// [`Error::NotCertified`]: crate::Error::NotCertified
    /// [`Error::Cancelled`]: crate::Error::Cancelled
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()>;

    /// The running sum, (K, K), symmetric; starts anew at zero.
    fn take_pairs(&mut self) -> Array2<f64>;
}
