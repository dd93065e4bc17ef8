//! Logs on stderr: for people, or one JSON object a line for whatever collects them. No text of others can begin a line there,
//! nor hide in one: what is of theirs is shown by its codes.

use std::io::{self, Write};

use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::debug_fn;

use super::args::{Global, LogFormat};
use super::environment::Environment;
use crate::domain::{in_json, on_a_line};

/// Starts logging: nothing but warnings without `-v`, what this program says at `info` with one, at `debug` with two.
/// In JSON the progress is in the log, too, unless it is to be quiet. Libraries are never heard below a warning, and the
/// environment cannot change that: they do not know what is a secret here.
pub(super) fn start(global: Global, environment: &Environment) {
    let level = match (global.verbose, global.log) {
        (0, LogFormat::Json) if !global.quiet => "warn,tieout::progress=info",
        (0, LogFormat::Json | LogFormat::Text) => "warn",
        (1, _) => "warn,tieout=info",
        (2.., _) => "warn,tieout=debug",
    };
    // Where stderr is closed there is nobody to tell, not even that.
    let logs = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).log_internal_errors(false);
    // A second start, as in tests, keeps the first.
    let _ = match global.log {
        LogFormat::Text => {
            let fields = debug_fn(|out, field, value| {
                let value = on_a_line(&format!("{value:?}"));
                if field.name() == "message" { write!(out, "{value}") } else { write!(out, "{field}={value}") }
            });
            let fields = fields.delimited(" ");
            logs.with_writer(io::stderr).fmt_fields(fields).with_ansi(environment.colour).try_init()
        }
        LogFormat::Json => {
            let logs = logs.with_writer(|| Lines(io::stderr()));
            logs.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init()
        }
    };
}

/// Lines of JSON, with everything that takes no ink as its code. Each write is of whole lines.
struct Lines<W>(W);

impl<W: Write> Write for Lines<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(bytes);
        let safe: Vec<String> = text.split('\n').map(in_json).collect();
        self.0.write_all(safe.join("\n").as_bytes())?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
