//! Functions of one number that keep their digits in the tails.

/// `1 / (1 + exp(-x))`, exact at both infinities.
#[must_use]
pub fn sigmoid(x: f64) -> f64 {
    if x >= 0.0 {
        1.0 / (1.0 + (-x).exp())
    } else {
        let e = x.exp();
        e / (1.0 + e)
    }
}

/// `log(1 + exp(x))`.
#[must_use]
pub fn softplus(x: f64) -> f64 {
    x.max(0.0) + (-x.abs()).exp().ln_1p()
}

/// `log(p / (1 - p))`; infinite at 0 and 1.
#[must_use]
pub fn logit(p: f64) -> f64 {
    p.ln() - (-p).ln_1p()
}

/// The least count of at least `x`; 0 for negative numbers.
#[must_use]
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is what a count of nodes wants"
)]
pub fn ceil_to_count(x: f64) -> usize {
    x.ceil() as usize
}

/// From here on Stirling's series has its digits.
const STIRLING_FROM: f64 = 20.0;

/// Logarithm of the gamma function of x > 0.
#[must_use]
pub fn ln_gamma(mut x: f64) -> f64 {
    let mut product = 1.0;
    while x < STIRLING_FROM {
        product *= x;
        x += 1.0;
    }
    let y = x.powi(-2);
    let series = (1.0 / 12.0 - y * (1.0 / 360.0 - y * (1.0 / 1260.0 - y / 1680.0))) / x;
    let half_log_tau = 0.5 * std::f64::consts::TAU.ln();
    (x - 0.5) * x.ln() - x + half_log_tau + series - product.ln()
}

/// Derivative of [`ln_gamma`].
#[must_use]
pub fn digamma(mut x: f64) -> f64 {
    let mut sum = 0.0;
    while x < STIRLING_FROM {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let y = x.powi(-2);
    let series = y * (1.0 / 12.0 - y * (1.0 / 120.0 - y * (1.0 / 252.0 - y / 240.0)));
    sum + x.ln() - 0.5 / x - series
}

/// `log(exp(a) + exp(b))`.
#[must_use]
pub fn log_add_exp(a: f64, b: f64) -> f64 {
    let (high, low) = if a >= b { (a, b) } else { (b, a) };
    if high == f64::NEG_INFINITY {
        high
    } else {
        high + (low - high).exp().ln_1p()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gamma_and_its_derivative() {
        assert!((ln_gamma(0.5) - 0.5 * std::f64::consts::PI.ln()).abs() < 1e-13);
        assert!((ln_gamma(6.0) - 120.0_f64.ln()).abs() < 1e-13);
        let euler = 0.577_215_664_901_532_9;
        assert!((digamma(1.0) + euler).abs() < 1e-12);
        assert!((digamma(0.5) + euler + 2.0 * std::f64::consts::LN_2).abs() < 1e-12);
        for x in [1.0, 3.7, 19.9, 20.1, 400.0] {
            let slope = (ln_gamma(x + 1e-5) - ln_gamma(x - 1e-5)) / 2e-5;
            assert!((digamma(x) - slope).abs() < 1e-7, "{x}");
        }
    }

    #[test]
    fn tails_are_exact() {
        assert_eq!(sigmoid(f64::NEG_INFINITY), 0.0);
        assert_eq!(sigmoid(f64::INFINITY), 1.0);
        assert_eq!(softplus(-1000.0), 0.0);
        assert_eq!(softplus(1000.0), 1000.0);
        assert_eq!(logit(0.0), f64::NEG_INFINITY);
        assert_eq!(
            log_add_exp(f64::NEG_INFINITY, f64::NEG_INFINITY),
            f64::NEG_INFINITY
        );
        assert!((log_add_exp(-1000.0, -1000.0) - (-1000.0 + 2.0_f64.ln())).abs() < 1e-12);
        assert!((logit(sigmoid(-30.0)) + 30.0).abs() < 1e-12);
    }
}
