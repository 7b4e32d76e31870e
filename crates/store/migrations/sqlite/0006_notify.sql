-- Who is told, how fast and how often; and what a language model was asked.

-- A badge whose rule is gone: shown to nobody, and kept until its going has been told.
alter table badges add column taken_off bigint not null default 0;

-- None: as many as is usual for its type.
alter table channels add column max_per_minute bigint;
-- 0: every notification by itself.
alter table channels add column digest_minutes bigint not null default 0;
-- Until when the receiver wants to be left alone.
alter table channels add column resting_until_ms bigint;

-- Deliveries that go out in one mail have one.
alter table deliveries add column digest_id bigint;
create index deliveries_digest on deliveries (team_id, channel_id, digest_id) where status = 'PENDING' and digest_id is not null;

alter table reviews add column attempts bigint not null default 0;
alter table reviews add column next_ms bigint not null default 0;
-- Until when somebody is at it.
alter table reviews add column claimed_until_ms bigint;
-- None where the review was written without a language model.
alter table reviews add column model text;
alter table reviews add column prompt text;
alter table reviews add column answer text;
alter table reviews add column duration_ms bigint;

insert into sqlite_stat1 (tbl, idx, stat) values
  ('deliveries', 'deliveries_digest', '1000 1000 500 250');
analyze sqlite_schema;
