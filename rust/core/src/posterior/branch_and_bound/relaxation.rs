//! The tilt bound over the features that are still free, as tight as diagonals make it.
//!
//! Flips f of the free features away from a reference state have log mass gain . f - f'Jf / 2 with
//! J in the signs of the reference. As f_k^2 = f_k, a diagonal T may move from the quadratic to the
//! linear term. While A = J - T stays positive semidefinite, every u bounds the sum over f by
//!
//! u'Au / 2 + sum_k softplus(gain_k - T_k / 2 - (Au)_k).
//!
//! T = 0 is the tilt bound itself (m = -W'u). The largest trace of T gains most, and a full rank of
//! J, where branch and bound pays, leaves much to gain: two to three times fewer nodes at K = 40.

use ndarray::{Array2, ArrayView2};

use crate::linear::Factor;
use crate::posterior::row_space::dot;

/// The last barrier, in nats a feature: it costs the bound an eighth of that.
const TRACE_GAP: f64 = 1e-3;
/// Cooling of the barrier from one sweep to the next.
const COOLING: f64 = 0.7;
/// Sweeps at one barrier.
const SWEEPS: usize = 2;

/// A and T of the features from one position on.
#[derive(Debug)]
pub(crate) struct Relaxation {
    /// A = J - diag(T), (F, F).
    pub coupling: Array2<f64>,
    /// T, (F,).
    pub diagonal: Vec<f64>,
    /// First step of a descent: the inverse of the largest curvature.
    pub step: f64,
}

impl Relaxation {
    /// J of the free features, positive semidefinite.
    pub fn new(coupling: ArrayView2<'_, f64>) -> Self {
        let diagonal = largest_trace(coupling).unwrap_or_else(|| vec![0.0; coupling.nrows()]);
        let coupling = relaxed(coupling, &diagonal);
        let curvature = coupling
            .rows()
            .into_iter()
            .map(|row| row.iter().map(|x| x.abs()).sum::<f64>())
            .fold(0.0, f64::max);
        Self {
            coupling,
            diagonal,
            step: 1.0 / (1.0 + 0.25 * curvature),
        }
    }

    pub fn row(&self, k: usize) -> &[f64] {
        let n = self.diagonal.len();
        &self.coupling.as_slice().expect("row-major by construction")[k * n..(k + 1) * n]
    }

    /// A u.
    pub fn couple(&self, u: &[f64], coupled: &mut [f64]) {
        for (k, slot) in coupled.iter_mut().enumerate() {
            *slot = dot(self.row(k), u);
        }
    }
}

/// A diagonal T of nearly the largest trace with J - T positive definite, from inside: coordinate
/// ascent on trace T + barrier log |J - T| while the barrier falls. `None` where rounding beats it.
fn largest_trace(coupling: ArrayView2<'_, f64>) -> Option<Vec<f64>> {
    let n = coupling.nrows();
    let largest = coupling.diag().fold(0.0_f64, |most, x| most.max(*x));
    let mut barrier = largest.max(TRACE_GAP);
    let gap = TRACE_GAP.max(1e-9 * largest);
    let mut diagonal = vec![-barrier; n];
    let mut inverse = Factor::new(relaxed(coupling, &diagonal).view())?.inverse();
    while barrier > gap {
        barrier = (barrier * COOLING).max(gap);
        for k in (0..n).cycle().take(SWEEPS * n) {
            // The optimum of t + barrier log(1 - t s), s = [(J - T)^-1]_kk.
            let s = inverse[[k, k]];
            let change = 1.0 / s - barrier;
            diagonal[k] += change;
            let scale = change / (1.0 - change * s);
            let column = inverse.column(k).to_vec();
            for (mut row, c) in inverse.rows_mut().into_iter().zip(&column) {
                for (entry, d) in row.iter_mut().zip(&column) {
                    *entry += scale * c * d;
                }
            }
        }
    }
    Factor::new(relaxed(coupling, &diagonal).view()).map(|_| diagonal)
}

/// J - diag(T), row-major.
fn relaxed(coupling: ArrayView2<'_, f64>, diagonal: &[f64]) -> Array2<f64> {
    Array2::from_shape_fn(coupling.dim(), |(k, l)| {
        coupling[[k, l]] - if k == l { diagonal[k] } else { 0.0 }
    })
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn a_diagonal_coupling_moves_wholly() {
        let relaxation = Relaxation::new(array![[2.0, 0.0], [0.0, 3.0]].view());
        assert!((relaxation.diagonal[0] - 2.0).abs() < 2.0 * TRACE_GAP);
        assert!((relaxation.diagonal[1] - 3.0).abs() < 2.0 * TRACE_GAP);
    }

    #[test]
    fn the_trace_is_nearly_the_largest() {
        // (2 - s)(3 - t) >= 1 has its largest s + t = 3 where both factors are 1; the least
        // eigenvalue of J on the whole diagonal reaches 2.76.
        let relaxation = Relaxation::new(array![[2.0, -1.0], [-1.0, 3.0]].view());
        let trace: f64 = relaxation.diagonal.iter().sum();
        assert!(trace > 2.98 && trace < 3.0, "{trace}");
        assert!(Factor::new(relaxation.coupling.view()).is_some());
    }
}
