//! What a server says, line by line.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, PipeReader};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Lines that are kept; a server that complains all the time must not fill the memory.
const MOST_LINES: usize = 1_000;
/// How long a server may take to say what is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// The log of one process and of all that it forks. A thread reads it, since a pipe that nobody
/// reads would fill up and stop the server.
pub(crate) struct Log {
    said: Arc<Said>,
    reader: JoinHandle<()>,
}

#[derive(Default)]
struct Said {
    lines: Mutex<Lines>,
    news: Condvar,
}

#[derive(Default)]
struct Lines {
    kept: VecDeque<String>,
    ended: bool,
}

impl Log {
    /// Reads until every process that holds the other end has ended.
    pub(crate) fn read(pipe: PipeReader) -> Self {
        let said = Arc::new(Said::default());
        let kept = Arc::clone(&said);
        let reader = std::thread::spawn(move || {
            // Bytes, not text: a log may quote what a client sent.
            for line in BufReader::new(pipe).split(b'\n').map_while(Result::ok) {
                kept.keep(String::from_utf8_lossy(&line).into_owned());
            }
            kept.lock().ended = true;
            kept.news.notify_all();
        });
        Self { said, reader }
    }

    /// Waits until a line holds `words`. Otherwise the log is the error.
    pub(crate) fn wait_for(&self, words: &str) -> Result<(), String> {
        let has_said = |lines: &Lines| lines.kept.iter().any(|line| line.contains(words));
        let (lines, _) = self
            .said
            .news
            .wait_timeout_while(self.said.lock(), PATIENCE, |lines| {
                !lines.ended && !has_said(lines)
            })
            .unwrap_or_else(PoisonError::into_inner);
        if has_said(&lines) {
            return Ok(());
        }
        let why = if lines.ended { "ended" } else { "is silent" };
        let text = Vec::from_iter(lines.kept.iter().map(String::as_str)).join("\n");
        Err(format!(
            "it {why} and has not said {words:?}; its log:\n{text}"
        ))
    }

    /// Waits until nobody is left who could write.
    pub(crate) fn end(self) {
        self.reader.join().expect("the reader of a log ends");
    }
}

impl Said {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, line: String) {
        let mut lines = self.lock();
        if lines.kept.len() == MOST_LINES {
            lines.kept.pop_front();
        }
        lines.kept.push_back(line);
        self.news.notify_all();
    }
}
