//! Sends what the outbox holds. A delivery stays in it until its channel has taken it or it has failed for good; of one
//! identity a channel is told in order.

use crate::channels::email::Mailer;
use crate::channels::guard::Guard;
use crate::channels::pace::{Pace, Rate};
use crate::channels::webhook::Poster;
use crate::channels::{Attempt, Notification, Outcome, next_attempt_ms, slack};
use crate::clock::Clock;
use crate::config::NotifyOptions;
use crate::ids::Ids;
use crate::jobs::lease::{Hold, Lease};
use crate::jobs::notices;
use crate::jobs::{Bells, is_running};
use crate::live::{Kind, Live};
use dregs_store::{AttemptWrite, Channel, ChannelConfig, Delivery, DeliveryStatus, IMMEDIATE, Result, Store, TeamId};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet, VecDeque};
use std::ops::Bound;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

/// Attempts at once, in all and to one channel: a slow receiver does not hold the others up. After a kill, so many at most may
/// be made again that a receiver had taken already.
const SENDS_MAX: usize = 32;
const CHANNEL_SENDS_MAX: usize = 4;
/// Deliveries of one channel looked up at once, and channels in one round: those that are left have the next.
const LOOK_AHEAD: i64 = 64;
const CHANNELS_LOOKED_AT: usize = 256;
/// The longest sleep.
const SLEEP_MAX: Duration = Duration::from_secs(5);
/// Pause after the store refused, and for a node that may not send.
const REFUSED_PAUSE: Duration = Duration::from_secs(1);
/// What a held channel has to send is looked up anew after so long: it may have been switched off or given another rate.
const RECHECK_MS: i64 = 5_000;
/// Deliveries that were looked up longer ago are not sent from memory.
const STALE_MS: i64 = 1_000;
/// A channel to which nothing has got through for so long is switched off.
const FAILING_MAX_MS: i64 = 5 * 24 * 3600 * 1000;

const NO_MAIL_SERVER: &str = "no mail server is configured: start the server with --smtp-url";

pub struct Deliverer {
    store: Store,
    clock: Clock,
    wake: Arc<Notify>,
    sender: Arc<Sender>,
    lease: Lease,
    ids: Arc<Ids>,
    sends: JoinSet<Delivery>,
    /// What each channel has to send, by its id, and which had its turn last.
    lines: BTreeMap<String, Line>,
    turn: String,
    /// How fast channels were attempted lately, and since when this is watched.
    paces: BTreeMap<String, Paced>,
    begun_ms: i64,
    /// Whether there may be more to send than is in the lines, and up to which channel they were looked through.
    look: bool,
    looked_upto: String,
}

#[derive(Default)]
struct Line {
    /// Looked up and not begun.
    ready: VecDeque<Delivery>,
    underway: HashSet<i64>,
    /// Of a channel, one mail with many deliveries is sent after the other.
    digest_underway: bool,
}

#[derive(Clone, Copy)]
struct Paced {
    pace: Pace,
    rate: Rate,
    /// Until when nothing is begun.
    held_ms: i64,
}

impl Line {
    fn is_free(&self) -> bool {
        !self.ready.is_empty() && self.underway.len() < CHANNEL_SENDS_MAX
    }
}

/// The ways out of this server, and the log of what went through them.
struct Sender {
    guard: Guard,
    /// Made when it is first needed: the certificates it trusts take memory that a server without channels need not have.
    /// Why there is none, if there is none: a machine without certificates still has its dashboard.
    poster: OnceLock<std::result::Result<Poster, String>>,
    mailer: std::result::Result<Mailer, String>,
    store: Store,
    clock: Clock,
    ids: Arc<Ids>,
    live: Arc<Live>,
    options: NotifyOptions,
}

