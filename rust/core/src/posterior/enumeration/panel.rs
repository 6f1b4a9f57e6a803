//! The numbers of a panel that are not tables: what its items bring along, and what comes out.

use std::ops::Range;

use super::kernel::Kernel;
use crate::posterior::tile::Moments;
use crate::simd::exponential::{exp, ln};

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
    pub fn read<const FUSED: bool>(job: &mut Kernel<'_>, items: Range<usize>) -> Self {
        let Kernel {
            coupling,
            workspace,
            tile,
            ..
        } = job;
        let n_items = items.len();
        let mut panel = Self {
            items,
            base: [0.0; MR],
            magnitude: [0.0; MR],
            highest: [f64::NEG_INFINITY; MR],
            any_certain: false,
        };
        let copy = |row: &[f64]| {
            let mut lanes = [0.0; MR];
            lanes[..n_items].copy_from_slice(&row[panel.items.clone()]);
            lanes
        };
        let (residuals, _) = workspace.residuals.as_chunks_mut::<MR>();
        for (d, residual) in residuals.iter_mut().enumerate() {
            let lanes = copy(tile.residuals.row(d));
            for i in 0..MR {
                panel.base[i] -= 0.5 * lanes[i] * lanes[i];
                panel.magnitude[i] += lanes[i].abs() * coupling.magnitude[d];
                residual[i] = lanes[i] - coupling.centre[d];
            }
        }
        let (fields, _) = workspace.fields.as_chunks_mut::<MR>();
        let (certain, _) = workspace.certain.as_chunks_mut::<MR>();
        let mut odds = [1.0; MR];
        for ((position, field), certain) in fields.iter_mut().enumerate().zip(certain) {
            let Some(k) = coupling.order[position] else {
                *field = [f64::NEG_INFINITY; MR];
                continue;
            };
            let lanes = copy(tile.log_odds.row(k));
            let mut n_certain = 0.0;
            for i in 0..MR {
                certain[i] = f64::from(lanes[i] == f64::INFINITY);
                n_certain += certain[i];
                field[i] = if lanes[i] == f64::INFINITY {
                    0.0
                } else {
                    lanes[i]
                };
                let size = field[i].abs();
                // exp(-inf) is 0, so that what is certain has no normaliser.
                odds[i] *= 1.0 + exp::<FUSED>(-lanes[i].abs());
                panel.base[i] -= field[i].max(0.0);
                panel.magnitude[i] += if size == f64::INFINITY { 0.0 } else { size };
            }
            panel.any_certain |= n_certain > 0.0;
            for (residual, &w) in residuals.iter().zip(coupling.weights.row(position)) {
                for i in 0..MR {
                    field[i] += w * residual[i];
                }
            }
        }
        for i in 0..MR {
            panel.base[i] -= ln::<FUSED>(odds[i]);
        }
        panel
    }

    /// Fill the factors given a state of the outer features, and what they leave out of the logarithm.
    #[inline(always)]
    pub fn condition<const FUSED: bool>(&mut self, job: &mut Kernel<'_>, state: usize) {
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
        let mut log = [coupling.constants[state]; MR];
        for i in 0..MR {
            log[i] += self.base[i];
        }
        let shifts = coupling.shifts.row(state);
        for (position, &shift) in shifts.iter().enumerate() {
            let (on, off) = (&mut on[position], &mut off[position]);
            for i in 0..MR {
                let field = fields[position][i] - shift;
                let small = exp::<FUSED>(-field.abs());
                on[i] = if field > 0.0 { 1.0 } else { small };
                off[i] = if field > 0.0 { small } else { 1.0 };
                log[i] += field.max(0.0);
            }
            if self.any_certain && coupling.order[position].is_some() {
                for i in (0..MR).filter(|&i| certain[position][i] > 0.0) {
                    // Without the feature there is nothing; with it, the factor exp(field).
                    log[i] += (fields[position][i] - shift).min(0.0);
                    (on[i], off[i]) = (1.0, 0.0);
                }
            }
        }
        for (outer, position) in (n_inner..coupling.order.len()).enumerate() {
            let holds = state >> outer & 1 == 1;
            for i in 0..MR {
                log[i] += match holds {
                    true => fields[position][i],
                    false if self.any_certain && certain[position][i] > 0.0 => f64::NEG_INFINITY,
                    false => 0.0,
                };
            }
        }
        for i in 0..MR {
            self.highest[i] = self.highest[i].max(log[i]);
        }
        workspace.logs[state * MR..(state + 1) * MR].copy_from_slice(&log);
    }

    /// Log evidence, marginals and certificate of the items; leaves the factor of each table in the
    /// pair moments in `totals`.
    #[inline(always)]
    pub fn answer<const FUSED: bool>(&self, job: &mut Kernel<'_>) {
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
        for (log, total) in logs.iter_mut().zip(totals.iter()) {
            for i in 0..MR {
                log[i] += ln::<FUSED>(total[i]);
                most[i] = most[i].max(log[i]);
            }
        }
        let mut sum = [0.0; MR];
        for log in logs.iter() {
            for i in 0..MR {
                sum[i] += exp::<FUSED>(log[i] - most[i]);
            }
        }
        let mut log_evidence = [0.0; MR];
        let mut weights = [0.0; MR];
        weights[..n_items].copy_from_slice(&tile.weights[self.items.clone()]);
        let lost =
            coupling.range + coupling.order.len() as f64 * std::f64::consts::LN_2 + LOG_SMALLEST;
        for i in 0..MR {
            log_evidence[i] = most[i] + ln::<FUSED>(sum[i]);
            let log_lost = self.highest[i] + lost - log_evidence[i];
            // A change of h moves a marginal by a quarter of it at most.
            let rounding = 0.25 * f64::EPSILON * self.magnitude[i];
            // NaN and infinities are refused too.
            let accepted = log_lost < LOG_LOST && rounding < MAX_ROUNDING;
            if i < n_items {
                let item = self.items.start + i;
                answer.log_evidence[item] = log_evidence[i];
                answer.certificate[item] = rounding + exp::<FUSED>(log_lost);
                answer.refused[item] = !accepted;
            }
            if !accepted {
                weights[i] = 0.0;
            }
        }
        if *moments == Moments::None {
            return;
        }
        let (raw, _) = workspace.marginals.as_chunks::<MR>();
        for (position, feature) in coupling.order.iter().enumerate() {
            let Some(k) = feature else { continue };
            let row = answer.marginals.row_mut(*k);
            let mut mean = [0.0; MR];
            for (state, (log, total)) in logs.iter().zip(totals.iter()).enumerate() {
                let outer = position.checked_sub(n_inner);
                if outer.is_some_and(|outer| state >> outer & 1 == 0) {
                    continue;
                }
                for i in 0..MR {
                    let share = exp::<FUSED>(log[i] - log_evidence[i]);
                    mean[i] += match outer {
                        Some(_) => share,
                        None => share * (raw[state * n_inner + position][i] / total[i]),
                    };
                }
            }
            for (slot, mean) in row[self.items.clone()].iter_mut().zip(mean) {
                // Rounding may leave the unit interval by some 1e-16.
                *slot = mean.min(1.0);
            }
        }
        for (state, (log, total)) in logs.iter().zip(totals.iter_mut()).enumerate() {
            for i in 0..MR {
                let share = weights[i] * exp::<FUSED>(log[i] - log_evidence[i]);
                total[i] = if weights[i] == 0.0 || total[i] == 0.0 {
                    0.0
                } else {
                    share / total[i]
                };
            }
            if coupling.n_outer > 0 && *moments == Moments::Pairs {
                let sums = &mut workspace.outer_pairs[state * (1 + n_inner)..];
                for i in 0..MR {
                    if weights[i] != 0.0 {
                        sums[0] += weights[i] * exp::<FUSED>(log[i] - log_evidence[i]);
                    }
                    for (position, sum) in sums[1..=n_inner].iter_mut().enumerate() {
                        *sum += total[i] * raw[state * n_inner + position][i];
                    }
                }
            }
        }
    }
}
