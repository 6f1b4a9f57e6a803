//! What a planner decided and what came of it.

use std::collections::BTreeSet;

use crate::posterior::tile::Answer;

/// A method that answered for some items.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Method {
    /// The posterior is the prior: the target says nothing of these features.
    Prior,
    /// Sum over all states.
    Enumeration,
    /// Characteristic-function quadrature.
    Quadrature,
    /// Depth-first search of the states that carry all but a certified mass.
    BranchAndBound,
    /// Gaussian approximation; not exact.
    ExpectationPropagation,
}

impl Method {
    /// The word for it in the API.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Prior => "prior",
            Self::Enumeration => "enumeration",
            Self::Quadrature => "quadrature",
            Self::BranchAndBound => "branch_and_bound",
            Self::ExpectationPropagation => "expectation_propagation",
        }
    }

    /// Whether its answers are exact up to a certified error.
    #[must_use]
    pub fn is_exact(self) -> bool {
        self != Self::ExpectationPropagation
    }
}

/// What ran, why, and how well.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Methods that answered.
    pub methods: BTreeSet<Method>,
    /// Why these, a sentence for each different reason.
    pub reasons: BTreeSet<String>,
    /// The worst error of an item that a method admitted: relative, of rounding or of neglected mass,
    /// where all are exact; else the widest bracket of a log evidence, in nats.
    pub worst_certificate: f64,
    /// Items that a method refused and a fall-back answered.
    pub n_rescued: usize,
    /// CPU seconds that the cost model expected.
    pub predicted_seconds: f64,
    /// Seconds that passed; those of an E step include its planning.
    pub seconds: f64,
}

/// How well items were answered.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Quality {
    worst_certificate: f64,
    n_rescued: usize,
    n_approximate: usize,
}

impl Quality {
    pub fn add(&mut self, answer: &Answer) {
        let certificates = answer.certificate.iter().copied();
        self.worst_certificate = certificates.fold(self.worst_certificate, f64::max);
        self.n_rescued += answer.n_rescued;
        self.n_approximate += answer.n_approximate;
    }
}

impl Report {
    pub(crate) fn admit(&mut self, quality: Quality) {
        self.worst_certificate = self.worst_certificate.max(quality.worst_certificate);
        self.n_rescued += quality.n_rescued;
        if quality.n_approximate > 0 {
            let reason = "expectation_propagation: for items that no exact method certifies";
            if self.methods.insert(Method::ExpectationPropagation) {
                self.reasons.insert(reason.to_owned());
            }
        }
    }

    /// Take in the report of some other items.
    pub(crate) fn join(&mut self, other: Self) {
        self.methods.extend(other.methods);
        self.reasons.extend(other.reasons);
        self.worst_certificate = self.worst_certificate.max(other.worst_certificate);
        self.n_rescued += other.n_rescued;
        self.predicted_seconds += other.predicted_seconds;
        self.seconds += other.seconds;
    }

    /// Whether every answer is exact up to a certified error.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        self.methods.iter().all(|method| method.is_exact())
    }

    /// The methods' names, joined by "+".
    #[must_use]
    pub fn solver(&self) -> String {
        let names: Vec<&str> = self.methods.iter().map(|method| method.name()).collect();
        if names.is_empty() {
            Method::Prior.name().to_owned()
        } else if names.len() > 1 {
            // The prior asks for no method.
            let asked = names
                .iter()
                .copied()
                .filter(|name| *name != Method::Prior.name());
            asked.collect::<Vec<_>>().join("+")
        } else {
            names[0].to_owned()
        }
    }

    /// Why these methods.
    #[must_use]
    pub fn why(&self) -> String {
        let reasons: Vec<&str> = self.reasons.iter().map(String::as_str).collect();
        reasons.join("; ")
    }
}
