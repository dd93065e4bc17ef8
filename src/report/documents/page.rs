//! An invoice as a page to print: one self-contained file without a script, all particulars of CGST rule 46 where the regime
//! is GST.

use super::{Document, Issue, Stand, Used};
use crate::domain::{Amount, Currency, Party};
use crate::invoice::{Gstin, Invoice, InvoiceLine, Regime, SupplyKind, TaxHead, in_words};
use crate::report::markup::{Html, digest};
use crate::report::table::{self, in_groups};

const STYLE: &str = include_str!("invoice.css");

/// The page's text.
pub(super) fn print(issue: &Issue<'_>, it: &Document<'_>) -> String {
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
            html.element("title", &[], &format!("{} {}", it.title(issue), it.invoice.number));
            html.wrap("style", &[], |html| html.raw(STYLE));
        });
        html.wrap("body", &[], |html| body(html, issue, it));
    });
    html.into_text()
}

fn body(html: &mut Html, issue: &Issue<'_>, it: &Document<'_>) {
    let Document { invoice, annex, .. } = it;
    if issue.stand == Stand::Draft {
        // A fixed element stands on every printed page.
        html.wrap("div", &[("class", "draft"), ("aria-hidden", "true")], |html| html.element("span", &[], "DRAFT"));
    }
    header(html, issue, it);
    html.wrap("main", &[], |html| {
        parties(html, issue, invoice);
        lines(html, issue, invoice);
        sums(html, issue, invoice);
        html.wrap("div", &[("class", "words")], |html| {
            html.element("h2", &[], "Total in words");
            html.element("p", &[], &in_words(invoice.total, invoice.currency));
        });
        if invoice.supply.kind == SupplyKind::Export {
            html.element("p", &[], "Supply meant for export, zero-rated: no integrated tax is charged.");
        }
        let supplier = &issue.terms.supplier().name;
        if !supplier.is_empty() {
            html.wrap("div", &[("class", "sign")], |html| {
                html.element("p", &[], &format!("For {supplier}, authorised signatory or digital signature"));
            });
        }
        if !annex.is_empty() {
            usage(html, invoice, annex);
        }
    });
    html.element("footer", &[], &it.origin(issue));
}

fn header(html: &mut Html, issue: &Issue<'_>, it: &Document<'_>) {
    let supplier = issue.terms.supplier();
    html.wrap("header", &[], |html| {
        html.wrap("div", &[], |html| {
            html.element("h1", &[], it.title(issue));
            if issue.stand == Stand::Draft {
                html.element(
                    "p",
                    &[("class", "status")],
                    "Draft: the number is not given yet, nothing is owed by this paper",
                );
            }
            let name = if supplier.name.is_empty() { &issue.provenance.partner_name } else { &supplier.name };
            html.element("p", &[("class", "name")], name);
            address(html, supplier);
            if !supplier.gstin.is_empty() {
                html.element("p", &[], &format!("GSTIN {}", supplier.gstin));
            }
            if !supplier.email.is_empty() {
                html.element("p", &[], &supplier.email);
            }
        });
        html.wrap("dl", &[], |html| {
            for (name, value) in it.facts(issue) {
                html.element("dt", &[], name);
                html.element("dd", &[], &value);
            }
        });
    });
}

fn parties(html: &mut Html, issue: &Issue<'_>, invoice: &Invoice) {
    let buyer = &invoice.supply.buyer;
    html.wrap("div", &[("class", "parties")], |html| {
        html.wrap("section", &[], |html| {
            html.element("h2", &[], "Billed to");
            let name = if buyer.name.is_empty() { &invoice.account } else { &buyer.name };
            html.element("p", &[("class", "name")], name);
            address(html, buyer);
            match invoice.supply.gstin.as_ref().map(Gstin::as_str) {
                Some(gstin) => html.element("p", &[], &format!("GSTIN {gstin}")),
                None if issue.terms.regime() == Regime::Gst => html.element("p", &[], "Unregistered"),
                None => {}
            }
        });
        html.wrap("section", &[], |html| {
            html.element("h2", &[], "Account");
            html.element("p", &[], &invoice.account);
        });
    });
}

fn address(html: &mut Html, party: &Party) {
    let lines = party.lines();
    if !lines.is_empty() {
        html.element("p", &[], &lines.join(", "));
    }
}

/// A word of a head on this invoice.
pub(super) fn named<'a>(issue: &Issue<'a>, head: TaxHead) -> &'a str {
    if head == TaxHead::Plain { issue.terms.tax_name() } else { head.word() }
}

/// The heads that the lines owe under, in order.
pub(super) fn heads(invoice: &Invoice) -> Vec<TaxHead> {
    let mut heads: Vec<TaxHead> = invoice.lines.iter().flat_map(|line| &line.tax.heads).map(|head| head.0).collect();
    heads.sort_unstable();
    heads.dedup();
    heads
}

