//! What a sheet can hold, and what is told where it cannot.

use super::*;
use crate::domain::Amount;
use crate::report::table::Column;

const COLUMNS: &[Column] = &[Column::words("name", "Name", 10), Column::numbers("sum", "Sum", 10)];
const SMALL: Limits = Limits { rows: 4, text: 30 };

fn table(rows: Vec<Vec<Cell>>) -> Table {
    Table { name: "held", title: "Held", columns: COLUMNS, rows }
}

fn told(table: &Table) -> Vec<String> {
    let of_block = |block| match block {
        Block::Items(items) => items.into_iter().map(|(head, _)| head).collect(),
        Block::Heading(_) | Block::Title(_) | Block::Pairs(_) | Block::Prose(_) | Block::Grid(_) => Vec::new(),
    };
    notes(SMALL, &[table]).into_iter().flat_map(of_block).collect()
}

fn row(name: &str, units: i128) -> Vec<Cell> {
    vec![Cell::text(name), Cell::Amount(Amount::from_units(units), 2)]
}

#[test]
fn what_fits_needs_no_note() {
    assert_eq!(told(&table(vec![row(&"x".repeat(30), 999_999_999_999_999); 3])), Vec::<String>::new());
}

#[test]
fn what_does_not_fit_is_told_and_never_an_error() {
    let table = table(vec![row(&"😀".repeat(16), 1_000_000_000_000_001); 5]);
    assert_eq!(
        told(&table),
        [
            "Held: 2 rows do not fit on the sheet and are left out; held.csv has all",
            "Held: 5 texts do not fit into a cell and are cut short; held.csv has all",
            "Held: 5 figures have more than 15 digits and stand as text, so that no digit is lost; held.csv has all",
        ]
    );
    let mut workbook = Workbook::new();
    assert!(write_table(workbook.add_worksheet(), &table, SMALL, &Formats::new()).is_ok());
    assert_eq!(workbook.save_to_buffer().map(|bytes| bytes.is_empty()).ok(), Some(false));
}

#[test]
fn a_cut_text_fits_and_says_so() {
    for text in ["x".repeat(31), "😀".repeat(16), "é".repeat(4000), "\u{ffff}".repeat(31)] {
        let cut = fitting(&text, SMALL);
        assert!(cut.encode_utf16().count() <= 30 && cut.ends_with("… (cut short)"), "{cut}");
        assert!(!cut.contains('\u{ffff}'), "{cut}");
    }
    assert_eq!(fitting("=1+1", SMALL), "=1+1");
}

#[test]
fn a_figure_of_up_to_fifteen_digits_comes_back_from_a_float() {
    for units in [1, 7, 825_000_000, 123_456_789_012_345, 999_999_999_999_999, -999_999_999_999_998] {
        let text = Amount::from_units(units).to_text(0);
        assert!(survives(&text), "{text}");
        let float: f64 = text.parse().unwrap();
        assert_eq!(float.to_string(), text);
    }
    assert!(!survives("10000000.00000001"));
}
