//! What stands on a document, as texts in their places: what the template reads, and nothing more.
//!
//! Says what the HTML page says, in the same words; figures are texts already.

use chrono::NaiveDate;
use serde::Serialize;

use super::glyphs::{BREAK, Room, laid, missing};
use crate::domain::{Amount, Party};
use crate::invoice::{Gstin, Invoice, InvoiceLine, Regime, SupplyKind, TaxHead, in_words};
use crate::report::documents::page::{heads, money, named};
use crate::report::documents::{Document, Issue, Stand, Used};
use crate::report::markup::shown;
use crate::report::{TextOf, Unprintable};

/// A document.
#[derive(Serialize)]
pub(in crate::report::documents) struct Sheet<'a> {
    /// What it is called, as `Tax invoice`.
    pub(in crate::report::documents) title: &'a str,
    pub(in crate::report::documents) number: &'a str,
    /// Whether every page says that it is a draft.
    pub(in crate::report::documents) draft: bool,
    /// The paper that is attached, and what it is.
    pub(in crate::report::documents) attached: (String, String),
    pub(in crate::report::documents) supplier: Block,
    pub(in crate::report::documents) customer: Block,
    pub(in crate::report::documents) account: String,
    /// Number, dates and so on: name and value.
    pub(in crate::report::documents) facts: Vec<(&'static str, String)>,
    pub(in crate::report::documents) charges: Table,
    pub(in crate::report::documents) sums: Vec<Sum>,
    pub(in crate::report::documents) in_words: String,
    pub(in crate::report::documents) remarks: Vec<String>,
    pub(in crate::report::documents) signature: Option<String>,
    pub(in crate::report::documents) annex: Option<Table>,
    /// Where it comes from.
    pub(in crate::report::documents) origin: String,
    /// When the PDF says it was made: the document's date.
    #[serde(skip)]
    pub(in crate::report::documents) date: NaiveDate,
    /// What the PDF is identified by.
    #[serde(skip)]
    pub(in crate::report::documents) identifier: String,
    /// The program that made it.
    #[serde(skip)]
    pub(in crate::report::documents) program: String,
    #[serde(skip)]
    owner: &'a str,
}

/// Who somebody is, a text a line.
#[derive(Serialize)]
pub(in crate::report::documents) struct Block {
    pub(in crate::report::documents) name: String,
    pub(in crate::report::documents) lines: Vec<String>,
}

/// A table; each row has as many cells as there are columns.
#[derive(Serialize)]
pub(in crate::report::documents) struct Table {
    pub(in crate::report::documents) caption: &'static str,
    pub(in crate::report::documents) columns: Vec<Column>,
    pub(in crate::report::documents) rows: Vec<Vec<String>>,
}

/// A column of a table.
#[derive(Serialize)]
pub(in crate::report::documents) struct Column {
    pub(in crate::report::documents) name: String,
    pub(in crate::report::documents) kind: Kind,
}

/// What a column holds, which decides where its cells stand and how wide it is.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(in crate::report::documents) enum Kind {
    /// Texts of any length: most of what is left of the width.
    Text,
    /// A word or two: the rest of it.
    Word,
    /// Short codes and dates: as wide as they are.
    Code,
    /// Figures: as wide as they are, to the right.
    Figure,
}

/// A figure below the charges.
#[derive(Serialize)]
pub(in crate::report::documents) struct Sum {
    pub(in crate::report::documents) name: String,
    pub(in crate::report::documents) amount: String,
    pub(in crate::report::documents) is_total: bool,
}

