//! Invoices as PDF: the same bytes each time, PDF/A-3 with the JSON attached, the words of the page, no text of others as
//! code, and every character that has no glyph named. What is on the pages is read with poppler's programs; where they are
//! not installed the tests say so and stand aside, and `TIEOUT_POPPLER=required` makes that a failure, as `.ci/run` does.

use std::collections::BTreeMap;
use std::process::Command;

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tieout::domain::Party;
use tieout::invoice::{Billing, Corrected, Invoice, InvoiceTerms, IssuedNote, NoteReason};
use tieout::reconcile::{Detail, Usage, usage};
use tieout::report::{Paper, ReportError, Stand, TextOf, documents};
use tieout::run::Settled;

use crate::desk::{Desk, Partner};
use crate::documents::{Books, GST};
use crate::killed::{CLOSE, RUN, SCENARIO};

/// The GST terms with PDFs, and a name that can be printed for the customer whose own cannot.
fn terms_for(settled: &Settled) -> String {
    let fox = settled.billing.invoices.iter().find(|it| it.name.contains('🧾')).unwrap();
    format!("pdf = true\n{GST}\n[customers.{}]\nname = 'Receipts Ltd'\n", fox.account)
}

fn parsed(terms: &str) -> InvoiceTerms {
    InvoiceTerms::parse(terms).unwrap()
}

/// The papers of some invoices of a month that was settled without PDFs.
fn printed(
    settled: &Settled,
    terms: &InvoiceTerms,
    invoices: Vec<Invoice>,
    usage: &Usage,
    stand: Stand,
) -> Result<Vec<Paper>, ReportError> {
    documents(&settled.provenance, terms, &Billing { invoices, ..Billing::default() }, usage, stand)
}

/// The PDF of one invoice that is made out to somebody else.
pub(crate) fn made_out_to(settled: &Settled, name: &str, address: &str) -> Result<Vec<u8>, ReportError> {
    let mut invoice = settled.billing.invoices[0].clone();
    invoice.supply.buyer = Party { name: name.to_owned(), address: address.to_owned(), ..Party::default() };
    let papers = printed(settled, &parsed(&format!("pdf = true\n{GST}")), vec![invoice], &Usage::new(), Stand::Final)?;
    Ok(papers.into_iter().find(|it| it.name.contains(".pdf")).unwrap().bytes)
}

/// What one of poppler's programs says of a PDF, which stands for `PDF` among its arguments; nothing where it is not here.
#[expect(clippy::disallowed_methods, reason = "the environment says whether the programs have to be there")]
#[expect(clippy::print_stdout, reason = "a test that stands aside says so")]
pub(crate) fn poppler(program: &str, arguments: &[&str], pdf: &[u8]) -> Option<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("it.pdf");
    std::fs::write(&path, pdf).unwrap();
    let arguments = arguments.iter().map(|it| if *it == "PDF" { path.to_str().unwrap() } else { it });
    match Command::new(program).args(arguments).current_dir(folder.path()).output() {
        Ok(done) => {
            let told = String::from_utf8_lossy(&done.stderr).into_owned();
            assert!(done.status.success() && told.is_empty(), "{program}: {told}");
            let written = std::fs::read(folder.path().join("out")).ok();
            Some(written.unwrap_or(done.stdout))
        }
        Err(absent) => {
            assert!(std::env::var_os("TIEOUT_POPPLER").is_none(), "{program} has to be here: {absent}");
            println!("this test stands aside: there is no {program} here");
            None
        }
    }
}

/// The pages of a PDF as their texts, without the breaks within long words.
fn pages(pdf: &[u8]) -> Option<Vec<String>> {
    pages_as("-layout", pdf)
}

fn pages_as(order: &str, pdf: &[u8]) -> Option<Vec<String>> {
    let text = poppler("pdftotext", &[order, "PDF", "-"], pdf)?;
    let text = String::from_utf8(text).unwrap();
    Some(text.trim_end_matches('\u{c}').split('\u{c}').map(ToOwned::to_owned).collect())
}

/// A text without anything that a line break or a column could have moved.
fn dense(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace() && *c != '\u{200b}').collect()
}

fn of_kind<'a>(papers: &'a [Paper], end: &'a str) -> BTreeMap<&'a str, &'a [u8]> {
    let own = papers.iter().filter(|it| it.name.starts_with("invoices/"));
    own.filter_map(|it| Some((it.name.strip_suffix(end)?, it.bytes.as_slice()))).collect()
}

