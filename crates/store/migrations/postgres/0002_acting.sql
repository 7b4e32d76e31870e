-- Rules, what they lead to, and who is told.

alter table badges add column rule_id text;
alter table badges add column priority bigint not null default 0;
-- A badge that a rule is about to give has a row too, which is not on yet.
alter table badges add column is_on bigint not null default 1;
alter table badges add column turning_ms bigint;

-- Raised with every change of the team's rules and channels.
alter table team_counts add column playbook bigint not null default 0;

create table rules (
  team_id text not null, id text not null, kind text not null, slug text, body text not null, created_ms bigint not null,
  updated_ms bigint not null, primary key (team_id, id)
);
create unique index rules_slug on rules (team_id, kind, slug);

create table escalations (
  id bigint primary key, team_id text not null, identity_id text not null, rule_id text not null, rule_name text not null,
  severity bigint not null, status text not null, shadow bigint not null, live bigint not null, scores text not null, cycle_id bigint not null,
  created_ms bigint not null, opened_ms bigint, acknowledged_ms bigint, acknowledged_by text, closed_ms bigint, closed_by text,
  assigned_to text, clear_ms bigint
);
-- A rule watches one escalation of an identity at a time.
create unique index escalations_live on escalations (team_id, identity_id, rule_id) where live = 1;
create index escalations_time on escalations (team_id, created_ms, id);
create index escalations_status on escalations (team_id, status, severity, created_ms, id);
create index escalations_identity on escalations (team_id, identity_id, created_ms, id);
create index escalations_rule on escalations (team_id, rule_id, created_ms, id);
create table escalation_notes (
  id bigint primary key, team_id text not null, escalation_id bigint not null, author text not null, body text not null,
  created_ms bigint not null
);
create index escalation_notes_of on escalation_notes (team_id, escalation_id, id);

-- What a reviewer says of an analysis.
create table reviews (
  id bigint primary key, team_id text not null, identity_id text not null, status text not null, feedback text, summary text, error text,
  requested_by text not null, created_ms bigint not null, completed_ms bigint
);
create index reviews_identity on reviews (team_id, identity_id, id);
create index reviews_pending on reviews (id) where status = 'PENDING';

create table channels (
  team_id text not null, id text not null, slug text not null, name text not null, type text not null, config text not null,
  secrets text not null, events text not null, enabled bigint not null, disabled_reason text, failing_since_ms bigint,
  created_ms bigint not null, updated_ms bigint not null, primary key (team_id, id)
);
create unique index channels_slug on channels (team_id, slug);

-- The outbox, and the log of what became of it.
create table deliveries (
  id bigint primary key, team_id text not null, channel_id text not null, identity_id text not null, event text not null, data text not null,
  status text not null, attempts bigint not null, next_ms bigint not null, http_status bigint, error text, created_ms bigint not null,
  finished_ms bigint
);
create index deliveries_next on deliveries (next_ms) where status = 'PENDING';
create index deliveries_due on deliveries (channel_id, next_ms, id) where status = 'PENDING';
create index deliveries_line on deliveries (team_id, channel_id, identity_id, id) where status = 'PENDING';
create index deliveries_log on deliveries (team_id, channel_id, id);
create index deliveries_identity on deliveries (team_id, identity_id);
-- Of use to an embedded store alone, which has it beside the ingest log.
create table attempts (id bigint primary key, body text not null);
