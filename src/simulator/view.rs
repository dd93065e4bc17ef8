//! Windows of a list: which rows a filter leaves, and the totals that the list itself claims of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, PoisonError};

use super::books::Row;
use super::flaws::Book;
use super::render::{Json, array};
use super::scenario::{Order, Totals};
use super::times::DAY;
use super::world::World;
use crate::domain::{Amount, Class, Timestamp};

/// Views remembered before all are forgotten: more lists than the largest world has.
const VIEWS_MAX: usize = 50_000;

/// What a `transaction_type` names. Its words are not those of a row's `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TransactionType {
    Recharge,
    Refund,
    Transfer,
    Debit,
}

impl TransactionType {
    /// Nothing for a row of a kind that no filter names.
    fn of(row: &Row) -> Option<Self> {
        match row.kind {
            _ if row.is_transfer() => Some(Self::Transfer),
            "credit" if row.description.starts_with("Refund") => Some(Self::Refund),
            "credit" => Some(Self::Recharge),
            "debit" => Some(Self::Debit),
            _ => None,
        }
    }
}

/// What a ledger request asks for, its page aside.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Filter {
    pub(super) book: Book,
    /// First moment wanted.
    pub(super) from: Option<Timestamp>,
    /// First moment no longer wanted.
    pub(super) until: Option<Timestamp>,
    pub(super) transaction_type: Option<TransactionType>,
    pub(super) account: Option<String>,
    /// In lower case.
    pub(super) search: Option<String>,
}

/// The rows that a filter leaves, and their summary.
pub(super) struct View {
    picked: Picked,
    /// Rows in all.
    pub(super) total: usize,
    /// The summary as JSON.
    pub(super) summary: String,
}

enum Picked {
    Span(Range<usize>),
    Places(Vec<usize>),
}

impl View {
    /// The rows of one page; none past the end.
    pub(super) fn page<'a>(&self, rows: &'a [Row], page: u64, per_page: u64) -> Vec<&'a Row> {
        let first = usize::try_from((page - 1).saturating_mul(per_page)).unwrap_or(usize::MAX).min(self.total);
        let end = first.saturating_add(usize::try_from(per_page).unwrap_or(usize::MAX)).min(self.total);
        match &self.picked {
            Picked::Span(span) => rows[span.start + first..span.start + end].iter().collect(),
            Picked::Places(places) => places[first..end].iter().map(|place| &rows[*place]).collect(),
        }
    }
}

impl World {
    /// The view of a filter, computed once.
    pub(super) fn view(&self, filter: &Filter) -> Arc<View> {
        let mut views = self.views.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = views.get(filter) {
            return Arc::clone(known);
        }
        if views.len() >= VIEWS_MAX {
            views.clear();
        }
        let view = Arc::new(self.look(filter));
        views.insert(filter.clone(), Arc::clone(&view));
        view
    }

    fn look(&self, filter: &Filter) -> View {
        let rows = self.rows(filter.book);
        let span = window(rows, filter, self.plan.order);
        let searched = filter.transaction_type.is_some() || filter.account.is_some() || filter.search.is_some();
        let picked = if searched {
            Picked::Places(span.filter(|place| matches(&rows[*place], filter)).collect())
        } else {
            Picked::Span(span)
        };
        let (total, claims) = match &picked {
            Picked::Span(span) => (span.len(), self.claims(rows[span.clone()].iter())),
            Picked::Places(places) => (places.len(), self.claims(places.iter().map(|place| &rows[*place]))),
        };
        let lie = self.damage.lies.get(&filter.book).copied();
        View { picked, total, summary: summary(total, &claims, lie) }
    }

    /// What rows come to, by kind of reference.
    fn claims<'a>(&self, rows: impl Iterator<Item = &'a Row>) -> BTreeMap<&'static str, Claim> {
        let mut claims: BTreeMap<&'static str, Claim> = BTreeMap::new();
        for row in rows {
            let claim = claims.entry(reference_type(row)).or_default();
            claim.count += 1;
            if row.is_settled() || self.plan.totals == Totals::All {
                let (debit, credit) = row.debit_and_credit();
                claim.debit += debit;
                claim.credit += credit;
            }
        }
        claims
    }
}

#[derive(Default)]
struct Claim {
    debit: Amount,
    credit: Amount,
    count: usize,
}

/// The span of the filter's days among rows in list order.
fn window(rows: &[Row], filter: &Filter, order: Order) -> Range<usize> {
    let from = filter.from.unwrap_or(Timestamp::MIN);
    let until = filter.until.unwrap_or(Timestamp::MAX);
    let (start, end) = match order {
        Order::Ascending => {
            (rows.partition_point(|row| row.created_at < from), rows.partition_point(|row| row.created_at < until))
        }
        Order::Descending => {
            (rows.partition_point(|row| row.created_at >= until), rows.partition_point(|row| row.created_at >= from))
        }
    };
    start..end.max(start)
}

fn matches(row: &Row, filter: &Filter) -> bool {
    let texts = || [&row.id, &row.account_id, &row.description].into_iter().chain(&row.reference);
    let found = |wanted: &String| texts().any(|text| text.to_lowercase().contains(wanted));
    filter.transaction_type.is_none_or(|wanted| TransactionType::of(row) == Some(wanted))
        && filter.account.as_deref().is_none_or(|wanted| *row.account_id == *wanted)
        && filter.search.as_ref().is_none_or(found)
}

/// The name under which a summary counts a row. Transfers have none of their own.
fn reference_type(row: &Row) -> &'static str {
    let scheme = row.reference.as_deref().and_then(|reference| reference.split_once(':')).map(|(scheme, _)| scheme);
    match scheme {
        Some("cdr") => "cdr",
        Some("pay") => "payment",
        None if row.description.starts_with("Number ") => "did_rental",
        None if row.description.starts_with("Refund") => "refund",
        None if row.description.starts_with("Manual adjustment") => "manual_adjustment",
        Some(_) | None => "unknown",
    }
}

/// The summary as the list claims it, with its lie if it tells one.
fn summary(total: usize, claims: &BTreeMap<&'static str, Claim>, lie: Option<Class>) -> String {
    let mut debit: Amount = claims.values().map(|claim| claim.debit).sum();
    let credit: Amount = claims.values().map(|claim| claim.credit).sum();
    if lie == Some(Class::DegradedSummary) {
        return Json::object()
            .count("total_transactions", 0)
            .raw("total_debit", "0")
            .raw("total_credit", "0")
            .raw("net_amount", "0")
            .raw("by_reference_type", "[]")
            .done();
    }
    if lie == Some(Class::ControlTotal) {
        debit += Amount::from_units(1_000_000);
    }
    let excess = if lie == Some(Class::CrossFoot) { 100_000_000 } else { 0 };
    let net = credit - debit + Amount::from_units(excess);
    let kinds = claims.iter().map(|(kind, claim)| {
        Json::object()
            .text("reference_type", kind)
            .number("total_debit", claim.debit)
            .number("total_credit", claim.credit)
            .count("count", claim.count)
            .done()
    });
    Json::object()
        .count("total_transactions", total)
        .number("total_debit", debit)
        .number("total_credit", credit)
        .number("net_amount", net)
        .raw("by_reference_type", &array(kinds))
        .done()
}

/// The first moment of the day after one that is counted in days since 1970-01-01 UTC.
pub(super) const fn end_of(start_of_day: Timestamp) -> Timestamp {
    start_of_day + DAY
}
