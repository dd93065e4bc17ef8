//! Prints a close as `close.json`: for scripts, whole, with money as decimal text.
//!
//! Keys stand in the order of the structs below; additions only at the end of one.

mod invoices;
mod tie_outs;
mod wallets;

use std::collections::BTreeMap;

use serde::Serialize;

pub(super) use self::invoices::{DeductionJson, InvoiceJson, LineJson, deduction, invoice, line};
use self::tie_outs::{TieOutJson, TotalJson, tie_out, total};
use self::wallets::{WalletJson, WalletTotalJson, wallet};
use super::months::{self, CarriedJson, HistoryJson};
use super::notes::{self, CreditJson, NoteJson};
use super::proposals::{self, ProposalJson};
use super::recharges::{self, RechargeJson};
use super::table::money;
use super::totals;
use super::unbilled::{self, UnbilledJson};
use super::unmatched::{self, UnmatchedJson};
use super::{Provenance, ReportError};
use crate::domain::{Amount, Break, Class, Control, Currency, Leg, UnreadableRow, Verdict};
use crate::invoice::Billing;
use crate::reconcile::{AccountStanding, Counts, HeldAccount, ListProof, Reconciliation};

/// The close as JSON, ending in a line feed.
pub(super) fn print(
    provenance: &Provenance,
    books: &Reconciliation,
    billing: &Billing,
    unreadable: &[UnreadableRow],
) -> Result<Vec<u8>, ReportError> {
    let close = Close {
        format: "tieout-close-v1",
        verdict: books.verdict,
        ties_out: books.verdict.ties_out(),
        provenance,
        counts: counts(books.counts),
        scope: &books.scope,
        totals: totals::totals(&provenance.partner, &books.tie_outs).iter().map(total).collect(),
        tie_outs: books.tie_outs.iter().map(tie_out).collect(),
        breaks: books.breaks.iter().map(|it| a_break(it, books, &provenance.run)).collect(),
        accounts: books.accounts.iter().map(account).collect(),
        proofs: books.proofs.iter().map(proof).collect(),
        invoices: billing.invoices.iter().map(invoice).collect(),
        held: billing.held.iter().map(held).collect(),
        unreadable: unreadable.iter().map(unreadable_row).collect(),
        proposals: books.proposals.iter().map(proposals::as_json).collect(),
        carried: books.carried.iter().map(months::carried_json).collect(),
        wallets: books.wallets.iter().map(wallet).collect(),
        wallet_total: books.wallet_total.as_ref().map(wallets::total),
        notes: billing.notes.iter().map(notes::as_json).collect(),
        recharges: billing.recharges.iter().map(recharges::as_json).collect(),
        unbilled: billing.unbilled.iter().map(unbilled::as_json).collect(),
        unmatched: billing.unmatched.iter().map(unmatched::as_json).collect(),
        credits: billing.credits.iter().map(notes::credit_json).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&close)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Decimal text with at least the currency's decimals.
pub(super) type Money = String;

#[derive(Serialize)]
struct Close<'a> {
    format: &'static str,
    verdict: Verdict,
    ties_out: bool,
    provenance: &'a Provenance,
    counts: CountsJson,
    scope: &'a [String],
    totals: Vec<TotalJson>,
    tie_outs: Vec<TieOutJson<'a>>,
    breaks: Vec<BreakJson<'a>>,
    accounts: Vec<AccountJson<'a>>,
    proofs: Vec<ProofJson>,
    invoices: Vec<InvoiceJson<'a>>,
    held: Vec<HeldJson<'a>>,
    unreadable: Vec<UnreadableJson<'a>>,
    proposals: Vec<ProposalJson<'a>>,
    carried: Vec<CarriedJson<'a>>,
    wallets: Vec<WalletJson<'a>>,
    wallet_total: Option<WalletTotalJson>,
    notes: Vec<NoteJson<'a>>,
    recharges: Vec<RechargeJson<'a>>,
    unbilled: Vec<UnbilledJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unmatched: Vec<UnmatchedJson<'a>>,
    credits: Vec<CreditJson<'a>>,
}

#[derive(Serialize)]
struct CountsJson {
    master_entries: u64,
    customer_entries: u64,
    unreadable_rows: u64,
    customers: u64,
    period_entries: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    unread_customers: Option<u64>,
}

const fn counts(it: Counts) -> CountsJson {
    CountsJson {
        master_entries: it.master_entries,
        customer_entries: it.customer_entries,
        unreadable_rows: it.unreadable_rows,
        customers: it.customers,
        period_entries: it.period_entries,
        unread_customers: if it.unread_customers > 0 { Some(it.unread_customers) } else { None },
    }
}

#[derive(Serialize)]
struct BreakJson<'a> {
    break_id: &'a str,
    class: Class,
    severity: &'static str,
    account: Option<&'a str>,
    currency: Option<Currency>,
    entry_ids: &'a [String],
    reference: Option<&'a str>,
    field: &'static str,
    master_value: &'a str,
    customer_value: &'a str,
    legs: Vec<LegJson<'a>>,
    origins: &'a [String],
    explanation: &'a str,
    #[serde(flatten)]
    history: Option<HistoryJson<'a>>,
    on_wallet: Option<Money>,
}

