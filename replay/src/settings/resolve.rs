//! Joins flags, environment, file and defaults into [`Settings`], in that order of precedence.
//!
//! Pure but for the number of cores; clap has joined flags and environment already.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::thread;

use ipnet::IpNet;
use secrecy::SecretString;

mod auth;

use crate::cli::Args;
use crate::locator::Locator;

use super::file::File;
use super::{
    Decimal, Destination, Filter, How, Load, Out, Pace, Pacing, Settings, ShiftDates, Timeouts,
    Tls, Users, What,
};

impl Settings {
    /// Decides who the users are alone, or says what is wrong with that.
    pub(crate) fn users(file: File, path: &Path) -> Result<Users, Vec<Mistake>> {
        let mut mistakes = Mistakes {
            file: path,
            found: Vec::new(),
        };
        mistakes.users(file.users).ok_or(mistakes.found)
    }

    /// Decides every setting, or says all that is wrong in the file.
    pub(crate) fn resolve(
        args: Args,
        file: File,
        path: &Path,
        key: Option<SecretString>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes {
            file: path,
            found: Vec::new(),
        };
        let speed = mistakes.speed(file.speed.as_deref());
        let shift_dates = mistakes.shift_dates(file.shift_dates.as_deref());
        let client_addresses = mistakes.client_addresses(file.client_addresses.as_deref());
        let users = mistakes.users(file.users).map(|users| Users {
            share: users.share || args.share_users,
            ..users
        });
        let auth = mistakes.auth(file.auth);
        let unique = mistakes.unique(file.unique);
        let (Some(users), Some(auth), true) = (users, auth, mistakes.found.is_empty()) else {
            return Err(mistakes.found);
        };
        let load = load(&args, speed).map_err(|clash| {
            vec![Mistake {
                file: PathBuf::from("the command line"),
                key: "load",
                reason: clash.to_owned(),
            }]
        })?;
        let (how, filter) = (how(&args, &load), filter(&args));
        Ok(Self {
            config: path.display().to_string(),
            captures: args.captures,
            filter,
            load,
            to: Destination {
                target: args.target.or(file.target),
                allow_targets: [args.allow_target, file.allow_targets].concat(),
                via_loadtest: args.via_loadtest.or(file.via_loadtest).unwrap_or_default(),
                key,
                headers: args.header,
                rewrites: args.rewrite,
                verbatim: args.verbatim,
                shift_dates: args.shift_dates.or(shift_dates),
                unique,
                client_addresses: args.client_addresses.or(client_addresses),
                limits: args.limits.or(file.limits),
                metrics: args.target_metrics.or(file.target_metrics),
                tls: Tls {
                    authorities: args.ca.or(file.tls.authorities),
                    insecure: args.insecure || file.tls.insecure.unwrap_or_default(),
                    no_resumption: !args.tls_resumption.or(file.tls.resumption).unwrap_or(true),
                },
            },
            users,
            auth,
            how,
            out: Out {
                dir: args.out,
                dry_run: args.dry_run,
                quiet: args.quiet,
                noise_from: args.noise_from,
            },
        })
    }
}

/// How fast and by how many; where this contradicts itself, why.
fn load(args: &Args, file: Option<Pace>) -> Result<Load, &'static str> {
    let paces = [&args.speed, &args.rate];
    let mut paces = paces.into_iter().flatten().cloned();
    let stages = args.stages.clone().map(Pace::Stages);
    let pace = paces.next().or(stages).or(file).unwrap_or(Pace::RECORDED);
    let staged_users = matches!(&pace, Pace::Stages(stages) if stages.what == What::Users);
    if staged_users && args.users.is_some() {
        return Err("the stages say how many users there are; leave out `--users`");
    }
    let is_staged = matches!(pace, Pace::Stages(_));
    let laps = match args.r#loop {
        None => Some(1),
        Some(0) if args.duration.is_none() && !is_staged => {
            return Err(
                "without an end it would be played for ever; say how often, as in `--loop=3`, \
                 or for how long, as in `--duration 10m`",
            );
        }
        Some(0) => None,
        Some(laps) => Some(laps),
    };
    Ok(Load {
        pace,
        users: args.users.unwrap_or(Decimal::ONE),
        laps,
        duration: args.duration,
        limit: args.limit.map(NonZeroUsize::get),
        warm_up: args.warm_up.unwrap_or_default(),
        seed: args.seed,
    })
}

