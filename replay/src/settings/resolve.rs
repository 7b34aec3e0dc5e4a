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
mod scenario;

use crate::cli::{Args, JudgingArgs};
use crate::judge::{Asked, layered, shipped};
use crate::locator::Locator;

use super::file::{self, File};
use super::scenario::{Meant, Scenario};
use super::{
    Decimal, Destination, Filter, How, Judging, Load, Out, Pace, Pacing, Settings, ShiftDates,
    Timeouts, Tls, Users, What,
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
        mut file: File,
        path: &Path,
        scenario: Option<Scenario>,
        key: Option<SecretString>,
    ) -> Result<Self, Vec<Mistake>> {
        let mut mistakes = Mistakes {
            file: path,
            found: Vec::new(),
        };
        let of_file = file.scenario();
        let shift_dates = mistakes.shift_dates(file.shift_dates.as_deref());
        let client_addresses = mistakes.client_addresses(file.client_addresses.as_deref());
        let users = mistakes.users(file.users).map(|users| Users {
            share: users.share || args.share_users,
            ..users
        });
        let auth = mistakes.auth(file.auth);
        let unique = mistakes.unique(file.unique);
        let meant = mistakes.scenarios(of_file, scenario, args.scenario.as_deref());
        let (Some(users), Some(auth), true) = (users, auth, mistakes.found.is_empty()) else {
            return Err(mistakes.found);
        };
        let load = load(&args, &meant).map_err(|clash| vec![clash])?;
        let (how, filter, tls) = (how(&args, &load), filter(&args), tls(&args, file.tls));
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
                tls,
            },
            users,
            auth,
            how,
            judging: judging(args.judging, meant),
            out: Out {
                dir: args.out,
                outputs: args.outputs.into(),
                dry_run: args.dry_run,
                quiet: args.quiet,
                noise_from: args.noise_from,
                intervals: args.intervals,
                live: args.live,
                live_control: args.live_control,
            },
        })
    }
}

fn tls(args: &Args, file: file::Tls) -> Tls {
    Tls {
        authorities: args.ca.clone().or(file.authorities),
        insecure: args.insecure || file.insecure.unwrap_or_default(),
        no_resumption: !args.tls_resumption.or(file.resumption).unwrap_or(true),
    }
}

/// What the run is judged by: what the file and the scenario ask for, and then the flags.
fn judging(args: JudgingArgs, meant: Meant) -> Judging {
    let (mut rules, mut flags) = (meant.rules.all(), Vec::new());
    for asked in args.threshold {
        match asked {
            Asked::Preset(preset) => rules = preset,
            Asked::Rules(more) => flags.extend(more),
        }
    }
    let rules = layered(rules, flags);
    Judging {
        rules,
        objectives: match meant.objectives.is_empty() {
            true => shipped(),
            false => meant.objectives,
        },
        level: args.slo.or(meant.level),
        checks: meant.checks,
        baselines: args.baseline,
        max_regression: args.max_regression,
        save_baseline: args.save_baseline,
    }
}

/// How fast and by how many; where this contradicts itself, why.
fn load(args: &Args, file: &Meant) -> Result<Load, Mistake> {
    let paces = [&args.speed, &args.rate];
    let mut paces = paces.into_iter().flatten().cloned();
    let stages = args.stages.clone().map(Pace::Stages);
    let pace = paces.next().or(stages).or_else(|| file.pace.clone());
    let pace = pace.unwrap_or(Pace::RECORDED);
    let staged_users = matches!(&pace, Pace::Stages(stages) if stages.what == What::Users);
    let users = args.users.or(file.users);
    let duration = args.duration.or(file.duration);
    if staged_users && users.is_some() {
        return Err(clash(
            "the stages say how many users there are; leave out `--users`",
        ));
    }
    let is_staged = matches!(pace, Pace::Stages(_));
    let laps = match args.r#loop.or(file.laps) {
        None => Some(1),
        Some(0) if duration.is_none() && !is_staged => {
            return Err(clash(
                "without an end it would be played for ever; say how often, as in `--loop=3`, \
                 or for how long, as in `--duration 10m`",
            ));
        }
        Some(0) => None,
        Some(laps) => Some(laps),
    };
    Ok(Load {
        pace,
        users: users.unwrap_or(Decimal::ONE),
        laps,
        duration,
        limit: args.limit.map(NonZeroUsize::get),
        warm_up: args.warm_up.or(file.warm_up).unwrap_or_default(),
        seed: args.seed,
    })
}

