-- What a team knows better than the data pack, and what is counted of a team.

create table dataset_entries (
  team_id text not null, dataset text not null, key text not null, value text not null, note text, updated_by text not null,
  created_ms bigint not null, updated_ms bigint not null, primary key (team_id, dataset, key)
) without rowid;

-- Counters, each under what it counts, of what, and a place: an hour, a day, or a day with a score's bucket.
create table figures (
  team_id text not null, figure text not null, name text not null, place bigint not null, n bigint not null,
  primary key (team_id, figure, name, place)
) without rowid;

create index escalations_opened on escalations (team_id, opened_ms, shadow, rule_id, acknowledged_ms) where opened_ms is not null;
create index escalations_closed on escalations (team_id, closed_ms, shadow, rule_id) where closed_ms is not null;
create index escalations_state on escalations (team_id, shadow, status, severity);

insert into figures (team_id, figure, name, place, n)
select team_id, figure, name, place, count(*) from (
  select team_id, 'score.humanity' as figure, '' as name, coalesce(last_scored_ms, 0) / 86400000 * 32 + case when humanity is null then 20 else min(humanity / 5, 19) end as place
  from identities where disregarded = 0
  union all
  select team_id, 'score.authenticity' as figure, '' as name, coalesce(last_scored_ms, 0) / 86400000 * 32 + case when authenticity is null then 20 else min(authenticity / 5, 19) end as place
  from identities where disregarded = 0
  union all
  select team_id, 'score.uniqueness' as figure, '' as name, coalesce(last_scored_ms, 0) / 86400000 * 32 + case when uniqueness is null then 20 else min(uniqueness / 5, 19) end as place
  from identities where disregarded = 0
  union all
  select team_id, 'score.behavior' as figure, '' as name, coalesce(last_scored_ms, 0) / 86400000 * 32 + case when behavior is null then 20 else min(behavior / 5, 19) end as place
  from identities where disregarded = 0
  union all
  select team_id, 'new', '', created_ms / 3600000 * 3600000 from identities
  union all
  select team_id, 'active', '', last_tracked_ms / 3600000 * 3600000 from identities where last_tracked_ms is not null
  union all
  select team_id, 'scored', '', last_scored_ms / 3600000 * 3600000 from identities where last_scored_ms is not null
  union all
  select team_id, 'badge-held', slug, 0 from badges where is_on = 1
  union all
  select team_id, 'badge-given', slug, since_ms / 3600000 * 3600000 from badges where is_on = 1
) counted group by team_id, figure, name, place;

-- Whoever was seen in an hour counts for the 24 hours that begin with it.
insert into figures (team_id, figure, name, place, n)
select f.team_id, f.figure || '-day', f.name, f.place + 3600000 * h.value, sum(f.n)
from figures f cross join json_each('[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23]') h
where f.figure in ('active', 'scored') group by f.team_id, f.figure, f.name, f.place + 3600000 * h.value;

insert into sqlite_stat1 (tbl, idx, stat) values
  ('dataset_entries', 'dataset_entries', '10000 10000 5000 1'),
  ('figures', 'figures', '100000 100000 10000 500 1'),
  ('escalations', 'escalations_opened', '100000 100000 1 1 1 1'),
  ('escalations', 'escalations_closed', '50000 50000 1 1 1'),
  ('escalations', 'escalations_state', '100000 100000 90000 25000 10000');
analyze sqlite_schema;
