//! Attacks on passwords, simulated: how many guesses get through, and that the people whose passwords they are stay in.

use crate::api::Answer;
use crate::app::TestApp;
use dregs_server::clock::Clock;
use dregs_server::config::RunOptions;
use dregs_store::{ACCOUNT, ADDRESS, INVITING, PAIR};
use futures_util::future::join_all;
use hyper::Method;
use serde_json::{Value, json};

on_both!(
    days_of_guessing_get_few_guesses_and_lock_nobody_out,
    an_unknown_address_is_refused_like_a_known_one,
    one_network_tries_few_passwords_at_many_accounts,
    many_guesses_at_once_are_no_more_guesses,
    the_wait_is_said_and_survives_a_restart,
    who_is_given_another_password_need_not_wait,
    a_stolen_session_guesses_no_better,
    guessed_tokens_are_bounded,
    invitations_are_bounded_by_the_hour,
);

const START_MS: i64 = 1_800_000_000_000;
const MINUTE_MS: i64 = 60_000;

/// Restarts the server with a clock that stands still, behind a proxy that says who connects.
async fn at(app: &mut TestApp, now_ms: i64) -> Clock {
    let clock = Clock::manual(now_ms);
    let options = RunOptions { trusted_proxies: vec!["127.0.0.1".parse().unwrap()], ..RunOptions::default() };
    app.restart_at(options, clock.clone()).await;
    clock
}

async fn post_from(app: &TestApp, ip: &str, path: &str, body: &Value) -> Answer {
    let headers = [("content-type", "application/json"), ("x-forwarded-for", ip)];
    app.nobody().send(Method::POST, path, &headers, body.to_string()).await
}

async fn log_in_from(app: &TestApp, ip: &str, email: &str, password: &str) -> Answer {
    post_from(app, ip, "/auth/login", &json!({"email": email, "password": password})).await
}

async fn guess(app: &TestApp, ip: &str, email: &str) -> bool {
    let answer = log_in_from(app, ip, email, "a guess that is wrong").await;
    assert!(answer.status == 401 || answer.status == 429, "{}", answer.text);
    answer.status == 401
}

async fn days_of_guessing_get_few_guesses_and_lock_nobody_out(app: &mut TestApp) {
    let clock = at(app, START_MS).await;
    let (email, password) = (app.team.keys.email.clone(), app.team.keys.password.clone());
    log_in_from(app, "203.0.113.7", &email, &password).await.expect(200);
    let attackers: Vec<String> = (0..12).map(|n| format!("198.51.{n}.1")).collect();
    let (mut guesses, mut busiest_hour) = (0, 0);
    for hour in 0..72 {
        let mut in_hour = 0;
        for quarter in 0..4 {
            let now_ms = START_MS + (hour * 60 + quarter * 15) * MINUTE_MS;
            clock.set(now_ms);
            for ip in &attackers[..6 + (hour as usize % 6)] {
                in_hour += i64::from(guess(app, ip, &email).await);
            }
        }
        guesses += in_hour;
        busiest_hour = busiest_hour.max(in_hour);
        if hour % 24 == 12 {
            assert!(guess(app, "203.0.113.99", &email).await, "one slip at home");
            log_in_from(app, "203.0.113.7", &email, &password).await.expect(200);
        }
    }
    assert!(busiest_hour <= ACCOUNT.free + 10, "{busiest_hour} guesses in an hour");
    assert!(guesses <= ACCOUNT.stubborn, "{guesses} guesses in three days");
    let stranger = log_in_from(app, "192.0.2.1", &email, &password).await;
    assert!(stranger.error(429).contains("too many failed attempts: try again in"), "{}", stranger.text);
}

async fn an_unknown_address_is_refused_like_a_known_one(app: &mut TestApp) {
    let clock = at(app, START_MS).await;
    let known = app.team.keys.email.clone();
    let mut said = Vec::new();
    for (email, networks) in [(known.as_str(), "198.51"), ("nobody@a.test", "203.0")] {
        let mut answers = Vec::new();
        for n in 0..60 {
            clock.set(START_MS + n * 20_000);
            let answer = log_in_from(app, &format!("{networks}.{}.1", n % 5), email, "a guess that is wrong").await;
            let wait = answer.header("retry-after").map(str::to_owned);
            answers.push((answer.status, answer.json["message"].clone(), wait));
        }
        clock.set(START_MS);
        said.push(answers);
    }
    assert_eq!(said[0], said[1]);
    assert!(said[0].iter().any(|(status, ..)| *status == 429) && said[0].iter().any(|(status, ..)| *status == 401));
}

