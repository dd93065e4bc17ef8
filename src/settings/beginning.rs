//! The first settings and rate card, written into a folder. Nothing that stands there is overwritten unasked, and no
//! secret is written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use chrono_tz::Tz;
use thiserror::Error;

use super::templates::{Answer, rate_card_text, settings_text};
use super::{RATE_CARD_FILE, SETTINGS_FILE};
use crate::domain::Currency;
use crate::invoice::Percent;

/// What the first settings say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beginning {
    /// The zone whose midnights bound a month.
    pub timezone: Tz,
    /// The currency of fees and minimum.
    pub currency: Currency,
    /// What is charged above cost.
    pub markup: Percent,
    /// The name of whoever bills; the rate card is named after it.
    pub supplier: Option<String>,
}

/// Why the first settings could not be written.
#[derive(Debug, Error)]
pub enum BeginningError {
    /// A file of that name stands there.
    #[error("{}: stands there already; nothing was written", .0.display())]
    Exists(PathBuf),
    /// The disk refused.
    #[error("{}: {refused}", .file.display())]
    Disk {
        /// The file or folder.
        file: PathBuf,
        /// What the system says.
        refused: io::Error,
    },
}

impl BeginningError {
    /// What the user can do about it.
    #[must_use]
    pub const fn hint(&self) -> &'static str {
        match self {
            Self::Exists(_) => "--force overwrites both files, --dir names another folder",
            Self::Disk { .. } => "is the folder open to writing, and is there room on the disk?",
        }
    }
}

impl Beginning {
    /// The texts of the settings and of the rate card.
    #[must_use]
    pub fn texts(&self) -> [String; 2] {
        let answer = |key, text: String| Answer { key, text };
        let name =
            self.supplier.as_ref().map_or_else(|| "standard".to_owned(), |supplier| format!("{supplier}, standard"));
        let settings = [
            answer("rate_card", RATE_CARD_FILE.to_owned()),
            answer("partner.timezone", self.timezone.name().to_owned()),
        ];
        let card = [
            answer("name", name),
            answer("currency", self.currency.to_string()),
            answer("markup.default", self.markup.to_string()),
        ];
        [settings_text(&settings), rate_card_text(&card)]
    }
}

/// Writes `tieout.toml` and `rate-card.toml` into a folder, which is made where it is not there, and says where they are.
///
/// # Errors
/// When one of them stands there already and `force` is not set, with neither written then; or when the disk refuses.
pub fn begin(folder: &Path, beginning: &Beginning, force: bool) -> Result<[PathBuf; 2], BeginningError> {
    let disk = |file: &Path| {
        let file = file.to_owned();
        move |refused| BeginningError::Disk { file, refused }
    };
    let files = [SETTINGS_FILE, RATE_CARD_FILE].map(|name| folder.join(name));
    let standing = files.iter().find(|file| !force && file.symlink_metadata().is_ok());
    if let Some(file) = standing {
        return Err(BeginningError::Exists(file.clone()));
    }
    if !folder.as_os_str().is_empty() {
        fs::create_dir_all(folder).map_err(disk(folder))?;
    }
    for (file, text) in files.iter().zip(beginning.texts()) {
        if force {
            crate::disk::write(file, text.as_bytes()).map_err(disk(file))?;
        } else {
            let written = File::create_new(file).and_then(|mut new| {
                new.write_all(text.as_bytes())?;
                new.sync_all()
            });
            written.map_err(disk(file))?;
        }
    }
    Ok(files)
}
