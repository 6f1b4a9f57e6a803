//! Quantiles and densities of the predictive mixture of one target dimension.
//!
//! Given its judgments a new item's target is shift + w'z + normal noise with independent z: a
//! mixture of 2^K normals whose characteristic function is a product. The distribution function
//! is its Gil-Pelaez inversion by the midpoint rule, with the same guard against aliasing as the
//! posterior's quadrature.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2};
use rayon::prelude::*;

use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::numeric::{ceil_to_count, sigmoid};
use crate::posterior::{check_matrix, check_shape, check_vector};

/// exp(-40) bounds aliasing and the truncated tail.
const LOG_TOLERANCE: f64 = 40.0;
const BISECTIONS: usize = 200;
/// Nodes of the finest grid, 24 MiB; more of them only where sd is tiny beside the weights.
const MAX_NODES: usize = 1 << 20;

/// Predictive distributions of many items: shift + weights . z + sd e.
#[derive(Debug, Clone, Copy)]
pub struct Mixtures<'a> {
    /// Log odds of the features, (N, K).
    pub log_odds: ArrayView2<'a, f64>,
    /// Effects of the features on this target, (K,).
    pub weights: ArrayView1<'a, f64>,
    /// Intercept and covariate effects, (N,).
    pub shift: ArrayView1<'a, f64>,
    /// Standard deviation given z, (N,).
    pub sd: ArrayView1<'a, f64>,
    /// A normal that all items share, which takes the mixture's place for some of them.
    pub background: Option<Background>,
}

/// A normal distribution and the probability that it holds.
#[derive(Debug, Clone, Copy)]
pub struct Background {
    /// At least 0, below 1.
    pub share: f64,
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation.
    pub sd: f64,
}

