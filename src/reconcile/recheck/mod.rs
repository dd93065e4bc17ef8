//! A sealed month held against the same month read again, entry by entry: what came late, what changed, what is gone.
//!
//! Each book is compared with itself, never with the other: whether the two agree now is for a new close. The control:
//! for each side, account, currency and direction the sealed total and the effects make the total that is read now.

mod judge;
mod scope;
mod wording;

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Amount, Break, Currency, Entry, List, Severity, Side, TieOutKey, Verdict};
use crate::frame::{FrameError, LedgerFrame, Since};
use crate::normalise::Books;
use crate::reconcile::outcome::{Charge, Reconciliation};
use crate::reconcile::standing::Findings;

pub use scope::{Gap, GapKind};

/// A month as it was read once: its books, and what they came to.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The books.
    pub books: &'a Books,
    /// What they came to.
    pub outcome: &'a Reconciliation,
}

/// What has become of a sealed month.
#[derive(Debug)]
pub struct Rechecked {
    /// Every entry that came late, changed or vanished, sorted by class, account, entry and side.
    pub findings: Vec<Finding>,
    /// The control over every total of a ledger that was compared, sorted by side and key.
    pub control: Vec<ControlLine>,
    /// The ledgers that could not be compared, sorted.
    pub gaps: Vec<Gap>,
    /// What each account is charged now, and whether it ties out now, sorted by account and currency.
    pub charged: Vec<ChargedNow>,
    /// What it comes to: nothing changed, findings, or not everything could be compared.
    pub verdict: Verdict,
}

/// One entry of one ledger that is not what was sealed.
#[derive(Debug)]
pub struct Finding {
    /// The class, the sealed value and the value now in place of the master's and the customer's, and the effects on the
    /// totals of its own side: now less sealed.
    pub found: Break,
    /// The book it is in.
    pub side: Side,
    /// The ledger it is in.
    pub ledger: List,
    /// What differs, field by field; a late or vanished entry has one line for the whole entry.
    pub changes: Vec<Change>,
    /// The copies that were sealed and are not there any more as they were.
    pub sealed: Vec<Entry>,
    /// The copies that are there now and were not sealed so.
    pub now: Vec<Entry>,
}

/// One field of an entry with both its values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The field; `entry` for the whole of it, `copies` for how often it stands in the ledger.
    pub field: &'static str,
    /// As sealed.
    pub sealed: String,
    /// As it is now.
    pub now: String,
}

/// One total of one side, then and now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlLine {
    /// The side.
    pub side: Side,
    /// Whose, in which currency and direction.
    pub key: TieOutKey,
    /// Σ settled entries of the period, as sealed.
    pub sealed: Amount,
    /// How many findings bear on it.
    pub findings: u64,
    /// Σ |effect|.
    pub gross: Amount,
    /// Σ effect.
    pub effect: Amount,
    /// Σ settled entries of the period, as read now.
    pub now: Amount,
}

impl ControlLine {
    /// What the findings do not explain; anything but zero makes the recheck incomplete.
    #[must_use]
    pub fn residual(&self) -> Amount {
        self.now - self.sealed - self.effect
    }
}

/// What one customer is charged now in one currency, from its own ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChargedNow {
    /// The account.
    pub account: String,
    /// Its name.
    pub name: String,
    /// The currency.
    pub currency: Currency,
    /// Settled entries of the period, by class and direction.
    pub charges: Vec<Charge>,
    /// Why the account would be held if the month were closed now; nothing where it ties out.
    pub held: Option<String>,
}

/// Compares a sealed month with the same month read again.
///
/// # Errors
/// When the frame refuses a question, which books that passed its gate give no cause for.
pub fn recheck(sealed: Reading<'_>, now: Reading<'_>, master_declared_absent: bool) -> Result<Rechecked, FrameError> {
    let scope = scope::Scope::of(sealed, now, master_declared_absent);
    let mut findings = Vec::new();
    let mut control = Vec::new();
    for side in [Side::Master, Side::Customer] {
        let [before, after] = [sealed, now].map(|reading| book(reading.books, side));
        let [was, is] = Since { side, before, now: after }.to_judge()?;
        let found = judge::findings(was, is, &scope.compared, &sealed.books.calendar);
        control.extend(controls(side, [before, after], &scope.compared, &found)?);
        findings.extend(found);
    }
    findings.sort_by(|a, b| order(a).cmp(&order(b)));
    let explained = control.iter().all(|line| line.residual().is_zero());
    let severity = match (explained && scope.gaps.is_empty(), findings.is_empty()) {
        (false, _) => Severity::Incomplete,
        (true, false) => Severity::Break,
        (true, true) => Severity::None,
    };
    let charged = charged(sealed, now, &scope)?;
    Ok(Rechecked { findings, control, gaps: scope.gaps, charged, verdict: Verdict(severity) })
}

