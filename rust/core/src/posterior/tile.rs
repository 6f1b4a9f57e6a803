//! Items side by side, and what a solver says of them.

use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

/// How much of the posterior is wanted; each level costs more than the one before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moments {
    /// The log evidence of every item.
    None,
    /// And E[z] of every item.
    Marginals,
    /// And the sum over items of v E[zz'].
    Pairs,
}

/// Some items of one pattern of observed dimensions; a column of each matrix is an item.
#[derive(Debug, Default)]
pub(crate) struct Tile {
    n_items: usize,
    /// Prior log odds of each feature, (K, capacity); infinite where certain.
    log_odds: Array2<f64>,
    /// (y - b - A'x) / sigma of each observed dimension, (D, capacity).
    residuals: Array2<f64>,
    /// v, the weights of the items in sums.
    pub weights: Vec<f64>,
}

impl Tile {
    /// Room for items of this shape; the numbers are the last user's.
    pub fn resize(&mut self, n_items: usize, n_features: usize, n_targets: usize) {
        self.n_items = n_items;
        for (matrix, n_rows) in [
            (&mut self.log_odds, n_features),
            (&mut self.residuals, n_targets),
        ] {
            if matrix.nrows() != n_rows || matrix.ncols() < n_items {
                *matrix = Array2::zeros((n_rows, n_items));
            }
        }
        self.weights.resize(n_items, 1.0);
    }

    /// Some items of another tile.
    pub fn select(&mut self, from: &Self, items: &[usize]) {
        self.resize(items.len(), from.log_odds.nrows(), from.residuals.nrows());
        self.log_odds_mut()
            .assign(&from.log_odds.select(Axis(1), items));
        self.residuals_mut()
            .assign(&from.residuals.select(Axis(1), items));
        for (slot, &item) in self.weights.iter_mut().zip(items) {
            *slot = from.weights[item];
        }
    }

    pub fn n_items(&self) -> usize {
        self.n_items
    }

    pub fn log_odds(&self) -> ArrayView2<'_, f64> {
        self.log_odds.slice(s![.., ..self.n_items])
    }

    pub fn log_odds_mut(&mut self) -> ArrayViewMut2<'_, f64> {
        self.log_odds.slice_mut(s![.., ..self.n_items])
    }

    pub fn residuals(&self) -> ArrayView2<'_, f64> {
        self.residuals.slice(s![.., ..self.n_items])
    }

    pub fn residuals_mut(&mut self) -> ArrayViewMut2<'_, f64> {
        self.residuals.slice_mut(s![.., ..self.n_items])
    }
}

/// A solver's answers to a tile.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    n_items: usize,
    /// log sum over z of P(z) exp(-|r - W'z|^2 / 2); the walk subtracts the normaliser of the noise.
    pub log_evidence: Vec<f64>,
    /// E[z], (K, capacity); untouched for [`Moments::None`].
    marginals: Array2<f64>,
    /// Error that the solver admits: of rounding, or the width of its bracket in nats.
    pub certificate: Vec<f64>,
    /// Items that the solver could not certify. Nothing of them is in the pair moments.
    pub refused: Vec<bool>,
    /// Items that a fall-back answered.
    pub n_rescued: usize,
}

impl Answer {
    /// Room for answers, none refused.
    pub fn resize(&mut self, n_items: usize, n_features: usize) {
        self.n_items = n_items;
        if self.marginals.nrows() != n_features || self.marginals.ncols() < n_items {
            self.marginals = Array2::zeros((n_features, n_items));
        }
        self.log_evidence.resize(n_items, 0.0);
        self.certificate.clear();
        self.certificate.resize(n_items, 0.0);
        self.refused.clear();
        self.refused.resize(n_items, false);
        self.n_rescued = 0;
    }

    pub fn marginals(&self) -> ArrayView2<'_, f64> {
        self.marginals.slice(s![.., ..self.n_items])
    }

    pub fn marginals_mut(&mut self) -> ArrayViewMut2<'_, f64> {
        self.marginals.slice_mut(s![.., ..self.n_items])
    }
}
