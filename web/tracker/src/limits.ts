/** Every bound of the tracker in one place. */
export const QUEUE_EVENTS_MAX = 200;
export const BATCH_EVENTS_MAX = 50;
/** Browsers refuse keepalive bodies over 64 KiB, headers and other requests in flight included. */
export const BATCH_BYTES_MAX = 48 * 1024;
/** The server refuses an event over 64 KiB; what is larger than a batch could never leave. */
export const EVENT_BYTES_MAX = 40 * 1024;
export const FLUSH_DELAY_MS = 300;
export const FINGERPRINT_WAIT_MS = 2_000;
export const FINGERPRINT_GIVE_UP_MS = 15_000;
export const SESSION_IDLE_MS = 30 * 60 * 1_000;
export const RETRY_BASE_MS = 1_000;
export const RETRY_MAX_MS = 60_000;
export const REQUEST_TIMEOUT_MS = 15_000;
/** The first summary comes soon, so that a verdict can rest on it; the others are rarer. */
export const INTERACTION_FIRST_MS = 3_000;
export const INTERACTION_PERIOD_MS = 15_000;
export const IDENTITY_ID_MAX = 256;
export const EVENT_TYPE_MAX = 128;
export const TEXT_MAX = 512;
export const LIST_MAX = 64;
export const URL_MAX = 2_048;
export const FORM_FIELDS_MAX = 50;
export const KEYS_HELD_MAX = 16;
