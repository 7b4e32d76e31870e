//! What events leave behind besides profiles: sessions, devices, groups and their members.

use crate::jobs::pipeline::Routed;
use dregs_engine::profile::Facts;
use dregs_store::{Commit, DeviceWrite, GroupWrite, SessionWrite};
use std::collections::BTreeMap;

/// Notes what one event says about its session, device and groups.
pub fn note(commit: &mut Commit, routed: &Routed<'_>, facts: &Facts) {
    note_session(commit, routed);
    note_device(commit, routed, facts);
    note_groups(commit, routed);
}

fn note_session(commit: &mut Commit, routed: &Routed<'_>) {
    let event = routed.event();
    if let Some(session) = &event.session {
        commit.sessions.push(SessionWrite {
            id: session.clone(),
            identity_id: routed.identity.clone(),
            fingerprint: event.fingerprint().map(str::to_owned),
            at_ms: event.timestamp_ms,
        });
    }
}

fn note_device(commit: &mut Commit, routed: &Routed<'_>, facts: &Facts) {
    let event = routed.event();
    let Some(device) = &event.device else { return };
    let timezone = device.signals.get("timezone").and_then(serde_json::Value::as_str).map(str::to_owned);
    commit.devices.push(DeviceWrite {
        fingerprint: device.fingerprint.clone(),
        ip: event.ip.map(|ip| ip.to_string()),
        user_agent: event.user_agent.clone(),
        timezone,
        country_code: facts.network.as_ref().and_then(|network| network.country.clone()),
        geo: facts.geo.clone(),
        signals: (!device.signals.is_empty()).then(|| serde_json::Value::Object(device.signals.clone()).to_string()),
        first_ms: event.timestamp_ms,
        last_ms: event.timestamp_ms,
    });
}

fn note_groups(commit: &mut Commit, routed: &Routed<'_>) {
    let event = routed.event();
    for group in &event.groups {
        commit.groups.push(GroupWrite {
            kind: group.kind.clone(),
            id: group.id.clone(),
            attributes: group.data.clone(),
            at_ms: event.timestamp_ms,
            tracked: true,
        });
        commit.members.extend(routed.identity.clone().map(|id| (group.kind.clone(), group.id.clone(), id)));
    }
}

/// One row for each session and device, and each membership once: a statement may touch a row only once.
pub fn fold(commit: &mut Commit) {
    let mut sessions: BTreeMap<String, SessionWrite> = BTreeMap::new();
    for write in std::mem::take(&mut commit.sessions) {
        match sessions.get_mut(&write.id) {
            Some(held) => {
                held.identity_id = write.identity_id.or(held.identity_id.take());
                held.fingerprint = write.fingerprint.or(held.fingerprint.take());
                held.at_ms = held.at_ms.max(write.at_ms);
            }
            None => drop(sessions.insert(write.id.clone(), write)),
        }
    }
    commit.sessions = sessions.into_values().collect();
    let mut devices: BTreeMap<String, DeviceWrite> = BTreeMap::new();
    for write in std::mem::take(&mut commit.devices) {
        match devices.remove(&write.fingerprint) {
            Some(held) => drop(devices.insert(write.fingerprint.clone(), later_device(held, write))),
            None => drop(devices.insert(write.fingerprint.clone(), write)),
        }
    }
    commit.devices = devices.into_values().collect();
    commit.members.sort();
    commit.members.dedup();
}

fn later_device(held: DeviceWrite, new: DeviceWrite) -> DeviceWrite {
    DeviceWrite {
        ip: new.ip.or(held.ip),
        user_agent: new.user_agent.or(held.user_agent),
        timezone: new.timezone.or(held.timezone),
        country_code: new.country_code.or(held.country_code),
        signals: new.signals.or(held.signals),
        first_ms: held.first_ms.min(new.first_ms),
        last_ms: held.last_ms.max(new.last_ms),
        ..new
    }
}
