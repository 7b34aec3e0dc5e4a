//! The to-do service, and its users through the recorder: cookies for credentials, numbers for ids.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use rehearsal_tests::message::Message;
use rehearsal_tests::proxy::{Proxy, without_limits};
use rehearsal_tests::todo::browser::Browser;
use rehearsal_tests::todo::users::work;
use rehearsal_tests::todo::{Todo, User, policy};
use rehearsal_tests::{eventually, finish, http};
use serde_json::Value;
use tempfile::TempDir;
use trace::exchange::{Content, Exchange};
use trace::format::Capture;

const HOUR: Duration = Duration::from_secs(3600);

fn start() -> (Todo, Vec<User>) {
    let users = User::some(2);
    (Todo::start(&users, HOUR).unwrap(), users)
}

fn log_in(todo: &Todo, user: &User) -> (Browser, Message) {
    let mut browser = Browser::new(&todo.address);
    let form = format!("username={}&password={}", user.name, user.password);
    let answer = browser.send("POST", "/login", &[], &form).unwrap();
    (browser, answer)
}

fn json(answer: &Message) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// Sends a request and gives its status, and the body as JSON.
fn ask(browser: &mut Browser, method: &str, path: &str, body: &str) -> (String, Value) {
    let token = browser.cookie("csrf_token").unwrap_or_default();
    let token = format!("X-CSRF-Token: {token}");
    let answer = browser.send(method, path, &[&token], body).unwrap();
    let body = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.word(1).to_owned(), body)
}

#[test]
fn a_log_in_gives_a_cookie_and_nothing_else() {
    let (todo, users) = start();
    let (browser, answer) = log_in(&todo, &users[0]);
    assert_eq!((answer.word(1), answer.body.len()), ("303", 0));
    assert_eq!(answer.header("location"), Some("/lists"));
    let sid = browser.cookie("sid").unwrap();
    assert_eq!(sid.len(), 32);
    let line = format!("sid={sid}; Path=/; HttpOnly");
    assert_eq!(answer.header("set-cookie"), Some(line.as_str()));

    let stranger = User {
        password: "wrong".to_owned(),
        ..users[0].clone()
    };
    let (browser, answer) = log_in(&todo, &stranger);
    assert_eq!((answer.word(1), browser.cookie("sid")), ("401", None));
}

#[test]
fn without_a_session_there_is_nothing() {
    let (todo, users) = start();
    let (mut browser, _) = log_in(&todo, &users[0]);
    let sid = format!("Cookie: sid={}", browser.cookie("sid").unwrap());
    for path in ["/lists", "/lists/1", "/items/1", "/nothing"] {
        let status = |headers: &[&str]| http::get(&todo.address, path, headers).unwrap().status;
        assert_eq!(status(&[]), 401);
        assert_eq!(status(&["Cookie: sid=0123456789abcdef"]), 401);
        assert_ne!(status(&[&sid]), 401);
    }
    let out = browser.send("POST", "/logout", &[], "").unwrap();
    assert_eq!(
        (out.word(1), out.header("location")),
        ("303", Some("/login"))
    );
    assert_eq!(browser.cookie("sid"), None);
    let late = http::get(&todo.address, "/lists", &[&sid]).unwrap();
    assert_eq!(late.status, 401);
}

