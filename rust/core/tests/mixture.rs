//! Predictive mixtures against the sum over states.

use genz_core::mixture::{Background, Mixtures};
use genz_core::{CancelToken, Error};
use ndarray::{Array1, Array2, array};
use proptest::prelude::*;

/// The normal distribution function by Simpson's rule: slow, plain and good to 1e-12.
fn normal(x: f64) -> f64 {
    if x.abs() > 9.0 {
        return f64::from(u8::from(x > 0.0));
    }
    let n_steps = 2000;
    let step = x / f64::from(n_steps);
    let sum: f64 = (0..=n_steps)
        .map(|i| {
            let weight = match i {
                0 => 1.0,
                i if i == n_steps => 1.0,
                i if i % 2 == 1 => 4.0,
                _ => 2.0,
            };
            let t = f64::from(i) * step;
            weight * (-0.5 * t * t).exp()
        })
        .sum();
    0.5 + sum * step / 3.0 / std::f64::consts::TAU.sqrt()
}

fn by_states(log_odds: &[f64], weights: &[f64], shift: f64, sd: f64, value: f64) -> f64 {
    (0..1_usize << weights.len())
        .map(|state| {
            let (mut mass, mut mean) = (1.0, shift);
            for (k, (l, w)) in log_odds.iter().zip(weights).enumerate() {
                let p = 1.0 / (1.0 + (-l).exp());
                if state >> k & 1 == 1 {
                    mass *= p;
                    mean += w;
                } else {
                    mass *= 1.0 - p;
                }
            }
            mass * normal((value - mean) / sd)
        })
        .sum()
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: 64,
        ..ProptestConfig::default()
    })]

    #[test]
    fn distribution_is_the_sum_over_states(
        features in prop::collection::vec((-5.0..5.0_f64, -6.0..6.0_f64), 0..6),
        sd in 0.05..3.0_f64,
        shift in -5.0..5.0_f64,
        value in -25.0..25.0_f64,
        background in prop::option::of((0.0..0.9_f64, -20.0..20.0_f64, 0.1..9.0_f64)),
    ) {
        let (log_odds, weights): (Vec<f64>, Vec<f64>) = features.into_iter().unzip();
        let matrix = Array2::from_shape_vec((1, log_odds.len()), log_odds.clone()).expect("a row");
        let effects = Array1::from_vec(weights.clone());
        let (shifts, sds) = (array![shift], array![sd]);
        let mixtures = Mixtures {
            log_odds: matrix.view(),
            weights: effects.view(),
            shift: shifts.view(),
            sd: sds.view(),
            background: background.map(|(share, mean, sd)| Background { share, mean, sd }),
        };
        let below = |value: f64| {
            let typical = by_states(&log_odds, &weights, shift, sd, value);
            background.map_or(typical, |(share, mean, sd)| {
                (1.0 - share) * typical + share * normal((value - mean) / sd)
            })
        };
        let cancel = CancelToken::default();
        let got = mixtures.distribution(array![value].view(), &cancel).expect("valid")[0];
        prop_assert!((got - below(value)).abs() < 1e-10);

        let levels = [0.01, 0.1, 0.5, 0.8, 0.99];
        let quantiles = mixtures.quantiles(&levels, &cancel).expect("valid");
        for (quantile, level) in quantiles.row(0).iter().zip(levels) {
            prop_assert!((below(*quantile) - level).abs() < 1e-9);
        }
        prop_assert!(quantiles.row(0).windows(2).into_iter().all(|pair| pair[0] < pair[1]));
    }
}

#[test]
fn cancelled_before_it_began() {
    let (log_odds, weights) = (Array2::zeros((3, 2)), array![1.0, 2.0]);
    let (shift, sd) = (Array1::zeros(3), Array1::ones(3));
    let mixtures = Mixtures {
        log_odds: log_odds.view(),
        weights: weights.view(),
        shift: shift.view(),
        sd: sd.view(),
        background: None,
    };
    let cancel = CancelToken::default();
    cancel.cancel();
    assert_eq!(mixtures.quantiles(&[0.5], &cancel), Err(Error::Cancelled));
    assert_eq!(
        mixtures.distribution(shift.view(), &cancel),
        Err(Error::Cancelled)
    );
}

#[test]
fn a_background_that_is_none_is_refused() {
    let (log_odds, weights) = (Array2::zeros((1, 1)), array![1.0]);
    let (shift, sd) = (array![0.0], array![1.0]);
    for (share, mean, width) in [(1.0, 0.0, 1.0), (0.1, f64::NAN, 1.0), (0.1, 0.0, 0.0)] {
        let mixtures = Mixtures {
            log_odds: log_odds.view(),
            weights: weights.view(),
            shift: shift.view(),
            sd: sd.view(),
            background: Some(Background {
                share,
                mean,
                sd: width,
            }),
        };
        let refused = mixtures.quantiles(&[0.5], &CancelToken::default());
        assert!(matches!(refused, Err(Error::OutOfDomain { .. })));
    }
}
