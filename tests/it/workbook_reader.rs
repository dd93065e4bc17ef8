//! Reads a workbook back, by hand and without the library that wrote it: cells, formulas, links; and works its formulas
//! out anew in exact amounts. Understands what such a workbook holds, and panics at anything else.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use tieout::domain::Amount;

/// One cell as the file has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    /// Whether it is a number.
    pub(crate) is_number: bool,
    /// The text, or the number's own words; of a formula the result that the file carries.
    pub(crate) value: String,
    /// The formula.
    pub(crate) formula: Option<String>,
}

/// One sheet: cells by row and column from 1, and links.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) cells: BTreeMap<(u32, u32), Cell>,
    pub(crate) links: Vec<((u32, u32), String)>,
}

impl Sheet {
    /// What stands in a cell; nothing in an empty one.
    pub(crate) fn text(&self, row: u32, column: u32) -> &str {
        self.cells.get(&(row, column)).map_or("", |cell| cell.value.as_str())
    }

    /// The column with this title in the first row.
    pub(crate) fn column(&self, title: &str) -> u32 {
        let found = self.cells.iter().find(|((row, _), cell)| *row == 1 && cell.value == title);
        found.unwrap_or_else(|| panic!("no column {title}")).0.1
    }
}

/// A workbook, read back.
pub(crate) struct Workbook {
    /// The sheets in their order.
    pub(crate) sheets: Vec<(String, Sheet)>,
}

/// Reads a file of the archive that a workbook is.
pub(crate) fn part(bytes: &[u8], name: &str) -> String {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    match archive.by_name(name) {
        Ok(mut file) => file.read_to_string(&mut text).map(|_| text).unwrap(),
        Err(_) => text,
    }
}

impl Workbook {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let strings: Vec<String> =
            elements(&part(bytes, "xl/sharedStrings.xml"), "si").map(|(_, inside)| runs(inside)).collect();
        let targets: BTreeMap<String, String> = elements(&part(bytes, "xl/_rels/workbook.xml.rels"), "Relationship")
            .map(|(tag, _)| (attribute(tag, "Id").unwrap(), attribute(tag, "Target").unwrap()))
            .collect();
        let book = part(bytes, "xl/workbook.xml");
        let sheets = elements(&book, "sheet").map(|(tag, _)| {
            let file = format!("xl/{}", targets[&attribute(tag, "r:id").unwrap()].trim_start_matches("/xl/"));
            (attribute(tag, "name").unwrap(), sheet(&part(bytes, &file), &strings))
        });
        Self { sheets: sheets.collect() }
    }

    pub(crate) fn sheet(&self, name: &str) -> &Sheet {
        &self.sheets.iter().find(|(own, _)| own == name).unwrap_or_else(|| panic!("no sheet {name}")).1
    }

    /// Works a formula of a sheet out.
    pub(crate) fn value(&self, here: &str, formula: &str) -> Amount {
        let formula = formula.trim();
        match formula.split_once('(') {
            Some(("ROUND", rest)) => {
                let (inside, decimals) = rest.strip_suffix(')').unwrap().rsplit_once(',').unwrap();
                let sum = terms(inside).into_iter().map(|(sign, term)| self.term(here, term) * sign);
                let sum: Amount = sum.fold(Amount::ZERO, |sum, term| sum + term);
                let shown = sum.to_text(0).split_once('.').map_or(0, |(_, part)| part.len());
                assert!(shown <= decimals.parse().unwrap(), "{formula} rounds {sum}");
                sum
            }
            Some(_) => self.term(here, formula).0,
            None => self.cell(here, formula).map_or(Amount::ZERO, number),
        }
    }

    fn term(&self, here: &str, term: &str) -> Term {
        let (name, rest) = term.split_once('(').unwrap();
        let given: Vec<&str> = arguments(rest.strip_suffix(')').unwrap());
        let fits = |of: &[(Vec<Option<&Cell>>, String)], place: usize| {
            of.iter().all(|(cells, word)| self.fits(here, cells[place], word))
        };
        let pairs = |given: &[&str]| {
            let pair = |pair: &[&str]| (self.range(here, pair[0]), pair[1].to_owned());
            given.chunks(2).map(pair).collect::<Vec<_>>()
        };
        Term(match name {
            "SUM" => self.range(here, given[0]).into_iter().flatten().filter(|cell| cell.is_number).map(number).sum(),
            "SUBTOTAL" => {
                assert_eq!(given[0], "109");
                self.range(here, given[1]).into_iter().flatten().filter(|cell| cell.is_number).map(number).sum()
            }
            "SUMIFS" => {
                let (cells, criteria) = (self.range(here, given[0]), pairs(&given[1..]));
                let each = cells.iter().enumerate().filter(|(place, _)| fits(&criteria, *place));
                each.filter_map(|(_, cell)| *cell).filter(|cell| cell.is_number).map(number).sum()
            }
            "COUNTIFS" => {
                let criteria = pairs(&given);
                let count = (0..criteria[0].0.len()).filter(|place| fits(&criteria, *place)).count();
                count.to_string().parse().unwrap()
            }
            _ => panic!("{name} is not known"),
        })
    }

    /// Whether a cell fits a criterion: a cell's word, not a cell's word, a sign.
    fn fits(&self, here: &str, cell: Option<&Cell>, criterion: &str) -> bool {
        let word = |place: &str| self.cell(here, place).unwrap_or_else(|| panic!("{here} {place} is empty"));
        match criterion {
            "\">0\"" => cell.is_some_and(|cell| number(cell) > Amount::ZERO),
            "\"<0\"" => cell.is_some_and(|cell| number(cell) < Amount::ZERO),
            other => match (other.strip_prefix("\"<>\"&"), other.strip_prefix("\"<>")) {
                (Some(place), _) => cell.is_none_or(|cell| cell.value != word(place).value),
                (None, Some(other)) => cell.is_none_or(|cell| cell.value != other.trim_end_matches('"')),
                (None, None) => cell.is_some_and(|cell| cell.value == word(other).value),
            },
        }
    }

    fn cell(&self, here: &str, place: &str) -> Option<&Cell> {
        let (sheet, place) = place.split_once('!').map_or((here, place), |(sheet, place)| (unquoted(sheet), place));
        self.sheet(sheet).cells.get(&coordinates(place))
    }

    fn range(&self, here: &str, range: &str) -> Vec<Option<&Cell>> {
        let (sheet, range) = range.split_once('!').map_or((here, range), |(sheet, range)| (unquoted(sheet), range));
        let (first, last) = range.split_once(':').unwrap();
        let ((top, column), (bottom, _)) = (coordinates(first), coordinates(last));
        (top..=bottom).map(|row| self.sheet(sheet).cells.get(&(row, column))).collect()
    }
}

