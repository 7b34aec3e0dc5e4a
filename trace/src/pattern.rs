//! Patterns of paths, as in `/api/v1/*/notes` and `/api/**`.

/// Describes paths: `*` stands for any segment, `**` at the end for any number of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    /// None is any.
    segments: Vec<Option<Box<str>>>,
    /// Whether more may follow.
    open: bool,
}

impl Pattern {
    /// Reads one, or says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let wrong = |how: &str| Err(format!("`{text}` is no pattern of paths; {how}"));
        let Some(path) = text.strip_prefix('/') else {
            return wrong("begin it with /");
        };
        let (path, open) = match path.strip_suffix("**") {
            Some("") => return Ok(Self::of(None, true)),
            Some(path) if path.ends_with('/') => (&path[..path.len() - 1], true),
            _ => (path, false),
        };
        if path.contains(['?', '#']) {
            return wrong("a query is not part of it");
        }
        let is_whole = |segment: &str| segment == "*" || !segment.contains('*');
        if !path.split('/').all(is_whole) {
            return wrong("* stands for a whole segment, ** for the rest, as in /api/*/notes/**");
        }
        Ok(Self::of(Some(path), open))
    }

    fn of(path: Option<&str>, open: bool) -> Self {
        let segments = path.into_iter().flat_map(|path| path.split('/'));
        Self {
            segments: segments
                .map(|segment| (segment != "*").then(|| segment.into()))
                .collect(),
            open,
        }
    }

    /// Whether the path is like that, compared as sent.
    pub fn fits(&self, path: &[u8]) -> bool {
        let Some(path) = path.strip_prefix(b"/") else {
            return false;
        };
        let mut segments = path.split(|byte| *byte == b'/');
        let fits = |wanted: &Option<Box<str>>, segment: &[u8]| {
            wanted.as_ref().is_none_or(|it| it.as_bytes() == segment)
        };
        let begins = self
            .segments
            .iter()
            .all(|wanted| segments.next().is_some_and(|it| fits(wanted, it)));
        begins && (self.open || segments.next().is_none())
    }
}