impl Rechecked {
    /// The word for what it comes to.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.verdict.0 {
            Severity::None | Severity::Notice | Severity::Timing => "unchanged",
            Severity::Break => "changed",
            Severity::Incomplete => "incomplete",
        }
    }
}

fn order(found: &Finding) -> (crate::domain::Class, Option<&str>, &[String], Side, &List) {
    let it = &found.found;
    (it.class(), it.account(), it.entry_ids(), found.side, &found.ledger)
}

const fn book(books: &Books, side: Side) -> &LedgerFrame {
    match side {
        Side::Master => &books.master,
        Side::Customer => &books.ledgers,
    }
}

/// The totals of one side, then and now, computed by the frame, beside the effects of the findings.
fn controls(
    side: Side,
    books: [&LedgerFrame; 2],
    compared: &BTreeSet<List>,
    findings: &[Finding],
) -> Result<Vec<ControlLine>, FrameError> {
    let mut lines: BTreeMap<TieOutKey, ControlLine> = BTreeMap::new();
    let empty = |key: &TieOutKey| ControlLine {
        side,
        key: key.clone(),
        sealed: Amount::ZERO,
        findings: 0,
        gross: Amount::ZERO,
        effect: Amount::ZERO,
        now: Amount::ZERO,
    };
    for (frame, is_now) in books.into_iter().zip([false, true]) {
        for total in frame.period_totals(side)? {
            if !scope::holds(compared, side, &total.account) {
                continue;
            }
            let key = TieOutKey { account: total.account, currency: total.currency, direction: total.direction };
            let line = lines.entry(key.clone()).or_insert_with(|| empty(&key));
            *(if is_now { &mut line.now } else { &mut line.sealed }) += total.amount;
        }
    }
    for leg in findings.iter().flat_map(|found| found.found.legs()) {
        let line = lines.entry(leg.key.clone()).or_insert_with(|| empty(&leg.key));
        line.findings += 1;
        line.gross += leg.effect.abs();
        line.effect += leg.effect;
    }
    Ok(lines.into_values().collect())
}

/// What every customer whose ledger can be read is charged now.
fn charged(sealed: Reading<'_>, now: Reading<'_>, scope: &scope::Scope) -> Result<Vec<ChargedNow>, FrameError> {
    let places = now.outcome.accounts.iter().map(|it| (it.account.as_str(), it.currency));
    let standing = Findings::of(&now.outcome.breaks, places);
    let mut by_account: BTreeMap<(String, Currency), Vec<Charge>> = BTreeMap::new();
    for it in now.books.ledgers.charges(Side::Customer)? {
        let charge = Charge {
            class: crate::domain::ChargeClass(it.class),
            direction: it.direction,
            entries: it.entries,
            amount: it.amount,
        };
        by_account.entry((it.account, it.currency)).or_default().push(charge);
    }
    // Who has nothing left to be charged for in a currency was charged in it when the month was sealed.
    for it in now.outcome.accounts.iter().chain(&sealed.outcome.accounts) {
        by_account.entry((it.account.clone(), it.currency)).or_default();
    }
    let readable = |account: &str| account != now.outcome.partner && !scope.unreadable_now.contains(account);
    let readable_now = by_account.into_iter().filter(|((account, _), _)| readable(account));
    let customers = readable_now.map(|((account, currency), charges)| {
        let name = now.books.customers.get(&account).map(|customer| customer.name.clone()).unwrap_or_default();
        let held = !standing.verdict(&account, currency).ties_out();
        let held = held.then(|| standing.reason(&account, currency));
        ChargedNow { account, name, currency, charges, held }
    });
    Ok(customers.collect())
}
