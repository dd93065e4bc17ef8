//! What belongs to an account and a currency is held and counted by both: a break in dollars holds no rupees, and nobody is
//! counted twice.

use tieout::invoice::RateCard;
use tieout::run::close;
use tieout::watch::Nobody;

use crate::recheck_desk::{Books, Desk, Row, ledger};

fn in_currency(id: &str, account: &str, amount: &str, currency: &str) -> Row {
    Row { currency: currency.to_owned(), ..Row::call(id, account, amount, "2026-03-05T10:00:00Z") }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_in_dollars_holds_the_dollars_alone() {
    let mut books = Books::default();
    // Dollars alone, rupees alone, and both; each dollar customer has a call that the master lacks.
    for (id, account, currency) in
        [("a", "MA_1", "USD"), ("b", "MA_2", "INR"), ("c", "MA_3", "INR"), ("d", "MA_3", "USD"), ("e", "MA_4", "INR")]
    {
        books.post(&in_currency(id, account, "10", currency));
    }
    for (id, account, currency) in [("x", "MA_1", "USD"), ("y", "MA_3", "USD"), ("z", "MA_4", "USD")] {
        books.ledgers.get_mut(&ledger(account)).unwrap().push(in_currency(id, account, "1", currency));
    }
    let desk = Desk::open(books).await;
    let mut request = desk.request("2026-03", "2026-04-10");
    request.terms.rate_card = RateCard::parse("[[fees]]\nname = 'Desk'\namount = '5'").unwrap();
    let settled = close(&request, &Nobody).await.unwrap().0.settled;
    let billing = &settled.billing;
    let billed: Vec<String> =
        billing.invoices.iter().map(|it| format!("{} {} {}", it.account, it.currency, it.total)).collect();
    assert_eq!(billed, ["MA_2 INR 15.00", "MA_3 INR 15.00", "MA_4 INR 15.00"]);
    let held: Vec<String> =
        billing.held.iter().map(|it| format!("{} {} {}", it.account, it.currency, it.reason)).collect();
    let reason = "missing-from-master (1)";
    assert_eq!(held, ["MA_1", "MA_3", "MA_4"].map(|account| format!("{account} USD {reason}")));
    assert!(billing.held.iter().all(|it| it.hint.starts_with("take its breaks up with the platform")));
    let verdicts: Vec<String> = settled
        .reconciliation
        .accounts
        .iter()
        .map(|it| format!("{} {} {}", it.account, it.currency, it.verdict.ties_out()))
        .filter(|text| text.contains("false"))
        .collect();
    assert_eq!(verdicts, ["MA_1 USD false", "MA_3 USD false", "MA_4 USD false"]);
    let summary = settled.summary();
    assert!(summary.contains("3 accounts") && summary.contains("1 of 4 accounts tied out"), "{summary}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_break_in_a_currency_without_a_ledger_and_a_list_that_is_not_whole_hold_all_of_an_account() {
    let mut books = Books::default();
    for (id, account, currency) in [("a", "MA_1", "INR"), ("b", "MA_2", "INR"), ("c", "MA_2", "USD")] {
        books.post(&in_currency(id, account, "10", currency));
    }
    // Dollars in the master ledger alone, and a ledger that claims more than it serves.
    books.ledgers.get_mut("transactions").unwrap().push(in_currency("x", "MA_1", "1", "USD"));
    books.short.insert(ledger("MA_2"));
    let billing = Desk::open(books).await.close("2026-03").await.settled.billing;
    assert!(billing.invoices.is_empty(), "{:?}", billing.invoices);
    let held: Vec<String> =
        billing.held.iter().map(|it| format!("{} {} {}", it.account, it.currency, it.reason)).collect();
    insta::assert_snapshot!("held_whole", held.join("\n"));
    let hints: Vec<&str> = billing.held.iter().map(|it| it.hint.as_str()).collect();
    assert!(hints.iter().any(|hint| hint.starts_with("look at its ledger in walk.csv")), "{hints:?}");
}
