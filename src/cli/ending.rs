//! How each command can end when it did what it was asked for: every outcome by name. A command that is new states its own here,
//! or it does not compile; `fixtures/outcomes` has the schema of what each says with `--json`.

use super::exit::Exit;
use crate::domain::{Severity, Verdict};

/// An outcome. Its word is a contract, as the exit codes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// `close`, `settle`: the books tie out.
    TiedOut,
    /// `close`, `settle`: they do, but for differences of timing.
    TiedOutWithTiming,
    /// `close`, `settle`: they differ.
    Breaks,
    /// `close`, `settle`, `recheck`: the evidence is not whole.
    Incomplete,
    /// `demo`: the close found what the scenario planted.
    AsPlanted,
    /// `demo`: it did not.
    NotAsPlanted,
    /// `fetch`: the evidence is in the archive.
    Fetched,
    /// `sync`: what is new is in the archive.
    Synced,
    /// `sync`: of some ledgers it is not.
    SyncedInPart,
    /// `draft`: drafts are written.
    Drafted,
    /// `recheck`: nothing has changed.
    Unchanged,
    /// `recheck`: something has.
    Changed,
    /// `verify`: the run is what was sealed.
    Verified,
    /// `verify`: the run is what an earlier version sealed, and its figures are those of the archive.
    VerifiedInFigures,
    /// `verify`: it is not.
    NotVerified,
    /// `explain`: the figure is explained.
    Explained,
    /// `close --part-month`: drafts of a month that is not over, whose books tie out so far.
    DraftedInPart,
    /// `close --part-month`: drafts, and so far the books differ.
    DraftedInPartWithBreaks,
    /// `close --part-month`: drafts, and so far the evidence is not whole.
    DraftedInPartIncomplete,
    /// `recheck`: nothing has changed in the books, and an invoice is not what they come to.
    NotesDue,
    /// `breaks`: the breaks are listed.
    Listed,
    /// `breaks show`: one is shown.
    Shown,
    /// `breaks accept`, `explain`, `assign`: a decision is written down.
    Decided,
    /// `runs`: the sealed runs are listed.
    RunsListed,
    /// `runs forget`: runs are declared lost.
    RunsForgotten,
    /// `pack`: the pack is written.
    Packed,
    /// `archive check`, `archive repair`: nothing in it is damaged.
    ArchiveSound,
    /// `archive check`, `archive repair`: something is.
    ArchiveDamaged,
    /// `check`: a close can begin.
    Fit,
    /// `check`: it cannot.
    Unfit,
    /// `init`: the first files are written.
    Written,
    /// `simulate`: the simulator answers.
    Serving,
    /// `completions`: a script for a shell.
    Completions,
    /// `manual`: the manual page.
    Manual,
    /// `--help`, also of a command.
    Help,
    /// `--version`.
    Version,
}

impl Ending {
    /// Every outcome.
    pub const ALL: [Self; 36] = [
        Self::TiedOut,
        Self::TiedOutWithTiming,
        Self::Breaks,
        Self::Incomplete,
        Self::AsPlanted,
        Self::NotAsPlanted,
        Self::Fetched,
        Self::Synced,
        Self::SyncedInPart,
        Self::Drafted,
        Self::DraftedInPart,
        Self::DraftedInPartWithBreaks,
        Self::DraftedInPartIncomplete,
        Self::Unchanged,
        Self::Changed,
        Self::NotesDue,
        Self::Verified,
        Self::VerifiedInFigures,
        Self::NotVerified,
        Self::Explained,
        Self::Listed,
        Self::Shown,
        Self::Decided,
        Self::RunsListed,
        Self::RunsForgotten,
        Self::Packed,
        Self::ArchiveSound,
        Self::ArchiveDamaged,
        Self::Fit,
        Self::Unfit,
        Self::Written,
        Self::Serving,
        Self::Completions,
        Self::Manual,
        Self::Help,
        Self::Version,
    ];

    /// What drafts of a month that is not over came to.
    #[must_use]
    pub const fn of_part_month(verdict: Verdict) -> Self {
        match verdict.0 {
            Severity::None | Severity::Notice | Severity::Timing => Self::DraftedInPart,
            Severity::Break => Self::DraftedInPartWithBreaks,
            Severity::Incomplete => Self::DraftedInPartIncomplete,
        }
    }

    /// What a recheck came to.
    #[must_use]
    pub const fn of_recheck(verdict: Verdict, has_notes_due: bool) -> Self {
        match verdict.0 {
            Severity::None | Severity::Notice | Severity::Timing if has_notes_due => Self::NotesDue,
            Severity::None | Severity::Notice | Severity::Timing => Self::Unchanged,
            Severity::Break => Self::Changed,
            Severity::Incomplete => Self::Incomplete,
        }
    }

