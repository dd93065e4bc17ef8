//! Files for other programs: what each states of the invoices, and that no text of a customer leaves its field.

use proptest::prelude::*;
use serde_json::Value;
use tieout::cli::{Exit, Failure};
use tieout::domain::{Amount, ChargeClass, Currency, Direction, Figure, Party, sha256};
use tieout::invoice::{
    Billing, Corrected, ExportTerms, Invoice, InvoiceLine, InvoiceTerms, IssuedNote, LineKind, NoteReason,
};
use tieout::reconcile::{Charge, OpeningFrom, Reconciliation, RollForward, WalletCharges, WalletProof};
use tieout::report::{Close, Paper, ReportError, exports};
use tieout::run::RunError;

use crate::cash_report::wallets;
use crate::report::{books, paper};
use crate::schema::faults;
use crate::support::{fixture, provenance};

const ALL: &str = "formats = ['tally', 'zoho', 'xero', 'e-invoice', 'hledger', 'beancount']\n";

pub(crate) fn all(more: &str) -> ExportTerms {
    ExportTerms::parse(&format!("{ALL}{more}")).unwrap()
}

/// The invoicing terms of the demo: GST, in Karnataka, rounded off.
pub(crate) fn gst() -> InvoiceTerms {
    InvoiceTerms::parse(&std::fs::read_to_string(fixture("invoicing/demo.toml")).unwrap()).unwrap()
}

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

pub(crate) fn party(name: &str, state: &str, country: &str, gstin: &str) -> Party {
    let own = ToOwned::to_owned;
    let codes = [("MH", "400 020"), ("TN", "600 002"), ("TG", "500 001")];
    let usual = if country == "AE" { "00000" } else { "570 001" };
    let postal_code = codes.into_iter().find(|it| it.0 == state).map_or(usual, |it| it.1);
    Party {
        name: own(name),
        address: own("12 \"Residency\" \\ Road"),
        city: own("Mysuru"),
        state: own(state),
        postal_code: own(postal_code),
        country: own(country),
        gstin: own(gstin),
        email: own("billing@alpha.example"),
        tds_percent: String::new(),
    }
}

pub(crate) type Line<'a> = (LineKind, &'a str, &'a str, &'a str);

/// An invoice with these lines (kind, class, cost, amount), made out as the terms say.
pub(crate) fn invoice(terms: &InvoiceTerms, number: &str, account: &str, party: &Party, lines: &[Line<'_>]) -> Invoice {
    let date = "2026-04-03".parse().unwrap();
    let supply = terms.supply(account, party, Currency::INR).unwrap();
    let line = |(kind, class, cost, charged): &Line<'_>| InvoiceLine {
        kind: *kind,
        class: (*class).to_owned(),
        description: format!("{class}, March"),
        entries: 3,
        cost_base: amount(cost),
        markup_percent: None,
        markup: if *kind == LineKind::Fee { Amount::ZERO } else { amount(charged) - amount(cost) },
        amount: amount(charged),
        tax: terms.line(&supply, class, amount(charged), Currency::INR, date).unwrap(),
    };
    let lines: Vec<InvoiceLine> = lines.iter().map(line).collect();
    let sum = |of: fn(&InvoiceLine) -> Amount| lines.iter().map(of).sum::<Amount>();
    let tax = sum(|line| line.tax.amount());
    let owed = sum(|line| line.amount) + tax;
    Invoice {
        number: number.to_owned(),
        account: account.to_owned(),
        name: party.name.clone(),
        currency: Currency::INR,
        cost_base: sum(|line| line.cost_base),
        markup: sum(|line| line.markup),
        fees: sum(|line| if line.kind == LineKind::Fee { line.amount } else { Amount::ZERO }),
        tax,
        total: owed + terms.round_off(owed, Currency::INR),
        round_off: terms.round_off(owed, Currency::INR),
        date,
        due: terms.due(date),
        supply,
        lines,
    }
}

