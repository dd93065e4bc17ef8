//! The pipeline on one screen: `close` = fetch + settle; `settle` = everything right of the archive.
//!
//! Owns the order of the stages and nothing of what they do. What a settle depends on is the archive and the run's
//! inputs (`run.json`), nothing else: the same two give the same papers, byte for byte, today and in a year.

mod billed;
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
#[cfg(test)]
mod steps;
mod sync;
mod upkeep;

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

pub use derive::{Settled, derive};
pub use draft::{Drafted, draft, draft_month};
pub use error::RunError;
pub use folder::book_files;
pub use inputs::{Earlier, Inputs, RUN_FILE, Terms};
pub use neighbours::{note, open_breaks, open_register, register_of};
pub use pack::pack;
pub use place::archive_for;
pub use preflight::preflight;
pub use sync::{Ledgers, Synced, sync};
pub use upkeep::{Upkeep, archives_in, check_archive, repair_archive};

use billed::billing;
use judged::{Judged, judged};
use kind::Run;
use pack::unpacked;
use upkeep::damaged_evidence;

use crate::archive::{Archive, Evidence, FetchId, FetchPlan};
use crate::domain::{Beside, Calendar, List, Period, sha256};
use crate::explain::{Close, explain as explained, explain_break};
use crate::fetch::{Fetched, Line, fetch as fetched};
use crate::normalise::{Books, Rule};
use crate::reconcile;
use crate::register::Register;
use crate::report::{Provenance, ReportError, printable};
use crate::seal::{Compared, SEAL, alone, check, check_earlier, mend, read_seal, sealed_paper, write_run_alone};
use crate::watch::{Event, Watch};

/// The program's version, as a run's inputs carry it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

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

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The seal's hash as the folder has it, where there is a readable seal.
    pub seal: Option<String>,
    /// Papers named by the seal.
    pub papers: usize,
    /// Every discrepancy, by name. None means that the run verifies.
    pub faults: Vec<String>,
    /// Where an earlier version sealed the run: that version, and what of its papers this one derives again.
    pub earlier: Option<(String, Compared)>,
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
    let closed = settle_in(&folder, &archive, folder::read_inputs(&folder)?, watch)?;
    enter(&closed, request.archive.as_deref());
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
    // Chosen under the archive's lock: what is not sealed now is not sealed by another close meanwhile.
    let (run, folder) = folder::choose(&request.folder, request.period)?;
    preflight::refuse_occupied(&folder)?;
    let (card, is_simulated) = (&request.terms.rate_card, request.terms.scenario.is_some());
    let read_on = |inputs: &Inputs| read_on(&archive, inputs);
    let of = (request.period, partner);
    let of_day = |date| neighbours::earlier(&folder, of, (card, date), is_simulated, &read_on);
    // Read now, too, so that a run that was altered costs no fetch.
    let mut earlier = of_day(request.plan.today)?;
    let register = register_of(&folder, partner, request.archive.as_deref());
    if !is_simulated && (register.exists() || earlier.carried.is_some() || earlier.again.is_some()) {
        let mut register = Register::open(&register, partner)?;
        note(&folder::parent(&request.folder), &mut register)?;
        earlier.decisions = register.in_force(request.plan.today)?;
    }
    folder::make(&folder)?;
    let fetched = match durable(&archive, request, &folder, unsealed)? {
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
        earlier = Earlier { decisions: earlier.decisions, ..of_day(began)? };
    }
    let evidence = sha256(archive.evidence(fetched.fetch)?.manifest().as_bytes());
    let inputs = Inputs::new(run, request.period, partner.to_owned(), evidence, &request.terms, earlier);
    folder::write_inputs(&folder, &inputs)?;
    Ok((Prepared { folder, fetched }, archive))
}

/// The evidence that a run was cut off with, and its pages: the newest fetch of the month, finished, of the same window
/// and day, on which no run rests but this one.
fn durable(
    archive: &Archive,
    request: &Request,
    folder: &Path,
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
        Err(RunError::NoRun(_)) => !folder::rests_on(folder, &digest)?,
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
    let closed = settle_in(folder, &opened, inputs, watch)?;
    enter(&closed, archive);
    Ok(closed)
}

/// Notes a run that is sealed in the register. What cannot be noted now is noted when the register is next opened, for all of
/// it stands in the papers: so a register that is in use or cannot be written to undoes no close.
fn enter(closed: &Closed, archive: Option<&Path>) {
    let inputs = &closed.settled.inputs;
    if inputs.terms.scenario.is_none() {
        let path = register_of(&closed.folder, &inputs.partner, archive);
        let noted = Register::open(&path, &inputs.partner).map_err(RunError::from);
        let _ = noted.and_then(|mut register| note(&folder::parent(&closed.folder), &mut register));
    }
}

