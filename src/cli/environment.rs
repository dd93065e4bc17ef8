//! What the surroundings say, read once: environment, clock, terminal.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::fetch::Secret;

/// What the surroundings say. A variable that is empty counts as not set.
#[derive(Clone, Debug)]
pub struct Environment {
    /// `VOBIZ_AUTH_ID`.
    pub auth_id: Option<String>,
    /// `VOBIZ_AUTH_TOKEN`.
    pub auth_token: Option<Secret>,
    /// `TIEOUT_BASE_URL`.
    pub base_url: Option<String>,
    /// Whether colour is wanted on stderr: it is a terminal, and `NO_COLOR` is not set.
    pub colour: bool,
    /// Whether stderr is a terminal that can redraw a line.
    pub terminal: bool,
    /// Whether somebody can be asked: stdin and stderr are terminals, and nobody wants it quiet.
    pub asks: bool,
    /// The moment the program began.
    pub now: DateTime<Utc>,
    /// The same moment on the clock that nobody sets.
    began: Instant,
}

impl Environment {
    /// Reads the surroundings.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is the one place where environment and clock are read")]
    pub fn read() -> Self {
        // What is not Unicode becomes a text that every check refuses, and is not silently absent.
        let value = |name| std::env::var_os(name).map(|text| text.to_string_lossy().into_owned());
        let set = |name| value(name).filter(|text| !text.is_empty());
        let stderr_is_terminal = std::io::stderr().is_terminal();
        Self {
            auth_id: set("VOBIZ_AUTH_ID"),
            auth_token: set("VOBIZ_AUTH_TOKEN").map(Secret::new),
            base_url: set("TIEOUT_BASE_URL"),
            colour: stderr_is_terminal && set("NO_COLOR").is_none(),
            terminal: stderr_is_terminal && set("TERM").is_none_or(|term| term != "dumb"),
            asks: stderr_is_terminal && std::io::stdin().is_terminal(),
            now: Utc::now(),
            began: Instant::now(),
        }
    }

    /// How long the program has been at work, and the moment that makes it now, in milliseconds since 1970-01-01 UTC.
    #[must_use]
    pub fn so_far(&self) -> (Duration, i64) {
        let took = self.began.elapsed();
        (took, self.now.timestamp_millis().saturating_add(i64::try_from(took.as_millis()).unwrap_or(i64::MAX)))
    }

    /// Today in a zone.
    #[must_use]
    pub fn today(&self, zone: Tz) -> NaiveDate {
        self.now.with_timezone(&zone).date_naive()
    }
}
