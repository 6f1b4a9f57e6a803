//! Blocks of features and tables over their states; bit i of a state is feature i of the block.

use ndarray::ArrayView2;

/// Features of a block: 256 states.
pub(crate) const MAX_BLOCK: usize = 8;

/// Features that keep their joint distribution.
#[derive(Debug)]
pub(crate) struct Block {
    pub features: Vec<usize>,
    /// -z'Jz / 2 of every state.
    pub quadratic: Vec<f64>,
}

impl Block {
    pub fn new(features: Vec<usize>, coupling: ArrayView2<'_, f64>) -> Self {
        let mut quadratic = vec![0.0; 1 << features.len()];
        for (i, &k) in features.iter().enumerate() {
            let (without, with) = quadratic[..1 << (i + 1)].split_at_mut(1 << i);
            for (state, (with, without)) in with.iter_mut().zip(without).enumerate() {
                let held = (0..i).filter(|j| state >> j & 1 == 1);
                let coupled: f64 = held.map(|j| coupling[[k, features[j]]]).sum();
                *with = *without - 0.5 * coupling[[k, k]] - coupled;
            }
        }
        Self {
            features,
            quadratic,
        }
    }

    /// Fill the table with the distribution in the given fields; returns its log normaliser.
    pub fn distribute(&self, fields: impl Iterator<Item = f64>, table: &mut [f64]) -> f64 {
        table[0] = 0.0;
        for (i, field) in fields.enumerate() {
            let (without, with) = table[..1 << (i + 1)].split_at_mut(1 << i);
            for (with, without) in with.iter_mut().zip(without) {
                *with = *without + field;
            }
        }
        let mut highest = f64::NEG_INFINITY;
        for (log_q, quadratic) in table.iter_mut().zip(&self.quadratic) {
            *log_q += quadratic;
            highest = highest.max(*log_q);
        }
        let mut mass = 0.0;
        for q in table.iter_mut() {
            *q = (*q - highest).exp();
            mass += *q;
        }
        for q in table.iter_mut() {
            *q /= mass;
        }
        highest + mass.ln()
    }
}

/// Report the marginal of every position, from the last; the table is consumed.
pub(crate) fn fold_marginals(table: &mut [f64], mut report: impl FnMut(usize, f64)) {
    for i in (0..table.len().ilog2() as usize).rev() {
        let (without, with) = table[..1 << (i + 1)].split_at_mut(1 << i);
        let mut sum = 0.0;
        for (without, with) in without.iter_mut().zip(with) {
            sum += *with;
            *without += *with;
        }
        report(i, sum);
    }
}

/// Blocks grown along the strongest couplings.
pub(crate) fn partition(coupling: ArrayView2<'_, f64>) -> Vec<Vec<usize>> {
    let n_features = coupling.nrows();
    let mut blocks: Vec<Vec<usize>> = (0..n_features).map(|k| vec![k]).collect();
    let mut block_of: Vec<usize> = (0..n_features).collect();
    let mut pairs: Vec<(usize, usize)> = (0..n_features)
        .flat_map(|k| (0..k).map(move |l| (k, l)))
        .collect();
    pairs.sort_by(|a, b| coupling[*b].abs().total_cmp(&coupling[*a].abs()));
    for (k, l) in pairs {
        let (from, to) = (block_of[k], block_of[l]);
        if from != to && blocks[from].len() + blocks[to].len() <= MAX_BLOCK {
            let moved = std::mem::take(&mut blocks[from]);
            for &feature in &moved {
                block_of[feature] = to;
            }
            blocks[to].extend(moved);
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_strongest_couplings_stay_inside() {
        let coupling =
            Array2::from_shape_fn((16, 16), |(k, l)| if k % 2 == l % 2 { 2.0 } else { 1.0 });
        let blocks = partition(coupling.view());
        assert_eq!(blocks.len(), 2);
        assert!(blocks.iter().all(|b| b.iter().all(|k| k % 2 == b[0] % 2)));
    }
}
