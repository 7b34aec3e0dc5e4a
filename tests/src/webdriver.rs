//! A browser that does what a test says: chromedriver, and as much of W3C WebDriver as that takes.

use std::fs;
use std::io::{BufReader, Write as _};
use std::net::TcpStream;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::bounded::Running;
use crate::message::Message;
use crate::{eventually, project};

/// A browser without a screen. Dropping it ends it.
pub struct Browser {
    address: String,
    session: String,
    /// Killed with all that it started, if the browser did not end when it was asked to.
    _driver: Running,
    _profile: TempDir,
}

impl Browser {
    /// Starts one; where that is wanted, pages run no script.
    pub fn start(script: Script) -> Result<Self> {
        let mut command = Command::new("chromedriver");
        let driver = Running::start(command.arg("--port=0"), PATIENCE)?;
        let port = eventually("chromedriver listens", || {
            let said = driver.said()?;
            let rest = said.split_once("successfully on port ");
            let port = rest.and_then(|(_, rest)| rest.split_once('.'));
            Ok(port.map(|(port, _)| port.to_owned()))
        })?;
        let mut browser = Self {
            address: format!("127.0.0.1:{port}"),
            session: String::new(),
            _driver: driver,
            _profile: tempfile::tempdir()?,
        };
        let wanted = browser.wanted(script);
        let made = browser.ask("POST", "/session", &wanted)?;
        let session = made["sessionId"].as_str().context("there is no session")?;
        session.clone_into(&mut browser.session);
        // What the browser shows and asks for at first is its own affair.
        browser.open("about:blank")?;
        browser.requests()?;
        browser.complaints()?;
        Ok(browser)
    }

    /// Opens a page and waits until it is there.
    pub fn open(&self, url: &str) -> Result<()> {
        self.command("/url", &json!({"url": url})).map(drop)
    }

    /// Runs a function's body in the page, and gives what it returns.
    pub fn run(&self, body: &str) -> Result<Value> {
        self.command("/execute/sync", &json!({"script": body, "args": []}))
    }

    /// Clicks on what a selector finds first.
    pub fn click(&self, selector: &str) -> Result<()> {
        self.at(selector, "POST", "click", &json!({})).map(drop)
    }

    /// Types into what a selector finds first.
    pub fn press(&self, selector: &str, keys: &str) -> Result<()> {
        self.at(selector, "POST", "value", &json!({"text": keys}))
            .map(drop)
    }

    /// What a selector finds first says, as it is shown.
    pub fn text(&self, selector: &str) -> Result<String> {
        let text = self.at(selector, "GET", "text", &Value::Null)?;
        text.as_str().map(str::to_owned).context("there is no text")
    }

    /// Shows pages as if the window were so large and its user wanted that.
    pub fn emulate(&self, view: View) -> Result<()> {
        let (medium, scheme) = match view.medium {
            Medium::Dark => ("", "dark"),
            Medium::Light => ("", "light"),
            Medium::Print => ("print", "light"),
        };
        let scheme = json!({"name": "prefers-color-scheme", "value": scheme});
        let media = json!({"media": medium, "features": [scheme]});
        self.devtools("Emulation.setEmulatedMedia", &media)?;
        let metrics = json!({
            "width": view.width, "height": 900, "deviceScaleFactor": 1, "mobile": false,
        });
        self.devtools("Emulation.setDeviceMetricsOverride", &metrics)
            .map(drop)
    }

    /// A command of the DevTools protocol.
    pub fn devtools(&self, command: &str, parameters: &Value) -> Result<Value> {
        let command = json!({"cmd": command, "params": parameters});
        self.command("/goog/cdp/execute", &command)
    }

    /// What the page and the browser have complained about since they were asked last.
    pub fn complaints(&self) -> Result<Vec<String>> {
        let entries = self.log("browser")?;
        let messages = entries.iter().map(|entry| entry["message"].to_string());
        Ok(messages.collect())
    }

