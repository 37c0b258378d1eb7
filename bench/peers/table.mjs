// Prints the rounds of run.sh, their medians, and the ratio between them.
// node table.mjs PEER.jsonl DOCKET.jsonl

import { readFileSync } from 'node:fs'

const lines = (path) => readFileSync(path, 'utf8').trim().split('\n').map((line) => JSON.parse(line))
const [peerFile, docketFile] = process.argv.slice(2)
const peer = lines(peerFile)
const reports = lines(docketFile)
const docket = reports.map((report) => report.rounds[0])

const middle = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]
const columns = [
  ['jobs/s', (round) => round.jobs_per_s, 0],
  ['commit p50 ms', (round) => round.commit_p50_ms, 2],
  ['commit p99 ms', (round) => round.commit_p99_ms, 2],
  ['result p50 ms', (round) => round.result_p50_ms, 2],
  ['result p99 ms', (round) => round.result_p99_ms, 2],
  ['server CPU us/job', (round) => round.coordinator.cpu_us, 0],
  ['load + workers CPU us/job', (round) => round.load_cpu_us, 0],
]
const row = (name, rounds) => `| ${name} | ${columns.map(([, read, digits]) => middle(rounds.map(read)).toFixed(digits)).join(' | ')} |`

console.log(`| median of ${docket.length} rounds, ${docket[0].in_flight} in flight | ${columns.map(([name]) => name).join(' | ')} |`)
console.log(`| --- |${columns.map(() => ' --- |').join('')}`)
console.log(row('BullMQ, Redis with a sync on every write', peer))
console.log(row('Docket', docket))
const speeds = (rounds) => rounds.map((round) => round.jobs_per_s)
console.log(`\nrounds, jobs/s: peer ${speeds(peer).map(Math.round).join(' ')}; docket ${speeds(docket).map(Math.round).join(' ')}`)
console.log(`ratio of the medians: ${(middle(speeds(docket)) / middle(speeds(peer))).toFixed(2)}`)
console.log(`a bare sync of 4 KiB, p50: ${middle(reports.map((report) => report.bare_sync.p50_us)).toFixed(0)} us`)
