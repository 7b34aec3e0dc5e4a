//! The policies that come with the program say something of every value they should.

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use super::policy::{HeaderRule, Kind, Policy};
use super::tokens::Tokens;

fn shipped() -> Policy {
    Policy::parse(include_str!("../../../config/anonymize.toml")).unwrap()
}

fn generic() -> Policy {
    Policy::parse(include_str!("../../../config/anonymize-generic.toml")).unwrap()
}

/// The sensitive fields of the Residency Scheduler, by class.
const SENSITIVE: [(&str, &str); 12] = [
    (
        "name",
        "name first_name last_name full_name display_name displayName person_name resident_name \
         faculty_name facultyName source_faculty_name target_faculty_name other_faculty_name \
         requesting_faculty_name other_party_name candidate_name requester_name \
         suggested_partner_name hub_faculty_name faculty_a_name faculty_b_name target_name \
         matched_person_name entity_name entityName verified_by reviewed_by reviewedBy lockedBy \
         provider providers faculty target_faculty surrogate",
    ),
    ("username", "username"),
    (
        "email",
        "email user_email userEmail targetUserEmail recipient_email email_recipients work_email \
         contact_email",
    ),
    ("phone", "personal_phone emergency_phone"),
    (
        "id",
        "created_by ssn social_security dod_id edipi mrn certification_number license passport \
         person_id faculty_id resident_id user_id recipient_id source_faculty_id target_faculty_id \
         preferred_target_faculty_id created_by_id archived_by id block_id rotation_template_id \
         assignment_id swap_id absence_id leave_id run_id",
    ),
    ("date", "dob date_of_birth birth_date start_date end_date"),
    (
        "text",
        "home_address emergency_contact deployment_orders tdy_location replacement_activity notes \
         description reason override_reason override_comment approval_reason lock_reason lockReason \
         custom_message message conflict_description external_conflict subject body text \
         acgmeJustification resolution_notes activity_override label error responses title subtitle \
         highlights score_interpretation duty_restrictions specialties primary_duty clinic_location \
         location med_school oldValue newValue old_value new_value",
    ),
    ("choice", "absence_type leave_type mood energy faculty_role"),
    (
        "secret",
        "hashed_password jti api_key secret client_secret user_agent userAgent score level \
         samn_perelli samn_perelli_score hours_awake sleep_debt prior_sleep_hours \
         consecutive_night_shifts alertness_score hazard_level",
    ),
    ("address", "ip_address ipAddress"),
    (
        "url",
        "subscription_url webcal_url calendar_sync_url download_url document_url",
    ),
    ("password", "password"),
];

/// Those that stay: containers, whose fields have rules of their own, flags and small counts that
/// say nothing without a name, and words of the application.
const STAYS: &str = "changes details metadata data explain_json alternatives_json entity person user \
    attending fmit_team night_rotation remote_assignments is_deployment return_date_tentative \
    is_away_from_program safe_for_duty pgy_level admin_type sunday_call_count weekday_call_count \
    fmit_weeks_count role";

#[test]
fn every_sensitive_field_of_the_application_has_its_rule() {
    let policy = shipped();
    for (class, names) in SENSITIVE {
        for name in names.split_whitespace() {
            let kind = policy
                .field(name)
                .map(|kind| format!("{kind:?}").to_lowercase());
            let kind = kind.unwrap_or_else(|| panic!("{name} has no rule"));
            assert!(kind.starts_with(class), "{name} is {kind}, not {class}");
        }
    }
    for (name, kind) in [
        ("access_token", Kind::Credential),
        ("impersonation_token", Kind::Credential),
        ("jwt_token", Kind::Credential),
        ("refresh_token", Kind::Refresh),
        ("session_id", Kind::Session),
        ("token", Kind::Credential),
    ] {
        assert_eq!(policy.field(name), Some(&kind), "{name}");
    }
    let survey = policy.pointers().child("responses").child("q7");
    assert_eq!(survey.kind(), Some(&Kind::Secret));
}

