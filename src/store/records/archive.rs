//! Carrying all that is stored from one store to another.
//!
//! Nothing is believed that is carried: each seal is checked and each flow is read under its
//! definition, on the way out and on the way in, and at the end count and digest must agree.

use std::collections::HashSet;
use std::fmt;
use std::io::{self, BufRead, Write};
use std::sync::Arc;

use integrator_core::flow::ids::FlowHandle;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::codec::claim_digits;
use super::flows::RecordedFlows;
use super::line::Line;
use super::{Row, Whole};
use crate::store::operations::StoreError;

/// How many flows are read at a time.
const PAGE: usize = 32;
/// A line may have so many bytes: a history full of the largest answers.
const MOST_LINE_BYTES: u64 = 256 * 1024 * 1024;

/// A store's content, to be carried out or in.
pub struct Archive {
    flows: Arc<RecordedFlows>,
}

/// What was carried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// How many flows.
    pub flows: u64,
    /// SHA-256 over their lines, in hexadecimal: equal for stores that hold the same.
    pub sha256: String,
}

impl fmt::Display for Carried {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} flows, sha256 {}", self.flows, self.sha256)
    }
}

/// Why not all could be carried.
#[derive(Debug, Error)]
pub enum CarryError {
    /// The store failed, or holds what cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("the file cannot be used: {0}")]
    File(#[from] io::Error),
    /// The file is not what an export wrote.
    #[error("line {line}: {reason}; nothing is believed that was changed, export again")]
    Line {
        /// Which line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// The file has no last line.
    #[error(
        "the file ends after {lines} lines without its last one: the export was cut off, export again"
    )]
    Truncated {
        /// How many lines there are.
        lines: u64,
    },
    /// The store holds another flow under the same handle or start key.
    #[error(
        "flow {handle} is in the store already and differs, or its start key names another flow; import into an empty store"
    )]
    Taken {
        /// Which flow.
        handle: String,
    },
    /// The store does not hold what was carried into it.
    #[error(
        "the store now holds {found}, the file {expected}: it held other flows before, or was written to meanwhile"
    )]
    Disagrees {
        /// What the store holds.
        found: Carried,
        /// What the file holds.
        expected: Carried,
    },
}

impl Archive {
    pub(in crate::store) fn new(flows: Arc<RecordedFlows>) -> Self {
        Self { flows }
    }

    /// Writes all that is stored, in the order of handles. Flows that change meanwhile are
    /// written as they were read.
    ///
    /// # Errors
    ///
    /// The store's, the writer's, and the coordinates of a record that cannot be read.
    pub async fn export(&self, out: &mut (dyn Write + Send)) -> Result<Carried, CarryError> {
        let mut digest = Sha256::new();
        let mut flows = 0;
        let mut defined = HashSet::new();
        let mut after: Option<FlowHandle> = None;
        loop {
            let page = self.flows.page(after.as_ref(), PAGE).await?;
            for whole in &page {
                let stored = self.flows.read_whole(whole).await?;
                let definition = stored.protocol.digest().to_owned();
                if defined.insert(definition.clone()) {
                    let text = stored.protocol.definition().to_owned();
                    let digest_of_text = definition;
                    let line = Line::Definition {
                        digest: digest_of_text,
                        text,
                    };
                    write_line(out, &mut digest, &line)?;
                }
                write_line(out, &mut digest, &Line::Flow(Box::new(whole.into())))?;
                flows += 1;
            }
            match page.last() {
                Some(last) => after = Some(last.handle.clone()),
                None => break,
            }
        }
        let sha256 = hex(digest);
        let end = Line::End {
            flows,
            sha256: sha256.clone(),
        };
        write_line(out, &mut Sha256::new(), &end)?;
        out.flush()?;
        Ok(Carried { flows, sha256 })
    }

