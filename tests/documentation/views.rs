//! # Views API

use hyperstack_sdk::prelude::*;
use hyperstack_sdk::testing::{Sort, TestServer};
use serde_json::{json, Value};

use super::my_stack;
use super::page::{arrival, lines, printed, run, server};
use my_stack::{OreRound, OreRoundViews};

fn round(id: u64) -> Value {
    json!({"id": {"round_id": id}, "state": {"motherlode": id as f64 / 2.0}})
}

/// Starts a server with rounds 1 to `rounds`, with the keys `round_1` and so on.
async fn ore_server(rounds: u64) -> anyhow::Result<TestServer> {
    let server = server()
        .entity("OreRound")
        .view("OreRound/latest", Sort::desc("id.round_id"), 1)
        .view("OreRound/richest", Sort::desc("state.motherlode"), 3)
        .start()
        .await?;
    for id in 1..=rounds {
        server.upsert("OreRound", &format!("round_{id}"), round(id));
    }
    Ok(server)
}

fn id(round: &OreRound) -> u64 {
    round.id.round_id
}

/// An update in short form: kind and key.
fn seen(update: Update<OreRound>) -> (&'static str, String) {
    match update {
        Update::Upsert { key, .. } => ("upsert", key),
        Update::Patch { key, .. } => ("patch", key),
        Update::Delete { key } => ("delete", key),
    }
}

fn upsert(key: &str) -> Option<(&'static str, String)> {
    Some(("upsert", key.to_owned()))
}

/// ## A unified interface
mod unified_interface {
    use super::*;

    async fn main(hs: &HyperStack) -> anyhow::Result<Option<OreRound>> {
        // Get a views accessor
        let views = hs.views::<OreRoundViews>();

        // Access derived view (e.g., "latest" round)
        let latest = views.latest().get().await;
        println!("Latest round: {:?}", latest);

        // Access list view
        let all_rounds = views.list().get().await;
        println!("Found {} rounds", all_rounds.len());

        // Access state view by key
        let specific = views.state().get("round_key").await;

        // Watch derived view for updates
        let mut stream = views.latest().watch();
        while let Some(update) = stream.next().await {
            println!("Latest round updated: {:?}", update);
        }

        Ok(specific)
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn the_program_of_the_page_prints_the_documented_output() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(2).await?;
            server.upsert("OreRound", "round_key", round(0));
            let hs = HyperStack::connect(server.url()).await?;
            let user = async {
                // The last line is the round that existed when the stream started.
                lines(3).await;
                server.upsert("OreRound", "round_3", round(3));
                lines(5).await;
                hs.disconnect().await;
                Ok(())
            };
            let (specific, ()) = tokio::try_join!(main(&hs), user)?;

            assert_eq!(specific.as_ref().map(id), Some(0));
            let show = |id: u64| {
                let motherlode = id as f64 / 2.0;
                format!(
                    "OreRound {{ id: OreRoundId {{ round_id: {id} }}, \
                     state: OreRoundState {{ motherlode: Some(Some({motherlode:?})) }} }}"
                )
            };
            assert_eq!(
                printed(),
                [
                    format!("Latest round: Some({})", show(2)),
                    "Found 3 rounds".to_owned(),
                    format!(
                        "Latest round updated: Upsert {{ key: \"round_2\", data: {} }}",
                        show(2)
                    ),
                    format!(
                        "Latest round updated: Upsert {{ key: \"round_3\", data: {} }}",
                        show(3)
                    ),
                    "Latest round updated: Delete { key: \"round_2\" }".to_owned(),
                ]
            );
            Ok(())
        })
        .await
    }
}

/// ## View Types
mod view_types {
    use super::*;

