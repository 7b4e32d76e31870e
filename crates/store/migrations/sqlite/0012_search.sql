-- Lists of identities: searched by three letters at a time, counted and sorted without reading their rows.

-- A team's ordinal and how many numbers it gave: an identity's number has the ordinal above its lower 40 bits.
alter table team_counts add column ordinal bigint;
alter table team_counts add column numbered bigint not null default 0;
create unique index team_counts_ordinal on team_counts (ordinal) where ordinal is not null;
update team_counts set numbered = (select coalesce(max(i.rowid), 0) from identities i),
  ordinal = (select count(*) from team_counts earlier where earlier.team_id <= team_counts.team_id);

-- The same table with a number of its own for each row: what names a row must outlive a copy of the file.
create table numbered_identities (
  n integer primary key, team_id text not null, id text not null, display_name text, display_email text, display_username text,
  search text not null, humanity bigint, authenticity bigint, uniqueness bigint, behavior bigint,
  created_ms bigint not null, updated_ms bigint not null, last_tracked_ms bigint, last_scored_ms bigint,
  disregarded bigint not null, due_ms bigint, cycles bigint not null, version bigint not null
);
insert into numbered_identities
  select (c.ordinal << 40) + i.rowid, i.team_id, i.id, i.display_name, i.display_email,
    i.display_username, i.search, i.humanity, i.authenticity, i.uniqueness, i.behavior, i.created_ms, i.updated_ms, i.last_tracked_ms,
    i.last_scored_ms, i.disregarded, i.due_ms, i.cycles, i.version
  from identities i left join team_counts c on c.team_id = i.team_id order by i.rowid;
drop table identities;
alter table numbered_identities rename to identities;
create unique index identities_id on identities (team_id, id);
-- It has what lists filter by and what changes whenever `updated_ms` does: whoever writes that row writes this entry anyway.
create index identities_updated on identities (
  team_id, updated_ms, id, humanity, authenticity, uniqueness, behavior, disregarded, last_tracked_ms, last_scored_ms
);
create index identities_humanity on identities (team_id, humanity, id);
create index identities_authenticity on identities (team_id, authenticity, id);
create index identities_uniqueness on identities (team_id, uniqueness, id);
create index identities_behavior on identities (team_id, behavior, id);
create index identities_due on identities (due_ms) where due_ms is not null;
create index identities_created on identities (team_id, created_ms, id);
create index identities_name on identities (team_id, display_name, id);
create index identities_email on identities (team_id, display_email, id);
create index identities_username on identities (team_id, display_username, id);
create index identities_disregarded on identities (team_id, id) where disregarded = 1;
drop index badges_slug;
create index badges_slug on badges (team_id, slug, is_on, identity_id);

-- Every three characters in a row of `search`, and where they stand: a term is a phrase of them. What is deleted is found no
-- more; its letters are in the index until the parts that hold them are put together (`Store::scrub`). With `secure-delete` they
-- would go at once, but whoever is given another name would cost ten times as much.
create virtual table identity_search using fts5 (
  search, content = 'identities', content_rowid = 'n', tokenize = 'trigram case_sensitive 1', columnsize = 0
);
insert into identity_search (identity_search) values ('rebuild');
create trigger identities_added after insert on identities begin
  insert into identity_search (rowid, search) values (new.n, new.search);
end;
create trigger identities_changed after update of search on identities when new.search <> old.search begin
  insert into identity_search (identity_search, rowid, search) values ('delete', old.n, old.search);
  insert into identity_search (rowid, search) values (new.n, new.search);
end;
create trigger identities_gone after delete on identities begin
  insert into identity_search (identity_search, rowid, search) values ('delete', old.n, old.search);
end;

delete from sqlite_stat1 where tbl in ('identities', 'badges', 'team_counts');
insert into sqlite_stat1 (tbl, idx, stat) values
  ('identities', 'identities_id', '1000000 1000000 1'),
  ('identities', 'identities_updated', '1000000 1000000 2 1 1 1 1 1 1 1 1'),
  ('identities', 'identities_humanity', '1000000 1000000 10000 1'),
  ('identities', 'identities_authenticity', '1000000 1000000 10000 1'),
  ('identities', 'identities_uniqueness', '1000000 1000000 10000 1'),
  ('identities', 'identities_behavior', '1000000 1000000 10000 1'),
  ('identities', 'identities_due', '1000000 2'),
  ('identities', 'identities_created', '1000000 1000000 2 1'),
  ('identities', 'identities_name', '1000000 1000000 5 1'),
  ('identities', 'identities_email', '1000000 1000000 2 1'),
  ('identities', 'identities_username', '1000000 1000000 2 1'),
  ('identities', 'identities_disregarded', '1000 1000 1'),
  ('badges', 'badges', '1000000 1000000 2 1'),
  ('badges', 'badges_slug', '1000000 1000000 50000 50000 1'),
  ('team_counts', 'team_counts_ordinal', '100 1');
analyze sqlite_schema;
