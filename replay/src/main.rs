//! The `replay` binary: hands its arguments to the library and its outcome to the shell.
//!
//! Everything else is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    rehearsal_replay::cli::main(std::env::args_os()).into()
}
