//! The hot loops: products of characteristic functions over all features, at some blocks of nodes.
//!
//! Features are centred: z = 1/2 +- 1/2, so that phi_k = cos(u . w_k / 2) + i m_k sin(u . w_k / 2)
//! with the balance m_k = 1 - 2 pi_k. Complex numbers are pairs of vectors (re, im). `N` blocks go
//! side by side, because each product is a chain whose steps wait for one another.

use pulp::{Simd, WithSimd};

/// A vector of complex numbers.
pub(super) type Complex<S> = [<S as Simd>::f64s; 2];

/// exp(iu . w_k / 2), feature after feature, of `N` blocks.
type Tables<'a, S, const N: usize> = [&'a [Complex<S>]; N];

/// Numbers as complex vectors.
#[inline(always)]
pub(super) fn complex<S: Simd>(numbers: &[f64]) -> &[Complex<S>] {
    S::as_simd_f64s(numbers).0.as_chunks::<2>().0
}

#[inline(always)]
pub(super) fn complex_mut<S: Simd>(numbers: &mut [f64]) -> &mut [Complex<S>] {
    S::as_mut_simd_f64s(numbers).0.as_chunks_mut::<2>().0
}

#[inline(always)]
pub(super) fn multiply<S: Simd>(simd: S, [a, b]: Complex<S>, [c, d]: Complex<S>) -> Complex<S> {
    [
        simd.negate_mul_add_e_f64s(b, d, simd.mul_f64s(a, c)),
        simd.mul_add_e_f64s(b, c, simd.mul_f64s(a, d)),
    ]
}

/// The product over all features, which multiplies `product`. Keeps in `prefix` (2 N vectors a
/// feature) the products over the features before each, unless it is empty.
///
/// Ops of their own, called by [`Simd::vectorize`]: inlined into something larger, the products
/// would not stay in registers.
pub(super) struct Forward<'a, const N: usize> {
    pub tables: [&'a [f64]; N],
    pub balance: &'a [f64],
    pub prefix: &'a mut [f64],
    pub product: &'a mut [f64],
}

impl<const N: usize> WithSimd for Forward<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_features = self.balance.len();
        let tables: Tables<'_, S, N> = self.tables.map(|t| &complex::<S>(t)[..n_features]);
        let mut prefix = complex_mut::<S>(self.prefix).chunks_exact_mut(N);
        let mut product = [[simd.splat_f64s(1.0), simd.splat_f64s(0.0)]; N];
        for k in 0..n_features {
            if let Some(before) = prefix.next() {
                for (before, product) in before.iter_mut().zip(product) {
                    *before = product;
                }
            }
            let balance = simd.splat_f64s(self.balance[k]);
            for b in 0..N {
                let [cos, sin] = tables[b][k];
                let phi = [cos, simd.mul_f64s(balance, sin)];
                product[b] = multiply(simd, product[b], phi);
            }
        }
        for (slot, product) in complex_mut::<S>(self.product).iter_mut().zip(product) {
            *slot = product;
        }
    }
}

/// Multiplies `suffix` by the factors of all features, from the last one on, and adds
/// Re(suffix prod_{l != k} phi_l exp(-iu . w_k / 2)) to the lanes of `sums[k]`.
pub(super) struct Backward<'a, const N: usize> {
    pub tables: [&'a [f64]; N],
    pub balance: &'a [f64],
    pub prefix: &'a [f64],
    pub suffix: &'a mut [f64],
    pub sums: &'a mut [f64],
}

impl<const N: usize> WithSimd for Backward<'_, N> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let n_features = self.balance.len();
        let tables: Tables<'_, S, N> = self.tables.map(|t| &complex::<S>(t)[..n_features]);
        let sums = &mut S::as_mut_simd_f64s(self.sums).0[..n_features];
        let prefix = complex::<S>(self.prefix)[..n_features * N].chunks_exact(N);
        let suffix = complex_mut::<S>(self.suffix);
        let mut after = [[simd.splat_f64s(0.0); 2]; N];
        for (after, suffix) in after.iter_mut().zip(&*suffix) {
            *after = *suffix;
        }
        for (k, before) in (0..n_features).rev().zip(prefix.rev()) {
            let balance = simd.splat_f64s(self.balance[k]);
            let mut sum = sums[k];
            for b in 0..N {
                let [cos, sin] = tables[b][k];
                let [x, y] = after[b];
                let (x_cos, x_sin) = (simd.mul_f64s(x, cos), simd.mul_f64s(x, sin));
                let (y_cos, y_sin) = (simd.mul_f64s(y, cos), simd.mul_f64s(y, sin));
                let [re, im] = before[b];
                sum = simd.mul_add_e_f64s(re, simd.add_f64s(x_cos, y_sin), sum);
                sum = simd.mul_add_e_f64s(im, simd.sub_f64s(x_sin, y_cos), sum);
                after[b] = [
                    simd.negate_mul_add_e_f64s(balance, y_sin, x_cos),
                    simd.mul_add_e_f64s(balance, x_sin, y_cos),
                ];
            }
            sums[k] = sum;
        }
        for (suffix, after) in suffix.iter_mut().zip(after) {
            *suffix = after;
        }
    }
}

/// sum_k spread_k sin^2(u . w_k / 2): exp(-2 that) bounds |prod_k phi_k| where
/// spread_k = pi_k (1 - pi_k).
#[inline(always)]
pub(super) fn decay<S: Simd, const N: usize>(
    simd: S,
    tables: [&[f64]; N],
    spread: &[f64],
) -> [S::f64s; N] {
    let n_features = spread.len();
    let tables: Tables<'_, S, N> = tables.map(|t| &complex::<S>(t)[..n_features]);
    let mut sums = [simd.splat_f64s(0.0); N];
    for k in 0..n_features {
        let spread = simd.splat_f64s(spread[k]);
        for b in 0..N {
            let [_, sin] = tables[b][k];
            sums[b] = simd.mul_add_e_f64s(spread, simd.mul_f64s(sin, sin), sums[b]);
        }
    }
    sums
}

/// The principal square root, all its digits in both parts.
#[inline(always)]
pub(super) fn square_root<S: Simd>(simd: S, [re, im]: Complex<S>) -> Complex<S> {
    let (zero, half) = (simd.splat_f64s(0.0), simd.splat_f64s(0.5));
    let square = simd.mul_add_e_f64s(re, re, simd.mul_f64s(im, im));
    let modulus = simd.sqrt_f64s(square);
    // The larger part by the root, the smaller one from 2 re im.
    let sum = simd.mul_f64s(half, simd.add_f64s(modulus, simd.abs_f64s(re)));
    let large = simd.sqrt_f64s(sum);
    let divisor = simd.max_f64s(
        simd.add_f64s(large, large),
        simd.splat_f64s(f64::MIN_POSITIVE),
    );
    let small = simd.div_f64s(im, divisor);
    let right = simd.greater_than_or_equal_f64s(re, zero);
    let below = simd.less_than_f64s(im, zero);
    let signed = simd.select_f64s(below, simd.neg_f64s(large), large);
    [
        simd.select_f64s(right, large, simd.abs_f64s(small)),
        simd.select_f64s(right, small, signed),
    ]
}
