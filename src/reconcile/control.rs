//! The Completeness family: does each list hold what it says it holds, in count and in money, more and fewer?

use std::collections::{BTreeMap, BTreeSet};

use super::Options;
use super::outcome::ListProof;
use super::scope::Scope;
use super::wording::money;
use crate::domain::{Amount, BreakFacts, Class, Control, List};
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
        total: record.control.total,
        transactions: record.control.transactions,
        debits_received: totals.debits,
        credits_received: totals.credits,
        summary: record.control.debit.zip(record.control.credit),
        net: record.control.net,
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
    let mut found = Vec::new();
    let mut mismatches: Vec<Mismatch> = counts(record, received).into_iter().collect();
    let control = &record.control;
    if let (Some(debit), Some(credit), Some(net)) = (control.debit, control.credit, control.net)
        && net != credit - debit
    {
        let sentence = format!(
            "the summary of {} contradicts itself: credits {credit} less debits {debit} is {}, but it says net {net} \
             (difference {})",
            record.list,
            credit - debit,
            net - (credit - debit),
        );
        let (own, sum) = (net.to_string(), (credit - debit).to_string());
        found.push(fact(Class::CrossFoot, owner(&record.list), "net_amount", &own, &sum, sentence));
    }
    let reading = reading(control, received);
    // Rows that could not be read have no amount to add: then only the count can prove the walk.
    if reading == "none" && received.unreadable == 0 {
        if !degraded(control) {
            mismatches.extend(sums(control, &received.totals));
        } else if received.rows > 0 {
            let absent = control.debit.or(control.credit).is_none();
            let seen = if absent { "absent or cannot be read" } else { "all zero" };
            let sentence = format!(
                "the summary of {} is {seen} beside {} entries: a degraded answer; the count still proves the walk",
                record.list, received.rows
            );
            let rows = received.rows.to_string();
            found.push(fact(Class::DegradedSummary, owner(&record.list), "summary", "0", &rows, sentence));
        }
    }
    if !mismatches.is_empty() {
        found.push(contradiction(record, &mismatches));
    }
    (reading, found)
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
    match (record.control.total, record.control.transactions) {
        (None, None) => Some(("total", "absent".to_owned(), rows)),
        (Some(total), _) if total != received.rows => Some(("total", total.to_string(), rows)),
        (None, Some(total)) if total != received.rows => Some(("total_transactions", total.to_string(), rows)),
        (Some(_), _) | (None, Some(_)) => None,
    }
}

/// Which reading of the summary holds for the whole walk: it may count settled entries only, or all of them; and what
/// it makes of an entry whose direction we do not know is its own affair.
fn reading(control: &Control, received: &Received) -> &'static str {
    let totals = &received.totals;
    let holds = |count: u64, debit: Amount, credit: Amount, unknown: Amount| {
        let count = control.transactions.is_none_or(|said| said == received.rows || said == count);
        let said = (control.debit, control.credit);
        let readings = [(debit, credit), (debit + unknown, credit), (debit, credit + unknown)];
        count && readings.into_iter().any(|(debit, credit)| said == (Some(debit), Some(credit)))
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

fn degraded(control: &Control) -> bool {
    let zero = |amount: Option<Amount>| amount.is_none_or(Amount::is_zero);
    control.transactions.unwrap_or(0) == 0 && zero(control.debit) && zero(control.credit) && zero(control.net)
}

/// The sums that hold in neither reading.
fn sums(control: &Control, totals: &LedgerTotals) -> Vec<Mismatch> {
    let both = |(settled, all): (Amount, Amount)| {
        if settled == all { settled.to_string() } else { format!("{settled} settled, {all} in all") }
    };
    let mut found = Vec::new();
    for (name, said, received) in
        [("total_debit", control.debit, totals.debits), ("total_credit", control.credit, totals.credits)]
    {
        if said != Some(received.0) && said != Some(received.1) {
            let said = said.map_or_else(|| "absent".to_owned(), |amount| amount.to_string());
            found.push((name, said, both(received)));
        }
    }
    if let Some(said) = control.transactions
        && said != totals.entries
        && said != totals.settled
    {
        found.push(("total_transactions", said.to_string(), totals.entries.to_string()));
    }
    if found.is_empty() {
        // Each sum holds in one reading, but no reading holds for all of them.
        let said = |amount: Option<Amount>| amount.unwrap_or_default();
        let own = format!("debits {}, credits {}", said(control.debit), said(control.credit));
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