#[test]
fn a_credit_note_is_a_pdf_that_names_its_invoice() {
    let books = Books::new();
    let settled = books.settled(GST);
    let invoice = settled.billing.invoices[0].clone();
    let corrects = Corrected { number: invoice.number.clone(), date: invoice.date, run: settled.inputs.run.clone() };
    let document = Invoice { number: "CN-000001".to_owned(), ..invoice.turned() };
    let reason = NoteReason::Recheck { proposal: "N-1".to_owned(), recheck: "2026-03.recheck".to_owned() };
    let notes = vec![IssuedNote { corrects, reason, part_of: None, month: None, document }];
    let terms = parsed(&format!("pdf = true\n{GST}"));
    let billing = Billing { notes, ..Billing::default() };
    let papers = documents(&settled.provenance, &terms, &billing, &Usage::new(), Stand::Final).unwrap();
    let names: Vec<&str> = papers.iter().map(|it| it.name.as_str()).collect();
    assert_eq!(names, ["notes/CN-000001.html", "notes/CN-000001.json", "notes/CN-000001.pdf"]);
    let Some(pages) = pages(&papers[2].bytes) else { return };
    let text = dense(&pages.concat());
    for said in ["Creditnote", &format!("Correctsinvoice{}", invoice.number), "CN-000001"] {
        assert!(text.contains(said), "{said}: {pages:?}");
    }
    assert!(!text.contains("Due") && !text.contains("Taxinvoice"), "{pages:?}");
}

#[test]
fn each_invoice_is_a_pdf_of_the_same_bytes_each_time_with_its_json_attached() {
    let books = Books::new();
    let terms = terms_for(&books.settled(GST));
    let settled = books.settled(&terms);
    assert_eq!(settled.papers, books.settled(&terms).papers);
    let (pdfs, jsons) = (of_kind(&settled.papers, ".pdf"), of_kind(&settled.papers, ".json"));
    assert!(pdfs.len() >= 10 && pdfs.keys().eq(jsons.keys()), "{:?}", pdfs.keys());
    let without = books.settled(&terms.replace("pdf = true", "pdf = false"));
    let others = |papers: &[Paper]| {
        let kept = papers.iter().filter(|it| !it.name.contains(".pdf") && it.name != "run.json");
        kept.cloned().collect::<Vec<_>>()
    };
    assert_eq!(others(&settled.papers), others(&without.papers), "no other paper hangs on it");
    for (name, pdf) in pdfs {
        let text = String::from_utf8_lossy(pdf);
        let date = settled.billing.invoices[0].date;
        for said in [
            "<pdfaid:part>3</pdfaid:part>",
            "<pdfaid:conformance>A</pdfaid:conformance>",
            "<pdfuaid:part>1</pdfuaid:part>",
            "<xmp:CreatorTool>tieout ",
            &format!("<xmp:CreateDate>{date}T00:00:00"),
            &format!("Tax invoice {}", name.trim_start_matches("invoices/").replace('-', "/")),
        ] {
            assert!(text.contains(said), "{name}: {said}");
        }
        let Some(attached) = poppler("pdfdetach", &["-save", "1", "-o", "out", "PDF"], pdf) else { return };
        assert_eq!(attached, jsons[name], "{name}");
        let listed = String::from_utf8(poppler("pdfdetach", &["-list", "PDF"], pdf).unwrap()).unwrap();
        let file = name.trim_start_matches("invoices/");
        assert!(listed.starts_with("1 embedded files") && listed.contains(&format!("{file}.json")), "{listed}");
        let fonts = String::from_utf8(poppler("pdffonts", &["PDF"], pdf).unwrap()).unwrap();
        let fonts: Vec<&str> = fonts.lines().skip(2).collect();
        assert!(fonts.iter().all(|font| font.contains("+NotoSans") && font.contains("yes yes yes")), "{fonts:?}");
        assert!(fonts.len() >= 2, "{fonts:?}");
    }
}

