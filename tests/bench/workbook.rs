//! A workbook of a million rows: how long it takes to print, and the most memory beyond the lists it is printed from.

use std::process::Command;
use std::time::Instant;

use chrono::NaiveDate;
use tieout::domain::{Amount, Party};
use tieout::invoice::{Billing, Invoice, InvoiceLine, LineKind, LineTax, Supply};
use tieout::report::Lists;
use tieout::simulator::Scenario;

use crate::{paper, support};

/// Measured runs; the median is reported.
const RUNS: usize = 3;

/// Invoices, and the lines of each: a million lines.
const INVOICES: u64 = 20_000;
const LINES: u64 = 50;

/// Prints the workbook once, in a process of its own: milliseconds, KiB before and at most, bytes.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub(crate) fn measure() {
    let scenario = "name = 'bench'\nprose = ''\nseed = 7\n[world]\ncustomers = 5\nentries = 50\n[expected]\nverdict = 'tied-out'\n";
    let settled = support::settled(&Scenario::read(scenario).expect("a scenario")).1;
    let provenance = support::provenance();
    let billing = Billing { invoices: (1..=INVOICES).map(invoice).collect(), ..Billing::default() };
    let lists = Lists::new(&provenance, &settled.reconciliation, &billing, &[]);
    let (before, began) = (paper::peak_kib(), Instant::now());
    let bytes = lists.workbook().expect("a workbook");
    let (took, most) = (began.elapsed(), paper::peak_kib());
    #[expect(clippy::print_stdout, reason = "the parent process reads it")]
    {
        println!("{} {before} {most} {}", took.as_millis(), bytes.len());
    }
}

fn invoice(number: u64) -> Invoice {
    let amount = |units: u64| Amount::from_units(i128::from(units));
    let lines = (1..=LINES).map(|line| {
        let cost_base = amount(number * 1_237_000 + line * 82_500);
        let markup = amount(line * 16_500);
        InvoiceLine {
            kind: LineKind::Usage,
            class: format!("class-{line}"),
            description: format!("calls of kind {line}, March 2026"),
            entries: number + line,
            cost_base,
            markup_percent: Some(20.into()),
            markup,
            amount: cost_base + markup,
            tax: LineTax::default(),
        }
    });
    Invoice {
        number: format!("INV-2026-{number:05}"),
        account: format!("MA_{number:08}"),
        name: format!("Customer {number}"),
        currency: "INR".parse().expect("a currency"),
        cost_base: amount(number * 61_850_000),
        markup: amount(21_037_500),
        fees: Amount::ZERO,
        tax: Amount::ZERO,
        total: amount(number * 61_850_000 + 21_037_500),
        lines: lines.collect(),
        round_off: Amount::ZERO,
        date: NaiveDate::default(),
        due: NaiveDate::default(),
        supply: Supply::untaxed(Party::default()),
    }
}

/// The benchmark's line.
pub(crate) fn lines() -> String {
    let program = std::env::current_exe().expect("this program");
    let mut runs: Vec<[u64; 4]> = (0..RUNS)
        .map(|_| {
            let output = Command::new(&program).arg("workbook-once").output().expect("a run");
            let text = String::from_utf8_lossy(&output.stdout).into_owned();
            let numbers: Vec<u64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
            numbers.try_into().unwrap_or_else(|_| panic!("a run failed: {}", String::from_utf8_lossy(&output.stderr)))
        })
        .collect();
    runs.sort_unstable();
    let [millis, before, _, bytes] = runs[RUNS / 2];
    let beyond = runs.iter().map(|run| run[2] - run[1]).max().unwrap_or(0) / 1024;
    format!(
        "workbook of {} rows: median {millis} ms ({} to {}), at most {beyond} MiB beyond the lists' {} MiB, {} KiB\n",
        INVOICES * (LINES + 1),
        runs[0][0],
        runs[RUNS - 1][0],
        before / 1024,
        bytes / 1024
    )
}

/// How many runs there are.
pub(crate) const fn runs() -> usize {
    RUNS
}
