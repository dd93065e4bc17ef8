//! The text of a seal: what it states, and the one way in which that is written.

use std::fmt::Write;

use super::{SEAL, SealError};
use crate::domain::{Period, sha256};
use crate::report::Paper;

/// The first word of every seal: the form of the text, by version.
const CONTEXT: &str = "tieout-seal-v1";

/// What a seal says of one paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedPaper {
    /// The SHA-256 of its bytes.
    pub digest: String,
    /// How many bytes it has.
    pub bytes: u64,
    /// Its name, relative to the run folder.
    pub name: String,
}

impl SealedPaper {
    /// What a seal has to say of a paper.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        Self { digest: sha256(bytes), bytes: length, name: name.to_owned() }
    }

    /// What a seal has to say of papers, sorted by name.
    pub(super) fn of_all(papers: &[Paper]) -> Vec<Self> {
        let mut sealed: Vec<Self> = papers.iter().map(|paper| Self::of(&paper.name, &paper.bytes)).collect();
        sealed.sort_by(|a, b| a.name.cmp(&b.name));
        sealed
    }
}

/// What a seal states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The partner, `PA_…`.
    pub partner: String,
    /// The month closed.
    pub period: Period,
    /// The run's id.
    pub run: String,
    /// The papers, sorted by name.
    pub papers: Vec<SealedPaper>,
    /// The SHA-256 of the archive manifest.
    pub archive: String,
    /// The hash of the previous month's seal, where there is one.
    pub previous: Option<String>,
}

impl Sealed {
    /// The text whose SHA-256 is the seal.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = format!("{CONTEXT} {} {} {}\n", self.partner, self.period, self.run);
        for SealedPaper { digest, bytes, name } in &self.papers {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{digest}  {bytes}  {name}");
        }
        let previous = self.previous.as_deref().unwrap_or("none");
        let _ = write!(text, "archive {}\nprevious {previous}\ncount {}\n", self.archive, self.papers.len());
        text
    }

    /// Reads the bytes that `to_text` makes, and no others. Otherwise the line and what is wrong with it.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, (usize, String)> {
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + bytes.iter().take(error.valid_up_to()).filter(|byte| **byte == b'\n').count();
            (line, "not text (UTF-8)".to_owned())
        })?;
        let lines: Vec<&str> = text.split('\n').collect();
        let wrong = |index: usize, expected: &str| {
            let seen: String = lines.get(index).map_or(String::new(), |line| line.chars().take(120).collect());
            (index + 1, format!("{seen:?}, expected {expected}"))
        };
        let after = |index: usize, word: &str| lines.get(index)?.strip_prefix(word)?.strip_prefix(' ');
        let last = lines.len().saturating_sub(2);
        let (archive_at, previous_at) = (last.saturating_sub(2), last.saturating_sub(1));
        let (partner, period, run) = lines
            .first()
            .and_then(|line| header(line))
            .ok_or_else(|| wrong(0, "`tieout-seal-v1 partner period run`"))?;
        let papers = (1..archive_at)
            .map(|index| paper(lines[index]).ok_or_else(|| wrong(index, "`sha256  bytes  name`")))
            .collect::<Result<Vec<_>, _>>()?;
        let archive = after(archive_at, "archive").ok_or_else(|| wrong(archive_at, "`archive sha256`"))?;
        let previous =
            after(previous_at, "previous").ok_or_else(|| wrong(previous_at, "`previous sha256` or `none`"))?;
        let previous = (previous != "none").then(|| previous.to_owned());
        let sealed = Self { partner, period, run, papers, archive: archive.to_owned(), previous };
        sealed.refuse_unfit().map_err(|unfit| (sealed.line_of(&unfit), unfit.to_string()))?;
        let canonical = sealed.to_text();
        let differs = lines.iter().zip(canonical.split('\n')).position(|(seen, expected)| *seen != expected);
        if canonical != text {
            let index = differs.unwrap_or(last);
            let expected = canonical.split('\n').nth(index).unwrap_or_default();
            return Err(wrong(index, &format!("{expected:?}")));
        }
        Ok(sealed)
    }

    /// Refuses what the text could not state, or not in one way only.
    pub(super) fn refuse_unfit(&self) -> Result<(), SealError> {
        word("partner", &self.partner)?;
        word("run", &self.run)?;
        self.papers.iter().try_for_each(|paper| safe_name(&paper.name))?;
        if let Some(pair) = self.papers.windows(2).find(|pair| pair[0].name >= pair[1].name) {
            return Err(SealError::GivenTwice(pair[1].name.clone()));
        }
        self.papers.iter().try_for_each(|paper| digest("digest", &paper.digest))?;
        digest("archive", &self.archive)?;
        self.previous.as_deref().map_or(Ok(()), |previous| digest("previous", previous))
    }

    /// The line on which a refused word stands.
    fn line_of(&self, unfit: &SealError) -> usize {
        let paper =
            |matches: &dyn Fn(&SealedPaper) -> bool| self.papers.iter().rposition(matches).map_or(1, |at| at + 2);
        match unfit {
            SealError::UnsafeName(name) | SealError::GivenTwice(name) => paper(&|it| it.name == *name),
            SealError::NotADigest { what: "digest", seen } => paper(&|it| it.digest == *seen),
            SealError::NotADigest { what: "archive", .. } => self.papers.len() + 2,
            SealError::NotADigest { .. } => self.papers.len() + 3,
            SealError::NotAWord { .. }
            | SealError::OtherPapers(_)
            | SealError::AlreadySealed(_)
            | SealError::InTheWay(_)
            | SealError::NotAFolder(_)
            | SealError::Malformed { .. }
            | SealError::NotSealed(_)
            | SealError::Altered { .. }
            | SealError::Disk { .. } => 1,
        }
    }
}

fn header(line: &str) -> Option<(String, Period, String)> {
    let mut words = line.strip_prefix(CONTEXT)?.strip_prefix(' ')?.split(' ');
    let (partner, period, run) = (words.next()?, words.next()?, words.next()?);
    words.next().is_none().then_some(())?;
    Some((partner.to_owned(), period.parse().ok()?, run.to_owned()))
}

fn paper(line: &str) -> Option<SealedPaper> {
    let (digest, rest) = line.split_once("  ")?;
    let (bytes, name) = rest.split_once("  ")?;
    Some(SealedPaper { digest: digest.to_owned(), bytes: bytes.parse().ok()?, name: name.to_owned() })
}

fn word(what: &'static str, seen: &str) -> Result<(), SealError> {
    let fits = !seen.is_empty() && !seen.contains(|c: char| c.is_whitespace() || c.is_control());
    if fits { Ok(()) } else { Err(SealError::NotAWord { what, seen: seen.to_owned() }) }
}

fn digest(what: &'static str, seen: &str) -> Result<(), SealError> {
    let fits = seen.len() == 64 && seen.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if fits { Ok(()) } else { Err(SealError::NotADigest { what, seen: seen.to_owned() }) }
}

/// Refuses a name that could leave the folder, hide in it, or be taken for another.
pub(super) fn safe_name(name: &str) -> Result<(), SealError> {
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && part.chars().all(safe);
    let fits = name.len() <= 255 && !name.eq_ignore_ascii_case(SEAL) && name.split('/').all(part);
    if fits { Ok(()) } else { Err(SealError::UnsafeName(name.to_owned())) }
}
