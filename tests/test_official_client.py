"""The official Python client, as published, drives the server: synchronous and asynchronous, on both databases.

One specification serves both clients: `Settled` puts a blocking face on the asynchronous one.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from dregs import (
    AsyncDregs,
    AuthenticationError,
    BadRequestError,
    Category,
    Dregs,
    DregsConnectionError,
    NotFoundError,
    PermissionDeniedError,
    QuotaExceededError,
    RateLimitError,
)
from support import Postgres, Server, eventually, free_port, serving

CATEGORIES = {"HUMANITY", "AUTHENTICITY", "UNIQUENESS", "BEHAVIOR"}
ODD_IDS = [
    "ada@example.com",
    "tenant/7",
    "a b+c&d=e?f#g",
    "100%25",
    "../identities",
    ".",
    "..",
    "Ünïcode-名前-🦊",
    "quote\"'back\\slash",
    "semi;colon,comma",
    "<script>alert(1)</script>",
]


class Settled:
    """The asynchronous client behind a blocking face; what it iterates is collected."""

    def __init__(self, held: Any, loop: asyncio.AbstractEventLoop) -> None:
        self._held = held
        self._loop = loop

    def __getattr__(self, name: str) -> Any:
        held = getattr(self._held, name)
        if not callable(held):
            return Settled(held, self._loop)

        def call(*arguments: Any, **settings: Any) -> Any:
            result = held(*arguments, **settings)
            return self._loop.run_until_complete(collect(result) if hasattr(result, "__aiter__") else result)

        return call


async def collect(items: Any) -> list[Any]:
    return [item async for item in items]


@pytest.fixture(scope="module", params=["sync", "async"])
def make_client(request: pytest.FixtureRequest, server: Server) -> Iterator[Callable[..., Any]]:
    """Makes clients of one kind for the module's server, or for another."""
    loop = asyncio.new_event_loop()
    made: list[Any] = []

    def make(of: Server = server, **settings: Any) -> Any:
        settings = {"secret_key": of.keys["secretKey"], "base_url": of.base_url, **settings}
        made.append(Dregs(**settings) if request.param == "sync" else Settled(AsyncDregs(**settings), loop))
        return made[-1]

    yield make
    for client in made:
        client.close() if request.param == "sync" else client.aclose()
    loop.close()


@pytest.fixture(scope="module")
def client(make_client: Callable[..., Any]) -> Any:
    return make_client()


@pytest.fixture
def new_id() -> str:
    return f"user-{uuid.uuid4().hex[:12]}"


def scored(client: Any, identity: str, seconds: float = 5.0) -> Any:
    """The identity's scores, as soon as it has some."""
    return eventually(lambda: exists(lambda: client.identities.scores(identity)), f"scores of {identity}", seconds)


def exists(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except NotFoundError:
        return None


def device(seed: str, browser: str = "Chrome") -> dict[str, Any]:
    """A device as the tracker describes it; another seed is another device."""
    return {
        "fingerprint": "0" * 32,
        "signals": {
            "v": 1,
            "platform": "Win32",
            "vendor": "Google Inc.",
            "timezone": "Europe/Berlin",
            "languages": ["de-DE", "de"],
            "hardwareConcurrency": 8,
            "touchPoints": 0,
            "mathHash": "06e49cd2d978906c01ab0cb41601a126",
            "userAgent": f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) {browser}/140.0.0.0 Safari/537.36",
            "screen": {"width": 1920, "height": 1080, "depth": 24, "pixelRatio": "1"},
            "canvas": {"geometry": uuid.uuid5(uuid.NAMESPACE_URL, seed).hex, "text": seed, "state": "ok", "winding": True},
        },
    }


# Tracking


def test_a_tracked_event_is_read_back_as_it_was_sent(client: Any, new_id: str) -> None:
    result = client.track("user.signup", identity=new_id, data={"plan": "pro", "seats": 3, "trial": True, "price": 9.5})

    assert result.status == "success" and result.accepted and result.fingerprint is None
    event = client.events.get(result.id)
    assert event.id == result.id
    assert event.name == "user.signup" and event.canonical_type == "REGISTRATION" and event.source == "python-sdk"
    assert event.data == {"plan": "pro", "seats": 3, "trial": True, "price": 9.5}
    assert event.identity.id == new_id and event.identity.label == new_id and event.identity.path == f"/api/identities/{new_id}"
    assert event.groups == () and event.session is None and event.url is None and event.fingerprint is None
    assert abs(datetime.now(timezone.utc) - event.timestamp) < timedelta(minutes=1)


def test_an_unmapped_name_is_kept_and_has_no_canonical_type(client: Any, new_id: str) -> None:
    result = client.track("zebra.painted", identity=new_id, source="backoffice")
    event = client.events.get(result.id)
    assert event.name == "zebra.painted" and event.canonical_type is None and event.source == "backoffice"


