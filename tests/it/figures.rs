//! Figures as the partner states them: sums made in binary floats, figures that cannot be read, wallets that show what is no
//! amount, and sums that are wider than any entry.

use proptest::prelude::*;
use serde_json::value::RawValue;
use tieout::domain::{Amount, Break, Class, Closing, Figure, List, Severity, float_noise};
use tieout::run::Settled;
use tieout::wire;

use crate::laws::cases;
use crate::raw::{CUSTOMERS, RawBooks, account, accounts, call, calls, ledger};

fn amount(text: &str) -> Amount {
    text.parse().unwrap()
}

fn raw(text: &str) -> Box<RawValue> {
    RawValue::from_string(text.to_owned()).unwrap()
}

/// A page that holds the whole of a ledger, with what it says of itself.
fn page(rows: &[String], summary: &str) -> Vec<u8> {
    let (total, rows) = (rows.len(), rows.join(","));
    format!(r#"{{"transactions":[{rows}],"summary":{summary},"total":{total},"page":1,"per_page":200}}"#).into_bytes()
}

/// Books in which `MA_A` has calls of these amounts, and its ledger a summary.
fn books(amounts: &[&str], summary: &str) -> RawBooks {
    let rows: Vec<String> = amounts.iter().zip(1..).map(|(it, id)| call(&format!("e-{id}"), "MA_A", it)).collect();
    let others = ["MA_B", "MA_C"].map(calls).concat();
    let all: Vec<String> = rows.iter().cloned().chain(others).collect();
    let sum: Amount = amounts.iter().map(|it| amount(it)).sum();
    let all_of_them = sum + amount("5");
    let master = format!(
        r#"{{"total_transactions":{},"total_debit":"{all_of_them}","total_credit":0,"net_amount":"-{all_of_them}"}}"#,
        all.len()
    );
    RawBooks::sound().with(ledger("MA_A"), &page(&rows, summary)).with(List::Master, &page(&all, &master))
}

fn paper(settled: &Settled, name: &str) -> String {
    let paper = settled.papers.iter().find(|paper| paper.name == name).unwrap();
    String::from_utf8(paper.bytes.clone()).unwrap()
}

fn of(settled: &Settled, class: Class) -> Vec<&Break> {
    settled.reconciliation.breaks.iter().filter(|it| it.class() == class).collect()
}

#[test]
fn a_summary_summed_in_binary_floats_proves_the_list() {
    let summary = format!(
        r#"{{"total_transactions":2,"total_debit":{sum},"total_credit":0,"net_amount":-{sum}}}"#,
        sum = 0.1_f64 + 0.2
    );
    assert!(summary.contains("0.30000000000000004"));
    let settled = books(&["0.1", "0.2"], &summary).settled().unwrap();
    assert!(settled.reconciliation.verdict.ties_out(), "{:?}", settled.reconciliation.breaks);
    let proof = settled.reconciliation.proofs.iter().find(|it| it.list == ledger("MA_A")).unwrap();
    assert_eq!((proof.verdict, proof.reading), ("proved", "both"));
    assert_eq!(proof.said.debit, Figure::Float(amount("0.3")));
    // Ten times as much is no noise.
    let wrong = summary.replace("0.30000000000000004", "0.30000004000000004");
    let settled = books(&["0.1", "0.2"], &wrong).settled().unwrap();
    let [found] = &of(&settled, Class::ControlTotal)[..] else { panic!("a contradiction") };
    assert!(found.explanation().contains("total_debit says 0.30000004, received 0.30"), "{}", found.explanation());
}

#[test]
fn what_of_a_summary_cannot_be_read_is_shown_as_it_came() {
    let sound = r#"{"total_transactions":2,"total_debit":0.30,"total_credit":0,"net_amount":-0.30}"#;
    for (from, to, told) in [
        (r#""total_debit":0.30"#, r#""total_debit":"1,300.00""#, r#"total_debit says "1,300.00", received 0.30"#),
        (r#""total_credit":0"#, r#""total_credit":[]"#, "total_credit says [], received 0.00"),
        (r#""total_transactions":2"#, r#""total_transactions":"two""#, r#"total_transactions says "two", received 2"#),
        (r#""total_debit":0.30"#, r#""total_debit":0.3000000001"#, "total_debit says 0.3000000001, received 0.30"),
        (r#""total_debit":0.30,"#, "", "total_debit says absent, received 0.30"),
    ] {
        let settled = books(&["0.1", "0.2"], &sound.replace(from, to)).settled().unwrap();
        let [found] = &of(&settled, Class::ControlTotal)[..] else { panic!("{to}") };
        assert!(found.explanation().contains(told), "{}", found.explanation());
        let written = to.rsplit_once(':').map(|(_, written)| written.trim_matches('"')).filter(|it| !it.is_empty());
        if let Some(written) = written {
            assert!(!found.explanation().contains("absent"), "{}", found.explanation());
            assert!(paper(&settled, "walk.csv").contains(written), "{written}");
            assert!(paper(&settled, "close.json").contains("summary_as_written"), "{written}");
        }
    }
    // However a count is written, it is one.
    for count in ["2.0", "\"2\"", "2e0"] {
        let summary = sound.replace(r#""total_transactions":2"#, &format!(r#""total_transactions":{count}"#));
        assert!(books(&["0.1", "0.2"], &summary).settled().unwrap().reconciliation.verdict.ties_out(), "{count}");
    }
    // A summary that is none is a degraded answer, and told as it came.
    let settled = books(&["0.1", "0.2"], "\"later\"").settled().unwrap();
    let [found] = &of(&settled, Class::DegradedSummary)[..] else { panic!("a degraded answer") };
    assert!(found.explanation().contains(r#"is "later", which is none, beside 2 entries"#), "{}", found.explanation());
    assert!(settled.reconciliation.verdict.ties_out());
}

#[test]
fn noise_is_read_at_the_scale_and_nothing_else_is() {
    let known = |text| Figure::Known(amount(text));
    let float = |text| Figure::Float(amount(text));
    for (text, sum) in [
        ("0.3", known("0.3")),
        ("0.30000000000000004", float("0.3")),
        ("-0.30000000000000004", float("-0.3")),
        ("\"0.30000000000000004\"", float("0.3")),
        ("0.7999999999999999", float("0.8")),
        ("2.9999999999999996e-1", float("0.3")),
        // 17 digits that end at the scale: the last may be noise where a float was printed, and not where decimals were.
        ("123456789.12345001", float("123456789.12345001")),
        ("\"123456789.12345001\"", known("123456789.12345001")),
        // What a float never prints is exact.
        ("92233720368.54775809", known("92233720368.54775809")),
        ("0.3000000000000000444089209850062616169452667236328125", float("0.3")),
        ("69630178.1029799", float("69630178.1029799")),
        ("69630178.10298", float("69630178.10298")),
        ("178.10298", known("178.10298")),
    ] {
        assert_eq!(wire::figure(Some(&raw(text))), sum, "{text}");
    }
    for text in ["0.000000001", "0.300000001", "0.123456789012345678", "1e-20", "\"\"", "\"1,300.00\"", "true", "\"∞\""]
    {
        for read in [wire::figure, wire::wallet] {
            let figure = read(Some(&raw(text)));
            assert_eq!(figure.unreadable().map(|it| it.to_string()), Some(text.to_owned()), "{figure:?}");
        }
    }
    for (text, held) in [
        ("5885.700000000003", known("5885.7")),
        ("\"5885.700000000003\"", known("5885.7")),
        ("2599.9999999999864", known("2600")),
        ("5885.70000412", known("5885.70000412")),
        ("\"1300.00000\"", known("1300")),
        ("-0.000009999999999999999", known("-0.00001")),
    ] {
        assert_eq!(wire::wallet(Some(&raw(text))), held, "{text}");
    }
    assert_eq!(wire::figure(None), Figure::Absent);
    // What takes no ink is written as its code, and what is long is cut.
    let hidden = wire::figure(Some(&raw("\"\u{202e}1\"")));
    assert_eq!(hidden.to_string(), "\"\\u{202e}1\"");
    let long = wire::figure(Some(&raw(&format!("\"{}\"", "₹".repeat(40)))));
    assert_eq!(long.to_string(), format!("\"{}…", "₹".repeat(8)));
}

proptest! {
    #![proptest_config(cases(200))]

    /// A sum that a partner makes in binary floats proves the entries, in whatever order it adds them up; one that is off
    /// by a paisa proves nothing.
    #[test]
    fn a_sum_in_floats_says_what_the_entries_come_to(amounts in prop::collection::vec(1_u64..5_000_000_000, 1..3_000)) {
        let exact: Amount = amounts.iter().map(|it| Amount::from_units(i128::from(*it) * 1_000)).sum();
        let sum: f64 = amounts.iter().map(|it| format!("{it}e-5").parse::<f64>().unwrap()).sum();
        let printed = serde_json::to_string(&sum).unwrap();
        let figure = wire::figure(Some(&raw(&printed)));
        let noise = float_noise(u64::try_from(amounts.len()).unwrap(), exact);
        prop_assert!(figure.says(exact, noise), "{printed} for {exact}");
        for off in ["0.01", "-0.01"] {
            prop_assert!(!figure.says(exact + amount(off), noise), "{printed} for {exact}, {noise}");
        }
    }
}

/// Books in which the wallet of `MA_B` shows this.
fn showing(cash_credits: &str) -> RawBooks {
    let rows = CUSTOMERS.map(|id| {
        let row = account(id);
        if id == "MA_B" { row.replace("\"100.00000\"", cash_credits) } else { row }
    });
    RawBooks::sound().with(List::Accounts, &accounts(&rows))
}

/// The cells of a wallet's row: verdict, first and last reading, reason.
fn row(settled: &Settled, account: &str) -> [String; 4] {
    let text = paper(settled, "wallets.csv");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().unwrap().clone();
    let place = |name: &str| names.iter().position(|it| it == name).unwrap();
    let row = reader.records().map(Result::unwrap).find(|row| &row[place("account")] == account);
    let row = row.unwrap_or_else(|| panic!("no row of {account}: {text}"));
    ["verdict", "before", "after", "reason"].map(|name| row[place(name)].to_owned())
}

#[test]
fn a_wallet_that_cannot_be_read_is_listed_as_it_came() {
    for shown in ["\"1,300.00\"", "null", "\"\"", "1300.000000001"] {
        let settled = showing(shown).settled().unwrap();
        let reason = "what it shows cannot be read";
        assert_eq!(row(&settled, "MA_B"), ["not-evidenced", shown, shown, reason].map(str::to_owned));
        let limits = settled.reconciliation.scope.join("\n");
        assert!(limits.contains("2 of 4 wallets are not evidenced"), "{limits}");
        assert!(limits.contains("what it shows cannot be read (1: MA_B)"), "{limits}");
        assert!(settled.reconciliation.wallet_total.is_none());
        assert!(paper(&settled, "close.json").contains("\"before_as_written\""));
        // The others are as ever; the partner's own has no entry to be proved by.
        assert_eq!(row(&settled, "MA_A")[0], "implied");
        assert!(settled.reconciliation.verdict.ties_out());
    }
    let settled = showing("100.00000000000003").settled().unwrap();
    assert_eq!(row(&settled, "MA_B"), ["implied", "100.00", "100.00", ""].map(str::to_owned));
    assert_eq!(settled.reconciliation.wallet_total.unwrap().wallets, 3);
    // A key that is not there is no value.
    let rows = CUSTOMERS.map(|id| account(id).replace(r#""cash_credits":"100.00000","#, ""));
    let settled = RawBooks::sound().with(List::Accounts, &accounts(&rows)).settled().unwrap();
    assert_eq!(row(&settled, "MA_C"), ["not-evidenced", "", "", "no balance of it is shown"].map(str::to_owned));
}

#[test]
fn a_wallet_whose_row_or_currency_cannot_be_read_is_listed() {
    let of_b = |from: &str, to: &str| {
        let rows = CUSTOMERS.map(|id| if id == "MA_B" { account(id).replace(from, to) } else { account(id) });
        RawBooks::sound().with(List::Accounts, &accounts(&rows)).settled().unwrap()
    };
    let settled = of_b(r#"{"currency":"INR"}"#, "7");
    assert_eq!(
        row(&settled, "MA_B"),
        ["not-evidenced", "100.00", "100.00", "its row in the account list cannot be read"].map(str::to_owned)
    );
    assert_eq!(settled.reconciliation.verdict.0, Severity::Incomplete);
    assert!(paper(&settled, "summary.txt").contains("of 3 accounts tied out"), "whoever is listed is counted");
    let settled = of_b("\"INR\"", "\"rupees\"");
    assert_eq!(row(&settled, "MA_B")[3], "its currency cannot be read");
    let settled = of_b("\"MA_B\"", "\"../B\"");
    assert_eq!(row(&settled, "../B")[3], "its id cannot be put into a request");
    for settled in [of_b(r#"{"currency":"INR"}"#, "7"), of_b("\"MA_B\"", "\"../B\"")] {
        assert_eq!(settled.reconciliation.wallets.len(), 4);
    }
}

#[test]
fn a_total_of_the_dashboard_that_cannot_be_read_is_told_as_it_came() {
    let told = |total: &str| {
        let body = format!(r#"{{"total_balance":{total},"currency":"INR"}}"#);
        let settled = RawBooks::sound().with(List::Dashboard, body.as_bytes()).settled().unwrap();
        let limits = settled.reconciliation.scope.join("\n");
        (settled.reconciliation.wallet_total.is_some(), limits)
    };
    let (compared, limits) = told("\"3 hundred\"");
    assert!(!compared && limits.contains(r#"the dashboard's total, "3 hundred", cannot be read"#), "{limits}");
    assert!(told("300.00000000000006").0, "noise");
    assert!(!told("null").0);
}

#[test]
fn sums_are_wider_than_entries() {
    // Each is an entry; what they come to is none.
    let large = "92233720368.54775807";
    let sum = amount(large) + amount(large);
    let summary = format!(r#"{{"total_transactions":2,"total_debit":{sum},"total_credit":0,"net_amount":-{sum}}}"#);
    let settled = books(&[large, large], &summary).settled().unwrap();
    assert!(settled.reconciliation.verdict.ties_out(), "{:?}", settled.reconciliation.breaks);
    assert!(paper(&settled, "walk.csv").contains(&sum.to_string()));
    let standing = settled.reconciliation.accounts.iter().find(|it| it.account == "MA_A").unwrap();
    assert_eq!(standing.debits, sum);
    // Wallets, too, and their sum on the dashboard.
    let rows = CUSTOMERS.map(|id| account(id).replace("100.00000", "900000000000.00000"));
    let dashboard = br#"{"total_balance":"2700000000000.00000","currency":"INR"}"#;
    let held = books(&[large, large], &summary).with(List::Accounts, &accounts(&rows)).with(List::Dashboard, dashboard);
    let settled = held.settled().unwrap();
    assert_eq!(settled.reconciliation.wallet_total.unwrap().difference(), Amount::ZERO);
    assert_eq!(row(&settled, "MA_A")[0], "implied");
    // What was sealed is read again.
    let text = r#"{"account":"MA_A","currency":"INR","amount":"900000000000.00"}"#;
    assert_eq!(serde_json::from_str::<Closing>(text).unwrap().amount, amount("900000000000"));
    // An entry is no wider than it was.
    let settled = books(&["92233720368.54775808"], "{}").settled().unwrap();
    assert!(of(&settled, Class::UnreadableEntry)[0].explanation().contains("is too large for a ledger amount"));
    assert!("39614081257132168796771975168e-8".parse::<Amount>().is_err(), "nor a sum than 2^95 units");
    assert!("39614081257132168796771975167e-8".parse::<Amount>().is_ok());
}

#[test]
fn a_contact_field_that_is_no_text_stands_as_it_came() {
    let row = account("MA_A").replace(
        r#""name""#,
        r#""gstin":{"number":7},"state":["KA"],"zip_code":560001,"country":null,"city":[],"email":false,"name""#,
    );
    let rows = [row, account("MA_B"), account("MA_C")];
    let settled = RawBooks::sound().with(List::Accounts, &accounts(&rows)).settled().unwrap();
    let party = &settled.books.customers["MA_A"].party;
    assert_eq!((party.gstin.as_str(), party.state.as_str()), (r#"{"number":7}"#, r#"["KA"]"#));
    assert_eq!((party.postal_code.as_str(), party.email.as_str()), ("560001", "false"));
    assert_eq!((party.country.as_str(), party.city.as_str()), ("", ""), "nothing is no contradiction");
}
