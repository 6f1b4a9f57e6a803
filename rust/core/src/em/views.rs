//! The user's arrays as they lie in memory: compact types are read where they are used, no copy is
//! made.

use ndarray::{ArrayView2, Axis};

/// Judgments (items, features) in [0, 1].
#[derive(Debug, Clone, Copy)]
pub enum Judgments<'a> {
    /// 0 = no, 1 = yes, 255 = unknown.
    Bytes(ArrayView2<'a, u8>),
    /// NaN = unknown.
    Singles(ArrayView2<'a, f32>),
    /// NaN = unknown.
    Doubles(ArrayView2<'a, f64>),
}

/// Targets (items, dimensions; NaN = not observed) or covariates (items, covariates).
#[derive(Debug, Clone, Copy)]
pub enum Reals<'a> {
    /// Of single precision; computations are of double precision all the same.
    Singles(ArrayView2<'a, f32>),
    /// Of double precision.
    Doubles(ArrayView2<'a, f64>),
}

/// Index of a hard no.
pub(crate) const NO: usize = 0;
/// Index of a hard yes.
pub(crate) const YES: usize = 1;
/// Index of an unknown judgment: the last two bits of the byte 255.
pub(crate) const UNKNOWN: usize = 3;
/// One past the largest index.
pub(crate) const N_ANSWERS: usize = 4;

/// A byte that tells nothing.
pub(crate) const UNKNOWN_BYTE: u8 = u8::MAX;

trait Judgment: Copy {
    /// A number, NaN where unknown.
    fn value(self) -> f64;

    /// [`NO`], [`YES`] or [`UNKNOWN`].
    fn answer(self) -> usize;
}

impl Judgment for u8 {
    fn value(self) -> f64 {
        if self == UNKNOWN_BYTE {
            f64::NAN
        } else {
            f64::from(self)
        }
    }

    #[inline]
    fn answer(self) -> usize {
        usize::from(self) % N_ANSWERS
    }
}

impl Judgment for f32 {
    fn value(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    fn answer(self) -> usize {
        f64::from(self).answer()
    }
}

impl Judgment for f64 {
    fn value(self) -> f64 {
        self
    }

    #[inline]
    fn answer(self) -> usize {
        if self.is_nan() {
            UNKNOWN
        } else {
            usize::from(self > 0.5)
        }
    }
}

/// The same expression for a view of each type.
macro_rules! of_view {
    ($judgments:expr, $view:ident => $value:expr) => {
        match $judgments {
            Judgments::Bytes($view) => $value,
            Judgments::Singles($view) => $value,
            Judgments::Doubles($view) => $value,
        }
    };
}

impl Judgments<'_> {
    /// (items, features).
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        of_view!(self, view => view.dim())
    }

    /// Call with the position in `items` and the value of each item's judgment on a feature.
    pub(crate) fn values(
        &self,
        feature: usize,
        items: impl IntoIterator<Item = usize>,
        visit: impl FnMut(usize, f64),
    ) {
        of_view!(self, view => each(*view, feature, items, Judgment::value, visit));
    }

    /// Call with the position in `items` and [`NO`], [`YES`] or [`UNKNOWN`] of each item on a feature.
    pub(crate) fn answers(
        &self,
        feature: usize,
        items: impl IntoIterator<Item = usize>,
        visit: impl FnMut(usize, usize),
    ) {
        of_view!(self, view => each(*view, feature, items, Judgment::answer, visit));
    }
}

#[inline]
fn each<J: Copy, V>(
    judgments: ArrayView2<'_, J>,
    feature: usize,
    items: impl IntoIterator<Item = usize>,
    read: impl Fn(J) -> V,
    mut visit: impl FnMut(usize, V),
) {
    let column = judgments.index_axis_move(Axis(1), feature);
    for (ix, item) in items.into_iter().enumerate() {
        visit(ix, read(column[item]));
    }
}

impl Reals<'_> {
    /// (items, columns).
    #[must_use]
    pub fn dim(&self) -> (usize, usize) {
        match self {
            Self::Singles(view) => view.dim(),
            Self::Doubles(view) => view.dim(),
        }
    }

    /// One number.
    #[inline]
    pub(crate) fn get(&self, item: usize, column: usize) -> f64 {
        match self {
            Self::Singles(view) => f64::from(view[[item, column]]),
            Self::Doubles(view) => view[[item, column]],
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn types_tell_the_same() {
        let bytes = array![[9, 0], [9, 1], [9, UNKNOWN_BYTE]];
        let singles = array![[9.0, 0.0], [9.0, 1.0], [9.0, f32::NAN]];
        let doubles = singles.mapv(f64::from);
        for judgments in [
            Judgments::Bytes(bytes.view()),
            Judgments::Singles(singles.view()),
            Judgments::Doubles(doubles.view()),
        ] {
            let (mut values, mut answers) = (Vec::new(), Vec::new());
            judgments.values(1, [2, 1, 0], |ix, value| values.push((ix, value.to_bits())));
            judgments.answers(1, [2, 1, 0], |ix, answer| answers.push((ix, answer)));
            let bits = [f64::NAN, 1.0, 0.0].map(f64::to_bits);
            assert_eq!(values, [(0, bits[0]), (1, bits[1]), (2, bits[2])]);
            assert_eq!(answers, [(0, UNKNOWN), (1, YES), (2, NO)]);
        }
    }
}
