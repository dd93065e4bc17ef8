//! The manual page, made from the arguments themselves: the program, then each of its commands.

use std::io::{self, Write};

use anyhow::anyhow;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use super::args::Args;
use super::exit::{Exit, Failure, Outcome};
use super::result::object;

/// The page as roff, which `man` shows: `tieout manual | man -l -`.
pub(super) fn manual() -> Result<Outcome, Failure> {
    let page = page(Args::command()).map_err(|refused| Failure::new(Exit::Bug, anyhow!(refused), None))?;
    let text = String::from_utf8_lossy(&page).into_owned();
    let json = object(json!({ "meaning": "the manual page, as roff", "manual": text }));
    Ok(Outcome { exit: Exit::TiedOut, text, json })
}

fn page(mut program: Command) -> io::Result<Vec<u8>> {
    // Gives the commands the global options and their full names.
    program.build();
    let mut page = Vec::new();
    let man = Man::new(program.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    man.render_subcommands_section(&mut page)?;
    for command in program.get_subcommands() {
        describe(command, &mut page)?;
    }
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// A command, and below it those that it has itself.
fn describe(command: &Command, page: &mut Vec<u8>) -> io::Result<()> {
    let man = Man::new(command.clone());
    writeln!(page, ".SH \"{}\"", command.get_bin_name().unwrap_or(command.get_name()).to_uppercase())?;
    let mut parts = Vec::new();
    man.render_description_section(&mut parts)?;
    man.render_synopsis_section(&mut parts)?;
    man.render_options_section(&mut parts)?;
    // Sections of a page of its own become subsections of this one.
    page.extend(
        String::from_utf8_lossy(&parts).replace("\n.SH ", "\n.SS ").replace(".SH DESCRIPTION\n", "").into_bytes(),
    );
    command.get_subcommands().try_for_each(|inner| describe(inner, page))
}
