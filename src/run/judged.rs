//! The stages that a close and a recheck have in common: evidence in, books and what they come to out.

use super::error::RunError;
use super::{Inputs, evidence_of, stage};
use crate::archive::{Archive, Evidence};
use crate::domain::sha256;
use crate::normalise::{Books, Options, Rules, normalise};
use crate::reconcile::{Reconciliation, reconcile};
use crate::report::Provenance;
use crate::watch::Watch;

/// Books, what they come to, and the evidence that both rest on.
pub(super) struct Judged {
    pub(super) evidence: Evidence,
    pub(super) manifest: String,
    pub(super) books: Books,
    pub(super) reconciliation: Reconciliation,
}

impl Judged {
    /// Where the papers that are made of it come from.
    pub(super) fn provenance(&self, inputs: &Inputs) -> Provenance {
        inputs.provenance(&self.books, sha256(self.manifest.as_bytes()))
    }
}

/// Finds the evidence that the inputs name, and judges the books that it makes.
pub(super) fn judged(archive: &Archive, inputs: &Inputs, watch: &dyn Watch) -> Result<Judged, RunError> {
    inputs.refuse_other_partner(archive.partner())?;
    let (_, evidence, manifest) = evidence_of(archive, inputs)?;
    stage(watch, "normalise");
    let rules = Rules::new(&inputs.terms.classify);
    let books = normalise(archive, &evidence, &Options { zone: inputs.terms.timezone, rules })?;
    stage(watch, "reconcile");
    let reconciliation = reconcile(&books, &inputs.reconcile_options())?;
    Ok(Judged { evidence, manifest, books, reconciliation })
}
