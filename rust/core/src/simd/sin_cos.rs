//! Sine and cosine over vectors, of angles that may be large.

use std::f64::consts::FRAC_2_PI;

use pulp::Simd;

use super::exp::ROUND;

/// pi / 2 to 53 bits, and what is missing.
const HALF_PI_HIGH: f64 = std::f64::consts::FRAC_PI_2;
const HALF_PI_LOW: f64 = 6.123_233_995_736_766e-17;
/// (sin(r) - r) / r^3 in powers of r^2, highest first: the remainder on |r| <= pi / 4 is 5e-17.
const SIN: [f64; 7] = [
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5_040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
];
/// cos(r) in powers of r^2, highest first: the remainder is 2e-18.
const COS: [f64; 9] = [
    1.0 / 20_922_789_888_000.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 479_001_600.0,
    -1.0 / 3_628_800.0,
    1.0 / 40_320.0,
    -1.0 / 720.0,
    1.0 / 24.0,
    -1.0 / 2.0,
    1.0,
];

/// a b as an unevaluated sum of its rounded value and the rest.
#[inline(always)]
pub(crate) fn two_product<S: Simd>(simd: S, a: S::f64s, b: S::f64s) -> [S::f64s; 2] {
    let high = simd.mul_f64s(a, b);
    [high, simd.mul_add_f64s(a, b, simd.neg_f64s(high))]
}

/// (sin, cos) of the angle high + low, |low| far below |high|, to 2e-16 absolutely while
/// |angle| < 2^50.
#[inline(always)]
pub(crate) fn sin_cos<S: Simd>(simd: S, [high, low]: [S::f64s; 2]) -> (S::f64s, S::f64s) {
    let round = simd.splat_f64s(ROUND);
    let shifted = simd.mul_add_f64s(high, simd.splat_f64s(FRAC_2_PI), round);
    let n = simd.sub_f64s(shifted, round);
    // Fused, so that the leading digits cancel exactly however large n is.
    let r = simd.mul_add_f64s(n, simd.splat_f64s(-HALF_PI_HIGH), high);
    let r = simd.mul_add_f64s(n, simd.splat_f64s(-HALF_PI_LOW), r);
    let r = simd.add_f64s(r, low);
    let square = simd.mul_f64s(r, r);
    let sin = simd.mul_f64s(polynomial(simd, &SIN, square), square);
    let sin = simd.mul_add_f64s(sin, r, r);
    let cos = polynomial(simd, &COS, square);
    // Quadrant n mod 4: odd ones swap, and bit 1 is the sign.
    let quadrant = simd.transmute_u64s_f64s(shifted);
    let one = simd.splat_u64s(1);
    let odd = simd.equal_u64s(simd.and_u64s(quadrant, one), one);
    (
        signed(simd, quadrant, simd.select_f64s(odd, cos, sin)),
        signed(
            simd,
            simd.add_u64s(quadrant, one),
            simd.select_f64s(odd, sin, cos),
        ),
    )
}

/// Coefficients by falling powers.
#[inline(always)]
fn polynomial<S: Simd>(simd: S, coefficients: &[f64], x: S::f64s) -> S::f64s {
    let mut sum = simd.splat_f64s(coefficients[0]);
    for coefficient in &coefficients[1..] {
        sum = simd.mul_add_f64s(sum, x, simd.splat_f64s(*coefficient));
    }
    sum
}

/// Minus x in quadrants 2 and 3.
#[inline(always)]
fn signed<S: Simd>(simd: S, quadrant: S::u64s, x: S::f64s) -> S::f64s {
    let bit = simd.and_u64s(quadrant, simd.splat_u64s(2));
    let sign = simd.mul_u64s(bit, simd.splat_u64s(1 << 62));
    simd.xor_f64s(x, simd.transmute_f64s_u64s(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Products<'a> {
        a: &'a [f64],
        b: &'a [f64],
        sin: &'a mut [f64],
        cos: &'a mut [f64],
    }

    impl pulp::WithSimd for Products<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<S: Simd>(self, simd: S) {
            let (a, b) = (S::as_simd_f64s(self.a).0, S::as_simd_f64s(self.b).0);
            let sin = S::as_mut_simd_f64s(self.sin).0;
            let cos = S::as_mut_simd_f64s(self.cos).0;
            for i in 0..a.len() {
                (sin[i], cos[i]) = sin_cos(simd, two_product(simd, a[i], b[i]));
            }
        }
    }

    fn of_products(a: &[f64], b: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (mut sin, mut cos) = (vec![0.0; a.len()], vec![0.0; a.len()]);
        pulp::Arch::new().dispatch(Products {
            a,
            b,
            sin: &mut sin,
            cos: &mut cos,
        });
        (sin, cos)
    }

    #[test]
    fn agrees_with_the_standard_library() {
        let a: Vec<f64> = (-8000..8000).map(|i| f64::from(i) * 0.37).collect();
        let (sin, cos) = of_products(&a, &vec![1.0; a.len()]);
        for i in 0..a.len() {
            assert!((sin[i] - a[i].sin()).abs() < 2.5e-16, "{}", a[i]);
            assert!((cos[i] - a[i].cos()).abs() < 2.5e-16, "{}", a[i]);
        }
    }

    #[test]
    fn products_are_not_rounded() {
        // (2^30 + 1) x: the angle is 2^30 x and x, added as complex numbers.
        let x = 0.123_456_789_012_345_67;
        let (sin, cos) = of_products(&[1_073_741_825.0; 8], &[x; 8]);
        let (a, b) = (1_073_741_824.0 * x, x);
        assert!((sin[0] - (a.sin() * b.cos() + a.cos() * b.sin())).abs() < 5e-16);
        assert!((cos[0] - (a.cos() * b.cos() - a.sin() * b.sin())).abs() < 5e-16);
    }
}
