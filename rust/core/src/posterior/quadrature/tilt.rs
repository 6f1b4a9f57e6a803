//! The saddle point: the exponential tilt under which the expected residual is zero.

use crate::numeric::sigmoid;

const MAX_STEPS: usize = 100;
/// Any tilt is exact; one this near to the saddle loses no digits.
const TOLERANCE: f64 = 1e-3;

/// Solve theta - c + sum_k w_k sigmoid(lambda_k + theta w_k) = 0, which rises in theta, by
/// Newton's method inside a shrinking bracket.
pub(crate) fn saddle(weights: &[f64], log_odds: &[f64], residual: f64) -> f64 {
    let positive: f64 = weights.iter().filter(|w| **w > 0.0).sum();
    let negative: f64 = weights.iter().filter(|w| **w < 0.0).sum();
    let (mut low, mut high) = (residual - positive, residual - negative);
    let mut tilt = 0.0_f64.clamp(low, high);
    for _ in 0..MAX_STEPS {
        let (mut value, mut slope) = (tilt - residual, 1.0);
        for (w, l) in weights.iter().zip(log_odds) {
            let p = sigmoid(l + tilt * w);
            value += w * p;
            slope += w * w * p * (1.0 - p);
        }
        if value < 0.0 {
            low = tilt;
        } else {
            high = tilt;
        }
        let newton = tilt - value / slope;
        let next = if newton > low && newton < high {
            newton
        } else {
            f64::midpoint(low, high)
        };
        let change = (next - tilt).abs();
        tilt = next;
        if change < TOLERANCE {
            break;
        }
    }
    tilt
}
