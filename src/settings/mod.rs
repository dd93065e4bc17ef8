//! The settings (`tieout.toml`), the rate card they name, and the credentials: files and environment values in, checked
//! values out.
//!
//! Everything has a default, so an absent file is as good as an empty one; an unknown key or a value out of bounds is
//! refused with its place. `check` tells everything that is wrong with them, and what is doubtful; `beginning` writes the
//! first ones. Never reads the environment itself: `cli` hands it over. Never shows a secret.

mod base_url;
mod beginning;
mod check;
mod credentials;
mod templates;
mod unmatched;
mod values;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use serde::Deserialize;
use thiserror::Error;

use crate::domain::{Amount, Place, TextFault, TomlText};
use crate::invoice::{ExportTerms, InvoiceTerms, RateCard, RateCardError, RechargeTerms};
use crate::normalise::Rule;

pub use base_url::{BaseUrl, BaseUrlError};
pub use beginning::{Beginning, BeginningError, begin};
pub use check::{Checked, Problem, check};
pub use credentials::{CredentialsError, find_credentials};
pub use templates::{Answer, rate_card_text, settings_text};
pub use values::zone_named;

/// The settings file that is read where none is named.
pub const SETTINGS_FILE: &str = "tieout.toml";

/// The rate card that is read beside the settings where they name none.
pub const RATE_CARD_FILE: &str = "rate-card.toml";

/// All settings. Paths are relative to the folder of the file that they were read from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// The partner and its API.
    pub partner: PartnerSettings,
    /// How the API is walked.
    pub fetch: FetchSettings,
    /// How the books are compared.
    pub reconcile: ReconcileSettings,
    /// The rate card, where named.
    #[serde(deserialize_with = "values::file")]
    pub rate_card: Option<PathBuf>,
    /// The archive, where named; else it stands beside the run folder.
    #[serde(deserialize_with = "values::file")]
    pub archive: Option<PathBuf>,
    /// The folder that run folders go into.
    #[serde(deserialize_with = "values::folder")]
    pub reports: PathBuf,
    /// Whether a close refuses terms that name an account which the account list does not hold.
    pub strict: bool,
    /// Rules that name charge classes, tried in order and before the built-in ones.
    pub classify: Vec<Rule>,
    /// Tax and parties of the invoices.
    pub invoice: InvoiceTerms,
    /// Files for other programs, and how CSV files are written.
    pub export: ExportTerms,
    /// Whom the recharge check holds.
    pub recharge: RechargeTerms,
    /// Who may read what is written.
    pub files: FilesSettings,
}

/// Who may read what is written. Nobody but its owner, unless something else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesSettings {
    /// Whether the group of the files may read them, too.
    pub group_readable: bool,
}

/// The partner and its API.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PartnerSettings {
    /// The zone whose midnights bound a period.
    #[serde(deserialize_with = "values::zone")]
    pub timezone: Tz,
    /// Where the partner API is.
    pub base_url: BaseUrl,
    /// Whether the partner has a master ledger.
    pub global_ledger: GlobalLedger,
    /// A file with the credentials, for when the environment holds none.
    #[serde(deserialize_with = "values::file")]
    pub credentials_file: Option<PathBuf>,
}

/// Whether the partner has a master ledger to be tied out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlobalLedger {
    /// It has one; without it a close is incomplete.
    #[default]
    Expected,
    /// It has none, and its absence is no finding.
    None,
}

