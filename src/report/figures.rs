//! Whether two prints of one paper hold the same figures, whatever their words: how a run of an earlier version is checked.
//!
//! A later version may word a paper anew, add a column, a key or a list. It may not change a figure that was sealed. So each
//! figure of the sealed paper is looked up in the one derived now: in a CSV table by row and column name, in a JSON file by
//! its path of keys. An id, a code or a date counts as a figure. Pages, workbooks and texts repeat these figures and are not read.

use std::collections::BTreeMap;

use serde_json::Value;

/// A figure that is not the same in both prints, or cannot be found in the one derived now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherFigure {
    /// Where it stands: a row and a column, or a path of keys.
    pub place: String,
    /// As sealed.
    pub sealed: String,
    /// As derived now; nothing where that paper lacks it.
    pub derived: Option<String>,
}

/// Whether a paper is one whose figures can be compared: a CSV table or a JSON file.
#[must_use]
pub fn has_figures(name: &str) -> bool {
    is_csv(name) || is_json(name)
}

/// The first figure of a sealed paper that the derived one does not repeat. Nothing where all of them agree, or where the
/// paper is none whose figures can be compared.
#[must_use]
pub fn other_figure(name: &str, sealed: &[u8], derived: &[u8]) -> Option<OtherFigure> {
    if is_csv(name) {
        return in_tables(sealed, derived);
    }
    if !is_json(name) {
        return None;
    }
    let whole = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let unreadable =
        |which: &str| OtherFigure { place: which.to_owned(), sealed: "not JSON".to_owned(), derived: None };
    let Some(before) = whole(sealed) else { return Some(unreadable("the sealed paper")) };
    let Some(now) = whole(derived) else { return Some(unreadable("the derived paper")) };
    in_values("", &before, Some(&now))
}

fn is_csv(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "csv")
}

fn is_json(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, ending)| ending == "json")
}

/// Compares what both tables have: each row of the sealed one, in its columns.
fn in_tables(sealed: &[u8], derived: &[u8]) -> Option<OtherFigure> {
    let (before, now) = (rows(sealed), rows(derived));
    let mut numbered = before.iter().zip(1_usize..);
    let columns: Vec<&String> = numbered.next().map(|(header, _)| header.iter().collect()).unwrap_or_default();
    let header_now = now.first().map(Vec::as_slice).unwrap_or_default();
    let place_now: BTreeMap<&str, usize> = header_now.iter().map(String::as_str).zip(0..).collect();
    if before.len() != now.len() {
        let rows = |rows: &[Vec<String>]| rows.len().saturating_sub(1).to_string();
        return Some(OtherFigure { place: "rows".to_owned(), sealed: rows(&before), derived: Some(rows(&now)) });
    }
    numbered.zip(now.iter().skip(1)).find_map(|((row, number), row_now)| {
        columns.iter().zip(row).find_map(|(column, cell)| {
            let figure = figure(cell)?;
            let seen = place_now.get(column.as_str()).and_then(|at| row_now.get(*at));
            (seen.and_then(|seen| self::figure(seen)) != Some(figure)).then(|| OtherFigure {
                place: format!("line {number}, column {column}"),
                sealed: cell.clone(),
                derived: seen.cloned(),
            })
        })
    })
}

fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let texts = |row: csv::ByteRecord| row.iter().map(|cell| String::from_utf8_lossy(cell).into_owned()).collect();
    reader.byte_records().map_while(Result::ok).map(texts).collect()
}

/// Compares each figure of a JSON value with the one at the same path.
fn in_values(path: &str, sealed: &Value, derived: Option<&Value>) -> Option<OtherFigure> {
    match sealed {
        Value::Object(members) => members.iter().find_map(|(key, value)| {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            in_values(&path, value, derived.and_then(|derived| derived.get(key)))
        }),
        Value::Array(items) => {
            let now = derived.and_then(Value::as_array);
            if now.map(Vec::len) != Some(items.len()) && !items.is_empty() {
                let (sealed, derived) = (items.len().to_string(), now.map(|now| now.len().to_string()));
                return Some(OtherFigure { place: format!("{path}: items"), sealed, derived });
            }
            let at = |index: usize| now.and_then(|now| now.get(index));
            items.iter().enumerate().find_map(|(index, item)| in_values(&format!("{path}[{index}]"), item, at(index)))
        }
        Value::Null => None,
        Value::Number(_) | Value::String(_) | Value::Bool(_) => {
            let text = leaf(sealed);
            let figure = figure(&text)?;
            let seen = derived.map(leaf);
            (seen.as_deref().and_then(self::figure) != Some(figure)).then(|| OtherFigure {
                place: path.to_owned(),
                sealed: text.clone(),
                derived: seen,
            })
        }
    }
}

/// A value as its text: what stands between the quotes of a string, else as it is written.
fn leaf(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// A text that may not change: a decimal number, in one form so that `1.50` and `1.5` are the same; or any other single word,
/// which is an id, a code, a date or a digest. Nothing where a text is empty or a sentence.
fn figure(text: &str) -> Option<String> {
    if text.is_empty() || text.chars().any(char::is_whitespace) {
        return None;
    }
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    if !is_digits(whole) || !is_digits(fraction) {
        return Some(text.to_owned());
    }
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let sign = if whole.is_empty() && fraction.is_empty() { "" } else { sign };
    Some(format!("{sign}{whole}.{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::{OtherFigure, other_figure};

    fn found(place: &str, sealed: &str, derived: Option<&str>) -> OtherFigure {
        let derived = derived.map(str::to_owned);
        OtherFigure { place: place.to_owned(), sealed: sealed.to_owned(), derived }
    }

    #[test]
    fn words_columns_and_keys_may_change_but_no_figure() {
        let csv = |now: &str| other_figure("a.csv", b"account,total,why\nMA_1,12.50,old words\n", now.as_bytes());
        assert_eq!(csv("account,why,more,total\nMA_1,new words,9,12.5\n"), None);
        assert_eq!(
            csv("account,total,why\nMA_1,12.51,old words\n"),
            Some(found("line 2, column total", "12.50", Some("12.51")))
        );
        assert_eq!(csv("account,why\nMA_1,old words\n"), Some(found("line 2, column total", "12.50", None)));
        assert_eq!(csv("account,total,why\n"), Some(found("rows", "1", Some("0"))));
        assert_eq!(
            csv("account,total,why\nMA_2,12.50,x\n"),
            Some(found("line 2, column account", "MA_1", Some("MA_2")))
        );
        assert_eq!(
            csv("account,total,why\nMA_1,-12.50,old words\n"),
            Some(found("line 2, column total", "12.50", Some("-12.50")))
        );
        let json =
            |now: &str| other_figure("a.json", br#"{"a":[{"total":"1.00","word":"x y"}],"n":3}"#, now.as_bytes());
        assert_eq!(json(r#"{"new":1,"a":[{"total":"1","word":"y z","more":"2"}],"n":3}"#), None);
        assert_eq!(
            json(r#"{"a":[{"total":"1.01","word":"x y"}],"n":3}"#),
            Some(found("a[0].total", "1.00", Some("1.01")))
        );
        assert_eq!(json(r#"{"a":[],"n":3}"#), Some(found("a: items", "1", Some("0"))));
        assert_eq!(json(r#"{"a":[{"total":"1.00"}]}"#), Some(found("n", "3", None)));
        assert!(json("{").is_some());
        assert_eq!(other_figure("a.html", b"1", b"2"), None);
    }
}
