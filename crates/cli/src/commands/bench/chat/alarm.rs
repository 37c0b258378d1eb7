//! A timer to some microseconds. The runtime's own fire on whole milliseconds: a request that arrives 0.1 ms later would
//! be answered a millisecond later, or at the same time, and who measures tenths would read one or the other.

use anyhow::Result;
use rustix::time::{
    ClockId, Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, clock_gettime,
    timerfd_create, timerfd_settime,
};
use std::os::fd::OwnedFd;
use std::time::Duration;
use tokio::io::unix::AsyncFd;

/// One timer of the kernel, for one task.
pub(super) struct Alarm(AsyncFd<OwnedFd>);

impl Alarm {
    #[expect(
        deprecated,
        reason = "the timer is owned and stays open, which is all that its unsafe heir asks for"
    )]
    pub(super) fn new() -> Result<Self> {
        let timer =
            timerfd_create(TimerfdClockId::Monotonic, TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC)?;
        Ok(Self(AsyncFd::new(timer)?))
    }

    /// Now, on the clock that [`Self::at`] goes by.
    pub(super) fn now() -> Duration {
        let now = clock_gettime(ClockId::Monotonic);
        Duration::new(now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default())
    }

    /// Waits until then; not at all if that is past.
    pub(super) async fn at(&self, then: Duration) -> Result<()> {
        let value = Timespec { tv_sec: i64::try_from(then.as_secs())?, tv_nsec: then.subsec_nanos().into() };
        let interval = Timespec { tv_sec: 0, tv_nsec: 0 };
        let once = Itimerspec { it_interval: interval, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::ABSTIME, &once)?;
        let mut expirations = [0; 8];
        loop {
            let mut ready = self.0.readable().await?;
            match ready.try_io(|timer| Ok(rustix::io::read(timer, &mut expirations)?)) {
                Ok(read) => return Ok(read.map(drop)?),
                Err(_would_block) => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_alarm_is_never_early_and_does_not_wait_for_what_is_past() {
        let alarm = Alarm::new().unwrap();
        for wait in [300, 1700, 50] {
            let then = Alarm::now() + Duration::from_micros(wait);
            alarm.at(then).await.unwrap();
            assert!(Alarm::now() >= then);
        }
        alarm.at(Duration::from_secs(1)).await.unwrap();
    }
}
