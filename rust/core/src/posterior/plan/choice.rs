//! The method for a component: what was asked for if it can answer, else the cheapest exact one.

use super::component::Component;
use super::cost::{enumeration_cost, quadrature_cost, search_cost};
use super::{Ask, Method};
use crate::cancel::CancelToken;
use crate::error::{Error, Result};
use crate::posterior::branch_and_bound::BranchAndBound;
use crate::posterior::enumeration::MAX_ENUMERATION_FEATURES;
use crate::posterior::tile::{Moments, Tile};

/// The highest rank of couplings that quadrature takes.
const MAX_QUADRATURE_RANK: usize = 2;
/// Numbers of features for which a trial of branch and bound is worth its while: fewer are
/// enumerated, and its tables take the third power of more.
const TRIAL: std::ops::RangeInclusive<usize> = 18..=64;
/// Where there are fewer dimensions than half the features, the posterior sits on few states only if
/// the noise is tiny; then an item is dear by other methods: so many nanoseconds.
const TINY_NOISE_COST: f64 = 1e6;
/// A node of the search costs as much as so many states of the enumeration.
const STATES_A_NODE: usize = 2000;
/// The most nodes of an item that are practical where nothing else is exact.
const MAX_PILOT_NODES: usize = 20_000;
/// The most nanoseconds of an item that are practical, by the cost model: fits whose noise goes to
/// zero would go on for ever.
const MAX_COST: f64 = 5e6;
/// The most nodes of an item before it goes to another solver or is refused.
pub(crate) const MAX_NODES: usize = 2_000_000;

/// What the caller asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SolverChoice {
    /// The cheapest exact method, part by part; expectation propagation where none is practical.
    #[default]
    Auto,
    /// Sum over all states; at most [`MAX_ENUMERATION_FEATURES`] coupled features.
    Enumeration,
    /// Characteristic-function quadrature; couplings of rank 1 or 2.
    Quadrature,
    /// Search with a certified neglected mass.
    BranchAndBound,
    /// The Gaussian approximation.
    ExpectationPropagation,
}

/// A method, the nanoseconds of an item that it should cost, and why it was taken.
#[derive(Debug, Clone)]
pub(crate) struct Chosen {
    pub method: Method,
    pub cost: f64,
    pub why: String,
}

/// # Errors
/// [`Error::TooManyFeatures`] and [`Error::RankTooHigh`] where the choice cannot answer.
pub(crate) fn choose(
    component: &Component,
    ask: Ask<'_>,
    pilot: impl Fn() -> Tile,
) -> Result<Chosen> {
    let Ask {
        choice,
        moments,
        cancel,
    } = ask;
    let (n_features, rank) = (component.n_features(), component.rank());
    if rank == 0 {
        return Ok(Chosen {
            method: Method::Prior,
            cost: 10.0 * n_features as f64,
            why: "prior: the target says nothing of some features".to_owned(),
        });
    }
    let asked = |method: Method, cost: f64| Chosen {
        method,
        cost,
        why: format!("{}: asked for", method.name()),
    };
    match choice {
        SolverChoice::Auto => cheapest(component, moments, cancel, pilot),
        SolverChoice::Enumeration if n_features > MAX_ENUMERATION_FEATURES => {
            Err(Error::TooManyFeatures {
                n_features,
                limit: MAX_ENUMERATION_FEATURES,
            })
        }
        SolverChoice::Enumeration => {
            let cost = enumeration_cost(n_features, rank, moments);
            Ok(asked(Method::Enumeration, cost))
        }
        SolverChoice::Quadrature if rank > MAX_QUADRATURE_RANK => Err(Error::RankTooHigh { rank }),
        SolverChoice::Quadrature => {
            let cost = quadrature_cost(component.weights.view(), moments);
            Ok(asked(Method::Quadrature, cost))
        }
        SolverChoice::BranchAndBound => {
            let cost = search(component, MAX_PILOT_NODES, cancel, pilot)?;
            Ok(asked(Method::BranchAndBound, cost.unwrap_or(f64::NAN)))
        }
        SolverChoice::ExpectationPropagation => Ok(asked(
            Method::ExpectationPropagation,
            propagation_cost(component),
        )),
    }
}

fn cheapest(
    component: &Component,
    moments: Moments,
    cancel: &CancelToken,
    pilot: impl Fn() -> Tile,
) -> Result<Chosen> {
    let (n_features, rank) = (component.n_features(), component.rank());
    let mut options = Vec::new();
    if n_features <= MAX_ENUMERATION_FEATURES {
        let cost = enumeration_cost(n_features, rank, moments);
        options.push((Method::Enumeration, cost));
    }
    if rank <= MAX_QUADRATURE_RANK {
        let cost = quadrature_cost(component.weights.view(), moments);
        options.push((Method::Quadrature, cost));
    }
    let so_far = options
        .iter()
        .fold(f64::INFINITY, |least, option| least.min(option.1));
    let promising = 2 * rank >= n_features || so_far > TINY_NOISE_COST;
    if TRIAL.contains(&n_features)
        && promising
        && let Some(cost) = search(component, pilot_nodes(n_features), cancel, pilot)?
    {
        options.push((Method::BranchAndBound, cost));
    }
    let shape = format!("{n_features} coupled features of rank {rank}");
    let best = options
        .into_iter()
        .min_by(|one, other| one.1.total_cmp(&other.1));
    Ok(match best {
        Some((method, cost)) if cost < MAX_COST => Chosen {
            method,
            cost,
            why: format!("{}: the cheapest exact method for {shape}", method.name()),
        },
        _ => Chosen {
            method: Method::ExpectationPropagation,
            cost: propagation_cost(component),
            why: format!("expectation_propagation: no exact method is practical for {shape}"),
        },
    })
}

/// Nanoseconds of an item by expectation propagation: some twenty sweeps.
fn propagation_cost(component: &Component) -> f64 {
    let rank = component.rank() as f64;
    20.0 * component.n_features() as f64 * (rank * rank + 20.0)
}

/// What branch and bound would cost an item, from a pilot; None where it does not pay.
fn search(
    component: &Component,
    max_nodes: usize,
    cancel: &CancelToken,
    pilot: impl Fn() -> Tile,
) -> Result<Option<f64>> {
    let (n_features, rank) = (component.n_features(), component.rank());
    let solver = BranchAndBound::new(component.weights.view(), max_nodes, cancel);
    let tile = pilot();
    let Some(mean) = solver.mean_nodes(&tile)? else {
        return Ok(None);
    };
    Ok(Some(search_cost(mean, n_features, rank)))
}

/// The most nodes of an item for which the search pays.
fn pilot_nodes(n_features: usize) -> usize {
    if n_features <= MAX_ENUMERATION_FEATURES {
        (1 << n_features) / STATES_A_NODE
    } else {
        MAX_PILOT_NODES
    }
}
