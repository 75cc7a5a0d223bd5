//! Ends a server whose test process has ended without doing so: it was killed, or it kept the
//! server in a static, which nobody drops.

use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// Its input ends when the test process does, in whichever way. The server is stopped, so that it
/// forks no more, and killed with all that it forked: PostgreSQL, asked to end, now and then waits
/// for a session that has just begun. Killed, it leaves a segment of shared memory, which its lock
/// names. Those that are killed may still be writing when the folder goes.
const SCRIPT: &str = r#"
read -r _
kill -s STOP "$1"
for stat in /proc/[0-9]*/stat; do
    read -r line <"$stat" || continue
    after_name=${line##*) }
    after_state=${after_name#* }
    [ "${after_state%% *}" != "$1" ] || kill -s KILL "${line%% *}"
done
kill -s KILL "$1"
[ -n "$2" ] || exit
lock=$2/data/postmaster.pid
[ ! -f "$lock" ] || ipcrm -m "$(sed -n '7s/.* //p' "$lock")"
rm -rf -- "$2" || { sleep 1; rm -rf -- "$2"; }
"#;

/// A shell that waits beside a server.
pub(crate) struct Guard(Child);

impl Guard {
    /// Watches over the server whose process is `id`, and over its folder if it has one.
    pub(crate) fn over(id: u32, folder: Option<&Path>) -> Self {
        let child = Command::new("sh")
            .args(["-c", SCRIPT, "guard", &id.to_string()])
            .arg(folder.unwrap_or(Path::new("")))
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
