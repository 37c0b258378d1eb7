// BullMQ over Redis: one process hands in and works, the Redis beside it is asked what it used.
// node bullmq.mjs PORT JOBS IN_FLIGHT

import { Queue, Worker } from 'bullmq'
import { Redis } from 'ioredis'
import { drive, payload } from './lanes.mjs'

const [port, jobs, inFlight] = process.argv.slice(2).map(Number)
const connection = { host: '127.0.0.1', port, maxRetriesPerRequest: null }
const name = `bench-${process.pid}`
const queue = new Queue(name, { connection, defaultJobOptions: { removeOnComplete: 1000 } })
let finished = () => {}
const worker = new Worker(name, async () => ({ ok: true }), { connection, concurrency: inFlight })
worker.on('completed', (job) => finished(job.data.number))
worker.on('failed', (_, error) => { throw error })
await worker.waitUntilReady()

const redis = new Redis(connection)
const redisSeconds = async () => {
  const info = await redis.info('cpu')
  const used = (field) => Number(info.match(new RegExp(`${field}:([0-9.]+)`))[1])
  return used('used_cpu_sys') + used('used_cpu_user')
}
const load = (count) => ({
  jobs: count,
  inFlight: Math.min(inFlight, count),
  submit: (number) => queue.add('job', { ...payload, number }),
  onFinished: (told) => { finished = told },
})

await drive(load(Math.min(500, jobs)))
const before = await redisSeconds()
const figures = await drive(load(jobs))
const coordinator = { cpu_us: ((await redisSeconds()) - before) * 1e6 / jobs }
console.log(JSON.stringify({ ...figures, coordinator }))

await worker.close()
await queue.obliterate({ force: true })
await queue.close()
await redis.quit()
