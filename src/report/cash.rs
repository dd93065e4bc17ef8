//! The proof of cash on paper: `wallets.csv`, one row for each wallet, and its block of the overview. Column names and
//! their order are a contract with scripts: additions only at the end.

use std::collections::BTreeMap;

use super::overview::{Block, count};
use super::table::{Cell, Column, Table, decimal_text, grouped};
use crate::domain::{Amount, Currency};
use crate::reconcile::{Reconciliation, RollForward, WalletProof};

const WALLETS: &[Column] = &[
    Column::words("account", "Account", 16),
    Column::words("name", "Name", 30),
    Column::key("currency", "Currency", 10),
    Column::sum("opening", "Opening", 17),
    Column::sum("credits", "Credits", 17),
    Column::sum("debits", "Debits", 17),
    Column::sum("expected", "Expected", 17),
    Column::sum("closing", "Closing", 17),
    Column::sum("difference", "Difference", 15),
    Column::words("opening_from", "From", 13),
    Column::numbers("sealed", "Last sealed", 17),
    Column::sum("opening_difference", "Opening differs", 15),
    Column::numbers("before", "First reading", 17),
    Column::numbers("after", "Last reading", 17),
    Column::sum("live", "Live", 17),
    Column::sum("net_after_cut_off", "After cut-off", 15),
    Column::numbers("lowest", "Lowest", 17),
    Column::words("lowest_at", "Lowest at", 26),
    Column::words("lowest_entry", "Lowest by", 38),
    Column::words("verdict", "Verdict", 14),
    Column::words("reason", "Why not evidenced", 60),
];

/// `wallets.csv`, and the sheet of it.
pub(super) fn table(books: &Reconciliation) -> Table {
    let rows = books.wallets.iter().map(row).collect();
    Table { name: "wallets", title: "Proof of cash", columns: WALLETS, rows }
}

fn row(it: &WalletProof) -> Vec<Cell> {
    let money = |amount: Option<Amount>| Cell::maybe_money(amount, it.currency);
    let rolled = it.rolled();
    let figure = |of: fn(&RollForward) -> Amount| money(rolled.map(of));
    vec![
        Cell::code(&it.account),
        Cell::text(&it.name),
        Cell::code(it.currency.code()),
        figure(|it| it.opening),
        figure(|it| it.credits),
        figure(|it| it.debits),
        figure(RollForward::expected),
        figure(RollForward::closing),
        figure(RollForward::difference),
        Cell::maybe_code(rolled.map(|it| it.from.word())),
        money(it.sealed()),
        figure(RollForward::opening_difference),
        Cell::figure(it.before, |amount| Cell::money(amount, it.currency)),
        Cell::figure(it.after, |amount| Cell::money(amount, it.currency)),
        figure(|it| it.live),
        figure(|it| it.after_cut_off),
        figure(|it| it.lowest),
        Cell::maybe_code(rolled.map(|it| it.lowest_at.as_str())),
        rolled.and_then(|it| it.lowest_entry.as_ref()).map_or(Cell::Empty, Cell::text),
        Cell::code(it.verdict()),
        it.rolled.as_ref().err().map_or(Cell::Empty, |gap| Cell::text(&gap.reason)),
    ]
}

/// The wallets of one currency, summed where they are evidenced.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    wallets: u64,
    evidenced: u64,
    opening: Amount,
    credits: Amount,
    debits: Amount,
    closing: Amount,
    difference: Amount,
    gross: Amount,
}

impl Sum {
    fn add(&mut self, it: &WalletProof) {
        self.wallets += 1;
        let Some(rolled) = it.rolled() else { return };
        self.evidenced += 1;
        self.opening += rolled.opening;
        self.credits += rolled.credits;
        self.debits += rolled.debits;
        self.closing += rolled.closing();
        self.difference += rolled.difference();
        self.gross += rolled.difference().abs();
    }
}

const CASH: &[Column] = &[
    Column::words("what", "", 20),
    Column::numbers("wallets", "Wallets", 10),
    Column::numbers("opening", "Opening", 17),
    Column::numbers("credits", "Credits", 17),
    Column::numbers("debits", "Debits", 17),
    Column::numbers("closing", "Closing", 17),
    Column::numbers("difference", "Difference", 15),
    Column::numbers("gross", "Gross", 15),
];

/// The block of the overview: four columns by currency, the partner's own wallet apart; then how each opening is known.
pub(super) fn overview(books: &Reconciliation) -> Vec<Block> {
    let mut sums: BTreeMap<(Currency, bool), Sum> = BTreeMap::new();
    let mut verdicts: BTreeMap<&'static str, u64> = BTreeMap::new();
    for wallet in &books.wallets {
        sums.entry((wallet.currency, wallet.account == books.partner)).or_default().add(wallet);
        *verdicts.entry(wallet.verdict()).or_default() += 1;
    }
    let heading = "Proof of cash: opening + credits - debits against closing".to_owned();
    let mut blocks = vec![Block::Heading(heading)];
    if sums.is_empty() {
        blocks.push(Block::Prose("No wallet is shown.".to_owned()));
        return blocks;
    }
    let row = |((currency, own), sum): (&(Currency, bool), &Sum)| {
        let money = |amount| Cell::maybe_money((sum.evidenced > 0).then_some(amount), *currency);
        vec![
            Cell::Text(format!("{currency}, {}", if *own { "own wallet" } else { "customers" })),
            Cell::Count(sum.wallets),
            money(sum.opening),
            money(sum.credits),
            money(sum.debits),
            money(sum.closing),
            money(sum.difference),
            money(sum.gross),
        ]
    };
    blocks.push(Block::Grid(Table { name: "", title: "", columns: CASH, rows: sums.iter().map(row).collect() }));
    blocks.push(Block::Pairs(verdicts.iter().map(|(word, of)| (*word, count(*of, "wallet"))).collect()));
    if verdicts.contains_key("implied") {
        blocks.push(Block::Prose("An implied opening proves nothing.".to_owned()));
    }
    blocks.extend(books.wallet_total.map(|total| {
        let money = |amount| grouped(&decimal_text(amount, total.currency.minor_digits()));
        let (least, most) = (money(total.least), money(total.most));
        let held = if least == most { least } else { format!("between {least} and {most}") };
        Block::Prose(format!(
            "The dashboard says {} {}; the customers' {} wallets hold {held}: difference {}.",
            money(total.dashboard),
            total.currency,
            total.wallets,
            money(total.difference()),
        ))
    }));
    blocks
}
