//! The manual page, made from the arguments themselves: the program, then each of its commands.

use std::io::{self, Write};

use anyhow::anyhow;
use clap::{Command, CommandFactory};
use clap_mangen::Man;
use serde_json::json;

use super::args::Args;
use super::ending::Ending;
use super::exit::{Exit, Failure, Outcome};
use super::result::object;
use super::said::Said;

/// The page as roff, which `man` shows: `tieout manual | man -l -`.
pub(super) fn manual() -> Result<Outcome, Failure> {
    let page = page(&Args::command()).map_err(|refused| Failure::new(Exit::Bug, anyhow!(refused), None))?;
    let text = String::from_utf8_lossy(&page).into_owned();
    let json = object(json!({ "manual": text }));
    Ok(Outcome { ending: Ending::Manual, said: Said::Script(text), json })
}

fn page(program: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    let man = Man::new(program.clone());
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    describe(program, program.get_name(), &mut page)?;
    man.render_extra_section(&mut page)?;
    man.render_version_section(&mut page)?;
    Ok(page)
}

/// The commands below another one, and below each those that it has itself. What they inherit is told once, above.
fn describe(above: &Command, name: &str, page: &mut Vec<u8>) -> io::Result<()> {
    for command in above.get_subcommands() {
        let name = format!("{name} {}", command.get_name());
        let man = Man::new(command.clone().bin_name(name.clone()));
        let mut parts = Vec::new();
        man.render_description_section(&mut parts)?;
        man.render_synopsis_section(&mut parts)?;
        man.render_options_section(&mut parts)?;
        writeln!(page, ".SH \"{}\"", name.to_uppercase())?;
        // Sections of a page of its own become subsections of this one.
        page.extend(String::from_utf8_lossy(&parts).replace("\n.SH ", "\n.SS ").into_bytes());
        describe(command, &name, page)?;
    }
    Ok(())
}
