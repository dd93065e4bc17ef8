//! The bridges as waterfalls: from the master's figure, less each class, to the customers'.

use super::blocks::scrolling;
use super::charts::{WHOLE, bar, cell, headers};
use super::known::filter_of;
use crate::domain::{Amount, BridgeStep};
use crate::report::Provenance;
use crate::report::markup::{Html, quoted};
use crate::report::table::{Cell, decimal_text, grouped};
use crate::report::totals::Total;

/// A bridge for each total that has something between its figures; the others are named.
pub(super) fn bridges(html: &mut Html, totals: &[Total], provenance: &Provenance) {
    let compared = || totals.iter().filter(|total| total.known(total.master).is_some());
    if compared().next().is_none() {
        html.element("p", &[], "Nothing could be compared.");
    }
    if compared().any(|total| !total.agrees()) {
        let told =
            "What the figures have in common is cut out of the bars. A full piece is taken off, a hollow one added.";
        html.element("p", &[("class", "legend")], told);
    }
    for total in compared().filter(|total| !total.agrees()) {
        let own = || format!("{}/{}/{}", provenance.partner, total.currency, total.direction.word());
        let id = if total.own_wallet { own() } else { format!("{}/{}", total.currency, total.direction.word()) };
        let money = |amount| grouped(&decimal_text(amount, total.currency.minor_digits()));
        html.element("h3", &[], &format!("{}: difference {}", total.label(), money(total.difference())));
        waterfall(html, total, &filter_of(&provenance.partner, total));
        command(html, provenance, &id);
    }
    let level: Vec<String> = compared().filter(|total| total.agrees()).map(Total::label).collect();
    if !level.is_empty() {
        html.element("p", &[], &format!("Nothing lies between the two figures: {}.", level.join(", ")));
    }
}

/// What to type to see every entry behind a figure. The script names the folder where it knows it.
fn command(html: &mut Html, provenance: &Provenance, id: &str) {
    html.wrap("p", &[("class", "command")], |html| {
        html.text("Every entry behind it: ");
        let asked = format!("tieout explain {} {}", quoted(&provenance.run), quoted(id));
        html.element("code", &[("data-explain", id)], &asked);
    });
}

fn waterfall(html: &mut Html, total: &Total, filter: &str) {
    let steps = total.bridge.steps();
    let reached: Vec<i128> = steps.iter().filter_map(|step| step.balance).map(Amount::units).collect();
    let least = reached.iter().min().copied().unwrap_or_default();
    let most = reached.iter().max().copied().unwrap_or_default();
    let axis = Axis { least, most };
    let caption = format!("{}: from the master's figure to the customers'", total.label());
    scrolling(html, &caption, |html| {
        let titles = [("Step", false), ("", false), ("Effects", true), ("Gross", true), ("Difference", true)];
        headers(html, &[&titles[..], &[("Figure", true)]].concat());
        let mut before = None;
        for step in &steps {
            html.wrap("tr", &[], |html| waterfall_row(html, total, step, before, axis, filter));
            before = step.balance.or(before);
        }
    });
}

fn waterfall_row(html: &mut Html, total: &Total, step: &BridgeStep, before: Option<Amount>, axis: Axis, filter: &str) {
    let money = |amount: Option<Amount>| Cell::maybe_money(amount, total.currency);
    let count = step.line.map_or(Cell::Empty, |line| Cell::Count(line.count));
    let list = step.line.map_or_else(
        || format!("#list:tie_outs?{filter}"),
        |line| format!("#list:breaks?class={}&{filter}", line.class.slug()),
    );
    let href = Some(list.as_str());
    html.element("th", &[("scope", "row")], if step.name == "customer" { "customers" } else { step.name });
    bar(html, &axis.parts(step, before));
    cell(html, &count, href);
    cell(html, &money(step.line.map(|line| line.gross)), href);
    cell(html, &money(step.line.map(|line| line.effect)), href);
    cell(html, &money(step.balance), href);
}

/// Where figures stand on a bar. What all of them have in common is cut out, else nobody would see what parts them.
#[derive(Clone, Copy)]
struct Axis {
    least: i128,
    most: i128,
}

impl Axis {
    /// Where the cut is, and where the least figure stands.
    const CUT: (i128, i128, i128) = (60, 80, 200);

    fn place(self, figure: Amount) -> i128 {
        let (_, _, first) = Self::CUT;
        let room = WHOLE - first;
        first + (figure.units() - self.least) * room / (self.most - self.least).max(1)
    }

    /// The two figures as bars with a cut, a step as the piece between what was reached before it and after.
    fn parts(self, step: &BridgeStep, before: Option<Amount>) -> Vec<(i128, i128, &'static str)> {
        let (end, on, _) = Self::CUT;
        match (step.balance, step.line, before) {
            (Some(balance), None, _) => vec![(0, end, "total"), (on, self.place(balance), "total")],
            (Some(balance), Some(line), Some(before)) if !line.effect.is_zero() => {
                let (from, to) =
                    (self.place(before).min(self.place(balance)), self.place(before).max(self.place(balance)));
                let class = if line.effect.is_negative() { "rise" } else { "fall" };
                vec![(from, to.max(from + 4).min(WHOLE), class)]
            }
            (_, _, _) => Vec::new(),
        }
    }
}
