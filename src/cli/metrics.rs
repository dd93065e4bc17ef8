//! What a run came to, in Prometheus' text format, for the collector that reads it from a file.
//!
//! Takes events in while the run goes on, writes one file at its end, whatever the end: a job that failed is the one that
//! somebody must hear of. Whole numbers and decimal text only. What is not known is not there.

use std::fmt::{Display, Write as _};
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::args::Command;
use super::exit::{Exit, Failure};
use crate::disk;
use crate::domain::{Class, Severity, Verdict, on_a_line};
use crate::watch::{Close, Event, Watch};

/// How every file of metrics begins.
const BEGINNING: &[u8] = b"# HELP tieout_";

/// The verdicts, each a severity that stands for it.
const VERDICTS: [Severity; 4] = [Severity::None, Severity::Timing, Severity::Break, Severity::Incomplete];

/// What there is to tell of a run.
#[derive(Debug)]
pub struct Metrics {
    command: &'static str,
    file: Option<PathBuf>,
    seen: Mutex<Seen>,
}

/// What the events have said.
#[derive(Clone, Debug, Default)]
struct Seen {
    fetch: Option<Fetch>,
    close: Option<Close>,
}

/// What a fetch took.
#[derive(Clone, Copy, Debug)]
struct Fetch {
    requests: u64,
    retries: u64,
    requests_needed: u64,
    efficiency_per_mille: Option<u64>,
}

/// How a run ended.
#[derive(Clone, Copy, Debug)]
pub struct Ended {
    /// The exit.
    pub exit: Exit,
    /// How long the run took.
    pub took: Duration,
    /// The moment of its end, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
}

impl Metrics {
    /// Takes note of a run of a command.
    #[must_use]
    pub fn of(command: &'static str, file: Option<PathBuf>) -> Self {
        Self { command, file, seen: Mutex::default() }
    }

    /// The same, as the arguments ask for it.
    pub(super) fn asked_for(command: &Command) -> Self {
        let (name, file) = match command {
            Command::Close(args) => ("close", args.month.metrics.clone()),
            Command::Fetch(args) => ("fetch", args.metrics.clone()),
            Command::Sync(args) => ("sync", args.metrics.clone()),
            Command::Recheck(args) => ("recheck", args.metrics.clone()),
            Command::Settle(args) => ("settle", args.metrics.clone()),
            Command::Draft(_) => ("draft", None),
            Command::Demo(_) => ("demo", None),
            Command::Verify(_) => ("verify", None),
            Command::Explain(_) => ("explain", None),
            Command::Breaks(_) => ("breaks", None),
            Command::Runs(_) => ("runs", None),
            Command::Pack(_) => ("pack", None),
            Command::Archive(_) => ("archive", None),
            Command::Simulate(_) => ("simulate", None),
            Command::Init(_) => ("init", None),
            Command::Check(_) => ("check", None),
            Command::Completions(_) => ("completions", None),
            Command::Manual => ("manual", None),
        };
        Self::of(name, file)
    }

    /// The command that runs.
    pub(super) const fn command(&self) -> &'static str {
        self.command
    }

    /// Refuses a file that could not be written at the end, before anybody is asked for anything.
    pub(super) fn refuse_unwritable(&self) -> Result<(), Failure> {
        let Some(file) = &self.file else { return Ok(()) };
        let place = disk::followed(file);
        let fits = disk::folder_of(&place).is_dir() && !place.is_dir() && place.file_name().is_some();
        let refused = || anyhow::anyhow!("--metrics {}: not a file in a folder that is there", file.display());
        let hint = || Some("the file is written when the run ends; its folder must be there before".to_owned());
        if !fits {
            return Err(Failure::new(Exit::Usage, refused(), hint()));
        }
        // Neither the books nor anything else of value is replaced by a slip of the pen.
        if disk::is_empty_or_begins(&place, BEGINNING) {
            return Ok(());
        }
        let refused = anyhow::anyhow!("--metrics {}: holds something else than metrics of tieout", file.display());
        Err(Failure::new(Exit::Usage, refused, Some("name another file, or move this one away".to_owned())))
    }

    /// Writes the file whole or not at all, where one is asked for; a device or a pipe is written through.
    pub(super) fn write(&self, ended: &Ended) -> Result<(), String> {
        let Some(file) = &self.file else { return Ok(()) };
        let refused = |error: io::Error| format!("--metrics {}: cannot be written: {error}", file.display());
        disk::write(file, self.text(ended).as_bytes()).map_err(refused)
    }

    /// The file's text.
    #[must_use]
    pub fn text(&self, ended: &Ended) -> String {
        let Seen { fetch, close } = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let mut page = Page(String::new());
        let build = Labels::of(&[("version", env!("CARGO_PKG_VERSION")), ("command", self.command)]);
        page.gauge("run_info", "What ran: always 1", &[(build, 1_u64)]);
        page.one("exit_code", "How the last run ended: see the exit codes in --help", ended.exit.code());
        page.one("end_timestamp_seconds", "When the last run ended, since 1970-01-01 UTC", thousandths(ended.at_ms));
        let took_ms = i64::try_from(ended.took.as_millis()).unwrap_or(i64::MAX);
        page.one("duration_seconds", "How long the last run took", thousandths(took_ms));
        if let Some(fetch) = fetch {
            page.one("requests", "Requests sent, retries included", fetch.requests);
            page.one("retries", "Retries among the requests", fetch.retries);
            page.one("requests_needed", "Pages received, each once", fetch.requests_needed);
            if let Some(per_mille) = fetch.efficiency_per_mille.and_then(|it| i64::try_from(it).ok()) {
                let help = "Share of the allowed request rate that was of use: (needed / rate) / time of the fetch";
                page.one("efficiency_ratio", help, thousandths(per_mille));
            }
        }
        let word = close.as_ref().map(|close| close.verdict.word());
        let verdicts = VERDICTS.map(|severity| Verdict(severity).word());
        let verdicts = verdicts.map(|it| (Labels::of(&[("verdict", it)]), u64::from(word == Some(it))));
        page.gauge("verdict", "1 for what the sealed books came to; 0 for all where no run was sealed", &verdicts);
        if let Some(close) = close {
            page.close(&close);
        }
        page.0
    }
}

