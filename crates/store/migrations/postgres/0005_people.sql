-- People in teams, how they come in, and what holds guessing back.

alter table memberships add column joined_ms bigint not null default 0;
alter table memberships add column disabled bigint not null default 0;
alter table memberships add column last_login_ms bigint;
update memberships set joined_ms = coalesce((select u.created_ms from users u where u.id = memberships.user_id), 0);
create index memberships_user on memberships (user_id, team_id);

-- By its id a session can be named without being held.
alter table login_sessions add column id text;
alter table login_sessions add column last_used_ms bigint;
alter table login_sessions add column address text;
update login_sessions set id = 'ses_' || replace(gen_random_uuid()::text, '-', '');
create index login_sessions_user on login_sessions (user_id, created_ms);
create index login_sessions_expiry on login_sessions (expires_ms);

create table invitations (
  team_id text not null, id text not null, email text not null, role text not null, token_hash text not null unique, invited_by text not null,
  created_ms bigint not null, expires_ms bigint not null, primary key (team_id, id)
);
create unique index invitations_email on invitations (team_id, email);
create index invitations_expiry on invitations (expires_ms);

create table password_resets (
  user_id text primary key, token_hash text not null unique, created_ms bigint not null, expires_ms bigint not null
);
create index password_resets_expiry on password_resets (expires_ms);

-- Failed attempts by what they have in common, under a hash: nobody's address is kept for having been tried.
create table throttles (
  key text primary key, failures bigint not null, last_ms bigint not null, open_ms bigint not null, forget_ms bigint not null
);
create index throttles_forget on throttles (forget_ms);

alter table credentials add column last_used_ms bigint;
