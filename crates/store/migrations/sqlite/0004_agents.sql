-- Agents that act for a person, and the clients of OAuth that ask to.

create table agent_grants (
  team_id text not null, id text not null, user_id text not null, kind text not null, name text not null, read_only bigint not null,
  client_id text, token_hash text, token_expires_ms bigint, code_hash text, code_bound text, redeemed bigint not null,
  family_hash text, refresh_hash text, created_ms bigint not null, expires_ms bigint, last_used_ms bigint,
  primary key (team_id, id)
) without rowid;
create index agent_grants_user on agent_grants (team_id, user_id);
-- These are looked up before the team is known: they give it.
create unique index agent_grants_token on agent_grants (token_hash);
create unique index agent_grants_code on agent_grants (code_hash);
create unique index agent_grants_family on agent_grants (family_hash);
create index agent_grants_person on agent_grants (user_id);
create index agent_grants_expiry on agent_grants (expires_ms);

-- A client belongs to no team: whoever it asks decides for theirs.
create table oauth_clients (
  id text primary key, name text not null, redirect_uris text not null, used bigint not null, created_ms bigint not null,
  expires_ms bigint not null
) without rowid;
create index oauth_clients_unused on oauth_clients (used, created_ms);
create index oauth_clients_expiry on oauth_clients (expires_ms);

insert into sqlite_stat1 (tbl, idx, stat) values
  ('agent_grants', 'agent_grants', '10000 1000 1'),
  ('agent_grants', 'agent_grants_user', '10000 1000 5 1'),
  ('agent_grants', 'agent_grants_token', '10000 1'),
  ('agent_grants', 'agent_grants_code', '10000 1'),
  ('agent_grants', 'agent_grants_family', '10000 1'),
  ('agent_grants', 'agent_grants_person', '10000 5'),
  ('agent_grants', 'agent_grants_expiry', '10000 2'),
  ('oauth_clients', 'oauth_clients', '1000 1'),
  ('oauth_clients', 'oauth_clients_unused', '1000 500 1'),
  ('oauth_clients', 'oauth_clients_expiry', '1000 1');
analyze sqlite_schema;
