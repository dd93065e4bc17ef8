//! Papers: what scripts and finance people rely on.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use tieout::domain::Party;
use tieout::domain::{
    Amount, Break, BreakFacts, Class, Control, Currency, Direction, Figure, Leg, List, Origin, Severity, TieOut,
    TieOutKey, UnreadableRow, Verdict,
};
use tieout::invoice::{Billing, Invoice, InvoiceLine, LineKind, LineTax, Supply};
use tieout::normalise::{Course, How};
use tieout::reconcile::{Counts, HeldAccount, ListProof, Reconciliation};
use tieout::report::{Paper, ReportError, report, summary};

use crate::cash_report::{accounts, days, wallet_total, wallets};
use crate::proposals::proposed;
use crate::support::provenance;

/// What a spreadsheet runs, once blanks are looked past.
const DANGEROUS: &str = "=+-@\t\r\n＝＋－＠";

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

fn key(account: &str, code: &str, direction: Direction) -> TieOutKey {
    TieOutKey { account: account.to_owned(), currency: currency(code), direction }
}

pub(crate) fn leg(account: &str, code: &str, direction: Direction, effect: &str) -> Leg {
    Leg { key: key(account, code, direction), effect: amount(effect) }
}

pub(crate) fn facts(class: Class, account: &str, legs: Vec<Leg>, explanation: &str) -> BreakFacts {
    BreakFacts {
        class,
        account: Some(account.to_owned()),
        currency: Some(currency("INR")),
        entry_ids: vec!["e-7f01".to_owned()],
        reference: None,
        field: "amount",
        master_value: String::new(),
        customer_value: String::new(),
        legs,
        origins: vec!["transactions, page 2, row 9".to_owned()],
        explanation: explanation.to_owned(),
    }
}

fn tie_out(key: TieOutKey, master: Option<&str>, customer: Option<&str>, breaks: &[Break]) -> TieOut {
    let bearing: Vec<&Break> = breaks.iter().filter(|it| it.legs().iter().any(|leg| leg.key == key)).collect();
    TieOut::new(key, master.map(amount), customer.map(amount), &bearing)
}

fn proof(list: &str, total: Option<u64>, summary: Option<(&str, &str)>, verdict: &'static str) -> ListProof {
    let sums = (amount("1250.4"), amount("500"));
    let said = |of: &dyn Fn((&str, &str)) -> Amount| summary.map_or(Figure::Absent, |sums| Figure::Known(of(sums)));
    ListProof {
        list: list.parse().unwrap(),
        received: 12,
        distinct: 12,
        said: Control {
            total,
            transactions: total.map_or(Figure::Absent, Figure::Known),
            debit: said(&|(debits, _)| amount(debits)),
            credit: said(&|(_, credits)| amount(credits)),
            net: said(&|(debits, credits)| amount(credits) - amount(debits)),
            unread: None,
        },
        debits_received: (sums.0, sums.0),
        credits_received: (sums.1, sums.1),
        by_type: summary.map(|_| [8, 2, 1, 1]),
        course: Course { how: How::Walked, pages: 1, walks: 1, requests: 5 },
        reading: if summary.is_some() { "both" } else { "none" },
        verdict,
    }
}

/// One entry short by 0.40, one that went to another account, a ledger that could not be read, a wallet's total.
fn breaks() -> Vec<Break> {
    let moved =
        vec![leg("MA_BRAVO", "INR", Direction::Debit, "-90.25"), leg("MA_CHARLIE", "INR", Direction::Debit, "90.25")];
    let differs = vec![leg("MA_BRAVO", "INR", Direction::Debit, "0.4")];
    let mut breaks = vec![
        Break::new(facts(
            Class::AccountDiffers,
            "MA_BRAVO",
            moved,
            "entry e-7f01 over INR 90.25 stands on MA_CHARLIE in the master ledger and on MA_BRAVO in the customers'",
        )),
        Break::new(BreakFacts {
            entry_ids: vec!["e-8a10".to_owned(), "e-8a11".to_owned()],
            reference: Some("=cdr:1".to_owned()),
            master_value: "12.50".to_owned(),
            customer_value: "12.10".to_owned(),
            ..facts(
                Class::AmountDiffers,
                "MA_BRAVO",
                differs,
                "entry e-8a10 is INR 12.50 in the master ledger and INR 12.10 in the customer's, difference INR 0.40",
            )
        }),
        Break::new(BreakFacts {
            currency: None,
            entry_ids: Vec::new(),
            origins: Vec::new(),
            field: "ledger",
            ..facts(
                Class::MissingLedger,
                "MA_DELTA",
                Vec::new(),
                "the ledger of MA_DELTA could not be read: 500 after 6 attempts",
            )
        }),
        Break::new(BreakFacts {
            account: None,
            currency: None,
            ..facts(Class::WalletTotal, "", Vec::new(), "the dashboard says INR 10.00 and the wallets hold INR 9.00")
        }),
    ];
    breaks.sort_by_key(Break::class);
    breaks
}

