//! What all items share: tables of the centred couplings.

use ndarray::{Array2, ArrayView2, Axis};

use super::split::{MIN_SIDE, Split};
use super::states::fill_linear;

/// Tables of a set of weights.
///
/// With s = z - 1/2, J = WW', h = lambda + W (r - W'1 / 2) and the constant
/// c = (|W'1|^2 - sum over k of J_kk) / 8,
///
/// lambda . z - |r - W'z|^2 / 2 = h . z - sum over k < l of J_kl s_k s_l + c - |r|^2 / 2.
///
/// Centring takes out of the couplings all that acts on one feature alone, so that what is left has
/// the least range. Given the state of the outer features, what is left among the inner ones is
/// `on_a`, `on_b` and `between`, and the outer ones move h by `shifts`.
#[derive(Debug)]
pub(crate) struct Coupling {
    /// Features by position: side a, side b, outer. None fills a side and never holds.
    pub order: Vec<Option<usize>>,
    /// Features of side a, of side b and of the outer loop, with the fillers.
    pub n_a: usize,
    pub n_b: usize,
    pub n_outer: usize,
    /// W by position, (positions, D).
    pub weights: Array2<f64>,
    /// W'1 / 2, (D,).
    pub centre: Vec<f64>,
    /// exp of the couplings within a side less their maximum, by its states.
    pub on_a: Vec<f64>,
    pub on_b: Vec<f64>,
    /// exp of the couplings between the sides, (states of a, states of b).
    pub between: Array2<f64>,
    /// The largest |logarithm| of `between`.
    pub range: f64,
    /// What each state of the outer features takes from h of each inner position, (states, inner).
    pub shifts: Array2<f64>,
    /// The logarithm that each state of the outer features brings along, with all constants.
    pub constants: Vec<f64>,
    /// sum over k of |w_kd|, (D,): bounds the rounding of h.
    pub magnitude: Vec<f64>,
}

impl Coupling {
    /// Tables of W / sigma, (K, D).
    pub fn new(weights: ArrayView2<'_, f64>) -> Self {
        let couplings = weights.dot(&weights.t());
        let split = Split::new(couplings.view());
        let filled = |side: &[usize]| {
            let mut side: Vec<Option<usize>> = side.iter().copied().map(Some).collect();
            side.resize(side.len().max(MIN_SIDE), None);
            side
        };
        let (a, b) = (filled(&split.a), filled(&split.b));
        let outer: Vec<Option<usize>> = split.outer.iter().copied().map(Some).collect();
        let coupling = |k: Option<usize>, l: Option<usize>| match (k, l) {
            (Some(k), Some(l)) => couplings[[k, l]],
            _ => 0.0,
        };
        let (log_a, log_b, log_outer) = (
            within(&a, &coupling),
            within(&b, &coupling),
            within(&outer, &coupling),
        );
        let [max_a, max_b] = [&log_a, &log_b].map(|logs| maximum(logs));
        let between = Array2::from_shape_fn((a.len(), b.len()), |(i, j)| coupling(a[i], b[j]));
        let log_between = -spins(a.len()).dot(&between).dot(&spins(b.len()).t());
        let inner: Vec<Option<usize>> = a.iter().chain(&b).copied().collect();
        let to_inner = Array2::from_shape_fn((outer.len(), inner.len()), |(i, j)| {
            coupling(outer[i], inner[j])
        });
        let shifts = spins(outer.len()).dot(&to_inner);
        let whole = weights.sum_axis(Axis(0));
        let constant = max_a + max_b + 0.125 * (whole.dot(&whole) - couplings.diag().sum());
        let order: Vec<Option<usize>> = inner.into_iter().chain(outer.iter().copied()).collect();
        Self {
            weights: Array2::from_shape_fn((order.len(), weights.ncols()), |(position, d)| {
                order[position].map_or(0.0, |k| weights[[k, d]])
            }),
            n_a: a.len(),
            n_b: b.len(),
            n_outer: outer.len(),
            order,
            centre: whole.iter().map(|w| 0.5 * w).collect(),
            on_a: log_a.iter().map(|log| (log - max_a).exp()).collect(),
            on_b: log_b.iter().map(|log| (log - max_b).exp()).collect(),
            range: log_between
                .iter()
                .fold(0.0, |most, log| most.max(log.abs())),
            between: log_between.mapv_into(f64::exp),
            constants: log_outer
                .iter()
                .zip(shifts.rows())
                .map(|(log, shifts)| log + constant + 0.5 * shifts.sum())
                .collect(),
            shifts,
            magnitude: weights
                .columns()
                .into_iter()
                .map(|column| column.iter().map(|w| w.abs()).sum())
                .collect(),
        }
    }

