//! Invoices and notes for Xero: one row a line item, and one for the round-off. The prices are without tax. What comes to less
//! than zero is a credit note there; its reference names the invoice that it corrects.

use super::{Close, Document, check, parties};
use crate::domain::Amount;
use crate::invoice::InvoiceLine;
use crate::report::ReportError;
use crate::report::table::{Cell, Column, Table};

const COLUMNS: &[Column] = &[
    Column::words("*ContactName", "", 0),
    Column::words("EmailAddress", "", 0),
    Column::words("*InvoiceNumber", "", 0),
    Column::words("Reference", "", 0),
    Column::words("*InvoiceDate", "", 0),
    Column::words("*DueDate", "", 0),
    Column::numbers("Total", "", 0),
    Column::words("*Description", "", 0),
    Column::numbers("*Quantity", "", 0),
    Column::numbers("*UnitAmount", "", 0),
    Column::words("*AccountCode", "", 0),
    Column::words("*TaxType", "", 0),
    Column::numbers("TaxAmount", "", 0),
    Column::words("Currency", "", 0),
];

/// `exports/xero.csv`.
pub(super) fn table(close: &Close<'_>) -> Result<Table, ReportError> {
    let (parties, ledgers) = (parties(close), close.terms.ledgers());
    let mut rows = Vec::new();
    for document in close.documents() {
        let invoice = document.invoice;
        let party = parties.get(invoice.account.as_str()).map_or(invoice.account.as_str(), String::as_str);
        let mut items: Vec<Item<'_>> = invoice.lines.iter().map(|line| item(close, line)).collect();
        items.extend((!invoice.round_off.is_zero()).then_some(Item {
            description: "Round-off",
            amount: invoice.round_off,
            code: &ledgers.xero_round_off,
            tax_type: &ledgers.xero_no_tax,
            tax: Amount::ZERO,
        }));
        check("exports/xero.csv", invoice, items.iter().map(|item| item.amount + item.tax).sum())?;
        rows.extend(items.iter().map(|item| row(&document, party, item)));
    }
    Ok(Table { name: "exports/xero", title: "", columns: COLUMNS, rows })
}

struct Item<'a> {
    description: &'a str,
    amount: Amount,
    code: &'a str,
    tax_type: &'a str,
    tax: Amount,
}

fn item<'a>(close: &Close<'a>, line: &'a InvoiceLine) -> Item<'a> {
    let ledgers = close.terms.ledgers();
    let owes = line.tax.percent.is_some_and(|percent| !percent.to_decimal().is_zero());
    Item {
        description: &line.description,
        amount: line.amount,
        code: &ledgers.xero_sales,
        tax_type: if owes { &ledgers.xero_tax } else { &ledgers.xero_no_tax },
        tax: line.tax.amount(),
    }
}

fn row(it: &Document<'_>, party: &str, item: &Item<'_>) -> Vec<Cell> {
    let invoice = it.invoice;
    let money = |amount| Cell::money(amount, invoice.currency);
    let day = |day: chrono::NaiveDate| Cell::code(day.format("%d/%m/%Y").to_string());
    let email = Some(&invoice.supply.buyer.email).filter(|email| is_plain(email));
    vec![
        Cell::text(party),
        email.map_or(Cell::Empty, Cell::code),
        Cell::code(&invoice.number),
        Cell::code(it.note.map_or(&invoice.account, |(_, corrects)| &corrects.number)),
        day(invoice.date),
        day(invoice.due),
        money(invoice.total),
        Cell::text(item.description),
        Cell::Count(1),
        money(item.amount),
        Cell::code(item.code),
        Cell::code(item.tax_type),
        money(item.tax),
        Cell::code(invoice.currency.code()),
    ]
}

/// Whether a text can be an address for mail; anything else is left out, for Xero would refuse the row.
fn is_plain(email: &str) -> bool {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '@');
    email.starts_with(|c: char| c.is_ascii_alphanumeric())
        && email.matches('@').count() == 1
        && email.chars().all(letters)
}
