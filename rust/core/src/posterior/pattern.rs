//! Items that observe the same target dimensions share one model: the one without the others.

use std::collections::HashMap;

use ndarray::{Array2, ArrayView1, ArrayView2};

/// Items that observe the same target dimensions.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// Observed dimensions, increasing.
    pub observed: Vec<usize>,
    /// Rows of the items, increasing.
    pub items: Vec<usize>,
}

impl Pattern {
    /// The one pattern of (items, dimensions) where nothing is missing; none without items.
    pub fn whole((n_items, n_targets): (usize, usize)) -> Vec<Self> {
        let whole = Self {
            observed: (0..n_targets).collect(),
            items: (0..n_items).collect(),
        };
        Vec::from_iter((n_items > 0).then_some(whole))
    }
}

/// Patterns of (items, dimensions) in the order of their first items.
pub(crate) fn patterns(
    (n_items, n_targets): (usize, usize),
    is_observed: impl Fn(usize, usize) -> bool,
) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut observed = vec![false; n_targets];
    // Almost always an item observes what the one before did.
    let mut last = None;
    for item in 0..n_items {
        let same = last.filter(|_| (0..n_targets).all(|d| observed[d] == is_observed(item, d)));
        let ix = same.unwrap_or_else(|| {
            for (d, slot) in observed.iter_mut().enumerate() {
                *slot = is_observed(item, d);
            }
            let dimensions: Vec<usize> = (0..n_targets).filter(|&d| observed[d]).collect();
            *known.entry(dimensions).or_insert_with_key(|dimensions| {
                patterns.push(Pattern {
                    observed: dimensions.clone(),
                    items: Vec::new(),
                });
                patterns.len() - 1
            })
        });
        patterns[ix].items.push(item);
        last = Some(ix);
    }
    patterns
}

/// The model of the items of a pattern, in units of the noise.
#[derive(Debug)]
pub(crate) struct PatternModel {
    /// W / sigma over the observed dimensions, (K, observed).
    pub weights: Array2<f64>,
    /// 1 / sigma of the observed dimensions.
    pub precision_root: Vec<f64>,
    /// log |2 pi S| / 2 over the observed dimensions.
    pub log_normaliser: f64,
}

impl PatternModel {
    /// From the weights (K, D) and noise variances (D,) of all dimensions.
    pub fn new(
        observed: &[usize],
        weights: ArrayView2<'_, f64>,
        noise_variance: ArrayView1<'_, f64>,
    ) -> Self {
        let precision_root: Vec<f64> = observed
            .iter()
            .map(|&d| noise_variance[d].sqrt().recip())
            .collect();
        let log_variances: f64 = observed
            .iter()
            .map(|&d| (std::f64::consts::TAU * noise_variance[d]).ln())
            .sum();
        Self {
            weights: Array2::from_shape_fn((weights.nrows(), observed.len()), |(k, d)| {
                weights[[k, observed[d]]] * precision_root[d]
            }),
            precision_root,
            log_normaliser: 0.5 * log_variances,
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn patterns_gather_items_wherever_they_stand() {
        let nan = f64::NAN;
        let targets = array![[1.0, nan], [0.0, 2.0], [nan, nan], [3.0, nan], [4.0, nan]];
        let found: Vec<_> = patterns(targets.dim(), |item, d| !f64::is_nan(targets[[item, d]]))
            .into_iter()
            .map(|pattern| (pattern.observed, pattern.items))
            .collect();
        let wanted = [
            (vec![0], vec![0, 3, 4]),
            (vec![0, 1], vec![1]),
            (vec![], vec![2]),
        ];
        assert_eq!(found, wanted);
    }
}