impl Deliverer {
    pub fn new(store: &Store, clock: &Clock, ids: &Arc<Ids>, bells: &Bells, options: &NotifyOptions) -> Self {
        // Somebody else in this process may have done so.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mailer = match options.smtp_url.as_deref() {
            Some(url) => Mailer::new(url, &options.mail_from),
            None => Err(NO_MAIL_SERVER.to_owned()),
        };
        if let (Err(error), true) = (&mailer, options.smtp_url.is_some()) {
            tracing::warn!(%error, "e-mails cannot be sent");
        }
        let sender = Sender {
            guard: Guard { allow_private: options.allow_private_targets },
            poster: OnceLock::new(),
            mailer,
            store: store.clone(),
            clock: clock.clone(),
            ids: ids.clone(),
            live: bells.live.clone(),
            options: options.clone(),
        };
        Deliverer {
            store: store.clone(),
            clock: clock.clone(),
            wake: bells.deliver.clone(),
            sender: Arc::new(sender),
            lease: Lease::new(store.clone(), "deliver"),
            ids: ids.clone(),
            sends: JoinSet::new(),
            lines: BTreeMap::new(),
            turn: String::new(),
            paces: BTreeMap::new(),
            begun_ms: clock.now_ms(),
            look: true,
            looked_upto: String::new(),
        }
    }

    pub async fn run(mut self, mut stopped: watch::Receiver<bool>) {
        if let Err(error) = self.store.recover_attempts().await {
            tracing::warn!(%error, "attempts noted before the last stop cannot be read: some may be made again");
        }
        while is_running(&stopped) {
            let pause = match self.step().await {
                Ok(pause) => pause,
                Err(error) => {
                    tracing::warn!(%error, "delivering pauses");
                    REFUSED_PAUSE
                }
            };
            tokio::select! {
                Some(sent) = self.sends.join_next() => self.finish(sent),
                () = self.wake.notified() => self.look = true,
                () = tokio::time::sleep(pause) => self.look = true,
                _ = stopped.changed() => {}
            }
        }
        // What is on its way is waited for: otherwise it would be sent again.
        while let Some(sent) = self.sends.join_next().await {
            self.finish(sent);
        }
        self.lease.release().await;
    }

    /// Begins what may be sent now; returns how long nothing will be to begin, if nothing happens.
    async fn step(&mut self) -> Result<Duration> {
        let now_ms = self.clock.now_ms();
        match self.lease.hold(now_ms).await? {
            Hold::No => {
                self.lines.values_mut().for_each(|line| line.ready.clear());
                return Ok(REFUSED_PAUSE);
            }
            // Another node may have sent meanwhile.
            Hold::Taken => (self.begun_ms, self.paces) = (now_ms, BTreeMap::new()),
            Hold::Kept => {}
        }
        if self.look {
            self.look_up(now_ms).await?;
        }
        while self.sends.len() < SENDS_MAX
            && let Some(channel_id) = self.next_free(now_ms)
        {
            self.start_send(channel_id, now_ms).await?;
        }
        let next_ms = [self.store.next_delivery_ms(now_ms).await?, self.next_release_ms(now_ms)];
        let next_ms = next_ms.into_iter().flatten().min();
        let wait_ms = next_ms.map_or(i64::MAX, |next_ms| (next_ms - self.clock.now_ms()).max(1));
        Ok(SLEEP_MAX.min(Duration::from_millis(wait_ms as u64)))
    }

    /// Fills the lines that are empty: each channel's by itself, so that what one cannot take stands before no other.
    async fn look_up(&mut self, now_ms: i64) -> Result<()> {
        self.lines.retain(|_, line| !(line.ready.is_empty() && line.underway.is_empty()));
        self.paces.retain(|_, paced| paced.held_ms > now_ms || !paced.pace.is_full(now_ms));
        for _ in 0..CHANNELS_LOOKED_AT {
            let Some((team, channel_id)) = self.store.next_pending_channel(&self.looked_upto).await? else {
                self.looked_upto.clear();
                self.look = false;
                break;
            };
            let line = self.lines.entry(channel_id.clone()).or_default();
            let is_held = self.paces.get(&channel_id).is_some_and(|paced| paced.held_ms > now_ms);
            if line.ready.is_empty() && !is_held {
                let due = self.store.due_deliveries(&team, &channel_id, now_ms, LOOK_AHEAD).await?;
                let is_underway = |delivery: &Delivery| {
                    line.underway.contains(&delivery.id) || line.digest_underway && delivery.digest_id.is_some()
                };
                line.ready = due.into_iter().filter(|delivery| !is_underway(delivery)).collect();
            }
            self.looked_upto = channel_id;
        }
        Ok(())
    }

    /// The channel whose turn it is among those that can send.
    fn next_free(&self, now_ms: i64) -> Option<String> {
        let after = self.lines.range::<String, _>((Bound::Excluded(&self.turn), Bound::Unbounded));
        let before = self.lines.range::<String, _>(..=&self.turn);
        let is_held = |channel_id: &String| self.paces.get(channel_id).is_some_and(|paced| paced.held_ms > now_ms);
        let mut free = after.chain(before).filter(|(_, line)| line.is_free());
        free.find(|(channel_id, _)| !is_held(channel_id)).map(|(channel_id, _)| channel_id.clone())
    }

    /// When the next channel that is held may send.
    fn next_release_ms(&self, now_ms: i64) -> Option<i64> {
        self.paces.values().map(|paced| paced.held_ms).filter(|held_ms| *held_ms > now_ms).min()
    }

    async fn start_send(&mut self, channel_id: String, now_ms: i64) -> Result<()> {
        let Some(line) = self.lines.get_mut(&channel_id) else { return Ok(()) };
        let Some(delivery) = line.ready.pop_front() else { return Ok(()) };
        // Whom it tells of may have been erased since it was looked up.
        if !self.store.is_delivery_pending(&delivery.team, delivery.id).await? {
            return Ok(());
        }
        let channel = notices::channel_of(&self.store, &delivery.team, &channel_id).await?;
        let Some(channel) = channel.filter(|channel| channel.enabled) else {
            line.ready.clear();
            return self.give_up(&delivery, now_ms).await;
        };
        self.turn = channel_id;
        if let Some(until_ms) = self.held_until_ms(&channel, now_ms) {
            self.hold(delivery, until_ms, now_ms);
            return Ok(());
        }
        let parcel = self.parcel(&channel, delivery, now_ms).await?;
        let Some(first) = parcel.first().cloned() else { return Ok(()) };
        if let Some(paced) = self.paces.get_mut(&channel.id) {
            paced.pace.take(paced.rate, now_ms);
        }
        self.lines.entry(channel.id.clone()).or_default().underway.insert(first.id);
        let sender = self.sender.clone();
        self.sends.spawn(async move {
            let attempt = sender.send(&channel, &parcel).await;
            // At once: a receiver is told twice what is sent again because its answer was not noted.
            if let Err(error) = sender.note(&first, &channel, &attempt).await {
                tracing::warn!(%error, delivery = first.id, "an attempt could not be noted; it is made again");
            }
            first
        });
        Ok(())
    }

    /// Until when a channel is to be left alone: its receiver wants that, or it was attempted too fast.
    fn held_until_ms(&mut self, channel: &Channel, now_ms: i64) -> Option<i64> {
        let rate = Rate::of(&channel.config, channel.max_per_minute);
        let begun_ms = self.begun_ms;
        let fresh = || Paced { pace: Pace::emptied(rate, begun_ms), rate, held_ms: 0 };
        let paced = self.paces.entry(channel.id.clone()).or_insert_with(fresh);
        paced.rate = rate;
        let until_ms = channel.resting_until_ms.unwrap_or(0).max(paced.pace.free_ms(rate));
        (until_ms > now_ms).then_some(until_ms)
    }

    fn hold(&mut self, delivery: Delivery, until_ms: i64, now_ms: i64) {
        if let Some(paced) = self.paces.get_mut(&delivery.channel_id) {
            paced.held_ms = until_ms.min(now_ms + RECHECK_MS);
        }
        let Some(line) = self.lines.get_mut(&delivery.channel_id) else { return };
        match until_ms - now_ms > STALE_MS {
            true => line.ready.clear(),
            false => line.ready.push_front(delivery),
        }
    }

    /// What goes out together with a delivery: nothing else, or its digest; none while that cannot be sent.
    async fn parcel(&mut self, channel: &Channel, delivery: Delivery, now_ms: i64) -> Result<Vec<Delivery>> {
        if !is_digested(channel, &delivery) {
            return Ok(vec![delivery]);
        }
        let Some(line) = self.lines.get_mut(&channel.id) else { return Ok(Vec::new()) };
        line.ready.retain(|held| !is_digested(channel, held));
        if line.digest_underway {
            return Ok(Vec::new());
        }
        let digest_id = self.ids.next(now_ms);
        let digest = self.store.gather_digest(&delivery.team, &channel.id, digest_id, now_ms).await?;
        line.digest_underway = !digest.is_empty();
        Ok(digest)
    }

    /// A channel that was switched off or deleted takes nothing more.
    async fn give_up(&self, delivery: &Delivery, now_ms: i64) -> Result<()> {
        let error = "the channel is switched off or deleted";
        self.store.give_up_deliveries(&delivery.team, &delivery.channel_id, error, now_ms).await
    }

    fn finish(&mut self, sent: std::result::Result<Delivery, tokio::task::JoinError>) {
        match sent {
            Ok(delivery) => {
                if let Some(line) = self.lines.get_mut(&delivery.channel_id) {
                    line.underway.remove(&delivery.id);
                    line.digest_underway &= delivery.digest_id.is_none();
                    self.look |= line.ready.is_empty();
                }
            }
            Err(error) => {
                // Which one it was is not known any more: all are looked at again.
                tracing::error!(%error, "a delivery broke off");
                self.lines.clear();
                self.look = true;
            }
        }
    }
}

