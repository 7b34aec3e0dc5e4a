//! `replay verify`: whether a capture is as it was written, what was lost, and what can be saved.

use std::path::Path;

use trace::format::verify::{Proven, Rest};
use trace::format::{Dropped, LeftOut, Verified};
use trace::recording::{Repaired, repair};

use super::{Block, count, each, grouped, one_line, plain, print};
use crate::cli::Verify;
use crate::exit::{Exit, Trouble, usage};

/// Verifies the files, or makes a clean one of a damaged one.
pub(crate) fn verify(args: &Verify) -> Result<Exit, Trouble> {
    match (&args.repair, &*args.files) {
        (None, files) => each(files, |file| {
            let verified = Verified::read(file).map_err(one_line)?;
            let exit = if verified.is_good() {
                Exit::Passed
            } else {
                Exit::Damaged
            };
            Ok((text(file, &verified), exit))
        }),
        (Some(to), [file]) => {
            let repaired = repair(file, to).map_err(|error| usage(one_line(error)))?;
            print(&saved(file, &repaired))?;
            Ok(match repaired.footer.audit.found {
                0 => Exit::Passed,
                _ => Exit::Found,
            })
        }
        (Some(_), _) => Err(usage(anyhow::Error::msg(
            "`--repair` makes one file of one; name a single damaged capture",
        ))),
    }
}

fn text(file: &Path, verified: &Verified) -> String {
    let good = verified.is_good();
    let mut block = Block::new(file, if good { "good" } else { "damaged" });
    let header = &verified.header;
    block.line(
        "capture",
        format_args!(
            "{}, by {}, mode {}",
            plain(&header.capture),
            plain(&header.tool),
            plain(&header.mode)
        ),
    );
    block.line("intact", intact(verified));
    if let Some(rest) = beyond(&verified.rest) {
        block.line("beyond", rest);
    }
    if verified.disorder.exchanges > 0 {
        block.line("order", order(verified));
    }
    for problem in &verified.problems {
        block.line("problem", problem);
    }
    if verified.more_problems > 0 {
        block.line(
            "problem",
            format_args!("and {} more", grouped(verified.more_problems)),
        );
    }
    accounts(&mut block, verified);
    if !good {
        block.line("to do", advice(file));
    }
    block.0
}

fn intact(verified: &Verified) -> String {
    let Proven {
        lines, exchanges, ..
    } = &verified.proven;
    let exchanges = count(*exchanges, "exchange");
    match &**lines {
        [] => "nothing that its hash chain could prove".to_owned(),
        [(1, to)] if *to == verified.lines => {
            format!(
                "all {}: {exchanges}, as the hash chain proves",
                count(*to, "line")
            )
        }
        [(from, to)] => format!(
            "lines {} to {}: {exchanges}, as the hash chain proves",
            grouped(*from),
            grouped(*to)
        ),
        many => {
            let ranges = many
                .iter()
                .take(MOST_RANGES)
                .map(|(from, to)| format!("{} to {}", grouped(*from), grouped(*to)));
            let more = if many.len() > MOST_RANGES {
                ", …"
            } else {
                ""
            };
            let ranges: Vec<_> = ranges.collect();
            format!(
                "lines {}{more}: {exchanges}, as the hash chain proves",
                ranges.join(", ")
            )
        }
    }
}

/// What no checkpoint covers.
fn beyond(rest: &Rest) -> Option<String> {
    rest.after?;
    let torn = rest
        .torn
        .map(|line| format!("; line {}, the last, is cut off or garbled", grouped(line)));
    Some(format!(
        "{} in {} that no checkpoint covers{}",
        count(rest.exchanges, "exchange"),
        count(rest.bytes, "byte"),
        torn.unwrap_or_default()
    ))
}

fn order(verified: &Verified) -> String {
    format!(
        "{} began before one above, by {:.3} s at most: lines are in the order of their ends",
        count(verified.disorder.exchanges, "exchange"),
        verified.disorder.longest_ns as f64 / 1e9
    )
}

/// What was lost or left out on the way into the capture, and what its own audit said.
fn accounts(block: &mut Block, verified: &Verified) {
    closed(block, verified);
    let proven = &verified.proven;
    if proven.lines.is_empty() {
        return;
    }
    let offered = proven.counted.saturating_add(proven.dropped.total());
    block.line(
        "counts",
        format_args!(
            "{} offered, {} recorded, {}",
            grouped(offered),
            grouped(proven.counted),
            dropped(&proven.dropped)
        ),
    );
    if let Some(left_out) = left_out(proven.left_out) {
        block.line("left out", left_out);
    }
}

/// Whether the capture was closed, and what its own audit said.
fn closed(block: &mut Block, verified: &Verified) {
    let footer = match (&verified.footer, verified.proven_footer()) {
        (None, _) => {
            return block.line(
                "closed",
                "no: its recorder was stopped before it could audit and close it, or still writes; \
                 what it had not written since the last checkpoint is lost: at most the last second",
            );
        }
        (Some(_), None) => return block.line("closed", "yes, but its totals cannot be trusted"),
        (Some(_), Some(footer)) => footer,
    };
    if footer.repaired {
        block.line(
            "closed",
            "yes, by a repair: nobody could search it for originals",
        );
    } else {
        block.line(
            "closed",
            format_args!(
                "yes: {} searched for, {} found",
                count(footer.audit.searched, "original"),
                grouped(footer.audit.found)
            ),
        );
    }
}

fn dropped(dropped: &Dropped) -> String {
    let reasons = [
        ("damage", dropped.damage),
        ("policy", dropped.policy),
        ("queue", dropped.queue),
        ("size", dropped.size),
        ("write", dropped.write),
    ];
    let reasons: Vec<_> = reasons
        .into_iter()
        .filter(|(_, number)| *number > 0)
        .map(|(reason, number)| format!("{reason} {}", grouped(number)))
        .collect();
    match &*reasons {
        [] => "0 dropped".to_owned(),
        all => format!("{} dropped ({})", grouped(dropped.total()), all.join(", ")),
    }
}

fn left_out(left_out: LeftOut) -> Option<String> {
    (left_out != LeftOut::default()).then(|| {
        format!(
            "{} by filters, {} by the sample, as its settings asked for",
            grouped(left_out.filter),
            grouped(left_out.sample)
        )
    })
}

fn advice(file: &Path) -> String {
    format!(
        "copy it again from where it was recorded, or `replay verify --repair OUT {}`",
        file.display()
    )
}

fn saved(file: &Path, repaired: &Repaired) -> String {
    let footer = &repaired.footer;
    let mut block = Block::new(&repaired.path, "repaired");
    block.line("from", file.display());
    block.line("kept", count(footer.exchanges, "exchange"));
    block.line(
        "lost",
        format_args!(
            "{} known to have been in damaged lines",
            count(footer.dropped.damage, "exchange")
        ),
    );
    let found = match footer.audit.found {
        0 => "nothing looks personal; the originals are gone, so that nobody could search for them"
            .to_owned(),
        found => format!(
            "{} may tell of real people: it is in quarantine, do not share it",
            count(found, "value")
        ),
    };
    block.line("audit", found);
    for finding in &repaired.findings {
        block.line("found", finding);
    }
    block.0
}

/// Ranges of lines that are printed.
const MOST_RANGES: usize = 8;