    #[tokio::test]
    async fn state_gets_an_option() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(5).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let views = hs.views::<OreRoundViews>();
            let known: Option<OreRound> = views.state().get("round_4").await;
            assert_eq!(known.as_ref().map(id), Some(4));
            let unknown: Option<OreRound> = views.state().get("round_99").await;
            assert_eq!(unknown, None);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn list_gets_all_rows_the_last_changed_first() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(5).await?;
            server.patch("OreRound", "round_2", json!({"state": {"motherlode": 9.0}}));
            let hs = HyperStack::connect(server.url()).await?;
            let views = hs.views::<OreRoundViews>();
            let rounds: Vec<OreRound> = views.list().get().await;
            assert_eq!(rounds.iter().map(id).collect::<Vec<_>>(), [2, 5, 4, 3, 1]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_derived_single_gets_an_option() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(5).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let latest: Option<OreRound> = hs.views::<OreRoundViews>().latest().get().await;
            assert_eq!(latest.as_ref().map(id), Some(5));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_derived_collection_gets_its_rows_in_its_order() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(5).await?;
            server.patch("OreRound", "round_2", json!({"state": {"motherlode": 9.0}}));
            let hs = HyperStack::connect(server.url()).await?;
            let richest: Vec<OreRound> = hs.views::<OreRoundViews>().richest().get().await;
            assert_eq!(richest.iter().map(id).collect::<Vec<_>>(), [2, 5, 4]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn views_without_rows_are_none_and_empty() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(0).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let views = hs.views::<OreRoundViews>();
            assert_eq!(views.latest().get().await, None);
            assert_eq!(views.richest().get().await, []);
            assert_eq!(views.list().get().await, []);
            assert_eq!(views.state().get("round_1").await, None);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn get_after_an_observed_change_is_up_to_date() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(2).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let views = hs.views::<OreRoundViews>();
            let mut stream = views.latest().watch();
            assert_eq!(stream.next().await.map(seen), upsert("round_2"));
            server.upsert("OreRound", "round_3", round(3));
            assert_eq!(stream.next().await.map(seen), upsert("round_3"));
            assert_eq!(views.latest().get().await.as_ref().map(id), Some(3));
            Ok(())
        })
        .await
    }
}

/// ## All view types support .watch()
mod watching {
    use super::*;

    #[tokio::test]
    async fn state_watches_one_row() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(3).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.views::<OreRoundViews>().state().watch("round_2");
            assert_eq!(stream.next().await.map(seen), upsert("round_2"));
            server.patch("OreRound", "round_3", json!({"state": {"motherlode": 8.0}}));
            server.patch("OreRound", "round_2", json!({"state": {"motherlode": 9.0}}));
            let Some(Update::Patch { key, data }) = stream.next().await else {
                anyhow::bail!("no patch");
            };
            assert_eq!(key, "round_2");
            assert_eq!((id(&data), data.state.motherlode), (2, Some(Some(9.0))));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn list_watches_all_rows() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(2).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.views::<OreRoundViews>().list().watch();
            assert_eq!(stream.next().await.map(seen), upsert("round_2"));
            assert_eq!(stream.next().await.map(seen), upsert("round_1"));
            server.upsert("OreRound", "round_3", round(3));
            let third = stream.next().await.map(seen);
            assert_eq!(third, Some((arrival(), "round_3".to_owned())));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_derived_single_watches_the_row_at_the_front() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(2).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.views::<OreRoundViews>().latest().watch();
            assert_eq!(stream.next().await.map(seen), upsert("round_2"));
            server.patch("OreRound", "round_1", json!({"state": {"motherlode": 8.0}}));
            server.patch("OreRound", "round_2", json!({"state": {"motherlode": 9.0}}));
            let Some(update) = stream.next().await else {
                anyhow::bail!("no update");
            };
            assert_eq!(update.key(), "round_2");
            let motherlode = update.data().and_then(|round| round.state.motherlode);
            assert_eq!(motherlode, Some(Some(9.0)));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_derived_collection_watches_its_window() -> anyhow::Result<()> {
        run(|| async {
            let server = ore_server(4).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.views::<OreRoundViews>().richest().watch();
            for key in ["round_4", "round_3", "round_2"] {
                assert_eq!(stream.next().await.map(seen), upsert(key));
            }
            server.patch("OreRound", "round_1", json!({"state": {"motherlode": 9.0}}));
            assert_eq!(stream.next().await.map(seen), upsert("round_1"));
            let left = stream.next().await.map(seen);
            assert_eq!(left, Some(("delete", "round_2".to_owned())));
            Ok(())
        })
        .await
    }
}
