//! The matrix between the sides in the order in which the products read it.

use ndarray::ArrayView2;
use pulp::{Arch, Simd, WithSimd};

use super::kernel::Shape;
use crate::simd::AlignedBuffer;

/// M in blocks of NR columns, and M' in blocks of NR rows.
#[derive(Debug)]
pub(crate) struct Packed {
    /// [block of b][state of a][state of b in block].
    pub by_b: AlignedBuffer,
    /// [block of a][state of b][state of a in block].
    pub by_a: AlignedBuffer,
    /// What this machine's registers hold.
    pub shape: Shape,
}

impl Packed {
    pub fn new(between: ArrayView2<'_, f64>, arch: Arch) -> Self {
        let shape = arch.dispatch(FindShape);
        Self {
            by_b: pack(between, shape.columns),
            by_a: pack(between.t(), shape.columns),
            shape,
        }
    }
}

/// [block of columns][row][column in block].
fn pack(matrix: ArrayView2<'_, f64>, block: usize) -> AlignedBuffer {
    let rows = matrix.as_standard_layout();
    let mut packed = AlignedBuffer::zeros(matrix.len());
    for (i, row) in rows.rows().into_iter().enumerate() {
        let row = row.to_slice().expect("rows in standard layout are slices");
        for (j, entries) in row.chunks_exact(block).enumerate() {
            let start = (j * matrix.nrows() + i) * block;
            packed[start..start + block].copy_from_slice(entries);
        }
    }
    packed
}

struct FindShape;

impl WithSimd for FindShape {
    type Output = Shape;

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) -> Shape {
        Shape::of(S::F64_LANES)
    }
}
