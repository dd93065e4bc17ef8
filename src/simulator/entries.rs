//! Writes the books of a world in which nothing is wrong: who is charged for what, and when.
//!
//! Account sizes are skewed as in life: a few customers carry most entries, some have none.

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use super::accounts::{Account, Partner, phone};
use super::books::{Booked, Books, Copies, Draft, Holder, Text, uuid};
use super::scenario::WorldPlan;
use super::times::{DAY, SECOND, Times};
use crate::domain::{Amount, Timestamp};

/// Units of 10⁻⁸ in a hundredth.
const CENT: i128 = 1_000_000;

/// Rates a minute in units of 10⁻⁸: 0.45, 0.08, 0.65, 0.125.
const CALL_RATES: [i128; 4] = [45 * CENT, 8 * CENT, 65 * CENT, 12_500_000];

/// The streaming rate a second, 0.00333.
const STREAM_RATE: i128 = 333_000;

/// Customers up to this size may have their usage posted once a day.
const BATCHED_MAX: usize = 60;

/// Writes the books.
pub(super) fn write_books(
    plan: &WorldPlan,
    times: &Times,
    partner: &Partner,
    accounts: &[Account],
    rng: &mut ChaCha8Rng,
) -> Books {
    let sizes = sizes(plan, rng);
    let mut desk = Desk { times, partner, rng, books: Books::default() };
    for (index, (account, size)) in accounts.iter().zip(sizes).enumerate() {
        let first = desk.books.entries.len();
        let rate = CALL_RATES[index % CALL_RATES.len()];
        desk.write_account(&Counter { index, account, rate }, size);
        desk.books.spans.push(first..desk.books.entries.len());
    }
    if plan.entries > 0 {
        desk.partner_top_ups();
    }
    desk.books
}

/// How many entries each customer gets: one share for the largest, half of it for the second, a third for the third;
/// every eighth, and the smallest of all, none.
fn sizes(plan: &WorldPlan, rng: &mut ChaCha8Rng) -> Vec<usize> {
    let mut ranks: Vec<usize> = (0..plan.customers).collect();
    ranks.shuffle(rng);
    let idle = |rank: usize| rank % 8 == 7 || (rank > 1 && rank + 1 == plan.customers);
    let share = |rank: usize| if idle(rank) { 0 } else { 1_000_000 / (rank + 1) };
    let shares: usize = ranks.iter().map(|rank| share(*rank)).sum();
    ranks.into_iter().map(|rank| plan.entries * share(rank) / shares.max(1)).collect()
}

/// The customer whose entries are being written.
struct Counter<'a> {
    index: usize,
    account: &'a Account,
    rate: i128,
}

struct Desk<'a> {
    times: &'a Times,
    partner: &'a Partner,
    rng: &'a mut ChaCha8Rng,
    books: Books,
}

