//! The workbook, read back: every formula carries the exact result, every link leads somewhere, no text of others is a
//! formula, every word is defined, and LibreOffice works out the same. Where that is not installed its test says so and
//! stands aside; `TIEOUT_OFFICE=required` makes that a failure, as `.ci/run` does.

use std::collections::BTreeSet;
use std::io::{Cursor, Read, Write};
use std::path::Path;
use std::process::Command;
use std::str::FromStr;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use tieout::domain::Class;
use tieout::report::{Paper, report};

use crate::damage::flawed;
use crate::laws_weather::soaking;
use crate::report::{billing, books, unreadable};
use crate::support::{fixture, provenance, scenario_at, settled};
use crate::workbook_reader::{Workbook, coordinates, part};

/// Random books of a test run, and of a quiet hour.
const SEEDS: u64 = 4;
const SEEDS_SOAKED: u64 = 100;

/// Texts that a spreadsheet would run, or a reader of XML stumble over.
const HOSTILE: [&str; 6] =
    ["=1+1", "@SUM(A1)", "=HYPERLINK(\"http://x\",\"y\")", "<script>alert(1)</script>", "'=2", "0012 & <b>\u{202e}"];

fn workbook(papers: &[Paper]) -> Vec<u8> {
    papers.iter().find(|paper| paper.name == "close.xlsx").unwrap().bytes.clone()
}

fn audit() -> Vec<u8> {
    workbook(&settled(&scenario_at(&fixture("audit/scenario.toml"))).1.papers)
}

/// A small month in two currencies, whose customers are called what a spreadsheet would run.
fn hostile() -> Vec<u8> {
    let (mut books, mut billing) = (books(), billing());
    for (account, name) in books.accounts.iter_mut().zip(HOSTILE) {
        account.name = name.to_owned();
    }
    for (wallet, name) in books.wallets.iter_mut().zip(HOSTILE) {
        wallet.name = name.to_owned();
    }
    billing.invoices[0].name = HOSTILE[0].to_owned();
    billing.invoices[0].lines[0].description = HOSTILE[2].to_owned();
    billing.held[0].reason = HOSTILE[1].to_owned();
    workbook(&report(&provenance(), &books, &billing, &unreadable()).unwrap())
}

/// Works every formula out anew, and returns how many there are.
fn every_formula_holds(book: &Workbook) -> usize {
    let mut formulas = 0;
    for (name, sheet) in &book.sheets {
        for ((row, column), cell) in &sheet.cells {
            let Some(formula) = &cell.formula else { continue };
            assert!(cell.is_number, "{name} {row} {column}: {cell:?}");
            let seen = book.value(name, formula);
            assert_eq!(cell.value.parse(), Ok(seen), "{name}, row {row}, column {column}: {formula}");
            let below = sheet.text(row + 1, *column);
            if sheet.text(row + 1, 1) == "exact" {
                assert_eq!(below, cell.value, "{name}, row {row}, column {column}: the exact text");
            }
            formulas += 1;
        }
    }
    formulas
}

#[test]
#[expect(clippy::print_stdout, reason = "a failing test names its seed")]
fn every_formula_carries_the_exact_result() {
    for bytes in [audit(), hostile()] {
        assert!(every_formula_holds(&Workbook::read(&bytes)) > 40);
    }
    for seed in 0..if soaking() { SEEDS_SOAKED } else { SEEDS } {
        println!("seed {seed}");
        let (scenario, _) = flawed(&mut ChaCha8Rng::seed_from_u64(seed));
        every_formula_holds(&Workbook::read(&workbook(&settled(&scenario).1.papers)));
    }
}

#[test]
fn totals_of_currencies_and_of_the_partners_own_wallet_stand_apart() {
    let book = Workbook::read(&hostile());
    let accounts = book.sheet("Accounts");
    let debits = accounts.column("Debits");
    let totals: Vec<_> = (8..)
        .step_by(2)
        .map_while(|row| accounts.cells.get(&(row, debits)).map(|total| (row, total)))
        .map(|(row, total)| format!("{} {} {}", accounts.text(row, 1), accounts.text(row, 3), total.value))
        .collect();
    assert_eq!(totals, ["Total, customers INR 1035907.40", "PA_ANVIL001 INR 500.00", "Total, customers JPY 0"]);
}

