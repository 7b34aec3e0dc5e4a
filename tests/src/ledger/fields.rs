//! The fields of the application that hold something about a person, and what stands in them.

/// Names of fields, and a field of [`super::kinds`] that holds the same.
pub(super) const FIELDS: [(&str, &[&str]); 16] = [
    (
        "full_name",
        &[
            "name",
            "first_name",
            "last_name",
            "full_name",
            "person_name",
            "resident_name",
            "faculty_name",
            "source_faculty_name",
            "target_faculty_name",
            "other_faculty_name",
            "requesting_faculty_name",
            "other_party_name",
            "candidate_name",
            "requester_name",
            "suggested_partner_name",
            "hub_faculty_name",
            "faculty_a_name",
            "faculty_b_name",
            "target_name",
            "matched_person_name",
            "verified_by",
            "created_by",
            "provider",
            "providers",
            "faculty",
            "target_faculty",
            "fmit_team",
            "night_rotation",
            "surrogate",
            "am",
            "pm",
        ],
    ),
    (
        "entity_name",
        &[
            "entity_name",
            "reviewed_by",
            "locked_by",
            "title",
            "subtitle",
            "highlights",
        ],
    ),
    ("display_name", &["display_name"]),
    (
        "email",
        &[
            "email",
            "user_email",
            "target_user_email",
            "recipient_email",
            "email_recipients",
            "work_email",
            "contact_email",
            "username",
        ],
    ),
    ("personal_phone", &["personal_phone", "emergency_phone"]),
    ("street_address", &["home_address"]),
    ("contact", &["emergency_contact"]),
    ("ssn", &["ssn", "social_security"]),
    (
        "birth_date",
        &[
            "dob",
            "date_of_birth",
            "birth_date",
            "start_date",
            "end_date",
            "return_date_tentative",
        ],
    ),
    ("edipi", &["dod_id", "edipi"]),
    ("mrn", &["mrn"]),
    (
        "certification_number",
        &["certification_number", "license", "passport"],
    ),
    (
        "notes",
        &[
            "absence_type",
            "leave_type",
            "deployment_orders",
            "tdy_location",
            "replacement_activity",
            "notes",
            "description",
            "reason",
            "override_reason",
            "override_comment",
            "approval_reason",
            "lock_reason",
            "custom_message",
            "message",
            "conflict_description",
            "external_conflict",
            "subject",
            "body",
            "text",
            "acgme_justification",
            "resolution_notes",
            "activity_override",
            "label",
            "error",
            "responses",
            "mood",
            "energy",
            "score_interpretation",
            "samn_perelli_description",
            "duty_restrictions",
            "hazard_level",
            "specialties",
            "primary_duty",
            "faculty_role",
            "admin_type",
            "role",
            "clinic_location",
            "location",
            "med_school",
            "pgy_level",
            "old_value",
            "new_value",
            "details",
            "metadata",
            "data",
            "explain_json",
            "alternatives_json",
            "entity",
            "person",
            "user",
            "attending",
            "user_agent",
            "status",
            "type",
            "algorithm",
            "detail",
            "msg",
            "input",
        ],
    ),
    (
        "person_id",
        &[
            "person_id",
            "faculty_id",
            "resident_id",
            "user_id",
            "recipient_id",
            "source_faculty_id",
            "target_faculty_id",
            "preferred_target_faculty_id",
            "created_by_id",
            "archived_by",
            "id",
            "block_id",
            "rotation_template_id",
            "assignment_id",
            "swap_id",
            "absence_id",
            "leave_id",
            "run_id",
            "jti",
            "session_id",
        ],
    ),
    (
        "password",
        &[
            "password",
            "hashed_password",
            "access_token",
            "refresh_token",
            "token",
            "impersonation_token",
            "jwt_token",
            "api_key",
            "secret",
            "client_secret",
        ],
    ),
    (
        "subscription_url",
        &[
            "subscription_url",
            "webcal_url",
            "calendar_sync_url",
            "download_url",
            "document_url",
        ],
    ),
];

/// Every name, as the application writes it and as its audit and queue schemas do, with the field
/// of the kinds that it is like.
pub(super) fn all() -> impl Iterator<Item = (String, &'static str)> {
    let listed = FIELDS
        .iter()
        .flat_map(|(like, names)| names.iter().map(|name| (*name, *like)));
    let all = listed.chain([("ip_address", "ip_address"), ("last_ip", "last_seen_from")]);
    all.flat_map(|(name, like)| {
        let other = Some(camel_case(name)).filter(|other| other != name);
        let names = [Some(name.to_owned()), other].into_iter().flatten();
        names.map(move |name| (name, like))
    })
}

fn camel_case(name: &str) -> String {
    let mut out = String::new();
    let mut capital = false;
    for letter in name.chars() {
        match letter {
            '_' => capital = true,
            _ if std::mem::take(&mut capital) => out.extend(letter.to_uppercase()),
            _ => out.push(letter),
        }
    }
    out
}
