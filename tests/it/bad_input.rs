//! What nobody foresaw and everybody sends: texts too long for a cell, names that run from right to left, months without
//! usage, currencies without minor units. Each has a stated behaviour, and a golden text of it.
//!
//! Others have theirs elsewhere: rate cards and rules in `fixtures/refusals/checks` (`unknown-class`, `markup-minus-100`,
//! `overlapping-rules`), GSTINs of another State than the address in `gst.rs`.

use std::fmt::Write;

use tieout::domain::List;
use tieout::invoice::{ExportTerms, InvoiceTerms, RateCard};
use tieout::run::{Settled, Terms, derive};
use tieout::simulator::{Scenario, World};
use tieout::watch::Nobody;

use crate::raw::{RawBooks, accounts, call, calls, ledger, page};
use crate::support;
use crate::workbook_reader::Workbook;

const ALL: &str = "formats = ['tally', 'zoho', 'xero', 'e-invoice', 'hledger', 'beancount']\n";

/// Characters of a text that no cell holds: Excel's limit is 32,767.
const LONG: usize = 33_000;

fn settled(books: &RawBooks, change: impl FnOnce(&mut Terms)) -> Settled {
    let folder = tempfile::tempdir().unwrap();
    let archive = books.archive(&folder.path().join("raw.sqlite"));
    let mut inputs = RawBooks::inputs(&archive);
    change(&mut inputs.terms);
    derive(&archive, inputs, &Nobody).unwrap()
}

fn text(settled: &Settled, name: &str) -> String {
    let found = settled.papers.iter().find(|paper| paper.name == name).unwrap_or_else(|| panic!("no {name}"));
    String::from_utf8(found.bytes.clone()).unwrap()
}

/// The longest run of a letter.
fn longest(text: &str, letter: char) -> usize {
    text.split(|c| c != letter).map(str::len).max().unwrap_or(0)
}

/// Every paper that holds a run of more than a hundred of a letter, with the length of the run.
fn told(settled: &Settled, letter: char) -> String {
    let mut told = String::new();
    for paper in &settled.papers {
        let cells = |bytes: &[u8]| {
            let sheets = Workbook::read(bytes).sheets;
            let cells = sheets.into_iter().flat_map(|(_, sheet)| sheet.cells.into_values().map(|cell| cell.value));
            cells.collect::<Vec<_>>().join("\n")
        };
        let is_binary = paper.name.ends_with(".parquet");
        let text = match () {
            () if is_binary => continue,
            () if paper.name == "close.xlsx" => cells(&paper.bytes),
            () => String::from_utf8(paper.bytes.clone()).unwrap(),
        };
        let run = longest(&text, letter);
        if run > 100 {
            writeln!(told, "{}: {run}", paper.name).unwrap();
        }
        let note = text.lines().find(|line| line.contains("do not fit into a cell"));
        if let Some(note) = note {
            writeln!(told, "  {note}").unwrap();
        }
    }
    told
}

#[test]
fn a_description_that_no_cell_holds_stands_whole_everywhere_else() {
    let row = call("e-long", "MA_B", "1.25").replace("Call to", &format!("Call {}", "Q".repeat(LONG)));
    let card = RateCard::parse(&format!("[[fees]]\nname = \"Fee {}\"\namount = \"5\"\n", "Z".repeat(LONG))).unwrap();
    let settled = settled(&RawBooks::sound().with_row("MA_B", &row), |terms| {
        terms.rate_card = card;
        terms.export = ExportTerms::parse(ALL).unwrap();
        terms.invoice = InvoiceTerms::parse("annex = 'entries'").unwrap();
    });
    let (entry, fee) = (told(&settled, 'Q'), told(&settled, 'Z'));
    insta::assert_snapshot!(format!("an entry's description\n{entry}\na fee's name\n{fee}"));
}

