//! `rehearsal_trace::fuzzing::reader` says what has to hold.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| rehearsal_trace::fuzzing::reader(bytes));
