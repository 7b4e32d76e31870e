//! Every bound on what comes in and what is kept, in one place.

/// Largest request body of `POST /api/events`, in bytes.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Largest single event, in bytes of JSON.
pub const EVENT_BYTES_MAX: usize = 64 * 1024;
/// Events in one request.
pub const BATCH_EVENTS_MAX: usize = 500;
/// Characters of an event id.
pub const EVENT_ID_CHARS_MAX: usize = 64;
/// Event ids that start so are ours.
pub const EVENT_ID_RESERVED_PREFIX: &str = "dregs-";
/// Characters of an identity's, group's or session's id.
pub const ID_CHARS_MAX: usize = 256;
/// Characters of an event's name, source or group type.
pub const NAME_CHARS_MAX: usize = 128;
/// Characters of a URL or referrer; longer ones are cut.
pub const URL_CHARS_MAX: usize = 2048;
/// Characters of a user agent; longer ones are cut.
pub const USER_AGENT_CHARS_MAX: usize = 512;
/// Groups on one event.
pub const GROUPS_MAX: usize = 16;
/// Nesting of attributes; deeper values are cut.
pub const ATTRIBUTE_DEPTH_MAX: usize = 8;
/// Keys of one attribute object, counted through all levels; further ones are dropped.
pub const ATTRIBUTE_KEYS_MAX: usize = 200;
/// Bytes of one attribute string; longer ones are cut at a character.
pub const ATTRIBUTE_STRING_BYTES_MAX: usize = 8 * 1024;
/// Elements of one attribute array; further ones are dropped.
pub const ATTRIBUTE_ITEMS_MAX: usize = 200;
/// Bytes of all merged attributes of one identity or group, as JSON.
pub const ATTRIBUTES_BYTES_MAX: usize = 64 * 1024;
/// Bytes of a device's signals, as JSON.
pub const SIGNALS_BYTES_MAX: usize = 32 * 1024;
/// How far ahead of the server a timestamp may be before it is clamped to now, in milliseconds.
pub const CLOCK_AHEAD_MAX_MS: i64 = 5 * 60 * 1000;
/// The earliest timestamp that is believed: 2000-01-01T00:00:00Z.
pub const TIMESTAMP_MIN_MS: i64 = 946_684_800_000;

/// Bytes of a stored profile.
pub const PROFILE_BYTES_MAX: usize = 64 * 1024;
/// Events a profile remembers one by one.
pub const PROFILE_EVENTS_MAX: usize = 200;
pub const PROFILE_DEVICES_MAX: usize = 64;
pub const PROFILE_IPS_MAX: usize = 128;
pub const PROFILE_SESSIONS_MAX: usize = 64;
/// Distinct event names a profile counts; further names are counted together.
pub const PROFILE_NAMES_MAX: usize = 128;

/// Identities that one blocking key may offer as candidates.
pub const CANDIDATES_PER_KEY_MAX: usize = 64;
/// Holders of a crowded key that are candidates.
pub const CROWD_SAMPLE: usize = 8;
/// Identities that one identity is newly linked to in a cycle.
pub const LINKED_MAX: usize = 64;
/// Members of one ring: as many as the largest view of one shows. What links hold beyond that is said, and left out.
pub const RING_MEMBERS_MAX: usize = 500;
/// Identities shown around one, and links away from it.
pub const GRAPH_NODES_MAX: usize = 500;
pub const GRAPH_HOPS_MAX: u32 = 4;
/// Characters of a note that an analyst leaves with a decision.
pub const NOTE_CHARS_MAX: usize = 1000;
