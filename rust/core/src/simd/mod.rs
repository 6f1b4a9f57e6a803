//! Loops over vectors of numbers: the only place that knows the width of a register.
//!
//! Everything here is safe Rust over the crate `pulp`, which compiles each loop for AVX-512, AVX2,
//! NEON and no vectors at all, and picks one at run time. A vector is `[S::f64s; MV]`: MV registers
//! side by side, of which each lane is another item.

mod buffer;
pub(crate) mod exponential;
pub(crate) mod product;

pub(crate) use buffer::Buffer;
