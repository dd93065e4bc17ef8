//! The overview of a close, in the order a finance person asks: where from, does it tie out, what does not, what is
//! billed, what the evidence cannot show. Blocks out; `as_text` and `as_xlsx` print them.

use std::collections::BTreeSet;

use super::statement::statement;
use super::table::{Cell, Column, Table, decimal_text, grouped};
use super::totals::{self, Total};
use super::{Provenance, again, cash, months, notes, proposals, recharges, unbilled, unmatched};
use crate::domain::{Amount, Break, Class, List, Severity};
use crate::invoice::Billing;
use crate::reconcile::{HeldAccount, ListProof, Reconciliation};

/// How many breaks and held accounts are told in full; the lists hold all of them.
pub(super) const TOLD_MAX: usize = 20;

/// One piece of the overview.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// The title of the whole.
    Title(String),
    /// The title of what follows.
    Heading(String),
    /// Labels with what they say.
    Pairs(Vec<(&'static str, String)>),
    /// A sentence or more.
    Prose(String),
    /// A small table.
    Grid(Table),
    /// Things told one by one: what it is, and what there is to say of it.
    Items(Vec<(String, String)>),
}

/// The overview.
pub(super) fn overview(provenance: &Provenance, books: &Reconciliation, billing: &Billing) -> Vec<Block> {
    let mut blocks = vec![
        Block::Title(format!("Month close {}, {}", provenance.period, provenance.partner_name)),
        Block::Pairs(origin(provenance)),
    ];
    blocks.extend(verdict(provenance, books, billing));
    blocks.extend(tie_outs(provenance, books));
    blocks.extend(cash::overview(books));
    blocks.extend(breaks(books));
    blocks.extend(months::overview(books));
    blocks.extend(proposals::overview(books));
    blocks.extend(invoices(billing));
    blocks.extend(notes::overview(&billing.notes));
    blocks.extend(held(billing).into_iter().chain(unbilled::overview(&billing.unbilled)));
    blocks.extend(unmatched::overview(&billing.unmatched));
    blocks.extend(recharges::overview(billing));
    blocks.push(Block::Heading("What the evidence cannot show".to_owned()));
    if books.scope.is_empty() {
        blocks.push(Block::Prose("Nothing: every leg of the comparison was read.".to_owned()));
    } else {
        blocks.push(Block::Items(books.scope.iter().map(|limit| (limit.clone(), String::new())).collect()));
    }
    blocks
}

/// Where the papers come from, line by line.
pub(super) fn origin(provenance: &Provenance) -> Vec<(&'static str, String)> {
    let mut pairs = vec![
        ("Partner", format!("{} ({})", provenance.partner_name, provenance.partner)),
        ("Period", provenance.period.to_string()),
        ("Cut-off", provenance.cut_off.clone()),
        ("Zone", provenance.zone.clone()),
        ("Run", provenance.run.clone()),
        ("Archive", provenance.archive_digest.clone()),
        ("Rate card", provenance.rate_card.clone()),
        ("Tolerance", decimal_text(provenance.tolerance, 0)),
    ];
    if let Some(scenario) = &provenance.scenario {
        pairs.push(("Scenario", format!("{scenario} (simulated books)")));
    }
    pairs.push(("Program", format!("tieout {}", provenance.version)));
    pairs
}

fn verdict(provenance: &Provenance, books: &Reconciliation, billing: &Billing) -> Vec<Block> {
    let (word, mut meaning, next) = words(books);
    let mut next = next.to_owned();
    if books.verdict.ties_out() && !books.proofs.iter().any(|it| it.list == List::Master && it.verdict != "missing") {
        meaning =
            "There is no master ledger to tie out with: each customer's ledger was proved by its own control totals.";
    }
    let nothing_to_bill = books.verdict.ties_out() && billing.invoices.is_empty();
    if nothing_to_bill {
        "there is nothing to bill; keep the seal.".clone_into(&mut next);
    }
    if let Some(due) = again::next(provenance, billing) {
        next = if nothing_to_bill { due } else { format!("{next} {due}") };
    }
    let otherwise = again::word(billing, books.verdict.ties_out());
    let accounts: BTreeSet<&str> = books.accounts.iter().map(|standing| standing.account.as_str()).collect();
    let flawed: BTreeSet<&str> = books
        .accounts
        .iter()
        .filter(|standing| !standing.verdict.ties_out())
        .map(|standing| standing.account.as_str())
        .collect();
    let is_customer = |account: &&&str| **account != provenance.partner;
    let (customers, not_tied) =
        (accounts.iter().filter(is_customer).count(), flawed.iter().filter(is_customer).count());
    let counts = &books.counts;
    let listed = customers.saturating_add(usize::try_from(counts.unread_customers).unwrap_or(usize::MAX));
    let mut pairs = vec![
        ("Accounts", format!("{} of {} accounts tied out", of(customers.abs_diff(not_tied)), of(listed))),
        ("Customers", format!("{} in the account list", grouped(&counts.customers.to_string()))),
        ("Ledgers", ledgers(&books.proofs)),
        (
            "Entries",
            format!(
                "{} in the master ledger and {} in the customers' ledgers were read; {} of the customers' are settled and \
                 in the period",
                grouped(&counts.master_entries.to_string()),
                grouped(&counts.customer_entries.to_string()),
                grouped(&counts.period_entries.to_string()),
            ),
        ),
        ("Unreadable", count(counts.unreadable_rows, "row")),
        ("Findings", findings(books)),
        ("Invoices", format!("{} made", of(billing.invoices.len()))),
        ("Held", count_of(billing.held_accounts(), "account")),
    ];
    let own_tie_out = books.tie_outs.iter().any(|it| it.key().account == provenance.partner);
    if own_tie_out {
        let tied = if flawed.contains(provenance.partner.as_str()) { "did not tie out" } else { "tied out" };
        pairs.insert(1, ("Own wallet", tied.to_owned()));
    }
    let mut blocks = vec![
        Block::Heading(format!("VERDICT: {word}{otherwise}")),
        Block::Prose(months::without_acceptances(books).unwrap_or_else(|| meaning.to_owned())),
    ];
    blocks.extend(again::overview(billing));
    blocks.push(Block::Prose(format!("Next: {next}")));
    blocks.extend(unmatched::warning(&billing.unmatched));
    blocks.push(Block::Pairs(pairs));
    blocks
}

/// How many findings, by severity: `12 in all: 5 breaks, 2 timing differences, 5 notices`.
fn findings(books: &Reconciliation) -> String {
    let words = [
        (Severity::Incomplete, "gap in the evidence"),
        (Severity::Break, "break"),
        (Severity::Timing, "timing difference"),
        (Severity::Notice, "notice"),
    ];
    let counted = words.map(|(severity, word)| {
        (books.breaks.iter().filter(|found| found.class().severity() == severity).count(), word)
    });
    let each = counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| match word {
        "gap in the evidence" if count != 1 => format!("{} gaps in the evidence", of(count)),
        _ => count_of(count, word),
    });
    let each: Vec<String> = each.collect();
    if each.is_empty() { "none".to_owned() } else { format!("{} in all: {}", of(books.breaks.len()), each.join(", ")) }
}

