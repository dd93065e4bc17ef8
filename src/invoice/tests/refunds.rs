//! Refunds: on the invoice of their month, or on a credit note; on exactly one of them.

use std::collections::BTreeMap;

use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::{any_rates, any_tied, charge, customers, invoices_of, numbering, one, priced};
use crate::domain::{Amount, Direction};
use crate::invoice::bill::bill;
use crate::invoice::{
    Billing, Corrected, Corrections, InvoiceLine, InvoiceTerms, LastInvoice, LineKind, NoteKind, NoteReason, Numbering,
    Pricing, RateCard, SupplyKind, lines,
};

/// Every account was billed in every currency the month before.
fn billed_before(tied: &[super::Tied]) -> Numbering {
    let last = |it: &super::Tied| LastInvoice {
        account: it.account.clone(),
        currency: it.currency,
        invoice: Corrected {
            number: format!("OLD-{}", it.account),
            date: "2026-02-03".parse().unwrap(),
            run: "2026-02".to_owned(),
        },
        gstin: None,
        place: None,
        supply: SupplyKind::Untaxed,
        left: None,
        taxable_left: None,
        tax_left: Vec::new(),
    };
    Numbering {
        corrections: Corrections { last: tied.iter().map(last).collect(), ..Corrections::default() },
        ..numbering(1)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(53), failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever is charged and given back: each line stands on one document, no invoice comes to less than zero, each note
    /// gives something back and holds refunds alone, and together they come to what the lines come to.
    #[test]
    fn each_line_is_on_one_document(tied in any_tied(), rates in any_rates(), always in any::<bool>()) {
        let card = rates.card();
        let terms = InvoiceTerms::parse(if always { "refunds = 'notes'" } else { "" }).unwrap();
        let pricing = Pricing { terms: &terms, ..priced(&card) };
        let billing = bill(customers(&tied), &[], (&[], &[]), &pricing, &billed_before(&tied)).unwrap();
        for (tied, customer) in tied.iter().zip(customers(&tied)) {
            let mut due = lines::of(&customer, &card).unwrap();
            let invoices = invoices_of(&billing, tied);
            let notes = billing.notes.iter().map(|note| (note, &note.document));
            let notes: Vec<_> = notes.filter(|(_, it)| it.account == tied.account && it.currency == tied.currency).collect();
            if billing.held.iter().any(|it| it.account == tied.account && it.currency == tied.currency) {
                // Only what rounds to nothing.
                prop_assert!(invoices.is_empty() && notes.is_empty());
                let refunded: Amount = due.iter().filter(|it| it.kind == LineKind::Refund).map(|it| it.amount).sum();
                prop_assert!(refunded.is_zero());
                continue;
            }
            prop_assert!(invoices.len() <= 1 && notes.len() <= 1);
            let documents = || invoices.iter().copied().chain(notes.iter().map(|(_, it)| *it));
            let mut given: Vec<InvoiceLine> = documents().flat_map(|it| it.lines.clone()).collect();
            let key = |it: &InvoiceLine| (it.kind, it.class.clone(), it.description.clone(), it.amount);
            due.sort_by_key(key);
            given.sort_by_key(key);
            prop_assert_eq!(&given, &due);
            let total: Amount = documents().map(|it| it.total).sum();
            prop_assert_eq!(total, due.iter().map(|it| it.amount).sum::<Amount>());
            prop_assert!(invoices.iter().all(|it| !it.total.is_negative()));
            for (note, it) in &notes {
                prop_assert!(it.lines.iter().all(|line| line.kind == LineKind::Refund));
                prop_assert_eq!(note.kind(), NoteKind::Credit);
                let own = invoices.iter().any(|it| it.number == note.corrects.number);
                let before = format!("OLD-{}", tied.account);
                prop_assert!(own || note.corrects.number == before);
                prop_assert!(!own || always, "netted where it is covered");
            }
            if always {
                prop_assert!(invoices.iter().flat_map(|it| &it.lines).all(|line| line.kind != LineKind::Refund || line.amount.is_zero()));
            }
        }
        // Numbers run on without a gap, whoever they are for.
        let mut counts = BTreeMap::new();
        for note in &billing.notes {
            let count = counts.entry(note.kind()).or_insert(0);
            *count += 1;
            let series = if note.kind() == NoteKind::Credit { "CN" } else { "DN" };
            prop_assert_eq!(&note.document.number, &format!("{series}-{count:06}"));
        }
    }
}

#[test]
fn a_note_names_the_invoice_before_and_takes_its_supply() {
    let tied = one(vec![charge("call", Direction::Debit, "2"), charge("refund", Direction::Credit, "5")]);
    let billing =
        bill(customers(&tied), &[], (&[], &[]), &priced(&RateCard::default()), &billed_before(&tied)).unwrap();
    let note = &billing.notes[0];
    assert_eq!((billing.invoices.len(), billing.notes.len(), billing.held.len()), (1, 1, 0));
    assert_eq!((note.corrects.number.as_str(), &note.reason), ("OLD-MA_1", &NoteReason::Refunds));
    assert_eq!(billing.invoices[0].total.to_string(), "2.00");
    assert_eq!(
        (note.document.total.to_string(), note.shown().total.to_string()),
        ("-5.00".to_owned(), "5.00".to_owned())
    );
}

/// Each note: the invoice that it names, and what it comes to; then what is held.
fn told(billing: &Billing) -> String {
    let notes = billing.notes.iter().map(|note| {
        let (of, it) = (&note.corrects.number, &note.document);
        format!("{} to {of}: {} + tax {} = {}", it.number, it.taxable(), it.tax, it.total)
    });
    let held = billing.held.iter().map(|it| format!("held at cost {}: {}", it.cost_base, it.reason));
    notes.chain(held).collect::<Vec<_>>().join("\n")
}

#[test]
fn no_more_is_given_back_than_is_left_of_the_invoice_that_a_note_names() {
    let tied = one(vec![charge("call", Direction::Debit, "2"), charge("refund", Direction::Credit, "5")]);
    let given = |left: &str| {
        let mut before = billed_before(&tied);
        before.corrections.last[0].left = Some(left.parse().unwrap());
        bill(customers(&tied), &[], (&[], &[]), &priced(&RateCard::default()), &before).unwrap()
    };
    assert_eq!(told(&given("5.00")), "CN-000001 to OLD-MA_1: -5.00 + tax 0.00 = -5.00");
    assert!(given("5.00").credits.is_empty());
    // What the earlier invoice cannot take goes on the month's own, which bills the usage; what exceeds both is held.
    let given = [given("4.99"), given("1.00")];
    insta::assert_snapshot!(given.each_ref().map(told).join("\n---\n"), @r"
    CN-000001 to INV-000001: -0.01 + tax 0.00 = -0.01
    CN-000002 to OLD-MA_1: -4.99 + tax 0.00 = -4.99
    ---
    CN-000001 to INV-000001: -2.00 + tax 0.00 = -2.00
    CN-000002 to OLD-MA_1: -1.00 + tax 0.00 = -1.00
    held at cost -2.00: 2.00 INR without tax is still to be given back: credit notes can name no more than is left of the customer's invoices, 0.00 INR
    ");
    let rests =
        given.each_ref().map(|it| it.credits[0].rest.iter().map(|line| line.amount).sum::<Amount>().to_string());
    assert_eq!(rests, ["0.00", "-2.00"]);
    assert!(given.iter().all(|it| it.invoices[0].total.to_string() == "2.00"));
}

#[test]
fn tax_that_rounds_below_nothing_makes_no_invoice() {
    let supplier = "[supplier]\nname = 'Sagar'\naddress = '4 Museum Road'\ngstin = '29AAFCS4821K1Z1'";
    let terms = InvoiceTerms::parse(&format!("regime = 'gst'\n{supplier}")).unwrap();
    let card = RateCard::default();
    let pricing = Pricing { terms: &terms, ..priced(&card) };
    // Five paise owe no tax under a head, ten give a paisa back under each: more than was charged is not given back.
    let charged = |class| charge(class, Direction::Debit, "0.05");
    let tied = one(vec![charged("call"), charged("streaming"), charge("refund", Direction::Credit, "0.10")]);
    let billing = bill(customers(&tied), &[], (&[], &[]), &pricing, &numbering(1)).unwrap();
    assert_eq!(billing.invoices[0].total.to_string(), "0.10");
    assert_eq!(told(&billing), "CN-000001 to INV-000001: -0.10 + tax 0.00 = -0.10");
}
