//! `tieout archive`: what of an archive is damaged, and what another copy of its pages puts back. Works offline and without
//! credentials.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::anyhow;
use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Value, json};

use super::ending::Ending;
use super::exit::{Exit, Failure, Outcome};
use super::result::object;
use super::said::Said;
use crate::archive::{DamagedBody, PagePlace};
use crate::run::{Upkeep, archives_in, check_archive, repair_archive};
use crate::settings::Settings;

/// What is done with archives.
#[derive(Debug, Subcommand)]
pub enum ArchiveCommand {
    /// Hold every archived body and record against what it was archived as; changes nothing
    Check(CheckArchiveArgs),
    /// Take what is damaged from a pack or another copy of the archive; what stays damaged the next fetch asks for anew
    ///
    /// Nothing archived is changed: a sound body stands beside the damaged one from then on, and is read in its place. A file that
    /// is torn as a whole is made anew of what can be read, and kept beside under another name.
    Repair(RepairArchiveArgs),
}

/// Arguments of `archive check`.
#[derive(Debug, ClapArgs)]
pub struct CheckArchiveArgs {
    /// The archive, or a pack [default: the settings' archive, else every one in the folder of the run folders]
    pub archive: Option<PathBuf>,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `archive repair`.
#[derive(Debug, ClapArgs)]
pub struct RepairArchiveArgs {
    /// The archive [default: the settings' archive, else every one in the folder of the run folders]
    pub archive: Option<PathBuf>,
    /// A pack or another copy of the archive to take sound bodies from; may be given several times
    #[arg(long, value_name = "FILE")]
    pub from: Vec<PathBuf>,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Checks archives, or repairs them.
pub(super) fn archive(command: &ArchiveCommand) -> Result<Outcome, Failure> {
    let (named, config) = match command {
        ArchiveCommand::Check(args) => (&args.archive, &args.config),
        ArchiveCommand::Repair(args) => (&args.archive, &args.config),
    };
    let archives = archives(named.as_deref(), config.as_deref())?;
    let looked = archives.iter().map(|path| match command {
        ArchiveCommand::Check(_) => check_archive(path),
        ArchiveCommand::Repair(args) => repair_archive(path, &args.from),
    });
    let looked = looked.collect::<Result<Vec<_>, _>>()?;
    let is_sound = looked.iter().all(Upkeep::is_sound);
    let said = Said::lines(looked.iter().flat_map(told));
    let json = object(json!({ "sound": is_sound, "archives": looked.iter().map(as_json).collect::<Vec<_>>() }));
    let ending = if is_sound { Ending::ArchiveSound } else { Ending::ArchiveDamaged };
    Ok(Outcome { ending, said, json })
}

/// The archives that are meant.
fn archives(named: Option<&Path>, config: Option<&Path>) -> Result<Vec<PathBuf>, Failure> {
    if let Some(named) = named {
        return Ok(vec![named.to_owned()]);
    }
    let settings = Settings::read(config)?;
    if let Some(archive) = settings.archive {
        return Ok(vec![archive]);
    }
    let found = archives_in(&settings.reports)?;
    if found.is_empty() {
        let refused = anyhow!("{}: no archive here", settings.reports.display());
        let hint = "a fetch makes one; name another with `tieout archive check FILE`";
        return Err(Failure::new(Exit::Usage, refused, Some(hint.to_owned())));
    }
    Ok(found)
}

/// An archive in words: a line of its own, one for each thing found, and what to do next.
fn told(it: &Upkeep) -> Vec<String> {
    let (archive, now) = (it.archive.display(), &it.now);
    let state = if it.is_sound() { "sound" } else { "damaged" };
    let counts = [(now.renewed, "renewed"), (now.damaged.len(), "damaged")].into_iter().filter(|(count, _)| *count > 0);
    let bodies = [format!("{} bodies", now.bodies)].into_iter();
    let counts: Vec<String> = bodies.chain(counts.map(|(count, what)| format!("{count} {what}"))).collect();
    let mut lines = vec![format!("{archive}: {state}, {}", counts.join(", "))];
    lines.extend(now.faults.iter().map(ToString::to_string));
    lines.extend(it.torn.iter().map(|torn| {
        let torn = torn.display();
        format!("the file was torn: made anew of what could be read; the torn one is kept as {torn}")
    }));
    let adopted = it.adopted.iter();
    lines.extend(adopted.map(|(run, from)| format!("put back from {}: the evidence of {run}", from.display())));
    lines.extend(it.lost.iter().map(|run| format!("the evidence that {run} was sealed on is not in it")));
    let restored = it.restored.iter();
    lines.extend(restored.map(|(body, from)| format!("put back from {}: {}", from.display(), place(body))));
    lines.extend(now.damaged.iter().map(|body| {
        let runs = it.runs_on(body).into_iter().collect::<Vec<_>>().join(", ");
        let runs = if runs.is_empty() { "no sealed run rests on it".to_owned() } else { format!("under {runs}") };
        format!("{}: {}, expected sha256 {}; {runs}", place(body), body.seen, body.digest)
    }));
    lines.extend(next(it));
    lines
}

/// What ends the damage.
fn next(it: &Upkeep) -> Vec<String> {
    let (archive, now) = (it.archive.display(), &it.now);
    if now.damaged.is_empty() && it.lost.is_empty() {
        let again = format!("next: tieout archive repair {archive}, which makes the file anew of what can be read");
        return if now.faults.is_empty() { Vec::new() } else { vec![again] };
    }
    let months: BTreeSet<_> = now.damaged.iter().flat_map(|it| &it.pages).filter_map(PagePlace::month).collect();
    let from = format!("next: tieout archive repair {archive} --from FILE, with a pack or another copy of the archive");
    let fetches = months.into_iter().map(|month| {
        format!(
            "  or: tieout fetch --period {month}; what the partner answers as it did takes the place of what is damaged"
        )
    });
    [from].into_iter().chain(fetches).collect()
}

/// The page that a body belongs to, and how many others there are.
fn place(body: &DamagedBody) -> String {
    let Some(page) = body.pages.first() else { return "of no page".to_owned() };
    let more = match body.pages.len() - 1 {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}, page {} of fetch {} ({}){more}", page.list, page.page, page.fetch, page.period)
}

fn as_json(it: &Upkeep) -> Value {
    let pages = |body: &DamagedBody| {
        let page = |page: &PagePlace| json!({ "fetch": page.fetch.number(), "period": page.period, "list": page.list, "page": page.page });
        body.pages.iter().map(page).collect::<Vec<_>>()
    };
    let damaged = |body: &DamagedBody| json!({ "digest": body.digest, "seen": body.seen, "pages": pages(body), "runs": it.runs_on(body) });
    let restored = |(body, from): &(DamagedBody, PathBuf)| json!({ "digest": body.digest, "pages": pages(body), "from": from.display().to_string() });
    let adopted = |(run, from): &(String, PathBuf)| json!({ "run": run, "from": from.display().to_string() });
    json!({
        "archive": it.archive.display().to_string(), "sound": it.is_sound(), "bodies": it.now.bodies,
        "renewed": it.now.renewed, "faults": it.now.faults,
        "damaged": it.now.damaged.iter().map(damaged).collect::<Vec<_>>(),
        "lost": it.lost, "torn": it.torn.as_ref().map(|torn| torn.display().to_string()),
        "adopted": it.adopted.iter().map(adopted).collect::<Vec<_>>(),
        "restored": it.restored.iter().map(restored).collect::<Vec<_>>(),
    })
}
