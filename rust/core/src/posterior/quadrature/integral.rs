//! The Fourier integral of one item, its certificate and its posterior expectations.
//!
//! With the tilt theta, pi_k = sigmoid(lambda_k + theta . w_k), phi_k(u) = 1 - pi_k +
//! pi_k exp(-iu . w_k) and the prior P(z) = prod_k sigmoid(+-lambda_k), in D = 1 or 2 dimensions,
//!
//! sum over z of P(z) exp(-|c - W'z|^2 / 2)
//!     = exp(|theta|^2 / 2 - theta . c) prod_k (1 + exp(lambda_k + theta . w_k)) / (1 + exp lambda_k) I,
//! I = (2 pi)^-D/2 Int exp(-|u|^2 / 2 + iu . (c - theta)) prod_k phi_k(u) du <= 1.
//!
//! A derivative in c_d multiplies the integrand by iu_d - theta_d and the summand by
//! -(c - W'z)_d: that is how residual moments come out of the same nodes.
//!
//! An item leaves out the blocks of nodes that it cannot see. |phi_k|^2 = 1 - 2 pi_k (1 - pi_k)
//! (1 - cos) <= exp(-2 pi_k (1 - pi_k)(1 - cos)) bounds its integrand, and leaving two features out
//! of the product raises that bound by a factor e at most.

use pulp::{Simd, WithSimd};

use super::nodes::{Nodes, exp_i};
use super::products::{Complex, backward, decay, forward, multiply};
use super::tilt::{Features, Tilt};
use crate::simd::{AlignedBuffer, exp};

/// The most relative rounding error, kappa K eps, that an integral may admit.
const CERTIFICATE_LIMIT: f64 = 1e-11;
/// Blocks side by side.
const MAX_GROUP: usize = 4;

/// What the expectation of z is multiplied by; directions are unit vectors.
#[derive(Debug, Clone, Copy)]
pub(super) enum Weighting<const D: usize> {
    /// 1.
    Mass,
    /// r = (c - W'z) . direction.
    Residual([f64; D]),
    /// r^2.
    ResidualSquared([f64; D]),
}

/// Value of an integral and how far it can be trusted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluated {
    /// Logarithm of the sum over states.
    pub log_likelihood: f64,
    /// Upper bound of it, certain even where the integral cancels.
    pub log_bound: f64,
    /// Condition of the sum over nodes, sum |f| / sum f, times K eps.
    pub certificate: f64,
}

impl Evaluated {
    pub fn is_certified(&self) -> bool {
        // A sum that cancels to zero or below has a NaN or negative condition.
        self.certificate >= 0.0 && self.certificate < CERTIFICATE_LIMIT
    }
}

/// What one item's integral leaves behind.
#[derive(Debug, Default)]
pub(super) struct Integral<const D: usize> {
    pub tilt: Tilt<D>,
    /// Expectation of the weighting.
    pub mean: f64,
    /// Expectations of z times the weighting.
    pub marginals: Vec<f64>,
    /// I.
    pub value: f64,
    /// Blocks of nodes that the item sees.
    pub active: Vec<usize>,
    /// The integrand times its weighting, (re, im) for each active block.
    pub integrand: AlignedBuffer,
    /// Where grids that are too fine for a table make it.
    pub tables: AlignedBuffer,
    prefix: AlignedBuffer,
    sums: AlignedBuffer,
}

/// Evaluates the integral of `features` for the residual c; with a weighting also the expectations.
/// Without a grid only the bound is found.
#[derive(Debug)]
pub(super) struct Evaluate<'a, const D: usize> {
    pub integral: &'a mut Integral<D>,
    pub nodes: Option<&'a Nodes<D>>,
    pub features: Features<'a, D>,
    pub residual: [f64; D],
    pub weighting: Option<Weighting<D>>,
}

/// Lanes of sums over nodes.
struct Sums<S: Simd> {
    value: S::f64s,
    moduli: S::f64s,
    weighted: S::f64s,
}

