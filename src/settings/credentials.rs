//! The partner's credentials: environment values or a private file in, a checked pair out that no message can show.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use thiserror::Error;

use crate::domain::{AccountId, Place};
use crate::fetch::{Credentials, Secret};

/// Why there are no credentials to work with. No variant holds what was read: it might be the token.
#[derive(Debug, Error)]
pub enum CredentialsError {
    /// None anywhere.
    #[error("no credentials, expected VOBIZ_AUTH_ID and VOBIZ_AUTH_TOKEN in the environment")]
    Absent,
    /// One of the two alone.
    #[error("{0} is not set although its other half is")]
    Half(&'static str),
    /// A file that cannot be read.
    #[error("{}: {refused}", .file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// What the system says.
        refused: io::Error,
    },
    /// A file that others can read.
    #[error("{}: mode {mode:03o} lets others in, expected a file for its owner alone", .file.display())]
    Open {
        /// The file.
        file: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A file of another form. What it holds instead is not shown.
    #[error("{}, {place}: expected two lines, auth_id = \"…\" and auth_token = \"…\"", .file.display())]
    Form {
        /// The file.
        file: PathBuf,
        /// Where in it.
        place: Place,
    },
    /// An identifier that no partner has.
    #[error("{0} is not an auth id (`PA_` and up to 61 ASCII letters, digits, `_` or `-`)")]
    AuthId(String),
    /// A customer's credentials, which do not open the partner API.
    #[error("{0} is a customer's auth id (`MA_…`), expected the partner's (`PA_…`)")]
    Customer(String),
    /// A token that no header can carry.
    #[error("{0} is empty or holds blanks or characters beyond ASCII, expected a token")]
    Token(String),
}

/// The form of the credentials file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    auth_id: String,
    auth_token: String,
}

/// Finds the credentials: `auth_id` and `auth_token` from the environment, else those in `file`.
///
/// # Errors
/// When there are none, only half of them, a file that others can read, or values that cannot be credentials.
pub fn find_credentials(
    auth_id: Option<String>,
    auth_token: Option<Secret>,
    file: Option<&Path>,
) -> Result<Credentials, CredentialsError> {
    match (auth_id, auth_token, file) {
        (Some(id), Some(token), _) => check(&id, token, ["VOBIZ_AUTH_ID", "VOBIZ_AUTH_TOKEN"].map(str::to_owned)),
        (Some(_), None, _) => Err(CredentialsError::Half("VOBIZ_AUTH_TOKEN")),
        (None, Some(_), _) => Err(CredentialsError::Half("VOBIZ_AUTH_ID")),
        (None, None, Some(file)) => {
            let Written { auth_id, auth_token } = read(file)?;
            let places = ["auth_id", "auth_token"].map(|key| format!("{}, {key}", file.display()));
            check(&auth_id, Secret::new(auth_token), places)
        }
        (None, None, None) => Err(CredentialsError::Absent),
    }
}

impl CredentialsError {
    /// The file that they were looked for in, where it is the file that is wrong.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Unreadable { file, .. } | Self::Open { file, .. } | Self::Form { file, .. } => Some(file),
            Self::Absent | Self::Half(_) | Self::AuthId(_) | Self::Customer(_) | Self::Token(_) => None,
        }
    }

    /// Where in the file, where that is known.
    #[must_use]
    pub const fn place(&self) -> Option<Place> {
        match self {
            Self::Form { place, .. } => Some(*place),
            Self::Absent
            | Self::Half(_)
            | Self::Unreadable { .. }
            | Self::Open { .. }
            | Self::AuthId(_)
            | Self::Customer(_)
            | Self::Token(_) => None,
        }
    }

    /// What the user can do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Absent => "the settings can name a file instead (partner.credentials_file); \
                             `tieout demo` needs no credentials"
                .to_owned(),
            Self::Half(_) | Self::AuthId(_) | Self::Token(_) => "the value itself is never shown".to_owned(),
            Self::Unreadable { .. } => "a path in the settings is relative to the settings file".to_owned(),
            Self::Open { file, .. } => format!("chmod 600 {}", file.display()),
            Self::Form { .. } => "what the file holds is not shown, as it may be the token".to_owned(),
            Self::Customer(_) => "a customer's credentials open the customer API alone".to_owned(),
        }
    }
}

/// Reads the file, if nobody but its owner can.
fn read(file: &Path) -> Result<Written, CredentialsError> {
    let refused = |refused| CredentialsError::Unreadable { file: file.to_owned(), refused };
    let mut opened = File::open(file).map_err(refused)?;
    refuse_open_file(file, &opened)?;
    let mut text = String::new();
    opened.read_to_string(&mut text).map_err(refused)?;
    toml::from_str(&text).map_err(|refused| CredentialsError::Form {
        file: file.to_owned(),
        place: Place::of(&text, refused.span().map_or(0, |span| span.start)),
    })
}

/// Looks at the file that was opened, so that it cannot be exchanged in between.
#[cfg(unix)]
fn refuse_open_file(file: &Path, opened: &File) -> Result<(), CredentialsError> {
    use std::os::unix::fs::PermissionsExt;
    let metadata =
        opened.metadata().map_err(|refused| CredentialsError::Unreadable { file: file.to_owned(), refused })?;
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    if others == 0 { Ok(()) } else { Err(CredentialsError::Open { file: file.to_owned(), mode }) }
}

/// Elsewhere permissions have no such form.
#[cfg(not(unix))]
fn refuse_open_file(_file: &Path, _opened: &File) -> Result<(), CredentialsError> {
    Ok(())
}

/// Checks the pair; `places` says where each half came from.
fn check(auth_id: &str, token: Secret, places: [String; 2]) -> Result<Credentials, CredentialsError> {
    let [id_place, token_place] = places;
    if auth_id.starts_with("MA_") {
        return Err(CredentialsError::Customer(id_place));
    }
    let id = AccountId::parse(auth_id).ok().filter(|id| id.as_str().starts_with("PA_"));
    let auth_id = id.ok_or(CredentialsError::AuthId(id_place))?;
    let fits_a_header = !token.expose().is_empty() && token.expose().bytes().all(|b| b.is_ascii_graphic());
    if fits_a_header { Ok(Credentials { auth_id, token }) } else { Err(CredentialsError::Token(token_place)) }
}
