//! The `replay` binary: hands its arguments to the library and its outcome to the shell.
//!
//! Everything else is in the library.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// With the system's allocator a capture is read about a tenth slower.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // The allocator asks for huge pages, of which most of each would stay empty.
    let _as_asked = rustix::thread::disable_transparent_huge_pages(true);
    rehearsal_replay::cli::main(std::env::args_os()).into()
}
