//! The lists of a close as neutral tables. Column names and their order are a contract with scripts: additions only at
//! the end.

use std::collections::BTreeMap;

use super::invoices::{HELD, INVOICES, LINES, held, invoice, line};
use super::table::{Cell, Column, Table, decimal_text, place_of};
use super::{cash, days, months, notes, proposals, recharges, unbilled};
use crate::domain::{Amount, Break, Bridge, BridgeLine, BridgeStep, Currency, Leg, TieOut, TieOutKey, UnreadableRow};
use crate::invoice::Billing;
use crate::reconcile::{AccountStanding, ListProof, Reconciliation};

/// Decimals for money that stands without a currency, as a list's own totals do.
const DECIMALS_WITHOUT_CURRENCY: u32 = 2;

/// Every list of a close, in the order of the workbook's sheets. A table without a title has no sheet.
pub(super) fn tables(run: &str, books: &Reconciliation, billing: &Billing, unreadable: &[UnreadableRow]) -> Vec<Table> {
    let invoices = &billing.invoices;
    let lines = invoices.iter().flat_map(|invoice| (1_u64..).zip(&invoice.lines).map(move |line| (invoice, line)));
    let table = |name, title, columns, rows| Table { name, title, columns, rows };
    let [given, given_lines] = notes::tables(&billing.notes);
    let names = Names::of(books);
    vec![
        table("tie_outs", "Tie-outs", TIE_OUTS, books.tie_outs.iter().map(|it| tie_out(it, &names)).collect()),
        table("bridge", "Bridge", BRIDGE, books.tie_outs.iter().flat_map(bridge).collect()),
        table("breaks", "Breaks", BREAKS, books.breaks.iter().flat_map(|it| legs(it, books, &names, run)).collect()),
        months::table(books),
        proposals::table(books),
        table("accounts", "Accounts", ACCOUNTS, books.accounts.iter().map(account).collect()),
        cash::table(books),
        table("invoices", "Invoices", INVOICES, invoices.iter().map(invoice).collect()),
        table(
            "invoice_lines",
            "Lines",
            LINES,
            lines.map(|(invoice, (number, it))| line(invoice, number, it)).collect(),
        ),
        given,
        given_lines,
        recharges::table(billing),
        table("held", "Held", HELD, billing.held.iter().map(held).collect()),
        unbilled::table(&billing.unbilled),
        table("walk", "Walk", WALK, books.proofs.iter().map(proof).collect()),
        table("unreadable", "", UNREADABLE, unreadable.iter().map(unreadable_row).collect()),
        days::table(books),
    ]
}

/// What each account is called.
struct Names<'a>(BTreeMap<&'a str, &'a str>);

impl<'a> Names<'a> {
    fn of(books: &'a Reconciliation) -> Self {
        Self(books.accounts.iter().map(|it| (it.account.as_str(), it.name.as_str())).collect())
    }

    fn cell(&self, account: Option<&str>) -> Cell {
        account.and_then(|account| self.0.get(account)).map_or(Cell::Empty, |name| Cell::text(*name))
    }
}

const TIE_OUTS: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::key("currency", "Currency", 10),
    Column::key("direction", "Direction", 12),
    Column::sum("master", "Master", 18),
    Column::sum("customer", "Customer", 18),
    Column::sum("difference", "Difference", 15),
    Column::sum("explained", "Explained", 15),
    Column::sum("gross", "Gross", 15),
    Column::sum("residual", "Residual", 13),
    Column::sum("breaks", "Findings", 9),
    Column::words("verdict", "Verdict", 20),
    Column::words("bridge", "Bridge", 42),
    Column::words("name", "Name", 22),
];

fn tie_out(it: &TieOut, names: &Names<'_>) -> Vec<Cell> {
    let key = it.key();
    let money = |amount| Cell::money(amount, key.currency);
    vec![
        Cell::code(&key.account),
        Cell::code(key.currency.code()),
        Cell::code(key.direction.word()),
        Cell::maybe_money(it.master(), key.currency),
        Cell::maybe_money(it.customer(), key.currency),
        Cell::maybe_money(it.difference(), key.currency),
        money(it.explained()),
        money(it.gross()),
        money(it.residual()),
        Cell::length(it.effects().len()),
        Cell::code(it.verdict().word()),
        told(it.bridge(), key.currency),
        names.cell(Some(&key.account)),
    ]
}

