//! What a sheet can hold, and what is told where it cannot.

use super::cells::{fitting, survives};
use super::front::notes;
use super::*;
use crate::domain::Amount;
use crate::report::table::{Cell, Column};

const COLUMNS: &[Column] =
    &[Column::words("name", "Name", 10), Column::key("currency", "Currency", 10), Column::sum("sum", "Sum", 10)];
const SMALL: Limits = Limits { rows: 9, text: 30, in_memory: 6 };

fn table(rows: Vec<Vec<Cell>>) -> Table {
    Table { name: "held", title: "Held", columns: COLUMNS, rows }
}

fn told(table: &Table) -> Vec<String> {
    let of_block = |block| match block {
        Block::Items(items) => items.into_iter().map(|(head, _)| head).collect(),
        Block::Heading(_) | Block::Title(_) | Block::Pairs(_) | Block::Prose(_) | Block::Grid(_) => Vec::new(),
    };
    notes(&[Laid::new(table, "PA_1", SMALL)]).into_iter().flat_map(of_block).collect()
}

fn row(name: &str, units: i128) -> Vec<Cell> {
    vec![Cell::text(name), Cell::code("INR"), Cell::Amount(Amount::from_units(units), 2)]
}

/// The workbook of one list.
fn printed(table: &Table) -> Result<Vec<u8>, ReportError> {
    let provenance = Provenance {
        partner: "PA_1".to_owned(),
        partner_name: "One".to_owned(),
        period: "2026-03".parse().unwrap(),
        cut_off: String::new(),
        zone: String::new(),
        run: "2026-03".to_owned(),
        archive_digest: String::new(),
        version: String::new(),
        scenario: None,
        rate_card: String::new(),
        tolerance: Amount::ZERO,
    };
    let definitions = crate::report::definitions::table(&[]);
    print_within(
        SMALL,
        &Contents {
            provenance: &provenance,
            verdict: Verdict(crate::domain::Severity::None),
            overview: &[],
            tables: std::slice::from_ref(table),
            pictures: &[],
            definitions: &definitions,
        },
    )
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
            "Held: 5 texts do not fit into a cell and are cut short; held.csv has all",
            "Held: 5 figures have more than 15 digits and stand as text, so that no digit is lost; so do the totals they \
             enter; held.csv has all",
        ]
    );
    assert!(printed(&table).is_ok_and(|bytes| !bytes.is_empty()));
}

#[test]
fn a_list_that_one_sheet_cannot_hold_stands_on_several_and_its_total_adds_them() {
    let table = table((0..10).map(|number| row("x", number * 100_000_000)).collect());
    let laid = Laid::new(&table, "PA_1", SMALL);
    let parts: Vec<_> = laid.parts.iter().map(|part| (part.sheet.as_str(), part.rows.clone())).collect();
    assert_eq!(parts, [("Held", 0..4), ("Held 2", 4..8), ("Held 3", 8..10)]);
    assert_eq!(laid.link(9).as_deref(), Some("internal:'Held 3'!A3"));
    assert_eq!(laid.link(10), None);
    let figure = &laid.sums[0].figures[0];
    assert_eq!(figure.sum.plain(), "45.00");
    assert_eq!(
        laid.total(0, figure).unwrap(),
        "ROUND(SUMIFS('Held'!$C$2:$C$5,'Held'!$B$2:$B$5,$B$5)+SUMIFS('Held 2'!$C$2:$C$5,'Held 2'!$B$2:$B$5,$B$5)\
         +SUMIFS('Held 3'!$C$2:$C$3,'Held 3'!$B$2:$B$3,$B$5),2)"
    );
    assert!(laid.many);
    assert_eq!(printed(&table).unwrap(), printed(&table).unwrap(), "a temporary file leaves no trace");
}

/// What becomes of a workbook whose rows go through a temporary file, in a process prepared by the shell.
fn in_a_process(prepared: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let test = "report::as_xlsx::tests::prints_a_long_list";
    let line = format!("{prepared} exec '{}' --exact {test} --ignored --nocapture", program.display());
    let done = std::process::Command::new("sh").arg("-c").arg(line).output().unwrap();
    String::from_utf8_lossy(&done.stdout).into_owned()
}

#[test]
#[ignore = "the next test runs it, in processes of its own"]
#[expect(clippy::print_stdout, reason = "the process that waits for it reads it")]
fn prints_a_long_list() {
    // As the program tells a panic: not at all where it becomes an error.
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let text = panic.payload().downcast_ref::<String>().cloned().unwrap_or_default();
        println!("{}", if is_of_the_disk(&place, &text) { "no bug" } else { "a bug" });
    }));
    let table = table((0..40).map(|_| row(&"x".repeat(30), 1)).collect());
    match printed(&table) {
        Ok(bytes) => println!("printed {} bytes", bytes.len()),
        Err(error) => println!("refused: {error}"),
    }
}

#[test]
fn a_temporary_folder_that_is_missing_or_full_is_a_failure_and_no_panic() {
    let told = in_a_process("");
    assert!(told.contains("printed "), "{told}");
    let missing = in_a_process("TMPDIR=/nonexistent");
    assert!(
        missing
            .contains("refused: close.xlsx: the temporary folder cannot hold the rows: /nonexistent: entity not found"),
        "{missing}"
    );
    let full = in_a_process("trap '' XFSZ; ulimit -f 0;");
    assert!(full.contains("refused: close.xlsx: the temporary folder cannot hold the rows: File too large"), "{full}");
    assert!(full.contains("no bug") && ![&told, &missing, &full].iter().any(|it| it.contains("a bug")), "{full}");
    assert!(!is_of_the_disk("src/report/table.rs:1:1", "Os {") && !is_of_the_disk("rust_xlsxwriter/x.rs", "index"));
}

#[test]
fn a_cut_text_fits_and_says_so() {
    for text in ["x".repeat(31), "😀".repeat(16), "é".repeat(4000), "\u{ffff}".repeat(31)] {
        let cut = fitting(&text, SMALL.text);
        assert!(cut.encode_utf16().count() <= 30 && cut.ends_with("… (cut short)"), "{cut}");
        assert!(!cut.contains('\u{ffff}'), "{cut}");
    }
    assert_eq!(fitting("=1+1", SMALL.text), "=1+1");
}

#[test]
fn a_figure_of_up_to_fifteen_digits_comes_back_from_a_float() {
    for units in [1, 7, 825_000_000, 123_456_789_012_345, 999_999_999_999_999, -999_999_999_999_998] {
        let cell = Cell::Amount(Amount::from_units(units), 0);
        assert!(survives(&cell), "{cell:?}");
        let float: f64 = cell.plain().parse().unwrap();
        assert_eq!(float.to_string(), cell.plain());
    }
    assert!(!survives(&Cell::Amount("10000000.00000001".parse().unwrap(), 2)));
    assert!(!survives(&Cell::Count(1_000_000_000_000_000)));
}
