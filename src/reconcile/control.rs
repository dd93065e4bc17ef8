//! The Completeness family: does each list hold what it says it holds, in count and in money, more and fewer?

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::outcome::ListProof;
use super::scope::Scope;
use super::wording::money;
use crate::domain::{Amount, BreakFacts, Class, Control, Figure, List, float_noise};
use crate::frame::{FrameError, LedgerTotals};
use crate::normalise::{Books, ListRecord, ListState};

/// What was received of a list beside what it says of itself.
struct Received {
    rows: u64,
    unreadable: u64,
    totals: LedgerTotals,
}

/// Proves every list, or names what does not agree.
pub(super) fn prove(
    books: &Books,
    scope: &Scope,
    options: &Options<'_>,
) -> Result<(Vec<ListProof>, Vec<BreakFacts>), FrameError> {
    let by_name = |totals: Vec<LedgerTotals>| -> BTreeMap<String, LedgerTotals> {
        totals.into_iter().map(|totals| (totals.ledger.clone(), totals)).collect()
    };
    let (master, ledgers) = (by_name(books.master.totals_by_ledger()?), by_name(books.ledgers.totals_by_ledger()?));
    let (mut proofs, mut breaks) = (Vec::new(), missing(scope, options));
    breaks.extend(strangers(books, scope));
    for record in &books.lists {
        let totals = match &record.list {
            List::Ledger(owner) => ledgers.get(owner.as_str()),
            List::Master | List::Me | List::Dashboard | List::Accounts | List::Reading(_) | List::Beside(_) => {
                master.get(&record.list.to_string())
            }
        };
        let received =
            Received { rows: record.rows, unreadable: record.unreadable, totals: totals.cloned().unwrap_or_default() };
        let (proof, found) = prove_list(record, &received);
        proofs.push(proof);
        breaks.extend(found);
    }
    proofs.sort_by(|a, b| a.list.cmp(&b.list));
    Ok((proofs, breaks))
}

/// One `missing-ledger` for each ledger that could not be read, and nothing else for it.
fn missing(scope: &Scope, options: &Options<'_>) -> Vec<BreakFacts> {
    let customers = scope.missing.iter().map(|(account, reason)| {
        let sentence = format!("the ledger of {account} could not be read: {reason}");
        fact(Class::MissingLedger, Some(account.clone()), "ledger", "expected", "not read", sentence)
    });
    let master = scope.master_missing.iter().filter(|_| !options.master_declared_absent).map(|reason| {
        let sentence = format!("the master ledger could not be read: {reason}");
        fact(Class::MissingLedger, None, "ledger", "not read", "expected", sentence)
    });
    master.chain(customers).collect()
}

/// One `unknown-account` for each ledger of an account that the list does not hold, neither readable nor refused.
fn strangers(books: &Books, scope: &Scope) -> Vec<BreakFacts> {
    let of_the_list = books.unreadable.iter().filter(|row| row.list == List::Accounts);
    let refused: BTreeSet<&str> = of_the_list.filter_map(|row| row.account.as_deref()).collect();
    let strange = |record: &&ListRecord| {
        record.rows > 0
            && owner(&record.list).is_some_and(|account| !scope.knows(&account) && !refused.contains(account.as_str()))
    };
    let told = books.lists.iter().filter(strange).map(|record| {
        let sentence =
            format!("{} holds {} entries, but the account list has no such account", record.list, record.rows);
        fact(Class::UnknownAccount, owner(&record.list), "account", "absent", "a ledger", sentence)
    });
    told.collect()
}

fn prove_list(record: &ListRecord, received: &Received) -> (ListProof, Vec<BreakFacts>) {
    let totals = &received.totals;
    let mut proof = ListProof {
        list: record.list.clone(),
        received: received.rows,
        distinct: totals.distinct,
        said: record.control,
        debits_received: totals.debits,
        credits_received: totals.credits,
        by_type: record.by_type,
        course: record.course,
        reading: "none",
        verdict: "proved",
    };
    let owner = owner(&record.list);
    match &record.state {
        ListState::Missing(_) => {
            proof.verdict = "missing";
            (proof, Vec::new())
        }
        ListState::Unstable(reason) => {
            proof.verdict = "not-proved";
            let sentence = format!("{}: no two walks agreed: {reason}", record.list);
            let unstable = fact(Class::UnstableWalk, owner, "walk", "stable", "shifting", sentence);
            (proof, vec![unstable])
        }
        ListState::Read if record.list == List::Accounts => {
            let found = counts(record, received).map(|found| contradiction(record, &[found])).into_iter().collect();
            proof.verdict = if record.control.total == Some(received.rows) { "proved" } else { "not-proved" };
            (proof, found)
        }
        ListState::Read => {
            let (reading, mut found) = compare(record, received);
            found.extend(unselected(record, received));
            proof.reading = reading;
            let proved = !found.iter().any(|found| found.class == Class::ControlTotal);
            proof.verdict = if proved { "proved" } else { "not-proved" };
            (proof, found)
        }
    }
}

