//! Strikes secrets out of bodies before they are archived. What is no secret stays as it is, byte for byte.

/// What stands where a secret stood.
const STRUCK: &[u8] = b"[struck]";

/// The same as a JSON value.
const STRUCK_VALUE: &[u8] = b"\"[struck]\"";

/// How the names of secrets end, in lower case, `_` and `-` left out.
const SECRET_ENDINGS: [&str; 8] =
    ["token", "password", "passwd", "secret", "apikey", "privatekey", "authorization", "credential"];

/// Replaces the value of every key that names a secret, and every occurrence of the token, by `[struck]`.
///
/// Names are compared without case and with their escapes read, at any depth, whatever the value is. Everything else
/// stays byte for byte. A body that is no JSON, or is cut off, is scrubbed as far as it can be read as JSON and
/// searched for the token all the same.
#[must_use]
pub fn scrub(body: &[u8], token: &str) -> Vec<u8> {
    let mut out = Vec::with_capacity(body.len());
    // What is still to be read, and what is still to be copied: copying waits for something to strike.
    let (mut rest, mut uncopied) = (body, body);
    let mut strike = |uncopied: &[u8], from: &[u8]| {
        out.extend_from_slice(uncopied.get(..uncopied.len() - from.len()).unwrap_or_default());
        out.extend_from_slice(STRUCK_VALUE);
    };
    while let Some(&first) = rest.first() {
        let (lexeme, after) = rest.split_at(lexeme_length(rest));
        let hidden = if first == b'"' { hides(lexeme, token) } else { is_bare(first) && find(lexeme, token).is_some() };
        if hidden {
            strike(uncopied, rest);
            uncopied = after;
        }
        rest = after;
        if first == b'"'
            && let Some(value) = value_after_colon(after)
            && names_secret(lexeme)
        {
            strike(uncopied, value);
            rest = value.get(value_length(value)..).unwrap_or_default();
            uncopied = rest;
        }
    }
    out.extend_from_slice(uncopied);
    strike_bytes(out, token)
}

/// Replaces every occurrence of the token in a text by `[struck]`.
#[must_use]
pub fn strike(text: &str, token: &str) -> String {
    if token.is_empty() { text.to_owned() } else { text.replace(token, "[struck]") }
}

/// The length of the string, bare word or single byte that stands first.
fn lexeme_length(text: &[u8]) -> usize {
    match text.first() {
        Some(b'"') => string_length(text),
        Some(&byte) if is_bare(byte) => text.iter().take_while(|byte| is_bare(**byte)).count(),
        Some(_) => 1,
        None => 0,
    }
}

/// Whether a byte belongs to a number, to `true`, or to whatever stands outside strings in a body that is no JSON.
fn is_bare(byte: u8) -> bool {
    !matches!(byte, b'"' | b'{' | b'}' | b'[' | b']' | b',' | b':') && !byte.is_ascii_whitespace()
}

/// The length of a string with its quotes; an unclosed one reaches to the end.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(rest) = text.get(at..)
        && let Some(stop) = rest.iter().position(|byte| matches!(byte, b'"' | b'\\'))
    {
        if rest.get(stop) == Some(&b'"') {
            return at + stop + 1;
        }
        at += stop + 2;
    }
    text.len()
}

/// What follows a colon, when a colon is what follows.
fn value_after_colon(text: &[u8]) -> Option<&[u8]> {
    text.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start)
}

/// The length of the value that stands first, with everything nested in it.
fn value_length(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        match rest.first() {
            Some(b'{' | b'[') => depth += 1,
            Some(b'}' | b']') => depth = depth.saturating_sub(1),
            Some(_) | None => {}
        }
        at += lexeme_length(rest);
        if depth == 0 {
            break;
        }
    }
    at
}

fn names_secret(key: &[u8]) -> bool {
    if key.is_ascii() && !key.contains(&b'\\') {
        // Nearly every key, dozens in every row: compared where it stands.
        let letters =
            || key.iter().rev().skip(1).filter(|byte| !is_gap(char::from(**byte))).map(u8::to_ascii_lowercase);
        let plural = usize::from(letters().next() == Some(b's'));
        return SECRET_ENDINGS.iter().any(|ending| {
            let mut letters = letters().skip(plural);
            ending.bytes().rev().all(|letter| letters.next() == Some(letter))
        });
    }
    let name: String = decoded(key).to_lowercase().chars().filter(|letter| !is_gap(*letter)).collect();
    // Plurals name secrets, too.
    let name = name.strip_suffix('s').unwrap_or(&name);
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// What stands between the words of a key in one style and not in another.
const fn is_gap(letter: char) -> bool {
    matches!(letter, '_' | '-' | ' ')
}

/// Whether a string holds the token behind escapes, where a search of its bytes would not see it.
fn hides(string: &[u8], token: &str) -> bool {
    !token.is_empty() && string.contains(&b'\\') && decoded(string).contains(token)
}

/// The text of a JSON string; where its escapes cannot be read, the bytes as they are.
fn decoded(string: &[u8]) -> String {
    serde_json::from_slice(string).unwrap_or_else(|_unreadable| String::from_utf8_lossy(string).into_owned())
}

fn strike_bytes(text: Vec<u8>, token: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text.as_slice();
    while let Some(at) = find(rest, token) {
        let (before, from) = rest.split_at(at);
        out.extend_from_slice(before);
        out.extend_from_slice(STRUCK);
        rest = from.get(token.len()..).unwrap_or_default();
    }
    if out.is_empty() {
        return text;
    }
    out.extend_from_slice(rest);
    out
}

/// Where a needle that is not empty first occurs.
fn find(hay: &[u8], needle: &str) -> Option<usize> {
    if needle.is_empty() || hay.len() < needle.len() {
        return None;
    }
    match std::str::from_utf8(hay) {
        Ok(text) => text.find(needle),
        Err(_no_text) => hay.windows(needle.len()).position(|window| window == needle.as_bytes()),
    }
}
