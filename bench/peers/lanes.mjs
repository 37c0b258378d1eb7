// One shape for every queue that Docket is measured beside: so many jobs, so many at a time, each from being
// handed in to being acknowledged as done. The payload is as large as that of `docket bench`.

export const payload = {
  job_type: 'TASK',
  user_id: 'bench-0',
  privacy_class: 'PUBLIC',
  payload: {
    job_type: 'TASK',
    task_type: 'summarize',
    input: 'Summarise the following text in plain words. '.repeat(16),
  },
}

/** Runs the load. `submit(number)` resolves when the job is accepted; `finished(number)` tells that it is done. */
export async function drive({ jobs, inFlight, submit, onFinished }) {
  const waiting = new Map()
  onFinished((number) => {
    waiting.get(number)?.()
    waiting.delete(number)
  })
  const commits = []
  const lives = []
  let begun = 0
  const lane = async () => {
    while (begun < jobs) {
      const number = begun++
      const start = performance.now()
      const done = new Promise((resolve) => waiting.set(number, resolve))
      await submit(number)
      commits.push(performance.now() - start)
      await done
      lives.push(performance.now() - start)
    }
  }
  const cpu = process.cpuUsage()
  const start = performance.now()
  await Promise.all(Array.from({ length: inFlight }, lane))
  const seconds = (performance.now() - start) / 1000
  const { user, system } = process.cpuUsage(cpu)
  return {
    in_flight: inFlight,
    jobs,
    jobs_per_s: jobs / seconds,
    commit_p50_ms: percentile(commits, 50),
    commit_p99_ms: percentile(commits, 99),
    result_p50_ms: percentile(lives, 50),
    result_p99_ms: percentile(lives, 99),
    load_cpu_us: (user + system) / jobs,
  }
}

function percentile(values, hundredths) {
  const sorted = values.sort((a, b) => a - b)
  return sorted[Math.floor(((sorted.length - 1) * hundredths) / 100)]
}