fn how(args: &Args, load: &Load) -> How {
    let max_in_flight = args.max_in_flight.map(NonZeroUsize::get);
    let most = max_in_flight.or_else(|| (load.pace == Pace::Max).then_some(AT_ONCE));
    let workers = args.workers.map_or_else(cores, Into::into);
    How {
        sessions: args.sessions,
        // At the highest rate nothing has a due time.
        pacing: match load.pace {
            Pace::Max => Pacing::Timer,
            _ => args.pacing,
        },
        timeouts: Timeouts {
            connect: args.connect_timeout,
            answer: args.answer_timeout,
            request: args.timeout,
        },
        // More of them than requests would have nothing to do.
        workers: workers.min(most.unwrap_or(usize::MAX)),
        reuse: args.connections,
        max_connections: args.max_connections.map(NonZeroUsize::get),
        http2: args.http2,
        max_in_flight: most,
        on_overload: args.on_overload,
        on_unresolved: args.on_unresolved,
    }
}

fn filter(args: &Args) -> Filter {
    Filter {
        any: args.filter.clone(),
        read_only: args.read_only,
    }
}

/// Requests that are on their way at the highest rate, unless something else is asked for.
const AT_ONCE: usize = 64;

/// A setting of the file that cannot be meant.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {key}: {reason}", file = file.display())]
pub(crate) struct Mistake {
    file: PathBuf,
    key: &'static str,
    /// What is wrong; what to do.
    reason: String,
}

/// Collects what is wrong, so that one start shows everything.
struct Mistakes<'a> {
    file: &'a Path,
    found: Vec<Mistake>,
}

impl Mistakes<'_> {
    fn add(&mut self, key: &'static str, reason: impl Display) {
        self.found.push(Mistake {
            file: self.file.to_owned(),
            key,
            reason: reason.to_string(),
        });
    }

    fn speed(&mut self, text: Option<&str>) -> Option<Pace> {
        let text = text?;
        let speed = Pace::speed(text).ok();
        if speed.is_none() {
            self.add(
                "speed",
                format_args!(
                    "`{text}` is no speed; write a number above 0, such as `5x`, `2` or `0.5x`, \
                     and at most 1000000x"
                ),
            );
        }
        speed
    }

    fn shift_dates(&mut self, text: Option<&str>) -> Option<ShiftDates> {
        let text = text?;
        match text.parse() {
            Ok(shift) => Some(shift),
            Err(error) => {
                self.add("shift_dates", format_args!("`{text}`: {error}"));
                None
            }
        }
    }

    fn client_addresses(&mut self, text: Option<&str>) -> Option<IpNet> {
        let text = text?;
        let range = text.parse().ok();
        if range.is_none() {
            self.add(
                "client_addresses",
                format_args!("`{text}` is no range of addresses; write it as in `198.18.0.0/15`"),
            );
        }
        range
    }

    fn locator(&mut self, key: &'static str, text: Option<&str>, default: &str) -> Option<Locator> {
        match text.unwrap_or(default).parse() {
            Ok(locator) => Some(locator),
            Err(error) => {
                self.add(key, error);
                None
            }
        }
    }
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, Into::into)
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::Cli;

    fn resolve(args: &[&str], file: &str) -> Result<Settings, Vec<Mistake>> {
        let cli = Cli::try_parse_from([&["replay"], args].concat()).unwrap();
        Settings::resolve(
            cli.play,
            toml::from_str(file).unwrap(),
            Path::new("other.toml"),
            None,
        )
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
        assert_eq!(settings.load.pace, Pace::speed("2").unwrap());
        assert!(settings.to.via_loadtest);
        let settings =
            resolve(&["--speed", "5x", "--via-loadtest=false", "c.jsonl"], file).unwrap();
        assert_eq!(settings.load.pace, Pace::speed("5").unwrap());
        assert!(!settings.to.via_loadtest);
        let settings = resolve(&["c.jsonl"], "").unwrap();
        assert_eq!(settings.load.pace, Pace::RECORDED);
        assert_eq!(settings.auth.token.to_string(), "body#/access_token");
        assert!(!settings.users.share);
    }

    #[test]
    fn every_wrong_key_is_named_at_once() {
        let file = r#"
speed = "fast"
shift_dates = "soon"
client_addresses = "198.18.0.0/99"
[users]
role = { route = "GET /me", at = "role" }
[auth]
login = { method = "P T", path = "x", body = "" }
token = "header:x"
"#;
        let mistakes = resolve(&["c.jsonl"], file).unwrap_err();
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @"
other.toml: speed: `fast` is no speed; write a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x
other.toml: shift_dates: `soon`: dates move by days or weeks, such as `-35d` or `2w`, or to the week of a date, such as `2026-11-23` or `today`
other.toml: client_addresses: `198.18.0.0/99` is no range of addresses; write it as in `198.18.0.0/15`
other.toml: users.role.at: `role` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`, or `header/` or `cookie/` and a name
other.toml: auth.login.path: `x` does not begin with `/`; write the whole path, as in `/x`
other.toml: auth.login.method: `P T` is no HTTP method; write one, such as `POST`
other.toml: auth.token: `header:x` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`, or `header/` or `cookie/` and a name
");
    }
}
