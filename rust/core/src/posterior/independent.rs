//! Items without an observed target: the posterior is the prior, feature by feature.

use ndarray::Array2;

use super::item_solver::{Item, ItemSolver, Moments, ResidualMoments, Solved};
use crate::error::Result;
use crate::numeric::sigmoid;

/// Solver of items whose posterior factorises.
#[derive(Debug)]
pub(crate) struct Independent {
    n_features: usize,
}

impl Independent {
    pub fn new(n_features: usize) -> Self {
        Self { n_features }
    }
}

impl ItemSolver for Independent {
    type Workspace = Array2<f64>;

    fn workspace(&self) -> Array2<f64> {
        Array2::zeros((self.n_features, self.n_features))
    }

    fn solve(
        &self,
        pairs: &mut Array2<f64>,
        item: Item<'_>,
        moments: Moments,
        marginals: &mut [f64],
    ) -> Result<Solved> {
        if moments >= Moments::Marginals {
            for (marginal, &log_odds) in marginals.iter_mut().zip(item.log_odds) {
                *marginal = sigmoid(log_odds);
            }
        }
        if moments == Moments::Pairs {
            for (k, &p) in marginals.iter().enumerate() {
                for (l, &q) in marginals.iter().enumerate() {
                    pairs[[k, l]] += item.weight * if k == l { p } else { p * q };
                }
            }
        }
        Ok(Solved {
            log_likelihood: 0.0,
            certificate: f64::EPSILON,
            rescued: false,
        })
    }

    fn residual_moments(
        &self,
        _: &mut Array2<f64>,
        _: Item<'_>,
        _: usize,
    ) -> Result<ResidualMoments> {
        Ok(ResidualMoments::default())
    }

    fn take_pairs(&self, pairs: &mut Array2<f64>) -> Array2<f64> {
        std::mem::replace(pairs, self.workspace())
    }
}
