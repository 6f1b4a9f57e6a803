//! Passes over all items in parallel, whose results come in the order of the items: sums of them
//! are the same bit for bit on any number of threads.

use std::ops::Range;

use rayon::prelude::*;

/// Items of a chunk.
const CHUNK: usize = 8192;

/// What `of_chunk` makes of each chunk of items.
pub(crate) fn by_chunk<T: Send>(
    n_items: usize,
    of_chunk: impl Fn(Range<usize>) -> T + Sync,
) -> Vec<T> {
    (0..n_items.div_ceil(CHUNK))
        .into_par_iter()
        .map(|ix| of_chunk(ix * CHUNK..n_items.min((ix + 1) * CHUNK)))
        .collect()
}

/// The sum of what `of_item` makes of each item.
pub(crate) fn sum<const M: usize>(
    n_items: usize,
    of_item: impl Fn(usize) -> [f64; M] + Sync,
) -> [f64; M] {
    let of_chunk = |items: Range<usize>| items.map(&of_item).fold([0.0; M], added);
    by_chunk(n_items, of_chunk)
        .into_iter()
        .fold([0.0; M], added)
}

/// Entry by entry.
pub(crate) fn added<const M: usize>(mut sum: [f64; M], term: [f64; M]) -> [f64; M] {
    for (sum, term) in sum.iter_mut().zip(term) {
        *sum += term;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_every_item_once_and_in_order() {
        for n_items in [0, 1, CHUNK, CHUNK + 1, 3 * CHUNK - 1] {
            let items: Vec<usize> = by_chunk(n_items, Iterator::collect::<Vec<_>>).concat();
            assert_eq!(items, (0..n_items).collect::<Vec<_>>());
            assert_eq!(
                sum(n_items, |_| [1.0, 2.0]),
                [n_items as f64, 2.0 * n_items as f64]
            );
        }
    }
}
