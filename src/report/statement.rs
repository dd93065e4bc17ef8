//! The bridges over all tie-outs as one block of the overview: from the master's figure to the customers', the opening
//! difference first, a row for each class, the residual, gross beside net. Prints what `totals` holds.

use super::overview::Block;
use super::table::{Cell, Column, Table};
use super::totals::Total;
use crate::domain::Amount;

const STATEMENT: &[Column] = &[
    Column::words("what", "", 26),
    Column::numbers("effects", "Effects", 10),
    Column::numbers("gross", "Gross", 15),
    Column::numbers("difference", "Difference", 15),
    Column::numbers("figure", "Figure", 18),
];

/// A bridge for each total that has something between its figures; the others are named.
pub(super) fn statement(totals: &[Total]) -> Vec<Block> {
    let compared: Vec<&Total> = totals.iter().filter(|total| total.known(total.master).is_some()).collect();
    if compared.is_empty() {
        return Vec::new();
    }
    let (level, apart): (Vec<&Total>, Vec<&Total>) = compared.into_iter().partition(|total| total.agrees());
    let mut blocks = vec![Block::Heading("Bridge: from the master's figure to the customers'".to_owned())];
    let rows: Vec<Vec<Cell>> = apart.into_iter().flat_map(rows).collect();
    if !rows.is_empty() {
        blocks.push(Block::Grid(Table { name: "", title: "", columns: STATEMENT, rows }));
    }
    if !level.is_empty() {
        let labels: Vec<String> = level.into_iter().map(Total::label).collect();
        blocks.push(Block::Prose(format!("Nothing lies between the two figures: {}.", labels.join(", "))));
    }
    blocks
}

fn rows(total: &Total) -> Vec<Vec<Cell>> {
    let money = |amount: Option<Amount>| Cell::maybe_money(amount, total.currency);
    let row = |what: &str, count: Cell, gross, difference, figure| {
        vec![Cell::Text(format!("  {what}")), count, money(gross), money(difference), money(figure)]
    };
    let mut rows = vec![vec![Cell::Text(total.label()), Cell::Empty, Cell::Empty, Cell::Empty, Cell::Empty]];
    for step in total.bridge.steps() {
        let line = step.line;
        let name = if step.name == "customer" { "customers" } else { step.name };
        let count = line.map_or(Cell::Empty, |line| Cell::Count(line.count));
        rows.push(row(name, count, line.map(|line| line.gross), line.map(|line| line.effect), step.balance));
        if step.name == "master" {
            rows.push(row("opening difference", Cell::Empty, None, total.bridge.opening_difference(), None));
        }
    }
    rows
}