/// A signed term of a sum.
struct Term(Amount);

impl std::ops::Mul<i8> for Term {
    type Output = Amount;

    fn mul(self, sign: i8) -> Amount {
        if sign < 0 { -self.0 } else { self.0 }
    }
}

fn number(cell: &Cell) -> Amount {
    cell.value.parse().unwrap_or_else(|_| panic!("{:?} is not an exact amount", cell.value))
}

fn unquoted(sheet: &str) -> &str {
    sheet.trim_matches('\'')
}

/// The terms of a sum, each with its sign.
fn terms(text: &str) -> Vec<(i8, &str)> {
    let (mut found, mut depth, mut quoted, mut from, mut sign) = (Vec::new(), 0, false, 0, 1);
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            '(' => depth += 1,
            ')' => depth -= 1,
            '+' | '-' if depth == 0 && !quoted => {
                found.push((sign, &text[from..at]));
                (from, sign) = (at + 1, if c == '-' { -1 } else { 1 });
            }
            _ => {}
        }
    }
    found.push((sign, &text[from..]));
    found
}

fn arguments(text: &str) -> Vec<&str> {
    text.split(',').collect()
}

/// `$C$7` or `C7` as row 7 and column 3.
pub(crate) fn coordinates(place: &str) -> (u32, u32) {
    let place = place.replace('$', "");
    let letters = place.chars().take_while(char::is_ascii_alphabetic).count();
    let column = place[..letters].bytes().fold(0, |column, letter| column * 26 + u32::from(letter - b'A') + 1);
    (place[letters..].parse().unwrap_or_else(|_| panic!("{place} is no cell")), column)
}

fn sheet(xml: &str, strings: &[String]) -> Sheet {
    let cells = elements(xml, "c").filter_map(|(tag, inside)| {
        let kind = attribute(tag, "t").unwrap_or_default();
        let value = elements(inside, "v").next().map(|(_, value)| unescaped(value));
        let value = match kind.as_str() {
            "s" => strings[value?.parse::<usize>().unwrap()].clone(),
            "inlineStr" => runs(inside),
            _ => value?,
        };
        let formula = elements(inside, "f").next().map(|(_, formula)| unescaped(formula));
        let is_number = kind.is_empty() || kind == "n";
        Some((coordinates(&attribute(tag, "r").unwrap()), Cell { is_number, value, formula }))
    });
    let links = elements(xml, "hyperlink")
        .map(|(tag, _)| (coordinates(&attribute(tag, "ref").unwrap()), attribute(tag, "location").unwrap()));
    Sheet { cells: cells.collect(), links: links.collect() }
}

/// Every element of a name: its opening tag and what is inside.
fn elements<'a>(xml: &'a str, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let open = format!("<{name}");
    let close = format!("</{name}>");
    let mut rest = xml;
    std::iter::from_fn(move || {
        loop {
            rest = &rest[rest.find(&open)? + open.len()..];
            if !rest.starts_with([' ', '>', '/']) {
                continue;
            }
            let end = rest.find('>')?;
            let tag = &rest[..end];
            if tag.ends_with('/') {
                rest = &rest[end..];
                return Some((tag, ""));
            }
            let after = &rest[end + 1..];
            let inside = &after[..after.find(&close)?];
            rest = &after[inside.len()..];
            return Some((tag, inside));
        }
    })
}

/// The texts of a string, put together.
fn runs(inside: &str) -> String {
    elements(inside, "t").map(|(_, text)| unescaped(text)).collect()
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    Some(unescaped(rest.split_once('"')?.0))
}

fn unescaped(text: &str) -> String {
    let plain = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&#10;", "\n"), ("&amp;", "&")];
    plain.iter().fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}