/// How the API is walked.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FetchSettings {
    /// Requests a second, at most: 1 to 1000.
    #[serde(deserialize_with = "values::within::<1, 1000, _>")]
    pub requests_per_second: u32,
    /// Requests under way at once, at most: 1 to 256.
    #[serde(deserialize_with = "values::within::<1, 256, _>")]
    pub concurrency: u32,
    /// Attempts at one request: 1 to 20.
    #[serde(deserialize_with = "values::within::<1, 20, _>")]
    pub attempts_max: u32,
    /// Answers "too many requests" (429) to one request, beside its attempts: 0 to 1000.
    #[serde(deserialize_with = "values::within::<0, 1000, _>")]
    pub throttles_max: u32,
    /// Seconds until an answer is given up: 1 to 600.
    #[serde(deserialize_with = "values::within::<1, 600, _>")]
    pub timeout_seconds: u32,
    /// Seconds that the partner may ask to be left alone for: 0 to 86,400.
    #[serde(deserialize_with = "values::within::<0, 86_400, _>")]
    pub retry_after_seconds_max: u32,
    /// Days walked before and after the period, so that no reading of the API's dates cuts into it: 1 to 15.
    #[serde(deserialize_with = "values::within::<1, 15, _>")]
    pub pad_days: u32,
    /// Walks of a list that shifts, at most: 1 to 10.
    #[serde(deserialize_with = "values::within::<1, 10, _>")]
    pub walks_max: u32,
    /// Rounds in which a wallet that moves is read around its newest entries, at most: 1 to 20.
    #[serde(deserialize_with = "values::within::<1, 20, _>")]
    pub wallet_rounds_max: u32,
    /// Customers, at most: 1 to 100,000,000.
    #[serde(deserialize_with = "values::within::<1, 100_000_000, _>")]
    pub accounts_max: u32,
    /// Pages of one list, at most: 1 to 100,000,000.
    #[serde(deserialize_with = "values::within::<1, 100_000_000, _>")]
    pub pages_max: u32,
    /// Pages of one list beyond those that its first one promises, at most: 0 to 100,000,000.
    #[serde(deserialize_with = "values::within::<0, 100_000_000, _>")]
    pub overrun_pages_max: u32,
    /// Rows of one page, at most: 200 to 1,000,000.
    #[serde(deserialize_with = "values::within::<200, 1_000_000, _>")]
    pub rows_max: u32,
    /// Mebibytes of one answer, unpacked, at most: 1 to 256, which is what the archive holds.
    #[serde(deserialize_with = "values::within::<1, 256, _>")]
    pub answer_mib_max: u32,
    /// Whether every ledger is walked from its first page to its last, also where its totals have not moved since an
    /// earlier fetch of the same window.
    pub full_walk: bool,
    /// Whether the entries that each of the partner's type filters selects are counted: four small requests a ledger.
    pub type_counts: bool,
    /// Whether every ledger is walked from the first entry ever, so that the wallets' openings are proved.
    pub from_inception: bool,
}

/// How the books are compared.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ReconcileSettings {
    /// What a matched pair may differ by; zero or more.
    #[serde(deserialize_with = "values::tolerance")]
    pub tolerance: Amount,
}

/// Why the settings cannot be used.
#[derive(Debug, Error)]
pub enum SettingsError {
    /// A file that cannot be read.
    #[error("{}: {refused}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        refused: io::Error,
    },
    /// Not TOML, an unknown key, or a value out of bounds.
    #[error("{}, {place}: {message}", .file.display())]
    Text {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// What is wrong.
        message: String,
    },
    /// A rule that would match every entry.
    #[error("{}, {place}: classify, rule {rule}: no condition, expected at least one beside the class", .file.display())]
    RuleWithoutCondition {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
        /// The rule, from 1.
        rule: usize,
    },
    /// A rate card that cannot be used.
    #[error("{}, {refused}", .file.display())]
    RateCard {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        refused: RateCardError,
    },
}

impl SettingsError {
    /// The file that cannot be used.
    #[must_use]
    pub fn file(&self) -> &Path {
        match self {
            Self::Unreadable { file, .. }
            | Self::Text { file, .. }
            | Self::RuleWithoutCondition { file, .. }
            | Self::RateCard { file, .. } => file,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => {
                "a path in the settings is relative to the settings file, an argument to the current folder"
            }
            Self::Text { .. } => "every setting has a default: what is not needed can be left out",
            Self::RuleWithoutCondition { .. } => {
                "conditions are direction, type, reference_prefix, description_prefix and description_contains"
            }
            Self::RateCard { refused, .. } => refused.hint(),
        }
    }
}

impl Settings {
    /// Reads the file named; without a name, `tieout.toml` in the current folder where there is one, else the defaults.
    ///
    /// # Errors
    /// When a file that was named cannot be read, or what is read cannot be used.
    pub fn read(named: Option<&Path>) -> Result<Self, SettingsError> {
        let file = named.unwrap_or(Path::new(SETTINGS_FILE));
        match read_text(file, named.is_some())? {
            Some(text) => Self::parse(&text, file),
            None => Ok(Self::default()),
        }
    }

    /// Reads settings from TOML; `file` is named in messages, and paths are relative to its folder.
    ///
    /// # Errors
    /// When the text is not TOML, holds an unknown key, a value out of bounds, or a rule without a condition.
    pub fn parse(text: &str, file: &Path) -> Result<Self, SettingsError> {
        let (settings, faults) = Self::parse_all(text, file);
        faults.into_iter().next().map_or(Ok(settings), Err)
    }