/// The verdict in words: what it is called, what it means, what to do next.
const fn words(books: &Reconciliation) -> (&'static str, &'static str, &'static str) {
    match books.verdict.0 {
        Severity::None => (
            "TIED OUT",
            "The master ledger and the customers' ledgers agree, and every list was read whole.",
            "send the invoices, then keep the seal.",
        ),
        Severity::Notice => (
            "TIED OUT",
            "The master ledger and the customers' ledgers agree, and every list was read whole. Notices are listed.",
            "read the notices, send the invoices, then keep the seal.",
        ),
        Severity::Timing => (
            "TIED OUT, WITH TIMING DIFFERENCES",
            "The ledgers differ only by entries that fall on different sides of the month's end.",
            "send the invoices, and look for the entries listed as timing in the neighbouring months.",
        ),
        Severity::Break => (
            "BREAKS",
            "The books differ. The breaks below name what differs and by how much.",
            "take the breaks up with the platform, hold back the accounts listed as held, send the other invoices; \
             when the books are corrected, close the month again.",
        ),
        Severity::Incomplete => (
            "INCOMPLETE",
            "The evidence is not whole, so the figures below prove less than a close should.",
            "look at the lists that were not proved and at the breaks of severity incomplete, then fetch again; \
             treat no total as final until the verdict changes.",
        ),
    }
}

