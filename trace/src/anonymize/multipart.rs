//! Multipart bodies (RFC 7578, RFC 2046, §5.1): which parts there are and how large, never what is
//! in them.
//!
//! Bounded: one pass over the body; of many parts the first [`SHOWN`] are described, the others
//! counted.

use std::borrow::Cow;

use memchr::memmem::Finder;

use super::scrub::Scrub;
use crate::format::line;

/// A body that was read into its parts.
pub(super) struct Multipart<'a> {
    /// The first ones.
    parts: Vec<Part<'a>>,
    /// How many there are.
    count: u64,
}

struct Part<'a> {
    /// The field's name.
    name: Option<Cow<'a, str>>,
    file_name: Option<Cow<'a, str>>,
    content_type: Option<&'a str>,
    body: &'a [u8],
}

impl<'a> Multipart<'a> {
    /// Reads a body of the given `content-type`. It has to be there to the end.
    pub(super) fn read(content_type: &str, body: &'a [u8]) -> Option<Self> {
        let boundary = parameter(content_type, "boundary")?;
        if !(1..=LONGEST_BOUNDARY).contains(&boundary.len()) {
            return None;
        }
        let delimiter = format!("\r\n--{boundary}");
        let finder = Finder::new(&delimiter);
        let mut rest = match body
            .strip_prefix(&delimiter.as_bytes()[2..])
            .and_then(after)
        {
            Some(rest) => rest,
            None => next(&finder, body)?.1,
        };
        let mut read = Self {
            parts: Vec::new(),
            count: 0,
        };
        while let Rest::Part(from) = rest {
            let (part, after) = next(&finder, from)?;
            read.count += 1;
            if read.parts.len() < SHOWN {
                read.parts.push(Part::read(part)?);
            }
            rest = after;
        }
        Some(read)
    }
}

/// What follows a delimiter.
#[derive(Clone, Copy)]
enum Rest<'a> {
    /// Another part. It begins with the end of the delimiter's line.
    Part(&'a [u8]),
    /// Nothing that counts.
    End,
}

/// What comes before the next delimiter, and what after it.
fn next<'a>(delimiter: &Finder<'_>, bytes: &'a [u8]) -> Option<(&'a [u8], Rest<'a>)> {
    delimiter.find_iter(bytes).find_map(|at| {
        let rest = after(&bytes[at + delimiter.needle().len()..])?;
        Some((&bytes[..at], rest))
    })
}

/// What follows a delimiter, if that is what it is, and not the beginning of a longer line.
fn after(bytes: &[u8]) -> Option<Rest<'_>> {
    if bytes.starts_with(b"--") {
        return Some(Rest::End);
    }
    let padding = bytes
        .iter()
        .take_while(|byte| b" \t".contains(byte))
        .count();
    let rest = &bytes[padding..];
    rest.starts_with(b"\r\n").then_some(Rest::Part(rest))
}

impl<'a> Part<'a> {
    /// Reads what stands between two delimiters.
    fn read(bytes: &'a [u8]) -> Option<Self> {
        let within = &bytes[..bytes.len().min(LONGEST_HEAD)];
        let (head, body) = match memchr::memmem::find(within, b"\r\n\r\n") {
            Some(end) => (&bytes[..end], &bytes[end + 4..]),
            // The empty line may be missing where there is no body.
            None if within.len() == bytes.len() => (bytes, &bytes[bytes.len()..]),
            None => return None,
        };
        let mut part = Self {
            name: None,
            file_name: None,
            content_type: None,
            body,
        };
        let head = std::str::from_utf8(head).ok()?;
        for line in head.split("\r\n").filter(|line| !line.is_empty()) {
            let (name, value) = line.split_once(':')?;
            if name.eq_ignore_ascii_case("content-disposition") {
                part.name = parameter(value, "name");
                part.file_name =
                    parameter(value, "filename").or_else(|| parameter(value, "filename*"));
            } else if name.eq_ignore_ascii_case("content-type") {
                part.content_type = Some(value);
            }
        }
        Some(part)
    }

    fn is_text(&self) -> bool {
        let typed = self
            .content_type
            .is_none_or(|of| media_type(of).starts_with("text/"));
        typed && std::str::from_utf8(self.body).is_ok()
    }
}

