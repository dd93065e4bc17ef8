//! Prints the overview as text: summary.txt, also what the terminal shows.
//!
//! About 80 columns wide where the figures allow it, no trailing spaces, nothing told by colour. What others wrote cannot
//! steer the terminal: characters without ink are shown by their code.

use super::overview::Block;
use super::table::{Cell, Table, grouped};
use crate::domain::on_a_line;

/// The width that prose is wrapped to.
const WIDTH: usize = 80;

/// The width of labels, where none is longer.
const LABEL_WIDTH: usize = 12;

/// The overview as text.
pub(super) fn print(blocks: &[Block]) -> String {
    let mut lines = Vec::new();
    let mut under_title = true;
    for block in blocks {
        if !under_title && matches!(block, Block::Pairs(_) | Block::Items(_)) {
            lines.push(String::new());
        }
        under_title = matches!(block, Block::Title(_) | Block::Heading(_));
        match block {
            Block::Title(title) => underlined(&mut lines, title, "="),
            Block::Heading(heading) => {
                lines.push(String::new());
                underlined(&mut lines, heading, "-");
            }
            Block::Pairs(pairs) => self::pairs(&mut lines, pairs),
            Block::Prose(prose) => lines.extend(wrapped(prose, "", "")),
            Block::Grid(table) => grid(&mut lines, table),
            Block::Items(items) => self::items(&mut lines, items),
        }
    }
    lines.iter().fold(String::new(), |text, line| text + line.trim_end() + "\n")
}

fn underlined(lines: &mut Vec<String>, title: &str, rule: &str) {
    let title = on_a_line(title);
    let rule = rule.repeat(title.chars().count());
    lines.extend([title, rule]);
}

fn pairs(lines: &mut Vec<String>, pairs: &[(&str, String)]) {
    let width = pairs.iter().map(|(label, _)| label.chars().count() + 2).fold(LABEL_WIDTH, usize::max);
    for (label, text) in pairs {
        lines.extend(wrapped(text, &format!("{label:<width$}"), &" ".repeat(width)));
    }
}

/// A table with as much room as its widest cell needs: words to the left, numbers to the right.
fn grid(lines: &mut Vec<String>, table: &Table) {
    let titles: Vec<String> = table.columns.iter().map(|column| column.title.to_owned()).collect();
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(shown).collect()).collect();
    let all = || std::iter::once(&titles).chain(&rows);
    let width = |index: usize| all().filter_map(|row| row.get(index)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..table.columns.len()).map(|index| width(index).unwrap_or(0)).collect();
    for row in all() {
        let cells = row.iter().zip(table.columns).zip(&widths);
        let cells = cells.map(
            |((cell, column), width)| {
                if column.numeric { format!("{cell:>width$}") } else { format!("{cell:<width$}") }
            },
        );
        lines.push(cells.collect::<Vec<_>>().join("  "));
    }
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Count(_) | Cell::Amount(..) => grouped(&cell.plain()),
        Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Percent(_) => on_a_line(&cell.plain()),
    }
}

fn items(lines: &mut Vec<String>, items: &[(String, String)]) {
    for (head, body) in items {
        lines.extend(wrapped(head, "* ", "  "));
        if !body.is_empty() {
            lines.extend(wrapped(body, "  ", "  "));
        }
    }
}

/// Words set in lines of at most `WIDTH` columns, where a word is not longer than that by itself.
fn wrapped(text: &str, first: &str, others: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = first.to_owned();
    let mut is_empty = true;
    for word in on_a_line(text).split(' ') {
        if !is_empty && line.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(std::mem::replace(&mut line, others.to_owned()));
            is_empty = true;
        }
        if !is_empty {
            line.push(' ');
        }
        line.push_str(word);
        is_empty = false;
    }
    lines.push(line);
    lines
}
