//! An invoice as JSON, for the customer's own program: parties, lines, taxes and annex, money as decimal text.
//!
//! Keys stand in the order of the structs below; additions only at the end of one.

use rust_decimal::Decimal;
use serde::Serialize;

use super::{Document, Issue, Note, Stand, Used};
use crate::domain::{Currency, Party};
use crate::invoice::{Gstin, InvoiceLine, Regime, TaxHead, in_words};
use crate::report::ReportError;
use crate::report::as_json::{DeductionJson, deduction};
use crate::report::invoices::{kind, supply};
use crate::report::notes::kind as kind_of_note;
use crate::report::table::decimal_text;

/// The file's bytes, ending in a line feed.
pub(super) fn print(issue: &Issue<'_>, it: &Document<'_>) -> Result<Vec<u8>, ReportError> {
    let Document { invoice, note, annex, .. } = it;
    let money = |amount| decimal_text(amount, invoice.currency.minor_digits());
    let printed = Printed {
        format: "tieout-invoice-v1",
        draft: issue.stand == Stand::Draft,
        number: &invoice.number,
        date: invoice.date.to_string(),
        due: invoice.due.to_string(),
        period: issue.provenance.period.to_string(),
        currency: invoice.currency,
        supplier: issue.terms.supplier(),
        customer: Customer { account: &invoice.account, party: &invoice.supply.buyer },
        gstin: invoice.supply.gstin.as_ref().map(Gstin::as_str),
        place_of_supply: invoice.supply.place.map(|place| Place { code: place.code, name: place.name }),
        supply: supply(invoice.supply.kind),
        reverse_charge: (issue.terms.regime() == Regime::Gst).then_some(issue.terms.reverse_charge()),
        lines: (1..).zip(&invoice.lines).map(|(number, it)| line(number, it, invoice.currency, issue)).collect(),
        taxable: money(invoice.taxable()),
        tax: money(invoice.tax),
        round_off: money(invoice.round_off),
        total: money(invoice.total),
        in_words: in_words(invoice.total, invoice.currency),
        annex: annex.iter().map(|it| used(it, invoice.currency)).collect(),
        run: &issue.provenance.run,
        archive_digest: &issue.provenance.archive_digest,
        note: note.as_ref().map(self::note),
        tds: it.deduction().map(|found| deduction(found, invoice.taxable(), invoice.currency)),
    };
    let mut bytes = serde_json::to_vec_pretty(&printed)?;
    bytes.push(b'\n');
    Ok(bytes)
}

#[derive(Serialize)]
struct Printed<'a> {
    format: &'static str,
    draft: bool,
    number: &'a str,
    date: String,
    due: String,
    period: String,
    currency: Currency,
    supplier: &'a Party,
    customer: Customer<'a>,
    gstin: Option<&'a str>,
    place_of_supply: Option<Place>,
    supply: &'static str,
    reverse_charge: Option<bool>,
    lines: Vec<Charge<'a>>,
    taxable: String,
    tax: String,
    round_off: String,
    total: String,
    in_words: String,
    annex: Vec<UsedJson<'a>>,
    run: &'a str,
    archive_digest: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<NoteJson<'a>>,
    /// What the customer deducts at source when it pays, for information; absent where it deducts nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    tds: Option<DeductionJson>,
}

/// What makes it a note; absent on an invoice.
#[derive(Serialize)]
struct NoteJson<'a> {
    kind: &'static str,
    corrects: &'a str,
    corrects_date: String,
    reason: &'static str,
    /// What it is a part of, in a sentence.
    #[serde(skip_serializing_if = "Option::is_none")]
    parts: Option<&'a str>,
}

fn note<'a>(it: &'a Note<'a>) -> NoteJson<'a> {
    let (corrects, corrects_date) = (it.corrects.number.as_str(), it.corrects.date.to_string());
    NoteJson { kind: kind_of_note(it.kind), corrects, corrects_date, reason: it.reason, parts: it.parts.as_deref() }
}

#[derive(Serialize)]
struct Customer<'a> {
    account: &'a str,
    #[serde(flatten)]
    party: &'a Party,
}

#[derive(Serialize)]
struct Place {
    code: &'static str,
    name: &'static str,
}

#[derive(Serialize)]
struct Charge<'a> {
    line: u64,
    kind: &'static str,
    class: &'a str,
    description: &'a str,
    sac: Option<&'a str>,
    entries: u64,
    taxable: String,
    tax_percent: Option<String>,
    heads: Vec<Owed<'a>>,
    total: String,
}

#[derive(Serialize)]
struct Owed<'a> {
    head: &'a str,
    percent: String,
    amount: String,
}

fn line<'a>(number: u64, it: &'a InvoiceLine, currency: Currency, issue: &Issue<'a>) -> Charge<'a> {
    let money = |amount| decimal_text(amount, currency.minor_digits());
    let head = |(head, percent, amount): &(TaxHead, Decimal, _)| Owed {
        head: if *head == TaxHead::Plain { issue.terms.tax_name() } else { head.word() },
        percent: percent.to_string(),
        amount: money(*amount),
    };
    Charge {
        line: number,
        kind: kind(it.kind),
        class: &it.class,
        description: &it.description,
        sac: it.tax.sac.as_deref(),
        entries: it.entries,
        taxable: money(it.amount),
        tax_percent: it.tax.percent.map(|percent| percent.to_string()),
        heads: it.tax.heads.iter().map(head).collect(),
        total: money(it.amount + it.tax.amount()),
    }
}

#[derive(Serialize)]
struct UsedJson<'a> {
    when: &'a str,
    kind: &'static str,
    class: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    description: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    entry: &'a str,
    entries: u64,
    charged: String,
}

fn used<'a>(it: &Used<'a>, currency: Currency) -> UsedJson<'a> {
    let line = it.line;
    UsedJson {
        when: &line.when,
        kind: kind(it.kind),
        class: line.class.as_str(),
        description: &line.description,
        entry: &line.entry,
        entries: line.entries,
        charged: decimal_text(it.amount, currency.minor_digits()),
    }
}
