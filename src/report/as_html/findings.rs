//! The findings by class and age.

use super::blocks::scrolling;
use super::charts::{bar, cell, headers, share};
use crate::domain::{Age, Amount, Class, Currency};
use crate::reconcile::Reconciliation;
use crate::report::markup::{Html, percent};
use crate::report::overview::Block;
use crate::report::table::Cell;
use crate::report::{spread, totals};

/// How many of each class and age, with what they come to; then what the classes mean.
pub(super) fn findings(html: &mut Html, books: &Reconciliation, blocks: &[Block]) {
    let (ages, sums) = (spread::by_age(books), totals::by_class(&books.breaks));
    if ages.is_empty() {
        html.element("p", &[], "None were found.");
        return;
    }
    let largest = sums.values().map(|sum| i128::from(sum.breaks)).max().unwrap_or_default();
    scrolling(html, "Findings by class and age in days at the cut-off", |html| {
        let titles = [("Class", false), ("Severity", false), ("", false), ("Findings", true)];
        let by_age = ["0 to 1 days", "2 to 7", "8 to 30", "Over 30", "Undated"].map(|title| (title, true));
        let money = [("Currency", false), ("Gross", true), ("Net effect", true)];
        headers(html, &[&titles[..], &by_age, &money].concat());
        for (class, sum) in &sums {
            let (mut effects, of_ages) = (sum.effects.iter(), ages.get(class).copied().unwrap_or_default());
            html.wrap("tr", &[], |html| {
                class_row(html, *class, (sum.breaks, largest), &of_ages);
                effect(html, *class, effects.next());
            });
            for more in effects {
                html.wrap("tr", &[], |html| {
                    html.element("td", &[("colspan", "9")], "");
                    effect(html, *class, Some(more));
                });
            }
        }
    });
    html.wrap("details", &[], |html| {
        html.element("summary", &[], "What the classes mean");
        for block in blocks {
            if let Block::Items(items) = block {
                html.wrap("ul", &[], |html| items.iter().for_each(|(head, _)| html.element("li", &[], head)));
            }
        }
    });
}

fn class_row(html: &mut Html, class: Class, (breaks, largest): (u64, i128), ages: &[u64; 5]) {
    let list = format!("#list:breaks?class={}", class.slug());
    let severity = class.severity().word();
    html.element("th", &[("scope", "row")], class.slug());
    html.wrap("td", &[], |html| html.element("span", &[("class", &format!("mark {severity}"))], severity));
    bar(html, &[(0, share(i128::from(breaks), largest), severity)]);
    cell(html, &Cell::Count(breaks), Some(&list));
    let words = Age::ALL.map(Age::word).into_iter().chain([""]);
    for (count, word) in ages.iter().zip(words) {
        let counted = if *count == 0 { Cell::Empty } else { Cell::Count(*count) };
        cell(html, &counted, Some(&format!("{list}&age={}", percent(word))));
    }
}

fn effect(html: &mut Html, class: Class, sums: Option<(&Currency, &(Amount, Amount))>) {
    let Some((currency, (gross, net))) = sums else {
        return html.element("td", &[("colspan", "3")], "");
    };
    let list = format!("#list:breaks?class={}&currency={currency}", class.slug());
    html.element("td", &[], currency.code());
    cell(html, &Cell::money(*gross, *currency), Some(&list));
    cell(html, &Cell::money(*net, *currency), Some(&list));
}
