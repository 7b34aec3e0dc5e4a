//! Joins flags, environment, file and defaults into [`Settings`], in that order of precedence.
//!
//! Pure; clap has joined flags and environment already.

use std::path::PathBuf;
use std::thread;

use secrecy::SecretString;

use crate::cli::Args;
use crate::locator::{InvalidLocator, Locator};

use super::file::{self, File};
use super::speed::InvalidSpeed;
use super::{Auth, Destination, How, Load, Login, Out, RoleSource, Settings, Speed, Users};

impl Settings {
    /// Decides every setting, or says which one is wrong.
    pub(crate) fn resolve(
        args: Args,
        file: File,
        key: Option<SecretString>,
    ) -> Result<Self, SettingsError> {
        let speed = match (args.speed, file.speed) {
            (Some(speed), _) => speed,
            (None, Some(text)) => text.parse().map_err(SettingsError::Speed)?,
            (None, None) => Speed::RECORDED,
        };
        Ok(Self {
            capture: args.capture,
            load: Load {
                speed,
                duration: args.duration,
                limit: args.limit,
                seed: args.seed,
            },
            to: Destination {
                target: args.target.or(file.target),
                allow_targets: [args.allow_target, file.allow_targets].concat(),
                via_loadtest: args.via_loadtest.or(file.via_loadtest).unwrap_or_default(),
                key,
                headers: args.header,
                client_addresses: args.client_addresses.or(file.client_addresses),
            },
            users: users(file.users)?,
            auth: auth(file.auth)?,
            how: How {
                sessions: args.sessions,
                timeout: args.timeout,
                workers: args.workers.map_or_else(cores, Into::into),
            },
            out: Out {
                dir: args.out,
                dry_run: args.dry_run,
                quiet: args.quiet,
            },
        })
    }
}

/// A setting that cannot be meant.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SettingsError {
    /// The key holds no place in an answer.
    #[error("configuration key `{key}`")]
    Locator {
        /// The key.
        key: &'static str,
        /// Why.
        #[source]
        source: InvalidLocator,
    },
    /// The log-in request's method is none.
    #[error("configuration key `auth.login.method`: `{0}` is no HTTP method")]
    Method(String),
    /// The log-in request's path is none.
    #[error("configuration key `auth.login.path`: `{0}` does not begin with `/`")]
    Path(String),
    /// The file's speed is none.
    #[error("configuration key `speed`")]
    Speed(#[source] InvalidSpeed),
}

fn users(file: file::Users) -> Result<Users, SettingsError> {
    let role = match file.role {
        None => None,
        Some(role) => Some(RoleSource {
            at: locator("users.role.at", Some(role.at), "")?,
            route: role.route,
        }),
    };
    Ok(Users {
        file: file.file.filter(|path| *path != PathBuf::new()),
        role,
        share: file.share.unwrap_or_default(),
    })
}

fn auth(file: file::Auth) -> Result<Auth, SettingsError> {
    Ok(Auth {
        login: file.login.map(login).transpose()?,
        token: locator("auth.token", file.token, "body#/access_token")?,
        refresh_token: locator(
            "auth.refresh_token",
            file.refresh_token,
            "body#/refresh_token",
        )?,
    })
}

fn login(file: file::Login) -> Result<Login, SettingsError> {
    if !file.path.starts_with('/') {
        return Err(SettingsError::Path(file.path));
    }
    let method = file.method.unwrap_or_else(|| "POST".to_owned());
    let Ok(method) = method.parse() else {
        return Err(SettingsError::Method(method));
    };
    Ok(Login {
        method,
        path: file.path,
        content_type: file
            .content_type
            .unwrap_or_else(|| content_type(&file.body).to_owned()),
        body: file.body,
    })
}

fn locator(
    key: &'static str,
    text: Option<String>,
    default: &str,
) -> Result<Locator, SettingsError> {
    text.as_deref()
        .unwrap_or(default)
        .parse()
        .map_err(|source| SettingsError::Locator { key, source })
}

fn content_type(body: &str) -> &'static str {
    if body.trim_start().starts_with('{') {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    fn resolve(args: &[&str], file: &str) -> Result<Settings, SettingsError> {
        let args = Args::try_parse_from([&["replay"], args].concat()).unwrap();
        Settings::resolve(args, toml::from_str(file).unwrap(), None)
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file =
            "target = \"http://a\"\nspeed = \"2x\"\nvia_loadtest = true\nallow_targets = [\"a\"]";
        let settings = resolve(
            &["--target", "http://b", "--allow-target", "b", "c.jsonl"],
            file,
        )
        .unwrap();
        assert_eq!(settings.to.target.as_deref(), Some("http://b"));
        assert_eq!(settings.to.allow_targets, ["b", "a"]);
        assert_eq!(settings.load.speed, "2".parse().unwrap());
        assert!(settings.to.via_loadtest);
        let settings =
            resolve(&["--speed", "5x", "--via-loadtest=false", "c.jsonl"], file).unwrap();
        assert_eq!(settings.load.speed, "5".parse().unwrap());
        assert!(!settings.to.via_loadtest);
        let settings = resolve(&["c.jsonl"], "").unwrap();
        assert_eq!(settings.load.speed, Speed::RECORDED);
        assert_eq!(settings.auth.token.to_string(), "body#/access_token");
        assert!(!settings.users.share);
    }

    #[test]
    fn a_wrong_key_is_named() {
        let wrong = |file| {
            format!(
                "{:#}",
                anyhow::Error::from(resolve(&["c.jsonl"], file).unwrap_err())
            )
        };
        insta::assert_snapshot!(wrong("speed = \"fast\""), @"configuration key `speed`: a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x");
        insta::assert_snapshot!(wrong("[auth]\ntoken = \"header:x\""), @"configuration key `auth.token`: `header:x` is no place in an answer, write `body#` and a JSON pointer, as in `body#/access_token`");
        insta::assert_snapshot!(wrong("[auth]\nlogin = { path = \"x\", body = \"\" }"), @"configuration key `auth.login.path`: `x` does not begin with `/`");
    }
}