/// A control total that does not agree: its name, the list's own figure, and what was received.
type Mismatch = (&'static str, String, String);

/// Compares a ledger with its own totals. Returns which reading of the summary holds, and what does not agree.
fn compare(record: &ListRecord, received: &Received) -> (&'static str, Vec<BreakFacts>) {
    let mut found: Vec<BreakFacts> = contradicts_itself(record, received).into_iter().collect();
    let mut mismatches: Vec<Mismatch> = counts(record, received).into_iter().collect();
    let control = &record.control;
    let reading = reading(control, received);
    // Rows that could not be read have no amount to add: then only the count can prove the walk.
    if reading == "none" && received.unreadable == 0 {
        if !degraded(control) {
            mismatches.extend(sums(control, received));
        } else if received.rows > 0 {
            found.push(told_degraded(record, received));
        }
    }
    if !mismatches.is_empty() {
        found.push(contradiction(record, &mismatches));
    }
    (reading, found)
}

/// A net that is not what the same summary's sums come to.
fn contradicts_itself(record: &ListRecord, received: &Received) -> Option<BreakFacts> {
    let Control { debit, credit, net, .. } = record.control;
    let (says_debit, says_credit) = (debit.known()?, credit.known()?);
    let (sum, says_net) = (says_credit - says_debit, net.known()?);
    // Three sums, each with the noise of its own where they were made in floats.
    let is_float = [debit, credit, net].into_iter().any(|it| matches!(it, Figure::Float(_)));
    let noise = if is_float { received.noise() } else { Amount::ZERO };
    let sentence = format!(
        "the summary of {} contradicts itself: credits {says_credit} less debits {says_debit} is {sum}, but it says net \
         {says_net} (difference {})",
        record.list,
        says_net - sum,
    );
    let facts =
        fact(Class::CrossFoot, owner(&record.list), "net_amount", &says_net.to_string(), &sum.to_string(), sentence);
    ((says_net - sum).abs() > noise + noise + noise).then_some(facts)
}

/// A summary that says nothing beside rows.
fn told_degraded(record: &ListRecord, received: &Received) -> BreakFacts {
    let Control { debit, credit, net, unread, .. } = record.control;
    let seen = match unread {
        Some(written) => format!("{written}, which is none,"),
        None if debit.is_absent() && credit.is_absent() && net.is_absent() => "absent".to_owned(),
        None => "all zero".to_owned(),
    };
    let sentence = format!(
        "the summary of {} is {seen} beside {} entries: a degraded answer; the count still proves the walk",
        record.list, received.rows
    );
    let said = unread.map_or_else(|| "0".to_owned(), |written| written.to_string());
    fact(Class::DegradedSummary, owner(&record.list), "summary", &said, &received.rows.to_string(), sentence)
}

/// The partner's type filters against the entries received: each is to be selected by one of them. Those whose type no
/// rule knows are reported one by one, and a server that gives all entries to every filter ignores them.
fn unselected(record: &ListRecord, received: &Received) -> Option<BreakFacts> {
    let [debit, recharge, refund, transfer] = record.by_type?;
    let selected = debit + recharge + refund + transfer;
    let ignored = record.by_type.is_some_and(|each| each.iter().all(|selected| *selected == received.rows));
    let explained = selected == received.rows || selected + received.totals.unknown == received.rows;
    if explained || ignored || received.unreadable > 0 {
        return None;
    }
    let sentence = format!(
        "the type filters of {} select debit {debit}, recharge {recharge}, refund {refund}, transfer {transfer}, together \
         {selected} of {} entries (difference {})",
        record.list,
        received.rows,
        i128::from(received.rows) - i128::from(selected),
    );
    let (selected, rows) = (selected.to_string(), received.rows.to_string());
    Some(fact(Class::CrossFoot, owner(&record.list), "transaction_type", &selected, &rows, sentence))
}

/// The list's own count against the rows received, more and fewer.
fn counts(record: &ListRecord, received: &Received) -> Option<Mismatch> {
    let rows = received.rows.to_string();
    let Control { total, transactions, .. } = record.control;
    match (total, transactions) {
        (Some(total), _) => (total != received.rows).then(|| ("total", total.to_string(), rows)),
        (None, Figure::Absent) => Some(("total", transactions.to_string(), rows)),
        (None, _) => {
            let holds = transactions.known() == Some(received.rows);
            (!holds).then(|| ("total_transactions", transactions.to_string(), rows))
        }
    }
}

impl Received {
    /// What its sums may be off where the partner made them in binary floats.
    fn noise(&self) -> Amount {
        float_noise(self.totals.entries, self.totals.gross())
    }
}

/// Which reading of the summary holds for the whole walk: it may count settled entries only, or all of them; and what
/// it makes of an entry whose direction we do not know is its own affair.
fn reading(control: &Control, received: &Received) -> &'static str {
    let (totals, noise) = (&received.totals, received.noise());
    let holds = |count: u64, debit: Amount, credit: Amount, unknown: Amount| {
        let said = control.transactions;
        let count = said.is_absent() || said.known().is_some_and(|said| said == received.rows || said == count);
        let readings = [(debit, credit), (debit + unknown, credit), (debit, credit + unknown)];
        let says = |(debit, credit)| control.debit.says(debit, noise) && control.credit.says(credit, noise);
        count && readings.into_iter().any(says)
    };
    let settled = holds(totals.settled, totals.debits.0, totals.credits.0, totals.unclassified.0);
    let all = holds(totals.entries, totals.debits.1, totals.credits.1, totals.unclassified.1);
    match (settled, all) {
        (true, true) => "both",
        (true, false) => "settled",
        (false, true) => "all",
        (false, false) => "none",
    }
}

