//! Right of the archive: evidence and inputs in, papers and seal out. Pure; reads the archive and nothing else.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::billed::{Billed, billed};
use super::draft::unnumbered;
use super::error::RunError;
use super::judged::{Judged, judged};
use super::{Inputs, MANIFEST_FILE, RUN_FILE, dates};
use crate::archive::Archive;
use crate::domain::{Class, Side, Verdict};
use crate::invoice::Billing;
use crate::normalise::Books;
use crate::reconcile::{Reconciliation, Usage, by_class};
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
    usage: Usage,
    /// The day on which its evidence was read.
    read: NaiveDate,
}

/// Everything right of the archive: evidence and inputs in, papers and seal out. Pure; it reads the archive and nothing
/// else.
///
/// # Errors
/// When the archive is damaged, or a stage cannot go on.
pub fn derive(archive: &Archive, mut inputs: Inputs, watch: &dyn Watch) -> Result<Settled, RunError> {
    let judged = judged(archive, &inputs, watch)?;
    let provenance = judged.provenance(&inputs);
    let Billed { billing, documents, usage } = billed(&inputs, &judged, &provenance, watch)?;
    inputs.corrections.keep_what_was_asked(&billing);
    let Judged { evidence, manifest, books, mut reconciliation } = judged;
    let (read, over) = (evidence.plan.today, inputs.period.day_after());
    if !inputs.period.is_over(read) {
        let early =
            format!("the month was read on {read}, and is not over before {over}: entries may still be added to it");
        reconciliation.scope.insert(0, early);
    }
    let numbers = billing.invoices.iter().chain(billing.notes.iter().map(|it| &it.document)).map(|it| &it.number);
    reconciliation.scope.extend(dates::told(&inputs.later_dated, read, numbers));
    let export = &inputs.terms.export;
    let mut papers = report_in(export.csv(), &provenance, &reconciliation, &billing, &books.unreadable)?;
    papers.extend(documents);
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
    Ok(Settled { inputs, provenance, books, reconciliation, billing, papers, seal, usage, read })
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
            held: self.billing.held_accounts(),
        }
    }

    /// The day from which the month can be billed, where it was not over when its evidence was read.
    pub(super) fn not_before(&self) -> Option<NaiveDate> {
        let period = self.inputs.period;
        (!period.is_over(self.read)).then(|| period.day_after())
    }

    /// The invoices as they would be, each page of them saying that it is a draft; of a month that is not over without numbers.
    pub(super) fn drafts(&self) -> Result<Vec<Paper>, RunError> {
        let papers =
            |billing| documents(&self.provenance, &self.inputs.terms.invoice, billing, &self.usage, Stand::Draft);
        Ok(match self.not_before() {
            Some(_) => papers(&unnumbered(self.billing.clone())),
            None => papers(&self.billing),
        }?)
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