#[test]
fn what_others_wrote_is_never_a_formula() {
    let book = Workbook::read(&hostile());
    let mut seen = BTreeSet::new();
    for (name, sheet) in &book.sheets {
        for (place, cell) in &sheet.cells {
            if let Some(text) = HOSTILE.iter().find(|text| cell.value.contains(**text)) {
                assert!(!cell.is_number && cell.formula.is_none(), "{name} {place:?}: {cell:?}");
                seen.insert(*text);
            }
            let known = ["ROUND(", "'"].map(|begin| cell.formula.as_ref().is_none_or(|it| it.starts_with(begin)));
            assert!(known.contains(&true), "{name} {place:?}: {cell:?}");
        }
    }
    assert_eq!(seen.len(), HOSTILE.len() - 1, "the sixth account is none: {seen:?}");
}

#[test]
fn every_link_leads_to_a_row_and_a_breaks_link_to_its_account() {
    for bytes in [audit(), hostile()] {
        let book = Workbook::read(&bytes);
        let mut links = 0;
        for (name, sheet) in &book.sheets {
            for (from, to) in &sheet.links {
                let (target, place) = to.split_once('!').unwrap();
                let target = target.trim_matches('\'');
                let (row, column) = coordinates(place);
                assert!(!book.sheet(target).text(row, column).is_empty(), "{name} {from:?} to {to}");
                if name == "Breaks" {
                    assert_eq!((target, book.sheet(target).text(row, 1)), ("Accounts", sheet.text(from.0, from.1)));
                }
                links += 1;
            }
        }
        let breaks = book.sheet("Breaks");
        let linked: BTreeSet<u32> = breaks.links.iter().map(|(from, _)| from.0).collect();
        let accounts: BTreeSet<&str> = (2..500).map(|row| book.sheet("Accounts").text(row, 1)).collect();
        let known = (2..500).filter(|row| !breaks.text(*row, 2).is_empty());
        let known = known.filter(|row| !breaks.text(*row, 4).is_empty() && accounts.contains(breaks.text(*row, 4)));
        assert_eq!(linked, known.collect());
        assert!(links > 20, "{links} links");
    }
}

#[test]
fn every_word_is_defined() {
    let book = Workbook::read(&audit());
    let definitions = book.sheet("Definitions");
    let defined: BTreeSet<&str> =
        definitions.cells.iter().filter(|(at, _)| at.1 == 3).map(|(_, it)| it.value.as_str()).collect();
    for class in Class::ALL {
        assert!(defined.contains(class.slug()), "{class}");
    }
    let titles =
        ["Class", "Severity", "Verdict", "Direction", "Standing", "Decision", "From", "Reading", "How", "Kind"];
    let mut words = 0;
    for (name, sheet) in
        book.sheets.iter().filter(|(name, _)| !["Summary", "Definitions", "Figures", "Bridge"].contains(&name.as_str()))
    {
        let columns = sheet.cells.iter().filter(|(at, it)| at.0 == 1 && titles.contains(&it.value.as_str()));
        for ((_, column), title) in columns.filter(|(_, title)| name != "Lines" || title.value != "Class") {
            for ((row, _), cell) in sheet.cells.iter().filter(|(at, _)| at.0 > 1 && at.1 == *column) {
                assert!(defined.contains(cell.value.as_str()), "{name}, row {row}, {}: {}", title.value, cell.value);
                words += 1;
            }
        }
    }
    assert!(words > 100, "{words} words");
    let told: Vec<String> = (2..200)
        .map(|row| [1, 2, 3].map(|column| definitions.text(row, column)).join(" | "))
        .filter(|it| it.len() > 6)
        .collect();
    insta::assert_snapshot!("definitions", told.join("\n"));
}

