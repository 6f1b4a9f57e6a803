//! The units of the user's data, and what can be told of single columns.

use ndarray::Array1;
use rayon::prelude::*;

use super::rows::{by_chunk, sum};
use super::views::Reals;
use crate::error::{Error, Result};

/// A target of which each value recurs this often on average is rounded, not continuous.
const RECURRENCE: usize = 10;

/// Units of the user's data.
#[derive(Debug)]
pub(crate) struct Scale {
    pub target_mean: Array1<f64>,
    pub target_sd: Array1<f64>,
    pub covariate_mean: Array1<f64>,
    /// 1 for a constant covariate, which is found to be collinear.
    pub covariate_sd: Array1<f64>,
}

/// A column under the item weights; NaN is left out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Spread {
    /// Total weight of the numbers.
    pub weight: f64,
    pub mean: f64,
    pub sd: f64,
}

pub(crate) fn spreads(
    matrix: Reals<'_>,
    weight: impl Fn(usize) -> f64 + Sync,
) -> impl Iterator<Item = Spread> {
    let (n_items, n_columns) = matrix.dim();
    (0..n_columns).map(move |column| {
        let mean_of = |power: &(dyn Fn(f64) -> f64 + Sync)| {
            let [total, count] = sum(n_items, |item| match matrix.get(item, column) {
                x if x.is_nan() => [0.0; 2],
                x => [weight(item) * power(x), weight(item)],
            });
            (if count > 0.0 { total / count } else { 0.0 }, count)
        };
        let (mean, weight) = mean_of(&|x| x);
        let (variance, _) = mean_of(&|x| (x - mean) * (x - mean));
        Spread {
            weight,
            mean,
            sd: variance.sqrt(),
        }
    })
}

/// # Errors
/// The first number, row by row, that is not in the domain.
pub(crate) fn check_reals(
    name: &'static str,
    matrix: Reals<'_>,
    in_domain: impl Fn(f64) -> bool + Sync,
    wanted: &'static str,
) -> Result<()> {
    let (n_items, n_columns) = matrix.dim();
    let first_bad = |items: std::ops::Range<usize>| {
        items
            .flat_map(|row| (0..n_columns).map(move |column| (row, column)))
            .find(|&(row, column)| !in_domain(matrix.get(row, column)))
    };
    match by_chunk(n_items, first_bad).into_iter().flatten().next() {
        None => Ok(()),
        Some((row, column)) => Err(Error::OutOfDomain {
            name,
            row,
            column,
            value: matrix.get(row, column),
            wanted,
        }),
    }
}

/// Variance of the rounding error where values recur, else 0.
pub(crate) fn rounding_variance(matrix: Reals<'_>, column: usize) -> f64 {
    let mut values: Vec<f64> = (0..matrix.dim().0)
        .map(|item| matrix.get(item, column))
        .filter(|y| !y.is_nan())
        .collect();
    let n_values = values.len();
    values.par_sort_unstable_by(f64::total_cmp);
    values.dedup();
    if values.len() * RECURRENCE > n_values {
        return 0.0;
    }
    let gap = values
        .windows(2)
        .map(|pair| pair[1] - pair[0])
        .fold(f64::INFINITY, f64::min);
    if gap.is_finite() {
        gap * gap / 12.0
    } else {
        0.0
    }
}
