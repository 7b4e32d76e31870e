-- The ingest log has a file of its own, so that an answer to a client never waits for the writer that processes.
create table ingest_log (seq integer primary key autoincrement, events bigint not null, usage text not null, payload blob not null);
create table usage (team_id text not null, month text not null, events bigint not null, primary key (team_id, month)) without rowid;
