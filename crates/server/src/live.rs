//! Hints to pages that are open: what changed, so that they read it again. A hint carries ids and nothing else, is kept
//! nowhere, and may get lost: whoever was away is told to read everything anew.
//!
//! While nobody watches a team, noting a change costs one look at a counter. Nodes of a PostgreSQL store tell each other
//! which teams are watched on them, and what changed of those; they talk through the database (`NOTIFY`), because no
//! table has all of it and asking many of them every second would cost the more the more people look.

use crate::jobs::is_running;
use dregs_store::{NODE_MESSAGE_BYTES_MAX, Result, Store, TeamId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Notify, broadcast, watch};

/// Streams of one team and of one process: some tabs for everybody of a large team, and what a process can hold open
/// besides its other work.
pub const WATCHERS_OF_TEAM_MAX: usize = 100;
pub const WATCHERS_MAX: usize = 1_000;
/// Ids that one hint names: a list on a screen has no more rows. Beyond that it says "many".
pub const IDS_MAX: usize = 20;
/// Time between two hints of one kind.
const SPACING: Duration = Duration::from_secs(1);
/// Messages that a reader may lag behind, some seconds' worth. Who is slower is dropped, and reads anew.
const LAG_MAX: usize = 64;
/// How often a node says which teams are watched on it, and how long the others believe it.
const GREET_EVERY: Duration = Duration::from_secs(10);
const BELIEVED_FOR: Duration = Duration::from_secs(35);
/// Teams named in one greeting: so many fit.
const GREETED_AT_ONCE: usize = 50;
/// Pause after the other nodes could not be listened to.
const LISTEN_AGAIN: Duration = Duration::from_secs(5);

/// What a hint is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Kind {
    Identity,
    Event,
    Escalation,
    Ring,
    Device,
    Delivery,
    Ingestion,
    Rule,
    Settings,
    /// Who may do what.
    Access,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Identity,
        Kind::Event,
        Kind::Escalation,
        Kind::Ring,
        Kind::Device,
        Kind::Delivery,
        Kind::Ingestion,
        Kind::Rule,
        Kind::Settings,
        Kind::Access,
    ];

    /// The name on the wire.
    pub fn code(self) -> &'static str {
        match self {
            Kind::Identity => "identity",
            Kind::Event => "event",
            Kind::Escalation => "escalation",
            Kind::Ring => "ring",
            Kind::Device => "device",
            Kind::Delivery => "delivery",
            Kind::Ingestion => "ingestion",
            Kind::Rule => "rule",
            Kind::Settings => "settings",
            Kind::Access => "access",
        }
    }
}

/// What changed of one kind.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changed {
    pub ids: BTreeSet<String>,
    /// Others changed too.
    pub many: bool,
}

impl Changed {
    fn add(&mut self, id: String) {
        if self.ids.len() < IDS_MAX {
            self.ids.insert(id);
        } else if !self.ids.contains(&id) {
            self.many = true;
        }
    }

    fn merge(&mut self, other: Changed) {
        self.many |= other.many;
        other.ids.into_iter().for_each(|id| self.add(id));
    }
}

type Changes = BTreeMap<Kind, Changed>;

/// What a watcher is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Hint {
        number: u64,
        kind: Kind,
        changed: Changed,
    },
    /// Something may have been missed: everything is to be read anew.
    Refresh,
}

/// What one node tells the others.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Message {
    /// The process that tells.
    from: u32,
    /// Teams that are watched there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    watched: Vec<TeamId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    team: Option<TeamId>,
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    changes: Changes,
}

impl Message {
    /// As text that fits; ids that do not are "many".
    fn text(mut self) -> String {
        let whole = serde_json::to_string(&self).unwrap_or_default();
        if whole.len() <= NODE_MESSAGE_BYTES_MAX {
            return whole;
        }
        self.changes.values_mut().for_each(|changed| *changed = Changed { ids: BTreeSet::new(), many: true });
        serde_json::to_string(&self).unwrap_or_default()
    }
}

/// A team that somebody watches, here or on another node.
struct Watched {
    watchers: usize,
    sender: broadcast::Sender<Arc<Told>>,
    /// What changed here since it was last told, and what another node said.
    own: Changes,
    heard: Changes,
    elsewhere_until: Option<Instant>,
    greeted: Option<Instant>,
}

impl Watched {
    fn new() -> Self {
        let (sender, _) = broadcast::channel(LAG_MAX);
        Watched {
            watchers: 0,
            sender,
            own: Changes::new(),
            heard: Changes::new(),
            elsewhere_until: None,
            greeted: None,
        }
    }

    fn is_watched_elsewhere(&self) -> bool {
        self.elsewhere_until.is_some_and(|until| until > Instant::now())
    }
}

