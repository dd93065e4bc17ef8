//! The arguments, and the texts that `--help` shows.

use std::fmt::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use chrono_tz::Tz;
use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

use super::archive::ArchiveCommand;
use super::breaks::BreaksArgs;
use super::exit::Exit;
use super::month::WhichPeriod;
use super::runs::RunsArgs;
use crate::domain::{Class, Currency};
use crate::invoice::Percent;
use crate::settings::zone_named;

/// Closes a telephony reseller's month: ties the master ledger out to the customers' ledgers, bills the usage, seals
/// the proof
#[derive(Debug, Parser)]
#[command(name = "tieout", version, after_long_help = contract(), disable_help_subcommand = true, max_term_width = 120)]
pub struct Args {
    /// What every command understands.
    #[command(flatten)]
    pub global: Global,
    /// What is asked for.
    #[command(subcommand)]
    pub command: Command,
}

/// What every command understands.
#[derive(Clone, Copy, Debug, ClapArgs)]
pub struct Global {
    /// Show no progress; the result and errors are shown all the same
    #[arg(long, short, global = true, help_heading = "Global options")]
    pub quiet: bool,
    /// Write the result (or the failure) to stdout as one JSON object
    #[arg(long, global = true, help_heading = "Global options")]
    pub json: bool,
    /// Log to stderr: -v the requests that are repeated, -vv every event
    #[arg(
        long, short, global = true, action = clap::ArgAction::Count, conflicts_with = "quiet", help_heading = "Global options"
    )]
    pub verbose: u8,
    /// How everything on stderr is written: as text, or each line as one JSON object
    #[arg(long, global = true, value_name = "FORMAT", value_enum, default_value_t, help_heading = "Global options")]
    pub log: LogFormat,
}

/// How everything on stderr is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write the first tieout.toml and rate-card.toml, and ask the partner what the credentials may do
    ///
    /// On a terminal it asks for what was not given; elsewhere, and with --quiet or --json, it takes the defaults. Nothing that
    /// stands there is overwritten without --force. Credentials are read as `close` reads them from the environment,
    /// used for one request (`GET /me`), and stored nowhere.
    Init(InitArgs),
    /// Tell everything that is wrong or doubtful about settings, rate card and credentials file, with line and column
    Check(CheckArgs),
    /// Close a month of the embedded simulator: no account, no network, no settings
    Demo(DemoArgs),
    /// Fetch and settle one month
    ///
    /// A close that was cut off is gone on with, on the same day also where the fetch was whole already.
    ///
    /// Credentials come from `VOBIZ_AUTH_ID` and `VOBIZ_AUTH_TOKEN`, or from the file that the settings name in
    /// `partner.credentials_file`; never from an argument, where everyone on the machine could see them.
    /// `TIEOUT_BASE_URL` overrides the base of the API.
    ///
    /// A month that is not over in the partner's zone is refused: its invoices would bill a part of it. With --part-month it is
    /// read as far as it goes, and drafts are made of it.
    Close(CloseArgs),
    /// Fetch one month's evidence into the archive, or go on where a fetch was cut off
    Fetch(MonthArgs),
    /// Read what is new of a month into the archive, for a daily job: its close then has little left to ask
    Sync(SyncArgs),
    /// Settle a fetched month from its archive, offline: reconcile, invoice, report, seal
    Settle(SettleArgs),
    /// Lay the invoices of a fetched month down as drafts, to be looked at before it is sealed
    Draft(DraftArgs),
    /// Read a sealed month again and compare it with its seal: what came late, changed or vanished, and the notes due
    ///
    /// Costs what a second close costs. The papers go into a folder of their own beside the sealed run, which stays as it
    /// is; a recheck that finds what the one before has found makes no new folder.
    Recheck(RecheckArgs),
    /// Derive every paper of a run again from the archive, compare the bytes and check the seal
    Verify(VerifyArgs),
    /// Walk a break, an invoice or a total back to its entries and archived pages
    Explain(ExplainArgs),
    /// List the register of breaks, or accept, explain and assign one
    Breaks(Box<BreaksArgs>),
    /// List the sealed runs that are known, where their folders are and what they numbered, or declare one lost
    Runs(RunsArgs),
    /// Put a run and the archived pages it rests on into one file, which verify accepts anywhere
    Pack(PackArgs),
    /// Find what of an archive is damaged, or put it back from a pack or another copy
    #[command(subcommand)]
    Archive(ArchiveCommand),
    /// Serve the simulated partner API of a scenario
    Simulate(SimulateArgs),
    /// Write the completions of a shell to stdout
    Completions(CompletionsArgs),
    /// Write the manual page to stdout, for man
    Manual,
}

