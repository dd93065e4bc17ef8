//! Whom an earlier run of the month has billed otherwise than it would be billed now: told with the verdict, every customer with
//! its amounts, so that nobody takes a month for billed that is not.

use super::overview::{Block, count_of};
use super::table::{decimal_text, grouped};
use super::{Billing, Provenance};
use crate::domain::{Amount, Currency};
use crate::invoice::BilledOtherwise;

/// What is added to the word of a verdict; nothing where there is none.
pub(super) const fn word(billing: &Billing, ties_out: bool) -> &'static str {
    match (billing.otherwise.is_empty(), ties_out) {
        (true, _) => "",
        (false, true) => ", BUT BILLED OTHERWISE",
        (false, false) => ", AND BILLED OTHERWISE",
    }
}

/// Each customer with what it was billed, what that would be now, and the difference; nothing where there is none.
pub(super) fn overview(billing: &Billing) -> Vec<Block> {
    let otherwise = &billing.otherwise;
    if otherwise.is_empty() {
        return Vec::new();
    }
    let customers = count_of(otherwise.len(), "customer");
    let said = if otherwise.len() == 1 { "was billed otherwise" } else { "were billed otherwise" };
    let prose = format!(
        "{customers} {said} by an earlier run of the month than the terms and entries of this run come to, and nobody is \
         billed twice:"
    );
    vec![Block::Prose(prose), Block::Items(otherwise.iter().map(item).collect())]
}

fn item(it: &BilledOtherwise) -> (String, String) {
    let issued = &it.issued;
    let [billed, now] = [issued.total, it.now].map(|amount| money(amount, issued.currency));
    let tax = if it.taxed { "" } else { " without tax" };
    let head = format!("{}  {}  {}", it.account, it.name, difference(it));
    (head, format!("billed {billed} by {} of run {}, now {now}{tax}", issued.number, issued.run))
}

/// What is to be done about them, in a sentence that names each; nothing where there is none.
pub(super) fn next(provenance: &Provenance, billing: &Billing) -> Option<String> {
    let each: Vec<String> = billing.otherwise.iter().map(|it| format!("{} {}", it.account, difference(it))).collect();
    (!each.is_empty()).then(|| {
        format!(
            "`tieout recheck {}` tells for which of these a note is due, and the next close of a later month gives it: {}.",
            provenance.period,
            each.join("; ")
        )
    })
}

/// `30.00 INR more`, `30.00 INR less`.
fn difference(it: &BilledOtherwise) -> String {
    let difference = it.now - it.issued.total;
    let word = if difference.is_negative() { "less" } else { "more" };
    format!("{} {} {word}", money(difference.abs(), it.issued.currency), it.issued.currency)
}

fn money(amount: Amount, currency: Currency) -> String {
    grouped(&decimal_text(amount, currency.minor_digits()))
}
