//! Prints the blocks of the overview: labels, sentences, small tables and items, with a link on every id that the page
//! tells more of.

use super::charts::headers;
use super::known::Known;
use crate::report::markup::Html;
use crate::report::overview::Block;
use crate::report::table::{Cell, Table, grouped};

/// A heading with what follows it.
pub(super) struct Section<'a> {
    pub(super) heading: &'a str,
    pub(super) blocks: &'a [Block],
}

/// What stands before the first heading, and the sections.
pub(super) fn sections(overview: &[Block]) -> (&[Block], Vec<Section<'_>>) {
    let is_heading = |block: &Block| matches!(block, Block::Heading(_));
    let begins: Vec<usize> = overview.iter().enumerate().filter(|(_, it)| is_heading(it)).map(|(at, _)| at).collect();
    let ends = begins.iter().skip(1).copied().chain([overview.len()]);
    let first = &overview[..begins.first().copied().unwrap_or(overview.len())];
    let section = |(begin, end): (&usize, usize)| match &overview[*begin] {
        Block::Heading(heading) => Some(Section { heading, blocks: &overview[*begin + 1..end] }),
        Block::Title(_) | Block::Pairs(_) | Block::Prose(_) | Block::Grid(_) | Block::Items(_) => None,
    };
    (first, begins.iter().zip(ends).filter_map(section).collect())
}

/// The blocks below a heading as HTML.
pub(super) fn print(html: &mut Html, heading: &str, blocks: &[Block], known: &Known) {
    for block in blocks {
        match block {
            Block::Title(title) => html.element("h1", &[], title),
            Block::Heading(heading) => html.element("h3", &[], heading),
            Block::Pairs(pairs) => self::pairs(html, pairs, known),
            Block::Prose(prose) => {
                let class = if prose.starts_with("Next: ") { "next" } else { "prose" };
                html.wrap("p", &[("class", class)], |html| linked(html, prose, known));
            }
            Block::Grid(table) => grid(html, heading, table, known),
            Block::Items(items) => self::items(html, items, known),
        }
    }
}

fn pairs(html: &mut Html, pairs: &[(&str, String)], known: &Known) {
    html.wrap("dl", &[], |html| {
        for (label, text) in pairs {
            html.wrap("div", &[], |html| {
                html.element("dt", &[], label);
                html.wrap("dd", &[], |html| match known.label(label) {
                    Some(href) => html.link(&href, text),
                    None => linked(html, text, known),
                });
            });
        }
    });
}

fn items(html: &mut Html, items: &[(String, String)], known: &Known) {
    html.wrap("ul", &[("class", "items")], |html| {
        for (head, body) in items {
            html.wrap("li", &[], |html| {
                html.wrap(if body.is_empty() { "span" } else { "strong" }, &[], |html| linked(html, head, known));
                if !body.is_empty() {
                    html.wrap("span", &[("class", "body")], |html| linked(html, body, known));
                }
            });
        }
    });
}

/// A text in which each word that is a known id is a link.
fn linked(html: &mut Html, text: &str, known: &Known) {
    html.wrap("bdi", &[], |html| {
        for piece in text.split_inclusive(' ') {
            let word = piece.trim_matches(|c: char| " .,;:()".contains(c));
            let around = known.id(word).and_then(|href| Some((href, piece.split_once(word)?)));
            match around {
                Some((href, (before, after))) => {
                    html.text(before);
                    html.link(href, word);
                    html.text(after);
                }
                None => html.text(piece),
            }
        }
    });
}

/// A small table; each figure leads to the list that it counts or sums.
fn grid(html: &mut Html, caption: &str, table: &Table, known: &Known) {
    scrolling(html, caption, |html| {
        let titles: Vec<(&str, bool)> = table.columns.iter().map(|column| (column.title, column.numeric)).collect();
        headers(html, &titles);
        let mut head: &[Cell] = &[];
        for row in &table.rows {
            head = if row.first().is_none_or(|cell| *cell == Cell::Empty) { head } else { row };
            html.wrap("tr", &[], |html| {
                for (place, (cell, column)) in row.iter().zip(table.columns).enumerate() {
                    let scope = [("scope", "row")];
                    let cells = [("class", side(column.numeric))];
                    let (tag, attributes): (_, &[_]) = if place == 0 { ("th", &scope) } else { ("td", &cells) };
                    let href = known.figure(table, (head, row), column.name);
                    html.wrap(tag, attributes, |html| figure(html, cell, href.as_deref()));
                }
            });
        }
    });
}

/// The class of a cell: numbers stand to the right.
pub(super) const fn side(numeric: bool) -> &'static str {
    if numeric { "number" } else { "words" }
}

/// One cell: a figure leads to what it is made of.
pub(super) fn figure(html: &mut Html, cell: &Cell, href: Option<&str>) {
    let text = match cell {
        Cell::Count(_) | Cell::Amount(..) => grouped(&cell.plain()),
        Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Percent(_) => cell.plain(),
    };
    match (href, cell) {
        // What is none has no entries.
        (Some(href), Cell::Count(1..) | Cell::Amount(..)) => {
            html.element("a", &[("class", "figure"), ("href", href)], &text);
        }
        (None, _) | (_, Cell::Empty | Cell::Count(0) | Cell::Text(_) | Cell::Code(_) | Cell::Percent(_)) => {
            html.element("bdi", &[], text.trim());
        }
    }
}

/// A table that scrolls by itself where the screen is narrow.
pub(super) fn scrolling(html: &mut Html, caption: &str, inside: impl FnOnce(&mut Html)) {
    let place = [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", caption)];
    html.wrap("div", &place, |html| {
        html.wrap("table", &[], |html| {
            html.element("caption", &[], caption);
            inside(html);
        });
    });
}
