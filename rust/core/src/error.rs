//! Everything that can go wrong in the core.

use thiserror::Error;

/// Result of the core.
pub type Result<T> = std::result::Result<T, Error>;

/// What was got, what was wanted and what to change.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Error {
    /// An array whose shape does not fit the others.
    #[error("{name} has shape {got}, wanted {wanted}")]
    Shape {
        /// Name of the array.
        name: &'static str,
        /// Its shape.
        got: String,
        /// The shape that fits, and why.
        wanted: String,
    },
    /// An array without the rows that a computation needs.
    #[error("{name} is empty: wanted at least one {wanted}")]
    Empty {
        /// Name of the array.
        name: &'static str,
        /// What one entry of it is.
        wanted: &'static str,
    },
    /// A number outside its domain.
    #[error("{name}[{row}, {column}] is {value}, wanted {wanted}")]
    OutOfDomain {
        /// Name of the array.
        name: &'static str,
        /// Row of the number.
        row: usize,
        /// Column of the number (0 for one-dimensional arrays).
        column: usize,
        /// The number.
        value: f64,
        /// The domain.
        wanted: &'static str,
    },
    /// An option outside its domain.
    #[error("{name} is {value}, wanted {wanted}")]
    Option {
        /// Name of the option.
        name: &'static str,
        /// Its value.
        value: f64,
        /// The domain.
        wanted: &'static str,
    },
    /// A target dimension that no regression can explain.
    #[error(
        "target {column} is constant ({value}): there is nothing to explain; \
         leave it out or check how it was read"
    )]
    ConstantTarget {
        /// Target dimension.
        column: usize,
        /// Its only value.
        value: f64,
    },
    /// A target dimension that no item observes.
    #[error("target {column} is missing in every item with positive weight; leave it out")]
    UnobservedTarget {
        /// Target dimension.
        column: usize,
    },
    /// A covariate that the intercept and the covariates before it already determine.
    #[error(
        "covariate {column} is constant or a linear combination of the covariates before it; \
         leave it out"
    )]
    CollinearCovariate {
        /// Column of the covariate.
        column: usize,
    },
    /// Normal equations without a unique solution.
    #[error(
        "the normal equations of target {column} are singular: too few items observe it for \
         the features and covariates, or features are judged alike; use ridge > 0 or leave some out"
    )]
    SingularNormalEquations {
        /// Target dimension.
        column: usize,
    },
    /// More coupled features than enumeration can sum over.
    #[error(
        "enumeration sums over 2^K states and stops at K = {limit}, got K = {n_features} coupled \
         features; use solver=\"auto\", which takes any number, or fewer features"
    )]
    TooManyFeatures {
        /// Features that act on each other through the target.
        n_features: usize,
        /// The most that enumeration takes.
        limit: usize,
    },
    /// Quadrature asked for where the couplings have rank above 2.
    #[error(
        "quadrature needs at most two observed target dimensions in an item, got couplings of rank \
         {rank}; use solver=\"auto\" or \"enumeration\""
    )]
    RankTooHigh {
        /// Rank of the couplings.
        rank: usize,
    },
    /// An item that the solver cannot answer exactly.
    #[error(
        "the solver cannot certify item {item}: the noise variance is too small for these weights, \
         or too many states share its posterior; raise the noise variance, use at most 22 features, \
         or solver=\"auto\", which may approximate such items and says so"
    )]
    NotCertified {
        /// Row of the item.
        item: usize,
    },
    /// The caller asked to stop.
    #[error("stopped on request")]
    Cancelled,
}