/// The value of a header's parameter, such as `boundary=x` or `name="a; b"`.
fn parameter<'a>(header: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    let (_, mut rest) = header.split_once(';')?;
    loop {
        let (name, after) = rest.split_once('=')?;
        let (value, after) = match after.trim_start().strip_prefix('"') {
            Some(quoted) => quoted_value(quoted)?,
            None => {
                let (value, after) = after.split_once(';').unwrap_or((after, ""));
                (Cow::Borrowed(value.trim()), after)
            }
        };
        let name = name.rsplit(';').next().unwrap_or_default().trim();
        if name.eq_ignore_ascii_case(wanted) {
            return Some(value);
        }
        rest = after;
    }
}

/// What stands before the closing quote, and what after it. A backslash escapes quotes and itself;
/// before anything else it is part of a file's path.
fn quoted_value(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut escaped = false;
    let end = text.bytes().position(|byte| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends
    })?;
    let (value, rest) = (&text[..end], &text[end + 1..]);
    let value = if value.contains('\\') {
        Cow::Owned(value.replace("\\\"", "\"").replace("\\\\", "\\"))
    } else {
        Cow::Borrowed(value)
    };
    Some((value, rest))
}

/// A media type as far as it is a word of the web: of others only what class they are of.
fn media_type(content_type: &str) -> Cow<'static, str> {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    let known = |of: &&&str| of.eq_ignore_ascii_case(essence);
    if let Some(known) = MEDIA_TYPES.iter().find(known) {
        return Cow::Borrowed(known);
    }
    let class = essence.split('/').next().unwrap_or_default();
    let class = CLASSES.iter().find(|of| of.eq_ignore_ascii_case(class));
    Cow::Owned(format!("{}/*", class.unwrap_or(&"*")))
}

/// The length of a file's name, and its extension where that says nothing but the format.
fn file_name_shape(name: &str) -> String {
    let known = name.rsplit_once('.').and_then(|(stem, extension)| {
        let known = EXTENSIONS
            .iter()
            .find(|of| of.eq_ignore_ascii_case(extension))?;
        Some((stem, *known))
    });
    match known {
        Some((stem, extension)) => format!("name({}).{extension}", stem.chars().count()),
        None => format!("name({})", name.chars().count()),
    }
}

impl Scrub<'_> {
    /// Writes the shape: an array of parts, with its length as in the shape of any array.
    pub(super) fn multipart(&mut self, body: &Multipart<'_>, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"multipart\":[");
        line::quoted(out, &format!("array({})", body.count));
        for part in &body.parts {
            out.push(b',');
            self.part_shape(part, out);
        }
        out.extend_from_slice(b"]}");
    }

    fn part_shape(&mut self, part: &Part<'_>, out: &mut Vec<u8>) {
        out.push(b'{');
        let mut field = |name: &str, value: &str| {
            line::quoted(out, name);
            out.push(b':');
            line::quoted(out, value);
            out.push(b',');
        };
        if let Some(name) = &part.name {
            field("name", &self.key(name));
        }
        if let Some(name) = &part.file_name {
            field("filename", &file_name_shape(name));
        }
        if let Some(content_type) = part.content_type {
            field("type", &media_type(content_type));
        }
        let what = if part.is_text() { "text" } else { "binary" };
        line::quoted(out, "body");
        out.push(b':');
        line::quoted(out, &format!("{what}({})", part.body.len()));
        out.push(b'}');
    }
}

/// How many parts are described.
const SHOWN: usize = 16;

/// The longest boundary (RFC 2046, §5.1.1), in bytes.
const LONGEST_BOUNDARY: usize = 70;

/// The longest head of a part, in bytes.
const LONGEST_HEAD: usize = 8192;

/// Top-level media types (IANA).
const CLASSES: [&str; 10] = [
    "application",
    "audio",
    "font",
    "haptics",
    "image",
    "message",
    "model",
    "multipart",
    "text",
    "video",
];

