//! Logs on stderr, for `-v` and `-vv`.

use tracing_subscriber::EnvFilter;

use super::environment::Environment;

/// Starts logging: nothing but warnings without `-v`, what this program says at `info` with one, at `debug` with two.
/// Libraries are never heard below a warning: they do not know what is a secret here.
pub(super) fn start(verbose: u8, environment: &Environment) {
    let level = match verbose {
        0 => "warn",
        1 => "warn,tieout=info",
        _ => "warn,tieout=debug",
    };
    let logs = tracing_subscriber::fmt().with_env_filter(EnvFilter::new(level)).with_ansi(environment.colour);
    // A second start, as in tests, keeps the first.
    let _ = logs.with_writer(std::io::stderr).try_init();
}
