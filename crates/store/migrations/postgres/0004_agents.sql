-- Agents that act for a person, and the clients of OAuth that ask to.

create table agent_grants (
  team_id text not null, id text not null, user_id text not null, kind text not null, name text not null, read_only bigint not null,
  client_id text, token_hash text, token_expires_ms bigint, code_hash text, code_bound text, redeemed bigint not null,
  family_hash text, refresh_hash text, created_ms bigint not null, expires_ms bigint, last_used_ms bigint,
  primary key (team_id, id)
);
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
);
create index oauth_clients_unused on oauth_clients (used, created_ms);
create index oauth_clients_expiry on oauth_clients (expires_ms);
