//! `tieout runs`: the sealed runs that the register knows, where their folders are and what they numbered; and a run declared
//! lost.

use chrono::SecondsFormat;
use clap::{Args as ClapArgs, Subcommand};
use serde_json::{Value, json};

use super::breaks::RegisterPlace;
use super::ending::Ending;
use super::environment::Environment;
use super::exit::{Failure, Outcome};
use super::result::object;
use super::said::Said;
use crate::register::{DocumentKind, Forgotten};
use crate::run::{ListedRun, Roll, Whereabouts, forget, roll};
use crate::settings::Settings;

/// Arguments of `runs`.
#[derive(Debug, ClapArgs)]
#[command(args_conflicts_with_subcommands = true)]
pub struct RunsArgs {
    /// Where the register is.
    #[command(flatten)]
    pub place: RegisterPlace,
    /// What is done about one of them.
    #[command(subcommand)]
    pub act: Option<RunsAct>,
}

/// What is done about a run.
#[derive(Debug, Subcommand)]
pub enum RunsAct {
    /// Declare a run lost whose folder is not found: no close asks for it any more, and what it numbered and billed stays taken
    Forget {
        /// The runs, such as 2026-03 or 2026-03.r2, or the seal of one, or its first eight digits or more
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
        /// Why
        #[arg(long, value_name = "TEXT")]
        because: String,
        /// Who says so
        #[arg(long, value_name = "NAME")]
        by: Option<String>,
        /// Where the register is.
        #[command(flatten)]
        place: RegisterPlace,
    },
}

impl RunsArgs {
    /// Where the register is.
    pub(super) const fn place(&self) -> &RegisterPlace {
        match &self.act {
            None => &self.place,
            Some(RunsAct::Forget { place, .. }) => place,
        }
    }
}

/// Lists the runs, or declares some of them lost. Works offline and without credentials.
pub(super) fn runs(args: &RunsArgs, environment: &Environment) -> Result<Outcome, Failure> {
    let place = args.place();
    let settings = Settings::read(place.config.as_deref())?;
    let (reports, archives) = place.folders(&settings);
    let named = place.register.as_deref();
    let mut listed = roll(reports, archives, named)?;
    if let Some(RunsAct::Forget { ids, because, by, .. }) = &args.act {
        let at = environment.now.to_rfc3339_opts(SecondsFormat::Secs, true);
        for id in ids {
            let why = Forgotten { because: because.clone(), by: by.clone(), at: at.clone() };
            listed = forget((reports, archives, named), id, &why)?;
        }
    }
    let ending = if args.act.is_some() { Ending::RunsForgotten } else { Ending::RunsListed };
    Ok(outcome_of(&listed, ending))
}

fn outcome_of(listed: &Roll, ending: Ending) -> Outcome {
    let mut lines: Vec<String> = listed.runs.iter().flat_map(told).collect();
    lines.extend(listed.backwards.iter().map(|line| format!("to look at: {line}")));
    let unknown = listed.runs.iter().filter(|run| run.is_forgotten() && run.known.of.is_none());
    lines.extend(unknown.filter(|run| run.known.place.is_none()).map(|run| {
        format!(
            "to look at: the numbers of {} are not known: `first` of each series in the rate card must lie beyond them",
            run.known.run
        )
    }));
    let stood = listed.runs.iter().filter(|run| run.counts()).count();
    lines.push(format!("runs of {}: {stood}; register {}", listed.partner, listed.register.display()));
    let asked_for: Vec<&str> =
        listed.runs.iter().filter(|run| run.is_asked_for()).map(|run| run.known.run.as_str()).collect();
    if !asked_for.is_empty() {
        let names = asked_for.join(" ");
        lines.push(format!("next: no month is closed until they are found as they were sealed: {names}"));
        lines.push(format!("      or, lost for good: tieout runs forget {names} --because …"));
    }
    let json = object(json!({
        "partner": listed.partner, "register": listed.register.display().to_string(),
        "runs": listed.runs.iter().map(as_json).collect::<Vec<_>>(), "backwards": listed.backwards,
    }));
    Outcome { ending, said: Said::lines(lines), json }
}

