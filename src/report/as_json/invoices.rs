//! Prints an invoice as JSON: with all that a program needs to enter it in its books, money as decimal text.
//!
//! Keys stand in the order of the structs below; additions only at the end of one.

use serde::Serialize;

use super::Money;
use crate::domain::{Amount, Currency, Party};
use crate::invoice::{Deduction, Invoice, InvoiceLine, LineTax};
use crate::report::invoices::{kind, supply};
use crate::report::table::money;

#[derive(Serialize)]
pub(in crate::report) struct InvoiceJson<'a> {
    number: &'a str,
    account: &'a str,
    name: &'a str,
    currency: Currency,
    cost_base: Money,
    markup: Money,
    fees: Money,
    tax: Money,
    total: Money,
    lines: Vec<LineJson<'a>>,
    taxable: Money,
    round_off: Money,
    date: String,
    due: String,
    buyer: &'a Party,
    /// The customer's GSTIN, where it is right.
    gstin: Option<&'a str>,
    place_of_supply: Option<PlaceJson>,
    supply: &'static str,
    /// What the invoice's maker should look at.
    remarks: &'a [String],
    /// What the customer deducts at source when it pays, for information; absent where it deducts nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    tds: Option<DeductionJson>,
}

/// Tax that the customer deducts at source, and from what.
#[derive(Serialize)]
pub(in crate::report) struct DeductionJson {
    percent: String,
    base: Money,
    amount: Money,
}

/// What a customer deducts from a value.
pub(in crate::report) fn deduction(it: Deduction, value: Amount, currency: Currency) -> DeductionJson {
    let [base, amount] = [value, it.amount].map(|it| money(it, currency));
    DeductionJson { percent: it.percent.to_string(), base, amount }
}

#[derive(Serialize)]
struct PlaceJson {
    code: &'static str,
    name: &'static str,
}

/// A line of it.
#[derive(Serialize)]
pub(in crate::report) struct LineJson<'a> {
    line: u64,
    kind: &'static str,
    class: &'a str,
    description: &'a str,
    entries: u64,
    cost_base: Money,
    markup_percent: Option<String>,
    markup: Money,
    amount: Money,
    sac: Option<&'a str>,
    tax_percent: Option<String>,
    tax: Money,
    heads: Vec<HeadJson>,
}

#[derive(Serialize)]
struct HeadJson {
    head: &'static str,
    percent: String,
    amount: Money,
}

pub(in crate::report) fn invoice(it: &Invoice) -> InvoiceJson<'_> {
    let money = |amount| money(amount, it.currency);
    InvoiceJson {
        number: &it.number,
        account: &it.account,
        name: &it.name,
        currency: it.currency,
        cost_base: money(it.cost_base),
        markup: money(it.markup),
        fees: money(it.fees),
        tax: money(it.tax),
        total: money(it.total),
        lines: (1..).zip(&it.lines).map(|(number, line)| self::line(number, line, it.currency)).collect(),
        taxable: money(it.taxable()),
        round_off: money(it.round_off),
        date: it.date.to_string(),
        due: it.due.to_string(),
        buyer: &it.supply.buyer,
        gstin: it.supply.gstin.as_ref().map(crate::invoice::Gstin::as_str),
        place_of_supply: it.supply.place.map(|place| PlaceJson { code: place.code, name: place.name }),
        supply: supply(it.supply.kind),
        remarks: &it.supply.remarks,
        tds: it.deduction().map(|found| deduction(found, it.taxable(), it.currency)),
    }
}

pub(in crate::report) fn line(number: u64, it: &InvoiceLine, currency: Currency) -> LineJson<'_> {
    LineJson {
        line: number,
        kind: kind(it.kind),
        class: &it.class,
        description: &it.description,
        entries: it.entries,
        cost_base: money(it.cost_base, currency),
        markup_percent: it.markup_percent.map(|percent| percent.normalize().to_string()),
        markup: money(it.markup, currency),
        amount: money(it.amount, currency),
        sac: it.tax.sac.as_deref(),
        tax_percent: it.tax.percent.map(|percent| percent.to_string()),
        tax: money(it.tax.amount(), currency),
        heads: heads(&it.tax, currency),
    }
}

fn heads(it: &LineTax, currency: Currency) -> Vec<HeadJson> {
    let head = |(head, percent, amount): &(crate::invoice::TaxHead, rust_decimal::Decimal, _)| HeadJson {
        head: head.word(),
        percent: percent.to_string(),
        amount: money(*amount, currency),
    };
    it.heads.iter().map(head).collect()
}
