//! Real-time priority: where others want the same core, a thread that has it goes first.

use thread_priority::{
    Error, RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy,
    set_thread_priority_and_policy, thread_native_id,
};

/// Puts the calling thread before all that have no such priority, if the system grants that.
pub(super) fn raise() -> Result<(), Error> {
    let least = RealtimeThreadSchedulePolicy::RoundRobin;
    set_thread_priority_and_policy(
        thread_native_id(),
        ThreadPriority::Min,
        ThreadSchedulePolicy::Realtime(least),
    )
}
