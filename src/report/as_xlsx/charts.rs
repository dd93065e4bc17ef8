//! The charts of the front sheet, and the sheet with the figures they show. Every bar refers to a cell there, and every
//! cell there is a live formula on the lists with its exact result.

use rust_xlsxwriter::{
    Chart, ChartAxisLabelPosition, ChartDataLabel, ChartFont, ChartFormat, ChartSolidFill, ChartType, Color, Worksheet,
    XlsxError,
};

use super::cells::{digits, fitting, survives, write_exact};
use super::laid::{Laid, absolute};
use super::looks::Looks;
use super::sheet::{index, write_header, write_total};
use super::{Limits, page};
use crate::report::pictures::{Bar, Picture, Source};
use crate::report::table::{Cell, Column, Table};

/// The sheet's name.
pub(super) const FIGURES: &str = "Figures";

const COLUMNS: &[Column] = &[
    Column::words("what", "What", 34),
    Column::words("currency", "Currency", 10),
    Column::numbers("figure", "Figure", 20),
];

/// Pixels of a chart: three of them stand beside each other on the front sheet.
pub(super) const WIDTH_PIXELS: u32 = 348;
pub(super) const HEIGHT_PIXELS: u32 = 260;

/// The first row of each picture's bars, from 0: a title and a header stand above, a gap below.
fn first_rows(pictures: &[Picture]) -> Vec<usize> {
    let mut next = 2;
    let mut rows = Vec::new();
    for picture in pictures {
        rows.push(next);
        next += picture.bars.len() + 3;
    }
    rows
}

/// Writes the figures of all pictures.
pub(super) fn write_figures(
    sheet: &mut Worksheet,
    pictures: &[Picture],
    lists: &[Laid],
    footer: &str,
    (limits, looks): (Limits, &Looks),
) -> Result<(), XlsxError> {
    page(sheet, footer);
    for (column, width) in (0_u16..).zip(COLUMNS.iter().map(|column| column.width)) {
        sheet.set_column_width(column, width)?;
    }
    let header = Table { name: "figures", title: FIGURES, columns: COLUMNS, rows: Vec::new() };
    for (picture, first) in pictures.iter().zip(first_rows(pictures)) {
        sheet.write_string_with_format(index(first - 2), 0, &picture.title, &looks.heading)?;
        write_header(sheet, index(first - 1), &header, looks)?;
        for (row, bar) in (first..).zip(&picture.bars) {
            let at = index(row);
            sheet.write_string_with_format(at, 0, fitting(&bar.label, limits.text), &looks.code)?;
            if let Some(currency) = &bar.currency {
                sheet.write_string_with_format(at, 1, currency, &looks.code)?;
            }
            match formula(bar, row, lists) {
                Some(formula) => {
                    write_total(sheet, (at, 2), Some(formula), &bar.figure, looks.figure(&bar.figure), looks)?;
                }
                None => write_exact(sheet, (at, 2), &bar.figure, &looks.exact)?,
            }
        }
    }
    Ok(())
}

/// The formula of a bar; nothing where a figure it rests on stands as text.
fn formula(bar: &Bar, row: usize, lists: &[Laid]) -> Option<String> {
    let list = |name: &str| lists.iter().find(|laid| laid.table.name == name);
    let (label, currency) = (absolute(0, row), absolute(1, row));
    if !survives(&bar.figure) {
        return None;
    }
    match &bar.source {
        Source::Gross => {
            let breaks = list("breaks")?;
            let column = |name| breaks.table.column(name);
            let (effect, class, code) = (column("effect")?, column("class")?, column("currency")?);
            let ranges = |column| breaks.ranges(column).collect::<Vec<String>>();
            let (effects, classes, codes) = (ranges(effect), ranges(class), ranges(code));
            let side = |part: usize, sign: &str| {
                let (effect, class, code) = (&effects[part], &classes[part], &codes[part]);
                format!("SUMIFS({effect},{class},{label},{code},{currency},{effect},\"{sign}0\")")
            };
            let gross = |part| format!("{}-{}", side(part, ">"), side(part, "<"));
            breaks.is_live(effect).then(|| breaks.over_parts(bar.decimals, gross))
        }
        Source::Debits(number) => {
            let accounts = list("accounts")?;
            accounts.cell(*number, accounts.table.column("debits")?)
        }
        Source::Accounts { own } => {
            let accounts = list("accounts")?;
            let ranges = |name| Some(accounts.ranges(accounts.table.column(name)?).collect::<Vec<String>>());
            let (verdicts, owners) = (ranges("verdict")?, ranges("account")?);
            let others = format!("\"<>{}\"", own.replace('"', "\"\""));
            Some(
                accounts
                    .over_parts(0, |part| format!("COUNTIFS({},{label},{},{others})", verdicts[part], owners[part])),
            )
        }
    }
}

/// The charts, in the order of the pictures.
pub(super) fn charts(pictures: &[Picture]) -> Vec<Chart> {
    pictures.iter().zip(first_rows(pictures)).map(|(picture, first)| chart(picture, first)).collect()
}

/// How the labels of a picture are shown, as the figures themselves are: always with the decimals of the currency, and with
/// the further ones of those that have them.
fn form(bars: &[Bar]) -> String {
    let shown = |bar: &Bar| match bar.figure {
        Cell::Amount(_, shown) => shown,
        Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Count(_) | Cell::Percent(_) => 0,
    };
    let most = |of: &dyn Fn(&Bar) -> Option<u32>| bars.iter().filter_map(of).max().unwrap_or(0);
    let (always, all) = (most(&|bar| Some(shown(bar))), most(&|bar| Some(digits(&bar.figure)?.1)));
    let times = |sign: &str, count: u32| sign.repeat(usize::try_from(count).unwrap_or(0));
    let point = if all > 0 { "." } else { "" };
    format!("#,##0{point}{}{}", times("0", always), times("#", all.saturating_sub(always)))
}

fn chart(picture: &Picture, first: usize) -> Chart {
    let last = index(first + picture.bars.len() - 1);
    let first = index(first);
    let mut small = ChartFont::new();
    small.set_size(8);
    let mut title = ChartFont::new();
    title.set_size(11).set_bold();
    let form = form(&picture.bars);
    let mut chart = Chart::new(ChartType::Bar);
    chart
        .add_series()
        .set_categories((FIGURES, first, 0, last, 0))
        .set_values((FIGURES, first, 2, last, 2))
        .set_name((FIGURES, first - 1, 2))
        .set_gap(40)
        // One dark tone: it prints, and nothing is told by colours.
        .set_format(ChartFormat::new().set_solid_fill(ChartSolidFill::new().set_color(Color::RGB(0x003B_5578))))
        .set_data_label(ChartDataLabel::new().show_value().set_num_format(&form).set_font(&small));
    chart.title().set_name(&picture.title).set_font(&title);
    chart.legend().set_hidden();
    // In a bar chart the bars' names stand along the vertical axis.
    chart.y_axis().set_reverse().set_font(&small).set_label_position(ChartAxisLabelPosition::Low);
    chart.x_axis().set_hidden(true).set_major_gridlines(false);
    chart.set_width(WIDTH_PIXELS).set_height(HEIGHT_PIXELS).set_alt_text(&picture.title);
    chart
}
