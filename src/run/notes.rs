//! The credit and debit notes of sealed runs: what each changed of what a month was billed with, what is left of the invoices that
//! they name, and what the runs hand on to the notes of the next.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::Deserialize;

use super::neighbours::Neighbour;
use super::recheck::SealedRecheck;
use crate::domain::{Amount, Currency, Period};
use crate::invoice::{
    BilledInvoice, BilledLine, Corrected, Corrections, CreditHeld, Issued, LastInvoice, LineKind, NoteDue, RateCard,
    TaxHead,
};

/// A note as `close.json` states it.
#[derive(Deserialize)]
pub(super) struct SealedNote {
    pub(super) kind: SealedKind,
    reason: SealedReason,
    pub(super) corrects: Corrected,
    #[serde(default)]
    part_of: Option<String>,
    #[serde(default)]
    month: Option<Period>,
    #[serde(flatten)]
    pub(super) document: BilledInvoice,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SealedKind {
    Credit,
    Debit,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SealedReason {
    Refunds,
    Recheck,
    Held,
}

/// A credit as `close.json` states it.
#[derive(Deserialize)]
pub(super) struct SealedCredit {
    credit_id: String,
    reason: SealedReason,
    month: Option<Period>,
    rest: Vec<BilledLine>,
    #[serde(flatten)]
    document: BilledInvoice,
}

/// A note as `recheck.json` proposes it.
#[derive(Clone, Deserialize)]
pub(super) struct Proposal {
    note_id: String,
    kind: String,
    status: String,
    run: Option<String>,
    #[serde(default)]
    correction: Option<BilledInvoice>,
    #[serde(default)]
    corrected_by: Vec<String>,
}

/// What a run changed of what a customer is billed for a month.
pub(super) struct Change<'a> {
    pub(super) month: Period,
    /// The numbers that it goes by: those of its notes, and the id of a credit of which something is left.
    pub(super) numbers: Vec<String>,
    /// What is added to what the month was billed with.
    pub(super) document: &'a BilledInvoice,
    /// The invoice that its first note names.
    pub(super) names: Option<&'a Corrected>,
    /// Whether it is for refunds of the month of its run.
    is_for_refunds: bool,
}

/// Everything that a run changed; `month_of` tells the month of an invoice by its number. What gives an earlier close's credit
/// changes nothing: its month counts it since that close.
pub(super) fn changes<'a>(
    period: Period,
    (notes, credits): (&'a [SealedNote], &'a [SealedCredit]),
    month_of: impl Fn(&str) -> Option<Period>,
) -> Vec<Change<'a>> {
    let whole = notes.iter().filter(|note| note.part_of.is_none()).filter_map(|note| {
        let month = match note.reason {
            SealedReason::Held => return None,
            SealedReason::Refunds => Some(period),
            SealedReason::Recheck => note.month.or_else(|| month_of(&note.corrects.number)),
        };
        Some(Change {
            month: month?,
            numbers: vec![note.document.number.clone()],
            document: &note.document,
            names: Some(&note.corrects),
            is_for_refunds: note.reason == SealedReason::Refunds,
        })
    });
    let mut parts: BTreeMap<&str, Vec<&SealedNote>> = BTreeMap::new();
    for note in notes {
        if let Some(of) = &note.part_of {
            parts.entry(of).or_default().push(note);
        }
    }
    let spread = credits.iter().map(|credit| {
        let parts = parts.remove(credit.credit_id.as_str()).unwrap_or_default();
        let waits = (!credit.rest.is_empty()).then(|| credit.credit_id.clone());
        Change {
            month: credit.month.unwrap_or(period),
            numbers: parts.iter().map(|note| note.document.number.clone()).chain(waits).collect(),
            document: &credit.document,
            names: parts.first().map(|note| &note.corrects),
            is_for_refunds: credit.reason == SealedReason::Refunds,
        }
    });
    whole.chain(spread).collect()
}

impl SealedNote {
    /// Whether it gives what an earlier close had to hold.
    pub(super) fn was_held(&self) -> bool {
        self.reason == SealedReason::Held
    }
}

/// What the notes of all runs add to the invoices that they name, by number.
pub(super) fn noted<'a>(notes: impl Iterator<Item = &'a SealedNote>) -> BTreeMap<&'a str, Amount> {
    let mut added: BTreeMap<&str, Amount> = BTreeMap::new();
    for note in notes {
        *added.entry(&note.corrects.number).or_default() += note.document.total;
    }
    added
}

