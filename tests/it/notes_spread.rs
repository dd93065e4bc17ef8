//! Credits that one invoice cannot take: spread over the customer's invoices, each note within what is left of the one that it
//! names, and held where all of them are used up, until a later close can give them.

use tieout::invoice::{InvoiceTerms, IssuedNote, NoteReason, RateCard};
use tieout::run::{Closed, close, explain, recheck::Rechecking, verify};
use tieout::watch::Nobody;

use crate::recheck_desk::{Books, Desk, Row, ledger};

/// GST within Karnataka, every paisa as it is.
pub(crate) fn gst() -> InvoiceTerms {
    gst_with("")
}

/// The same, with more.
pub(crate) fn gst_with(more: &str) -> InvoiceTerms {
    let supplier = "[supplier]\nname = 'Sagar'\naddress = '4 Museum Road'\ngstin = '29AAFCS4821K1Z1'";
    InvoiceTerms::parse(&format!("regime = 'gst'\n{more}\n{supplier}")).unwrap()
}

/// Bills at cost.
pub(crate) const AT_COST: &str = "";

/// A partner with one customer, whose months are closed by one card and under one regime.
pub(crate) struct Account {
    pub(crate) desk: Desk,
    pub(crate) terms: InvoiceTerms,
    card: RateCard,
    /// Whether every export is asked for.
    exports: bool,
    /// Entries posted, for their ids.
    posted: std::cell::Cell<u32>,
}

impl Account {
    pub(crate) async fn open(terms: InvoiceTerms, card: &str) -> Self {
        let mut books = Books { live: true, ..Books::default() };
        books.ledgers.insert(ledger("MA_1"), Vec::new());
        books.ledgers.insert("transactions".to_owned(), Vec::new());
        let card = RateCard::parse(card).unwrap();
        Self { desk: Desk::open(books).await, terms, card, exports: false, posted: std::cell::Cell::new(0) }
    }

    /// Posts a call on a day, or, below zero, a refund; gives its id.
    pub(crate) fn post(&self, day: &str, amount: &str) -> String {
        let number = self.posted.get() + 1;
        self.posted.set(number);
        let id = format!("e{number}");
        let row = Row::call(&id, "MA_1", amount.trim_start_matches('-'), &format!("{day}T10:00:00Z"));
        let refund = |row| Row {
            kind: "credit".to_owned(),
            description: "Refund: call quality".to_owned(),
            reference: None,
            ..row
        };
        self.desk.books().post(&if amount.starts_with('-') { refund(row) } else { row });
        id
    }

    /// Posts an entry of a month whose successor is closed next: the wallet shows nothing of it.
    pub(crate) fn post_late(&self, day: &str, amount: &str) -> String {
        let id = self.post(day, amount);
        self.desk.books().unmoved.insert(id.clone());
        id
    }

    /// Takes half off whatever came late in a month.
    pub(crate) fn lower_what_came_late(&self, month: &str) {
        let mut books = self.desk.books();
        for id in books.unmoved.clone() {
            books.change(&id, |row| {
                if row.created_at.starts_with(month) {
                    row.amount =
                        tieout::domain::Amount::from_units(row.amount().units() / 2_000_000 * 1_000_000).to_string();
                }
            });
        }
    }

    fn request(&self, month: &str) -> tieout::run::Request {
        let (year, number) = month.split_once('-').unwrap();
        let (year, number): (i32, u32) = (year.parse().unwrap(), number.parse().unwrap());
        let (year, next) = if number == 12 { (year + 1, 1) } else { (year, number + 1) };
        let mut request = self.desk.request_of(month, month, &format!("{year}-{next:02}-10"));
        request.terms.invoice = self.terms.clone();
        request.terms.rate_card = self.card.clone();
        if self.exports {
            request.terms.export = crate::exports::all("");
        }
        request
    }

    /// Closes a month, on the tenth of the next.
    pub(crate) async fn close(&self, month: &str) -> Closed {
        close(&self.request(month), &Nobody).await.unwrap().0
    }

    /// The first run of a month verifies.
    pub(crate) fn verify(&self, month: &str) {
        assert_eq!(
            verify(&self.desk.path(month), None, None, &Nobody).unwrap().faults,
            Vec::<String>::new(),
            "{month}"
        );
    }

    pub(crate) async fn recheck(&self, month: &str) -> Rechecking {
        tieout::run::recheck::recheck(&self.request(month), &Nobody).await.unwrap().0.rechecking
    }
}

