//! Invoices and notes for the Indian registration portal: an array of INV-01 objects (version 1.1) as it is uploaded, and beside it
//! the registration number (IRN) that each will get, and who is left out and why.
//!
//! Only supplies to registered customers and exports are registered, in rupees. Whoever deducts or collects tax at source is a
//! registered person, too (circular 198/10/2023); the holder of a UIN is none (CGST Act, section 2 (94)). An IRN is the
//! SHA-256 of the supplier's GSTIN, the financial year, the kind of document and its number. What the portal would refuse is
//! left out with the reason.

use std::collections::BTreeMap;

use chrono::Datelike;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{Close, check, one_line};
use crate::domain::{Amount, Currency, Party, sha256};
use crate::invoice::{Corrected, Gstin, GstinKind, Invoice, NoteKind, Pin, Regime, State, SupplyKind, TaxHead};
use crate::report::table::decimal_text;
use crate::report::{Paper, ReportError};

const INVOICES: &str = "exports/e-invoice.json";
const NUMBERS: &str = "exports/e-invoice-irn.json";

/// The PIN that stands for an address abroad.
const PIN_ABROAD: u32 = 999_999;

type Number = Box<RawValue>;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Registered {
    version: &'static str,
    tran_dtls: Transaction,
    doc_dtls: DocumentDetails,
    seller_dtls: Trader,
    buyer_dtls: Trader,
    item_list: Vec<Item>,
    val_dtls: Values,
    #[serde(skip_serializing_if = "Option::is_none")]
    ref_dtls: Option<References>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct References {
    prec_doc_dtls: [Preceding; 1],
}

/// The invoice that a note corrects.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Preceding {
    inv_no: String,
    inv_dt: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Transaction {
    tax_sch: &'static str,
    sup_typ: &'static str,
    reg_rev: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct DocumentDetails {
    typ: &'static str,
    no: String,
    dt: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Trader {
    gstin: String,
    lgl_nm: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pos: Option<&'static str>,
    addr1: String,
    loc: String,
    pin: u32,
    stcd: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    sl_no: String,
    prd_desc: String,
    is_servc: &'static str,
    hsn_cd: String,
    unit_price: Number,
    tot_amt: Number,
    discount: Number,
    ass_amt: Number,
    gst_rt: Number,
    igst_amt: Number,
    cgst_amt: Number,
    sgst_amt: Number,
    tot_item_val: Number,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Values {
    ass_val: Number,
    cgst_val: Number,
    sgst_val: Number,
    igst_val: Number,
    rnd_off_amt: Number,
    tot_inv_val: Number,
}

#[derive(Serialize)]
struct Numbers<'a> {
    format: &'static str,
    invoices: Vec<Predicted<'a>>,
    left_out: Vec<LeftOut<'a>>,
}

#[derive(Serialize)]
struct Predicted<'a> {
    number: &'a str,
    account: &'a str,
    irn: String,
}

#[derive(Serialize)]
struct LeftOut<'a> {
    number: &'a str,
    account: &'a str,
    reason: String,
}

/// The two files.
pub(super) fn print(close: &Close<'_>) -> Result<[Paper; 2], ReportError> {
    let mut invoices = Vec::new();
    let mut numbers = Numbers { format: "tieout-e-invoice-v1", invoices: Vec::new(), left_out: Vec::new() };
    for document in close.documents() {
        let it = document.invoice;
        let (number, account) = (it.number.as_str(), it.account.as_str());
        // The portal reads what a credit note gives back, above zero.
        let shown = if document.is_credit() { it.turned() } else { it.clone() };
        match registered(close, &shown, document.note) {
            Ok((invoice, printed)) => {
                check(INVOICES, &shown, printed)?;
                let irn = irn(&invoice.seller_dtls.gstin, invoice.doc_dtls.typ, it);
                invoices.push(invoice);
                numbers.invoices.push(Predicted { number, account, irn });
            }
            Err(reason) => numbers.left_out.push(LeftOut { number, account, reason }),
        }
    }
    Ok([laid_out(INVOICES, &invoices)?, laid_out(NUMBERS, &numbers)?])
}

fn laid_out(name: &'static str, what: &impl Serialize) -> Result<Paper, ReportError> {
    let mut bytes = serde_json::to_vec_pretty(what).map_err(|source| ReportError::Export { name, source })?;
    bytes.push(b'\n');
    Ok(Paper { name: name.to_owned(), bytes })
}

/// The registration number that a document will get.
fn irn(supplier: &str, typ: &str, invoice: &Invoice) -> String {
    let begun = invoice.date.year() - i32::from(invoice.date.month() < 4);
    let year = format!("{begun:04}-{:02}", (begun + 1).rem_euclid(100));
    sha256(format!("{supplier}{year}{typ}{}", invoice.number.to_ascii_uppercase()).as_bytes())
}

/// An invoice as the portal takes it, with what it comes to there; or why the portal would not.
fn registered(
    close: &Close<'_>,
    invoice: &Invoice,
    note: Option<(NoteKind, &Corrected)>,
) -> Result<(Registered, Amount), String> {
    if close.invoicing.regime() != Regime::Gst {
        return Err("the settings' regime is not GST".to_owned());
    }
    if invoice.currency != Currency::INR {
        return Err(format!("amounts are registered in INR, and this invoice is in {}", invoice.currency));
    }
    let export = invoice.supply.kind == SupplyKind::Export;
    let supplier = close.invoicing.supplier();
    let seller = Gstin::parse(&supplier.gstin).map_err(|wrong| format!("the supplier's GSTIN {wrong}"))?;
    let of_seller = seller.state().ok_or("the supplier's GSTIN is of no State")?;
    let buyer = buyer(invoice)?;
    let place = invoice.supply.place.ok_or("the invoice has no place of supply")?;
    let (item_list, printed) = items(invoice)?;
    let it = Registered {
        version: "1.1",
        tran_dtls: Transaction {
            tax_sch: "GST",
            sup_typ: match (export, close.invoicing.export_tax()) {
                (false, _) => "B2B",
                (true, false) => "EXPWOP",
                (true, true) => "EXPWP",
            },
            reg_rev: if close.invoicing.reverse_charge() { "Y" } else { "N" },
        },
        doc_dtls: DocumentDetails {
            typ: match note {
                None => "INV",
                Some((NoteKind::Credit, _)) => "CRN",
                Some(_) => "DBN",
            },
            no: invoice.number.clone(),
            dt: day(invoice.date),
        },
        seller_dtls: trader("supplier", supplier, seller.as_str(), of_seller)?,
        buyer_dtls: Trader { pos: Some(place.code), ..buyer },
        item_list,
        val_dtls: Values {
            ass_val: rupees(invoice.taxable())?,
            cgst_val: rupees(invoice.owed(TaxHead::Cgst))?,
            sgst_val: rupees(invoice.owed(TaxHead::Sgst) + invoice.owed(TaxHead::Utgst))?,
            igst_val: rupees(invoice.owed(TaxHead::Igst))?,
            rnd_off_amt: rupees(invoice.round_off)?,
            tot_inv_val: rupees(invoice.total)?,
        },
        ref_dtls: note.map(|(_, it)| References {
            prec_doc_dtls: [Preceding { inv_no: it.number.clone(), inv_dt: day(it.date) }],
        }),
    };
    Ok((it, printed + invoice.round_off))
}

/// A day as the portal writes it.
fn day(date: chrono::NaiveDate) -> String {
    date.format("%d/%m/%Y").to_string()
}

/// The customer: registered in India, or abroad.
fn buyer(invoice: &Invoice) -> Result<Trader, String> {
    let party = &invoice.supply.buyer;
    if invoice.supply.kind == SupplyKind::Export {
        return trader("customer", party, "URP", &State::OTHER_COUNTRIES);
    }
    let gstin = invoice.supply.gstin.as_ref().ok_or("the customer is not registered")?;
    match (gstin.kind(), gstin.state()) {
        (GstinKind::Uin, _) => Err("the customer has a UIN, and so is no registered person".to_owned()),
        (_, Some(state)) => trader("customer", party, gstin.as_str(), state),
        (_, None) => Err(format!("the customer's GSTIN {:?} is of no State", gstin.as_str())),
    }
}

/// A party as the portal takes it; it holds the PIN against the State of the GSTIN.
fn trader(who: &str, party: &Party, gstin: &str, state: &'static State) -> Result<Trader, String> {
    let pin = if *state == State::OTHER_COUNTRIES {
        PIN_ABROAD
    } else {
        let code = party.postal_code.trim();
        let pin = Pin::parse(code).ok_or_else(|| format!("the {who}'s postal code {code:?} is no PIN of India"))?;
        let elsewhere = State::named(&party.state).filter(|address| *address != state);
        if let Some(address) = elsewhere {
            return Err(format!("the {who}'s address is in {}, its GSTIN of another State", address.name));
        }
        if !pin.may_be_in(state) {
            return Err(format!("the {who}'s PIN {code:?} is of {}, its GSTIN of {}", pin.names(), state.name));
        }
        pin.number()
    };
    Ok(Trader {
        gstin: gstin.to_owned(),
        lgl_nm: text(who, "name", &party.name, 3, 100)?,
        pos: None,
        addr1: text(who, "address", &party.address, 1, 100)?,
        loc: text(who, "town", &party.city, 3, 50)?,
        pin,
        stcd: state.code,
    })
}

/// A text without the two characters that the portal refuses, cut where it is too long.
fn text(who: &str, what: &str, text: &str, least: usize, most: usize) -> Result<String, String> {
    let plain = one_line(&text.replace('"', "'").replace('\\', "/"));
    let cut: String = plain.chars().take(most).collect();
    let cut = cut.trim_end().to_owned();
    if cut.chars().count() >= least {
        return Ok(cut);
    }
    Err(format!("the {who}'s {what} {cut:?} has less than {least} characters"))
}

/// The lines of one services accounting code and rate: what is charged, what is given back, and the tax on both.
#[derive(Default)]
struct Sum<'a> {
    classes: Vec<&'a str>,
    charged: Amount,
    refunded: Amount,
    igst: Amount,
    cgst: Amount,
    sgst: Amount,
}