fn lines(html: &mut Html, issue: &Issue<'_>, invoice: &Invoice) {
    let heads = heads(invoice);
    let is_gst = issue.terms.regime() == Regime::Gst;
    html.wrap("table", &[], |html| {
        html.element("caption", &[], "Charges");
        html.wrap("thead", &[], |html| {
            html.wrap("tr", &[], |html| {
                column(html, "#", false);
                column(html, "Description", false);
                if is_gst {
                    column(html, "SAC", false);
                }
                column(html, "Entries", true);
                column(html, if heads.is_empty() { "Amount" } else { "Taxable" }, true);
                for head in &heads {
                    column(html, named(issue, *head), true);
                }
                if !heads.is_empty() {
                    column(html, "Total", true);
                }
            });
        });
        html.wrap("tbody", &[], |html| {
            for (number, it) in (1_u64..).zip(&invoice.lines) {
                html.wrap("tr", &[], |html| line(html, number, it, &heads, is_gst, invoice.currency));
            }
        });
    });
}

fn line(html: &mut Html, number: u64, it: &InvoiceLine, heads: &[TaxHead], is_gst: bool, currency: Currency) {
    cell(html, &number.to_string(), false);
    cell(html, &it.description, false);
    if is_gst {
        cell(html, it.tax.sac.as_deref().unwrap_or_default(), false);
    }
    cell(html, &if it.entries == 0 { String::new() } else { it.entries.to_string() }, true);
    cell(html, &money(it.amount, currency), true);
    for head in heads {
        let owed = it.tax.heads.iter().find(|(of, ..)| of == head);
        cell(
            html,
            &owed.map(|(_, percent, amount)| format!("{} ({percent} %)", money(*amount, currency))).unwrap_or_default(),
            true,
        );
    }
    if !heads.is_empty() {
        cell(html, &money(it.amount + it.tax.amount(), currency), true);
    }
}

fn sums(html: &mut Html, issue: &Issue<'_>, invoice: &Invoice) {
    html.wrap("table", &[("class", "sums")], |html| {
        html.wrap("tbody", &[], |html| {
            let mut row = |class: &str, name: &str, amount: Amount| {
                html.wrap("tr", &[("class", class)], |html| {
                    html.element("th", &[("scope", "row")], name);
                    cell(html, &format!("{} {}", invoice.currency, money(amount, invoice.currency)), true);
                });
            };
            let heads = heads(invoice);
            if !heads.is_empty() {
                row("", "Taxable value", invoice.taxable());
            }
            for head in heads {
                row("", named(issue, head), invoice.owed(head));
            }
            if !invoice.round_off.is_zero() {
                row("", "Round-off", invoice.round_off);
            }
            row("total", "Total", invoice.total);
        });
    });
}

fn usage(html: &mut Html, invoice: &Invoice, annex: &[Used<'_>]) {
    let by_entry = annex.iter().any(|it| !it.line.entry.is_empty());
    html.wrap("table", &[("class", "annex")], |html| {
        let caption = "Annex: what the wallet was charged for the usage behind this invoice";
        html.element("caption", &[], caption);
        html.wrap("thead", &[], |html| {
            html.wrap("tr", &[], |html| {
                column(html, if by_entry { "Time" } else { "Day" }, false);
                column(html, "Class", false);
                if by_entry {
                    column(html, "Description", false);
                    column(html, "Entry", false);
                } else {
                    column(html, "Entries", true);
                }
                column(html, "Charged", true);
            });
        });
        html.wrap("tbody", &[], |html| {
            for Used { line: it, amount, .. } in annex {
                html.wrap("tr", &[], |html| {
                    cell(html, &it.when, false);
                    cell(html, it.class.as_str(), false);
                    if by_entry {
                        cell(html, &it.description, false);
                        cell(html, &it.entry, false);
                    } else {
                        cell(html, &it.entries.to_string(), true);
                    }
                    cell(html, &money(*amount, invoice.currency), true);
                });
            }
        });
    });
}

fn column(html: &mut Html, name: &str, is_figure: bool) {
    html.element("th", &[("scope", "col"), ("class", if is_figure { "figure" } else { "" })], name);
}

fn cell(html: &mut Html, text: &str, is_figure: bool) {
    html.element("td", &[("class", if is_figure { "figure" } else { "" })], text);
}

/// Money with its digits in groups: lakh and crore for rupees, thousands for everything else.
pub(super) fn money(amount: Amount, currency: Currency) -> String {
    in_groups(&table::money(amount, currency), if currency == Currency::INR { 2 } else { 3 })
}