/// A small month: one customer sound, two with breaks, one in yen whose ledger could not be read.
pub(crate) fn books() -> Reconciliation {
    let breaks = breaks();
    let tie_outs = vec![
        tie_out(key("MA_ALPHA", "INR", Direction::Debit), Some("1250.40"), Some("1250.40"), &breaks),
        tie_out(key("MA_BRAVO", "INR", Direction::Debit), Some("1034567.15"), Some("1034657"), &breaks),
        tie_out(key("MA_CHARLIE", "INR", Direction::Debit), Some("90.25"), Some("0"), &breaks),
        tie_out(key("MA_DELTA", "JPY", Direction::Debit), Some("1200"), None, &breaks),
        tie_out(key("PA_ANVIL001", "INR", Direction::Debit), Some("500"), Some("500"), &breaks),
    ];
    Reconciliation {
        partner: "PA_1".to_owned(),
        proposals: proposed(&tie_outs),
        tie_outs,
        breaks,
        histories: BTreeMap::new(),
        carried: Vec::new(),
        accounts: accounts(),
        days: days(&accounts(), "PA_1"),
        proofs: vec![
            proof("accounts", Some(12), None, "proved"),
            proof("transactions", Some(12), Some(("1250.4", "500")), "proved"),
            proof("accounts/MA_ALPHA/transactions", Some(12), Some(("1250.4", "500")), "proved"),
            proof("accounts/MA_DELTA/transactions", None, None, "missing"),
        ],
        tied: Vec::new(),
        held: Vec::new(),
        recharges: Vec::new(),
        scope: vec!["the master ledger holds no entries of the partner's own: transfers are not evidenced".to_owned()],
        verdict: Verdict(Severity::Incomplete),
        counts: Counts {
            master_entries: 12_345,
            customer_entries: 12_344,
            unreadable_rows: 1,
            customers: 4,
            unread_customers: 0,
            period_entries: 11_002,
        },
        wallets: wallets(),
        wallet_total: Some(wallet_total()),
    }
}

fn line(kind: LineKind, class: &str, percent: Option<i64>, cost: &str, amount_charged: &str) -> InvoiceLine {
    InvoiceLine {
        kind,
        class: class.to_owned(),
        description: format!("{class}, March 2026"),
        entries: 3,
        cost_base: amount(cost),
        markup_percent: percent.map(rust_decimal::Decimal::from),
        markup: amount(amount_charged) - amount(cost),
        amount: amount(amount_charged),
        tax: LineTax::default(),
    }
}

