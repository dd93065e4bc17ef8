//! Accounts that settings and rate card name and the partner's list does not hold, each with file, line and column.

use std::path::Path;

use super::{Checked, Problem, RateCard, Settings, read_text};
use crate::domain::TomlText;
use crate::invoice::{NamedAt, TermsFile, Unmatched, unmatched};

impl Checked {
    /// Whether the terms name any account at all, so that the list is worth asking for.
    #[must_use]
    pub fn names_accounts(&self) -> bool {
        !self.unmatched_of(std::iter::empty()).is_empty()
    }

    /// What the terms say of accounts that are not among those listed: doubtful, or refused where the settings are strict
    /// and the list is whole.
    #[must_use]
    pub fn unmatched<'a>(&self, listed: impl Iterator<Item = &'a str>, is_whole: bool) -> Vec<Problem> {
        let texts = [self.text_of(TermsFile::RateCard), self.text_of(TermsFile::Settings)];
        let problems = |it: &Unmatched| {
            let of_place = |at: &NamedAt| {
                let [card, settings] = &texts;
                let (file, text) = match at.file {
                    TermsFile::RateCard => card,
                    TermsFile::Settings => settings,
                }
                .as_ref()?;
                Some(self.problem(it, at, file, text, is_whole))
            };
            it.places.iter().filter_map(of_place).collect::<Vec<_>>()
        };
        self.unmatched_of(listed).iter().flat_map(problems).collect()
    }

    fn problem(&self, it: &Unmatched, at: &NamedAt, file: &Path, text: &str, is_whole: bool) -> Problem {
        let path: Vec<&str> = at.path.iter().map(String::as_str).collect();
        let place = TomlText::whole(text).place_of_key(&path);
        let part = if is_whole { "" } else { " (which did not come whole)" };
        let refused = self.settings.strict && is_whole;
        let hint = if refused {
            "`strict = false` lets a close go on with what names nobody"
        } else {
            "what names nobody does nothing; `strict = true` in the settings refuses it"
        };
        Problem {
            file: Some(file.to_owned()),
            place: Some(place),
            line: format!("{}, {place}: {at}: {}{part}", file.display(), it.told()),
            hint: Some(hint.to_owned()),
            refused,
        }
    }

    fn unmatched_of<'a>(&self, listed: impl Iterator<Item = &'a str>) -> Vec<Unmatched> {
        let Settings { invoice, export, .. } = &self.settings;
        let card: RateCard = self.settings.rate_card().unwrap_or_default();
        unmatched((&card, invoice, export), listed)
    }

    /// A file of the terms and its text, where there is one.
    fn text_of(&self, file: TermsFile) -> Option<(&Path, String)> {
        let path = match file {
            TermsFile::RateCard => self.card.as_deref(),
            TermsFile::Settings => self.file.as_deref(),
        }?;
        Some((path, read_text(path, false).ok()??))
    }
}
