//! A document as a page to print: one self-contained file without a script. What it says is the sheet's.

use super::sheet::{Block, Kind, Sheet, Table};
use crate::report::markup::{Html, digest};

const STYLE: &str = include_str!("invoice.css");

/// The page's text.
pub(super) fn print(sheet: &Sheet<'_>) -> String {
    let mut html = Html::default();
    html.raw("<!doctype html>\n");
    html.wrap("html", &[("lang", "en")], |html| {
        let policy = format!(
            "default-src 'none'; style-src 'sha256-{}'; img-src data:; base-uri 'none'; form-action 'none'",
            digest(STYLE)
        );
        html.wrap("head", &[], |html| {
            html.void("meta", &[("charset", "utf-8")]);
            html.void("meta", &[("http-equiv", "Content-Security-Policy"), ("content", &policy)]);
            html.void("meta", &[("name", "viewport"), ("content", "width=device-width, initial-scale=1")]);
            html.void("link", &[("rel", "icon"), ("href", "data:,")]);
            html.element("title", &[], &format!("{} {}", sheet.title, sheet.number));
            html.wrap("style", &[], |html| html.raw(STYLE));
        });
        html.wrap("body", &[], |html| body(html, sheet));
    });
    html.into_text()
}

fn body(html: &mut Html, sheet: &Sheet<'_>) {
    if sheet.draft.is_some() {
        // A fixed element stands on every printed page.
        html.wrap("div", &[("class", "draft"), ("aria-hidden", "true")], |html| html.element("span", &[], "DRAFT"));
    }
    header(html, sheet);
    html.wrap("main", &[], |html| {
        parties(html, sheet);
        table(html, &sheet.charges, "", "");
        sums(html, sheet);
        html.wrap("div", &[("class", "words")], |html| {
            html.element("h2", &[], "Total in words");
            html.element("p", &[], &sheet.in_words);
        });
        for remark in &sheet.remarks {
            html.element("p", &[], remark);
        }
        if let Some(signature) = &sheet.signature {
            html.wrap("div", &[("class", "sign")], |html| html.element("p", &[], signature));
        }
        if let Some(annex) = &sheet.annex {
            table(html, annex, "annex", &format!("{} {}, annex", sheet.title, sheet.number));
        }
    });
    html.element("footer", &[], &sheet.origin);
}

fn header(html: &mut Html, sheet: &Sheet<'_>) {
    html.wrap("header", &[], |html| {
        html.wrap("div", &[], |html| {
            html.element("h1", &[], sheet.title);
            if let Some(draft) = sheet.draft {
                html.element("p", &[("class", "status")], draft);
            }
            block(html, &sheet.supplier);
        });
        html.wrap("dl", &[], |html| {
            for (name, value) in &sheet.facts {
                html.element("dt", &[], name);
                html.element("dd", &[], value);
            }
        });
    });
}

fn parties(html: &mut Html, sheet: &Sheet<'_>) {
    html.wrap("div", &[("class", "parties")], |html| {
        html.wrap("section", &[], |html| {
            html.element("h2", &[], "Billed to");
            block(html, &sheet.customer);
        });
        html.wrap("section", &[], |html| {
            html.element("h2", &[], "Account");
            html.element("p", &[], &sheet.account);
        });
    });
}

fn block(html: &mut Html, party: &Block) {
    html.element("p", &[("class", "name")], &party.name);
    for line in &party.lines {
        html.element("p", &[], line);
    }
}

/// A table; `head` stands above its columns, and so on every page that it goes on to.
fn table(html: &mut Html, it: &Table, class: &str, head: &str) {
    let [all, all_but_one] = [it.columns.len(), it.columns.len().saturating_sub(1)].map(|it| it.to_string());
    html.wrap("table", &[("class", class)], |html| {
        html.element("caption", &[], it.caption);
        html.wrap("thead", &[], |html| {
            if !head.is_empty() {
                html.wrap("tr", &[], |html| html.element("td", &[("class", "of"), ("colspan", &all)], head));
            }
            html.wrap("tr", &[], |html| {
                for column in &it.columns {
                    html.element("th", &[("scope", "col"), ("class", side(column.kind))], &column.name);
                }
            });
        });
        html.wrap("tbody", &[], |html| {
            for row in &it.rows {
                html.wrap("tr", &[], |html| {
                    for (column, cell) in it.columns.iter().zip(row) {
                        html.element("td", &[("class", side(column.kind))], cell);
                    }
                });
            }
            if let Some((name, amount)) = &it.sum {
                html.wrap("tr", &[("class", "total")], |html| {
                    html.element("th", &[("scope", "row"), ("colspan", &all_but_one)], name);
                    html.element("td", &[("class", "figure")], amount);
                });
            }
        });
    });
}

fn sums(html: &mut Html, sheet: &Sheet<'_>) {
    html.wrap("table", &[("class", "sums")], |html| {
        html.wrap("tbody", &[], |html| {
            for sum in &sheet.sums {
                html.wrap("tr", &[("class", if sum.is_total { "total" } else { "" })], |html| {
                    html.element("th", &[("scope", "row")], &sum.name);
                    html.element("td", &[("class", "figure")], &sum.amount);
                });
            }
        });
    });
}

/// Figures stand to the right.
const fn side(kind: Kind) -> &'static str {
    match kind {
        Kind::Figure => "figure",
        Kind::Text | Kind::Word | Kind::Code => "",
    }
}
