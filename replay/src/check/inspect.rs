//! `replay inspect`: what a capture asks of a replay, before anything is sent.

use std::path::Path;

use trace::format::{Ordered, Reader, Uses, Window};

use super::{Block, count, each, grouped, one_line};
use crate::cli::Inspect;
use crate::console;
use crate::exit::{Exit, Trouble, failed, usage};
use crate::inspect::{Inspection, Inspector, Route};
use crate::plan::{Recorded, Roles};
use crate::settings::file::File;
use crate::settings::{Settings, Users};
use crate::words::{micros, table};

/// Looks into the files.
pub(crate) fn inspect(args: &Inspect) -> Result<Exit, Trouble> {
    let (file, path) = File::load(args.config.as_deref()).map_err(usage)?;
    let users = Settings::users(file, &path).map_err(crate::exit::usages)?;
    if args.json {
        for file in &args.files {
            let found = look(file, &users).map_err(usage)?;
            let json = serde_json::to_string_pretty(&found).map_err(failed)?;
            console::data(&format!("{json}\n")).map_err(failed)?;
        }
        return Ok(Exit::Passed);
    }
    each(&args.files, |file| {
        Ok((text(file, &look(file, &users)?), Exit::Passed))
    })
}

fn look(file: &Path, users: &Users) -> Result<Inspection, anyhow::Error> {
    let reader = Reader::open(file).map_err(one_line)?;
    let mut inspector = Inspector::default();
    let roles = Roles::new(users.role.clone());
    let mut uses = Uses::open(file).map_err(one_line)?;
    for exchange in Ordered::new(reader, Window::default()) {
        let exchange = exchange.map_err(one_line)?;
        let role = roles.told_by(&exchange);
        let used = uses.of(exchange.seq);
        inspector.add(&Recorded { exchange, used }, role);
    }
    Ok(inspector.end())
}

fn text(file: &Path, found: &Inspection) -> String {
    let result = format!(
        "{} of {} in {}",
        count(found.exchanges, "exchange"),
        count(found.routes.len() as u64, "route"),
        micros(found.length_ns / 1_000)
    );
    let mut block = Block::new(file, &result);
    block.line("users", people(found));
    block.line("sessions", sessions(found));
    block.line(
        "slots",
        listed(
            found
                .slots
                .iter()
                .map(|(kind, count)| format!("{kind} {}", grouped(*count))),
        ),
    );
    let sum = |of: fn(&Route) -> u64| found.routes.iter().map(of).sum::<u64>();
    block.line("links", links(&sum));
    block.line("cookies", listed(found.cookies.iter().cloned()));
    block.line("dates", dates(found));
    for (name, rule) in rules(found, &sum) {
        block.line(name, rule);
    }
    let routes = table(&routes(found), &[false, true, true, true, true, true]);
    block.0 + "\n" + &routes + "\n"
}

fn people(found: &Inspection) -> String {
    let known: u64 = found.roles.values().sum();
    let roles = found
        .roles
        .iter()
        .map(|(role, users)| format!("{} {role}", grouped(*users)));
    let unknown =
        (known < found.users).then(|| format!("{} of unknown role", grouped(found.users - known)));
    format!("{}: {}", grouped(found.users), listed(roles.chain(unknown)))
}

fn sessions(found: &Inspection) -> String {
    format!(
        "{}, {} of them logged in, {} from before the recording",
        grouped(found.sessions),
        grouped(found.sessions_with_tokens),
        grouped(found.sessions_without_log_in)
    )
}

fn links(sum: &dyn Fn(fn(&Route) -> u64) -> u64) -> String {
    format!(
        "{} of requests, which {} gave",
        count(sum(|route| route.links), "value"),
        count(sum(|route| route.sources), "answer")
    )
}

fn dates(found: &Inspection) -> String {
    match &found.busiest_week {
        None => "none in requests".to_owned(),
        Some(monday) => format!(
            "{} in requests, most of them in the week of {monday}",
            grouped(found.dates)
        ),
    }
}

/// What would need a slot or a rule, and what is done about it.
fn rules(
    found: &Inspection,
    sum: &dyn Fn(fn(&Route) -> u64) -> u64,
) -> Vec<(&'static str, String)> {
    let mut rules = Vec::new();
    let mut tell = |number: u64, text: String| {
        if number > 0 {
            rules.push(("needs", text));
        }
    };
    let without = found.sessions_without_log_in;
    tell(
        without,
        format!(
            "`login` under [auth]: {} from before the recording",
            count(without, "session")
        ),
    );
    let with_tokens = found.sessions_with_tokens;
    tell(
        with_tokens,
        "test users: one for each user that logs in ([users]), times --users".to_owned(),
    );
    tell(
        found.dates,
        "--shift-dates, where the target's data are of other dates than these".to_owned(),
    );
    let unfollowed = sum(|route| route.unfollowed);
    let cut = sum(|route| route.after_cut);
    let because = match cut {
        0 => "their sessions began before the recording, or the ids were made by the client"
            .to_owned(),
        cut => format!(
            "for {} of them the session had an answer before that was longer than body_limit: raise it",
            grouped(cut)
        ),
    };
    tell(
        unfollowed,
        format!(
            "{} with an identifier that no answer gave, which the target may not know: {because}",
            count(unfollowed, "request")
        ),
    );
    let addresses = sum(|route| route.addresses);
    if addresses > 0 {
        let requests = count(addresses, "request");
        let text = "with an e-mail address: each who plays sends one of its own";
        rules.push(("unique", format!("{requests} {text}")));
    }
    rules
}

fn routes(found: &Inspection) -> Vec<Vec<String>> {
    let head = [
        "route",
        "exchanges",
        "uses",
        "gives",
        "unknown ids",
        "cut answers",
    ];
    let row = |route: &Route| {
        let counts = [
            route.exchanges,
            route.links,
            route.sources,
            route.unfollowed,
            route.cut,
        ];
        let counts = counts.map(|count| {
            if count == 0 {
                "–".to_owned()
            } else {
                grouped(count)
            }
        });
        [route.route.clone()].into_iter().chain(counts).collect()
    };
    let rows = found.routes.iter().map(row);
    [head.map(str::to_owned).to_vec()]
        .into_iter()
        .chain(rows)
        .collect()
}

fn listed(all: impl Iterator<Item = String>) -> String {
    let all: Vec<_> = all.collect();
    match all.is_empty() {
        true => "none".to_owned(),
        false => all.join(", "),
    }
}