/// What was asked for contradicts itself.
fn clash(reason: &str) -> Mistake {
    Mistake {
        file: PathBuf::from("what was asked for"),
        key: "load",
        reason: reason.to_owned(),
    }
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
    use std::fs;

    use clap::Parser;

    use super::*;
    use crate::cli::Cli;
    use crate::summary::Level;

    fn resolve(args: &[&str], file: &str) -> Result<Settings, Vec<Mistake>> {
        let cli = Cli::try_parse_from([&["replay"], args].concat()).unwrap();
        Settings::resolve(
            cli.play,
            toml::from_str(file).unwrap(),
            Path::new("other.toml"),
            None,
            None,
        )
    }

    #[test]
    fn flags_win_over_the_file_and_the_file_over_defaults() {
        let file = "target = \"http://a\"\nvia_loadtest = true\nallow_targets = [\"a\"]\n[load]\nspeed = \"2x\"";
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
    fn every_scenario_that_is_shipped_can_be_played() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../config/scenarios");
        let shipped: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|it| it.unwrap().path())
            .collect();
        assert!(shipped.len() >= 5);
        for path in shipped {
            let scenario = Scenario::load(&path).unwrap();
            let name = path.to_str().unwrap();
            let cli = Cli::try_parse_from(["replay", "c.jsonl", "--scenario", name]).unwrap();
            let file = Path::new("replay.toml");
            let settings =
                Settings::resolve(cli.play, File::default(), file, Some(scenario), None).unwrap();
            assert!(!settings.judging.rules.is_empty(), "{name}");
        }
    }

    #[test]
    fn flags_win_over_the_scenario_and_the_scenario_over_the_file() {
        let scenario = || {
            toml::from_str(
                "slo = \"load\"\n[load]\nusers = \"3x\"\nduration = \"5m\"\nrate = \"7/s\"",
            )
            .unwrap()
        };
        let resolve = |args: &[&str]| {
            let args = [&["replay", "c.jsonl", "--scenario", "s.toml"], args].concat();
            let cli = Cli::try_parse_from(args).unwrap();
            let file = "[load]\nspeed = \"2x\"\nusers = \"9x\"\nwarm_up = \"3s\"";
            let file = toml::from_str(file).unwrap();
            let path = Path::new("replay.toml");
            Settings::resolve(cli.play, file, path, Some(scenario()), None).unwrap()
        };
        let settings = resolve(&[]);
        assert_eq!(settings.load.pace, Pace::rate("7/s").unwrap());
        assert_eq!(settings.load.users.to_string(), "3");
        assert_eq!(settings.load.warm_up.as_secs(), 3);
        assert_eq!(settings.judging.level, Some(Level::Load));
        let settings = resolve(&["--speed", "4x", "--duration", "1m", "--slo", "normal"]);
        assert_eq!(settings.load.pace, Pace::speed("4").unwrap());
        assert_eq!(settings.load.duration.unwrap().as_secs(), 60);
        assert_eq!(settings.judging.level, Some(Level::Normal));
    }

    #[test]
    fn every_wrong_key_is_named_at_once() {
        let file = r#"
shift_dates = "soon"
client_addresses = "198.18.0.0/99"
[load]
speed = "fast"
[users]
role = { route = "GET /me", at = "role" }
[auth]
login = { method = "P T", path = "x", body = "" }
token = "header:x"
"#;
        let mistakes = resolve(&["c.jsonl"], file).unwrap_err();
        let lines: Vec<_> = mistakes.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"), @"other.toml: shift_dates: `soon`: dates move by days or weeks, such as `-35d` or `2w`, or to the week of a date, such as `2026-11-23` or `today`
other.toml: client_addresses: `198.18.0.0/99` is no range of addresses; write it as in `198.18.0.0/15`
other.toml: users.role.at: `role` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`, or `header/` or `cookie/` and a name
other.toml: auth.login.path: `x` does not begin with `/`; write the whole path, as in `/x`
other.toml: auth.login.method: `P T` is no HTTP method; write one, such as `POST`
other.toml: auth.token: `header:x` is no place in an answer; write `body#` and a JSON pointer, as in `body#/access_token`, or `header/` or `cookie/` and a name
other.toml: load.speed: `fast`: a speed is a number above 0, such as `5x`, `2` or `0.5x`, and at most 1000000x");
    }
}