impl<'a> Sheet<'a> {
    /// The sheet of a document.
    pub(super) fn of(issue: &Issue<'a>, it: &'a Document<'_>) -> Self {
        let (invoice, annex): (&Invoice, &[Used<'_>]) = (&it.invoice, &it.annex);
        let (of, is_draft) = (issue.provenance, issue.stand == Stand::Draft);
        let supplier = issue.terms.supplier();
        let (number, account, title) = (invoice.number.as_str(), invoice.account.as_str(), it.title(issue));
        let export = "Supply meant for export, zero-rated: no integrated tax is charged.";
        let zero_rated = (invoice.supply.kind == SupplyKind::Export).then(|| export.to_owned());
        Self {
            title,
            number,
            draft: is_draft,
            attached: (format!("{}.json", number.replace('/', "-")), format!("{title} {number} for programs")),
            supplier: from(issue),
            customer: to(issue, invoice),
            account: laid(account, Room::Block),
            facts: it.facts(issue),
            charges: charges(issue, invoice),
            sums: sums(issue, invoice),
            in_words: in_words(invoice.total, invoice.currency),
            remarks: zero_rated.into_iter().collect(),
            signature: (!supplier.name.is_empty()).then(|| {
                laid(&format!("For {}, authorised signatory or digital signature", supplier.name), Room::Block)
            }),
            annex: (!annex.is_empty()).then(|| usage(invoice, annex)),
            origin: shown(&it.origin(issue)),
            date: invoice.date,
            identifier: format!("{} {} {number}{}", of.partner, of.run, if is_draft { " draft" } else { "" }),
            program: format!("tieout {}", of.version),
            owner: account,
        }
    }

    /// Every text of it that holds characters without a glyph.
    pub(super) fn unprintable(&self) -> Vec<Unprintable> {
        let mut found: Vec<Unprintable> = Vec::new();
        for (of, text) in self.texts() {
            let seen = missing(text);
            let is_told = found.iter().any(|it| it.of == of && it.seen == seen);
            if !seen.is_empty() && !is_told {
                let (number, account) = (self.number.to_owned(), self.owner.to_owned());
                found.push(Unprintable { number, account, of, text: text.replace(BREAK, ""), seen });
            }
        }
        found
    }

    /// The texts that are not this program's own.
    fn texts(&self) -> impl Iterator<Item = (TextOf, &str)> {
        let supplier = [&self.supplier.name].into_iter().chain(&self.supplier.lines).chain(&self.signature);
        let customer = [&self.customer.name, &self.account].into_iter().chain(&self.customer.lines);
        let names = self.charges.columns.iter().map(|it| &it.name).chain(self.sums.iter().map(|it| &it.name));
        let annex = self.annex.iter().flat_map(|it| it.rows.iter().flatten());
        let supplier = supplier.map(|text| (TextOf::Supplier, text));
        let customer = customer.map(|text| (TextOf::Customer, text));
        let charges = self.charges.rows.iter().flatten().chain(names).map(|text| (TextOf::Charges, text));
        let annex = annex.map(|text| (TextOf::Annex, text));
        supplier.chain(customer).chain(charges).chain(annex).map(|(of, text)| (of, text.as_str()))
    }
}

fn from(issue: &Issue<'_>) -> Block {
    let supplier = issue.terms.supplier();
    let name = if supplier.name.is_empty() { &issue.provenance.partner_name } else { &supplier.name };
    let mut lines = address(supplier);
    if !supplier.gstin.is_empty() {
        lines.push(laid(&format!("GSTIN {}", supplier.gstin), Room::Block));
    }
    if !supplier.email.is_empty() {
        lines.push(laid(&supplier.email, Room::Block));
    }
    Block { name: laid(name, Room::Block), lines }
}

fn to(issue: &Issue<'_>, invoice: &Invoice) -> Block {
    let buyer = &invoice.supply.buyer;
    let name = if buyer.name.is_empty() { &invoice.account } else { &buyer.name };
    let mut lines = address(buyer);
    match invoice.supply.gstin.as_ref().map(Gstin::as_str) {
        Some(gstin) => lines.push(format!("GSTIN {gstin}")),
        None if issue.terms.regime() == Regime::Gst => lines.push("Unregistered".to_owned()),
        None => {}
    }
    Block { name: laid(name, Room::Block), lines }
}

fn address(party: &Party) -> Vec<String> {
    let lines = party.lines();
    if lines.is_empty() { Vec::new() } else { vec![laid(&lines.join(", "), Room::Block)] }
}

fn column(name: &str, kind: Kind) -> Column {
    Column { name: laid(name, Room::Narrow), kind }
}

fn charges(issue: &Issue<'_>, invoice: &Invoice) -> Table {
    let heads = heads(invoice);
    let is_gst = issue.terms.regime() == Regime::Gst;
    let mut columns = vec![column("#", Kind::Code), column("Description", Kind::Text)];
    if is_gst {
        columns.push(column("SAC", Kind::Code));
    }
    columns.push(column("Entries", Kind::Figure));
    columns.push(column(if heads.is_empty() { "Amount" } else { "Taxable" }, Kind::Figure));
    columns.extend(heads.iter().map(|head| column(named(issue, *head), Kind::Figure)));
    if !heads.is_empty() {
        columns.push(column("Total", Kind::Figure));
    }
    let row = |(number, it): (u64, &InvoiceLine)| {
        let mut row = vec![number.to_string(), laid(&it.description, Room::Cell)];
        if is_gst {
            row.push(it.tax.sac.clone().unwrap_or_default());
        }
        row.push(if it.entries == 0 { String::new() } else { it.entries.to_string() });
        row.push(money(it.amount, invoice.currency));
        row.extend(heads.iter().map(|head| owed(it, *head, invoice)));
        if !heads.is_empty() {
            row.push(money(it.amount + it.tax.amount(), invoice.currency));
        }
        row
    };
    Table { caption: "Charges", columns, rows: (1_u64..).zip(&invoice.lines).map(row).collect() }
}

/// What a line owes under a head, and its rate.
fn owed(line: &InvoiceLine, head: TaxHead, invoice: &Invoice) -> String {
    let owed = line.tax.heads.iter().find(|(of, ..)| *of == head);
    owed.map(|(_, percent, amount)| format!("{} ({percent} %)", money(*amount, invoice.currency))).unwrap_or_default()
}

fn sums(issue: &Issue<'_>, invoice: &Invoice) -> Vec<Sum> {
    let sum = |name: &str, amount: Amount, is_total| Sum {
        name: laid(name, Room::Block),
        amount: format!("{} {}", invoice.currency, money(amount, invoice.currency)),
        is_total,
    };
    let heads = heads(invoice);
    let mut sums = Vec::with_capacity(heads.len() + 3);
    if !heads.is_empty() {
        sums.push(sum("Taxable value", invoice.taxable(), false));
    }
    sums.extend(heads.into_iter().map(|head| sum(named(issue, head), invoice.owed(head), false)));
    if !invoice.round_off.is_zero() {
        sums.push(sum("Round-off", invoice.round_off, false));
    }
    sums.push(sum("Total", invoice.total, true));
    sums
}

fn usage(invoice: &Invoice, annex: &[Used<'_>]) -> Table {
    let by_entry = annex.iter().any(|it| !it.line.entry.is_empty());
    let mut columns = vec![column(if by_entry { "Time" } else { "Day" }, Kind::Code), column("Class", Kind::Word)];
    if by_entry {
        columns.extend([column("Description", Kind::Text), column("Entry", Kind::Text)]);
    } else {
        columns.push(column("Entries", Kind::Figure));
    }
    columns.push(column("Charged", Kind::Figure));
    let row = |Used { line: it, amount, .. }: &Used<'_>| {
        let mut row = vec![it.when.clone(), laid(it.class.as_str(), Room::Narrow)];
        if by_entry {
            row.extend([laid(&it.description, Room::Cell), laid(&it.entry, Room::Cell)]);
        } else {
            row.push(it.entries.to_string());
        }
        row.push(money(*amount, invoice.currency));
        row
    };
    let caption = "Annex: what the wallet was charged for the usage behind this invoice";
    Table { caption, columns, rows: annex.iter().map(row).collect() }
}
