//! The device's commands: for processes that link none of this. Each prints one line of JSON.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
};

use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    AssertionDefect, AssertionOrder, AttestationDefect, AttestationOrder, Device, Form, Profile,
    TestPki,
};
use crate::{
    app_id::AppId,
    cli::parse_time,
    clock::Clock,
    decoder::{decode_base64, encode_base64},
    entropy::Entropy,
    environment::Environment,
    reason::Reason,
};

/// What the simulated device does.
#[derive(Debug, Subcommand)]
pub enum DeviceCommand {
    /// Makes a test root and an intermediate: root.pem for --trust-anchor, pki.json for attest.
    NewRoot(NewRoot),
    /// Makes a key, or takes the one in --key-file, and attests it.
    Attest(Attest),
    /// Makes an assertion by the key in --key-file.
    Assert(Assert),
    /// Lists every defect, with the reason that each must meet.
    Defects,
}

/// Arguments of `new-root`.
#[derive(Debug, Args)]
pub struct NewRoot {
    /// Directory to write into; made if absent. A root that is there is not replaced.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Moment of issue; now if absent.
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
}

/// Arguments of `attest`.
#[derive(Debug, Args)]
pub struct Attest {
    /// Directory that new-root wrote.
    #[arg(long, value_name = "DIR")]
    pki: PathBuf,
    /// The key's file; made if absent.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// The application that the key is made in.
    #[arg(long, value_name = "TEAMID.bundle.id")]
    app: AppId,
    /// The environment that attests it.
    #[arg(long, value_enum, default_value = "production")]
    environment: Environment,
    /// Which release's bytes are written.
    #[arg(long, value_enum, default_value = "classic")]
    form: Form,
    #[command(flatten)]
    subject: Subject,
    /// CFBundleVersion; without effect but in form ios27, since no other holds it.
    #[arg(long, default_value = "1")]
    bundle_version: String,
    /// Validation category; without effect in form classic, which does not hold it.
    #[arg(long, default_value_t = 4)]
    validation_category: u32,
    /// Moment of issue; now if absent.
    #[arg(long, value_name = "RFC3339", value_parser = parse_time)]
    at: Option<Timestamp>,
    /// What is to be wrong.
    #[arg(long, value_enum)]
    defect: Option<AttestationDefect>,
}

/// What is attested: one of the two.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct Subject {
    /// Challenge in base64; the client data hash is its SHA-256.
    #[arg(long, value_name = "BASE64", value_parser = parse_base64, allow_hyphen_values = true)]
    challenge: Option<Bytes>,
    /// Client data hash in base64, of any length.
    #[arg(long, value_name = "BASE64", value_parser = parse_base64, allow_hyphen_values = true)]
    client_data_hash: Option<Bytes>,
}

/// Arguments of `assert`.
#[derive(Debug, Args)]
pub struct Assert {
    /// The key's file.
    #[arg(long, value_name = "FILE")]
    key_file: PathBuf,
    /// Client data hash in base64, of any length.
    #[arg(long, value_name = "BASE64", value_parser = parse_base64, allow_hyphen_values = true)]
    client_data_hash: Bytes,
    /// The counter to sign; the next one if absent.
    #[arg(long)]
    counter: Option<u32>,
    /// What is to be wrong.
    #[arg(long, value_enum)]
    defect: Option<AssertionDefect>,
}

/// Decoded base64. (A plain vector would make the argument repeatable.)
#[derive(Clone, Debug)]
struct Bytes(Vec<u8>);

fn parse_base64(text: &str) -> Result<Bytes, String> {
    decode_base64(text)
        .map(Bytes)
        .ok_or_else(|| String::from("expected base64, standard or URL-safe"))
}

