//! The month by day: credits and debits, each by its own scale, for the one is often many times the other; and the same as a
//! table.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::blocks::scrolling;
use super::charts::{WHOLE, cell, headers};
use crate::domain::{Amount, Currency};
use crate::reconcile::{DayTotal, Reconciliation};
use crate::report::markup::Html;
use crate::report::table::{Cell, decimal_text, grouped};

/// The width of a day in the drawing.
const DAY: usize = 20;

/// A figure of a day.
type Of = fn(&DayTotal) -> Amount;

/// Two drawings and a table for each currency, the customers' wallets apart from the partner's own.
pub(super) fn days(html: &mut Html, books: &Reconciliation) {
    html.element("h2", &[], "The month by day");
    if books.days.is_empty() {
        html.element("p", &[], "Nothing moved in the period.");
    }
    let mut months: BTreeMap<(Currency, bool), Vec<&DayTotal>> = BTreeMap::new();
    for day in &books.days {
        months.entry((day.currency, day.own_wallet)).or_default().push(day);
    }
    for ((currency, own_wallet), days) in months {
        let title = format!("{currency}, {}", if own_wallet { "own wallet" } else { "customers" });
        html.element("h3", &[], &title);
        let figures: [(&str, Of); 2] = [("credits", |day| day.credits), ("debits", |day| day.debits)];
        for (word, of) in figures {
            drawing(html, word, &days, of);
        }
        html.wrap("details", &[], |html| {
            html.element("summary", &[], "The same as a table");
            table(html, &format!("{title}: credits and debits by day"), &days);
        });
    }
}

/// A bar for each day, the greatest as high as the drawing, and what that comes to.
fn drawing(html: &mut Html, word: &str, days: &[&DayTotal], of: Of) {
    let Some(greatest) = days.iter().max_by_key(|day| of(day)) else { return };
    let money = |amount| grouped(&decimal_text(amount, greatest.currency.minor_digits()));
    let scale = of(greatest).units().max(1);
    let view = format!("0 0 {} {WHOLE}", days.len() * DAY);
    let label = format!("{word} by day, at most {} on {}", money(of(greatest)), greatest.day);
    html.wrap("div", &[("class", "legend")], |html| {
        html.element("b", &[], word);
        html.element("span", &[], &format!("at most {} on {}", money(of(greatest)), greatest.day));
    });
    let attributes = [
        ("viewBox", view.as_str()),
        ("preserveAspectRatio", "none"),
        ("class", "days"),
        ("role", "img"),
        ("aria-label", &label),
    ];
    html.wrap("svg", &attributes, |html| {
        for (place, day) in days.iter().enumerate() {
            let height = of(day).units().max(0) * WHOLE / scale;
            let ground = if day.day.weekday().num_days_from_monday() > 4 { "weekend" } else { "day" };
            html.wrap("g", &[], |html| {
                html.element("title", &[], &format!("{}: {word} {}", day.day, money(of(day))));
                for (y, height, class) in [(0, WHOLE, ground), (WHOLE - height, height, word)] {
                    let (x, y, height) = ((place * DAY + 2).to_string(), y.to_string(), height.to_string());
                    let (x, y, height) = (x.as_str(), y.as_str(), height.as_str());
                    let rect = [("x", x), ("y", y), ("width", "16"), ("height", height), ("class", class)];
                    html.element("rect", &rect, "");
                }
            });
        }
    });
    html.wrap("div", &[("class", "legend")], |html| {
        for day in [days.first(), days.last()].into_iter().flatten() {
            html.element("span", &[], &day.day.to_string());
        }
    });
}

fn table(html: &mut Html, title: &str, days: &[&DayTotal]) {
    scrolling(html, title, |html| {
        headers(html, &[("Day", false), ("Entries", true), ("Credits", true), ("Debits", true)]);
        for day in days {
            let href = format!("#day:{}", day.day);
            html.wrap("tr", &[], |html| {
                html.element("th", &[("scope", "row")], &day.day.to_string());
                cell(html, &Cell::Count(day.entries), Some(&href));
                cell(html, &Cell::money(day.credits, day.currency), Some(&href));
                cell(html, &Cell::money(day.debits, day.currency), Some(&href));
            });
        }
    });
}