impl Watch for Metrics {
    fn saw(&self, event: Event) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if let Event::FetchEnded { requests, retries, requests_needed, efficiency_per_mille } = event {
            seen.fetch = Some(Fetch { requests, retries, requests_needed, efficiency_per_mille });
        } else if let Event::Sealed(close) = event {
            seen.close = Some(close);
        }
    }
}

/// The text, metric by metric.
struct Page(String);

impl Page {
    fn close(&mut self, close: &Close) {
        let sides = [("master", close.master_entries), ("customers", close.customer_entries)];
        let sides = sides.map(|(side, entries)| (Labels::of(&[("side", side)]), entries));
        self.gauge("entries", "Entries read, those in the days around the month included", &sides);
        let class = |class: &Class| {
            let labels = Labels::of(&[("class", class.slug()), ("severity", class.severity().word())]);
            (labels, close.breaks.get(class).copied().unwrap_or(0))
        };
        let classes: Vec<(Labels, usize)> = Class::ALL.iter().map(class).collect();
        self.gauge("breaks", "Breaks, by class", &classes);
        self.one("invoices", "Invoices", close.invoices);
        self.one("held", "Customers with something to bill who are not billed", close.held);
    }

    fn one(&mut self, name: &str, help: &str, value: impl Display) {
        self.gauge(name, help, &[(Labels::of(&[]), value)]);
    }

    /// Every metric is a gauge: a file tells of the last run alone, and nothing in it only ever grows.
    fn gauge(&mut self, name: &str, help: &str, values: &[(Labels, impl Display)]) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.0, "# HELP tieout_{name} {help}\n# TYPE tieout_{name} gauge");
        for (Labels(labels), value) in values {
            let _ = writeln!(self.0, "tieout_{name}{labels} {value}");
        }
    }
}

/// The labels of a value, in their brackets.
struct Labels(String);

impl Labels {
    /// Values as the format has them, on one line and with nothing hidden, whoever wrote them.
    fn of(labels: &[(&str, &str)]) -> Self {
        let quoted = |text: &str| on_a_line(text).replace('\\', "\\\\").replace('"', "\\\"");
        let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}=\"{}\"", quoted(value))).collect();
        Self(if pairs.is_empty() { String::new() } else { format!("{{{}}}", pairs.join(",")) })
    }
}

/// Thousandths as decimal text.
fn thousandths(number: i64) -> String {
    let (sign, size) = (if number < 0 { "-" } else { "" }, number.unsigned_abs());
    format!("{sign}{}.{:03}", size / 1000, size % 1000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::is_blank;

    #[test]
    fn a_label_is_one_line_whatever_it_says() {
        let all: String = (char::MIN..=char::MAX).filter(|c| is_blank(*c)).collect();
        let Labels(labels) = Labels::of(&[("name", &format!("a\"}} 1\n\\{all}"))]);
        assert!(labels.starts_with("{name=\"a\\\"} 1\\\\u{a}\\\\"), "{}", &labels[..40]);
        assert!(labels.ends_with("\"}") && !labels.chars().any(|c| c != ' ' && is_blank(c)));
    }
}
