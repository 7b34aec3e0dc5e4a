//! The policy's file: TOML, as `config/anonymize.toml` describes it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use toml::Spanned;

use super::detect::{Detectors, Own};
use super::draw::label_of;
use super::mistake::{LoadError, Mistake, PolicyError};
use super::pointers::{self, Builder, Pointers, Unfit};
use super::policy::{Content, HeaderRule, Kind, NOTHING, Policy, Quick, folded};
use super::template::{Template, Templates};
use crate::format::writer::hex;

impl Policy {
    /// Reads the policy file at `path`.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        let text = std::fs::read_to_string(path).map_err(|source| LoadError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text).map_err(|source| LoadError::Parse {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a policy from TOML.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        read(text).map_err(|Wrong { at, mistake }| PolicyError {
            line: text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1,
            mistake,
        })
    }
}

fn read(text: &str) -> Result<Policy, Wrong> {
    let file: PolicyFile = toml::from_str(text).map_err(|error| {
        let message = error.message().trim().to_owned();
        let at = error.span().map_or(0, |span| span.start);
        Mistake::Syntax { message }.at(at)
    })?;
    let version = *file.version.get_ref();
    if version != 1 {
        let mistake = Mistake::Version { found: version };
        return Err(mistake.at(file.version.span().start));
    }
    let templates = templates(&file.paths.templates)?;
    let mut names = fields(&file.field)?;
    let pointed = file.field.iter().flat_map(|rule| &rule.pointers);
    let pointed: Vec<_> = pointed
        .flat_map(|pointer| pointers::names(pointer.get_ref()))
        .collect();
    for name in file.keys.keep.iter().chain(&pointed) {
        names.entry(folded(name)).or_insert(None);
    }
    Ok(Policy {
        hash: format!("sha256:{}", hex(&Sha256::digest(text))),
        vocabulary: vocabulary(&templates, &file, pointed),
        templates,
        headers: headers(&file)?,
        names: names.into_iter().collect(),
        pointers: pointers(&file.field)?,
        contents: contents(&file.content)?,
        detectors: detectors(&file)?,
    })
}

/// A mistake, and where it is in the text.
struct Wrong {
    at: usize,
    mistake: Mistake,
}

impl Mistake {
    const fn at(self, at: usize) -> Wrong {
        Wrong { at, mistake: self }
    }

