//! What the planner takes apart and puts together is the posterior, and it says what it did.

use genz_core::posterior::{Method, Moments, Posterior, Problem, SolverChoice, posterior};
use genz_core::{CancelToken, Error};
use ndarray::{Array1, Array2};
use proptest::prelude::*;

/// Owned arguments of [`Problem::new`], noise of variance 1 and no intercept.
#[derive(Debug, Clone)]
struct Arguments {
    targets: Array2<f64>,
    weights: Array2<f64>,
    log_odds: Array2<f64>,
}

impl Arguments {
    fn solve(&self, choice: SolverChoice) -> Result<Posterior, Error> {
        let n_targets = self.targets.ncols();
        let (intercept, noise) = (Array1::zeros(n_targets), Array1::ones(n_targets));
        let problem = Problem::new(
            self.targets.view(),
            self.weights.view(),
            intercept.view(),
            noise.view(),
            self.log_odds.view(),
            None,
        )?;
        posterior(&problem, choice, Moments::Pairs, &CancelToken::default())
    }

    /// Log evidence of each item, E[z] and the sum of E[zz'], over all states in the log domain.
    fn brute_force(&self) -> (Vec<f64>, Array2<f64>, Array2<f64>) {
        let (n_items, n_features) = self.log_odds.dim();
        let mut log_evidence = Vec::new();
        let mut marginals = Array2::zeros((n_items, n_features));
        let mut pairs = Array2::zeros((n_features, n_features));
        for item in 0..n_items {
            let states: Vec<(f64, Array1<f64>)> = (0..1_usize << n_features)
                .map(|state| {
                    let z = Array1::from_shape_fn(n_features, |k| (state >> k & 1) as f64);
                    let residual = &self.targets.row(item) - &z.dot(&self.weights);
                    let prior: f64 = (0..n_features)
                        .map(|k| {
                            let l = self.log_odds[[item, k]];
                            let against = if z[k] > 0.0 { -l } else { l };
                            -against.max(0.0) - (-against.abs()).exp().ln_1p()
                        })
                        .sum();
                    (prior - 0.5 * residual.dot(&residual), z)
                })
                .collect();
            let highest = states
                .iter()
                .fold(f64::NEG_INFINITY, |most, s| most.max(s.0));
            let mass: f64 = states.iter().map(|s| (s.0 - highest).exp()).sum();
            let normaliser = 0.5 * std::f64::consts::TAU.ln() * self.targets.ncols() as f64;
            log_evidence.push(highest + mass.ln() - normaliser);
            for (log, z) in &states {
                let share = (log - highest).exp() / mass;
                marginals.row_mut(item).scaled_add(share, z);
                for k in 0..n_features {
                    pairs.row_mut(k).scaled_add(share * z[k], z);
                }
            }
        }
        (log_evidence, marginals, pairs)
    }
}

fn matrix(
    n_rows: usize,
    n_columns: usize,
    entry: impl Strategy<Value = f64>,
) -> impl Strategy<Value = Array2<f64>> {
    prop::collection::vec(entry, n_rows * n_columns).prop_map(move |entries| {
        Array2::from_shape_vec((n_rows, n_columns), entries).expect("as many entries as drawn")
    })
}

/// Weights of which many are zero, so that features come apart, some in fewer dimensions.
fn sparse() -> impl Strategy<Value = Arguments> {
    let weight = prop_oneof![1 => -3.0..3.0_f64, 1 => Just(0.0)];
    let log_odds = prop_oneof![
        8 => -6.0..6.0_f64,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY)
    ];
    (1..30_usize, 0..8_usize, 1..6_usize).prop_flat_map(move |(n_items, n_features, n_targets)| {
        (
            matrix(n_items, n_targets, -6.0..6.0),
            matrix(n_features, n_targets, weight.clone()),
            matrix(n_items, n_features, log_odds.clone()),
        )
            .prop_map(|(targets, weights, log_odds)| Arguments {
                targets,
                weights,
                log_odds,
            })
    })
}

