//! # Stream Operators

use hyperstack_sdk::prelude::*;

use super::my_stack;
use super::page::{lines, printed, run, server, token_server, traded_at};
use my_stack::{PumpfunToken, PumpfunTokenEntity};

/// ## All streams support chainable operators
mod price_alerts {
    use super::*;
    use std::collections::HashSet;

    #[tokio::test]
    async fn the_alerts_of_a_watchlist_are_its_changes_of_price() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(&[("bonk", 100.0), ("wif", 100.0), ("new", 0.0)]).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let watchlist: HashSet<String> = ["bonk", "new"].map(str::to_owned).into();

            let program = async {
                let mut price_alerts = hs
                    .watch_rich::<PumpfunTokenEntity>()
                    .filter(move |u| watchlist.contains(u.key()))
                    .filter_map(|update| match update {
                        RichUpdate::Updated { before, after, .. } => {
                            let prev = before.trading.last_trade_price.flatten().unwrap_or(0.0);
                            let curr = after.trading.last_trade_price.flatten().unwrap_or(0.0);
                            if prev > 0.0 {
                                let pct = (curr - prev) / prev * 100.0;
                                if pct.abs() > 0.1 {
                                    return Some((after.info.name.clone(), pct));
                                }
                            }
                            None
                        }
                        _ => None,
                    });

                while let Some((name, pct)) = price_alerts.next().await {
                    println!("[PRICE] {:?} changed by {:.2}%", name, pct);
                }
            };
            let user = async {
                server.wait_for_subscription("PumpfunToken/list").await;
                server.patch("PumpfunToken", "bonk", traded_at(100.05));
                server.patch("PumpfunToken", "wif", traded_at(300.0));
                server.patch("PumpfunToken", "new", traded_at(10.0));
                server.patch("PumpfunToken", "bonk", traded_at(200.1));
                server.patch("PumpfunToken", "new", traded_at(7.5));
                lines(2).await;
                hs.disconnect().await;
            };
            tokio::join!(program, user);

            assert_eq!(
                printed(),
                [
                    "[PRICE] Some(Some(\"BONK\")) changed by 100.00%",
                    "[PRICE] Some(Some(\"NEW\")) changed by -25.00%",
                ]
            );
            Ok(())
        })
        .await
    }
}

fn price(token: &PumpfunToken) -> f64 {
    token.trading.last_trade_price.flatten().unwrap_or(0.0)
}

const THREE: &[(&str, f64)] = &[("a", 1.0), ("b", 2.0), ("c", 3.0)];

/// ## Available Operators
mod available_operators {
    use super::*;

