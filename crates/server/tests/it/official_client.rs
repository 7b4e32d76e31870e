//! The official Rust client, from its registry and unchanged, drives the real server.

use crate::app::{TestApp, eventually, seen};
use dregs::{
    ApiErrorKind, Category, Client, Event, Group, IdentityUpdate, ItemStream, ListDevices, ListEvents, ListGroups,
    ListIdentities, Order,
};
use dregs_server::config::RunOptions;
use futures_util::TryStreamExt;
use serde_json::json;
use std::time::Duration;

/// Ids that only arrive whole when they are escaped.
const ODD_IDS: [&str; 9] = [
    "ada@example.com",
    "tenant/7",
    "a b?c#d%25",
    "日本語",
    "🦀🔥",
    "a.b..c",
    "...",
    "x+y=z&w;v",
    "\"'<>\\{}|^`~[]:,!*()$",
];

on_both!(
    an_event_with_its_defaults_is_recorded,
    everything_an_event_can_carry_is_read_back,
    the_same_id_sent_again_is_recorded_once,
    events_are_listed_by_every_filter_and_sort,
    an_identity_lives_from_created_to_scored,
    identities_are_listed_by_every_filter_and_sort,
    identities_are_changed,
    ids_that_need_escaping_arrive_whole,
    groups_are_created_read_changed_and_joined,
    devices_are_read_and_disregarded,
    every_kind_of_error_is_told,
    a_client_that_sends_too_fast_is_told_when_to_come_back,
);

async fn all<T>(items: ItemStream<T>) -> Vec<T> {
    items.try_collect().await.unwrap()
}

/// Walks the events a filter finds, in pages of two, and gives their ids in order.
async fn event_ids(client: &Client, filter: ListEvents) -> Vec<String> {
    all(client.events().list_all(filter.page_size(2))).await.into_iter().filter_map(|event| event.id).collect()
}

async fn identity_ids(client: &Client, filter: ListIdentities) -> Vec<String> {
    all(client.identities().list_all(filter.page_size(2)))
        .await
        .into_iter()
        .filter_map(|identity| identity.id)
        .collect()
}

fn sorted(mut ids: Vec<String>) -> Vec<String> {
    ids.sort();
    ids
}

async fn track(client: &Client, event: Event) -> String {
    let result = client.track(event).await.unwrap();
    assert_eq!(result.status.as_deref(), Some("success"));
    result.id.unwrap()
}

async fn an_event_with_its_defaults_is_recorded(app: &mut TestApp) {
    let client = app.client();
    let result = client.track(Event::new("user.signup", "user_1")).await.unwrap();
    assert!(result.accepted());
    assert_eq!((result.status.as_deref(), result.fingerprint), (Some("success"), None));
    let event = client.events().get(&result.id.unwrap()).await.unwrap();
    assert_eq!((event.name.as_deref(), event.source.as_deref()), (Some("user.signup"), Some("rust-sdk")));
    assert_eq!(event.canonical_type.as_deref(), Some("REGISTRATION"));
    assert_eq!(event.identity.unwrap().id.as_deref(), Some("user_1"));
    assert!(event.groups.is_empty() && event.data.is_empty() && event.session.is_none());
}

