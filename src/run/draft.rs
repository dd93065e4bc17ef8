//! Drafts: the invoices that a prepared run would give, to be looked at before it is sealed. Nothing is sealed or numbered by
//! them, and no other command reads them.

use std::path::{Path, PathBuf};

use super::derive::derive;
use super::error::RunError;
use super::laid::lay_down;
use super::{folder, open, renewed};
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
}

/// Lays the invoices of a run that is not sealed yet into `<run>.draft` beside it, in place of earlier drafts. Whatever else is
/// in there stays.
///
/// # Errors
/// When the folder holds no prepared run or a sealed one, a stage fails, something that is no draft stands at the name of one, or
/// the disk refuses.
pub fn draft(run: &Path, archive: Option<&Path>, watch: &dyn Watch) -> Result<Drafted, RunError> {
    folder::refuse_sealed(run)?;
    let (inputs, archive) = open(run, archive)?;
    let settled = derive(&archive, renewed(run, &archive, &inputs)?, watch)?;
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    let folder = run.with_file_name(format!("{name}.draft"));
    lay_down(&folder, &settled.drafts()?)?;
    let (invoices, accounts_held) = (settled.billing.invoices.len(), settled.billing.held_accounts());
    let held = settled.billing.held.into_iter().map(|it| (format!("{} {}", it.account, it.currency), it.reason));
    Ok(Drafted { folder, invoices, accounts_held, held: held.collect() })
}
