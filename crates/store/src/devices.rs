//! Devices: browsers on machines, keyed by fingerprint.

use crate::TeamId;
use crate::db::{Batch, Row, Tx, args};
use crate::error::Result;
use crate::open::Store;
use crate::paging::{ListQuery, Page, Where, page};
use crate::rules::hold_page;
use dregs_engine::profile::Geo;
use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

#[derive(Debug, Clone, Default, PartialEq)]
pub struct Device {
    pub fingerprint: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub timezone: Option<String>,
    pub country_code: Option<String>,
    pub geo: Geo,
    pub disregarded: bool,
    pub first_ms: i64,
    pub last_ms: i64,
}

/// A sighting of a device; what it does not say keeps its value.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DeviceWrite {
    pub fingerprint: String,
    pub ip: Option<String>,
    pub user_agent: Option<String>,
    pub timezone: Option<String>,
    pub country_code: Option<String>,
    pub geo: Geo,
    /// The signals as JSON.
    pub signals: Option<String>,
    pub first_ms: i64,
    pub last_ms: i64,
}

#[derive(Debug, Clone, Default)]
pub struct DeviceFilter {
    pub identity: Option<String>,
    pub term: Option<String>,
}

/// API fields that devices can be sorted by, and their columns.
pub const DEVICE_SORTS: &[(&str, &str)] = &[
    ("lastSeenAt", "d.last_ms"),
    ("firstSeenAt", "d.first_ms"),
    ("fingerprint", "d.fingerprint"),
    ("ip", "d.ip"),
    ("userAgent", "d.user_agent"),
    ("country", "d.country_code"),
    ("countryCode", "d.country_code"),
    ("city", "d.city"),
];

const COLUMNS: &str = "d.fingerprint, d.ip, d.user_agent, d.timezone, d.country_code, d.asn, d.asn_label, d.city, d.region, d.latitude, d.longitude,
  d.disregarded, d.first_ms, d.last_ms";

impl Store {
    pub async fn device(&self, team: &TeamId, fingerprint: &str) -> Result<Option<Device>> {
        let sql =
            sqlx::AssertSqlSafe(format!("select {COLUMNS} from devices d where d.team_id = $1 and d.fingerprint = $2"));
        self.db.row(sql, args![team, fingerprint]).await?.as_ref().map(read).transpose()
    }

    pub async fn devices(&self, team: &TeamId, filter: &DeviceFilter, query: &ListQuery) -> Result<Page<Device>> {
        let mut condition = Where::new("d.team_id = $1", team);
        condition.and_some(
            "d.fingerprint in (select h.key from identity_keys h where h.team_id = $1 and h.kind = 'device' and h.identity_id = ?)",
            filter.identity.as_deref(),
        );
        if let Some(term) = &filter.term {
            condition.matches(&["d.fingerprint", "d.ip", "d.user_agent", "d.country_code", "d.city"], term);
        }
        page(&self.db, COLUMNS, "devices d", condition, query, "d.fingerprint", read).await
    }

    /// Which of these devices are nobody's evidence: disregarded themselves, or of an identity that is.
    pub async fn disregarded_devices(&self, team: &TeamId, fingerprints: &BTreeSet<&str>) -> Result<BTreeSet<String>> {
        let batch: Batch = fingerprints.iter().map(|fingerprint| (fingerprint,)).collect();
        let rows = self
            .db
            .rows(
                "select d.fingerprint from json_each($2) j cross join devices d
                 where d.team_id = $1 and d.fingerprint = j.value->>0 and d.disregarded = 1
                 union
                 select h.key as fingerprint from json_each($2) j cross join identity_keys h
                 where h.team_id = $1 and h.kind = 'device' and h.key = j.value->>0 and h.disregarded = 1",
                args![team, batch.text()],
            )
            .await?;
        rows.iter().map(|row| row.text("fingerprint")).collect()
    }

    /// Takes a device out of everyone's evidence, or back in; those seen on it are scored again. Returns whether the
    /// device exists.
    pub async fn set_device_disregarded(
        &self,
        team: &TeamId,
        fingerprint: &str,
        disregarded: bool,
        now_ms: i64,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        hold_page(&mut tx, team).await?;
        let found = tx
            .run(
                "update devices set disregarded = $3 where team_id = $1 and fingerprint = $2",
                args![team, fingerprint, disregarded],
            )
            .await?;
        tx.run(
            "update identities set due_ms = $3, version = version + 1 where team_id = $1 and id in (
               select h.identity_id from identity_keys h where h.team_id = $1 and h.kind = 'device' and h.key = $2 limit $4)",
            args![team, fingerprint, now_ms, OWNERS_REQUEUED_MAX],
        )
        .await?;
        tx.commit().await?;
        Ok(found > 0)
    }
}

/// Identities re-scored when their device is disregarded or comes back.
const OWNERS_REQUEUED_MAX: i64 = 1000;