async fn everything_an_event_can_carry_is_read_back(app: &mut TestApp) {
    let client = app.client();
    track(&client, Event::new("login", "user_1")).await;
    let now = client.identities().get("user_1").await.unwrap().created_at.unwrap();
    let at = now - Duration::from_secs(40 * 86_400);
    let event = Event::new("Order Placed", "user_1")
        .event_id("order-991")
        .data(json!({"plan": "pro", "note": null, "items": [1, 2.5, {"deep": true}], "text": "ünï 👩‍👩‍👧"}))
        .identity_data(json!({"email": "ada@example.com", "name": "Ada Lovelace", "age": null}))
        .group(Group::organization("org_678").data(json!({"name": "Acme Inc"})))
        .group(Group::new("WorkSpace", "7/7"))
        .timestamp(at)
        .source("backfill");
    assert_eq!(track(&client, event).await, "order-991");
    let read = client.events().get("order-991").await.unwrap();
    assert_eq!(read.timestamp.unwrap().timestamp_millis(), at.timestamp_millis());
    assert_eq!(read.source.as_deref(), Some("backfill"));
    assert_eq!(
        json!(read.data),
        json!({"plan": "pro", "note": null, "items": [1, 2.5, {"deep": true}], "text": "ünï 👩‍👩‍👧"})
    );
    let groups: Vec<_> =
        read.groups.iter().map(|group| (group.group_type.as_deref().unwrap(), group.id.as_deref().unwrap())).collect();
    assert_eq!(groups, [("organization", "org_678"), ("work_space", "7/7")]);
    assert_eq!(read.groups[0].label.as_deref(), Some("Acme Inc"));
    let identity = client.identities().get("user_1").await.unwrap();
    assert_eq!(identity.display_name.as_deref(), Some("Ada Lovelace"));
    assert_eq!(identity.display_email.as_deref(), Some("ada@example.com"));
    assert_eq!(json!(identity.data), json!({"email": "ada@example.com", "name": "Ada Lovelace", "age": null}));
    assert_eq!(read.identity.unwrap().label.as_deref(), Some("Ada Lovelace"));
    assert_eq!(client.groups().get("organization", "org_678").await.unwrap().identity_count, Some(1));
}

async fn the_same_id_sent_again_is_recorded_once(app: &mut TestApp) {
    let client = app.client();
    let event = || Event::new("login", "user_1").event_id("e-1").data(json!({"n": 1}));
    for _ in 0..3 {
        assert_eq!(track(&client, event()).await, "e-1");
    }
    app.settle().await;
    assert_eq!(track(&client, Event::new("other", "user_2").event_id("e-1")).await, "e-1");
    app.settle().await;
    let page = client.events().list(ListEvents::new()).await.unwrap();
    assert_eq!((page.total_elements, page[0].name.as_deref()), (1, Some("login")));
    assert_eq!(client.identities().get("user_2").await.unwrap_err().status(), Some(404));
}