#[test]
fn the_token_against_forged_requests_is_a_cookie_of_some_paths_only() {
    let (todo, users) = start();
    let (mut browser, _) = log_in(&todo, &users[0]);
    let new = r#"{"title":"New"}"#;
    assert_eq!(ask(&mut browser, "POST", "/lists", new).0, "403");
    let lists = browser.send("GET", "/lists", &[], "").unwrap();
    let token = browser.cookie("csrf_token").unwrap().to_owned();
    let line = format!("csrf_token={token}; Path=/lists");
    assert_eq!(lists.header("set-cookie"), Some(line.as_str()));
    let again = browser.send("GET", "/lists", &[], "").unwrap();
    assert_eq!(again.header("set-cookie"), None, "it is known by now");

    let (status, list) = ask(&mut browser, "POST", "/lists", new);
    assert_eq!((status.as_str(), &list["title"]), ("201", &"New".into()));
    let items = format!("/lists/{}/items", list["id"]);
    let (status, item) = ask(&mut browser, "POST", &items, r#"{"text":"Rope"}"#);
    assert_eq!((status.as_str(), &item["done"]), ("201", &false.into()));
    let path = format!("/items/{}", item["id"]);
    let (status, item) = ask(&mut browser, "PATCH", &path, r#"{"done":true}"#);
    assert_eq!((status.as_str(), &item["done"]), ("200", &true.into()));

    let sid = browser.cookie("sid").unwrap();
    let strayed = format!("Cookie: csrf_token={token}; sid={sid}");
    let strayed = http::get(&todo.address, &path, &[&strayed]).unwrap();
    assert_eq!(strayed.status, 400);
    assert_eq!(ask(&mut browser, "DELETE", &path, "").0, "204");
    assert_eq!(ask(&mut browser, "DELETE", &path, "").0, "404");
}

#[test]
fn ids_are_ones_own_and_those_of_the_instance() {
    let (todo, users) = start();
    let (other, _) = start();
    let first = |todo: &Todo, user: &User| {
        let (mut browser, _) = log_in(todo, user);
        let lists = browser.send("GET", "/lists", &[], "").unwrap();
        let list = format!("/lists/{}", json(&lists)["lists"][0]["id"]);
        let list = browser.send("GET", &list, &[], "").unwrap();
        let list = json(&list);
        let paths = (&list["id"], &list["items"][1]["id"]);
        let paths = (format!("/lists/{}", paths.0), format!("/items/{}", paths.1));
        (browser, paths)
    };
    let (mut browser, own) = first(&todo, &users[0]);
    let (_, others) = first(&todo, &users[1]);
    let (_, elsewhere) = first(&other, &users[0]);
    assert!(own != others && own != elsewhere);
    let body = r#"{"done":true}"#;
    for (list, item) in [others, elsewhere] {
        assert_eq!(ask(&mut browser, "GET", &list, "").0, "404");
        assert_eq!(ask(&mut browser, "PATCH", &item, body).0, "404");
        assert_eq!(ask(&mut browser, "DELETE", &item, "").0, "404");
    }
    assert_eq!(ask(&mut browser, "PATCH", &own.1, body).0, "200");
}

#[test]
fn a_session_in_use_gets_another_cookie_and_an_old_one_ends() {
    let users = User::some(1);
    let todo = Todo::start(&users, Duration::from_secs(1)).unwrap();
    let (mut browser, _) = log_in(&todo, &users[0]);
    let first = browser.cookie("sid").unwrap().to_owned();
    eventually("the cookie is another", || {
        let lists = browser.send("GET", "/lists", &[], "")?;
        assert_eq!(lists.word(1), "200");
        Ok((browser.cookie("sid") != Some(&first)).then_some(()))
    })
    .unwrap();
    let old = format!("Cookie: sid={first}");
    eventually("the first one is at its end", || {
        let late = http::get(&todo.address, "/lists", &[&old])?;
        Ok((late.status == 401).then_some(()))
    })
    .unwrap();
}

#[test]
fn users_do_the_same_for_the_same_seed() {
    let users = User::some(4);
    let work = |life, seed| {
        let todo = Todo::start(&users, life).unwrap();
        work(&todo.address, &users, 30, seed).unwrap()
    };
    let first = work(HOUR, 1);
    let statuses: Vec<_> = first.keys().copied().collect();
    assert_eq!(statuses, [200, 201, 204, 303]);
    // Who keeps cookies does not see that they are others by now.
    assert_eq!(work(Duration::from_secs(2), 1), first);
    assert_ne!(work(HOUR, 2), first);
}

/// Six users through the recorder, for longer than a session without a new cookie would last.
fn recorded() -> (Capture, PathBuf, TempDir) {
    let users = User::some(6);
    let todo = Todo::start(&users, Duration::from_secs(2)).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("policy.toml");
    fs::write(&file, policy().unwrap()).unwrap();
    let proxy = Proxy::start(&todo.address, |config| {
        without_limits(config);
        let record = config["record"].as_table_mut().unwrap();
        record.insert("policy".to_owned(), file.display().to_string().into());
    })
    .unwrap();
    let statuses = work(&proxy.address, &users, 30, 1).unwrap();
    assert!(statuses.keys().all(|status| *status < 400), "{statuses:?}");
    let (capture, path, folder) = proxy.captured().unwrap();
    let footer = capture.footer.as_ref().unwrap();
    assert_eq!(footer.exchanges, statuses.values().sum::<u64>());
    assert_eq!(footer.audit.found, 0);
    (capture, path, folder)
}

fn header<'e>(headers: &'e [(String, String)], name: &str) -> Option<&'e str> {
    let found = headers.iter().find(|(known, _)| known == name);
    found.map(|(_, value)| value.as_str())
}