/// How many ledgers were proved, of how many; and each list that stands alone.
fn ledgers(proofs: &[ListProof]) -> String {
    let is_ledger = |proof: &&ListProof| proof.list.owner().is_some();
    let ledgers = proofs.iter().filter(is_ledger).count();
    let proved = proofs.iter().filter(is_ledger).filter(|proof| proof.verdict == "proved").count();
    let alone = proofs.iter().filter(|proof| !is_ledger(proof)).map(|proof| {
        let name = match proof.list {
            List::Me => "partner",
            List::Dashboard => "dashboard",
            List::Accounts => "account list",
            List::Master | List::Ledger(_) | List::Reading(_) | List::Beside(_) => "master ledger",
        };
        format!("{name} {}", proof.verdict.replace('-', " "))
    });
    let ledgers = format!("{} of {} ledgers proved", of(proved), of(ledgers));
    std::iter::once(ledgers).chain(alone).collect::<Vec<_>>().join("; ")
}

const TOTALS: &[Column] = &[
    Column::words("what", "", 24),
    Column::numbers("tie_outs", "Tie-outs", 10),
    Column::numbers("master", "Master", 18),
    Column::numbers("customers", "Customers", 18),
    Column::numbers("difference", "Difference", 15),
    Column::numbers("explained", "Explained", 15),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("residual", "Residual", 13),
];

fn tie_outs(provenance: &Provenance, books: &Reconciliation) -> Vec<Block> {
    let totals = totals::totals(&provenance.partner, &books.tie_outs);
    let row = |total: &Total| {
        let money = |sum| Cell::maybe_money(total.known(sum), total.currency);
        vec![
            Cell::Text(total.label()),
            Cell::Count(total.tie_outs),
            money(total.master),
            money(total.customer),
            money(total.difference()),
            money(total.explained),
            money(total.gross),
            money(total.residual),
        ]
    };
    let mut blocks =
        vec![Block::Heading("Tie-out: master ledger against the sum of the customers' ledgers".to_owned())];
    if totals.is_empty() {
        blocks.push(Block::Prose("There was nothing to tie out.".to_owned()));
        return blocks;
    }
    blocks.push(grid(TOTALS, totals.iter().map(row).collect()));
    let lacking = totals.iter().filter(|total| total.without_figure > 0);
    blocks.extend(lacking.map(|total| {
        Block::Prose(format!(
            "{}: {} of {} without one of the two figures, and so in none of these sums.",
            total.label(),
            grouped(&total.without_figure.to_string()),
            count(total.tie_outs, "tie-out"),
        ))
    }));
    blocks.extend(statement(&totals));
    blocks
}

const CLASSES: &[Column] = &[
    Column::words("class", "Class", 24),
    Column::words("severity", "Severity", 12),
    Column::numbers("breaks", "Findings", 10),
    Column::words("currency", "Currency", 10),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("net", "Net effect", 15),
];

fn breaks(books: &Reconciliation) -> Vec<Block> {
    let classes = totals::by_class(&books.breaks);
    let mut blocks = vec![Block::Heading(format!("Findings: {}", of(books.breaks.len())))];
    if classes.is_empty() {
        blocks.push(Block::Prose("None were found.".to_owned()));
        return blocks;
    }
    let mut rows = Vec::new();
    for (class, total) in &classes {
        let mut head = vec![Cell::code(class.slug()), Cell::code(class.severity().word()), Cell::Count(total.breaks)];
        if total.effects.is_empty() {
            rows.push([head.clone(), vec![Cell::Empty; 3]].concat());
        }
        for (currency, (gross, net)) in &total.effects {
            head.extend([Cell::code(currency.code()), Cell::money(*gross, *currency), Cell::money(*net, *currency)]);
            // The count stands once, however many currencies the class bears on.
            rows.push(std::mem::replace(&mut head, vec![Cell::Empty; 3]));
        }
    }
    blocks.push(grid(CLASSES, rows));
    blocks.push(Block::Items(
        classes.keys().map(|class: &Class| (format!("{class}: {}", class.meaning()), String::new())).collect(),
    ));
    // The gravest first, among them the largest; notices only where there is nothing graver.
    let weight = |found: &&Break| {
        let gross: Amount = found.legs().iter().map(|leg| leg.effect).chain(found.on_wallet()).map(Amount::abs).sum();
        std::cmp::Reverse((found.class().severity(), gross))
    };
    let mut worst: Vec<&Break> = books.breaks.iter().collect();
    worst.sort_by_key(weight);
    if worst.first().is_some_and(|found| found.class().severity() > Severity::Notice) {
        worst.retain(|found| found.class().severity() > Severity::Notice);
    }
    blocks.push(Block::Heading(told("Gravest findings", worst.len(), TOLD_MAX, "breaks.csv")));
    let item = |found: &&Break| {
        let account = found.account().unwrap_or("all accounts");
        (format!("{}  {}  {account}", found.id(), found.class()), found.explanation().to_owned())
    };
    blocks.push(Block::Items(worst.iter().take(TOLD_MAX).map(item).collect()));
    blocks
}