    /// The addresses that were asked for since they were asked for last.
    pub fn requests(&self) -> Result<Vec<String>> {
        let mut urls = Vec::new();
        for entry in self.log("performance")? {
            let message = entry["message"].as_str().unwrap_or_default();
            let message = &serde_json::from_str::<Value>(message)?["message"];
            if message["method"] == "Network.requestWillBeSent" {
                let url = message["params"]["request"]["url"].as_str();
                urls.extend(url.map(str::to_owned));
            }
        }
        Ok(urls)
    }

    /// Draws the whole page into `target/screenshots/NAME.png`, for whoever wants to look at it.
    pub fn screenshot(&self, name: &str) -> Result<Vec<u8>> {
        let size = "return [document.documentElement.clientWidth, \
                    Math.min(document.documentElement.scrollHeight, 12000)]";
        let size = self.run(size)?;
        let clip = json!({"x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1});
        let how = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let drawn = self.devtools("Page.captureScreenshot", &how)?;
        let png = STANDARD.decode(drawn["data"].as_str().unwrap_or_default())?;
        let folder = project().join("target/screenshots");
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{name}.png")), &png)?;
        Ok(png)
    }

    /// The page on paper, as a PDF.
    pub fn print(&self) -> Result<Vec<u8>> {
        let printed = self.command("/print", &json!({}))?;
        Ok(STANDARD.decode(printed.as_str().unwrap_or_default())?)
    }

    fn wanted(&self, script: Script) -> Value {
        let javascript = match script {
            Script::Allowed => 1,
            Script::Blocked => 2,
        };
        let profile = format!("--user-data-dir={}", self._profile.path().display());
        let args = [
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--hide-scrollbars",
            profile.as_str(),
        ];
        let options = json!({
            "args": args,
            "prefs": {"profile.managed_default_content_settings.javascript": javascript},
        });
        json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": options,
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}})
    }

    /// Does something with what a selector finds first: again, where that is replaced meanwhile.
    fn at(&self, selector: &str, method: &str, what: &str, body: &Value) -> Result<Value> {
        let wanted = json!({"using": "css selector", "value": selector});
        eventually(&format!("{selector} stays for {what}"), || {
            let found = self.command("/element", &wanted)?;
            let element = found.as_object().and_then(|it| it.values().next());
            let element = element.and_then(Value::as_str).unwrap_or_default();
            let path = format!("/session/{}/element/{element}/{what}", self.session);
            match self.ask(method, &path, body) {
                Ok(value) => Ok(Some(value)),
                Err(error) if error.to_string().contains("stale element") => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn log(&self, kind: &str) -> Result<Vec<Value>> {
        let entries = self.command("/se/log", &json!({"type": kind}))?;
        Ok(entries.as_array().cloned().unwrap_or_default())
    }

    fn command(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask("POST", &format!("/session/{}{path}", self.session), body)
    }

    /// One request to the driver, on a connection of its own.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            self.address,
            body.len()
        )?;
        let answer = Message::read(&mut BufReader::new(stream))?;
        let answer = answer.with_context(|| format!("{path}: chromedriver says nothing"))?;
        let mut told: Value = serde_json::from_slice(&answer.body)?;
        let value = told["value"].take();
        if answer.word(1) != "200" {
            bail!("{method} {path}: {}", value["message"]);
        }
        Ok(value)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // What does not end by itself is killed.
        let path = format!("/session/{}", self.session);
        let _ended = self.ask("DELETE", &path, &Value::Null);
    }
}

/// Whether pages may run their scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Script {
    /// As usual.
    Allowed,
    /// As with a browser that forbids them.
    Blocked,
}

/// How pages are shown.
#[derive(Debug, Clone, Copy)]
pub struct View {
    /// How wide, in points.
    pub width: u32,
    /// On what.
    pub medium: Medium,
}

/// What pages are shown on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Medium {
    /// A screen whose user wants it dark.
    Dark,
    /// A screen whose user wants it light.
    Light,
    /// Paper.
    Print,
}

/// Most of it is the browser's start on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
