//! The laws of invoices and notes, for months drawn from seeds: with further runs, rechecks, refunds and changes of what is
//! sealed, read from the sealed papers by plain sums.

use std::collections::BTreeMap;

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tieout::domain::Amount;
use tieout::invoice::InvoiceTerms;
use tieout::run::Closed;

use crate::notes_spread::{Account, gst, gst_with};

/// Worlds in the ordinary suite, and in a soak.
const WORLDS: u64 = 4;
const WORLDS_SOAKED: u64 = 400;

const MONTHS: [&str; 5] = ["2026-01", "2026-02", "2026-03", "2026-04", "2026-05"];

/// Figures of an invoice: its taxable value, its tax by head, and its total.
#[derive(Clone, Debug, Default)]
struct Sums {
    taxable: Amount,
    heads: BTreeMap<String, Amount>,
    total: Amount,
}

fn amount(it: &Value) -> Amount {
    it.as_str().unwrap().parse().unwrap()
}

impl Sums {
    fn add(&mut self, document: &Value) {
        self.taxable += amount(&document["taxable"]);
        self.total += amount(&document["total"]);
        for head in document["lines"].as_array().unwrap().iter().flat_map(|line| line["heads"].as_array().unwrap()) {
            *self.heads.entry(head["head"].as_str().unwrap().to_owned()).or_default() += amount(&head["amount"]);
        }
    }
}

/// Every invoice with its notes, and what waits to be given back, as the sealed papers of all runs tell it.
#[derive(Default)]
struct Told {
    invoices: BTreeMap<String, Sums>,
    /// Σ taxable value of every document.
    given: Amount,
    /// What no invoice could take, and later notes have not given yet.
    waits: Amount,
}

impl Told {
    fn read(&mut self, closed: &Closed, place: &str) {
        let close: Value = serde_json::from_slice(&std::fs::read(closed.folder.join("close.json")).unwrap()).unwrap();
        let of = |key: &str| close[key].as_array().unwrap().clone();
        for invoice in of("invoices") {
            let number = invoice["number"].as_str().unwrap().to_owned();
            assert!(self.invoices.insert(number, Sums::default()).is_none(), "{place}: a number twice");
            self.invoices.get_mut(invoice["number"].as_str().unwrap()).unwrap().add(&invoice);
            self.given += amount(&invoice["taxable"]);
        }
        for note in of("notes") {
            let named = note["corrects"]["number"].as_str().unwrap();
            let invoice = self.invoices.get_mut(named).unwrap_or_else(|| panic!("{place}: {named:?} is no invoice"));
            invoice.add(&note);
            let signed = note["kind"] == "credit";
            assert_eq!(amount(&note["total"]).is_negative(), signed, "{place}: {note}");
            self.given += amount(&note["taxable"]);
            if note["reason"] == "held" {
                self.waits = self.waits - amount(&note["taxable"]);
            }
        }
        for line in of("credits").iter().flat_map(|credit| credit["rest"].as_array().unwrap()) {
            self.waits += amount(&line["amount"]);
        }
        for (number, it) in &self.invoices {
            let least = it.heads.values().copied().chain([it.taxable, it.total]).min().unwrap();
            assert!(!least.is_negative(), "{place}: {number} with its notes is {it:?}");
        }
    }
}

/// What is due for a month without tax: what was charged, less what was refunded, at the card's markup.
fn due(it: &Account, month: &str, markup: i128) -> Amount {
    let books = it.desk.books();
    let of_month =
        books.ledgers[&crate::recheck_desk::ledger("MA_1")].iter().filter(|row| row.created_at.starts_with(month));
    let mut sums = [0_i128; 2];
    for row in of_month {
        sums[usize::from(row.kind == "credit")] += row.amount().units();
    }
    // Each line is rounded half up to the paisa; all that is posted is in whole paise.
    let priced = |units: i128| {
        let exact = units * (100 + markup);
        (exact + 50_000_000) / 100_000_000 * 1_000_000
    };
    Amount::from_units(priced(sums[0]) - priced(sums[1]))
}

