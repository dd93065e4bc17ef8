//! What a finding of a recheck means for the invoices of its customer.

use super::{BilledLine, Known, LineKind, lines};
use crate::domain::{Entry, Side};
use crate::reconcile::recheck::Finding;

/// What a finding means for the invoices of its customer, in half a sentence.
#[must_use]
pub fn bearing(finding: &Finding, known: &Known<'_>) -> String {
    if finding.side == Side::Master {
        return "not billed from the master ledger: invoices are made from the customers' own".to_owned();
    }
    let before: Vec<&Entry> = finding.sealed.iter().filter(|entry| billable(entry).is_some()).collect();
    let after: Vec<&Entry> = finding.now.iter().filter(|entry| billable(entry).is_some()).collect();
    let Some(entry) = before.first().or(after.first()) else {
        return "not billed: neither usage nor a refund that counts in the month".to_owned();
    };
    let account = entry.holder();
    if let Some((_, invoice)) = known.invoices(account, entry.currency).first() {
        let on_line = |it: &&BilledLine| Some(it.kind) == billable(entry) && it.class == entry.class.as_str();
        let line = invoice.lines.iter().find(on_line).map(|it| format!(", line {}", it.line)).unwrap_or_default();
        let number = &invoice.number;
        return match (before.is_empty(), after.is_empty()) {
            (true, _) if billable(entry) == Some(LineKind::Refund) => {
                format!("not billed on {number}; it would lower it{line}")
            }
            (true, _) => format!("not billed on {number}; it would add to it{line}"),
            (false, true) => format!("billed on {number}{line}; it would not be now"),
            (false, false) => format!("billed on {number}{line}"),
        };
    }
    known.held(account, entry.currency).map_or_else(
        || "not billed: the customer has no invoice of the month".to_owned(),
        |it| format!("on the held list of the sealed run: {}", it.reason),
    )
}

/// The kind of line that an entry is billed on, if it is.
fn billable(entry: &Entry) -> Option<LineKind> {
    lines::kind_of(entry.direction, &entry.class).filter(|_| entry.counts())
}
