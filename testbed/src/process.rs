//! One run of a server: its process, the processes that it forked, its log.

use std::io::pipe;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::io::retry_on_intr;
use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process, kill_process_group, waitid,
};

use crate::guard::Guard;
use crate::log::Log;

/// A running server. Every way out of it is [`Process::kill`].
pub(crate) struct Process {
    child: Child,
    log: Log,
    guard: Guard,
}

impl Process {
    /// Starts `command` in a folder of its own, which goes with it should this process end first.
    pub(crate) fn start(mut command: Command, folder: &Path) -> Self {
        let (reader, writer) = pipe().expect("a pipe is made");
        let child = command
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(writer.try_clone().expect("a pipe has two writers"))
            .stderr(writer)
            .process_group(0)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let guard = Guard::over(child.id(), Some(folder));
        Self {
            child,
            log: Log::read(reader),
            guard,
        }
    }

    /// Waits until the log holds `words`.
    pub(crate) fn wait_for(&self, words: &str) -> Result<(), String> {
        self.log.wait_for(words)
    }

    /// Stops all of the server where it stands: its sockets stay open and say nothing.
    pub(crate) fn pause(&self) {
        for pid in self.frozen() {
            send(pid, Signal::STOP);
        }
    }

    /// Lets a paused server go on.
    pub(crate) fn resume(&self) {
        send(self.pid(), Signal::CONT);
        for pid in forked_by(self.pid()) {
            send(pid, Signal::CONT);
        }
    }

    /// Ends all of the server without a word of warning, and waits until all of it has.
    pub(crate) fn kill(mut self) {
        // A guard must not outlive the process: its number may be given to another.
        drop(self.guard);
        let forked = frozen(pid_of(&self.child));
        // The group is gone when the server has already ended by itself.
        let _ = kill_process_group(pid_of(&self.child), Signal::KILL);
        for pid in forked {
            send(pid, Signal::KILL);
        }
        self.child.wait().expect("a killed process ends");
        self.log.end();
    }

    fn pid(&self) -> Pid {
        pid_of(&self.child)
    }

    fn frozen(&self) -> Vec<Pid> {
        frozen(self.pid())
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_child(child)
}

/// Stops the process, so that it forks no more, and says whom it has forked. Those of PostgreSQL
/// leave its group, so that a signal to the group does not reach them.
fn frozen(pid: Pid) -> Vec<Pid> {
    send(pid, Signal::STOP);
    // The signal has been sent, not taken: only a process that has stopped forks no more.
    let settled = WaitIdOptions::STOPPED | WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    retry_on_intr(|| waitid(WaitId::Pid(pid), settled)).expect("a child is waited for");
    forked_by(pid)
}

/// The processes whose parent is `parent`.
fn forked_by(parent: Pid) -> Vec<Pid> {
    let listed = std::fs::read_dir("/proc").expect("/proc is mounted");
    listed
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter(|id| parent_of(*id) == Some(parent.as_raw_nonzero().get()))
        .filter_map(Pid::from_raw)
        .collect()
}

fn parent_of(id: i32) -> Option<i32> {
    let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name of the program, in parentheses, may hold spaces and parentheses itself.
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(1)?.parse().ok()
}

/// A process that is no longer there needs no signal.
fn send(pid: Pid, signal: Signal) {
    let _ = kill_process(pid, signal);
}
