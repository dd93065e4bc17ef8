//! Scenario files: a world, its flaws, the weather, and what a right close makes of it. Text in, a checked plan out.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use chrono_tz::Tz;
use serde::{Deserialize, Deserializer};
use thiserror::Error;

use super::weather::WeatherPlan;
use crate::domain::{Amount, Class, Currency, Period, Side};

/// The most customers a world may have.
const CUSTOMERS_MAX: usize = 20_000;

/// The most entries a side may have.
const ENTRIES_MAX: usize = 2_000_000;

/// The words a close may end with.
const VERDICTS: [&str; 4] = ["tied-out", "tied-out-with-timing", "breaks", "incomplete"];

/// One scenario, as its file says it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// A short name.
    pub name: String,
    /// What it shows, for a person.
    pub prose: String,
    /// Decides everything that the plans leave open.
    pub seed: u64,
    /// The books before anything went wrong.
    #[serde(default)]
    pub world: WorldPlan,
    /// The settings to close it with.
    #[serde(default)]
    pub close: CloseSettings,
    /// What is wrong with the books.
    #[serde(default)]
    pub flaws: Vec<FlawPlan>,
    /// What is wrong with the line.
    #[serde(default)]
    pub weather: WeatherPlan,
    /// What a right close must say.
    pub expected: Expected,
}

/// The books before anything went wrong.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorldPlan {
    /// The month to close.
    pub period: Period,
    /// The partner's zone.
    pub timezone: Tz,
    /// The last day on which anything exists.
    #[serde(deserialize_with = "day")]
    pub today: NaiveDate,
    /// Customers; some have no entry.
    pub customers: usize,
    /// Entries in all customers' ledgers together, about.
    pub entries: usize,
    /// The customers' currencies in turn; the first is the partner's own.
    pub currencies: Vec<Currency>,
    /// Whether the master carries the partner's own rows.
    pub own_rows: bool,
    /// Whether `/transactions` answers.
    pub global_ledger: GlobalLedger,
    /// The largest ledger page served; more is refused with 422.
    pub per_page_max: u64,
    /// Rows of any page at most, whatever is asked for; the page says so itself. The documented sizes when left open.
    pub rows_per_page: Option<u64>,
    /// The order of ledger lists.
    pub order: Order,
    /// Which entries a summary's totals count.
    pub totals: Totals,
    /// The kind of customers' names.
    pub names: Names,
    /// Whether the month itself has no entry.
    pub empty_month: bool,
    /// Unsettled entries in the month; one in a thousand entries when left open.
    pub unsettled: Option<usize>,
    /// Whether every wallet began empty, with a top-up that stands in the books: then a walk from inception proves it.
    pub founded: bool,
}

impl Default for WorldPlan {
    fn default() -> Self {
        Self {
            period: march(),
            timezone: Tz::Asia__Kolkata,
            today: march().day_after().succ_opt().unwrap_or_default(),
            customers: 6,
            entries: 400,
            currencies: rupees(),
            own_rows: true,
            global_ledger: GlobalLedger::Open,
            per_page_max: 200,
            rows_per_page: None,
            order: Order::Descending,
            totals: Totals::Settled,
            names: Names::Plain,
            empty_month: false,
            unsettled: None,
            founded: false,
        }
    }
}

/// The period that scenarios close when they name none.
#[expect(clippy::expect_used, reason = "a constant that every test reads")]
fn march() -> Period {
    "2026-03".parse().expect("2026-03 is a period")
}

/// The currency of scenarios that name none.
#[expect(clippy::expect_used, reason = "a constant that every test reads")]
fn rupees() -> Vec<Currency> {
    vec!["INR".parse().expect("INR is a currency code")]
}

/// Whether the global ledger answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlobalLedger {
    /// It does.
    Open,
    /// 403: not for this partner.
    Forbidden,
    /// 404: no such thing.
    Absent,
}

/// The order of ledger lists, by `created_at`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Order {
    /// Newest first, as every documented example is.
    Descending,
    /// Oldest first.
    Ascending,
}

/// Which entries a summary's totals count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Totals {
    /// Completed ones only.
    Settled,
    /// All of them.
    All,
}

/// The kind of customers' names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Names {
    /// Names of firms.
    Plain,
    /// Names that trip over spreadsheets, pages and paths.
    Nasty,
}

/// The settings to close a scenario with.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CloseSettings {
    /// The difference that matching lets pass, 0 by default.
    pub tolerance: Amount,
    /// What the settings say of the global ledger.
    pub global_ledger: GlobalLedgerClaim,
    /// Whether the ledgers are walked from the first entry ever.
    pub from_inception: bool,
}

/// What the settings say of the global ledger.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GlobalLedgerClaim {
    /// There is one; without it the close is incomplete.
    #[default]
    Expected,
    /// This partner has none.
    None,
}

