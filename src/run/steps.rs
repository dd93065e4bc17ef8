//! Nothing costs time with the square of what a partner or a user can make long. Whole closes of two sizes, one four times the
//! other, and what they look at, counted: a list that is walked once for each of its own rows would look at sixteen times as
//! much.

use futures::executor::block_on;
use futures::future::join_all;
use tempfile::TempDir;

use super::recheck::derive_recheck;
use super::{Earlier, Inputs, Settled, Terms, derive, explain_close};
use crate::archive::{Archive, FetchPlan, KeptPage, ListOutcome};
use crate::domain::{
    AccountId, Action, Again, Beside, Carried, Class, Closing, Currency, Decision, List, OpenBreak, sha256, steps_of,
};
use crate::invoice::RateCard;
use crate::watch::Nobody;

const PARTNER: &str = "PA_STEPS";
const UUID: &str = "7d0f9c1e-0000-4000-8000-000000000001";

/// The smaller size; the larger is four times that.
const FEW: usize = 60;

/// One entry, in paise.
#[derive(Clone)]
struct Row {
    id: String,
    account: String,
    kind: &'static str,
    paise: usize,
    reference: String,
}

/// A partner's books: the master ledger, and each customer's.
#[derive(Default)]
struct Made {
    master: Vec<Row>,
    ledgers: Vec<(String, Vec<Row>)>,
    /// Accounts with one row more, which cannot be read.
    spoilt: bool,
}

fn call(id: String, account: &str, paise: usize) -> Row {
    Row { reference: format!("cdr:{id}"), id, account: account.to_owned(), kind: "debit", paise }
}

fn customer(number: usize) -> String {
    format!("MA_{number}")
}

fn rupees(paise: usize) -> String {
    format!("{}.{:02}", paise / 100, paise % 100)
}

