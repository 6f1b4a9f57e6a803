//! The states that carry the posterior, and expectations over them.

use ndarray::Array2;

/// States that were reached, with their masses relative to the reference state.
#[derive(Debug, Default)]
pub(crate) struct Leaves {
    /// Mass of each leaf.
    pub masses: Vec<f64>,
    /// States, leaf after leaf, K each.
    states: Vec<bool>,
}

impl Leaves {
    pub fn clear(&mut self) {
        self.masses.clear();
        self.states.clear();
    }

    pub fn push(&mut self, mass: f64, state: &[bool]) {
        self.masses.push(mass);
        self.states.extend_from_slice(state);
    }

    pub fn mass(&self) -> f64 {
        self.masses.iter().sum()
    }

    /// States with their masses.
    pub fn iter(&self) -> impl Iterator<Item = (&[bool], f64)> {
        let n_features = self.states.len() / self.masses.len().max(1);
        // A state of no feature has no chunk; it is the empty slice.
        (0..self.masses.len()).map(move |ix| {
            let state = &self.states[ix * n_features..(ix + 1) * n_features];
            (state, self.masses[ix])
        })
    }
}

/// Add the mass to the features that hold.
pub(crate) fn add_marginals(sums: &mut [f64], state: &[bool], mass: f64) {
    for (sum, _) in sums.iter_mut().zip(state).filter(|(_, z)| **z) {
        *sum += mass;
    }
}

/// Add the mass to the pairs of features that hold.
pub(crate) fn add_pairs(sums: &mut Array2<f64>, state: &[bool], mass: f64) {
    for (mut row, _) in sums.rows_mut().into_iter().zip(state).filter(|(_, z)| **z) {
        for (sum, _) in row.iter_mut().zip(state).filter(|(_, z)| **z) {
            *sum += mass;
        }
    }
}
