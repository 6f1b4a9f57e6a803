//! Which features stand on which side of the product.
//!
//! States are split into those of two sides, a and b. What couples the sides becomes the matrix of the
//! product and sets its range exp(+-L), so the split that cuts least is the best (Kernighan & Lin
//! 1970). Features that are too many or too strongly coupled go to an outer loop, c.

use ndarray::{Array2, ArrayView2};

/// The fewest features of a side: its states fill the registers of every instruction set.
pub(crate) const MIN_SIDE: usize = 4;
/// The most features of both sides: their tables stay in the cache.
const MAX_INNER: usize = 16;
/// Beyond this range of the logarithms an outer loop is tried.
const WIDE: f64 = 300.0;
/// Starts of the search for the split.
const N_STARTS: usize = 8;

/// Features of the sides and of the outer loop. Sides may be shorter than [`MIN_SIDE`]: absent
/// features fill them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Split {
    pub a: Vec<usize>,
    pub b: Vec<usize>,
    pub outer: Vec<usize>,
}

impl Split {
    /// Split the features of this coupling J, (K, K).
    pub fn new(coupling: ArrayView2<'_, f64>) -> Self {
        let strength = strength(coupling);
        let mut inner: Vec<usize> = (0..strength.nrows()).collect();
        let mut outer = Vec::new();
        loop {
            let too_wide = range(&strength, &inner) > WIDE && inner.len() > 2 * MIN_SIDE;
            if inner.len() <= MAX_INNER && !too_wide {
                break;
            }
            outer.push(inner.remove(most_coupled(&strength, &inner)));
        }
        let (a, b) = halves(&strength, &inner);
        Self { a, b, outer }
    }
}

/// |J| without its diagonal.
fn strength(coupling: ArrayView2<'_, f64>) -> Array2<f64> {
    let mut strength = coupling.mapv(f64::abs);
    strength.diag_mut().fill(0.0);
    strength
}

/// The most by which centred couplings of these features can move a logarithm, up or down.
fn range(strength: &Array2<f64>, features: &[usize]) -> f64 {
    let of_row = |&k: &usize| features.iter().map(|&l| strength[[k, l]]).sum::<f64>();
    features.iter().map(of_row).sum::<f64>() / 8.0
}

/// Where the feature with the largest sum of couplings stands.
fn most_coupled(strength: &Array2<f64>, features: &[usize]) -> usize {
    let total = |k: usize| features.iter().map(|&l| strength[[k, l]]).sum::<f64>();
    let totals = features.iter().map(|&k| total(k)).enumerate();
    totals
        .max_by(|(_, one), (_, other)| one.total_cmp(other))
        .map_or(0, |(ix, _)| ix)
}

/// Two halves that cut little coupling: the best of some exchanges from fixed starts.
fn halves(strength: &Array2<f64>, features: &[usize]) -> (Vec<usize>, Vec<usize>) {
    let n_a = features.len() / 2;
    let best = (0..N_STARTS).map(|start| {
        // Every second, every third ... feature, so that starts differ.
        let mut sides: Vec<(usize, usize)> = features
            .iter()
            .enumerate()
            .map(|(ix, &k)| ((ix * (start + 1)) % features.len().max(1), k))
            .collect();
        sides.sort_unstable();
        let order: Vec<usize> = sides.into_iter().map(|(_, k)| k).collect();
        let (a, b) = order.split_at(n_a);
        exchange(strength, a.to_vec(), b.to_vec())
    });
    let (_, mut a, mut b) = best
        .min_by(|one, other| one.0.total_cmp(&other.0))
        .expect("there is at least one start");
    a.sort_unstable();
    b.sort_unstable();
    (a, b)
}

/// Exchange the pair that lowers the cut most until none does; returns the cut first.
fn exchange(
    strength: &Array2<f64>,
    mut a: Vec<usize>,
    mut b: Vec<usize>,
) -> (f64, Vec<usize>, Vec<usize>) {
    let to = |k: usize, side: &[usize]| side.iter().map(|&l| strength[[k, l]]).sum::<f64>();
    loop {
        let gains_a: Vec<f64> = a.iter().map(|&k| to(k, &b) - to(k, &a)).collect();
        let gains_b: Vec<f64> = b.iter().map(|&k| to(k, &a) - to(k, &b)).collect();
        let mut best = (0.0, 0, 0);
        for (i, &k) in a.iter().enumerate() {
            for (j, &l) in b.iter().enumerate() {
                let gain = gains_a[i] + gains_b[j] - 2.0 * strength[[k, l]];
                if gain > best.0 {
                    best = (gain, i, j);
                }
            }
        }
        let cut: f64 = a.iter().map(|&k| to(k, &b)).sum();
        // A gain that drowns in the rounding of the cut could be exchanged for ever.
        if best.0 <= 1e-9 * cut {
            return (cut, a, b);
        }
        std::mem::swap(&mut a[best.1], &mut b[best.2]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Couplings of two groups: 3 inside, 0.1 between; the groups are the even and odd features.
    fn two_groups(n_features: usize) -> Array2<f64> {
        Array2::from_shape_fn((n_features, n_features), |(k, l)| {
            if k % 2 == l % 2 { 3.0 } else { 0.1 }
        })
    }

    #[test]
    fn the_split_cuts_between_the_groups() {
        let split = Split::new(two_groups(10).view());
        let (even, odd) = ((0..10).step_by(2), (1..10).step_by(2));
        let mut sides = [split.a, split.b];
        sides.sort();
        assert_eq!(sides, [even.collect::<Vec<_>>(), odd.collect()]);
        assert!(split.outer.is_empty());
    }

    #[test]
    fn too_many_and_too_strong_features_go_outside() {
        assert_eq!(Split::new(two_groups(20).view()).outer.len(), 4);
        let mut strong = two_groups(12);
        strong.row_mut(7).fill(1e3);
        strong.column_mut(7).fill(1e3);
        assert_eq!(Split::new(strong.view()).outer, [7]);
    }

    #[test]
    fn any_number_of_features_splits() {
        for n_features in 0..6 {
            let split = Split::new(two_groups(n_features).view());
            assert_eq!(split.a.len() + split.b.len(), n_features);
        }
    }
}
