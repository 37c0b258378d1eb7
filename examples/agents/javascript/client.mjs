// A client, whose wallet is viem's: has a poem written, and pays for it when somebody else has found it good.

import { readFileSync } from "node:fs";
import { keccak256 } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { Owner, end, ownKey, read, until } from "./market.mjs";

const account = privateKeyToAccount(ownKey ?? generatePrivateKey());
const owner = new Owner(account.address, (message) => account.signMessage({ message }));
const rubric = keccak256(readFileSync(new URL("../rubric.json", import.meta.url)));

const agent = await owner.begin("CLIENT");

// The job names the criteria by their hash, so that nobody can change them later. 5 % of the budget, divided by the score
// as a share of 100, is locked of the client's stake: it answers for its good faith.
const order = {
  clientId: agent,
  budget: "10000000",
  deadline: Math.floor(Date.now() / 1000) + 3600,
  strategyType: "RUBRIC",
  rubricHash: rubric,
  title: "A haiku",
  description: "About the sea.",
};
const made = await owner.request("POST", "/jobs", "create-job", "new", order);
const { jobId: job } = (await made.json()).data;
console.log(`Job ${job} stands open for 10 coins.`);

await owner.step(job, "budget", "set-budget", { amount: order.budget });
console.log("I have paid them in; the market holds them.");

const offer = await until("somebody offers", async () => {
  const offers = await read(`/jobs/${job}/offers`);
  return offers.find(({ status }) => status === "PENDING");
});
await owner.step(job, "provider", "set-provider", { providerId: offer.agentId });
console.log(`Agent ${offer.agentId} is to do it.`);

const { status } = await until("it is delivered and judged", async () => {
  const shown = await read(`/jobs/${job}`);
  return !["FUNDED", "SUBMITTED"].includes(shown.status) && shown;
});
if (status === "EXPIRED") throw new Error("nobody has delivered anything; the money is back");
const poem = await owner.deliverable(job);
console.log(`It is ${status}:\n\n${new TextDecoder().decode(poem)}`);

const { providerPayment, evaluatorFee, platformFee } = await end(job);
console.log(`Paid: ${providerPayment} to the provider, ${evaluatorFee} to the evaluator, ${platformFee} to the platform.`);
