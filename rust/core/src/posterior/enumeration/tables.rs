//! Tables over the states of a side, for a panel of items at once.

use pulp::Simd;

/// table[s] = shared[s] times the product over features k of on_k where s has k, else off_k.
#[inline(always)]
pub(crate) fn build<S: Simd, const MV: usize>(
    simd: S,
    on: &[[S::f64s; MV]],
    off: &[[S::f64s; MV]],
    shared: &[f64],
    table: &mut [[S::f64s; MV]],
) {
    table[0] = [simd.splat_f64s(1.0); MV];
    for (k, (on, off)) in on.iter().zip(off).enumerate() {
        let (without, with) = table[..2 << k].split_at_mut(1 << k);
        for (without, with) in without.iter_mut().zip(with) {
            for i in 0..MV {
                with[i] = simd.mul_f64s(without[i], on[i]);
                without[i] = simd.mul_f64s(without[i], off[i]);
            }
        }
    }
    for (entry, &shared) in table.iter_mut().zip(shared) {
        let shared = simd.splat_f64s(shared);
        for x in entry {
            *x = simd.mul_f64s(*x, shared);
        }
    }
}

/// Sum the table over the states that have feature k, for every k; the table is consumed.
#[inline(always)]
pub(crate) fn fold<S: Simd, const MV: usize>(
    simd: S,
    table: &mut [[S::f64s; MV]],
    sums: &mut [[S::f64s; MV]],
) {
    for (k, sum) in sums.iter_mut().enumerate().rev() {
        let (without, with) = table[..2 << k].split_at_mut(1 << k);
        let mut total = [simd.splat_f64s(0.0); MV];
        for (without, with) in without.iter_mut().zip(with) {
            for i in 0..MV {
                total[i] = simd.add_f64s(total[i], with[i]);
                without[i] = simd.add_f64s(without[i], with[i]);
            }
        }
        *sum = total;
    }
}

/// Multiply every state of a table by a factor of each item.
#[inline(always)]
pub(crate) fn scale<S: Simd, const MV: usize>(
    simd: S,
    table: &mut [[S::f64s; MV]],
    factors: &[S::f64s; MV],
) {
    for entry in table {
        for (x, &factor) in entry.iter_mut().zip(factors) {
            *x = simd.mul_f64s(*x, factor);
        }
    }
}

/// Turn some states of a panel from [state][item] to [item][state].
#[inline(always)]
pub(crate) fn transpose<const MR: usize>(states: &[[f64; MR]], items: &mut [f64]) {
    let n_states = states.len();
    for (s, lanes) in states.iter().enumerate() {
        for (item, &x) in items.chunks_exact_mut(n_states).zip(lanes) {
            item[s] = x;
        }
    }
}
