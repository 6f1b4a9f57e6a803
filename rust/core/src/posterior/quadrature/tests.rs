//! Against the sum over all states, term by term from the residual of each state.

use ndarray::{Array1, Array2};
use proptest::prelude::*;

use super::*;
use crate::numeric::softplus;

/// The accuracy that an accepted item keeps.
const TOLERANCE: f64 = 5e-11;

/// One item with the weights of its group.
#[derive(Debug, Clone)]
struct Problem<const D: usize> {
    weights: Array2<f64>,
    log_odds: Vec<f64>,
    residual: Vec<f64>,
}

/// E[.], E[z_k .] and E[z_k z_l .] of a weighting.
struct Moments3 {
    mean: f64,
    marginals: Array1<f64>,
    pairs: Array2<f64>,
}

impl<const D: usize> Problem<D> {
    fn item(&self) -> Item<'_> {
        Item {
            log_odds: &self.log_odds,
            residual: &self.residual,
            weight: 2.0,
        }
    }

    fn solver(&self) -> Quadrature<D> {
        Quadrature::new(self.weights.view(), &CancelToken::default())
    }

    /// Log prior and residual of every state.
    fn states(&self) -> Vec<(f64, Vec<f64>)> {
        let n_features = self.log_odds.len();
        let states = (0..1_usize << n_features).map(|state| {
            let mut residual = self.residual.clone();
            let mut log_prior = 0.0;
            for (k, &log_odds) in self.log_odds.iter().enumerate() {
                let holds = state >> k & 1 == 1;
                log_prior -= softplus(if holds { -log_odds } else { log_odds });
                for (r, w) in residual.iter_mut().zip(self.weights.row(k)) {
                    *r -= if holds { *w } else { 0.0 };
                }
            }
            (log_prior, residual)
        });
        states.collect()
    }

    /// The log likelihood, and probability and residual of every state. States are compared by the
    /// differences of their residuals: those of the logarithms would have lost digits.
    fn posterior(&self) -> (f64, Vec<(f64, Vec<f64>)>) {
        let states = self.states();
        let log_joint = |(log_prior, residual): &(f64, Vec<f64>)| {
            log_prior - 0.5 * residual.iter().map(|r| r * r).sum::<f64>()
        };
        let by_mass =
            |a: &&(f64, Vec<f64>), b: &&(f64, Vec<f64>)| log_joint(a).total_cmp(&log_joint(b));
        let likeliest = states
            .iter()
            .max_by(by_mass)
            .expect("at least one state")
            .clone();
        let masses = states.into_iter().map(|(log_prior, residual)| {
            let steps = residual.iter().zip(&likeliest.1);
            let lost: f64 = steps.map(|(r, s)| 0.5 * (r - s) * (r + s)).sum();
            ((log_prior - likeliest.0 - lost).exp(), residual)
        });
        let mut masses: Vec<(f64, Vec<f64>)> = masses.collect();
        let total: f64 = masses.iter().map(|m| m.0).sum();
        for (mass, _) in &mut masses {
            *mass /= total;
        }
        (log_joint(&likeliest) + total.ln(), masses)
    }

    fn moments(&self, weighting: impl Fn(&[f64]) -> f64) -> Moments3 {
        let n_features = self.log_odds.len();
        let mut moments = Moments3 {
            mean: 0.0,
            marginals: Array1::zeros(n_features),
            pairs: Array2::zeros((n_features, n_features)),
        };
        for (state, (mass, residual)) in self.posterior().1.iter().enumerate() {
            let mass = mass * weighting(residual);
            moments.mean += mass;
            for k in (0..n_features).filter(|k| state >> k & 1 == 1) {
                moments.marginals[k] += mass;
                for l in (0..n_features).filter(|l| state >> l & 1 == 1) {
                    moments.pairs[[k, l]] += mass;
                }
            }
        }
        moments
    }

    /// Solves with all moments and compares.
    fn check(&self) {
        self.check_with(&self.solver());
    }

    fn check_with(&self, solver: &Quadrature<D>) {
        let mut workspace = solver.workspace();
        let mut marginals = vec![0.0; self.log_odds.len()];
        let solved = solver
            .solve(&mut workspace, self.item(), Moments::Pairs, &mut marginals)
            .expect("few features can always be enumerated");
        let (log_likelihood, _) = self.posterior();
        close(&[solved.log_likelihood], &[log_likelihood], log_likelihood);
        let plain = solver
            .solve(&mut workspace, self.item(), Moments::None, &mut [])
            .expect("as before");
        close(&[plain.log_likelihood], &[log_likelihood], log_likelihood);
        let want = self.moments(|_| 1.0);
        close(&marginals, &want.marginals, 1.0);
        close(&solver.take_pairs(&mut workspace), &(2.0 * want.pairs), 2.0);
    }
}