async fn one_network_tries_few_passwords_at_many_accounts(app: &mut TestApp) {
    let clock = at(app, START_MS).await;
    let mut guesses = 0;
    for n in 0..120 {
        clock.set(START_MS + n * 1_000);
        // Neighbours are one network.
        guesses += i64::from(guess(app, &format!("198.51.100.{n}"), &format!("someone{n}@a.test")).await);
    }
    assert!((ADDRESS.free..ADDRESS.free + 5).contains(&guesses), "{guesses}");
    assert!(guess(app, "203.0.113.1", "someone119@a.test").await, "another network is not concerned");
}

async fn many_guesses_at_once_are_no_more_guesses(app: &mut TestApp) {
    at(app, START_MS).await;
    let email = app.team.keys.email.clone();
    let answers = join_all((0..40).map(|_| log_in_from(app, "198.51.100.1", &email, "a guess that is wrong"))).await;
    let of = |status: u16| answers.iter().filter(|answer| answer.status == status).count() as i64;
    assert_eq!((of(401), of(429) + of(503)), (PAIR.free, 40 - PAIR.free));
}

async fn the_wait_is_said_and_survives_a_restart(app: &mut TestApp) {
    let clock = at(app, START_MS).await;
    let (email, password) = (app.team.keys.email.clone(), app.team.keys.password.clone());
    for _ in 0..PAIR.free {
        assert!(guess(app, "198.51.100.1", &email).await);
    }
    clock.set(START_MS + 10_500);
    let refused = log_in_from(app, "198.51.100.1", &email, &password).await;
    assert_eq!(refused.error(429), "too many failed attempts: try again in 20 seconds");
    assert_eq!(refused.header("retry-after"), Some("20"));
    let clock = at(app, START_MS + 29_999).await;
    assert_eq!(log_in_from(app, "198.51.100.1", &email, &password).await.header("retry-after"), Some("1"));
    clock.set(START_MS + 30_000);
    log_in_from(app, "198.51.100.1", &email, &password).await.expect(200);
    assert!(guess(app, "198.51.100.1", &email).await, "all is forgiven");
}

async fn who_is_given_another_password_need_not_wait(app: &mut TestApp) {
    at(app, START_MS).await;
    let email = app.team.keys.email.clone();
    while guess(app, "198.51.100.1", &email).await {}
    let members = app.api.get("/team/members").await.expect(200);
    let path = format!("/team/members/{}/actions/reset-password", members[0]["id"].as_str().unwrap());
    let made = app.api.post(&path, &json!({})).await.expect(201);
    let body = json!({"token": made["token"], "password": "three odd socks"});
    post_from(app, "198.51.100.1", "/auth/password/reset", &body).await.expect(204);
    log_in_from(app, "198.51.100.1", &email, "three odd socks").await.expect(200);
}

async fn a_stolen_session_guesses_no_better(app: &mut TestApp) {
    at(app, START_MS).await;
    let (email, password) = (app.team.keys.email.clone(), app.team.keys.password.clone());
    let session = log_in_from(app, "203.0.113.7", &email, &password).await.expect(200);
    let session = app.with(session["token"].as_str().unwrap());
    let body = json!({"currentPassword": "a guess that is wrong", "newPassword": "long enough now"});
    for _ in 0..PAIR.free {
        session.post("/auth/password", &body).await.error(403);
    }
    assert!(session.post("/auth/password", &body).await.error(429).contains("30 seconds"));
}

async fn guessed_tokens_are_bounded(app: &mut TestApp) {
    at(app, START_MS).await;
    let made =
        app.api.post("/team/invitations", &json!({"email": "ann@example.org", "role": "USER"})).await.expect(201);
    let paths = ["/auth/invitations/look-up", "/auth/invitations/accept", "/auth/password/reset"];
    for n in 0..ADDRESS.free {
        let body = json!({"token": format!("inv_{n}"), "password": "long enough now"});
        post_from(app, "198.51.100.1", paths[n as usize % 3], &body).await.error(404);
    }
    for path in paths {
        let body = json!({"token": made["token"], "password": "long enough now"});
        post_from(app, "198.51.100.1", path, &body).await.error(429);
    }
    post_from(app, "203.0.113.1", paths[0], &json!({"token": made["token"]})).await.expect(200);
}

async fn invitations_are_bounded_by_the_hour(app: &mut TestApp) {
    at(app, START_MS).await;
    let invite = async || app.api.post("/team/invitations", &json!({"email": "ann@example.org", "role": "USER"})).await;
    for _ in 0..INVITING.free {
        invite().await.expect(201);
    }
    assert!(invite().await.error(429).contains("invited too many people"));
}
