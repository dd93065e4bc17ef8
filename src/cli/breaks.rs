//! `tieout breaks`: the register of breaks, listed and filtered, and the decisions that people write into it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use chrono::{NaiveDate, SecondsFormat};
use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Value, json};

use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Failure, Outcome};
use super::result::object;
use super::said::Said;
use crate::domain::{Action, Age, Amount, Class, Decision, Severity, Standing};
use crate::register::{Listed, Register, RegisterError};
use crate::run::open_register;
use crate::settings::Settings;

/// Arguments of `breaks`.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct BreaksArgs {
    /// Which breaks are listed.
    #[command(flatten)]
    pub filter: Filter,
    /// Where the register is.
    #[command(flatten)]
    pub place: RegisterPlace,
    /// What is done about one of them.
    #[command(subcommand)]
    pub act: Option<Act>,
}

/// Where the register is.
#[derive(Debug, ClapArgs)]
pub struct RegisterPlace {
    /// The folder that the run folders stand in [default: the settings' reports]
    #[arg(long, value_name = "DIR")]
    pub reports: Option<PathBuf>,
    /// The register [default: the only one beside the archive]
    #[arg(long, value_name = "FILE")]
    pub register: Option<PathBuf>,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Which breaks are listed: without anything said, those that are open.
#[derive(Debug, Default, ClapArgs)]
pub struct Filter {
    /// List those that are resolved or replaced, too
    #[arg(long)]
    pub all: bool,
    /// Only this class
    #[arg(long, value_name = "SLUG")]
    pub class: Option<Class>,
    /// Only this severity: timing, break or incomplete
    #[arg(long, value_name = "WORD", value_parser = severity)]
    pub severity: Option<Severity>,
    /// Only this account
    #[arg(long, value_name = "MA_…")]
    pub account: Option<String>,
    /// Only this standing: new, persisting, resolved or replaced
    #[arg(long, value_name = "WORD")]
    pub standing: Option<Standing>,
    /// Only this age in days: 0-1, 2-7, 8-30 or over-30
    #[arg(long, value_name = "DAYS")]
    pub age: Option<Age>,
    /// Only this decision: accepted, explained, assigned or none
    #[arg(long, value_name = "WORD", value_parser = ["accepted", "explained", "assigned", "none"])]
    pub decision: Option<String>,
    /// Only what this run reported, such as 2026-03.r2
    #[arg(long, value_name = "RUN")]
    pub run: Option<String>,
}

/// What is done about a break.
#[derive(Debug, Subcommand)]
pub enum Act {
    /// Accept a break at its exact effect: it stays in the sums and no longer holds the account
    Accept {
        /// The break, `B-…`
        id: String,
        /// Its effect, to the last digit, sign included
        #[arg(long, allow_hyphen_values = true)]
        amount: Amount,
        /// Note, name and expiry.
        #[command(flatten)]
        signed: Signed,
    },
    /// Explain a break; no verdict changes
    Explain {
        /// The break, `B-…`
        id: String,
        /// Note, name and expiry.
        #[command(flatten)]
        signed: Signed,
    },
    /// Give a break to somebody to be cleared up; no verdict changes
    Assign {
        /// The break, `B-…`
        id: String,
        /// To whom
        #[arg(long, value_name = "NAME")]
        to: String,
        /// Note, name and expiry.
        #[command(flatten)]
        signed: Signed,
    },
    /// Show a break with every run that reported it and every decision
    Show {
        /// The break, `B-…`
        id: String,
        /// Where the register is.
        #[command(flatten)]
        place: RegisterPlace,
    },
}

/// What every decision has.
#[derive(Debug, ClapArgs)]
pub struct Signed {
    /// Why
    #[arg(long)]
    pub note: String,
    /// Who decides
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// The last day on which it is in force; one that has passed takes an earlier decision back
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub until: Option<NaiveDate>,
    /// Where the register is.
    #[command(flatten)]
    pub place: RegisterPlace,
}

impl BreaksArgs {
    /// Where the register is.
    pub(super) const fn place(&self) -> &RegisterPlace {
        match &self.act {
            None => &self.place,
            Some(Act::Show { place, .. }) => place,
            Some(Act::Accept { signed, .. } | Act::Explain { signed, .. } | Act::Assign { signed, .. }) => {
                &signed.place
            }
        }
    }
}

fn severity(word: &str) -> Result<Severity, String> {
    let known = [Severity::Timing, Severity::Break, Severity::Incomplete];
    known.into_iter().find(|it| it.word() == word).ok_or_else(|| "expected timing, break or incomplete".to_owned())
}

/// Lists the register's breaks, or does something about one of them. Works offline and without credentials.
pub(super) fn breaks(args: &BreaksArgs, environment: &Environment) -> Result<Outcome, Failure> {
    let (mut register, restored, today) = opened(args.place(), environment)?;
    let mut decide = |action, id: &str, signed: &Signed, amount: Option<Amount>, to: Option<&String>| {
        let decision = Decision {
            break_id: id.to_owned(),
            action,
            amount,
            to: to.cloned(),
            note: signed.note.clone(),
            by: signed.by.clone(),
            until: signed.until,
            at: environment.now.to_rfc3339_opts(SecondsFormat::Secs, true),
        };
        let listed = register.decide(&decision).map_err(crate::run::RunError::from)?;
        let said = Said::lines(told(&listed, today)).then(next(&listed, &decision, today));
        Ok(Outcome { ending: Ending::Decided, said, json: object(as_json(&listed, today)) })
    };
    let outcome: Result<Outcome, Failure> = match &args.act {
        Some(Act::Accept { id, amount, signed }) => decide(Action::Accept, id, signed, Some(*amount), None),
        Some(Act::Explain { id, signed }) => decide(Action::Explain, id, signed, None, None),
        Some(Act::Assign { id, to, signed }) => decide(Action::Assign, id, signed, None, Some(to)),
        Some(Act::Show { id, .. }) => show(&register, id, today),
        None => list(&register, &args.filter, today),
    };
    let mut outcome = outcome?;
    if restored > 0 {
        let decisions = if restored == 1 { "decision" } else { "decisions" };
        let lost = format!("the register had lost {restored} {decisions}; taken back from the runs sealed with them");
        outcome.said = Said::line(lost).then(outcome.said.into_lines());
    }
    Ok(outcome)
}

/// The register, brought up to date with the sealed runs, how many decisions it took back from them, and today in the
/// partner's zone.
fn opened(place: &RegisterPlace, environment: &Environment) -> Result<(Register, usize, NaiveDate), Failure> {
    let settings = Settings::read(place.config.as_deref())?;
    let (reports, archives) = place.folders(&settings);
    let (register, restored) = open_register(reports, archives, place.register.as_deref())?;
    Ok((register, restored, environment.today(settings.partner.timezone)))
}

impl RegisterPlace {
    /// The folder that the run folders stand in, and the one that the archives do.
    pub(super) fn folders<'a>(&'a self, settings: &'a Settings) -> (&'a Path, &'a Path) {
        let reports = self.reports.as_ref().unwrap_or(&settings.reports);
        let archives = settings.archive.as_deref().and_then(Path::parent).filter(|_| self.reports.is_none());
        (reports, archives.unwrap_or(reports))
    }
}

