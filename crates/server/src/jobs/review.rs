//! Writes the reviews that were asked for: by a language model where the operator has set one up, or else from the evidence.

use crate::clock::Clock;
use crate::config::ReviewOptions;
use crate::jobs::review_client::{Refusal, ReviewClient, messages};
use crate::jobs::{Bells, is_running};
use crate::live::{Kind, Live};
use dregs_engine::review::prompt::{Prompt, prompt, shown};
use dregs_engine::review::summarize;
use dregs_store::{CycleEvidence, Result, Review, ReviewOutcome, Store, StoreError, Transcript};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// How often it is looked for what another node, or an earlier run, left.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Reviews written at once: models are slow, and their servers count.
const REVIEWS_MAX: usize = 4;
/// How much longer than an answer may take a review is claimed: to read the evidence and to write what became of it.
const CLAIM_SLACK_MS: i64 = 30_000;
/// Random bytes of a fence.
const FENCE_BYTES: usize = 16;

const NO_ANALYSIS: &str = "there is no analysis to read: ask again once the identity is scored";
const SAYS_NOTHING: &str = "the language model answered nothing";

pub struct Reviewer {
    desk: Arc<Desk>,
    wake: Arc<Notify>,
    /// Under way; each returns when its review is to be taken up again, if it is.
    reviews: JoinSet<Option<i64>>,
    next_ms: Option<i64>,
}

/// What it takes to write one review.
struct Desk {
    store: Store,
    clock: Clock,
    live: Arc<Live>,
    model: Option<std::result::Result<ReviewClient, String>>,
    options: ReviewOptions,
}

impl Reviewer {
    pub fn new(store: &Store, clock: &Clock, bells: &Bells, options: &ReviewOptions) -> Self {
        let model = ReviewClient::new(options);
        if let Some(Err(error)) = &model {
            tracing::warn!(%error, "reviews cannot be put to the language model");
        }
        let live = bells.live.clone();
        let desk = Desk { store: store.clone(), clock: clock.clone(), live, model, options: options.clone() };
        Reviewer { desk: Arc::new(desk), wake: bells.review.clone(), reviews: JoinSet::new(), next_ms: None }
    }

    /// An answer that is waited for when the server stops is asked for again: stopping does not wait for a model.
    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        if !self.desk.store.is_shared()
            && let Err(error) = self.desk.store.release_reviews().await
        {
            tracing::warn!(%error, "reviews that an earlier run left begin late");
        }
        while is_running(&stopped) {
            if let Err(error) = self.begin().await {
                tracing::warn!(%error, "reviewing pauses");
            }
            let pause = self.pause();
            tokio::select! {
                Some(ended) = self.reviews.join_next() => self.note(ended),
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
                _ = stopped.changed() => {}
            }
        }
    }

    async fn begin(&mut self) -> Result<()> {
        let now_ms = self.desk.clock.now_ms();
        self.next_ms = self.next_ms.filter(|next_ms| *next_ms > now_ms);
        while self.reviews.len() < REVIEWS_MAX {
            let until_ms = now_ms + self.desk.options.review_timeout as i64 * 1000 + CLAIM_SLACK_MS;
            let Some(review) = self.desk.store.claim_review(now_ms, until_ms).await? else { break };
            let desk = self.desk.clone();
            self.reviews.spawn(async move {
                desk.write(&review).await.unwrap_or_else(|error| {
                    tracing::warn!(%error, review = review.id, "a review could not be written; it is taken up again");
                    None
                })
            });
        }
        Ok(())
    }

    fn note(&mut self, ended: std::result::Result<Option<i64>, tokio::task::JoinError>) {
        match ended {
            Ok(next_ms) => self.next_ms = [self.next_ms, next_ms].into_iter().flatten().min(),
            Err(error) => tracing::error!(%error, "a review broke off; it is taken up again"),
        }
    }

    fn pause(&self) -> Duration {
        let wait_ms = self.next_ms.map_or(i64::MAX, |next_ms| (next_ms - self.desk.clock.now_ms()).max(1));
        LOOK_EVERY.min(Duration::from_millis(wait_ms as u64))
    }
}

