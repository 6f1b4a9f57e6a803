//! Properties that hold for any problem: solvers agree, sums are sums, order does not matter.

use genz_core::CancelToken;
use genz_core::posterior::{Moments, Posterior, Problem, SolverChoice, posterior};
use ndarray::{Array1, Array2, Axis};
use proptest::prelude::*;

/// Owned arguments of [`Problem::new`].
#[derive(Debug, Clone)]
struct Arguments {
    targets: Array2<f64>,
    weights: Array2<f64>,
    intercept: Array1<f64>,
    noise_variance: Array1<f64>,
    log_odds: Array2<f64>,
    item_weights: Array1<f64>,
}

impl Arguments {
    fn solve(&self, choice: SolverChoice) -> Posterior {
        let problem = Problem::new(
            self.targets.view(),
            self.weights.view(),
            self.intercept.view(),
            self.noise_variance.view(),
            self.log_odds.view(),
            Some(self.item_weights.view()),
        )
        .expect("the strategy draws valid problems");
        posterior(&problem, choice, Moments::Pairs, &CancelToken::default())
            .expect("a solver that applies")
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

fn arguments(n_targets: usize) -> impl Strategy<Value = Arguments> {
    let target = prop_oneof![9 => -20.0..20.0, 1 => Just(f64::NAN)];
    let weight = prop_oneof![8 => -4.0..4.0, 1 => Just(0.0), 1 => Just(1.5)];
    let log_odds = prop_oneof![
        8 => -6.0..6.0,
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY)
    ];
    (1..6_usize, 0..7_usize).prop_flat_map(move |(n_items, n_features)| {
        (
            matrix(n_items, n_targets, target.clone()),
            matrix(n_features, n_targets, weight.clone()),
            matrix(1, n_targets, -3.0..3.0),
            matrix(1, n_targets, 0.05..4.0),
            matrix(n_items, n_features, log_odds.clone()),
            matrix(1, n_items, prop_oneof![4 => 0.1..3.0, 1 => Just(0.0)]),
        )
            .prop_map(
                |(targets, weights, intercept, noise, log_odds, v)| Arguments {
                    targets,
                    weights,
                    intercept: intercept.row(0).to_owned(),
                    noise_variance: noise.row(0).to_owned(),
                    log_odds,
                    item_weights: v.row(0).to_owned(),
                },
            )
    })
}

fn marginals(posterior: &Posterior) -> &Array2<f64> {
    posterior
        .marginals
        .as_ref()
        .expect("pairs include marginals")
}

fn pairs(posterior: &Posterior) -> Array2<f64> {
    posterior.pair_moments.clone().expect("asked for")
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

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn quadrature_is_enumeration(arguments in arguments(1)) {
        let one = arguments.solve(SolverChoice::Enumeration);
        let other = arguments.solve(SolverChoice::Quadrature);
        prop_assert!(distance(&one.log_evidence, &other.log_evidence) < 1e-10);
        prop_assert!(distance(marginals(&one), marginals(&other)) < 1e-10);
        prop_assert!(distance(&pairs(&one), &pairs(&other)) < 1e-10);
    }

    #[test]
    fn pair_moments_are_sums_of_marginals_and_bounded_by_them(arguments in arguments(2)) {
        let posterior = arguments.solve(SolverChoice::Auto);
        let (pairs, marginals) = (pairs(&posterior), marginals(&posterior));
        let sums = arguments.item_weights.dot(marginals);
        prop_assert!(distance(pairs.diag(), &sums) < 1e-12);
        for ((k, l), &pair) in pairs.indexed_iter() {
            prop_assert_eq!(pair, pairs[[l, k]]);
            prop_assert!(pair >= -1e-12 && pair <= sums[k].min(sums[l]) + 1e-12);
        }
        prop_assert!(marginals.iter().all(|p| (0.0..=1.0 + 1e-15).contains(p)));
    }

    #[test]
    fn order_does_not_matter(arguments in arguments(2)) {
        let (n_items, n_features) = arguments.log_odds.dim();
        let items: Vec<usize> = (0..n_items).rev().collect();
        let features: Vec<usize> = (0..n_features).map(|k| (k + 2) % n_features).collect();
        let permuted = Arguments {
            targets: arguments.targets.select(Axis(0), &items),
            weights: arguments.weights.select(Axis(0), &features),
            log_odds: arguments.log_odds.select(Axis(0), &items).select(Axis(1), &features),
            item_weights: arguments.item_weights.select(Axis(0), &items),
            ..arguments.clone()
        };
        let straight = arguments.solve(SolverChoice::Auto);
        let other = permuted.solve(SolverChoice::Auto);
        let evidence = straight.log_evidence.select(Axis(0), &items);
        prop_assert!(distance(&other.log_evidence, &evidence) < 1e-11);
        let expected = marginals(&straight).select(Axis(0), &items).select(Axis(1), &features);
        prop_assert!(distance(marginals(&other), &expected) < 1e-11);
        let expected = pairs(&straight).select(Axis(0), &features).select(Axis(1), &features);
        prop_assert!(distance(&pairs(&other), &expected) < 1e-11);
    }

    #[test]
    fn two_features_of_one_weight_are_exchangeable(arguments in arguments(1), weight in 0.5..3.0) {
        prop_assume!(arguments.weights.nrows() >= 2);
        let mut doubled = arguments;
        doubled.weights[[0, 0]] = weight;
        doubled.weights[[1, 0]] = weight;
        let first = doubled.log_odds.column(0).to_owned();
        doubled.log_odds.column_mut(1).assign(&first);
        for choice in [SolverChoice::Enumeration, SolverChoice::Quadrature] {
            let posterior = doubled.solve(choice);
            let marginals = marginals(&posterior);
            prop_assert!(distance(marginals.column(0), marginals.column(1)) < 1e-11);
        }
    }
}