/// The bridge in one cell: `amount-differs 2 gross 1.30 effect -0.10; …`, the residual last where there is one.
fn told(bridge: &Bridge, currency: Currency) -> Cell {
    let money = |amount| decimal_text(amount, currency.minor_digits());
    let line =
        |it: &BridgeLine| format!("{} {} gross {} effect {}", it.class, it.count, money(it.gross), money(it.effect));
    let left = bridge.residual().filter(|left| left.count > 0);
    let lines: Vec<String> = bridge.lines().iter().chain(&left).map(line).collect();
    if lines.is_empty() { Cell::Empty } else { Cell::Text(lines.join("; ")) }
}

const BRIDGE: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::words("currency", "Currency", 10),
    Column::words("direction", "Direction", 12),
    Column::numbers("step", "Step", 7),
    Column::words("class", "Class", 22),
    Column::numbers("count", "Count", 9),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("effect", "Effect", 15),
    Column::numbers("balance", "Figure", 18),
];

/// The whole way from the master's figure, step 0, to the customer's, the last.
fn bridge(it: &TieOut) -> Vec<Vec<Cell>> {
    (0_u64..).zip(it.bridge().steps()).map(|(number, step)| bridge_step(it.key(), number, &step)).collect()
}

fn bridge_step(key: &TieOutKey, number: u64, step: &BridgeStep) -> Vec<Cell> {
    let money = |amount: Option<Amount>| Cell::maybe_money(amount, key.currency);
    vec![
        Cell::code(&key.account),
        Cell::code(key.currency.code()),
        Cell::code(key.direction.word()),
        Cell::Count(number),
        Cell::code(step.name),
        step.line.map_or(Cell::Empty, |line| Cell::Count(line.count)),
        money(step.line.map(|line| line.gross)),
        money(step.line.map(|line| line.effect)),
        money(step.balance),
    ]
}

const BREAKS: &[Column] = &[
    Column::words("break_id", "Break", 21),
    Column::words("class", "Class", 21),
    Column::words("severity", "Severity", 11),
    Column::words("account", "Account", 14),
    Column::key("currency", "Currency", 10),
    Column::words("entry_id", "Entry", 38),
    Column::words("reference", "Reference", 26),
    Column::words("field", "Field", 11),
    Column::words("master_value", "Master says", 14),
    Column::words("customer_value", "Customer says", 15),
    Column::sum("effect", "Effect", 12),
    Column::words("origin", "Origin", 38),
    Column::words("explanation", "Explanation", 64),
    Column::words("direction", "Direction", 10),
    Column::words("leg", "Leg", 8),
    months::HISTORY[0],
    months::HISTORY[1],
    months::HISTORY[2],
    months::HISTORY[3],
    months::HISTORY[4],
    months::HISTORY[5],
    months::HISTORY[6],
    months::HISTORY[7],
    months::HISTORY[8],
    Column::words("name", "Name", 30),
];

/// One row for each tie-out a break bears on, so that the effects add up to the tie-outs' differences. The effect of a
/// finding on a wallet stands without a direction, and adds up to the wallet's difference.
fn legs(found: &Break, books: &Reconciliation, names: &Names<'_>, run: &str) -> Vec<Vec<Cell>> {
    let history = months::history(books.histories.get(found.id()), run);
    let row = |it: Option<&Leg>, place| {
        let name = names.cell(account_of(found, it));
        [leg(found, it, place), history.clone(), vec![name]].concat()
    };
    match found.legs() {
        [] => vec![row(None, place_of(1, 1))],
        legs => (1..).zip(legs).map(|(number, it)| row(Some(it), place_of(number, legs.len()))).collect(),
    }
}

fn account_of<'a>(found: &'a Break, leg: Option<&'a Leg>) -> Option<&'a str> {
    leg.map_or(found.account(), |leg| Some(&leg.key.account))
}

fn leg(found: &Break, leg: Option<&Leg>, place: Cell) -> Vec<Cell> {
    let account = account_of(found, leg);
    let currency = leg.map_or(found.currency(), |leg| Some(leg.key.currency));
    let decimals = currency.map_or(DECIMALS_WITHOUT_CURRENCY, |currency| currency.minor_digits());
    vec![
        Cell::code(found.id()),
        Cell::code(found.class().slug()),
        Cell::code(found.class().severity().word()),
        Cell::maybe_code(account),
        Cell::maybe_code(currency.map(|currency| currency.code().to_owned())),
        Cell::text(found.entry_ids().join("; ")),
        found.reference().map_or(Cell::Empty, Cell::text),
        Cell::code(found.field()),
        Cell::text(found.master_value()),
        Cell::text(found.customer_value()),
        Cell::Amount(leg.map_or(found.on_wallet().unwrap_or_default(), |leg| leg.effect), decimals),
        Cell::text(found.origins().join("; ")),
        Cell::text(found.explanation()),
        Cell::maybe_code(leg.map(|leg| leg.key.direction.word())),
        place,
    ]
}

