//! Which routes are meant: `GET /api/v1/people/{id}`, `/api/**`, `* /health`.
//!
//! Pure.

use trace::pattern::Pattern;

/// Describes routes: a route as it is called, or a method (`*` is any) and a pattern of paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RoutePattern {
    text: String,
    method: Option<String>,
    path: Pattern,
}

impl RoutePattern {
    /// Reads one, or says what was expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (Some(method), path.trim()),
            None => (None, text),
        };
        Ok(Self {
            text: text.to_owned(),
            method: method
                .filter(|method| *method != "*")
                .map(str::to_ascii_uppercase),
            path: Pattern::parse(path).map_err(|_error| {
                "a route, such as `GET /api/v1/people/{id}` or `/api/**`".to_owned()
            })?,
        })
    }

    /// Whether a route is meant.
    pub(crate) fn fits(&self, route: &str) -> bool {
        if route == self.text {
            return true;
        }
        let (method, path) = route.split_once(' ').unwrap_or(("", route));
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.path.fits(path.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn routes_fit_by_name_or_pattern() {
        let fits = |pattern: &str, route| RoutePattern::parse(pattern).unwrap().fits(route);
        assert!(fits("GET /people/{id}", "GET /people/{id}"));
        assert!(!fits("GET /people/{id}", "PUT /people/{id}"));
        assert!(fits("/people/*", "PUT /people/{id}"));
        assert!(fits("* /people/**", "PUT /people/{id}/notes"));
        assert!(!fits("get /people/**", "PUT /people/{id}/notes"));
        assert!(RoutePattern::parse("people").is_err());
    }
}