/// The places of the first credit and the first debit note: after the last that any run gave in the series; 0 where none did.
pub(super) fn numbered(runs: &[Neighbour], card: &RateCard, date: NaiveDate) -> [u64; 2] {
    [(SealedKind::Credit, card.credit_notes()), (SealedKind::Debit, card.debit_notes())].map(|(kind, series)| {
        let notes = runs.iter().flat_map(|run| &run.close.notes).filter(|note| note.kind == kind);
        let last = notes.filter_map(|note| series.place_of(&note.document.number, date)).max();
        last.map_or(0, |last| last.saturating_add(1).max(series.first))
    })
}

/// The month of each invoice, by its number.
fn months(runs: &[Neighbour]) -> BTreeMap<&str, Period> {
    runs.iter().flat_map(|run| run.close.invoices.iter().map(|it| (it.number.as_str(), run.inputs.period))).collect()
}

fn changes_of<'a>(run: &'a Neighbour, months: &BTreeMap<&str, Period>) -> Vec<Change<'a>> {
    let given = (run.close.notes.as_slice(), run.close.credits.as_slice());
    changes(run.inputs.period, given, |number| months.get(number).copied())
}

/// What the runs of a month gave, as notes have corrected it since.
pub(super) fn issued(runs: &[Neighbour], period: Period) -> Vec<Issued> {
    let months = months(runs);
    let mut issued: Vec<Issued> = Vec::new();
    let mut added: BTreeMap<(&str, Currency), Amount> = BTreeMap::new();
    for run in runs {
        let one = |number: &str, account: &str, currency, total, credit| Issued {
            number: number.to_owned(),
            account: account.to_owned(),
            currency,
            total,
            run: run.inputs.run.clone(),
            credit,
        };
        if run.inputs.period == period {
            issued
                .extend(run.close.invoices.iter().map(|it| one(&it.number, &it.account, it.currency, it.total, false)));
        }
        for change in changes_of(run, &months).into_iter().filter(|it| it.month == period) {
            let BilledInvoice { account, currency, total, .. } = change.document;
            if change.is_for_refunds {
                let number = change.numbers.first().cloned().unwrap_or_default();
                issued.push(one(&number, account, *currency, *total, true));
            } else {
                *added.entry((account, *currency)).or_default() += *total;
            }
        }
    }
    for it in &mut issued {
        it.total += added.remove(&(it.account.as_str(), it.currency)).unwrap_or_default();
    }
    issued
}

/// Who was billed for which month: by an invoice, true, or by what was given back alone.
pub(super) fn billed(runs: &[Neighbour]) -> BTreeMap<(Period, String, Currency), bool> {
    let months = months(runs);
    let mut billed = BTreeMap::new();
    for run in runs {
        for it in &run.close.invoices {
            billed.insert((run.inputs.period, it.account.clone(), it.currency), true);
        }
        for change in changes_of(run, &months).into_iter().filter(|it| it.is_for_refunds) {
            billed.entry((change.month, change.document.account.clone(), change.document.currency)).or_insert(false);
        }
    }
    billed
}

/// What a partner's runs hand on to the notes of a month's close; `rechecks` are those of the last run of each month before.
pub(super) fn corrections(
    runs: &[Neighbour],
    period: Period,
    rechecks: &BTreeMap<Period, Vec<SealedRecheck>>,
    [credit_from, debit_from]: [u64; 2],
) -> Corrections {
    Corrections { credit_from, debit_from, last: last(runs, period), due: due(runs, rechecks), held: held(runs) }
}

/// The invoices of each customer up to a month, by customer and currency, the newest first, each with what is left of it after
/// every note of every run.
fn last(runs: &[Neighbour], period: Period) -> Vec<LastInvoice> {
    let mut last: BTreeMap<&str, LastInvoice> = BTreeMap::new();
    let mut order: BTreeMap<(&str, Currency), Vec<&str>> = BTreeMap::new();
    for run in runs.iter().filter(|run| run.inputs.period <= period) {
        for it in &run.close.invoices {
            let Ok(date) = it.date.parse() else { continue };
            let taxed = it.lines.iter().flat_map(|line| &line.heads).map(|it| (it.head, it.amount));
            let invoice = LastInvoice {
                account: it.account.clone(),
                currency: it.currency,
                invoice: Corrected { number: it.number.clone(), date, run: run.inputs.run.clone() },
                gstin: it.gstin.clone(),
                place: it.place_of_supply.as_ref().map(|place| place.code.clone()),
                supply: it.supply,
                left: Some(it.total),
                taxable_left: Some(it.lines.iter().map(|line| line.amount).sum()),
                tax_left: by_head(taxed),
            };
            last.insert(&it.number, invoice);
            order.entry((&it.account, it.currency)).or_default().push(&it.number);
        }
    }
    for note in runs.iter().flat_map(|run| &run.close.notes) {
        if let Some(invoice) = last.get_mut(note.corrects.number.as_str()) {
            let BilledInvoice { total, lines, .. } = &note.document;
            let taxed = lines.iter().flat_map(|line| &line.heads).map(|it| (it.head, it.amount));
            invoice.left = invoice.left.map(|left| left + *total);
            let taxable: Amount = lines.iter().map(|line| line.amount).sum();
            invoice.taxable_left = invoice.taxable_left.map(|left| left + taxable);
            invoice.tax_left = by_head(invoice.tax_left.iter().copied().chain(taxed));
        }
    }
    let newest_first = order.into_values().flat_map(|numbers| numbers.into_iter().rev());
    newest_first.filter_map(|number| last.remove(number)).collect()
}

