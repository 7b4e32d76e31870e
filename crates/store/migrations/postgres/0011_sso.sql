-- Signing in at a provider: who of ours is who there.

create table sso_bindings (
  issuer text not null, subject text not null, user_id text not null, bound_ms bigint not null, primary key (issuer, subject)
);
-- One person of ours is one person there.
create unique index sso_bindings_user on sso_bindings (user_id, issuer);

create index invitations_address on invitations (email, created_ms);