impl<const D: usize> WithSimd for Evaluate<'_, D> {
    type Output = Evaluated;

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) -> Evaluated {
        self.integral.tilt.solve(simd, self.features, self.residual);
        let log_bound = self.integral.tilt.log_bound;
        let Some(nodes) = self.nodes else {
            return Evaluated {
                log_likelihood: f64::NAN,
                log_bound,
                certificate: f64::INFINITY,
            };
        };
        self.reserve(nodes, S::F64_LANES);
        self.find_active(simd, nodes);
        let zero = simd.splat_f64s(0.0);
        let mut sums = Sums::<S> {
            value: zero,
            moduli: zero,
            weighted: zero,
        };
        let n_active = self.integral.active.len();
        for (first, size) in groups(n_active) {
            match size {
                1 => self.group::<S, 1>(simd, nodes, first, &mut sums),
                2 => self.group::<S, 2>(simd, nodes, first, &mut sums),
                3 => self.group::<S, 3>(simd, nodes, first, &mut sums),
                _ => self.group::<S, 4>(simd, nodes, first, &mut sums),
            }
        }
        let value = simd.reduce_sum_f64s(sums.value);
        let condition = simd.reduce_sum_f64s(sums.moduli) / value;
        self.integral.value = value;
        if self.weighting.is_some() {
            self.integral.mean = simd.reduce_sum_f64s(sums.weighted) / value;
            self.reduce_marginals(simd);
        }
        // One more than the features, for the nodes left out.
        let n_factors = (self.features.n_features + 1) as f64;
        Evaluated {
            log_likelihood: log_bound + value.ln(),
            log_bound,
            certificate: condition * f64::EPSILON * n_factors,
        }
    }
}

/// Blocks in groups of nearly equal size: first block and size.
fn groups(n_blocks: usize) -> impl Iterator<Item = (usize, usize)> {
    let n_groups = n_blocks.div_ceil(MAX_GROUP);
    (0..n_groups).map(move |group| {
        let first = group * n_blocks / n_groups;
        (first, (group + 1) * n_blocks / n_groups - first)
    })
}

