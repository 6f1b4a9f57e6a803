//! Checked data of a fit: views of what the user brings, and their units.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array1, Array2, ArrayView1, ArrayView2, ArrayViewMut2};

use super::gold::Gold;
use super::kinds::{Feature, JudgmentKind, features};
use super::rows::by_chunk;
use super::scale::{Scale, check_reals, rounding_variance, spreads};
use super::views::{Judgments, Reals};
use crate::error::{Error, Result};
use crate::posterior::{Pattern, check_item_weights, check_shape, patterns};

/// The least noise variance of a continuous target, relative to the variance of the target.
const MIN_RELATIVE_NOISE: f64 = 1e-6;
/// A covariate of which less than this share is new to the covariates before it is collinear.
const MIN_NEW_SHARE: f64 = 1e-10;
/// A target that varies less than this, relative to its size, is constant.
const MIN_RELATIVE_SPREAD: f64 = 1e-12;

/// What a user brings, unchecked.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// Judgments, (N, K).
    pub judgments: Judgments<'a>,
    /// Targets, (N, D).
    pub targets: Reals<'a>,
    /// Known numbers, (N, P); P may be 0.
    pub covariates: Reals<'a>,
    /// Weight of each item, (N,); 1 where absent.
    pub item_weights: Option<ArrayView1<'a, f64>>,
    /// Precision of each weight's normal prior, times the variance of the target, (K, D).
    pub ridge: ArrayView2<'a, f64>,
    /// Truth of each latent feature, (N, K): 0, 1 or 255 where it is not known.
    pub gold: Option<ArrayView2<'a, u8>>,
}

/// Checked data. Targets and covariates are standardised as they are read: mean 0 and variance 1
/// under the item weights.
#[derive(Debug)]
pub(crate) struct Data<'a> {
    input: Input<'a>,
    pub features: Vec<Feature>,
    pub gold: Option<Gold<'a>>,
    pub scale: Scale,
    pub groups: Vec<Group>,
    /// The least noise variance of each target, standardised.
    pub noise_floor: Array1<f64>,
    /// Total weight of the items that observe each target.
    pub target_weight: Array1<f64>,
}

/// Items that observe the same targets.
#[derive(Debug)]
pub(crate) struct Group {
    pub pattern: Pattern,
    /// Sum of v xx' of the design (1, x).
    pub design_gram: Array2<f64>,
}

impl<'a> Data<'a> {
    /// # Errors
    /// Shapes that do not fit, numbers outside their domains, constant or unobserved targets,
    /// collinear covariates.
    pub fn new(input: Input<'a>, kinds: &[JudgmentKind]) -> Result<Self> {
        check_shapes(&input, kinds)?;
        let (targets, covariates) = (input.targets, input.covariates);
        let (not_infinite, wanted) = (
            |x: f64| !x.is_infinite(),
            "a finite number or NaN (missing)",
        );
        check_reals("targets", targets, not_infinite, wanted)?;
        check_reals("covariates", covariates, f64::is_finite, "a finite number")?;
        if let Some(weights) = input.item_weights {
            check_item_weights(weights, targets.dim().0)?;
        }
        check_reals(
            "ridge",
            Reals::Doubles(input.ridge),
            |x| x.is_finite() && x >= 0.0,
            "a finite number of at least 0",
        )?;
        let labels = input
            .gold
            .map(|gold| Gold::new(gold, input.judgments.dim()));
        let gold = labels.transpose()?;
        let weight = |item| input.weight(item);
        let features = features(input.judgments, kinds, weight)?;
        let spread: Vec<_> = spreads(targets, weight).collect();
        for (column, spread) in spread.iter().enumerate() {
            if spread.weight <= 0.0 {
                return Err(Error::UnobservedTarget { column });
            }
            if spread.sd <= MIN_RELATIVE_SPREAD * spread.mean.abs() {
                let value = spread.mean;
                return Err(Error::ConstantTarget { column, value });
            }
        }
        let (covariate_mean, covariate_sd): (Vec<_>, Vec<_>) = spreads(covariates, weight)
            .map(|spread| (spread.mean, if spread.sd > 0.0 { spread.sd } else { 1.0 }))
            .unzip();
        let floor_of = |(d, sd): (usize, f64)| {
            (rounding_variance(targets, d) / (sd * sd)).max(MIN_RELATIVE_NOISE)
        };
        let sds = spread.iter().map(|spread| spread.sd);
        let mut data = Self {
            input,
            features,
            gold,
            noise_floor: sds.clone().enumerate().map(floor_of).collect(),
            target_weight: spread.iter().map(|spread| spread.weight).collect(),
            scale: Scale {
                target_mean: spread.iter().map(|spread| spread.mean).collect(),
                target_sd: sds.collect(),
                covariate_mean: covariate_mean.into(),
                covariate_sd: covariate_sd.into(),
            },
            groups: Vec::new(),
        };
        data.groups = patterns(targets.dim(), |item, d| !targets.get(item, d).is_nan())
            .into_iter()
            .map(|pattern| Group {
                design_gram: data.design_gram(&pattern.items),
                pattern,
            })
            .collect();
        check_collinearity(&data.groups)?;
        Ok(data)
    }

