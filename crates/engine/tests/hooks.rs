//! Hooks over the real writer's thread: what was written down is told, also by the process that comes after.

use crate::threads::{self, config};
use docket_core::hook::{Delivery, EventId, Hook, HookSecret, HookStatus, Occasion, Outcome, Trouble};
use docket_core::id::{ClientId, Dialect};
use docket_core::key::{ApiKey, Limits};
use docket_core::time::{Millis, Timestamp};
use docket_engine::clock::Clock;
use docket_engine::entropy::Entropy;
use docket_engine::{Engine, NewHook, NewJob, post};
use docket_store::Sqlite;
use futures::StreamExt;
use futures::channel::mpsc;
use futures::executor::block_on;
use futures::future::{Either, select};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::thread::{self, JoinHandle};

/// One life of a coordinator.
fn start(name: &str, clock: &Clock) -> (Arc<Engine>, JoinHandle<()>) {
    let (store, writer) = Sqlite::memory(name).open().expect("a database in memory can be opened");
    let writer = thread::spawn(move || writer.run());
    let engine = Engine::new(store, clock.clone(), Entropy::system(), config());
    block_on(engine.recover()).expect("what was open is taken up");
    engine.ripen_effects();
    (engine, writer)
}

fn client() -> ClientId {
    ClientId("credits:ann".into())
}

fn make(engine: &Engine, occasions: &[Occasion]) -> (Hook, Arc<ApiKey>) {
    let new = NewHook {
        dialect: Dialect::Credits,
        client: client(),
        url: "https://example.com/".into(),
        occasions: occasions.iter().copied().collect(),
        secret: Some(HookSecret("a secret of ann's".into())),
        key: None,
    };
    let hook = block_on(engine.create_hook(new)).expect("it is stored").expect("it is new");
    let key = block_on(engine.create_key(client(), "".into(), Limits::default()));
    let (_, key) = key.expect("a key is made");
    (hook, Arc::new(key))
}

/// Lets the post run until one delivery was sent and what came of it is written down; answers with the delivery.
fn hear(engine: &Arc<Engine>, outcome: Outcome) -> Delivery {
    let (sender, mut told) = mpsc::unbounded();
    let send = |_: Arc<Hook>, delivery: Arc<Delivery>| {
        sender.unbounded_send((*delivery).clone()).expect("the test listens");
        std::future::ready(Some(outcome))
    };
    let heard = async {
        let delivery = told.next().await.expect("it is sent");
        let known = async || engine.store().delivery(delivery.id).await.expect("it can be read");
        while known().await.is_some_and(|row| row.delivery == delivery) {
            let mut yielded = false;
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
        delivery
    };
    match block_on(select(pin!(heard), pin!(post::run(engine.clone(), send)))) {
        Either::Left((delivery, _)) => delivery,
        Either::Right(_) => panic!("the post never ends"),
    }
}

#[test]
fn what_happened_before_a_crash_is_told_after_it() {
    let (name, clock) = ("hooks-crash", Clock::manual(Timestamp(1)));
    let _alive = Sqlite::memory(name).keep_alive().unwrap();
    let (engine, writer) = start(name, &clock);
    let (hook, key) = make(&engine, &[Occasion::Submitted]);
    let job = NewJob { client: client(), key_id: Some(key.id), ..threads::new_job(&engine, 0, 99) };
    let submitted = block_on(engine.submit(job)).unwrap();
    assert_eq!(engine.waiting_hooks(), 1, "nobody sends anything here");
    drop(engine);
    writer.join().unwrap();

    let (engine, writer) = start(name, &clock);
    let failed = hear(&engine, Outcome::Unheard(Trouble::TimedOut));
    assert_eq!(failed.id, EventId::of(hook.id, &submitted.id, Occasion::Submitted));
    drop(engine);
    writer.join().unwrap();

    clock.advance(Millis::seconds(5));
    let (engine, _) = start(name, &clock);
    let told = hear(&engine, Outcome::Answered(200));
    assert_eq!((told.id, told.attempts), (failed.id, 1));
    assert_eq!(block_on(engine.store().waiting_hooks()).unwrap(), []);
}

#[test]
fn a_hook_that_wants_to_hear_nothing_more_keeps_its_secret() {
    let clock = Clock::manual(Timestamp(1));
    let (engine, _writer) = start("hooks-gone", &clock);
    let (hook, _) = make(&engine, &[Occasion::Submitted]);
    let rotate =
        || block_on(engine.rotate_hook(&client(), hook.id, Dialect::Credits, None)).unwrap().unwrap();
    let rotated = rotate();
    assert_eq!(rotated.secret.as_ref(), Some(&rotated.hook.secret));
    block_on(engine.ping_hook(hook.id)).unwrap();
    hear(&engine, Outcome::Answered(410));
    // What is known of the hook in memory may be from before that, for a moment; what is written is not.
    let gone = rotate();
    assert_eq!((gone.hook.status, gone.secret), (HookStatus::Disabled, None));
    assert_eq!(gone.hook.secret, rotated.hook.secret);
    let stored = block_on(engine.store().hook(hook.id)).unwrap();
    assert_eq!(stored, Some(gone.hook));
}
