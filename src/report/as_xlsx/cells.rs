//! What a cell can hold: how long a text may be, which figures survive as binary floats, and how each kind of cell is
//! written. The only place where a figure becomes a binary float, because a sheet knows no other number.

use rust_xlsxwriter::{Format, Worksheet, XlsxError};

use super::looks::Looks;
use crate::report::sums::decimals_of;
use crate::report::table::Cell;

/// Figures below this have at most 15 digits, which a binary float gives back one by one.
const FIGURES_END: u128 = 1_000_000_000_000_000;

/// What stands at the end of a text that does not fit.
const CUT: &str = " … (cut short)";

/// A figure as its digits and how many of them are decimals; nothing for what is no figure.
pub(super) fn digits(cell: &Cell) -> Option<(u128, u32)> {
    match cell {
        Cell::Empty | Cell::Text(_) | Cell::Code(_) => None,
        Cell::Count(count) => Some((u128::from(*count), 0)),
        Cell::Amount(amount, shown) => {
            let decimals = decimals_of(*amount).max(*shown).min(8);
            Some((amount.units().unsigned_abs() / 10_u128.pow(8 - decimals), decimals))
        }
        Cell::Percent(percent) => {
            let percent = percent.normalize();
            Some((percent.mantissa().unsigned_abs(), percent.scale()))
        }
    }
}

/// Whether a binary float gives back every digit of a figure.
pub(super) fn survives(cell: &Cell) -> bool {
    digits(cell).is_some_and(|(digits, _)| digits < FIGURES_END)
}

/// Whether a text is longer than a cell may be.
pub(super) fn is_cut(cell: &Cell, text_max: usize) -> bool {
    // A text has no more UTF-16 units than bytes.
    cell.word().is_some_and(|text| text.len() > text_max && text.encode_utf16().count() > text_max)
}

/// As much of a text as a cell holds, without the two code points that no XML can carry.
pub(super) fn fitting(text: &str, text_max: usize) -> String {
    let carried = text.replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}");
    if carried.len() <= text_max || carried.encode_utf16().count() <= text_max {
        return carried;
    }
    let mut room = text_max.saturating_sub(CUT.encode_utf16().count());
    let fits = |c: &char| {
        let left = room.checked_sub(c.len_utf16());
        room = left.unwrap_or(0);
        left.is_some()
    };
    carried.chars().take_while(fits).chain(CUT.chars()).collect()
}

/// Writes words. Nothing written here can become a formula.
pub(super) fn write_words(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    text_max: usize,
    format: &Format,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(row, column, fitting(text, text_max), format)?;
    Ok(())
}

/// Writes a figure as a number, or as text where a binary float would lose a digit.
pub(super) fn write_figure(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    looks: &Looks,
) -> Result<(), XlsxError> {
    let text = cell.plain();
    match text.parse::<f64>() {
        Ok(number) if survives(cell) => {
            sheet.write_number_with_format(row, column, number, looks.figure(cell))?;
        }
        Ok(_) | Err(_) => write_exact(sheet, (row, column), cell, &looks.exact)?,
    }
    Ok(())
}

/// Writes a figure as exact text.
pub(super) fn write_exact(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    format: &Format,
) -> Result<(), XlsxError> {
    sheet.write_string_with_format(row, column, cell.plain(), format)?;
    Ok(())
}
