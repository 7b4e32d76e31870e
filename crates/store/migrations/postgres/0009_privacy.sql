-- Forgetting: people who are erased, and data that grows old.

-- The body names the person until the erasure is done; what stays is a salted digest of the id.
create table erasures (
  team_id text not null, id bigint not null, salt text not null, digest text not null, status text not null, body text,
  requested_ms bigint not null, finished_ms bigint, primary key (team_id, id)
);
create index erasures_waiting on erasures (id) where status <> 'DONE';
-- Ids of events that were erased, as digests: the same event sent again is not recorded again.
create table erased_events (team_id text not null, digest bigint not null, primary key (team_id, digest));
create table retention (team_id text primary key, body text not null, updated_ms bigint not null);

create index sessions_identity on sessions (team_id, identity_id) where identity_id is not null;
create index events_anonymous on events (team_id, timestamp_ms, seq) where identity_id is null;
create index reviews_time on reviews (team_id, created_ms, id);
