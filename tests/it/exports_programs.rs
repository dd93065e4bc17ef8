//! The journals under the eyes of the real programs, `hledger check --strict` and `bean-check`, and the files of a whole run.
//! Where a program is not installed the test says so and stands aside; `TIEOUT_EXPORTS=required` makes that a failure, as
//! `.ci/run` does. Where Python has `jsonschema` it looks at the e-invoices as well as our own validator.

use std::process::Command;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tieout::domain::{Amount, sha256};
use tieout::invoice::{Billing, InvoiceTerms, LineKind, RateCard};
use tieout::reconcile::by_class;
use tieout::report::{Close, Paper, exports};
use tieout::run::{Earlier, Inputs, Settled, Terms, derive};
use tieout::simulator::{Scenario, World};
use tieout::watch::Nobody;

use crate::books::Layout;
use crate::cash_damage::spoil;
use crate::csv_profiles::is_table;
use crate::damage::damaged;
use crate::exports::{all, exported, gst, invoice, party, text};
use crate::laws_weather::soaking;
use crate::report::paper;
use crate::scenarios::files;
use crate::schema::faults;
use crate::support::{archive, fixture, scenario_at, settled, terms};

/// A program that reads a journal: the journal, and what stands before and behind it on the command line.
struct Program {
    name: &'static str,
    journal: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
}

const PROGRAMS: [Program; 2] = [
    Program { name: "hledger", journal: "exports/close.journal", before: &["-f"], after: &["check", "--strict"] },
    Program { name: "bean-check", journal: "exports/close.beancount", before: &[], after: &[] },
];

/// Random books of a test run, and of a quiet hour.
const SEEDS: u64 = 4;
const SEEDS_SOAKED: u64 = 200;

/// The journals of any run, whether it was settled with them or not.
fn journals(settled: &Settled, invoicing: &InvoiceTerms) -> Vec<Paper> {
    let close = Close {
        provenance: &settled.provenance,
        terms: &all(""),
        invoicing,
        books: &settled.reconciliation,
        billing: &settled.billing,
        charges: &by_class(&settled.books).unwrap(),
    };
    exports(&close).unwrap()
}

/// Whether a program takes its journal, or why not; nothing where it is not here.
#[expect(clippy::disallowed_methods, reason = "the environment says whether the programs have to be there")]
#[expect(clippy::print_stdout, reason = "a test that stands aside says so")]
fn look(program: &Program, journal: &str) -> Option<Result<(), String>> {
    let Program { name, journal: file, before, after } = program;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(file.trim_start_matches("exports/"));
    std::fs::write(&path, journal).unwrap();
    let done = match Command::new(name).args(*before).arg(&path).args(*after).output() {
        Ok(done) => done,
        Err(absent) => {
            assert!(std::env::var_os("TIEOUT_EXPORTS").is_none(), "{name} has to be here: {absent}");
            println!("this test stands aside: there is no {name} here");
            return None;
        }
    };
    let told = [done.stdout, done.stderr].concat();
    Some(if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&told).into_owned()) })
}

/// Both programs take the journals of a run.
fn are_taken(settled: &Settled, what: &str) {
    let papers = journals(settled, &InvoiceTerms::default());
    for program in &PROGRAMS {
        let journal = std::str::from_utf8(paper(&papers, program.journal)).unwrap();
        if let Some(Err(refused)) = look(program, journal) {
            panic!("{what}, {}: {refused}\n{journal}", program.name);
        }
    }
}

#[test]
fn the_journals_of_every_scenario_are_taken() {
    for (path, text) in files() {
        let scenario = Scenario::read(&text).unwrap();
        are_taken(&settled(&scenario).1, &path.display().to_string());
    }
}

#[test]
#[expect(clippy::print_stdout, reason = "a run begins with its seeds")]
fn the_journals_of_any_books_are_taken() {
    let seeds = 0..if soaking() { SEEDS_SOAKED } else { SEEDS };
    println!("seeds {seeds:?}");
    for seed in seeds {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut any = damaged(&mut rng);
        spoil(&mut any, &mut rng);
        are_taken(&any.settled(&Layout::default(), &RateCard::default()), &format!("seed {seed}"));
    }
}

#[test]
fn a_unit_too_many_is_not_taken() {
    let settled = settled(&scenario_at(&fixture("scenarios/calm.toml"))).1;
    let papers = journals(&settled, &InvoiceTerms::default());
    for program in &PROGRAMS {
        let journal = std::str::from_utf8(paper(&papers, program.journal)).unwrap();
        let lines: Vec<&str> = journal.lines().collect();
        let places = |of: &str| lines.iter().rposition(|line| line.contains(of)).unwrap();
        // A posting of the last transaction, and the last assertion.
        for at in [places("Income:Usage  "), places("Liabilities:Wallets:")] {
            let (before, after) = lines[at].rsplit_once('.').unwrap();
            let (digits, rest) = after.split_at(after.find(' ').unwrap());
            let last = if digits.ends_with('9') { "8" } else { "9" };
            let changed = format!("{before}.{}{last}{rest}", &digits[..digits.len() - 1]);
            let journal: String = lines
                .iter()
                .enumerate()
                .map(|(i, line)| format!("{}\n", if i == at { &changed } else { *line }))
                .collect();
            if let Some(seen) = look(program, &journal) {
                seen.expect_err(&changed);
            }
        }
        let undeclared = |word: &str| {
            let first = lines.iter().position(|line| line.contains(word)).unwrap();
            let kept = lines.iter().enumerate().filter(|(at, _)| *at != first);
            kept.map(|(_, line)| format!("{line}\n")).collect::<String>()
        };
        for word in ["account Assets", " open Assets"].iter().filter(|word| journal.contains(**word)) {
            if let Some(seen) = look(program, &undeclared(word)) {
                seen.expect_err(word);
            }
        }
    }
}