/// What a decision changes, and when: a line of its own, or nothing.
fn next(it: &Listed, decision: &Decision, today: NaiveDate) -> Option<&'static str> {
    let found_by_a_recheck = it.sighting.class.is_after_the_seal();
    match decision.action {
        Action::Explain | Action::Assign => None,
        Action::Accept if !decision.holds_on(today) => {
            Some("its last day has passed: it is not in force, and takes back an acceptance before it")
        }
        Action::Accept if !it.standing.is_open() => Some("it is no longer open: no close changes by this"),
        Action::Accept if found_by_a_recheck => Some("next: the close of the next month tells that it is accepted"),
        Action::Accept => Some("next: close the month again; its new run takes the acceptance in"),
    }
}

fn list(register: &Register, filter: &Filter, today: NaiveDate) -> Result<Outcome, Failure> {
    let runs = register.noted().map_err(crate::run::RunError::from)?;
    if let Some(asked) = filter.run.as_ref().filter(|asked| runs.iter().all(|run| run.run != **asked)) {
        let known = runs.iter().map(|run| run.run.as_str()).collect::<Vec<_>>().join(", ");
        let unknown = RegisterError::UnknownRun { run: asked.clone(), known };
        return Err(crate::run::RunError::from(unknown).into());
    }
    let mut listed = register.breaks().map_err(crate::run::RunError::from)?;
    let known = listed.len();
    let of_run = runs.iter().filter(|noted| filter.run.as_ref().is_none_or(|run| noted.run == *run));
    let reported: BTreeSet<&str> = of_run.flat_map(|noted| &noted.sightings).map(|seen| seen.id.as_str()).collect();
    listed.retain(|it| filter.lets(it, &reported, today));
    let mut lines: Vec<String> = listed.iter().flat_map(|it| told(it, today)).collect();
    lines.push(format!("breaks: {} of {known}; sealed runs of {}: {}", listed.len(), register.partner(), runs.len()));
    let breaks: Vec<Value> = listed.iter().map(|it| as_json(it, today)).collect();
    let json = object(json!({ "partner": register.partner(), "runs": runs.len(), "known": known, "breaks": breaks }));
    Ok(Outcome { ending: Ending::Listed, said: Said::lines(lines), json })
}

