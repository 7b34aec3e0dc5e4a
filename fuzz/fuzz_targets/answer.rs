//! `rehearsal_replay::fuzzing::answer` says what has to hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rehearsal_replay::fuzzing::answer(bytes));