fn close<'a>(
    got: impl IntoIterator<Item = &'a f64>,
    want: impl IntoIterator<Item = &'a f64>,
    size: f64,
) {
    for (got, want) in got.into_iter().zip(want) {
        let error = (got - want).abs() / size.abs().max(1.0);
        assert!(error < TOLERANCE, "{got} is not {want}: {error:e}");
    }
}

fn log_odds() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -6.0..6.0,
        1 => -60.0..60.0,
        1 => prop::sample::select(vec![-745.0, 745.0, 0.0]),
        1 => Just(f64::INFINITY),
        1 => Just(f64::NEG_INFINITY)
    ]
}

/// Weights of one size, with zeros and duplicates.
fn problem<const D: usize>() -> impl Strategy<Value = Problem<D>> {
    let size = prop_oneof![4 => 0.1..5.0, 2 => 5.0..50.0, 1 => 50.0..2000.0];
    let weight = prop_oneof![6 => -1.0..1.0, 1 => Just(0.0), 1 => Just(0.5)];
    (0..9_usize, size).prop_flat_map(move |(n_features, size): (usize, f64)| {
        (
            prop::collection::vec(weight.clone(), n_features * D),
            prop::collection::vec(log_odds(), n_features),
            prop::collection::vec(any::<bool>(), n_features),
            prop::collection::vec(prop_oneof![4 => -4.0..4.0, 1 => -40.0..40.0], D),
        )
            .prop_map(move |(weights, log_odds, states, noise)| {
                let weights: Array2<f64> = Array2::from_shape_vec((n_features, D), weights)
                    .expect("as many weights as drawn");
                // Few digits, so that the sums of the reference are exact.
                let weights = weights.mapv(|w: f64| (size * w * 1024.0).round() / 1024.0);
                let residual = (0..D).map(|d| {
                    let held = states.iter().zip(weights.column(d)).filter(|(z, _)| **z);
                    noise[d] + held.map(|(_, w)| w).sum::<f64>()
                });
                Problem {
                    residual: residual.collect(),
                    weights: weights.clone(),
                    log_odds,
                }
            })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_dimension_is_the_sum_over_states(problem in problem::<1>()) {
        problem.check();
    }

    #[test]
    fn two_dimensions_are_the_sum_over_states(problem in problem::<2>()) {
        problem.check();
    }
}

/// Vectors of every length: a machine tests those that it has.
#[test]
fn every_instruction_set_is_exact() {
    let mut archs = vec![Arch::Scalar, Arch::new()];
    #[cfg(target_arch = "x86_64")]
    archs.extend(pulp::x86::V3::try_new().map(Arch::V3));
    for arch in archs {
        // The last one cancels.
        for size in [0.5, 2.0, 400.0] {
            let log_odds = vec![0.3, -2.0, 1.0, f64::NEG_INFINITY, 0.0, 4.0, -0.5];
            let one = Problem::<1> {
                weights: Array2::from_shape_fn((7, 1), |(k, _)| size * (k as f64 - 2.5)),
                log_odds: log_odds.clone(),
                residual: vec![0.75 + size],
            };
            one.check_with(&Quadrature {
                arch,
                ..one.solver()
            });
            let two = Problem::<2> {
                weights: Array2::from_shape_fn((7, 2), |(k, d)| size * ((k * (d + 3)) % 5) as f64),
                log_odds,
                residual: vec![0.75 + size, 3.0 * size],
            };
            two.check_with(&Quadrature {
                arch,
                ..two.solver()
            });
        }
    }
}

#[test]
fn a_target_far_out_is_exact() {
    for distance in [-1e5, -1e3, 1e2, 1e4, 1e5] {
        let log_odds = vec![2.0, -1.0, 0.5, -40.0, f64::INFINITY, 3.0];
        let weights = Array2::from_shape_fn((6, 1), |(k, _)| 0.7 * k as f64 - 1.6);
        let one = Problem::<1> {
            weights,
            log_odds: log_odds.clone(),
            residual: vec![distance],
        };
        one.check();
        let weights = Array2::from_shape_fn((6, 2), |(k, d)| (k * k + d) as f64 * 0.3 - 1.6);
        let two = Problem::<2> {
            weights,
            log_odds,
            residual: vec![distance, -0.3 * distance],
        };
        two.check();
    }
}

/// Two dimensions of which the second is a multiple of the first are one dimension.
#[test]
fn a_plane_of_rank_one_is_a_line() {
    let line = Array2::from_shape_fn((40, 1), |(k, _)| ((k * 7) % 11) as f64 * 0.2 - 0.9);
    let plane = Array2::from_shape_fn((40, 2), |(k, d)| {
        line[[k, 0]] * if d == 0 { 0.6 } else { 0.8 }
    });
    let log_odds: Vec<f64> = (0..40).map(|k| f64::from(k % 5) - 2.5).collect();
    let (one, two) = (
        Problem::<1> {
            weights: line,
            log_odds: log_odds.clone(),
            residual: vec![1.5],
        },
        Problem::<2> {
            weights: plane,
            log_odds,
            // Along the line 1.5, across it 0.
            residual: vec![0.9, 1.2],
        },
    );
    let (solver_of_one, solver_of_two) = (one.solver(), two.solver());
    let (mut workspace_of_one, mut workspace_of_two) =
        (solver_of_one.workspace(), solver_of_two.workspace());
    let (mut marginals_of_one, mut marginals_of_two) = ([0.0; 40], [0.0; 40]);
    let answer_of_one = solver_of_one
        .solve(
            &mut workspace_of_one,
            one.item(),
            Moments::Pairs,
            &mut marginals_of_one,
        )
        .expect("certified");
    let answer_of_two = solver_of_two
        .solve(
            &mut workspace_of_two,
            two.item(),
            Moments::Pairs,
            &mut marginals_of_two,
        )
        .expect("certified");
    assert!(!answer_of_one.rescued && !answer_of_two.rescued);
    close(
        &[answer_of_two.log_likelihood],
        &[answer_of_one.log_likelihood],
        1.0,
    );
    close(&marginals_of_two, &marginals_of_one, 1.0);
    let pairs_of_one = solver_of_one.take_pairs(&mut workspace_of_one);
    close(
        &solver_of_two.take_pairs(&mut workspace_of_two),
        &pairs_of_one,
        2.0,
    );
}

/// Forty weights of thousands of noise standard deviations: neither a table of the grid nor the
/// states can be had, and the posterior is that of a problem whose weights are whole numbers.
#[test]
fn weights_far_above_the_noise_need_a_wide_grid() {
    let problem = Problem::<1> {
        weights: Array2::from_shape_fn((40, 1), |(k, _)| 2000.0 + ((k * 577) % 1999) as f64),
        log_odds: vec![0.0; 40],
        residual: vec![60_000.25],
    };
    let solver = problem.solver();
    assert!(solver.nodes(0).is_none());
    let mut workspace = solver.workspace();
    let mut marginals = [0.0; 40];
    let solved = solver
        .solve(
            &mut workspace,
            problem.item(),
            Moments::Marginals,
            &mut marginals,
        )
        .expect("the wide grid answers");
    assert!(solved.rescued);
    // Counts of states by the sum of their weights, with and without the first feature.
    let counts = |features: std::ops::Range<usize>| {
        let mut counts = vec![0.0; 130_000];
        counts[0] = 1.0;
        for k in features {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "whole"
            )]
            let weight = problem.weights[[k, 0]] as usize;
            for sum in (weight..counts.len()).rev() {
                counts[sum] += counts[sum - weight];
            }
        }
        counts
    };
    let mass = |counts: &[f64], residual: f64| -> f64 {
        let terms = counts.iter().enumerate().map(|(sum, count)| {
            let residual: f64 = residual - sum as f64;
            count * (-0.5 * residual * residual).exp()
        });
        terms.sum()
    };
    let all = mass(&counts(0..40), problem.residual[0]);
    let with_first = mass(
        &counts(1..40),
        problem.residual[0] - problem.weights[[0, 0]],
    );
    let log_likelihood = all.ln() - 40.0 * std::f64::consts::LN_2;
    close(&[solved.log_likelihood], &[log_likelihood], log_likelihood);
    close(&marginals[..1], &[with_first / all], 1.0);
}