pub(crate) fn billing() -> Billing {
    let lines = vec![
        line(LineKind::Usage, "call", Some(20), "1250.40405", "1500.48"),
        line(LineKind::Refund, "refund", Some(20), "-100", "-120.00"),
        line(LineKind::Fee, "fee", None, "0", "499.00"),
    ];
    let held = |account: &str, name: &str, code: &str, cost: &str, reason: &str| HeldAccount {
        account: account.to_owned(),
        name: name.to_owned(),
        currency: currency(code),
        cost_base: amount(cost),
        reason: reason.to_owned(),
        hint: "close the month again".to_owned(),
        is_credit: false,
    };
    Billing {
        unmatched: Vec::new(),
        notes: Vec::new(),
        credits: Vec::new(),
        unbilled: Vec::new(),
        otherwise: Vec::new(),
        invoices: vec![Invoice {
            number: "INV-2026-00001".to_owned(),
            account: "MA_ALPHA".to_owned(),
            name: "Alpha, \"A\" Ltd".to_owned(),
            currency: currency("INR"),
            cost_base: amount("1150.40405"),
            markup: amount("230.07595"),
            fees: amount("499"),
            tax: Amount::ZERO,
            total: amount("1879.48"),
            lines,
            round_off: Amount::ZERO,
            date: "2026-04-03".parse().unwrap(),
            due: "2026-04-18".parse().unwrap(),
            supply: Supply::untaxed(Party { name: "Alpha, \"A\" Ltd".to_owned(), ..Party::default() }),
        }],
        held: vec![
            held("MA_BRAVO", "+Bravo", "INR", "1034657", "account-differs (1), amount-differs (1)"),
            held("MA_DELTA", "デルタ", "JPY", "1200", "missing-ledger (1)"),
        ],
        recharges: Vec::new(),
    }
}

pub(crate) fn unreadable() -> Vec<UnreadableRow> {
    vec![UnreadableRow {
        list: List::Master,
        origin: Origin { page: 3, row: 17 },
        id: Some("e-93f1".to_owned()),
        account: None,
        reason: "amount \"12,5\" is not a decimal number".to_owned(),
    }]
}

pub(crate) fn paper<'a>(papers: &'a [Paper], name: &str) -> &'a [u8] {
    &papers.iter().find(|paper| paper.name == name).unwrap_or_else(|| panic!("no {name}")).bytes
}

/// The rows of a CSV paper, each as column → field.
pub(crate) fn rows(papers: &[Paper], name: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(paper(papers, name));
    let headers = reader.headers().unwrap().clone();
    let row = |record: csv::StringRecord| headers.iter().zip(&record).map(|(a, b)| (a.into(), b.into())).collect();
    reader.records().map(|record| row(record.unwrap())).collect()
}

#[test]
fn every_paper_reads_as_agreed() {
    let papers = report(&provenance(), &books(), &billing(), &unreadable()).unwrap();
    let names: Vec<&str> = papers.iter().map(|paper| paper.name.as_str()).collect();
    assert!(names.is_sorted());
    insta::assert_snapshot!("names", names.join("\n"));
    for paper in papers.iter().filter(|paper| !["close.html", "close.xlsx"].contains(&paper.name.as_str())) {
        insta::assert_snapshot!(paper.name.clone(), std::str::from_utf8(&paper.bytes).unwrap());
    }
}

#[test]
fn the_summary_says_what_each_verdict_asks_for() {
    let nothing = Billing::default();
    let mut told = String::new();
    for severity in [Severity::None, Severity::Notice, Severity::Timing, Severity::Break, Severity::Incomplete] {
        let mut books = books();
        (books.tie_outs, books.breaks, books.scope) = (Vec::new(), Vec::new(), Vec::new());
        books.verdict = Verdict(severity);
        let text = summary(&provenance(), &books, &nothing);
        let (_, rest) = text.split_once("VERDICT: ").unwrap();
        let (verdict, _) = rest.split_once("Accounts ").unwrap();
        told += verdict;
    }
    insta::assert_snapshot!(told);
}

#[test]
fn the_summary_fits_a_terminal_and_cannot_steer_it() {
    let mut books = books();
    books.scope = vec!["\u{1b}[2Jgone\u{202e} \u{7}".to_owned()];
    let text = summary(&provenance(), &books, &billing());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    assert!(text.contains(r"\u{1b}[2Jgone\u{202e}"), "{text}");
    for line in text.lines() {
        assert!(line.trim_end() == line, "trailing space: {line:?}");
        assert!(line.chars().count() <= 100, "too wide: {line:?}");
    }
}

