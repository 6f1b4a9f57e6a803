//! The numbers of a panel that are not tables: what its items bring along, and what comes out.

use std::ops::Range;

use pulp::Simd;

use super::kernel::Kernel;
use crate::posterior::tile::Moments;
use crate::simd::exp;
use crate::simd::ln::ln;

/// The largest error of a marginal that is put up with, from the rounding of h.
const MAX_ROUNDING: f64 = 1e-12;
/// The largest share of the mass that may underflow, exp(-37).
const LOG_LOST: f64 = -37.0;
/// Below exp(-708) nothing is a normal number.
const LOG_SMALLEST: f64 = -708.0;

/// What is known of each item of a panel beside its tables.
pub(crate) struct Panel<const MR: usize> {
    /// Items of the tile; the lanes after them are empty.
    items: Range<usize>,
    /// -|r|^2 / 2 less the normaliser of the prior.
    base: [f64; MR],
    /// Bounds the numbers that h is rounded from.
    magnitude: [f64; MR],
    /// The highest logarithm that multiplies a table.
    highest: [f64; MR],
    any_certain: bool,
}

impl<const MR: usize> Panel<MR> {
    /// Read items of the tile; fills residuals and fields.
    #[inline(always)]
    pub fn read<S: Simd, const FUSED: bool>(
        simd: S,
        job: &mut Kernel<'_>,
        items: Range<usize>,
    ) -> Self {
        let Kernel {
            coupling,
            workspace,
            tile,
            ..
        } = job;
        let n_items = items.len();
        let (mut base, mut magnitude) = ([0.0; MR], [0.0; MR]);
        let copy = |row: &[f64]| {
            let mut lanes = [0.0; MR];
            lanes[..n_items].copy_from_slice(&row[items.clone()]);
            lanes
        };
        let (residuals, _) = workspace.residuals.as_chunks_mut::<MR>();
        for (d, slot) in residuals.iter_mut().enumerate() {
            let (centre, size) = (coupling.centre[d], coupling.magnitude[d]);
            let lanes = copy(tile.residuals.row(d));
            base = each(|i| base[i] - 0.5 * lanes[i] * lanes[i]);
            magnitude = each(|i| magnitude[i] + lanes[i].abs() * size);
            *slot = each(|i| lanes[i] - centre);
        }
        let (fields, _) = workspace.fields.as_chunks_mut::<MR>();
        let (certain, _) = workspace.certain.as_chunks_mut::<MR>();
        let mut any_certain = false;
        let mut odds = [1.0; MR];
        for ((position, field), certain) in fields.iter_mut().enumerate().zip(certain) {
            let Some(k) = coupling.order[position] else {
                *field = [f64::NEG_INFINITY; MR];
                continue;
            };
            let lanes = copy(tile.log_odds.row(k));
            any_certain |= lanes.contains(&f64::INFINITY);
            *certain = each(|i| select(lanes[i] == f64::INFINITY, 1.0, 0.0));
            let mut sum: [f64; MR] = each(|i| select(lanes[i] == f64::INFINITY, 0.0, lanes[i]));
            base = each(|i| base[i] - positive(sum[i]));
            magnitude =
                each(|i| magnitude[i] + select(sum[i] > f64::NEG_INFINITY, sum[i].abs(), 0.0));
            // exp(-inf) is 0, so that what is certain has no normaliser.
            let small: [f64; MR] = exponentials(simd, each(|i| -lanes[i].abs()));
            odds = each(|i| odds[i] + odds[i] * small[i]);
            for (residual, &w) in residuals.iter().zip(coupling.weights.row(position)) {
                sum = each(|i| sum[i] + w * residual[i]);
            }
            // Not a number where the target or a weight overflows: such an item is refused, and must
            // not spoil the sums of others.
            *field = each(|i| select(sum[i].is_nan(), 0.0, sum[i]));
        }
        Self {
            items,
            base: each(|i| base[i] - ln::<FUSED>(odds[i])),
            magnitude,
            highest: [f64::NEG_INFINITY; MR],
            any_certain,
        }
    }

