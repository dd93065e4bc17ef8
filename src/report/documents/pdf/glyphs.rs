//! Texts as a sheet can carry them: which characters have no glyph, and where a word that is too long for its place may break.

use super::world::{has_glyph, width};
use crate::domain::on_a_page;

/// How wide a word stands without a place to break, at most: what a place takes.
#[derive(Clone, Copy)]
pub(super) enum Room {
    /// Half of the page.
    Block,
    /// A column for texts.
    Cell,
    /// A column for words.
    Narrow,
}

/// Where a line may break though nothing is seen there.
pub(super) const BREAK: char = '\u{200b}';

/// The characters of a text that no font here has, each once and in order.
pub(super) fn missing(text: &str) -> Vec<char> {
    let mut found = Vec::new();
    for c in text.chars().filter(|c| !has_glyph(*c)) {
        if !found.contains(&c) {
            found.push(c);
        }
    }
    found
}

/// A text with every control character written as its code, and with places to break within its long words, so that none of
/// them runs out of its column. Marks stay with their letter, and joined letters together.
pub(super) fn laid(text: &str, room: Room) -> String {
    // Thousandths of an em: some 24, 18 and 12 small letters in bold.
    let run_max = match room {
        Room::Block => 15_000,
        Room::Cell => 11_250,
        Room::Narrow => 7_500,
    };
    let mut laid = String::with_capacity(text.len());
    let mut run = 0_u32;
    // A byte order mark within a text shows nothing, and PDF/A lets none in.
    for c in on_a_page(text).chars().filter(|c| *c != '\u{feff}') {
        let wide = width(c);
        run = if c.is_whitespace() || matches!(c, BREAK | '-') { 0 } else { run + wide };
        if run > run_max && begins_a_cluster(&laid, c) {
            laid.push(BREAK);
            run = wide;
        }
        laid.push(c);
    }
    laid
}

/// Whether a letter stands by itself behind what is before it, as far as the scripts here go: no mark above or below, no
/// sign of a vowel, nothing behind a virama or a joiner.
fn begins_a_cluster(before: &str, c: char) -> bool {
    let is_mark = matches!(c,
        '\u{0300}'..='\u{036f}' | '\u{0483}'..='\u{0489}' | '\u{1ab0}'..='\u{1aff}' | '\u{1dc0}'..='\u{1dff}'
        | '\u{200c}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{20d0}'..='\u{20ff}'
        | '\u{fe00}'..='\u{fe0f}' | '\u{fe20}'..='\u{fe2f}'
        | '\u{0c04}' | '\u{0a70}' | '\u{0a71}' | '\u{0a75}' | '\u{0afa}'..='\u{0aff}' | '\u{09fe}' | '\u{0d00}');
    // The scripts of India stand in blocks of 128 that are laid out alike: signs before, of vowels, virama, more signs.
    let of_india = |c| ('\u{0900}'..='\u{0d7f}').contains(&c).then(|| u32::from(c) % 0x80);
    let is_sign =
        of_india(c).is_some_and(|at| matches!(at, 0x01..=0x03 | 0x3a..=0x3c | 0x3e..=0x4f | 0x51..=0x57 | 0x62..=0x63));
    let is_joined = before.chars().next_back().is_some_and(|last| of_india(last) == Some(0x4d));
    !is_mark && !is_sign && !is_joined && !before.ends_with(['\u{200c}', '\u{200d}', '\u{2060}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupee_latin_and_devanagari_have_glyphs_and_emoji_arabic_and_han_have_none() {
        assert_eq!(missing("₹ 1,23,456.00 Société «Ω» Привет शर्मा टेलीकॉम क्ष १२३ \u{200d}\u{202e}"), Vec::<char>::new());
        assert_eq!(missing("a🧾b🧾 مرحبا漢"), ['🧾', 'م', 'ر', 'ح', 'ب', 'ا', '漢']);
        assert_eq!(
            missing(&laid("tab\tand\nline", Room::Narrow)),
            Vec::<char>::new(),
            "control characters are shown as codes"
        );
    }

    #[test]
    fn long_words_may_break_and_short_ones_and_clusters_may_not() {
        let parts = |text: &str| laid(text, Room::Narrow).split(BREAK).map(str::len).collect::<Vec<_>>();
        assert_eq!(
            laid("two words, 1,23,456.00 and ae2e17d3-0014-4000", Room::Narrow),
            "two words, 1,23,456.00 and ae2e17d3-0014-4000"
        );
        assert_eq!(parts(&"a".repeat(30)), [12, 12, 6]);
        assert_eq!(parts(&"W".repeat(15)), [7, 7, 1], "a wide letter takes its own width");
        assert!(!laid(&"a".repeat(24), Room::Block).contains(BREAK));
        // Ten letters, then one that a virama joins to the next and that carries a vowel sign.
        let joined = format!("{}क्षि{}", "a".repeat(10), "b".repeat(3));
        assert_eq!(laid(&joined, Room::Narrow).split(BREAK).collect::<Vec<_>>(), [&joined[..joined.len() - 3], "bbb"]);
        assert_eq!(laid("e\u{301}", Room::Narrow).chars().count(), 2);
        assert_eq!(laid("\u{feff}A\u{feff}B", Room::Narrow), "AB");
    }
}