impl Desk<'_> {
    fn write_account(&mut self, counter: &Counter<'_>, size: usize) {
        let full = self.books.entries.len() + size;
        if size >= 10 {
            self.rental(counter);
            self.set_up(counter);
            self.transfer(counter);
            self.transfers_within_one_second(counter);
        }
        if size <= BATCHED_MAX && self.rng.random_range(0..2) == 0 {
            for at in self.times.batches(self.rng) {
                if self.books.entries.len() < full {
                    self.batch(counter, at);
                }
            }
            return;
        }
        while self.books.entries.len() < full {
            match self.rng.random_range(0..1000) {
                0..900 => self.call(counter),
                900..915 => self.rental(counter),
                915..925 => self.set_up(counter),
                925..945 => self.refund(counter),
                945..965 => self.top_up(counter),
                _ => self.transfer(counter),
            }
        }
    }

    /// A call; one in nine also streams, which is a second debit with the same reference.
    fn call(&mut self, counter: &Counter<'_>) {
        let longest = self.rng.random_range(30..900);
        let seconds: i128 = self.rng.random_range(1..=longest);
        let reference: Text = format!("cdr:{}", uuid(self.rng)).into();
        let at = self.times.any(self.rng);
        let to = phone(self.rng);
        let cost = Amount::from_units(counter.rate * ((seconds + 59) / 60));
        self.debit(counter, cost, format!("Call to {to} ({seconds}s)"), Some(reference.clone()), at);
        if self.rng.random_range(0..9) == 0 {
            let streamed = Amount::from_units(STREAM_RATE * seconds);
            self.debit(counter, streamed, format!("Stream session ({seconds}s)"), Some(reference), at + SECOND / 4);
        }
    }

    fn batch(&mut self, counter: &Counter<'_>, at: Timestamp) {
        let calls: i128 = self.rng.random_range(3..600);
        let minutes: i128 = calls + self.rng.random_range(0..calls * 3);
        let day = self.times.local_day(at - DAY);
        let described = format!("Usage charges for {day} ({calls} calls)");
        self.debit(counter, Amount::from_units(counter.rate * minutes), described, None, at);
    }

    fn rental(&mut self, counter: &Counter<'_>) {
        let (at, number) = (self.times.any(self.rng), phone(self.rng));
        let fee = Amount::from_units(CENT * 100 * self.rng.random_range(250..=500));
        self.debit(counter, fee, format!("Number rental {number} (monthly)"), None, at);
    }

    fn set_up(&mut self, counter: &Counter<'_>) {
        let (at, number) = (self.times.any(self.rng), phone(self.rng));
        self.debit(counter, Amount::from_units(CENT * 10_000), format!("Number setup {number}"), None, at);
    }

    fn refund(&mut self, counter: &Counter<'_>) {
        let at = self.times.any(self.rng);
        let amount = Amount::from_units(counter.rate * self.rng.random_range(1..40));
        self.credit(counter, amount, "Refund: call quality".to_owned(), None, at);
    }

    fn top_up(&mut self, counter: &Counter<'_>) {
        let at = self.times.any(self.rng);
        let reference = format!("pay:{}", uuid(self.rng)).into();
        let amount = Amount::from_units(CENT * 100 * self.rng.random_range(100..5000));
        self.credit(counter, amount, "Recharge via payment gateway".to_owned(), Some(reference), at);
    }

    fn transfer(&mut self, counter: &Counter<'_>) {
        let at = self.times.any(self.rng);
        let amount = 50 * self.rng.random_range(2..100);
        self.transfer_of(counter, amount, at);
    }

    /// Two transfers of different amounts in one second: their references are the same.
    fn transfers_within_one_second(&mut self, counter: &Counter<'_>) {
        if let Some(at) = self.times.well_inside(self.rng) {
            let second = at - at.rem_euclid(SECOND);
            self.transfer_of(counter, 300, second + 120_457);
            self.transfer_of(counter, 750, second + 803_112);
        }
    }

    /// Both legs of a transfer: the partner's debit, then the customer's credit within the same second.
    fn transfer_of(&mut self, counter: &Counter<'_>, whole: i128, at: Timestamp) {
        let (account, partner) = (&counter.account.auth_id, self.partner);
        let amount = Amount::from_units(CENT * 100 * whole);
        let reference: Text = transfer_reference(&partner.uuid, account, at).into();
        let holder = Holder { currency: counter.account.currency, ..partner.holder.clone() };
        let description = format!("Transfer from partner {}: Balance transfer", partner.name);
        let debit = Draft {
            holder: &holder,
            kind: "debit",
            amount,
            description: description.clone(),
            reference: Some(reference.clone()),
            at: at - at.rem_euclid(SECOND) / 2,
        };
        self.books.own.push(debit.row(self.rng));
        let debit = self.books.own.len() - 1;
        self.credit(counter, amount, description, Some(reference), at);
        if let Some(entry) = self.books.entries.last_mut() {
            entry.debit = Some(debit);
        }
    }

    /// The partner pays in what its transfers take out, about.
    fn partner_top_ups(&mut self) {
        for _top_up in 0..4 + self.books.own.len() / 50 {
            let at = self.times.any(self.rng);
            let draft = Draft {
                holder: &self.partner.holder,
                kind: "credit",
                amount: Amount::from_units(CENT * 100 * 1000 * self.rng.random_range(5..100)),
                description: "Recharge via payment gateway".to_owned(),
                reference: Some(format!("pay:{}", uuid(self.rng)).into()),
                at,
            };
            let row = draft.row(self.rng);
            self.books.own.push(row);
        }
    }

    fn debit(&mut self, to: &Counter<'_>, amount: Amount, text: String, reference: Option<Text>, at: Timestamp) {
        self.enter(to, "debit", amount, text, reference, at);
    }

    fn credit(&mut self, to: &Counter<'_>, amount: Amount, text: String, reference: Option<Text>, at: Timestamp) {
        self.enter(to, "credit", amount, text, reference, at);
    }

    fn enter(
        &mut self,
        to: &Counter<'_>,
        kind: &'static str,
        amount: Amount,
        description: String,
        reference: Option<Text>,
        at: Timestamp,
    ) {
        let draft = Draft { holder: &to.account.holder, kind, amount, description, reference, at };
        let copies = Copies::Same(draft.row(self.rng));
        self.books.entries.push(Booked { account: to.index, copies, debit: None });
    }
}

/// A transfer's reference: the partner, the customer, the second.
pub(super) fn transfer_reference(partner: &str, customer: &str, at: Timestamp) -> String {
    format!("ptc:{partner}:{customer}:{}", at.div_euclid(SECOND))
}
