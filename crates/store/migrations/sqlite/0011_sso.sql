-- Signing in at a provider: who of ours is who there.

create table sso_bindings (
  issuer text not null, subject text not null, user_id text not null, bound_ms bigint not null, primary key (issuer, subject)
) without rowid;
-- One person of ours is one person there.
create unique index sso_bindings_user on sso_bindings (user_id, issuer);

create index invitations_address on invitations (email, created_ms);

insert into sqlite_stat1 (tbl, idx, stat) values
  ('sso_bindings', 'sso_bindings', '10000 10000 1'),
  ('sso_bindings', 'sso_bindings_user', '10000 1 1'),
  ('invitations', 'invitations_address', '1000 1 1');
analyze sqlite_schema;
