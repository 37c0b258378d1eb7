// An evaluator, whose wallet is viem's: takes a job to judge, reads what was delivered, and says whether it is good.

import { readFileSync } from "node:fs";
import { keccak256 } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { Owner, Refused, end, find, ownKey, read, until } from "./market.mjs";

const account = privateKeyToAccount(ownKey ?? generatePrivateKey());
const owner = new Owner(account.address, (message) => account.signMessage({ message }));
const criteria = readFileSync(new URL("../rubric.json", import.meta.url));
const rubric = keccak256(criteria);

const agent = await owner.begin("EVALUATOR");
const judges = { strategyType: "RUBRIC" };
await owner.request("POST", `/agents/${agent}/strategy`, "register-strategy", agent, judges);
console.log("I judge by rubrics, for ever.");

/**
 * How good a poem is by each dimension of the rubric, from 0 to 100. These two can be counted; for others an evaluator
 * asks several models, as `docket evaluate rubric` does.
 */
const JUDGES = {
  form: (poem) => {
    const lines = poem.trimEnd().split("\n");
    return lines.length === 3 && lines.every((line) => line.length <= 40) ? 100 : 0;
  },
  sea: (poem) => (/\bsea\b/i.test(poem) ? 100 : 0),
};

function judge(work) {
  const { pass, dimensions } = JSON.parse(criteria);
  const poem = new TextDecoder().decode(work);
  const points = dimensions.map(({ name, weight }) => weight * JUDGES[name](poem));
  const score = points.reduce((sum, part) => sum + part, 0) / 100;
  console.log(`It has ${score} of 100 points and needs ${pass}.`);
  return score >= pass;
}

// Whoever takes a job locks 10 % of its budget, divided by its score, and loses a part of that if it says nothing, or if
// its verdict is disputed and found wrong.
const job = await until("there is a job that I can judge", async () => {
  const free = await find("FUNDED", rubric, ({ evaluatorId }) => evaluatorId === null);
  if (!free) return undefined;
  try {
    await owner.step(free.jobId, "evaluate", "evaluate", { evaluatorId: agent });
    return free.jobId;
  } catch (refused) {
    if (!(refused instanceof Refused)) throw refused;
    return undefined; // Somebody else was quicker.
  }
});
console.log(`I judge job ${job}.`);

const { deliverableHash } = await until("it is delivered", async () => {
  const shown = await read(`/jobs/${job}`);
  if (!["FUNDED", "SUBMITTED"].includes(shown.status)) throw new Error(`job ${job} is ${shown.status}`);
  return shown.status === "SUBMITTED" && shown;
});
const work = await owner.deliverable(job);
if (keccak256(work) !== deliverableHash) throw new Error("this is not what the job names");
const good = judge(work);
await owner.step(job, good ? "complete" : "reject", good ? "complete" : "reject", {
  verificationLevel: "L1",
});
console.log(good ? "I have accepted it." : "I have refused it.");

const { evaluatorFee } = await end(job);
console.log(`I have ${evaluatorFee} minor units for it.`);
