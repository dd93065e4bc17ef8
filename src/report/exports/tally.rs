//! Vouchers for Tally Prime: an import envelope for each currency billed, a sales voucher for each invoice, a credit or debit
//! note voucher for each note.
//!
//! Debits are deemed positive with a negative amount, credits are not with a positive one, and each voucher's sum is zero.
//! Currencies stand apart because a company has one base currency, and nothing here converts.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Close, Document, check, paper, parties};
use crate::domain::{Amount, Currency};
use crate::invoice::{Gstin, Invoice, Ledgers, NoteKind, SupplyKind, TaxHead};
use crate::report::table::money;
use crate::report::{Paper, ReportError};

/// The envelopes: `exports/tally-inr.xml` and so on.
pub(super) fn print(close: &Close<'_>) -> Result<Vec<Paper>, ReportError> {
    let parties = parties(close);
    let mut currencies: BTreeMap<Currency, Vec<Document<'_>>> = BTreeMap::new();
    for document in close.documents() {
        currencies.entry(document.invoice.currency).or_default().push(document);
    }
    let mut papers = Vec::new();
    for (currency, documents) in currencies {
        let name = format!("tally-{}.xml", currency.code().to_ascii_lowercase());
        let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ENVELOPE>\n");
        head(&mut xml, &close.terms.ledgers().company);
        for it in documents {
            let account = it.invoice.account.as_str();
            let party = parties.get(account).map_or(account, String::as_str);
            voucher(&mut xml, close.terms.ledgers(), &it, party, &name)?;
        }
        xml += "   </REQUESTDATA>\n  </IMPORTDATA>\n </BODY>\n</ENVELOPE>\n";
        papers.push(paper(&name, xml));
    }
    Ok(papers)
}

fn head(xml: &mut String, company: &str) {
    *xml += " <HEADER>\n  <TALLYREQUEST>Import Data</TALLYREQUEST>\n </HEADER>\n <BODY>\n  <IMPORTDATA>\n   <REQUESTDESC>\n";
    *xml += "    <REPORTNAME>Vouchers</REPORTNAME>\n";
    if !company.is_empty() {
        *xml += "    <STATICVARIABLES>\n";
        element(xml, 5, "SVCURRENTCOMPANY", company);
        *xml += "    </STATICVARIABLES>\n";
    }
    *xml += "   </REQUESTDESC>\n   <REQUESTDATA>\n";
}

fn voucher(xml: &mut String, ledgers: &Ledgers, it: &Document<'_>, party: &str, file: &str) -> Result<(), ReportError> {
    let invoice = it.invoice;
    let named = match it.note {
        None => &ledgers.voucher_type,
        Some((NoteKind::Credit, _)) => &ledgers.credit_note_type,
        Some(_) => &ledgers.debit_note_type,
    };
    let kind = escaped(named);
    *xml += "    <TALLYMESSAGE xmlns:UDF=\"TallyUDF\">\n";
    // Writing to a text cannot fail.
    let _ = writeln!(xml, "     <VOUCHER VCHTYPE=\"{kind}\" ACTION=\"Create\" OBJVIEW=\"Accounting Voucher View\">");
    element(xml, 6, "DATE", &invoice.date.format("%Y%m%d").to_string());
    element(xml, 6, "VOUCHERTYPENAME", named);
    element(xml, 6, "VOUCHERNUMBER", &invoice.number);
    if let Some((_, corrects)) = it.note {
        element(xml, 6, "REFERENCE", &corrects.number);
        element(xml, 6, "REFERENCEDATE", &corrects.date.format("%Y%m%d").to_string());
    }
    element(xml, 6, "PARTYLEDGERNAME", party);
    if let Some(gstin) = &invoice.supply.gstin {
        element(xml, 6, "PARTYGSTIN", Gstin::as_str(gstin));
    }
    if let Some(place) = invoice.supply.place {
        element(xml, 6, "PLACEOFSUPPLY", place.name);
        // Where the customer resides, which Tally asks of vouchers within India.
        if invoice.supply.kind != SupplyKind::Export {
            let is_registered = invoice.supply.gstin.is_some();
            element(xml, 6, "STATENAME", place.name);
            element(xml, 6, "COUNTRYOFRESIDENCE", "India");
            element(xml, 6, "GSTREGISTRATIONTYPE", if is_registered { "Regular" } else { "Unregistered/Consumer" });
        }
    }
    element(xml, 6, "PERSISTEDVIEW", "Accounting Voucher View");
    element(xml, 6, "ISINVOICE", "No");
    let credits = credits(ledgers, invoice);
    check(&format!("exports/{file}"), invoice, credits.iter().map(|(_, amount)| *amount).sum())?;
    entry(xml, party, -invoice.total, true, invoice.currency);
    for (ledger, amount) in credits {
        entry(xml, ledger, amount, false, invoice.currency);
    }
    *xml += "     </VOUCHER>\n    </TALLYMESSAGE>\n";
    Ok(())
}

/// What stands against the party: sales, then each head that is owed, then the round-off.
fn credits<'a>(ledgers: &'a Ledgers, invoice: &Invoice) -> Vec<(&'a str, Amount)> {
    let heads = [
        (TaxHead::Cgst, &ledgers.cgst),
        (TaxHead::Sgst, &ledgers.sgst),
        (TaxHead::Utgst, &ledgers.utgst),
        (TaxHead::Igst, &ledgers.igst),
        (TaxHead::Plain, &ledgers.tax),
    ];
    let heads = heads.into_iter().map(|(head, ledger)| (ledger.as_str(), invoice.owed(head)));
    let round_off = (ledgers.round_off.as_str(), invoice.round_off);
    let others = heads.chain([round_off]).filter(|(_, amount)| !amount.is_zero());
    [(ledgers.sales.as_str(), invoice.taxable())].into_iter().chain(others).collect()
}

fn entry(xml: &mut String, ledger: &str, amount: Amount, party: bool, currency: Currency) {
    let word = |yes: bool| if yes { "Yes" } else { "No" };
    *xml += "      <ALLLEDGERENTRIES.LIST>\n";
    element(xml, 7, "LEDGERNAME", ledger);
    element(xml, 7, "ISPARTYLEDGER", word(party));
    // A credit below zero, such as a round-off downwards, is a debit; so is what a credit note takes off the sales.
    element(xml, 7, "ISDEEMEDPOSITIVE", word(amount.is_negative() || (party && amount.is_zero())));
    element(xml, 7, "AMOUNT", &money(amount, currency));
    *xml += "      </ALLLEDGERENTRIES.LIST>\n";
}

fn element(xml: &mut String, depth: usize, tag: &str, text: &str) {
    xml.extend([" ".repeat(depth).as_str(), "<", tag, ">", &escaped(text), "</", tag, ">\n"]);
}

/// A text as XML: markup becomes references, and what XML 1.0 cannot hold at all a replacement character.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped += "&amp;",
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '"' => escaped += "&quot;",
            '\'' => escaped += "&apos;",
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}
