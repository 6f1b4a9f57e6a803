//! The parameters of the model, and their way between the user's units and standardised ones.

use ndarray::{Array1, Array2, s};

use super::channel::FeatureChannel;
use super::data::Data;
use super::scale::Scale;

/// y = intercept + covariate_weights' x + weights' z + noise; z follows the channels.
#[derive(Debug, Clone)]
pub struct Parameters {
    /// W, (K, D).
    pub weights: Array2<f64>,
    /// b, (D,).
    pub intercept: Array1<f64>,
    /// A, (P, D).
    pub covariate_weights: Array2<f64>,
    /// Diagonal of S, (D,).
    pub noise_variance: Array1<f64>,
    /// One channel for each feature.
    pub channels: Vec<FeatureChannel>,
}

impl Parameters {
    /// Read a feature the other way round: z becomes 1 - z, nothing else changes.
    pub(crate) fn flip(&mut self, k: usize) {
        self.intercept += &self.weights.row(k);
        self.weights.row_mut(k).mapv_inplace(|w| -w);
        self.channels[k] = self.channels[k].flipped();
    }

    /// Take the steps of intercept and covariate weights, and the weights, of dimension d.
    pub(crate) fn advance(&mut self, d: usize, coefficients: &Array1<f64>) {
        let n_covariates = self.covariate_weights.nrows();
        self.intercept[d] += coefficients[0];
        let mut covariate_weights = self.covariate_weights.column_mut(d);
        covariate_weights += &coefficients.slice(s![1..=n_covariates]);
        let weights = coefficients.slice(s![1 + n_covariates..]);
        self.weights.column_mut(d).assign(&weights);
    }

    /// From standardised units to the user's.
    pub(crate) fn to_user_units(&self, scale: &Scale) -> Self {
        let covariate_weights =
            Array2::from_shape_fn(self.covariate_weights.raw_dim(), |(p, d)| {
                self.covariate_weights[[p, d]] * scale.target_sd[d] / scale.covariate_sd[p]
            });
        let at_origin = scale.covariate_mean.dot(&covariate_weights);
        Self {
            weights: &self.weights * &scale.target_sd,
            intercept: &self.intercept * &scale.target_sd + &scale.target_mean - at_origin,
            covariate_weights,
            noise_variance: &self.noise_variance * &scale.target_sd * &scale.target_sd,
            channels: self.channels.clone(),
        }
    }

    /// From the user's units to standardised ones, noise at its floor at least.
    pub(crate) fn standardised(&self, data: &Data<'_>) -> Self {
        let scale = &data.scale;
        let at_mean = scale.covariate_mean.dot(&self.covariate_weights);
        let covariate_weights =
            Array2::from_shape_fn(self.covariate_weights.raw_dim(), |(p, d)| {
                self.covariate_weights[[p, d]] * scale.covariate_sd[p] / scale.target_sd[d]
            });
        let mut noise_variance = &self.noise_variance / &scale.target_sd / &scale.target_sd;
        noise_variance.zip_mut_with(&data.noise_floor, |s, floor| *s = s.max(*floor));
        Self {
            weights: &self.weights / &scale.target_sd,
            intercept: (&self.intercept + &at_mean - &scale.target_mean) / &scale.target_sd,
            covariate_weights,
            noise_variance,
            channels: self.channels.clone(),
        }
    }
}
