//! Vectorised building blocks of the solvers: safe, by the crate `pulp`, for whatever vectors the
//! machine has.
//!
//! The functions are generic over [`pulp::Simd`] and are meant to be inlined into a
//! [`pulp::WithSimd`] that the caller dispatches once for a whole item or tile. Vectors stay out of
//! closures: a closure is a function that lacks the vector instructions until it is inlined, and
//! those that go through `map` or `from_fn` often are not.

#![expect(
    clippy::inline_always,
    reason = "vector instructions exist only inside the function that was dispatched"
)]

mod aligned;
mod exp;
mod instruction_set;
pub(crate) mod ln;
mod outer;
pub(crate) mod product;
mod sin_cos;

pub(crate) use aligned::{AlignedBuffer, MAX_LANES};
pub(crate) use exp::exp;
pub use instruction_set::instruction_set;
pub(crate) use outer::{Accumulate, Operand, OuterProducts};
pub(crate) use sin_cos::{sin_cos, two_product};