    /// Stores everything of `file` that is not stored yet, after the whole of it was found
    /// unchanged by [`check_file`], and makes sure that the store then holds just that.
    ///
    /// # Errors
    ///
    /// See [`CarryError`]. What was stored until then stays; importing again goes on there.
    pub async fn import(
        &self,
        file: &mut (dyn BufRead + Send),
        expected: &Carried,
    ) -> Result<Carried, CarryError> {
        let mut lines = Lines::new(file);
        while let Some(line) = lines.next()? {
            let number = lines.number;
            match line {
                Line::Definition { digest, text } => self.flows.define(&digest, &text).await?,
                Line::Flow(line) => {
                    let whole = line.whole().ok_or_else(|| no_flow(number))?;
                    self.carry(&whole).await?;
                }
                Line::End { .. } => {}
            }
        }
        let found = self.export(&mut io::sink()).await?;
        if found == *expected {
            return Ok(found);
        }
        let expected = expected.clone();
        Err(CarryError::Disagrees { found, expected })
    }

    async fn carry(&self, whole: &Whole) -> Result<(), CarryError> {
        let stored = self.flows.read_whole(whole).await?;
        let row = Row {
            handle: whole.handle.clone(),
            head: whole.head.clone(),
            claim: stored.flow.claim().map(|claim| claim_digits(claim.id)),
            facts: stored.facts(),
        };
        if self.flows.carry(&row, whole).await? || self.flows.holds(whole).await? {
            return Ok(());
        }
        let handle = whole.handle.as_str().to_owned();
        Err(CarryError::Taken { handle })
    }
}

/// What a file holds, read to its end.
///
/// # Errors
///
/// Where it is not what an export wrote, to the last byte.
pub fn check_file(file: &mut (dyn BufRead + Send)) -> Result<Carried, CarryError> {
    let mut lines = Lines::new(file);
    let mut end = None;
    while let Some(line) = lines.next()? {
        let number = lines.number;
        if end.is_some() {
            let reason = "it stands after the last line".to_owned();
            return Err(CarryError::Line {
                line: number,
                reason,
            });
        }
        match line {
            Line::Definition { .. } => {}
            Line::Flow(line) => {
                line.whole().ok_or_else(|| no_flow(number))?;
                lines.flows += 1;
            }
            Line::End { flows, sha256 } => end = Some(Carried { flows, sha256 }),
        }
    }
    let lines_read = lines.number;
    let end = end.ok_or(CarryError::Truncated { lines: lines_read })?;
    let found = Carried {
        flows: lines.flows,
        sha256: hex(lines.digest),
    };
    if found == end {
        return Ok(found);
    }
    let reason = format!("it says {end}, but {found} stand before it");
    Err(CarryError::Line {
        line: lines_read,
        reason,
    })
}

/// The lines of a file, digested as they are read; the last one is not.
struct Lines<'a> {
    file: &'a mut (dyn BufRead + Send),
    number: u64,
    flows: u64,
    digest: Sha256,
}

impl<'a> Lines<'a> {
    fn new(file: &'a mut (dyn BufRead + Send)) -> Self {
        Self {
            file,
            number: 0,
            flows: 0,
            digest: Sha256::new(),
        }
    }

    fn next(&mut self) -> Result<Option<Line>, CarryError> {
        let mut text = Vec::new();
        let mut bounded = io::Read::take(&mut *self.file, MOST_LINE_BYTES);
        if bounded.read_until(b'\n', &mut text)? == 0 {
            return Ok(None);
        }
        self.number += 1;
        let line = serde_json::from_slice(&text).map_err(|error| CarryError::Line {
            line: self.number,
            reason: error.to_string(),
        })?;
        if !matches!(line, Line::End { .. }) {
            self.digest.update(&text);
        }
        Ok(Some(line))
    }
}

fn write_line(
    out: &mut (dyn Write + Send),
    digest: &mut Sha256,
    line: &Line,
) -> Result<(), CarryError> {
    let mut text = serde_json::to_vec(line).map_err(io::Error::from)?;
    text.push(b'\n');
    digest.update(&text);
    Ok(out.write_all(&text)?)
}

fn no_flow(line: u64) -> CarryError {
    CarryError::Line {
        line,
        reason: "it tells of no flow".to_owned(),
    }
}

fn hex(digest: Sha256) -> String {
    let bytes = digest.finalize();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