/// The slots of a log-in, and those of the cookie in all that comes after it.
fn check_slots(exchange: &Exchange) {
    let user = &exchange.user;
    let sid = format!("sid={{{{auth:{user}}}}}");
    let given = header(&exchange.response.headers, "set-cookie");
    match exchange.route.as_str() {
        "GET /login" => {}
        "POST /login" => {
            let form = format!("username={{{{username:{user}}}}}&password={{{{password:{user}}}}}");
            assert_eq!(exchange.request.body.content, Content::Utf8(form));
            assert_eq!(given, Some(format!("{sid}; Path=/; HttpOnly").as_str()));
        }
        _ => {
            let sent = header(&exchange.request.headers, "cookie").unwrap();
            assert!(sent.ends_with(&sid), "{sent}");
        }
    }
}

#[test]
fn a_recording_has_slots_for_cookies_and_links_for_numbers() {
    let (capture, _path, _folder) = recorded();
    capture.exchanges.iter().for_each(check_slots);
    let again = |it: &&Exchange| {
        let given = header(&it.response.headers, "set-cookie").unwrap_or_default();
        it.route != "POST /login" && given.starts_with("sid={{auth:")
    };
    assert!(capture.exchanges.iter().filter(again).count() >= 6);

    let mut numbers = 0;
    for exchange in capture
        .exchanges
        .iter()
        .filter(|it| it.route.contains("{id}"))
    {
        let mut links = exchange.links.iter();
        let linked = links.any(|link| link.into == "path/1" && link.source.ends_with("/id"));
        assert!(linked, "{} {:?}", exchange.route, exchange.links);
        numbers += 1;
    }
    assert!(numbers > 200, "{numbers}");
    let sent = |it: &&Exchange| header(&it.request.headers, "x-csrf-token").is_some();
    for exchange in capture.exchanges.iter().filter(sent) {
        let mut links = exchange.links.iter();
        let linked = links.any(|it| {
            (it.source.as_str(), it.into.as_str()) == ("cookie/csrf_token", "header/x-csrf-token")
        });
        assert!(linked, "{} {:?}", exchange.route, exchange.links);
    }
}

/// All that it takes to follow another application: how one logs in.
const SETTINGS: &str = r#"
[users]
file = "users.csv"
[auth]
login = { path = "/login", body = "username={{username}}&password={{password}}" }
token = "cookie/sid"
"#;

#[test]
fn a_replay_follows_the_service_by_its_log_in_alone() {
    let (capture, path, _kept) = recorded();
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name).display().to_string();
    // Others than those who were recorded, three for each.
    let users = User::some(18);
    let lines = users
        .iter()
        .map(|user| format!("{},{}\n", user.name, user.password));
    let csv = "username,password\n".to_owned() + &lines.collect::<String>();
    fs::write(file("users.csv"), csv).unwrap();
    fs::write(
        file("replay.toml"),
        SETTINGS.replace("users.csv", &file("users.csv")),
    )
    .unwrap();
    let replayed = |args: &[&str]| {
        let todo = Todo::start(&users, Duration::from_secs(2)).unwrap();
        let (target, config, out) = (
            format!("http://{}", todo.address),
            file("replay.toml"),
            file("out"),
        );
        let path = path.display().to_string();
        let common = [
            "--config", &config, "--target", &target, "--out", &out, &path,
        ];
        let replay = finish("replay", args.iter().copied().chain(common), &[]).unwrap();
        assert!(matches!(replay.code, 0 | 1 | 96), "{replay:?}");
        let summary = fs::read_to_string(file("out/summary.json")).unwrap();
        serde_json::from_str::<Value>(&summary).unwrap()
    };
    let equal = |summary: &Value| summary["divergence"]["equal_statuses"].as_f64().unwrap();
    for args in [
        &["--speed", "1x"][..],
        &["--speed", "5x"],
        &["--users", "3x", "--speed", "3x"],
    ] {
        let summary = replayed(args);
        assert!(
            equal(&summary) >= 0.995,
            "{args:?} {:#}",
            summary["divergence"]
        );
    }
    // Sessions that were recorded after their log-ins log in by themselves.
    let began = capture
        .exchanges
        .iter()
        .filter(|it| it.route == "POST /login")
        .count() as u64;
    let summary = replayed(&["--filter", "path!=/login"]);
    assert_eq!(summary["upkeep"]["log_ins"], began);
    assert!(equal(&summary) >= 0.99, "{:#}", summary["divergence"]);
    assert!(equal(&replayed(&["--verbatim"])) < 0.3);
}
