//! What `init` asks somebody at a terminal: a question a line, each with the answer that Enter gives.

use std::convert::Infallible;
use std::fmt::Display;
use std::io::{self, BufRead, Write};

use anyhow::anyhow;
use chrono_tz::Tz;

use super::args::InitArgs;
use super::exit::{Exit, Failure};
use crate::domain::{Currency, on_a_line};
use crate::invoice::Percent;
use crate::settings::{Beginning, zone_named};

/// Answers to one question, at most.
const TRIES_MAX: u32 = 3;

/// What the arguments say, and what they leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asked {
    /// The zone whose midnights bound a month.
    pub timezone: Option<Tz>,
    /// The currency of fees and minimum.
    pub currency: Option<Currency>,
    /// What is charged above cost.
    pub markup: Option<Percent>,
    /// The name of whoever bills.
    pub supplier: Option<String>,
}

impl From<&InitArgs> for Asked {
    fn from(args: &InitArgs) -> Self {
        let InitArgs { timezone, currency, markup, supplier, .. } = args;
        Self { timezone: *timezone, currency: *currency, markup: *markup, supplier: supplier.clone() }
    }
}

impl Asked {
    /// What is open is as the defaults have it.
    #[must_use]
    pub fn or_default(self) -> Beginning {
        Beginning {
            timezone: self.timezone.unwrap_or(chrono_tz::Asia::Kolkata),
            currency: self.currency.unwrap_or(Currency::INR),
            markup: self.markup.unwrap_or_default(),
            supplier: self.supplier.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()),
        }
    }
}

/// Asks for what is open. Nothing but Enter, and the end of the input, mean the default.
///
/// # Errors
/// When an answer cannot be used three times over, or the terminal is gone.
pub fn interview(asked: Asked, input: &mut dyn BufRead, output: &mut dyn Write) -> Result<Beginning, Failure> {
    let mut ask = Conversation { input, output };
    let defaults = Asked::default().or_default();
    let any = |name: &str| Ok::<_, Infallible>(name.to_owned());
    let supplier = match asked.supplier {
        Some(given) => given,
        None => ask.about("who bills (the rate card is named after it)", &String::new(), any)?,
    };
    let timezone = match asked.timezone {
        Some(given) => given,
        None => ask.about("the zone whose midnights bound a month", &defaults.timezone, zone_named)?,
    };
    let currency = match asked.currency {
        Some(given) => given,
        None => ask.about("the currency of fees and minimum", &defaults.currency, str::parse)?,
    };
    let markup = match asked.markup {
        Some(given) => given,
        None => ask.about("what is charged above cost, in percent", &defaults.markup, str::parse)?,
    };
    let all =
        Asked { timezone: Some(timezone), currency: Some(currency), markup: Some(markup), supplier: Some(supplier) };
    Ok(all.or_default())
}

struct Conversation<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
}

impl Conversation<'_> {
    /// One question, until the answer is one that `read` takes.
    fn about<T: Display + Clone, E: Display>(
        &mut self,
        question: &str,
        default: &T,
        read: impl Fn(&str) -> Result<T, E>,
    ) -> Result<T, Failure> {
        let gone = |refused: io::Error| Failure::new(Exit::Usage, anyhow!(refused).context("terminal"), None);
        let mut said = String::new();
        for _ in 0..TRIES_MAX {
            let shown = default.to_string();
            let shown = if shown.is_empty() { "none" } else { &shown };
            write!(self.output, "{question} [{shown}]: ").and_then(|()| self.output.flush()).map_err(gone)?;
            said.clear();
            self.input.read_line(&mut said).map_err(gone)?;
            let answer = said.trim();
            if answer.is_empty() {
                return Ok(default.clone());
            }
            match read(answer) {
                Ok(answer) => return Ok(answer),
                Err(refused) => writeln!(self.output, "{}", on_a_line(&refused.to_string())).map_err(gone)?,
            }
        }
        let refused = anyhow!("{question}: {:?} cannot be used", said.trim());
        Err(Failure::new(Exit::Usage, refused, Some("`tieout init --help` names the arguments".to_owned())))
    }
}
