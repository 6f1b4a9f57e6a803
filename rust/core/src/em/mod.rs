//! Expectation maximisation for the regression on latent features.
//!
//! Data flows one way: `views` of what the user brings are checked by `data` (`kinds`, `scale`) and
//! read tile by tile by `reader` (labels of the truth by `gold`); `e_step` adds up posteriors into `sums` (`mean_field` where there
//! are hundreds of features); `m_step` makes parameters of them, those of the channels in
//! `channel_step` and `logistic` (priors' centres in `pooling`). `run` iterates, helped by `acceleration`, `fit` keeps the best
//! start, `information` (with `missing`) says how certain the coefficients are. `rows` is how all
//! passes are parallel and yet the same on any number of threads.

mod acceleration;
mod channel;
mod channel_step;
mod data;
mod e_step;
mod fit;
mod gold;
mod information;
mod kinds;
mod logistic;
mod m_step;
mod mean_field;
mod missing;
mod options;
mod parameters;
mod pooling;
mod reader;
mod rows;
mod run;
mod scale;
mod sums;
mod views;

pub use channel::{
    CHANNEL_INTERCEPT_SD, CHANNEL_SLOPE_SD, Channel, FeatureChannel, Noise, PROBABILITY_CLIP,
    RatePrior,
};
pub use data::Input;
pub use fit::{Fit, fit};
pub use kinds::JudgmentKind;
pub use options::{HeldRate, Options};
pub use parameters::Parameters;
pub use views::{Judgments, Reals};
