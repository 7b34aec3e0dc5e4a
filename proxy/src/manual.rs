//! The manual page, made from the command line's own help: what is said twice soon differs.
//!
//! Only the description is its own.

use std::io;

use clap::Command;
use clap_mangen::Man;

/// The page, in the language of `man`.
pub(crate) fn page(command: Command) -> io::Result<Vec<u8>> {
    let (synopsis, commands) = (synopsis(&command), commands(&command));
    let more = command.get_after_help().map(ToString::to_string);
    let man = Man::new(command);
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    page.extend_from_slice(synopsis.as_bytes());
    page.extend_from_slice(DESCRIPTION.as_bytes());
    man.render_options_section(&mut page)?;
    page.extend_from_slice(commands.as_bytes());
    page.extend_from_slice(sections(&more.unwrap_or_default()).as_bytes());
    Ok(page)
}

const DESCRIPTION: &str = "\
.SH DESCRIPTION
Stands in front of a staging backend.
It serves the load\\-test routes behind an allow\\-list of addresses, a secret key and limits of their
own, tags what passes there with \\fBX\\-Load\\-Test: true\\fR, forwards everything else under its
ordinary limits, and records what passes on the routes that say so.
Captures are anonymized before they are written, and searched for what was replaced before they are
closed.
.PP
A gated request is let through in this order: client address (behind trusted proxies only),
allow\\-list, throttle of failed keys, key, rate, requests in flight.
Whoever is refused is told why, in JSON; what two parsers could read differently is refused, never
repaired.
.PP
Once it serves, it says on standard output where: \\fBrehearsal\\-proxy listens on ADDRESS, admin on
ADDRESS\\fR.
What happens meanwhile is logged to standard error.
";

fn synopsis(command: &Command) -> String {
    let name = escaped(command.get_name());
    let run =
        format!(".SH SYNOPSIS\n\\fB{name}\\fR [\\fB\\-c\\fR \\fIFILE\\fR] [\\fB\\-\\-test\\fR]\n");
    let others = command.get_subcommands().map(|subcommand| {
        let subcommand = escaped(subcommand.get_name());
        format!(".br\n\\fB{name} {subcommand}\\fR\n")
    });
    std::iter::once(run).chain(others).collect()
}

fn commands(command: &Command) -> String {
    let commands = command.get_subcommands().map(|subcommand| {
        let about = subcommand.get_about().map(ToString::to_string);
        entry(subcommand.get_name(), &about.unwrap_or_default())
    });
    std::iter::once(".SH COMMANDS\n".to_owned())
        .chain(commands)
        .collect()
}

/// The sections of a help text: headings without an indent, with a remark behind a comma if there
/// is one, and names behind two spaces.
fn sections(help: &str) -> String {
    let lines = help.lines().filter(|line| !line.is_empty());
    lines.map(line).collect()
}

fn line(line: &str) -> String {
    let named = line.strip_prefix("  ").filter(|it| !it.starts_with(' '));
    match named.and_then(|named| named.split_once("  ")) {
        Some((name, words)) => entry(name, words.trim_start()),
        None if line.starts_with(' ') => escaped(line.trim_start()) + "\n",
        None => heading(line.trim_end_matches(':')),
    }
}

fn heading(line: &str) -> String {
    let (title, remark) = match line.split_once(", ") {
        Some((title, remark)) => (title, format!("({})\n", escaped(remark))),
        None => (line, String::new()),
    };
    format!(".SH \"{}\"\n{remark}", escaped(&title.to_uppercase()))
}

fn entry(name: &str, words: &str) -> String {
    format!(".TP\n\\fB{}\\fR\n{}\n", escaped(name), escaped(words))
}

/// Nothing in the text is a command; hyphens are as typed.
fn escaped(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_help_text_becomes_sections() {
        let help =
            "Signals:\n  SIGHUP    read it\n            again\n\nFiles, if any:\n  a-b  .c\\d";
        assert_eq!(
            sections(help),
            ".SH \"SIGNALS\"\n.TP\n\\fBSIGHUP\\fR\nread it\nagain\n\
             .SH \"FILES\"\n(if any)\n.TP\n\\fBa\\-b\\fR\n\\&.c\\ed\n"
        );
    }
}
