//! Sums over the items of a group, and the normal equations that they make.
//!
//! d = (1, x) is the design, phi = (d, z); r = y - b - A'x of the observed targets.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Zip, s};

use super::data::Data;
use super::parameters::Parameters;

/// All that the regression needs of the E step of a group.
#[derive(Debug)]
pub(crate) struct GroupSums {
    pub linear: LinearSums,
    /// v E[zz'], (K, K).
    pub pairs: Array2<f64>,
}

/// Sums of products that need E[z] only; residuals in units of the noise.
#[derive(Debug, Clone)]
pub(crate) struct LinearSums {
    /// v d E[z]', (1 + P, K).
    pub design_features: Array2<f64>,
    /// v d r', (1 + P, observed).
    pub design_residuals: Array2<f64>,
    /// v E[z] r', (K, observed).
    pub features_residuals: Array2<f64>,
    /// v r^2, (observed,).
    pub power: Array1<f64>,
}

impl LinearSums {
    pub fn zeros(n_design: usize, n_features: usize, n_observed: usize) -> Self {
        Self {
            design_features: Array2::zeros((n_design, n_features)),
            design_residuals: Array2::zeros((n_design, n_observed)),
            features_residuals: Array2::zeros((n_features, n_observed)),
            power: Array1::zeros(n_observed),
        }
    }

    /// Add items: `design` is v d, (1 + P, items), with v in its first row.
    pub fn add_items(
        &mut self,
        design: ArrayView2<'_, f64>,
        marginals: ArrayView2<'_, f64>,
        residuals: ArrayView2<'_, f64>,
    ) {
        let weighted = &residuals * &design.row(0);
        general_mat_mul(1.0, &design, &marginals.t(), 1.0, &mut self.design_features);
        general_mat_mul(
            1.0,
            &design,
            &residuals.t(),
            1.0,
            &mut self.design_residuals,
        );
        general_mat_mul(
            1.0,
            &marginals,
            &weighted.t(),
            1.0,
            &mut self.features_residuals,
        );
        Zip::from(&mut self.power)
            .and(residuals.rows())
            .and(weighted.rows())
            .for_each(|sum, r, weighted| *sum += r.dot(&weighted));
    }

    pub fn add(&mut self, other: &Self) {
        self.design_features += &other.design_features;
        self.design_residuals += &other.design_residuals;
        self.features_residuals += &other.features_residuals;
        self.power += &other.power;
    }
}

/// Normal equations of one target dimension, before the ridge: the regression of r on phi, whose
/// coefficients are the steps of b and A, and W.
#[derive(Debug, Clone)]
pub(crate) struct NormalEquations {
    /// Sum of v E[phi phi'].
    pub matrix: Array2<f64>,
    /// Sum of v E[phi] r.
    pub right: Array1<f64>,
    /// Sum of v r^2.
    pub power: f64,
}

/// The equations of each target, from the groups that observe it.
pub(crate) fn normal_equations(
    data: &Data<'_>,
    sums: &[GroupSums],
    parameters: &Parameters,
) -> Vec<NormalEquations> {
    let n_design = data.n_design();
    let size = n_design + data.n_features();
    let empty = NormalEquations {
        matrix: Array2::zeros((size, size)),
        right: Array1::zeros(size),
        power: 0.0,
    };
    let mut equations = vec![empty; data.n_targets()];
    for (group, GroupSums { linear, pairs }) in data.groups.iter().zip(sums) {
        for (ix, &d) in group.pattern.observed.iter().enumerate() {
            let NormalEquations {
                matrix,
                right,
                power,
            } = &mut equations[d];
            let mut add = |rows, columns, block: ArrayView2<'_, f64>| {
                let mut part = matrix.slice_mut(s![rows, columns]);
                part += &block;
            };
            let (design, features) = (0..n_design, n_design..size);
            add(design.clone(), design.clone(), group.design_gram.view());
            add(
                design.clone(),
                features.clone(),
                linear.design_features.view(),
            );
            add(features.clone(), design, linear.design_features.t());
            add(features.clone(), features, pairs.view());
            let noise = parameters.noise_variance[d];
            let mut of_design = right.slice_mut(s![..n_design]);
            of_design.scaled_add(noise.sqrt(), &linear.design_residuals.column(ix));
            let mut of_features = right.slice_mut(s![n_design..]);
            of_features.scaled_add(noise.sqrt(), &linear.features_residuals.column(ix));
            *power += noise * linear.power[ix];
        }
    }
    equations
}

impl NormalEquations {
    /// The matrix with the `ridge` (K,), in units of the `noise`, on the features' part of the
    /// diagonal.
    pub fn with_ridge(&self, ridge: ArrayView1<'_, f64>, noise: f64) -> Array2<f64> {
        let mut matrix = self.matrix.clone();
        let n_design = matrix.nrows() - ridge.len();
        let mut features = matrix.diag_mut();
        features.slice_mut(s![n_design..]).scaled_add(noise, &ridge);
        matrix
    }

    /// Sum of v E[(r - coefficients . phi)^2].
    pub fn residual_power(&self, coefficients: &Array1<f64>) -> f64 {
        let explained = self.matrix.dot(coefficients);
        self.power - 2.0 * coefficients.dot(&self.right) + coefficients.dot(&explained)
    }
}