/// Refuses to bill a month that was not over on the day on which it is read: what comes later would be billed by nobody.
fn refuse_unfinished(period: Period, read: NaiveDate) -> Result<(), RunError> {
    if period.is_over(read) { Ok(()) } else { Err(RunError::NotOver { period, read }) }
}

/// Derives and seals. What sealed runs hand on is taken as it is when the run is sealed, not as it was when it was fetched: no
/// number, note or bill is given twice, whoever is sealed meanwhile.
fn settle_in(folder: &Path, archive: &Archive, inputs: Inputs, watch: &dyn Watch) -> Result<Closed, RunError> {
    if let Some(read) = read_on(archive, &inputs) {
        refuse_unfinished(inputs.period, read)?;
    }
    let sealed_before = folder::seals_beside(folder)?;
    let renew = |inputs: Inputs| {
        let now = renewed(folder, archive, &inputs)?;
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
    let alone = alone(folder)?;
    if folder::seals_beside(folder)? != sealed_before {
        settled = derive(archive, renew(settled.inputs)?.0, watch)?;
    }
    write_run_alone(folder, &settled.papers, &settled.seal, &alone)?;
    watch.saw(Event::Sealed(settled.close()));
    Ok(Closed { folder: folder.to_owned(), settled })
}

/// A run's inputs with what the runs sealed beside it hand on now. The decisions stay those that were in force when it was
/// prepared. Where the very same run is sealed beside it, what was handed on to that: settled twice, it is the same twice.
fn renewed(folder: &Path, archive: &Archive, inputs: &Inputs) -> Result<Inputs, RunError> {
    // A run that this program cannot print needs no other runs to say so.
    printable(&inputs.terms.invoice)?;
    if let Some(same) = neighbours::sealed_already(folder, inputs)? {
        return Ok(same);
    }
    let read_on = |inputs: &Inputs| read_on(archive, inputs);
    let date = read_on(inputs).unwrap_or_else(|| inputs.period.day_after());
    let (of, terms) = ((inputs.period, inputs.partner.as_str()), &inputs.terms);
    let earlier = neighbours::earlier(folder, of, (&terms.rate_card, date), terms.scenario.is_some(), &read_on)?;
    Ok(inputs.clone().handed(earlier))
}

/// The day on which a run's evidence was read, where the archive holds it.
fn read_on(archive: &Archive, inputs: &Inputs) -> Option<NaiveDate> {
    evidence_of(archive, inputs).ok().map(|(_, evidence, _)| evidence.plan.today)
}

/// Derives a run's papers anew from the archive and compares them with the folder and with its seal, bit for bit.
///
/// # Errors
/// When the folder cannot be read at all, or holds papers that this program was not built to print. A folder, seal or archive
/// that does not hold what it should is a finding.
pub fn verify(
    folder: &Path,
    archive: Option<&Path>,
    expect_seal: Option<&str>,
    watch: &dyn Watch,
) -> Result<Verified, RunError> {
    stage(watch, "verify");
    folder::refuse_absent(folder)?;
    let opened = unpacked(folder, archive)?;
    let (folder, archive) = (opened.folder.as_path(), opened.archive.as_deref());
    folder::refuse_never_sealed(folder)?;
    let derived = Run::open(folder, archive).and_then(|(run, archive)| run.papers(&archive));
    let (expected, refused) = match derived {
        Ok(papers) => (Some(papers), Vec::new()),
        // Nothing is wrong with the run: this program cannot tell.
        Err(refused @ RunError::Report(ReportError::WithoutPdf)) => return Err(refused),
        // Nor where the archive is not there or cannot be read, as long as the papers are those that were sealed.
        Err(refused) if refused.is_of_the_place() && check(folder, None, expect_seal)?.is_empty() => {
            return Err(refused);
        }
        Err(refused) => (None, [refused.faults(folder), damaged_evidence(folder, archive)].concat()),
    };
    let made = Run::read(folder).map(|run| run.version().to_owned()).ok().filter(|made| made != VERSION);
    // Another version prints other words, so its papers are held against the seal, and their figures against the archive.
    let (exact, faults_of_figures, earlier) = match (made, expected) {
        (Some(made), Some(papers)) if read_seal(folder).is_ok() => {
            let (compared, faults) = check_earlier(folder, &papers)?;
            (None, faults, Some((made, compared)))
        }
        (_, expected) => (expected, Vec::new(), None),
    };
    let faults = check(folder, exact.as_deref(), expect_seal)?;
    let faults: Vec<String> =
        faults.into_iter().chain(faults_of_figures).map(|fault| fault.to_string()).chain(refused).collect();
    let sealed = read_seal(folder).ok();
    let hash = sealed.as_ref().map(|sealed| sha256(sealed.to_text().as_bytes()));
    Ok(Verified { seal: hash, papers: sealed.map_or(0, |sealed| sealed.papers.len()), faults, earlier })
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
