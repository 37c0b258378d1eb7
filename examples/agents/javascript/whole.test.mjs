// The three programs, as they are, do a whole job before a running coordinator, and its books agree.
//
// DOCKET_URL says where it is, DOCKET_ADMIN_TOKEN has its operator's token. Its verdicts must not be open to dispute for
// days: see ../market.toml.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const { DOCKET_URL, DOCKET_ADMIN_TOKEN } = process.env;

async function operator(path, method = "GET", fields = undefined, key = undefined) {
  const headers = { authorization: `Bearer ${DOCKET_ADMIN_TOKEN}`, "content-type": "application/json" };
  if (key) headers["idempotency-key"] = key;
  const answer = await fetch(`${DOCKET_URL}/admin/v1/${path}`, { method, headers, body: JSON.stringify(fields) });
  const body = await answer.json();
  assert.ok(answer.ok, JSON.stringify(body));
  return body;
}

async function balance(account) {
  const { balances } = await operator(`accounts/${account}`);
  return balances[0].units;
}

/** Runs a program, and gives it the money that it asks for; answers with its account and all that it says. */
async function run(name, context) {
  const file = fileURLToPath(new URL(`${name}.mjs`, import.meta.url));
  const program = spawn(process.execPath, [file], { stdio: ["ignore", "pipe", "inherit"] });
  // If another one gives up, this one has nothing to wait for.
  context.after(() => program.kill());
  const said = [];
  let account;
  const over = once(program, "close");
  for await (const line of createInterface({ input: program.stdout })) {
    said.push(line);
    const [, asked, amount] = /docket ledger credit (\S+) (\d+)/.exec(line) ?? [];
    if (asked) {
      account = asked;
      await operator(`accounts/${asked}/credit`, "POST", { amount, asset: "tUSDC" }, asked);
    }
  }
  const [code] = await over;
  assert.equal(code, 0, `${name}: ${said.join("\n")}`);
  return { account, said: said.join("\n") };
}

test("a client, a provider and an evaluator do a job, and all are paid", { timeout: 120_000 }, async (context) => {
  const programs = ["client", "provider", "evaluator"].map((name) => run(name, context));
  const [client, provider, evaluator] = await Promise.all(programs);
  assert.match(client.said, /It is COMPLETED:\n\nAn old silent sea\./);
  assert.match(client.said, /Paid: 9500000 to the provider, 300000 to the evaluator, 200000 to the platform\./);
  assert.match(provider.said, /I have 9500000 minor units for it\./);
  assert.match(evaluator.said, /It has 100 of 100 points and needs 70\.\nI have accepted it\./);
  // The treasury has a little from earlier jobs, if there were any, and pays a bonus for early work from that.
  const [paid, earned, fee] = await Promise.all([client, provider, evaluator].map(({ account }) => balance(account)));
  assert.equal(paid, "90000000");
  assert.ok(Number(earned) >= 109_500_000, earned);
  assert.equal(fee, "100300000");
  const books = await operator("ledger/check");
  assert.ok(books.agree, JSON.stringify(books));
});
