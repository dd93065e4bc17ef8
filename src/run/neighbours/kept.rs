//! What the register keeps of a sealed run, made of its papers, and the run made of it again where its folder is lost.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::sealed::{Neighbour, SealedAccount, SealedBreak, SealedClose, SealedHeld, SealedOutcome};
use crate::domain::{Amount, Currency, sha256};
use crate::register::{Document, DocumentKind, Kept, Noted};
use crate::run::error::RunError;
use crate::run::inputs::{Earlier, Inputs, RUN_FILE};
use crate::run::recheck::is_recheck_text;
use crate::seal::{read_seal, sealed_paper};

/// The paper that says what a close came to.
const CLOSE: &str = "close.json";

/// The documents of `close.json` as they stand there.
#[derive(Deserialize)]
struct Documents {
    invoices: Vec<Value>,
    #[serde(default)]
    notes: Vec<Value>,
    #[serde(default)]
    credits: Vec<Value>,
}

/// A document with its text in `close.json`.
type Written = (Document, String);

/// What a document says of itself.
#[derive(Deserialize)]
struct Head {
    number: String,
    account: String,
    currency: Currency,
    total: Amount,
    #[serde(default)]
    date: String,
    /// Of a note alone.
    #[serde(default)]
    kind: Option<String>,
    /// Of a note alone.
    #[serde(default)]
    corrects: Option<Corrects>,
}

#[derive(Deserialize)]
struct Corrects {
    number: String,
}

/// What `close.json` hands on beside its documents.
#[derive(Serialize)]
struct Others<'a> {
    /// What was given back, as it stands in `close.json`; of earlier versions' runs nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    credits: Vec<Value>,
    held: &'a [SealedHeld],
    accounts: &'a [SealedAccount],
    breaks: &'a [SealedBreak],
    carried: &'a [SealedOutcome],
}

impl Neighbour {
    /// Reads a sealed folder; nothing where it holds a recheck or a simulated run. Its papers are believed only where their bytes
    /// are those that were sealed.
    pub(in crate::run) fn read(folder: PathBuf) -> Result<Option<Self>, RunError> {
        let sealed = read_seal(&folder)?;
        // Whether it is a recheck is believed of the sealed bytes alone.
        let inputs = sealed_paper(&folder, &sealed, RUN_FILE)?;
        if is_recheck_text(&inputs) || of_inputs(&folder, &inputs)?.terms.scenario.is_some() {
            return Ok(None);
        }
        let close = sealed_paper(&folder, &sealed, CLOSE)?;
        let seal = sha256(sealed.to_text().as_bytes());
        Self::of_papers(folder, seal, &inputs, &close).map(Some)
    }

    /// A run by its papers.
    pub(in crate::run) fn of_papers(
        folder: PathBuf,
        seal: String,
        inputs: &[u8],
        close: &[u8],
    ) -> Result<Self, RunError> {
        let inputs = of_inputs(&folder, inputs)?;
        let close = serde_json::from_slice(close)
            .map_err(|refused| RunError::Malformed { path: folder.join(CLOSE), reason: refused.to_string() })?;
        Ok(Self { folder, is_here: true, rechecks: 0, seal, inputs, close })
    }

    /// A run whose folder is lost, as the register keeps it; its place is where the folder stood.
    pub(in crate::run) fn of_kept(folder: PathBuf, seal: String, kept: &Kept) -> Result<Self, RunError> {
        let of = |kinds: &[DocumentKind]| {
            let texts = kept.documents.iter().filter(|(it, _)| kinds.contains(&it.kind)).map(|(_, text)| text.as_str());
            texts.collect::<Vec<_>>().join(",")
        };
        let invoices = of(&[DocumentKind::Invoice]);
        let notes = of(&[DocumentKind::CreditNote, DocumentKind::DebitNote]);
        let others = kept.papers.strip_prefix('{').unwrap_or_default();
        let close = format!("{{\"invoices\":[{invoices}],\"notes\":[{notes}],{others}");
        let run = Self::of_papers(folder, seal, kept.inputs.as_bytes(), close.as_bytes())?;
        Ok(Self { is_here: false, ..run })
    }

    /// What the register notes of it, with everything that is to be kept; `close` is its `close.json`, and `place` its folder as
    /// the register reaches it.
    pub(in crate::run) fn to_note(&self, place: String, close: &[u8]) -> Result<Noted, RunError> {
        let SealedClose { held, accounts, breaks, carried, .. } = &self.close;
        let (documents, credits) = documents(&self.folder, close)?;
        let others = Others { credits, held, accounts, breaks, carried };
        let papers = serde_json::to_string(&others).map_err(RunError::Inputs)?;
        // What earlier runs handed on is theirs, and may be long; the numbers and the seal of the month before are its own.
        let own = Earlier {
            numbers_from: self.inputs.numbers_from,
            previous: self.inputs.previous.clone(),
            ..Earlier::default()
        };
        let inputs = String::from_utf8_lossy(&self.inputs.clone().handed(own).to_json()?).into_owned();
        let kept = Kept { place, inputs, papers, documents };
        Ok(Noted { kept: Some(kept), ..self.noted() })
    }

    /// Reads its `close.json`, whose bytes must be those that were sealed, and gives what the register notes of it.
    pub(in crate::run) fn to_note_from_papers(&self, place: String) -> Result<Noted, RunError> {
        let close = sealed_paper(&self.folder, &read_seal(&self.folder)?, CLOSE)?;
        self.to_note(place, &close)
    }
}

fn of_inputs(folder: &Path, text: &[u8]) -> Result<Inputs, RunError> {
    Inputs::from_json(text).map_err(|reason| RunError::Malformed { path: folder.join(RUN_FILE), reason })
}

/// The documents of a `close.json`, invoices first, each with its text; and its credits as they stand there.
fn documents(folder: &Path, close: &[u8]) -> Result<(Vec<Written>, Vec<Value>), RunError> {
    let malformed =
        |refused: serde_json::Error| RunError::Malformed { path: folder.join(CLOSE), reason: refused.to_string() };
    let Documents { invoices, notes, credits } = serde_json::from_slice(close).map_err(malformed)?;
    let document = |value: Value| {
        let Head { number, account, currency, total, date, kind, corrects } =
            Head::deserialize(&value).map_err(malformed)?;
        let kind = match kind.as_deref() {
            None => DocumentKind::Invoice,
            Some("credit") => DocumentKind::CreditNote,
            Some(_) => DocumentKind::DebitNote,
        };
        let (currency, corrects) = (currency.code().to_owned(), corrects.map(|it| it.number));
        Ok((Document { kind, number, account, currency, total, dated: date, corrects }, value.to_string()))
    };
    let documents = invoices.into_iter().chain(notes).map(document).collect::<Result<_, RunError>>()?;
    Ok((documents, credits))
}
