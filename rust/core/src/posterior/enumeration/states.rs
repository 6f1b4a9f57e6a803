//! Tables over states.
//!
//! State s is a number whose bit k is z_k. Tables are filled by doubling (the states with bit k are
//! those without it, plus one term) and folded by halving.

use ndarray::Array2;

/// table[s] = sum of the coefficients of the features in s.
pub(crate) fn fill_linear(table: &mut [f64], coefficients: &[f64]) {
    table[0] = 0.0;
    for (k, coefficient) in coefficients.iter().enumerate() {
        let (without, with) = table[..1 << (k + 1)].split_at_mut(1 << k);
        for (with, without) in with.iter_mut().zip(without) {
            *with = *without + coefficient;
        }
    }
}

/// Sum the table over the states that have feature k, for every k; returns the sum over all.
pub(crate) fn fold_marginals(table: &mut [f64], marginals: &mut [f64]) -> f64 {
    for (k, marginal) in marginals.iter_mut().enumerate().rev() {
        let (without, with) = table[..1 << (k + 1)].split_at_mut(1 << k);
        let mut sum = 0.0;
        for (without, with) in without.iter_mut().zip(with) {
            sum += *with;
            *without += *with;
        }
        *marginal = sum;
    }
    table[0]
}

/// Sum the table over the states that have features k and l, for every pair.
pub(crate) fn fold_pairs(table: &mut [f64], n_features: usize, scratch: &mut [f64]) -> Array2<f64> {
    let mut pairs = Array2::zeros((n_features, n_features));
    let mut row = vec![0.0; n_features];
    for k in (0..n_features).rev() {
        let (without, with) = table[..1 << (k + 1)].split_at_mut(1 << k);
        scratch[..1 << k].copy_from_slice(with);
        pairs[[k, k]] = fold_marginals(&mut scratch[..1 << k], &mut row[..k]);
        for (l, &pair) in row[..k].iter().enumerate() {
            pairs[[k, l]] = pair;
            pairs[[l, k]] = pair;
        }
        for (without, with) in without.iter_mut().zip(with) {
            *without += *with;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_counts_states() {
        let mut marginals = [0.0; 3];
        assert_eq!(fold_marginals(&mut [1.0; 8], &mut marginals), 8.0);
        assert_eq!(marginals, [4.0; 3]);
        let pairs = fold_pairs(&mut [1.0; 8], 3, &mut [0.0; 8]);
        assert_eq!(
            pairs,
            Array2::from_shape_fn((3, 3), |(k, l)| if k == l { 4.0 } else { 2.0 })
        );
    }
}
