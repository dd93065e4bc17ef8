//! What a command says to people, line by line, so that no text of others in it can begin a line of its own.

use std::fmt;

use crate::domain::on_a_line;

/// A text for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// Lines, each of which stays one whatever others wrote into it.
    Lines(Vec<String>),
    /// A file for another program to read, byte for byte: all of it is this program's own.
    Script(String),
}

impl Said {
    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self::Lines(Vec::new())
    }

    /// One line.
    pub fn line(line: impl Into<String>) -> Self {
        Self::Lines(vec![line.into()])
    }

    /// Several lines, with nothing of the same line in two items.
    pub fn lines<L: Into<String>>(lines: impl IntoIterator<Item = L>) -> Self {
        Self::Lines(lines.into_iter().map(Into::into).collect())
    }

    /// The lines of a text that was made line by line already, such as `summary.txt`: what is of others in it is shown by its
    /// codes.
    #[must_use]
    pub fn paper(text: &str) -> Self {
        Self::lines(text.trim_end().lines())
    }

    /// The same with more lines behind it.
    #[must_use]
    pub fn then<L: Into<String>>(self, more: impl IntoIterator<Item = L>) -> Self {
        Self::lines(self.into_lines().into_iter().chain(more.into_iter().map(Into::into)))
    }

    /// Line by line.
    #[must_use]
    pub fn into_lines(self) -> Vec<String> {
        match self {
            Self::Lines(lines) => lines,
            Self::Script(text) => text.lines().map(ToOwned::to_owned).collect(),
        }
    }
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lines(lines) => f.write_str(&lines.iter().map(|line| on_a_line(line)).collect::<Vec<_>>().join("\n")),
            Self::Script(text) => f.write_str(text.trim_end()),
        }
    }
}
