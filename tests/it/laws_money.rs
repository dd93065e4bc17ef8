//! Law 9, end to end from raw rows: Σ invoice lines = Σ billed entries at their rates, to the last minor unit, and
//! every settled debit of the period is on exactly one invoice or on the held list, or was taken back by the partner and is
//! in the recharge check as that. The arithmetic here is integers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::domain::{Currency, List, Severity};
use tieout::invoice::{Billing, Invoice, LineKind, RateCard};
use tieout::simulator::Row;

use crate::books::{Layout, RawBooks, State, one_of};
use crate::damage::{damaged, flawed, taken_back};
use crate::laws::cases;
use crate::plain;

/// What an account was charged in one currency: entries and units of 10⁻⁸ by kind and charge class.
type Charges = BTreeMap<(LineKind, &'static str), (u64, i128)>;

/// Markups by class in units of 0.01 %.
const MARKUPS: [(&str, i128); 5] =
    [("call", 2_500), ("streaming", 3_333), ("number-setup", 0), ("daily-usage", -1_250), ("refund", 100)];

/// The markup of every other class.
const DEFAULT: i128 = 1_999;

fn card(rounding: &str) -> RateCard {
    let percent = |hundredths: i128| {
        let sign = if hundredths < 0 { "-" } else { "" };
        format!("'{sign}{}.{:02}'", hundredths.abs() / 100, hundredths.abs() % 100)
    };
    let class = |(class, markup): &(&str, i128)| format!("{class} = {}\n", percent(*markup));
    let classes = MARKUPS.iter().map(class).collect::<Vec<_>>().concat();
    let text =
        format!("rounding = '{rounding}'\n[markup]\ndefault = {}\n[markup.classes]\n{classes}", percent(DEFAULT));
    RateCard::parse(&text).unwrap()
}

/// What a row is billed as, if it is: by the words that the simulator writes.
fn charge(row: &Row) -> Option<(LineKind, &'static str)> {
    let says = |words: &str| row.description.starts_with(words);
    let debit = matches!(row.kind, "debit" | "did_rental");
    let credit = matches!(row.kind, "credit" | "refund");
    if !debit && !credit {
        return None;
    }
    let cdr = row.reference.as_deref().is_some_and(|reference| reference.starts_with("cdr:"));
    let class = match () {
        () if row.is_transfer() => return None,
        () if says("Manual adjustment") => "adjustment",
        () if credit && (row.kind == "refund" || says("Refund")) => return Some((LineKind::Refund, "refund")),
        () if credit => return None,
        () if says("Stream") => "streaming",
        () if row.kind == "did_rental" || says("Number rental") => "number-rental",
        () if says("Number setup") => "number-setup",
        () if cdr || says("Call ") => "call",
        () if says("Usage ") => "daily-usage",
        () => "other",
    };
    debit.then_some((LineKind::Usage, class))
}

/// Everything that is to be billed or held, by account and currency: from a customer's own ledger, or from the master
/// where that was not read or belongs to nobody.
fn due(books: &RawBooks) -> BTreeMap<(String, Currency), Charges> {
    let month = books.month(books.zone);
    let mut due: BTreeMap<(String, Currency), Charges> = BTreeMap::new();
    for (list, ledger) in books.ledgers.iter().filter(|(_, ledger)| ledger.state != State::Missing) {
        for row in ledger.rows.iter().filter(|row| row.is_settled() && month.contains(&row.created_at)) {
            let Ok(amount) = row.amount.trim_matches('"').parse::<tieout::domain::Amount>() else { continue };
            let named = &*row.account_id;
            let account = match list {
                List::Ledger(owner) => owner.as_str(),
                List::Me | List::Dashboard | List::Accounts | List::Reading(_) | List::Beside(_) => continue,
                List::Master if named == books.partner || has_own_ledger(books, named) => continue,
                List::Master => named,
            };
            if row.id.is_empty() || named.is_empty() {
                continue;
            }
            if let Some((kind, class)) = charge(row) {
                let charges = due.entry((account.to_owned(), row.currency)).or_default();
                let (entries, units) = charges.entry((kind, class)).or_default();
                *entries += 1;
                *units += if kind == LineKind::Refund { -amount.units() } else { amount.units() };
            }
        }
    }
    due
}

fn has_own_ledger(books: &RawBooks, account: &str) -> bool {
    books.ledgers.iter().any(|(list, ledger)| {
        matches!(list, List::Ledger(owner) if owner.as_str() == account) && ledger.state != State::Missing
    })
}

/// `units × (1 + markup)` in whole minor units, as units: integers alone.
fn priced(units: i128, class: &str, currency: Currency, rounding: &str) -> i128 {
    let markup = MARKUPS.iter().find(|(name, _)| *name == class).map_or(DEFAULT, |(_, markup)| *markup);
    let exact = units * (10_000 + markup);
    let minor = 10_i128.pow(8 - currency.minor_digits());
    let step = minor * 10_000;
    let (whole, rest) = (exact.abs() / step, exact.abs() % step);
    let up = match rounding {
        "half-up" => 2 * rest >= step,
        "half-even" => 2 * rest > step || (2 * rest == step && whole % 2 == 1),
        "up" => rest > 0,
        _ => false,
    };
    exact.signum() * (whole + i128::from(up)) * minor
}

/// The lines that the charges must have become: kind, class, entries, cost, amount.
fn lines(charges: &Charges, currency: Currency, rounding: &str) -> Vec<(LineKind, String, u64, i128, i128)> {
    let line = |(key, sums): (&(LineKind, &'static str), &(u64, i128))| {
        let ((kind, class), (entries, cost)) = (*key, *sums);
        (kind, class.to_owned(), entries, cost, priced(cost, class, currency, rounding))
    };
    charges.iter().map(line).collect()
}

fn billed(invoice: &Invoice) -> Vec<(LineKind, String, u64, i128, i128)> {
    let lines = invoice.lines.iter();
    lines.map(|it| (it.kind, it.class.clone(), it.entries, it.cost_base.units(), it.amount.units())).collect()
}

/// What is given back beside the invoices, by account and currency: cost and amount of the lines of notes, and of what waits.
fn given_back(billing: &Billing) -> BTreeMap<(String, Currency), (i128, i128)> {
    let mut given: BTreeMap<(String, Currency), (i128, i128)> = BTreeMap::new();
    let notes = billing.notes.iter().map(|it| (&it.document, &it.document.lines));
    for (of, lines) in notes.chain(billing.credits.iter().map(|it| (&it.due, &it.rest))) {
        let (cost, amount) = given.entry((of.account.clone(), of.currency)).or_default();
        for line in lines {
            (*cost, *amount) = (*cost + line.cost_base.units(), *amount + line.amount.units());
        }
    }
    given
}

fn every_debit_is_somewhere_once(books: &RawBooks, rounding: &str) -> Result<(), TestCaseError> {
    let billing = books.settled(&Layout::default(), &card(rounding)).billing;
    let plain = plain::reconcile(books);
    let (mut due, mut given) = (due(books), given_back(&billing));
    let sums = |lines: &[(LineKind, String, u64, i128, i128)]| -> (i128, i128) {
        (lines.iter().map(|it| it.3).sum(), lines.iter().map(|it| it.4).sum())
    };
    for invoice in &billing.invoices {
        let key = (invoice.account.clone(), invoice.currency);
        let charges = due.remove(&key);
        prop_assert!(charges.is_some(), "invoiced twice, or for nothing: {invoice:?}");
        let all = lines(&charges.unwrap_or_default(), invoice.currency, rounding);
        // Refunds that exceed the charges stand on notes, or wait for an invoice, to the last unit.
        let (refunds, usage): (Vec<_>, Vec<_>) = all.iter().cloned().partition(|line| line.0 == LineKind::Refund);
        let given = given.remove(&key);
        prop_assert_eq!(billed(invoice), if given.is_none() { all } else { usage });
        prop_assert!(given.is_none_or(|given| given == sums(&refunds)), "{given:?}");
        let sum: i128 = invoice.lines.iter().map(|line| line.amount.units()).sum();
        prop_assert_eq!(invoice.total.units(), sum);
        prop_assert!(
            plain.on(&invoice.account, invoice.currency) < Severity::Break,
            "invoiced without a proof: {invoice:?}"
        );
    }
    let verdicts = &plain.accounts;
    let mut seen = std::collections::BTreeSet::new();
    for held in billing.held.iter().filter(|it| !it.is_credit) {
        prop_assert!(!held.reason.is_empty() && !held.hint.is_empty());
        let Some(charges) = due.remove(&(held.account.clone(), held.currency)) else {
            // Charged by the master alone: held for what the master says, and never sound.
            prop_assert!(verdicts.get(&held.account).is_none_or(|severity| *severity >= Severity::Break), "{:?}", held);
            prop_assert!(seen.insert((held.account.clone(), held.currency)), "held twice: {held:?}");
            continue;
        };
        let cost: i128 = charges.values().map(|(_, units)| units).sum();
        prop_assert_eq!(held.cost_base.units(), cost, "{:?}", held);
        let sound = verdicts.get(&held.account).is_some_and(|severity| *severity < Severity::Break);
        let refunds_alone = charges.keys().all(|(kind, _)| *kind == LineKind::Refund);
        prop_assert!(!sound || refunds_alone, "sound, and held: {held:?}");
    }
    // Who has refunds alone waits for an invoice.
    for (key, given) in given {
        let charges = due.remove(&key).unwrap_or_default();
        prop_assert_eq!(given, sums(&lines(&charges, key.1, rounding)));
        prop_assert!(charges.keys().all(|(kind, _)| *kind == LineKind::Refund));
        prop_assert!(billing.held.iter().any(|it| it.is_credit && (&it.account, it.currency) == (&key.0, key.1)));
    }
    prop_assert!(due.is_empty(), "neither invoiced nor held: {due:?}");
    Ok(())
}

proptest! {
    #![proptest_config(cases(100))]

    #[test]
    fn every_settled_debit_is_billed_or_held_at_its_rate(seed: u64) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let rounding = *one_of(&mut rng, &["half-up", "half-even", "up", "down"]);
        let books = match rng.random_range(0..3) {
            0 => damaged(&mut rng),
            1 => taken_back(&mut rng),
            _ => {
                let (scenario, world) = flawed(&mut rng);
                RawBooks::of(&scenario, &world)
            }
        };
        every_debit_is_somewhere_once(&books, rounding)?;
    }
}