/// The simulator's world of this text, settled.
fn of_world(world: &str, change: impl FnOnce(&mut Terms)) -> Settled {
    let text = format!("name = 'n'\nprose = 'p'\nseed = 7\n[expected]\nverdict = 'tied-out'\n[world]\n{world}\n");
    let scenario = Scenario::read(&text).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let world = World::build(&scenario).unwrap();
    let archive = support::archive(&scenario, &world, &folder.path().join("a.sqlite"));
    let mut inputs = support::settle(&scenario, &archive).inputs;
    change(&mut inputs.terms);
    derive(&archive, inputs, &Nobody).unwrap()
}

#[test]
fn a_month_without_usage_closes_and_bills_its_fees_alone() {
    let world = "customers = 3\nempty_month = true\nunsettled = 0";
    let with_fee = of_world(world, |_| ());
    insta::assert_snapshot!("month_without_usage", text(&with_fee, "summary.txt"));
    let lines = |it: &Settled| text(it, "invoice_lines.csv").lines().count() - 1;
    assert_eq!((with_fee.billing.invoices.len(), lines(&with_fee)), (3, 3), "a fee each, and no minimum without usage");
    let without = of_world(world, |terms| terms.rate_card = RateCard::default());
    assert_eq!((without.billing.invoices.len(), without.billing.held.len()), (0, 0));
    let summary = text(&without, "summary.txt");
    for part in ["Next: there is nothing to bill; keep the seal.", "None were made.", "Everyone with something to bill"]
    {
        assert!(summary.contains(part), "no {part:?} in {summary}");
    }
    assert!(without.papers.iter().all(|paper| !paper.name.starts_with("invoices/")));
    // Every list is there, with its header alone.
    for name in ["invoices.csv", "invoice_lines.csv", "held.csv", "breaks.csv"] {
        assert!(text(&without, name).lines().count() <= 2, "{name}");
    }
}

#[test]
fn a_currency_without_minor_units_is_billed_in_whole_units() {
    let settled = of_world("customers = 2\nentries = 40\ncurrencies = ['JPY']\nunsettled = 0", |terms| {
        terms.rate_card =
            RateCard::parse("currency = 'JPY'\n[markup]\ndefault = '12.5'\n[[fees]]\nname = 'Line'\namount = '300'\n")
                .unwrap();
        let vat = "regime = 'plain'\ntax_name = 'Consumption tax'\nrates = [{ from = '2019-10-01', percent = '10' }]\n[supplier]\nname = 'Anvil KK'\n";
        terms.invoice = InvoiceTerms::parse(vat).unwrap();
        terms.export = ExportTerms::parse(ALL).unwrap();
    });
    let mut told = String::new();
    let columns = |name: &str, keep: &[&str]| {
        let text = text(&settled, name);
        let mut rows = csv::Reader::from_reader(text.as_bytes());
        let header = rows.headers().unwrap().clone();
        let places: Vec<usize> = keep.iter().map(|name| header.iter().position(|it| it == *name).unwrap()).collect();
        let row = |row: csv::StringRecord| places.iter().map(|at| row[*at].to_owned()).collect::<Vec<_>>().join(" ");
        rows.records().map(|it| row(it.unwrap()) + "\n").collect::<String>()
    };
    told += &columns("invoices.csv", &["number", "currency", "taxable", "tax", "total"]);
    told += &columns("invoice_lines.csv", &["number", "line", "amount", "tax"]);
    told += &columns("recharges.csv", &["currency", "billed", "shortfall", "verdict"]);
    let page = text(&settled, "invoices/INV-000001.html");
    let words = page.split("JPY ").map(|piece| piece.split('<').next().unwrap()).find(|piece| piece.ends_with("Only"));
    writeln!(told, "{}", words.expect("the total in words")).unwrap();
    // What is billed has no decimals, in any file for other programs.
    for invoice in &settled.billing.invoices {
        let total = invoice.total.to_text(0);
        assert!(!total.contains('.'), "{total}");
        for name in ["exports/zoho.csv", "exports/xero.csv"] {
            let whole = text(&settled, name)
                .lines()
                .all(|line| !line.contains(&format!("{}.", invoice.lines[0].amount.to_text(0))));
            assert!(whole, "{name}");
        }
    }
    let sheet = Workbook::read(&settled.papers.iter().find(|it| it.name == "close.xlsx").unwrap().bytes);
    let invoices = sheet.sheet("Invoices");
    let total = invoices.column("Total");
    writeln!(told, "workbook: {}", invoices.text(2, total)).unwrap();
    insta::assert_snapshot!("without_minor_units", told);
}

