//! HTML, written element by element. Every text and every attribute goes through one escape, so that no text of others can
//! become markup.

use sha2::{Digest, Sha256};

use crate::domain::on_a_page;

/// A piece of HTML.
#[derive(Debug, Default)]
pub(super) struct Html(String);

/// The attributes of an element.
pub(super) type Attributes<'a> = &'a [(&'a str, &'a str)];

/// Elements that stand on lines of their own.
const BLOCKS: [&str; 21] = [
    "html", "head", "body", "header", "main", "footer", "nav", "section", "div", "h1", "h2", "h3", "p", "ul", "li",
    "dl", "table", "tr", "details", "script", "svg",
];

impl Html {
    /// An element with what `inside` writes into it.
    pub(super) fn wrap(&mut self, tag: &str, attributes: Attributes<'_>, inside: impl FnOnce(&mut Self)) {
        self.open(tag, attributes);
        inside(self);
        self.0.extend(["</", tag, ">"]);
        if BLOCKS.contains(&tag) {
            self.0.push('\n');
        }
    }

    /// An element that holds a text alone.
    pub(super) fn element(&mut self, tag: &str, attributes: Attributes<'_>, text: &str) {
        self.wrap(tag, attributes, |html| html.text(text));
    }

    /// An element without an end, such as `meta`.
    pub(super) fn void(&mut self, tag: &str, attributes: Attributes<'_>) {
        self.open(tag, attributes);
        self.0.push('\n');
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str) {
        for c in on_a_page(text).chars() {
            match c {
                '&' => self.0 += "&amp;",
                '<' => self.0 += "&lt;",
                '>' => self.0 += "&gt;",
                '"' => self.0 += "&quot;",
                '\'' => self.0 += "&#39;",
                c => self.0.push(c),
            }
        }
    }

    /// A link to a place of this page.
    pub(super) fn link(&mut self, href: &str, text: &str) {
        self.element("a", &[("href", href)], text);
    }

    /// What is HTML already: this program's own style and script, and data that `json` wrote.
    pub(super) fn raw(&mut self, html: &str) {
        self.0 += html;
    }

    /// The whole as text.
    pub(super) fn into_text(self) -> String {
        self.0
    }

    fn open(&mut self, tag: &str, attributes: Attributes<'_>) {
        self.0.extend(["<", tag]);
        // One without a value says nothing.
        for (name, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.0.extend([" ", name, "=\""]);
            self.text(value);
            self.0.push('"');
        }
        self.0.push('>');
    }
}

/// A text as JSON that can stand inside a script element: no character in it ends the element or a line of a script.
pub(super) fn json(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in on_a_page(text).chars() {
        match c {
            '"' => quoted += "\\\"",
            '\\' => quoted += "\\\\",
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => quoted.extend(["\\u", &format!("{:04x}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A text as part of a link: everything that is not plain is written as percent codes of its UTF-8.
pub(super) fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut coded, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            coded.push(char::from(byte));
        } else {
            coded.extend(["%", &format!("{byte:02X}")]);
        }
        coded
    })
}

/// A word of a shell command, quoted where it has to be.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | ':' | '@' | '+' | '=');
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The SHA-256 of a text in base 64 (RFC 4648), as a content security policy names what it allows.
pub(super) fn digest(text: &str) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut coded = String::new();
    for bytes in Sha256::digest(text).chunks(3) {
        let bits =
            (0..3).fold(0_usize, |bits, place| bits << 8 | bytes.get(place).map_or(0, |byte| usize::from(*byte)));
        for place in 0..4 {
            let letter = LETTERS[bits >> (18 - 6 * place) & 63];
            coded.push(if place > bytes.len() { '=' } else { char::from(letter) });
        }
    }
    coded
}