impl Sender {
    fn poster(&self) -> &std::result::Result<Poster, String> {
        self.poster.get_or_init(|| {
            let poster = Poster::new(self.guard);
            if let Err(error) = &poster {
                tracing::warn!(%error, "webhooks and Slack messages cannot be sent");
            }
            poster
        })
    }

    /// Sends one delivery, or all that go out in one mail.
    async fn send(&self, channel: &Channel, parcel: &[Delivery]) -> Attempt {
        let told: Vec<(String, Value)> = parcel.iter().map(|held| (delivery_id(held.id), data_of(held))).collect();
        let each = parcel.iter().zip(&told);
        let notifications: Vec<Notification<'_>> = each
            .map(|(held, (id, data))| Notification {
                delivery_id: id,
                event: &held.event,
                channel_id: &channel.id,
                data,
            })
            .collect();
        let Some(notification) = notifications.first() else { return no_way_out("there is nothing to send") };
        match (&channel.config, parcel[0].digest_id) {
            (ChannelConfig::Webhook { url }, _) => self.post(channel, url, notification).await,
            (ChannelConfig::Slack { url }, _) => match self.poster() {
                Ok(poster) => slack::post(poster, url, notification).await,
                Err(error) => no_way_out(error),
            },
            (ChannelConfig::Email { to }, digest_id) => match (&self.mailer, digest_id) {
                (Ok(mailer), Some(id)) => mailer.send_digest(to, &format!("digest_{id}"), &notifications).await,
                (Ok(mailer), None) => mailer.send(to, notification).await,
                (Err(error), _) => no_way_out(error),
            },
        }
    }

