use clap::Parser;

/// The system's allocator costs a sixth of the time it takes to accept an event.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    dregs_server::cli::run(dregs_server::cli::Cli::parse())
}
