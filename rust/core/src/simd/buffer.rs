//! Memory that begins where a cache line does.

/// Bytes of a cache line, and of the widest register.
const LINE: usize = 64;

/// Numbers aligned to cache lines, so that no register is loaded from two of them.
#[derive(Debug, Default)]
pub(crate) struct Buffer {
    numbers: Vec<f64>,
    start: usize,
    len: usize,
}

impl Buffer {
    /// Zeros.
    pub fn new(len: usize) -> Self {
        let numbers = vec![0.0; len + LINE / size_of::<f64>()];
        let start = numbers.as_ptr().align_offset(LINE);
        Self {
            numbers,
            start,
            len,
        }
    }
}

impl std::ops::Deref for Buffer {
    type Target = [f64];

    fn deref(&self) -> &[f64] {
        &self.numbers[self.start..self.start + self.len]
    }
}

impl std::ops::DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [f64] {
        &mut self.numbers[self.start..self.start + self.len]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_buffer_begins_at_a_line() {
        for len in [0, 1, 1000] {
            let buffer = Buffer::new(len);
            assert_eq!(buffer.len(), len);
            assert_eq!(buffer.as_ptr().align_offset(LINE), 0);
        }
    }
}
