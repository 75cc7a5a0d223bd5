//! Tells the build what it is: the commit and the compiler, for `integrator_build_info`.

use std::env;
use std::process::Command;

fn main() {
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    tell("INTEGRATOR_RUSTC", &[&rustc, "--version"]);
    match env::var("INTEGRATOR_COMMIT") {
        Ok(commit) => println!("cargo::rustc-env=INTEGRATOR_COMMIT={commit}"),
        Err(_) => tell(
            "INTEGRATOR_COMMIT",
            &["git", "rev-parse", "--short=12", "HEAD"],
        ),
    }
    println!("cargo::rerun-if-env-changed=INTEGRATOR_COMMIT");
    println!("cargo::rerun-if-changed=.git/HEAD");
    println!("cargo::rerun-if-changed=build.rs");
}

/// A source archive has no history; its builds say so, unless the environment names the commit.
fn tell(name: &str, command: &[&str]) {
    let said = command.split_first().and_then(|(program, arguments)| {
        let output = Command::new(program).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        output.status.success().then(|| text.trim().to_owned())
    });
    println!(
        "cargo::rustc-env={name}={}",
        said.as_deref().unwrap_or("unknown")
    );
}
