//! What a close came to, for people and for scripts.

use serde_json::{Map, Value, json};

use super::exit::Outcome;
use crate::fetch::Fetched;
use crate::run::Closed;

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