impl Filter {
    fn lets(&self, it: &Listed, reported: &BTreeSet<&str>, today: NaiveDate) -> bool {
        let sighting = &it.sighting;
        let decision = it.decision(today).map_or("none", |decision| decision.action.word());
        let narrowed = self.all || self.run.is_some();
        let stands = self.standing.map_or(narrowed || it.standing.is_open(), |standing| standing == it.standing);
        stands
            && self.class.is_none_or(|class| class == sighting.class)
            && self.severity.is_none_or(|severity| severity == sighting.class.severity())
            && self.account.as_ref().is_none_or(|account| Some(account) == sighting.account.as_ref())
            && self.age.is_none_or(|age| age == it.age())
            && self.decision.as_ref().is_none_or(|wanted| wanted == decision)
            && (self.run.is_none() || reported.contains(sighting.id.as_str()))
    }
}

/// A break in two lines: what it is and where it stands, then its sentence.
fn told(it: &Listed, today: NaiveDate) -> [String; 2] {
    let sighting = &it.sighting;
    let account = sighting.account.as_deref().unwrap_or("all accounts");
    let money = sighting.currency.map(|currency| format!("  {} {currency}", sighting.effect)).unwrap_or_default();
    let decided = it.decision(today).map(|decision| format!("  {}", decided(&decision))).unwrap_or_default();
    let (standing, last, age) = (it.standing, &it.last_run, it.age_days);
    let days = if age == 1 { "day" } else { "days" };
    let why = if it.why.is_empty() { String::new() } else { format!(" ({})", it.why) };
    [
        format!(
            "{}  {}  {account}{money}  {standing} in {last}, {age} {days}, first in {}{decided}",
            sighting.id, sighting.class, sighting.first_run
        ),
        format!("    {}{why}", sighting.explanation),
    ]
}

fn decided(it: &Decision) -> String {
    let to = it.to.as_deref().map(|to| format!(" to {to}")).unwrap_or_default();
    let until = it.until.map(|until| format!(" until {until}")).unwrap_or_default();
    format!("{}{to} by {}{until}: {}", it.action.word(), it.by, it.note)
}

fn show(register: &Register, id: &str, today: NaiveDate) -> Result<Outcome, Failure> {
    let it = register.find(id).map_err(crate::run::RunError::from)?;
    let runs = register.noted().map_err(crate::run::RunError::from)?;
    let mut lines = told(&it, today).to_vec();
    if !it.sighting.entries.is_empty() {
        lines.push(format!("entries: {}", it.sighting.entries));
    }
    for run in &runs {
        if let Some(seen) = run.sightings.iter().find(|seen| seen.id == id) {
            lines.push(format!("run {}: found, {}", run.run, seen.standing));
        } else if let Some(outcome) = run.outcomes.iter().find(|outcome| outcome.id == id) {
            lines.push(format!("run {}: {}, {}", run.run, outcome.standing, outcome.why));
        }
    }
    let in_force = |decision: &Decision| if decision.holds_on(today) { "" } else { " (expired)" };
    lines.extend(it.decisions.iter().map(|it| format!("{}  {}{}", it.at, decided(it), in_force(it))));
    Ok(Outcome { ending: Ending::Shown, said: Said::lines(lines), json: object(as_json(&it, today)) })
}

fn as_json(it: &Listed, today: NaiveDate) -> Value {
    let sighting = &it.sighting;
    json!({
        "break_id": sighting.id, "class": sighting.class.slug(), "severity": sighting.class.severity().word(),
        "account": sighting.account, "currency": sighting.currency.map(|it| it.code().to_owned()),
        "effect": sighting.effect, "gross": sighting.gross, "entries": sighting.entries,
        "standing": it.standing.word(), "run": it.run, "last_run": it.last_run, "first_run": sighting.first_run,
        "dated": sighting.dated, "age_days": it.age_days, "age": it.age().word(), "by": it.by, "why": it.why,
        "explanation": sighting.explanation, "decision": it.decision(today).map(|it| it.action.word()),
        "decisions": it.decisions,
    })
}
