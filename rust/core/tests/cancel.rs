//! A cancel token stops the computations while they run.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use genz_core::em::{Input, JudgmentKind, Judgments, Noise, Options, RatePrior, Reals, fit};
use genz_core::posterior::{Moments, Problem, SolverChoice, posterior};
use genz_core::{CancelToken, Error};
use ndarray::{Array1, Array2};

/// Numbers without a pattern in [0, 1).
fn scramble(n_rows: usize, n_columns: usize) -> Array2<f64> {
    Array2::from_shape_fn((n_rows, n_columns), |(i, j)| {
        ((i * n_columns + j + 1) as f64 * 0.618_033_988_749_895 * 7.0).fract()
    })
}

/// Run `work`, which would take minutes, cancel it while it computes and return its error.
fn cancelled_error(work: impl FnOnce(&CancelToken) -> Error + Send) -> Error {
    let token = CancelToken::default();
    thread::scope(|scope| {
        let (done, finished) = channel();
        let token = &token;
        let worker = scope.spawn(move || {
            let error = work(token);
            done.send(()).expect("the test waits");
            error
        });
        let early = finished.recv_timeout(Duration::from_millis(200));
        assert_eq!(early, Err(RecvTimeoutError::Timeout), "ended by itself");
        token.cancel();
        finished
            .recv_timeout(Duration::from_secs(5))
            .expect("stops soon after it is asked to");
        worker.join().expect("no panic")
    })
}

#[test]
fn a_posterior_stops() {
    let (targets, log_odds) = (scramble(100_000, 2), scramble(100_000, 19));
    let (weights, ones) = (scramble(19, 2), Array1::ones(2));
    let problem = Problem::new(
        targets.view(),
        weights.view(),
        ones.view(),
        ones.view(),
        log_odds.view(),
        None,
    )
    .expect("valid");
    let error = cancelled_error(|cancel| {
        posterior(&problem, SolverChoice::Enumeration, Moments::Pairs, cancel)
            .expect_err("cancelled")
    });
    assert_eq!(error, Error::Cancelled);
}

#[test]
fn a_fit_stops() {
    let judgments = scramble(3000, 16).mapv(f64::round);
    let (targets, covariates) = (scramble(3000, 1), Array2::zeros((3000, 0)));
    let ridge = Array2::ones((16, 1));
    let input = Input {
        judgments: Judgments::Doubles(judgments.view()),
        targets: Reals::Doubles(targets.view()),
        covariates: Reals::Doubles(covariates.view()),
        item_weights: None,
        ridge: ridge.view(),
        gold: None,
    };
    let options = Options {
        noise: Noise::Asymmetric,
        rate_prior: RatePrior {
            strength: 20.0,
            centre: 0.05,
        },
        pooling: false,
        max_iter: 1_000_000,
        tol: 0.0,
        acceleration: true,
        solver: SolverChoice::Enumeration,
        covariance: false,
        held: None,
    };
    let kinds = vec![JudgmentKind::Auto; 16];
    let error =
        cancelled_error(|cancel| fit(input, &kinds, &options, &[], cancel).expect_err("cancelled"));
    assert_eq!(error, Error::Cancelled);
}