/// A page that holds the whole of a ledger, and says so.
fn page(rows: &[Row], spoilt: Option<&str>) -> Vec<u8> {
    let json = |row: &Row| {
        let Row { id, account, kind, paise, reference } = row;
        let amount = rupees(*paise);
        format!(
            r#"{{"id":"{id}","account_id":"{account}","type":"{kind}","amount":{amount},"currency":"INR","description":"Call","reference":"{reference}","status":"completed","created_at":"2026-03-10T10:00:00.000000Z"}}"#
        )
    };
    let broken = spoilt.map(|account| format!(r#"{{"id":"x-{account}","account_id":"{account}","type":"debit"}}"#));
    let all: Vec<String> = rows.iter().map(json).chain(broken).collect();
    let sum = |kind: &str| rows.iter().filter(|row| row.kind == kind).map(|row| row.paise).sum::<usize>();
    let (debit, credit) = (rupees(sum("debit")), rupees(sum("credit")));
    let (rows, total) = (all.join(","), all.len());
    format!(
        r#"{{"transactions":[{rows}],"summary":{{"total_transactions":{total},"total_debit":{debit},"total_credit":{credit}}},"total":{total},"page":1,"per_page":200}}"#
    )
    .into_bytes()
}

impl Made {
    /// Every list as the partner would answer it.
    fn lists(&self) -> Vec<(List, Vec<u8>)> {
        let of = |account: &str| AccountId::parse(account).ok();
        let row = |(account, _): &(String, Vec<Row>)| {
            format!(
                r#"{{"auth_id":"{account}","name":"C","cash_credits":"1000000.00","pricing_tier":{{"currency":"INR"}}}}"#
            )
        };
        let rows: Vec<String> = self.ledgers.iter().map(row).collect();
        let (rows, total) = (rows.join(","), rows.len());
        let accounts = format!(r#"{{"accounts":[{rows}],"total":{total},"page":1,"size":{total}}}"#).into_bytes();
        let me = format!(r#"{{"id":"{UUID}","auth_id":"{PARTNER}","name":"P","balance":"10.00","currency":"INR"}}"#);
        let none = || page(&[], None);
        let mut lists = vec![
            (List::Me, me.clone().into_bytes()),
            (List::Beside(Beside::Me), me.into_bytes()),
            (List::Accounts, accounts.clone()),
            (List::Beside(Beside::Accounts), accounts),
            (List::Master, page(&self.master, None)),
            (List::Beside(Beside::Since(None)), none()),
        ];
        for (account, rows) in &self.ledgers {
            let spoilt = self.spoilt.then_some(account.as_str());
            lists.extend(of(account).map(|of| (List::Ledger(of), page(rows, spoilt))));
            lists.push((List::Beside(Beside::Since(of(account))), none()));
        }
        lists
    }

    /// What a fetch of them leaves behind, and the inputs of a run that rests on it.
    fn fetched(&self, folder: &TempDir, card: &str, earlier: Earlier) -> (Archive, Inputs) {
        let archive = Archive::open(&folder.path().join("a.sqlite"), PARTNER).unwrap();
        let evidence = self.fetched_into(&archive);
        let terms = Terms {
            timezone: chrono_tz::UTC,
            tolerance: crate::domain::Amount::ZERO,
            master_declared_absent: false,
            classify: Vec::new(),
            rate_card: RateCard::parse(card).unwrap(),
            invoice: crate::invoice::InvoiceTerms::default(),
            export: crate::invoice::ExportTerms::default(),
            recharge: crate::invoice::RechargeTerms::default(),
            strict: false,
            scenario: None,
        };
        let (period, earlier) = ("2026-03".parse().unwrap(), Earlier { numbers_from: 1, ..earlier });
        let inputs = Inputs::new("2026-03".to_owned(), period, PARTNER.to_owned(), evidence, &terms, earlier);
        (archive, inputs)
    }

    /// Fetches them into an archive, and gives the digest of the evidence.
    fn fetched_into(&self, archive: &Archive) -> String {
        let period: crate::domain::Period = "2026-03".parse().unwrap();
        let (from, to) = period.window(2);
        let fetch = archive.begin(&FetchPlan { period, from, to, today: to }).unwrap();
        let lists = self.lists();
        let kept = lists.iter().map(|(list, body)| {
            let (list, request, body) = (list.clone(), format!("{list}?page=1"), body.clone());
            archive.keep(KeptPage { fetch, list, walk: 1, page: 1, request, status: 200, asked_at_us: 0, body })
        });
        block_on(join_all(kept)).into_iter().for_each(Result::unwrap);
        let ends =
            lists.iter().map(|(list, _)| archive.settle_list_beside(fetch, list, ListOutcome::Complete { walk: 1 }));
        block_on(join_all(ends)).into_iter().for_each(Result::unwrap);
        archive.finish(fetch).unwrap();
        sha256(archive.evidence(fetch).unwrap().manifest().as_bytes())
    }

    /// A whole close of them, and what it looks at.
    fn closed(&self, card: &str, earlier: Earlier) -> (Settled, u64) {
        let folder = tempfile::tempdir().unwrap();
        let (archive, inputs) = self.fetched(&folder, card, earlier);
        steps_of(|| derive(&archive, inputs, &Nobody).unwrap())
    }
}

/// A break that an earlier run left open.
fn open(id: String, class: Class, account: &str, entry: String) -> OpenBreak {
    OpenBreak {
        id,
        class,
        account: Some(account.to_owned()),
        currency: Some(Currency::INR),
        entry_ids: vec![entry],
        reference: None,
        field: "amount".to_owned(),
        master_value: "1.00".to_owned(),
        customer_value: "2.00".to_owned(),
        effect: "1".parse().unwrap(),
        gross: "1".parse().unwrap(),
        since_the_seal: "1".parse().unwrap(),
        dated: 1_771_000_000_000_000,
        first_run: "2026-02".to_owned(),
        explanation: "it differed".to_owned(),
    }
}

fn carried(open: Vec<OpenBreak>, closings: Vec<Closing>) -> Carried {
    let (run, seal) = ("2026-02".to_owned(), "0".repeat(64));
    Carried { run, seal, adjoins: true, read_late: false, closings, open }
}

/// Work of four times the size may look at four times as much, and a little more.
fn grows_with_the_list(name: &str, work: impl Fn(usize) -> u64) {
    let [few, many] = [FEW, 4 * FEW].map(&work);
    let size = u64::try_from(FEW).unwrap();
    assert!(few >= size, "{name}: {few} steps for {size} are too few to have counted them");
    assert!(many < 5 * few, "{name}: {few} steps for {size}, {many} for four times as many");
}

/// Books of so many customers with one call each, the same in both ledgers.
fn calling(size: usize, paise: usize) -> Made {
    let one = |it: usize| (customer(it), vec![call(format!("e-{it}"), &customer(it), paise)]);
    let ledgers: Vec<_> = (0..size).map(one).collect();
    Made { master: ledgers.iter().flat_map(|(_, rows)| rows.clone()).collect(), ledgers, spoilt: false }
}

/// Books of one customer with so many calls, none of which has the same amount in both ledgers.
fn differing(size: usize) -> Made {
    let rows = |more: usize| (0..size).map(|it| call(format!("e-{it}"), "MA_0", 100 + it + more)).collect::<Vec<_>>();
    Made { master: rows(7), ledgers: vec![(customer(0), rows(0))], spoilt: false }
}

#[test]
fn breaks_that_were_handed_on_beside_as_many_that_are_found() {
    grows_with_the_list("handed on", |size| {
        let gone = |class| {
            let each = move |it| open(format!("B-{class}-{it}"), class, "MA_0", format!("gone-{class}-{it}"));
            (0..size).map(each).collect::<Vec<_>>()
        };
        let again = Again { run: "2026-03".to_owned(), seal: String::new(), open: gone(Class::AmountDiffers) };
        let decision = |it: &OpenBreak| Decision {
            break_id: it.id.clone(),
            action: Action::Explain,
            amount: None,
            to: None,
            note: "n".to_owned(),
            by: "b".to_owned(),
            until: None,
            at: String::new(),
        };
        let decisions = again.open.iter().map(decision).collect();
        let before = Some(carried(gone(Class::Timing), Vec::new()));
        let earlier = Earlier { again: Some(again), carried: before, decisions, ..Earlier::default() };
        let (settled, steps) = differing(size).closed("", earlier);
        let outcome = &settled.reconciliation;
        assert_eq!((outcome.carried.len(), outcome.tie_outs.len()), (2 * size, 1));
        let found = |class| outcome.breaks.iter().filter(|found| found.class() == class).count();
        assert_eq!([found(Class::AmountDiffers), found(Class::MissingFromCustomer)], [size, size]);
        steps
    });
}

#[test]
fn breaks_that_are_found_again() {
    grows_with_the_list("found again", |size| {
        let each = |it: usize| open(format!("B-{it}"), Class::UnreadableEntry, "MA_0", format!("e-{it}"));
        let open = (0..size).map(each).collect();
        let again = Again { run: "2026-03".to_owned(), seal: String::new(), open };
        let (settled, steps) = differing(size).closed("", Earlier { again: Some(again), ..Earlier::default() });
        let replaced = |it: &&crate::reconcile::CarriedBreak| it.standing == crate::domain::Standing::Replaced;
        assert_eq!(settled.reconciliation.carried.iter().filter(replaced).count(), size);
        steps
    });
}

#[test]
fn customers_with_a_row_each_that_cannot_be_read_and_something_moved_since_the_seal() {
    grows_with_the_list("wallets", |size| {
        let late = |it: usize| open(format!("B-{it}"), Class::LateEntry, &customer(it), format!("late-{it}"));
        let closing = |it: usize| {
            let (account, currency) = (customer(it), Currency::INR);
            Closing { account, currency, amount: "1000000".parse().unwrap(), earlier: None }
        };
        let before = carried((0..size).map(late).collect(), (0..size).map(closing).collect());
        let made = Made { spoilt: true, ..calling(size, 100) };
        let (settled, steps) = made.closed("", Earlier { carried: Some(before), ..Earlier::default() });
        assert_eq!(settled.books.unreadable.len(), size);
        assert_eq!(settled.reconciliation.wallets.len(), size + 1);
        steps
    });
}

#[test]
fn transfers_of_one_reference_and_different_amounts() {
    grows_with_the_list("transfers", |size| {
        let leg = |it: usize, account: &str, kind, more: usize| Row {
            id: format!("{kind}-{it}"),
            account: account.to_owned(),
            kind,
            paise: 10_000 + 7 * it + more,
            reference: format!("ptc:{UUID}:MA_0:1773136800"),
        };
        let credits: Vec<Row> = (0..size).map(|it| leg(it, "MA_0", "credit", 3)).collect();
        let debits = (0..size).map(|it| leg(it, PARTNER, "debit", 0));
        let master = debits.chain(credits.iter().cloned()).collect();
        let made = Made { master, ledgers: vec![(customer(0), credits)], spoilt: false };
        let (settled, steps) = made.closed("", Earlier::default());
        let of_amount = |found: &&crate::domain::Break| found.class() == Class::AmountDiffers;
        assert_eq!(settled.reconciliation.breaks.iter().filter(of_amount).count(), size);
        steps
    });
}

#[test]
fn fees_of_one_name_each_for_a_customer_of_its_own() {
    grows_with_the_list("fees", |size| {
        let fee = |it: usize| format!("[[fees]]\nname = 'Support'\namount = '5'\naccounts = ['MA_{it}']\n");
        let card = (0..size).map(fee).collect::<Vec<_>>().concat();
        let ((settled, closing), reading) = steps_of(|| calling(size, 100).closed(&card, Earlier::default()));
        let fees = settled.billing.invoices.iter().filter(|it| it.fees == "5".parse().unwrap()).count();
        assert_eq!(fees, size);
        assert!(reading > closing, "the card is read outside the close");
        reading
    });
}

#[test]
fn the_explanation_of_a_tie_out_and_of_an_account_with_many_breaks() {
    for id in ["MA_0/INR/debit", "MA_0"] {
        grows_with_the_list(id, |size| {
            let folder = tempfile::tempdir().unwrap();
            let (archive, inputs) = differing(size).fetched(&folder, "", Earlier::default());
            let (told, steps) = steps_of(|| explain_close(&archive, &inputs, id, &Nobody).unwrap().unwrap());
            assert_eq!(told.matches("sha256").count(), 2 * size);
            steps
        });
    }
}

/// Every customer's call has become dearer since the seal, in both ledgers: as many notes as there are customers.
#[test]
fn a_recheck_that_proposes_a_note_for_every_customer() {
    grows_with_the_list("recheck", |size| {
        let folder = tempfile::tempdir().unwrap();
        let (archive, inputs) = calling(size, 100).fetched(&folder, "", Earlier::default());
        let settled = derive(&archive, inputs, &Nobody).unwrap();
        let now = calling(size, 130).fetched_into(&archive);
        let close = settled.papers.iter().find(|paper| paper.name == "close.json").unwrap();
        let close: serde_json::Value = serde_json::from_slice(&close.bytes).unwrap();
        let (sealed, seal) = (serde_json::to_value(&settled.inputs).unwrap(), "0".repeat(64));
        let billed = serde_json::json!([{
            "run": "2026-03", "seal": seal, "rate_card": sealed["terms"]["rate_card"], "invoice": {}, "invoices": close["invoices"],
        }]);
        let inputs = serde_json::json!({
            "format": "tieout-recheck-run-v1", "version": env!("CARGO_PKG_VERSION"), "run": "2026-03.recheck",
            "period": "2026-03", "partner": PARTNER, "evidence": now, "seal": seal, "sealed": sealed, "billed": billed,
        });
        let inputs = serde_json::from_value(inputs).unwrap();
        let (rechecking, steps) = steps_of(|| derive_recheck(&archive, inputs, &Nobody).unwrap());
        assert_eq!((rechecking.notes.len(), rechecking.rechecked.findings.len()), (size, 2 * size));
        steps
    });
}
