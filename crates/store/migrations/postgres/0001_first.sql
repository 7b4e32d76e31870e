-- Times are epoch milliseconds; flags are 0 or 1; JSON is text. team_id leads every key.
create table teams (id text primary key, name text not null, monthly_event_limit bigint, created_ms bigint not null);
create table users (id text primary key, email text not null unique, name text not null, password_hash text not null, disabled bigint not null, created_ms bigint not null);
create table memberships (team_id text not null, user_id text not null, role text not null, primary key (team_id, user_id));
create table login_sessions (token_hash text primary key, user_id text not null, team_id text not null, created_ms bigint not null, expires_ms bigint not null);
create table credentials (
  team_id text not null, id text not null, name text not null, public_key text not null unique, secret_hash text not null unique,
  secret_hint text not null, allowed_origins text not null, disabled bigint not null, revoked_ms bigint, expires_ms bigint,
  created_ms bigint not null, primary key (team_id, id)
);
create table mappings (
  team_id text not null, kind text not null, source text not null, target text not null, description text, created_ms bigint not null,
  primary key (team_id, kind, source)
);

create table identities (
  team_id text not null, id text not null, display_name text, display_email text, display_username text, search text not null,
  humanity bigint, authenticity bigint, uniqueness bigint, behavior bigint,
  created_ms bigint not null, updated_ms bigint not null, last_tracked_ms bigint, last_scored_ms bigint,
  disregarded bigint not null, due_ms bigint, cycles bigint not null, version bigint not null,
  primary key (team_id, id)
);
create index identities_updated on identities (team_id, updated_ms, id);
create index identities_humanity on identities (team_id, humanity desc nulls last, id desc);
create index identities_authenticity on identities (team_id, authenticity desc nulls last, id desc);
create index identities_uniqueness on identities (team_id, uniqueness desc nulls last, id desc);
create index identities_behavior on identities (team_id, behavior desc nulls last, id desc);
create index identities_due on identities (due_ms) where due_ms is not null;
create table profiles (team_id text not null, identity_id text not null, body text not null, primary key (team_id, identity_id));
-- What an identity did, in a few dozen bytes: read for every candidate, so that no profile need be.
create table traces (team_id text not null, identity_id text not null, body text not null, primary key (team_id, identity_id));
create table badges (
  team_id text not null, identity_id text not null, slug text not null, name text not null, type text not null, explanation text not null,
  metadata text not null, since_ms bigint not null, primary key (team_id, identity_id, slug)
);
create index badges_slug on badges (team_id, slug, identity_id);

create table events (
  seq bigint primary key, team_id text not null, id text not null, timestamp_ms bigint not null, received_ms bigint not null,
  name text not null, source text, identity_id text, fingerprint text, session text, ip text, url text, referrer text,
  user_agent text, groups text not null, data text not null
);
create unique index events_id on events (team_id, id);
create index events_time on events (team_id, timestamp_ms, seq);
create index events_identity on events (team_id, identity_id, timestamp_ms, seq);
create index events_fingerprint on events (team_id, fingerprint, timestamp_ms, seq) where fingerprint is not null;
create index events_session on events (team_id, session, timestamp_ms, seq) where session is not null;
create table event_groups (
  team_id text not null, type text not null, group_id text not null, timestamp_ms bigint not null, seq bigint not null,
  primary key (team_id, type, group_id, timestamp_ms, seq)
);
create table parked_events (
  team_id text not null, id text not null, event text not null, error text not null, parked_ms bigint not null, primary key (team_id, id)
);
create table fates (team_id text not null, hour_ms bigint not null, fate text not null, count bigint not null, primary key (team_id, hour_ms, fate));

create table sessions (
  team_id text not null, id text not null, identity_id text, fingerprint text, first_ms bigint not null, last_ms bigint not null,
  primary key (team_id, id)
);
create table devices (
  team_id text not null, fingerprint text not null, ip text, user_agent text, timezone text, country_code text, asn text, asn_label text,
  city text, region text, latitude double precision, longitude double precision, signals text, disregarded bigint not null,
  first_ms bigint not null, last_ms bigint not null, primary key (team_id, fingerprint)
);
create index devices_last on devices (team_id, last_ms);

