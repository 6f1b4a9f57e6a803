//! The checked input of every solver.

use ndarray::{ArrayView1, ArrayView2};

use crate::error::{Error, Result};

/// Targets, parameters and log odds whose shapes fit and whose numbers are in their domains.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a> {
    /// Targets less any covariate effect, (N, D); NaN where not observed.
    pub(crate) targets: ArrayView2<'a, f64>,
    /// Effect of each latent feature, (K, D).
    pub(crate) weights: ArrayView2<'a, f64>,
    /// Intercept, (D,).
    pub(crate) intercept: ArrayView1<'a, f64>,
    /// Noise variance, (D,).
    pub(crate) noise_variance: ArrayView1<'a, f64>,
    /// Prior log odds of each latent feature, (N, K); infinite where certain.
    pub(crate) log_odds: ArrayView2<'a, f64>,
    /// Weight of each item, (N,); 1 where absent.
    pub(crate) item_weights: Option<ArrayView1<'a, f64>>,
}

impl<'a> Problem<'a> {
    /// # Errors
    /// Shapes that do not fit each other; NaN or infinite numbers where finite ones are wanted;
    /// a noise variance that is not positive; a negative item weight.
    pub fn new(
        targets: ArrayView2<'a, f64>,
        weights: ArrayView2<'a, f64>,
        intercept: ArrayView1<'a, f64>,
        noise_variance: ArrayView1<'a, f64>,
        log_odds: ArrayView2<'a, f64>,
        item_weights: Option<ArrayView1<'a, f64>>,
    ) -> Result<Self> {
        let (n_items, n_targets) = targets.dim();
        let n_features = log_odds.ncols();
        check_shape(
            "log_odds",
            log_odds.shape(),
            &[n_items, n_features],
            "targets",
        )?;
        check_shape(
            "weights",
            weights.shape(),
            &[n_features, n_targets],
            "log_odds and targets",
        )?;
        check_shape("intercept", intercept.shape(), &[n_targets], "targets")?;
        check_shape(
            "noise_variance",
            noise_variance.shape(),
            &[n_targets],
            "targets",
        )?;
        check_matrix(
            "targets",
            targets,
            |x| !x.is_infinite(),
            "a finite number or NaN (missing)",
        )?;
        check_matrix("weights", weights, f64::is_finite, "a finite number")?;
        check_vector("intercept", intercept, f64::is_finite, "a finite number")?;
        check_vector(
            "noise_variance",
            noise_variance,
            |x| x.is_finite() && x > 0.0,
            "a finite number above 0",
        )?;
        check_matrix(
            "log_odds",
            log_odds,
            |x| !x.is_nan(),
            "a number, -inf or +inf, not NaN",
        )?;
        if let Some(item_weights) = item_weights {
            check_item_weights(item_weights, n_items)?;
        }
        Ok(Self {
            targets,
            weights,
            intercept,
            noise_variance,
            log_odds,
            item_weights,
        })
    }
}

pub(crate) fn check_shape(
    name: &'static str,
    got: &[usize],
    wanted: &[usize],
    because_of: &str,
) -> Result<()> {
    if got == wanted {
        return Ok(());
    }
    Err(Error::Shape {
        name,
        got: format!("{got:?}"),
        wanted: format!("{wanted:?} to fit {because_of}"),
    })
}

pub(crate) fn check_matrix(
    name: &'static str,
    matrix: ArrayView2<'_, f64>,
    in_domain: impl Fn(f64) -> bool,
    wanted: &'static str,
) -> Result<()> {
    // Almost always all is well, and the pass without an exit is the fast one.
    if matrix
        .iter()
        .fold(true, |all, &value| all & in_domain(value))
    {
        return Ok(());
    }
    for ((row, column), &value) in matrix.indexed_iter() {
        if !in_domain(value) {
            return Err(Error::OutOfDomain {
                name,
                row,
                column,
                value,
                wanted,
            });
        }
    }
    Ok(())
}

pub(crate) fn check_vector(
    name: &'static str,
    vector: ArrayView1<'_, f64>,
    in_domain: impl Fn(f64) -> bool,
    wanted: &'static str,
) -> Result<()> {
    check_matrix(
        name,
        vector.insert_axis(ndarray::Axis(1)),
        in_domain,
        wanted,
    )
}

pub(crate) fn check_item_weights(weights: ArrayView1<'_, f64>, n_items: usize) -> Result<()> {
    check_shape("item_weights", weights.shape(), &[n_items], "targets")?;
    check_vector(
        "item_weights",
        weights,
        |x| x.is_finite() && x >= 0.0,
        "a finite number of at least 0",
    )
}
