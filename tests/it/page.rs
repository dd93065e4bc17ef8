//! The page: whole, self-contained, and closed against every text of others. What a browser makes of it is judged in
//! `page_browser`.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tieout::reconcile::Reconciliation;
use tieout::report::{Paper, report};
use tieout::simulator::Scenario;

use crate::report::{billing, books, paper, rows, unreadable};
use crate::support::{fixture, provenance, scenario_at, settled};

const STYLE: &str = include_str!("../../src/report/as_html/page.css");
const SCRIPT: &str = include_str!("../../src/report/as_html/page.js");

/// The page among a run's papers.
pub(crate) fn page_of(papers: &[Paper]) -> String {
    String::from_utf8(paper(papers, "close.html").to_owned()).unwrap()
}

/// The page of a made-up close.
fn page(books: &Reconciliation) -> String {
    page_of(&report(&provenance(), books, &billing(), &unreadable()).unwrap())
}

/// What stands between two texts, every time.
fn between<'a>(text: &'a str, open: &str, close: &str) -> Vec<&'a str> {
    text.split(open).skip(1).map(|rest| rest.split(close).next().unwrap()).collect()
}

/// Base 64, bit by bit.
pub(crate) fn base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let mut bits: Vec<usize> =
        bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| usize::from(byte >> bit & 1))).collect();
    while !bits.len().is_multiple_of(6) {
        bits.push(0);
    }
    let coded = bits.chunks(6).map(|six| letters[six.iter().fold(0, |sum, bit| sum * 2 + bit)]).collect::<String>();
    let padding = (4 - coded.len() % 4) % 4;
    coded + &"=".repeat(padding)
}

/// A list of the page as rows, each as column → value.
fn listed(page: &str, name: &str) -> Vec<BTreeMap<String, String>> {
    let data = between(page, &format!("id=\"data-{name}\">"), "</script>")[0];
    let columns: Vec<Value> = serde_json::from_str(data).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let values = |column: &Value| -> Vec<String> {
        if let Some(values) = column["v"].as_array() {
            return values.iter().map(text).collect();
        }
        let places = column["i"].as_array().unwrap();
        places.iter().map(|place| text(&column["d"][place.as_u64().unwrap() as usize])).collect()
    };
    let mut listed: Vec<BTreeMap<String, String>> = Vec::new();
    for column in &columns {
        for (row, value) in values(column).into_iter().enumerate() {
            listed.resize_with(listed.len().max(row + 1), BTreeMap::new);
            listed[row].insert(text(&column["name"]), value);
        }
    }
    listed
}

#[test]
fn the_page_of_a_small_month() {
    let page = page(&books());
    assert!(page.contains(STYLE) && page.contains(SCRIPT));
    // Both lie in files of their own and are seen in review there.
    let page = page.replace(STYLE, "/* page.css */").replace(SCRIPT, "/* page.js */");
    let page =
        page.replace(&base64(&Sha256::digest(STYLE)), "(style)").replace(&base64(&Sha256::digest(SCRIPT)), "(script)");
    insta::assert_snapshot!("page", page);
}

#[test]
fn its_policy_lets_in_its_own_style_and_script_and_nothing_else() {
    let page = page(&books());
    let policy =
        between(&page, "<meta http-equiv=\"Content-Security-Policy\" content=\"", "\"")[0].replace("&#39;", "'");
    let style = between(&page, "<style>", "</style>");
    let script = between(&page, "<script>", "</script>");
    assert_eq!((style.len(), script.len()), (1, 1), "one of each");
    let named = |text: &str| format!("'sha256-{}'", base64(&Sha256::digest(text)));
    assert_eq!(
        policy,
        format!(
            "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'",
            named(style[0]),
            named(script[0])
        )
    );
    assert!(page.find("Content-Security-Policy") < page.find("<style"), "the policy comes first");
    let quiet = page.replace(SCRIPT, "").replace(STYLE, "");
    for asking in
        ["://", " src=", " style=", " onclick", "<form", "<iframe", "<object", "<embed", "<base", "@import", "url("]
    {
        assert!(!quiet.contains(asking), "{asking}");
    }
    assert_eq!(between(&quiet, "<link ", ">"), ["rel=\"icon\" href=\"data:,\""]);
    for asking in [
        "http",
        "innerHTML",
        "outerHTML",
        "insertAdjacent",
        "document.write",
        "eval",
        "Function(",
        "fetch(",
        "import",
        "parseFloat",
        "style.",
    ] {
        assert!(!SCRIPT.contains(asking), "{asking}");
    }
    assert!(!STYLE.contains("url(") && !STYLE.contains("@import") && !STYLE.contains("http"));
}