pub(crate) async fn write(tx: &mut Tx, team: &TeamId, devices: &[DeviceWrite]) -> Result<()> {
    if devices.is_empty() {
        return Ok(());
    }
    let rows: Batch = merged(devices)
        .values()
        .map(|device| {
            let geo = &device.geo;
            (
                (&device.fingerprint, &device.ip, &device.user_agent, &device.timezone, &device.country_code),
                (&geo.asn, &geo.asn_label, &geo.city, &geo.region, geo.latitude, geo.longitude),
                (&device.signals, device.first_ms, device.last_ms),
            )
        })
        .collect();
    tx.run(
        "insert into devices (team_id, fingerprint, ip, user_agent, timezone, country_code, asn, asn_label, city, region, latitude,
           longitude, signals, first_ms, last_ms, disregarded)
         select $1, value->0->>0, value->0->>1, value->0->>2, value->0->>3, value->0->>4, value->1->>0, value->1->>1, value->1->>2,
           value->1->>3, cast(value->1->>4 as double precision), cast(value->1->>5 as double precision), value->2->>0,
           cast(value->2->>1 as bigint), cast(value->2->>2 as bigint), 0
         from json_each($2) where true
         on conflict (team_id, fingerprint) do update set
           ip = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.ip, devices.ip) else coalesce(devices.ip, excluded.ip) end,
           user_agent = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.user_agent, devices.user_agent) else coalesce(devices.user_agent, excluded.user_agent) end,
           timezone = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.timezone, devices.timezone) else coalesce(devices.timezone, excluded.timezone) end,
           country_code = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.country_code, devices.country_code) else coalesce(devices.country_code, excluded.country_code) end,
           asn = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.asn, devices.asn) else coalesce(devices.asn, excluded.asn) end,
           asn_label = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.asn_label, devices.asn_label) else coalesce(devices.asn_label, excluded.asn_label) end,
           city = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.city, devices.city) else coalesce(devices.city, excluded.city) end,
           region = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.region, devices.region) else coalesce(devices.region, excluded.region) end,
           latitude = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.latitude, devices.latitude) else coalesce(devices.latitude, excluded.latitude) end,
           longitude = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.longitude, devices.longitude) else coalesce(devices.longitude, excluded.longitude) end,
           signals = case when excluded.last_ms >= devices.last_ms then coalesce(excluded.signals, devices.signals) else coalesce(devices.signals, excluded.signals) end,
           first_ms = case when excluded.first_ms < devices.first_ms then excluded.first_ms else devices.first_ms end,
           last_ms = case when excluded.last_ms > devices.last_ms then excluded.last_ms else devices.last_ms end",
        args![team, rows],
    )
    .await
    .map(drop)
}

/// One write for each device: a batch may hold several sightings, and the latest that says something wins.
fn merged(devices: &[DeviceWrite]) -> BTreeMap<&str, DeviceWrite> {
    let mut out: BTreeMap<&str, DeviceWrite> = BTreeMap::new();
    for device in devices {
        match out.entry(&device.fingerprint) {
            Entry::Vacant(free) => drop(free.insert(device.clone())),
            Entry::Occupied(mut held) => held.get_mut().see(device),
        }
    }
    out
}

impl DeviceWrite {
    /// Folds a later sighting of the same device into this one.
    fn see(&mut self, later: &DeviceWrite) {
        let keep = |held: &mut Option<String>, new: &Option<String>| {
            if new.is_some() {
                held.clone_from(new);
            }
        };
        keep(&mut self.ip, &later.ip);
        keep(&mut self.user_agent, &later.user_agent);
        keep(&mut self.timezone, &later.timezone);
        keep(&mut self.country_code, &later.country_code);
        keep(&mut self.signals, &later.signals);
        keep(&mut self.geo.asn, &later.geo.asn);
        keep(&mut self.geo.asn_label, &later.geo.asn_label);
        keep(&mut self.geo.city, &later.geo.city);
        keep(&mut self.geo.region, &later.geo.region);
        self.geo.latitude = later.geo.latitude.or(self.geo.latitude);
        self.geo.longitude = later.geo.longitude.or(self.geo.longitude);
        self.first_ms = self.first_ms.min(later.first_ms);
        self.last_ms = self.last_ms.max(later.last_ms);
    }
}

fn read(row: &Row) -> Result<Device> {
    Ok(Device {
        fingerprint: row.text("fingerprint")?,
        ip: row.opt_text("ip")?,
        user_agent: row.opt_text("user_agent")?,
        timezone: row.opt_text("timezone")?,
        country_code: row.opt_text("country_code")?,
        geo: Geo {
            asn: row.opt_text("asn")?,
            asn_label: row.opt_text("asn_label")?,
            city: row.opt_text("city")?,
            region: row.opt_text("region")?,
            latitude: row.opt_real("latitude")?,
            longitude: row.opt_real("longitude")?,
        },
        disregarded: row.flag("disregarded")?,
        first_ms: row.int("first_ms")?,
        last_ms: row.int("last_ms")?,
    })
}
