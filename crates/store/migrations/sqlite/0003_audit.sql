-- Who did what, when, from where: a line is written before the act, its outcome after it.
create table audit_log (
  id integer primary key, team_id text not null, created_ms bigint not null, actor_kind text not null, actor_id text not null,
  actor text not null, action text not null, path text not null, subject text, other_subject text, ip text, request_id text not null,
  fields text, status bigint
);
create index audit_log_time on audit_log (team_id, created_ms, id);
create index audit_log_subject on audit_log (team_id, subject, created_ms, id) where subject is not null;
create index audit_log_other on audit_log (team_id, other_subject) where other_subject is not null;

insert into sqlite_stat1 (tbl, idx, stat) values
  ('audit_log', 'audit_log_time', '1000000 1000000 1 1'),
  ('audit_log', 'audit_log_subject', '500000 500000 10 1 1'),
  ('audit_log', 'audit_log_other', '1000 1000 1');
analyze sqlite_schema;
