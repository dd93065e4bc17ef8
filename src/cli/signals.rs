//! The signals that end the program well, and the one that only says that a file may not grow.

use std::fs;
use std::future::pending;

/// Resolves when the user interrupts, the terminal hangs up, or whoever started the program asks it to end. A signal that the
/// program was started without an ear for (`nohup`, a job in the background of a script) stays unheard.
pub(super) async fn interrupted() {
    let ignored = ignored();
    tokio::select! {
        () = heard(ignored, INTERRUPT) => {}
        () = heard(ignored, HANGUP) => {}
        () = heard(ignored, TERMINATION) => {}
    }
}

/// The numbers that POSIX gives these signals.
const HANGUP: u8 = 1;
const INTERRUPT: u8 = 2;
const TERMINATION: u8 = 15;

/// The signals that the program was started to ignore, a bit each from the lowest, as Linux tells; none where nobody tells.
fn ignored() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default()
}

#[cfg(unix)]
async fn heard(ignored: u64, number: u8) {
    use tokio::signal::unix::{SignalKind, signal};
    let is_ignored = ignored >> (number - 1) & 1 == 1;
    match signal(SignalKind::from_raw(number.into())) {
        Ok(mut ear) if !is_ignored => drop(ear.recv().await),
        // Where no signal can be heard there is none to wait for.
        Ok(_) | Err(_) => pending::<()>().await,
    }
}

/// Elsewhere the user's interruption is all there is.
#[cfg(not(unix))]
async fn heard(_ignored: u64, number: u8) {
    if number != INTERRUPT || tokio::signal::ctrl_c().await.is_err() {
        pending::<()>().await;
    }
}

/// From now on a file that would grow beyond the limit of the shell (`ulimit -f`) is an error of the write, told in words, and
/// not the end of the program: SIGXFSZ is heard, and nobody listens. Belongs into a runtime.
#[cfg(all(unix, not(any(target_arch = "mips", target_arch = "mips64"))))]
pub(super) fn outlive_file_limits() {
    use tokio::signal::unix::{SignalKind, signal};
    /// The number of SIGXFSZ wherever this is built.
    const FILE_SIZE: i32 = 25;
    // Once heard, it is heard for as long as the program lives; where it cannot be, the system ends the program as before.
    drop(signal(SignalKind::from_raw(FILE_SIZE)));
}

/// Elsewhere there is no such signal, or it has another number.
#[cfg(not(all(unix, not(any(target_arch = "mips", target_arch = "mips64")))))]
pub(super) fn outlive_file_limits() {}
