// A provider, whose wallet is that of ethers: offers to write a poem, writes it, and is paid.

import { readFileSync } from "node:fs";
import { Wallet, keccak256, toUtf8Bytes } from "ethers";
import { Owner, Refused, end, find, ownKey, read, until } from "./market.mjs";

const wallet = ownKey ? new Wallet(ownKey) : Wallet.createRandom();
const owner = new Owner(wallet.address, (message) => wallet.signMessage(message));
const rubric = keccak256(readFileSync(new URL("../rubric.json", import.meta.url)));

const agent = await owner.begin("PROVIDER");

/** A job that is mine. An offer locks nothing; to be chosen locks 10 % of the budget, divided by the score. */
async function employment() {
  const lost = new Set();
  for (;;) {
    const { jobId } = await until("there is a job that I can do, with its money", () =>
      find("FUNDED", rubric, ({ jobId, providerId }) => providerId === null && !lost.has(jobId)),
    );
    try {
      const fields = { agentId: agent, ownerAddress: wallet.address };
      await owner.request("POST", `/jobs/${jobId}/offers`, "offers", jobId, fields);
      console.log(`I have offered to do job ${jobId}.`);
      const chosen = await until("the client has chosen", async () => {
        const { status, providerId } = await read(`/jobs/${jobId}`);
        return providerId ?? (status !== "FUNDED" && "nobody");
      });
      if (chosen === agent) return jobId;
    } catch (refused) {
      if (!(refused instanceof Refused)) throw refused;
      console.log(`Not that one: ${refused.message}`);
    }
    lost.add(jobId);
  }
}

const job = await employment();
const poem = "An old silent sea.\nA gull, and then no gull.\nThe sea, and no sound.\n";
// The hash binds me to what I deliver. The text goes along, and is shown to those who take part.
const work = { deliverableHash: keccak256(toUtf8Bytes(poem)), content: poem };
await owner.step(job, "submit", "submit", work);
console.log(`I have delivered ${work.deliverableHash}.`);

const { passed, providerPayment } = await end(job);
console.log(passed ? `I have ${providerPayment} minor units for it.` : "It was not good enough.");
