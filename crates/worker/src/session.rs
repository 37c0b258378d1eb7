//! One connection, from its registration to its end: frames in, frames out, signs of life.

use crate::connection::Socket;
use crate::event::Event;
use crate::outbox::Outbox;
use crate::worker::{Worker, now_ms};
use docket_protocol::frames::{
    FromCoordinator, FromWorker, Heartbeat, RegisterAck, decode_from_coordinator, encode,
};
use futures::StreamExt;
use serde::Deserialize;
use std::time::Duration;
use tokio::task::yield_now;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at, sleep_until};
use tokio_tungstenite::tungstenite::{self, Message};

/// How often to send a sign of life, where the coordinator does not say.
const HEARTBEAT_MS: u32 = 10_000;
const SHORTEST_HEARTBEAT_MS: u32 = 50;
const LONGEST_HEARTBEAT_MS: u32 = 60_000;
/// A coordinator that has let so many heartbeats pass without a word is gone.
const MOST_UNANSWERED: u32 = 2;

/// How a connection has ended.
pub(crate) enum Ended {
    /// Without the worker's doing.
    Lost(String),
    /// The worker was told to stop, and has.
    Left,
}

/// What belongs to one connection only.
struct Session {
    outbox: Outbox,
    heartbeat: Interval,
    /// Heartbeats since anything was heard. Counted, and not measured, so that a machine that was asleep does not
    /// blame the coordinator.
    unanswered: u32,
}

impl Worker {
    /// Serves the coordinator until the connection ends or the worker has left.
    pub(crate) async fn serve(&mut self, socket: Socket, ack: RegisterAck) -> Ended {
        let (sink, mut stream) = socket.split();
        let period = heartbeat_period(&ack);
        let mut heartbeat = interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut session = Session { outbox: Outbox::new(sink), heartbeat, unanswered: 0 };
        self.jobs.set_open(!self.is_leaving());
        self.jobs.attach(&ack.resumed);
        self.tell(Event::Connected { worker_id: ack.worker_id, resumed: ack.resumed.len() });
        if self.is_leaving() {
            session.outbox.push(encode(&FromWorker::Drain));
        }
        let ended = loop {
            self.fill(&mut session.outbox);
            if self.may_leave() && (session.outbox.is_idle() || self.must_leave()) {
                break Ended::Left;
            }
            let wake = self.wake();
            tokio::select! {
                written = session.outbox.write(), if !session.outbox.is_idle() => {
                    if let Err(error) = written {
                        break Ended::Lost(error.to_string());
                    }
                }
                // Frames first: nobody waits for this.
                () = yield_now(), if self.jobs.has_news() => self.jobs.report(),
                message = stream.next(), if self.jobs.can_answer() => {
                    session.unanswered = 0;
                    if let Err(reason) = self.receive(message) {
                        break Ended::Lost(reason);
                    }
                }
                Some(report) = self.reports.recv() => self.hear_all(report),
                _ = session.heartbeat.tick() => {
                    if session.unanswered >= MOST_UNANSWERED {
                        break Ended::Lost(format!("{} heartbeats were not answered", session.unanswered));
                    }
                    session.unanswered += 1;
                    session.outbox.push(self.sign_of_life());
                }
                () = self.shutdown.cancelled(), if !self.is_leaving() => {
                    self.begin_leaving();
                    session.outbox.push(encode(&FromWorker::Drain));
                }
                () = sleep_until(wake) => {}
            }
            self.look_at_the_clock();
        };
        self.jobs.detach();
        if matches!(ended, Ended::Left) {
            session.outbox.close().await;
        }
        ended
    }

    /// A part of a large output is put in where nothing waits, so that a slow line carries signs of life between two.
    fn fill(&mut self, outbox: &mut Outbox) {
        let part = if outbox.is_idle() { self.jobs.next_part() } else { None };
        for frame in self.jobs.next_frames(outbox.room()) {
            outbox.push(frame);
        }
        if let Some(part) = part {
            outbox.push(part);
        }
    }

    fn sign_of_life(&mut self) -> String {
        let metrics = Some(self.load.metrics(self.jobs.running()));
        encode(&FromWorker::Heartbeat(Heartbeat {
            provider_pubkey: self.register.provider_pubkey.clone(),
            metrics,
        }))
    }

    /// Takes in a message; an error says why the connection is over.
    fn receive(&mut self, message: Option<Result<Message, tungstenite::Error>>) -> Result<(), String> {
        match message {
            Some(Ok(Message::Text(text))) => self.obey(&text),
            Some(Ok(Message::Binary(_))) => self.tell(Event::Ignored { error: "frames are texts".into() }),
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
            Some(Ok(Message::Close(None))) | None => return Err("the coordinator closed it".into()),
            Some(Ok(Message::Close(Some(close)))) => {
                return Err(format!("the coordinator closed it ({}: {})", close.code, close.reason));
            }
            Some(Err(error)) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Does what a frame says. What is not understood is passed over, but for a job, which is given back.
    fn obey(&mut self, text: &str) {
        match decode_from_coordinator(text) {
            Ok(FromCoordinator::JobAssign(assign)) => self.jobs.assign(*assign, now_ms()),
            Ok(FromCoordinator::JobCancel(cancel)) => self.jobs.cancel(cancel),
            Ok(FromCoordinator::JobDone(done)) => self.jobs.done(done),
            Ok(FromCoordinator::Drain) => {
                self.jobs.set_open(false);
                self.tell(Event::CoordinatorDrains);
            }
            Ok(FromCoordinator::Error(error)) => {
                self.tell(Event::Complaint { code: error.code, message: error.message });
            }
            Ok(FromCoordinator::PaymentPosted(paid)) => self.tell(Event::Paid {
                amount: paid.amount,
                token: paid.token,
                network: paid.network,
                tx_hash: paid.tx_hash,
            }),
            Ok(FromCoordinator::HeartbeatAck) => {}
            Ok(FromCoordinator::Challenge(_) | FromCoordinator::RegisterAck(_)) => {
                self.tell(Event::Ignored { error: "this connection is registered already".into() });
            }
            Err(error) => match assigned_job(text) {
                Some(job_id) => self.jobs.reject(job_id.into(), None, error.to_string()),
                None => self.tell(Event::Ignored { error: error.to_string() }),
            },
        }
    }
}

fn heartbeat_period(ack: &RegisterAck) -> Duration {
    let ms = ack.heartbeat_ms.unwrap_or(HEARTBEAT_MS).clamp(SHORTEST_HEARTBEAT_MS, LONGEST_HEARTBEAT_MS);
    Duration::from_millis(ms.into())
}

/// The job of an assignment that is otherwise not understood.
fn assigned_job(text: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        r#type: String,
        job_id: String,
    }
    let named: Named = serde_json::from_str(text).ok()?;
    let sound = named.job_id.len() <= 64 && named.job_id.bytes().all(|byte| byte.is_ascii_graphic());
    (named.r#type == "job_assign" && sound && !named.job_id.is_empty()).then_some(named.job_id)
}
