//! Logs on stderr: for people, or one JSON object a line for whatever collects them.

use tracing_subscriber::EnvFilter;

use super::args::{Global, LogFormat};
use super::environment::Environment;

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
    let logs = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).with_writer(std::io::stderr);
    // Where stderr is closed there is nobody to tell, not even that.
    let logs = logs.log_internal_errors(false);
    // A second start, as in tests, keeps the first.
    let _ = match global.log {
        LogFormat::Text => logs.with_ansi(environment.colour).try_init(),
        LogFormat::Json => logs.json().flatten_event(true).with_current_span(false).with_span_list(false).try_init(),
    };
}
