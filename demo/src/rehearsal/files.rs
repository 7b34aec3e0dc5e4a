//! The shipped configuration, with this run's addresses and folders put in.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use toml::{Table, Value};

use crate::staging::users_csv;

/// The configuration of one run, in a folder of its own.
pub struct Files {
    folder: PathBuf,
}

impl Files {
    /// Uses `folder`, which must exist.
    pub fn new(folder: &Path) -> Result<Self> {
        let folder = folder
            .canonicalize()
            .with_context(|| format!("no folder `{}`", folder.display()))?;
        fs::write(
            folder.join("anonymize.toml"),
            include_str!("../../../config/anonymize.toml"),
        )?;
        fs::write(folder.join("users.csv"), users_csv())?;
        Ok(Self { folder })
    }

    /// The shipped `proxy.toml` on free ports in front of `upstream`, recording to `capture`.
    pub fn proxy(&self, upstream: &str, capture: Option<&Path>) -> Result<PathBuf> {
        let mut config: Table = include_str!("../../../config/proxy.toml").parse()?;
        config.insert(
            "listen".to_owned(),
            Value::Array(vec!["127.0.0.1:0".into()]),
        );
        config.insert("admin".to_owned(), "127.0.0.1:0".into());
        let mut server = Table::new();
        server.insert("address".to_owned(), upstream.into());
        at(&mut config, &["upstream", "staging"])?
            .insert("servers".to_owned(), Value::Array(vec![server.into()]));
        at(&mut config, &["log"])?.insert("access".to_owned(), self.text("access.jsonl").into());
        let record = at(&mut config, &["record"])?;
        record.insert("enabled".to_owned(), capture.is_some().into());
        record.insert("policy".to_owned(), self.text("anonymize.toml").into());
        if let Some(capture) = capture {
            record.insert("file".to_owned(), capture.display().to_string().into());
        }
        self.write("proxy.toml", &config)
    }

    /// The shipped `replay.toml` with the proxy's address and the backend's test users.
    pub fn replay(&self, target: &str) -> Result<PathBuf> {
        let mut config: Table = include_str!("../../../config/replay.toml").parse()?;
        config.insert("target".to_owned(), format!("http://{target}").into());
        at(&mut config, &["users"])?.insert("file".to_owned(), self.text("users.csv").into());
        self.write("replay.toml", &config)
    }

    fn text(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn write(&self, name: &str, config: &Table) -> Result<PathBuf> {
        let path = self.folder.join(name);
        fs::write(&path, toml::to_string(config)?)
            .with_context(|| format!("cannot write `{}`", path.display()))?;
        Ok(path)
    }
}

/// The table at a path of keys.
fn at<'a>(config: &'a mut Table, path: &[&str]) -> Result<&'a mut Table> {
    path.iter().try_fold(config, |table, key| {
        let next = table.get_mut(*key).and_then(Value::as_table_mut);
        next.with_context(|| format!("the shipped configuration has no table `{key}`"))
    })
}
