//! Invoices for Zoho Books, debit notes among them, and credit notes in a file of their own: one row a line item. The names of taxes are those that Zoho gives them in India (`GST18`,
//! `IGST18`), of the plain tax that of the settings.

use super::{Close, Document, check, parties};
use crate::domain::Amount;
use crate::invoice::{Invoice, InvoiceLine, State, SupplyKind};
use crate::report::ReportError;
use crate::report::table::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::words("Invoice Number", "", 0),
    Column::words("Invoice Date", "", 0),
    Column::words("Due Date", "", 0),
    Column::words("Customer Name", "", 0),
    Column::words("GST Treatment", "", 0),
    Column::words("GST Identification Number (GSTIN)", "", 0),
    Column::words("Place of Supply", "", 0),
    Column::words("Currency Code", "", 0),
    Column::words("Item Name", "", 0),
    Column::words("Item Desc", "", 0),
    Column::words("Item Type", "", 0),
    Column::words("HSN/SAC", "", 0),
    Column::numbers("Quantity", "", 0),
    Column::numbers("Item Price", "", 0),
    Column::words("Item Tax", "", 0),
    Column::numbers("Item Tax %", "", 0),
    Column::words("Item Tax Type", "", 0),
    Column::numbers("Item Tax Amount", "", 0),
    Column::numbers("Adjustment", "", 0),
    Column::words("Adjustment Description", "", 0),
];

/// The same columns of a credit note, and the invoice that it is associated with.
const CREDIT_NOTES: &[Column] = &{
    let mut columns = [Column::words("", "", 0); COLUMNS.len() + 2];
    let mut place = 0;
    while place < COLUMNS.len() {
        columns[place] = COLUMNS[place];
        place += 1;
    }
    columns[0] = Column::words("Credit Note Number", "", 0);
    columns[1] = Column::words("Credit Note Date", "", 0);
    columns[COLUMNS.len()] = Column::words("Associated Invoice Number", "", 0);
    columns[COLUMNS.len() + 1] = Column::words("Associated Invoice Date", "", 0);
    columns
};

/// `exports/zoho.csv`, and `exports/zoho-credit-notes.csv` where there are any.
pub(super) fn tables(close: &Close<'_>) -> Result<Vec<Table>, ReportError> {
    let (credits, charged): (Vec<_>, Vec<_>) = close.documents().partition(Document::is_credit);
    let mut tables = vec![table(close, "exports/zoho", COLUMNS, &charged)?];
    if !credits.is_empty() {
        tables.push(table(close, "exports/zoho-credit-notes", CREDIT_NOTES, &credits)?);
    }
    Ok(tables)
}

fn table(
    close: &Close<'_>,
    name: &'static str,
    columns: &'static [Column],
    documents: &[Document<'_>],
) -> Result<Table, ReportError> {
    let parties = parties(close);
    let mut rows = Vec::new();
    for it in documents {
        let shown = if it.is_credit() { it.invoice.turned() } else { it.invoice.clone() };
        let invoice = &shown;
        let party = parties.get(invoice.account.as_str()).map_or(invoice.account.as_str(), String::as_str);
        let lines = invoice.lines.iter().map(|line| line.amount + line.tax.amount());
        check(&format!("{name}.csv"), invoice, lines.sum::<Amount>() + invoice.round_off)?;
        let of_invoice = |(_, corrects): (_, &crate::invoice::Corrected)| {
            [Cell::code(&corrects.number), Cell::code(corrects.date.to_string())]
        };
        let named: Vec<Cell> = it.note.filter(|_| it.is_credit()).into_iter().flat_map(of_invoice).collect();
        let row = |line| row(close, invoice, party, line).into_iter().chain(named.iter().cloned()).collect();
        rows.extend(invoice.lines.iter().map(row));
    }
    Ok(Table { name, title: "", columns, rows })
}

fn row(close: &Close<'_>, invoice: &Invoice, party: &str, line: &InvoiceLine) -> Vec<Cell> {
    let money = |amount| Cell::money(amount, invoice.currency);
    let (tax, kind) = tax(close, invoice, line);
    let rounded = !invoice.round_off.is_zero();
    vec![
        Cell::code(&invoice.number),
        Cell::code(invoice.date.to_string()),
        Cell::code(invoice.due.to_string()),
        Cell::text(party),
        treatment(invoice).map_or(Cell::Empty, Cell::code),
        invoice.supply.gstin.as_ref().map_or(Cell::Empty, |gstin| Cell::code(gstin.as_str())),
        // Zoho leaves the place of an export open.
        invoice
            .supply
            .place
            .filter(|_| invoice.supply.kind != SupplyKind::Export)
            .map_or(Cell::Empty, |place| Cell::code(letters(place))),
        Cell::code(invoice.currency.code()),
        Cell::text(&line.description),
        Cell::code(&line.class),
        Cell::code("service"),
        Cell::maybe_code(line.tax.sac.clone()),
        Cell::Count(1),
        money(line.amount),
        tax.map_or(Cell::Empty, Cell::code),
        line.tax.percent.map_or(Cell::Empty, |percent| Cell::Percent(percent.to_decimal())),
        kind.map_or(Cell::Empty, Cell::code),
        money(line.tax.amount()),
        if rounded { money(invoice.round_off) } else { Cell::Empty },
        if rounded { Cell::code("Round-off") } else { Cell::Empty },
    ]
}

/// A State as Zoho's import knows it: two have letters of their own there.
fn letters(place: &State) -> &'static str {
    match place.code {
        "36" => "TS",
        "37" => "AD",
        _ => place.letters,
    }
}

/// How Zoho names the customer's standing under GST.
fn treatment(invoice: &Invoice) -> Option<&'static str> {
    match invoice.supply.kind {
        SupplyKind::Untaxed | SupplyKind::Plain => None,
        SupplyKind::Export => Some("overseas"),
        // The holder of a UIN, too: GSTR-1 has them in one table with registered persons.
        SupplyKind::WithinState | SupplyKind::BetweenStates if invoice.supply.gstin.is_some() => {
            Some("business_registered_regular")
        }
        SupplyKind::WithinState | SupplyKind::BetweenStates => Some("business_unregistered"),
    }
}

/// What Zoho calls the tax on a line, and whether it is one tax or a group of two.
fn tax(close: &Close<'_>, invoice: &Invoice, line: &InvoiceLine) -> (Option<String>, Option<&'static str>) {
    let Some(percent) = line.tax.percent else { return (None, None) };
    match invoice.supply.kind {
        SupplyKind::Untaxed => (None, None),
        SupplyKind::Plain => (Some(close.invoicing.tax_name().to_owned()), Some("Item Amount")),
        SupplyKind::WithinState => (Some(format!("GST{percent}")), Some("Tax Group")),
        SupplyKind::BetweenStates | SupplyKind::Export => (Some(format!("IGST{percent}")), Some("Item Amount")),
    }
}
