//! What comes out of a run: files, the text on the terminal, and who else is told.

use crate::compare::{self, SaveError};
use crate::console;
use crate::exit::{Trouble, failed, usage};
use crate::github;
use crate::output::Output;
use crate::outputs::Outputs;
use crate::report;
use crate::settings::{Judging, Settings};
use crate::slack;
use crate::summary::Summary;

use super::print;

/// Where results go; all of it can be written.
pub(super) struct Results {
    folder: Output,
    others: Outputs,
}

impl Results {
    /// Makes the folder, and finds out whether all that was asked for can be written.
    pub(super) fn create(settings: &Settings) -> Result<Self, Trouble> {
        let out = &settings.out;
        let folder = Output::create(out.dir.as_deref(), &settings.captures[0]).map_err(usage)?;
        if let Some(path) = settings
            .judging
            .save_baseline
            .as_ref()
            .filter(|it| it.is_dir())
        {
            folder.discard();
            let path = path.display();
            let error = anyhow::anyhow!("`{path}` is a folder; name a file with `--save-baseline`");
            return Err(usage(error));
        }
        match Outputs::create(&out.outputs, &folder.path(SUMMARY)) {
            Ok(others) => Ok(Self { folder, others }),
            Err(error) => {
                folder.discard();
                Err(usage(error))
            }
        }
    }

    /// Removes what was made, because there is nothing to put into it.
    pub(super) fn discard(self) {
        self.others.discard();
        self.folder.discard();
    }

    /// Writes, prints and sends how it went.
    pub(super) fn tell(&self, summary: &Summary, judging: &Judging) -> Result<(), Trouble> {
        let json = serde_json::to_string_pretty(summary).map_err(failed)?;
        let html = report::html::render(summary).map_err(failed)?;
        let json = format!("{json}\n");
        self.folder.write(SUMMARY, &json).map_err(failed)?;
        let page = self.folder.write("report.html", &html).map_err(failed)?;
        let written = self.others.write(summary).map_err(failed);
        print(&self.others.text(summary, Some(&page)), "the summary")?;
        github::tell(summary);
        slack::tell(summary);
        written?;
        keep(summary, judging)
    }
}

/// Keeps the run as a baseline, where that was asked for and it is good enough.
fn keep(summary: &Summary, judging: &Judging) -> Result<(), Trouble> {
    let Some(path) = &judging.save_baseline else {
        return Ok(());
    };
    match compare::save_baseline(summary, path) {
        Ok(()) => Ok(()),
        Err(refused @ SaveError::Refused { .. }) => {
            console::warning(&refused);
            Ok(())
        }
        Err(error @ SaveError::Write { .. }) => Err(failed(error)),
    }
}

const SUMMARY: &str = "summary.json";