/// The documents of a close and what it holds, one a line.
fn told(closed: &Closed) -> String {
    let billing = &closed.settled.billing;
    let invoices =
        billing.invoices.iter().map(|it| format!("{} {} + tax {} = {}", it.number, it.taxable(), it.tax, it.total));
    let note = |note: &IssuedNote| {
        let (it, of) = (&note.document, &note.corrects.number);
        let why = match &note.reason {
            NoteReason::Refunds => "refunds",
            NoteReason::Recheck { .. } => "recheck",
            NoteReason::Held { .. } => "held",
        };
        format!("{} to {of}, {why}: {} + tax {} = {}", it.number, it.taxable(), it.tax, it.total)
    };
    let held = billing.held.iter().map(|it| format!("held {}: {}", it.cost_base, it.reason));
    invoices.chain(billing.notes.iter().map(note)).chain(held).collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refund_above_the_last_invoice_is_spread_over_the_earlier_ones_newest_first() {
    let it = Account::open(gst(), AT_COST).await;
    it.post("2026-01-05", "900");
    it.close("2026-01").await;
    it.post("2026-02-05", "300");
    it.close("2026-02").await;
    it.post("2026-03-05", "100");
    it.post("2026-03-06", "-600");
    let march = it.close("2026-03").await;
    insta::assert_snapshot!("newest_first", told(&march));
    for id in ["CN-000001", "CN-000001/1", "CN-000002/1"] {
        let text = explain(&march.folder, None, id, &Nobody).unwrap();
        assert!(
            text.contains("  e4") && text.contains("by CN-000001 to INV-000001, CN-000002 to INV-000002"),
            "{text}"
        );
    }
    assert!(explain(&march.folder, None, "CN-000001/2", &Nobody).is_err());
    assert!(it.recheck("2026-03").await.notes.is_empty(), "nothing is left to be proposed");
    it.verify("2026-03");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_exceeds_all_invoices_waits_for_the_next_and_the_usage_is_billed() {
    let it = Account::open(gst(), AT_COST).await;
    let mut text = String::new();
    let months = [
        ("2026-01", "100"),
        ("2026-02", "50"),
        ("2026-02", "0"),
        ("2026-03", "200"),
        ("2026-04", "100"),
        ("2026-05", "10"),
    ];
    for (month, usage) in months {
        if usage != "0" {
            it.post(&format!("{month}-05"), usage);
        }
        if usage == "50" {
            it.post("2026-02-06", "-400");
        }
        text += &format!("{month}\n{}\n", told(&it.close(month).await));
    }
    insta::assert_snapshot!("waits", text);
    for month in ["2026-02", "2026-03"] {
        it.verify(month);
        assert!(it.recheck(month).await.notes.is_empty(), "{month}");
    }
}

/// What the issue gives as its first case: 822.00 were invoiced, then 5,000.00 are given back for the sealed month.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_that_a_recheck_proposes_is_within_its_invoice_too() {
    let it = Account::open(gst(), "[markup]\ndefault = '20'").await;
    it.post("2025-12-05", "100");
    it.close("2025-12").await;
    it.post("2026-01-05", "580.51");
    let january = it.close("2026-01").await;
    let late = it.post_late("2026-01-20", "-5000");
    it.post("2026-02-05", "10");
    let recheck = it.recheck("2026-01").await;
    let proposed = &recheck.notes[0];
    let february = it.close("2026-02").await;
    let note = format!("{} {} of it beyond {}", proposed.amount(), recheck.notes.len(), proposed.beyond);
    let again = it.recheck("2026-01").await;
    insta::assert_snapshot!("within_its_invoice", format!("{}\n{note}\n{}", told(&january), told(&february)));
    assert!(again.notes.is_empty(), "{:?}", again.notes);
    // What is refunded less after all is charged again, and what waits goes on the invoice that has something left for it.
    it.desk.books().change(&late, |row| row.amount = "3000".to_owned());
    it.recheck("2026-01").await;
    let march = it.close("2026-03").await;
    insta::assert_snapshot!("refunded_less", told(&march));
    assert!(it.recheck("2026-01").await.notes.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn several_notes_together_never_exceed_their_invoice() {
    let it = Account::open(gst(), AT_COST).await;
    it.post("2026-01-05", "160");
    it.close("2026-01").await;
    // 177.00 by a recheck and 70.80 of refunds, and 188.80 were invoiced.
    it.post_late("2026-01-20", "-150");
    it.post("2026-02-05", "1");
    it.post("2026-02-20", "-61");
    it.recheck("2026-01").await;
    let february = it.close("2026-02").await;
    insta::assert_snapshot!("together", told(&february));
    let papers: Vec<&str> = february.settled.papers.iter().map(|it| it.name.as_str()).collect();
    assert!(
        ["CN-000001", "CN-000002", "CN-000003"].iter().all(|it| papers.contains(&format!("notes/{it}.html").as_str()))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_counts_the_notes_of_earlier_runs_of_the_month_and_debit_notes() {
    let it = Account::open(gst(), AT_COST).await;
    it.post("2026-01-05", "130");
    it.close("2026-01").await;
    it.post("2026-02-05", "-30");
    it.close("2026-02").await;
    // Another refund of the month, of which the recheck knows, in a further run: 153.40 less 35.40 are left.
    it.post_late("2026-02-06", "-120");
    it.recheck("2026-02").await;
    let march = it.close("2026-03").await;
    insta::assert_snapshot!("earlier_runs", told(&march));
    // 59.00 more are charged for January: then as much can be given back.
    it.post_late("2026-01-06", "50");
    it.recheck("2026-01").await;
    it.post("2026-04-05", "-20");
    let april = it.close("2026-04").await;
    insta::assert_snapshot!("debit_notes", told(&april));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_of_which_only_a_credit_note_is_given_is_no_invoice() {
    let it = Account::open(gst(), AT_COST).await;
    it.post("2026-01-05", "100");
    it.close("2026-01").await;
    it.post("2026-02-05", "-30");
    let february = told(&it.close("2026-02").await);
    // More is given back, and usage comes late.
    it.post("2026-02-06", "-20");
    it.post("2026-02-07", "40");
    let notes = it.recheck("2026-02").await.notes;
    let proposed: Vec<String> = notes
        .iter()
        .map(|it| {
            format!("{:?} {:?} of {:?}: {}", it.status, it.kind, it.invoice.as_ref().map(|it| &it.0), it.amount())
        })
        .collect();
    let further = told(&it.close("2026-02").await);
    let march = told(&it.close("2026-03").await);
    insta::assert_snapshot!("no_invoice", format!("{february}\n{}\n{further}\n{march}", proposed.join("\n")));
    let again = it.recheck("2026-02").await.notes;
    assert!(again.is_empty(), "{again:?}");
    for run in ["2026-02", "2026-02.r2", "2026-03"] {
        it.verify(run);
    }
}

/// A registered customer, whose two notes of one close go to every program.
#[tokio::test(flavor = "multi_thread")]
async fn every_export_takes_several_notes_of_one_customer() {
    let party = "name = 'Bela'\naddress = '1 MG Road'\ncity = 'Bengaluru'\nstate = 'KA'\npostal_code = '560001'";
    let terms = InvoiceTerms::parse(&format!(
        "regime = 'gst'\n[supplier]\n{party}\ngstin = '29AAFCS4821K1Z1'\n[customers.MA_1]\n{party}\ngstin = '29AAGCB7383J1Z4'"
    ));
    let it = Account { exports: true, ..Account::open(terms.unwrap(), AT_COST).await };
    it.post("2026-01-05", "900");
    it.close("2026-01").await;
    it.post("2026-02-05", "300");
    it.close("2026-02").await;
    it.post("2026-03-06", "-600");
    let march = it.close("2026-03").await;
    it.verify("2026-03");
    let paper = |name: &str| {
        let found = march.settled.papers.iter().find(|it| it.name == format!("exports/{name}")).unwrap();
        String::from_utf8(found.bytes.clone()).unwrap()
    };
    let registered: serde_json::Value = serde_json::from_str(&paper("e-invoice.json")).unwrap();
    let named =
        |it: &serde_json::Value| format!("{} {}", it["DocDtls"]["No"], it["RefDtls"]["PrecDocDtls"][0]["InvNo"]);
    let named: Vec<String> = registered.as_array().unwrap().iter().map(named).collect();
    assert_eq!(named, ["\"CN-000001\" \"INV-000001\"", "\"CN-000002\" \"INV-000002\""]);
    for (name, of) in [
        ("tally-inr.xml", "CN-00000"),
        ("close.journal", "credit note CN-00000"),
        ("close.beancount", "credit note CN-00000"),
    ] {
        let text = paper(name);
        assert!(text.contains(&format!("{of}1")) && text.contains(&format!("{of}2")), "{name}: {text}");
    }
    let zoho = paper("zoho-credit-notes.csv");
    assert!(zoho.lines().any(|line| line.starts_with("CN-000001,") && line.contains(",INV-000001,")), "{zoho}");
    assert!(zoho.lines().any(|line| line.starts_with("CN-000002,") && line.contains(",INV-000002,")), "{zoho}");
}