/// Where a run is, in one word and in a sentence.
fn place(run: &ListedRun) -> (&'static str, String) {
    match &run.place {
        Whereabouts::Here(folder) => ("sealed", format!("in {}", folder.display())),
        Whereabouts::Missing(folder) => ("missing", format!("its folder is not at {}", folder.display())),
        Whereabouts::Unsealed(folder) => ("seal-missing", format!("SEAL is missing in {}", folder.display())),
        Whereabouts::Otherwise { folder, found } => {
            ("other-seal", format!("{} has seal {found} in its place", folder.display()))
        }
        Whereabouts::Lost(folder) => ("lost", format!("stood in {}", folder.display())),
        Whereabouts::Unfinished(folder) => ("unfinished", format!("not sealed yet in {}", folder.display())),
    }
}

/// A run in two lines, and a third where it was declared lost.
fn told(run: &ListedRun) -> Vec<String> {
    let (word, sentence) = place(run);
    let known = &run.known;
    let what = if known.of.is_some() { "a recheck numbers nothing".to_owned() } else { numbered(run) };
    let kept = match (&known.of, &known.place, known.in_the_act) {
        (Some(_), _, _) | (None, Some(_), true) => "",
        (None, Some(_), false) => "; taken up from its papers after it was sealed",
        (None, None, _) => "; what it numbered and billed is not known",
    };
    let forgotten = known.forgotten.as_ref().map(|it| {
        let by = it.by.as_ref().map(|by| format!(" by {by}")).unwrap_or_default();
        format!("    declared lost{by} on {}: {}", it.at, it.because)
    });
    let lines = [format!("{}  {word}, {sentence}", known.run), format!("    seal {}; {what}{kept}", known.seal)];
    lines.into_iter().chain(forgotten).collect()
}

/// What a run numbered: of each kind how many documents, from which number to which.
fn numbered(run: &ListedRun) -> String {
    let of_kind = |kind: DocumentKind| {
        let own: Vec<&str> = run.documents.iter().filter(|it| it.kind == kind).map(|it| it.number.as_str()).collect();
        let word = kind.word().replace('-', " ");
        Some(match own.as_slice() {
            [] => return None,
            [one] => format!("1 {word}: {one}"),
            [first, .., last] => format!("{} {word}s: {first} to {last}", own.len()),
        })
    };
    let all: Vec<String> = DocumentKind::ALL.into_iter().filter_map(of_kind).collect();
    if all.is_empty() { "no documents".to_owned() } else { all.join(", ") }
}

fn as_json(run: &ListedRun) -> Value {
    let (known, (word, _)) = (&run.known, place(run));
    let (folder, found) = match &run.place {
        Whereabouts::Otherwise { folder, found } => (folder, Some(found)),
        Whereabouts::Here(folder)
        | Whereabouts::Missing(folder)
        | Whereabouts::Unsealed(folder)
        | Whereabouts::Lost(folder)
        | Whereabouts::Unfinished(folder) => (folder, None),
    };
    let documents = run.documents.iter().map(|it| {
        json!({
            "kind": it.kind.word(), "number": it.number, "account": it.account, "currency": it.currency, "total": it.total,
            "date": it.dated, "corrects": it.corrects,
        })
    });
    let forgotten = known.forgotten.as_ref();
    json!({
        "run": known.run, "period": known.period.to_string(), "seal": known.seal, "rechecks": known.of, "state": word,
        "folder": folder.display().to_string(), "found": found, "in_the_act": known.in_the_act,
        "documents": documents.collect::<Vec<_>>(),
        "lost": forgotten.map(|it| json!({ "because": it.because, "by": it.by, "at": it.at })),
    })
}