    async fn post(&self, channel: &Channel, url: &str, notification: &Notification<'_>) -> Attempt {
        let now_ms = self.clock.now_ms();
        let live = channel.secrets.iter().filter(|held| held.until_ms.is_none_or(|until_ms| until_ms > now_ms));
        let secrets: Vec<String> = live.map(|held| held.secret.clone()).collect();
        match self.poster() {
            Ok(poster) => poster.deliver(url, notification, &secrets, now_ms).await,
            Err(error) => no_way_out(error),
        }
    }

    async fn note(&self, delivery: &Delivery, channel: &Channel, attempt: &Attempt) -> Result<()> {
        let now_ms = self.clock.now_ms();
        let made = u32::try_from(delivery.attempts).unwrap_or(u32::MAX).saturating_add(1);
        let again_ms = match attempt.outcome {
            Outcome::Retry => next_attempt_ms(&self.options.retry_seconds, made, now_ms, rand::random()),
            Outcome::Delivered | Outcome::Gone => None,
        };
        let status = match (attempt.outcome, again_ms) {
            (Outcome::Delivered, _) => DeliveryStatus::Delivered,
            (_, Some(_)) => DeliveryStatus::Pending,
            (_, None) => DeliveryStatus::Failed,
        };
        let write = AttemptWrite {
            status,
            next_ms: again_ms.unwrap_or(now_ms).max(now_ms + attempt.rest_ms.unwrap_or(0)),
            http_status: attempt.http_status.map(i64::from),
            error: attempt.error.clone(),
            now_ms,
        };
        self.store.note_attempt(delivery, &write).await?;
        self.live.note_many(&delivery.team, Kind::Delivery);
        self.note_health(&delivery.team, channel, attempt, now_ms).await
    }

