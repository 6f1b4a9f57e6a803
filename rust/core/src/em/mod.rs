//! Expectation maximisation for the regression on latent features.
//!
//! `data` checks and standardises what the user brings, `statistics` sums up the E step, `m_step`
//! updates regression and channels (`channel`), `fit` iterates, helped by `acceleration`,
//! `information` says how certain
//! the coefficients are.

mod acceleration;
mod channel;
mod data;
mod fit;
mod information;
mod m_step;
mod options;
mod parameters;
mod statistics;

pub use channel::{
    CHANNEL_INTERCEPT_SD, CHANNEL_SLOPE_SD, Channel, FeatureChannel, Noise, PROBABILITY_CLIP,
    RatePrior,
};
pub use data::{Input, JudgmentKind};
pub use fit::{Fit, fit};
pub use options::Options;
pub use parameters::Parameters;
