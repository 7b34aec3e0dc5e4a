//! The progress line on a terminal; nothing where nobody watches.

use std::sync::atomic::Ordering;
use std::time::Duration;

use hdrhistogram::Histogram;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::NANOS_PER_SECOND;
use crate::console;
use crate::engine::{Moment, News, State};
use crate::record::Recorder;
use crate::settings::Load;
use crate::words;

/// The progress line of a run.
pub(crate) struct Progress {
    bar: ProgressBar,
    /// What the last second was like.
    second: String,
    /// Requests that had ended by then.
    ended: u64,
    /// Keys that can be pressed.
    keys: &'static str,
    /// How long the run takes at most, where that was asked for.
    length: Option<Duration>,
}

impl Progress {
    /// Shows nothing when told so, or when stderr is no terminal.
    pub(crate) fn new(quiet: bool, load: &Load) -> Self {
        let target = if quiet || !console::is_watched() {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(None, target);
        if let Ok(style) = ProgressStyle::with_template(TEMPLATE) {
            bar.set_style(style);
        }
        Self {
            bar,
            second: String::new(),
            ended: 0,
            keys: "",
            length: load.length(),
        }
    }

    /// Says from now on which keys can be pressed.
    pub(crate) const fn with_keys(&mut self) {
        self.keys = " · p pauses, q ends";
    }

    /// Shows how a run is doing.
    pub(crate) fn show(&mut self, news: &News<'_>) {
        if self.bar.is_hidden() {
            return;
        }
        let ended = news.counters.ended.load(Ordering::Relaxed);
        let failed = news.counters.failed.load(Ordering::Relaxed);
        if let Some(moment) = &news.second {
            self.second(moment, ended);
        }
        let state = match news.state {
            State::Waiting => "preparing · ",
            State::Running => "",
            State::Paused => "paused, p goes on · ",
            State::Ending => "ending · ",
        };
        let of = words::percent(failed as f64 / ended.max(1) as f64);
        self.bar.set_message(format!(
            "{state}{ended} requests · {}{failed} failed ({of}){}",
            self.second, self.keys
        ));
        self.bar.tick();
    }

    fn second(&mut self, moment: &Moment<'_>, ended: u64) {
        let recorder = moment.recorder;
        let rate = ended - self.ended;
        self.ended = ended;
        let left = left(moment, self.length);
        self.second = match recent(recorder, moment.at_ns) {
            Some(times) => {
                let at = |quantile| words::micros(times.value_at_quantile(quantile));
                let [p50, p95, p99] = [0.5, 0.95, 0.99].map(at);
                format!("{rate}/s · p50 {p50} p95 {p95} p99 {p99} · {left}")
            }
            None => format!("{rate}/s · {left}"),
        };
    }

    /// Takes the line away.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}

/// Response times of the last seconds whose answers are in.
fn recent(recorder: &Recorder, at_ns: u64) -> Option<Histogram<u32>> {
    let seconds = usize::try_from(at_ns / NANOS_PER_SECOND).unwrap_or(usize::MAX);
    let times = recorder
        .seconds
        .between(seconds.saturating_sub(LAST), seconds);
    (!times.is_empty()).then_some(times)
}

/// How much of the run is left, where that is known: a plan of which all is made ends with it.
fn left(moment: &Moment<'_>, length: Option<Duration>) -> String {
    let planned = &moment.planned;
    let whole_ns = planned
        .due_ns
        .filter(|_| planned.is_whole)
        .map(|(_, last)| last);
    let length_ns = length.and_then(|length| u64::try_from(length.as_nanos()).ok());
    let Some(end_ns) = whole_ns.or(length_ns) else {
        return String::new();
    };
    let left_s = end_ns
        .saturating_sub(moment.at_ns)
        .div_ceil(NANOS_PER_SECOND);
    match left_s {
        0..60 => format!("{left_s} s left · "),
        60..3_600 => format!("{} min {} s left · ", left_s / 60, left_s % 60),
        _ => format!("{} h {} min left · ", left_s / 3_600, left_s % 3_600 / 60),
    }
}

/// Seconds that percentiles are of.
const LAST: usize = 5;
const TEMPLATE: &str = "{spinner} {elapsed} · {wide_msg}";
