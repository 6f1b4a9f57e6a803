//! Checked and standardised data of a fit.

use ndarray::{Array1, Array2, ArrayView1, ArrayView2, Axis};

use crate::error::{Error, Result};
use crate::posterior::{check_item_weights, check_matrix, check_shape};

/// A target of which each value recurs this often on average is rounded, not continuous.
const RECURRENCE: usize = 10;
/// The least noise variance of a continuous target, relative to the variance of the target.
const MIN_RELATIVE_NOISE: f64 = 1e-6;
/// A covariate of which less than this share is new to the covariates before it is collinear.
const MIN_NEW_SHARE: f64 = 1e-10;
/// A target that varies less than this, relative to its size, is constant.
const MIN_RELATIVE_SPREAD: f64 = 1e-12;

/// How the judgments of a column are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JudgmentKind {
    /// Hard where only 0, 1 and NaN occur, else probability.
    #[default]
    Auto,
    /// 0, 1 or NaN (unknown).
    Hard,
    /// A probability or NaN (unknown).
    Probability,
}

/// What a user brings, unchecked.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Judgments in [0, 1], NaN = unknown, (N, K).
    pub judgments: ArrayView2<'a, f64>,
    /// Targets, NaN = not observed, (N, D).
    pub targets: ArrayView2<'a, f64>,
    /// Known numbers, (N, P); P may be 0.
    pub covariates: ArrayView2<'a, f64>,
    /// Weight of each item, (N,).
    pub item_weights: Option<ArrayView1<'a, f64>>,
}

/// Items that observe the same target dimensions.
#[derive(Debug)]
pub(crate) struct Pattern {
    pub observed: Vec<usize>,
    pub items: Vec<usize>,
}

/// Checked data; targets and covariates have mean 0 and variance 1 under the item weights.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    pub judgments: ArrayView2<'a, f64>,
    pub is_hard: Vec<bool>,
    /// Mean of each column's known judgments: the centre of its prevalence's prior.
    pub prevalence_centre: Vec<f64>,
    pub targets: Array2<f64>,
    /// One, then the covariates, (N, 1 + P).
    pub design: Array2<f64>,
    pub item_weights: Array1<f64>,
    pub scale: Scale,
    pub patterns: Vec<Pattern>,
    /// The least noise variance of each target, standardised.
    pub noise_floor: Array1<f64>,
    /// Total weight of the items that observe each target.
    pub target_weight: Array1<f64>,
}

/// Units of the user's data.
#[derive(Debug)]
pub(crate) struct Scale {
    pub target_mean: Array1<f64>,
    pub target_sd: Array1<f64>,
    pub covariate_mean: Array1<f64>,
    pub covariate_sd: Array1<f64>,
}

impl<'a> Data<'a> {
    /// # Errors
    /// Shapes that do not fit, numbers outside their domains, constant or unobserved targets,
    /// collinear covariates.
    pub fn new(input: Input<'a>, kinds: &[JudgmentKind]) -> Result<Self> {
        let Input {
            judgments,
            targets,
            covariates,
            ..
        } = input;
        let n_items = judgments.nrows();
        if n_items == 0 {
            return Err(Error::Empty {
                name: "judgments",
                wanted: "item",
            });
        }
        if targets.ncols() == 0 {
            return Err(Error::Empty {
                name: "targets",
                wanted: "target dimension",
            });
        }
        let wanted_targets = [n_items, targets.ncols()];
        check_shape("targets", targets.shape(), &wanted_targets, "judgments")?;
        check_shape(
            "judgment_kind",
            &[kinds.len()],
            &[judgments.ncols()],
            "judgments",
        )?;
        let wanted_covariates = [n_items, covariates.ncols()];
        check_shape(
            "covariates",
            covariates.shape(),
            &wanted_covariates,
            "judgments",
        )?;
        check_matrix(
            "targets",
            targets,
            |x| !x.is_infinite(),
            "a finite number or NaN (missing)",
        )?;
        check_matrix("covariates", covariates, f64::is_finite, "a finite number")?;
        let is_hard = resolve_kinds(judgments, kinds)?;
        let item_weights = if let Some(weights) = input.item_weights {
            check_item_weights(weights, n_items)?;
            weights.to_owned()
        } else {
            Array1::ones(n_items)
        };

        let (target_mean, target_sd) = moments(targets, item_weights.view());
        let target_weight = observed_weights(targets, item_weights.view());
        for (column, (&mean, &sd)) in target_mean.iter().zip(&target_sd).enumerate() {
            if target_weight[column] <= 0.0 {
                return Err(Error::UnobservedTarget { column });
            }
            if sd <= MIN_RELATIVE_SPREAD * mean.abs() {
                return Err(Error::ConstantTarget {
                    column,
                    value: mean,
                });
            }
        }
        let (covariate_mean, covariate_sd) = moments(covariates, item_weights.view());
        let mut design = Array2::ones((n_items, 1 + covariates.ncols()));
        for (p, column) in covariates.columns().into_iter().enumerate() {
            // A constant column stays 0 and is found to be collinear.
            let sd = if covariate_sd[p] > 0.0 {
                covariate_sd[p]
            } else {
                1.0
            };
            design
                .column_mut(p + 1)
                .assign(&column.mapv(|x| (x - covariate_mean[p]) / sd));
        }
        check_collinearity(&design, item_weights.view())?;
        let noise_floor = targets
            .columns()
            .into_iter()
            .zip(&target_sd)
            .map(|(column, sd)| (rounding_variance(column) / (sd * sd)).max(MIN_RELATIVE_NOISE))
            .collect();
        Ok(Self {
            judgments,
            is_hard,
            prevalence_centre: known_means(judgments, item_weights.view()),
            targets: (&targets - &target_mean) / &target_sd,
            design,
            item_weights,
            scale: Scale {
                target_mean,
                target_sd,
                covariate_mean,
                covariate_sd,
            },
            patterns: patterns(targets),
            noise_floor,
            target_weight,
        })
    }

