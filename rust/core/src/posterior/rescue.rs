//! A second solver for the items that the first one refuses.

use std::sync::OnceLock;

use ndarray::Array2;

use super::solver::{Solver, Worker};
use super::tile::{Answer, Moments, Tile};
use crate::error::Result;

/// `plain`, and for the items that it refuses the solver that `make` makes once it is needed.
pub(crate) struct Rescue<P, F, M> {
    plain: P,
    fallback: OnceLock<F>,
    make: M,
}

impl<P: Solver, F: Solver, M: Fn() -> F> Rescue<P, F, M> {
    pub fn new(plain: P, make: M) -> Self {
        Self {
            plain,
            fallback: OnceLock::new(),
            make,
        }
    }
}

impl<P: Solver, F: Solver, M: Fn() -> F + Send + Sync> Solver for Rescue<P, F, M> {
    fn worker(&self) -> Box<dyn Worker + '_> {
        Box::new(RescueWorker {
            plain: self.plain.worker(),
            fallback: None,
            make: || {
                let solver = self.fallback.get_or_init(&self.make);
                (solver.worker(), solver.tile_len())
            },
            tile: Tile::default(),
            answer: Answer::default(),
        })
    }

    fn tile_len(&self) -> usize {
        self.plain.tile_len()
    }
}

struct RescueWorker<'a, M> {
    plain: Box<dyn Worker + 'a>,
    /// The worker, and how many items it takes at once.
    fallback: Option<(Box<dyn Worker + 'a>, usize)>,
    make: M,
    /// The refused items of the last tile, and the answers to them.
    tile: Tile,
    answer: Answer,
}

impl<'a, M: Fn() -> (Box<dyn Worker + 'a>, usize) + Send> Worker for RescueWorker<'a, M> {
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()> {
        self.plain.solve(tile, moments, answer)?;
        let refused: Vec<usize> = (0..tile.n_items())
            .filter(|&item| answer.refused[item])
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        let (fallback, tile_len) = self.fallback.get_or_insert_with(&self.make);
        // The fall-back's buffers hold no more items than it asks for.
        for items in refused.chunks(*tile_len) {
            self.tile.select(tile, items);
            fallback.solve(&self.tile, moments, &mut self.answer)?;
            for (ix, &item) in items.iter().enumerate() {
                answer.log_evidence[item] = self.answer.log_evidence[ix];
                answer.certificate[item] = self.answer.certificate[ix];
                answer.refused[item] = self.answer.refused[ix];
                if moments >= Moments::Marginals {
                    let marginals = self.answer.marginals.item(ix);
                    answer.marginals.set_item(item, marginals);
                }
            }
            answer.n_approximate += self.answer.n_approximate;
        }
        answer.n_rescued += refused.len();
        Ok(())
    }

    fn take_pairs(&mut self) -> Array2<f64> {
        let mut pairs = self.plain.take_pairs();
        if let Some((fallback, _)) = &mut self.fallback {
            pairs += &fallback.take_pairs();
        }
        pairs
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cancel::CancelToken;
    use crate::posterior::enumeration::enumeration;

    /// Refuses everything, many items at once.
    struct Refusing;

    impl Solver for Refusing {
        fn worker(&self) -> Box<dyn Worker + '_> {
            Box::new(Refusing)
        }

        fn tile_len(&self) -> usize {
            64
        }
    }

    impl Worker for Refusing {
        fn solve(&mut self, tile: &Tile, _: Moments, answer: &mut Answer) -> Result<()> {
            answer.resize(tile.n_items(), 20);
            answer.refused.fill(true);
            Ok(())
        }

        fn take_pairs(&mut self) -> Array2<f64> {
            Array2::zeros((20, 20))
        }
    }

    #[test]
    fn a_fall_back_with_small_tiles_answers_for_a_large_one() {
        let weights = Array2::from_shape_fn((20, 1), |(k, _)| 0.1 * k as f64 - 1.0);
        let cancel = CancelToken::default();
        let solver = Rescue::new(Refusing, || enumeration(weights.view(), &cancel));
        let mut tile = Tile::default();
        tile.resize(64, 20, 1);
        let mut answer = Answer::default();
        let mut worker = solver.worker();
        worker
            .solve(&tile, Moments::Pairs, &mut answer)
            .expect("not cancelled");
        assert!(!answer.refused.contains(&true));
        assert_eq!(answer.n_rescued, 64);
        // All items are alike, and each is in the sum once.
        let first = answer.marginals.row(3)[0];
        assert!(
            answer
                .marginals
                .row(3)
                .iter()
                .all(|p| (p - first).abs() < 1e-15)
        );
        assert!((worker.take_pairs()[[3, 3]] - 64.0 * first).abs() < 1e-12);
    }
}
