// The two programs, as they are, do a whole job before a running coordinator.
//
// DOCKET_URL says where it is; it must be on the test network and may post to this machine.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const file = (name) => fileURLToPath(new URL(name, import.meta.url));
const { DOCKET_URL } = process.env;

async function data(path) {
  const answer = await fetch(`${DOCKET_URL}${path}`);
  const body = await answer.json();
  assert.ok(body.ok, JSON.stringify(body));
  return body.data;
}

test("a requester asks, pays and reads, and a node with an endpoint is paid", { timeout: 60_000 }, async (context) => {
  const env = { ...process.env, MODELS: "mistral-7b-compressed" };
  const node = spawn(process.execPath, [file("node.mjs")], { env, stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => node.kill());
  const [line] = await once(createInterface({ input: node.stdout }), "line");
  const [, address] = /^I am (0x\w{40}), of tier 1, with reputation 50,/.exec(line) ?? [];
  assert.ok(address, line);

  const arguments_ = [file("requester.mjs"), "mistral-7b-compressed", "Explain escrow."];
  const requester = spawn(process.execPath, arguments_, { stdio: ["ignore", "pipe", "inherit"] });
  context.after(() => requester.kill());
  const over = once(requester, "close");
  let said = "";
  for await (const chunk of requester.stdout) said += chunk;
  const [code] = await over;
  assert.equal(code, 0, said);
  assert.match(said, new RegExp(`^${address} would do it for 0\\.0008, with reputation 50\\.`));
  assert.match(said, /It is completed: 760000000000000 wei to the node, 40000000000000 wei to nobody\./);
  assert.match(said, /\n\nEXPLAIN ESCROW\.\n$/);

  const shown = await data(`/api/nodes/${address}`);
  assert.equal(shown.jobsCompleted, 1);
  assert.ok(shown.reputationPoints > 5_000, JSON.stringify(shown));
  const { events } = await data("/api/explorer/feed?limit=3");
  assert.deepEqual(events.map((event) => event.type), ["job_completed", "job_submitted", "node_registered"]);

  // Whoever else posts something to the node gets nothing.
  const { endpoint } = shown;
  const forged = await fetch(endpoint, { method: "POST", body: JSON.stringify({ input: "free work" }) });
  assert.equal(forged.status, 401);
});
