use clap::Parser;

fn main() -> std::process::ExitCode {
    dregs_server::cli::run(dregs_server::cli::Cli::parse())
}