/// Media types that say no more than a file's format.
const MEDIA_TYPES: [&str; 30] = [
    "application/dicom",
    "application/fhir+json",
    "application/fhir+xml",
    "application/gzip",
    "application/json",
    "application/msword",
    "application/octet-stream",
    "application/pdf",
    "application/vnd.ms-excel",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/x-www-form-urlencoded",
    "application/xml",
    "application/zip",
    "audio/mpeg",
    "image/gif",
    "image/jpeg",
    "image/png",
    "image/svg+xml",
    "image/webp",
    "multipart/mixed",
    "text/calendar",
    "text/csv",
    "text/html",
    "text/plain",
    "text/xml",
    "video/mp4",
];

/// Extensions that say no more than a file's format.
const EXTENSIONS: [&str; 30] = [
    "csv", "dcm", "doc", "docx", "gif", "gz", "heic", "html", "ics", "jpeg", "jpg", "json", "md",
    "mp3", "mp4", "ods", "odt", "pdf", "png", "ppt", "pptx", "rtf", "svg", "tsv", "txt", "webp",
    "xls", "xlsx", "xml", "zip",
];

#[cfg(test)]
mod tests {
    use proptest::collection;
    use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
    use serde_json::{Value, json};

    use super::super::scratch::Scratch;
    use super::*;

    /// The shape of a body with lines that end as they should.
    fn shape(content_type: &str, body: &str) -> Option<Value> {
        let body = body.replace('\n', "\r\n");
        shape_of(content_type, body.as_bytes())
    }

    fn shape_of(content_type: &str, body: &[u8]) -> Option<Value> {
        let read = Multipart::read(content_type, body)?;
        let mut out = Vec::new();
        Scratch::shipped().scrub().multipart(&read, &mut out);
        Some(serde_json::from_slice(&out).unwrap())
    }

    const TYPE: &str = "multipart/form-data; boundary=x-y";

    #[test]
    fn parts_are_described_and_their_values_are_not_kept() {
        let body = "preamble, to be ignored
--x-y
Content-Disposition: form-data; name=\"status\"

on leave
--x-y  \t
content-type: Application/PDF; name=miller.pdf
CONTENT-DISPOSITION: form-data; filename=\"Ana \\\"Miller\\\"; x.PDF\"; name=\"notes\"

%PDF-1.7 --x-y
--x-yz
--x-y
Content-Disposition: form-data; name=text; filename*=UTF-8''m.miller
Content-Type: application/vnd.miller

--x-y
Content-Disposition: form-data; name=\"Miller\"
Content-Type: miller/ana


--x-y--
epilogue
--x-y
";
        let parts = shape(TYPE, body).unwrap();
        let parts = parts["multipart"].as_array().unwrap();
        assert_eq!(parts[0], "array(4)");
        assert_eq!(parts[1], json!({"name": "status", "body": "text(8)"}));
        assert_eq!(
            parts[2],
            json!({
                "name": "notes",
                "filename": "name(15).pdf",
                "type": "application/pdf",
                "body": "binary(22)",
            })
        );
        assert_eq!(
            parts[3],
            json!({
                "name": "text",
                "filename": "name(15)",
                "type": "application/*",
                "body": "binary(0)",
            })
        );
        assert_eq!(parts[4]["type"], "*/*");
        assert_eq!(parts[4]["body"], "binary(0)");
        let name = parts[4]["name"].as_str().unwrap();
        assert!(name.len() == 6 && name != "Miller", "{name}");
        assert_eq!(parts.len(), 5);
    }

    #[test]
    fn boundaries_are_found_in_any_notation() {
        let body = "--a b\n\nx\n--a b--";
        for content_type in [
            "multipart/mixed; boundary=\"a b\"",
            "multipart/mixed;charset=\"q;=\\\"\" ; flag; BOUNDARY = \"a b\"; x=y",
            "Multipart/Form-Data; boundary=a b ;x",
        ] {
            let parts = json!({"multipart": ["array(1)", {"body": "text(1)"}]});
            assert_eq!(shape(content_type, body), Some(parts), "{content_type}");
        }
    }

    #[test]
    fn parts_and_bodies_may_be_empty() {
        let empty = json!({"multipart": ["array(1)", {"name": "notes", "body": "text(0)"}]});
        let head = "Content-Disposition: form-data; name=notes";
        for end in ["", "\n", "\n\n"] {
            let body = format!("--x-y\n{head}{end}\n--x-y--");
            assert_eq!(shape(TYPE, &body).as_ref(), Some(&empty), "{body}");
        }
        let none = Some(json!({"multipart": ["array(0)"]}));
        assert_eq!(shape(TYPE, "--x-y--"), none);
        assert_eq!(shape(TYPE, "text\n--x-y--\n"), none);
    }