/// Arguments of `init`.
#[derive(Debug, ClapArgs)]
pub struct InitArgs {
    /// The folder to write into [default: the current one]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// The zone whose midnights bound a month, by its IANA name [default: Asia/Kolkata]
    #[arg(long, value_name = "ZONE", value_parser = zone_named)]
    pub timezone: Option<Tz>,
    /// The currency of fees and minimum [default: INR]
    #[arg(long, value_name = "CODE")]
    pub currency: Option<Currency>,
    /// What is charged above cost, in percent, as in 12.5 [default: 0]
    #[arg(long, value_name = "PERCENT", allow_hyphen_values = true)]
    pub markup: Option<Percent>,
    /// The name of whoever bills; the rate card is named after it
    #[arg(long, value_name = "NAME")]
    pub supplier: Option<String>,
    /// Do not ask the partner
    #[arg(long)]
    pub offline: bool,
    /// Overwrite settings and rate card that stand there
    #[arg(long)]
    pub force: bool,
}

/// Arguments of `check`.
#[derive(Debug, ClapArgs)]
pub struct CheckArgs {
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Ask the partner, too, what the credentials may do, and whether it has the accounts that the terms name
    #[arg(long)]
    pub online: bool,
}

/// Arguments of `completions`.
#[derive(Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: CompletedShell,
}

/// A shell that completions are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum CompletedShell {
    /// GNU Bash.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly one.
    Fish,
}

/// Arguments of `demo`.
#[derive(Debug, ClapArgs)]
pub struct DemoArgs {
    /// The run folder [default: reports/demo/YYYY-MM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// The scenario to close [default: one that is built in]
    #[arg(long, value_name = "FILE")]
    pub scenario: Option<PathBuf>,
}

/// Arguments of `close`.
#[derive(Debug, ClapArgs)]
pub struct CloseArgs {
    /// What `fetch` takes, too.
    #[command(flatten)]
    pub month: MonthArgs,
    /// Make drafts of a month that is not over: nothing is numbered or sealed
    #[arg(long)]
    pub part_month: bool,
}

