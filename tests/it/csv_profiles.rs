//! CSV in its profiles: for spreadsheets with a mark and harmless, for import byte by byte or not at all.

use tieout::cli::{Exit, Failure};
use tieout::invoice::CsvProfile;
use tieout::reconcile::Reconciliation;
use tieout::report::{Paper, ReportError, report, report_in};
use tieout::run::RunError;

use crate::report::{billing, books, paper, unreadable};
use crate::support::{fixture, provenance, scenario_at, settled};

/// What begins a formula, or a new cell that might.
const DANGEROUS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

fn printed(csv: CsvProfile, books: &Reconciliation) -> Result<Vec<Paper>, ReportError> {
    report_in(csv, &provenance(), books, &billing(), &unreadable())
}

pub(crate) fn is_table(paper: &Paper) -> bool {
    std::path::Path::new(&paper.name).extension().is_some_and(|end| end == "csv")
}

fn cells(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    reader.records().map(|row| row.unwrap().iter().map(ToOwned::to_owned).collect()).collect()
}

#[test]
fn for_spreadsheets_a_mark_is_all_that_is_added() {
    let plain = report(&provenance(), &books(), &billing(), &unreadable()).unwrap();
    assert_eq!(plain, printed(CsvProfile::Plain, &books()).unwrap());
    let marked = printed(CsvProfile::Spreadsheet, &books()).unwrap();
    for (plain, marked) in plain.iter().zip(&marked) {
        if is_table(plain) {
            assert_eq!([b"\xef\xbb\xbf", plain.bytes.as_slice()].concat(), marked.bytes, "{}", plain.name);
            assert!(plain.bytes.is_ascii() || !plain.bytes.starts_with(b"\xef\xbb\xbf"));
        } else {
            assert_eq!(plain, marked);
        }
    }
    assert!(String::from_utf8_lossy(paper(&marked, "accounts.csv")).contains("\"'+Bravo\""));
}

#[test]
fn for_import_every_text_stands_as_it_is() {
    let calm = settled(&scenario_at(&fixture("scenarios/calm.toml"))).1;
    let print =
        |csv| report_in(csv, &calm.provenance, &calm.reconciliation, &calm.billing, &calm.books.unreadable).unwrap();
    let (plain, import) = (print(CsvProfile::Plain), print(CsvProfile::Import));
    let tables = |papers: &[Paper]| papers.iter().filter(|it| is_table(it)).cloned().collect::<Vec<_>>();
    assert!(tables(&plain).len() > 10);
    for (plain, import) in tables(&plain).iter().zip(&tables(&import)) {
        assert_eq!(cells(&plain.bytes), cells(&import.bytes), "{}", plain.name);
        let text = std::str::from_utf8(&import.bytes).unwrap();
        assert!(text.ends_with("\r\n") && !text.starts_with('\u{feff}'), "{}", import.name);
        // RFC 4180: quoted where it has to be and nowhere else.
        let bare = text.replace("\"\"", "");
        let quoted = bare.split('"').skip(1).step_by(2);
        assert!(
            quoted.clone().all(|field| field.contains([',', '\n', '\r'])) || text.contains("\"\""),
            "{}",
            import.name
        );
    }
}

#[test]
fn for_import_what_a_spreadsheet_would_run_is_refused_with_its_place() {
    let refused = printed(CsvProfile::Import, &books()).unwrap_err();
    insta::assert_snapshot!(refused.to_string(), @r#"tie_outs.csv, row 2, column name: "+Bravo" begins like a formula, which the CSV profile "import" refuses"#);
    let failure = Failure::from(RunError::Report(refused));
    assert_eq!(failure.exit, Exit::Usage);
    insta::assert_snapshot!(failure.hint.unwrap(), @r#"export.csv = "spreadsheet" makes such text harmless; the same command goes on from what is kept"#);
    let mut calm = settled(&scenario_at(&fixture("scenarios/calm.toml"))).1;
    for dangerous in DANGEROUS {
        for blank in ["", " ", "\u{a0}\u{200b}", "'"] {
            calm.reconciliation.accounts[2].name = format!("{blank}{dangerous}1");
            let (provenance, books, billing) = (&calm.provenance, &calm.reconciliation, &calm.billing);
            let refused = report_in(CsvProfile::Import, provenance, books, billing, &[]).unwrap_err().to_string();
            assert!(refused.contains(".csv, row ") && refused.contains(", column name: "), "{dangerous:?}: {refused}");
            report_in(CsvProfile::Spreadsheet, provenance, books, billing, &[]).unwrap();
        }
    }
    calm.reconciliation.accounts[2].name = "1=1 + 2".to_owned();
    report_in(CsvProfile::Import, &calm.provenance, &calm.reconciliation, &calm.billing, &[]).unwrap();
}

/// Whether a spreadsheet takes a text for a date: `1/2`, `2-7`, `3/4/26`. A day by its whole name is meant as one, and so is a
/// month as the name of a run or a period.
fn is_taken_for_a_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['/', '-']).collect();
    let digits = |part: &&str| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit());
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    let is_meant = !text.contains('/') && matches!(lengths[..], [4, 2] | [4, 2, 2]);
    matches!(parts.len(), 2 | 3) && parts.iter().all(digits) && !is_meant
}

#[tokio::test(flavor = "multi_thread")]
async fn no_word_of_a_list_is_taken_for_a_date() {
    assert!(["1/2", "2-7", "03/04/2026", "1-1-26"].into_iter().all(is_taken_for_a_date));
    assert!(
        !["2026-03", "2026-03-31", "1 of 2", "2 to 7", "over 30", "1/2/3/4", "-7"].into_iter().any(is_taken_for_a_date)
    );
    let audit = settled(&scenario_at(&fixture("audit/scenario.toml"))).1.papers;
    let made_up = printed(CsvProfile::Plain, &books()).unwrap();
    let given = crate::notes::given().await.settled.papers;
    let desk = crate::recheck_desk::Desk::open(crate::recheck_desk::quiet()).await;
    desk.close("2026-03").await;
    desk.books().remove("e-MA_3-3");
    let rechecked = desk.recheck("2026-03").await.rechecking.papers;
    let mut legs = std::collections::BTreeSet::new();
    for paper in [&audit, &made_up, &given, &rechecked].into_iter().flatten().filter(|paper| is_table(paper)) {
        let cells = cells(&paper.bytes);
        let leg = cells[0].iter().position(|name| name == "leg" || (name == "step" && paper.name == "proposals.csv"));
        for row in &cells[1..] {
            legs.extend(leg.map(|place| row[place].clone()));
            let taken = row.iter().find(|cell| is_taken_for_a_date(cell));
            assert_eq!(taken, None, "{}: {row:?}", paper.name);
        }
    }
    assert!(legs.contains("1 of 1") && legs.contains("2 of 2"), "{legs:?}");
}
