//! Items side by side, and what a solver says of them.

use ndarray::ArrayView2;

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

/// Numbers by feature or target dimension, of each item one: (rows, items).
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    numbers: Vec<f64>,
    n_items: usize,
}

impl Lanes {
    /// Room for numbers of this shape; what they are is left to the caller.
    fn resize(&mut self, n_rows: usize, n_items: usize) {
        self.numbers.resize(n_rows * n_items, 0.0);
        self.n_items = n_items;
    }

    pub fn row(&self, ix: usize) -> &[f64] {
        &self.numbers[ix * self.n_items..(ix + 1) * self.n_items]
    }

    pub fn row_mut(&mut self, ix: usize) -> &mut [f64] {
        &mut self.numbers[ix * self.n_items..(ix + 1) * self.n_items]
    }

    /// Numbers of one item, row by row.
    pub fn item(&self, ix: usize) -> impl Iterator<Item = f64> {
        self.numbers
            .iter()
            .skip(ix)
            .step_by(self.n_items.max(1))
            .copied()
    }

    pub fn set_item(&mut self, ix: usize, values: impl IntoIterator<Item = f64>) {
        let slots = self
            .numbers
            .iter_mut()
            .skip(ix)
            .step_by(self.n_items.max(1));
        for (slot, value) in slots.zip(values) {
            *slot = value;
        }
    }

    /// All numbers, row after row.
    #[cfg(test)]
    pub fn numbers_mut(&mut self) -> &mut [f64] {
        &mut self.numbers
    }

    pub fn view(&self) -> ArrayView2<'_, f64> {
        let n_rows = self.numbers.len() / self.n_items.max(1);
        ArrayView2::from_shape((n_rows, self.n_items), &self.numbers).expect("rows are whole")
    }
}

/// Some items of one pattern of observed dimensions.
#[derive(Debug, Default)]
pub(crate) struct Tile {
    n_items: usize,
    /// Prior log odds of each feature, (K, items); infinite where certain.
    pub log_odds: Lanes,
    /// (y - b - A'x) / sigma of each observed dimension, (D, items).
    pub residuals: Lanes,
    /// v, the weights of the items in sums.
    pub weights: Vec<f64>,
}

impl Tile {
    /// Room for items of this shape; what the numbers are is left to the caller.
    pub fn resize(&mut self, n_items: usize, n_features: usize, n_targets: usize) {
        self.n_items = n_items;
        self.log_odds.resize(n_features, n_items);
        self.residuals.resize(n_targets, n_items);
        self.weights.resize(n_items, 1.0);
    }

    pub fn n_items(&self) -> usize {
        self.n_items
    }

    /// Become some items of another tile.
    pub fn select(&mut self, from: &Self, items: &[usize]) {
        let n_rows = |lanes: &Lanes| lanes.numbers.len() / lanes.n_items.max(1);
        self.resize(items.len(), n_rows(&from.log_odds), n_rows(&from.residuals));
        for (ix, &item) in items.iter().enumerate() {
            self.log_odds.set_item(ix, from.log_odds.item(item));
            self.residuals.set_item(ix, from.residuals.item(item));
            self.weights[ix] = from.weights[item];
        }
    }
}

/// A solver's answers to a tile.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    /// log sum over z of P(z) exp(-|r - W'z|^2 / 2); the walk subtracts the normaliser of the noise.
    pub log_evidence: Vec<f64>,
    /// E[z], (K, items); anything for [`Moments::None`].
    pub marginals: Lanes,
    /// Error that the solver admits: of rounding, or the width of its bracket in nats.
    pub certificate: Vec<f64>,
    /// Items that the solver could not certify. Nothing of them is in the pair moments.
    pub refused: Vec<bool>,
    /// Items that a fall-back answered.
    pub n_rescued: usize,
    /// Items whose answer is not exact.
    pub n_approximate: usize,
}

impl Answer {
    /// Room for answers, none refused.
    pub fn resize(&mut self, n_items: usize, n_features: usize) {
        self.log_evidence.resize(n_items, 0.0);
        self.marginals.resize(n_features, n_items);
        self.certificate.clear();
        self.certificate.resize(n_items, 0.0);
        self.refused.clear();
        self.refused.resize(n_items, false);
        self.n_rescued = 0;
        self.n_approximate = 0;
    }
}
