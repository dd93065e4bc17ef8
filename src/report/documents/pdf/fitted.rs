//! A sheet as paper can carry it: control characters as codes, long words with places to break, and every text of others that
//! the fonts cannot print.

use super::glyphs::{BREAK, Room, laid, missing};
use crate::domain::on_a_page;
use crate::report::documents::sheet::{Kind, Sheet};
use crate::report::{TextOf, Unprintable};

/// Lays every text of the sheet that is not this program's own, each for the room of its place.
pub(super) fn fit(sheet: &mut Sheet<'_>) {
    for (_, room, text) in texts(sheet) {
        *text = laid(text, room);
    }
    sheet.origin = on_a_page(&sheet.origin);
}

/// Every text of it that holds characters without a glyph.
pub(super) fn unprintable(sheet: &mut Sheet<'_>, account: &str) -> Vec<Unprintable> {
    let mut found: Vec<Unprintable> = Vec::new();
    let number = sheet.number.to_owned();
    for (of, _, text) in texts(sheet) {
        let seen = missing(text);
        let is_told = found.iter().any(|it| it.of == of && it.seen == seen);
        if !seen.is_empty() && !is_told {
            let (number, account) = (number.clone(), account.to_owned());
            found.push(Unprintable { number, account, of, text: text.replace(BREAK, ""), seen, together: false });
        }
    }
    found
}

/// The texts of others, each with whose it is and the room of its place.
pub(super) fn texts<'s>(sheet: &'s mut Sheet<'_>) -> impl Iterator<Item = (TextOf, Room, &'s mut String)> {
    let supplier = [&mut sheet.supplier.name].into_iter().chain(&mut sheet.supplier.lines).chain(&mut sheet.signature);
    let customer = [&mut sheet.customer.name, &mut sheet.account].into_iter().chain(&mut sheet.customer.lines);
    let blocks = supplier.map(|it| (TextOf::Supplier, it)).chain(customer.map(|it| (TextOf::Customer, it)));
    let blocks = blocks.map(|(of, text)| (of, Room::Block, text));
    let sums = sheet.sums.iter_mut().map(|it| (TextOf::Charges, Room::Block, &mut it.name));
    let tables = [(TextOf::Charges, Some(&mut sheet.charges)), (TextOf::Annex, sheet.annex.as_mut())];
    let tables = tables.into_iter().filter_map(|(of, table)| Some((of, table?)));
    let tables = tables.flat_map(|(of, table)| {
        let kinds: Vec<Kind> = table.columns.iter().map(|it| it.kind).collect();
        let cells = table.rows.iter_mut().flat_map(move |row| kinds.clone().into_iter().zip(row));
        let cells = cells.filter_map(move |(kind, cell)| Some((of, room(kind)?, cell)));
        table.columns.iter_mut().map(move |it| (of, Room::Narrow, &mut it.name)).chain(cells)
    });
    blocks.chain(sums).chain(tables)
}

/// The room of a column's cells; none where they are this program's own figures and codes.
const fn room(kind: Kind) -> Option<Room> {
    match kind {
        Kind::Text => Some(Room::Cell),
        Kind::Word => Some(Room::Narrow),
        Kind::Code | Kind::Figure => None,
    }
}
