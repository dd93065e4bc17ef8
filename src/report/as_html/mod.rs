//! Prints a close as one page, `close.html`: the overview with its charts, and the long lists to search and filter.
//!
//! One file that asks nobody for anything: style, script and data are part of it, and its content security policy lets
//! nothing else in. What it says of the verdict, the bridges, the findings, the customers and the days stands there
//! without the script; that adds the lists and what leads from a figure to its entries. Computes lengths of bars, in
//! integers, and no money.

mod blocks;
mod charts;
mod customers;
mod data;
mod days;
mod findings;
mod known;
mod waterfall;

use crate::reconcile::Reconciliation;
use crate::report::markup::{Html, digest};
use crate::report::overview::Block;
use crate::report::table::Table;
use crate::report::{Provenance, totals};
use blocks::Section;
use known::Known;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// The page's text.
pub(super) fn print(provenance: &Provenance, books: &Reconciliation, overview: &[Block], tables: &[Table]) -> String {
    let mut html = Html::default();
    let title = overview.iter().find_map(|block| match block {
        Block::Title(title) => Some(title.as_str()),
        Block::Heading(_) | Block::Pairs(_) | Block::Prose(_) | Block::Grid(_) | Block::Items(_) => None,
    });
    let title = title.unwrap_or_default();
    html.raw("<!doctype html>\n");
    html.wrap("html", &[("lang", "en")], |html| {
        head(html, title);
        html.wrap("body", &[], |html| {
            html.element("a", &[("class", "skip"), ("href", "#main")], "Skip to the verdict");
            body(html, provenance, books, overview, tables);
            dialog(html);
            data::print(html, provenance, tables);
            html.wrap("script", &[], |html| html.raw(SCRIPT));
        });
    });
    html.into_text()
}

/// What the browser may do: run this style and this script, and nothing else. No request, no form, no text that becomes
/// markup. The empty icon keeps a browser from asking a server for one.
fn policy() -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        digest(STYLE),
        digest(SCRIPT)
    )
}

fn head(html: &mut Html, title: &str) {
    html.wrap("head", &[], |html| {
        html.void("meta", &[("charset", "utf-8")]);
        html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy())]);
        html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
        html.void("meta", &[("name", "color-scheme"), ("content", "light dark")]);
        html.void("meta", &[("name", "referrer"), ("content", "no-referrer")]);
        html.void("link", &[("rel", "icon"), ("href", "data:,")]);
        html.element("title", &[], title);
        html.wrap("style", &[], |html| html.raw(STYLE));
    });
}

/// Where a section stands on the page, what its place is called, and what the menu calls it.
const SECTIONS: [(&str, &str, &str); 15] = [
    ("VERDICT", "verdict", "Verdict"),
    ("Tie-out", "tie-out", "Tie-out"),
    ("Bridge", "bridge", "Bridge"),
    ("Findings", "findings", "Findings"),
    ("Gravest", "gravest", ""),
    ("From month", "months", "Months"),
    ("Proposed", "proposed", "Corrections"),
    ("Proof of cash", "cash", "Cash"),
    ("Invoices", "invoices", "Invoices"),
    ("Credit and debit notes", "notes", "Notes"),
    ("Held", "held", "Held"),
    ("Still not billed", "unbilled", "Not billed"),
    ("Terms that match", "unmatched", "Terms"),
    ("Recharge check", "recharges", "Recharges"),
    ("What the evidence", "limits", "Limits"),
];

fn body(html: &mut Html, provenance: &Provenance, books: &Reconciliation, overview: &[Block], tables: &[Table]) {
    let totals = totals::totals(&books.partner, &books.tie_outs);
    let known = Known::of(&books.partner, &totals, tables);
    let (first, mut sections) = blocks::sections(overview);
    // As on every paper, but what is looked at first stands together: figures that differ, then who and when.
    let place = |section: &Section<'_>| SECTIONS.iter().position(|(prefix, ..)| section.heading.starts_with(prefix));
    sections.sort_by_key(|section| place(section).unwrap_or(SECTIONS.len() - 1));
    let name = |section: &Section<'_>| place(section).map_or(("", ""), |place| (SECTIONS[place].1, SECTIONS[place].2));
    html.wrap("header", &[], |html| blocks::print(html, "", first, &known));
    let names: Vec<(&str, &str)> = sections.iter().map(name).collect();
    menu(html, &names);
    html.wrap("main", &[("id", "main")], |html| {
        for section in &sections {
            let (id, _) = name(section);
            if id == "cash" {
                html.wrap("section", &[("id", "customers")], |html| customers::customers(html, books));
                html.wrap("section", &[("id", "days")], |html| days::days(html, books));
            }
            let class = if id == "verdict" { books.verdict.0.word() } else { "" };
            html.wrap("section", &[("id", id), ("class", class)], |html| {
                html.element("h2", &[], section.heading);
                match id {
                    "bridge" => waterfall::bridges(html, &totals, provenance),
                    "findings" => findings::findings(html, books, section.blocks),
                    _ => blocks::print(html, section.heading, section.blocks, &known),
                }
            });
        }
        lists(html);
    });
}

fn menu(html: &mut Html, names: &[(&str, &str)]) {
    html.wrap("nav", &[("aria-label", "Sections")], |html| {
        html.link("#lists", "Lists");
        for (id, title) in names.iter().filter(|(_, title)| !title.is_empty()) {
            if *id == "cash" {
                html.link("#customers", "Customers");
                html.link("#days", "Days");
            }
            html.link(&format!("#{id}"), title);
        }
    });
}

/// The frame of the lists, which the script fills.
fn lists(html: &mut Html) {
    html.wrap("section", &[("id", "lists"), ("aria-labelledby", "lists-title")], |html| {
        html.element("h2", &[("id", "lists-title")], "Lists");
        html.wrap("noscript", &[], |html| {
            html.element(
                "p",
                &[],
                "The lists need the script of this page. The csv papers beside it hold all of them.",
            );
        });
        html.wrap("div", &[("id", "explorer"), ("hidden", "hidden")], |html| {
            html.wrap("div", &[("id", "choice"), ("role", "group"), ("aria-label", "List")], |_| ());
            html.wrap("div", &[("id", "filters"), ("role", "search"), ("aria-label", "Filters")], |_| ());
            html.wrap("p", &[("id", "count"), ("role", "status"), ("aria-live", "polite"), ("tabindex", "-1")], |_| ());
            let place =
                [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", "Rows of the list")];
            html.wrap("div", &place, |html| html.wrap("table", &[("id", "list")], |_| ()));
            html.wrap("nav", &[("id", "pages"), ("aria-label", "Pages of the list")], |_| ());
        });
    });
}

/// The frame of what is told of one row.
fn dialog(html: &mut Html) {
    html.wrap("dialog", &[("id", "detail"), ("aria-labelledby", "detail-title")], |html| {
        html.wrap("div", &[("class", "bar-of-detail")], |html| {
            html.wrap("h2", &[("id", "detail-title"), ("tabindex", "-1")], |_| ());
            html.element("button", &[("type", "button"), ("id", "close")], "Close");
        });
        html.wrap("div", &[("id", "detail-body")], |_| ());
    });
}