    pub fn judgments(&self) -> Judgments<'a> {
        self.input.judgments
    }

    pub fn n_features(&self) -> usize {
        self.features.len()
    }

    pub fn n_targets(&self) -> usize {
        self.scale.target_sd.len()
    }

    /// One, and the covariates.
    pub fn n_design(&self) -> usize {
        1 + self.scale.covariate_sd.len()
    }

    /// Precision of the weights' normal prior, (K, D), of standardised targets.
    pub fn ridge(&self) -> ArrayView2<'a, f64> {
        self.input.ridge
    }

    /// v.
    pub fn weight(&self, item: usize) -> f64 {
        self.input.weight(item)
    }

    /// Standardised target.
    pub fn target(&self, item: usize, d: usize) -> f64 {
        let Scale {
            target_mean,
            target_sd,
            ..
        } = &self.scale;
        (self.input.targets.get(item, d) - target_mean[d]) / target_sd[d]
    }

    /// Standardised covariate.
    pub fn covariate(&self, item: usize, p: usize) -> f64 {
        let Scale {
            covariate_mean,
            covariate_sd,
            ..
        } = &self.scale;
        (self.input.covariates.get(item, p) - covariate_mean[p]) / covariate_sd[p]
    }

    /// Fill in (1, x), (1 + P, items).
    pub fn read_design(&self, items: &[usize], mut design: ArrayViewMut2<'_, f64>) {
        for (row_ix, mut row) in design.rows_mut().into_iter().enumerate() {
            match row_ix.checked_sub(1) {
                None => row.fill(1.0),
                Some(p) => {
                    for (slot, &item) in row.iter_mut().zip(items) {
                        *slot = self.covariate(item, p);
                    }
                }
            }
        }
    }

    fn design_gram(&self, items: &[usize]) -> Array2<f64> {
        let n_design = self.n_design();
        let grams = by_chunk(items.len(), |range| {
            let items = &items[range];
            let mut design = Array2::zeros((n_design, items.len()));
            self.read_design(items, design.view_mut());
            let weights: Array1<f64> = items.iter().map(|&item| self.weight(item)).collect();
            let mut gram = Array2::zeros((n_design, n_design));
            general_mat_mul(1.0, &(&design * &weights), &design.t(), 0.0, &mut gram);
            gram
        });
        grams
            .iter()
            .fold(Array2::zeros((n_design, n_design)), |sum, gram| sum + gram)
    }

    /// What to add to a log likelihood of standardised targets for that of the user's targets.
    pub fn log_likelihood_offset(&self) -> f64 {
        let scaled = self.scale.target_sd.iter().zip(&self.target_weight);
        -scaled.map(|(sd, v)| v * sd.ln()).sum::<f64>()
    }
}

impl Input<'_> {
    fn weight(&self, item: usize) -> f64 {
        self.item_weights.map_or(1.0, |weights| weights[item])
    }
}

fn check_shapes(input: &Input<'_>, kinds: &[JudgmentKind]) -> Result<()> {
    let (n_items, n_features) = input.judgments.dim();
    let (n_rows, n_targets) = input.targets.dim();
    let (n_covariate_rows, n_covariates) = input.covariates.dim();
    let empty = |name, wanted| Err(Error::Empty { name, wanted });
    if n_items == 0 {
        return empty("judgments", "item");
    }
    if n_targets == 0 {
        return empty("targets", "target dimension");
    }
    let fits = |name, got: &[usize], wanted: &[usize]| check_shape(name, got, wanted, "judgments");
    fits("targets", &[n_rows, n_targets], &[n_items, n_targets])?;
    fits("judgment_kind", &[kinds.len()], &[n_features])?;
    fits("ridge", input.ridge.shape(), &[n_features, n_targets])?;
    let got = [n_covariate_rows, n_covariates];
    fits("covariates", &got, &[n_items, n_covariates])
}

/// Eliminate column after column from the Gram matrix: the pivot is what is new in a column.
fn check_collinearity(groups: &[Group]) -> Result<()> {
    let mut gram = groups[0].design_gram.clone();
    for group in &groups[1..] {
        gram += &group.design_gram;
    }
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
