//! What the judgments of each feature are: hard answers or probabilities, and how many.

use super::rows::{added, by_chunk};
use super::views::{Judgments, N_ANSWERS};
use crate::error::{Error, Result};

/// How the judgments of a column are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum JudgmentKind {
    /// Hard where only 0, 1 and unknown occur, else probability.
    #[default]
    Auto,
    /// 0, 1 or unknown.
    Hard,
    /// A probability or unknown.
    Probability,
}

/// A column of judgments.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Feature {
    pub is_hard: bool,
    /// Weight of the items whose judgment is no, yes, unknown (in the order of
    /// [`Judgments::answers`]).
    pub counts: [f64; N_ANSWERS],
    /// Mean of the known judgments: the centre of its prevalence's prior.
    pub prevalence_centre: f64,
}

/// What one chunk of items shows of one column.
#[derive(Debug, Clone, Copy, Default)]
struct Seen {
    /// The first item with neither 0 nor 1.
    soft: Option<(usize, f64)>,
    /// The first item outside [0, 1].
    bad: Option<(usize, f64)>,
    counts: [f64; N_ANSWERS],
    /// Weighted number and sum of known judgments.
    known: [f64; 2],
}

/// Check the judgments' domain and find out what they are.
///
/// # Errors
/// A judgment outside [0, 1], or between 0 and 1 in a column of hard ones.
pub(crate) fn features(
    judgments: Judgments<'_>,
    kinds: &[JudgmentKind],
    weight: impl Fn(usize) -> f64 + Sync,
) -> Result<Vec<Feature>> {
    let (n_items, n_features) = judgments.dim();
    let chunks = by_chunk(n_items, |items| {
        (0..n_features)
            .map(|k| see(judgments, k, items.clone(), &weight))
            .collect::<Vec<_>>()
    });
    let bad = chunks.iter().find_map(|columns| {
        let bad = (0..n_features).filter_map(|k| Some((columns[k].bad?, k)));
        bad.min_by_key(|((row, _), _)| *row)
    });
    if let Some(((row, value), column)) = bad {
        let wanted = "a number in [0, 1] or NaN (unknown; 255 among bytes)";
        return Err(out_of_domain(row, column, value, wanted));
    }
    kinds
        .iter()
        .enumerate()
        .map(|(column, kind)| {
            let seen = chunks.iter().map(|columns| columns[column]);
            let soft = seen.clone().find_map(|seen| seen.soft);
            let is_hard = match (kind, soft) {
                (JudgmentKind::Hard, Some((row, value))) => {
                    let wanted = "0, 1 or NaN in a column of hard judgments";
                    return Err(out_of_domain(row, column, value, wanted));
                }
                (JudgmentKind::Probability, _) | (JudgmentKind::Auto, Some(_)) => false,
                (JudgmentKind::Hard | JudgmentKind::Auto, None) => true,
            };
            let [n_known, sum] = seen.clone().map(|seen| seen.known).fold([0.0; 2], added);
            Ok(Feature {
                is_hard,
                counts: seen.map(|seen| seen.counts).fold([0.0; N_ANSWERS], added),
                // One imagined item at 1/2 keeps the centre off 0 and 1.
                prevalence_centre: (sum + 0.5) / (n_known + 1.0),
            })
        })
        .collect()
}

fn see(
    judgments: Judgments<'_>,
    feature: usize,
    items: std::ops::Range<usize>,
    weight: impl Fn(usize) -> f64,
) -> Seen {
    let mut seen = Seen::default();
    judgments.values(feature, items.clone(), |ix, value| {
        if value.is_nan() || value == 0.0 || value == 1.0 {
            return;
        }
        let found = (items.start + ix, value);
        seen.soft.get_or_insert(found);
        if !(0.0..=1.0).contains(&value) {
            seen.bad.get_or_insert(found);
        }
    });
    judgments.values(feature, items.clone(), |ix, value| {
        if !value.is_nan() {
            let v = weight(items.start + ix);
            seen.known = added(seen.known, [v, v * value]);
        }
    });
    judgments.answers(feature, items.clone(), |ix, answer| {
        seen.counts[answer] += weight(items.start + ix);
    });
    seen
}

fn out_of_domain(row: usize, column: usize, value: f64, wanted: &'static str) -> Error {
    Error::OutOfDomain {
        name: "judgments",
        row,
        column,
        value,
        wanted,
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn columns_are_counted_and_told_apart() {
        let judgments = array![[0.0, 0.9], [1.0, f64::NAN], [1.0, 0.2], [f64::NAN, 1.0]];
        let weight = |item: usize| [1.0, 2.0, 3.0, 4.0][item];
        let kinds = [JudgmentKind::Auto; 2];
        let found = features(Judgments::Doubles(judgments.view()), &kinds, weight).expect("valid");
        assert!(found[0].is_hard && !found[1].is_hard);
        assert_eq!(found[0].counts, [1.0, 5.0, 0.0, 4.0]);
        assert_eq!(found[0].prevalence_centre, 5.5 / 7.0);
        assert!((found[1].prevalence_centre - (0.9 + 0.6 + 4.0 + 0.5) / 9.0).abs() < 1e-15);
    }

    #[test]
    fn the_first_bad_judgment_is_named() {
        let judgments = array![[0.0_f32, 0.5], [1.0, 7.0], [-1.0, 0.0]];
        let view = Judgments::Singles(judgments.view());
        let named = |kinds: [JudgmentKind; 2]| match features(view, &kinds, |_| 1.0) {
            Err(Error::OutOfDomain { row, column, .. }) => (row, column),
            other => panic!("{other:?}"),
        };
        assert_eq!(named([JudgmentKind::Auto; 2]), (1, 1));
        let judgments = array![[0.0, 0.5], [1.0, 1.0], [0.25, 0.0]];
        let view = Judgments::Doubles(judgments.view());
        let hard = |kinds: [JudgmentKind; 2]| match features(view, &kinds, |_| 1.0) {
            Err(Error::OutOfDomain { row, column, .. }) => (row, column),
            other => panic!("{other:?}"),
        };
        assert_eq!(hard([JudgmentKind::Hard; 2]), (2, 0));
        assert_eq!(hard([JudgmentKind::Auto, JudgmentKind::Hard]), (0, 1));
    }
}