/// One customer registered in the State, one unregistered in another, one abroad, one without a postal code.
fn billing(first: &str) -> Billing {
    let terms = gst();
    let usual = [(LineKind::Usage, "call", "83.35833", "100.03")];
    let many = [
        (LineKind::Usage, "call", "1250.40405", "1500.48"),
        (LineKind::Usage, "streaming", "10", "13.00"),
        (LineKind::Refund, "refund", "-100", "-120.00"),
        (LineKind::Fee, "fee", "0", "499.00"),
    ];
    let unplaced = Party { postal_code: String::new(), ..party("Delta", "KA", "IN", "29AAGCB7383J1Z4") };
    let invoices = vec![
        invoice(&terms, "VB/26/00001", "MA_ALPHA", &party(first, "KA", "IN", "29AAGCB7383J1Z4"), &many),
        invoice(&terms, "VB/26/00002", "MA_BRAVO", &party("=1+1|cmd", "MH", "IN", ""), &usual),
        invoice(&terms, "VB/26/00003", "MA_CHARLIE", &party("Charlie FZE", "Dubai", "AE", ""), &usual),
        invoice(&terms, "VB/26/00004", "MA_DELTA", &unplaced, &usual),
        invoice(&terms, "VB/26/00005", "MA_ECHO", &party("Echo", "TN", "IN", "33AABCT3312J1ZP"), &usual),
    ];
    let credit = [(LineKind::Refund, "refund", "-20", "-24.00"), (LineKind::Usage, "call", "-10.5", "-13.13")];
    let notes = vec![
        note(
            "CN-000001",
            "VB/26/00001",
            invoice(&terms, "", "MA_ALPHA", &party(first, "KA", "IN", "29AAGCB7383J1Z4"), &credit),
        ),
        note(
            "DN-000001",
            "VB/25/00931",
            invoice(&terms, "", "MA_ECHO", &party("Echo", "TN", "IN", "33AABCT3312J1ZP"), &usual),
        ),
    ];
    Billing { invoices, notes, ..Billing::default() }
}

/// The invoices, and what the notes add to theirs.
fn documents(billing: &Billing) -> impl Iterator<Item = &Invoice> {
    billing.invoices.iter().chain(billing.notes.iter().map(|note| &note.document))
}

/// A note that corrects an invoice by what stands on its document.
fn note(number: &str, corrects: &str, document: Invoice) -> IssuedNote {
    let corrects =
        Corrected { number: corrects.to_owned(), date: "2026-04-03".parse().unwrap(), run: "2026-03".to_owned() };
    IssuedNote {
        corrects,
        reason: NoteReason::Refunds,
        part_of: None,
        month: None,
        document: Invoice { number: number.to_owned(), ..document },
    }
}

fn charge(class: &str, direction: Direction, sum: &str) -> Charge {
    Charge { class: ChargeClass(class.to_owned()), direction, entries: 1, amount: amount(sum) }
}

fn charges(account: &str, charges: Vec<Charge>) -> WalletCharges {
    WalletCharges { account: account.to_owned(), currency: Currency::INR, charges }
}

/// The made-up close with its own wallet, whose entries miss the closing by 0.50; a wallet without a proof; one with an
/// account that could be taken for another's.
fn close_of() -> (Reconciliation, Vec<WalletCharges>) {
    let own = RollForward {
        sealed: None,
        opening: amount("9000"),
        from: OpeningFrom::Inception,
        credits: amount("1000"),
        debits: amount("500.00125"),
        live: amount("9500.49875"),
        after_cut_off: Amount::ZERO,
        lowest: amount("9000"),
        lowest_at: String::new(),
        lowest_entry: None,
    };
    let proof = WalletProof {
        account: "PA_1".to_owned(),
        name: "Own".to_owned(),
        currency: Currency::INR,
        before: Figure::Absent,
        after: Figure::Absent,
        rolled: Ok(own),
    };
    let moved = vec![
        charges(
            "MA_ALPHA",
            vec![
                charge("call", Direction::Debit, "970.40"),
                charge("number-rental", Direction::Debit, "250"),
                charge("refund", Direction::Credit, "100"),
                charge("top-up", Direction::Credit, "50"),
                charge("transfer", Direction::Credit, "350"),
                charge("transfer", Direction::Debit, "30"),
                charge("unclassified", Direction::Unclassified, "7"),
            ],
        ),
        charges("MA_A-B", vec![charge("call", Direction::Debit, "1")]),
        charges("MA_A_B", vec![charge("call", Direction::Debit, "2")]),
        charges(
            "PA_1",
            vec![
                charge("number-rental", Direction::Debit, "0.00125"),
                charge("top-up", Direction::Credit, "1000"),
                charge("transfer", Direction::Debit, "500"),
            ],
        ),
    ];
    let mut wallets = wallets();
    wallets.push(proof);
    (Reconciliation { wallets, ..books() }, moved)
}

pub(crate) fn exported(terms: &ExportTerms, billing: &Billing) -> Vec<Paper> {
    let (books, charges) = close_of();
    tried(terms, billing, &books, &charges).unwrap()
}

fn tried(
    terms: &ExportTerms,
    billing: &Billing,
    books: &Reconciliation,
    charges: &[WalletCharges],
) -> Result<Vec<Paper>, ReportError> {
    let (provenance, invoicing) = (provenance(), gst());
    exports(&Close { provenance: &provenance, terms, invoicing: &invoicing, books, billing, charges })
}

