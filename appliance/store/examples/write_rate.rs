//! Measures acknowledged writes per second of one member, by 1 and by 64
//! writers: `cargo run --release -p megh-store --example write_rate [folder]`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use megh_store::{
    Freshness, Migration, Migrations, Query, SqlError, Store, StoreOptions, WriteContext,
};
use tokio::task::JoinSet;

const TIME: Duration = Duration::from_secs(3);

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let parent = std::env::args_os()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = tempfile::tempdir_in(parent)?;
    let schema = "CREATE TABLE rows(id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT";
    let migrations = Migrations::new(vec![Migration::new(1, "rows", schema)])?;
    let begun = Instant::now();
    let open = || Store::open(folder.path(), migrations.clone(), StoreOptions::default());
    let store = open().await?;
    println!("first start: {:.1?}", begun.elapsed());
    for writers in [1, 64] {
        measure(&store, writers).await?;
    }
    let begun = Instant::now();
    const READS: u32 = 2000;
    for _ in 0..READS {
        store
            .read(Freshness::Linearizable, |conn| {
                conn.query_opt("SELECT body FROM rows WHERE id = 'none'", (), |row| {
                    row.get::<String>(0)
                })
            })
            .await?;
    }
    println!("linearizable read: {:.1?}", begun.elapsed() / READS);
    store.close().await?;
    let begun = Instant::now();
    let store = open().await?;
    println!("next start: {:.1?}", begun.elapsed());
    Ok(store.close().await?)
}

async fn measure(store: &Store, writers: u32) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut running = JoinSet::new();
    for writer in 0..writers {
        running.spawn(write_for_a_while(
            store.clone(),
            format!("{writers}-{writer}"),
            begun,
        ));
    }
    let mut times = Vec::new();
    for written in running.join_all().await {
        times.extend(written?);
    }
    let rate = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let (half, most) = (times[times.len() / 2], times[times.len() * 99 / 100]);
    println!("{writers} writers: {rate:.0} writes/s, median {half:.1?}, 99 % within {most:.1?}");
    Ok(())
}

async fn write_for_a_while(
    store: Store,
    name: String,
    begun: Instant,
) -> Result<Vec<Duration>, Failure> {
    let mut times = Vec::new();
    while begun.elapsed() < TIME {
        let id = format!("{name}-{}", times.len());
        let started = Instant::now();
        let context = WriteContext::new("bench", 1_700_000_000_000);
        let written = store.write(context, move |tx| -> Result<usize, SqlError> {
            tx.execute(
                "INSERT INTO rows(id, body) VALUES (?1, ?2)",
                (&id, "x".repeat(200)),
            )
        });
        written.await?;
        times.push(started.elapsed());
    }
    Ok(times)
}
