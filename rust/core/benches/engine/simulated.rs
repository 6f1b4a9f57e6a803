//! Items simulated as in `benches/simulated.py`, from another stream of random numbers.

use genz_core::posterior::Problem;
use ndarray::{Array1, Array2, Axis};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal;

/// Share of the target's variance that the features explain.
const R2: f64 = 0.35;
/// How often a judgment is wrong.
const ERROR_RATE: f64 = 0.1;

/// What a posterior is computed from.
#[derive(Debug)]
pub struct Simulated {
    targets: Array2<f64>,
    weights: Array2<f64>,
    intercept: Array1<f64>,
    noise_variance: Array1<f64>,
    log_odds: Array2<f64>,
}

impl Simulated {
    /// Judgments of frequency .1 to .5, wrong at the error rate, targets of variance 1.
    pub fn new(n_items: usize, n_features: usize, n_targets: usize) -> Self {
        let mut rng = SmallRng::seed_from_u64(n_features as u64);
        let frequency = Array1::from_shape_simple_fn(n_features, || rng.random_range(0.1..0.5));
        let judged = Array2::from_shape_fn((n_items, n_features), |(_, k)| {
            rng.random_bool(frequency[k])
        });
        let latent = judged.mapv(|yes| f64::from(yes != rng.random_bool(ERROR_RATE)));
        let mut normal = |shape| Array2::from_shape_simple_fn(shape, || rng.sample(StandardNormal));
        let mut weights: Array2<f64> = normal((n_features, n_targets));
        let intercept = normal((1, n_targets)).row(0).mapv(|b: f64| 0.3 * b);
        let total = latent.dot(&weights).var_axis(Axis(0), 0.0) / R2;
        weights /= &total.sqrt();
        let noise_variance = Array1::from_elem(n_targets, 1.0 - R2);
        let noise = normal((n_items, n_targets)) * noise_variance.sqrt();
        let targets = latent.dot(&weights) + &intercept + noise;
        let certainty = (1.0 / ERROR_RATE - 1.0).ln();
        Self {
            targets,
            weights,
            intercept,
            noise_variance,
            log_odds: judged.mapv(|yes| if yes { certainty } else { -certainty }),
        }
    }

    /// The checked problem.
    pub fn problem(&self) -> Problem<'_> {
        Problem::new(
            self.targets.view(),
            self.weights.view(),
            self.intercept.view(),
            self.noise_variance.view(),
            self.log_odds.view(),
            None,
        )
        .expect("simulated items are in their domains")
    }
}
