//! Ends a server whose test process has ended without doing so: it was killed, or it kept the
//! server in a static, which nobody drops.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Its input ends when the test process does, in whichever way. A paused server has to go on in
/// order to end, and a server that is still ending writes to its folder.
const SCRIPT: &str = r#"
read -r _
kill -s CONT "$1"
kill -s "$2" "$1"
left=100
while kill -0 "$1" && [ "$left" -gt 0 ]; do
    sleep 0.1
    left=$((left - 1))
done
rm -rf -- "$3"
"#;

/// A shell that waits beside a server.
pub(crate) struct Guard(Child);

impl Guard {
    /// Watches over the process `id`, which `signal` ends for good, and over its folder.
    pub(crate) fn over(id: u32, signal: &str, folder: &Path) -> Self {
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "guard", &id.to_string(), signal])
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // What ends the test process from a terminal must not end its guard.
            .process_group(0)
            .spawn()
            .expect("sh starts");
        Self(child)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        for ended in [self.0.kill(), self.0.wait().map(drop)] {
            if let Err(error) = ended {
                eprintln!("the guard of a server was left behind: {error}");
            }
        }
    }
}