    /// Fill the factors given a state of the outer features, and what they leave out of the logarithm.
    #[inline(always)]
    pub fn condition<S: Simd>(&mut self, simd: S, job: &mut Kernel<'_>, state: usize) {
        let Kernel {
            coupling,
            workspace,
            ..
        } = job;
        let n_inner = coupling.n_inner();
        let (fields, _) = workspace.fields.as_chunks::<MR>();
        let (certain, _) = workspace.certain.as_chunks::<MR>();
        let (on, _) = workspace.on.as_chunks_mut::<MR>();
        let (off, _) = workspace.off.as_chunks_mut::<MR>();
        let constant = coupling.constants[state];
        let mut log: [f64; MR] = each(|i| self.base[i] + constant);
        let shifts = coupling.shifts.row(state);
        for (position, &shift) in shifts.iter().enumerate() {
            let field: [f64; MR] = each(|i| fields[position][i] - shift);
            let small: [f64; MR] = exponentials(simd, each(|i| -field[i].abs()));
            on[position] = each(|i| select(field[i] > 0.0, 1.0, small[i]));
            off[position] = each(|i| select(field[i] > 0.0, small[i], 1.0));
            log = each(|i| log[i] + positive(field[i]));
            if self.any_certain && coupling.order[position].is_some() {
                for i in (0..MR).filter(|&i| certain[position][i] > 0.0) {
                    // Without the feature there is nothing; with it, the factor exp(field).
                    log[i] += field[i].min(0.0);
                    (on[position][i], off[position][i]) = (1.0, 0.0);
                }
            }
        }
        for (outer, position) in (n_inner..coupling.order.len()).enumerate() {
            let (field, certain) = (fields[position], certain[position]);
            log = if state >> outer & 1 == 1 {
                each(|i| log[i] + field[i])
            } else {
                each(|i| select(certain[i] > 0.0, f64::NEG_INFINITY, log[i]))
            };
        }
        let highest = self.highest;
        self.highest = each(|i| select(log[i] > highest[i], log[i], highest[i]));
        workspace.logs[state * MR..(state + 1) * MR].copy_from_slice(&log);
    }

