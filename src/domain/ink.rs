//! Texts of others among lines of ours: what nobody sees is written as its code.
//!
//! The one place that knows which characters take no ink. A partner's message, a name, a path or a setting may hold a line feed
//! that begins a line like one of ours, a control character that moves the cursor, a mark that turns the direction of what
//! follows, or one of no width that makes two different texts look alike. Every line and page that this program writes goes
//! through here on its way out; what is compared, summed or imported stays as it came.

/// Whether a character takes no ink: white space, control characters, and those that only join, part or turn text (Unicode 16:
/// the categories Cc, Zs, Zl and Zp, of Cf all but the marks that are drawn around digits, and all of
/// `Default_Ignorable_Code_Point`; further the blank letters).
#[must_use]
pub fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}')
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{16fe4}')
        || matches!(c, '\u{1bca0}'..='\u{1bca3}' | '\u{1d159}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// A text as part of a line: everything that takes no ink, except a plain space, as its code, `\u{a}`. It begins no line of its
/// own, and none of it is hidden.
#[must_use]
pub fn on_a_line(text: &str) -> String {
    with_codes(text, |c| c != ' ' && is_blank(c))
}

/// A text as part of a page, which a line feed divides into no lines: control characters, and those that turn the direction of
/// whatever follows, as codes. What has no width stays: scripts are written with it, and a customer reads its own name.
#[must_use]
pub fn on_a_page(text: &str) -> String {
    with_codes(text, |c| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'))
}

/// JSON that is written already, with everything in it that takes no ink as JSON's own code, `\u202e`: it reads as the same
/// value, and cannot steer a terminal.
#[must_use]
pub fn in_json(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    for c in json.chars() {
        if c != ' ' && is_blank(c) {
            let mut units = [0; 2];
            safe.extend(c.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        } else {
            safe.push(c);
        }
    }
    safe
}

fn with_codes(text: &str, is_hidden: impl Fn(char) -> bool) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, c| {
        if is_hidden(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        shown
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_stays_one_line_and_hides_nothing() {
        let text = "no\nerror: x\thint\u{202e}\u{200b}\u{7f}\u{9b}\u{a0}\u{e0041} ends";
        let shown = "no\\u{a}error: x\\u{9}hint\\u{202e}\\u{200b}\\u{7f}\\u{9b}\\u{a0}\\u{e0041} ends";
        assert_eq!(on_a_line(text), shown);
        assert_eq!(on_a_line(shown), shown, "what is shown already stays");
    }

    #[test]
    fn a_page_keeps_what_scripts_are_written_with() {
        let name = "ക്\u{200d} ❤\u{fe0f} a\u{a0}b \u{feff}c";
        assert_eq!(on_a_page(name), name);
        assert_eq!(on_a_page("a\nb\u{202e}c\u{9b}"), "a\\u{a}b\\u{202e}c\\u{9b}");
    }

    #[test]
    fn json_reads_as_the_same_value() {
        let all: String = (char::MIN..=char::MAX).filter(|c| is_blank(*c)).collect();
        assert!(all.chars().count() > 4_000, "{}", all.chars().count());
        let value = serde_json::json!({ "text": all });
        let safe = in_json(&value.to_string());
        assert!(!safe.chars().any(|c| c != ' ' && is_blank(c)));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&safe).unwrap(), value);
    }

    /// Ranges of Unicode 16: `Default_Ignorable_Code_Point`, and Cf without the marks drawn around digits.
    #[test]
    fn every_character_that_only_joins_parts_or_turns_is_known() {
        for (first, last) in [
            (0xad, 0xad),
            (0x34f, 0x34f),
            (0x61c, 0x61c),
            (0x115f, 0x1160),
            (0x17b4, 0x17b5),
            (0x180b, 0x180f),
            (0x200b, 0x200f),
            (0x2028, 0x202e),
            (0x2060, 0x206f),
            (0x3164, 0x3164),
            (0xfe00, 0xfe0f),
            (0xfeff, 0xfeff),
            (0xffa0, 0xffa0),
            (0xfff0, 0xfffb),
            (0x13430, 0x1343f),
            (0x1bca0, 0x1bca3),
            (0x1d173, 0x1d17a),
            (0xe0000, 0xe0fff),
        ] {
            assert!((first..=last).all(|c| char::from_u32(c).is_none_or(is_blank)), "{first:x}");
        }
        assert!(!['a', 'ä', '🦊', 'क', '\u{301}', '\u{94d}', '\u{600}', '\\'].into_iter().any(is_blank));
    }
}
