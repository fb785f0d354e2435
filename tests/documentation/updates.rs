//! # Update Types

use hyperstack_sdk::prelude::*;
use serde_json::{json, Value};

use super::my_stack;
use super::page::{delete, printed, run, token_server, traded_at};
use my_stack::{PumpfunToken, PumpfunTokenEntity};

/// ## Update type
mod update {
    use super::*;

    fn all() -> [Update<u32>; 3] {
        [
            Update::Upsert {
                key: "a".to_owned(),
                data: 1,
            },
            Update::Patch {
                key: "b".to_owned(),
                data: 2,
            },
            Update::Delete {
                key: "c".to_owned(),
            },
        ]
    }

    #[test]
    fn its_variants_and_their_fields_are_the_documented_ones() {
        let parts = all().map(|update| -> (String, Option<u32>) {
            match update {
                Update::Upsert { key, data } => (key, Some(data)),
                Update::Patch { key, data } => (key, Some(data)),
                Update::Delete { key } => (key, None),
            }
        });
        assert_eq!(parts.map(|(_, data)| data), [Some(1), Some(2), None]);
    }

    #[test]
    fn key_gets_the_entity_key() {
        let updates = all();
        let keys: [&str; 3] = updates.each_ref().map(|update| update.key());
        assert_eq!(keys, ["a", "b", "c"]);
    }

    #[test]
    fn data_gets_a_reference_if_not_a_delete() {
        let updates = all();
        let data: [Option<&u32>; 3] = updates.each_ref().map(|update| update.data());
        assert_eq!(data, [Some(&1), Some(&2), None]);
    }

    #[test]
    fn is_delete_is_true_of_a_delete_only() {
        assert_eq!(all().map(|update| update.is_delete()), [false, false, true]);
    }

    #[test]
    fn has_data_is_true_of_all_but_a_delete() {
        assert_eq!(all().map(|update| update.has_data()), [true, true, false]);
    }

    #[test]
    fn into_data_consumes_and_gets_the_data() {
        let data: [Option<u32>; 3] = all().map(|update| update.into_data());
        assert_eq!(data, [Some(1), Some(2), None]);
    }

    #[test]
    fn into_key_consumes_and_gets_the_key() {
        let keys: [String; 3] = all().map(|update| update.into_key());
        assert_eq!(keys, ["a", "b", "c"]);
    }

    #[test]
    fn map_transforms_the_data_and_keeps_the_kind_and_the_key() {
        let mapped: [Update<String>; 3] =
            all().map(|update| update.map(|data| (data * 10).to_string()));
        assert_eq!(
            mapped,
            [
                Update::Upsert {
                    key: "a".to_owned(),
                    data: "10".to_owned(),
                },
                Update::Patch {
                    key: "b".to_owned(),
                    data: "20".to_owned(),
                },
                Update::Delete {
                    key: "c".to_owned(),
                },
            ]
        );
    }

    #[test]
    fn map_takes_a_closure_that_moves_its_captures() {
        let held = String::from("held");
        let [upsert, ..] = all();
        assert_eq!(
            upsert.map(move |_| held).into_data().as_deref(),
            Some("held")
        );
    }

    #[tokio::test]
    async fn a_patch_carries_the_whole_entity_merged() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            let full = stream.next().await.and_then(Update::into_data);
            server.patch("PumpfunToken", "a", traded_at(2.0));
            let Some(Update::Patch { key, data }) = stream.next().await else {
                anyhow::bail!("no patch");
            };
            let mut merged = full.expect("a row");
            merged.trading.last_trade_price = Some(Some(2.0));
            assert_eq!((key.as_str(), data), ("a", merged));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn the_helpers_hold_for_updates_off_the_wire() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch::<PumpfunTokenEntity>();
            let upsert = stream.next().await.expect("an upsert");
            delete(&server, "PumpfunToken", "a");
            let delete = stream.next().await.expect("a delete");

            assert_eq!((upsert.key(), delete.key()), ("a", "a"));
            assert_eq!((upsert.has_data(), delete.has_data()), (true, false));
            assert_eq!((upsert.is_delete(), delete.is_delete()), (false, true));
            assert_eq!(delete.data(), None);
            let name = upsert.map(|token| token.info.name.flatten());
            assert_eq!(name.into_data().flatten().as_deref(), Some("A"));
            assert_eq!(delete.into_key(), "a");
            Ok(())
        })
        .await
    }
}

/// ## RichUpdate type
mod rich_update {
    use super::*;

    /// The key, the data before and after, and the patch, by the documented variants and fields.
    type Parts<T> = (String, Option<T>, Option<T>, Option<Value>);