    /// Remembers since when nothing gets through to a channel and how long it is to be left alone, and switches it off when it
    /// is asked to or for too long.
    async fn note_health(&self, team: &TeamId, channel: &Channel, attempt: &Attempt, now_ms: i64) -> Result<()> {
        if notices::is_for_admins(&channel.id) {
            return Ok(());
        }
        let failing_since_ms = match attempt.outcome {
            Outcome::Delivered => None,
            Outcome::Retry | Outcome::Gone => Some(channel.failing_since_ms.unwrap_or(now_ms)),
        };
        let resting_until_ms = attempt.rest_ms.map(|rest_ms| now_ms + rest_ms);
        if failing_since_ms != channel.failing_since_ms || resting_until_ms.is_some() {
            self.store.note_channel_health(team, &channel.id, failing_since_ms, resting_until_ms).await?;
        }
        match attempt.outcome {
            Outcome::Gone => {
                self.switch_off(team, channel, "the receiver answered 410 Gone: it wants no more", now_ms).await
            }
            _ if failing_since_ms.is_some_and(|since_ms| now_ms - since_ms > FAILING_MAX_MS) => {
                self.switch_off(team, channel, "nothing got through for five days", now_ms).await
            }
            _ => Ok(()),
        }
    }

    async fn switch_off(&self, team: &TeamId, channel: &Channel, reason: &str, now_ms: i64) -> Result<()> {
        let told =
            notices::of_switching_off(&self.store, team, channel, reason, (&self.ids, &self.options, now_ms)).await?;
        if self.store.switch_off_channel(team, &channel.id, reason, now_ms, &told).await? {
            tracing::warn!(channel = channel.id, reason, "a channel is switched off");
        }
        Ok(())
    }
}

/// Whether a delivery goes out in one mail with others.
fn is_digested(channel: &Channel, delivery: &Delivery) -> bool {
    delivery.digest_id.is_some() || channel.digest_minutes > 0 && !IMMEDIATE.contains(&delivery.event.as_str())
}

fn data_of(delivery: &Delivery) -> Value {
    serde_json::from_str(&delivery.data).unwrap_or_default()
}

/// An attempt that could not be made from here. The next may be, after a restart with other options.
fn no_way_out(error: &str) -> Attempt {
    Attempt::failed(Outcome::Retry, None, error)
}

/// The id that a receiver sees: the same over all attempts.
pub fn delivery_id(id: i64) -> String {
    format!("dlv_{id}")
}
