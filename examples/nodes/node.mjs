// A node with an endpoint: registers, shows life once a minute, runs what is posted to it, and signs its answers.
//
//   DOCKET_URL=http://127.0.0.1:4010 MODELS=mistral-7b-compressed UPSTREAM=http://127.0.0.1:11434/v1 node node.mjs
//
// UPSTREAM is any server that speaks OpenAI's chat completions; without one the node answers with the prompt in capitals,
// which is good enough to see the way of a job. NODE_KEY is its private key; without one it makes a new one.

import { createHash, createPublicKey, verify } from "node:crypto";
import { createServer } from "node:http";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

const URL = process.env.DOCKET_URL ?? "http://127.0.0.1:4010";
const { UPSTREAM, NODE_KEY } = process.env;
const PORT = Number(process.env.PORT ?? 0);
const TIER = Number(process.env.GPU_TIER ?? 1);
const MODELS = process.env.MODELS?.split(",");
/** No request is larger: a prompt has at most 256 KiB. */
const LARGEST = 1 << 20;

const wallet = privateKeyToAccount(NODE_KEY ?? generatePrivateKey());
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const sign = (message) => wallet.signMessage({ message });

/** A request that the wallet signs: what is done, to what, when, and the very bytes that are sent. */
async function post(path, action, fields) {
  const [body, at] = [JSON.stringify(fields), Date.now()];
  const headers = {
    "content-type": "application/json",
    "x-wallet-address": wallet.address,
    "x-wallet-timestamp": String(at),
    "x-wallet-signature": await sign(`Docket:${action}:${wallet.address}:${at}:${sha256(body)}`),
  };
  return read(await fetch(`${URL}${path}`, { method: "POST", headers, body }));
}

async function read(answer) {
  const body = await answer.json();
  if (!body.ok) throw new Error(`${answer.status} ${body.code}: ${body.error}`);
  return body.data;
}

/** The log's key, with which the coordinator signs what it posts: `name+number+base64`, of a byte for the scheme and 32. */
async function coordinatorKey() {
  const text = (await (await fetch(`${URL}/log/vkey`)).text()).trim();
  const raw = Buffer.from(text.split("+").slice(2).join("+"), "base64").subarray(1);
  const key = Buffer.concat([Buffer.from("302a300506032b6570032100", "hex"), raw]);
  return createPublicKey({ key, format: "der", type: "spki" });
}

/** Standard Webhooks: whoever else posts something here is not the coordinator, and gets nothing. */
function isSigned(key, headers, body) {
  const age = Math.abs(Date.now() / 1000 - Number(headers["webhook-timestamp"]));
  const signature = headers["webhook-signature"]?.replace(/^v1a,/, "") ?? "";
  const signed = `${headers["webhook-id"]}.${headers["webhook-timestamp"]}.${body}`;
  return age < 300 && verify(null, Buffer.from(signed), key, Buffer.from(signature, "base64"));
}

async function infer({ modelId, input, maxTokens }) {
  if (!UPSTREAM) return input.toUpperCase();
  const answer = await fetch(`${UPSTREAM}/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    // Without chance, so that a challenge finds the same answer as everywhere.
    body: JSON.stringify({
      model: modelId.replace(/-compressed$/, ""),
      messages: [{ role: "user", content: input }],
      max_tokens: maxTokens,
      temperature: 0,
      top_p: 1,
    }),
  });
  if (!answer.ok) throw new Error(`the model's server answered with ${answer.status}`);
  return (await answer.json()).choices[0].message.content;
}

async function body(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > LARGEST) throw new Error("too large");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

const key = await coordinatorKey();
const server = createServer(async (request, response) => {
  const reply = (status, fields) => {
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(fields));
  };
  try {
    const text = await body(request);
    if (!isSigned(key, request.headers, text)) return reply(401, { error: "only the coordinator is served" });
    const job = JSON.parse(text);
    const output = await infer(job);
    const signature = await sign(`Docket:complete-job:${job.jobId}:${sha256(output)}`);
    console.log(`job ${job.jobId}: ${input(job)} -> ${output.length} characters`);
    reply(200, { output, signature });
  } catch (error) {
    console.error(error.message);
    reply(500, { error: error.message });
  }
});
const input = (job) => `${job.modelId}, ${job.input.length} characters`;

server.listen(PORT, "127.0.0.1", async () => {
  const endpoint = `http://127.0.0.1:${server.address().port}/`;
  const node = await post("/api/nodes/register", "register-node", {
    address: wallet.address,
    endpoint,
    gpuTier: TIER,
    ...(MODELS && { models: MODELS }),
  });
  const beat = async () => {
    const timestamp = Math.floor(Date.now() / 1000);
    const message = `Docket:heartbeat:${wallet.address.toLowerCase()}:${timestamp}:${TIER}:${endpoint}`;
    const fields = { address: wallet.address, endpoint, timestamp, gpuTier: TIER, signature: await sign(message) };
    const answer = await fetch(`${URL}/api/nodes/heartbeat`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(fields),
    });
    return read(answer);
  };
  const { nextPingIn } = await beat();
  setInterval(() => beat().catch((error) => console.error(error.message)), nextPingIn * 1000);
  console.log(`I am ${node.address}, of tier ${node.gpuTier}, with reputation ${node.reputation}, at ${endpoint}`);
});
