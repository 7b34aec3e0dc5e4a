//! What staging keeps, in the field names that go over the wire.
//!
//! Shapes follow the real application's answers; `serde(skip)` marks what only staging needs.

use jiff::civil::{Date, DateTime};
use serde::Serialize;
use serde_json::Value;
use uuid::Uuid;

use super::table::Row;

/// A resident, a faculty member or a member of the staff.
#[derive(Clone, Serialize)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) name: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) email: Option<String>,
    pub(crate) personal_phone: Option<String>,
    pub(crate) pgy_level: Option<i64>,
    pub(crate) performs_procedures: bool,
    pub(crate) specialties: Vec<String>,
    pub(crate) primary_duty: Option<String>,
    pub(crate) faculty_role: Option<String>,
    pub(crate) min_clinic_halfdays_per_week: i64,
    pub(crate) max_clinic_halfdays_per_week: i64,
    pub(crate) admin_type: Option<String>,
    pub(crate) sunday_call_count: i64,
    pub(crate) weekday_call_count: i64,
    pub(crate) fmit_weeks_count: i64,
    pub(crate) created_at: DateTime,
    pub(crate) updated_at: DateTime,
}

/// Half a day of the academic year.
#[derive(Clone, Serialize)]
pub(crate) struct Block {
    pub(crate) id: Uuid,
    pub(crate) date: Date,
    pub(crate) time_of_day: &'static str,
    pub(crate) block_number: i64,
    pub(crate) is_weekend: bool,
    pub(crate) is_holiday: bool,
    pub(crate) holiday_name: Option<&'static str>,
}

/// A kind of work that people rotate through.
#[derive(Clone, Serialize)]
pub(crate) struct Template {
    pub(crate) id: Uuid,
    pub(crate) name: &'static str,
    pub(crate) rotation_type: &'static str,
    pub(crate) template_category: &'static str,
    pub(crate) abbreviation: &'static str,
    pub(crate) display_abbreviation: &'static str,
    pub(crate) font_color: &'static str,
    pub(crate) background_color: &'static str,
    pub(crate) clinic_location: Option<&'static str>,
    pub(crate) max_residents: i64,
    pub(crate) supervision_required: bool,
    pub(crate) max_supervision_ratio: i64,
    pub(crate) created_at: DateTime,
    pub(crate) is_archived: bool,
}

/// One person's work in one block.
#[derive(Clone, Serialize)]
pub(crate) struct Assignment {
    pub(crate) id: Uuid,
    pub(crate) block_id: Uuid,
    pub(crate) person_id: Uuid,
    pub(crate) rotation_template_id: Option<Uuid>,
    pub(crate) role: String,
    pub(crate) activity_override: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) override_reason: Option<String>,
    pub(crate) created_by: Option<String>,
    pub(crate) created_at: DateTime,
    pub(crate) updated_at: DateTime,
    pub(crate) override_acknowledged_at: Option<DateTime>,
    pub(crate) confidence: Option<f64>,
    pub(crate) score: Option<f64>,
    /// Date of the block, so that ranges need no join.
    #[serde(skip)]
    pub(crate) date: Date,
}

/// Why and when somebody is away.
#[derive(Clone, Serialize)]
pub(crate) struct Absence {
    pub(crate) id: Uuid,
    pub(crate) person_id: Uuid,
    pub(crate) status: &'static str,
    pub(crate) start_date: Date,
    pub(crate) end_date: Date,
    pub(crate) absence_type: String,
    pub(crate) deployment_orders: bool,
    pub(crate) tdy_location: Option<String>,
    pub(crate) replacement_activity: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) is_blocking: bool,
    pub(crate) return_date_tentative: bool,
    pub(crate) is_away_from_program: bool,
    pub(crate) created_by_id: Option<Uuid>,
    pub(crate) created_at: DateTime,
}

/// Leave that somebody asked for.
#[derive(Clone, Serialize)]
pub(crate) struct Leave {
    pub(crate) id: Uuid,
    pub(crate) person_id: Uuid,
    pub(crate) leave_type: String,
    pub(crate) status: &'static str,
    pub(crate) start_date: Date,
    pub(crate) end_date: Date,
    pub(crate) reason: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) approved_by: Option<String>,
    pub(crate) approved_at: Option<DateTime>,
    pub(crate) created_at: DateTime,
    /// Another one with each change.
    #[serde(skip)]
    pub(crate) tag: Uuid,
}

/// Two people changing weeks, or one taking over another's.
#[derive(Clone, Serialize)]
pub(crate) struct Swap {
    pub(crate) id: Uuid,
    pub(crate) source_faculty_id: Uuid,
    pub(crate) source_faculty_name: String,
    pub(crate) source_week: Date,
    pub(crate) target_faculty_id: Uuid,
    pub(crate) target_faculty_name: String,
    pub(crate) target_week: Option<Date>,
    pub(crate) swap_type: String,
    pub(crate) status: &'static str,
    pub(crate) reason: Option<String>,
    pub(crate) notes: Option<String>,
    pub(crate) requested_at: DateTime,
    pub(crate) approved_by: Option<String>,
    pub(crate) approved_at: Option<DateTime>,
}

/// One run of the schedule solver.
#[derive(Clone, Serialize)]
pub(crate) struct Run {
    #[serde(rename = "run_id")]
    pub(crate) id: Uuid,
    pub(crate) status: &'static str,
    pub(crate) start_date: Date,
    pub(crate) end_date: Date,
    pub(crate) algorithm: &'static str,
    pub(crate) created_at: DateTime,
    pub(crate) finished_at: Option<DateTime>,
    pub(crate) total_blocks_assigned: usize,
    pub(crate) result: Option<Value>,
}

macro_rules! rows {
    ($($kind:ident),*) => {
        $(impl Row for $kind {
            fn id(&self) -> Uuid {
                self.id
            }
        })*
    };
}

rows!(
    Person, Block, Template, Assignment, Absence, Leave, Swap, Run
);
