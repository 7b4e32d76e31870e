-- What analysts found identities to be. One label of an identity is current, earlier ones stay as its history; the scores
-- are those it had when it was labelled.
create table labels (
  id bigint primary key, team_id text not null, identity_id text not null, kind text not null, note text, labelled_by text not null,
  created_ms bigint not null, escalation_id bigint, cycle_id bigint, humanity bigint, authenticity bigint, uniqueness bigint, behavior bigint,
  is_current bigint not null, ended_ms bigint, ended_by text
);
create unique index labels_current on labels (team_id, identity_id) where is_current = 1;
create index labels_identity on labels (team_id, identity_id, id);
create index labels_time on labels (team_id, created_ms, id) where is_current = 1;
create index labels_kind on labels (team_id, kind, created_ms, id) where is_current = 1;

-- When a badge rule of type BAD last gave its badge to whom: what its false-positive budget counts.
create table badge_firings (
  team_id text not null, identity_id text not null, rule_id text not null, fired_ms bigint not null, primary key (team_id, identity_id, rule_id)
);
create index badge_firings_time on badge_firings (fired_ms);

create table backtests (
  id bigint primary key, team_id text not null, kind text not null, rule text not null, days bigint not null, status text not null,
  progress double precision not null, result text, error text, requested_by text not null, created_ms bigint not null, completed_ms bigint
);
create index backtests_team on backtests (team_id, status, id);
create index backtests_pending on backtests (id) where status = 'PENDING';
create index backtests_time on backtests (created_ms);
