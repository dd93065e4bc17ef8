//! What stands on a document, as texts in their places: made once, and printed as a page and as a PDF. Figures are texts already.
//!
//! All particulars of CGST rule 46 are here where the regime is GST. Knows nothing of HTML or of paper.

use serde::Serialize;

use super::{Document, Issue, Stand, Used};
use crate::domain::{Amount, Currency, Party};
use crate::invoice::{Deduction, Invoice, InvoiceLine, LineKind, Regime, SupplyKind, TaxHead, in_words};
use crate::report::table::{self, in_groups};

/// What a draft says of itself.
const DRAFT: &str = "Draft: the number is not given yet, nothing is owed by this paper";

/// A document.
#[derive(Serialize)]
pub(super) struct Sheet<'a> {
    /// What it is called, as `Tax invoice`.
    pub(super) title: &'a str,
    pub(super) number: &'a str,
    /// What a draft says of itself; every page of it is marked, too.
    pub(super) draft: Option<&'static str>,
    pub(super) supplier: Block,
    pub(super) customer: Block,
    pub(super) account: String,
    /// Number, dates and so on: name and value.
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) charges: Table,
    pub(super) sums: Vec<Sum>,
    pub(super) in_words: String,
    /// What the law or the customer's bookkeeper wants said, in sentences.
    pub(super) remarks: Vec<String>,
    pub(super) signature: Option<String>,
    pub(super) annex: Option<Table>,
    /// Where it comes from.
    pub(super) origin: String,
}

/// Who somebody is, a text a line.
#[derive(Serialize)]
pub(super) struct Block {
    pub(super) name: String,
    pub(super) lines: Vec<String>,
}

/// A table; each row has as many cells as there are columns.
#[derive(Serialize)]
pub(super) struct Table {
    pub(super) caption: &'static str,
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<String>>,
    /// What the last column comes to, and what that is called; where it is not told elsewhere.
    pub(super) sum: Option<(&'static str, String)>,
}

/// A column of a table.
#[derive(Serialize)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// What a column holds, which decides where its cells stand and how wide it is.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
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
pub(super) struct Sum {
    pub(super) name: String,
    pub(super) amount: String,
    pub(super) is_total: bool,
}

impl<'a> Sheet<'a> {
    /// The sheet of a document.
    pub(super) fn of(issue: &Issue<'a>, it: &'a Document<'_>) -> Self {
        let invoice: &Invoice = &it.invoice;
        let supplier = issue.terms.supplier();
        Self {
            title: it.title(issue),
            number: &invoice.number,
            draft: (issue.stand == Stand::Draft).then_some(DRAFT),
            supplier: from(issue),
            customer: to(issue, invoice),
            account: invoice.account.clone(),
            facts: it.facts(issue),
            charges: charges(issue, invoice),
            sums: sums(issue, invoice),
            in_words: in_words(invoice.total, invoice.currency),
            remarks: remarks(issue, it),
            signature: (!supplier.name.is_empty())
                .then(|| format!("For {}, authorised signatory or digital signature", supplier.name)),
            annex: (!it.annex.is_empty()).then(|| usage(invoice, &it.annex)),
            origin: it.origin(issue),
        }
    }
}

fn from(issue: &Issue<'_>) -> Block {
    let supplier = issue.terms.supplier();
    let name = if supplier.name.is_empty() { &issue.provenance.partner_name } else { &supplier.name };
    let mut lines = address(supplier);
    if !supplier.gstin.is_empty() {
        lines.push(format!("GSTIN {}", supplier.gstin));
    }
    if !supplier.email.is_empty() {
        lines.push(supplier.email.clone());
    }
    Block { name: name.clone(), lines }
}

fn to(issue: &Issue<'_>, invoice: &Invoice) -> Block {
    let buyer = &invoice.supply.buyer;
    let name = if buyer.name.is_empty() { &invoice.account } else { &buyer.name };
    let mut lines = address(buyer);
    match &invoice.supply.gstin {
        // Rule 46 (d) asks for either.
        Some(gstin) => lines.push(format!("{} {gstin}", gstin.kind().label())),
        None if issue.terms.regime() == Regime::Gst => lines.push("Unregistered".to_owned()),
        None => {}
    }
    Block { name: name.clone(), lines }
}

fn address(party: &Party) -> Vec<String> {
    let lines = party.lines();
    if lines.is_empty() { Vec::new() } else { vec![lines.join(", ")] }
}

fn remarks(issue: &Issue<'_>, it: &Document<'_>) -> Vec<String> {
    let invoice: &Invoice = &it.invoice;
    // The words of CGST rule 46.
    let export = if issue.terms.export_tax() {
        "SUPPLY MEANT FOR EXPORT ON PAYMENT OF INTEGRATED TAX"
    } else {
        "SUPPLY MEANT FOR EXPORT UNDER BOND OR LETTER OF UNDERTAKING WITHOUT PAYMENT OF INTEGRATED TAX"
    };
    let export = (invoice.supply.kind == SupplyKind::Export).then(|| export.to_owned());
    let deduction = it.deduction().map(|Deduction { percent, amount }| {
        let [base, amount] = [invoice.taxable(), amount].map(|it| money(it, invoice.currency));
        let currency = invoice.currency;
        format!(
            "For information: tax deducted at source at {percent} % of the value of {currency} {base} without tax is \
             {currency} {amount}; the total stays as it is."
        )
    });
    let parts = it.note.as_ref().and_then(|note| note.parts.clone());
    export.into_iter().chain(deduction).chain(parts).collect()
}

fn column(name: &str, kind: Kind) -> Column {
    Column { name: name.to_owned(), kind }
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
        let mut row = vec![number.to_string(), it.description.clone()];
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
    Table { caption: "Charges", columns, rows: (1_u64..).zip(&invoice.lines).map(row).collect(), sum: None }
}

/// The heads that the lines owe under, in order.
fn heads(invoice: &Invoice) -> Vec<TaxHead> {
    let mut heads: Vec<TaxHead> = invoice.lines.iter().flat_map(|line| &line.tax.heads).map(|head| head.0).collect();
    heads.sort_unstable();
    heads.dedup();
    heads
}

/// A word of a head on this invoice.
fn named<'a>(issue: &Issue<'a>, head: TaxHead) -> &'a str {
    if head == TaxHead::Plain { issue.terms.tax_name() } else { head.word() }
}