#[test]
fn every_row_of_every_list_is_in_its_data() {
    let (_, settled) = settled(&scenario_at(&fixture("audit/scenario.toml")));
    let page = page_of(&settled.papers);
    let lists: Value = serde_json::from_str(between(&page, "id=\"data-page\">", "</script>")[0]).unwrap();
    let names: Vec<&str> =
        lists["lists"].as_array().unwrap().iter().map(|list| list["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 13);
    for name in names {
        let (page, csv) = (listed(&page, name), rows(&settled.papers, &format!("{name}.csv")));
        assert_eq!(page.len(), csv.len(), "{name}");
        for (shown, row) in page.iter().zip(&csv) {
            // What the list of wallets has stands there alone.
            let elsewhere = if name == "recharges" { 6 } else { 0 };
            assert_eq!(row.keys().filter(|column| !shown.contains_key(*column)).count(), elsewhere, "{name}");
            for (column, value) in row.iter().filter(|(column, _)| shown.contains_key(*column)) {
                let guarded = format!("'{}", shown[column]);
                assert!(shown[column] == *value || guarded == *value, "{name} {column}: {shown:?}, {row:?}");
            }
        }
    }
    for found in &settled.reconciliation.breaks {
        assert!(page.contains(&format!("\"{}\"", found.id())), "{}", found.id());
    }
}

#[test]
fn what_is_linked_is_there() {
    let (_, settled) = settled(&scenario_at(&fixture("audit/scenario.toml")));
    let page = page_of(&settled.papers);
    let ids = between(&page, " id=\"", "\"");
    let lists: Value = serde_json::from_str(between(&page, "id=\"data-page\">", "</script>")[0]).unwrap();
    let list =
        |field: &str, name: &str| lists["lists"].as_array().unwrap().iter().find(|it| it[field] == name).cloned();
    let hrefs = between(&page, "href=\"#", "\"");
    assert!(hrefs.len() > 200, "{}", hrefs.len());
    for href in hrefs {
        let Some((kind, rest)) = href.split_once(':') else {
            assert!(ids.contains(&href), "#{href} leads nowhere");
            continue;
        };
        if kind != "list" {
            assert!(list("kind", kind).is_some(), "#{href}: no such kind of row");
            continue;
        }
        let (name, query) = rest.split_once('?').unwrap_or((rest, ""));
        assert!(list("name", name).is_some(), "#{href}: no such list");
        let rows = listed(&page, name);
        for column in query.split("&amp;").filter(|it| !it.is_empty()).map(|it| it.split('=').next().unwrap()) {
            assert!(rows.first().is_none_or(|row| row.contains_key(column)), "#{href}: no column {column}");
        }
    }
}

#[test]
fn a_page_is_the_same_bytes_twice() {
    let scenario = scenario_at(&fixture("scenarios/worlds/two-currencies.toml"));
    let once = |scenario: &Scenario| page_of(&settled(scenario).1.papers);
    assert_eq!(once(&scenario), once(&scenario));
}

/// The made-up close with one text of others everywhere.
fn with(text: &str) -> String {
    let mut books = books();
    books.scope = vec![text.to_owned()];
    books.accounts.iter_mut().for_each(|it| it.name = text.to_owned());
    books.wallets.iter_mut().for_each(|it| it.name = text.to_owned());
    let mut billing = billing();
    billing.held.iter_mut().for_each(|it| (it.name, it.reason) = (text.to_owned(), text.to_owned()));
    billing.invoices.iter_mut().for_each(|it| it.name = text.to_owned());
    let mut provenance = provenance();
    provenance.partner_name = text.to_owned();
    provenance.run = text.to_owned();
    let mut unreadable = unreadable();
    unreadable[0].reason = text.to_owned();
    page_of(&report(&provenance, &books, &billing, &unreadable).unwrap())
}

/// The page's marks of markup, in order.
fn marks(page: &str) -> String {
    page.chars().filter(|c| "<>".contains(*c)).collect()
}

/// Any text, often one that tries to leave its place.
fn hostile() -> impl Strategy<Value = String> {
    let pieces = [
        "<script>alert(1)</script>",
        "</script>",
        "<!--",
        "-->",
        "]]>",
        "\"",
        "'",
        "&",
        "&lt;",
        "<img src=x onerror=y>",
        "\\",
        "\u{2028}",
        "\0",
        "\r\n",
        "\u{202e}",
        "=1+1",
        "</style>",
        "${1}",
        "`",
        "</title>",
        " onload=x ",
        "\u{feff}",
        "नाम",
        "🙂",
    ];
    prop::collection::vec(
        prop_oneof![3 => prop::sample::select(pieces.to_vec()).prop_map(str::to_owned), 1 => any::<String>()],
        0..6,
    )
    .prop_map(|pieces| pieces.concat())
    .prop_filter("what is empty has no place of its own", |text| !text.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_becomes_markup(text in hostile()) {
        let page = with(&text);
        prop_assert_eq!(marks(&page), marks(&with("a name")), "{:?}", text);
        let quotes = |page: &str| page.split("<script type=").next().unwrap().matches('"').count();
        prop_assert_eq!(quotes(&page), quotes(&with("a name")), "{:?}", text);
        let hidden = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        let told: String = text.chars().map(|c| if hidden(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect();
        for row in listed(&page, "held") {
            prop_assert_eq!(&row["name"], &told);
        }
        prop_assert!(page.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", text);
    }
}