fn any_amount(rng: &mut ChaCha8Rng, most: u32) -> String {
    let paise = rng.random_range(1..most * 100);
    format!("{}.{:02}", paise / 100, paise % 100)
}

/// Lives through the months: entries come, in time and late, and months are closed, rechecked and closed again.
async fn lived(it: &Account, told: &mut Told, rng: &mut ChaCha8Rng, seed: u64) {
    // Months of which something was used, or given back: what comes late is of them.
    let (mut used, mut refunded) = (Vec::new(), Vec::new());
    for month in MONTHS {
        if rng.random_bool(0.7) {
            used.push(month);
            it.post(&format!("{month}-05"), &any_amount(rng, 900));
        }
        if rng.random_bool(0.5) {
            refunded.push(month);
            it.post(&format!("{month}-06"), &format!("-{}", any_amount(rng, 1_500)));
        }
        // What is sealed changes: refunds and usage come late, and less is refunded or used than was.
        let before: Vec<&str> =
            MONTHS.into_iter().filter(|it| *it < month && (used.contains(it) || refunded.contains(it))).collect();
        if !before.is_empty() && rng.random_bool(0.7) {
            let before = before[rng.random_range(0..before.len())];
            let sign = if !used.contains(&before) || rng.random_bool(0.6) { "-" } else { "" };
            it.post_late(&format!("{before}-20"), &format!("{sign}{}", any_amount(rng, 2_000)));
            it.recheck(before).await;
        }
        if !before.is_empty() && rng.random_bool(0.4) {
            let before = before[rng.random_range(0..before.len())];
            it.lower_what_came_late(before);
            it.recheck(before).await;
        }
        told.read(&it.close(month).await, &format!("seed {seed}, {month}"));
        if rng.random_bool(0.4) {
            // A further run, before which more was used or given back.
            if rng.random() {
                used.push(month);
                it.post(&format!("{month}-07"), &any_amount(rng, 900));
            }
            if rng.random() {
                refunded.push(month);
                it.post(&format!("{month}-08"), &format!("-{}", any_amount(rng, 900)));
            }
            told.read(&it.close(month).await, &format!("seed {seed}, {month} again"));
        }
    }
}

async fn months(seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let terms = match seed % 3 {
        0 => gst(),
        1 => gst_with("refunds = 'notes'\nround_off = true"),
        _ => InvoiceTerms::default(),
    };
    let markup = i128::from(rng.random_range(0..3_u8)) * 10;
    let it = Account::open(terms, &format!("[markup]\ndefault = '{markup}'")).await;
    let mut told = Told::default();
    lived(&it, &mut told, &mut rng, seed).await;
    // Everything that is known by now is proposed, and the next close gives it.
    for _ in 0..2 {
        for month in MONTHS {
            it.recheck(month).await;
        }
        told.read(&it.close("2026-06").await, &format!("seed {seed}, the last"));
    }
    for month in MONTHS {
        it.verify(month);
    }
    let due: Amount = MONTHS.into_iter().map(|month| due(&it, month, markup)).sum();
    assert_eq!(told.given + told.waits, due, "seed {seed}: given and waiting is what is due");
    assert!(told.waits <= Amount::ZERO, "seed {seed}: {} waits", told.waits);
    // Nothing waits while an invoice has more left than what rounds away.
    let one: Amount = "1".parse().unwrap();
    let open = told.invoices.values().filter(|it| it.taxable >= one && it.total >= one).count();
    assert!(told.waits.is_zero() || open == 0, "seed {seed}: {} waits beside {:?}", told.waits, told.invoices);
    for month in MONTHS {
        let left = it.recheck(month).await.notes;
        assert!(left.is_empty(), "seed {seed}, {month}: {left:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
#[expect(clippy::disallowed_methods, reason = "a soak is asked for by the environment")]
async fn every_note_names_an_invoice_within_what_is_left_of_it_and_all_come_to_what_is_due() {
    let worlds = if std::env::var_os("TIEOUT_SOAK").is_some() { WORLDS_SOAKED } else { WORLDS };
    for seed in 0..worlds {
        months(seed).await;
    }
}