/// What a line owes under a head, and its rate.
fn owed(line: &InvoiceLine, head: TaxHead, invoice: &Invoice) -> String {
    let owed = line.tax.heads.iter().find(|(of, ..)| *of == head);
    owed.map(|(_, percent, amount)| format!("{} ({percent} %)", money(*amount, invoice.currency))).unwrap_or_default()
}

fn sums(issue: &Issue<'_>, invoice: &Invoice) -> Vec<Sum> {
    let sum = |name: &str, amount: Amount, is_total| Sum {
        name: name.to_owned(),
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
    let mut columns = vec![column(if by_entry { "Time" } else { "Day" }, Kind::Code), column("Charge", Kind::Word)];
    if by_entry {
        columns.extend([column("Description", Kind::Text), column("Entry", Kind::Text)]);
    } else {
        columns.push(column("Entries", Kind::Figure));
    }
    columns.push(column(&format!("Charged, {}", invoice.currency), Kind::Figure));
    // Called as the invoice's own line is.
    let called = |kind: LineKind, class: &str| {
        let own = invoice.lines.iter().find(|line| line.kind == kind && line.class == class);
        own.map_or(class, |line| line.description.as_str()).to_owned()
    };
    let row = |Used { line: it, amount, kind }: &Used<'_>| {
        let mut row = vec![it.when.clone(), called(*kind, it.class.as_str())];
        if by_entry {
            row.extend([it.description.clone(), it.entry.clone()]);
        } else {
            row.push(it.entries.to_string());
        }
        row.push(money(*amount, invoice.currency));
        row
    };
    let caption = "Annex: what the wallet was charged for the usage behind this invoice";
    let charged: Amount = annex.iter().map(|it| it.amount).sum();
    let sum = Some(("Charged in all", money(charged, invoice.currency)));
    Table { caption, columns, rows: annex.iter().map(row).collect(), sum }
}

/// Money with its digits in groups: lakh and crore for rupees, thousands for everything else.
fn money(amount: Amount, currency: Currency) -> String {
    in_groups(&table::money(amount, currency), if currency == Currency::INR { 2 } else { 3 })
}