def test_the_same_id_again_is_the_original_event_and_is_recorded_once(client: Any, new_id: str) -> None:
    own = f"order-{new_id}"
    first = client.track("purchase", identity=new_id, event_id=own, data={"amount": 10})
    again = client.track("purchase", identity=new_id, event_id=own, data={"amount": 99})
    client.events.get(own)
    later = client.track("refund", identity=f"{new_id}-other", event_id=own)

    assert first.id == again.id == later.id == own
    assert [event.id for event in client.events.list_all(identity=new_id)] == [own]
    assert client.events.get(own).data == {"amount": 10}
    with pytest.raises(NotFoundError):
        client.identities.get(f"{new_id}-other")


def test_the_same_id_at_the_same_moment_is_recorded_once(server: Server, new_id: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        tracked = [
            pool.submit(server.client().track, "login", identity=new_id, event_id=f"at-once-{new_id}", data={"n": n}) for n in range(16)
        ]
        assert {each.result().id for each in tracked} == {f"at-once-{new_id}"}
    assert server.client().events.list(identity=new_id).total_elements == 1


def test_identity_data_is_merged_and_gives_name_and_email(client: Any, new_id: str) -> None:
    client.track("signup", identity=new_id, identity_data={"email": f"{new_id}@example.com", "fullName": "Ada Lovelace", "plan": "free"})
    client.track("upgrade", identity=new_id, identity_data={"plan": "pro", "username": "ada"})

    def merged() -> Any:
        identity = exists(lambda: client.identities.get(new_id))
        return identity if identity and identity.data.get("plan") == "pro" else None

    identity = eventually(merged, "the second event's data")
    assert identity.id == new_id
    assert identity.display_name == "Ada Lovelace"
    assert identity.display_email == f"{new_id}@example.com"
    assert identity.display_username == "ada"
    assert identity.data == {"email": f"{new_id}@example.com", "fullName": "Ada Lovelace", "plan": "pro", "username": "ada"}
    assert not identity.disregarded
    assert identity.created_at <= identity.updated_at and identity.last_tracked_at is not None


def test_a_past_timestamp_is_kept_and_a_future_one_is_now(client: Any, new_id: str) -> None:
    past = datetime(2024, 2, 29, 12, 30, 15, 250_000, tzinfo=timezone.utc)
    elsewhere = datetime(2024, 3, 1, 1, 0, tzinfo=timezone(timedelta(hours=2)))
    naive = datetime(2024, 3, 2, 8, 0)
    ids = [client.track("login", identity=new_id, timestamp=moment).id for moment in (past, elsewhere, naive)]
    future = client.track("login", identity=new_id, timestamp=datetime.now(timezone.utc) + timedelta(days=400)).id

    assert [client.events.get(id).timestamp for id in ids] == [past, elsewhere, naive.replace(tzinfo=timezone.utc)]
    assert abs(client.events.get(future).timestamp - datetime.now(timezone.utc)) < timedelta(minutes=1)
    eventually(lambda: [event.id for event in client.events.list_all(identity=new_id)] == [future, *reversed(ids)], "newest first")


def test_null_values_are_accepted_everywhere(client: Any, new_id: str) -> None:
    result = client.track(
        "checkout", identity=new_id, data={"coupon": None, "cart": [None, 1], "nested": {"none": None}}, identity_data={"phone": None}
    )
    assert result.accepted
    assert client.events.get(result.id).data == {"coupon": None, "cart": [None, 1], "nested": {"none": None}}
    assert client.identities.get(new_id).data.get("phone") is None


def test_passwords_are_redacted_before_they_are_stored(client: Any, new_id: str) -> None:
    result = client.track("signup", identity=new_id, data={"password": "hunter2-a", "form": {"newPassword": "hunter2-b"}}, identity_data={"password": "hunter2-c"})
    event, identity = client.events.get(result.id), client.identities.get(new_id)
    assert event.data == {"password": "[redacted]", "form": {"newPassword": "[redacted]"}}
    assert "hunter2" not in repr(event.raw) + repr(identity.raw)


def test_groups_are_made_and_joined_by_events(client: Any, new_id: str) -> None:
    team, organization = f"team/{new_id}", f"org {new_id}"
    result = client.track(
        "login",
        identity=new_id,
        groups=[{"type": "Sales Team", "id": team, "data": {"name": "North", "size": 4}}, {"id": organization}],
    )
    event = client.events.get(result.id)
    assert {(group.type, group.id) for group in event.groups} == {("sales_team", team), ("organization", organization)}
    assert {group.label for group in event.groups} == {"North", organization}

    group = client.groups.get("sales_team", team)
    assert (group.type, group.id, group.display_name, group.identity_count) == ("sales_team", team, "North", 1)
    assert group.data == {"name": "North", "size": 4} and group.last_tracked_at is not None
    assert client.groups.get("organization", organization).data == {}
    assert {group.id for group in client.groups.list_all(identity=new_id)} == {team, organization}
    assert [identity.id for identity in client.identities.list_all(group=team, group_type="sales_team")] == [new_id]


# Reading what was concluded


def test_a_new_identity_is_scored_within_seconds(client: Any, new_id: str) -> None:
    started = time.monotonic()
    client.track("signup", identity=new_id, identity_data={"email": f"{new_id}@mailinator.com", "name": "asdf asdf"})
    assert isinstance(client.identities.scores(new_id).items, tuple)
    scores = scored(client, new_id)
    print(f"scored {time.monotonic() - started:.2f} s after track")

    assert all(0 <= score.value <= 100 for score in scores)
    assert scores.authenticity is not None and scores.authenticity < 50
    assert client.identities.get(new_id).authenticity_score == scores.authenticity


def test_an_analysis_explains_every_score(client: Any, new_id: str) -> None:
    client.track("signup", identity=new_id, identity_data={"email": f"{new_id}@mailinator.com", "name": "Ada Lovelace"})
    scores = scored(client, new_id)
    analysis = client.identities.analysis(new_id)

    assert analysis.identity_id == new_id and isinstance(analysis.id, int)
    assert analysis.event_count == 1 and analysis.device_count == 0
    assert analysis.duration_millis >= 0 and analysis.started_at <= analysis.finished_at
    assert {score.category: score.value for score in analysis.scores} == {score.category: score.value for score in scores}
    assert all(score.observations for score in analysis.scores)
    for observation in (observation for score in analysis.scores for observation in score.observations):
        assert observation.category in set(Category) and observation.id.startswith(f"{observation.category.value.lower()}.")
        assert observation.label and observation.explanation
        assert 0 <= observation.value <= 1 and 0 <= observation.confidence <= 1 and observation.weight > 0
    assert client.identities.analysis(new_id, analysis.id).raw == analysis.raw
    with pytest.raises(NotFoundError):
        client.identities.analysis(new_id, 1)


def test_history_is_newest_first_and_analyze_adds_to_it(client: Any, new_id: str) -> None:
    client.track("signup", identity=new_id, identity_data={"email": f"{new_id}@example.com"})
    scored(client, new_id)
    before = client.identities.history(new_id)
    assert client.identities.analyze(new_id) is None
    history = eventually(lambda: (now := client.identities.history(new_id)) and len(now) > len(before) and now, "another cycle")

    assert [entry.cycle_id for entry in history][-len(before):] == [entry.cycle_id for entry in before]
    assert [entry.finished_at for entry in history] == sorted((entry.finished_at for entry in history), reverse=True)
    assert history[0].event_count == 1 and history[0].authenticity is not None
    assert [entry.cycle_id for entry in client.identities.history(new_id, limit=1)] == [history[0].cycle_id]
    assert client.identities.analysis(new_id, history[-1].cycle_id).id == history[-1].cycle_id


def test_identities_on_one_device_are_linked_until_one_is_disregarded(client: Any, server: Server, new_id: str) -> None:
    first, second = f"{new_id}-1", f"{new_id}-2"
    shared = device(f"shared-{new_id}")
    # An address of its own: others at the same one would be links as well.
    ip = f"2001:db8:{new_id[-8:-4]}:{new_id[-4:]}::1"
    for id in (first, second):
        sent = {"type": "signup", "identity": {"id": id, "data": {"name": f"Person {id}"}}, "device": shared, "ip": ip}
        answer = server.send(sent)
    fingerprint = answer["fingerprint"]
    assert fingerprint != shared["fingerprint"], "a claimed fingerprint is recomputed"

    def linked(identity: str) -> Any:
        return eventually(lambda: exists(lambda: client.identities.links(identity)), f"links of {identity}")

    link = next(link for link in linked(first) if link.type == "SAME_DEVICE")
    assert link.identity_id == second and link.display_name == f"Person {second}"
    assert 0 < link.value <= 1 and 0 < link.confidence <= 1 and link.explanation and link.created_at is not None
    assert {link.identity_id for link in linked(second)} == {first}
    assert [held.fingerprint for held in client.devices.list_all(identity=first)] == [fingerprint]

    eventually(lambda: client.identities.scores(first).uniqueness < 50, "the link costs uniqueness")
    scored_before = client.identities.scores(first).uniqueness
    disregarded = client.identities.update(second, disregarded=True)
    assert disregarded.disregarded and client.identities.get(second).disregarded
    eventually(lambda: client.identities.links(first) == [], "the link is gone")
    eventually(lambda: (client.identities.scores(first).uniqueness or 100) > scored_before, "uniqueness recovers")
    assert client.identities.links(second) == [], "nor has a disregarded identity links of its own"

    assert not client.identities.update(second, disregarded=False).disregarded
    eventually(lambda: {link.identity_id for link in client.identities.links(first)} == {second}, "the link is back")


def test_a_disregarded_device_links_nobody(client: Any, server: Server, new_id: str) -> None:
    shared = device(f"kiosk-{new_id}")
    for number in range(2):
        fingerprint = server.send({"type": "login", "identity": {"id": f"{new_id}-{number}"}, "device": shared})["fingerprint"]
    eventually(lambda: exists(lambda: client.identities.links(f"{new_id}-0")), "a link")

    assert client.devices.update(fingerprint, disregarded=True).disregarded
    assert client.devices.get(fingerprint).disregarded
    eventually(lambda: client.identities.links(f"{new_id}-0") == [], "the link is gone")
    assert not client.devices.update(fingerprint, disregarded=False).disregarded
    eventually(lambda: client.identities.links(f"{new_id}-0"), "the link is back")


def test_a_disregarded_identity_is_not_scored(client: Any, new_id: str) -> None:
    client.track("signup", identity=new_id, identity_data={"email": f"{new_id}@example.com"})
    scored(client, new_id)
    client.identities.update(new_id, disregarded=True)
    cycles = len(client.identities.history(new_id))
    event = client.track("login", identity=new_id).id
    assert client.events.get(event).identity.id == new_id
    time.sleep(0.5)
    assert len(client.identities.history(new_id)) == cycles


def test_attributes_are_merged_by_update(client: Any, new_id: str) -> None:
    client.track("signup", identity=new_id, identity_data={"name": "Ada", "plan": "free"})
    updated = client.identities.update(new_id, attributes={"plan": "pro", "email": "ada@example.com"})
    assert updated.data == {"name": "Ada", "plan": "pro", "email": "ada@example.com"}
    assert updated.display_name == "Ada" and updated.display_email == "ada@example.com"
    assert client.identities.get(new_id).data == updated.data


def test_a_device_is_described(client: Any, server: Server, new_id: str) -> None:
    sent = {"type": "page", "identity": {"id": new_id}, "device": device(new_id), "session": f"s-{new_id}", "url": "https://shop.example/a", "ip": "8.8.8.8"}
    sent["userAgent"] = sent["device"]["signals"]["userAgent"]
    fingerprint = server.send(sent)["fingerprint"]

    held = eventually(lambda: exists(lambda: client.devices.get(fingerprint)), "the device")
    assert held.fingerprint == fingerprint and held.ip == "8.8.8.8" and held.timezone == "Europe/Berlin"
    assert "Chrome/140" in held.user_agent and (held.country, held.country_code) == ("United States", "US")
    assert not held.disregarded and held.first_seen_at <= held.last_seen_at
    event = client.events.list(identity=new_id)[0]
    assert (event.fingerprint, event.session, event.url, event.ip) == (fingerprint, f"s-{new_id}", "https://shop.example/a", "8.8.8.8")


# Groups


def test_groups_are_created_merged_and_left(client: Any, new_id: str) -> None:
    group = f"acme {new_id}"
    client.track("login", identity=new_id)
    created = client.groups.create(group, attributes={"name": "Acme", "plan": "free"})
    assert (created.type, created.id, created.display_name, created.identity_count) == ("organization", group, "Acme", 0)
    assert client.groups.create(group, attributes={"plan": "pro"}).data == {"name": "Acme", "plan": "pro"}
    assert client.groups.update("organization", group, {"seats": 5}).data == {"name": "Acme", "plan": "pro", "seats": 5}
    assert client.groups.create(group, group_type="Work Space").type == "work_space"

    for _ in range(2):
        assert client.groups.add_member("organization", group, new_id) is None
    assert client.groups.get("organization", group).identity_count == 1
    assert [identity.id for identity in client.identities.list_all(group=group)] == [new_id]
    client.groups.remove_member("organization", group, new_id)
    assert client.groups.get("organization", group).identity_count == 0
    for call in (
        lambda: client.groups.remove_member("organization", "nobody", new_id),
        lambda: client.groups.add_member("organization", "nobody", new_id),
        lambda: client.groups.add_member("organization", group, "nobody"),
        lambda: client.groups.update("organization", "nobody", {"a": 1}),
        lambda: client.groups.get("planet", group),
    ):
        with pytest.raises(NotFoundError):
            call()


# Lists


PEOPLE = 23
PAGE = 5


@pytest.fixture(scope="module")
def crowd(server: Server) -> str:
    """Identities, groups, devices and events whose every text contains the word that is returned."""
    word = f"crowd{uuid.uuid4().hex[:8]}"
    start = datetime(2025, 1, 1, tzinfo=timezone.utc)
    events = []
    for n in range(PEOPLE):
        # Names and numbers run against each other, so that no two sorts give the same order.
        domain = "mailinator.com" if n % 3 == 0 else "example.com"
        data = {"email": f"{word}-{(n * 7) % PEOPLE:02}@{domain}", "name": f"{word} {(n * 5) % PEOPLE:02} Miller"}
        if n % 4:
            data["username"] = f"{word}_{(n * 11) % PEOPLE:02}"
        events.append(
            {
                "id": f"{word}-{n:02}",
                "type": f"{word}.{'even' if n % 2 == 0 else 'odd'}",
                "timestamp": (start + timedelta(minutes=(n * 13) % PEOPLE)).isoformat(),
                "identity": {"id": f"{word}/{n:02}", "data": data},
                "groups": [
                    {"type": f"{word}_team", "id": f"{word}-{n % 8}", "data": {"name": f"{word} Team {(n % 8 * 3) % 8}"}},
                    {"id": f"{word}-all"},
                ],
                "device": device(f"{word}{n % 12}", browser=f"{word}{n % 12:02}"),
                "session": f"{word}-{n % 6}",
                "ip": f"198.51.100.{n % 12 + 1}",
                "userAgent": f"Mozilla/5.0 {word} {n % 12:02}",
                "url": f"https://shop.example/{word}/{n}",
            }
        )
    assert [result["id"] for result in server.send(events)] == [event["id"] for event in events]
    client = server.client()
    eventually(lambda: all(identity.scores for identity in client.identities.list_all(term=word)), "everyone is scored")
    return word


def check_sorts(listing: Any, fields: dict[str, Callable[[Any], Any]], count: int, **filters: Any) -> None:
    """Every sort, both ways, over more than one page: nothing missing, nothing twice, what has no value last."""
    everything = None
    for field, value in fields.items():
        for order in ("asc", "desc"):
            found = list(listing.list_all(sort=field, order=order, page_size=PAGE, **filters))
            keys = [(item.raw.get("type"), item.raw.get("id") or item.raw["fingerprint"]) for item in found]
            assert len(keys) == len(set(keys)) == count, f"{field} {order}"
            assert everything in (None, set(keys))
            everything = set(keys)
            values = [value(item) for item in found]
            held = [value for value in values if value is not None]
            assert values[: len(held)] == held, f"{field} {order}: what has no value comes last"
            assert held == sorted(held, reverse=order == "desc"), f"{field} {order}"
        assert [item.raw for item in listing.list_all(sort=field, page_size=PAGE, **filters)] == [
            item.raw for item in listing.list_all(sort=field, order="asc", page_size=PAGE, **filters)
        ]
    with pytest.raises(BadRequestError, match=next(iter(fields))):
        listing.list(sort="shoeSize")


def check_pages(listing: Any, count: int, **filters: Any) -> None:
    pages = [listing.list(page=number, page_size=PAGE, **filters) for number in range(-(-count // PAGE))]
    for number, page in enumerate(pages):
        last = number == len(pages) - 1
        assert (page.page_number, page.page_size, page.total_pages, page.total_elements) == (number, PAGE, len(pages), count)
        assert (page.first, page.last, page.has_next) == (number == 0, last, not last)
        assert len(page) == page.raw["numberOfElements"] == (PAGE if not last else count - PAGE * number)
    assert [item.raw for page in pages for item in page] == [item.raw for item in listing.list_all(page_size=PAGE, **filters)]
    beyond = listing.list(page=len(pages) + 5, page_size=PAGE, **filters)
    assert len(beyond) == 0 and beyond.total_elements == count and not beyond.has_next
    assert listing.list(page_size=1000, **filters).page_size == 100
    assert listing.list(**filters).page_size == 25
    with pytest.raises(BadRequestError, match="pageSize"):
        listing.list(page_size=0, **filters)


def test_identities_are_sorted_by_every_field(client: Any, crowd: str) -> None:
    fields = {
        "updatedAt": lambda identity: identity.updated_at,
        "createdAt": lambda identity: identity.created_at,
        "lastTrackedAt": lambda identity: identity.last_tracked_at,
        "lastScoredAt": lambda identity: identity.last_scored_at,
        "id": lambda identity: identity.id,
        "displayName": lambda identity: identity.display_name,
        "displayEmail": lambda identity: identity.display_email,
        "displayUsername": lambda identity: identity.display_username,
        "humanityScore": lambda identity: identity.humanity_score,
        "authenticityScore": lambda identity: identity.authenticity_score,
        "uniquenessScore": lambda identity: identity.uniqueness_score,
        "behaviorScore": lambda identity: identity.behavior_score,
    }
    check_sorts(client.identities, fields, PEOPLE, term=crowd)


def test_identities_are_filtered_and_paged(client: Any, server: Server, crowd: str) -> None:
    check_pages(client.identities, PEOPLE, term=crowd)
    by = lambda **filters: {identity.id for identity in client.identities.list_all(page_size=PAGE, **filters)}  # noqa: E731
    everyone = {f"{crowd}/{n:02}" for n in range(PEOPLE)}
    fingerprint = client.events.get(f"{crowd}-00").fingerprint

    assert everyone <= by()
    assert by(group=f"{crowd}-all") == by(group=f"{crowd}-all", group_type="organization") == by(group_type=f"{crowd}_team") == everyone
    assert by(group_type=f"{crowd} Team") == everyone, "a type is normalized"
    assert by(group=f"{crowd}-3") == by(group=f"{crowd}-3", group_type=f"{crowd}_team") == {f"{crowd}/{n:02}" for n in (3, 11, 19)}
    assert by(group=f"{crowd}-3", group_type="organization") == set()
    assert by(device=fingerprint) == {f"{crowd}/00", f"{crowd}/12"}
    assert by(device=fingerprint, group=f"{crowd}-4") == {f"{crowd}/12"}, "filters combine"
    assert by(badge="nobody-has-this") == by(term=f"{crowd}%") == by(term=f"{crowd}-__@") == set()
    assert by(term=f"{crowd}/07") == {f"{crowd}/07"}
    assert by(term=f"{crowd.upper()}-07@EXAMPLE.COM") == {f"{crowd}/01"}, "by e-mail, without regard to case"
    assert by(term=f"{crowd} 05 mil") == {f"{crowd}/01"}, "by name"
    assert by(term=f"{crowd}_11") == {f"{crowd}/01"}, "by username"

    badges = {badge.slug for identity in client.identities.list_all(term=crowd) for badge in identity.badges}
    for slug in badges:
        holders = {identity.id for identity in client.identities.list_all(term=crowd) if slug in {b.slug for b in identity.badges}}
        assert by(term=crowd, badge=slug) == holders


def test_identities_are_filtered_by_score_range(client: Any, server: Server, crowd: str) -> None:
    scores = {identity.id: identity.authenticity_score for identity in client.identities.list_all(term=crowd)}
    middle = sorted(scores.values())[PEOPLE // 2]

    def by(**filters: Any) -> set[str]:
        answer = server.request("GET", "/identities", params={"term": crowd, "pageSize": 100, **filters})
        assert answer.status_code == 200, answer.text
        return {identity["id"] for identity in answer.json()["content"]}

    assert by(minAuthenticity=middle) == {id for id, score in scores.items() if score >= middle}
    assert by(maxAuthenticity=middle - 1) == {id for id, score in scores.items() if score < middle}
    assert by(minAuthenticity=middle, maxAuthenticity=middle) == {id for id, score in scores.items() if score == middle}
    assert by(disregarded="true") == set() and by(disregarded="false") == set(scores)


def test_events_are_sorted_by_every_field(client: Any, crowd: str) -> None:
    check_sorts(client.events, {"timestamp": lambda event: event.timestamp, "eventName": lambda event: event.name}, PEOPLE, term=crowd)


def test_events_are_filtered_and_paged_newest_first(client: Any, crowd: str) -> None:
    check_pages(client.events, PEOPLE, term=crowd)
    by = lambda **filters: {event.id for event in client.events.list_all(page_size=PAGE, **filters)}  # noqa: E731
    everything = {f"{crowd}-{n:02}" for n in range(PEOPLE)}
    times = [event.timestamp for event in client.events.list_all(term=crowd, page_size=PAGE)]

    assert times == sorted(times, reverse=True)
    assert everything <= by()
    assert by(identity=f"{crowd}/04") == {f"{crowd}-04"}
    assert by(group=f"{crowd}-all") == by(group_type=f"{crowd}_team") == everything
    assert by(group=f"{crowd}-3", group_type=f"{crowd}_team") == {f"{crowd}-{n:02}" for n in (3, 11, 19)}
    assert by(group=f"{crowd}-3", group_type="organization") == set()
    assert by(session=f"{crowd}-2") == {f"{crowd}-{n:02}" for n in range(2, PEOPLE, 6)}
    fingerprint = client.events.get(f"{crowd}-05").fingerprint
    assert by(device=fingerprint) == {f"{crowd}-05", f"{crowd}-17"}
    assert by(device=fingerprint, session=f"{crowd}-5", group=f"{crowd}-1") == {f"{crowd}-17"}, "filters combine"
    assert by(term=f"{crowd}.EVEN") == {f"{crowd}-{n:02}" for n in range(0, PEOPLE, 2)}
    assert by(identity="nobody") == by(term=f"{crowd}%") == set()


def test_devices_are_sorted_by_every_field(client: Any, crowd: str) -> None:
    fields = {
        "lastSeenAt": lambda device: device.last_seen_at,
        "firstSeenAt": lambda device: device.first_seen_at,
        "fingerprint": lambda device: device.fingerprint,
        "ip": lambda device: device.ip,
        "userAgent": lambda device: device.user_agent,
        "country": lambda device: device.country_code,
        "countryCode": lambda device: device.country_code,
        "city": lambda device: device.city,
    }
    check_sorts(client.devices, fields, 12, term=crowd)


def test_devices_are_filtered_and_paged_most_recently_seen_first(client: Any, server: Server, crowd: str) -> None:
    check_pages(client.devices, 12, term=crowd)
    seen = [device.last_seen_at for device in client.devices.list_all(term=crowd)]
    assert seen == sorted(seen, reverse=True)
    fingerprint = client.events.get(f"{crowd}-05").fingerprint
    assert [held.fingerprint for held in client.devices.list_all(identity=f"{crowd}/05")] == [fingerprint]
    assert [held.fingerprint for held in client.devices.list_all(term=fingerprint)] == [fingerprint]
    assert client.devices.list(identity="nobody").total_elements == 0
    # A public key reads this list, and nothing else.
    public = server.keys["publicKey"]
    assert server.request("GET", f"/devices?term={crowd}", key=public).json()["totalElements"] == 12
    for path in (f"/devices/{fingerprint}", "/identities", "/events", "/groups", f"/identities/{crowd}%2F01/scores"):
        assert server.request("GET", path, key=public).status_code == 403, path


def test_groups_are_sorted_by_every_field(client: Any, crowd: str) -> None:
    fields = {
        "updatedAt": lambda group: group.updated_at,
        "createdAt": lambda group: group.created_at,
        "lastTrackedAt": lambda group: group.last_tracked_at,
        "id": lambda group: group.id,
        "type": lambda group: group.type,
        "displayName": lambda group: group.display_name,
        "identityCount": lambda group: group.identity_count,
    }
    check_sorts(client.groups, fields, 9, term=crowd)


def test_groups_are_filtered_and_paged_without_their_data(client: Any, crowd: str) -> None:
    check_pages(client.groups, 9, term=crowd)
    by = lambda **filters: {group.id for group in client.groups.list_all(page_size=PAGE, **filters)}  # noqa: E731
    teams = {f"{crowd}-{n}" for n in range(8)}
    assert by(group_type=f"{crowd}_team") == by(group_type=f"{crowd} Team") == teams
    assert by(identity=f"{crowd}/09") == {f"{crowd}-1", f"{crowd}-all"}
    assert by(identity=f"{crowd}/09", group_type="organization") == {f"{crowd}-all"}
    assert by(term=f"{crowd.upper()} TEAM 3") == {f"{crowd}-1"}
    assert all("data" not in group.raw for group in client.groups.list(term=crowd))


# Ids


@pytest.mark.parametrize("odd", ODD_IDS)
def test_ids_are_escaped(client: Any, odd: str) -> None:
    # Dot segments alone are taken apart by every HTTP client before a server sees them; with a prefix they are ids.
    identity = f"odd {uuid.uuid4().hex[:6]} {odd}"
    event = f"{uuid.uuid4().hex[:6]} {odd}"
    tracked = client.track("login", identity=identity, event_id=event, groups=[{"type": "team", "id": identity}])

    assert tracked.id == event
    read = client.events.get(event)
    assert read.id == event and read.identity.id == identity and read.groups[0].id == identity
    assert client.identities.get(identity).id == identity
    scored(client, identity)
    assert client.identities.analysis(identity).identity_id == identity
    assert client.identities.history(identity) and client.identities.links(identity) == []
    assert client.identities.analyze(identity) is None
    assert client.identities.update(identity, attributes={"seen": True}).data == {"seen": True}
    assert client.groups.get("team", identity).identity_count == 1
    client.groups.add_member("team", identity, identity)
    client.groups.remove_member("team", identity, identity)
    assert [found.id for found in client.events.list_all(identity=identity)] == [event]
    assert [found.id for found in client.identities.list_all(term=identity)] == [identity]


def test_long_ids_are_refused_with_their_field_named(client: Any) -> None:
    longest = "x" * 256
    assert client.track("login", identity=longest).accepted
    assert client.identities.get(longest).id == longest
    with pytest.raises(BadRequestError, match="identity"):
        client.track("login", identity="x" * 257)


# Errors


def test_a_malformed_event_is_a_bad_request_that_names_the_field(make_client: Callable[..., Any], server: Server, new_id: str) -> None:
    client = make_client(max_retries=0)
    with pytest.raises(BadRequestError) as caught:
        client.track("t" * 129, identity=new_id)
    error = caught.value
    assert error.status_code == 400 and "type" in error.message and error.request_id
    assert set(error.body) >= {"timestamp", "status", "error", "message"} and error.body["status"] == 400
    assert exists(lambda: client.identities.get(new_id)) is None

    for call, field in (
        (lambda: client.identities.list(sort="shoeSize"), "sort"),
        (lambda: client.track("login", identity=new_id, groups=[{"type": "a b", "id": 1}, {"type": "a_b", "id": 2}]), "groups"),
        (lambda: client.identities.history(new_id, limit=0), "limit"),
    ):
        with pytest.raises(BadRequestError, match=field):
            call()


def test_an_unknown_key_is_an_authentication_error(make_client: Callable[..., Any], server: Server) -> None:
    for key in ("sk_unknown", "sk_" + "x" * 40, "not a key"):
        client = make_client(secret_key=key, max_retries=0)
        for call in (lambda: client.track("login", identity="someone"), lambda: client.identities.list()):
            with pytest.raises(AuthenticationError) as caught:
                call()
            assert caught.value.status_code == 401 and caught.value.request_id


def test_a_revoked_key_is_an_authentication_error_at_once(make_client: Callable[..., Any], server: Server) -> None:
    made = server.request("POST", "/credentials", json={"name": "short-lived"}).json()
    client = make_client(secret_key=made["secretKey"], max_retries=0)
    assert client.track("login", identity="someone").accepted
    assert server.request("DELETE", f"/credentials/{made['id']}").status_code == 204
    with pytest.raises(AuthenticationError):
        client.track("login", identity="someone")


def test_what_is_not_there_is_not_found(client: Any, new_id: str) -> None:
    for call in (
        lambda: client.identities.get(new_id),
        lambda: client.identities.scores(new_id),
        lambda: client.identities.analysis(new_id),
        lambda: client.identities.analysis(new_id, 7),
        lambda: client.identities.history(new_id),
        lambda: client.identities.links(new_id),
        lambda: client.identities.analyze(new_id),
        lambda: client.identities.update(new_id, disregarded=True),
        lambda: client.events.get(new_id),
        lambda: client.devices.get(new_id),
        lambda: client.devices.update(new_id, disregarded=True),
        lambda: client.groups.get("team", new_id),
    ):
        with pytest.raises(NotFoundError) as caught:
            call()
        assert caught.value.status_code == 404 and caught.value.message


def test_a_public_key_may_not_read(server: Server) -> None:
    client = Dregs("sk_placeholder", base_url=server.base_url, max_retries=0)
    client._secret_key = server.keys["publicKey"]
    with pytest.raises(PermissionDeniedError):
        client.identities.list()
    client.close()


def test_over_the_rate_limit_is_an_error_with_a_time_to_wait_and_a_retry_passes(
    make_client: Callable[..., Any], database: Callable[[], str | None], tmp_path: Path
) -> None:
    with serving(tmp_path, database=database(), options=["--rate-limit", "5"]) as server:
        hasty, patient = make_client(server, max_retries=0), make_client(server)
        with pytest.raises(RateLimitError) as caught:
            for n in range(50):
                hasty.track("login", identity="hasty", event_id=f"hasty-{n}")
        assert caught.value.status_code == 429 and 1 <= caught.value.retry_after <= 2
        assert 5 <= n <= 20
        assert patient.track("login", identity="patient").accepted, "the client waits as long as it is told"
        # Reading is not limited, and nothing that was refused is recorded.
        eventually(lambda: patient.events.list(identity="hasty").total_elements == n, "what was accepted is listed")


def test_over_the_monthly_limit_is_a_quota_error(
    make_client: Callable[..., Any], database: Callable[[], str | None], request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    server = Server(tmp_path, database=database()).start()
    server.stop()
    limit = "update teams set monthly_event_limit = 3"
    if server.database:
        postgres: Postgres = request.getfixturevalue("postgres")
        postgres.sql(limit, server.database.rsplit("/", 1)[1])
    else:
        import sqlite3

        with sqlite3.connect(server.data / "dregs.db") as store:
            store.execute(limit)
        store.close()

    server.start()
    client = make_client(server, max_retries=0)
    for n in range(3):
        assert client.track("login", identity="someone", event_id=f"e{n}").accepted
    with pytest.raises(QuotaExceededError) as caught:
        client.track("login", identity="someone", event_id="e3")
    assert caught.value.status_code == 402 and caught.value.message
    assert client.track("login", identity="someone", event_id="e0").id == "e0", "a repetition costs nothing"
    eventually(lambda: {event.id for event in client.events.list_all()} == {"e0", "e1", "e2"}, "what was accepted is listed")
    server.stop()


def test_an_unreachable_server_is_a_connection_error(make_client: Callable[..., Any]) -> None:
    client = make_client(base_url=f"http://127.0.0.1:{free_port()}/api", max_retries=0)
    with pytest.raises(DregsConnectionError):
        client.track("login", identity="someone")


def test_escalations_are_opened_listed_and_worked_on(client: Any, server: Server, new_id: str) -> None:
    client.track("login", identity=new_id, identity_data={"name": "Anna Virtanen"})
    eventually(lambda: client.identities.scores(new_id), "the identity is scored")
    rule = {"name": f"about {new_id}", "severity": "INFO", "conditions": [{"type": "SCORE_GTE", "category": "ANY", "threshold": 0}]}
    made = server.request("POST", "/escalation-rules", json=rule).json()
    listed = eventually(lambda: list(client.escalations.list_all(rule=int(made["id"]), identity=new_id)), "it is opened")
    found = listed[0]
    assert (found.status, found.severity, found.identity.id, found.rule.label) == ("OPEN", "INFO", new_id, rule["name"])
    assert found.scores and found.opened_at and found.closed_at is None
    for status in ("acknowledged", "closed"):
        before = getattr(client.escalations.summary(), status)
        assert client.escalations.update(found.id, status=status).status == status.upper()
        assert getattr(client.escalations.summary(), status) == before + 1
    assert client.escalations.get(found.id).closed_at is not None
    server.request("DELETE", f"/escalation-rules/{made['id']}")


def test_a_review_is_written(client: Any, new_id: str) -> None:
    client.track("login", identity=new_id, identity_data={"name": "Anna Virtanen"})
    eventually(lambda: client.identities.scores(new_id), "the identity is scored")
    asked = client.identities.review(new_id, feedback="a real customer")
    assert (asked.status, asked.feedback) == ("PENDING", "a real customer")
    review = eventually(lambda: next(iter(r for r in client.identities.reviews(new_id) if r.status == "FINISHED"), None), "it is written")
    assert review.id == asked.id and "authenticity" in review.summary
