//! The recharge check for books that nobody chose: every sum and every word once more from the raw entries, without the
//! frame; and what a hold changes: nothing but who is billed.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Amount, Currency, Timestamp};
use tieout::invoice::{RateCard, RechargeTerms};
use tieout::run::{Settled, derive};
use tieout::simulator::{Row, Scenario, World};
use tieout::watch::Nobody;

use crate::books::{Layout, State, ledger};
use crate::damage::{damaged, taken_back};
use crate::laws::cases;
use crate::support;

/// Topped up, transferred, taken back; refunds, other credits, usage.
type Sums = [Amount; 6];

/// The place of a row among the sums, by the words that the simulator writes.
fn place(row: &Row) -> Option<usize> {
    let says = |words: &str| row.description.starts_with(words);
    let credit = matches!(row.kind, "credit" | "refund");
    let debit = matches!(row.kind, "debit" | "did_rental");
    let paid = row.reference.as_deref().is_some_and(|it| it.starts_with("pay:")) || says("Recharge");
    match (credit, debit) {
        (true, _) if row.is_transfer() => Some(1),
        (true, _) if says("Manual adjustment") => Some(4),
        (true, _) if row.kind == "refund" || says("Refund") => Some(3),
        (true, _) if paid => Some(0),
        (true, _) => Some(4),
        (_, true) if row.is_transfer() => Some(2),
        (_, true) => Some(5),
        (false, false) => None,
    }
}

/// What an account's rows come to in one currency, in the month and after it, and how far the month takes it down.
#[derive(Default)]
struct Plain {
    month: Sums,
    since: Sums,
    moves: Vec<(Timestamp, bool, Amount)>,
}

fn plain(rows: &[Row], month: &std::ops::Range<Timestamp>) -> BTreeMap<Currency, Plain> {
    let mut sums: BTreeMap<Currency, Plain> = BTreeMap::new();
    for row in rows.iter().filter(|row| row.is_settled() && row.created_at >= month.start) {
        let Ok(amount) = row.amount.trim_matches('"').parse::<Amount>() else { continue };
        let Some(place) = place(row).filter(|_| !row.id.is_empty() && !row.account_id.is_empty()) else { continue };
        let of = sums.entry(row.currency).or_default();
        if month.contains(&row.created_at) {
            of.month[place] += amount;
            let debit = [2, 5].contains(&place);
            of.moves.push((row.created_at, debit, if debit { -amount } else { amount }));
        } else {
            of.since[place] += amount;
        }
    }
    sums
}

impl Plain {
    /// The lowest balance from an opening on: of one moment, what adds comes first.
    fn lowest(&self, opening: Amount) -> Amount {
        let mut moves = self.moves.clone();
        moves.sort_unstable_by_key(|(at, debit, _)| (*at, *debit));
        let mut balance = opening;
        moves.into_iter().fold(opening, |lowest, (_, _, amount)| {
            balance += amount;
            lowest.min(balance)
        })
    }

    fn funded(&self) -> Amount {
        [self.month, self.since].iter().map(|it| it[0] + it[1] - it[2]).sum()
    }
}

/// Every row of the check against the rows of the ledgers; `bills` are what invoices come to where nobody is held.
fn holds(
    settled: &Settled,
    ledgers: &BTreeMap<String, Vec<Row>>,
    terms: RechargeTerms,
    bills: &BTreeMap<(String, Currency), Amount>,
) -> Result<(), TestCaseError> {
    let calendar = &settled.books.calendar;
    let month = calendar.start..calendar.end;
    let mut expected: BTreeMap<(String, Currency), Plain> = BTreeMap::new();
    for (account, rows) in ledgers {
        expected.extend(plain(rows, &month).into_iter().map(|(currency, it)| ((account.clone(), currency), it)));
    }
    for it in &settled.billing.recharges {
        let recharge = &it.recharge;
        let key = (recharge.account.clone(), recharge.currency);
        let of = expected.remove(&key).unwrap_or_default();
        let month = recharge.month;
        let sums = [month.topped_up, month.transferred, month.taken_back];
        let sums = [sums.as_slice(), &[recharge.refunded, recharge.other_credits, recharge.usage]].concat();
        prop_assert_eq!(&sums[..], &of.month[..], "{:?}", key);
        let wallet = settled.reconciliation.wallets.iter().find(|it| it.account == key.0).unwrap();
        let (rolled, bill) = (wallet.rolled(), bills.get(&key).copied());
        prop_assert_eq!(it.bill.as_ref().map(|bill| bill.total), bill, "{:?}", key);
        let Some(rolled) = rolled else {
            prop_assert_eq!((it.verdict.word(), it.shortfall), ("not-evidenced", None));
            prop_assert!(recharge.since.is_err() && !it.reason.is_empty());
            continue;
        };
        let since = recharge.since.clone().unwrap();
        let funded = vec![since.topped_up, since.transferred, since.taken_back];
        prop_assert_eq!(funded, of.since[..3].to_vec(), "{:?}", key);
        let own = wallet.currency == key.1;
        let negative = own && (of.lowest(rolled.opening).is_negative() || rolled.live.is_negative());
        if own {
            // The bridge: opening + credits − debits leads to the closing, but for what the wallet's own finding says.
            let [topped_up, transferred, taken_back, refunded, other, usage] = of.month;
            let closing = rolled.opening + topped_up + transferred + refunded + other - taken_back - usage;
            prop_assert_eq!(closing + rolled.difference(), rolled.closing(), "{:?}", key);
        }
        if terms.count_opening && !own {
            prop_assert_eq!(it.verdict.word(), "not-evidenced");
            continue;
        }
        let covering = of.funded() + if terms.count_opening { rolled.opening } else { Amount::ZERO };
        let short = bill.map(|bill| if bill > covering { bill - covering } else { Amount::ZERO });
        let word = match short {
            _ if negative => "negative",
            Some(short) if !short.is_zero() => "uncovered",
            None if settled.billing.held.iter().any(|it| (&it.account, it.currency) == (&key.0, key.1)) => "not-billed",
            _ => "covered",
        };
        prop_assert_eq!((it.verdict.word(), it.shortfall, it.covering), (word, short, Some(covering)), "{:?}", key);
        let is_held = settled.billing.held.iter().any(|it| (&it.account, it.currency) == (&key.0, key.1));
        prop_assert_eq!(it.held, is_held);
        if let Some(short) = short {
            let asked = (negative && terms.hold_negative) || (!short.is_zero() && terms.hold_uncovered);
            prop_assert_eq!(is_held, asked, "{:?}: {}", key, it.reason);
        }
    }
    // Nobody who moved is left out; an account that no list holds has no wallet.
    let left = expected.iter().filter(|(_, it)| !it.month.iter().chain(&it.since[..3]).all(|it| it.is_zero()));
    let left: Vec<_> = left.map(|(key, _)| key).collect();
    prop_assert!(left.is_empty(), "{left:?}");
    Ok(())
}

