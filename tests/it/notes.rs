//! Credit and debit notes that a close gives: what rechecks have proposed, and refunds that no invoice of the month can take.

use std::collections::BTreeSet;

use tieout::invoice::{InvoiceTerms, IssuedNote, NoteKind, NoteReason, RateCard, TaxHead};
use tieout::register::Forgotten;
use tieout::run::{Closed, close, explain, forget, verify};
use tieout::watch::Nobody;

use crate::recheck_desk::{Books, Desk, Row, quiet};

/// GST in Karnataka, rounded off to the rupee; `more` besides.
pub(crate) fn gst(more: &str) -> InvoiceTerms {
    InvoiceTerms::parse(&format!(
        "regime = 'gst'\nround_off = true\n{more}\n[supplier]\nname = 'Sagar'\naddress = '4 Museum Road'\ngstin = '29AAFCS4821K1Z1'"
    ))
    .unwrap()
}

/// Closes a month under terms, the evidence read on the tenth of the month after.
pub(crate) async fn closed(desk: &Desk, month: &str, run: &str, terms: &InvoiceTerms) -> Closed {
    let day = if month == "2026-03" { "2026-04-10" } else { "2026-05-10" };
    let mut request = desk.request_of(month, run, day);
    request.terms.invoice = terms.clone();
    close(&request, &Nobody).await.unwrap().0
}

pub(crate) fn refund(id: &str, account: &str, amount: &str, created_at: &str) -> Row {
    Row {
        kind: "credit".to_owned(),
        description: "Refund: call quality".to_owned(),
        reference: None,
        ..Row::call(id, account, amount, created_at)
    }
}

