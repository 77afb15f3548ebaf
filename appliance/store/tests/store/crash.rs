//! Killed at any moment, the store has lost nothing that it acknowledged.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use megh_store::{Freshness, Migration, Query, SqlError, Store, Tx};

use crate::support::{anna, eager, steps};
use crate::victim;

const ROUNDS: u64 = 8;
const CLICKERS: i64 = 6;

/// One row per click beside the counters, so that a change applied twice or
/// by half shows.
const CLICKS: Migration = Migration::new(
    1,
    "clicks",
    "CREATE TABLE counters(clicker INTEGER PRIMARY KEY, value INTEGER NOT NULL) STRICT;
     CREATE TABLE clicks(clicker INTEGER NOT NULL, value INTEGER NOT NULL,
       PRIMARY KEY(clicker, value)) STRICT, WITHOUT ROWID;",
);

#[tokio::test]
async fn no_acknowledged_write_is_lost() {
    let folder = tempfile::tempdir().expect("a folder on a disk");
    let mut dice = Dice(0x5eed);
    let mut acknowledged = BTreeMap::new();
    for round in 0..ROUNDS {
        let printed = folder.path().join(format!("acknowledged-{round}"));
        let store = folder.path().join("store");
        let mut clicker = victim::command("clicker", &store, &[])
            .stdout_file(&printed)
            .spawn()
            .expect("the victim starts");
        wait_for_first(&printed);
        std::thread::sleep(Duration::from_millis(dice.below(150)));
        clicker.kill();

        let before: i64 = acknowledged.values().sum();
        note_acknowledged(&printed, &mut acknowledged);
        assert!(
            acknowledged.values().sum::<i64>() > before,
            "round {round} wrote"
        );
        check(&store, &acknowledged, round).await;
    }
}

/// The victim: several tasks that click and print what was acknowledged.
pub(crate) async fn click_for_ever(folder: &Path) {
    let store = open(folder).await;
    let clickers = (0..CLICKERS).map(|clicker| tokio::spawn(click(store.clone(), clicker)));
    for clicker in clickers.collect::<Vec<_>>() {
        clicker.await.expect("clicks until it is killed");
    }
}

async fn click(store: Store, clicker: i64) {
    loop {
        let clicked = store.write(anna(), move |tx| add_click(tx, clicker)).await;
        let value = clicked.expect("the click counts").value;
        println!("acknowledged {clicker} {value}");
    }
}

fn add_click(tx: &Tx<'_>, clicker: i64) -> Result<i64, SqlError> {
    let sql = "SELECT value FROM counters WHERE clicker = ?1";
    let before: Option<i64> = tx.query_opt(sql, (clicker,), |row| row.get(0))?;
    let value = before.unwrap_or(0) + 1;
    let sql = "INSERT OR REPLACE INTO counters(clicker, value) VALUES (?1, ?2)";
    tx.execute(sql, (clicker, value))?;
    let sql = "INSERT INTO clicks(clicker, value) VALUES (?1, ?2)";
    tx.execute(sql, (clicker, value))?;
    Ok(value)
}

async fn open(folder: &Path) -> Store {
    let opened = Store::open(folder, steps(&[CLICKS]), eager()).await;
    opened.expect("the store opens")
}

async fn check(folder: &Path, acknowledged: &BTreeMap<i64, i64>, round: u64) {
    let store = open(folder).await;
    let sql = "SELECT clicker, value,
                 (SELECT count(*) FROM clicks WHERE clicks.clicker = counters.clicker) AS rows,
                 (SELECT max(value) FROM clicks WHERE clicks.clicker = counters.clicker) AS last
               FROM counters";
    let rows = store
        .read(Freshness::Linearizable, move |conn| {
            conn.query(sql, (), |row| {
                let clicker: i64 = row.get("clicker")?;
                let numbers: (i64, i64, i64) =
                    (row.get("value")?, row.get("rows")?, row.get("last")?);
                Ok((clicker, numbers))
            })
        })
        .await
        .expect("readable");
    let kept: BTreeMap<i64, (i64, i64, i64)> = rows.into_iter().collect();
    for (clicker, acknowledged) in acknowledged {
        let (value, rows, last) = kept[clicker];
        assert!(
            value >= *acknowledged,
            "round {round}: lost {clicker}: {value} < {acknowledged}"
        );
        assert_eq!(
            (rows, last),
            (value, value),
            "round {round}: {clicker} is whole"
        );
    }
    store.close().await.expect("closed");
}

fn wait_for_first(printed: &Path) {
    let begun = Instant::now();
    while begun.elapsed() < Duration::from_secs(120) {
        let text = std::fs::read_to_string(printed).unwrap_or_default();
        if text.contains("acknowledged") {
            return;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    panic!("the victim wrote nothing");
}

/// Takes the whole lines; the last may be cut by the kill.
fn note_acknowledged(printed: &Path, acknowledged: &mut BTreeMap<i64, i64>) {
    let text = std::fs::read_to_string(printed).expect("printed");
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        let words: Vec<&str> = line.split(' ').collect();
        if let ["acknowledged", clicker, value] = words[..] {
            let (clicker, value) = (clicker.parse(), value.parse());
            acknowledged.insert(clicker.expect("a number"), value.expect("a number"));
        }
    }
}

/// Numbers that are the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