#[test]
fn sheets_can_be_filtered_scrolled_and_printed() {
    let bytes = audit();
    let book = Workbook::read(&bytes);
    let names: Vec<&str> = book.sheets.iter().map(|(name, _)| name.as_str()).collect();
    insta::assert_snapshot!(names.join(", "), @"Summary, Tie-outs, Bridge, Breaks, Carried, Proposals, Accounts, Proof of cash, Invoices, Lines, Notes, Note lines, Recharges, Held, Walk, Definitions, Figures");
    for number in 2..names.len() {
        let sheet = part(&bytes, &format!("xl/worksheets/sheet{number}.xml"));
        for needed in
            ["<autoFilter ", "state=\"frozen\"", "orientation=\"landscape\"", "fitToHeight=\"0\"", "<oddFooter>"]
        {
            assert!(sheet.contains(needed), "{}: {needed}", names[number - 1]);
        }
    }
    for number in 1..=3 {
        let chart = part(&bytes, &format!("xl/charts/chart{number}.xml"));
        assert!(chart.matches("<c:f>Figures!$").count() >= 3, "chart {number}");
    }
}

#[test]
fn a_chart_of_verdicts_counts_the_customers_alone_and_labels_show_what_the_figures_have() {
    let (audit, hostile) = (audit(), hostile());
    let book = Workbook::read(&audit);
    let (accounts, figures) = (book.sheet("Accounts"), book.sheet("Figures"));
    let verdict = accounts.column("Verdict");
    let customers = (2..).map_while(|row| Some(accounts.text(row, 1)).filter(|it| !it.is_empty()).map(|it| (row, it)));
    let customers: Vec<u32> = customers.filter(|(_, it)| !it.starts_with("PA_")).map(|(row, _)| row).collect();
    let of_verdict = |word: &str| customers.iter().filter(|row| accounts.text(**row, verdict) == word).count();
    let begins = (1..99).find(|row| figures.text(*row, 1) == "Customers by verdict").unwrap() + 2;
    let bars: Vec<u32> = (begins..begins + 9).take_while(|row| !figures.text(*row, 1).is_empty()).collect();
    assert!(!bars.is_empty());
    for row in bars {
        assert_eq!(figures.text(row, 3), of_verdict(figures.text(row, 1)).to_string(), "{}", figures.text(row, 1));
    }
    let forms = |bytes: &[u8]| {
        let form = |number| part(bytes, &format!("xl/charts/chart{number}.xml"));
        let form = |number| {
            form(number).split("<c:dLbls><c:numFmt formatCode=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
        };
        [1, 2, 3].map(form)
    };
    assert_eq!(forms(&audit), ["#,##0.00#", "#,##0.00###", "#,##0"]);
    assert_eq!(forms(&hostile), ["#,##0.00", "#,##0.00", "#,##0"]);
}

#[test]
fn every_sheet_is_in_the_index_with_words_and_an_empty_list_says_so_on_one_page() {
    let bytes = audit();
    let book = Workbook::read(&bytes);
    let summary = book.sheet("Summary");
    let begins = summary.cells.iter().find(|((_, column), it)| *column == 1 && it.value == "Sheet").unwrap().0.0;
    for (number, (name, sheet)) in (2..).zip(&book.sheets[1..]) {
        let row = (begins..begins + 99).find(|row| summary.text(*row, 1) == name).unwrap();
        assert!(summary.text(row, 3).len() > 10, "{name} has no words");
        if name != "Figures" && summary.text(row, 2) == "0" {
            assert_eq!(sheet.text(2, 1), "No rows", "{name}");
            let sheet = part(&bytes, &format!("xl/worksheets/sheet{number}.xml"));
            assert!(sheet.contains("fitToHeight=\"0\"") && !sheet.contains("fitToWidth="), "{name}");
        }
    }
    // A link stands on a short word: not every program wraps the text of one.
    let tie_outs = book.sheet("Tie-outs");
    let on_paper = part(&bytes, "xl/worksheets/sheet2.xml");
    assert!(!on_paper.contains("fitToWidth="), "the tie-outs fit on the width of one page");
    let (direction, bridge) = (tie_outs.column("Direction"), tie_outs.column("Bridge"));
    assert!(tie_outs.links.iter().any(|((_, column), to)| *column == direction && to.contains("Bridge")));
    assert!(tie_outs.links.iter().all(|((_, column), _)| *column != bridge));
}

/// The workbook with one total's result falsified, as nobody who works it out anew would leave it.
fn falsified(bytes: &[u8]) -> Vec<u8> {
    let mut from = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut to = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for index in 0..from.len() {
        let mut file = from.by_index(index).unwrap();
        let name = file.name().unwrap().into_owned();
        let mut content = Vec::new();
        file.read_to_end(&mut content).unwrap();
        if name == "xl/worksheets/sheet2.xml" {
            let text = String::from_utf8(content).unwrap();
            let (before, after) = text.split_once("</f><v>").unwrap();
            let (_, after) = after.split_once("</v>").unwrap();
            content = format!("{before}</f><v>4711</v>{after}").into_bytes();
        }
        to.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        to.write_all(&content).unwrap();
    }
    to.finish().unwrap().into_inner()
}

/// A profile in which LibreOffice works every formula out when it opens a file.
const PROFILE: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Calc/Formula/Load"><prop oor:name="OOXMLRecalcMode" oor:op="fuse"><value>0</value></prop></item>
</oor:items>
"#;

/// Has LibreOffice open workbooks, work them out and write them again; nothing where it is not installed.
#[expect(clippy::disallowed_methods, reason = "the environment says whether LibreOffice has to be there")]
#[expect(clippy::print_stdout, reason = "a test that stands aside says so")]
fn recalculated(folder: &Path, books: &[(&str, &[u8])]) -> Option<Vec<Vec<u8>>> {
    let user = folder.join("profile/user");
    std::fs::create_dir_all(&user).unwrap();
    std::fs::write(user.join("registrymodifications.xcu"), PROFILE).unwrap();
    let paths: Vec<_> = books.iter().map(|(name, _)| folder.join(name)).collect();
    for (path, (_, bytes)) in paths.iter().zip(books) {
        std::fs::write(path, bytes).unwrap();
    }
    let done = Command::new("soffice")
        .arg(format!("-env:UserInstallation=file://{}", folder.join("profile").display()))
        .args(["--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir"])
        .arg(folder.join("out"))
        .args(&paths)
        .output();
    let done = match done {
        Ok(done) => done,
        Err(error) => {
            assert!(std::env::var_os("TIEOUT_OFFICE").is_none(), "LibreOffice is required: {error}");
            println!("this test stands aside: LibreOffice is not installed ({error})");
            return None;
        }
    };
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && !told.contains("Error"), "{told}");
    Some(books.iter().map(|(name, _)| std::fs::read(folder.join("out").join(name)).unwrap()).collect())
}

