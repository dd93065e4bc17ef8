//! The recharge check for planted wallets: each word, to the last unit; who is held for it, and who is not.

use std::collections::BTreeMap;
use std::fmt::Write;

use tieout::domain::{AccountId, Beside, List};
use tieout::invoice::{RateCard, RechargeCheck, RechargeTerms};
use tieout::run::{Inputs, Settled, derive};
use tieout::watch::Nobody;

use crate::raw::{PARTNER, RawBooks, accounts, call, ledger, page};

const LIST: RechargeTerms = RechargeTerms { hold_negative: false, hold_uncovered: false, count_opening: false };
const HOLD: RechargeTerms = RechargeTerms { hold_negative: true, hold_uncovered: true, count_opening: false };

/// A customer: its wallet when it was read, and its rows; each has a call of 2.50 on 10 March, billed at 3.00.
#[derive(Clone)]
struct Wallet {
    account: &'static str,
    live: &'static str,
    postpaid: bool,
    rows: Vec<String>,
    /// What its ledger says from the end of the window to the day of the fetch.
    since: Vec<u8>,
}

fn wallet(account: &'static str, live: &'static str, rows: Vec<String>) -> Wallet {
    let rows = [vec![call(&format!("e-{account}"), account, "2.50")], rows].concat();
    Wallet { account, live, postpaid: false, rows, since: page(&[]) }
}

/// A row: its last part of the id, its type, what it is, and when.
fn row(account: &str, (id, kind, what): (&str, &str, &str), money: &str, at: &str) -> String {
    let (amount, currency) = money.split_once(' ').unwrap();
    let seconds = at.parse::<chrono::DateTime<chrono::Utc>>().unwrap().timestamp();
    let reference = match what {
        "transfer" => format!("ptc:7d0f9c1e-0000-4000-8000-000000000001:{account}:{seconds}"),
        "top-up" => format!("pay:{id}"),
        _ => format!("note:{id}"),
    };
    format!(
        r#"{{"id":"e-{account}-{id}","account_id":"{account}","type":"{kind}","amount":{amount},"currency":"{currency}","description":"{what}","reference":"{reference}","status":"completed","created_at":"{at}"}}"#
    )
}

fn transfer(account: &str, amount: &str) -> String {
    row(account, ("in", "credit", "transfer"), &format!("{amount} INR"), "2026-03-05T10:00:00Z")
}