    /// The word for scripts.
    #[must_use]
    pub const fn word(self) -> &'static str {
        self.told().1
    }

    /// How the command ends.
    #[must_use]
    pub const fn exit(self) -> Exit {
        self.told().0
    }

    /// What it means, in half a sentence.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        self.told().2
    }

    const fn told(self) -> (Exit, &'static str, &'static str) {
        use Exit::{Breaks, Bug, Incomplete, Seal, TiedOut, Usage};
        match self {
            Self::TiedOut => (TiedOut, "tied-out", TiedOut.meaning()),
            Self::TiedOutWithTiming => (TiedOut, "tied-out-with-timing", TiedOut.meaning()),
            Self::Breaks => (Breaks, "breaks", Breaks.meaning()),
            Self::Incomplete => (Incomplete, "incomplete", Incomplete.meaning()),
            Self::AsPlanted => (TiedOut, "as-planted", "found exactly what the scenario planted"),
            Self::NotAsPlanted => (Bug, "not-as-planted", "did not find what was planted"),
            Self::Fetched => {
                (TiedOut, "fetched", "the month's evidence is in the archive, and nothing is compared yet")
            }
            Self::Synced => (TiedOut, "synced", "what is new of the month is in the archive"),
            Self::SyncedInPart => {
                (Incomplete, "synced-in-part", "some ledgers of the month are not whole in the archive")
            }
            Self::Drafted => (TiedOut, "drafted", "drafts are written, and nothing is numbered or sealed"),
            Self::DraftedInPart => {
                (TiedOut, "drafted-in-part", "drafts of a month that is not over; so far the books tie out")
            }
            Self::DraftedInPartWithBreaks => {
                (Breaks, "drafted-in-part-with-breaks", "drafts of a month that is not over; so far the books differ")
            }
            Self::DraftedInPartIncomplete => (
                Incomplete,
                "drafted-in-part-incomplete",
                "drafts of a month that is not over; the evidence is not whole",
            ),
            Self::NotesDue => (Breaks, "notes-due", "the books are what was sealed, and credit or debit notes are due"),
            Self::Unchanged => (TiedOut, "unchanged", "nothing that was sealed has changed"),
            Self::Changed => (Breaks, "changed", "the partner's books differ from what was sealed"),
            Self::Verified => (TiedOut, "verified", "every paper is the one that was sealed, derived anew bit for bit"),
            Self::VerifiedInFigures => (
                TiedOut,
                "verified-in-figures",
                "every paper is the one that an earlier version sealed, its figures derived anew",
            ),
            Self::NotVerified => (Seal, "not-verified", Seal.meaning()),
            Self::Explained => (TiedOut, "explained", "the figure is walked back to its entries and pages"),
            Self::Listed => (TiedOut, "listed", "breaks of the register are listed"),
            Self::Shown => (TiedOut, "shown", "a break of the register is shown"),
            Self::Decided => (TiedOut, "decided", "the decision is written into the register"),
            Self::RunsListed => (TiedOut, "runs-listed", "the sealed runs that the register knows are listed"),
            Self::RunsForgotten => {
                (TiedOut, "runs-forgotten", "runs are declared lost; what they numbered and billed stays taken")
            }
            Self::Packed => (TiedOut, "packed", "the run and the pages it rests on are in one file"),
            Self::ArchiveSound => (TiedOut, "archive-sound", "every body in the archive is the one that was kept"),
            Self::ArchiveDamaged => {
                (Seal, "archive-damaged", "bodies in the archive are damaged, or evidence is missing")
            }
            Self::Fit => (TiedOut, "fit", "fit for a close"),
            Self::Unfit => (Usage, "unfit", Usage.meaning()),
            Self::Written => (TiedOut, "written", "settings and rate card are written"),
            Self::Serving => (TiedOut, "serving", "the simulator answers until it is ended"),
            Self::Completions => (TiedOut, "completions", "a script for the shell"),
            Self::Manual => (TiedOut, "manual", "the manual page, as roff"),
            Self::Help => (TiedOut, "help", "what the arguments mean"),
            Self::Version => (TiedOut, "version", "the version of the program"),
        }
    }
}

impl From<Verdict> for Ending {
    fn from(verdict: Verdict) -> Self {
        match verdict.0 {
            Severity::None | Severity::Notice => Self::TiedOut,
            Severity::Timing => Self::TiedOutWithTiming,
            Severity::Break => Self::Breaks,
            Severity::Incomplete => Self::Incomplete,
        }
    }
}
