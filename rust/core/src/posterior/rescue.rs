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
            make: || self.fallback.get_or_init(&self.make).worker(),
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
    fallback: Option<Box<dyn Worker + 'a>>,
    make: M,
    /// The refused items of the last tile, and the answers to them.
    tile: Tile,
    answer: Answer,
}

impl<'a, M: Fn() -> Box<dyn Worker + 'a> + Send> Worker for RescueWorker<'a, M> {
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()> {
        self.plain.solve(tile, moments, answer)?;
        let refused: Vec<usize> = (0..tile.n_items())
            .filter(|&item| answer.refused[item])
            .collect();
        if refused.is_empty() {
            return Ok(());
        }
        self.tile.select(tile, &refused);
        let fallback = self.fallback.get_or_insert_with(&self.make);
        fallback.solve(&self.tile, moments, &mut self.answer)?;
        for (ix, &item) in refused.iter().enumerate() {
            answer.log_evidence[item] = self.answer.log_evidence[ix];
            answer.certificate[item] = self.answer.certificate[ix];
            answer.refused[item] = self.answer.refused[ix];
            if moments >= Moments::Marginals {
                let marginals = self.answer.marginals.item(ix);
                answer.marginals.set_item(item, marginals);
            }
        }
        answer.n_rescued += refused.len();
        answer.n_approximate += self.answer.n_approximate;
        Ok(())
    }

    fn take_pairs(&mut self) -> Array2<f64> {
        let mut pairs = self.plain.take_pairs();
        if let Some(fallback) = &mut self.fallback {
            pairs += &fallback.take_pairs();
        }
        pairs
    }
}
