-- Lists of identities: searched by three letters at a time, counted and sorted without reading their rows.

-- Numbers of identities. SQLite's index of texts names rows by them; here they are given and of no use.
alter table team_counts add column ordinal bigint;
alter table team_counts add column numbered bigint not null default 0;
create index team_counts_ordinal on team_counts (ordinal) where ordinal is not null;
alter table identities add column n bigint;

-- It has what lists filter by.
drop index identities_updated;
create index identities_updated on identities (
  team_id, updated_ms, id, humanity, authenticity, uniqueness, behavior, disregarded, last_tracked_ms, last_scored_ms
);
create index identities_disregarded on identities (team_id, id) where disregarded = 1;
drop index badges_slug;
create index badges_slug on badges (team_id, slug, is_on, identity_id);

-- What identities are called, apart from what every cycle writes: here a row that is written is written in every index. The
-- triggers keep it, for nodes of an earlier version too.
create table identity_texts (
  team_id text not null, identity_id text not null, display_name text, display_email text, display_username text, search text not null,
  created_ms bigint not null, primary key (team_id, identity_id)
);
insert into identity_texts (team_id, identity_id, display_name, display_email, display_username, search, created_ms)
  select team_id, id, display_name, display_email, display_username, search, created_ms from identities;
create index identity_texts_name on identity_texts (team_id, display_name desc nulls last, identity_id desc);
create index identity_texts_email on identity_texts (team_id, display_email desc nulls last, identity_id desc);
create index identity_texts_username on identity_texts (team_id, display_username desc nulls last, identity_id desc);
create index identity_texts_created on identity_texts (team_id, created_ms, identity_id);

create function write_identity_text() returns trigger language plpgsql as $$
begin
  insert into identity_texts (team_id, identity_id, display_name, display_email, display_username, search, created_ms)
  values (new.team_id, new.id, new.display_name, new.display_email, new.display_username, new.search, new.created_ms)
  on conflict (team_id, identity_id) do update set display_name = excluded.display_name, display_email = excluded.display_email,
    display_username = excluded.display_username, search = excluded.search, created_ms = excluded.created_ms;
  return null;
end $$;
create function drop_identity_text() returns trigger language plpgsql as $$
begin
  delete from identity_texts where team_id = old.team_id and identity_id = old.id;
  return null;
end $$;
create trigger identities_added after insert on identities for each row execute function write_identity_text();
create trigger identities_changed after update of search, display_name, display_email, display_username, created_ms on identities
  for each row when ((new.search, new.display_name, new.display_email, new.display_username, new.created_ms)
    is distinct from (old.search, old.display_name, old.display_email, old.display_username, old.created_ms))
  execute function write_identity_text();
create trigger identities_gone after delete on identities for each row execute function drop_identity_text();

-- Three letters at a time, where the extension can be made: without it terms are found all the same, by reading through the
-- team. What waits to be put into the index is read by every search, so that is little.
do $$
begin
  create extension if not exists pg_trgm;
  create index identity_texts_search on identity_texts using gin (search gin_trgm_ops) with (gin_pending_list_limit = 512);
exception when others then
  raise notice 'the extension pg_trgm cannot be made (%), so searches read through all identities of a team', sqlerrm;
end $$;
analyze identities, identity_texts;
