//! The E step where pair moments cost too much: with hundreds of features they take several times
//! what marginals take.
//!
//! The normal equations want P = sum v E[zz'] twice: for the gradient at the current weights w, and
//! for the step from there. The gradient, sum v E[z r] with r = c - w'z, needs no pairs: Cov(z, r) is
//! the derivative of the marginals as the residual c is shifted. For the step, the moments of
//! independent features, M = sum v (E[z] E[z]' + diag Var z), stand for P. That is one step of
//! conjugate gradients from w, preconditioned with M, at full length. M and P differ only in the
//! covariances of single posteriors, whose signs vary: the eigenvalues of M^-1 P are 0.93 to 1.003 at
//! K = 200 and 500, and the step leaves less than a thousandth of the gain. A fixed point is one of
//! plain EM: its gradient is zero.
//!
//! Sums are written so that the M step needs not know: with M for P, the sums of products with the
//! residuals gain Cov(z, r) + diag(Var z) w, which is what M lacks of P w.

use std::ops::Range;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1};

use super::e_step::{Adding, Part};
use crate::error::Result;
use crate::posterior::{Answer, Collect, Moments, Tile, Visit, Worker, solve_tile};

/// From this many features on marginals at two shifts are clearly cheaper than pair moments.
const FROM_FEATURES: usize = 100;
/// The shift for residuals of variance 1 under the posterior: what is of its square (1e-8) is below
/// what the differences keep of the digits of the marginals.
const STEP: f64 = 1e-4;

/// What stands for the pair moments in the normal equations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairMoments {
    Exact,
    MeanField,
}

impl PairMoments {
    /// The cheaper ones.
    pub fn for_shape(n_features: usize, n_targets: usize) -> Self {
        if n_targets == 1 && n_features >= FROM_FEATURES {
            Self::MeanField
        } else {
            Self::Exact
        }
    }
}

/// The visitor of a group that observes a scalar target.
pub(crate) struct Shifted<'a, 'd, 'w> {
    pub adding: Adding<'a, 'd>,
    /// W / sigma.
    pub weights: ArrayView1<'w, f64>,
    /// log (2 pi sigma^2) / 2.
    pub log_normaliser: f64,
}

/// Sums of a chunk, and answers.
pub(crate) struct ShiftedPart {
    plain: Part,
    /// M.
    pairs: Array2<f64>,
    /// Sum of v (Cov(z, r) + diag(Var z) w).
    lack: Array1<f64>,
    above: Answer,
    below: Answer,
}

impl Visit for Shifted<'_, '_, '_> {
    type Part = ShiftedPart;

    fn part(&self, n_items: usize) -> ShiftedPart {
        let n_features = self.weights.len();
        ShiftedPart {
            plain: self.adding.part(n_items),
            pairs: Array2::zeros((n_features, n_features)),
            lack: Array1::zeros(n_features),
            above: Answer::default(),
            below: Answer::default(),
        }
    }

    fn visit(
        &self,
        part: &mut ShiftedPart,
        worker: &mut dyn Worker,
        tile: &mut Tile,
        items: &[usize],
        range: Range<usize>,
    ) -> Result<()> {
        let h = STEP / (1.0 + 0.25 * self.weights.dot(&self.weights)).sqrt();
        let residual = tile.residuals.row(0).to_vec();
        for (shift, answer) in [(h, &mut part.above), (-h, &mut part.below)] {
            for (slot, c) in tile.residuals.row_mut(0).iter_mut().zip(&residual) {
                *slot = c + shift;
            }
            solve_tile(worker, tile, Moments::Marginals, answer, items)?;
        }
        tile.residuals.row_mut(0).copy_from_slice(&residual);
        let covariance = self.centre(&mut part.above, &part.below, h);
        let answer = &part.above;
        self.adding.add(&mut part.plain, tile, answer, items, range);
        part.plain.quality.add(&part.below);
        let marginals = answer.marginals.view();
        let weighted = &marginals * &ArrayView1::from(&tile.weights);
        general_mat_mul(1.0, &weighted, &marginals.t(), 1.0, &mut part.pairs);
        for (k, w) in self.weights.iter().enumerate() {
            let variance = (&weighted.row(k) * &(1.0 - &marginals.row(k))).sum();
            let covariance = covariance.row(k).dot(&ArrayView1::from(&tile.weights));
            part.pairs[[k, k]] += variance;
            part.lack[k] += covariance + variance * w;
        }
        Ok(())
    }

    fn merge(&mut self, mut part: ShiftedPart, _: Array2<f64>, items: &[usize]) {
        let linear = &mut part.plain.linear;
        let mut products = linear.features_residuals.column_mut(0);
        products += &part.lack;
        linear.power[0] += self.weights.dot(&part.lack);
        self.adding.merge(part.plain, part.pairs, items);
    }
}

impl Shifted<'_, '_, '_> {
    /// Turn the answer above into that at no shift, and give Cov(z, r), (K, items).
    fn centre(&self, above: &mut Answer, below: &Answer, h: f64) -> Array2<f64> {
        let covariance = (&below.marginals.view() - &above.marginals.view()) / (2.0 * h);
        let average = |above: &mut [f64], below: &[f64]| {
            for (above, below) in above.iter_mut().zip(below) {
                *above = 0.5 * (*above + below);
            }
        };
        for k in 0..self.weights.len() {
            average(above.marginals.row_mut(k), below.marginals.row(k));
        }
        average(&mut above.log_evidence, &below.log_evidence);
        let variances = -self.weights.dot(&covariance);
        for (value, variance) in above.log_evidence.iter_mut().zip(&variances) {
            // The second derivative of the log evidence is Var r - 1.
            *value -= 0.5 * h * h * (variance - 1.0) + self.log_normaliser;
        }
        covariance
    }
}
