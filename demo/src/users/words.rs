//! What the users type: new names, reasons, notes, searches.
//!
//! Apart from the seeded data, so that a leak shows which way it came.

/// Every personal text that users type into requests: what must never be found in a capture.
///
/// New people's addresses are `first.last.NNN@…`, so the part before the number is listed.
pub fn typed_values() -> Vec<String> {
    let texts = [
        &ABSENCE_NOTES[..],
        &SWAP_REASONS,
        &ASSIGNMENT_NOTES,
        &APPROVAL_NOTES,
        &DUTY_PLACES,
    ]
    .concat();
    let names = NEW_PEOPLE
        .iter()
        .flat_map(|name| [(*name).to_owned(), handle(name)]);
    names.chain(texts.into_iter().map(str::to_owned)).collect()
}

/// The name in an address.
pub(super) fn handle(name: &str) -> String {
    name.to_lowercase().replace(' ', ".")
}

pub(super) const NEW_PEOPLE: [&str; 12] = [
    "Perpetua Mandelbaum",
    "Cassius Ravensworth",
    "Ottilie Fairweather",
    "Benedikt Szymborski",
    "Lucretia Wakefield",
    "Ambrose Kalanianaole",
    "Seraphina Drinkwater",
    "Barnaby Tollefson",
    "Clementine Asgard",
    "Horatio Pumphrey",
    "Isadora Quackenbush",
    "Mordecai Blankenship",
];

/// Type and note of an absence.
pub(super) const ABSENCES: [(&str, usize); 8] = [
    ("vacation", 0),
    ("medical", 1),
    ("sick", 2),
    ("family_emergency", 3),
    ("conference", 4),
    ("tdy", 5),
    ("bereavement", 6),
    ("maternity_paternity", 7),
];

pub(super) const ABSENCE_NOTES: [&str; 8] = [
    "Honeymoon on Kauai, unreachable by phone",
    "Biopsy result on Thursday, please keep this between us",
    "Food poisoning since last night, cannot leave the house",
    "Son broke his arm at school, waiting in the emergency room",
    "Giving the keynote on rural obstetrics in Minneapolis",
    "Attached to the surgical team for the field exercise",
    "Burial of my uncle at the veterans cemetery",
    "Adoption finalized, bonding leave as agreed with the director",
];

pub(super) const DUTY_PLACES: [&str; 3] = [
    "Camp Foster, Okinawa",
    "Landstuhl hospital, Germany",
    "Joint Base Lewis-McChord, Washington",
];

pub(super) const SWAP_REASONS: [&str; 6] = [
    "Marriage counselling on Wednesdays this month",
    "Closing on the house, must sign in person",
    "My twins start kindergarten that week",
    "Deposition in the malpractice case",
    "Fertility treatment, cannot shift the cycle",
    "Best man at a wedding in Lahaina",
];

pub(super) const ASSIGNMENT_NOTES: [&str; 5] = [
    "Swapped in after the argument with the charge nurse",
    "Restricted duty, back injury from the motorcycle accident",
    "Requested a female attending for this rotation",
    "Asked for lighter load during the divorce proceedings",
    "Must not be alone on call, see letter of concern",
];

pub(super) const APPROVAL_NOTES: [&str; 3] = [
    "Discussed with both and with the department head",
    "Approved because of the hearing, do not share",
    "Fine with me after the talk about reliability",
];

/// What people search for besides names.
pub(super) const SEARCHES: [&str; 5] = ["clinic", "medicine", "night", "pediatrics", "elective"];
