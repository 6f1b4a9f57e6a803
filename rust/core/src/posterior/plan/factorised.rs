//! One solver from those of components that do not act on each other.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, linalg::general_mat_mul};

use super::component::Component;
use crate::error::Result;
use crate::posterior::solver::{Solver, Worker};
use crate::posterior::tile::{Answer, Moments, Tile};

/// Items of a tile where there is no component.
const TILE: usize = 64;
/// Rows of unit length are orthogonal if their products are below this.
const ORTHOGONAL: f64 = 1e-12;

/// A component and its solver.
pub(crate) struct Part<'a> {
    pub component: &'a Component,
    pub solver: Box<dyn Solver + 'a>,
}

/// Log evidences add, and pairs across components are products of marginals.
pub(crate) struct Factorised<'a> {
    /// Features and target dimensions of the whole.
    shape: (usize, usize),
    parts: Vec<Part<'a>>,
    /// What the couplings between the components may move.
    dropped: f64,
    /// Coordinates of all components, (sum of ranks, D), where they are orthonormal: uncoupled
    /// features reach orthogonal ones, unless their weights are hardly there.
    coordinates: Option<Array2<f64>>,
}

impl<'a> Factorised<'a> {
    pub fn new(shape: (usize, usize), parts: Vec<Part<'a>>, dropped: f64) -> Self {
        let (_, n_targets) = shape;
        let mut coordinates = Array2::zeros((0, n_targets));
        for part in &parts {
            let rows = match &part.component.rotation {
                Some(rotation) => rotation.clone(),
                None => Array2::eye(n_targets),
            };
            coordinates
                .append(Axis(0), rows.view())
                .expect("coordinates have an entry for each dimension");
        }
        let products = coordinates.dot(&coordinates.t()) - Array2::<f64>::eye(coordinates.nrows());
        let orthogonal = products.iter().all(|x| x.abs() < ORTHOGONAL);
        Self {
            shape,
            parts,
            dropped,
            coordinates: orthogonal.then_some(coordinates),
        }
    }

    /// -|r|^2 / 2 of what no component sees, which they add theirs to; with how far it may be off.
    fn unseen(&self, tile: &Tile, powers: &[Vec<f64>]) -> Vec<(f64, f64)> {
        let residuals = tile.residuals.view();
        let half_square = |x: ArrayView1<'_, f64>| 0.5 * x.dot(&x);
        if let Some(coordinates) = &self.coordinates {
            let rest = &residuals - &coordinates.t().dot(&coordinates.dot(&residuals));
            let columns = rest.columns().into_iter();
            return columns.map(|rest| (-half_square(rest), 0.0)).collect();
        }
        // Coordinates are shared: their squares cancel, and what that costs is admitted.
        let columns = residuals.columns().into_iter().enumerate();
        columns
            .map(|(ix, r)| {
                let seen: f64 = powers.iter().map(|power| power[ix]).sum();
                let whole = half_square(r);
                (seen - whole, f64::EPSILON * (seen + whole))
            })
            .collect()
    }
}

impl Solver for Factorised<'_> {
    fn worker(&self) -> Box<dyn Worker + '_> {
        let workers = self.parts.iter().map(|part| part.solver.worker());
        Box::new(FactorisedWorker {
            solver: self,
            workers: workers.collect(),
            across: Array2::zeros((self.shape.0, self.shape.0)),
            answer: Answer::default(),
        })
    }

    /// The least that a part likes, so that no part's buffers are too short.
    fn tile_len(&self) -> usize {
        let lengths = self.parts.iter().map(|part| part.solver.tile_len());
        lengths.min().unwrap_or(TILE)
    }
}

struct FactorisedWorker<'a> {
    solver: &'a Factorised<'a>,
    workers: Vec<Box<dyn Worker + 'a>>,
    /// Sum of v E[z] E[z]'; only what lies across components is used.
    across: Array2<f64>,
    answer: Answer,
}

impl Component {
    /// The component's part of a tile, and how much |r|^2 / 2 of each item it sees.
    pub fn project(&self, tile: &Tile) -> (Tile, Vec<f64>) {
        let mut part = Tile::default();
        part.resize(tile.n_items(), self.n_features(), self.rank());
        part.weights.copy_from_slice(&tile.weights);
        for (ix, &k) in self.features.iter().enumerate() {
            part.log_odds
                .row_mut(ix)
                .copy_from_slice(tile.log_odds.row(k));
        }
        let residuals = tile.residuals.view();
        let seen = match &self.rotation {
            None => residuals.to_owned(),
            Some(rotation) => rotation.dot(&residuals),
        };
        let mut power = vec![0.0; tile.n_items()];
        for (ix, row) in seen.rows().into_iter().enumerate() {
            for ((slot, power), &r) in part
                .residuals
                .row_mut(ix)
                .iter_mut()
                .zip(&mut power)
                .zip(row)
            {
                *slot = r;
                *power += 0.5 * r * r;
            }
        }
        (part, power)
    }
}

impl Worker for FactorisedWorker<'_> {
    fn solve(&mut self, tile: &Tile, moments: Moments, answer: &mut Answer) -> Result<()> {
        let n_features = self.solver.shape.0;
        answer.resize(tile.n_items(), n_features);
        let (tiles, powers): (Vec<Tile>, Vec<Vec<f64>>) = self
            .solver
            .parts
            .iter()
            .map(|part| part.component.project(tile))
            .unzip();
        for (ix, (unseen, rounding)) in self.solver.unseen(tile, &powers).into_iter().enumerate() {
            answer.log_evidence[ix] = unseen;
            answer.certificate[ix] = self.solver.dropped + rounding;
        }
        let parts = self.solver.parts.iter().zip(&mut self.workers);
        for ((part, worker), own) in parts.zip(&tiles) {
            worker.solve(own, moments, &mut self.answer)?;
            for ix in 0..tile.n_items() {
                answer.log_evidence[ix] += self.answer.log_evidence[ix];
                answer.certificate[ix] += self.answer.certificate[ix];
                answer.refused[ix] |= self.answer.refused[ix];
            }
            answer.n_rescued += self.answer.n_rescued;
            answer.n_approximate += self.answer.n_approximate;
            if moments >= Moments::Marginals {
                for (ix, &k) in part.component.features.iter().enumerate() {
                    let marginals = answer.marginals.row_mut(k);
                    marginals.copy_from_slice(self.answer.marginals.row(ix));
                }
            }
        }
        if moments == Moments::Pairs {
            let marginals = answer.marginals.view();
            let weights = ArrayView2::from_shape((1, tile.n_items()), &tile.weights)
                .expect("a weight for each item");
            let weighted = &marginals * &weights;
            general_mat_mul(1.0, &weighted, &marginals.t(), 1.0, &mut self.across);
        }
        Ok(())
    }

    fn take_pairs(&mut self) -> Array2<f64> {
        let mut pairs = std::mem::replace(&mut self.across, Array2::zeros((0, 0)));
        self.across = Array2::zeros(pairs.raw_dim());
        for k in 0..pairs.nrows() {
            for l in 0..k {
                // The product rounds the two differently.
                pairs[[k, l]] = pairs[[l, k]];
            }
        }
        for (part, worker) in self.solver.parts.iter().zip(&mut self.workers) {
            let own = worker.take_pairs();
            for ((i, j), &pair) in own.indexed_iter() {
                pairs[[part.component.features[i], part.component.features[j]]] = pair;
            }
        }
        pairs
    }
}
