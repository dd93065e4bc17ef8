//! Drafts: the invoices that a prepared run would give, to be looked at before it is sealed. Nothing is sealed or numbered by
//! them, and no other command reads them.

use std::path::{Path, PathBuf};

use super::derive::derive;
use super::error::RunError;
use super::sealing::renewed;
use super::shelf::Shelf;
use super::{folder, open};
use crate::watch::Watch;

/// Drafts that were laid down.
pub struct Drafted {
    /// The folder.
    pub folder: PathBuf,
    /// How many invoices.
    pub invoices: usize,
    /// The accounts that are held, each with the reason.
    pub held: Vec<(String, String)>,
}

/// Lays the invoices of a run that is not sealed yet into `<run>.draft` beside it, in place of earlier drafts.
///
/// # Errors
/// When the folder holds no prepared run or a sealed one, a stage fails, or the disk refuses.
pub fn draft(run: &Path, named: Option<&Path>, watch: &dyn Watch) -> Result<Drafted, RunError> {
    folder::refuse_sealed(run)?;
    let (inputs, archive) = open(run, named)?;
    let shelf = Shelf::of(run, &inputs.partner, named);
    let settled = derive(&archive, renewed(run, &archive, &inputs, &shelf)?, watch)?;
    let name = run.file_name().unwrap_or_default().to_string_lossy();
    let folder = run.with_file_name(format!("{name}.draft"));
    folder::lay_down(&folder, &settled.drafts()?)?;
    let held = settled.billing.held.into_iter().map(|it| (it.account, it.reason)).collect();
    Ok(Drafted { folder, invoices: settled.billing.invoices.len(), held })
}
