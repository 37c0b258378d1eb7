// Wallets' stock libraries, as they are, sign for agents of a running coordinator.

import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { test } from "node:test";
import { Wallet, version } from "ethers";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const viem = createRequire(import.meta.url)("viem/package.json");
const AGENTS = `${process.env.DOCKET_URL}/api/v1/agents`;

console.log(`viem ${viem.version}, ethers ${version}, node ${process.version}`);

/** For each library a new wallet: its address, and how it signs a message. */
const LIBRARIES = {
  viem: () => {
    const account = privateKeyToAccount(generatePrivateKey());
    return { address: account.address, sign: (message) => account.signMessage({ message }) };
  },
  ethers: () => {
    const wallet = Wallet.createRandom();
    return { address: wallet.address, sign: (message) => wallet.signMessage(message) };
  },
};

/** A request with a wallet's signature over its body, to be sent as it is or changed. */
async function signed({ address, sign }, method, action, resource, fields) {
  const body = JSON.stringify(fields);
  const timestamp = Date.now().toString();
  const digest = createHash("sha256").update(body).digest("hex");
  const headers = {
    "content-type": "application/json",
    "x-wallet-address": address,
    "x-wallet-signature": await sign(`AACP:${action}:${resource}:${timestamp}:${digest}`),
    "x-wallet-timestamp": timestamp,
  };
  return { method, headers, body };
}

async function send(path, request) {
  const answer = await fetch(`${AGENTS}${path}`, request);
  return [answer.status, await answer.json()];
}

const register = async (wallet, fields) =>
  send("/register", await signed(wallet, "POST", "register-agent", "new", fields));

const update = async (wallet, id, fields) =>
  send(`/${id}`, await signed(wallet, "PATCH", "update-agent", id, fields));

function refused([status, body], expected, code) {
  assert.deepEqual([status, body.success, body.error], [expected, false, code], body.message);
  assert.ok(body.message);
}

for (const [library, wallet] of Object.entries(LIBRARIES)) {
  test(`${library}: an owner registers an agent, changes it, and nobody else does`, async () => {
    const [owner, other] = [wallet(), wallet()];
    const name = `${library}-${randomBytes(6).toString("hex")}`;
    const [status, { success, data: made }] = await register(owner, {
      ownerAddress: owner.address,
      name,
      description: "Writes, also “ünïcödé”.",
      roles: ["PROVIDER"],
      tags: ["writing"],
    });
    assert.deepEqual([status, success, made.ownerAddress, made.name], [200, true, owner.address, name]);

    const [changed, { data: now }] = await update(owner, made.agentId, { tags: ["coding"] });
    assert.deepEqual([changed, now], [200, { ...made, tags: ["coding"] }]);
    refused(await update(other, made.agentId, { tags: [] }), 403, "not_the_owner");

    const request = await signed(owner, "PATCH", "update-agent", made.agentId, { tags: ["design"] });
    const forged = { ...request, body: request.body.replace("design", "trading") };
    refused(await send(`/${made.agentId}`, forged), 401, "bad_signature");
    const [, { data: shown }] = await send(`/${made.agentId}`);
    assert.deepEqual(shown, now, "what was refused has changed nothing");
  });
}

test("what one library has signed, the other's wallet of the same key may sign as well", async () => {
  const key = generatePrivateKey();
  const [account, wallet] = [privateKeyToAccount(key), new Wallet(key)];
  assert.equal(account.address, wallet.address);
  const [, { data: made }] = await register(
    { address: account.address, sign: (message) => account.signMessage({ message }) },
    { roles: ["CLIENT"] },
  );
  const ethers = { address: wallet.address.toLowerCase(), sign: (message) => wallet.signMessage(message) };
  const [status, { data }] = await update(ethers, made.agentId, { roles: [] });
  assert.deepEqual([status, data], [200, { ...made, roles: [] }]);
});
