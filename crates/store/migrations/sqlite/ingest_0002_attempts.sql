-- Attempts of deliveries that are not in the main tables yet.
create table attempts (id integer primary key, body text not null);