#[test]
fn what_stays_of_the_application_stays_on_purpose() {
    let policy = shipped();
    for name in STAYS.split_whitespace() {
        let said = policy.name(name);
        assert!(said.schema, "{name} is not the policy's own");
        assert!(matches!(said.kind, None | Some(Kind::Keep(_))), "{name}");
    }
}

#[test]
fn headers_have_their_rules_in_both_policies() {
    for policy in [shipped(), generic()] {
        let rule = |name| policy.header(name).cloned();
        for tag in ["etag", "if-match", "if-none-match"] {
            assert_eq!(rule(tag), Some(HeaderRule::Kind(Kind::Id)), "{tag}");
        }
        for secret in ["x-csrf-token", "x-xsrf-token"] {
            assert_eq!(
                rule(secret),
                Some(HeaderRule::Kind(Kind::Secret)),
                "{secret}"
            );
        }
        for dropped in ["host", "sec-websocket-key", "user-agent", "x-load-test-key"] {
            assert_eq!(rule(dropped), Some(HeaderRule::Drop), "{dropped}");
        }
        assert_eq!(rule("range"), Some(HeaderRule::Keep));
        assert_eq!(rule("idempotency-key"), Some(HeaderRule::Fresh));
        assert_eq!(rule("x-unheard"), None);
    }
}

#[test]
fn the_generic_policy_replaces_what_it_should() {
    let policy = generic();
    let mut tokens = Tokens::new(100, &super::Mode::Tokens, policy.detectors.clone());
    let mut replaced = |name: &str, value: &str| tokens.replace(value, policy.field(name));
    for (name, value) in [
        ("fullName", "Maria Gonzalez"),
        ("email_address", "maria@clinic.org"),
        ("phone", "(808) 201-3388"),
        ("dob", "03/14/1962"),
        ("ssn", "123-45-1203"),
        ("sessionid", "k3j4h5k3j4h5"),
        ("comment", "Call TICKET-4711 back"),
        ("anything", "TICKET-4711"),
        ("gender", "female"),
        ("href", "https://clinic.org/people/7"),
    ] {
        let other = replaced(name, value);
        assert_ne!(other, value, "{name}");
        assert!(
            !policy.detectors.leaks(&other).iter().any(|_| true),
            "{other}"
        );
    }
    assert_eq!(replaced("age", "45"), "45");
    assert_eq!(replaced("age", "93"), "89");
    let label = policy.pointers().child("included").element(3);
    let label = label.child("attributes").child("label");
    assert_eq!(label.kind(), Some(&Kind::Name));
    let found = policy.detectors.within("see TICKET-4711");
    assert_eq!(found, [("id", 4..15)]);
}

#[test]
fn health_says_nothing_but_stays_a_valid_number() {
    let policy = shipped();
    let mut tokens = Tokens::with_rng(100, StdRng::seed_from_u64(1));
    for mood in 1..=5 {
        let other = tokens.number(&mood.to_string(), policy.field("mood"));
        assert_ne!(other, mood.to_string());
        assert!((1..=5).contains(&other.parse::<u8>().unwrap()), "{other}");
    }
    let hours = tokens.number("17.5", policy.field("hours_awake"));
    assert_ne!(hours, "17.5");
    assert!(hours.parse::<f64>().unwrap() < 20.0, "{hours}");
}

/// Every list and table of the generic policy has a comment right above it, or in its table.
#[test]
fn the_generic_policy_says_what_everything_is_for() {
    let text = include_str!("../../../config/anonymize-generic.toml");
    for table in ["paths", "content", "headers", "detectors", "keys"] {
        let (_, rest) = text.split_once(&format!("\n[{table}]\n")).unwrap();
        assert!(rest.starts_with("# "), "[{table}] has no comment");
    }
    let commented = |key: &str| {
        let (before, _) = text.split_once(&format!("\n{key} = ")).unwrap();
        before
            .lines()
            .last()
            .is_some_and(|line| line.starts_with('#'))
    };
    for key in [
        "version",
        "templates",
        "json",
        "shape",
        "keep",
        "drop",
        "fresh",
        "off",
        "pointers",
    ] {
        assert!(commented(key), "{key} has no comment");
    }
}