#[derive(Serialize)]
pub(super) struct LegJson<'a> {
    account: &'a str,
    currency: Currency,
    direction: &'static str,
    effect: Money,
}

fn a_break<'a>(it: &'a Break, books: &'a Reconciliation, run: &'a str) -> BreakJson<'a> {
    BreakJson {
        break_id: it.id(),
        class: it.class(),
        severity: it.class().severity().word(),
        account: it.account(),
        currency: it.currency(),
        entry_ids: it.entry_ids(),
        reference: it.reference(),
        field: it.field(),
        master_value: it.master_value(),
        customer_value: it.customer_value(),
        legs: it.legs().iter().map(leg).collect(),
        origins: it.origins(),
        explanation: it.explanation(),
        history: months::history_json(books, it, run),
        on_wallet: it.on_wallet().map(|effect| money(effect, it.currency().unwrap_or_else(Currency::none))),
    }
}

pub(super) fn leg(it: &Leg) -> LegJson<'_> {
    LegJson {
        account: &it.key.account,
        currency: it.key.currency,
        direction: it.key.direction.word(),
        effect: money(it.effect, it.key.currency),
    }
}

#[derive(Serialize)]
struct AccountJson<'a> {
    account: &'a str,
    name: &'a str,
    currency: Currency,
    entries: u64,
    opening: Option<Money>,
    credits: Money,
    debits: Money,
    closing: Option<Money>,
    unsettled: u64,
    verdict: Verdict,
    accepted: u64,
}

fn account(it: &AccountStanding) -> AccountJson<'_> {
    let money = |amount| money(amount, it.currency);
    AccountJson {
        account: &it.account,
        name: &it.name,
        currency: it.currency,
        entries: it.entries,
        opening: it.opening.map(money),
        credits: money(it.credits),
        debits: money(it.debits),
        closing: it.closing.map(money),
        unsettled: it.unsettled,
        verdict: it.verdict,
        accepted: it.accepted,
    }
}

#[derive(Serialize)]
struct ProofJson {
    list: String,
    received: u64,
    total: Option<u64>,
    debits_settled: Amount,
    debits_all: Amount,
    credits_settled: Amount,
    credits_all: Amount,
    summary_debits: Option<Amount>,
    summary_credits: Option<Amount>,
    reading: &'static str,
    verdict: &'static str,
    distinct: u64,
    summary_transactions: Option<u64>,
    summary_net: Option<Amount>,
    by_type: Option<ByTypeJson>,
    how: &'static str,
    pages: u64,
    requests: u64,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    summary_as_written: BTreeMap<&'static str, String>,
}

/// What of a summary cannot be read, by its key, as it was written.
fn as_written(said: &Control) -> BTreeMap<&'static str, String> {
    let written = [
        ("summary", said.unread),
        ("total_transactions", said.transactions.unreadable()),
        ("total_debit", said.debit.unreadable()),
        ("total_credit", said.credit.unreadable()),
        ("net_amount", said.net.unreadable()),
    ];
    written.into_iter().filter_map(|(key, written)| Some((key, written?.to_string()))).collect()
}

#[derive(Serialize)]
struct ByTypeJson {
    debit: u64,
    recharge: u64,
    refund: u64,
    transfer: u64,
}

fn proof(it: &ListProof) -> ProofJson {
    ProofJson {
        list: it.list.to_string(),
        received: it.received,
        total: it.said.total,
        debits_settled: it.debits_received.0,
        debits_all: it.debits_received.1,
        credits_settled: it.credits_received.0,
        credits_all: it.credits_received.1,
        summary_debits: it.said.debit.known(),
        summary_credits: it.said.credit.known(),
        reading: it.reading,
        verdict: it.verdict,
        distinct: it.distinct,
        summary_transactions: it.said.transactions.known(),
        summary_net: it.said.net.known(),
        by_type: it.by_type.map(|[debit, recharge, refund, transfer]| ByTypeJson { debit, recharge, refund, transfer }),
        how: it.course.how.word(),
        pages: it.course.pages,
        requests: it.course.requests,
        summary_as_written: as_written(&it.said),
    }
}

#[derive(Serialize)]
struct HeldJson<'a> {
    account: &'a str,
    name: &'a str,
    currency: Currency,
    cost_base: Money,
    reason: &'a str,
    hint: &'a str,
    /// Whether it is something to give back, which a later close takes up by itself.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    credit: bool,
}

fn held(it: &HeldAccount) -> HeldJson<'_> {
    HeldJson {
        account: &it.account,
        name: &it.name,
        currency: it.currency,
        cost_base: money(it.cost_base, it.currency),
        reason: &it.reason,
        hint: &it.hint,
        credit: it.is_credit,
    }
}

#[derive(Serialize)]
struct UnreadableJson<'a> {
    list: String,
    page: u32,
    row: u32,
    entry_id: Option<&'a str>,
    account: Option<&'a str>,
    reason: &'a str,
}

fn unreadable_row(it: &UnreadableRow) -> UnreadableJson<'_> {
    UnreadableJson {
        list: it.list.to_string(),
        page: it.origin.page,
        row: it.origin.row,
        entry_id: it.id.as_deref(),
        account: it.account.as_deref(),
        reason: &it.reason,
    }
}