#[test]
fn a_pdf_says_what_the_page_says() {
    let books = Books::new();
    for annex in ["days", "entries", "none"] {
        let settled = books.settled(&format!("annex = '{annex}'\n{}", terms_for(&books.settled(GST))));
        let (pdfs, htmls) = (of_kind(&settled.papers, ".pdf"), of_kind(&settled.papers, ".html"));
        for (name, html) in htmls {
            let Some(pages) = pages(pdfs[name]) else { return };
            // What runs over a page's end is broken by the foot of the page.
            let foot = dense(&format!("Tax invoice {}Page", name.trim_start_matches("invoices/").replace('-', "/")));
            let said = pages.iter().map(|page| dense(page)).collect::<String>();
            assert_eq!(said.matches(&foot).count(), pages.len(), "{name}: {said}");
            let html = std::str::from_utf8(html).unwrap().split("<body>").nth(1).unwrap();
            let texts = html.split('<').filter_map(|piece| piece.split_once('>')).map(|(_, text)| dense(text));
            for text in texts.filter(|text| !text.is_empty()) {
                let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
                let text = text.replace("&#39;", "'").replace("&amp;", "&");
                let is_ascii = text.is_ascii();
                // Devanagari is laid in the order of its glyphs, and what is marked as right to left from the right.
                let is_there = said.contains(&text) || said.to_lowercase().contains(&text.to_lowercase());
                assert!(is_there || !is_ascii || is_wrapped(&said, &text), "{name}: {text} in {said}");
            }
        }
    }
}

/// Whether a text stands there in pieces, between which the other columns' cells of the same line are read.
fn is_wrapped(said: &str, text: &str) -> bool {
    let mut left = text;
    while !left.is_empty() {
        let most =
            (1..=left.len()).rev().find(|length| left.is_char_boundary(*length) && said.contains(&left[..*length]));
        match most {
            Some(length) if length >= 4 || length == left.len() => left = &left[length..],
            _ => return false,
        }
    }
    true
}

#[test]
fn what_looks_like_code_is_text() {
    let settled = Books::new().settled(GST);
    for name in [
        "#import \"/etc/passwd\": *",
        "#panic(\"no\") $x^2$ *b* _i_ `c`",
        "<script>alert(1)</script> @label <label>",
        "= Heading // comment /* more",
        "- item + item / term: x ~ --- ... \\ \\u{41} 'q' \"q\"",
        "]#read(\"invoice.json\")[ #{ [ } ( ;",
        "https://example.com/a?b=c#d",
    ] {
        let pdf = made_out_to(&settled, name, name).unwrap();
        let Some(pages) = pages(&pdf) else { return };
        assert_eq!(dense(&pages.concat()).matches(&dense(name)).count(), 2, "{name}: {}", pages[0]);
    }
    let pdf = made_out_to(&settled, "शर्मा टेलीकॉम", "₹ 5 Straße, Łódź, Ωμέγα, Привет").unwrap();
    let Some(pages) = pages(&pdf) else { return };
    assert!(pages[0].contains("₹ 5 Straße, Łódź, Ωμέγα, Привет") && pages[0].contains("शर्मा"), "{}", pages[0]);
    let fonts = String::from_utf8(poppler("pdffonts", &["PDF"], &pdf).unwrap()).unwrap();
    assert!(fonts.contains("+NotoSansDevanagari-Bold"), "{fonts}");
}

#[test]
fn a_character_without_a_glyph_names_the_customer_and_itself() {
    let settled = Books::new().settled(GST);
    let refused = |name: &str, address: &str| made_out_to(&settled, name, address).unwrap_err();
    let (number, account) = (&settled.billing.invoices[0].number, &settled.billing.invoices[0].account);
    assert_eq!(
        refused("Fox 🦊🦊", "7 شارع").to_string(),
        format!(
            "invoice {number} of {account}, customer: \"Fox 🦊🦊\" holds '🦊' (U+1F98A), which no font of the PDF has; \
             invoice {number} of {account}, customer: \"7 شارع\" holds 'ش' (U+0634), 'ا' (U+0627), 'ر' (U+0631), \
             'ع' (U+0639), which no font of the PDF has"
        )
    );
    // All invoices of a run are told at once; the supplier's texts and the charges as such.
    let terms = parsed(&format!("pdf = true\n{}", GST.replace("Sagar Voice", "Sagar 漢")));
    let mut two = settled.billing.invoices[..2].to_vec();
    two[1].lines[0].description = "Calls 📞".to_owned();
    let Err(ReportError::Unprintable(found)) = printed(&settled, &terms, two, &Usage::new(), Stand::Final) else {
        panic!()
    };
    let told: Vec<_> = found.iter().map(|it| (it.of, it.seen.iter().collect::<String>())).collect();
    let supplier = (TextOf::Supplier, "漢".to_owned());
    assert_eq!(told, [supplier.clone(), supplier, (TextOf::Charges, "📞".to_owned())]);
}

