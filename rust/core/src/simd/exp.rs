//! The exponential function over vectors.

use std::f64::consts::LOG2_E;

use pulp::Simd;

/// Below, exp(x) is less than the least normal number and is flushed to zero.
const LOWEST: f64 = -708.0;
/// Above, the result stays that of 709, 8e307.
const HIGHEST: f64 = 709.0;
/// 1.5 x 2^52: adding it rounds to a whole number, which stands in the lowest bits.
pub(super) const ROUND: f64 = 6_755_399_441_055_744.0;
/// ln 2 in two parts; the first has 20 trailing zeros, so that its multiples are exact.
pub(super) const LN_2_HIGH: f64 = 6.931_471_803_691_238e-1;
pub(super) const LN_2_LOW: f64 = 1.908_214_929_270_587_7e-10;
/// 1 / 13!, ..., 1 / 0!: the remainder on |r| <= ln 2 / 2 is 4e-18.
const COEFFICIENTS: [f64; 14] = [
    1.0 / 6_227_020_800.0,
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    1.0 / 2.0,
    1.0,
    1.0,
];

/// exp(x) to about one unit in the last place for x in [-708, 709]; zero below, also at -inf, and
/// exp(709) above. Not meant for NaN.
#[inline(always)]
pub(crate) fn exp<S: Simd>(simd: S, x: S::f64s) -> S::f64s {
    let lowest = simd.splat_f64s(LOWEST);
    let inside = simd.max_f64s(simd.min_f64s(x, simd.splat_f64s(HIGHEST)), lowest);
    let round = simd.splat_f64s(ROUND);
    // exp(x) = 2^n exp(r) with |r| <= ln 2 / 2.
    let shifted = simd.mul_add_e_f64s(inside, simd.splat_f64s(LOG2_E), round);
    let n = simd.sub_f64s(shifted, round);
    let r = simd.mul_add_e_f64s(n, simd.splat_f64s(-LN_2_HIGH), inside);
    let r = simd.mul_add_e_f64s(n, simd.splat_f64s(-LN_2_LOW), r);
    let mut sum = simd.splat_f64s(COEFFICIENTS[0]);
    for coefficient in &COEFFICIENTS[1..] {
        sum = simd.mul_add_e_f64s(sum, r, simd.splat_f64s(*coefficient));
    }
    // n + 1023 moves into the exponent; what stands above it falls off.
    let bits = simd.add_u64s(simd.transmute_u64s_f64s(shifted), simd.splat_u64s(1023));
    let power = simd.mul_u64s(bits, simd.splat_u64s(1 << 52));
    let value = simd.mul_f64s(sum, simd.transmute_f64s_u64s(power));
    let vanishes = simd.less_than_f64s(x, lowest);
    simd.select_f64s(vanishes, simd.splat_f64s(0.0), value)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct All<'a>(&'a mut [f64]);

    impl pulp::WithSimd for All<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            for x in S::as_mut_simd_f64s(self.0).0 {
                *x = exp(simd, *x);
            }
        }
    }

    fn exp_of(x: &[f64]) -> Vec<f64> {
        let mut padded = x.to_vec();
        padded.resize(x.len().next_multiple_of(8), 0.0);
        pulp::Arch::new().dispatch(All(&mut padded));
        padded.truncate(x.len());
        padded
    }

    #[test]
    fn agrees_with_the_standard_library_to_one_unit_in_the_last_place() {
        let x: Vec<f64> = (-70_800..=70_900).map(|i| f64::from(i) * 0.01).collect();
        for (x, got) in x.iter().zip(exp_of(&x)) {
            assert!((got / x.exp() - 1.0).abs() < 3e-16, "exp({x}) = {got}");
        }
    }

    #[test]
    fn saturates_outside_its_range() {
        let x = [f64::NEG_INFINITY, -1e300, -745.0, -708.01, 0.0, -0.0];
        assert_eq!(exp_of(&x), [0.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
        assert!(exp_of(&[f64::INFINITY])[0] > 8e307);
    }
}
