//! Branch and bound against the sum over states.

use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::posterior::brute_force::{Case, case, distance};

fn solver(case: &Case, max_nodes: usize) -> BranchAndBound {
    BranchAndBound::new(case.weights.view(), max_nodes, &CancelToken::default())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_is_the_sum_over_states(case in case(8, 10), d in any::<prop::sample::Index>()) {
        let truth = case.brute_force();
        let solver = solver(&case, 1 << 20);
        let mut workspace = solver.workspace();
        let mut marginals = vec![0.0; case.log_odds.len()];
        let solved = solver
            .solve(&mut workspace, case.item(), Moments::Pairs, &mut marginals)
            .expect("within the budget");
        prop_assert!(solved.certificate <= MAX_NEGLECTED);
        let rounding = case.rounding(truth.log_likelihood);
        let close = MAX_NEGLECTED + rounding;
        prop_assert!((solved.log_likelihood - truth.log_likelihood).abs() < close);
        prop_assert!(distance(&marginals, &truth.marginals) < close);
        prop_assert!(distance(&solver.take_pairs(&mut workspace), &truth.pairs) < close);

        let d = d.index(case.residual.len());
        let got = solver
            .residual_moments(&mut workspace, case.item(), d)
            .expect("within the budget");
        let (wanted, pairs) = case.residual_moments(&truth, d);
        // A neglected state may have any residual.
        let size = 1.0 + case.residual[d].abs() + case.weights.column(d).mapv(f64::abs).sum();
        let close = close * size * size;
        prop_assert!((got.first - wanted.first).abs() < close);
        prop_assert!((got.second - wanted.second).abs() < close);
        prop_assert!(distance(&got.features_first, &wanted.features_first) < close);
        prop_assert!(distance(&got.features_second, &wanted.features_second) < close);
        prop_assert!(distance(&solver.take_pairs(&mut workspace), &pairs) < close);
    }
}

/// Features of equal size in every dimension, with a residual that contradicts them all.
fn hard_case(n_features: usize) -> Case {
    Case {
        weights: Array2::from_shape_fn((n_features, 1), |(k, _)| 0.1 + 0.01 * k as f64),
        log_odds: vec![0.3; n_features],
        residual: vec![0.7],
    }
}

#[test]
fn a_budget_that_does_not_suffice_is_an_error() {
    let case = hard_case(30);
    let solver = solver(&case, 5000);
    let error = solver.count_nodes(&mut solver.workspace(), case.item());
    assert_eq!(
        error,
        Err(Error::TooManyNodes {
            item: 0,
            limit: 5000
        })
    );
}

#[test]
fn more_than_64_features_are_no_limit() {
    let n_features = 80;
    let case = Case {
        weights: Array2::eye(n_features) * 12.0,
        log_odds: vec![0.0; n_features],
        residual: (0..n_features)
            .map(|k| if k % 3 == 0 { 11.5 } else { 0.5 })
            .collect(),
    };
    let solver = solver(&case, 10_000);
    let mut workspace = solver.workspace();
    let mut marginals = vec![0.0; n_features];
    let solved = solver
        .solve(
            &mut workspace,
            case.item(),
            Moments::Marginals,
            &mut marginals,
        )
        .expect("one state holds nearly all mass");
    // Features do not interact: a product.
    let log_odds: f64 = 12.0 * (11.5 - 6.0);
    let alone = -0.125 - (2.0_f64).ln() + (-log_odds).exp();
    assert!((solved.log_likelihood - 80.0 * alone).abs() < 1e-9);
    assert!(
        marginals
            .iter()
            .enumerate()
            .all(|(k, p)| (k % 3 == 0) == (*p > 0.5))
    );
}

#[test]
fn a_cancelled_search_stops() {
    let case = hard_case(40);
    let cancel = CancelToken::default();
    cancel.cancel();
    let solver = BranchAndBound::new(case.weights.view(), usize::MAX, &cancel);
    let error = solver.count_nodes(&mut solver.workspace(), case.item());
    assert_eq!(error, Err(Error::Cancelled));
}