#[test]
fn libreoffice_works_out_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let (audit, hostile) = (audit(), hostile());
    let wrong = falsified(&audit);
    let books: [(&str, &[u8]); 3] = [("audit.xlsx", &audit), ("hostile.xlsx", &hostile), ("wrong.xlsx", &wrong)];
    let Some(again) = recalculated(folder.path(), &books) else { return };
    // What was falsified is put right: it does work the formulas out.
    for (before, after) in [&audit, &hostile, &audit].into_iter().zip(&again) {
        let (before, after) = (Workbook::read(before), Workbook::read(after));
        assert_eq!(before.sheets.len(), after.sheets.len());
        for ((name, sheet), (_, seen)) in before.sheets.iter().zip(&after.sheets) {
            for ((row, column), cell) in sheet.cells.iter().filter(|(_, cell)| !cell.value.is_empty()) {
                let seen = seen.cells.get(&(*row, *column)).unwrap_or_else(|| panic!("{name} {row} {column} is gone"));
                assert_eq!(seen.formula.is_some(), cell.formula.is_some(), "{name} {row} {column}");
                assert_eq!(seen.is_number, cell.is_number, "{name} {row} {column}");
                if cell.is_number {
                    let exact = |text: &str| {
                        Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).unwrap().normalize()
                    };
                    assert_eq!(exact(&seen.value), exact(&cell.value), "{name}, row {row}, column {column}");
                } else {
                    assert_eq!(seen.value, cell.value, "{name}, row {row}, column {column}");
                }
            }
        }
    }
}
