//! What the benchmarks share: when and on what they ran, what a process took, and `reports/benchmarks.txt`, in which each
//! has a section of its own.

use std::path::Path;

/// When and on what.
#[expect(clippy::disallowed_methods, reason = "a benchmark says when it ran")]
pub(crate) fn machine(runs: usize) -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let memory = memory.lines().next().unwrap_or_default().split_whitespace().nth(1).unwrap_or("0").to_owned();
    let gib = memory.parse::<u64>().unwrap_or(0) / 1024 / 1024;
    format!("{}, {cores} cores, {gib} GiB, release build, medians of {runs} runs\n", chrono::Utc::now().date_naive())
}

/// The most memory this process has held, in KiB, as Linux counts it.
pub(crate) fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("0");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// Prints a benchmark's lines and, when asked to, puts them into the report in place of its earlier ones.
pub(crate) fn show(section: &str, lines: &str, write: bool) {
    #[expect(clippy::print_stdout, reason = "a benchmark's result")]
    {
        print!("{lines}");
    }
    if !write {
        return;
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/benchmarks.txt");
    let before = std::fs::read_to_string(&file).unwrap_or_default();
    let title = format!("[{section}]\n");
    let others = before.split_inclusive("\n\n").map(str::trim_end).filter(|part| !part.starts_with(title.trim_end()));
    let mut sections: Vec<String> = others.map(|part| format!("{part}\n")).collect();
    sections.push(format!("{title}{}\n", lines.trim_end()));
    sections.sort_unstable();
    std::fs::write(file, sections.join("\n")).expect("reports/benchmarks.txt");
}