/// One item for each services accounting code and rate, with what they come to: the portal knows no negative lines, so what is
/// given back is a discount on what is charged under the same code.
fn items(invoice: &Invoice) -> Result<(Vec<Item>, Amount), String> {
    let mut sums: BTreeMap<(&str, String), Sum<'_>> = BTreeMap::new();
    for line in &invoice.lines {
        let sac = line.tax.sac.as_deref().ok_or("a line has no services accounting code")?;
        let percent = line.tax.percent.map(|percent| percent.to_string()).unwrap_or_default();
        let sum = sums.entry((sac, percent)).or_default();
        if !sum.classes.contains(&line.class.as_str()) {
            sum.classes.push(&line.class);
        }
        let part = if line.amount.is_negative() { &mut sum.refunded } else { &mut sum.charged };
        *part += line.amount.abs();
        for (head, _, amount) in &line.tax.heads {
            match head {
                TaxHead::Igst => sum.igst += *amount,
                TaxHead::Cgst => sum.cgst += *amount,
                TaxHead::Sgst | TaxHead::Utgst => sum.sgst += *amount,
                TaxHead::Plain => return Err("a line owes a tax that is not GST".to_owned()),
            }
        }
    }
    let mut printed = Amount::ZERO;
    let mut items = Vec::new();
    for (place, ((sac, percent), sum)) in (1..).zip(sums) {
        let net = sum.charged - sum.refunded;
        let total = net + sum.igst + sum.cgst + sum.sgst;
        if [net, sum.igst, sum.cgst, sum.sgst].iter().any(|amount| amount.is_negative()) {
            return Err(format!("more is given back under code {sac} than is charged"));
        }
        printed += total;
        items.push(Item {
            sl_no: format!("{place}"),
            // At least three characters, however short the class.
            prd_desc: format!("Telephony: {}", sum.classes.join(", ")).chars().take(300).collect(),
            is_servc: "Y",
            hsn_cd: sac.to_owned(),
            unit_price: number(decimal_text(sum.charged, 3))?,
            tot_amt: rupees(sum.charged)?,
            discount: rupees(sum.refunded)?,
            ass_amt: rupees(net)?,
            gst_rt: number(percent)?,
            igst_amt: rupees(sum.igst)?,
            cgst_amt: rupees(sum.cgst)?,
            sgst_amt: rupees(sum.sgst)?,
            tot_item_val: rupees(total)?,
        });
    }
    Ok((items, printed))
}

/// Rupees and paise as a number.
fn rupees(amount: Amount) -> Result<Number, String> {
    number(decimal_text(amount, 2))
}

/// Exact decimal text as a JSON number: it never becomes a binary float here.
fn number(text: String) -> Result<Number, String> {
    RawValue::from_string(text).map_err(|refused| refused.to_string())
}