    /// The same, with everything that is wrong, in order of place. The settings are fit for use only where nothing is.
    #[must_use]
    pub fn parse_all(text: &str, file: &Path) -> (Self, Vec<SettingsError>) {
        let whole = TomlText::whole(text);
        let (text, mut settings, faults) = TomlText::read::<Self>(text);
        let named = |fault: TextFault| {
            let place = place_of(&whole, &fault);
            (place, SettingsError::Text { file: file.to_owned(), place, message: fault.message })
        };
        let mut faults: Vec<(Place, SettingsError)> = faults.into_iter().map(named).collect();
        let rules: &[Rule] = if text.lists_are_whole() { &settings.classify } else { &[] };
        for (index, _) in rules.iter().enumerate().filter(|(_, rule)| !rule.has_condition()) {
            let place = text.place_of_key(&["classify", &index.to_string()]);
            faults.push((place, SettingsError::RuleWithoutCondition { file: file.to_owned(), place, rule: index + 1 }));
        }
        faults.sort_by_key(|(place, _)| *place);
        settings.lead_from(file);
        (settings, faults.into_iter().map(|(_, fault)| fault).collect())
    }

    /// Makes the paths lead from the folder of the file, and finds the rate card beside it.
    fn lead_from(&mut self, file: &Path) {
        let folder = file.parent().unwrap_or(Path::new(""));
        self.reports = folder.join(&self.reports);
        for path in [&mut self.rate_card, &mut self.archive, &mut self.partner.credentials_file] {
            *path = path.take().map(|path| folder.join(path));
        }
        if self.rate_card.is_none() {
            self.rate_card = Some(folder.join(RATE_CARD_FILE)).filter(|card| card.is_file());
        }
    }

    /// The rate card: the one named, else `rate-card.toml` beside the settings, else one that bills at cost.
    ///
    /// # Errors
    /// When a card that is named cannot be read, or a card cannot be used.
    pub fn rate_card(&self) -> Result<RateCard, SettingsError> {
        let file = self.rate_card.as_deref().unwrap_or(Path::new(RATE_CARD_FILE));
        match read_text(file, self.rate_card.is_some())? {
            Some(text) => {
                RateCard::parse(&text).map_err(|refused| SettingsError::RateCard { file: file.to_owned(), refused })
            }
            None => Ok(RateCard::default()),
        }
    }
}

/// Where a fault stands. Those of a section that is judged as a whole begin with the key, as in `invoice.supplier.gstin: …`.
fn place_of(whole: &TomlText<'_>, fault: &TextFault) -> Place {
    let key = fault.message.split_once(": ").map(|(key, _)| key);
    let key = key.filter(|key| key.starts_with("invoice.") || key.starts_with("export."));
    key.map_or(fault.place, |key| whole.place_of_value(&key.split('.').collect::<Vec<_>>()))
}

/// The text of a file; nothing when it is absent and need not be there.
fn read_text(file: &Path, required: bool) -> Result<Option<String>, SettingsError> {
    match fs::read_to_string(file) {
        Ok(text) => Ok(Some(text)),
        Err(refused) if refused.kind() == io::ErrorKind::NotFound && !required => Ok(None),
        Err(refused) => Err(SettingsError::Unreadable { file: file.to_owned(), refused }),
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            partner: PartnerSettings::default(),
            fetch: FetchSettings::default(),
            reconcile: ReconcileSettings::default(),
            rate_card: None,
            archive: None,
            reports: PathBuf::from("reports"),
            strict: false,
            classify: Vec::new(),
            invoice: InvoiceTerms::default(),
            export: ExportTerms::default(),
            recharge: RechargeTerms::default(),
            files: FilesSettings::default(),
        }
    }
}

impl Default for PartnerSettings {
    fn default() -> Self {
        Self {
            timezone: chrono_tz::Asia::Kolkata,
            base_url: BaseUrl::default(),
            global_ledger: GlobalLedger::default(),
            credentials_file: None,
        }
    }
}

impl Default for FetchSettings {
    fn default() -> Self {
        Self {
            requests_per_second: 20,
            concurrency: 64,
            attempts_max: 6,
            throttles_max: 20,
            timeout_seconds: 30,
            retry_after_seconds_max: 120,
            pad_days: 2,
            walks_max: 3,
            wallet_rounds_max: 3,
            accounts_max: 1_000_000,
            pages_max: 100_000,
            overrun_pages_max: 100,
            rows_max: 10_000,
            answer_mib_max: 8,
            full_walk: false,
            type_counts: true,
            from_inception: false,
        }
    }
}
