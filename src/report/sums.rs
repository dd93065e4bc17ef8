//! What the columns of a list come to: exact sums by currency, and by whatever else the list is summed apart; the
//! partner's own wallet never with the customers'. The renderers print them and add nothing up themselves.

use std::collections::BTreeMap;

use super::table::{Cell, Role, Table};
use crate::domain::Amount;

/// Whose rows a sum is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Everybody's: none of the list's rows is the partner's own.
    All,
    /// Those of everybody but the partner.
    Customers,
    /// The partner's own.
    Own,
}

/// The sum of one column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Figure {
    /// The column's place.
    pub(super) column: usize,
    /// The exact sum.
    pub(super) sum: Cell,
    /// The most decimals among the sum and what it adds up.
    pub(super) decimals: u32,
}

/// The rows that are summed together, and what their columns come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    /// The columns by which they belong together, with the word that stands there.
    pub(super) keys: Vec<(usize, String)>,
    /// Whose they are.
    pub(super) whose: Whose,
    /// The partner's own account.
    pub(super) own: String,
    /// A figure for each column that adds up, where at least one row has one.
    pub(super) figures: Vec<Figure>,
}

impl Sum {
    /// What is summed here, in words: `INR debit`, `INR, own wallet`.
    pub(super) fn label(&self) -> String {
        let words: Vec<&str> = self.keys.iter().map(|(_, word)| word.as_str()).collect();
        let whose = match self.whose {
            Whose::All => "",
            Whose::Customers => ", customers",
            Whose::Own => ", own wallet",
        };
        format!("{}{whose}", words.join(" "))
    }
}

/// The figures of one column while they are added up.
#[derive(Clone, Copy)]
enum Tally {
    Count(u64),
    Money { amount: Amount, shown: u32, decimals: u32 },
}

/// The sums of a list. A row without a currency carries no money and is in none of them; a list without rows has none.
pub(super) fn sums(table: &Table, own: &str) -> Vec<Sum> {
    let places = |role| {
        let found = table.columns.iter().enumerate().filter(move |(_, column)| column.role == role);
        found.map(|(place, _)| place).collect::<Vec<usize>>()
    };
    let (keys, summed) = (places(Role::Key), places(Role::Sum));
    if summed.is_empty() {
        return Vec::new();
    }
    let account = table.column("account");
    let mut groups: BTreeMap<(Vec<&str>, bool), Vec<Option<Tally>>> = BTreeMap::new();
    for row in &table.rows {
        let Some(words) = keys.iter().map(|key| row[*key].word()).collect() else { continue };
        let is_own = account.is_some_and(|place| row[place].word() == Some(own));
        let tallies = groups.entry((words, is_own)).or_insert_with(|| vec![None; summed.len()]);
        for (tally, column) in tallies.iter_mut().zip(&summed) {
            add(tally, &row[*column]);
        }
    }
    let apart = groups.keys().any(|(_, is_own)| *is_own);
    let sum = |((words, is_own), tallies): ((Vec<&str>, bool), Vec<Option<Tally>>)| Sum {
        keys: keys.iter().copied().zip(words.into_iter().map(ToOwned::to_owned)).collect(),
        own: own.to_owned(),
        whose: match (apart, is_own) {
            (false, _) => Whose::All,
            (true, false) => Whose::Customers,
            (true, true) => Whose::Own,
        },
        figures: summed.iter().zip(tallies).filter_map(|(column, tally)| Some(figure(*column, tally?))).collect(),
    };
    groups.into_iter().map(sum).collect()
}

/// The sums of a whole list, where all its rows may be summed together: in one currency, the partner's own among them.
pub(super) fn together(sums: &[Sum]) -> Vec<Figure> {
    let mut whole: Vec<Figure> = Vec::new();
    if sums.windows(2).any(|pair| pair[0].keys != pair[1].keys) {
        return whole;
    }
    for figure in sums.iter().flat_map(|sum| &sum.figures) {
        let Some(seen) = whole.iter_mut().find(|seen| seen.column == figure.column) else {
            whole.push(figure.clone());
            continue;
        };
        seen.decimals = seen.decimals.max(figure.decimals);
        match (&mut seen.sum, &figure.sum) {
            (Cell::Amount(sum, _), Cell::Amount(more, _)) => *sum += *more,
            (Cell::Count(sum), Cell::Count(more)) => *sum += more,
            // No column holds both counts and money.
            (_, _) => {}
        }
    }
    whole
}

fn add(tally: &mut Option<Tally>, cell: &Cell) {
    match (cell, tally) {
        (Cell::Count(more), Some(Tally::Count(count))) => *count += more,
        (Cell::Count(first), none @ None) => *none = Some(Tally::Count(*first)),
        (Cell::Amount(more, of), Some(Tally::Money { amount, shown, decimals })) => {
            *amount += *more;
            *shown = (*shown).max(*of);
            *decimals = (*decimals).max(decimals_of(*more));
        }
        (Cell::Amount(first, shown), none @ None) => {
            *none = Some(Tally::Money { amount: *first, shown: *shown, decimals: decimals_of(*first) });
        }
        // An empty cell adds nothing, and no column holds both counts and money.
        (_, _) => {}
    }
}

fn figure(column: usize, tally: Tally) -> Figure {
    match tally {
        Tally::Count(count) => Figure { column, sum: Cell::Count(count), decimals: 0 },
        Tally::Money { amount, shown, decimals } => {
            Figure { column, sum: Cell::Amount(amount, shown), decimals: decimals.max(shown) }
        }
    }
}

/// The decimals that an amount needs.
pub(super) const fn decimals_of(amount: Amount) -> u32 {
    let (mut units, mut decimals) = (amount.units(), 8);
    while decimals > 0 && units % 10 == 0 {
        units /= 10;
        decimals -= 1;
    }
    decimals
}
