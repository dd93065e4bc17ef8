//! Wallets that were sealed and are shown no more: each has a row until it is accounted for, and is held against what was
//! sealed when it is shown again.

use serde_json::json;
use tieout::domain::{Break, Class, Standing, Verdict};
use tieout::reconcile::{RollForward, WalletProof};
use tieout::run::{Closed, explain};
use tieout::watch::Nobody;

use crate::again_desk::{BEGAN_WITH, Row, day};
use crate::months::Year;

const TWO: &str = "accounts/MA_2/transactions";

/// A year with two customers: a call of each in January, sealed.
async fn begun() -> Year {
    let year = Year::begin().await;
    year.post(10, Some("2026-01-10"), Some("2026-01-10"));
    let row = Row { account: "MA_2", ..Row::debit(20, day("2026-01-20")) };
    for ledger in ["transactions", TWO] {
        year.asker.desk.books().ledgers.entry(ledger.to_owned()).or_default().push(row.clone());
    }
    let january = Box::pin(year.closed("2026-01")).await;
    assert!(january.settled.reconciliation.verdict.ties_out());
    year
}

async fn closed(year: &Year, month: &str) -> Closed {
    Box::pin(year.closed(month)).await
}

/// Takes a customer out of the account list, and gives back its ledger.
fn take_away(year: &Year) -> Vec<Row> {
    year.asker.desk.books().ledgers.remove(TWO).unwrap()
}

fn wallets<'a>(closed: &'a Closed, account: &str) -> Vec<&'a WalletProof> {
    closed.settled.reconciliation.wallets.iter().filter(|it| it.account == account).collect()
}

fn wallet<'a>(closed: &'a Closed, account: &str) -> &'a WalletProof {
    let [wallet] = wallets(closed, account)[..] else { panic!("one wallet of {account}") };
    wallet
}

fn differs(closed: &Closed) -> Vec<&Break> {
    closed.settled.reconciliation.breaks.iter().filter(|it| it.class() == Class::OpeningDiffers).collect()
}

fn papers(closed: &Closed, name: &str) -> String {
    let paper = closed.settled.papers.iter().find(|paper| paper.name == name).unwrap();
    String::from_utf8(paper.bytes.clone()).unwrap()
}

