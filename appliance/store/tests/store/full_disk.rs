//! A full disk is a clear end, and nothing acknowledged is lost.

use std::path::Path;

use megh_store::{FatalError, SqlError, Store, StoreError, WriteError};

use crate::support::{NOTES, anna, count, folder, open, steps};
use crate::victim;

/// Gives the victim a file system of its own that goes away with it.
const SMALL_DISK: &str = "mount -t tmpfs -o size=3m small \"$MEGH_STORE_FOLDER\" && exec \"$@\"";

#[test]
fn the_store_dies_clearly_and_comes_back_with_everything() {
    let folder = folder();
    let wrapper = [
        "unshare",
        "--mount",
        "--map-root-user",
        "sh",
        "-ec",
        SMALL_DISK,
        "sh",
    ];
    let output = victim::command("filler", folder.path(), &wrapper).output();
    let output = output.expect("the victim starts");
    let text = output.text();
    assert!(output.exit.is_success(), "{text}\n{}", output.stderr);
    let number = |name: &str| -> i64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name}in {text}"))
            .parse()
            .expect("a number")
    };
    let (acknowledged, kept) = (number("acknowledged "), number("kept "));
    assert!(acknowledged > 5, "{acknowledged}");
    assert!(
        (acknowledged..=acknowledged + 1).contains(&kept),
        "{acknowledged} became {kept}"
    );
}

/// The victim: writes until the disk is full, makes room, and looks again.
pub(crate) async fn fill(folder: &Path) {
    let ballast = folder.join("ballast");
    std::fs::write(&ballast, vec![7; 1 << 20]).expect("ballast");
    let directory = folder.join("store");
    let store = open(&directory).await;
    let mut acknowledged = 0_i64;
    let error = loop {
        match add(&store, acknowledged).await {
            Ok(()) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    let WriteError::Store(StoreError::Fatal(error)) = error else {
        panic!("{error:?}")
    };
    assert!(matches!(error, FatalError::DiskFull { .. }), "{error:?}");
    assert_eq!(store.fatal().await, error);
    let late = add(&store, -1).await;
    assert!(
        matches!(late, Err(WriteError::Store(StoreError::Fatal(_)))),
        "{late:?}"
    );
    println!("acknowledged {acknowledged}");

    std::fs::remove_file(ballast).expect("room again");
    // A dead store cannot be closed in order; dropping it frees its folder.
    let _ = store.close().await;
    drop(store);
    let store = loop {
        match Store::open(&directory, steps(&[NOTES]), Default::default()).await {
            Ok(store) => break store,
            Err(StoreError::Locked { .. }) => tokio::task::yield_now().await,
            Err(error) => panic!("{error:?}"),
        }
    };
    add(&store, -2).await.expect("there is room");
    println!("kept {}", count(&store, "notes").await - 1);
}

async fn add(store: &Store, number: i64) -> Result<(), WriteError<SqlError>> {
    let written = store.write(anna(), move |tx| {
        let row = (number.to_string(), "x".repeat(20_000));
        tx.execute("INSERT INTO notes(id, body) VALUES (?1, ?2)", row)
            .map(drop)
    });
    written.await.map(drop)
}