    #[test]
    fn what_cannot_be_read_is_none() {
        let long = "a".repeat(LONGEST_BOUNDARY + 1);
        let huge = format!("--x-y\nx: {}\n\n1\n--x-y--", "a".repeat(LONGEST_HEAD));
        for (content_type, body) in [
            ("multipart/form-data", "--x-y--"),
            ("multipart/form-data; boundary=", "----"),
            ("multipart/form-data; boundary=\"x-y", "--x-y--"),
            (&format!("multipart/mixed; boundary={long}"), "--x--"),
            (TYPE, ""),
            (TYPE, "--x-y"),
            (TYPE, "--x-y\n"),
            (TYPE, "--x-y\n\nbody without an end"),
            (TYPE, "--x-y\n\nbody\n--x-yz--"),
            (TYPE, "--x-y\nno colon\n\nbody\n--x-y--"),
            (TYPE, "before --x-y--"),
            (TYPE, &huge),
        ] {
            assert_eq!(shape(content_type, body), None, "{content_type} {body}");
        }
        let bare_line_feeds = shape_of(TYPE, b"--x-y\n\nbody\n--x-y--");
        assert_eq!(bare_line_feeds, None);
    }

    #[test]
    fn many_parts_are_counted() {
        let body = "--x-y\r\n\r\n1\r\n".repeat(10_000) + "--x-y--";
        let parts = shape_of(TYPE, body.as_bytes()).unwrap();
        let parts = parts["multipart"].as_array().unwrap();
        assert_eq!(parts[0], "array(10000)");
        assert_eq!(parts.len(), 1 + SHOWN);
    }

    /// A part's field name, file name and value.
    fn any_part() -> impl Strategy<Value = (String, Option<String>, Vec<u8>)> {
        let planted = "miller[a-z \\\\\";=.-]{0,12}(pdf)?";
        let file = proptest::option::of(planted);
        let value = collection::vec(any::<u8>(), 0..40);
        (planted, file, value)
    }

    proptest! {
        #[test]
        fn every_part_is_there_and_nothing_of_it(
            parts in collection::vec(any_part(), 0..6),
        ) {
            let mut body = Vec::new();
            let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
            for (name, file, value) in &parts {
                let file = file.as_deref().map(|file| format!("; filename=\"{}\"", quoted(file)));
                let (name, file) = (quoted(name), file.unwrap_or_default());
                let head = format!("--=_b\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
                body.extend_from_slice(head.as_bytes());
                body.extend_from_slice(b"miller");
                body.extend_from_slice(value);
                body.extend_from_slice(b"\r\n");
            }
            body.extend_from_slice(b"--=_b--\r\n");
            let shape = shape_of("multipart/form-data; boundary=\"=_b\"", &body).unwrap();
            prop_assert!(!shape.to_string().contains("miller"), "{}", shape);
            let shown = shape["multipart"].as_array().unwrap();
            prop_assert_eq!(&shown[0], &json!(format!("array({})", parts.len())));
            for ((_, file, value), shown) in parts.iter().zip(&shown[1..]) {
                let length = format!("({})", value.len() + 6);
                prop_assert!(shown["body"].as_str().unwrap().ends_with(&length));
                let file = file.as_ref().map(|file| file.trim_end_matches(".pdf").len());
                let named = shown["filename"].as_str().map(str::to_owned);
                prop_assert_eq!(named.is_some(), file.is_some());
                if let (Some(named), Some(length)) = (named, file) {
                    let length = format!("name({length})");
                    prop_assert!(named.starts_with(&length), "{} {}", named, length);
                }
            }
        }

        #[test]
        fn any_bytes_are_read_or_not(body in "(\r\n|--b|--|a: b|\\PC|;){0,30}") {
            let content_type = "multipart/form-data; boundary=b";
            if let Some(read) = Multipart::read(content_type, body.as_bytes()) {
                prop_assert!(read.count <= body.matches("--b").count() as u64);
            }
        }
    }
}
