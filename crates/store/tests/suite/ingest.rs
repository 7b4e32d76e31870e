//! The ingest log and what teams use of their month.

use super::support::*;
use dregs_store::{Store, TeamId, Usage};
use std::collections::BTreeMap;

on_both!(
    segments_are_read_in_the_order_they_were_appended,
    appending_counts_what_each_team_used,
    trimming_keeps_what_was_counted,
    trimmed_numbers_are_not_used_again,
    a_long_log_is_read_in_pieces,
    any_bytes_survive,
);

fn used(team: &TeamId, month: &str, events: i64) -> Usage {
    Usage { team: team.clone(), month: month.into(), events }
}

async fn append(store: &Store, payload: &[u8]) -> i64 {
    store.append(payload.to_vec(), &[used(&team(), "2026-11", 2)]).await.unwrap()
}

async fn segments_are_read_in_the_order_they_were_appended(store: &Store) {
    assert!(store.read_log(0).await.unwrap().is_empty());
    let (first, second) = (append(store, b"one").await, append(store, b"two").await);
    assert!(0 < first && first < second);
    let read = store.read_log(0).await.unwrap();
    assert_eq!(
        read.iter().map(|held| (held.seq, held.payload.as_slice())).collect::<Vec<_>>(),
        [(first, &b"one"[..]), (second, b"two")]
    );
    assert_eq!(read.iter().map(|held| held.events).sum::<u64>(), store.log_depth().await.unwrap());
    assert_eq!(store.read_log(first).await.unwrap().len(), 1);
    assert!(store.read_log(second).await.unwrap().is_empty());
}

async fn appending_counts_what_each_team_used(store: &Store) {
    assert!(store.usage("2026-11").await.unwrap().is_empty());
    let usage = [used(&team(), "2026-11", 3), used(&other_team(), "2026-11", 1), used(&team(), "2026-12", 9)];
    store.append(vec![1], &usage).await.unwrap();
    store.append(vec![1], &usage[..1]).await.unwrap();
    assert_eq!(store.usage("2026-11").await.unwrap(), BTreeMap::from([(team(), 6), (other_team(), 1)]));
    assert_eq!(store.usage("2026-12").await.unwrap(), BTreeMap::from([(team(), 9)]));
    assert_eq!(store.log_depth().await.unwrap(), 16);
}

async fn trimming_keeps_what_was_counted(store: &Store) {
    let first = append(store, b"one").await;
    let second = store.append(b"two".to_vec(), &[]).await.unwrap();
    store.trim_log(first, store.flush().await.unwrap().unwrap()).await.unwrap();
    assert_eq!(store.read_log(0).await.unwrap().iter().map(|held| held.seq).collect::<Vec<_>>(), [second]);
    assert_eq!(store.usage("2026-11").await.unwrap()[&team()], 2);
}

async fn trimmed_numbers_are_not_used_again(store: &Store) {
    let first = append(store, b"one").await;
    store.trim_log(first, store.flush().await.unwrap().unwrap()).await.unwrap();
    assert_eq!(store.log_depth().await.unwrap(), 0);
    assert!(append(store, b"two").await > first);
}

async fn a_long_log_is_read_in_pieces(store: &Store) {
    for n in 0..70_u8 {
        append(store, &[n]).await;
    }
    let (mut after, mut read) = (0, Vec::new());
    loop {
        let piece = store.read_log(after).await.unwrap();
        let Some(last) = piece.last() else { break };
        after = last.seq;
        read.extend(piece.into_iter().map(|held| held.payload[0]));
    }
    assert_eq!(read, (0..70).collect::<Vec<u8>>());
}

async fn any_bytes_survive(store: &Store) {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    append(store, &bytes).await;
    append(store, b"").await;
    let read = store.read_log(0).await.unwrap();
    assert!(read[0].payload == bytes && read[1].payload.is_empty());
}
