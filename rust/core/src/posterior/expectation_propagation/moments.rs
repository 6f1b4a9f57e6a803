//! Second moments of the features, and moments of the residual that follow from them.

use ndarray::{Array2, ArrayView1};

use super::sites::Sites;
use crate::posterior::item_solver::ResidualMoments;
use crate::posterior::row_space::{RowSpace, dot};

/// A feature of less variance tells nothing of the residual.
const CERTAIN: f64 = 1e-12;

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

/// Moments of the residual r = c - u . z from E[z] and E[zz'], and E[zz' r^2], (K, K).
///
/// E[r], E[r^2] and E[z_k r] follow exactly. Given that one or two features hold, the mean of r is
/// taken from its regression on them and its variance is what the regression leaves: exact for one
/// feature, and for normal variables. Independent features would lose the correlations, which are
/// what makes effects uncertain.
pub(crate) fn close_residual_moments(
    effects: ArrayView1<'_, f64>,
    constant: f64,
    marginals: &[f64],
    pairs: &Array2<f64>,
) -> (ResidualMoments, Array2<f64>) {
    let means = ArrayView1::from(marginals);
    let covariance = Array2::from_shape_fn(pairs.dim(), |(k, l)| {
        if k == l {
            means[k] * (1.0 - means[k])
        } else {
            pairs[[k, l]] - means[k] * means[l]
        }
    });
    let mean = constant - effects.dot(&means);
    let shared = -covariance.dot(&effects);
    let variance = (-effects.dot(&shared)).max(0.0);
    // E[r^2] where features k and l, which may be one, hold.
    let second_given = |k: usize, l: usize| {
        let (u, v, c) = (covariance[[k, k]], covariance[[l, l]], covariance[[k, l]]);
        let determinant = u * v - c * c;
        let (slope_k, slope_l) = if k != l && u.min(v) > CERTAIN && determinant > 1e-9 * u * v {
            (
                (v * shared[k] - c * shared[l]) / determinant,
                (u * shared[l] - c * shared[k]) / determinant,
            )
        } else if u >= v && u > CERTAIN {
            (shared[k] / u, 0.0)
        } else if v > CERTAIN {
            (0.0, shared[l] / v)
        } else {
            (0.0, 0.0)
        };
        let shift = slope_k * (1.0 - means[k]) + slope_l * (1.0 - means[l]);
        let explained = slope_k * shared[k] + slope_l * shared[l];
        (mean + shift).powi(2) + (variance - explained).max(0.0)
    };
    let weighted = Array2::from_shape_fn(pairs.dim(), |(k, l)| {
        pairs[[k, l]] * second_given(k.max(l), k.min(l))
    });
    let moments = ResidualMoments {
        first: mean,
        second: mean * mean + variance,
        features_first: (&means * mean + &shared).to_vec(),
        features_second: weighted.diag().to_vec(),
    };
    (moments, weighted)
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
    use crate::posterior::brute_force::{case, distance};

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

        #[test]
        fn first_moments_are_exact_and_one_feature_wholly(case in case(7, 3)) {
            let truth = case.brute_force();
            let (wanted, wanted_pairs) = case.residual_moments(&truth, 0);
            let effects = case.weights.column(0);
            let (got, pairs) = close_residual_moments(
                effects,
                case.residual[0],
                &truth.marginals,
                &truth.pairs,
            );
            let size = 1.0 + case.residual[0].abs() + effects.mapv(f64::abs).sum();
            let close = 1e-13 * size * size;
            prop_assert!((got.first - wanted.first).abs() < close);
            prop_assert!((got.second - wanted.second).abs() < close);
            prop_assert!(distance(&got.features_first, &wanted.features_first) < close);
            // A feature that is nearly certain counts as such.
            let variance = truth.marginals[0] * (1.0 - truth.marginals[0]);
            if case.log_odds.len() == 1 && variance > CERTAIN {
                prop_assert!(distance(&got.features_second, &wanted.features_second) < close);
                prop_assert!(distance(&pairs, &wanted_pairs) < close);
            }
            prop_assert!(pairs.iter().all(|pair| pair.is_finite() && *pair >= 0.0));
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