    #[tokio::test]
    async fn filter_keeps_only_updates_matching_the_predicate() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let stream = hs
                .watch::<PumpfunTokenEntity>()
                .filter(|update| update.data().map(price) != Some(2.0));
            let kept: Vec<_> = stream.take(2).map(Update::into_key).collect().await;
            assert_eq!(kept, ["c", "a"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn filter_map_filters_and_transforms_in_one_step() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let stream = hs.watch::<PumpfunTokenEntity>().filter_map(|update| {
                let price = price(update.data()?);
                (price != 2.0).then(|| format!("{}: {price}", update.key()))
            });
            let kept: Vec<String> = stream.take(2).collect().await;
            assert_eq!(kept, ["c: 3", "a: 1"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn map_transforms_each_update() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let stream = hs.watch::<PumpfunTokenEntity>().map(Update::into_key);
            let keys: Vec<String> = stream.take(3).collect().await;
            assert_eq!(keys, ["c", "b", "a"]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn operators_apply_to_live_updates_and_to_the_first_rows() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut stream = hs
                .watch::<PumpfunTokenEntity>()
                .filter(|update| update.key() == "b")
                .map(|update| update.data().map(price));
            assert_eq!(stream.next().await, Some(Some(2.0)));
            server.patch("PumpfunToken", "a", traded_at(10.0));
            server.patch("PumpfunToken", "b", traded_at(20.0));
            assert_eq!(stream.next().await, Some(Some(20.0)));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn closures_may_keep_state() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut sum = 0.0;
            let mut count = 0;
            let stream = hs
                .watch::<PumpfunTokenEntity>()
                .map(move |update| {
                    sum += update.data().map_or(0.0, price);
                    sum
                })
                .filter(move |_| {
                    count += 1;
                    count != 2
                });
            let sums: Vec<f64> = stream.take(2).collect().await;
            assert_eq!(sums, [3.0, 6.0]);
            Ok(())
        })
        .await
    }
}

/// ## All operators are chainable and return streams that support the same operators
mod chains {
    use super::*;
    use hyperstack_sdk::testing::{Sort, TestServer};
    use my_stack::PumpfunTokenViews;

    /// Asserts that a stream of `Update`s or `RichUpdate`s chains its operators in any order, and that each
    /// chain yields the same as an iterator's.
    macro_rules! assert_chains {
        ($stream:expr) => {{
            let cheap = |update: &_| data(update) < Some(3.0);
            let doubled = |update| update_of(update, |price| price * 2.0);
            let dear = |update| {
                let price = data(&update)?;
                (price > 1.0).then(|| update_of(update, |price| price + 100.0))
            };
            assert_chain!($stream, |s| s.filter(cheap).map(doubled).filter_map(dear));
            assert_chain!($stream, |s| s.filter(cheap).filter_map(dear).map(doubled));
            assert_chain!($stream, |s| s.map(doubled).filter(cheap).filter_map(dear));
            assert_chain!($stream, |s| s.map(doubled).filter_map(dear).filter(cheap));
            assert_chain!($stream, |s| s.filter_map(dear).filter(cheap).map(doubled));
            assert_chain!($stream, |s| s.filter_map(dear).map(doubled).filter(cheap));
            assert_chain!($stream, |s| s
                .map(doubled)
                .map(doubled)
                .filter(|update| data(update) > Some(4.0))
                .filter(|update| data(update) < Some(12.0))
                .filter_map(dear)
                .filter_map(|update| data(&update))
                .map(|price| price.to_string())
                .filter(|price| !price.is_empty())
                .filter_map(|price| price.parse::<f64>().ok()));
        }};
    }

    /// Runs one chain over cached rows.
    macro_rules! assert_chain {
        ($stream:expr, |$source:ident| $chain:expr) => {{
            let plain: Vec<_> = first($stream).await;
            assert!(!plain.is_empty());
            let expected: Vec<_> = {
                let $source = plain.into_iter();
                $chain.collect()
            };
            let $source = $stream;
            let chained: Vec<_> = first($chain).await;
            assert_eq!(chained, expected, "{}", stringify!($chain));
        }};
    }

    /// Returns everything that a stream yields at once, because its rows are cached.
    async fn first<S: StreamExt + Unpin>(mut stream: S) -> Vec<S::Item> {
        let mut items = Vec::new();
        loop {
            tokio::select! {
                biased;
                item = stream.next() => match item {
                    Some(item) => items.push(item),
                    None => return items,
                },
                () = std::future::ready(()) => return items,
            }
        }
    }

    /// The common interface of both kinds of update.
    trait Priced: Sized {
        fn row(&self) -> Option<&PumpfunToken>;
        fn map_row(self, f: impl FnMut(PumpfunToken) -> PumpfunToken) -> Self;
    }

    impl Priced for Update<PumpfunToken> {
        fn row(&self) -> Option<&PumpfunToken> {
            self.data()
        }

        fn map_row(self, f: impl FnMut(PumpfunToken) -> PumpfunToken) -> Self {
            self.map(f)
        }
    }

    impl Priced for RichUpdate<PumpfunToken> {
        fn row(&self) -> Option<&PumpfunToken> {
            match self {
                RichUpdate::Created { data, .. } => Some(data),
                RichUpdate::Updated { after, .. } => Some(after),
                RichUpdate::Deleted { .. } => None,
            }
        }

        fn map_row(self, mut f: impl FnMut(PumpfunToken) -> PumpfunToken) -> Self {
            match self {
                RichUpdate::Created { key, data } => RichUpdate::Created { key, data: f(data) },
                other => other,
            }
        }
    }

    fn data(update: &impl Priced) -> Option<f64> {
        update.row().map(price)
    }

    fn update_of<U: Priced>(update: U, f: impl Fn(f64) -> f64) -> U {
        update.map_row(|mut token| {
            token.trading.last_trade_price = Some(Some(f(price(&token))));
            token
        })
    }

    /// Returns a client that holds three tokens, two of them also by key.
    async fn warm() -> anyhow::Result<(TestServer, HyperStack)> {
        let server = token_server(THREE).await?;
        let hs = HyperStack::connect(server.url()).await?;
        assert_eq!(hs.list::<PumpfunTokenEntity>().await.len(), 3);
        for key in ["a", "b"] {
            assert!(hs
                .watch_key::<PumpfunTokenEntity>(key)
                .next()
                .await
                .is_some());
        }
        Ok((server, hs))
    }

    #[tokio::test]
    async fn on_watch() -> anyhow::Result<()> {
        run(|| async {
            let (_server, hs) = warm().await?;
            assert_chains!(hs.watch::<PumpfunTokenEntity>());
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn on_watch_key() -> anyhow::Result<()> {
        run(|| async {
            let (_server, hs) = warm().await?;
            assert_chains!(hs.watch_key::<PumpfunTokenEntity>("b"));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn on_watch_keys() -> anyhow::Result<()> {
        run(|| async {
            let (_server, hs) = warm().await?;
            assert_chains!(hs.watch_keys::<PumpfunTokenEntity>(&["a", "b"]));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn on_watch_rich() -> anyhow::Result<()> {
        run(|| async {
            let (_server, hs) = warm().await?;
            assert_chains!(hs.watch_rich::<PumpfunTokenEntity>());
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn on_watch_key_rich() -> anyhow::Result<()> {
        run(|| async {
            let (_server, hs) = warm().await?;
            assert_chains!(hs.watch_key_rich::<PumpfunTokenEntity>("b"));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn operators_on_the_views_of_an_entity() -> anyhow::Result<()> {
        run(|| async {
            let (_server, hs) = warm().await?;
            let views = hs.views::<PumpfunTokenViews>();
            assert_chains!(views.list().watch());
            assert_chains!(views.list().watch_rich());
            assert_chains!(views.state().watch("b"));
            assert_chains!(views.state().watch_rich("b"));
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn on_derived_views() -> anyhow::Result<()> {
        run(|| async {
            let server = server()
                .view("PumpfunToken/latest", Sort::desc("_seq"), 1)
                .view(
                    "PumpfunToken/dearest",
                    Sort::desc("trading.last_trade_price"),
                    3,
                )
                .start()
                .await?;
            for (key, price) in THREE {
                server.upsert("PumpfunToken", key, super::super::page::token(key, *price));
            }
            let hs = HyperStack::connect(server.url()).await?;
            let views = hs.views::<PumpfunTokenViews>();
            assert!(views.latest().get().await.is_some());
            assert_eq!(views.dearest().get().await.len(), 3);
            assert_chains!(views.latest().watch());
            assert_chains!(views.latest().watch_rich());
            assert_chains!(views.dearest().watch());
            assert_chains!(views.dearest().watch_rich());
            Ok(())
        })
        .await
    }
}

/// ## The prelude's StreamExt
mod stream_ext {
    use super::*;

    #[tokio::test]
    async fn its_methods_follow_our_operators() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let two = hs
                .watch::<PumpfunTokenEntity>()
                .filter(|update| update.has_data())
                .map(Update::into_key)
                .filter_map(Some)
                .take(2)
                .collect::<Vec<_>>()
                .await;
            assert_eq!(two, ["c", "b"]);
            let rest = hs
                .watch_rich::<PumpfunTokenEntity>()
                .map(|update| update.key().to_owned())
                .skip(1)
                .enumerate()
                .take(2)
                .collect::<Vec<_>>()
                .await;
            assert_eq!(rest, [(0, "b".to_owned()), (1, "a".to_owned())]);
            Ok(())
        })
        .await
    }

    #[tokio::test]
    async fn a_stream_may_be_boxed_and_read_by_reference() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let mut boxed = hs
                .watch::<PumpfunTokenEntity>()
                .filter(|update| update.has_data())
                .map(Update::into_key)
                .boxed();
            let first: Vec<_> = boxed.by_ref().take(1).collect().await;
            let second = boxed.next().await;
            assert_eq!(
                (first, second),
                (vec!["c".to_owned()], Some("b".to_owned()))
            );
            Ok(())
        })
        .await
    }

    fn is_send_and_unpin<S: StreamExt + Send + Unpin + 'static>(_: &S) {}

    #[tokio::test]
    async fn streams_are_send_unpin_and_hold_no_borrow() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            is_send_and_unpin(&hs.watch::<PumpfunTokenEntity>());
            is_send_and_unpin(&hs.watch_key::<PumpfunTokenEntity>("a"));
            is_send_and_unpin(&hs.watch_keys::<PumpfunTokenEntity>(&["a"]));
            is_send_and_unpin(&hs.watch_rich::<PumpfunTokenEntity>());
            is_send_and_unpin(&hs.watch_key_rich::<PumpfunTokenEntity>("a"));
            let marker = "not Unpin".to_owned();
            is_send_and_unpin(
                &hs.watch::<PumpfunTokenEntity>()
                    .filter(|update| update.has_data())
                    .map(move |update| (update, marker.clone()))
                    .filter_map(Some),
            );
            let views = hs.views::<my_stack::OreRoundViews>();
            is_send_and_unpin(&views.latest().watch());
            is_send_and_unpin(&views.richest().watch().map(Update::into_key));
            is_send_and_unpin(&views.list().watch());
            is_send_and_unpin(&views.state().watch("a"));
            Ok(())
        })
        .await
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn streams_may_be_spawned_and_outlive_the_scope_that_made_them() -> anyhow::Result<()> {
        run(|| async {
            let server = token_server(THREE).await?;
            let hs = HyperStack::connect(server.url()).await?;
            let tasks = (0..4).map(|_| {
                let mut stream = hs
                    .watch::<PumpfunTokenEntity>()
                    .filter_map(|update| update.into_data())
                    .map(|token| price(&token));
                tokio::spawn(async move {
                    let mut prices = Vec::new();
                    while let Some(price) = stream.next().await {
                        prices.push(price);
                        if prices.len() == 3 {
                            break;
                        }
                    }
                    prices
                })
            });
            let tasks: Vec<_> = tasks.collect();
            for task in tasks {
                assert_eq!(task.await?, [3.0, 2.0, 1.0]);
            }
            Ok(())
        })
        .await
    }
}
