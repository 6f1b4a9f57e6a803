//! The buffers of one thread.

use super::coupling::Coupling;
use crate::simd::AlignedBuffer;

/// Tables of a tile and the running sums. "Panel" counts panels times states of the outer features;
/// lanes are the items of a panel.
#[derive(Debug)]
pub(crate) struct Workspace {
    /// r' of the panel, [D][lane].
    pub residuals: AlignedBuffer,
    /// h of the panel, [position][lane].
    pub fields: AlignedBuffer,
    /// 1 where a feature certainly holds, [position][lane].
    pub certain: AlignedBuffer,
    /// Factors of the states that have and have not a feature, [inner position][lane].
    pub on: AlignedBuffer,
    pub off: AlignedBuffer,
    /// U, [panel][state of a][lane].
    pub u: AlignedBuffer,
    /// V, [panel][state of b][lane].
    pub v: AlignedBuffer,
    /// V again, [block of b][panel][lane][state in block].
    pub v_by_item: AlignedBuffer,
    /// A product before it is folded, [state][lane].
    pub product: AlignedBuffer,
    /// Z and its logarithm with all constants, [state of outer][lane].
    pub totals: AlignedBuffer,
    pub logs: AlignedBuffer,
    /// Folded products, [state of outer][inner position][lane].
    pub marginals: AlignedBuffer,
    /// R, [block of b][block of a][state of a][state of b].
    pub pairs: AlignedBuffer,
    /// Sums of v P(outer state) and of v P(outer state, inner feature), [state of outer][1 + inner].
    pub outer_pairs: Vec<f64>,
}

impl Workspace {
    /// For tiles of `n_panels` panels of `panel_len` items.
    pub fn new(coupling: &Coupling, n_panels: usize, panel_len: usize) -> Self {
        let (n_inner, n_outer) = (coupling.n_inner(), coupling.constants.len());
        let (states_a, states_b) = (1 << coupling.n_a, 1 << coupling.n_b);
        let n_tables = n_panels * n_outer * panel_len;
        let of_panel = |len: usize| AlignedBuffer::zeros(len * panel_len);
        Self {
            residuals: of_panel(coupling.centre.len()),
            fields: of_panel(coupling.order.len()),
            certain: of_panel(coupling.order.len()),
            on: of_panel(n_inner),
            off: of_panel(n_inner),
            u: AlignedBuffer::zeros(n_tables * states_a),
            v: AlignedBuffer::zeros(n_tables * states_b),
            v_by_item: AlignedBuffer::zeros(n_tables * states_b),
            product: of_panel(states_a.max(states_b)),
            totals: of_panel(n_outer),
            logs: of_panel(n_outer),
            marginals: of_panel(n_outer * n_inner),
            pairs: AlignedBuffer::zeros(states_a * states_b),
            outer_pairs: vec![0.0; n_outer * (1 + n_inner)],
        }
    }
}
