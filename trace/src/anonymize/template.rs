//! Path templates such as `/api/v1/people/{id}`: which segments are words of the application, and
//! what the others are. They also name the routes.

use std::collections::HashSet;

use super::policy::Quick;

/// All templates, by number of segments.
#[derive(Debug, Clone, Default)]
pub(super) struct Templates {
    by_length: Vec<Vec<Template>>,
    words: HashSet<String, Quick>,
}

/// One template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    pub(super) text: String,
    pub(super) segments: Vec<Segment>,
}

/// One segment of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Segment {
    /// A word of the application.
    Literal(String),
    /// `{date}`: a calendar date.
    Date,
    /// `{id}`: an identifier.
    Id,
    /// `{text}`: free text.
    Text,
}

impl Template {
    /// Parses a template; `None` when it is none.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let segments = text
            .strip_prefix('/')?
            .split('/')
            .map(|segment| match segment {
                "{date}" => Some(Segment::Date),
                "{id}" => Some(Segment::Id),
                "{text}" => Some(Segment::Text),
                other if other.contains(['{', '}']) => None,
                literal => Some(Segment::Literal(literal.to_owned())),
            })
            .collect::<Option<Vec<_>>>()?;
        Some(Self {
            text: text.to_owned(),
            segments,
        })
    }

    fn fits(&self, path: &[&str]) -> bool {
        self.segments
            .iter()
            .zip(path)
            .all(|(segment, actual)| match segment {
                Segment::Literal(word) => word == actual,
                _ => !actual.is_empty(),
            })
    }

    fn literals(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(word) if !word.is_empty() => Some(word.as_str()),
            _ => None,
        })
    }
}

impl Templates {
    /// Sorts the templates so that the one with more literal words, the earlier ones first, wins.
    pub(super) fn new(templates: Vec<Template>) -> Self {
        let words = templates
            .iter()
            .flat_map(Template::literals)
            .map(str::to_owned)
            .collect();
        let longest = templates.iter().map(|template| template.segments.len());
        let mut by_length = vec![Vec::new(); longest.max().map_or(0, |longest| longest + 1)];
        for template in templates {
            by_length[template.segments.len()].push(template);
        }
        for same_length in &mut by_length {
            same_length.sort_by_key(|template| {
                template
                    .segments
                    .iter()
                    .map(|segment| !matches!(segment, Segment::Literal(_)))
                    .collect::<Vec<_>>()
            });
        }
        Self { by_length, words }
    }

    /// The best template for these segments.
    pub(super) fn find(&self, path: &[&str]) -> Option<&Template> {
        self.by_length
            .get(path.len())?
            .iter()
            .find(|template| template.fits(path))
    }

    /// Whether any template has this word.
    pub(super) fn has_word(&self, word: &str) -> bool {
        self.words.contains(word)
    }

    /// Every word of every template.
    pub(super) fn literals(&self) -> impl Iterator<Item = &str> {
        self.words.iter().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_words_win_over_placeholders() {
        let parse = |text: &&str| Template::parse(text).unwrap();
        let templates = Templates::new(
            [
                "/people/{id}",
                "/people/residents",
                "/{id}/residents",
                "/schedule/{date}/{date}",
            ]
            .iter()
            .map(parse)
            .collect(),
        );
        let find = |path: &str| {
            let segments: Vec<_> = path[1..].split('/').collect();
            templates
                .find(&segments)
                .map(|template| template.text.clone())
        };
        assert_eq!(
            find("/people/residents").as_deref(),
            Some("/people/residents")
        );
        assert_eq!(find("/people/17").as_deref(), Some("/people/{id}"));
        assert_eq!(find("/17/residents").as_deref(), Some("/{id}/residents"));
        assert_eq!(
            find("/schedule/a/b").as_deref(),
            Some("/schedule/{date}/{date}")
        );
        assert_eq!(find("/people/"), None);
        assert_eq!(find("/schedule/a"), None);
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["people", "", "/people/{name}", "/people/{id", "/x{id}"] {
            assert_eq!(Template::parse(text), None, "{text}");
        }
    }
}