/// One kind of flaw to plant.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlawPlan {
    /// The break that each of them must be reported as.
    pub class: Class,
    /// How many, 1 by default.
    #[serde(default = "one")]
    pub count: usize,
    /// The customer, by auth id or name; any when left open.
    pub account: Option<String>,
    /// The book that is changed, where the class leaves a choice.
    #[serde(default, deserialize_with = "side")]
    pub side: Option<Side>,
    /// The status that a missing ledger answers with: 403, 404 (the default) or 500.
    pub status: Option<u16>,
}

const fn one() -> usize {
    1
}

/// What a right close must say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expected {
    /// `tied-out`, `tied-out-with-timing`, `breaks` or `incomplete`.
    pub verdict: String,
    /// How many breaks of each class, notices included.
    #[serde(default)]
    pub breaks: BTreeMap<Class, usize>,
}

/// Why a scenario cannot be read or built.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ScenarioError {
    /// The text is no scenario.
    #[error("line {line}, column {column}: {reason}")]
    Unreadable {
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What the reader says.
        reason: String,
    },
    /// A value that no world can have.
    #[error("{field}: found {seen}, expected {expected}")]
    OutOfRange {
        /// The field's path in the file.
        field: &'static str,
        /// What stands there.
        seen: String,
        /// What may stand there.
        expected: String,
    },
    /// A class of breaks that one month's books cannot hold.
    #[error("flaw {0}: cannot be planted")]
    CannotBePlanted(Class),
    /// The world has no place for a flaw.
    #[error("flaw {class}: found no place, expected {expected}")]
    NoPlace {
        /// The flaw.
        class: Class,
        /// What it needs.
        expected: &'static str,
    },
}

impl Scenario {
    /// Reads a scenario.
    ///
    /// # Errors
    /// When the text is no TOML, names an unknown field, or asks for a world that cannot be.
    pub fn read(toml: &str) -> Result<Self, ScenarioError> {
        let scenario: Self = toml::from_str(toml).map_err(|refused| unreadable(toml, &refused))?;
        scenario.check()?;
        Ok(scenario)
    }

    fn check(&self) -> Result<(), ScenarioError> {
        let world = &self.world;
        let within = |field, seen: usize, max: usize| refuse(seen > max, field, &seen, &format!("at most {max}"));
        within("world.customers", world.customers, CUSTOMERS_MAX)?;
        within("world.entries", world.entries, ENTRIES_MAX)?;
        refuse(world.currencies.is_empty(), "world.currencies", &"none", "at least one")?;
        let pages = [100, 200];
        refuse(!pages.contains(&world.per_page_max), "world.per_page_max", &world.per_page_max, "100 or 200")?;
        refuse(world.rows_per_page == Some(0), "world.rows_per_page", &0, "at least 1")?;
        let over = world.period.day_after();
        refuse(world.today < over, "world.today", &world.today, &format!("{over} or later"))?;
        refuse(self.close.tolerance.is_negative(), "close.tolerance", &self.close.tolerance, "0 or more")?;
        let shares = self.weather.share();
        refuse(shares > 1000, "weather", &format!("shares of {shares} per mille"), "1000 per mille at most")?;
        let [least, most] = self.weather.latency_ms;
        refuse(least > most, "weather.latency_ms", &format!("{least} to {most}"), "the least, then the most")?;
        let verdict = &self.expected.verdict;
        refuse(!VERDICTS.contains(&verdict.as_str()), "expected.verdict", verdict, &VERDICTS.join(", "))?;
        self.flaws.iter().filter_map(|flaw| flaw.status).try_for_each(|status| {
            refuse(!matches!(status, 403 | 404 | 500), "flaws.status", &status, "403, 404 or 500")
        })
    }
}

fn refuse(wrong: bool, field: &'static str, seen: &dyn std::fmt::Display, expected: &str) -> Result<(), ScenarioError> {
    if wrong {
        return Err(ScenarioError::OutOfRange { field, seen: seen.to_string(), expected: expected.to_owned() });
    }
    Ok(())
}

fn unreadable(toml: &str, refused: &toml::de::Error) -> ScenarioError {
    let before = refused.span().and_then(|span| toml.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().map_or(0, |text| text.chars().count()) + 1;
    ScenarioError::Unreadable { line, column, reason: refused.message().replace('\n', "; ") }
}

fn day<'de, D: Deserializer<'de>>(deserializer: D) -> Result<NaiveDate, D::Error> {
    let text = String::deserialize(deserializer)?;
    let refused = |_error| serde::de::Error::custom(format!("{text:?} is not a day (as in `2026-04-02`)"));
    NaiveDate::parse_from_str(&text, "%Y-%m-%d").map_err(refused)
}

fn side<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Side>, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "master" => Ok(Some(Side::Master)),
        "customer" => Ok(Some(Side::Customer)),
        other => Err(serde::de::Error::custom(format!("{other:?} is not a side (`master` or `customer`)"))),
    }
}
