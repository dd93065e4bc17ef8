//! Texts in TOML that a person wrote: everything that is wrong with one at once, each fault with its place, and the place
//! of any key that turns out to be wrong later.
//!
//! Takes a text in, gives what it says as far as it can be read, and the faults. Never opens a file.

use std::ops::Range;

use serde::Deserialize;
use toml::Spanned;
use toml::de::{DeArray, DeTable, DeValue, Deserializer};

use super::place::Place;

/// Faults looked for in one text, at most.
const FAULTS_MAX: usize = 100;

/// A text that was read, as far as it can be.
pub struct TomlText<'a> {
    text: &'a str,
    /// What the text says, without what was at fault.
    table: DeTable<'a>,
    lists_whole: bool,
}

/// One thing that is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextFault {
    /// Where.
    pub place: Place,
    /// What is wrong.
    pub message: String,
}

impl<'a> TomlText<'a> {
    /// Reads a text as a `T`. Each value that cannot be right is set aside, so that those behind it are judged, too: what is
    /// given back is what the rest of the text says (a default, where there is no rest), and the faults in order of place.
    #[must_use]
    pub fn read<T: Deserialize<'a> + Default>(text: &'a str) -> (Self, T, Vec<TextFault>) {
        let fault = |refused: &toml::de::Error| TextFault {
            place: Place::of(text, refused.span().map_or(0, |span| span.start)),
            message: refused.message().to_owned(),
        };
        let (table, refused) = DeTable::parse_recoverable(text);
        let mut faults: Vec<TextFault> = refused.iter().map(fault).collect();
        let span = table.span();
        let mut table = table.into_inner();
        let mut value = None;
        let mut aside = Aside::default();
        // Behind a fault of grammar nobody knows what was meant.
        while refused.is_empty() && value.is_none() && faults.len() < FAULTS_MAX {
            match T::deserialize(Deserializer::from(Spanned::new(span.clone(), table.clone()))) {
                Ok(read) => value = Some(read),
                Err(refused) => {
                    // A key that was set aside is lacking because of that.
                    let lacking = aside.keys.iter().any(|key| refused.message() == format!("missing field `{key}`"));
                    faults.extend((!lacking).then(|| fault(&refused)));
                    if !refused.span().is_some_and(|span| aside.set(&mut table, &span)) {
                        break;
                    }
                }
            }
        }
        faults.sort_by_key(|fault| fault.place);
        (Self { text, table, lists_whole: !aside.items }, value.unwrap_or_default(), faults)
    }

    /// A text as it stands, with nothing set aside: for the places of keys that are at fault.
    #[must_use]
    pub fn whole(text: &'a str) -> Self {
        Self { text, table: DeTable::parse_recoverable(text).0.into_inner(), lists_whole: true }
    }

    /// Whether no item of a list was set aside, so that its items can be counted.
    #[must_use]
    pub const fn lists_are_whole(&self) -> bool {
        self.lists_whole
    }

    /// Where a key stands: `["markup", "classes", "call"]`, items of a list by their number from 0. Where it is not
    /// written, the place of what would hold it.
    #[must_use]
    pub fn place_of_key(&self, path: &[&str]) -> Place {
        Place::of(self.text, self.find(path).0.start)
    }

    /// The same for the value of the key.
    #[must_use]
    pub fn place_of_value(&self, path: &[&str]) -> Place {
        Place::of(self.text, self.find(path).1.start)
    }

    /// Where the last step that is written has its key and its value.
    fn find(&self, path: &[&str]) -> (Range<usize>, Range<usize>) {
        let mut found = (0..0, 0..0);
        let Some((first, rest)) = path.split_first() else { return found };
        let Some((key, mut value)) = self.table.get_key_value(*first) else { return found };
        found = (key.span(), value.span());
        for step in rest {
            let next = match value.get_ref() {
                DeValue::Table(table) => table.get_key_value(*step).map(|(key, value)| (key.span(), value)),
                DeValue::Array(items) => {
                    let item = step.parse().ok().and_then(|at: usize| items.get(at));
                    item.map(|item| (item.span(), item))
                }
                DeValue::String(_)
                | DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Datetime(_) => None,
            };
            let Some((key, inner)) = next else { break };
            value = inner;
            found = (key, value.span());
        }
        found
    }
}

/// What was set aside.
#[derive(Default)]
struct Aside {
    /// The names of keys.
    keys: Vec<String>,
    /// Whether items of lists were.
    items: bool,
}

impl Aside {
    /// Takes the innermost key or value at a place out of a table, or the item of a list that it stands in: what the rest
    /// of an item would mean nobody knows. Says whether there was one.
    fn set(&mut self, table: &mut DeTable<'_>, span: &Range<usize>) -> bool {
        if table.iter_mut().any(|(_key, value)| self.set_within(value.get_mut(), span)) {
            return true;
        }
        let found = table.iter().find(|(key, value)| key.span() == *span || holds(value, span));
        let Some(key) = found.map(|(key, _)| key.get_ref().clone().into_owned()) else { return false };
        table.remove(key.as_str());
        self.keys.push(key);
        true
    }

    fn set_within(&mut self, value: &mut DeValue<'_>, span: &Range<usize>) -> bool {
        match value {
            DeValue::Table(table) => self.set(table, span),
            DeValue::Array(items) => {
                let mut found = None;
                for (at, item) in items.iter_mut().enumerate() {
                    if found.is_none() && (self.set_within(item.get_mut(), span) || holds(item, span)) {
                        found = Some(at);
                    }
                }
                let Some(found) = found else { return false };
                let all = std::mem::replace(items, DeArray::new()).into_iter().enumerate();
                *items = all.filter(|(at, _)| *at != found).map(|(_, item)| item).collect();
                self.items = true;
                true
            }
            DeValue::String(_)
            | DeValue::Integer(_)
            | DeValue::Float(_)
            | DeValue::Boolean(_)
            | DeValue::Datetime(_) => false,
        }
    }
}

fn holds(value: &Spanned<DeValue<'_>>, span: &Range<usize>) -> bool {
    value.span().start <= span.start && span.end <= value.span().end
}
