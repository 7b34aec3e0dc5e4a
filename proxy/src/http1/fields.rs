//! Header fields as they were sent: names and values as slices of the head's bytes.
//!
//! A look-up walks the few fields there are, which is quicker than hashing them all first.

use bytes::Bytes;

/// The fields of a head, in their order, with the spelling that was sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fields {
    bytes: Bytes,
    fields: Vec<Field>,
}

/// Where a field lies.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Field {
    pub(super) name: Span,
    pub(super) value: Span,
}

/// A part of the head's bytes.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part` lies in `whole`; an empty span when it does not, or there is too much of it.
    pub(super) fn of(part: &[u8], whole: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).wrapping_sub(whole.as_ptr() as usize);
        match (
            u32::try_from(start),
            u32::try_from(start.wrapping_add(part.len())),
        ) {
            (Ok(start), Ok(end)) if end as usize <= whole.len() => Self { start, end },
            _ => Self::default(),
        }
    }

    pub(crate) fn get(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }
}

impl Field {
    /// Name and value, in the bytes of the head.
    pub(crate) fn get(self, bytes: &[u8]) -> (&[u8], &[u8]) {
        (self.name.get(bytes), self.value.get(bytes))
    }
}

impl Fields {
    pub(super) const fn new(bytes: Bytes, fields: Vec<Field>) -> Self {
        Self { bytes, fields }
    }

    /// The bytes of the whole head.
    pub(crate) const fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Where each field lies in [`Fields::bytes`].
    pub(crate) fn places(&self) -> &[Field] {
        &self.fields
    }

    /// Names, as sent, and values.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = (&[u8], &[u8])> {
        self.fields.iter().map(|field| field.get(&self.bytes))
    }

    /// The values of a name, whatever its case.
    pub(crate) fn all<'f>(&'f self, name: &'f str) -> impl DoubleEndedIterator<Item = &'f [u8]> {
        self.iter()
            .filter(move |(sent, _)| sent.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The first value of a name.
    pub(crate) fn first(&self, name: &str) -> Option<&[u8]> {
        self.iter()
            .find(|(sent, _)| sent.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// The value of a name that was sent once; a name that was sent twice has none.
    pub(crate) fn only(&self, name: &str) -> Option<&[u8]> {
        let mut values = self
            .iter()
            .filter(|(sent, _)| sent.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value);
        values.next().filter(|_| values.next().is_none())
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.first(name).is_some()
    }

    /// The comma-separated members of a name's values (RFC 9110 §5.6.1), without the empty ones.
    pub(crate) fn members<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f [u8]> {
        self.all(name)
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|member| !member.is_empty())
    }

    /// Whether a name's values have a member, whatever its case.
    pub(crate) fn has_member(&self, name: &str, member: &str) -> bool {
        self.members(name)
            .any(|sent| sent.eq_ignore_ascii_case(member.as_bytes()))
    }
}

#[cfg(test)]
impl Fields {
    /// The fields of a request with these lines.
    pub(crate) fn sent(lines: impl AsRef<[u8]>) -> Self {
        let head = [b"GET / HTTP/1.1\r\n", lines.as_ref(), b"\r\n"].concat();
        let mut buffer = bytes::BytesMut::from(&*head);
        let request = super::head::Request::take(&mut buffer, &mut super::head::Search::default());
        request.unwrap().unwrap().fields
    }
}