/// Each note: number, account, corrected invoice, taxable, total, round-off.
fn told(notes: &[IssuedNote]) -> String {
    let one = |note: &IssuedNote| {
        let it = &note.document;
        let of = &note.corrects;
        format!(
            "{} {} of {} ({}): {} + CGST {} + SGST {} + round-off {} = {}",
            it.number,
            it.account,
            of.number,
            of.date,
            it.taxable(),
            it.owed(TaxHead::Cgst),
            it.owed(TaxHead::Sgst),
            it.round_off,
            it.total
        )
    };
    notes.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// Opens a desk whose March is sealed, then enters an entry late, makes one less and takes one out.
async fn changed_after_the_seal(terms: &InvoiceTerms) -> Desk {
    let desk = Desk::open(quiet()).await;
    closed(&desk, "2026-03", "2026-03", terms).await;
    let mut books = desk.books();
    books.post(&Row::call("late", "MA_1", "100", "2026-03-30T18:00:00Z"));
    books.change("e-MA_2-4", |row| row.amount = "1.04".to_owned());
    books.remove("e-MA_3-3");
    drop(books);
    desk
}

/// A close that gives notes of both kinds.
pub(crate) async fn given() -> Closed {
    let terms = gst("");
    let desk = changed_after_the_seal(&terms).await;
    desk.recheck("2026-03").await;
    closed(&desk, "2026-04", "2026-04", &terms).await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_recheck_proposes_the_next_close_gives_once() {
    let terms = gst("");
    let desk = changed_after_the_seal(&terms).await;
    let proposed = desk.recheck("2026-03").await.rechecking.notes;
    let april = closed(&desk, "2026-04", "2026-04", &terms).await;
    let notes = &april.settled.billing.notes;
    insta::assert_snapshot!("proposed", told(notes));
    // What the customer owes after the note is what an invoice of the month as it is now would have come to.
    for (note, proposal) in notes.iter().zip(&proposed) {
        assert_eq!(note.document.total, proposal.amount());
        assert_eq!(proposal.due - proposal.invoiced, note.document.total);
        assert_eq!(note.document.total.to_string().split_once('.').map_or("00", |it| it.1), "00", "whole rupees");
        assert!(
            matches!(&note.reason, NoteReason::Recheck { proposal: id, recheck } if *id == proposal.id && recheck == "2026-03.recheck")
        );
    }
    let names: BTreeSet<&str> = april.settled.papers.iter().map(|it| it.name.as_str()).collect();
    for name in ["notes.csv", "note_lines.csv", "notes/CN-000001.html", "notes/CN-000002.json", "notes/DN-000001.html"]
    {
        assert!(names.contains(name), "{name} is missing");
    }
    // What is given back stands above zero, with the invoice that it corrects, and no day on which it is due.
    let page = april.settled.papers.iter().find(|it| it.name == "notes/CN-000001.html").unwrap();
    let page = std::str::from_utf8(&page.bytes).unwrap();
    for said in ["<h1>Credit note</h1>", "VB/26/00002", ">62.50<", "INR 74.00", "Rupees Seventy"] {
        assert!(page.contains(said), "{said}: {page}");
    }
    assert!(!page.contains("-62.50") && !page.contains("<dt>Due</dt>") && !page.contains("Tax invoice"), "{page}");
    assert_eq!(verify(&april.folder, None, None, &Nobody).unwrap().faults, Vec::<String>::new());
    let text = explain(&april.folder, None, "CN-000001", &Nobody).unwrap();
    assert!(text.contains(&format!("tieout explain 2026-03.recheck {}", proposed[1].id)), "{text}");
    // Nobody gets a note twice: not by a further run, nor by a recheck that was made before it.
    let again = closed(&desk, "2026-04", "2026-04", &terms).await;
    assert_eq!(again.folder, desk.path("2026-04.r2"));
    assert_eq!(told(&again.settled.billing.notes), "");
    // A recheck knows what the notes have corrected: it finds the same, and has nothing to propose.
    let after = desk.recheck("2026-03").await;
    assert!(!after.unchanged_since && !after.rechecking.rechecked.findings.is_empty());
    assert!(after.rechecking.notes.is_empty(), "{:?}", after.rechecking.notes);
    // What changes after the note is proposed beyond it, and given under the next number.
    desk.books().change("e-MA_2-5", |row| row.amount = "2".to_owned());
    let further = desk.recheck("2026-03").await.rechecking.notes;
    assert_eq!(further.len(), 1);
    assert_eq!(further[0].corrected_by, ["CN-000001"]);
    let third = closed(&desk, "2026-04", "2026-04", &terms).await;
    let given = &third.settled.billing.notes;
    assert_eq!(given.iter().map(|it| it.document.number.as_str()).collect::<Vec<_>>(), ["CN-000003"]);
    assert_eq!(given[0].document.total, further[0].amount());
    assert!(desk.recheck("2026-03").await.rechecking.notes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_note_waits_while_its_account_does_not_tie_out_and_a_lost_recheck_gives_nothing_again() {
    let terms = gst("");
    let desk = changed_after_the_seal(&terms).await;
    // In one book alone: the account does not tie out now.
    desk.books().ledgers.get_mut("transactions").unwrap().retain(|row| row.id != "e-MA_2-6");
    desk.recheck("2026-03").await;
    let april = closed(&desk, "2026-04", "2026-04", &terms).await;
    let of: Vec<&str> = april.settled.billing.notes.iter().map(|it| it.document.account.as_str()).collect();
    assert_eq!(of, ["MA_1", "MA_3"]);
    // The recheck that proposed them is the last there is again: the same is not given a second time.
    desk.recheck("2026-03").await;
    std::fs::remove_dir_all(desk.path("2026-03.recheck2")).unwrap();
    let why = Forgotten { because: "deleted".to_owned(), by: None, at: String::new() };
    forget((&desk.path(""), &desk.path(""), None), "2026-03.recheck2", &why).unwrap();
    assert_eq!(told(&closed(&desk, "2026-04", "2026-04", &terms).await.settled.billing.notes), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_further_run_of_the_month_drops_no_proposal() {
    let terms = gst("");
    let desk = changed_after_the_seal(&terms).await;
    let proposed = desk.recheck("2026-03").await.rechecking.notes;
    assert_eq!(closed(&desk, "2026-03", "2026-03", &terms).await.folder, desk.path("2026-03.r2"));
    let april = closed(&desk, "2026-04", "2026-04", &terms).await.settled.billing.notes;
    assert!(!proposed.is_empty() && april.len() == proposed.len(), "{}", told(&april));
    // Rechecked itself, the further run has nothing left to propose.
    assert!(desk.recheck("2026-03").await.rechecking.notes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_beyond_the_charges_are_a_credit_note_to_the_invoice_before() {
    let terms = gst("");
    // 4.75 of usage in April, 199.00 for the platform and the rest to the minimum.
    let give_back = |desk: &Desk| {
        desk.books().post(&refund("back", "MA_1", "400", "2026-04-20T10:00:00Z"));
        desk.books().post(&refund("little", "MA_2", "1", "2026-04-20T10:00:00Z"));
    };
    // Nothing before: nothing that a note could name.
    let desk = Desk::open(quiet()).await;
    give_back(&desk);
    let first = closed(&desk, "2026-04", "2026-04", &terms).await.settled.billing;
    // The usage is billed, its invoice is taken back, and what exceeds it waits.
    let reasons: Vec<_> = first.held.iter().map(|it| format!("{} {}: {}", it.account, it.reason, it.hint)).collect();
    insta::assert_snapshot!("nothing_before", format!("{}\n{}", told(&first.notes), reasons.join("\n")));
    let desk = Desk::open(Books { live: true, ..quiet() }).await;
    closed(&desk, "2026-03", "2026-03", &terms).await;
    give_back(&desk);
    let april = closed(&desk, "2026-04", "2026-04", &terms).await;
    let billing = &april.settled.billing;
    insta::assert_snapshot!("refunds", told(&billing.notes));
    assert!(billing.held.is_empty(), "{:?}", billing.held);
    assert_eq!(billing.notes[0].kind(), NoteKind::Credit);
    let kinds = |account: &str| -> Vec<String> {
        let own = billing.invoices.iter().filter(|it| it.account == account);
        own.flat_map(|it| &it.lines).map(|line| format!("{:?} {}", line.kind, line.amount)).collect()
    };
    insta::assert_debug_snapshot!("charges_and_refunds", (kinds("MA_1"), kinds("MA_2")));
    assert_eq!(verify(&april.folder, None, None, &Nobody).unwrap().faults, Vec::<String>::new());
    assert!(explain(&april.folder, None, "CN-000001", &Nobody).unwrap().contains("  back"), "its entries are named");
    // A further run bills nobody again, and a recheck finds the month billed as it is.
    let again = closed(&desk, "2026-04", "2026-04", &terms).await.settled.billing;
    assert!(again.notes.is_empty() && again.invoices.is_empty());
    assert!(
        again.held.iter().all(|it| it.reason.starts_with("billed already") && !it.reason.contains("now")),
        "{:?}",
        again.held
    );
    let rechecked = tieout::run::recheck::recheck(&desk.request_of("2026-04", "2026-04", "2026-05-12"), &Nobody).await;
    let rechecked = rechecked.unwrap().0.rechecking;
    assert!(rechecked.notes.is_empty(), "{:?}", rechecked.notes);
}

#[tokio::test(flavor = "multi_thread")]
async fn refunds_are_notes_always_where_the_settings_say_so() {
    let terms = gst("refunds = 'notes'");
    let desk = Desk::open(quiet()).await;
    desk.books().post(&refund("back", "MA_1", "40", "2026-03-20T10:00:00Z"));
    let march = closed(&desk, "2026-03", "2026-03", &terms).await;
    let billing = &march.settled.billing;
    insta::assert_snapshot!("always", told(&billing.notes));
    assert!(billing.invoices.iter().flat_map(|it| &it.lines).all(|line| !line.amount.is_negative()));
    assert_eq!(verify(&march.folder, None, None, &Nobody).unwrap().faults, Vec::<String>::new());
    let rechecked = desk.recheck("2026-03").await.rechecking;
    assert!(rechecked.notes.is_empty(), "{:?}", rechecked.notes);
}

#[test]
fn no_number_can_be_an_invoices_and_a_notes() {
    let refused = |text: &str| RateCard::parse(text).unwrap_err().to_string();
    assert_eq!(
        refused("[series]\nprefix = 'CN-'"),
        "line 1, column 1: credit_notes.prefix: \"CN-\" could give a number of series as well, expected one that begins otherwise"
    );
    assert!(
        refused("[credit_notes]\nprefix = 'N-'\n[debit_notes]\nprefix = 'N-20'")
            .contains("could give a number of credit_notes")
    );
    assert!(refused("[debit_notes]\nprefix = '-D'").contains("debit_notes: number \"-D000001\" begins with"));
    let card = RateCard::parse("[credit_notes]\nwidth = 4").unwrap();
    let day = "2026-04-10".parse().unwrap();
    assert_eq!(card.credit_notes().number(7, day).unwrap(), "CN-0007");
    assert_eq!(
        (card.credit_notes().place_of("CN-0007", day), card.debit_notes().place_of("CN-0007", day)),
        (Some(7), None)
    );
}
