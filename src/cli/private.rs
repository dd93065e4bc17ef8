//! Who may read the books: their owner alone, and where the settings say so, the owner's group.
//!
//! Whatever this program writes it writes under a file creation mask of its own, not the user's: the archive with its side files,
//! the register, run folders with all that is in them, drafts, packs. An archive or a register that an earlier version left open
//! to others is closed to them when a command writes to it, and that is said; what is sealed is left as it is. Settings are no
//! books: `init` writes them under the user's mask.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::archive::ArchiveCommand;
use super::args::{CloseArgs, Command};
use super::terminal;
use crate::run::book_files;
use crate::settings::Settings;

/// The bits that a mask takes away: those of group and others, or those of others and the group's right to write.
const OWNER_ALONE: u32 = 0o077;
const OWNER_AND_GROUP: u32 = 0o027;

/// What SQLite and the archive's lock put behind a file's name.
const SIDE_FILES: [&str; 5] = ["", "-wal", "-shm", "-journal", ".lock"];

/// Where a command finds its settings and its books.
#[derive(Default)]
struct Place<'a> {
    config: Option<&'a Path>,
    /// A run folder, beside which they stand.
    run: Option<&'a Path>,
    /// The folder itself.
    reports: Option<&'a Path>,
    archives: Vec<&'a Path>,
    /// Whether the command writes to archive or register.
    writes: bool,
}

/// Sets the mask under which everything that a command makes is made, and closes what is open to others. Settings that cannot be
/// read open nothing; that they cannot is the command's to say.
pub(super) fn keep_private(command: &Command) {
    let Some(place) = place_of(command) else { return };
    let settings = Settings::read(place.config).unwrap_or_default();
    let mask = if settings.files.group_readable { OWNER_AND_GROUP } else { OWNER_ALONE };
    set_mask(mask);
    if place.writes {
        let beside = |run: &Path| run.parent().map(Path::to_owned);
        let reports = place.reports.map(Path::to_owned).or(place.run.and_then(beside)).unwrap_or(settings.reports);
        let mut files = book_files(&reports);
        for archive in settings.archive.iter().map(PathBuf::as_path).chain(place.archives) {
            files.push(archive.to_owned());
            files.extend(archive.parent().map(book_files).unwrap_or_default());
        }
        // A pipe would wait for somebody to write into it.
        files.retain(|file| file.is_file());
        files.sort();
        files.dedup();
        // Whatever else a user names by mistake is left as it is.
        for file in files.iter().filter(|file| is_database(file)) {
            close(file, mask);
        }
    }
}

/// Whether a file begins as every archive and every register does.
fn is_database(file: &Path) -> bool {
    let mut begins = [0; 16];
    let read = File::open(file).and_then(|mut file| file.read_exact(&mut begins));
    read.is_ok() && begins == *b"SQLite format 3\0"
}

/// Nothing for a command that makes no books.
fn place_of(command: &Command) -> Option<Place<'_>> {
    let place = match command {
        Command::Close(CloseArgs { month: args, .. }) | Command::Fetch(args) => {
            Place { config: args.config.as_deref(), run: args.out.as_deref(), writes: true, ..Place::default() }
        }
        Command::Sync(args) => {
            Place { config: args.config.as_deref(), run: args.out.as_deref(), writes: true, ..Place::default() }
        }
        Command::Recheck(args) => {
            Place { config: args.config.as_deref(), run: args.out.as_deref(), writes: true, ..Place::default() }
        }
        Command::Settle(args) => {
            let archives = args.place.archive.iter().map(PathBuf::as_path).collect();
            let config = args.place.config.as_deref();
            Place { config, run: Some(&args.run), archives, writes: true, ..Place::default() }
        }
        Command::Breaks(args) => {
            let place = args.place();
            let archives = place.register.iter().map(PathBuf::as_path).collect();
            let (config, reports) = (place.config.as_deref(), place.reports.as_deref());
            Place { config, reports, archives, writes: true, ..Place::default() }
        }
        Command::Runs(args) => {
            let place = args.place();
            let archives = place.register.iter().map(PathBuf::as_path).collect();
            let (config, reports) = (place.config.as_deref(), place.reports.as_deref());
            Place { config, reports, archives, writes: true, ..Place::default() }
        }
        Command::Archive(ArchiveCommand::Repair(args)) => {
            let archives = args.archive.iter().map(PathBuf::as_path).collect();
            Place { config: args.config.as_deref(), archives, writes: true, ..Place::default() }
        }
        Command::Archive(ArchiveCommand::Check(args)) => Place { config: args.config.as_deref(), ..Place::default() },
        Command::Check(args) => Place { config: args.config.as_deref(), ..Place::default() },
        Command::Draft(args) => {
            let archives = args.place.archive.iter().map(PathBuf::as_path).collect();
            let config = args.place.config.as_deref();
            Place { config, run: Some(&args.run), archives, writes: true, ..Place::default() }
        }
        Command::Pack(args) => Place { config: args.place.config.as_deref(), ..Place::default() },
        Command::Demo(_) | Command::Verify(_) | Command::Explain(_) | Command::Simulate(_) => Place::default(),
        Command::Init(_) | Command::Completions(_) | Command::Manual => return None,
    };
    Some(place)
}

/// Closes a file, and what stands beside it under its name, to whom the mask leaves out.
#[cfg(unix)]
fn close(file: &Path, mask: u32) {
    use std::ffi::OsString;
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    for suffix in SIDE_FILES {
        let mut path = OsString::from(file);
        path.push(suffix);
        let path = PathBuf::from(path);
        let Some(mode) = path.metadata().ok().filter(fs::Metadata::is_file).map(|it| it.permissions().mode() & 0o777)
        else {
            continue;
        };
        let kept = mode & !mask;
        if kept == mode {
            continue;
        }
        let shown = path.display();
        match fs::set_permissions(&path, Permissions::from_mode(kept)) {
            Ok(()) if suffix.is_empty() => {
                terminal::warn(&format!(
                    "{shown}: was open to others (mode {mode:03o}), is closed to them now ({kept:03o})"
                ));
            }
            Ok(()) => {}
            Err(refused) => {
                terminal::warn(&format!(
                    "{shown}: is open to others (mode {mode:03o}), and cannot be closed: {refused}"
                ));
            }
        }
    }
}

#[cfg(unix)]
fn set_mask(mask: u32) {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask));
}

/// Elsewhere permissions have no such form.
#[cfg(not(unix))]
fn close(_file: &Path, _mask: u32) {}

#[cfg(not(unix))]
fn set_mask(_mask: u32) {}