/// What the partner would send for these customers.
fn books(wallets: &[Wallet]) -> RawBooks {
    let listed = |it: &Wallet| {
        let Wallet { account, live, postpaid, .. } = it;
        format!(
            r#"{{"auth_id":"{account}","name":"Customer {account}","cash_credits":"{live}","postpaid":{postpaid},"pricing_tier":{{"currency":"INR"}}}}"#
        )
    };
    let all: Vec<String> = wallets.iter().flat_map(|it| it.rows.clone()).collect();
    let mut pages = BTreeMap::from([
        (List::Me, RawBooks::sound().pages[&List::Me].clone()),
        (List::Dashboard, vec![br#"{"currency":"INR"}"#.to_vec()]),
        (List::Accounts, vec![accounts(&wallets.iter().map(listed).collect::<Vec<_>>())]),
        (List::Master, vec![page(&all)]),
    ]);
    for it in wallets {
        pages.insert(ledger(it.account), vec![page(&it.rows)]);
        let of = Some(AccountId::parse(it.account).unwrap());
        pages.insert(List::Beside(Beside::Since(of)), vec![it.since.clone()]);
    }
    RawBooks { pages }
}

/// A close with every word.
pub(crate) fn listed() -> Settled {
    settled(&all_words(), LIST)
}

fn settled(wallets: &[Wallet], recharge: RechargeTerms) -> Settled {
    explained(wallets, recharge, "MA_A").0
}

/// The close, and what `explain` says of an account.
fn explained(wallets: &[Wallet], recharge: RechargeTerms, account: &str) -> (Settled, String) {
    let folder = tempfile::tempdir().unwrap();
    let archive = books(wallets).archive(&folder.path().join("raw.sqlite"));
    let mut inputs = RawBooks::inputs(&archive);
    inputs.terms.rate_card = RateCard::parse("[markup]\ndefault = '20'").unwrap();
    inputs.terms.recharge = recharge;
    let settled = derive(&archive, inputs, &Nobody).unwrap();
    // What is in `run.json` gives the same papers.
    let run = settled.papers.iter().find(|paper| paper.name == "run.json").unwrap();
    assert_eq!(String::from_utf8_lossy(&run.bytes).contains("\"recharge\""), recharge != LIST);
    let again: Inputs = serde_json::from_slice(&run.bytes).unwrap();
    assert_eq!(derive(&archive, again, &Nobody).unwrap().seal.paper(), settled.seal.paper());
    let evidence = archive.evidence(archive.latest(crate::raw::period()).unwrap().unwrap()).unwrap();
    let close = tieout::explain::Close {
        books: &settled.books,
        reconciliation: &settled.reconciliation,
        billing: &settled.billing,
        evidence: &evidence,
    };
    let told = tieout::explain::explain(&close, account).unwrap().unwrap_or_default();
    (settled, told)
}

/// The check of one customer's rupees.
fn check(wallets: &[Wallet], terms: RechargeTerms) -> RechargeCheck {
    let settled = settled(wallets, terms);
    let found = settled.billing.recharges.iter().find(|it| it.recharge.currency.code() == "INR").cloned();
    found.expect("a check")
}

/// Word, shortfall, reason.
fn told(it: &RechargeCheck) -> (&'static str, String, &str) {
    let short = it.shortfall.map(|it| it.to_string());
    (it.verdict.word(), short.unwrap_or_default(), it.reason.as_str())
}

#[test]
fn a_wallet_is_covered_to_the_last_unit_or_not_at_all() {
    let funded = |amount| check(&[wallet("MA_A", "50", vec![transfer("MA_A", amount)])], LIST);
    assert_eq!(told(&funded("3.00")), ("covered", "0.00".to_owned(), ""));
    assert_eq!(told(&funded("9")), ("covered", "0.00".to_owned(), ""), "what is left over is no shortfall");
    let reason = "transfers and top-ups of 2.99 do not cover the 3.00 INR billed: 0.01 short";
    assert_eq!(told(&funded("2.99")), ("uncovered", "0.01".to_owned(), reason));
    let nothing = check(&[wallet("MA_A", "50", Vec::new())], LIST);
    assert_eq!((nothing.verdict.word(), nothing.shortfall.unwrap().to_string()), ("uncovered", "3.00".to_owned()));
}

#[test]
fn what_came_since_covers_wherever_it_was_read() {
    let since = |at, what| row("MA_A", ("late", "credit", what), "3.00 INR", at);
    let in_window = wallet("MA_A", "50", vec![since("2026-04-01T10:00:00Z", "transfer")]);
    let beyond = Wallet { since: page(&[since("2026-04-02T12:00:00Z", "top-up")]), ..wallet("MA_A", "50", Vec::new()) };
    for (it, [topped_up, transferred]) in [(in_window, ["0.00", "3.00"]), (beyond, ["3.00", "0.00"])] {
        let it = check(&[it], LIST);
        assert_eq!(told(&it), ("covered", "0.00".to_owned(), ""));
        let since = it.recharge.since.clone().unwrap();
        assert_eq!(
            (since.topped_up.to_string(), since.transferred.to_string()),
            (topped_up.to_owned(), transferred.to_owned())
        );
        assert!(it.recharge.month.total().is_zero());
    }
}

#[test]
fn what_was_taken_back_covers_nothing() {
    let back = row("MA_A", ("out", "debit", "transfer"), "1.00 INR", "2026-03-20T10:00:00Z");
    let it = check(&[wallet("MA_A", "50", vec![transfer("MA_A", "5.00"), back])], LIST);
    // It is no usage either, and nobody bills it: 2.50 at 20 %.
    assert_eq!(
        (it.covering.unwrap().to_string(), it.bill.clone().unwrap().total.to_string()),
        ("4.00".to_owned(), "3.00".to_owned())
    );
    assert_eq!((it.verdict.word(), it.recharge.usage.to_string()), ("covered", "2.50".to_owned()));
}

#[test]
fn refunds_and_corrections_cover_nothing() {
    let at = "2026-03-11T10:00:00Z";
    let rows = vec![
        row("MA_A", ("r", "credit", "Refund"), "0.50 INR", at),
        row("MA_A", ("m", "credit", "Manual adjustment"), "10.00 INR", at),
    ];
    let it = check(&[wallet("MA_A", "50", rows)], LIST);
    assert_eq!(
        (it.recharge.refunded.to_string(), it.recharge.other_credits.to_string()),
        ("0.50".to_owned(), "10.00".to_owned())
    );
    assert_eq!((it.verdict.word(), it.shortfall.unwrap().to_string()), ("uncovered", "2.40".to_owned()));
}

#[test]
fn currencies_are_never_netted() {
    let dollars = row("MA_A", ("usd", "debit", "Call abroad"), "1.00 USD", "2026-03-11T10:00:00Z");
    let settled = settled(&[wallet("MA_A", "950", vec![transfer("MA_A", "900.00"), dollars])], HOLD);
    let told: Vec<_> = settled.billing.recharges.iter().map(|it| (it.recharge.currency.code(), told(it))).collect();
    let reason = "transfers and top-ups of 0.00 do not cover the 1.20 USD billed: 1.20 short";
    assert_eq!(told[0], ("INR", ("covered", "0.00".to_owned(), "")));
    assert_eq!(told[1], ("USD", ("uncovered", "1.20".to_owned(), reason)));
    assert!(settled.billing.recharges[1].recharge.wallet.is_none(), "dollars are in no wallet of rupees");
    assert_eq!(settled.billing.invoices.iter().map(|it| it.currency.code()).collect::<Vec<_>>(), ["INR"]);
}

/// 0.50 at the end, 3.00 topped up on the 14th after 2.50 used on the 10th: 0.00 at first.
fn sunk() -> Wallet {
    let late = row("MA_A", ("pay", "credit", "top-up"), "3.00 INR", "2026-03-14T10:00:00Z");
    wallet("MA_A", "0.50", vec![late])
}

#[test]
fn a_wallet_below_zero_is_told_with_its_day() {
    let reason = "wallet went below zero: -2.50 INR on 2026-03-10";
    assert_eq!(told(&check(&[sunk()], LIST)), ("negative", "0.00".to_owned(), reason));
    // Never in the month, but today.
    let debit = row("MA_A", ("now", "debit", "Call"), "9.00 INR", "2026-04-01T10:00:00Z");
    let now = wallet("MA_A", "-1.25", vec![transfer("MA_A", "3.00"), debit]);
    assert_eq!(told(&check(&[now], LIST)), ("negative", "0.00".to_owned(), "wallet stands below zero: -1.25 INR"));
    let after_use = Wallet { postpaid: true, ..sunk() };
    assert_eq!(told(&check(&[after_use], HOLD)), ("postpaid", String::new(), ""));
}

#[test]
fn an_opening_covers_where_the_settings_count_it() {
    // 50.00 in the end, 3.00 in and 2.50 out: 49.50 at first.
    let it = |transferred, live| vec![wallet("MA_A", live, vec![transfer("MA_A", transferred)])];
    let counting = RechargeTerms { count_opening: true, ..LIST };
    let counted = check(&it("1.00", "50"), counting);
    assert_eq!((counted.verdict.word(), counted.covering.unwrap().to_string()), ("covered", "52.50".to_owned()));
    let reason = "opening, transfers and top-ups of 2.75 do not cover the 3.00 INR billed: 0.25 short";
    assert_eq!(told(&check(&it("1.00", "0.25"), counting)), ("uncovered", "0.25".to_owned(), reason));
}

#[test]
fn what_is_not_evidenced_is_not_judged_and_holds_nobody() {
    let since = br#"{"transactions":[],"total":3}"#.to_vec();
    let settled = settled(&[Wallet { since, ..wallet("MA_A", "-90", Vec::new()) }], HOLD);
    let it = &settled.billing.recharges[0];
    let reason = "its entries up to the reading do not add up to their own totals";
    assert_eq!(told(it), ("not-evidenced", String::new(), reason));
    assert_eq!((settled.billing.invoices.len(), settled.billing.held.len()), (1, 0));
}

/// Every word, in one close.
fn all_words() -> Vec<Wallet> {
    let pound = row("MA_E", ("usd", "debit", "Call abroad"), "1.00 USD", "2026-03-11T10:00:00Z");
    let unknown = row("MA_F", ("odd", "barter", "?"), "4.00 INR", "2026-03-11T10:00:00Z");
    let since = br#"{"transactions":[],"total":3}"#.to_vec();
    vec![
        sunk(),
        wallet("MA_B", "50", vec![transfer("MA_B", "2.99")]),
        wallet("MA_C", "50", vec![transfer("MA_C", "3.00")]),
        Wallet { since, ..wallet("MA_D", "50", Vec::new()) },
        wallet("MA_E", "50", vec![transfer("MA_E", "3.00"), pound]),
        wallet("MA_F", "50", vec![unknown]),
        Wallet { postpaid: true, ..wallet("MA_G", "-50", Vec::new()) },
    ]
}

fn paper(settled: &Settled, name: &str) -> String {
    let found = settled.papers.iter().find(|paper| paper.name == name).unwrap();
    String::from_utf8(found.bytes.clone()).unwrap()
}

/// What finance reads: the rows, the held list, and the block of the summary.
#[test]
fn every_word_stands_on_the_papers() {
    for (name, terms) in [("listed", LIST), ("held", HOLD)] {
        let settled = settled(&all_words(), terms);
        let summary = paper(&settled, "summary.txt");
        let begins = summary.find("Recharge check").unwrap();
        let block = &summary[begins..begins + summary[begins..].find("\n\nWhat the").unwrap()];
        let mut text = String::new();
        for part in [&paper(&settled, "recharges.csv"), &paper(&settled, "held.csv"), block] {
            writeln!(text, "{part}").unwrap();
        }
        insta::assert_snapshot!(name, text);
        let words: std::collections::BTreeSet<&str> =
            settled.billing.recharges.iter().map(|it| it.verdict.word()).collect();
        assert_eq!(words.len(), 6, "{words:?}");
    }
}

#[test]
fn an_account_is_explained_with_its_check() {
    let check = |account, terms| {
        let told = explained(&all_words(), terms, account).1;
        let begins = told.find("  recharge check").unwrap();
        told[begins..begins + told[begins..].find("\n  entries of the period").unwrap()].to_owned()
    };
    let counting = RechargeTerms { count_opening: true, ..HOLD };
    let told = [check("MA_B", HOLD), check("MA_B", counting), check("MA_D", LIST), check("MA_E", LIST)];
    insta::assert_snapshot!("explained", told.join("\n\n"));
}

#[test]
fn who_is_held_is_on_no_invoice_and_leaves_no_gap() {
    let [listed, held] = [LIST, HOLD].map(|terms| settled(&all_words(), terms));
    let numbers = |settled: &Settled| -> Vec<(String, String)> {
        settled.billing.invoices.iter().map(|it| (it.account.clone(), it.number.clone())).collect()
    };
    assert_eq!(numbers(&listed).len(), 7);
    let numbered: Vec<String> =
        numbers(&held).into_iter().map(|(account, number)| format!("{account} {number}")).collect();
    assert_eq!(numbered, ["MA_C INV-000001", "MA_D INV-000002", "MA_E INV-000003", "MA_G INV-000004"]);
    let reasons: Vec<&str> = held.billing.held.iter().map(|it| it.account.as_str()).collect();
    assert_eq!(reasons, ["MA_A", "MA_B", "MA_E", "MA_F"]);
    assert!(numbers(&listed).iter().all(|(account, _)| account != PARTNER));
    // Only what is asked for holds.
    for (terms, account) in [
        (RechargeTerms { hold_negative: true, ..LIST }, "MA_A"),
        (RechargeTerms { hold_uncovered: true, ..LIST }, "MA_B"),
    ] {
        let accounts: Vec<String> =
            settled(&all_words(), terms).billing.held.into_iter().map(|it| it.account).collect();
        let both = accounts.contains(&"MA_A".to_owned()) && accounts.contains(&"MA_B".to_owned());
        assert!(accounts.iter().any(|it| it == account) && !both, "{accounts:?}");
    }
}
