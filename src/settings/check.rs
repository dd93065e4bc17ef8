//! Everything that is wrong or doubtful about the settings and the rate card that they name: all of it at once, each with
//! file, line and column.
//!
//! Refuses exactly what a close refuses of them. A doubt is legal and hardly meant: it refuses nothing.

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};

use super::{RATE_CARD_FILE, SETTINGS_FILE, Settings, SettingsError, read_text};
use crate::domain::{Amount, Place, TextFault, TomlText};
use crate::invoice::{RateCard, RateCardError};
use crate::normalise::{Rule, Rules};

/// A tolerance from which on real differences pass unseen: one unit of a currency, at the ledger's 10⁻⁸.
const TOLERANCE_DOUBTED: i128 = 100_000_000;

/// What was looked at, and what came of it.
#[derive(Debug)]
pub struct Checked {
    /// The settings, as far as they can be read.
    pub settings: Settings,
    /// The file they come from, where there is one.
    pub file: Option<PathBuf>,
    /// The rate card's file, where there is one.
    pub card: Option<PathBuf>,
    /// What is wrong and what is doubtful: the settings first, then the rate card, each in order of place.
    pub problems: Vec<Problem>,
}

/// Something that is wrong, or doubtful.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file it stands in, where it stands in one.
    pub file: Option<PathBuf>,
    /// The place in the file, where it has one.
    pub place: Option<Place>,
    /// What it is, with file and place.
    pub line: String,
    /// What can be done about it.
    pub hint: Option<String>,
    /// Whether a close refuses it.
    pub refused: bool,
}

/// Looks at the settings named (else at `tieout.toml` in the current folder, where there is one), and at what they name;
/// `now` tells whether rates have begun.
#[must_use]
pub fn check(named: Option<&Path>, now: DateTime<Utc>) -> Checked {
    let file = named.unwrap_or(Path::new(SETTINGS_FILE));
    let mut problems = Vec::new();
    let mut checked = match read_text(file, named.is_some()) {
        Ok(Some(text)) => {
            let (settings, faults) = Settings::parse_all(&text, file);
            problems.extend(faults.iter().map(of_settings));
            problems.extend(doubts(&text, &settings, now).into_iter().map(|doubt| doubtful(file, doubt)));
            Checked { settings, file: Some(file.to_owned()), card: None, problems: Vec::new() }
        }
        Ok(None) => {
            problems.push(Problem {
                file: None,
                place: None,
                line: format!("no {SETTINGS_FILE} in this folder: the defaults hold"),
                hint: Some("`tieout init` writes one; `--config` names another".to_owned()),
                refused: false,
            });
            Checked { settings: Settings::default(), file: None, card: None, problems: Vec::new() }
        }
        Err(refused) => {
            problems.push(of_settings(&refused));
            Checked { settings: Settings::default(), file: Some(file.to_owned()), card: None, problems: Vec::new() }
        }
    };
    problems.sort_by_key(|problem| problem.place);
    let (card, of_card) = check_card(&checked.settings);
    problems.extend(of_card);
    checked.card = card;
    checked.problems = problems;
    checked
}

/// What the text of the settings says that is hardly meant.
fn doubts(text: &str, settings: &Settings, now: DateTime<Utc>) -> Vec<TextFault> {
    let (text, _, _) = TomlText::read::<Settings>(text);
    let mut found = Vec::new();
    let rules: &[Rule] = if text.lists_are_whole() { &settings.classify } else { &[] };
    for (index, rule) in rules.iter().enumerate() {
        let place = text.place_of_key(&["classify", &index.to_string()]);
        let number = index + 1;
        if rule.has_empty_condition() {
            let message = format!("classify, rule {number}: an empty text is part of every text, and asks for nothing");
            found.push(TextFault { place, message });
        }
        let before = rules.iter().take(index).position(|before| before.leaves_nothing_to(rule));
        if let Some(before) = before {
            let message = format!(
                "classify, rule {number}: never names an entry, as rule {} takes every one that it could name",
                before + 1
            );
            found.push(TextFault { place, message });
        }
    }
    if settings.reconcile.tolerance >= Amount::from_units(TOLERANCE_DOUBTED) {
        let tolerance = settings.reconcile.tolerance;
        let message =
            format!("a tolerance of {tolerance}: entries may differ by that much, each, and no break tells it");
        found.push(TextFault { place: text.place_of_value(&["reconcile", "tolerance"]), message });
    }
    let today = now.with_timezone(&settings.partner.timezone).date_naive();
    let of_section = |section: &str, keys: &[&str], message: &str| {
        let path: Vec<&str> = std::iter::once(section).chain(keys.iter().copied()).collect();
        TextFault { place: text.place_of_value(&path), message: format!("{}: {message}", path.join(".")) }
    };
    for (keys, message) in settings.invoice.doubts(today, &Rules::new(&settings.classify).billable_classes()) {
        let keys: Vec<&str> = keys.iter().map(String::as_str).collect();
        found.push(of_section("invoice", &keys, &message));
    }
    found.extend(settings.export.doubts().iter().map(|(keys, message)| of_section("export", keys, message)));
    found
}

/// The rate card that a close would bill by, and its problems.
fn check_card(settings: &Settings) -> (Option<PathBuf>, Vec<Problem>) {
    let file = settings.rate_card.as_deref().unwrap_or(Path::new(RATE_CARD_FILE));
    match read_text(file, settings.rate_card.is_some()) {
        Ok(Some(text)) => {
            let (_, refused) = RateCard::read(&text);
            let problems = if refused.is_empty() {
                let classes = Rules::new(&settings.classify).billable_classes();
                RateCard::doubts(&text, &classes).into_iter().map(|doubt| doubtful(file, doubt)).collect()
            } else {
                let named = |refused| SettingsError::RateCard { file: file.to_owned(), refused };
                refused.into_iter().map(|refused| of_settings(&named(refused))).collect()
            };
            (Some(file.to_owned()), problems)
        }
        Ok(None) => {
            let line = format!("no {RATE_CARD_FILE} beside the settings: usage is billed at cost");
            let hint = Some("`tieout init` writes one; `rate_card` in the settings names another".to_owned());
            (None, vec![Problem { file: None, place: None, line, hint, refused: false }])
        }
        Err(refused) => (Some(file.to_owned()), vec![of_settings(&refused)]),
    }
}

fn of_settings(refused: &SettingsError) -> Problem {
    let place = match refused {
        SettingsError::Text { place, .. }
        | SettingsError::RuleWithoutCondition { place, .. }
        | SettingsError::RateCard {
            refused: RateCardError::Text { place, .. } | RateCardError::At { place, .. },
            ..
        } => Some(*place),
        SettingsError::Unreadable { .. } | SettingsError::RateCard { .. } => None,
    };
    let hint = Some(refused.hint().to_owned());
    Problem { file: Some(refused.file().to_owned()), place, line: refused.to_string(), hint, refused: true }
}

fn doubtful(file: &Path, TextFault { place, message }: TextFault) -> Problem {
    let line = format!("{}, {place}: {message}", file.display());
    Problem { file: Some(file.to_owned()), place: Some(place), line, hint: None, refused: false }
}
