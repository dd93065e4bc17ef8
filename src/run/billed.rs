//! What is billed of judged books, and the documents for customers: invoices and notes.

use std::collections::BTreeMap;

use super::error::RunError;
use super::judged::Judged;
use super::{Inputs, stage};
use crate::domain::List;
use crate::invoice::{Annex, Billing, Illegible, Pricing, Unmatched, invoice, unmatched};
use crate::normalise::{Books, ListRecord, ListState};
use crate::reconcile::{Detail, Usage, usage};
use crate::report::{Paper, Provenance, ReportError, Stand, documents, illegible as of_texts};
use crate::watch::Watch;

/// What is billed, with the documents and what their annexes list.
pub(super) struct Billed {
    pub(super) billing: Billing,
    pub(super) documents: Vec<Paper>,
    pub(super) usage: Usage,
}

/// Bills, and prints the documents. A customer whose own texts they cannot carry is held before anything is numbered, and costs
/// nobody else anything: what cannot be printed tells who that is, and then all is made out anew without it.
pub(super) fn billed(
    inputs: &Inputs,
    judged: &Judged,
    provenance: &Provenance,
    watch: &dyn Watch,
) -> Result<Billed, RunError> {
    let terms = &inputs.terms.invoice;
    let detail = match terms.annex() {
        Annex::Days => Some(Detail::Days),
        Annex::Entries => Some(Detail::Entries),
        Annex::None => None,
    };
    let usage = detail.map(|detail| usage(&judged.books, detail)).transpose()?.unwrap_or_default();
    stage(watch, "invoice");
    let mut illegible: BTreeMap<String, Illegible> = BTreeMap::new();
    loop {
        let billing = made_out(inputs, judged, &illegible)?;
        if illegible.is_empty() {
            stage(watch, "report");
        }
        let found = match documents(provenance, terms, &billing, &usage, Stand::Final) {
            Err(ReportError::Unprintable(found)) => found,
            printed => return Ok(Billed { billing, documents: printed?, usage }),
        };
        let held = of_texts(&found)?;
        // Who is held has no document, so each round finds others; nothing goes round for ever all the same.
        if held.keys().all(|account| illegible.contains_key(account)) {
            return Err(ReportError::Unprintable(found).into());
        }
        illegible.extend(held);
    }
}

/// What is billed alone, where no document is wanted. Only PDFs can refuse a customer's text, so without them none is printed.
pub(super) fn billing(inputs: &Inputs, judged: &Judged, watch: &dyn Watch) -> Result<Billing, RunError> {
    if inputs.terms.invoice.pdf() {
        let provenance = judged.provenance(inputs);
        return Ok(billed(inputs, judged, &provenance, watch)?.billing);
    }
    stage(watch, "invoice");
    made_out(inputs, judged, &BTreeMap::new())
}

fn made_out(inputs: &Inputs, judged: &Judged, illegible: &BTreeMap<String, Illegible>) -> Result<Billing, RunError> {
    let listed = judged.books.parties();
    let pricing = Pricing { illegible, ..inputs.pricing(&listed, &judged.evidence) };
    let billing = invoice(&judged.reconciliation, &pricing, &inputs.numbering())?;
    let unmatched = unmatched_in(&judged.books, inputs)?;
    Ok(Billing { unbilled: inputs.unbilled.clone(), unmatched, ..billing })
}

/// The accounts that the terms name and the account list does not hold; refused where the terms are strict, unless the list
/// itself lacks something.
fn unmatched_in(books: &Books, inputs: &Inputs) -> Result<Vec<Unmatched>, RunError> {
    let terms = &inputs.terms;
    let listed = books.customers.keys().chain(&books.unwalkable).map(String::as_str);
    let found = unmatched((&terms.rate_card, &terms.invoice, &terms.export), listed);
    let is_whole = |list: &ListRecord| {
        list.list == List::Accounts && matches!(list.state, ListState::Read) && list.unreadable == 0
    };
    if terms.strict && !found.is_empty() && books.lists.iter().any(is_whole) {
        return Err(RunError::Unmatched(found));
    }
    Ok(found)
}
