//! Values that what stands next to them gives away.

use std::ops::Range;

use super::forms::{Found, each, each_range, pattern};

/// Numbers of medical records.
pub(super) fn mrns(text: &str, found: Found<'_>) {
    each(&MRN, text, found, has_number);
}

/// Numbers of accounts, policies, licences, passports and the like.
pub(super) fn accounts(text: &str, found: Found<'_>) {
    each(&ACCOUNT, text, found, has_number);
}

/// Ages over 89.
pub(super) fn ages(text: &str, found: Found<'_>) {
    each_range(&AGE_YEARS, text, found);
    each_range(&AGE_NAMED, text, &mut |place| {
        // `max-age=100` and `age: 100 seconds` are about no person.
        let joined = text[..place.start].ends_with(['-', '_']);
        if !joined && !OTHER_UNIT.is_match(&text[place.end..]) {
            found(place);
        }
    });
}

/// Names after titles.
pub(super) fn names(text: &str, found: Found<'_>) {
    each(&NAME, text, found, |hit| {
        let words = hit.split([' ', '\t', '.']);
        !words.into_iter().any(|word| NO_NAMES.contains(&word))
    });
}

/// Postal codes of the US behind a state or their name, of the UK and of Canada.
pub(super) fn postcodes(text: &str, found: Found<'_>) {
    let mut add = |hit: regex::Match<'_>| {
        if is_somewhere(hit.as_str()) {
            found(hit.range());
        }
    };
    ZIP.find_iter(text).for_each(&mut add);
    POSTCODE.find_iter(text).for_each(&mut add);
    POSTCODE_NAMED.find_iter(text).for_each(&mut add);
}

/// Houses and their streets.
pub(super) fn streets(text: &str, found: Found<'_>) {
    each_range(&STREET, text, found);
}

/// Where the number in an age is.
pub(in super::super) fn years(age: &str) -> Range<usize> {
    let is_digit = |c: char| c.is_ascii_digit();
    let start = age.find(is_digit).unwrap_or_default();
    let rest = &age[start..];
    start..start + rest.find(|c: char| !is_digit(c)).unwrap_or(rest.len())
}

/// Whether what follows the name has a digit.
fn has_number(hit: &str) -> bool {
    hit.bytes().filter(u8::is_ascii_digit).count() >= 3
}

/// Whether a postal code may be one. No ZIP code begins with 000 to 004, and no code of the UK or
/// of Canada with Q: those stand for others.
fn is_somewhere(code: &str) -> bool {
    let ordinals = ["1ST", "2ND", "3RD"];
    let digits = || code.bytes().skip_while(|b| !b.is_ascii_digit()).take(3);
    let zip = digits().all(|b| b.is_ascii_digit());
    let nowhere = zip && digits().take(2).eq(*b"00") && digits().nth(2) < Some(b'5');
    !nowhere && !ordinals.iter().any(|it| code.ends_with(it))
}

pattern!(
    MRN,
    r"(?ix) \b(?: MRN (?:\ ?(?:number|no\.?|num\.?|id))?
        | med(?:ical|\.)?\ rec(?:ord|\.)?\ (?:number|no\.?|num\.?|id|\#)
        | (?:patient|chart)[\ _-](?:number|no\.?|num\.?|id|\#) )
    [\ :\#=._-]{0,3} [A-Z]{0,4}-?[0-9][0-9A-Z-]{2,19}\b"
);
pattern!(
    ACCOUNT,
    r"(?ix) \b(?: (?:EDIPI|NPI|DEA|VIN|DoD\ ID)(?:\ (?:number|no\.?|num\.?|\#))?
        | (?:account|acct\.?|beneficiary|card|claim|insurance|licen[cs]e|member|passport|policy
            |plate|subscriber|certificate)[\ _-](?:number|no\.?|num\.?|id|\#) )
    [\ :\#=._-]{0,3} [A-Z]{0,4}-?[0-9][0-9A-Z-]{2,19}\b"
);
pattern!(
    AGE_YEARS,
    r"(?ix) \b(?:9[0-9]|1[0-4][0-9]) (?: [\ -]?(?:years?|yrs?\.?)[\ -](?:old|of\ age)
        | \ ?y/o | \ ?yo | \ ?y\.o\. | \ ?yrs?\.?\ old )"
);
pattern!(
    AGE_NAMED,
    r"(?i)\bage[ds]?(?: (?:is|was|of))?[ :=]{1,3}(?:9[0-9]|1[0-4][0-9])\b"
);
pattern!(
    OTHER_UNIT,
    r"(?i)^(?:\.[0-9]|%| ?(?:s|ms|h|d|sec|min|hour|day|week|month)[a-z]*\b)"
);
pattern!(
    NAME,
    r"(?x) \b(?: Dr|Mrs?|Ms|Mx|Miss|Prof(?:essor)?|Doctor|Nurse|Sir|Capt(?:ain)?|CAPT|CPT|Maj|MAJ
        |LTC|LTJG|LCDR|CDR|Lt|LT|[12]LT|Lieutenant|Col|COL|Colonel|Sgt|SGT|Sergeant|SSG|SFC|Cpl|CPL
        |PFC|SPC )
    (?:\.[\ \t]*|[\ \t]+) (?:\p{Lu}\.?[\ \t]+)* \p{Lu}[\p{L}'’-]+ (?:[\ \t]+\p{Lu}[\p{L}'’-]+)*"
);
pattern!(
    ZIP,
    r"(?x) \b(?: A[AEKLPRSZ]|C[AOT]|D[CE]|FL|G[AU]|HI|I[ADLN]|K[SY]|LA|M[ADEINOPST]|N[CDEHJMVY]|O[HKR]
        |P[AR]|RI|S[CD]|T[NX]|UT|V[AIT]|W[AIVY] ) (?:,\ ?|\ {1,2}) [0-9]{5}(?:-[0-9]{4})?\b
    | \b[0-9]{5}-[0-9]{4}\b"
);
pattern!(
    POSTCODE,
    r"(?x) \b[A-PR-UWYZ][A-HK-Y]?[0-9][0-9A-HJKMNP-Y]?\ [0-9][ABD-HJLNP-UW-Z]{2}\b
    | \b[ABCEGHJ-NPRSTVXY][0-9][ABCEGHJ-NPRSTV-Z][\ -][0-9][ABCEGHJ-NPRSTV-Z][0-9]\b"
);
pattern!(
    POSTCODE_NAMED,
    r"(?ix) \b(?:zip(?:\ ?code)?|postal\ ?code|post\ ?code|plz|cep)[\ :\#=]{1,3}
    (?:[A-Z]{1,2}-)?[0-9]{3,5}(?:[\ -][0-9]{2,4})?\b"
);
pattern!(
    STREET,
    r"(?x) \b[0-9]{1,5}[A-Za-z]?\ (?:[NSEW]\.?\ )?(?:[A-Z][a-z']+\ ){1,3}
    (?:Street|St|Avenue|Ave|Road|Rd|Boulevard|Blvd|Drive|Dr|Lane|Ln|Court|Ct|Terrace|Place|Pl|Highway
        |Hwy|Parkway|Pkwy|Circle)\b"
);

/// Words after a title that make it something else.
const NO_NAMES: [&str; 20] = [
    "Aide",
    "And",
    "Anesthetist",
    "Appointment",
    "Appointments",
    "Call",
    "Educator",
    "For",
    "Lead",
    "Manager",
    "Note",
    "Notes",
    "Of",
    "On",
    "Practitioner",
    "Role",
    "Staff",
    "Station",
    "Supervisor",
    "Visit",
];
