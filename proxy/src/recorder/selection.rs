//! Which exchanges are recorded: filters, and a sample of those that pass them.
//!
//! Pure, but for the draw. What a request decides alone is decided when it begins, so that what is
//! left out costs no more than that.

use std::ops::RangeInclusive;

use trace::pattern::Pattern;
use trace::raw::Method;

/// What is recorded of the traffic. The default is all of it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Selection {
    pub(crate) filters: Filters,
    /// The share of exchanges that are drawn, where they are drawn one by one.
    pub(crate) share: Option<f64>,
}

/// Why an exchange is not recorded, and not offered to the recorder either.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Choice {
    Filter,
    Sample,
}

impl Selection {
    /// Why an exchange that begins is left out; none when it may be recorded.
    pub(crate) fn at_start(&self, method: &[u8], path: &[u8]) -> Option<Choice> {
        if !self.filters.may_want(method, path) {
            return Some(Choice::Filter);
        }
        let is_drawn = |share| rand::random::<f64>() < share;
        (!self.share.is_none_or(is_drawn)).then_some(Choice::Sample)
    }
}

/// An exchange has to fit one of `only`, if there is any, and none of `except`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filters {
    pub(crate) only: Vec<Filter>,
    pub(crate) except: Vec<Filter>,
}

/// Describes exchanges: one fits that is like all that is named here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Filter {
    pub(crate) methods: Option<Vec<Method>>,
    pub(crate) paths: Option<Vec<Pattern>>,
    pub(crate) statuses: Option<Vec<RangeInclusive<u16>>>,
    /// One of its bodies is larger than this.
    pub(crate) body_over: Option<u64>,
}

/// What is known when an exchange has ended.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    /// 0 when there was no answer.
    pub(crate) status: u16,
    /// Bytes of the larger one of its bodies.
    pub(crate) body: u64,
}

impl Filters {
    /// Whether an exchange may turn out to be wanted, whatever its answer.
    fn may_want(&self, method: &[u8], path: &[u8]) -> bool {
        let fits = |filter: &Filter| filter.fits_request(method, path);
        let is_unwanted = |filter: &Filter| filter.asks_the_request_alone() && fits(filter);
        (self.only.is_empty() || self.only.iter().any(fits)) && !self.except.iter().any(is_unwanted)
    }

    /// Whether an exchange that has ended is wanted.
    pub(crate) fn want(&self, method: &[u8], path: &[u8], ended: Ended) -> bool {
        let fits = |filter: &Filter| filter.fits_request(method, path) && filter.fits_end(ended);
        (self.only.is_empty() || self.only.iter().any(fits)) && !self.except.iter().any(fits)
    }
}

impl Filter {
    fn asks_the_request_alone(&self) -> bool {
        self.statuses.is_none() && self.body_over.is_none()
    }

    fn fits_request(&self, method: &[u8], path: &[u8]) -> bool {
        let method = || Method::of(method);
        let methods = self.methods.as_ref();
        let paths = self.paths.as_ref();
        methods.is_none_or(|methods| methods.contains(&method()))
            && paths.is_none_or(|paths| paths.iter().any(|pattern| pattern.fits(path)))
    }

    fn fits_end(&self, ended: Ended) -> bool {
        let statuses = self.statuses.as_ref();
        statuses.is_none_or(|statuses| statuses.iter().any(|range| range.contains(&ended.status)))
            && self.body_over.is_none_or(|size| ended.body > size)
    }
}

#[cfg(test)]
mod tests;
