//! Second moments of the features.

use ndarray::Array2;

use super::sites::Sites;
use crate::posterior::row_space::{RowSpace, dot};

/// E[zz'] from the sites at their fixed point and E[z], (K, K).
///
/// The rest of the model couples two features by a factor exp(theta z_k z_l). Theta is the normal
/// posterior's off-diagonal precision of the two, which their own sites do not enter; with the two
/// marginals it makes up a table of four probabilities, so that no bound of theirs is violated.
pub(crate) fn pair_moments(space: &RowSpace, sites: &Sites, marginals: &[f64]) -> Array2<f64> {
    let mut pairs = Array2::zeros((space.n_features(), space.n_features()));
    let mut spread = vec![0.0; space.n_coordinates()];
    let variances = &sites.variances;
    // 1 - V_k a_k
    let rest: Vec<f64> = variances
        .iter()
        .zip(&sites.cavity_precisions)
        .map(|(v, p)| 1.0 / (1.0 + v * p))
        .collect();
    for k in 0..space.n_features() {
        sites.inverse.multiply(space.feature(k), &mut spread);
        pairs[[k, k]] = marginals[k];
        for l in 0..k {
            let shared = dot(&spread, space.feature(l));
            let determinant = rest[k] * rest[l] - variances[k] * variances[l] * shared * shared;
            let log_odds_ratio = -shared / determinant.max(f64::MIN_POSITIVE);
            let pair = joint(marginals[k], marginals[l], log_odds_ratio);
            (pairs[[k, l]], pairs[[l, k]]) = (pair, pair);
        }
    }
    pairs
}

/// P(both) of two binary variables by their marginals and log odds ratio (Plackett 1965).
pub(crate) fn joint(p: f64, q: f64, log_odds_ratio: f64) -> f64 {
    if log_odds_ratio < 0.0 {
        // Against the complement, so that the odds stay below 1.
        return (p - joint(p, 1.0 - q, -log_odds_ratio)).max(0.0);
    }
    let odds = (-log_odds_ratio).exp();
    let rest = -(-log_odds_ratio).exp_m1();
    let sum = odds + (p + q) * rest;
    // sum^2 - 4 rest p q, as a sum of what is not negative.
    let apart = p * (1.0 - q) + q * (1.0 - p);
    let square = odds * odds + (rest * (p - q)).powi(2) + 2.0 * odds * rest * apart;
    let root = square.sqrt();
    if sum + root > 0.0 {
        (2.0 * p * q / (sum + root)).min(p.min(q))
    } else {
        0.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn the_joint_has_its_odds_ratio(
            p in 1e-6..1.0_f64,
            q in 1e-6..1.0_f64,
            log_odds_ratio in -12.0..12.0_f64,
        ) {
            let both = joint(p, q, log_odds_ratio);
            let (one, other) = (p - both, q - both);
            let none = 1.0 - p - q + both;
            // both none = exp(log odds ratio) one other, without a quotient of rounding.
            let scale = log_odds_ratio.abs().exp();
            prop_assert!((both * none - log_odds_ratio.exp() * one * other).abs() < 1e-13 * scale);
            for probability in [both, one, other, none] {
                prop_assert!(probability > -1e-15);
            }
        }
    }

    #[test]
    fn extreme_odds_reach_the_bounds() {
        assert_eq!(joint(0.3, 0.6, 1e4), 0.3);
        assert_eq!(joint(0.3, 0.6, f64::INFINITY), 0.3);
        assert_eq!(joint(0.3, 0.6, -1e4), 0.0);
        assert!((joint(0.5, 0.75, -1e4) - 0.25).abs() < 1e-15);
        assert_eq!(joint(0.0, 0.5, 3.0), 0.0);
        assert_eq!(joint(0.0, 1.0, -3.0), 0.0);
    }
}
