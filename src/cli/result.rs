//! What a close came to, for people and for scripts.

use serde_json::{Map, Value, json};

use super::ending::Ending;
use super::exit::Outcome;
use super::said::Said;
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
    let more = [format!("run  {run}"), format!("seal {}", settled.seal.hash)];
    let line = fetched.map(|fetched| format!("fetched with {}", requests(fetched)));
    let said = Said::paper(&settled.summary()).then(more).then(line);
    let json = object(json!({
        "run": run,
        "seal": settled.seal.hash,
        "verdict": settled.verdict().word(),
        "breaks": breaks,
        "invoices": settled.billing.invoices.len(),
        "held": settled.billing.held_accounts(),
        "fetch": fetched.map(requests_json),
    }));
    Outcome { ending: settled.verdict().into(), said, json }
}

/// What drafts of a month that is not over came to, or what the drafts of a fetched one are for.
pub(super) fn outcome_of_drafts(drafted: &Drafted, fetched: Option<&Fetched>) -> Outcome {
    let folder = drafted.folder.display().to_string();
    let (invoices, held) = (drafted.invoices, drafted.accounts_held);
    let drafts = format!(
        "{folder}: drafts of invoices: {invoices}, accounts held: {held}; nothing is numbered or sealed by this"
    );
    let told = drafted.held.iter().map(|(account, reason)| format!("held: {account}: {reason}"));
    let next = match drafted.not_before {
        Some(day) => format!(
            "the month is not over: so far {}; from {day} on `tieout close` reads it anew, numbers its invoices and seals them",
            drafted.verdict
        ),
        None => "they are made by the settings of the fetch: after a change of settings or rate card `tieout close` takes them in"
            .to_owned(),
    };
    let line = fetched.map(|fetched| format!("fetched with {}", requests(fetched)));
    let said = Said::line(drafts).then(told).then([next]).then(line);
    let mut json = object(json!({ "folder": folder, "invoices": invoices, "held": held }));
    if let Some(day) = drafted.not_before {
        json.insert("verdict".to_owned(), drafted.verdict.word().into());
        json.insert("not_before".to_owned(), day.to_string().into());
    }
    if let Some(fetched) = fetched {
        json.insert("fetch".to_owned(), requests_json(fetched));
    }
    // A close says what the books come to, also so far; drafts of a fetched month are made or they are not.
    let ending = if fetched.is_some() { Ending::of_part_month(drafted.verdict) } else { Ending::Drafted };
    Outcome { ending, said, json }
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
        (Some(note), _) => Some(format!("next: tieout explain {folder} {}", note.id)),
        (None, Some(found)) => Some(format!("next: tieout explain {folder} {}", found.found.id())),
        (None, None) => None,
    };
    let (said, seal) = if finished.unchanged_since {
        let said = format!("{folder}: nothing has changed since this recheck, verdict {}", it.rechecked.word());
        (Said::line(said), Value::Null)
    } else {
        let more = [format!("run  {folder}"), format!("seal {}", it.seal.hash)];
        (Said::paper(&it.summary()).then(more), it.seal.hash.clone().into())
    };
    let said = said.then([format!("fetched with {}", requests(fetched))]).then(next);
    let notes = |kind| it.notes.iter().filter(|note| note.kind == kind).count();
    let json = object(json!({
        "run": folder, "seal": seal, "unchanged_since": finished.unchanged_since, "verdict": it.rechecked.word(),
        "findings": findings, "gaps": it.rechecked.gaps.len(),
        "notes": { "credit": notes(NoteKind::Credit), "debit": notes(NoteKind::Debit), "level": notes(NoteKind::Level) },
        "held": it.notes.iter().filter(|note| note.status == NoteStatus::Held).count(),
        "fetch": requests_json(fetched),
    }));
    let ending = Ending::of_recheck(it.rechecked.verdict, it.has_notes_due());
    Outcome { ending, said, json }
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