const ACCOUNTS: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::sum("entries", "Entries", 10),
    Column::sum("opening", "Opening", 17),
    Column::sum("credits", "Credits", 17),
    Column::sum("debits", "Debits", 17),
    Column::sum("closing", "Closing", 17),
    Column::sum("unsettled", "Unsettled", 11),
    Column::words("verdict", "Verdict", 20),
    Column::sum("accepted", "Accepted findings", 11),
];

fn account(it: &AccountStanding) -> Vec<Cell> {
    vec![
        Cell::code(&it.account),
        Cell::text(&it.name),
        Cell::code(it.currency.code()),
        Cell::Count(it.entries),
        Cell::maybe_money(it.opening, it.currency),
        Cell::money(it.credits, it.currency),
        Cell::money(it.debits, it.currency),
        Cell::maybe_money(it.closing, it.currency),
        Cell::Count(it.unsettled),
        Cell::code(it.verdict.word()),
        Cell::Count(it.accepted),
    ]
}

const WALK: &[Column] = &[
    Column::words("list", "List", 36),
    Column::numbers("received", "Received", 11),
    Column::numbers("total", "List's total", 13),
    Column::numbers("debits_settled", "Debits, settled", 17),
    Column::numbers("debits_all", "Debits, all", 17),
    Column::numbers("credits_settled", "Credits, settled", 17),
    Column::numbers("credits_all", "Credits, all", 17),
    Column::numbers("summary_debits", "Summary debits", 17),
    Column::numbers("summary_credits", "Summary credits", 17),
    Column::words("reading", "Reading", 10),
    Column::words("verdict", "Verdict", 12),
    Column::numbers("distinct", "Distinct ids", 12),
    Column::numbers("transactions", "Summary count", 16),
    Column::numbers("net_settled", "Net, settled", 17),
    Column::numbers("net_all", "Net, all", 17),
    Column::numbers("summary_net", "Summary net", 17),
    Column::numbers("type_debit", "Filter debit", 12),
    Column::numbers("type_recharge", "Filter recharge", 14),
    Column::numbers("type_refund", "Filter refund", 12),
    Column::numbers("type_transfer", "Filter transfer", 14),
    Column::words("how", "How", 10),
    Column::sum("pages", "Pages", 8),
    Column::sum("walks", "Walks", 8),
    Column::sum("requests", "Requests", 10),
];

fn proof(it: &ListProof) -> Vec<Cell> {
    let money = |amount| Cell::Amount(amount, DECIMALS_WITHOUT_CURRENCY);
    let said = it.said;
    let [debit, recharge, refund, transfer] = it.by_type.map_or([None; 4], |counts| counts.map(Some));
    let selected = |count: Option<u64>| count.map_or(Cell::Empty, Cell::Count);
    vec![
        Cell::code(it.list.to_string()),
        Cell::Count(it.received),
        said.total.map_or(Cell::Empty, Cell::Count),
        money(it.debits_received.0),
        money(it.debits_received.1),
        money(it.credits_received.0),
        money(it.credits_received.1),
        Cell::figure(said.debit, money),
        Cell::figure(said.credit, money),
        Cell::code(it.reading),
        Cell::code(it.verdict),
        Cell::Count(it.distinct),
        Cell::figure(said.transactions, Cell::Count),
        money(it.credits_received.0 - it.debits_received.0),
        money(it.credits_received.1 - it.debits_received.1),
        Cell::figure(said.net, money),
        selected(debit),
        selected(recharge),
        selected(refund),
        selected(transfer),
        Cell::code(it.course.how.word()),
        Cell::Count(it.course.pages),
        Cell::Count(u64::from(it.course.walks)),
        Cell::Count(it.course.requests),
    ]
}

const UNREADABLE: &[Column] = &[
    Column::words("list", "List", 36),
    Column::numbers("page", "Page", 8),
    Column::numbers("row", "Row", 8),
    Column::words("entry_id", "Entry", 38),
    Column::words("account", "Account", 16),
    Column::words("reason", "Reason", 72),
];

fn unreadable_row(it: &UnreadableRow) -> Vec<Cell> {
    vec![
        Cell::code(it.list.to_string()),
        Cell::Count(u64::from(it.origin.page)),
        Cell::Count(u64::from(it.origin.row)),
        Cell::maybe_code(it.id.as_deref()),
        Cell::maybe_code(it.account.as_deref()),
        Cell::text(&it.reason),
    ]
}
