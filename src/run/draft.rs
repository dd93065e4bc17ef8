//! Drafts: the invoices that a prepared run would give, to be looked at before it is sealed. Nothing is sealed or numbered by
//! them, and no other command reads them.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::derive::{Settled, derive};
use super::error::RunError;
use super::laid::lay_down;
use super::sealing::renewed;
use super::shelf::Shelf;
use super::{Inputs, Prepared, Request, Unsealed, folder, open, prepare, shelf_of};
use crate::archive::Archive;
use crate::domain::Verdict;
use crate::fetch::Fetched;
use crate::invoice::Billing;
use crate::watch::Watch;

/// Drafts that were laid down.
pub struct Drafted {
    /// The folder.
    pub folder: PathBuf,
    /// How many invoices.
    pub invoices: usize,
    /// How many accounts are held.
    pub accounts_held: usize,
    /// Who is held, an account in a currency, each with the reason.
    pub held: Vec<(String, String)>,
    /// What the books as a whole come to, so far as they were read.
    pub verdict: Verdict,
    /// The day from which the month can be billed, where it was not over when it was read.
    pub not_before: Option<NaiveDate>,
}

/// Lays the invoices of a run that is not sealed yet into `<run>.draft` beside it, in place of earlier drafts. Whatever else is
/// in there stays.
///
/// # Errors
/// When the folder holds no prepared run or a sealed one, a stage fails, something that is no draft stands at the name of one, or
/// the disk refuses.
pub fn draft(run: &Path, named: Option<&Path>, watch: &dyn Watch) -> Result<Drafted, RunError> {
    folder::refuse_sealed(run)?;
    let (inputs, archive) = open(run, named)?;
    draft_in(run, &archive, &inputs, &Shelf::of(run, &inputs.partner, named), watch)
}

/// Reads a month, also one that is not over, and lays its invoices down as drafts. Nothing is sealed or numbered: a close after
/// the month's end reads it anew.
///
/// # Errors
/// When the line, the archive, the folder or a stage fails.
pub async fn draft_month(request: &Request, watch: &dyn Watch) -> Result<(Drafted, Fetched), RunError> {
    let (Prepared { folder, fetched }, archive) = prepare(request, Unsealed::Anew, watch).await?;
    let drafted = draft_in(&folder, &archive, &folder::read_inputs(&folder)?, &shelf_of(request), watch)?;
    Ok((drafted, fetched))
}

fn draft_in(
    run: &Path,
    archive: &Archive,
    inputs: &Inputs,
    shelf: &Shelf,
    watch: &dyn Watch,
) -> Result<Drafted, RunError> {
    let settled = derive(archive, renewed(run, archive, inputs, shelf)?, watch)?;
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    let folder = run.with_file_name(format!("{name}.draft"));
    lay_down(&folder, &settled.drafts()?)?;
    let (verdict, not_before) = (settled.verdict(), settled.not_before());
    let Settled { billing, .. } = settled;
    let (invoices, accounts_held) = (billing.invoices.len(), billing.held_accounts());
    let held = billing.held.into_iter().map(|it| (format!("{} {}", it.account, it.currency), it.reason));
    Ok(Drafted { folder, invoices, accounts_held, held: held.collect(), verdict, not_before })
}

/// The same documents without a number of their series: of a month that is not over nobody can say which they will have. Each is
/// called after its customer and currency.
pub(super) fn unnumbered(mut billing: Billing) -> Billing {
    for invoice in &mut billing.invoices {
        invoice.number = format!("DRAFT-{}-{}", invoice.account, invoice.currency);
    }
    for (place, note) in (1..).zip(&mut billing.notes) {
        // It names an invoice of its own month by no number either.
        if note.corrects.run.is_empty() {
            note.corrects.number = format!("DRAFT-{}-{}", note.document.account, note.document.currency);
        }
        note.document.number = format!("DRAFT-NOTE-{place}-{}-{}", note.document.account, note.document.currency);
    }
    billing
}