fn distance<'a>(
    one: impl IntoIterator<Item = &'a f64>,
    other: impl IntoIterator<Item = &'a f64>,
) -> f64 {
    one.into_iter()
        .zip(other)
        .map(|(a, b)| (a - b).abs() / a.abs().max(1.0))
        .fold(0.0, f64::max)
}

fn check(arguments: &Arguments, choice: SolverChoice, close: f64) -> Result<(), TestCaseError> {
    let got = arguments.solve(choice).expect("a solver that applies");
    let (log_evidence, marginals, pairs) = arguments.brute_force();
    prop_assert!(got.report.is_exact());
    prop_assert!(distance(&got.log_evidence, &log_evidence) < close);
    prop_assert!(distance(got.marginals.as_ref().expect("asked for"), &marginals) < close);
    prop_assert!(distance(got.pair_moments.as_ref().expect("asked for"), &pairs) < close);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_structure_is_the_sum_over_states(arguments in sparse()) {
        check(&arguments, SolverChoice::Auto, 1e-11)?;
        check(&arguments, SolverChoice::Enumeration, 1e-11)?;
        check(&arguments, SolverChoice::BranchAndBound, 1e-8)?;
    }
}

/// Features with effects between 0.5 and 1.5 in every dimension.
fn dense(n_items: usize, n_features: usize, n_targets: usize) -> Arguments {
    let number = |i: usize, j: usize| ((i * 31 + j * 17 + 7) as f64 * 0.618_033_988_749).fract();
    Arguments {
        targets: Array2::from_shape_fn((n_items, n_targets), |(i, d)| 4.0 * number(i, d)),
        weights: Array2::from_shape_fn((n_features, n_targets), |(k, d)| {
            0.5 + number(k + 5, d + 3)
        }),
        log_odds: Array2::from_shape_fn((n_items, n_features), |(i, k)| 4.0 * number(k, i) - 2.0),
    }
}

#[test]
fn auto_is_exact_wherever_an_exact_method_answers() {
    for (n_features, n_targets, wanted) in [
        (6, 8, Method::Enumeration),
        (22, 3, Method::Enumeration),
        (60, 1, Method::Quadrature),
        (26, 4, Method::ExpectationPropagation),
    ] {
        let report = dense(2, n_features, n_targets)
            .solve(SolverChoice::Auto)
            .expect("answers")
            .report;
        assert!(report.methods.contains(&wanted), "{n_features} {report:?}");
        assert_eq!(report.methods.len(), 1);
        assert_eq!(report.is_exact(), wanted != Method::ExpectationPropagation);
        assert!(report.why().contains(wanted.name()));
        assert!(report.predicted_seconds > 0.0 && report.seconds > 0.0);
    }
}

#[test]
fn branch_and_bound_is_taken_where_few_states_matter() {
    // 28 features that hardly overlap, in 30 dimensions and little noise.
    let mut arguments = dense(3, 28, 30);
    arguments.weights = Array2::from_shape_fn((28, 30), |(k, d)| match d.abs_diff(k) {
        0 => 9.0,
        1 => 1.0,
        _ => 0.0,
    });
    let held = Array2::from_shape_fn((3, 28), |(i, k)| ((i + k) % 3 / 2) as f64);
    arguments.targets = held.dot(&arguments.weights) + 0.1 * &arguments.targets;
    let report = arguments.solve(SolverChoice::Auto).expect("answers").report;
    assert_eq!(report.solver(), "branch_and_bound");
    assert!(report.is_exact() && report.worst_certificate < 1e-9);
}

#[test]
fn a_solver_that_cannot_answer_refuses() {
    let refused = |n_features, n_targets, choice| {
        dense(2, n_features, n_targets)
            .solve(choice)
            .expect_err("cannot answer")
    };
    assert_eq!(
        refused(23, 2, SolverChoice::Enumeration),
        Error::TooManyFeatures {
            n_features: 23,
            limit: 22
        }
    );
    assert_eq!(
        refused(5, 3, SolverChoice::Quadrature),
        Error::RankTooHigh { rank: 3 }
    );
    assert_eq!(
        refused(40, 3, SolverChoice::BranchAndBound),
        Error::NotCertified { item: 0 }
    );
}
