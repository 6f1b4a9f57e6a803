//! Memory for vectors: loads that straddle cache lines cost twice.

use std::ops::{Deref, DerefMut};

/// Bytes of a cache line.
const LINE: usize = 64;
/// Numbers of a cache line, and of the widest vector.
pub(crate) const MAX_LANES: usize = LINE / size_of::<f64>();

/// Numbers that start at a cache line.
#[derive(Debug, Default)]
pub(crate) struct AlignedBuffer {
    values: Vec<f64>,
    start: usize,
    length: usize,
}

impl AlignedBuffer {
    /// Zeros.
    pub fn zeros(length: usize) -> Self {
        let values = vec![0.0; length + MAX_LANES - 1];
        let offset = values.as_ptr().align_offset(LINE);
        // An offset that is not known (the documentation of `align_offset` allows it) costs speed only.
        let start = if offset < MAX_LANES { offset } else { 0 };
        Self {
            values,
            start,
            length,
        }
    }

    /// Make room for at least `length` numbers; contents are lost where it has to grow.
    pub fn reserve(&mut self, length: usize) {
        if self.length < length {
            *self = Self::zeros(length);
        }
    }
}

impl Deref for AlignedBuffer {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.values[self.start..self.start + self.length]
    }
}

impl DerefMut for AlignedBuffer {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.values[self.start..self.start + self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_start_at_a_cache_line() {
        for length in [0, 1, 7, 64, 1000] {
            let mut buffer = AlignedBuffer::zeros(length);
            assert_eq!(buffer.len(), length);
            assert_eq!(buffer.as_ptr().align_offset(LINE), 0);
            buffer.reserve(length + 9);
            assert_eq!(buffer.len(), length + 9);
        }
    }
}
