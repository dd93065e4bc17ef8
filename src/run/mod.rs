//! The pipeline on one screen: `close` = fetch + settle; `settle` = everything right of the archive.
//!
//! Owns the order of the stages and nothing of what they do. What a settle depends on is the archive and the run's
//! inputs (`run.json`), nothing else: the same two give the same papers, byte for byte, today and in a year.

mod billed;
mod chain;
mod compared;
mod dates;
mod derive;
mod draft;
mod error;
mod folder;
mod inputs;
mod judged;
mod kind;
mod laid;
mod neighbours;
mod notes;
mod pack;
mod place;
mod preflight;
pub mod recheck;
mod roll;
mod sealing;
mod shelf;
mod shelf_error;
#[cfg(test)]
mod steps;
mod sync;
mod upkeep;
mod verified;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

pub use derive::{Settled, derive};
pub use draft::{Drafted, draft, draft_month};
pub use error::RunError;
pub use folder::{book_files, register_of};
pub use inputs::{Earlier, Inputs, LaterDated, RUN_FILE, Terms};
pub use neighbours::open_breaks;
pub use pack::pack;
pub use place::archive_for;
pub use preflight::preflight;
pub use roll::{ListedRun, Roll, forget, open_register, roll};
pub use shelf::Whereabouts;
pub use shelf_error::{MissingRun, ShelfError};
pub use sync::{Ledgers, Synced, sync};
pub use upkeep::{Upkeep, archives_in, check_archive, repair_archive};
pub use verified::{Verified, verify};

use billed::billing;
use judged::{Judged, judged};
use kind::Run;
use pack::unpacked;
use sealing::{restore, settle_in};
use shelf::{Seen, Shelf};

use crate::archive::{Archive, Evidence, FetchId, FetchPlan};
use crate::domain::{Beside, Calendar, List, Period, sha256};
use crate::explain::{Close, explain as explained, explain_break};
use crate::fetch::{Fetched, Line, fetch as fetched};
use crate::normalise::{Books, Rule};
use crate::reconcile;
use crate::report::Provenance;
use crate::seal::{SEAL, mend, read_seal, sealed_paper};
use crate::watch::{Event, Watch};

/// The paper that lists the archived pages a run rests on.
pub const MANIFEST_FILE: &str = "archive.manifest";

/// What to close, and with what.
#[derive(Debug)]
pub struct Request {
    /// The month.
    pub period: Period,
    /// Where the partner is and who asks.
    pub line: Line,
    /// The dates to walk, and today's.
    pub plan: FetchPlan,
    /// The run folder; where that is sealed, the run goes into `<folder>.r2` beside it.
    pub folder: PathBuf,
    /// The partner's archive, where it is not to stand beside the run folder.
    pub archive: Option<PathBuf>,
    /// The settings that bear on the papers.
    pub terms: Terms,
}

/// A run whose evidence is in the archive and whose inputs are in its folder, ready to be settled.
#[derive(Debug)]
pub struct Prepared {
    /// The run folder.
    pub folder: PathBuf,
    /// What the fetch took.
    pub fetched: Fetched,
}

/// A run that is sealed.
pub struct Closed {
    /// The run folder.
    pub folder: PathBuf,
    /// What was derived.
    pub settled: Settled,
}

/// Closes a month: reads the partner's books into the archive, derives the papers, seals them.
///
/// # Errors
/// When the month is not over, which costs no request, or a stage fails. Breaks are no failure: they are in the reconciliation
/// and decide its verdict.
pub async fn close(request: &Request, watch: &dyn Watch) -> Result<(Closed, Fetched), RunError> {
    refuse_unfinished(request.period, request.plan.today)?;
    // The archive stays open, and with it locked, until the run is sealed: no other close comes in between.
    let (Prepared { folder, fetched }, archive) = prepare(request, Unsealed::GoOn, watch).await?;
    let closed = settle_in(&folder, &archive, folder::read_inputs(&folder)?, &shelf_of(request), watch)?;
    Ok((closed, fetched))
}

/// The first half: reads the partner's books into the archive and leaves the run's inputs in its folder.
///
/// # Errors
/// When the line, the archive or the folder fails.
pub async fn fetch(request: &Request, watch: &dyn Watch) -> Result<Prepared, RunError> {
    Ok(prepare(request, Unsealed::Anew, watch).await?.0)
}

/// What becomes of evidence that was fetched today for a run that is not sealed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unsealed {
    /// It is gone on with: the close was cut off while it settled.
    GoOn,
    /// It stays in the archive, and the books are read anew.
    Anew,
}

