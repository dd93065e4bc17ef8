//! Right of the archive: evidence and inputs in, papers and seal out. Pure; reads the archive and nothing else.

use std::collections::BTreeMap;

use super::error::RunError;
use super::judged::{Judged, judged};
use super::{Inputs, MANIFEST_FILE, RUN_FILE, dates, stage};
use crate::archive::{Archive, Evidence};
use crate::domain::{Class, Side, Verdict, sha256};
use crate::invoice::{Annex, Billing, invoice};
use crate::normalise::Books;
use crate::reconcile::{Detail, Reconciliation, Usage, by_class, usage};
use crate::report::{Close, Paper, Provenance, Stand, documents, exports, report_in, summary};
use crate::seal::{Seal, seal};
use crate::watch::{self, Watch};

/// Everything that one settle derives.
pub struct Settled {
    /// The run's inputs.
    pub inputs: Inputs,
    /// Where the close comes from.
    pub provenance: Provenance,
    /// The books.
    pub books: Books,
    /// What they come to.
    pub reconciliation: Reconciliation,
    /// What is billed.
    pub billing: Billing,
    /// Every paper, sorted by name.
    pub papers: Vec<Paper>,
    /// The seal over them.
    pub seal: Seal,
    pub(super) evidence: Evidence,
    usage: Usage,
}

/// Everything right of the archive: evidence and inputs in, papers and seal out. Pure; it reads the archive and nothing
/// else.
///
/// # Errors
/// When the archive is damaged, or a stage cannot go on.
pub fn derive(archive: &Archive, inputs: Inputs, watch: &dyn Watch) -> Result<Settled, RunError> {
    let Judged { evidence, manifest, books, mut reconciliation } = judged(archive, &inputs, watch)?;
    let (read, over) = (evidence.plan.today, inputs.period.day_after());
    if read < over {
        let early =
            format!("the month was read on {read}, and is not over before {over}: entries may still be added to it");
        reconciliation.scope.insert(0, early);
    }
    stage(watch, "invoice");
    let billing = invoice(&reconciliation, &inputs.pricing(&books.parties(), &evidence), &inputs.numbering())?;
    let billing = Billing { unbilled: inputs.unbilled.clone(), ..billing };
    let numbers = billing.invoices.iter().chain(billing.notes.iter().map(|it| &it.document)).map(|it| &it.number);
    reconciliation.scope.extend(dates::told(&inputs.later_dated, read, numbers));
    stage(watch, "report");
    let provenance = inputs.provenance(&books, sha256(manifest.as_bytes()));
    let export = &inputs.terms.export;
    let mut papers = report_in(export.csv(), &provenance, &reconciliation, &billing, &books.unreadable)?;
    let detail = match inputs.terms.invoice.annex() {
        Annex::Days => Some(Detail::Days),
        Annex::Entries => Some(Detail::Entries),
        Annex::None => None,
    };
    let usage = detail.map(|detail| usage(&books, detail)).transpose()?.unwrap_or_default();
    papers.extend(documents(&provenance, &inputs.terms.invoice, &billing, &usage, Stand::Final)?);
    let charges = if export.has_journal() { by_class(&books)? } else { Vec::new() };
    papers.extend(exports(&Close {
        provenance: &provenance,
        terms: export,
        invoicing: &inputs.terms.invoice,
        books: &reconciliation,
        billing: &billing,
        charges: &charges,
    })?);
    papers.extend(ledger_parts(&books)?);
    papers.push(Paper { name: MANIFEST_FILE.to_owned(), bytes: manifest.into_bytes() });
    papers.push(Paper { name: RUN_FILE.to_owned(), bytes: inputs.to_json()? });
    papers.sort_by(|a, b| a.name.cmp(&b.name));
    let previous = inputs.previous.as_deref();
    let seal = seal(&inputs.partner, inputs.period, &inputs.run, &papers, &provenance.archive_digest, previous)?;
    Ok(Settled { inputs, provenance, books, reconciliation, billing, papers, seal, evidence, usage })
}

impl Settled {
    /// What the books as a whole come to.
    #[must_use]
    pub const fn verdict(&self) -> Verdict {
        self.reconciliation.verdict
    }

    /// The figures of the close.
    pub(super) fn close(&self) -> watch::Close {
        let mut breaks: BTreeMap<Class, usize> = BTreeMap::new();
        for found in &self.reconciliation.breaks {
            *breaks.entry(found.class()).or_default() += 1;
        }
        watch::Close {
            run: self.inputs.run.clone(),
            verdict: self.verdict(),
            master_entries: self.books.master.height(),
            customer_entries: self.books.ledgers.height(),
            breaks,
            invoices: self.billing.invoices.len(),
            held: self.billing.held.len(),
        }
    }

    /// The invoices as they would be, each page of them saying that it is a draft.
    pub(super) fn drafts(&self) -> Result<Vec<Paper>, RunError> {
        let terms = &self.inputs.terms.invoice;
        Ok(documents(&self.provenance, terms, &self.billing, &self.usage, Stand::Draft)?)
    }

    /// The text of `summary.txt`.
    #[must_use]
    pub fn summary(&self) -> String {
        summary(&self.provenance, &self.reconciliation, &self.billing)
    }
}

/// The ledger as Parquet, so that anyone can recompute the figures with other tools.
fn ledger_parts(books: &Books) -> Result<Vec<Paper>, RunError> {
    let mut papers = Vec::new();
    let mut parts = vec![(Side::Master, "master", &books.master), (Side::Customer, "customers", &books.ledgers)];
    if books.around.height() > 0 {
        parts.push((Side::Customer, "around", &books.around));
    }
    for (side, name, frame) in parts {
        let parts = frame.to_parquet(side)?;
        papers.extend(
            parts
                .into_iter()
                .map(|part| Paper { name: format!("ledger/{name}-{:04}.parquet", part.number), bytes: part.bytes }),
        );
    }
    Ok(papers)
}
