//! A program that was built without the feature `pdf` and is asked for PDFs: it says so, everywhere, and makes nothing less
//! than it was asked for.

use std::fs;

use crate::desk::{Desk, Partner};
use crate::killed::{BREAKS, CLOSE, RUN, SCENARIO};

const SAID: &str = "invoice.pdf: PDFs need a program built with the feature pdf: cargo install --path . --features pdf";

#[test]
fn settings_that_ask_for_pdfs_are_refused_before_the_first_request() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("{quick}[invoice]\npdf = true\n"));
    for command in [&CLOSE[..], &["fetch", "--period", "2026-03"]] {
        let refused = desk.ends(2, command).stderr;
        assert_eq!(refused.lines().next(), Some(format!("error: {SAID}").as_str()), "{refused}");
    }
    assert!(!desk.path("reports").exists(), "nothing was begun");
    let told = desk.ends(2, &["check"]).stdout;
    assert!(told.contains(&format!("error: {SAID}\n")) && told.contains("tieout.toml: 1 error"), "{told}");
    desk.write("tieout.toml", format!("{quick}[invoice]\npdf = false\n"));
    desk.ends(BREAKS, &CLOSE);
    assert!(desk.files_in(RUN).iter().all(|(name, _)| !name.contains(".pdf")));
}

#[test]
fn runs_with_pdfs_are_neither_settled_nor_drafted_nor_judged() {
    let partner = Partner::of(SCENARIO);
    let desk = Desk::at(&partner);
    let ask = |run: &str| {
        let path = desk.path(run).join("run.json");
        let inputs = fs::read_to_string(&path).unwrap();
        let asking = inputs.replacen("\"due_days\": 20,", "\"due_days\": 20,\n      \"pdf\": true,", 1);
        assert_ne!(inputs, asking);
        fs::write(&path, asking).unwrap();
    };
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("{quick}[invoice]\ndue_days = 20\n"));
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    desk.ends(BREAKS, &["settle", RUN]);
    desk.ends(0, &["fetch", "--period", "2026-03"]);
    let prepared = "reports/2026-03.r2";
    let number = desk.table(&format!("{RUN}/invoices.csv"))[0]["number"].clone();
    ask(RUN);
    ask(prepared);
    // What was sealed and asked for other papers since is no run to explain; the same run without its seal is one.
    let explain = ["explain", RUN, &number];
    assert!(desk.ends(6, &explain).stderr.contains("run.json: changed since it was sealed"));
    desk.ends(2, &["verify", RUN]);
    fs::remove_file(desk.path(RUN).join("SEAL")).unwrap();
    // Whom the fonts of the PDFs cannot print is held, so nobody's invoice is known without them.
    for command in [&["settle", prepared][..], &["draft", prepared], &["verify", RUN], &explain] {
        let refused = desk.ends(2, command).stderr;
        assert!(refused.contains(SAID), "{command:?}: {refused}");
    }
    assert!(!desk.path(prepared).join("SEAL").exists());
}