#[test]
fn whatever_has_a_glyph_is_printed_and_whatever_has_none_is_told() {
    let settled = Books::new().settled(GST);
    let all: Vec<char> = (' '..='\u{ffff}').collect();
    let apart = |chars: &[char]| chars.iter().flat_map(|c| [*c, ' ']).collect::<String>();
    let ReportError::Unprintable(found) = made_out_to(&settled, "N", &apart(&all)).unwrap_err() else { panic!() };
    let missing: Vec<char> = found.iter().flat_map(|it| it.seen.clone()).collect();
    let known: Vec<char> = all.into_iter().filter(|c| !missing.contains(c)).collect();
    assert!((2_000..6_000).contains(&known.len()), "{}", known.len());
    // Every one alone; then in random company: marks on letters of another script, joiners, marks of direction.
    for some in known.chunks(400) {
        made_out_to(&settled, "N", &apart(some)).unwrap_or_else(|refused| panic!("{some:?}: {refused}"));
    }
    let mut refused = 0;
    for seed in 0..150 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let length = rng.random_range(1..60);
        let name: String = (0..length).map(|_| *known.choose(&mut rng).unwrap()).collect();
        match made_out_to(&settled, &name, "") {
            Ok(pdf) => assert!(pdf.starts_with(b"%PDF-1.7")),
            Err(ReportError::Unprintable(found)) => {
                refused += 1;
                let least: String = found[0].seen.iter().collect();
                assert!(
                    found[0].together && name.contains(&least) && found[0].seen.len() > 1,
                    "seed {seed}: {found:?}"
                );
            }
            Err(other) => panic!("seed {seed}, {name:?}: {other}"),
        }
    }
    assert!(refused < 30, "{refused} of 150");
}

#[test]
fn letters_and_marks_that_no_font_has_together_are_told_with_what_is_wrong() {
    let settled = Books::new().settled(GST);
    // Each of these has a glyph, and no font has all three: the typesetter refuses them one behind the other.
    let ReportError::Unprintable(found) =
        made_out_to(&settled, "Asha Ω\u{1ce3}\u{343} Traders", "7 Ω\u{343}").unwrap_err()
    else {
        panic!()
    };
    let [it] = &found[..] else { panic!("{found:?}") };
    assert_eq!((it.of, it.together, &it.seen[..]), (TextOf::Customer, true, &['Ω', '\u{1ce3}', '\u{343}'][..]));
    let said = "'Ω' (U+03A9), '\\u{1ce3}' (U+1CE3), '\\u{343}' (U+0343), which no font of the PDF has together";
    assert!(it.to_string().ends_with(said), "{it}");
    // A sign that reverses what follows is written as its code.
    let pdf = made_out_to(&settled, "Asha \u{202e}sredarT", "").unwrap();
    let Some(pages) = pages(&pdf) else { return };
    assert!(pages[0].contains("\\u{202e}sredarT") || dense(&pages[0]).contains("\\u{202e}sredarT"), "{}", pages[0]);
}