/// Runs one command and prints its line.
///
/// # Errors
///
/// A sentence for the person who typed it.
pub fn run(command: DeviceCommand, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<(), String> {
    let line = match command {
        DeviceCommand::NewRoot(arguments) => new_root(&arguments, clock, entropy)?,
        DeviceCommand::Attest(arguments) => attest(arguments, clock, entropy)?,
        DeviceCommand::Assert(arguments) => assert(&arguments, entropy)?,
        DeviceCommand::Defects => defects(),
    };
    writeln!(std::io::stdout(), "{line}").map_err(|error| format!("standard output: {error}"))
}

fn new_root(
    arguments: &NewRoot,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<serde_json::Value, String> {
    let at = arguments.at.unwrap_or_else(|| clock.now());
    let pki = TestPki::generate(entropy, at).map_err(|error| error.to_string())?;
    let failed = |error| format!("--out {}: {error}", arguments.out.display());
    std::fs::create_dir_all(&arguments.out).map_err(failed)?;
    let root = arguments.out.join("root.pem");
    let keys = arguments.out.join("pki.json");
    for path in [&keys, &root] {
        refuse_existing(path)?;
    }
    std::fs::write(&root, pki.root_pem()).map_err(failed)?;
    write_json(&keys, &pki.to_stored())?;
    Ok(json!({ "trustAnchor": root, "pki": arguments.out }))
}

fn attest(
    arguments: Attest,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<serde_json::Value, String> {
    let stored = read_json(&arguments.pki.join("pki.json"))?;
    let pki = TestPki::from_stored(&stored).map_err(|error| error.to_string())?;
    let profile = Profile {
        app: arguments.app,
        environment: arguments.environment,
        form: arguments.form,
        bundle_version: arguments.bundle_version,
        validation_category: arguments.validation_category,
    };
    let device = match arguments.key_file.exists() {
        true => read_device(&arguments.key_file)?.in_profile(profile),
        false => Device::generate(entropy, &profile).map_err(|error| error.to_string())?,
    };
    let hash = match (
        arguments.subject.challenge,
        arguments.subject.client_data_hash,
    ) {
        (Some(challenge), _) => Sha256::digest(challenge.0).to_vec(),
        (None, Some(hash)) => hash.0,
        (None, None) => return Err(String::from("expected --challenge or --client-data-hash")),
    };
    let order = AttestationOrder {
        pki: &pki,
        client_data_hash: &hash,
        at: arguments.at.unwrap_or_else(|| clock.now()),
        defect: arguments.defect,
    };
    let attestation = device
        .attest(&order, entropy)
        .map_err(|error| error.to_string())?;
    write_json(&arguments.key_file, &device.to_stored())?;
    Ok(json!({
        "keyID_base64": encode_base64(&attestation.key_id),
        "attestationObject_base64": encode_base64(&attestation.object),
        "clientDataHash_base64": encode_base64(&hash),
    }))
}

fn assert(arguments: &Assert, entropy: &dyn Entropy) -> Result<serde_json::Value, String> {
    let mut device = read_device(&arguments.key_file)?;
    let order = AssertionOrder {
        client_data_hash: &arguments.client_data_hash.0,
        counter: arguments.counter,
        defect: arguments.defect,
    };
    let object = device
        .assert(&order, entropy)
        .map_err(|error| error.to_string())?;
    write_json(&arguments.key_file, &device.to_stored())?;
    Ok(json!({
        "keyID_base64": encode_base64(&device.key_id()),
        "assertionObject_base64": encode_base64(&object),
        "clientDataHash_base64": encode_base64(&arguments.client_data_hash.0),
        "counter": device.counter(),
    }))
}

fn defects() -> serde_json::Value {
    fn list<D: ValueEnum>(expected: impl Fn(&D) -> Option<Reason>) -> Vec<serde_json::Value> {
        D::value_variants()
            .iter()
            .filter_map(|defect| {
                let value = defect.to_possible_value()?;
                Some(json!({
                    "name": value.get_name(),
                    "about": value.get_help().map(ToString::to_string),
                    "reason": expected(defect).map(Reason::code),
                }))
            })
            .collect()
    }
    json!({
        "attestation": list::<AttestationDefect>(|defect| defect.expected()),
        "assertion": list::<AssertionDefect>(|defect| defect.expected()),
    })
}

/// What was issued under a root cannot be made again once its keys are overwritten.
fn refuse_existing(path: &Path) -> Result<(), String> {
    match path.symlink_metadata() {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(format!("{}: {error}", path.display())),
        Ok(_) => Err(format!(
            "{}: there is a root already, and it is not replaced; name another directory with --out",
            path.display()
        )),
    }
}

fn read_device(path: &Path) -> Result<Device, String> {
    Device::from_stored(read_json(path)?)
        .map_err(|error| format!("--key-file {}: {error}", path.display()))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read(path).map_err(|error| failed(&error))?;
    serde_json::from_slice(&text).map_err(|error| failed(&error))
}

/// Writes a file of private keys, readable by its owner only.
fn write_json(path: &Path, value: &impl Serialize) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = serde_json::to_vec(value).map_err(|error| failed(&error))?;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| file.write_all(&text))
        .map_err(|error| failed(&error))
}