pub struct Live {
    /// Tells this process's messages from those of others.
    process: u32,
    teams: Mutex<HashMap<TeamId, Watched>>,
    /// How many teams are in there.
    watched: AtomicUsize,
    /// Streams that are open here.
    open: AtomicUsize,
    number: AtomicU64,
    bell: Notify,
    closing: watch::Sender<bool>,
}

impl Default for Live {
    fn default() -> Self {
        Live {
            process: rand::random(),
            teams: Mutex::default(),
            watched: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            number: AtomicU64::new(0),
            bell: Notify::new(),
            closing: watch::channel(false).0,
        }
    }
}

impl Live {
    fn teams(&self) -> MutexGuard<'_, HashMap<TeamId, Watched>> {
        self.teams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to watch a team; none when there are too many who do.
    pub fn watch(self: &Arc<Self>, team: &TeamId) -> Option<Watcher> {
        let mut teams = self.teams();
        if self.open.load(Ordering::Relaxed) >= WATCHERS_MAX {
            return None;
        }
        let watched = teams.entry(team.clone()).or_insert_with(Watched::new);
        // One that has just come into being has none.
        if watched.watchers >= WATCHERS_OF_TEAM_MAX {
            return None;
        }
        watched.watchers += 1;
        let receiver = watched.sender.subscribe();
        self.open.fetch_add(1, Ordering::Relaxed);
        self.watched.store(teams.len(), Ordering::Release);
        drop(teams);
        // The other nodes learn of it at once.
        self.bell.notify_one();
        Some(Watcher { live: self.clone(), team: team.clone(), receiver, closing: self.closing.subscribe() })
    }

    fn leave(&self, team: &TeamId) {
        let mut teams = self.teams();
        self.open.fetch_sub(1, Ordering::Relaxed);
        if let Some(watched) = teams.get_mut(team) {
            watched.watchers -= 1;
            if watched.watchers == 0 && !watched.is_watched_elsewhere() {
                teams.remove(team);
            }
        }
        self.watched.store(teams.len(), Ordering::Release);
    }

    /// Streams that are open.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Whether it is worth finding out what changed.
    pub fn is_watched(&self, team: &TeamId) -> bool {
        self.watched.load(Ordering::Acquire) > 0 && self.teams().contains_key(team)
    }

    /// Notes which things of a kind changed.
    pub fn note(&self, team: &TeamId, kind: Kind, ids: impl IntoIterator<Item = impl Into<String>>) {
        self.note_changed(team, kind, |changed| ids.into_iter().for_each(|id| changed.add(id.into())));
    }

    /// Notes that things of a kind changed, whichever.
    pub fn note_many(&self, team: &TeamId, kind: Kind) {
        self.note_changed(team, kind, |changed| changed.many = true);
    }

    fn note_changed(&self, team: &TeamId, kind: Kind, change: impl FnOnce(&mut Changed)) {
        if self.watched.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut teams = self.teams();
        let Some(watched) = teams.get_mut(team) else { return };
        let mut changed = watched.own.remove(&kind).unwrap_or_default();
        change(&mut changed);
        if changed != Changed::default() {
            watched.own.insert(kind, changed);
            drop(teams);
            self.bell.notify_one();
        }
    }

    /// Ends every stream: the server stops.
    pub fn close(&self) {
        self.closing.send_replace(true);
    }

    /// Tells what was noted: to who watches here, and in the messages that are returned to other nodes.
    fn tell(&self, is_shared: bool) -> Vec<String> {
        let mut teams = self.teams();
        let (mut messages, mut greeted) = (Vec::new(), Vec::new());
        teams.retain(|team, watched| {
            let mut changes = std::mem::take(&mut watched.own);
            if watched.is_watched_elsewhere() && !changes.is_empty() {
                let message = Message { team: Some(team.clone()), changes: changes.clone(), ..self.message() };
                messages.push(message.text());
            }
            for (kind, changed) in std::mem::take(&mut watched.heard) {
                changes.entry(kind).or_default().merge(changed);
            }
            for (kind, changed) in changes {
                let number = self.number.fetch_add(1, Ordering::Relaxed) + 1;
                let _ = watched.sender.send(Arc::new(Told::Hint { number, kind, changed }));
            }
            let is_due = watched.greeted.is_none_or(|greeted| greeted.elapsed() >= GREET_EVERY);
            if is_shared && watched.watchers > 0 && is_due {
                watched.greeted = Some(Instant::now());
                greeted.push(team.clone());
            }
            watched.watchers > 0 || watched.is_watched_elsewhere()
        });
        self.watched.store(teams.len(), Ordering::Release);
        let greetings =
            greeted.chunks(GREETED_AT_ONCE).map(|watched| Message { watched: watched.into(), ..self.message() });
        messages.extend(greetings.map(Message::text));
        messages
    }