pub(crate) fn text(papers: &[Paper], name: &str) -> String {
    String::from_utf8(paper(papers, name).to_vec()).unwrap()
}

#[test]
fn every_file_reads_as_agreed() {
    let terms = all("[ledgers]\ncompany = 'Sagar & Sons'\n[customers]\nMA_ECHO = 'Echo Chennai'\n");
    let papers = exported(&terms, &billing("Alpha \"A\" & <Sons>, Ltd"));
    let names: Vec<&str> = papers.iter().map(|paper| paper.name.as_str()).collect();
    insta::assert_snapshot!(names.join(" "), @"exports/tally-inr.xml exports/zoho.csv exports/zoho-credit-notes.csv exports/xero.csv exports/e-invoice.json exports/e-invoice-irn.json exports/close.journal exports/close.beancount");
    for name in names {
        insta::assert_snapshot!(name.trim_start_matches("exports/"), text(&papers, name));
    }
}

#[test]
fn nothing_is_made_that_is_not_asked_for() {
    assert!(exported(&ExportTerms::default(), &billing("Alpha")).is_empty());
    let one = exported(&ExportTerms::parse("formats = ['hledger', 'hledger']").unwrap(), &billing("Alpha"));
    assert_eq!(one.iter().map(|paper| paper.name.as_str()).collect::<Vec<_>>(), ["exports/close.journal"]);
}

#[test]
fn what_does_not_add_up_is_refused() {
    let (books, charges) = close_of();
    let mut told = Vec::new();
    for format in ["tally", "zoho", "xero", "e-invoice", "hledger", "beancount"] {
        let terms = ExportTerms::parse(&format!("formats = ['{format}']")).unwrap();
        let mut billing = billing("Alpha");
        billing.invoices[0].total += amount("0.01");
        told.push(tried(&terms, &billing, &books, &charges).unwrap_err().to_string());
    }
    let terms = ExportTerms::parse("formats = ['hledger']").unwrap();
    let mut short = close_of().1;
    short[0].charges[0].amount = amount("970.39999999");
    told.push(tried(&terms, &billing("Alpha"), &books, &short).unwrap_err().to_string());
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_text_of_the_rate_card_that_a_spreadsheet_would_run_is_refused() {
    let (books, charges) = close_of();
    let mut billing = billing("Alpha");
    billing.invoices[0].lines[3].description = "=SUM(A1)".to_owned();
    let terms = ExportTerms::parse("formats = ['xero']").unwrap();
    let refused = tried(&terms, &billing, &books, &charges).unwrap_err();
    let place = "exports/xero.csv, row 4, column *Description: \"=SUM(A1)\" begins like a formula";
    assert!(refused.to_string().starts_with(place), "{refused}");
    let failure = Failure::from(RunError::Report(refused));
    assert_eq!(failure.exit, Exit::Usage);
    assert!(failure.hint.unwrap().starts_with("name it otherwise in the rate card"));
}

#[test]
fn customers_of_one_name_are_told_apart() {
    let mut billing = billing("Asha");
    let names = ["Asha", "ASHA", "Asha (MA_ALPHA)", "", "'=Asha"];
    for (invoice, name) in billing.invoices.iter_mut().zip(names) {
        invoice.supply.buyer.name = name.to_owned();
    }
    let xml = text(&exported(&all(""), &billing), "exports/tally-inr.xml");
    let expected = ["Asha (MA_ALPHA)", "ASHA (MA_BRAVO)", "Asha (MA_ALPHA) (MA_CHARLIE)", "MA_DELTA", "MA_ECHO"];
    // A note is to whom its customer's invoice is.
    let expected = [&expected[..], &["Asha (MA_ALPHA)", "MA_ECHO"]].concat();
    assert_eq!(elements(&xml, "PARTYLEDGERNAME"), expected);
}

/// What stands between the tags of one name, in order.
fn elements<'a>(xml: &'a str, tag: &str) -> Vec<&'a str> {
    let open = format!("<{tag}>");
    xml.split(&open).skip(1).map(|rest| rest.split('<').next().unwrap()).collect()
}

