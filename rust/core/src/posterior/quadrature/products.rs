//! The hot loops: products of characteristic functions over all features, at some blocks of nodes.
//!
//! phi_k = 1 - pi_k + pi_k exp(-iu . w_k). Complex numbers are pairs of vectors (re, im). `N` blocks
//! go side by side, because each product is a chain whose steps wait for one another.

use pulp::Simd;

/// A vector of complex numbers.
pub(super) type Complex<S> = [<S as Simd>::f64s; 2];

/// exp(iu . w_k), feature after feature, of `N` blocks.
pub(super) type Tables<'a, S, const N: usize> = [&'a [Complex<S>]; N];

#[inline(always)]
pub(super) fn multiply<S: Simd>(simd: S, [a, b]: Complex<S>, [c, d]: Complex<S>) -> Complex<S> {
    [
        simd.negate_mul_add_e_f64s(b, d, simd.mul_f64s(a, c)),
        simd.mul_add_e_f64s(b, c, simd.mul_f64s(a, d)),
    ]
}

/// The product over all features. `prefix` (2 N vectors a feature) receives the products over the
/// features before each, unless it is empty.
#[inline(always)]
pub(super) fn forward<S: Simd, const N: usize>(
    simd: S,
    tables: Tables<'_, S, N>,
    present: &[f64],
    absent: &[f64],
    prefix: &mut [Complex<S>],
) -> [Complex<S>; N] {
    let n_features = present.len();
    let (absent, tables) = (&absent[..n_features], tables.map(|t| &t[..n_features]));
    let keep = !prefix.is_empty();
    let mut product = [[simd.splat_f64s(1.0), simd.splat_f64s(0.0)]; N];
    let mut prefix = prefix.chunks_exact_mut(N);
    for k in 0..n_features {
        if keep && let Some(before) = prefix.next() {
            for b in 0..N {
                before[b] = product[b];
            }
        }
        let p = simd.splat_f64s(present[k]);
        let q = simd.splat_f64s(absent[k]);
        for b in 0..N {
            let [cos, sin] = tables[b][k];
            let re = simd.mul_add_e_f64s(p, cos, q);
            let minus_im = simd.mul_f64s(p, sin);
            let [x, y] = product[b];
            product[b] = [
                simd.mul_add_e_f64s(y, minus_im, simd.mul_f64s(x, re)),
                simd.negate_mul_add_e_f64s(x, minus_im, simd.mul_f64s(y, re)),
            ];
        }
    }
    product
}

/// Run back from `suffix`, which becomes its product with all features, and add
/// Re(suffix prod_{l != k} phi_l exp(-iu . w_k)) to the lanes of `sums[k]`.
#[inline(always)]
pub(super) fn backward<S: Simd, const N: usize>(
    simd: S,
    tables: Tables<'_, S, N>,
    present: &[f64],
    absent: &[f64],
    prefix: &[Complex<S>],
    suffix: &mut [Complex<S>; N],
    sums: &mut [S::f64s],
) {
    let n_features = present.len();
    let (absent, tables) = (&absent[..n_features], tables.map(|t| &t[..n_features]));
    let sums = &mut sums[..n_features];
    let prefix = &prefix[..n_features * N];
    let mut after = *suffix;
    for (k, before) in prefix.chunks_exact(N).enumerate().rev() {
        let p = simd.splat_f64s(present[k]);
        let q = simd.splat_f64s(absent[k]);
        let mut sum = sums[k];
        for b in 0..N {
            let [cos, sin] = tables[b][k];
            let [x, y] = after[b];
            let holds = [
                simd.mul_add_e_f64s(y, sin, simd.mul_f64s(x, cos)),
                simd.negate_mul_add_e_f64s(x, sin, simd.mul_f64s(y, cos)),
            ];
            let [re, im] = before[b];
            sum = simd.mul_add_e_f64s(re, holds[0], sum);
            sum = simd.negate_mul_add_e_f64s(im, holds[1], sum);
            after[b] = [
                simd.mul_add_e_f64s(p, holds[0], simd.mul_f64s(q, x)),
                simd.mul_add_e_f64s(p, holds[1], simd.mul_f64s(q, y)),
            ];
        }
        sums[k] = sum;
    }
    *suffix = after;
}

/// sum_k spread_k (1 - cos(u . w_k)): exp(-that) bounds |prod_k phi_k| where
/// spread_k = pi_k (1 - pi_k).
#[inline(always)]
pub(super) fn decay<S: Simd>(
    simd: S,
    table: &[Complex<S>],
    present: &[f64],
    absent: &[f64],
) -> S::f64s {
    let one = simd.splat_f64s(1.0);
    // Four sums, because one would wait for itself.
    let mut sums = [simd.splat_f64s(0.0); 4];
    let (tables, rest) = table.as_chunks::<4>();
    let n_whole = 4 * tables.len();
    let spread = |k: usize| simd.splat_f64s(present[k] * absent[k]);
    for (ix, entries) in tables.iter().enumerate() {
        for (lag, [cos, _]) in entries.iter().enumerate() {
            let loss = simd.sub_f64s(one, *cos);
            sums[lag] = simd.mul_add_e_f64s(spread(4 * ix + lag), loss, sums[lag]);
        }
    }
    for (lag, [cos, _]) in rest.iter().enumerate() {
        let loss = simd.sub_f64s(one, *cos);
        sums[lag] = simd.mul_add_e_f64s(spread(n_whole + lag), loss, sums[lag]);
    }
    let [a, b, c, d] = sums;
    simd.add_f64s(simd.add_f64s(a, b), simd.add_f64s(c, d))
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
    let divisor = simd.max_f64s(simd.add_f64s(large, large), simd.splat_f64s(f64::MIN_POSITIVE));
    let small = simd.div_f64s(im, divisor);
    let right = simd.greater_than_or_equal_f64s(re, zero);
    let below = simd.less_than_f64s(im, zero);
    let signed = simd.select_f64s(below, simd.neg_f64s(large), large);
    [
        simd.select_f64s(right, large, simd.abs_f64s(small)),
        simd.select_f64s(right, small, signed),
    ]
}
