//! How busy this machine is, for heartbeats. On other systems than Linux it says zero.

use docket_protocol::frames::Metrics;

/// Remembers the last count of processor time, because only the difference of two says something.
#[derive(Debug, Default)]
pub(crate) struct Load {
    earlier: Option<CpuTime>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct CpuTime {
    busy: u64,
    total: u64,
}

impl Load {
    /// What a heartbeat tells; the processors since the last time this was asked.
    pub(crate) fn metrics(&mut self, active_jobs: usize) -> Metrics {
        let now = read("/proc/stat").as_deref().and_then(cpu_time);
        let cpu_pct = match (self.earlier, now) {
            (Some(earlier), Some(now)) => {
                percent(now.busy.saturating_sub(earlier.busy), now.total.saturating_sub(earlier.total))
            }
            _ => 0.0,
        };
        self.earlier = now;
        let mem_pct = read("/proc/meminfo").as_deref().and_then(mem_pct).unwrap_or(0.0);
        Metrics { cpu_pct, mem_pct, active_jobs: u32::try_from(active_jobs).unwrap_or(u32::MAX) }
    }
}

fn read(path: &str) -> Option<String> {
    if cfg!(target_os = "linux") { std::fs::read_to_string(path).ok() } else { None }
}

/// The first line of `/proc/stat`: user, nice, system, idle, iowait, irq, softirq, steal. What follows is counted
/// in user time already.
fn cpu_time(stat: &str) -> Option<CpuTime> {
    let fields = stat.lines().next()?.strip_prefix("cpu ")?.split_whitespace().take(8);
    let times = fields.map(str::parse).collect::<Result<Vec<u64>, _>>().ok()?;
    let total = times.iter().sum();
    let idle: u64 = times.get(3..5)?.iter().sum();
    Some(CpuTime { busy: total - idle, total })
}

fn mem_pct(meminfo: &str) -> Option<f64> {
    let kib = |name: &str| -> Option<u64> {
        let line = meminfo.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    };
    let (total, available) = (kib("MemTotal:")?, kib("MemAvailable:")?);
    Some(percent(total.saturating_sub(available), total))
}

/// With one digit behind the point.
fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { (part.min(whole) as f64 * 1000.0 / whole as f64).round() / 10.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_without_the_guests_twice() {
        let stat = "cpu  100 0 50 800 30 5 15 0 70 0\ncpu0 1 2 3\n";
        assert_eq!(cpu_time(stat), Some(CpuTime { busy: 170, total: 1000 }));
        assert_eq!(cpu_time("cpu  1 2 3"), None);
        assert_eq!(cpu_time("intr 1"), None);
    }

    #[test]
    fn memory_counts_as_used_where_it_is_not_available() {
        let meminfo = "MemTotal:        8000 kB\nMemFree:  100 kB\nMemAvailable:    5000 kB\n";
        assert_eq!(mem_pct(meminfo), Some(37.5));
        assert_eq!(mem_pct("MemTotal: 0 kB\nMemAvailable: 0 kB"), Some(0.0));
        assert_eq!(mem_pct("MemTotal: 8000 kB"), None);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn this_machine_has_a_load() {
        let mut load = Load::default();
        assert_eq!(load.metrics(0).cpu_pct, 0.0);
        let metrics = load.metrics(3);
        assert!((0.0..=100.0).contains(&metrics.cpu_pct) && metrics.mem_pct > 0.0, "{metrics:?}");
        assert_eq!(metrics.active_jobs, 3);
    }
}
