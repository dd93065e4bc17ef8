//! A recheck: a sealed month is read again and held against its seal, and what has become of it is sealed beside it.
//!
//! Like a close it is a pure function of the archive and its own `run.json`, which names the sealed run with everything
//! that depended on, both fetches, and the invoices. Never writes into a sealed run, and no close takes notice of it.

mod folder;
mod inputs;
mod open;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use inputs::RecheckInputs;
pub(super) use open::{SealedRecheck, left_open, rechecks_of};

pub(super) use folder::{is_recheck, is_recheck_text, named, read_inputs};

use crate::archive::{Archive, Evidence, FetchPlan};
use crate::domain::{Class, sha256};
use crate::explain::{Rechecked as Explained, explain_recheck};
use crate::fetch::{Fetched, Line, Thorough, fetch};
use crate::invoice::{Known, Note, NoteKind, NoteStatus, bearing, notes};
use crate::normalise::Books;
use crate::reconcile::HeldAccount;
use crate::reconcile::recheck::{Reading, Rechecked, recheck as compare};
use crate::report::{Paper, Provenance, Recheck, SealedRun, recheck_summary, report_recheck};
use crate::run::billed::billing;
use crate::run::error::RunError;
use crate::run::judged::{Judged, judged};
use crate::run::preflight::refuse_occupied;
use crate::run::shelf::Shelf;
use crate::run::{Inputs, MANIFEST_FILE, RUN_FILE, Request, archive_of, evidence_of, stage};
use crate::seal::{Seal, seal, write_run};
use crate::watch::{self, Event, Watch};

/// A recheck that is done.
pub struct Finished {
    /// Its folder; that of the recheck before, where nothing has changed since.
    pub folder: PathBuf,
    /// Whether a recheck before has found the very same, so that no new one was sealed.
    pub unchanged_since: bool,
    /// What was derived.
    pub rechecking: Rechecking,
}

/// Everything that one recheck derives.
pub struct Rechecking {
    /// Its inputs.
    pub inputs: RecheckInputs,
    /// Where it comes from.
    pub provenance: Provenance,
    /// What has become of the month.
    pub rechecked: Rechecked,
    /// What each finding means for an invoice.
    pub bearings: Vec<String>,
    /// The notes proposed.
    pub notes: Vec<Note>,
    /// Who was held by the sealed run.
    pub held_then: Vec<HeldAccount>,
    /// Every paper, sorted by name.
    pub papers: Vec<Paper>,
    /// The seal over them.
    pub seal: Seal,
    books: Books,
}

/// Reads a sealed month again and compares it with its seal: the same window, into the same archive, so that it costs
/// what a second close does.
///
/// # Errors
/// When no run of the month is sealed in the folder asked for, its seal or its evidence does not hold, it is another
/// partner's or the simulator's, or a stage fails. Findings are no failure.
pub async fn recheck(request: &Request, watch: &dyn Watch) -> Result<(Finished, Fetched), RunError> {
    let partner = request.line.credentials.auth_id.as_str();
    let shelf = Shelf::of(&request.folder, partner, request.archive.as_deref());
    let lost = shelf.lost()?;
    let is_lost = |folder: &Path| lost.iter().any(|it| shelf.is_taken(it, folder));
    let sealed = folder::last_sealed(&request.folder, request.period, partner, is_lost)?;
    sealed.refuse_unfit(partner)?;
    let path = archive_of(&request.folder, partner, request.archive.as_deref());
    // Opened for reading first: where there is no archive, none is to be made.
    let of_the_seal = plan_of(&Archive::open_existing(&path)?, &sealed.inputs)?;
    // A run that is missing may have billed somebody, or given a note: without it the wrong notes would be proposed.
    let seen = shelf.look()?.sound()?;
    let billed = folder::billed(&sealed, seen.own(), |seal| shelf.kept(seal))?;
    let archive = Archive::open(&path, partner)?;
    // Under the archive's lock no other recheck takes this place meanwhile.
    let (run, folder, before) = folder::choose(&sealed, seen.rechecks_of(&sealed.seal))?;
    refuse_occupied(&folder)?;
    let FetchPlan { period, from, to, .. } = of_the_seal;
    let plan = FetchPlan { period, from, to, today: request.plan.today };
    // No wallet bears on what is compared.
    let thorough = Thorough { wallets: false, from_inception: false, ..request.line.thorough };
    let fetched = fetch(&Line { thorough, ..request.line.clone() }, &archive, &plan, watch).await?;
    let digest = sha256(archive.evidence(fetched.fetch)?.manifest().as_bytes());
    let inputs = RecheckInputs::new(run, digest, &sealed, billed);
    let rechecking = derive_recheck(&archive, inputs, watch)?;
    if let Some(before) = before.filter(|before| folder::says_the_same(before, &rechecking.papers)) {
        return Ok((Finished { folder: before, unchanged_since: true, rechecking }, fetched));
    }
    stage(watch, "seal");
    write_run(&folder, &rechecking.papers, &rechecking.seal)?;
    // A recheck numbers nothing. What cannot be noted now is noted when the register is next opened.
    let _ = shelf.make();
    watch.saw(Event::Sealed(rechecking.close()));
    Ok((Finished { folder, unchanged_since: false, rechecking }, fetched))
}