/// What every invoice comes to.
fn bills(settled: &Settled) -> BTreeMap<(String, Currency), Amount> {
    settled.billing.invoices.iter().map(|it| ((it.account.clone(), it.currency), it.total)).collect()
}

fn card() -> RateCard {
    RateCard::parse("[markup]\ndefault = '33'\n[[fees]]\nname = 'Line'\namount = '40'").unwrap()
}

fn drawn(rng: &mut ChaCha8Rng) -> RechargeTerms {
    let [hold_negative, hold_uncovered, count_opening] = [(); 3].map(|()| rng.random_range(0..2) == 1);
    RechargeTerms { hold_negative, hold_uncovered, count_opening }
}

proptest! {
    #![proptest_config(cases(40))]

    #[test]
    fn damaged_books_are_checked_as_their_raw_rows_say(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut books = if rng.random_range(0..3) == 0 { taken_back(&mut rng) } else { damaged(&mut rng) };
        let accounts: Vec<String> = books.accounts.iter().map(|(id, _)| id.clone()).collect();
        for account in accounts {
            if rng.random_range(0..3) == 0 {
                let lost = Amount::from_units(i128::from(rng.random_range(0..9_000_u32)) * 100_000_000);
                let held = *books.wallets.get(&account).unwrap();
                books.wallets.insert(account, held - lost);
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let archive = books.archive(&Layout::default(), &folder.path().join("a.sqlite"));
        let settle = |recharge| {
            let mut inputs = books.inputs(&archive, &card());
            inputs.terms.recharge = recharge;
            derive(&archive, inputs, &Nobody).unwrap()
        };
        let of = |(id, _): &(String, Currency)| {
            let ledger = &books.ledgers[&ledger(id)];
            let rows = if ledger.state == State::Missing { Vec::new() } else { ledger.rows.clone() };
            (id.clone(), rows)
        };
        let ledgers = books.accounts.iter().map(of).collect();
        let listed = settle(RechargeTerms::default());
        let bills = bills(&listed);
        holds(&listed, &ledgers, RechargeTerms::default(), &bills)?;
        let terms = drawn(&mut rng);
        let held = settle(terms);
        holds(&held, &ledgers, terms, &bills)?;
        // A hold moves customers from the invoices to the held list, and nothing else.
        let both = held.billing.invoices.len() + held.billing.held.len();
        prop_assert_eq!(both, listed.billing.invoices.len() + listed.billing.held.len());
        prop_assert_eq!(&held.reconciliation.breaks, &listed.reconciliation.breaks);
        let numbers: Vec<String> = held.billing.invoices.iter().map(|it| it.number.clone()).collect();
        let series: Vec<String> = (1..=numbers.len()).map(|number| format!("INV-{number:06}")).collect();
        prop_assert_eq!(numbers, series);
    }
}

proptest! {
    #![proptest_config(cases(6))]

    /// A close weeks after the month: what came since is read beside the window, funding of it in every world drawn here.
    #[test]
    fn a_late_close_counts_what_came_since(seed: u64) {
        let text = format!(
            "name = 'n'\nprose = 'p'\nseed = {seed}\n[world]\ncustomers = 5\nentries = 1500\ntoday = '2026-04-20'\n\
             currencies = ['INR', 'USD']\n[expected]\nverdict = 'tied-out'\n",
            seed = seed >> 1
        );
        let scenario = Scenario::read(&text).unwrap();
        let world = World::build(&scenario).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let archive = support::archive(&scenario, &world, &folder.path().join("a.sqlite"));
        let settled = support::settle(&scenario, &archive);
        let ids = world.accounts().iter().map(|it| it.auth_id.clone());
        let ledgers: BTreeMap<_, _> = ids.map(|id| (id.clone(), world.ledger(&id).unwrap().to_vec())).collect();
        let (_, walked_to) = scenario.world.period.window(2);
        let behind = |row: &Row| row.created_at >= (walked_to + chrono::Days::new(1)).and_time(chrono::NaiveTime::MIN).and_utc().timestamp_micros();
        let funds = |row: &Row| row.is_settled() && behind(row) && matches!(place(row), Some(0..=2));
        prop_assume!(ledgers.values().flatten().any(funds));
        holds(&settled, &ledgers, RechargeTerms::default(), &bills(&settled))?;
    }
}
