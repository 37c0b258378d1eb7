// Somebody with a wallet and a prompt: asks where to run it, pays, waits, and reads the answer.
//
//   DOCKET_URL=http://127.0.0.1:4010 node requester.mjs mistral-7b-compressed "Explain escrow."
//
// REQUESTER_KEY is the private key; without one a new wallet is made. On the test network money is minted; elsewhere the
// operator has credited `client:registry:<address in lower case>` before.

import { createHash } from "node:crypto";
import { Wallet } from "ethers";

const URL = process.env.DOCKET_URL ?? "http://127.0.0.1:4010";
const [modelId = "mistral-7b-compressed", prompt = "Explain escrow."] = process.argv.slice(2);
const wallet = process.env.REQUESTER_KEY ? new Wallet(process.env.REQUESTER_KEY) : Wallet.createRandom();
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

async function send(method, path, fields, signedAs) {
  const body = fields === undefined ? "" : JSON.stringify(fields);
  const headers = { "content-type": "application/json" };
  if (signedAs) {
    const at = Date.now();
    headers["x-wallet-address"] = wallet.address;
    headers["x-wallet-timestamp"] = String(at);
    headers["x-wallet-signature"] = await wallet.signMessage(`Docket:${signedAs}:${at}:${sha256(body)}`);
  }
  const answer = await fetch(`${URL}${path}`, { method, headers, body: body || undefined });
  const { ok, data, error, code, details } = await answer.json();
  if (!ok) throw new Error(`${answer.status} ${code}: ${error} ${details ? JSON.stringify(details) : ""}`);
  return data;
}

const advice = await send("POST", "/api/jobs/submit", { modelId, input: prompt, requesterAddress: wallet.address });
console.log(`${advice.assignedNode} would do it for ${advice.estimatedCostEth}, with reputation ${advice.nodeReputation}.`);
if (advice.inputHash !== sha256(prompt)) throw new Error("the hash is not that of the prompt");

const { jobId } = await send("POST", "/api/jobs/pay", { modelId, inputHash: advice.inputHash }, `pay-job:${advice.inputHash}`);
console.log(`Paid: job ${jobId}.`);
let job;
do job = await send("GET", `/api/jobs/${jobId}?wait=30`);
while (job.status === "submitted" || job.status === "assigned");
console.log(`It is ${job.status}: ${job.nodeEarnedWei} wei to the node, ${job.burnedWei} wei to nobody.`);
if (job.status !== "completed") throw new Error(`the money is back: ${job.reason}`);

const { output, outputHash } = await send("GET", `/api/jobs/${jobId}/result`, undefined, `read-job:${jobId}`);
if (outputHash !== sha256(output) || outputHash !== job.outputHash) throw new Error("this is another answer");
console.log(`\n${output}`);
