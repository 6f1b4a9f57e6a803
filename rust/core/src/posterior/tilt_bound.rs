//! The tilt bound: a certified upper bound of an item's log likelihood.
//!
//! exp(-|u|^2 / 2) <= exp(|m|^2 / 2 - m . u) for every m, with equality at m = u. Under the tilt
//! on the right the features are independent, so that
//!
//! log likelihood <= |m|^2 / 2 - m . r + sum_k log(1 - pi_k + pi_k exp(w_k . m)).
//!
//! The right side is convex with a Hessian of at least I; Newton's method finds its minimum, where
//! m is the expected residual.

use super::row_space::{Coordinates, RowSpace, add_scaled, dot};
use crate::linear::Factor;
use crate::numeric::{sigmoid, softplus};

const MAX_STEPS: usize = 100;
/// Nats that another Newton step could still gain.
const TOLERANCE: f64 = 1e-9;
/// Part of the gain predicted by the slope that a step must reach.
const SUFFICIENT: f64 = 1e-4;
const MAX_HALVINGS: usize = 30;

/// The bound and where it was taken.
#[derive(Debug)]
pub(crate) struct Tilt {
    /// m, (R,).
    pub position: Vec<f64>,
    /// Upper bound of the log likelihood.
    pub bound: f64,
}

impl Tilt {
    /// The least bound, up to some 1e-9 nats unless effects are above some 100 sigma.
    pub fn minimise(space: &RowSpace, item: &Coordinates) -> Self {
        let n = space.n_coordinates();
        let mut tilt = Self {
            position: vec![0.0; n],
            bound: bound_at(space, item, &vec![0.0; n]),
        };
        for _ in 0..MAX_STEPS {
            let (gradient, variances) = tilt.derivatives(space, item);
            let Some(hessian) = Factor::new(space.information(&variances).view()) else {
                break;
            };
            let step = hessian.solve(&gradient);
            let decrement = dot(&gradient, &step);
            if decrement < TOLERANCE || !tilt.descend(space, item, &step, decrement) {
                break;
            }
        }
        tilt
    }

    /// P(z_k = 1) under the tilt, (K,).
    pub fn marginals(&self, space: &RowSpace, item: &Coordinates) -> Vec<f64> {
        item.log_odds
            .iter()
            .enumerate()
            .map(|(k, log_odds)| sigmoid(log_odds + dot(space.feature(k), &self.position)))
            .collect()
    }

    /// Gradient, and the variances of the features that make up the Hessian.
    fn derivatives(&self, space: &RowSpace, item: &Coordinates) -> (Vec<f64>, Vec<f64>) {
        let mut gradient = self.position.clone();
        add_scaled(&mut gradient, -1.0, &item.residual);
        let mut variances = self.marginals(space, item);
        for (k, p) in variances.iter_mut().enumerate() {
            add_scaled(&mut gradient, *p, space.feature(k));
            *p *= 1.0 - *p;
        }
        (gradient, variances)
    }

    /// Go down along the step, halved until it gains enough; whether it did.
    fn descend(
        &mut self,
        space: &RowSpace,
        item: &Coordinates,
        step: &[f64],
        decrement: f64,
    ) -> bool {
        let mut length = 1.0;
        for _ in 0..MAX_HALVINGS {
            let mut position = self.position.clone();
            add_scaled(&mut position, -length, step);
            let bound = bound_at(space, item, &position);
            if bound <= self.bound - SUFFICIENT * length * decrement {
                *self = Self { position, bound };
                return true;
            }
            length *= 0.5;
        }
        false
    }
}

/// The bound at any m.
pub(crate) fn bound_at(space: &RowSpace, item: &Coordinates, position: &[f64]) -> f64 {
    let mut unexplained = item.residual.clone();
    let mut features = 0.0;
    for (k, &log_odds) in item.log_odds.iter().enumerate() {
        if log_odds == f64::NEG_INFINITY {
            continue;
        }
        let feature = space.feature(k);
        let tilted = log_odds + dot(feature, position);
        if tilted > 0.0 {
            // Seen from the likelier state: m . w_k is in the residual, where large effects that
            // explain a large target cancel before they are multiplied.
            add_scaled(&mut unexplained, -1.0, feature);
            features += softplus(-tilted) - softplus(-log_odds);
        } else {
            features += softplus(tilted) - softplus(log_odds);
        }
    }
    let quadratic = 0.5 * dot(position, position) - dot(position, &unexplained);
    item.log_outside + quadratic + features
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::posterior::brute_force::{Case, case};

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_tilt_is_below_the_log_likelihood(
            case in case(8, 12),
            scale in -3.0..3.0_f64,
        ) {
            let truth = case.brute_force().log_likelihood;
            let space = RowSpace::new(case.weights.view());
            let mut item = space.coordinates();
            space.read(case.item(), &mut item);
            let best = Tilt::minimise(&space, &item);
            let slack = case.rounding(truth);
            prop_assert!(best.bound >= truth - slack, "{} {truth}", best.bound);
            let elsewhere: Vec<f64> = best.position.iter().map(|m| m * scale).collect();
            let bound = bound_at(&space, &item, &elsewhere);
            prop_assert!(bound >= truth - case.rounding(bound));
            // Effects of 1e5 sigma bend the bound so sharply that Newton may stop short of the
            // minimum: what it has is a bound nevertheless.
            if case.weights.iter().all(|w| w.abs() < 100.0) {
                prop_assert!(bound >= best.bound - 1e-6 - case.rounding(bound));
            }
        }
    }

    #[test]
    fn it_is_tight_where_features_are_certain() {
        let case = Case {
            weights: ndarray::array![[1.0, -2.0], [3.0, 0.5]],
            log_odds: vec![f64::INFINITY, f64::NEG_INFINITY],
            residual: vec![0.5, 4.0],
        };
        let space = RowSpace::new(case.weights.view());
        let mut item = space.coordinates();
        space.read(case.item(), &mut item);
        let bound = Tilt::minimise(&space, &item).bound;
        assert!((bound - case.brute_force().log_likelihood).abs() < 1e-12);
    }
}
