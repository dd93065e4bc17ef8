//! The month by day: credits above the line, debits below, on one scale; and the same as a table.

use std::collections::BTreeMap;

use chrono::Datelike;

use super::blocks::scrolling;
use super::charts::{WHOLE, cell, headers};
use super::markup::Html;
use crate::domain::{Amount, Currency};
use crate::reconcile::{DayTotal, Reconciliation};
use crate::report::overview::grouped;
use crate::report::table::{Cell, decimal_text};

/// The width of a day in the drawing.
const DAY: usize = 20;

/// A drawing and a table for each currency, the customers' wallets apart from the partner's own.
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
        let whose = if own_wallet { "own wallet" } else { "customers" };
        let title = format!("{currency} {whose}: credits and debits by day");
        html.element("h3", &[], &title);
        drawing(html, &title, &days);
        legend(html, &days);
        html.wrap("details", &[], |html| {
            html.element("summary", &[], "The same as a table");
            table(html, &title, &days);
        });
    }
}

fn drawing(html: &mut Html, title: &str, days: &[&DayTotal]) {
    let largest = |of: fn(&DayTotal) -> Amount| days.iter().map(|day| of(day).units()).max().unwrap_or_default().max(0);
    let (up, down) = (largest(|day| day.credits), largest(|day| day.debits));
    let scale = (up + down).max(1);
    let line = up * WHOLE / scale;
    let view = format!("0 0 {} {WHOLE}", days.len() * DAY);
    let label = format!("{title}; the table below holds the figures");
    let attributes = [
        ("viewBox", view.as_str()),
        ("preserveAspectRatio", "none"),
        ("class", "days"),
        ("role", "img"),
        ("aria-label", &label),
    ];
    html.wrap("svg", &attributes, |html| {
        for (place, day) in days.iter().enumerate() {
            let height = |amount: Amount| amount.units().max(0) * WHOLE / scale;
            let (credits, debits) = (height(day.credits), height(day.debits));
            html.wrap("g", &[], |html| {
                html.element("title", &[], &told(day));
                let whole = (0, WHOLE, if day.day.weekday().num_days_from_monday() > 4 { "weekend" } else { "day" });
                for (y, height, class) in [whole, (line - credits, credits, "credits"), (line, debits, "debits")] {
                    let (x, y, height) = ((place * DAY + 2).to_string(), y.to_string(), height.to_string());
                    let (x, y, height) = (x.as_str(), y.as_str(), height.as_str());
                    let rect = [("x", x), ("y", y), ("width", "16"), ("height", height), ("class", class)];
                    html.element("rect", &rect, "");
                }
            });
        }
    });
}

fn told(day: &DayTotal) -> String {
    let money = |amount| grouped(&decimal_text(amount, day.currency.minor_digits()));
    format!("{}: credits {}, debits {}", day.day, money(day.credits), money(day.debits))
}

/// The first day and the last below the drawing, and between them what the bars are.
fn legend(html: &mut Html, days: &[&DayTotal]) {
    html.wrap("div", &[("class", "legend")], |html| {
        let ends = |day: Option<&&DayTotal>| day.map(|day| day.day.to_string()).unwrap_or_default();
        html.element("span", &[], &ends(days.first()));
        html.wrap("span", &[], |html| {
            html.element("span", &[("class", "key credits")], "credits, upwards");
            html.element("span", &[("class", "key debits")], "debits, downwards");
        });
        html.element("span", &[], &ends(days.last()));
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