    fn parts<T>(update: RichUpdate<T>) -> Parts<T> {
        match update {
            RichUpdate::Created { key, data } => (key, None, Some(data), None),
            RichUpdate::Updated {
                key,
                before,
                after,
                patch,
            } => (key, Some(before), Some(after), patch),
            RichUpdate::Deleted { key, last_known } => (key, last_known, None, None),
        }
    }

    #[test]
    fn its_variants_and_their_fields_are_the_documented_ones() {
        let created = RichUpdate::Created {
            key: "a".to_owned(),
            data: 1,
        };
        let updated = RichUpdate::Updated {
            key: "b".to_owned(),
            before: 1,
            after: 2,
            patch: Some(json!({"n": 2})),
        };
        let deleted = RichUpdate::Deleted {
            key: "c".to_owned(),
            last_known: Some(3),
        };
        assert_eq!(parts(created), ("a".to_owned(), None, Some(1), None));
        assert_eq!(
            parts(updated),
            ("b".to_owned(), Some(1), Some(2), Some(json!({"n": 2})))
        );
        assert_eq!(parts(deleted), ("c".to_owned(), Some(3), None, None));
    }

    #[tokio::test]
    async fn a_row_is_created_updated_and_deleted() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch_rich::<PumpfunTokenEntity>();

            let (_, before, row, patch) = parts(stream.next().await.expect("created"));
            assert_eq!((before, patch), (None, None));

            server.patch("PumpfunToken", "a", traded_at(2.0));
            let (_, before, after, _) = parts(stream.next().await.expect("updated"));
            assert_eq!(before, row);
            assert_ne!(after, row);

            delete(&server, "PumpfunToken", "a");
            let (key, last_known, data, patch) = parts(stream.next().await.expect("deleted"));
            assert_eq!((key.as_str(), last_known), ("a", after));
            assert_eq!((data, patch), (None, None));

            server.upsert("PumpfunToken", "a", super::super::page::token("a", 1.0));
            let (_, before, data, _) = parts(stream.next().await.expect("created again"));
            assert_eq!((before, data), (None, row));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn the_patch_is_the_raw_json_of_the_changed_fields() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs.watch_rich::<PumpfunTokenEntity>();
            let _ = stream.next().await;
            server.patch("PumpfunToken", "a", traded_at(2.0));
            let (_, _, _, patch) = parts(stream.next().await.expect("updated"));
            assert_eq!(patch, Some(json!({"trading": {"last_trade_price": 2.0}})));
            server.patch("PumpfunToken", "a", json!({"info": {"name": null}}));
            let (_, _, _, patch) = parts(stream.next().await.expect("updated"));
            assert_eq!(patch, Some(json!({"info": {"name": null}})));
            Ok(())
        })
        .await
    }

    async fn update_by(patch: Value) -> anyhow::Result<RichUpdate<PumpfunToken>> {
        let server = token_server(&[("a", 1.0)]).await?;
        let hs = HyperStack::connect(server.url()).await?;
        let mut stream = hs.watch_rich::<PumpfunTokenEntity>();
        let _ = stream.next().await;
        server.patch("PumpfunToken", "a", patch);
        stream.next().await.ok_or(anyhow::anyhow!("no update"))
    }

    fn look(update: &RichUpdate<PumpfunToken>) {
        if update.has_patch_field("trading") {
            // The trading field was modified
            println!("trading");
        }
        if update.has_patch_field("info") {
            println!("info");
        }
    }

    #[tokio::test]
    async fn has_patch_field_tells_which_fields_were_modified() -> anyhow::Result<()> {
        run(|| async {
            look(&update_by(traded_at(2.0)).await?);
            assert_eq!(printed(), ["trading"]);
            look(&update_by(json!({"info": {"symbol": "AA"}})).await?);
            assert_eq!(printed(), ["trading", "info"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_field_that_was_sent_again_unchanged_was_not_modified() -> anyhow::Result<()> {
        run(|| async {
            let patch = json!({"info": {"name": "A"}, "trading": {"last_trade_price": 2.0}});
            look(&update_by(patch).await?);
            assert_eq!(printed(), ["trading"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_field_that_was_set_to_null_was_modified() -> anyhow::Result<()> {
        run(|| async {
            look(&update_by(json!({"trading": {"last_trade_price": null}})).await?);
            assert_eq!(printed(), ["trading"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_created_row_has_no_patch() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("a", 1.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let created = hs.watch_rich::<PumpfunTokenEntity>().next().await;
            look(&created.expect("a row"));
            assert!(printed().is_empty());
            Ok(())
        })
        .await
    }
}