    /// Positions of the inner features.
    pub fn n_inner(&self) -> usize {
        self.n_a + self.n_b
    }
}

/// s = z - 1/2 of every state, (states, features).
fn spins(n_features: usize) -> Array2<f64> {
    Array2::from_shape_fn((1 << n_features, n_features), |(state, k)| {
        if state >> k & 1 == 1 { 0.5 } else { -0.5 }
    })
}

/// - sum over k < l of J_kl s_k s_l for every state of these features.
fn within(
    features: &[Option<usize>],
    coupling: &impl Fn(Option<usize>, Option<usize>) -> f64,
) -> Vec<f64> {
    let mut logs = vec![0.0; 1 << features.len()];
    let mut fields = vec![0.0; 1 << features.len()];
    for (k, &feature) in features.iter().enumerate() {
        // sum over l < k of J_kl s_l, by the states of the features before.
        let row: Vec<f64> = features[..k]
            .iter()
            .map(|&l| coupling(feature, l))
            .collect();
        let half: f64 = 0.5 * row.iter().sum::<f64>();
        fill_linear(&mut fields[..1 << k], &row);
        let (without, with) = logs[..2 << k].split_at_mut(1 << k);
        for ((without, with), field) in without.iter_mut().zip(with).zip(&fields) {
            let term = 0.5 * (field - half);
            *with = *without - term;
            *without += term;
        }
    }
    logs
}

fn maximum(logs: &[f64]) -> f64 {
    logs.iter()
        .fold(f64::NEG_INFINITY, |most, &log| most.max(log))
}

#[cfg(test)]
mod tests {
    use ndarray::Array1;

    use super::*;

    /// The identity at the head of [`Coupling`], state by state.
    #[test]
    fn tables_add_up_to_the_square() {
        let (n_features, n_targets) = (18, 3);
        let weights = Array2::from_shape_fn((n_features, n_targets), |(k, d)| {
            ((7 * k + 3 * d) as f64).sin()
        });
        let residual = Array1::from_vec(vec![0.3, -1.2, 2.0]);
        let coupling = Coupling::new(weights.view());
        let shifted = &residual - &Array1::from_vec(coupling.centre.clone());
        let fields = coupling.weights.dot(&shifted);
        let n_inner = coupling.n_inner();
        for number in [0_usize, 1, 77_777, 262_143, 131_072, 99_999] {
            let state = number % (1 << coupling.order.len());
            let holds = |position: usize| state >> position & 1 == 1;
            let z = |k: usize| holds(coupling.order.iter().position(|&f| f == Some(k)).unwrap());
            let explained = (0..n_features)
                .filter(|&k| z(k))
                .fold(Array1::<f64>::zeros(n_targets), |sum, k| {
                    sum + weights.row(k)
                });
            let wanted = -0.5 * (&residual - &explained).mapv(|x: f64| x * x).sum();
            let outer = state >> n_inner;
            let (a, b) = (
                state & ((1 << coupling.n_a) - 1),
                state >> coupling.n_a & ((1 << coupling.n_b) - 1),
            );
            let of_outer: f64 = (n_inner..coupling.order.len())
                .filter(|&p| holds(p))
                .map(|p| fields[p])
                .sum();
            let of_inner: f64 = (0..n_inner)
                .filter(|&p| holds(p))
                .map(|p| fields[p] - coupling.shifts[[outer, p]])
                .sum();
            let got = of_inner
                + of_outer
                + coupling.constants[outer]
                + (coupling.on_a[a] * coupling.on_b[b] * coupling.between[[a, b]]).ln()
                - 0.5 * residual.dot(&residual);
            assert!((got - wanted).abs() < 1e-11, "{state}: {got} {wanted}");
        }
    }
}
