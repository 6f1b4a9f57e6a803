//! The Fourier integral of one item, its certificate and its posterior expectations.
//!
//! With the tilt theta, pi_k = sigmoid(lambda_k + theta . w_k), phi_k(u) = (1 - pi_k) exp(iu . w_k / 2)
//! + pi_k exp(-iu . w_k / 2) and the prior P(z) = prod_k sigmoid(+-lambda_k), in D = 1 or 2 dimensions,
//!
//! sum over z of P(z) exp(-|c - W'z|^2 / 2)
//!     = exp(|theta|^2 / 2 - theta . c) prod_k (1 + exp(lambda_k + theta . w_k)) / (1 + exp lambda_k) I,
//! I = (2 pi)^-D/2 Int exp(-|u|^2 / 2 + iu . (c - theta - sum_k w_k / 2)) prod_k phi_k(u) du <= 1.
//!
//! An item leaves out the blocks of nodes that it cannot see. |phi_k|^2 = 1 - 2 pi_k (1 - pi_k)
//! (1 - cos u . w_k) <= exp(-2 pi_k (1 - pi_k)(1 - cos u . w_k)) bounds its integrand, and leaving two features out
//! of the product raises that bound by a factor e at most.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::nodes::{Nodes, exp_i};
use super::products::{Backward, Forward, complex_mut, decay, multiply};
use super::tilt::{Features, Tilt};
use crate::simd::{AlignedBuffer, exp};

/// The most relative error that an integral may admit.
const CERTIFICATE_LIMIT: f64 = 1e-11;
/// Blocks side by side.
const MAX_GROUP: usize = 4;
/// What may be left out, relative to the integrand at the origin.
const NEGLIGIBLE: f64 = 1e-13;

/// Value of an integral and how far it can be trusted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Evaluated {
    /// Logarithm of the sum over states.
    pub log_likelihood: f64,
    /// Upper bound of it, certain even where the integral cancels.
    pub log_bound: f64,
    /// Bound of the relative error: the condition of the sum over nodes, sum |f| / sum f, times K eps,
    /// and the nodes left out.
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
    /// Expectations of z.
    pub marginals: Vec<f64>,
    /// I.
    pub value: f64,
    /// Blocks of nodes that the item sees.
    pub active: Vec<usize>,
    /// The integrand, (re, im) for each active block.
    pub integrand: AlignedBuffer,
    /// Where grids that are too fine for a table make it.
    pub tables: AlignedBuffer,
    prefix: AlignedBuffer,
    products: AlignedBuffer,
    sums: AlignedBuffer,
}

/// Evaluates the integral of `features` for the residual c, and the expectations if asked for.
/// Without a grid only the bound is found.
#[derive(Debug)]
pub(super) struct Evaluate<'a, const D: usize> {
    pub integral: &'a mut Integral<D>,
    pub nodes: Option<&'a Nodes<D>>,
    pub features: Features<'a, D>,
    pub residual: [f64; D],
    /// Whether the expectations are wanted.
    pub marginals: bool,
}

/// Lanes of sums over nodes.
struct Sums<S: Simd> {
    value: S::f64s,
    moduli: S::f64s,
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
        let zero = simd.splat_f64s(0.0);
        let mut sums = Sums::<S> {
            value: zero,
            moduli: zero,
        };
        let n_blocks = nodes.len() / S::F64_LANES;
        let budget = NEGLIGIBLE * nodes.weights.iter().fold(0.0, |most, w| w.max(most));
        let mut lost = 0.0;
        // From the far end on, where most is left out.
        for first in (0..n_blocks).step_by(MAX_GROUP).rev() {
            let blocks = first..n_blocks.min(first + MAX_GROUP);
            lost += self.group(simd, nodes, blocks, budget - lost, &mut sums);
        }
        let value = simd.reduce_sum_f64s(sums.value);
        let condition = simd.reduce_sum_f64s(sums.moduli) / value;
        self.integral.value = value;
        if self.marginals {
            self.reduce_marginals(simd);
        }
        let n_factors = self.features.count.max(1) as f64;
        Evaluated {
            log_likelihood: log_bound + value.ln(),
            log_bound,
            certificate: condition * f64::EPSILON * n_factors + lost / value,
        }
    }
}

