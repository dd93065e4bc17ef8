//! What a close came to, for people and for scripts.

use serde_json::{Map, Value, json};

use super::ending::Ending;
use super::exit::Outcome;
use super::said::Said;
use crate::fetch::Fetched;
use crate::invoice::{NoteKind, NoteStatus};
use crate::run::Closed;
use crate::run::recheck::Finished;

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
    Outcome { ending: Ending::of_recheck(it.rechecked.verdict), said, json }
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