impl<const D: usize> Evaluate<'_, D> {
    fn reserve(&mut self, nodes: &Nodes<D>, lanes: usize) {
        let n_features = self.features.n_features;
        let integral = &mut *self.integral;
        integral.tables.reserve(MAX_GROUP * nodes.scratch(lanes));
        if self.weighting.is_some() {
            integral.prefix.reserve(2 * MAX_GROUP * n_features * lanes);
            integral.sums.reserve(n_features * lanes);
            integral.sums[..n_features * lanes].fill(0.0);
            integral.integrand.reserve(2 * nodes.len());
        }
    }

    /// Leave out blocks whose bounds add up to less than eps times the integrand at the origin: what
    /// is lost is less than the rounding of the sum of moduli.
    #[inline(always)]
    fn find_active<S: Simd>(&mut self, simd: S, nodes: &Nodes<D>) {
        let n_features = self.features.n_features;
        let tilt = &self.integral.tilt;
        let (present, absent) = (&tilt.present[..n_features], &tilt.absent[..n_features]);
        let weights = S::as_simd_f64s(&nodes.weights).0;
        let budget = f64::EPSILON * nodes.weights.iter().fold(0.0, |most, w| w.max(most));
        let mut lost = 0.0;
        self.integral.active.clear();
        for block in (0..weights.len()).rev() {
            let table = nodes.block(simd, block, &mut self.integral.tables);
            let exponent = decay(simd, table, present, absent);
            let bound = exp(simd, simd.sub_f64s(simd.splat_f64s(1.0), exponent));
            let bound = simd.reduce_sum_f64s(simd.mul_f64s(weights[block], bound));
            if lost + bound <= budget {
                lost += bound;
            } else {
                self.integral.active.push(block);
            }
        }
        self.integral.active.reverse();
    }

    /// The integrand at the active blocks from `first` on, and its expectations.
    #[inline(always)]
    fn group<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        nodes: &Nodes<D>,
        first: usize,
        sums: &mut Sums<S>,
    ) {
        let n_features = self.features.n_features;
        let Integral {
            tilt,
            active,
            integrand,
            tables,
            prefix,
            sums: lane_sums,
            ..
        } = &mut *self.integral;
        let (present, absent) = (&tilt.present[..n_features], &tilt.absent[..n_features]);
        let phase: [S::f64s; D] =
            std::array::from_fn(|d| simd.splat_f64s(self.residual[d] - tilt.theta[d]));
        let blocks: [usize; N] = std::array::from_fn(|b| active[first + b]);
        let mut scratch = tables.chunks_mut(nodes.scratch(S::F64_LANES).max(1));
        let tables = blocks.map(|block| {
            nodes.block(simd, block, scratch.next().unwrap_or_default())
        });
        let prefix: &mut [Complex<S>] = if self.weighting.is_some() {
            let (prefix, _) = S::as_mut_simd_f64s(prefix);
            &mut prefix.as_chunks_mut::<2>().0[..N * n_features]
        } else {
            &mut []
        };
        let product = forward(simd, tables, present, absent, prefix);
        let at = |b: usize| nodes.positions.each_ref().map(|u| S::as_simd_f64s(u).0[blocks[b]]);
        let start: [Complex<S>; N] = std::array::from_fn(|b| {
            let weight = S::as_simd_f64s(&nodes.weights).0[blocks[b]];
            let (cos, sin) = exp_i(simd, at(b), phase);
            [simd.mul_f64s(weight, cos), simd.mul_f64s(weight, sin)]
        });
        for b in 0..N {
            let [re, im] = multiply(simd, start[b], product[b]);
            sums.value = simd.add_f64s(sums.value, re);
            let square = simd.mul_add_e_f64s(re, re, simd.mul_f64s(im, im));
            sums.moduli = simd.add_f64s(sums.moduli, simd.sqrt_f64s(square));
        }
        let Some(weighting) = self.weighting else {
            return;
        };
        let mut suffix: [Complex<S>; N] = std::array::from_fn(|b| match weighting {
            Weighting::Mass => start[b],
            _ => multiply(simd, start[b], factor(simd, weighting, tilt.theta, at(b))),
        });
        let lane_sums = S::as_mut_simd_f64s(lane_sums).0;
        backward(simd, tables, present, absent, prefix, &mut suffix, lane_sums);
        let (integrand, _) = S::as_mut_simd_f64s(integrand).0.as_chunks_mut::<2>();
        for b in 0..N {
            sums.weighted = simd.add_f64s(sums.weighted, suffix[b][0]);
            integrand[first + b] = suffix[b];
        }
    }

    #[inline(always)]
    fn reduce_marginals<S: Simd>(&mut self, simd: S) {
        let n_features = self.features.n_features;
        let integral = &mut *self.integral;
        let present = &integral.tilt.present[..n_features];
        let sums = &S::as_simd_f64s(&integral.sums).0[..n_features];
        integral.marginals.resize(n_features, 0.0);
        for ((marginal, sum), p) in integral.marginals.iter_mut().zip(sums).zip(present) {
            *marginal = p * simd.reduce_sum_f64s(*sum) / integral.value;
        }
    }
}

/// What brings the weighting into the integrand at the nodes u.
#[inline(always)]
fn factor<S: Simd, const D: usize>(
    simd: S,
    weighting: Weighting<D>,
    theta: [f64; D],
    u: [S::f64s; D],
) -> Complex<S> {
    let along = |direction: [f64; D]| {
        let mut u_along = simd.splat_f64s(0.0);
        for d in 0..D {
            u_along = simd.mul_add_e_f64s(u[d], simd.splat_f64s(direction[d]), u_along);
        }
        (super::tilt::dot(theta, direction), u_along)
    };
    match weighting {
        Weighting::Mass => [simd.splat_f64s(1.0), simd.splat_f64s(0.0)],
        Weighting::Residual(direction) => {
            let (theta, u) = along(direction);
            [simd.splat_f64s(theta), simd.neg_f64s(u)]
        }
        Weighting::ResidualSquared(direction) => {
            let (theta, u) = along(direction);
            let constant = simd.splat_f64s(1.0 + theta * theta);
            [
                simd.negate_mul_add_e_f64s(u, u, constant),
                simd.mul_f64s(simd.splat_f64s(-2.0 * theta), u),
            ]
        }
    }
}