impl<const D: usize> Evaluate<'_, D> {
    fn reserve(&mut self, nodes: &Nodes<D>, lanes: usize) {
        let n_features = self.features.count;
        let integral = &mut *self.integral;
        integral.active.clear();
        integral.products.reserve(2 * MAX_GROUP * lanes);
        integral.tables.reserve(MAX_GROUP * nodes.scratch(lanes));
        if self.marginals {
            integral.prefix.reserve(2 * MAX_GROUP * n_features * lanes);
            integral.sums.reserve(n_features * lanes);
            integral.sums[..n_features * lanes].fill(0.0);
            integral.integrand.reserve(2 * nodes.len());
        }
    }

    /// Add up a group of blocks but for those whose bounds sum to no more than the budget; returns
    /// that sum.
    #[inline(always)]
    fn group<S: Simd>(
        &mut self,
        simd: S,
        nodes: &Nodes<D>,
        blocks: Range<usize>,
        budget: f64,
        sums: &mut Sums<S>,
    ) -> f64 {
        // The tables borrow the scratch while the rest of the integral changes.
        let mut scratch = std::mem::take(&mut self.integral.tables);
        let mut scratches = scratch.chunks_mut(nodes.scratch(S::F64_LANES).max(1));
        let mut tables: [&[f64]; MAX_GROUP] = [&[]; MAX_GROUP];
        for (table, block) in tables.iter_mut().zip(blocks.clone()) {
            *table = nodes.block(simd, block, scratches.next().unwrap_or_default());
        }
        for b in blocks.len()..MAX_GROUP {
            tables[b] = tables[0];
        }
        let spread = &self.integral.tilt.spread[..self.features.count];
        let exponents = decay(simd, tables, spread);
        let (mut lost, mut n_active, mut active) = (0.0, 0, [0; MAX_GROUP]);
        for (b, block) in blocks.enumerate() {
            let (one, two) = (simd.splat_f64s(1.0), simd.splat_f64s(2.0));
            let bound = exp(simd, simd.negate_mul_add_e_f64s(two, exponents[b], one));
            let weights = S::as_simd_f64s(&nodes.weights).0[block];
            let bound = simd.reduce_sum_f64s(simd.mul_f64s(weights, bound));
            if lost + bound <= budget {
                lost += bound;
            } else {
                (tables[n_active], active[n_active]) = (tables[b], block);
                n_active += 1;
            }
        }
        match n_active {
            0 => {}
            1 => self.integrate::<S, 1>(simd, nodes, first_of(tables), first_of(active), sums),
            2 => self.integrate::<S, 2>(simd, nodes, first_of(tables), first_of(active), sums),
            3 => self.integrate::<S, 3>(simd, nodes, first_of(tables), first_of(active), sums),
            _ => self.integrate::<S, 4>(simd, nodes, first_of(tables), first_of(active), sums),
        }
        self.integral.tables = scratch;
        lost
    }

    /// Add up the integrand at some blocks, and its expectations.
    #[inline(always)]
    fn integrate<S: Simd, const N: usize>(
        &mut self,
        simd: S,
        nodes: &Nodes<D>,
        tables: [&[f64]; N],
        blocks: [usize; N],
        sums: &mut Sums<S>,
    ) {
        let n_features = self.features.count;
        let Integral {
            tilt,
            active,
            integrand,
            prefix,
            products,
            sums: lane_sums,
            ..
        } = &mut *self.integral;
        let balance = &tilt.balance[..n_features];
        let mut phase = [simd.splat_f64s(0.0); D];
        for d in 0..D {
            phase[d] = simd.splat_f64s(self.residual[d] - tilt.theta[d] - nodes.centre[d]);
        }
        let length = 2 * N * S::F64_LANES;
        let prefix = if self.marginals {
            &mut prefix[..length * n_features]
        } else {
            &mut []
        };
        let products = &mut products[..length];
        simd.vectorize(Forward {
            tables,
            balance,
            prefix: &mut *prefix,
            product: &mut *products,
        });
        let product = complex_mut::<S>(products);
        let at = |b: usize| {
            nodes
                .positions
                .each_ref()
                .map(|u| S::as_simd_f64s(u).0[blocks[b]])
        };
        let mut start = [[simd.splat_f64s(0.0); 2]; N];
        for b in 0..N {
            let weight = S::as_simd_f64s(&nodes.weights).0[blocks[b]];
            let (cos, sin) = exp_i(simd, at(b), phase);
            start[b] = [simd.mul_f64s(weight, cos), simd.mul_f64s(weight, sin)];
            let [re, im] = multiply(simd, start[b], product[b]);
            sums.value = simd.add_f64s(sums.value, re);
            let square = simd.mul_add_e_f64s(re, re, simd.mul_f64s(im, im));
            sums.moduli = simd.add_f64s(sums.moduli, simd.sqrt_f64s(square));
        }
        if !self.marginals {
            return;
        }
        product.copy_from_slice(&start);
        simd.vectorize(Backward {
            tables,
            balance,
            prefix,
            suffix: &mut *products,
            sums: lane_sums,
        });
        let whole = complex_mut::<S>(products);
        let integrand = complex_mut::<S>(integrand);
        for b in 0..N {
            integrand[active.len()] = whole[b];
            active.push(blocks[b]);
        }
    }

    #[inline(always)]
    fn reduce_marginals<S: Simd>(&mut self, simd: S) {
        let n_features = self.features.count;
        let integral = &mut *self.integral;
        let present = &integral.tilt.present[..n_features];
        let sums = &S::as_simd_f64s(&integral.sums).0[..n_features];
        integral.marginals.resize(n_features, 0.0);
        for ((marginal, sum), p) in integral.marginals.iter_mut().zip(sums).zip(present) {
            *marginal = p * simd.reduce_sum_f64s(*sum) / integral.value;
        }
    }
}

#[inline(always)]
fn first_of<T: Copy, const N: usize>(all: [T; MAX_GROUP]) -> [T; N] {
    std::array::from_fn(|n| all[n])
}