    fn message(&self) -> Message {
        Message { from: self.process, ..Message::default() }
    }

    /// Takes in what another node told.
    fn hear(&self, text: &str) {
        let message = match serde_json::from_str::<Message>(text) {
            Ok(message) if message.from == self.process => return,
            Ok(message) => message,
            Err(error) => {
                // Of another version: what it says is not understood, but that something changed is.
                tracing::debug!(%error, "a message of another node does not read back");
                return self.refresh();
            }
        };
        let mut teams = self.teams();
        for team in message.watched {
            let watched = teams.entry(team).or_insert_with(Watched::new);
            watched.elsewhere_until = Some(Instant::now() + BELIEVED_FOR);
        }
        if let Some(watched) = message.team.and_then(|team| teams.get_mut(&team)) {
            for (kind, changed) in message.changes {
                watched.heard.entry(kind).or_default().merge(changed);
            }
        }
        self.watched.store(teams.len(), Ordering::Release);
        drop(teams);
        self.bell.notify_one();
    }

    /// Has everybody read everything anew.
    fn refresh(&self) {
        for watched in self.teams().values() {
            let _ = watched.sender.send(Arc::new(Told::Refresh));
        }
    }
}

/// One who watches a team, until it is dropped.
pub struct Watcher {
    live: Arc<Live>,
    team: TeamId,
    receiver: broadcast::Receiver<Arc<Told>>,
    closing: watch::Receiver<bool>,
}

impl Watcher {
    /// What is told next; none when it is over: the server stops, or the reader was too slow.
    pub async fn next(&mut self) -> Option<Arc<Told>> {
        tokio::select! {
            _ = self.closing.wait_for(|closing| *closing) => None,
            told = self.receiver.recv() => told.ok(),
        }
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.live.leave(&self.team);
    }
}

/// Tells what was noted, at most once a second. It sleeps while nothing is.
pub async fn tell_forever(live: Arc<Live>, store: Store, mut stopped: watch::Receiver<bool>) {
    while is_running(&stopped) {
        let greets = store.is_shared() && live.open() > 0;
        tokio::select! {
            () = live.bell.notified() => {}
            () = tokio::time::sleep(GREET_EVERY), if greets => {}
            _ = stopped.changed() => return,
        }
        for message in live.tell(store.is_shared()) {
            if let Err(error) = store.tell_nodes(&message).await {
                tracing::debug!(%error, "the other nodes could not be told");
            }
        }
        let _ = tokio::time::timeout(SPACING, stopped.changed()).await;
    }
}

/// Listens to the other nodes of a shared store.
pub async fn hear_forever(live: Arc<Live>, store: Store, mut stopped: watch::Receiver<bool>) {
    while is_running(&stopped) {
        let heard = tokio::select! {
            heard = listen(&live, &store) => heard,
            _ = stopped.changed() => return,
        };
        match heard {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "the other nodes cannot be listened to; it is tried again"),
        }
        let _ = tokio::time::timeout(LISTEN_AGAIN, stopped.changed()).await;
    }
}

