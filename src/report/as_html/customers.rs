//! The customers by size and verdict, and the largest of them by name.

use std::cmp::Reverse;

use super::blocks::scrolling;
use super::charts::{bar, cell, headers, share};
use crate::domain::{Amount, Currency};
use crate::reconcile::{AccountStanding, Reconciliation};
use crate::report::markup::{Html, percent};
use crate::report::spread::{self, OfSize, VERDICTS};
use crate::report::table::Cell;

/// How many of the largest customers are shown by name.
const LARGEST: usize = 10;

/// For each currency the sizes with their verdicts, then the largest customers.
pub(super) fn customers(html: &mut Html, books: &Reconciliation) {
    html.element("h2", &[], "Customers by size and verdict");
    let sizes = spread::by_size(books);
    if sizes.is_empty() {
        html.element("p", &[], "There are none.");
    }
    for (currency, of_currency) in &sizes {
        let caption = format!("{currency}: customers by what they were debited in the period");
        let most = of_currency.iter().map(|(_, it)| i128::from(it.customers)).max().unwrap_or_default();
        scrolling(html, &caption, |html| {
            let titles = [("Debited", false), ("", false), ("Customers", true)];
            let verdicts = VERDICTS.map(|word| (word, true));
            headers(html, &[&titles[..], &verdicts, &[("Debits", true)]].concat());
            for (size, it) in of_currency {
                html.wrap("tr", &[], |html| size_row(html, &books.partner, *currency, (*size, it), most));
            }
        });
        largest(html, books, *currency);
    }
}

fn size_row(html: &mut Html, partner: &str, currency: Currency, (size, it): (u32, &OfSize), most: i128) {
    let name = spread::size_named(size);
    let list = format!("#list:accounts?currency={currency}&size={}&account=!{}", percent(&name), percent(partner));
    html.element("th", &[("scope", "row")], &name);
    let mut from = 0;
    let part = |(count, verdict): (&u64, &'static str)| {
        let begins = from;
        from += share(i128::from(*count), most);
        (begins, from, verdict)
    };
    bar(html, &it.verdicts.iter().zip(VERDICTS).map(part).collect::<Vec<_>>());
    cell(html, &Cell::Count(it.customers), Some(&list));
    for (count, verdict) in it.verdicts.iter().zip(VERDICTS) {
        let counted = if *count == 0 { Cell::Empty } else { Cell::Count(*count) };
        cell(html, &counted, Some(&format!("{list}&verdict={verdict}")));
    }
    cell(html, &Cell::money(it.debits, currency), Some(&list));
}

fn largest(html: &mut Html, books: &Reconciliation, currency: Currency) {
    let debited = |it: &&AccountStanding| it.currency == currency && it.debits > Amount::ZERO;
    let mut largest: Vec<&AccountStanding> = spread::customers(books).filter(debited).collect();
    if largest.is_empty() {
        return;
    }
    largest.sort_by(|a, b| (Reverse(a.debits), &a.account).cmp(&(Reverse(b.debits), &b.account)));
    let caption = match largest.len() {
        all @ ..=LARGEST => format!("{currency}: the {all} that were debited at all"),
        all => format!("{currency}: the {LARGEST} largest of {all}"),
    };
    let most = largest.first().map_or(0, |it| it.debits.units());
    scrolling(html, &caption, |html| {
        headers(html, &[("Customer", false), ("", false), ("Debits", true), ("Verdict", false), ("Account", false)]);
        for it in largest.into_iter().take(LARGEST) {
            let (verdict, href) = (it.verdict.word(), format!("#account:{}", percent(&it.account)));
            html.wrap("tr", &[], |html| {
                html.wrap("th", &[("scope", "row"), ("class", "name")], |html| html.element("bdi", &[], &it.name));
                bar(html, &[(0, share(it.debits.units(), most), verdict)]);
                cell(html, &Cell::money(it.debits, currency), Some(&href));
                html.wrap("td", &[], |html| html.element("span", &[("class", &format!("mark {verdict}"))], verdict));
                html.wrap("td", &[], |html| html.link(&href, &it.account));
            });
        }
    });
}