/// What became of the finding on a wallet that was gone.
fn became(closed: &Closed) -> Vec<(Standing, bool)> {
    let carried = closed.settled.reconciliation.carried.iter().filter(|it| it.open.field == "wallet");
    carried.map(|it| (it.standing, it.asked)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_goes_with_its_account_has_a_row_and_a_finding_until_it_is_back() {
    let year = begun().await;
    let rows = take_away(&year);
    let sealed = (BEGAN_WITH - 20).to_string();
    let mut ids = Vec::new();
    for month in ["2026-02", "2026-03"] {
        let closed = closed(&year, month).await;
        let gone = wallet(&closed, "MA_2");
        assert_eq!((gone.verdict(), gone.sealed().unwrap().to_string()), ("not-evidenced", format!("{sealed}.00")));
        let rows = papers(&closed, "wallets.csv");
        let row = rows.lines().find(|line| line.contains("MA_2")).unwrap();
        assert!(row.contains(&sealed) && row.contains("not-evidenced"), "{row}");
        let [found] = differs(&closed)[..] else { panic!("one finding") };
        for part in ["MA_2", &sealed, "2026-01", "no longer holds"] {
            assert!(found.explanation().contains(part), "{part}: {}", found.explanation());
        }
        assert_eq!(closed.settled.reconciliation.verdict.word(), "breaks");
        let limits = closed.settled.reconciliation.scope.join("\n");
        assert!(limits.contains("2 of 3 wallets are not evidenced"), "{limits}");
        assert!(limits.contains("no longer holds its account (1: MA_2)"), "{limits}");
        let told = explain(&closed.folder, None, "wallet:MA_2", &Nobody).unwrap();
        assert!(told.contains("last sealed closing") && told.contains(found.id()), "{told}");
        // Nobody else is held for it.
        assert!(closed.settled.reconciliation.accounts.iter().all(|it| it.verdict.ties_out()));
        ids.push(found.id().to_owned());
    }
    assert_eq!(ids[0], ids[1], "one finding, month after month");
    year.asker.desk.books().ledgers.insert(TWO.to_owned(), rows);
    let april = closed(&year, "2026-04").await;
    assert_eq!((wallet(&april, "MA_2").verdict(), differs(&april).len()), ("proved", 0));
    assert_eq!(became(&april), [(Standing::Resolved, true)]);
    let may = closed(&year, "2026-05").await;
    assert!(became(&may).is_empty(), "what is resolved is handed on no more");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_drained_while_a_wallet_is_away_is_seen_when_it_is_back() {
    let year = begun().await;
    let rows = take_away(&year);
    closed(&year, "2026-02").await;
    closed(&year, "2026-03").await;
    {
        let mut books = year.asker.desk.books();
        books.ledgers.insert(TWO.to_owned(), rows);
        books.shown.insert("MA_2", json!(format!("{}.00000", BEGAN_WITH - 20 - 1_000)));
    }
    let april = closed(&year, "2026-04").await;
    let [found] = differs(&april)[..] else { panic!("one finding") };
    assert_eq!((found.account(), found.on_wallet().unwrap().to_string()), (Some("MA_2"), "-1000.00".to_owned()));
    assert!(found.explanation().contains("2026-01"), "{}", found.explanation());
    assert_eq!(wallet(&april, "MA_2").verdict(), "differs");
    assert_eq!(became(&april), [(Standing::Replaced, true)]);
    assert!(!april.settled.reconciliation.accounts.iter().find(|it| it.account == "MA_2").unwrap().verdict.ties_out());
    // From then on it is held against what April sealed.
    let may = closed(&year, "2026-05").await;
    assert_eq!((wallet(&may, "MA_2").verdict(), differs(&may).len()), ("proved", 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_whose_currency_changes_is_two_wallets() {
    let year = begun().await;
    year.asker.desk.books().currencies.insert("MA_2", "USD");
    let february = closed(&year, "2026-02").await;
    let both: Vec<(&str, &str)> =
        wallets(&february, "MA_2").iter().map(|it| (it.currency.code(), it.verdict())).collect();
    assert_eq!(both.len(), 2, "{both:?}");
    assert_eq!(both[0].1, "not-evidenced");
    let [found] = differs(&february)[..] else { panic!("one finding") };
    assert!(found.explanation().contains("it is shown in USD now"), "{}", found.explanation());
    assert_eq!(found.currency().unwrap().code(), "INR");
    // It is back in rupees, with what was sealed.
    year.asker.desk.books().currencies.clear();
    let march = closed(&year, "2026-03").await;
    let of = |code: &str| {
        wallets(&march, "MA_2").into_iter().find(|it| it.currency.code() == code).map(WalletProof::verdict)
    };
    assert_eq!((of("INR"), of("USD")), (Some("proved"), Some("not-evidenced")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_that_one_month_did_not_evidence_is_held_against_the_month_before_with_the_entries_between() {
    for (drained, classes) in [(0, vec![]), (7, vec![Class::RollForward])] {
        let year = begun().await;
        year.asker.desk.books().shown.insert("MA_1", json!("much"));
        year.post(30, Some("2026-02-10"), Some("2026-02-10"));
        let february = closed(&year, "2026-02").await;
        let unread = wallet(&february, "MA_1");
        assert_eq!((unread.verdict(), unread.sealed().unwrap().to_string()), ("not-evidenced", "999990.00".to_owned()));
        assert!(differs(&february).is_empty() && february.settled.reconciliation.verdict.ties_out());
        year.asker.desk.books().shown.insert("MA_1", json!(format!("{}.00000", BEGAN_WITH - 40 - drained)));
        let march = closed(&year, "2026-03").await;
        let on_wallets = march.settled.reconciliation.breaks.iter().filter(|it| it.account() == Some("MA_1"));
        assert_eq!(on_wallets.map(Break::class).collect::<Vec<_>>(), classes);
        let shown = wallet(&march, "MA_1").rolled().unwrap();
        assert_eq!((shown.sealed.unwrap().to_string(), shown.from.word()), ("999960.00".to_owned(), "sealed"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_months_ledger_was_not_whole_nothing_is_held_against_what_lies_before() {
    let year = begun().await;
    year.post(30, Some("2026-02-10"), Some("2026-02-10"));
    year.asker.desk.books().lost = vec![30];
    let february = closed(&year, "2026-02").await;
    assert_eq!(february.settled.reconciliation.verdict.word(), "incomplete");
    year.asker.desk.books().lost.clear();
    let march = closed(&year, "2026-03").await;
    assert_eq!(wallet(&march, "MA_1").verdict(), "implied");
    let told = march.settled.reconciliation.breaks.iter().filter(|it| it.account() == Some("MA_1"));
    assert_eq!(told.map(Break::class).collect::<Vec<_>>(), [Class::UnprovedOpening]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_month_that_nobody_closed_hides_no_wallet_that_is_gone() {
    let year = begun().await;
    take_away(&year);
    let march = closed(&year, "2026-03").await;
    assert_eq!(wallet(&march, "MA_2").verdict(), "not-evidenced");
    assert_eq!(differs(&march).len(), 1);
    assert_eq!(wallet(&march, "MA_1").verdict(), "implied");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_walk_from_inception_shows_what_moved_while_a_wallet_was_away() {
    let mut year = begun().await;
    let mut rows = take_away(&year);
    closed(&year, "2026-02").await;
    let meanwhile = Row { account: "MA_2", ..Row::debit(25, day("2026-02-15")) };
    rows.push(meanwhile.clone());
    year.asker.desk.books().ledgers.insert(TWO.to_owned(), rows);
    year.asker.desk.books().ledgers.get_mut("transactions").unwrap().push(meanwhile);
    year.asker.line.thorough.from_inception = true;
    year.asker.desk.books().shown.insert("MA_2", json!("-45.00000"));
    year.asker.desk.books().shown.insert("MA_1", json!("-10.00000"));
    let march = closed(&year, "2026-03").await;
    let back = wallet(&march, "MA_2").rolled().unwrap();
    assert_eq!((back.from.word(), back.opening.to_string()), ("inception", "-45.00".to_owned()));
    // The desk's wallets began with a million that no entry explains: that alone is what differs.
    assert_eq!(back.opening_difference().to_string(), format!("-{BEGAN_WITH}.00"));
}

/// The law behind all of them: every wallet that a month seals has a row in the next.
#[tokio::test(flavor = "multi_thread")]
async fn whatever_a_month_seals_has_a_row_in_the_next() {
    let year = begun().await;
    let january = closed(&year, "2026-02").await;
    take_away(&year);
    year.asker.desk.books().currencies.insert("MA_1", "USD");
    let next = closed(&year, "2026-03").await;
    for sealed in &january.settled.reconciliation.wallets {
        let same = |it: &&WalletProof| (&it.account, it.currency) == (&sealed.account, sealed.currency);
        let row = next.settled.reconciliation.wallets.iter().find(same);
        assert!(row.is_some_and(|row| row.sealed() == sealed.rolled().map(RollForward::closing)), "{}", sealed.account);
    }
    assert_eq!(differs(&next).len(), 2);
    let Verdict(severity) = next.settled.reconciliation.verdict;
    assert_eq!(severity, tieout::domain::Severity::Break);
}

/// What a first run of a month found on a customer who is gone when the month is closed again.
#[tokio::test(flavor = "multi_thread")]
async fn a_further_run_forgets_no_break_and_no_charge_of_a_customer_who_is_gone() {
    let year = begun().await;
    // A charge that stands in the customer's book alone, beside one that stands in both.
    let rows = [
        Row { account: "MA_2", ..Row::debit(25, day("2026-02-15")) },
        Row { account: "MA_2", ..Row::debit(26, day("2026-02-16")) },
    ];
    year.asker.desk.books().ledgers.get_mut(TWO).unwrap().extend(rows.clone());
    year.asker.desk.books().ledgers.get_mut("transactions").unwrap().push(rows[0].clone());
    let first = closed(&year, "2026-02").await;
    let missing = first.settled.reconciliation.breaks.iter().find(|it| it.class() == Class::MissingFromMaster).unwrap();
    assert_eq!(first.settled.billing.held.len(), 1);
    take_away(&year);
    year.asker.desk.books().ledgers.get_mut("transactions").unwrap().retain(|row| row.account != "MA_2");
    for number in ["second", "third"] {
        let again = closed(&year, "2026-02").await;
        let told = again.settled.reconciliation.carried.iter().find(|it| it.open.id == missing.id()).expect(number);
        assert_eq!((told.standing, told.asked), (Standing::Persisting, false), "{number}");
        assert!(again.settled.billing.held.is_empty(), "{number}");
    }
    let march = closed(&year, "2026-03").await;
    let told = march.settled.reconciliation.carried.iter().find(|it| it.open.id == missing.id()).expect("handed on");
    assert_eq!((told.standing, told.asked), (Standing::Persisting, false));
    let unbilled: Vec<(&str, String)> =
        march.settled.billing.unbilled.iter().map(|it| (it.account.as_str(), it.cost_base.to_string())).collect();
    assert_eq!(unbilled, [("MA_2", "51.00".to_owned())]);
}