async fn events_are_listed_by_every_filter_and_sort(app: &mut TestApp) {
    let client = app.client();
    for n in 0..5 {
        let event = Event::new(format!("name.{}", 4 - n), "alice").event_id(format!("a{n}"));
        track(&client, event.group(Group::new("team", if n < 3 { "red" } else { "blue" }))).await;
    }
    // Of two events in one millisecond neither is the newer.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    track(&client, Event::new("login", "bob").event_id("b0").group(Group::organization("red"))).await;
    let mut on_device = seen("page", Some("bob"), "fp-1", "s-1", "198.51.100.7");
    on_device["id"] = json!("b1");
    on_device["url"] = json!("https://shop.test/Checkout");
    app.track(on_device).await;

    let ids = async |filter: ListEvents| sorted(event_ids(&client, filter).await);
    assert_eq!(ids(ListEvents::new()).await, ["a0", "a1", "a2", "a3", "a4", "b0", "b1"]);
    assert_eq!(ids(ListEvents::new().identity("alice")).await, ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(ids(ListEvents::new().group("red")).await, ["a0", "a1", "a2", "b0"]);
    assert_eq!(ids(ListEvents::new().group_type("Team")).await, ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(ids(ListEvents::new().group("red").group_type("organization")).await, ["b0"]);
    assert_eq!(ids(ListEvents::new().device("fp-1")).await, ["b1"]);
    assert_eq!(ids(ListEvents::new().session("s-1")).await, ["b1"]);
    assert_eq!(ids(ListEvents::new().term("checkout")).await, ["b1"]);
    assert_eq!(ids(ListEvents::new().term("NAME.")).await, ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(ids(ListEvents::new().term("%")).await, [""; 0]);
    assert_eq!(ids(ListEvents::new().identity("alice").group("red").term("name.3")).await, ["a1"]);
    assert_eq!(ids(ListEvents::new().identity("nobody")).await, [""; 0]);

    assert_eq!(event_ids(&client, ListEvents::new()).await[..2], ["b1", "b0"], "newest first");
    let by = async |sort: &str, order: Order| {
        event_ids(&client, ListEvents::new().identity("alice").sort(sort).order(order)).await
    };
    assert_eq!(by("timestamp", Order::Asc).await, ["a0", "a1", "a2", "a3", "a4"]);
    assert_eq!(by("timestamp", Order::Desc).await, ["a4", "a3", "a2", "a1", "a0"]);
    assert_eq!(by("eventName", Order::Asc).await, ["a4", "a3", "a2", "a1", "a0"]);
    assert_eq!(by("eventName", Order::Desc).await, ["a0", "a1", "a2", "a3", "a4"]);

    let page =
        client.events().list(ListEvents::new().page(1).page_size(3).sort("timestamp").order(Order::Asc)).await.unwrap();
    assert_eq!((page.page_number, page.page_size, page.total_pages, page.total_elements), (1, 3, 3, 7));
    assert_eq!((page.first, page.last, page.len()), (false, false, 3));
    let past = client.events().list(ListEvents::new().page(9)).await.unwrap();
    assert!(past.is_empty() && past.last);
}

async fn an_identity_lives_from_created_to_scored(app: &mut TestApp) {
    let client = app.client();
    let data = json!({"email": "ada@gmail.com", "name": "Ada Lovelace", "username": "ada"});
    track(&client, Event::new("user.signup", "ada").identity_data(data)).await;
    app.track(seen("page_view", Some("ada"), "fp-ada", "s-ada", "198.51.100.9")).await;

    let identity = client.identities().get("ada").await.unwrap();
    assert_eq!(identity.display_username.as_deref(), Some("ada"));
    assert!(identity.last_tracked_at.is_some() && identity.last_scored_at >= identity.created_at);
    let scores = client.identities().scores("ada").await.unwrap();
    assert_eq!(scores.authenticity(), identity.authenticity_score);
    for category in [Category::Humanity, Category::Authenticity, Category::Uniqueness, Category::Behavior] {
        assert!(
            scores.get(category).is_some_and(|score| (0..=100).contains(&score.value.unwrap())),
            "{category} in {scores:?}"
        );
    }

    let analysis = client.identities().analysis("ada").await.unwrap();
    assert_eq!(
        (analysis.identity_id.as_deref(), analysis.event_count, analysis.device_count),
        (Some("ada"), Some(2), Some(1))
    );
    assert!(analysis.started_at <= analysis.finished_at && analysis.duration_millis >= Some(0));
    assert_eq!(analysis.scores.humanity(), scores.humanity());
    for seen in analysis.observations() {
        assert!(
            seen.id.as_deref().unwrap().starts_with(&format!("{}.", seen.category.unwrap().as_str().to_lowercase())),
            "{seen:?}"
        );
        assert!((0.0..=1.0).contains(&seen.value.unwrap()) && (0.0..=1.0).contains(&seen.confidence.unwrap()));
        assert!(!seen.explanation.as_deref().unwrap().is_empty() && seen.weight.is_some() && seen.label.is_some());
    }

    client.identities().analyze("ada").await.unwrap();
    app.settle().await;
    let history = client.identities().history("ada", None).await.unwrap();
    assert!(history.len() >= 2, "{history:?}");
    assert!(history.windows(2).all(|pair| pair[0].cycle_id > pair[1].cycle_id), "newest first");
    assert_eq!(client.identities().history("ada", Some(1)).await.unwrap()[0].cycle_id, history[0].cycle_id);
    let first = client.identities().analysis_cycle("ada", history.last().unwrap().cycle_id.unwrap()).await.unwrap();
    assert_eq!(first.id, history.last().unwrap().cycle_id);
    assert_eq!(first.scores.authenticity(), history.last().unwrap().authenticity);
    assert!(client.identities().links("ada").await.unwrap().is_empty());
}

async fn identities_are_listed_by_every_filter_and_sort(app: &mut TestApp) {
    let client = app.client();
    let people = [
        ("u1", "Zoe Young", "carl@mailinator.com"),
        ("u2", "Yan Zhou", "bea@gmail.com"),
        ("u3", "Xi Wang", "ann@gmail.com"),
    ];
    for (id, name, email) in people {
        let data = json!({"name": name, "email": email, "username": format!("nick-{id}")});
        let event = Event::new("user.signup", id).identity_data(data).group(Group::new("team", "red"));
        track(&client, event).await;
        app.settle().await;
    }
    track(&client, Event::new("login", "bare").group(Group::organization("red"))).await;
    app.track(seen("page", Some("u2"), "fp-2", "s-2", "198.51.100.2")).await;

    let ids = async |filter: ListIdentities| sorted(identity_ids(&client, filter).await);
    assert_eq!(ids(ListIdentities::new()).await, ["bare", "u1", "u2", "u3"]);
    assert_eq!(ids(ListIdentities::new().term("GMAIL")).await, ["u2", "u3"]);
    assert_eq!(ids(ListIdentities::new().term("zhou")).await, ["u2"]);
    assert_eq!(ids(ListIdentities::new().term("nick-u3")).await, ["u3"]);
    assert_eq!(ids(ListIdentities::new().term("BARE")).await, ["bare"]);
    assert_eq!(ids(ListIdentities::new().term("_")).await, [""; 0]);
    assert_eq!(ids(ListIdentities::new().group("red")).await, ["bare", "u1", "u2", "u3"]);
    assert_eq!(ids(ListIdentities::new().group("red").group_type("team")).await, ["u1", "u2", "u3"]);
    assert_eq!(ids(ListIdentities::new().group_type("Organization")).await, ["bare"]);
    assert_eq!(ids(ListIdentities::new().device("fp-2")).await, ["u2"]);
    assert_eq!(ids(ListIdentities::new().badge("no-such-badge")).await, [""; 0]);

    assert_eq!(identity_ids(&client, ListIdentities::new()).await[0], "u2", "most recently updated first");
    let by =
        async |sort: &str, order: Order| identity_ids(&client, ListIdentities::new().sort(sort).order(order)).await;
    assert_eq!(by("id", Order::Asc).await, ["bare", "u1", "u2", "u3"]);
    assert_eq!(by("id", Order::Desc).await, ["u3", "u2", "u1", "bare"]);
    assert_eq!(by("displayName", Order::Asc).await, ["u3", "u2", "u1", "bare"], "those without a value come last");
    assert_eq!(by("displayName", Order::Desc).await, ["u1", "u2", "u3", "bare"]);
    assert_eq!(by("displayEmail", Order::Asc).await, ["u3", "u2", "u1", "bare"]);
    assert_eq!(by("displayUsername", Order::Desc).await, ["u3", "u2", "u1", "bare"]);
    assert_eq!(by("createdAt", Order::Asc).await, ["u1", "u2", "u3", "bare"]);
    assert_eq!(by("lastTrackedAt", Order::Desc).await[0], "u2");
    assert_eq!(by("lastScoredAt", Order::Desc).await[0], "u2");
    assert_eq!(by("updatedAt", Order::Desc).await[0], "u2");
    for sort in ["humanityScore", "authenticityScore", "uniquenessScore", "behaviorScore"] {
        for order in [Order::Asc, Order::Desc] {
            assert_sorted_by_score(&client, sort, order).await;
        }
    }
}

async fn assert_sorted_by_score(client: &Client, sort: &str, order: Order) {
    let listed = all(client.identities().list_all(ListIdentities::new().sort(sort).order(order).page_size(2))).await;
    assert_eq!(listed.len(), 4);
    let scores: Vec<Option<i64>> = listed.iter().map(|identity| identity.raw[sort].as_i64()).collect();
    let scored: Vec<i64> = scores.iter().copied().flatten().collect();
    assert!(scores[scored.len()..].iter().all(Option::is_none), "{sort}: those without a score come last: {scores:?}");
    let ascending = order == Order::Asc;
    assert!(
        scored.windows(2).all(|pair| if ascending { pair[0] <= pair[1] } else { pair[0] >= pair[1] }),
        "{sort} {order}: {scores:?}"
    );
}

async fn identities_are_changed(app: &mut TestApp) {
    let client = app.client();
    track(&client, Event::new("login", "u").identity_data(json!({"plan": "free", "name": "Old Name"}))).await;
    let update =
        IdentityUpdate::new().attributes(json!({"plan": "pro", "email": "new@example.com", "name": "New Name"}));
    let changed = client.identities().update("u", update).await.unwrap();
    assert_eq!(changed.display_name.as_deref(), Some("New Name"));
    assert_eq!(changed.display_email.as_deref(), Some("new@example.com"));
    assert_eq!(changed.data["plan"], "pro");
    assert_eq!(identity_ids(&client, ListIdentities::new().term("new@")).await, ["u"]);

    let disregarded = client.identities().update("u", IdentityUpdate::new().disregarded(true)).await.unwrap();
    assert!(disregarded.disregarded && disregarded.data["plan"] == "pro");
    app.settle().await;
    let both = IdentityUpdate::new().disregarded(false).attributes(json!({"plan": null}));
    let back = client.identities().update("u", both).await.unwrap();
    assert!(!back.disregarded && back.data["plan"].is_null() && back.data.contains_key("plan"));
}

async fn ids_that_need_escaping_arrive_whole(app: &mut TestApp) {
    let client = app.client();
    client.groups().create(Group::new("team", "g/1 ü")).await.unwrap();
    for id in ODD_IDS {
        assert_eq!(track(&client, Event::new("login", id).event_id(id)).await, id);
    }
    app.settle().await;
    for id in ODD_IDS {
        assert_eq!(client.identities().get(id).await.unwrap().id.as_deref(), Some(id));
        assert_eq!(client.identities().analysis(id).await.unwrap().identity_id.as_deref(), Some(id));
        client.identities().scores(id).await.unwrap();
        client.identities().history(id, None).await.unwrap();
        client.identities().links(id).await.unwrap();
        client.identities().analyze(id).await.unwrap();
        client.groups().add_member("team", "g/1 ü", id).await.unwrap();
        assert_eq!(client.events().get(id).await.unwrap().identity.unwrap().id.as_deref(), Some(id));
        assert_eq!(event_ids(&client, ListEvents::new().identity(id)).await, [id]);
        assert_eq!(identity_ids(&client, ListIdentities::new().term(id)).await, [id]);
        assert_eq!(all(client.groups().list_all(ListGroups::new().identity(id))).await.len(), 1);
    }
    assert_eq!(client.groups().get("team", "g/1 ü").await.unwrap().identity_count, Some(ODD_IDS.len() as i64));
}

async fn groups_are_created_read_changed_and_joined(app: &mut TestApp) {
    let client = app.client();
    let created = client
        .groups()
        .create(Group::new("ParentCompany", "acme").data(json!({"name": "Acme", "seats": 5})))
        .await
        .unwrap();
    assert_eq!((created.group_type.as_deref(), created.id.as_deref()), (Some("parent_company"), Some("acme")));
    assert_eq!((created.display_name.as_deref(), created.identity_count), (Some("Acme"), Some(0)));
    let again = client.groups().create(Group::new("parent-company", "acme").data(json!({"seats": 6}))).await.unwrap();
    assert_eq!(json!(again.data), json!({"name": "Acme", "seats": 6}), "creating again merges");
    let updated = client.groups().update("ParentCompany", "acme", json!({"plan": "pro"})).await.unwrap();
    assert_eq!(json!(updated.data), json!({"name": "Acme", "seats": 6, "plan": "pro"}));
    for id in ["one", "two"] {
        client.groups().create(Group::organization(id)).await.unwrap();
    }

    track(&client, Event::new("login", "u")).await;
    for _ in 0..2 {
        client.groups().add_member("parent_company", "acme", "u").await.unwrap();
    }
    assert_eq!(client.groups().get("ParentCompany", "acme").await.unwrap().identity_count, Some(1));
    let ids = async |filter: ListGroups| -> Vec<String> {
        let listed = all(client.groups().list_all(filter.page_size(2))).await;
        sorted(listed.into_iter().filter_map(|group| group.id).collect())
    };
    assert_eq!(ids(ListGroups::new()).await, ["acme", "one", "two"]);
    assert_eq!(ids(ListGroups::new().group_type("organization")).await, ["one", "two"]);
    assert_eq!(ids(ListGroups::new().identity("u")).await, ["acme"]);
    assert_eq!(ids(ListGroups::new().term("ACM")).await, ["acme"]);
    for sort in ["updatedAt", "createdAt", "lastTrackedAt", "id", "type", "displayName", "identityCount"] {
        assert_eq!(ids(ListGroups::new().sort(sort).order(Order::Desc)).await.len(), 3, "{sort}");
    }
    let counted = client.groups().list(ListGroups::new().sort("identityCount").order(Order::Desc)).await.unwrap();
    assert_eq!(counted[0].id.as_deref(), Some("acme"));
    assert!(counted.iter().all(|group| group.raw.get("data").is_none()), "lists leave the data out");

    client.groups().remove_member("parent_company", "acme", "u").await.unwrap();
    assert_eq!(client.groups().remove_member("parent_company", "acme", "u").await.unwrap_err().status(), Some(404));
    for (group, identity) in [("acme", "nobody"), ("nothing", "u")] {
        let error = client.groups().add_member("parent_company", group, identity).await.unwrap_err();
        assert_eq!(error.kind(), Some(ApiErrorKind::NotFound));
    }
    assert_eq!(client.groups().update("team", "none", json!({"a": 1})).await.unwrap_err().status(), Some(404));
}

async fn devices_are_read_and_disregarded(app: &mut TestApp) {
    let client = app.client();
    for n in 0..3 {
        app.api
            .track(seen(
                "page",
                Some(&format!("u{n}")),
                &format!("fp-{n}"),
                &format!("s-{n}"),
                &format!("198.51.100.{n}"),
            ))
            .await;
    }
    app.settle().await;
    let device = client.devices().get("fp-1").await.unwrap();
    assert_eq!((device.fingerprint.as_deref(), device.ip.as_deref()), (Some("fp-1"), Some("198.51.100.1")));
    assert!(device.user_agent.unwrap().contains("Firefox") && device.first_seen_at <= device.last_seen_at);
    assert!(!device.disregarded);
    let prints = async |filter: ListDevices| -> Vec<String> {
        let listed = all(client.devices().list_all(filter.page_size(2))).await;
        sorted(listed.into_iter().filter_map(|device| device.fingerprint).collect())
    };
    assert_eq!(prints(ListDevices::new()).await, ["fp-0", "fp-1", "fp-2"]);
    assert_eq!(prints(ListDevices::new().identity("u2")).await, ["fp-2"]);
    assert_eq!(prints(ListDevices::new().term("100.0")).await, ["fp-0"]);
    assert_eq!(prints(ListDevices::new().term("FIREFOX")).await.len(), 3);
    for sort in ["lastSeenAt", "firstSeenAt", "fingerprint", "ip", "userAgent", "country", "countryCode", "city"] {
        assert_eq!(prints(ListDevices::new().sort(sort).order(Order::Asc)).await.len(), 3, "{sort}");
    }
    assert!(client.devices().update("fp-1", true).await.unwrap().disregarded);
    assert!(client.devices().get("fp-1").await.unwrap().disregarded);
    assert!(!client.devices().update("fp-1", false).await.unwrap().disregarded);
    assert_eq!(client.devices().update("fp-none", true).await.unwrap_err().status(), Some(404));
}

async fn every_kind_of_error_is_told(app: &mut TestApp) {
    let client = app.client();
    let error = client.identities().list(ListIdentities::new().sort("shoeSize")).await.unwrap_err();
    assert_eq!(error.kind(), Some(ApiErrorKind::BadRequest));
    let told = error.api_error().unwrap();
    assert!(told.message.contains("shoeSize") && told.message.contains("humanityScore"), "{}", told.message);
    assert!(told.request_id.is_some());
    let long = client.track(Event::new("x".repeat(129), "u")).await.unwrap_err();
    assert_eq!(long.kind(), Some(ApiErrorKind::BadRequest));
    assert!(long.to_string().contains("type"), "{long}");

    let stranger = app.client_with("sk_00000000000000000000000000000000");
    let errors = [
        stranger.track(Event::new("login", "u")).await.unwrap_err(),
        stranger.identities().get("u").await.unwrap_err(),
        stranger.events().list(ListEvents::new()).await.unwrap_err(),
    ];
    assert!(errors.iter().all(|error| error.kind() == Some(ApiErrorKind::Authentication)), "{errors:?}");

    let missing = [
        client.identities().get("nobody").await.unwrap_err(),
        client.identities().scores("nobody").await.unwrap_err(),
        client.identities().analysis("nobody").await.unwrap_err(),
        client.identities().analysis_cycle("nobody", 1).await.unwrap_err(),
        client.identities().history("nobody", None).await.unwrap_err(),
        client.identities().links("nobody").await.unwrap_err(),
        client.identities().analyze("nobody").await.unwrap_err(),
        client.identities().update("nobody", IdentityUpdate::new().disregarded(true)).await.unwrap_err(),
        client.events().get("none").await.unwrap_err(),
        client.groups().get("team", "none").await.unwrap_err(),
        client.devices().get("none").await.unwrap_err(),
    ];
    assert!(missing.iter().all(|error| error.kind() == Some(ApiErrorKind::NotFound)), "{missing:?}");

    track(&client, Event::new("login", "u").event_id("within")).await;
    app.store.set_monthly_event_limit(&app.team.id, Some(1)).await.unwrap();
    app.app().appender.limits_changed();
    eventually("the limit is effective", async || {
        client
            .track(Event::new("login", "u"))
            .await
            .is_err_and(|error| error.kind() == Some(ApiErrorKind::QuotaExceeded))
    })
    .await;
    assert_eq!(
        track(&client, Event::new("login", "u").event_id("within")).await,
        "within",
        "a repetition costs nothing"
    );
    assert!(client.identities().get("u").await.is_ok(), "reading is never limited");
}

async fn a_client_that_sends_too_fast_is_told_when_to_come_back(app: &mut TestApp) {
    app.restart(RunOptions { rate_limit: 2, ..RunOptions::default() }).await;
    let client = app.client();
    let mut limited = None;
    for n in 0..20 {
        match client.track(Event::new("login", format!("u{n}"))).await {
            Ok(result) => assert!(result.accepted()),
            Err(error) => limited = Some(error),
        }
    }
    let limited = limited.expect("twenty events in a moment are too many");
    assert_eq!(limited.kind(), Some(ApiErrorKind::RateLimited));
    assert!(limited.api_error().unwrap().retry_after.is_some_and(|wait| wait >= Duration::from_secs(1)));

    let patient = Client::builder().secret_key(&app.team.keys.secret_key).base_url(app.base_url()).build().unwrap();
    assert!(
        patient.track(Event::new("login", "patient")).await.unwrap().accepted(),
        "with its own retries it gets through"
    );
}