#[test]
fn each_voucher_is_zero_and_its_signs_are_tallys() {
    let billing = billing("Alpha");
    let xml = text(&exported(&all(""), &billing), "exports/tally-inr.xml");
    let vouchers: Vec<&str> = xml.split("<VOUCHER ").skip(1).collect();
    let documents: Vec<&Invoice> = documents(&billing).collect();
    assert_eq!(vouchers.len(), documents.len());
    for (voucher, invoice) in vouchers.into_iter().zip(documents) {
        let amounts = elements(voucher, "AMOUNT");
        let sum: Amount = amounts.iter().map(|text| amount(text)).sum();
        assert_eq!(sum, Amount::ZERO, "{}", invoice.number);
        assert_eq!(amount(amounts[0]), -invoice.total);
        for (text, deemed) in amounts.iter().zip(elements(voucher, "ISDEEMEDPOSITIVE")) {
            assert_eq!(text.starts_with('-'), deemed == "Yes", "{}: {text} {deemed}", invoice.number);
            assert_eq!(text.rsplit_once('.').unwrap().1.len(), 2, "{text}");
        }
    }
}

#[test]
fn an_irn_is_the_digest_of_supplier_year_kind_and_number() {
    let known = sha256(b"01AMBPG7773M0022022-23INVSINV-CFY-00067");
    assert_eq!(known, "706daeccda0ef6f818da78f3a2a05a1288731057373002289b46c3229289a2e7");
    let irns = |date: &str| {
        let mut billing = billing("Alpha");
        billing.invoices.iter_mut().for_each(|invoice| invoice.date = date.parse().unwrap());
        let papers = exported(&all(""), &billing);
        let told: Value = serde_json::from_slice(paper(&papers, "exports/e-invoice-irn.json")).unwrap();
        told["invoices"][0]["irn"].as_str().unwrap().to_owned()
    };
    for (date, year) in [("2026-04-03", "2026-27"), ("2026-03-31", "2025-26"), ("2099-12-31", "2099-00")] {
        assert_eq!(irns(date), sha256(format!("29AAFCS4821K1Z1{year}INVVB/26/00001").as_bytes()), "{date}");
    }
}

#[test]
fn the_portal_gets_registered_customers_and_exports_alone() {
    let papers = exported(&all(""), &billing("Alpha \"A\" \\ Sons"));
    let schema: Value = serde_json::from_slice(&std::fs::read(fixture("e-invoice.schema.json")).unwrap()).unwrap();
    let invoices: Value = serde_json::from_slice(paper(&papers, "exports/e-invoice.json")).unwrap();
    assert_eq!(faults(&schema, &invoices), Vec::<String>::new());
    let numbers: Vec<&str> =
        invoices.as_array().unwrap().iter().map(|it| it["DocDtls"]["No"].as_str().unwrap()).collect();
    assert_eq!(numbers, ["VB/26/00001", "VB/26/00003", "VB/26/00005", "CN-000001", "DN-000001"]);
    let of_note = |at: usize| {
        (invoices[at]["DocDtls"]["Typ"].clone(), invoices[at]["RefDtls"]["PrecDocDtls"][0]["InvNo"].clone())
    };
    assert_eq!(of_note(3), ("CRN".into(), "VB/26/00001".into()));
    assert_eq!(of_note(4), ("DBN".into(), "VB/25/00931".into()));
    assert_eq!(invoices[0]["BuyerDtls"]["LglNm"], "Alpha 'A' / Sons");
    assert_eq!(invoices[1]["TranDtls"]["SupTyp"], "EXPWOP");
    for (place, wrong) in [
        ("/0/DocDtls/No", Value::from("0/26")),
        ("/0/SellerDtls/Pin", Value::from(99_999)),
        ("/0/BuyerDtls/LglNm", Value::from("Al\"pha")),
        ("/0/ItemList", Value::Array(Vec::new())),
        ("/0/Version", Value::from("1.0")),
        ("/0/ValDtls", Value::Null),
        ("/0/ItemList/0/AssAmt", Value::from(-1)),
        ("/0/TranDtls", serde_json::json!({ "TaxSch": "GST", "SupTyp": "B2B", "Extra": 1 })),
    ] {
        let mut changed = invoices.clone();
        *changed.pointer_mut(place).unwrap() = wrong;
        assert!(!faults(&schema, &changed).is_empty(), "{place} is not refused");
    }
}

/// The rows of an import file, by column.
fn rows(papers: &[Paper], name: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(paper(papers, name));
    reader.records().map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect()).collect()
}

