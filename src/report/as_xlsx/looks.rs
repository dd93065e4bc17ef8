//! How cells look. Meaning is never told by looks alone: what a colour says stands there in words, and the four weights of
//! a finding differ in lightness and letter, too, so that they can be told apart in black and white.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, FormatUnderline};

use super::cells::digits;
use crate::domain::Severity;
use crate::report::table::Cell;

/// The most decimals that money has.
const DECIMALS_MAX: usize = 8;

/// The formats of a workbook, made once.
pub(super) struct Looks {
    pub(super) title: Format,
    pub(super) heading: Format,
    pub(super) label: Format,
    pub(super) line: Format,
    pub(super) words_header: Format,
    pub(super) numbers_header: Format,
    pub(super) text: Format,
    pub(super) code: Format,
    pub(super) link: Format,
    pub(super) exact: Format,
    pub(super) total_words: Format,
    pub(super) total_exact: Format,
    /// By decimals that are always shown, then without and with further ones.
    figures: Vec<[Format; 2]>,
    grades: [Format; 5],
    banners: [Format; 5],
}

impl Looks {
    /// All of them.
    pub(super) fn new() -> Self {
        let plain = Format::new().set_align(FormatAlign::Top);
        // Words stand off the figures to their left.
        let words = plain.clone().set_align(FormatAlign::Left).set_indent(1);
        let header = Format::new()
            .set_bold()
            .set_text_wrap()
            .set_align(FormatAlign::VerticalCenter)
            .set_background_color(Color::RGB(0x00E7_ECF2))
            .set_border_bottom(FormatBorder::Thin);
        let exact = plain.clone().set_num_format("@").set_align(FormatAlign::Right);
        let banner = Format::new().set_bold().set_font_size(16).set_align(FormatAlign::VerticalCenter).set_indent(1);
        Self {
            title: Format::new().set_bold().set_font_size(18),
            heading: Format::new().set_bold().set_font_size(12).set_border_bottom(FormatBorder::Thin),
            label: plain.clone().set_bold(),
            line: plain.clone().set_text_wrap(),
            numbers_header: header.clone().set_align(FormatAlign::Right),
            words_header: header.set_align(FormatAlign::Left).set_indent(1),
            text: words.clone().set_text_wrap(),
            link: words.clone().set_font_color(Color::RGB(0x001F_4E8C)).set_underline(FormatUnderline::Single),
            total_words: words.clone().set_bold().set_border_top(FormatBorder::Thin),
            total_exact: exact.clone().set_font_color(Color::RGB(0x0059_5959)).set_italic(),
            exact,
            figures: (0..=DECIMALS_MAX).map(|decimals| figures(&plain, decimals)).collect(),
            grades: graded(&words),
            banners: graded(&banner),
            code: words,
        }
    }

    /// The look of a figure: grouped thousands, the currency's decimals, and the further ones where there are any.
    pub(super) fn figure(&self, cell: &Cell) -> &Format {
        let always = match cell {
            Cell::Amount(_, decimals) => usize::try_from(*decimals).unwrap_or(DECIMALS_MAX).min(DECIMALS_MAX),
            Cell::Empty | Cell::Text(_) | Cell::Code(_) | Cell::Count(_) | Cell::Percent(_) => 0,
        };
        let shown = digits(cell).and_then(|(_, decimals)| usize::try_from(decimals).ok()).unwrap_or(0);
        &self.figures[always][usize::from(shown > always)]
    }

    /// The look of a total of such figures.
    pub(super) fn total(&self, cell: &Cell) -> Format {
        self.figure(cell).clone().set_bold().set_border_top(FormatBorder::Thin)
    }

    /// The look of a word that weighs so much.
    pub(super) const fn grade(&self, severity: Severity) -> &Format {
        &self.grades[weight(severity)]
    }

    /// The look of the verdict on the front sheet.
    pub(super) const fn banner(&self, severity: Severity) -> &Format {
        &self.banners[weight(severity)]
    }
}

fn figures(plain: &Format, always: usize) -> [Format; 2] {
    let further = DECIMALS_MAX - always;
    [0, further].map(|further| {
        let point = if always + further > 0 { "." } else { "" };
        plain.clone().set_num_format(format!("#,##0{point}{}{}", "0".repeat(always), "#".repeat(further)))
    })
}

const fn weight(severity: Severity) -> usize {
    match severity {
        Severity::None => 0,
        Severity::Notice => 1,
        Severity::Timing => 2,
        Severity::Break => 3,
        Severity::Incomplete => 4,
    }
}

/// From light to dark, and in another letter each: plain, italic, italic on a light ground, bold on a middle one, white on
/// a dark one.
fn graded(base: &Format) -> [Format; 5] {
    let on = |ground: u32| base.clone().set_background_color(Color::RGB(ground));
    [
        base.clone(),
        base.clone().set_italic(),
        on(0x00FB_ECC8).set_italic(),
        on(0x00E8_A58A).set_bold(),
        on(0x006B_1F1F).set_bold().set_font_color(Color::White),
    ]
}

/// What a word weighs on the papers, whichever stage said it.
pub(super) fn severity(word: &str) -> Severity {
    match word {
        "incomplete" | "not-proved" | "missing" => Severity::Incomplete,
        "break" | "breaks" | "differs" | "negative" => Severity::Break,
        "timing" | "tied-out-with-timing" | "uncovered" => Severity::Timing,
        "notice" | "implied" | "not-evidenced" | "not-billed" | "postpaid" => Severity::Notice,
        _ => Severity::None,
    }
}