impl Desk {
    /// Returns when it is to be taken up again, if the model could not be asked.
    async fn write(&self, review: &Review) -> Result<Option<i64>> {
        let Some(evidence) = self.evidence(review).await? else {
            let failed = ReviewOutcome { error: Some(NO_ANALYSIS.into()), ..ReviewOutcome::default() };
            return self.complete(review, failed).await;
        };
        let summary = Some(summarize(&evidence.snapshot, &evidence.assessment));
        match &self.model {
            None => self.complete(review, ReviewOutcome { summary, ..ReviewOutcome::default() }).await,
            Some(Err(error)) => {
                let error = Some(error.clone());
                self.complete(review, ReviewOutcome { summary, error, transcript: None }).await
            }
            Some(Ok(model)) => self.ask(review, &evidence, summary, model).await,
        }
    }

    async fn evidence(&self, review: &Review) -> Result<Option<CycleEvidence>> {
        match self.store.cycle(&review.team, &review.identity_id, None).await {
            Err(StoreError::Unavailable(cause)) => Err(StoreError::Unavailable(cause)),
            Ok(cycle) => Ok(cycle.and_then(|cycle| cycle.evidence)),
            // It will not read better next time, and others wait.
            Err(error) => {
                tracing::error!(%error, review = review.id, "an analysis cannot be read for its review");
                Ok(None)
            }
        }
    }

    async fn ask(
        &self,
        review: &Review,
        evidence: &CycleEvidence,
        summary: Option<String>,
        model: &ReviewClient,
    ) -> Result<Option<i64>> {
        let fence: [u8; FENCE_BYTES] = rand::random();
        let question = review.feedback.as_deref();
        let Prompt { system, user, redaction } =
            prompt(&evidence.snapshot, &evidence.assessment, question, &hex::encode(fence));
        let messages = messages(&system, &user);
        let begun = Instant::now();
        let answered = model.ask(&messages).await;
        let transcript = Transcript {
            model: Some(model.model.clone()),
            prompt: messages.to_string(),
            answer: answered.as_ref().ok().map(|answer| answer.replace('\0', "")),
            duration_ms: Some(begun.elapsed().as_millis() as i64),
            attempts: review.attempts + 1,
        };
        let said = answered.and_then(|answer| shown(&answer, &redaction).ok_or_else(nothing_said));
        match said {
            Ok(text) => {
                let done = ReviewOutcome { summary: Some(text), error: None, transcript: Some(transcript) };
                self.complete(review, done).await
            }
            Err(refusal) => self.refused(review, refusal, transcript, summary).await,
        }
    }

    /// Takes it up again later, or leaves the analyst with the summary from the evidence.
    async fn refused(
        &self,
        review: &Review,
        refusal: Refusal,
        transcript: Transcript,
        summary: Option<String>,
    ) -> Result<Option<i64>> {
        let made = transcript.attempts;
        let waits_s = &self.options.review_retry_seconds;
        let wait_s =
            usize::try_from(made - 1).ok().and_then(|failures| waits_s.get(failures)).filter(|_| refusal.passing);
        if let Some(wait_s) = wait_s {
            let wait_ms = ((wait_s * 1000.0) as i64).max(refusal.rest_ms.unwrap_or(0));
            let next_ms = self.clock.now_ms() + wait_ms;
            let error = format!("attempt {made} of {}: {}", waits_s.len() + 1, refusal.error);
            self.store.postpone_review(&review.team, review.id, &error, &transcript, next_ms).await?;
            return Ok(Some(next_ms));
        }
        let times = if made > 1 { format!(" (asked {made} times)") } else { String::new() };
        let error = Some(format!("{}{times}; the summary is written from the evidence", refusal.error));
        self.complete(review, ReviewOutcome { summary, error, transcript: Some(transcript) }).await
    }

    async fn complete(&self, review: &Review, outcome: ReviewOutcome) -> Result<Option<i64>> {
        self.store.complete_review(&review.team, review.id, &outcome, self.clock.now_ms()).await?;
        self.live.note(&review.team, Kind::Identity, [&review.identity_id]);
        Ok(None)
    }
}

fn nothing_said() -> Refusal {
    Refusal { error: SAYS_NOTHING.into(), passing: true, rest_ms: None }
}
