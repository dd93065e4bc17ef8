//! What a close came to, for people and for scripts.

use serde_json::{Map, Value, json};

use super::exit::{Exit, Outcome};
use super::terminal::printable;
use crate::fetch::Fetched;
use crate::invoice::{NoteKind, NoteStatus};
use crate::run::recheck::Finished;
use crate::run::{Closed, Drafted};

/// What a close came to.
pub(super) fn outcome_of(closed: &Closed, fetched: Option<&Fetched>) -> Outcome {
    let (settled, run) = (&closed.settled, closed.folder.display().to_string());
    let mut breaks: Map<String, Value> = Map::new();
    for found in &settled.reconciliation.breaks {
        let count = breaks.get(found.class().slug()).and_then(Value::as_u64).unwrap_or(0);
        breaks.insert(found.class().slug().to_owned(), (count + 1).into());
    }
    let line = fetched.map(|fetched| format!("\nfetched with {}", requests(fetched))).unwrap_or_default();
    let text = format!("{}\nrun  {run}\nseal {}{line}", settled.summary().trim_end(), settled.seal.hash);
    let json = object(json!({
        "run": run,
        "seal": settled.seal.hash,
        "verdict": settled.verdict().word(),
        "breaks": breaks,
        "invoices": settled.billing.invoices.len(),
        "held": settled.billing.held.len(),
        "fetch": fetched.map(requests_json),
    }));
    Outcome { exit: settled.verdict().into(), text, json }
}

/// What drafts of a month that is not over came to, or what the drafts of a fetched one are for.
pub(super) fn outcome_of_drafts(drafted: &Drafted, fetched: Option<&Fetched>) -> Outcome {
    let folder = drafted.folder.display().to_string();
    let (invoices, held) = (drafted.invoices, drafted.held.len());
    let told = drafted.held.iter().map(|(account, reason)| format!("\nheld: {account}: {}", printable(reason)));
    let next = match drafted.not_before {
        Some(day) => format!(
            "the month is not over: so far {}; from {day} on `tieout close` reads it anew, numbers its invoices and seals them",
            drafted.verdict
        ),
        None => {
            "they are made by the settings of the fetch: after a change of settings or rate card `tieout close` takes \
                 them in"
                .to_owned()
        }
    };
    let line = fetched.map(|fetched| format!("\nfetched with {}", requests(fetched))).unwrap_or_default();
    let text = format!(
        "{folder}: drafts of invoices: {invoices}, accounts held: {held}; nothing is numbered or sealed by this{}\n{next}{line}",
        told.collect::<String>()
    );
    let mut json = object(json!({ "folder": folder, "invoices": invoices, "held": held }));
    if let Some(day) = drafted.not_before {
        json.insert("verdict".to_owned(), drafted.verdict.word().into());
        json.insert("not_before".to_owned(), day.to_string().into());
    }
    if let Some(fetched) = fetched {
        json.insert("fetch".to_owned(), requests_json(fetched));
    }
    // A close says what the books come to, also so far; drafts of a fetched month are made or they are not.
    let exit = if fetched.is_some() { drafted.verdict.into() } else { Exit::TiedOut };
    Outcome { exit, text, json }
}

/// What a recheck came to.
pub(super) fn outcome_of_recheck(finished: &Finished, fetched: &Fetched) -> Outcome {
    let (it, folder) = (&finished.rechecking, finished.folder.display().to_string());
    let mut findings: Map<String, Value> = Map::new();
    for found in &it.rechecked.findings {
        let count = findings.get(found.found.class().slug()).and_then(Value::as_u64).unwrap_or(0);
        findings.insert(found.found.class().slug().to_owned(), (count + 1).into());
    }
    let next = match (it.notes.first(), it.rechecked.findings.first()) {
        (Some(note), _) => format!("\nnext: tieout explain {folder} {}", note.id),
        (None, Some(found)) => format!("\nnext: tieout explain {folder} {}", found.found.id()),
        (None, None) => String::new(),
    };
    let (text, seal) = if finished.unchanged_since {
        let said = format!("{folder}: nothing has changed since this recheck, verdict {}", it.rechecked.word());
        (said, Value::Null)
    } else {
        let said = format!("{}\nrun  {folder}\nseal {}", it.summary().trim_end(), it.seal.hash);
        (said, it.seal.hash.clone().into())
    };
    let text = format!("{text}\nfetched with {}{next}", requests(fetched));
    let notes = |kind| it.notes.iter().filter(|note| note.kind == kind).count();
    let json = object(json!({
        "run": folder, "seal": seal, "unchanged_since": finished.unchanged_since, "verdict": it.rechecked.word(),
        "findings": findings, "gaps": it.rechecked.gaps.len(),
        "notes": { "credit": notes(NoteKind::Credit), "debit": notes(NoteKind::Debit), "level": notes(NoteKind::Level) },
        "held": it.notes.iter().filter(|note| note.status == NoteStatus::Held).count(),
        "fetch": requests_json(fetched),
    }));
    // Every entry may be what it was, and an invoice of an earlier run not what they come to.
    let is_due = it.rechecked.verdict.ties_out() && it.has_notes_due();
    let exit = if is_due { Exit::Breaks } else { it.rechecked.verdict.into() };
    Outcome { exit, text, json }
}

pub(super) fn requests(fetched: &Fetched) -> String {
    let Fetched { requests, retries, elapsed, .. } = fetched;
    format!("{requests} requests, {retries} of them repeats, in {} s", elapsed.as_secs())
}

pub(super) fn requests_json(fetched: &Fetched) -> Value {
    let elapsed_ms = u64::try_from(fetched.elapsed.as_millis()).unwrap_or(u64::MAX);
    json!({
        "requests": fetched.requests, "retries": fetched.retries, "requests_needed": fetched.requests_needed,
        "efficiency_per_mille": fetched.efficiency_per_mille(), "elapsed_ms": elapsed_ms,
    })
}

/// The object that `json!({…})` makes.
pub(super) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(object) = value { object } else { Map::new() }
}
