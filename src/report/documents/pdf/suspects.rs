//! Why the typesetter refuses a sheet whose every character has a glyph: letters and marks that no font has together, or
//! whatever else in a text it cannot print. The typesetter itself is asked, text by text, so that nothing here has to know how
//! scripts are set.

use super::glyphs::BREAK;
use super::world::{Desk, Template};
use super::{Imprint, fitted, set};
use crate::report::Unprintable;
use crate::report::documents::sheet::Sheet;

/// The texts of a sheet that cannot be printed by themselves either, each with the least part of it that cannot.
pub(super) fn among(sheet: &mut Sheet<'_>, account: &str, imprint: &Imprint) -> Vec<Unprintable> {
    let number = sheet.number.to_owned();
    let mut found: Vec<Unprintable> = Vec::new();
    for (of, _, text) in fitted::texts(sheet) {
        if is_printed(text, imprint) {
            continue;
        }
        let seen: Vec<char> = least(text, imprint).chars().filter(|c| *c != BREAK).collect();
        if !found.iter().any(|it| it.of == of && it.seen == seen) {
            let (number, account) = (number.clone(), account.to_owned());
            found.push(Unprintable { number, account, of, text: text.replace(BREAK, ""), seen, together: true });
        }
    }
    found
}

/// Whether a text alone on a sheet is printed, in both weights.
fn is_printed(text: &str, imprint: &Imprint) -> bool {
    let Ok(text) = serde_json::to_vec(text) else { return false };
    set(&Desk::new(Template::Text, text, Vec::new()), imprint).is_ok()
}

/// The least part of a text that is refused: the shortest beginning that is, without as much of its own beginning as can be
/// left out. The whole text where no part is refused by itself.
fn least<'a>(text: &'a str, imprint: &Imprint) -> &'a str {
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
    let end = places.partition_point(|end| is_printed(&text[..*end], imprint));
    let Some(begun) = places.get(end).map(|end| &text[..*end]) else { return text };
    let start = places.partition_point(|start| *start < begun.len() && !is_printed(&begun[*start..], imprint));
    let part = start.checked_sub(1).and_then(|start| begun.get(*places.get(start)?..));
    part.filter(|part| !part.is_empty()).unwrap_or(text)
}
