//! Expectation propagation and its bracket against the sum over states.

use proptest::prelude::*;

use super::*;
use crate::posterior::brute_force::{Case, case, distance};

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_bracket_holds_the_log_likelihood(case in case(10, 12)) {
        let truth = case.brute_force().log_likelihood;
        let solver = ExpectationPropagation::new(case.weights.view());
        let mut workspace = solver.workspace();
        let slack = case.table_rounding(truth);
        let Bracket { lower, upper } = solver.approximate(solver.read(&mut workspace, case.item())).bracket;
        prop_assert!(lower <= truth + slack && truth <= upper + slack);

        let mut marginals = vec![f64::NAN; case.log_odds.len()];
        let solved = solver
            .solve(&mut workspace, case.item(), Moments::Pairs, &mut marginals)
            .expect("always answers");
        prop_assert!((solved.log_likelihood - truth).abs() <= solved.certificate + slack);
        let pairs = solver.take_pairs(&mut workspace);
        prop_assert!(distance(pairs.diag(), &marginals) == 0.0);
        for ((k, l), &pair) in pairs.indexed_iter() {
            let (p, q) = (marginals[k], marginals[l]);
            prop_assert!((0.0..=1.0).contains(&p));
            prop_assert!(pair >= p + q - 1.0 - 1e-12 && pair >= 0.0 && pair <= p.min(q) + 1e-12);
            prop_assert_eq!(pair, pairs[[l, k]]);
        }
        for (k, log_odds) in case.log_odds.iter().enumerate().filter(|(_, l)| l.is_infinite()) {
            prop_assert_eq!(marginals[k], f64::from(u8::from(*log_odds > 0.0)));
        }
    }

    /// With one uncertain feature, or effects that do not overlap, there is nothing to approximate.
    #[test]
    fn features_that_do_not_interact_are_exact(
        features in prop::collection::vec((-4.0..4.0_f64, -5.0..5.0_f64, -6.0..6.0_f64), 1..8),
    ) {
        let n_features = features.len();
        let case = Case {
            weights: Array2::from_shape_fn((n_features, n_features), |(k, d)| {
                if k == d { features[k].0 } else { 0.0 }
            }),
            log_odds: features.iter().map(|f| f.1).collect(),
            residual: features.iter().map(|f| f.2).collect(),
        };
        let truth = case.brute_force();
        let solver = ExpectationPropagation::new(case.weights.view());
        let mut workspace = solver.workspace();
        let mut marginals = vec![0.0; n_features];
        let solved = solver
            .solve(&mut workspace, case.item(), Moments::Pairs, &mut marginals)
            .expect("always answers");
        prop_assert!(!solved.rescued);
        let close = case.rounding(truth.log_likelihood);
        prop_assert!((solved.log_likelihood - truth.log_likelihood).abs() < 1e-6);
        prop_assert!(distance(&marginals, &truth.marginals) < close);
        prop_assert!(distance(&solver.take_pairs(&mut workspace), &truth.pairs) < close);
    }
}

/// Items of one model: ten features, four dimensions, effects of half a standard deviation of the
/// noise, judgments that err in one of ten.
fn typical_cases() -> Vec<Case> {
    let mut state = 0.5_f64;
    let mut uniform = move || {
        state = (state + 0.618_033_988_749_895).fract();
        // Scrambled, as neighbours differ by a constant.
        (state * 7919.0)
            .sin()
            .mul_add(43_758.547, 0.0)
            .rem_euclid(1.0)
    };
    let mut normal = move || (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
    let weights = Array2::from_shape_fn((10, 4), |_| 0.5 * normal());
    (0..100)
        .map(|_| {
            let log_odds: Vec<f64> = (0..10)
                .map(|_| {
                    if normal() > 0.5 {
                        9.0_f64.ln()
                    } else {
                        -9.0_f64.ln()
                    }
                })
                .collect();
            let held: Vec<bool> = log_odds
                .iter()
                .map(|l| (*l > 0.0) != (normal() > 1.28))
                .collect();
            let residual = (0..4)
                .map(|d| {
                    let effects = held.iter().zip(weights.column(d)).filter(|(z, _)| **z);
                    normal() + effects.map(|(_, w)| w).sum::<f64>()
                })
                .collect();
            Case {
                weights: weights.clone(),
                log_odds,
                residual,
            }
        })
        .collect()
}

#[test]
fn typical_items_are_within_a_thousandth() {
    let cases = typical_cases();
    let solver = ExpectationPropagation::new(cases[0].weights.view());
    let mut workspace = solver.workspace();
    let (mut log_likelihood, mut marginal, mut pair, mut product) = (0.0, 0.0, 0.0, 0.0);
    for case in &cases {
        let truth = case.brute_force();
        let mut marginals = vec![0.0; 10];
        let solved = solver
            .solve(&mut workspace, case.item(), Moments::Pairs, &mut marginals)
            .expect("always answers");
        assert!(!solved.rescued);
        let pairs = solver.take_pairs(&mut workspace);
        log_likelihood += (solved.log_likelihood - truth.log_likelihood).abs() / 100.0;
        for k in 0..10 {
            marginal += (marginals[k] - truth.marginals[k]).abs() / 1000.0;
            for l in 0..k {
                let wanted = truth.pairs[[k, l]];
                pair += (pairs[[k, l]] - wanted).abs() / 4500.0;
                product += (marginals[k] * marginals[l] - wanted).abs() / 4500.0;
            }
        }
    }
    assert!(log_likelihood < 2e-3, "{log_likelihood}");
    assert!(marginal < 1e-3, "{marginal}");
    assert!(pair < 1e-3 && pair < 0.2 * product, "{pair} {product}");
}