    /// What to add to a log likelihood of standardised targets for that of the user's targets.
    pub fn log_likelihood_offset(&self) -> f64 {
        -self
            .scale
            .target_sd
            .iter()
            .zip(&self.target_weight)
            .map(|(sd, v)| v * sd.ln())
            .sum::<f64>()
    }
}

fn resolve_kinds(judgments: ArrayView2<'_, f64>, kinds: &[JudgmentKind]) -> Result<Vec<bool>> {
    let in_unit = |x: f64| x.is_nan() || (0.0..=1.0).contains(&x);
    check_matrix(
        "judgments",
        judgments,
        in_unit,
        "a number in [0, 1] or NaN (unknown)",
    )?;
    let mut is_hard = Vec::with_capacity(kinds.len());
    for (column, (values, kind)) in judgments.columns().into_iter().zip(kinds).enumerate() {
        let soft = values
            .iter()
            .position(|&x| !(x.is_nan() || x == 0.0 || x == 1.0));
        match (kind, soft) {
            (JudgmentKind::Hard, Some(row)) => {
                let wanted = "0, 1 or NaN in a column of hard judgments";
                let value = values[row];
                return Err(Error::OutOfDomain {
                    name: "judgments",
                    row,
                    column,
                    value,
                    wanted,
                });
            }
            (JudgmentKind::Probability, _) | (JudgmentKind::Auto, Some(_)) => is_hard.push(false),
            (JudgmentKind::Hard | JudgmentKind::Auto, None) => is_hard.push(true),
        }
    }
    Ok(is_hard)
}

/// Weighted mean and standard deviation of each column's numbers.
fn moments(
    matrix: ArrayView2<'_, f64>,
    weights: ArrayView1<'_, f64>,
) -> (Array1<f64>, Array1<f64>) {
    let weighted_mean = |column: ArrayView1<'_, f64>, power: &dyn Fn(f64) -> f64| {
        let (mut sum, mut total) = (0.0, 0.0);
        for (&x, &v) in column.iter().zip(weights).filter(|(x, _)| !x.is_nan()) {
            sum += v * power(x);
            total += v;
        }
        if total > 0.0 { sum / total } else { 0.0 }
    };
    let means: Array1<f64> = matrix
        .columns()
        .into_iter()
        .map(|column| weighted_mean(column, &|x| x))
        .collect();
    let sds = matrix
        .columns()
        .into_iter()
        .zip(&means)
        .map(|(column, mean)| weighted_mean(column, &|x| (x - mean) * (x - mean)).sqrt())
        .collect();
    (means, sds)
}

fn observed_weights(targets: ArrayView2<'_, f64>, weights: ArrayView1<'_, f64>) -> Array1<f64> {
    let weight_of = |column: ArrayView1<'_, f64>| -> f64 {
        column
            .iter()
            .zip(weights)
            .filter(|(y, _)| !y.is_nan())
            .map(|(_, v)| v)
            .sum()
    };
    targets.columns().into_iter().map(weight_of).collect()
}

fn known_means(judgments: ArrayView2<'_, f64>, weights: ArrayView1<'_, f64>) -> Vec<f64> {
    let mean_of = |column: ArrayView1<'_, f64>| {
        let known = column.iter().zip(weights).filter(|(h, _)| !h.is_nan());
        let (sum, total) = known.fold((0.0, 0.0), |(s, t), (h, v)| (s + v * h, t + v));
        // One imagined item at 1/2 keeps the centre off 0 and 1.
        (sum + 0.5) / (total + 1.0)
    };
    judgments.columns().into_iter().map(mean_of).collect()
}

/// Variance of the rounding error where values recur, else 0.
fn rounding_variance(column: ArrayView1<'_, f64>) -> f64 {
    let mut values: Vec<f64> = column.iter().copied().filter(|y| !y.is_nan()).collect();
    let n_values = values.len();
    values.sort_by(f64::total_cmp);
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

/// Eliminate column after column from the Gram matrix: the pivot is what is new in a column.
fn check_collinearity(design: &Array2<f64>, weights: ArrayView1<'_, f64>) -> Result<()> {
    let weighted = design * &weights.insert_axis(Axis(1));
    let mut gram = design.t().dot(&weighted);
    let n_columns = gram.nrows();
    for p in 0..n_columns {
        let pivot = gram[[p, p]];
        // Standardised columns all have the total weight on the diagonal.
        if p > 0 && pivot <= MIN_NEW_SHARE * gram[[0, 0]] {
            return Err(Error::CollinearCovariate { column: p - 1 });
        }
        for q in p + 1..n_columns {
            let factor = gram[[q, p]] / pivot;
            for r in p..n_columns {
                gram[[q, r]] -= factor * gram[[p, r]];
            }
        }
    }
    Ok(())
}

fn patterns(targets: ArrayView2<'_, f64>) -> Vec<Pattern> {
    let mut patterns: Vec<Pattern> = Vec::new();
    let mut known = std::collections::HashMap::new();
    for (item, row) in targets.rows().into_iter().enumerate() {
        let observed: Vec<usize> = row
            .iter()
            .enumerate()
            .filter(|(_, y)| !y.is_nan())
            .map(|(d, _)| d)
            .collect();
        let ix = *known.entry(observed).or_insert_with_key(|observed| {
            patterns.push(Pattern {
                observed: observed.clone(),
                items: Vec::new(),
            });
            patterns.len() - 1
        });
        patterns[ix].items.push(item);
    }
    patterns
}
