//! Numbers and dates: the documents of a series should bear dates in the order of their numbers. Where they do not, it is told.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::inputs::LaterDated;
use super::neighbours::Neighbour;
use crate::invoice::RateCard;
use crate::register::Document;

/// The last document of each of a card's series that is dated after a day, on which the next are made out.
pub(super) fn later_dated(runs: &[Neighbour], card: &RateCard, date: NaiveDate) -> Vec<LaterDated> {
    let given = |run: &'_ Neighbour| -> Vec<LaterDated> {
        let invoices = run.close.invoices.iter().map(|it| (&it.number, &it.date));
        let notes = run.close.notes.iter().map(|it| (&it.document.number, &it.document.date));
        let is_later = |dated: &String| dated.parse::<NaiveDate>().is_ok_and(|dated| dated > date);
        let later = invoices.chain(notes).filter(|(_, dated)| is_later(dated));
        let run = &run.inputs.run;
        later
            .map(|(number, date)| LaterDated { number: number.clone(), run: run.clone(), date: date.clone() })
            .collect()
    };
    let later: Vec<LaterDated> = runs.iter().flat_map(given).collect();
    let series = [card.series(), card.credit_notes(), card.debit_notes()];
    let last = series.map(|series| {
        let own = later.iter().filter_map(|it| Some((series.place_of(&it.number, date)?, it)));
        own.max_by_key(|(place, _)| *place).map(|(_, it)| it.clone())
    });
    last.into_iter().flatten().collect()
}

/// What is told of them, where documents of these numbers come after.
pub(super) fn told<'a>(later: &[LaterDated], date: NaiveDate, own: impl Iterator<Item = &'a String>) -> Vec<String> {
    let own: BTreeSet<&str> = own.map(|number| prefix(number)).collect();
    let line = |it: &LaterDated| {
        let LaterDated { number, run, date: dated } = it;
        format!(
            "numbers go on after {number} of {run}, which is dated {dated}, and the documents of this run are dated {date}: \
             the dates run backwards"
        )
    };
    later.iter().filter(|it| own.contains(prefix(&it.number))).map(line).collect()
}

/// Where the dates of documents run backwards: of each run the first in its series that is dated before one with a lower number;
/// and of each two runs the first number that both gave.
pub(super) fn backwards<'a>(documents: impl Iterator<Item = (&'a str, &'a Document)>) -> Vec<String> {
    let mut series: BTreeMap<&str, BTreeMap<u64, (&str, &Document)>> = BTreeMap::new();
    let (mut found, mut twice): (Vec<String>, BTreeSet<(&str, &str)>) = (Vec::new(), BTreeSet::new());
    for (run, document) in documents {
        let prefix = prefix(&document.number);
        let Ok(count) = document.number[prefix.len()..].parse() else { continue };
        let before = series.entry(prefix).or_default().insert(count, (run, document));
        if let Some((other, _)) = before.filter(|(other, _)| twice.insert((other, run))) {
            found.push(format!("{} stands in {run}, and in {other}: the number was given twice", document.number));
        }
    }
    for of_series in series.values() {
        let (mut latest, mut told): (Option<(&str, &Document)>, BTreeSet<&str>) = (None, BTreeSet::new());
        for (run, it) in of_series.values() {
            match latest.filter(|(_, before)| before.dated > it.dated) {
                None => latest = Some((run, it)),
                Some((other, before)) if told.insert(run) => found.push(format!(
                    "{} of {run} is dated {}, and {} of {other}, which comes before it, {}: the dates run backwards",
                    it.number, it.dated, before.number, before.dated
                )),
                Some(_) => {}
            }
        }
    }
    found
}

/// What a number begins with, up to its count.
fn prefix(number: &str) -> &str {
    number.trim_end_matches(|it: char| it.is_ascii_digit())
}