/// Returns at once where there are no other nodes.
async fn listen(live: &Live, store: &Store) -> Result<()> {
    let Some(mut nodes) = store.listen_to_nodes().await? else { return Ok(()) };
    // What was told before this is lost.
    live.refresh();
    loop {
        match nodes.next().await? {
            Some(text) => live.hear(&text),
            None => live.refresh(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn team() -> TeamId {
        TeamId::new("t")
    }

    async fn hint(watcher: &mut Watcher) -> (Kind, Changed) {
        match &*watcher.next().await.unwrap() {
            Told::Hint { kind, changed, .. } => (*kind, changed.clone()),
            told => panic!("{told:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_noted_between_two_hints_is_one_hint() {
        let live = Arc::new(Live::default());
        let mut watcher = live.watch(&team()).unwrap();
        live.note(&team(), Kind::Identity, ["a"]);
        live.note(&team(), Kind::Identity, ["b", "a"]);
        assert!(live.tell(false).is_empty(), "an embedded store has no other nodes");
        let (kind, changed) = hint(&mut watcher).await;
        assert_eq!((kind, changed.many), (Kind::Identity, false));
        assert_eq!(changed.ids, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }

    #[tokio::test]
    async fn beyond_twenty_ids_a_hint_says_many() {
        let live = Arc::new(Live::default());
        let mut watcher = live.watch(&team()).unwrap();
        live.note(&team(), Kind::Event, (0..IDS_MAX + 1).map(|n| n.to_string()));
        live.tell(false);
        let (_, changed) = hint(&mut watcher).await;
        assert_eq!((changed.ids.len(), changed.many), (IDS_MAX, true));
    }

    #[tokio::test]
    async fn while_nobody_watches_nothing_is_kept() {
        let live = Arc::new(Live::default());
        live.note(&team(), Kind::Event, ["a"]);
        drop(live.watch(&team()).unwrap());
        live.note(&team(), Kind::Event, ["a"]);
        assert!(!live.is_watched(&team()) && live.teams().is_empty());
        assert_eq!(live.open(), 0);
    }

    #[tokio::test]
    async fn another_team_is_told_nothing() {
        let live = Arc::new(Live::default());
        let mut theirs = live.watch(&TeamId::new("other")).unwrap();
        let mut watcher = live.watch(&team()).unwrap();
        live.note(&TeamId::new("other"), Kind::Device, ["theirs"]);
        live.note(&team(), Kind::Device, ["own"]);
        live.tell(false);
        assert_eq!(hint(&mut watcher).await.1.ids, BTreeSet::from(["own".to_owned()]));
        assert_eq!(hint(&mut theirs).await.1.ids, BTreeSet::from(["theirs".to_owned()]));
    }

    #[tokio::test]
    async fn a_reader_that_is_too_slow_is_dropped() {
        let live = Arc::new(Live::default());
        let mut watcher = live.watch(&team()).unwrap();
        for n in 0..=LAG_MAX {
            live.note(&team(), Kind::Event, [n.to_string()]);
            live.tell(false);
        }
        assert_eq!(watcher.next().await, None);
    }

    #[tokio::test]
    async fn streams_end_when_the_server_stops() {
        let live = Arc::new(Live::default());
        let mut watcher = live.watch(&team()).unwrap();
        live.close();
        assert_eq!(watcher.next().await, None);
        let mut late = live.watch(&team()).unwrap();
        assert_eq!(late.next().await, None);
    }

    /// What `from` says reaches `to`.
    fn tell_other(from: &Live, to: &Live) -> usize {
        let messages = from.tell(true);
        messages.iter().for_each(|message| to.hear(message));
        messages.len()
    }

    #[tokio::test]
    async fn a_node_tells_the_others_of_what_is_watched_there() {
        let (one, two) = (Arc::new(Live::default()), Live::default());
        let mut watcher = one.watch(&team()).unwrap();
        two.note(&team(), Kind::Ring, ["before"]);
        assert_eq!(tell_other(&two, &one), 0, "nobody was known to watch");
        assert_eq!(tell_other(&one, &two), 1);
        two.note(&team(), Kind::Ring, ["a"]);
        assert_eq!(tell_other(&two, &one), 1);
        one.note(&team(), Kind::Ring, ["b"]);
        assert_eq!(tell_other(&one, &two), 0, "what is heard is not told on, and a greeting lasts for a while");
        assert_eq!(hint(&mut watcher).await.1.ids, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    }

    #[tokio::test]
    async fn what_a_node_does_not_understand_has_everything_read_anew() {
        let live = Arc::new(Live::default());
        let mut watcher = live.watch(&team()).unwrap();
        live.hear(r#"{"from": 1, "team": "t", "changes": {"weather": {"ids": [], "many": true}}}"#);
        assert_eq!(watcher.next().await.as_deref(), Some(&Told::Refresh));
    }

    #[test]
    fn a_message_fits_whatever_the_ids_are() {
        let ids = (0..IDS_MAX).map(|n| format!("{n}{}", "\u{1f600}".repeat(250))).collect();
        let changes = Changes::from([(Kind::Identity, Changed { ids, many: false })]);
        let text = Message { team: Some(team()), changes, ..Message::default() }.text();
        assert!(text.len() <= NODE_MESSAGE_BYTES_MAX);
        let read: Message = serde_json::from_str(&text).unwrap();
        assert!(read.changes[&Kind::Identity].many);
    }

    #[test]
    fn a_team_and_a_process_have_so_many_streams_and_no_more() {
        let live = Arc::new(Live::default());
        let held: Vec<Watcher> = (0..WATCHERS_OF_TEAM_MAX).map(|_| live.watch(&team()).unwrap()).collect();
        assert!(live.watch(&team()).is_none());
        let per_team = WATCHERS_OF_TEAM_MAX;
        let others: Vec<Watcher> = (per_team..WATCHERS_MAX)
            .map(|n| live.watch(&TeamId::new(format!("team {}", n / per_team))).unwrap())
            .collect();
        assert!(live.watch(&TeamId::new("one more")).is_none());
        drop((held, others));
        assert!(live.watch(&team()).is_some());
    }
}