#[test]
fn no_more_than_twenty_are_told_and_the_rest_is_counted() {
    let mut billing = billing();
    billing.held =
        (0..30).map(|number| HeldAccount { account: format!("MA_{number:02}"), ..billing.held[0].clone() }).collect();
    let books = Reconciliation { proposals: Vec::new(), ..books() };
    let text = summary(&provenance(), &books, &billing);
    assert!(text.contains("Held: 20 of 30 (held.csv has all)"), "{text}");
    assert_eq!(text.matches("* MA_").count(), 20, "{text}");
}

#[test]
fn a_workbook_is_the_same_bytes_twice_and_other_bytes_for_other_facts() {
    let workbook = |books: &Reconciliation| {
        let papers = report(&provenance(), books, &billing(), &unreadable()).unwrap();
        paper(&papers, "close.xlsx").to_owned()
    };
    let once = workbook(&books());
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(once, workbook(&books()), "a workbook must not know when it was made");
    let mut other = books();
    other.accounts[0].accepted += 1;
    assert_ne!(once, workbook(&other));
}

#[test]
fn figures_that_do_not_add_up_are_refused() {
    // A residual is no such figure: it reaches the papers, and makes the run incomplete there.
    let (mut open, left) = (books(), leg("MA_ECHO", "INR", Direction::Credit, "3"));
    open.tie_outs.push(tie_out(left.key.clone(), Some("10"), Some("7"), &[]));
    open.breaks.push(Break::new(facts(Class::Residual, "MA_ECHO", vec![left], "3.00 INR stay unexplained")));
    report(&provenance(), &open, &billing(), &unreadable()).unwrap();
    let refusal = |books: &Reconciliation, billing: &Billing| {
        let refused: ReportError = report(&provenance(), books, billing, &[]).unwrap_err();
        refused.to_string()
    };
    let mut without_break = books();
    without_break.breaks.remove(2);
    insta::assert_snapshot!(refusal(&without_break, &billing()), @"tie-out MA_BRAVO INR debit, effects of breaks: -90.25 as listed, -89.85 as stated, difference -0.40");
    let mut without_tie_out = books();
    without_tie_out.tie_outs.remove(2);
    insta::assert_snapshot!(refusal(&without_tie_out, &billing()), @"MA_CHARLIE INR debit, breaks without a tie-out: 90.25 as listed, 0.00 as stated, difference 90.25");
    let mut other_total = billing();
    other_total.invoices[0].total = amount("1879.49");
    insta::assert_snapshot!(refusal(&books(), &other_total), @"invoice INV-2026-00001, lines, tax and round-off: 1879.48 as listed, 1879.49 as stated, difference -0.01");
}

/// Tie-outs over a few accounts, currencies and directions, and breaks whose legs explain every unit between them.
fn any_books() -> impl Strategy<Value = Reconciliation> {
    let place = (0..3_usize, 0..2_usize, prop::bool::ANY);
    let leg = (place, -1_000_000_000_000_i128..1_000_000_000_000);
    let found = (prop::sample::select(&Class::ALL[..Class::ALL.len() - 1]), prop::collection::vec(leg, 0..3));
    (prop::collection::vec(found, 0..12), prop::collection::vec(0..9_000_000_000_000_i128, 12)).prop_map(made)
}

/// An account, a currency, and whether it is a debit.
type Place = (usize, usize, bool);

/// The class of a break and its effects.
type Found = (Class, Vec<(Place, i128)>);

