//! What the charts share: a chart is a table whose rows carry a bar, so that the figures beside it are its text. Lengths are
//! per mille of the largest, in integers.

use super::blocks::{figure, side};
use crate::report::markup::Html;
use crate::report::table::Cell;

/// The length of a whole bar.
pub(super) const WHOLE: i128 = 1000;

/// A row of headers: each with its text, and whether figures stand below it. What needs no title has no header: bars, and
/// words that say themselves what they are.
pub(super) fn headers(html: &mut Html, titles: &[(&str, bool)]) {
    html.wrap("tr", &[], |html| {
        for (title, numeric) in titles {
            if title.is_empty() {
                html.element("td", &[], "");
            } else {
                html.element("th", &[("scope", "col"), ("class", side(*numeric))], title);
            }
        }
    });
}

/// A cell with a figure, which leads to what it is made of.
pub(super) fn cell(html: &mut Html, cell: &Cell, href: Option<&str>) {
    html.wrap("td", &[("class", "number")], |html| figure(html, cell, href));
}

/// A bar of parts, each from one place to another, with a class. The figures beside it say the same.
pub(super) fn bar(html: &mut Html, parts: &[(i128, i128, &str)]) {
    html.wrap("td", &[("class", "chart")], |html| {
        let drawing = [("viewBox", "0 0 1000 10"), ("preserveAspectRatio", "none"), ("aria-hidden", "true")];
        html.wrap("svg", &drawing, |html| {
            for (from, to, class) in parts.iter().filter(|(from, to, _)| from < to) {
                let (x, width) = (from.to_string(), (to - from).to_string());
                let place = [("x", x.as_str()), ("y", "0"), ("width", &width), ("height", "10"), ("class", class)];
                html.element("rect", &place, "");
            }
        });
    });
}

/// A part of a whole, per mille; something is never drawn as nothing.
pub(super) fn share(part: i128, whole: i128) -> i128 {
    let length = part.max(0) * WHOLE / whole.max(1);
    if part > 0 { length.max(4) } else { length }
}