    fn of(self, value: &Spanned<String>) -> Wrong {
        self.at(value.span().start)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyFile {
    version: Spanned<u32>,
    #[serde(default)]
    paths: PathRules,
    #[serde(default)]
    content: ContentRules,
    #[serde(default)]
    headers: HeaderRules,
    #[serde(default)]
    header: Vec<HeaderKind>,
    #[serde(default)]
    keys: KeyRules,
    #[serde(default)]
    field: Vec<FieldRule>,
    #[serde(default)]
    detectors: DetectorRules,
    #[serde(default)]
    detector: Vec<OwnDetector>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PathRules {
    templates: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ContentRules {
    form: Vec<Spanned<String>>,
    graphql: Vec<Spanned<String>>,
    json: Vec<Spanned<String>>,
    shape: Vec<Spanned<String>>,
    text: Vec<Spanned<String>>,
    xml: Vec<Spanned<String>>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct HeaderRules {
    keep: Vec<Spanned<String>>,
    drop: Vec<Spanned<String>>,
    fresh: Vec<Spanned<String>>,
    words: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeaderKind {
    names: Vec<Spanned<String>>,
    kind: Spanned<String>,
    #[serde(default)]
    of: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct KeyRules {
    keep: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FieldRule {
    #[serde(default)]
    names: Vec<Spanned<String>>,
    #[serde(default)]
    pointers: Vec<Spanned<String>>,
    kind: Spanned<String>,
    #[serde(default)]
    of: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DetectorRules {
    off: Vec<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnDetector {
    name: Spanned<String>,
    pattern: Spanned<String>,
    kind: Spanned<String>,
}

fn templates(texts: &[Spanned<String>]) -> Result<Templates, Wrong> {
    let templates = texts.iter().map(|text| {
        let template = text.get_ref().clone();
        Template::parse(&template).ok_or_else(|| Mistake::Template { template }.of(text))
    });
    Ok(Templates::new(templates.collect::<Result<_, _>>()?))
}

fn fields(rules: &[FieldRule]) -> Result<HashMap<Vec<u8>, Option<Kind>, Quick>, Wrong> {
    let mut fields = HashMap::default();
    for rule in rules {
        let kind = kind(&rule.kind, &rule.of)?;
        if rule.names.is_empty() && rule.pointers.is_empty() {
            return Err(Mistake::Idle.of(&rule.kind));
        }
        for name in &rule.names {
            let before = fields.insert(folded(name.get_ref()), Some(kind.clone()));
            once(before.is_none(), name)?;
        }
    }
    Ok(fields)
}

fn pointers(rules: &[FieldRule]) -> Result<Pointers, Wrong> {
    let mut builder = Builder::new();
    let mut last = 0;
    for rule in rules {
        let kind = kind(&rule.kind, &rule.of)?;
        for text in &rule.pointers {
            last = text.span().start;
            let pointer = text.get_ref().clone();
            builder.add(&pointer, &kind).map_err(|unfit| match unfit {
                Unfit::Malformed => Mistake::Pointer { pointer }.of(text),
                Unfit::Twice => Mistake::Twice { name: pointer }.of(text),
            })?;
        }
    }
    builder.build().ok_or_else(|| Mistake::Pointers.at(last))
}

fn kind(name: &Spanned<String>, of: &[String]) -> Result<Kind, Wrong> {
    let kind = match name.get_ref().as_str() {
        "address" => Kind::Address,
        "age" => Kind::Age,
        "choice" => Kind::Choice(of.to_vec()),
        "credential" => Kind::Credential,
        "date" => Kind::Date,
        "email" => Kind::Email,
        "id" => Kind::Id,
        "keep" => Kind::Keep(of.to_vec()),
        "name" => Kind::Name,
        "password" => Kind::Password,
        "phone" => Kind::Phone,
        "refresh" => Kind::Refresh,
        "secret" => Kind::Secret,
        "session" => Kind::Session,
        "text" => Kind::Text,
        "url" => Kind::Url,
        "username" => Kind::Username,
        other => {
            let kind = other.to_owned();
            return Err(Mistake::Kind { kind }.of(name));
        }
    };
    let fits = match kind {
        Kind::Choice(_) => !of.is_empty(),
        Kind::Keep(_) => true,
        _ => of.is_empty(),
    };
    fits.then_some(kind).ok_or_else(|| Mistake::Choice.of(name))
}

fn headers(file: &PolicyFile) -> Result<HashMap<String, HeaderRule, Quick>, Wrong> {
    let mut rules = vec![
        (&file.headers.drop, HeaderRule::Drop),
        (&file.headers.fresh, HeaderRule::Fresh),
        (&file.headers.keep, HeaderRule::Keep),
    ];
    for rule in &file.header {
        let kind = kind(&rule.kind, &rule.of)?;
        rules.push((&rule.names, HeaderRule::Kind(kind)));
    }
    let mut headers = HashMap::default();
    for (names, rule) in rules {
        for text in names {
            let name = text.get_ref().to_ascii_lowercase();
            if rule != HeaderRule::Drop && TAKEN_APART.contains(&name.as_str()) {
                return Err(Mistake::BuiltIn { name }.of(text));
            }
            let before = headers.insert(name, rule.clone());
            once(before.is_none(), text)?;
        }
    }
    Ok(headers)
}

fn contents(rules: &ContentRules) -> Result<HashMap<String, Content, Quick>, Wrong> {
    let lists = [
        (&rules.form, Content::Form),
        (&rules.graphql, Content::Graphql),
        (&rules.json, Content::Json),
        (&rules.shape, Content::Shape),
        (&rules.text, Content::Text),
        (&rules.xml, Content::Xml),
    ];
    let mut contents = HashMap::default();
    for (essences, content) in lists {
        for text in essences {
            let essence = text.get_ref().to_ascii_lowercase();
            if !is_essence(&essence) {
                return Err(Mistake::Content { essence }.of(text));
            }
            // A whole sort is known by its name and the slash.
            let known_by = essence.strip_suffix('*').unwrap_or(&essence);
            let before = contents.insert(known_by.to_owned(), content);
            once(before.is_none(), text)?;
        }
    }
    Ok(contents)
}

fn detectors(file: &PolicyFile) -> Result<Detectors, Wrong> {
    let mut own: Vec<Own> = Vec::new();
    for rule in &file.detector {
        let name = rule.name.get_ref().clone();
        once(!own.iter().any(|own| own.name == name), &rule.name)?;
        own.push(Own {
            name,
            pattern: pattern(&rule.pattern)?,
            kind: detected(&rule.kind)?,
            label: label_of(&detected(&rule.kind)?).name(),
        });
    }
    let off = &file.detectors.off;
    let names = off.iter().map(|name| name.get_ref().as_str());
    Detectors::new(names, own).map_err(|unknown| {
        let at = off.iter().find(|name| name.get_ref() == unknown);
        let name = unknown.to_owned();
        Mistake::Detector { name }.at(at.map_or(0, |name| name.span().start))
    })
}

/// The pattern of a detector: of bounded size, and matched in linear time.
fn pattern(text: &Spanned<String>) -> Result<Regex, Wrong> {
    let built = RegexBuilder::new(text.get_ref())
        .size_limit(LARGEST_PATTERN)
        .build();
    let wrong = |message| Mistake::Pattern { message }.of(text);
    let pattern = built.map_err(|error| {
        let message = error.to_string();
        // The last line says what is wrong, those before it show where.
        let last = message.lines().last().unwrap_or_default();
        wrong(last.trim_start_matches("error: ").to_owned())
    })?;
    if pattern.is_match("") {
        return Err(wrong("it matches where there is nothing".to_owned()));
    }
    Ok(pattern)
}

/// The kind of what a detector finds.
fn detected(name: &Spanned<String>) -> Result<Kind, Wrong> {
    match name.get_ref().as_str() {
        "choice" | "keep" => Err(Mistake::Found.of(name)),
        _ => kind(name, &[]),
    }
}

/// Whether it is a media type without parameters (RFC 9110, §8.3.1), or all of one sort.
fn is_essence(text: &str) -> bool {
    let is_token = |part: &str| {
        let is_char = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'+-.^_`|~".contains(&b);
        !part.is_empty() && part.bytes().all(is_char)
    };
    text.split_once('/')
        .is_some_and(|(sort, rest)| is_token(sort) && (rest == "*" || is_token(rest)))
}

fn once(first: bool, name: &Spanned<String>) -> Result<(), Wrong> {
    let twice = || Mistake::Twice {
        name: name.get_ref().clone(),
    };
    first.then_some(()).ok_or_else(|| twice().of(name))
}

/// Every word that stands in the policy itself.
fn vocabulary(templates: &Templates, file: &PolicyFile, pointed: Vec<String>) -> HashSet<String> {
    let fields = file.field.iter().flat_map(|rule| &rule.names);
    let headers = file.headers.keep.iter().chain(&file.headers.fresh);
    let headers = headers.chain(file.header.iter().flat_map(|rule| &rule.names));
    let of = file.field.iter().flat_map(|rule| &rule.of);
    let of = of.chain(file.header.iter().flat_map(|rule| &rule.of));
    fields
        .chain(headers)
        .map(Spanned::get_ref)
        .chain(of)
        .chain(&file.keys.keep)
        .chain(&file.headers.words)
        .map(String::as_str)
        .chain(templates.literals())
        .chain(NOTHING)
        .map(str::to_owned)
        .chain(pointed)
        .collect()
}

/// Bytes that a pattern may take when it is compiled.
const LARGEST_PATTERN: usize = 1 << 20;

/// Headers of which the recorder knows the parts.
const TAKEN_APART: [&str; 6] = [
    "authorization",
    "content-location",
    "cookie",
    "location",
    "proxy-authorization",
    "set-cookie",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_has_its_message() {
        let message = |text: &str| Policy::parse(text).unwrap_err().to_string();
        let field = |rest: &str| format!("version = 1\n[[field]]\nnames = [\"a\"]\n{rest}");
        let own = |pattern: &str, kind: &str| {
            format!(
                "version = 1\n[[detector]]\nname = \"n\"\npattern = \"{pattern}\"\nkind = \"{kind}\""
            )
        };
        let messages = [
            message("version = 1\n[headers]\nkeep = \"accept\""),
            message("version = 1\nheadrs = 3"),
            message("version = 7"),
            message(&field("kind = \"nme\"")),
            message(&field("kind = \"choice\"")),
            message(&field("kind = \"name\"\nof = [\"x\"]")),
            message(&(field("kind = \"name\"") + "\n[[field]]\nnames = [\"A\"]\nkind = \"id\"")),
            message(&field("pointers = [\"/a/*\", \"b\"]\nkind = \"name\"")),
            message(&field("pointers = [\"/a/~\"]\nkind = \"name\"")),
            message(&field("pointers = [\"/a/B\",\n\"/A/b\"]\nkind = \"name\"")),
            message("version = 1\n[[field]]\nkind = \"name\""),
            message("version = 1\n[headers]\nkeep = [\"accept\"]\ndrop = [\"Accept\"]"),
            message("version = 1\n[headers]\nkeep = [\"a\", \"Set-Cookie\"]"),
            message(
                "version = 1\n[headers]\nkeep = [\"a\"]\n[[header]]\nnames = [\"b\", \"a\"]\nkind = \"id\"",
            ),
            message("version = 1\n[[header]]\nnames = [\"b\"]\nkind = \"Id\""),
            message("version = 1\n[paths]\ntemplates = [\n  \"/a\",\n  \"/a/{name}\",\n]"),
            message("version = 1\n[content]\nyaml = [\"application/yaml\"]"),
            message("version = 1\n[content]\njson = [\"application/json; charset=utf-8\"]"),
            message("version = 1\n[content]\njson = [\"a/b\"]\ntext = [\"A/B\"]"),
            message("version = 1\n[detectors]\noff = [\"phone\", \"zip\"]"),
            message(&own("[A-", "id")),
            message(&own("x*", "id")),
            message(&own("(a{99}){99}{99}", "id")),
            message(&own("x", "keep")),
            message(&own("x", "number")),
            message(
                &(own("x", "id") + "\n[[detector]]\nname = \"n\"\npattern = \"y\"\nkind = \"id\""),
            ),
        ];
        insta::assert_snapshot!(messages.join("\n"));
    }

    #[test]
    fn headers_and_content_types_have_their_rules() {
        let policy = Policy::parse(
            "version = 1\n[content]\njson = [\"application/X-NDJSON\"]\nshape = [\"image/*\"]\n\
             xml = [\"image/svg+xml\"]\n[[header]]\nnames = [\"X-Patient-Id\"]\nkind = \"id\"",
        )
        .unwrap();
        let content = |essence| policy.content(essence);
        assert_eq!(content("application/x-ndjson"), Some(Content::Json));
        assert_eq!(content("Image/PNG"), Some(Content::Shape));
        assert_eq!(content("image/svg+xml"), Some(Content::Xml));
        assert_eq!(content("application/json"), None);
        assert_eq!(content(""), None);
        let rule = HeaderRule::Kind(Kind::Id);
        assert_eq!(policy.header("x-patient-id"), Some(&rule));
    }

    #[test]
    fn names_in_pointers_are_the_applications_own() {
        let policy = Policy::parse(
            "version = 1\n[[field]]\npointers = [\"/items/*/0/full_name\"]\nkind = \"name\"",
        )
        .unwrap();
        let schema = |name| policy.name(name).schema;
        assert!(schema("items") && schema("fullName"));
        assert!(!schema("0") && !schema("*"));
        assert_eq!(policy.field("full_name"), None);
        let cursor = policy.pointers().child("items").element(7).element(0);
        assert_eq!(cursor.child("fullName").kind(), Some(&Kind::Name));
    }
}
