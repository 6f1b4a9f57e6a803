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

/// Patterns in the order of their first items; NaN is not observed.
pub(crate) fn patterns(targets: ArrayView2<'_, f64>) -> Vec<Pattern> {
    let is_whole = |numbers: &[f64]| numbers.iter().fold(true, |all, y| all & !y.is_nan());
    if targets.as_slice().is_some_and(is_whole) && !targets.is_empty() {
        return vec![Pattern {
            observed: (0..targets.ncols()).collect(),
            items: (0..targets.nrows()).collect(),
        }];
    }
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
    let mut observed = Vec::with_capacity(targets.ncols());
    let mut last = None;
    for (item, row) in targets.rows().into_iter().enumerate() {
        // Almost always the item observes what the one before did.
        let ix = last
            .filter(|&ix: &usize| observes(row, &patterns[ix].observed))
            .unwrap_or_else(|| {
                observed.clear();
                observed.extend((0..row.len()).filter(|&d| !row[d].is_nan()));
                *known.entry(observed.clone()).or_insert_with(|| {
                    patterns.push(Pattern {
                        observed: observed.clone(),
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

/// Whether exactly these dimensions are numbers.
fn observes(row: ArrayView1<'_, f64>, observed: &[usize]) -> bool {
    let n_numbers = row.iter().filter(|y| !y.is_nan()).count();
    n_numbers == observed.len() && observed.iter().all(|&d| !row[d].is_nan())
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
        let found: Vec<_> = patterns(targets.view())
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
