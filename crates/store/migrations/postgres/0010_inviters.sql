-- Who lets people in for how long, and when nobody is to be on their way to an erased person any more.

-- A person's or a key's id: an invitation lets nobody in once whoever made it may not invite.
alter table invitations add column inviter_id text;
alter table erasures add column unlogged_ms bigint;
create index erasures_finished on erasures (team_id, finished_ms);

create index agent_grants_client on agent_grants (client_id) where client_id is not null;