create table identity_keys (
  team_id text not null, kind text not null, key text not null, identity_id text not null, first_ms bigint not null, last_ms bigint not null,
  count bigint not null, disregarded bigint not null, primary key (team_id, kind, key, identity_id)
);
create index identity_keys_identity on identity_keys (team_id, identity_id, kind);
create index identity_keys_disregarded on identity_keys (team_id, kind, key) where disregarded = 1;
create table keys (team_id text not null, kind text not null, key text not null, holders bigint not null, primary key (team_id, kind, key));
create table team_counts (team_id text primary key, identities bigint not null);

create table groups (
  team_id text not null, type text not null, id text not null, display_name text, search text not null, data text not null,
  created_ms bigint not null, updated_ms bigint not null, last_tracked_ms bigint, primary key (team_id, type, id)
);
create table group_members (team_id text not null, type text not null, group_id text not null, identity_id text not null, primary key (team_id, type, group_id, identity_id));
create index group_members_identity on group_members (team_id, identity_id, type, group_id);

create table cycles (
  team_id text not null, identity_id text not null, id bigint not null, humanity bigint, authenticity bigint, uniqueness bigint, behavior bigint,
  event_count bigint not null, device_count bigint not null, started_ms bigint not null, finished_ms bigint not null, duration_ms bigint not null,
  engine_version bigint not null, pack text not null, primary key (team_id, identity_id, id)
);
-- Keyed by the cycle alone: ids only grow, so evidence is appended and never lands in the middle of the table.
create table cycle_evidence (id bigint primary key, team_id text not null, identity_id text not null, body bytea not null);
create table links (
  team_id text not null, a_id text not null, b_id text not null, type text not null, value double precision not null,
  confidence double precision not null, probability double precision not null, explanation text not null, metadata text not null,
  created_ms bigint not null, primary key (team_id, a_id, b_id, type)
);
create index links_b on links (team_id, b_id);
-- a_id is the lower id of the pair. The evidence is the pair's links as they stood, for showing them and for taking it back.
create table link_decisions (
  team_id text not null, a_id text not null, b_id text not null, verdict text not null, note text, decided_by text not null,
  decided_ms bigint not null, evidence text not null, primary key (team_id, a_id, b_id)
);
create index link_decisions_b on link_decisions (team_id, b_id, a_id);
create index link_decisions_time on link_decisions (team_id, decided_ms, a_id, b_id);
create table main_accounts (
  team_id text not null, identity_id text not null, decided_by text not null, decided_ms bigint not null, primary key (team_id, identity_id)
);
create table rings (
  team_id text not null, id text not null, size bigint not null, pairs bigint not null, risk bigint not null, contested bigint not null,
  truncated bigint not null, created_ms bigint not null, updated_ms bigint not null, primary key (team_id, id)
);
create index rings_size on rings (team_id, size desc nulls last, id desc);
create index rings_risk on rings (team_id, risk desc nulls last, id desc);
create index rings_updated on rings (team_id, updated_ms, id);
create table ring_members (
  team_id text not null, identity_id text not null, ring_id text not null, joined_ms bigint not null, primary key (team_id, identity_id)
);
create index ring_members_ring on ring_members (team_id, ring_id, identity_id);
create table leases (name text primary key, owner text not null, until_ms bigint not null);

create table ingest_log (seq bigserial primary key, events bigint not null, usage text not null, payload bytea not null);
create table usage (team_id text not null, month text not null, events bigint not null, primary key (team_id, month));

-- Not strict, so that PostgreSQL writes it into the statement and knows how few rows it gives.
-- SQLite has these two; here they get the same name and shape, so that every statement is written once.
create function json_each(rows text) returns table (value jsonb) language sql immutable as 'select value from jsonb_array_elements(rows::jsonb)';
create function unhex(digits text) returns bytea language sql immutable strict as $$ select decode(digits, 'hex') $$;
