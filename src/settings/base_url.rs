//! The base of the partner API: HTTPS, or plain HTTP to this machine alone.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;
use thiserror::Error;

use crate::fetch::is_base;

/// Where the partner API is, without a slash at the end.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct BaseUrl(String);

/// Why a text is not a base that credentials may be sent to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BaseUrlError {
    /// Not scheme, host and path.
    #[error("{0:?} is not a base URL (scheme, host and path alone, as in \"https://api.vobiz.ai/api/v1/partner\")")]
    Shape(String),
    /// Credentials in the URL, which is shown in messages.
    #[error("the base URL holds a user name or password, expected none: credentials have their own place")]
    UserInfo,
    /// Plain HTTP to another machine: anyone on the way could read the credentials.
    #[error("plain HTTP to {0:?}, expected https:// (http:// is for this machine alone)")]
    Plain(String),
}

impl BaseUrl {
    /// The URL, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for BaseUrl {
    fn default() -> Self {
        Self("https://api.vobiz.ai/api/v1/partner".to_owned())
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        if text.contains('@') {
            return Err(BaseUrlError::UserInfo);
        }
        let shape = || BaseUrlError::Shape(text.chars().take(200).collect());
        let (scheme, rest) = text.split_once("://").ok_or_else(shape)?;
        let authority = rest.split('/').next().unwrap_or_default();
        let host = host_of(authority).ok_or_else(shape)?;
        let safe = |c: char| c.is_ascii_alphanumeric() || "-._~/:[]".contains(c);
        if !text.chars().all(safe) {
            return Err(shape());
        }
        match scheme {
            "https" => {}
            "http" if is_loopback(host) => {}
            "http" => return Err(BaseUrlError::Plain(host.to_owned())),
            _ => return Err(shape()),
        }
        // What no client could ask, such as a host `1.2.3.4.5`, is told with its place, and not by the fetch.
        if is_base(text) { Ok(Self(text.trim_end_matches('/').to_owned())) } else { Err(shape()) }
    }
}

/// The host of an authority such as `localhost:8080` or `[::1]:8080`; nothing when host or port cannot be right.
fn host_of(authority: &str) -> Option<&str> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6)?;
            (host, if rest.is_empty() { None } else { Some(rest.strip_prefix(':')?) })
        }
        None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
    };
    let port_is_right = port.is_none_or(|port| port.parse::<u16>().is_ok());
    (!host.is_empty() && port_is_right).then_some(host)
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

impl TryFrom<String> for BaseUrl {
    type Error = BaseUrlError;

    fn try_from(text: String) -> Result<Self, BaseUrlError> {
        text.parse()
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