/// Finds or fetches a run's evidence and leaves its inputs in its folder; the archive is given back open.
async fn prepare(request: &Request, unsealed: Unsealed, watch: &dyn Watch) -> Result<(Prepared, Archive), RunError> {
    let partner = request.line.credentials.auth_id.as_str();
    let path = archive_of(&request.folder, partner, request.archive.as_deref());
    folder::make_parent(&path)?;
    let archive = Archive::open(&path, partner)?;
    let is_simulated = request.terms.scenario.is_some();
    let (shelf, terms) = (shelf_of(request), &request.terms);
    // Looked at now, too, so that a run that is missing or was altered costs no fetch. A simulated month stands alone.
    let (mut decisions, mut seen) = (Vec::new(), None);
    if !is_simulated {
        let (register, made_of) = shelf.make()?;
        if made_of > 0 {
            watch.saw(Event::RegisterMade { runs: made_of });
        }
        decisions = register.in_force(request.plan.today)?;
        seen = Some(shelf.look()?.sound()?);
    }
    // Chosen under the archive's lock: what is not sealed now is not sealed by another close meanwhile.
    let taken = |folder: &Path| seen.iter().flat_map(|seen| &seen.known).any(|(it, _)| shelf.is_taken(it, folder));
    let (run, folder) = folder::choose(&request.folder, request.period, taken)?;
    preflight::refuse_occupied(&folder)?;
    let lost = seen.as_ref().map(Seen::evidence_of_lost).unwrap_or_default();
    let read_on = |inputs: &Inputs| read_on(&archive, inputs);
    let of_day = |seen: Option<Seen>, date| {
        let of = (request.period, partner);
        seen.map_or_else(
            || Ok(Earlier { numbers_from: terms.rate_card.series().first, ..Earlier::default() }),
            |seen| neighbours::earlier(seen.runs, of, (&terms.rate_card, date), &read_on),
        )
    };
    let mut earlier = of_day(seen, request.plan.today)?;
    folder::make(&folder)?;
    let fetched = match durable(&archive, request, (&folder, &lost), unsealed)? {
        Some((fetch, pages_held)) => {
            watch.saw(Event::FetchBegan { period: request.period.to_string(), pages_held });
            let fetched = Fetched::nothing(fetch);
            watch.saw(fetched.ended());
            fetched
        }
        None => fetched(&request.line, &archive, &request.plan, watch).await?,
    };
    // A fetch that began yesterday and was gone on with keeps its day, which may be of another financial year.
    let began = archive.plan(fetched.fetch)?.today;
    if began != request.plan.today {
        let seen = (!is_simulated).then(|| shelf.look()?.sound()).transpose()?;
        earlier = of_day(seen, began)?;
    }
    earlier.decisions = decisions;
    let evidence = sha256(archive.evidence(fetched.fetch)?.manifest().as_bytes());
    let inputs = Inputs::new(run, request.period, partner.to_owned(), evidence, &request.terms, earlier);
    folder::write_inputs(&folder, &inputs)?;
    Ok((Prepared { folder, fetched }, archive))
}

/// The shelf of the run that a request asks for.
fn shelf_of(request: &Request) -> Shelf {
    Shelf::of(&request.folder, request.line.credentials.auth_id.as_str(), request.archive.as_deref())
}

/// The evidence that a run was cut off with, and its pages: the newest fetch of the month, finished, of the same window
/// and day, on which no run rests but this one, and none that is lost.
fn durable(
    archive: &Archive,
    request: &Request,
    (folder, lost): (&Path, &BTreeSet<String>),
    unsealed: Unsealed,
) -> Result<Option<(FetchId, usize)>, RunError> {
    let Some(fetch) = archive.latest(request.period)? else { return Ok(None) };
    // A sync's evidence is as old as the sync: a close asks at least for what has moved since.
    if archive.plan(fetch)? != request.plan || archive.is_ahead(fetch)? {
        return Ok(None);
    }
    // What is damaged is read anew; nothing else could put it right.
    if !archive.is_sound(fetch)? {
        return Ok(None);
    }
    let evidence = archive.evidence(fetch)?;
    // Asked for a walk from inception, evidence without one is not what is wanted.
    let begins = |list: &List| matches!(list, List::Beside(Beside::Before(_)));
    if request.line.thorough.from_inception && !evidence.lists.iter().any(|found| begins(&found.list)) {
        return Ok(None);
    }
    // Nor is a recheck's, which leaves the wallets alone.
    let bracketed = |list: &List| matches!(list, List::Beside(Beside::Me));
    if request.line.thorough.wallets && !evidence.lists.iter().any(|found| bracketed(&found.list)) {
        return Ok(None);
    }
    let digest = sha256(evidence.manifest().as_bytes());
    let is_ours = match folder::read_inputs(folder) {
        Ok(inputs) => unsealed == Unsealed::GoOn && inputs.evidence == digest,
        // Cut off between the end of the fetch and the inputs of its run.
        Err(RunError::NoRun(_)) => !lost.contains(&digest) && !folder::rests_on(folder, &digest)?,
        Err(_unreadable) => false,
    };
    Ok(is_ours.then(|| (fetch, evidence.lists.iter().map(|list| list.pages.len()).sum())))
}

