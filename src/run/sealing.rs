//! The act of sealing: what sealed runs hand on is taken as it is now, the papers are derived, and numbers, bills and seal
//! become durable in one act.
//!
//! The act, with every other process kept out: the run is recorded in the register with everything that it numbers and bills;
//! its folder gets its name; the record is marked as sealed. Cut off before the folder has its name, the run was never sealed:
//! nothing of the record counts, and the same run, gone on with, records the same again, or other numbers where another run has
//! taken these. Cut off after, the folder itself says that it is sealed, and whoever opens the register next marks it.

use std::path::Path;

use super::derive::{Settled, derive};
use super::error::RunError;
use super::folder::{self, place_of};
use super::inputs::{Earlier, Inputs, RUN_FILE};
use super::neighbours::{Neighbour, earlier, sealed_already};
use super::shelf::Shelf;
use super::shelf_error::ShelfError;
use super::{Closed, read_on, refuse_unfinished, stage};
use crate::archive::Archive;
use crate::register::{Noted, Register};
use crate::report::printable;
use crate::seal::{alone, alone_beside, write_run_alone};
use crate::watch::{Event, Watch};

/// Derives and seals. What sealed runs hand on is taken as it is when the run is sealed, not as it was when it was fetched: no
/// number, note or bill is given twice, whoever is sealed meanwhile.
pub(super) fn settle_in(
    folder: &Path,
    archive: &Archive,
    inputs: Inputs,
    shelf: &Shelf,
    watch: &dyn Watch,
) -> Result<Closed, RunError> {
    if let Some(read) = read_on(archive, &inputs) {
        refuse_unfinished(inputs.period, read)?;
    }
    let mut register = None;
    if inputs.terms.scenario.is_none() {
        let (made, runs) = shelf.make()?;
        if runs > 0 {
            watch.saw(Event::RegisterMade { runs });
        }
        register = Some(made);
    }
    let version = register.as_ref().map(Register::version).transpose()?;
    let sealed_before = folder::seals_beside(folder)?;
    let renew = |inputs: Inputs| {
        let now = renewed(folder, archive, &inputs, shelf)?;
        let is_another = now.to_json()? != inputs.to_json()?;
        if is_another {
            watch.saw(Event::Renewed { run: now.run.clone() });
        }
        Ok::<_, RunError>((now, is_another))
    };
    let (inputs, is_another) = renew(inputs)?;
    if is_another {
        folder::write_inputs(folder, &inputs)?;
    }
    let mut settled = derive(archive, inputs, watch)?;
    stage(watch, "seal");
    // Whoever closes into another folder, with this archive, keeps the same register.
    let alone = if register.is_some() { alone_beside(&[folder, &shelf.register])? } else { alone(folder)? };
    folder::refuse_sealed(folder)?;
    let now = register.as_ref().map(Register::version).transpose()?;
    if folder::seals_beside(folder)? != sealed_before || now != version {
        settled = derive(archive, renew(settled.inputs)?.0, watch)?;
    }
    if let Some(register) = &mut register {
        register.record(&noted(folder, &settled, shelf)?)?;
    }
    write_run_alone(folder, &settled.papers, &settled.seal, &alone)?;
    if let Some(register) = &mut register {
        // It is sealed, whatever becomes of this mark: the next one to open the register finds the folder.
        let _ = register.stands(&settled.seal.hash);
    }
    watch.saw(Event::Sealed(settled.close()));
    Ok(Closed { folder: folder.to_owned(), settled })
}

/// Seals a run again whose seal was taken away, where its papers come to the very seal that the register keeps for it.
pub(super) fn restore(
    folder: &Path,
    archive: &Archive,
    inputs: Inputs,
    kept: String,
    watch: &dyn Watch,
) -> Result<Closed, RunError> {
    let settled = derive(archive, inputs, watch)?;
    if settled.seal.hash != kept {
        let (run, found) = (settled.inputs.run, settled.seal.hash);
        return Err(ShelfError::OtherSeal { folder: folder.to_owned(), run, found, kept }.into());
    }
    stage(watch, "seal");
    let alone = alone(folder)?;
    write_run_alone(folder, &settled.papers, &settled.seal, &alone)?;
    watch.saw(Event::Sealed(settled.close()));
    Ok(Closed { folder: folder.to_owned(), settled })
}

/// What the register is to note of a run that is derived and not written yet.
fn noted(folder: &Path, settled: &Settled, shelf: &Shelf) -> Result<Noted, RunError> {
    let paper = |name: &str| {
        let found = settled.papers.iter().find(|paper| paper.name == name);
        found.map(|paper| paper.bytes.as_slice()).unwrap_or_default()
    };
    let (inputs, close) = (paper(RUN_FILE), paper("close.json"));
    let run = Neighbour::of_papers(folder.to_owned(), settled.seal.hash.clone(), inputs, close)?;
    run.to_note(place_of(&shelf.register, folder), close)
}

/// A run's inputs with what the sealed runs of its shelf hand on now. The decisions stay those that were in force when it was
/// prepared. Where the very same run is sealed beside it, what was handed on to that: settled twice, it is the same twice.
pub(super) fn renewed(folder: &Path, archive: &Archive, inputs: &Inputs, shelf: &Shelf) -> Result<Inputs, RunError> {
    // A run that this program cannot print needs no other runs to say so.
    printable(&inputs.terms.invoice)?;
    if let Some(same) = sealed_already(folder, inputs)? {
        return Ok(same);
    }
    let terms = &inputs.terms;
    if terms.scenario.is_some() {
        // A simulated month stands alone.
        let alone = Earlier { numbers_from: terms.rate_card.series().first, ..Earlier::default() };
        return Ok(inputs.clone().handed(alone));
    }
    let read_on = |inputs: &Inputs| read_on(archive, inputs);
    let date = read_on(inputs).unwrap_or_else(|| inputs.period.day_after());
    let of = (inputs.period, inputs.partner.as_str());
    let seen = shelf.look()?.sound()?;
    Ok(inputs.clone().handed(earlier(seen.runs, of, (&terms.rate_card, date), &read_on)?))
}
