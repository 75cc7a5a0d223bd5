//! What carrying flows from store to store needs. Whole flows may be large, so that reading and
//! writing them is given more time than a step has.

use std::time::Duration;

use integrator_core::flow::ids::{AttemptId, FlowHandle};

use super::asking::within;
use super::flows::RecordedFlows;
use super::{Row, Whole, codec};
use crate::store::operations::StoreError;
use crate::store::stored::Stored;

/// How long a page of whole flows may take.
const PAGE_TIMEOUT: Duration = Duration::from_secs(30);

impl RecordedFlows {
    pub(super) async fn page(
        &self,
        after: Option<&FlowHandle>,
        limit: usize,
    ) -> Result<Vec<Whole>, StoreError> {
        within(PAGE_TIMEOUT, self.records.page(after, limit)).await
    }

    /// The flow of a whole one, once all seals are found to fit.
    pub(super) async fn read_whole(&self, whole: &Whole) -> Result<Stored, StoreError> {
        let stored = self.decode(&whole.handle, &whole.head).await?;
        let place = self.place(&whole.handle);
        for answer in &whole.answers {
            codec::recorded_answer(place, answer.clone(), &stored.protocol)?;
        }
        Ok(stored)
    }

    /// Keeps a definition that flows to come run.
    pub(super) async fn define(&self, digest: &str, text: &str) -> Result<(), StoreError> {
        let learned = self.standing.definitions.compile(digest, text);
        let protocol = learned.map_err(StoreError::unavailable)?;
        self.keep_definition(&protocol).await
    }

    /// Stores a whole flow, unless its handle or its start key is taken: `false` then.
    pub(super) async fn carry(&self, row: &Row, whole: &Whole) -> Result<bool, StoreError> {
        let carried = self.records.carry(row, whole.key.as_ref(), &whole.answers);
        within(PAGE_TIMEOUT, carried).await
    }

    /// Whether just this is stored.
    pub(super) async fn holds(&self, whole: &Whole) -> Result<bool, StoreError> {
        let timing = self.standing.timing();
        let (head, _) = self
            .read(|| self.records.load(&whole.handle, timing))
            .await?;
        if head.as_ref() != Some(&whole.head) {
            return Ok(false);
        }
        let attempts: Vec<AttemptId> = whole
            .answers
            .iter()
            .map(|answer| answer.attempt.clone())
            .collect();
        let answers = self.records.answers(&whole.handle, &attempts);
        let mut answers = within(PAGE_TIMEOUT, answers).await?;
        answers.sort_by(|one, other| one.attempt.as_str().cmp(other.attempt.as_str()));
        Ok(answers == whole.answers)
    }
}