impl Mixtures<'_> {
    /// Quantiles of every item at the levels, (N, L).
    ///
    /// # Errors
    /// Shapes that do not fit; numbers outside their domains, an sd below 1 / 40000 of that of the
    /// mixture among them; [`Error::Cancelled`].
    ///
    /// ```
    /// use genz_core::{CancelToken, mixture::Mixtures};
    /// use ndarray::array;
    ///
    /// // A fair coin decides between Normal(0, 1) and Normal(10, 1).
    /// let (log_odds, weights, shift, sd) = (array![[0.0]], array![10.0], array![0.0], array![1.0]);
    /// let mixtures = Mixtures {
    ///     log_odds: log_odds.view(),
    ///     weights: weights.view(),
    ///     shift: shift.view(),
    ///     sd: sd.view(),
    ///     background: None,
    /// };
    /// let quantiles = mixtures.quantiles(&[0.25, 0.5], &CancelToken::default())?;
    /// assert!(quantiles[[0, 0]].abs() < 1e-5);
    /// assert!((quantiles[[0, 1]] - 5.0).abs() < 1e-5);
    /// # Ok::<(), genz_core::Error>(())
    /// ```
    pub fn quantiles(&self, levels: &[f64], cancel: &CancelToken) -> Result<Array2<f64>> {
        self.check()?;
        check_vector(
            "levels",
            levels.into(),
            |level| level > 0.0 && level < 1.0,
            "a probability above 0 and below 1",
        )?;
        let n_items = self.log_odds.nrows();
        let rows: Vec<Vec<f64>> = (0..n_items)
            .into_par_iter()
            .map(|item| {
                cancel.check()?;
                let inversion = self.inversion(item)?;
                Ok(levels
                    .iter()
                    .map(|&level| inversion.quantile(level))
                    .collect())
            })
            .collect::<Result<_>>()?;
        Ok(Array2::from_shape_fn(
            (n_items, levels.len()),
            |(item, l)| rows[item][l],
        ))
    }

    /// Distribution function of every item at its value, (N,).
    ///
    /// # Errors
    /// As [`Mixtures::quantiles`].
    pub fn distribution(
        &self,
        values: ArrayView1<'_, f64>,
        cancel: &CancelToken,
    ) -> Result<Array1<f64>> {
        self.check()?;
        check_shape(
            "values",
            values.shape(),
            &[self.log_odds.nrows()],
            "log_odds",
        )?;
        let values: Vec<f64> = (0..values.len())
            .into_par_iter()
            .map(|item| {
                cancel.check()?;
                Ok(self.inversion(item)?.distribution(values[item]))
            })
            .collect::<Result<_>>()?;
        Ok(values.into())
    }

    fn check(&self) -> Result<()> {
        let (n_items, n_features) = self.log_odds.dim();
        check_shape("weights", self.weights.shape(), &[n_features], "log_odds")?;
        check_shape("shift", self.shift.shape(), &[n_items], "log_odds")?;
        check_shape("sd", self.sd.shape(), &[n_items], "log_odds")?;
        let finite = "a finite number";
        check_matrix(
            "log_odds",
            self.log_odds,
            |x| !x.is_nan(),
            "a number, -inf or +inf, not NaN",
        )?;
        check_vector("weights", self.weights, f64::is_finite, finite)?;
        check_vector("shift", self.shift, f64::is_finite, finite)?;
        let (is_width, width) = (|x: f64| x.is_finite() && x > 0.0, "a finite number above 0");
        check_vector("sd", self.sd, is_width, width)?;
        if let Some(Background { share, mean, sd }) = self.background {
            let alone = |x| Array1::from_elem(1, x);
            let is_share = |x: f64| (0.0..1.0).contains(&x);
            check_vector(
                "background share",
                alone(share).view(),
                is_share,
                "a probability below 1",
            )?;
            check_vector(
                "background mean",
                alone(mean).view(),
                f64::is_finite,
                finite,
            )?;
            check_vector("background sd", alone(sd).view(), is_width, width)?;
        }
        Ok(())
    }

    fn inversion(&self, item: usize) -> Result<Inversion> {
        let sd = self.sd[item];
        let probabilities = self.log_odds.row(item).mapv(sigmoid);
        let mean = probabilities.dot(&self.weights);
        let spread: f64 = self.weights.iter().map(|w| w * w).sum::<f64>() / 4.0;
        let centre = self.shift[item] + mean;
        let mut total_sd = (sd * sd + spread).sqrt();
        let mut least_sd = sd;
        if let Some(background) = self.background {
            let away = (background.mean - centre).abs() / (2.0 * LOG_TOLERANCE).sqrt();
            total_sd = total_sd.max(background.sd + away);
            least_sd = least_sd.min(background.sd);
        }
        // Twice the range that holds all but exp(-40): values are searched inside one half of it.
        let step = std::f64::consts::PI / ((2.0 * LOG_TOLERANCE).sqrt() * total_sd);
        let n_nodes = ceil_to_count((2.0 * LOG_TOLERANCE).sqrt() / (least_sd * step));
        if n_nodes > MAX_NODES {
            return Err(Error::OutOfDomain {
                name: "sd",
                row: item,
                column: 0,
                value: sd,
                wanted: "at least 1 / 40000 of the standard deviation of the whole mixture",
            });
        }
        let nodes = (0..n_nodes)
            .map(|j| {
                let u = (j as f64 + 0.5) * step;
                // Around the mean, so that phases stay small.
                let start = ((-0.5 * u * u * sd * sd).exp(), -u * mean);
                let (mut re, mut im) = (start.0 * start.1.cos(), start.0 * start.1.sin());
                for (p, w) in probabilities.iter().zip(&self.weights) {
                    let (sin, cos) = (u * w).sin_cos();
                    let (f_re, f_im) = (1.0 - p + p * cos, p * sin);
                    (re, im) = (re * f_re - im * f_im, re * f_im + im * f_re);
                }
                if let Some(Background { share, mean, sd }) = self.background {
                    let (sin, cos) = (u * (mean - centre)).sin_cos();
                    let size = share * (-0.5 * u * u * sd * sd).exp();
                    re = (1.0 - share) * re + size * cos;
                    im = (1.0 - share) * im + size * sin;
                }
                let scale = step / (std::f64::consts::PI * u);
                [u, re * scale, im * scale]
            })
            .collect();
        Ok(Inversion {
            nodes,
            centre,
            half_range: (2.0 * LOG_TOLERANCE).sqrt() * total_sd,
        })
    }
}

/// Characteristic function of one item around its mean, over u.
struct Inversion {
    nodes: Vec<[f64; 3]>,
    centre: f64,
    half_range: f64,
}

impl Inversion {
    /// P(y <= value), exact to about 1e-13.
    fn distribution(&self, value: f64) -> f64 {
        let t = value - self.centre;
        if t.abs() >= self.half_range {
            return f64::from(u8::from(t > 0.0));
        }
        let sum: f64 = self
            .nodes
            .iter()
            .map(|[u, re, im]| {
                let (sin, cos) = (u * t).sin_cos();
                im * cos - re * sin
            })
            .sum();
        (0.5 - sum).clamp(0.0, 1.0)
    }

    /// The value whose distribution function is `level`, by bisection to the last digits.
    fn quantile(&self, level: f64) -> f64 {
        let (mut low, mut high) = (-self.half_range, self.half_range);
        for _ in 0..BISECTIONS {
            let middle = f64::midpoint(low, high);
            if high - low <= 1e-12 * self.half_range {
                break;
            }
            if self.distribution(self.centre + middle) < level {
                low = middle;
            } else {
                high = middle;
            }
        }
        self.centre + f64::midpoint(low, high)
    }
}
