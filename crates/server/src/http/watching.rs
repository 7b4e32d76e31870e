//! What a write of the API means to open pages: read off its route, so that no route can forget to tell them.

use crate::live::{Kind, Live};
use axum::http::Method;
use dregs_store::TeamId;
use std::sync::Arc;

/// What writes to routes that begin so change; the first that fits counts. What stands first is what the route's id names.
const BY_ROUTE: [(&str, &[Kind]); 17] = [
    ("/identities/{id}/decisions", &[Kind::Identity, Kind::Ring]),
    ("/identities/{id}/main-account", &[Kind::Identity, Kind::Ring]),
    ("/identities", &[Kind::Identity]),
    ("/escalations/{id}/label", &[Kind::Escalation, Kind::Identity]),
    ("/escalations", &[Kind::Escalation]),
    ("/devices", &[Kind::Device, Kind::Identity]),
    // Its id is a group's.
    ("/groups", &[Kind::Settings, Kind::Identity]),
    ("/badge-rules", &[Kind::Rule]),
    ("/escalation-rules", &[Kind::Rule]),
    ("/channels", &[Kind::Settings, Kind::Delivery]),
    ("/deliveries", &[Kind::Delivery]),
    ("/auth", &[Kind::Access]),
    ("/team", &[Kind::Access, Kind::Settings]),
    ("/account", &[Kind::Access]),
    ("/credentials", &[Kind::Access, Kind::Settings]),
    ("/tokens", &[Kind::Access]),
    ("", &[Kind::Settings]),
];

/// What open pages are told when a write succeeds.
pub struct Change {
    live: Arc<Live>,
    kinds: &'static [Kind],
    /// Which one it was, unless it is gone: it may have been a person who is erased.
    id: Option<String>,
}

impl Change {
    /// None for what changes nothing.
    pub fn of(live: &Arc<Live>, method: &Method, route: &str, id: Option<&str>) -> Option<Self> {
        if matches!(*method, Method::GET | Method::HEAD) {
            return None;
        }
        let id = id.filter(|_| *method != Method::DELETE).map(str::to_owned);
        Some(Change { live: live.clone(), kinds: kinds(route), id })
    }

    pub fn tell(&self, team: &TeamId) {
        for (place, kind) in self.kinds.iter().enumerate() {
            match &self.id {
                Some(id) if place == 0 => self.live.note(team, *kind, [id]),
                _ => self.live.note_many(team, *kind),
            }
        }
    }
}

fn kinds(route: &str) -> &'static [Kind] {
    BY_ROUTE.iter().find(|(place, _)| route.starts_with(place)).map_or(&[], |(_, kinds)| kinds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_told_by_its_route() {
        assert_eq!(kinds("/identities/{id}/label"), [Kind::Identity]);
        assert_eq!(kinds("/identities/{id}/decisions/{otherId}"), [Kind::Identity, Kind::Ring]);
        assert_eq!(kinds("/team/members/{userId}"), [Kind::Access, Kind::Settings]);
        assert_eq!(kinds("/retention"), [Kind::Settings]);
    }

    #[test]
    fn reading_changes_nothing_and_who_is_deleted_is_not_named() {
        let live = Arc::new(Live::default());
        let of = |method| Change::of(&live, &method, "/identities/{id}", Some("ada"));
        assert!(of(Method::GET).is_none());
        assert_eq!(of(Method::PATCH).and_then(|change| change.id).as_deref(), Some("ada"));
        assert_eq!(of(Method::DELETE).and_then(|change| change.id), None);
    }
}
