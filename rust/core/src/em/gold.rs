//! Gold labels: cells whose latent feature is known. It is then certain in the E step, and the
//! judgment of the cell still informs the channel: its log P(z = truth | h) joins the likelihood.

use ndarray::ArrayView2;

use super::views::{NO, UNKNOWN_BYTE, YES};
use crate::error::{Error, Result};
use crate::posterior::check_shape;

/// Truth of each (item, feature): 0, 1 or 255 where unknown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gold<'a>(ArrayView2<'a, u8>);

impl<'a> Gold<'a> {
    /// # Errors
    /// Another shape than the judgments', or a number that is no label.
    pub fn new(labels: ArrayView2<'a, u8>, judgments: (usize, usize)) -> Result<Self> {
        let wanted = [judgments.0, judgments.1];
        check_shape("gold", labels.shape(), &wanted, "judgments")?;
        let is_label = |label: u8| [NO, YES].contains(&usize::from(label)) || label == UNKNOWN_BYTE;
        match labels.indexed_iter().find(|&(_, &label)| !is_label(label)) {
            None => Ok(Self(labels)),
            Some(((row, column), &label)) => Err(Error::OutOfDomain {
                name: "gold",
                row,
                column,
                value: f64::from(label),
                wanted: "0, 1 or NaN (truth not known)",
            }),
        }
    }

    /// Whether the truth of any item is known: the feature then means what the labels mean.
    pub fn knows(&self, feature: usize) -> bool {
        self.0.column(feature).iter().any(|&l| l != UNKNOWN_BYTE)
    }

    /// Call with the position in `items` and the truth of each labelled cell of a feature.
    pub fn truths(&self, feature: usize, items: &[usize], mut visit: impl FnMut(usize, bool)) {
        let column = self.0.column(feature);
        for (ix, &item) in items.iter().enumerate() {
            if column[item] != UNKNOWN_BYTE {
                visit(ix, column[item] == 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn labels_are_checked_and_read() {
        let labels = array![[1, 255], [0, 255], [255, 255]];
        let gold = Gold::new(labels.view(), (3, 2)).expect("labels");
        assert!(gold.knows(0) && !gold.knows(1));
        let mut read = Vec::new();
        gold.truths(0, &[2, 1, 0], |ix, truth| read.push((ix, truth)));
        assert_eq!(read, [(1, false), (2, true)]);
        assert!(Gold::new(labels.view(), (3, 3)).is_err());
        assert!(Gold::new(array![[1, 2]].view(), (1, 2)).is_err());
    }
}
