//! The month by day: its days are those of a plain count, whatever the zone, and add up to the accounts.

use std::collections::BTreeMap;
use std::path::Path;

use tieout::domain::{Amount, Currency, Direction, Entry, Side};
use tieout::reconcile::DayTotal;
use tieout::report::report;
use tieout::run::{Settled, explain};
use tieout::simulator::Scenario;
use tieout::watch::Nobody;

use crate::report::{billing, books};
use crate::scenarios::files;
use crate::support::{fixture, provenance, scenario_at, settled};

/// Entries, credits and debits by currency, kind of wallet and day.
type Days = BTreeMap<(Currency, bool, String), (u64, Amount, Amount)>;

/// The same by looking at each entry and its local date.
fn plain(settled: &Settled) -> Days {
    let partner = settled.books.partner.account.as_str();
    let mut entries: Vec<(bool, Entry)> = Vec::new();
    entries.extend(settled.books.ledgers.entries(Side::Customer).unwrap().into_iter().map(|it| (false, it)));
    let master = settled.books.master.entries(Side::Master).unwrap();
    entries.extend(master.into_iter().filter(|it| it.account == partner).map(|it| (true, it)));
    let mut days = Days::new();
    for (own, entry) in entries.into_iter().filter(|(_, entry)| entry.counts()) {
        let local = settled.books.calendar.local(entry.created_at);
        let day = days.entry((entry.currency, own, local[..10].to_owned())).or_default();
        day.0 += 1;
        match entry.direction {
            Direction::Credit => day.1 += entry.amount,
            Direction::Debit => day.2 += entry.amount,
            Direction::Unclassified => {}
        }
    }
    days
}

/// The days with an entry, as the close has them.
fn found(days: &[DayTotal]) -> Days {
    let moved = days.iter().filter(|day| day.entries > 0);
    moved.map(|it| ((it.currency, it.own_wallet, it.day.to_string()), (it.entries, it.credits, it.debits))).collect()
}

fn agrees(scenario: &Scenario) {
    let (_, settled) = settled(scenario);
    let days = &settled.reconciliation.days;
    assert_eq!(found(days), plain(&settled), "{}", scenario.name);
    assert!(days.is_sorted_by_key(|day| (day.currency, day.own_wallet, day.day)), "{}", scenario.name);
    // A month that has an entry has all its days.
    let mut months: BTreeMap<(Currency, bool), u32> = BTreeMap::new();
    for day in days {
        *months.entry((day.currency, day.own_wallet)).or_default() += 1;
    }
    let length = settled.books.calendar.days().count();
    assert!(months.values().all(|days| *days as usize == length), "{}: {months:?}", scenario.name);
}

#[test]
fn the_days_are_those_of_a_plain_count() {
    let worlds = ["behind-utc", "december", "empty-month", "no-own-rows", "two-currencies"];
    for name in worlds {
        agrees(&scenario_at(&fixture(&format!("scenarios/worlds/{name}.toml"))));
    }
    let flawed = files().into_iter().filter(|(path, _)| path.to_string_lossy().contains("scenarios/breaks/"));
    for (path, _) in flawed.step_by(6) {
        agrees(&scenario_at(&path));
    }
}

#[test]
fn a_day_has_the_hours_that_its_zone_gives_it() {
    // Summer time begins on the 29th of March 2026 in Berlin: the day has 23 hours, and the next still begins at midnight.
    let mut berlin = scenario_at(&fixture("scenarios/calm.toml"));
    berlin.world.timezone = "Europe/Berlin".parse().unwrap();
    agrees(&berlin);
    let calendar = settled(&berlin).1.books.calendar;
    let begins: Vec<i64> = calendar.days().map(|(_, begins)| begins).collect();
    let hours = |day: usize| (begins[day] - begins[day - 1]) / 3_600_000_000;
    assert_eq!((calendar.period.to_string().as_str(), hours(28), hours(29)), ("2026-03", 24, 23));
}

#[test]
fn days_that_do_not_add_up_to_the_accounts_are_refused() {
    let refusal = |change: fn(&mut DayTotal)| {
        let mut books = books();
        change(&mut books.days[0]);
        report(&provenance(), &books, &billing(), &[]).unwrap_err().to_string()
    };
    insta::assert_snapshot!(refusal(|day| day.entries += 1), @"days of INR customers, entries: 49.00 as listed, 48.00 as stated, difference 1.00");
    insta::assert_snapshot!(refusal(|day| day.credits += "0.01".parse().unwrap()), @"days of INR customers, credits: 2000.01 as listed, 2000.00 as stated, difference 0.01");
    insta::assert_snapshot!(refusal(|day| day.debits += "0.01".parse().unwrap()), @"days of INR customers, debits: 1036407.41 as listed, 1036407.40 as stated, difference 0.01");
    let mut without = books();
    without.days.remove(0);
    insta::assert_snapshot!(report(&provenance(), &without, &billing(), &[]).unwrap_err().to_string(), @"days of INR customers, entries: 0.00 as listed, 48.00 as stated, difference -48.00");
}

#[test]
fn a_day_is_explained_by_its_entries() {
    let run = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/specimen/2026-03");
    let archive = fixture("audit/archive.sqlite");
    let explained = |id: &str| explain(&run, Some(&archive), id, &Nobody);
    let (_, settled) = settled(&scenario_at(&fixture("audit/scenario.toml")));
    let mut told = Days::new();
    for day in settled.books.calendar.days().map(|(day, _)| day.to_string()).step_by(5) {
        let text = explained(&format!("day:{day}")).unwrap();
        let mut own = false;
        for line in text.lines() {
            own |= line.contains("entries of the own wallet");
            let words: Vec<&str> = line.split_whitespace().collect();
            let [when, direction, amount, currency, ..] = words[..] else { continue };
            if line.starts_with("    ") && ["credit", "debit"].contains(&direction) {
                assert!(when.starts_with(&day), "{line}");
                let sums = told.entry((currency.parse().unwrap(), own, day.clone())).or_default();
                let amount: Amount = amount.parse().unwrap();
                sums.0 += 1;
                if direction == "credit" { sums.1 += amount } else { sums.2 += amount }
            }
        }
    }
    let mut days = found(&settled.reconciliation.days);
    days.retain(|(_, _, day), _| told.keys().any(|(_, _, explained)| explained == day));
    assert!(days.len() > 5, "{days:?}");
    assert_eq!(told, days);
    for none in ["day:2026-02-28", "day:2026-04-01", "day:soon", "day:"] {
        assert!(explained(none).is_err(), "{none}");
    }
}
