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
    fn it_is_the_sum_over_states(case in case(8, 10)) {
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

/// One solve of an item, whatever it finds.
fn outcome(solver: &BranchAndBound, case: &Case) -> Result<Solved> {
    let mut marginals = vec![0.0; case.log_odds.len()];
    let mut workspace = solver.workspace();
    solver.solve(&mut workspace, case.item(), Moments::None, &mut marginals)
}

#[test]
fn a_budget_that_does_not_suffice_is_an_error() {
    let case = hard_case(30);
    let error = outcome(&solver(&case, 5000), &case).expect_err("too many states");
    assert_eq!(error, Error::NotCertified { item: 0 });
}

#[test]
fn a_pilot_tells_whether_the_search_pays() {
    let case = hard_case(30);
    let mut pilot = Tile::default();
    pilot.resize(1, 30, 1);
    pilot.log_odds.set_item(0, case.log_odds.iter().copied());
    pilot.residuals.set_item(0, case.residual.iter().copied());
    assert_eq!(solver(&case, 5000).mean_nodes(&pilot), Ok(None));
    // Noise of a hundredth leaves few states.
    let clear = Case {
        weights: Array2::eye(30) * 12.0,
        ..case
    };
    pilot.resize(1, 30, 30);
    pilot.residuals.set_item(0, vec![11.0; 30]);
    let n_nodes = solver(&clear, 5000)
        .mean_nodes(&pilot)
        .expect("not cancelled");
    assert!(n_nodes.is_some_and(|n| n < 200.0), "{n_nodes:?}");
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
    let error = outcome(&solver, &case).expect_err("cancelled");
    assert_eq!(error, Error::Cancelled);
}