/// Tax added up by head.
fn by_head(taxes: impl Iterator<Item = (TaxHead, Amount)>) -> Vec<(TaxHead, Amount)> {
    let mut sums: BTreeMap<TaxHead, Amount> = BTreeMap::new();
    taxes.for_each(|(head, amount)| *sums.entry(head).or_default() += amount);
    sums.into_iter().collect()
}

/// What the last recheck of each month proposes, where every change of what its customer was billed for the month was known to
/// it: one that was made before a note was given would give the same again.
fn due(runs: &[Neighbour], rechecks: &BTreeMap<Period, Vec<SealedRecheck>>) -> Vec<NoteDue> {
    let months = months(runs);
    let mut given: BTreeMap<(&str, Currency, Period), BTreeSet<String>> = BTreeMap::new();
    for change in runs.iter().flat_map(|run| changes_of(run, &months)) {
        let key = (change.document.account.as_str(), change.document.currency, change.month);
        given.entry(key).or_default().extend(change.numbers);
    }
    let mut due = Vec::new();
    for (month, recheck) in rechecks.iter().filter_map(|(month, of_run)| Some((*month, of_run.last()?))) {
        let proposed = recheck.notes.iter().filter(|it| it.status == "proposed" && it.kind != "level");
        for it in proposed {
            let Some(note) = it.correction.clone() else { continue };
            let known: BTreeSet<String> = it.corrected_by.iter().cloned().collect();
            let given = given.get(&(note.account.as_str(), note.currency, month));
            let is_current = given.map_or(known.is_empty(), |given| *given == known);
            let Ok(date) = note.date.parse() else { continue };
            if is_current {
                let run = it.run.clone().unwrap_or_default();
                due.push(NoteDue {
                    proposal: it.note_id.clone(),
                    recheck: recheck.run.clone(),
                    corrects: Corrected { number: note.number.clone(), date, run },
                    month: Some(month),
                    note,
                });
            }
        }
    }
    due
}

/// What is held for a customer: its name, since which run, and the lines by kind, class and description.
type Waiting<'a> = (&'a str, &'a str, BTreeMap<(LineKind, &'a str, &'a str), BilledLine>);

/// What the closes had to give back and no invoice could take, less what later ones have given of it.
fn held(runs: &[Neighbour]) -> Vec<CreditHeld> {
    let mut held: BTreeMap<(&str, Currency), Waiting<'_>> = BTreeMap::new();
    for run in runs {
        let added = run.close.credits.iter().map(|it| (&it.document, &it.rest, false));
        let given =
            run.close.notes.iter().filter(|note| note.was_held()).map(|it| (&it.document, &it.document.lines, true));
        for (document, lines, is_given) in added.chain(given) {
            let own = held.entry((&document.account, document.currency));
            let (_, _, sums) = own.or_insert_with(|| (&document.name, &run.inputs.run, BTreeMap::new()));
            for line in lines {
                let [cost_base, amount] = [line.cost_base, line.amount].map(|it| if is_given { -it } else { it });
                let sum = sums.entry((line.kind, &line.class, &line.description));
                let sum = sum.or_insert_with(|| line.without_amounts());
                sum.cost_base += cost_base;
                sum.amount += amount;
            }
            let is_open = sums.values().any(|line| !line.amount.is_zero());
            if !is_open {
                held.remove(&(document.account.as_str(), document.currency));
            }
        }
    }
    let open = held.into_iter().map(|((account, currency), (name, since, sums))| CreditHeld {
        account: account.to_owned(),
        name: name.to_owned(),
        currency,
        since: since.to_owned(),
        lines: sums.into_values().filter(|line| !line.amount.is_zero()).collect(),
    });
    open.collect()
}
