//! Rust as far as `tidy` needs it: what is code, what is text, what is a comment.

/// The code alone: comments are gone, texts are empty.
pub(crate) fn code(text: &str) -> String {
    kept(text, false)
}

/// Code and texts, without comments.
pub(crate) fn without_comments(text: &str) -> String {
    kept(text, true)
}

fn kept(text: &str, with_texts: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let (length, keep) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if let Some(length) = raw_text(rest).filter(|_| !ends_in_word(&out)) {
            (length, with_texts)
        } else if first == '"' {
            (quoted(rest, '"'), with_texts)
        } else if first == '\'' && is_letter(rest) {
            (quoted(rest, '\''), with_texts)
        } else {
            (first.len_utf8(), true)
        };
        let (piece, after) = rest.split_at(length);
        if keep {
            out.push_str(piece);
        }
        rest = after;
    }
    out
}

fn ends_in_word(out: &str) -> bool {
    out.chars().next_back().is_some_and(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// The length of the raw text that stands first, if one does.
fn raw_text(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r'))?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    let inside = after[hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let begins = rest.len() - inside.len();
    Some(inside.find(&end).map_or(rest.len(), |at| begins + at + end.len()))
}

/// Tells `'x'` from the lifetime `'x`.
fn is_letter(rest: &str) -> bool {
    let mut letters = rest.chars().skip(1);
    match letters.next() {
        Some('\\') => true,
        Some(_) => letters.next() == Some('\''),
        None => false,
    }
}

/// The length of a quoted text with its quotes.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}
