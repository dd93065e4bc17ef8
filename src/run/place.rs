//! Which archive a run rests on, where the settings name one and another may stand beside the run folder.

use std::path::{Path, PathBuf};

use super::archive_of;
use super::kind::Run;
use crate::archive::Archive;

/// The archive that a run rests on: the one named, else the settings', else the one beside the run folder, which `None`
/// stands for. A packed run is its own archive, and a simulated run's stands beside it, whatever the settings name.
///
/// The settings may have changed since the run was made: where their archive does not hold its evidence and the one beside
/// the run folder does, it is that.
#[must_use]
pub fn archive_for(run: &Path, named: Option<&Path>, settings: Option<&Path>) -> Option<PathBuf> {
    let Some(settings) = settings.filter(|_| named.is_none()) else { return named.map(Path::to_owned) };
    if run.is_file() {
        return None;
    }
    // What is wrong with a run that cannot be read, the command itself says.
    let Ok(found) = Run::read(run) else { return Some(settings.to_owned()) };
    if found.is_simulated() {
        return None;
    }
    let holds = |archive: &Path| {
        Archive::open_existing(archive)
            .is_ok_and(|archive| archive.partner() == found.partner() && found.fetches(&archive).is_ok())
    };
    let beside = archive_of(run, found.partner(), None);
    let is_elsewhere = beside.exists() && !holds(settings) && holds(&beside);
    (!is_elsewhere).then(|| settings.to_owned())
}
