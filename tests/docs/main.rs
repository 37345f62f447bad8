//! Writes or checks the files that are generated from the provider's schema: `cargo run --example docs [-- --check]`.

#![allow(
    clippy::disallowed_methods,
    reason = "this tool reads the environment and the clock where it needs them"
)]

#[path = "mod.rs"]
mod docs;

use std::process::ExitCode;

const USAGE: &str = "cargo run --example docs [-- --check]";

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "a command for people who work on the provider")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let check = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => false,
        ["--check"] => true,
        _ => {
            eprintln!("usage: {USAGE}");
            return ExitCode::from(2);
        }
    };
    let root = docs::root();
    let outcome = docs::generate(&docs::schemas(), root)
        .and_then(|generated| if check { generated.differences(root) } else { generated.write(root) });
    match outcome {
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
        Ok(differences) => {
            differences.iter().for_each(|difference| println!("{difference}"));
            if check && !differences.is_empty() {
                eprintln!("To bring them up to date: {}", docs::COMMAND);
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
    }
}
