//! Texts as a sheet can carry them: which characters have no glyph, and where a word that is too long for its place may break.

use typst::layout::{Frame, FrameItem};
use typst_layout::PagedDocument;

use super::world::has_glyph;
use crate::report::markup::shown;

/// Characters of a word without a place to break, at most.
const RUN_MAX: usize = 12;

/// Where a line may break though nothing is seen there.
const BREAK: char = '\u{200b}';

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

/// The pieces of text that were set without a glyph: letters with marks that no one font here has together.
pub(super) fn undrawn(document: &PagedDocument) -> Vec<String> {
    let mut found = Vec::new();
    document.pages().iter().for_each(|page| look(&page.frame, &mut found));
    found.sort();
    found.dedup();
    found
}

fn look(frame: &Frame, found: &mut Vec<String>) {
    for (_, item) in frame.items() {
        if let FrameItem::Group(group) = item {
            look(&group.frame, found);
        } else if let FrameItem::Text(set) = item {
            let undrawn = set.glyphs.iter().filter(|glyph| glyph.id == 0);
            found.extend(undrawn.filter_map(|glyph| set.text.get(glyph.range())).map(ToOwned::to_owned));
        }
    }
}

/// A text with every control character written as its code, and with places to break within its long words, so that none of
/// them runs out of its column. Marks stay with their letter, and joined letters together.
pub(super) fn laid(text: &str) -> String {
    let mut laid = String::with_capacity(text.len());
    let mut run = 0_usize;
    // A byte order mark within a text shows nothing, and PDF/A lets none in.
    for c in shown(text).chars().filter(|c| *c != '\u{feff}') {
        run = if c.is_whitespace() || matches!(c, BREAK | '-') { 0 } else { run + 1 };
        if run > RUN_MAX && begins_a_cluster(&laid, c) {
            laid.push(BREAK);
            run = 1;
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
        | '\u{0900}'..='\u{0903}' | '\u{093a}'..='\u{093c}' | '\u{093e}'..='\u{094f}' | '\u{0951}'..='\u{0957}'
        | '\u{0962}'..='\u{0963}');
    !is_mark && !before.ends_with(['\u{094d}', '\u{200c}', '\u{200d}', '\u{2060}'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rupee_latin_and_devanagari_have_glyphs_and_emoji_arabic_and_han_have_none() {
        assert_eq!(missing("₹ 1,23,456.00 Société «Ω» Привет शर्मा टेलीकॉम क्ष १२३ \u{200d}\u{202e}"), Vec::<char>::new());
        assert_eq!(missing("a🧾b🧾 مرحبا漢"), ['🧾', 'م', 'ر', 'ح', 'ب', 'ا', '漢']);
        assert_eq!(missing(&laid("tab\tand\nline")), Vec::<char>::new(), "control characters are shown as codes");
    }

    #[test]
    fn long_words_may_break_and_short_ones_and_clusters_may_not() {
        let parts = |text: &str| laid(text).split(BREAK).map(str::len).collect::<Vec<_>>();
        assert_eq!(
            laid("two words, 1,23,456.00 and ae2e17d3-0014-4000"),
            "two words, 1,23,456.00 and ae2e17d3-0014-4000"
        );
        assert_eq!(parts(&"a".repeat(30)), [12, 12, 6]);
        // Ten letters, then one that a virama joins to the next and that carries a vowel sign.
        let joined = format!("{}क्षि{}", "a".repeat(10), "b".repeat(3));
        assert_eq!(laid(&joined).split(BREAK).collect::<Vec<_>>(), [&joined[..joined.len() - 3], "bbb"]);
        assert_eq!(laid("e\u{301}").chars().count(), 2);
        assert_eq!(laid("\u{feff}A\u{feff}B"), "AB");
    }
}
