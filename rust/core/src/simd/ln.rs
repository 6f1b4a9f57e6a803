//! The natural logarithm, lane by lane: straight-line code, which the compiler turns into vectors
//! wherever it is inlined into a loop. (Vectors of the crate have no shift to the right.)

use super::exp::{LN_2_HIGH, LN_2_LOW};

/// 1 / (2n + 1) from n = 10 down: the series of atanh.
const ATANH: [f64; 11] = [
    1.0 / 21.0,
    1.0 / 19.0,
    1.0 / 17.0,
    1.0 / 15.0,
    1.0 / 13.0,
    1.0 / 11.0,
    1.0 / 9.0,
    1.0 / 7.0,
    1.0 / 5.0,
    1.0 / 3.0,
    1.0,
];
/// The bits of 2^52, whose last bits count in ones.
const TWO_52: u64 = 0x4330_0000_0000_0000;

/// ln(x) of a normal number, -inf for less; within 2 units in the last place of max(1, |ln x|).
///
/// `FUSED` says whether a * b + c is one instruction here; it must not be a call.
#[inline(always)]
pub(crate) fn ln<const FUSED: bool>(x: f64) -> f64 {
    let multiply_add = |a: f64, b: f64, c: f64| {
        if FUSED { a.mul_add(b, c) } else { a * b + c }
    };
    // x = 2^exponent * fraction with the fraction between the roots of 1/2 and 2.
    let moved = x
        .to_bits()
        .wrapping_sub(std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let exponent_bits = moved.wrapping_add(1 << 62) >> 52;
    let exponent = f64::from_bits(exponent_bits | TWO_52) - (f64::from_bits(TWO_52) + 1024.0);
    let kept = (moved & ((1 << 52) - 1)).wrapping_add(std::f64::consts::FRAC_1_SQRT_2.to_bits());
    let fraction = f64::from_bits(kept);
    let ratio = (fraction - 1.0) / (fraction + 1.0);
    let square = ratio * ratio;
    let mut sum = ATANH[0];
    for coefficient in &ATANH[1..] {
        sum = multiply_add(sum, square, *coefficient);
    }
    let of_fraction = multiply_add(exponent, LN_2_LOW, 2.0 * ratio * sum);
    let whole = multiply_add(exponent, LN_2_HIGH, of_fraction);
    if x < f64::MIN_POSITIVE {
        f64::NEG_INFINITY
    } else {
        whole
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ln_is_ln() {
        for step in -7_000..7_000 {
            let x = (f64::from(step) / 10.0 + 0.03).exp();
            for got in [ln::<true>(x), ln::<false>(x)] {
                let error = (got - x.ln()).abs() / x.ln().abs().max(1.0);
                assert!(error < 2.0 * f64::EPSILON, "{x}: {got} {}", x.ln());
            }
        }
        assert_eq!(ln::<true>(1.0), 0.0);
        assert_eq!(ln::<true>(0.0), f64::NEG_INFINITY);
    }
}