    /// Log evidence, marginals and certificate of the items; leaves the factor of each table in the
    /// pair moments in `totals`.
    #[inline(always)]
    pub fn answer<S: Simd, const FUSED: bool>(&self, simd: S, job: &mut Kernel<'_>) {
        let Kernel {
            coupling,
            workspace,
            tile,
            moments,
            answer,
            ..
        } = job;
        let n_inner = coupling.n_inner();
        let n_items = self.items.len();
        let (logs, _) = workspace.logs.as_chunks_mut::<MR>();
        let (totals, _) = workspace.totals.as_chunks_mut::<MR>();
        let mut most = [f64::NEG_INFINITY; MR];
        for (slot, total) in logs.iter_mut().zip(totals.iter()) {
            let log: [f64; MR] = each(|i| slot[i] + ln::<FUSED>(total[i]));
            most = each(|i| select(log[i] > most[i], log[i], most[i]));
            *slot = log;
        }
        let mut sum = [0.0; MR];
        for log in logs.iter() {
            let share: [f64; MR] = exponentials(simd, each(|i| log[i] - most[i]));
            sum = each(|i| sum[i] + share[i]);
        }
        let log_evidence: [f64; MR] = each(|i| most[i] + ln::<FUSED>(sum[i]));
        // From here on the logarithms are shares of the outer states.
        for slot in logs.iter_mut() {
            let log = *slot;
            *slot = exponentials(simd, each(|i| log[i] - log_evidence[i]));
        }
        let shares = logs;

        let n_states_log2 = coupling.order.len() as f64;
        let lost = coupling.range + n_states_log2 * std::f64::consts::LN_2 + LOG_SMALLEST;
        let log_lost: [f64; MR] = each(|i| self.highest[i] + lost - log_evidence[i]);
        // A change of h moves a marginal by a quarter of it at most.
        let rounding: [f64; MR] = each(|i| 0.25 * f64::EPSILON * self.magnitude[i]);
        let lost: [f64; MR] = exponentials(simd, log_lost);
        let certificate: [f64; MR] = each(|i| rounding[i] + lost[i]);
        let mut weights = [0.0; MR];
        weights[..n_items].copy_from_slice(&tile.weights[self.items.clone()]);
        for (i, item) in self.items.clone().enumerate() {
            // NaN and infinities are refused too.
            let accepted = log_lost[i] < LOG_LOST && rounding[i] < MAX_ROUNDING;
            answer.refused[item] = !accepted;
            if !accepted {
                weights[i] = 0.0;
            }
        }
        answer.log_evidence[self.items.clone()].copy_from_slice(&log_evidence[..n_items]);
        answer.certificate[self.items.clone()].copy_from_slice(&certificate[..n_items]);
        if *moments == Moments::None {
            return;
        }
        let (raw, _) = workspace.marginals.as_chunks::<MR>();
        for (share, total) in shares.iter().zip(totals.iter_mut()) {
            let inverse = *total;
            *total = each(|i| select(inverse[i] > 0.0, share[i] / inverse[i], 0.0));
        }
        for (position, feature) in coupling.order.iter().enumerate() {
            let Some(k) = feature else { continue };
            let mut mean = [0.0; MR];
            for (state, (share, scale)) in shares.iter().zip(totals.iter()).enumerate() {
                match position.checked_sub(n_inner) {
                    None => {
                        let raw = &raw[state * n_inner + position];
                        mean = each(|i| mean[i] + scale[i] * raw[i]);
                    }
                    Some(outer) if state >> outer & 1 == 1 => mean = each(|i| mean[i] + share[i]),
                    Some(_) => {}
                }
            }
            // Rounding may leave the unit interval by some 1e-16.
            mean = each(|i| select(mean[i] < 1.0, mean[i], 1.0));
            answer.marginals.row_mut(*k)[self.items.clone()].copy_from_slice(&mean[..n_items]);
        }
        if *moments == Moments::Marginals {
            return;
        }
        for (state, (share, scale)) in shares.iter().zip(totals.iter_mut()).enumerate() {
            let unweighted = *scale;
            *scale = each(|i| select(weights[i] == 0.0, 0.0, weights[i] * unweighted[i]));
            if coupling.n_outer > 0 {
                let sums = &mut workspace.outer_pairs[state * (1 + n_inner)..][..=n_inner];
                let share: [f64; MR] =
                    each(|i| select(weights[i] == 0.0, 0.0, weights[i] * share[i]));
                sums[0] += share.iter().sum::<f64>();
                for (sum, raw) in sums[1..].iter_mut().zip(&raw[state * n_inner..]) {
                    let products: [f64; MR] = each(|i| scale[i] * raw[i]);
                    *sum += products.iter().sum::<f64>();
                }
            }
        }
    }
}

/// exp of each lane; MR is a multiple of the registers' lanes.
#[inline(always)]
fn exponentials<S: Simd, const MR: usize>(simd: S, mut lanes: [f64; MR]) -> [f64; MR] {
    for register in S::as_mut_simd_f64s(&mut lanes).0 {
        *register = exp(simd, *register);
    }
    lanes
}

/// A number for each lane.
#[inline(always)]
fn each<const MR: usize>(f: impl Fn(usize) -> f64) -> [f64; MR] {
    let mut lanes = [0.0; MR];
    for (i, lane) in lanes.iter_mut().enumerate() {
        *lane = f(i);
    }
    lanes
}

#[inline(always)]
fn select(condition: bool, yes: f64, no: f64) -> f64 {
    if condition { yes } else { no }
}

/// max(x, 0) of a number that is not NaN.
#[inline(always)]
fn positive(x: f64) -> f64 {
    select(x > 0.0, x, 0.0)
}