/// What every file says the invoices come to, parsed again from its own text.
fn totals(papers: &[Paper]) -> Vec<(&'static str, Amount)> {
    let column = |name: &str, columns: &[&str]| -> Amount {
        let rows = rows(papers, name);
        let places = columns.iter().map(|column| rows[0].iter().position(|seen| seen == column).unwrap());
        places.flat_map(|at| rows[1..].iter().map(move |row| amount(&row[at]))).sum()
    };
    // The adjustment of an invoice stands on each of its rows, and counts once.
    let zoho = |name| {
        let rows = rows(papers, name);
        let adjusted: std::collections::BTreeMap<&str, Amount> = rows[1..]
            .iter()
            .map(|row| (row[0].as_str(), if row[18].is_empty() { Amount::ZERO } else { amount(&row[18]) }))
            .collect();
        column(name, &["Item Price", "Item Tax Amount"]) + adjusted.into_values().sum()
    };
    let parties = text(papers, "exports/tally-inr.xml");
    let parties = parties.split("<VOUCHER ").skip(1).map(|it| -amount(elements(it, "AMOUNT")[0])).sum();
    let journal = text(papers, "exports/close.journal");
    let receivable = journal.lines().filter_map(|line| line.trim().strip_prefix("Assets:Receivable:Invoices:"));
    let receivable = receivable.map(|line| amount(line.split_whitespace().nth(1).unwrap())).sum();
    vec![
        ("tally", parties),
        ("zoho", zoho("exports/zoho.csv") - zoho("exports/zoho-credit-notes.csv")),
        ("xero", column("exports/xero.csv", &["*UnitAmount", "TaxAmount"])),
        ("hledger", receivable),
    ]
}

#[test]
fn every_transaction_of_a_journal_is_zero() {
    let journal = text(&exported(&all(""), &billing("Alpha")), "exports/close.journal");
    let mut transactions = 0;
    for block in journal.split("\n\n").filter(|block| block.starts_with("2026-")) {
        let postings = block.lines().skip(1).map(|line| line.split_whitespace().nth(1).unwrap());
        let amounts: Vec<&str> = postings.collect();
        assert_eq!(amounts.iter().map(|text| amount(text)).sum::<Amount>(), Amount::ZERO, "{block}");
        // All of a currency with the same decimals: no tolerance comes into play.
        assert!(amounts.iter().all(|text| text.rsplit_once('.').unwrap().1.len() == 5), "{block}");
        transactions += 1;
    }
    assert!(transactions > 10, "{transactions} found");
}

/// What XML 1.0 cannot hold; line feeds are our own.
fn is_no_xml(c: char) -> bool {
    (c.is_control() && c != '\n') || c == '\u{fffe}'
}

/// What breaks a line, or turns the order of what is read.
fn turns(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{202e}')
}

proptest! {
    #![proptest_config(ProptestConfig { rng_seed: proptest::test_runner::RngSeed::Fixed(55), failure_persistence: None, cases: 96, ..ProptestConfig::default() })]

    /// Whatever a customer is called: every file has the fields that it has for a harmless name, and the same totals.
    #[test]
    fn no_name_leaves_its_field(name in "([ -~]|[\\n\\r\\t\\u{0}<>&\"'=+@;|#\\\\]|[＝－अ₹\\u{202e}\\u{fffe}]){1,40}") {
        prop_assume!(!name.trim().is_empty());
        let (calm, hostile) = (billing("Alpha"), billing(&name));
        let (calm, hostile) = (exported(&all(""), &calm), exported(&all(""), &hostile));
        prop_assert_eq!(totals(&calm), totals(&hostile));
        let billed: Amount = documents(&billing("Alpha")).map(|invoice| invoice.total).sum();
        for (file, total) in totals(&hostile) {
            prop_assert_eq!(total, billed, "{}", file);
        }
        let tags = |papers: &[Paper]| text(papers, "exports/tally-inr.xml").matches(['<', '>']).count();
        prop_assert_eq!(tags(&calm), tags(&hostile));
        let xml = text(&hostile, "exports/tally-inr.xml");
        prop_assert!(!xml.contains(is_no_xml), "control characters");
        for name in ["exports/zoho.csv", "exports/zoho-credit-notes.csv", "exports/xero.csv"] {
            let (calm, hostile) = (rows(&calm, name), rows(&hostile, name));
            prop_assert_eq!(calm.len(), hostile.len());
            prop_assert!(hostile[1..].iter().all(|row| !row.concat().contains(turns)), "{}", name);
        }
        for name in ["exports/close.journal", "exports/close.beancount"] {
            prop_assert_eq!(paper(&calm, name), paper(&hostile, name), "a journal names no customer");
        }
        let schema: Value = serde_json::from_slice(&std::fs::read(fixture("e-invoice.schema.json")).unwrap()).unwrap();
        let invoices: Value = serde_json::from_slice(paper(&hostile, "exports/e-invoice.json")).unwrap();
        prop_assert_eq!(faults(&schema, &invoices), Vec::<String>::new());
    }
}