/// Whether a summary says nothing, or nothing but zeros. One with a figure that cannot be read says something.
fn degraded(control: &Control) -> bool {
    let Control { transactions, debit, credit, net, .. } = control;
    let uncounted = transactions.is_absent() || transactions.known() == Some(0);
    uncounted && [debit, credit, net].into_iter().all(|figure| figure.is_silent())
}

/// The sums that hold in neither reading.
fn sums(control: &Control, received: &Received) -> Vec<Mismatch> {
    let (totals, noise) = (&received.totals, received.noise());
    let both = |(settled, all): (Amount, Amount)| {
        if settled == all { settled.to_string() } else { format!("{settled} settled, {all} in all") }
    };
    let mut found = Vec::new();
    for (name, said, (settled, all)) in
        [("total_debit", control.debit, totals.debits), ("total_credit", control.credit, totals.credits)]
    {
        if !said.says(settled, noise) && !said.says(all, noise) {
            found.push((name, said.to_string(), both((settled, all))));
        }
    }
    let counted = control.transactions;
    let counts = |said: u64| said == totals.entries || said == totals.settled;
    if !counted.is_absent() && !counted.known().is_some_and(counts) {
        found.push(("total_transactions", counted.to_string(), totals.entries.to_string()));
    }
    if found.is_empty() {
        // Each sum holds in one reading, but no reading holds for all of them.
        let own = format!("debits {}, credits {}", control.debit, control.credit);
        found.push(("summary", own, format!("debits {}, credits {}", both(totals.debits), both(totals.credits))));
    }
    found
}

fn contradiction(record: &ListRecord, mismatches: &[Mismatch]) -> BreakFacts {
    let each: Vec<String> = mismatches
        .iter()
        .map(|(name, said, received)| {
            format!("{name} says {said}, received {received}{}", money::difference(said, received))
        })
        .collect();
    let sentence = format!("{} does not hold what it says it holds: {}", record.list, each.join("; "));
    let (field, said, received) = mismatches
        .first()
        .map_or(("total", "", ""), |(name, said, received)| (*name, said.as_str(), received.as_str()));
    fact(Class::ControlTotal, owner(&record.list), field, said, received, sentence)
}

fn owner(list: &List) -> Option<String> {
    list.owner().map(ToString::to_string)
}

fn fact(
    class: Class,
    account: Option<String>,
    field: &'static str,
    master: &str,
    customer: &str,
    explanation: String,
) -> BreakFacts {
    BreakFacts {
        class,
        account,
        currency: None,
        entry_ids: Vec::new(),
        reference: None,
        field,
        master_value: master.to_owned(),
        customer_value: customer.to_owned(),
        legs: Vec::new(),
        origins: Vec::new(),
        explanation,
    }
}