/// A partner's archive: the one named, else `<partner>.archive.sqlite` beside the run folder, where closes share it.
#[must_use]
pub fn archive_of(folder: &Path, partner: &str, named: Option<&Path>) -> PathBuf {
    folder::archive_beside(folder, partner, named)
}

/// The second half, offline: derives the papers of a prepared run and seals them.
///
/// # Errors
/// When the folder holds no prepared run or is sealed, its month was not over when it was read, or a stage fails.
pub fn settle(folder: &Path, archive: Option<&Path>, watch: &dyn Watch) -> Result<Closed, RunError> {
    mend(folder)?;
    folder::refuse_sealed(folder)?;
    let (inputs, opened) = open(folder, archive)?;
    let shelf = Shelf::of(folder, &inputs.partner, archive);
    match shelf.kept_for(folder)?.filter(|_| inputs.terms.scenario.is_none()) {
        Some(kept) => restore(folder, &opened, inputs, kept, watch),
        None => settle_in(folder, &opened, inputs, &shelf, watch),
    }
}

/// Refuses to bill a month that was not over on the day on which it is read: what comes later would be billed by nobody.
fn refuse_unfinished(period: Period, read: NaiveDate) -> Result<(), RunError> {
    if period.is_over(read) { Ok(()) } else { Err(RunError::NotOver { period, read }) }
}

/// The day on which a run's evidence was read, where the archive holds it.
fn read_on(archive: &Archive, inputs: &Inputs) -> Option<NaiveDate> {
    evidence_of(archive, inputs).ok().map(|(_, evidence, _)| evidence.plan.today)
}

/// Walks a figure of a run back to its entries and archived pages: a break, an invoice, an account or a tie-out by id.
///
/// # Errors
/// When the run cannot be derived from the archive, or nothing in it has this id.
pub fn explain(folder: &Path, archive: Option<&Path>, id: &str, watch: &dyn Watch) -> Result<String, RunError> {
    let opened = unpacked(folder, archive)?;
    if opened.folder.join(SEAL).exists() {
        // What is explained follows from the inputs: they must be those that were sealed.
        sealed_paper(&opened.folder, &read_seal(&opened.folder)?, RUN_FILE)?;
    }
    let (run, archive) = Run::open(&opened.folder, opened.archive.as_deref())?;
    let told = run.explain(&archive, id, watch)?;
    told.ok_or_else(|| RunError::NothingToExplain { id: id.to_owned(), folder: folder.to_owned() })
}

/// What an id of a close names; derives no more than the answer takes.
fn explain_close(archive: &Archive, inputs: &Inputs, id: &str, watch: &dyn Watch) -> Result<Option<String>, RunError> {
    let judged = judged(archive, inputs, watch)?;
    let Judged { books, reconciliation, evidence, .. } = &judged;
    // A break is known before anybody is billed, everything else before any paper is printed.
    if let Some(told) = explain_break(books, reconciliation, evidence, id)? {
        return Ok(Some(told));
    }
    let billing = billing(inputs, &judged, watch)?;
    Ok(explained(&Close { books, reconciliation, billing: &billing, evidence }, id)?)
}

/// The inputs of a run, and the archive it rests on.
fn open(folder: &Path, archive: Option<&Path>) -> Result<(Inputs, Archive), RunError> {
    let inputs = folder::read_inputs(folder)?;
    let archive = Archive::open_existing(&archive_of(folder, &inputs.partner, archive))?;
    Ok((inputs, archive))
}

/// The evidence that a run names by the digest of its manifest, among the finished fetches of its month.
fn evidence_of(archive: &Archive, inputs: &Inputs) -> Result<(FetchId, Evidence, String), RunError> {
    let (mut latest, mut damage) = (None, None);
    for fetch in archive.finished(inputs.period)?.into_iter().rev() {
        let evidence = match archive.evidence(fetch) {
            Ok(evidence) => evidence,
            // Damage to one fetch is nothing to the runs that rest on others.
            Err(refused) if refused.is_damage() => {
                damage = damage.or(Some(refused));
                continue;
            }
            Err(refused) => return Err(refused.into()),
        };
        let manifest = evidence.manifest();
        if sha256(manifest.as_bytes()) == inputs.evidence {
            return Ok((fetch, evidence, manifest));
        }
        latest = latest.or(Some(manifest));
    }
    Err(match damage {
        Some(damage) => damage.into(),
        None => RunError::NoEvidence { digest: inputs.evidence.clone(), period: inputs.period, latest },
    })
}

fn stage(watch: &dyn Watch, stage: &'static str) {
    watch.saw(Event::StageBegan { stage });
}
