//! Checks the papers of a run that an earlier version of the program sealed against those that this version derives.
//!
//! A later version may print a paper with other words, so bytes alone cannot tell. What must be the same are the figures:
//! each amount, count, id and date of a sealed table or JSON file. That the folder's bytes are the sealed ones is for
//! [`super::check()`] to say.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::check::Fault;
use super::folder::disk;
use super::text::Sealed;
use super::{SEAL, SealError, read_seal};
use crate::report::{Paper, has_figures, other_figure};

/// What was shown of the papers of an earlier version, each by name and in the seal's order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rederived {
    /// Derived again, bit for bit.
    pub same: Vec<String>,
    /// Derived again with the same figures, in other words.
    pub reworded: Vec<String>,
    /// Pages, workbooks and files for other programs: the sealed bytes, but not those that this version prints.
    pub not_compared: Vec<String>,
}

/// Compares the sealed papers with those derived now. The findings are figures that differ, and a seal that states another
/// partner, run, archive or previous seal than the run's inputs give.
///
/// # Errors
/// When the folder has no readable seal, or a paper cannot be read.
pub fn check_earlier(folder: &Path, derived: &[Paper]) -> Result<(Rederived, Vec<Fault>), SealError> {
    let sealed = read_seal(folder)?;
    let derived: BTreeMap<&str, &[u8]> =
        derived.iter().map(|paper| (paper.name.as_str(), paper.bytes.as_slice())).collect();
    let mut faults = Vec::new();
    if let Some(Ok(now)) = derived.get(SEAL).map(|text| Sealed::read(text)) {
        faults.extend(other_statements(&sealed, &now));
    }
    let mut compared = Rederived::default();
    for name in sealed.papers.into_iter().map(|paper| paper.name) {
        let path = folder.join(&name);
        // `check` has named what is missing.
        if !path.is_file() {
            continue;
        }
        let bytes = fs::read(&path).map_err(disk("read", &path))?;
        match derived.get(name.as_str()) {
            Some(now) if *now == bytes => compared.same.push(name),
            Some(now) if has_figures(&name) => match other_figure(&name, &bytes, now) {
                None => compared.reworded.push(name),
                Some(other) => {
                    let derived = other.derived.unwrap_or_else(|| "nothing".to_owned());
                    faults.push(Fault::Differs { name, place: other.place, found: other.sealed, derived });
                }
            },
            Some(_) | None => compared.not_compared.push(name),
        }
    }
    Ok((compared, faults))
}

/// What a seal states beside its papers, where the derived one states something else.
fn other_statements(sealed: &Sealed, derived: &Sealed) -> Vec<Fault> {
    let none = || "none".to_owned();
    let stated = |seal: &Sealed| {
        [
            ("partner", seal.partner.clone()),
            ("period", seal.period.to_string()),
            ("run", seal.run.clone()),
            ("archive", seal.archive.clone()),
            ("previous", seal.previous.clone().unwrap_or_else(none)),
        ]
    };
    let pairs = stated(sealed).into_iter().zip(stated(derived)).filter(|((_, found), (_, derived))| found != derived);
    pairs
        .map(|((what, found), (_, derived))| Fault::Differs {
            name: SEAL.to_owned(),
            place: what.to_owned(),
            found,
            derived,
        })
        .collect()
}