/// What the sealed run's fetch was to read. Where its evidence is damaged, what a damaged fetch of the month was: reading the same
/// again is what heals it.
fn plan_of(archive: &Archive, inputs: &Inputs) -> Result<FetchPlan, RunError> {
    let refused = match evidence_of(archive, inputs) {
        Ok((_, evidence, _)) => return Ok(evidence.plan),
        Err(refused) => refused,
    };
    for fetch in archive.finished(inputs.period)?.into_iter().rev() {
        if !archive.is_sound(fetch)? {
            return Ok(archive.plan(fetch)?);
        }
    }
    Err(refused)
}

/// Everything right of the archive: evidence and inputs in, papers and seal out. Pure; it reads the archive and nothing
/// else.
///
/// # Errors
/// When the archive is damaged or does not hold both fetches, or a stage cannot go on.
pub fn derive_recheck(archive: &Archive, inputs: RecheckInputs, watch: &dyn Watch) -> Result<Rechecking, RunError> {
    let Compared { rechecked, bearings, notes, held_then, now, .. } = compared(archive, &inputs, watch)?;
    stage(watch, "report");
    let provenance = Provenance {
        run: inputs.run.clone(),
        version: inputs.version.clone(),
        ..inputs.sealed.provenance(&now.books, inputs.evidence.clone())
    };
    let mut papers = report_recheck(&Recheck {
        provenance: &provenance,
        sealed: inputs.sealed_run(),
        rechecked: &rechecked,
        bearings: &bearings,
        notes: &notes,
        held_then: &held_then,
        csv: inputs.sealed.terms.export.csv(),
    })?;
    papers.push(Paper { name: MANIFEST_FILE.to_owned(), bytes: now.manifest.into_bytes() });
    papers.push(Paper { name: RUN_FILE.to_owned(), bytes: inputs.to_json()? });
    papers.sort_by(|a, b| a.name.cmp(&b.name));
    let RecheckInputs { partner, period, run, evidence, seal: sealed_by, .. } = &inputs;
    let seal = seal(partner, *period, run, &papers, evidence, Some(sealed_by))?;
    Ok(Rechecking { inputs, provenance, rechecked, bearings, notes, held_then, papers, seal, books: now.books })
}

/// A sealed month and the same as it is read now, held against each other; no paper is printed of it yet.
pub(super) struct Compared {
    rechecked: Rechecked,
    bearings: Vec<String>,
    notes: Vec<Note>,
    held_then: Vec<HeldAccount>,
    now: Judged,
    evidence_then: Evidence,
}

/// Compares what a recheck's inputs name.
pub(super) fn compared(archive: &Archive, inputs: &RecheckInputs, watch: &dyn Watch) -> Result<Compared, RunError> {
    let sealed = judged(archive, &inputs.sealed, watch)?;
    let now = judged(archive, &inputs.read_now(), watch)?;
    let terms = &inputs.sealed.terms;
    let rechecked = compare(reading(&sealed), reading(&now), terms.master_declared_absent)?;
    let listed_now = now.books.parties();
    let held_then = billing(&inputs.sealed, &sealed, watch)?.held;
    let pricing = inputs.sealed.pricing(&listed_now, &now.evidence);
    let notes = notes(&inputs.billed, &held_then, &pricing, &rechecked)?;
    let known = Known::of(&inputs.billed, &held_then);
    let bearings = rechecked.findings.iter().map(|found| bearing(found, &known)).collect();
    Ok(Compared { rechecked, bearings, notes, held_then, now, evidence_then: sealed.evidence })
}

impl Compared {
    /// A finding, an entry, an account or a note by its id, walked back to the pages of both fetches.
    pub(super) fn explain(&self, id: &str) -> Option<String> {
        let it = Explained {
            rechecked: &self.rechecked,
            bearings: &self.bearings,
            notes: &self.notes,
            calendar: &self.now.books.calendar,
            sealed: &self.evidence_then,
            now: &self.now.evidence,
        };
        explain_recheck(&it, id)
    }
}

const fn reading(judged: &Judged) -> Reading<'_> {
    Reading { books: &judged.books, outcome: &judged.reconciliation }
}

impl Rechecking {
    /// The text of `summary.txt`.
    #[must_use]
    pub fn summary(&self) -> String {
        recheck_summary(&Recheck {
            provenance: &self.provenance,
            sealed: self.inputs.sealed_run(),
            rechecked: &self.rechecked,
            bearings: &self.bearings,
            notes: &self.notes,
            held_then: &self.held_then,
            csv: self.inputs.sealed.terms.export.csv(),
        })
    }

    /// Whether any customer's invoice would come to another total now: a note is to be given, or waits.
    #[must_use]
    pub fn has_notes_due(&self) -> bool {
        self.notes.iter().any(|note| note.kind != NoteKind::Level)
    }

    /// The figures of the recheck; it gives no invoices, and holds the notes that wait.
    fn close(&self) -> watch::Close {
        let mut breaks: BTreeMap<Class, usize> = BTreeMap::new();
        for found in &self.rechecked.findings {
            *breaks.entry(found.found.class()).or_default() += 1;
        }
        watch::Close {
            run: self.inputs.run.clone(),
            verdict: self.rechecked.verdict,
            master_entries: self.books.master.height(),
            customer_entries: self.books.ledgers.height(),
            breaks,
            invoices: 0,
            held: self.notes.iter().filter(|note| note.status == NoteStatus::Held).count(),
        }
    }
}

impl RecheckInputs {
    /// The sealed run as the papers name it.
    fn sealed_run(&self) -> SealedRun<'_> {
        SealedRun { run: &self.sealed.run, seal: &self.seal, archive_digest: &self.sealed.evidence }
    }
}