/// Arguments of `close` and `fetch`.
#[derive(Debug, ClapArgs)]
pub struct MonthArgs {
    /// The month, such as 2026-03, or `last`: the last one that is over in the partner's zone
    #[arg(long, value_name = "YYYY-MM")]
    pub period: WhichPeriod,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The run folder [default: reports/YYYY-MM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Walk every ledger from the first entry ever, so that the openings of the wallets are proved and not implied
    #[arg(long)]
    pub from_inception: bool,
    /// Write what the run came to into this file when it ends, however it ends, in Prometheus' text format
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

/// Arguments of `sync`.
#[derive(Debug, ClapArgs)]
pub struct SyncArgs {
    /// The month, such as 2026-03, or `last` [default: the one that today belongs to]
    #[arg(long, value_name = "YYYY-MM")]
    pub period: Option<WhichPeriod>,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The run folder that the close will have, beside which the archive stands [default: reports/YYYY-MM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write what the run came to into this file when it ends, however it ends, in Prometheus' text format
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

/// Where the archive is that a run rests on.
#[derive(Debug, ClapArgs)]
pub struct ArchiveArgs {
    /// The archive [default: the settings', else the partner's beside the run folder]
    #[arg(long, value_name = "FILE")]
    pub archive: Option<PathBuf>,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
}

/// Arguments of `settle`.
#[derive(Debug, ClapArgs)]
pub struct SettleArgs {
    /// The run folder
    pub run: PathBuf,
    /// Where the archive is.
    #[command(flatten)]
    pub place: ArchiveArgs,
    /// Write what the run came to into this file when it ends, however it ends, in Prometheus' text format
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

/// Arguments of `draft`.
#[derive(Debug, ClapArgs)]
pub struct DraftArgs {
    /// The run folder, not sealed yet
    pub run: PathBuf,
    /// Where the archive is.
    #[command(flatten)]
    pub place: ArchiveArgs,
}

/// Arguments of `recheck`.
#[derive(Debug, ClapArgs)]
pub struct RecheckArgs {
    /// The sealed month, such as 2026-03, or `last`: the last one that is over in the partner's zone
    #[arg(value_name = "YYYY-MM")]
    pub period: WhichPeriod,
    /// The settings [default: tieout.toml in the current folder, where there is one]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The run folder of the sealed month [default: reports/YYYY-MM]
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Write what the run came to into this file when it ends, however it ends, in Prometheus' text format
    #[arg(long, value_name = "FILE")]
    pub metrics: Option<PathBuf>,
}

/// Arguments of `verify`.
#[derive(Debug, ClapArgs)]
pub struct VerifyArgs {
    /// The run folder, or a packed run
    pub run: PathBuf,
    /// The seal that the run must have, as it was written down elsewhere
    #[arg(long, value_name = "HASH", value_parser = seal)]
    pub expect_seal: Option<String>,
    /// Where the archive is.
    #[command(flatten)]
    pub place: ArchiveArgs,
}

/// Arguments of `explain`.
#[derive(Debug, ClapArgs)]
pub struct ExplainArgs {
    /// The run folder, or a packed run
    pub run: PathBuf,
    /// A break id, an invoice number or a line of it (`INV-000001/2`), an account, its wallet (`wallet:MA_…`), a tie-out
    /// (`MA_…/INR/debit`), a total (`INR/debit`), a day (`day:2026-03-05`) or an entry id; of a recheck also a note
    /// (`N-…`)
    pub id: String,
    /// Where the archive is.
    #[command(flatten)]
    pub place: ArchiveArgs,
}

/// Arguments of `pack`.
#[derive(Debug, ClapArgs)]
pub struct PackArgs {
    /// The run folder
    pub run: PathBuf,
    /// The file to write [default: the run folder's name with .pack]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Where the archive is.
    #[command(flatten)]
    pub place: ArchiveArgs,
}

/// Arguments of `simulate`.
#[derive(Debug, ClapArgs)]
pub struct SimulateArgs {
    /// The scenario to serve
    #[arg(long, value_name = "FILE")]
    pub scenario: PathBuf,
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    pub listen: SocketAddr,
}

/// Reads a seal: 64 hexadecimal digits, in either case.
fn seal(text: &str) -> Result<String, String> {
    let whole = text.len() == 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    whole.then(|| text.to_ascii_lowercase()).ok_or_else(|| "expected 64 hexadecimal digits".to_owned())
}

/// The contract with scripts, made from the program's own lists so that it cannot be out of date.
fn contract() -> String {
    let mut text = String::from("Exit codes:\n");
    for exit in Exit::ALL {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "  {}  {}", exit.code(), exit.meaning());
    }
    text.push_str("\nBreaks, by class and severity (break and incomplete keep an account from being invoiced):\n");
    let mut family = None;
    for class in Class::ALL {
        if family.replace(class.family()).is_some_and(|before| before != class.family()) {
            text.push('\n');
        }
        let _ = writeln!(text, "  {:<22} {:<11} {}", class.slug(), class.severity().word(), class.meaning());
    }
    text
}
