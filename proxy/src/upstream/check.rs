//! Health checks: requests that the proxy sends to find out whether a server works.
//!
//! Each has a connection of its own, made in the way that requests' connections are.

use std::sync::Arc;

use http::StatusCode;
use pingora_core::connectors::TransportConnector;
use pingora_core::protocols::http::v1::client::HttpSession;
use pingora_core::upstreams::peer::HttpPeer;
use pingora_core::{Error, ErrorType, Result};
use pingora_http::RequestHeader;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, timeout};

use super::trust::connector;
use super::{Server, Upstream};
use crate::config::CheckSettings;

/// More of an answer's body is not waited for.
const BODY_LIMIT: usize = 64 * 1024;

/// The checks of all servers. They end when this is dropped.
pub(crate) struct Checks {
    _tasks: JoinSet<()>,
}

impl Checks {
    /// Starts them on the runtime that this is called in.
    pub(crate) fn start(upstreams: &[Arc<Upstream>]) -> Self {
        let connector = Arc::new(connector());
        let mut tasks = JoinSet::new();
        for upstream in upstreams {
            let Some(settings) = &upstream.check else {
                continue;
            };
            for server in &upstream.servers {
                let check = Check::new(upstream, server, settings);
                tasks.spawn(check.repeat(Arc::clone(&connector)));
            }
        }
        Self { _tasks: tasks }
    }
}

/// The check of one server.
struct Check {
    upstream: String,
    server: Arc<Server>,
    settings: CheckSettings,
    peer: HttpPeer,
    host: String,
}

impl Check {
    fn new(upstream: &Upstream, server: &Arc<Server>, settings: &CheckSettings) -> Self {
        let host = settings.host.as_deref().or_else(|| server.tls_name());
        Self {
            upstream: upstream.name.clone(),
            server: Arc::clone(server),
            settings: settings.clone(),
            peer: server.peer(),
            host: host.unwrap_or(&upstream.name).to_owned(),
        }
    }

    async fn repeat(self, connector: Arc<TransportConnector>) {
        let mut streak = Streak::default();
        let mut ticks = interval(self.settings.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let result = self.ask(&connector).await;
            if streak.is_enough(result.is_ok(), self.server.is_down(), &self.settings) {
                self.server.set_down(result.is_err());
                self.tell(result.err());
            }
        }
    }

    /// One line for each change.
    fn tell(&self, trouble: Option<String>) {
        let (upstream, server) = (&self.upstream, &self.server.label);
        match trouble {
            Some(reason) => tracing::warn!(upstream, "server {server} is down: {reason}"),
            None => tracing::info!(upstream, "server {server} is up again"),
        }
    }

    /// One check; the error says what was wrong.
    async fn ask(&self, connector: &TransportConnector) -> Result<(), String> {
        match timeout(self.settings.timeout, self.exchange(connector)).await {
            Err(_elapsed) => Err(format!("no answer within {:?}", self.settings.timeout)),
            Ok(Err(error)) => Err(reason(&error)),
            Ok(Ok(status)) if self.settings.accepts(status) => Ok(()),
            Ok(Ok(status)) => Err(format!("answered {}", status.as_u16())),
        }
    }

    async fn exchange(&self, connector: &TransportConnector) -> Result<StatusCode> {
        let stream = connector.new_stream(&self.peer).await?;
        let mut session = HttpSession::new(stream);
        session.write_request_header(self.request()?).await?;
        let mut status = StatusCode::CONTINUE;
        while status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS {
            status = session.read_resp_header_parts().await?.status;
        }
        // Read to its end, so that the server does not see its answer refused.
        while session.body_bytes_received() < BODY_LIMIT && !session.is_body_done() {
            if session.read_body_ref().await?.is_none() {
                break;
            }
        }
        Ok(status)
    }

    fn request(&self) -> Result<Box<RequestHeader>> {
        let path = self.settings.path.as_bytes();
        let mut header = RequestHeader::build("GET", path, Some(4))?;
        header.insert_header("Host", &self.host)?;
        header.insert_header("User-Agent", "rehearsal-proxy health check")?;
        header.insert_header("Accept", "*/*")?;
        header.insert_header("Connection", "close")?;
        Ok(Box::new(header))
    }
}

/// Equal results in a row.
#[derive(Default)]
struct Streak {
    passed: bool,
    length: u32,
}

impl Streak {
    /// Counts a result; true when it is one too many for what the server is held to be.
    fn is_enough(&mut self, passed: bool, down: bool, settings: &CheckSettings) -> bool {
        self.length = if passed == self.passed {
            self.length.saturating_add(1)
        } else {
            1
        };
        self.passed = passed;
        let needed = if passed {
            settings.passes
        } else {
            settings.fails
        };
        passed == down && self.length >= needed
    }
}

/// What says most: the cause at the bottom, like `Connection refused (os error 111)`.
fn reason(error: &Error) -> String {
    let explained = |error: &Error| match &error.context {
        Some(context) => context.as_str().to_owned(),
        None => error.etype().as_str().to_owned(),
    };
    if *error.etype() == ErrorType::TLSHandshakeFailure {
        // Its causes are told in its own text, and its cause is only where it came from.
        let text = explained(error);
        return text.rsplit("cause: ").next().unwrap_or(&text).to_owned();
    }
    let cause = error.root_cause();
    cause
        .downcast_ref()
        .map_or_else(|| cause.to_string(), explained)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// `+` passes and `-` fails, of a server that is up; what is shown is what each changes: `v`
    /// takes the server out, `^` brings it back, `.` nothing.
    #[track_caller]
    fn check(results: &str, expected: &str) {
        let settings = CheckSettings {
            path: "/health".to_owned(),
            host: None,
            every: Duration::from_secs(1),
            timeout: Duration::from_secs(1),
            fails: 3,
            passes: 2,
            status: None,
        };
        let mut streak = Streak::default();
        let mut down = false;
        let shown = results.chars().map(|result| {
            let passed = result == '+';
            if !streak.is_enough(passed, down, &settings) {
                return '.';
            }
            down = !passed;
            if down { 'v' } else { '^' }
        });
        assert_eq!(shown.collect::<String>(), expected);
    }

    #[test]
    fn results_in_a_row_change_what_a_server_is_held_to_be() {
        check("---", "..v");
        check("--+--+---", "........v");
        check("---+-++", "..v...^");
        check("---++-+-++---", "..v.^.......v");
        check("++----+++++", "....v..^...");
    }
}