#[test]
fn a_text_without_end_stays_on_the_paper() {
    let settled = Books::new().settled(GST);
    let mut invoice = settled.billing.invoices[0].clone();
    invoice.lines[0].description = "x".repeat(33_000);
    invoice.supply.buyer.name = "Ж".repeat(900);
    let terms = parsed(&format!("pdf = true\n{GST}"));
    let papers = printed(&settled, &terms, vec![invoice], &Usage::new(), Stand::Final).unwrap();
    let pdf = of_kind(&papers, ".pdf").into_values().next().unwrap();
    let Some(boxes) = poppler("pdftotext", &["-bbox", "PDF", "-"], pdf) else { return };
    let boxes = String::from_utf8(boxes).unwrap();
    let right = boxes.split("xMax=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
    let bottom = boxes.split("yMax=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse::<f64>().unwrap());
    // A4 is 595.3 × 841.9 points, with a margin of 14 mm = 39.7 points at the right.
    assert!(right.fold(0.0, f64::max) < 595.3 - 39.0 && bottom.fold(0.0, f64::max) < 841.9 - 15.0);
    let said = pages(pdf).unwrap();
    assert!(said.len() > 3, "{}", said.len());
    assert_eq!(dense(&said.concat()).matches('Ж').count(), 900);
}

#[test]
fn a_draft_says_so_on_each_of_many_pages() {
    let settled = Books::new().settled(GST);
    let entries = usage(&settled.books, Detail::Entries).unwrap();
    let largest =
        settled.billing.invoices.iter().max_by_key(|it| it.lines.iter().map(|line| line.entries).sum::<u64>());
    let mut invoice = largest.unwrap().clone();
    invoice.supply.buyer.name = "Receipts Ltd".to_owned();
    let terms = parsed(&format!("annex = 'entries'\npdf = true\n{GST}"));
    let of = |stand| {
        let papers = printed(&settled, &terms, vec![invoice.clone()], &entries, stand).unwrap();
        pages_as("-raw", of_kind(&papers, ".pdf").into_values().next().unwrap())
    };
    let Some(drafts) = of(Stand::Draft) else { return };
    assert!(drafts.len() > 3, "{}", drafts.len());
    let all = drafts.len();
    for (at, page) in (1..).zip(&drafts) {
        assert!(page.contains("· DRAFT") && page.contains(&format!("Page {at} of {all}")), "{page}");
        // The mark across the page and the foot.
        assert_eq!(page.matches("DRAFT").count(), 2, "{page}");
    }
    assert!(dense(&drafts[0]).contains(&dense("nothing is owed by this paper")));
    assert!(of(Stand::Final).unwrap().iter().all(|page| !page.to_lowercase().contains("draft")));
}

#[test]
fn one_customers_name_holds_that_customer_alone_until_it_is_corrected() {
    let scenario = SCENARIO.replace("[[flaws]]\nclass = 'amount-differs'\n", "").replace("'breaks'", "'tied-out'");
    let partner = Partner::of(&scenario.replace("customers = 4\n", "customers = 12\nnames = 'nasty'\n"));
    let desk = Desk::at(&partner);
    let quick = String::from_utf8(desk.read("tieout.toml")).unwrap();
    desk.write("tieout.toml", format!("{quick}[invoice]\npdf = true\n"));
    desk.ends(0, &["check"]);
    let closed = desk.ends(0, &CLOSE);
    assert!(closed.stdout.contains("Held: 1\n"), "{}", closed.stdout);
    let held = desk.table(&format!("{RUN}/held.csv"));
    let account = held[0]["account"].clone();
    let said = format!(
        "customer: \"🧾 Receipts;Ltd\" holds '🧾' (U+1F9FE), which no font of the PDF has: correct it below \
         [invoice.customers.{account}], or set pdf = false below [invoice], and close the month again"
    );
    assert_eq!((held.len(), format!("{}: {}", held[0]["reason"], held[0]["hint"])), (1, said));
    assert_ne!(held[0]["cost_base"], "0.00");
    let papers = desk.files_in(RUN);
    let invoices = desk.table(&format!("{RUN}/invoices.csv"));
    let pdfs = papers.iter().filter(|(name, _)| name.contains(".pdf")).count();
    assert!(pdfs == invoices.len() && pdfs > 5, "{pdfs} of {}", invoices.len());
    let seal = String::from_utf8(desk.read(&format!("{RUN}/SEAL"))).unwrap();
    assert_eq!(seal.matches(".pdf\n").count(), pdfs);
    desk.ends(0, &["verify", RUN]);
    desk.ends(0, &["explain", RUN, &invoices[0]["number"]]);
    // Numbered as if the one that is held had never been there; then it gets the next number.
    let numbers: Vec<usize> =
        invoices.iter().map(|it| it["number"].rsplit('-').next().unwrap().parse().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len()).collect::<Vec<_>>());
    desk.write(
        "tieout.toml",
        format!("{quick}[invoice]\npdf = true\n[invoice.customers.{account}]\nname = 'Receipts Ltd'\n"),
    );
    desk.ends(0, &CLOSE);
    let late = desk.table(&format!("{RUN}.r2/invoices.csv"));
    assert_eq!((late.len(), &late[0]["account"]), (1, &account));
    assert!(late[0]["number"].ends_with(&format!("{:06}", numbers.len() + 1)), "{late:?}");
    // One changed bit in a PDF is found.
    let (name, bytes) = papers.iter().find(|(name, _)| name.contains(".pdf")).unwrap();
    let mut changed = bytes.clone();
    changed[200] ^= 1;
    desk.write(&format!("{RUN}/{name}"), changed);
    assert!(desk.ends(6, &["verify", RUN]).stdout.contains(name));
}