fn made((found, figures): (Vec<Found>, Vec<i128>)) -> Reconciliation {
    let key = |(account, code, is_debit): Place| {
        let direction = if is_debit { Direction::Debit } else { Direction::Credit };
        key(["MA_A", "MA_B", "PA_ANVIL001"][account], ["INR", "JPY"][code], direction)
    };
    let breaks: Vec<Break> = (0..)
        .zip(found)
        .map(|(number, (class, legs))| {
            let legs = legs.into_iter().map(|(at, units)| Leg { key: key(at), effect: Amount::from_units(units) });
            Break::new(BreakFacts {
                entry_ids: vec![format!("e-{number}")],
                ..facts(class, "MA_A", legs.collect(), "as found")
            })
        })
        .collect();
    let places = (0..3).flat_map(|account| (0..2).flat_map(move |code| [true, false].map(|is| (account, code, is))));
    let tie_outs = places.zip(figures).map(|(at, customer)| {
        let (key, customer) = (key(at), Amount::from_units(customer));
        let legs = breaks.iter().flat_map(Break::legs).filter(|leg| leg.key == key);
        let effects: Amount = legs.map(|leg| leg.effect).sum();
        let bearing: Vec<&Break> = breaks.iter().filter(|it| it.legs().iter().any(|leg| leg.key == key)).collect();
        TieOut::new(key, Some(customer + effects), Some(customer), &bearing)
    });
    Reconciliation { tie_outs: tie_outs.collect(), breaks, ..books() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn rows_add_up(books in any_books()) {
        let papers = report(&provenance(), &books, &billing(), &[]).unwrap();
        let mut effects: BTreeMap<[String; 3], Amount> = BTreeMap::new();
        let mut legs: BTreeMap<String, u64> = BTreeMap::new();
        let place = |row: &BTreeMap<String, String>| ["account", "currency", "direction"].map(|name| row[name].clone());
        for row in rows(&papers, "breaks.csv") {
            *effects.entry(place(&row)).or_default() += amount(&row["effect"]);
            *legs.entry(row["break_id"].clone()).or_default() += 1;
        }
        prop_assert_eq!(legs.len(), books.breaks.len());
        let mut differences = [Amount::ZERO; 2];
        for row in rows(&papers, "tie_outs.csv") {
            let listed = effects.remove(&place(&row)).unwrap_or_default();
            prop_assert_eq!(listed, amount(&row["difference"]));
            prop_assert_eq!(amount(&row["master"]) - amount(&row["customer"]), amount(&row["difference"]));
            differences[usize::from(row["currency"] == "JPY")] += listed;
        }
        prop_assert!(effects.values().all(|effect| effect.is_zero()), "effects without a tie-out: {effects:?}");
        let close: serde_json::Value = serde_json::from_slice(paper(&papers, "close.json")).unwrap();
        for total in close["totals"].as_array().unwrap() {
            differences[usize::from(total["currency"] == "JPY")] += -amount(total["difference"].as_str().unwrap());
        }
        prop_assert_eq!(differences, [Amount::ZERO; 2]);
    }

    #[test]
    fn no_text_can_be_run(text in hostile()) {
        let texts = [text.clone(), format!("'{text}"), format!("''{text}")];
        let mut billing = billing();
        let held = billing.held[0].clone();
        billing.held = texts.iter().map(|text| HeldAccount { account: text.clone(), name: text.clone(), ..held.clone() }).collect();
        let papers = report(&provenance(), &books(), &billing, &[]).unwrap();
        let rows = rows(&papers, "held.csv");
        let told: BTreeSet<&String> = rows.iter().map(|row| &row["name"]).collect();
        prop_assert_eq!(told.len(), texts.len(), "different texts must stay different");
        for (row, text) in rows.iter().zip(&texts) {
            for field in [&row["account"], &row["name"]] {
                prop_assert!(!runs(field), "{field:?} would run");
                prop_assert!(field == text || field.strip_prefix('\'') == Some(text), "{field:?} is not {text:?}");
            }
        }
    }
}

/// Any text, often one that begins like a formula behind blanks.
fn hostile() -> impl Strategy<Value = String> {
    let blanks = prop::collection::vec(
        prop::sample::select(vec![' ', '\u{a0}', '\u{3000}', '\u{200b}', '\u{feff}', '\0', '\'', '"']),
        0..4,
    );
    let sign = prop::sample::select(DANGEROUS.chars().chain(['x', '7']).collect::<Vec<_>>());
    let led = (blanks, sign, any::<String>())
        .prop_map(|(blanks, sign, rest)| blanks.into_iter().chain([sign]).chain(rest.chars()).collect::<String>());
    prop_oneof![3 => led, 1 => any::<String>()]
}

fn runs(field: &str) -> bool {
    let is_ink = |c: &char| {
        !(c.is_whitespace() || c.is_control() || matches!(c, '\u{200b}' | '\u{feff}')) || DANGEROUS.contains(*c)
    };
    field.chars().find(is_ink).is_some_and(|c| DANGEROUS.contains(c))
}
