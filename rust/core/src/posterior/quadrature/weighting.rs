//! Residual moments out of the nodes of the integral: a derivative in c_d multiplies the integrand by
//! iu_d - theta_d and the summand by -(c - W'z)_d.

use pulp::Simd;

use super::products::Complex;
use super::tilt::dot;

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

/// What brings the weighting into the integrand at the nodes u.
#[inline(always)]
pub(super) fn factor<S: Simd, const D: usize>(
    simd: S,
    weighting: Weighting<D>,
    theta: [f64; D],
    u: [S::f64s; D],
) -> Complex<S> {
    let direction = match weighting {
        Weighting::Mass => [0.0; D],
        Weighting::Residual(direction) | Weighting::ResidualSquared(direction) => direction,
    };
    let theta = dot(theta, direction);
    let mut along = simd.splat_f64s(0.0);
    for d in 0..D {
        along = simd.mul_add_e_f64s(u[d], simd.splat_f64s(direction[d]), along);
    }
    let u = along;
    match weighting {
        Weighting::Mass => [simd.splat_f64s(1.0), simd.splat_f64s(0.0)],
        Weighting::Residual(_) => [simd.splat_f64s(theta), simd.neg_f64s(u)],
        Weighting::ResidualSquared(_) => {
            let constant = simd.splat_f64s(1.0 + theta * theta);
            [
                simd.negate_mul_add_e_f64s(u, u, constant),
                simd.mul_f64s(simd.splat_f64s(-2.0 * theta), u),
            ]
        }
    }
}