/// A calm month under GST, settled with every file and the CSV profile for spreadsheets.
fn run_of(scenario: &Scenario) -> Settled {
    let folder = tempfile::tempdir().unwrap();
    let world = World::build(scenario).unwrap();
    let archive = archive(scenario, &world, &folder.path().join("a.sqlite"));
    let period = scenario.world.period;
    let evidence = archive.evidence(archive.latest(period).unwrap().unwrap()).unwrap();
    let evidence = sha256(evidence.manifest().as_bytes());
    let terms = Terms { invoice: gst(), export: all("csv = 'spreadsheet'"), ..terms(scenario) };
    let earlier = Earlier { numbers_from: 1, ..Earlier::default() };
    let partner = archive.partner().to_owned();
    let inputs = Inputs::new(period.to_string(), period, partner, evidence, &terms, earlier);
    derive(&archive, inputs, &Nobody).unwrap()
}

#[test]
fn a_run_seals_its_exports_and_derives_them_again() {
    let scenario = scenario_at(&fixture("scenarios/worlds/nasty-names.toml"));
    let (run, again) = (run_of(&scenario), run_of(&scenario));
    assert_eq!(run.papers, again.papers);
    let sealed = &run.seal.text;
    let names: Vec<&str> =
        run.papers.iter().map(|paper| paper.name.as_str()).filter(|name| name.starts_with("exports/")).collect();
    assert_eq!(names.len(), 7, "{names:?}");
    assert!(names.iter().all(|name| sealed.contains(name)));
    are_taken(&run, "nasty names");
    let total: Amount = run.billing.invoices.iter().map(|invoice| invoice.total).sum();
    assert!(run.billing.invoices.len() > 5 && !total.is_zero());
    let schema = std::fs::read(fixture("e-invoice.schema.json")).unwrap();
    let schema: Value = serde_json::from_slice(&schema).unwrap();
    let invoices: Value = serde_json::from_slice(paper(&run.papers, "exports/e-invoice.json")).unwrap();
    assert!(!invoices.as_array().unwrap().is_empty());
    assert_eq!(faults(&schema, &invoices), Vec::<String>::new());
    second_opinion(paper(&run.papers, "exports/e-invoice.json"));
    for csv in run.papers.iter().filter(|paper| is_table(paper)) {
        assert_eq!(csv.bytes.starts_with(b"\xef\xbb\xbf"), !csv.name.starts_with("exports/"), "{}", csv.name);
    }
}

/// What Python's `jsonschema` says of e-invoices, where it is there: our own validator is what counts.
#[expect(clippy::print_stdout, reason = "a test that stands aside says so")]
fn second_opinion(invoices: &[u8]) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("e-invoice.json");
    std::fs::write(&file, invoices).unwrap();
    let script = "import sys, json\ntry:\n    import jsonschema\nexcept ImportError:\n    sys.exit(69)\n\
                  jsonschema.validate(json.load(open(sys.argv[2])), json.load(open(sys.argv[1])))\n";
    let asked = Command::new("python3").args(["-c", script]).arg(fixture("e-invoice.schema.json")).arg(&file).output();
    match asked {
        Ok(done) if done.status.code() != Some(69) => {
            assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        }
        _ => println!("no second opinion: Python has no jsonschema here"),
    }
}

#[test]
fn states_are_named_as_each_program_names_them_and_a_pin_of_another_state_is_left_out() {
    let terms = gst();
    let usual = [(LineKind::Usage, "call", "83.35833", "100.03")];
    let hyderabad = party("Hyderabad", "TG", "IN", "");
    let elsewhere = party("Elsewhere", "MH", "IN", "33AABCT3312J1ZP");
    let invoices = vec![
        invoice(&terms, "VB/26/00001", "MA_ALPHA", &hyderabad, &usual),
        invoice(&terms, "VB/26/00002", "MA_BRAVO", &elsewhere, &usual),
    ];
    let papers = exported(&all(""), &Billing { invoices, ..Billing::default() });
    let zoho = text(&papers, "exports/zoho.csv");
    assert!(zoho.contains(",TS,") && !zoho.contains(",TG,"), "{zoho}");
    let numbers = text(&papers, "exports/e-invoice-irn.json");
    assert!(numbers.contains("the customer's address is in Maharashtra, its GSTIN of another State"), "{numbers}");
}