const INVOICES: &[Column] = &[
    Column::words("currency", "Currency", 24),
    Column::numbers("invoices", "Invoices", 10),
    Column::numbers("cost", "Cost", 18),
    Column::numbers("markup", "Markup", 18),
    Column::numbers("fees", "Fees", 15),
    Column::numbers("tax", "Tax", 15),
    Column::numbers("round_off", "Round-off", 11),
    Column::numbers("total", "Total", 18),
];

fn invoices(billing: &Billing) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!("Invoices: {}", of(billing.invoices.len())))];
    if billing.invoices.is_empty() {
        blocks.push(Block::Prose("None were made.".to_owned()));
        return blocks;
    }
    let rows = totals::billed(&billing.invoices).into_iter().map(|(currency, sum)| {
        let money = |amount| Cell::money(amount, currency);
        vec![
            Cell::code(currency.code()),
            Cell::Count(sum.invoices),
            money(sum.cost_base),
            money(sum.markup),
            money(sum.fees),
            money(sum.tax),
            money(sum.round_off),
            money(sum.total),
        ]
    });
    blocks.push(grid(INVOICES, rows.collect()));
    blocks
}

const HELD: &[Column] = &[
    Column::words("currency", "Currency", 24),
    Column::numbers("accounts", "Accounts", 10),
    Column::numbers("cost", "Cost", 18),
];

fn held(billing: &Billing) -> Vec<Block> {
    if billing.held.is_empty() {
        return vec![
            Block::Heading("Held: 0".to_owned()),
            Block::Prose("Everyone with something to bill is billed.".to_owned()),
        ];
    }
    let rows = totals::held(&billing.held).into_iter().map(|(currency, (accounts, cost_base))| {
        vec![Cell::code(currency.code()), Cell::Count(accounts), Cell::money(cost_base, currency)]
    });
    let item = |it: &HeldAccount| {
        let cost = grouped(&decimal_text(it.cost_base, it.currency.minor_digits()));
        (format!("{}  {}  {} {cost}", it.account, it.name, it.currency), ended_by(&it.reason, &it.hint))
    };
    vec![
        Block::Heading(told("Held", billing.held.len(), TOLD_MAX, "held.csv")),
        grid(HELD, rows.collect()),
        Block::Items(billing.held.iter().take(TOLD_MAX).map(item).collect()),
    ]
}

/// A reason with what ends it.
pub(super) fn ended_by(reason: &str, hint: &str) -> String {
    if hint.is_empty() { reason.to_owned() } else { format!("{reason}; hint: {hint}") }
}

/// A heading that says how many of how many are told, and where the others are.
pub(super) fn told(what: &str, all: usize, told_max: usize, paper: &str) -> String {
    if all <= told_max {
        format!("{what}: {}", of(all))
    } else {
        format!("{what}: {told_max} of {} ({paper} has all)", of(all))
    }
}

fn grid(columns: &'static [Column], rows: Vec<Vec<Cell>>) -> Block {
    Block::Grid(Table { name: "", title: "", columns, rows })
}

/// A number with its noun: `1 row`, `2 rows`.
pub(super) fn count(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(&number.to_string()), if number == 1 { "" } else { "s" })
}

pub(super) fn count_of(length: usize, noun: &str) -> String {
    count(u64::try_from(length).unwrap_or(u64::MAX), noun)
}

fn of(count: usize) -> String {
    grouped(&count.to_string())
}