/// A customer of any name; its row of the account list as the partner writes it.
fn named(name: &str) -> String {
    format!(r#"{{"auth_id":"MA_B","name":{name},"cash_credits":"100.00000","pricing_tier":{{"currency":"INR"}}}}"#)
}

fn with_name(name: &str) -> Settled {
    let books = RawBooks::sound().with(List::Accounts, &accounts(&[named(name)]));
    let books = books.with(List::Master, &page(&calls("MA_B"))).with(ledger("MA_B"), &page(&calls("MA_B")));
    let mut books = books;
    books.pages.retain(|list, _| list.owner().is_none_or(|owner| owner.as_str() == "MA_B"));
    settled(&books, |_| ())
}

#[test]
fn names_of_every_script_are_kept_and_none_turns_a_line() {
    let mut told = String::new();
    for name in [
        r#""شركة الاتصالات""#,
        r#""א ב 1-2 Ltd""#,
        r#""Café 😀👩‍👩‍👧 é""#,
        r#""abc\u202egpj.exe""#,
        r#""\u2066isolated""#,
        r#""bell\u0007 and\u0000 nul""#,
        r#""""#,
        "null",
    ] {
        let settled = with_name(name);
        let (csv, page) = (text(&settled, "invoices.csv"), text(&settled, "close.html"));
        let row = csv.lines().nth(1).unwrap().split(',').nth(2).unwrap();
        let invoice = text(&settled, "invoices/INV-000001.html");
        let told_to = invoice.split(r#"<p class="name">"#).nth(2).or_else(|| invoice.split(r#"class="name">"#).nth(1));
        let told_to = told_to.map_or("-", |rest| rest.split('<').next().unwrap());
        let book = Workbook::read(&settled.papers.iter().find(|it| it.name == "close.xlsx").unwrap().bytes);
        let sheet = book.sheet("Invoices");
        let cell = sheet.text(2, sheet.column("Name"));
        writeln!(told, "{name}: csv {}, invoice {told_to}, workbook {}", row.escape_debug(), cell.escape_debug())
            .unwrap();
        // Nothing that turns a line reaches a page or the terminal; everything else does.
        for shown in [&page, &invoice, &text(&settled, "summary.txt")] {
            assert!(!shown.chars().any(|c| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')), "{name}");
        }
        assert!(page.contains("<bdi>"), "names are set apart from the text around them");
    }
    insta::assert_snapshot!("names", told);
}

#[test]
fn a_tax_invoice_needs_a_name_and_the_customer_waits_for_one() {
    let mut books = RawBooks::sound().with(List::Accounts, &accounts(&[named("null")]));
    books = books.with(List::Master, &page(&calls("MA_B"))).with(ledger("MA_B"), &page(&calls("MA_B")));
    books.pages.retain(|list, _| list.owner().is_none_or(|owner| owner.as_str() == "MA_B"));
    let gst = "regime = 'gst'\n[supplier]\nname = 'S'\naddress = 'A'\ngstin = '29AAFCS4821K1Z1'\n";
    let held = settled(&books, |terms| terms.invoice = InvoiceTerms::parse(gst).unwrap());
    let reasons: Vec<&str> = held.billing.held.iter().map(|it| it.reason.as_str()).collect();
    assert_eq!(reasons, ["a tax invoice names its customer: set invoice.customers.MA_B.name"]);
    let named = format!("{gst}[customers.MA_B]\nname = 'Asha'\n");
    let billed = settled(&books, |terms| terms.invoice = InvoiceTerms::parse(&named).unwrap());
    assert_eq!((billed.billing.held.len(), billed.billing.invoices[0].supply.buyer.name.as_str()), (0, "Asha"));
}
