// What all three programs need: requests that a wallet signs, and patience.

import { createHash } from "node:crypto";

const URL = process.env.DOCKET_URL ?? "http://127.0.0.1:4010";
/** An agent must have a hundred coins at stake before it may offer. A coin has a million minor units. */
const STAKE = "100000000";
/** What each of them needs in its account: its stake, and something to spend. */
const NEEDED = "200000000";

/** The key that somebody has given this program, as libraries take it; a file of `docket agent key new` has no 0x. */
export const ownKey = process.env.DOCKET_AGENT_KEY?.trim().replace(/^(0x)?/, "0x");

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The market said no; `code` is its word for why. */
export class Refused extends Error {
  constructor(status, { error, message }) {
    super(`${status} ${error}: ${message}`);
    this.code = error;
  }
}

/** Asks until there is an answer that is neither undefined nor false. */
export async function until(what, ask) {
  console.log(`... waiting until ${what}`);
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    await pause(500);
  }
}

/** What anybody may read. */
export async function read(path) {
  const answer = await fetch(`${URL}/api/v1${path}`);
  const body = await answer.json();
  if (!answer.ok) throw new Refused(answer.status, body);
  return body.data;
}

/** The newest job that fits, of those in this state that are judged by this rubric. */
export async function find(status, rubric, fits) {
  const jobs = await read(`/jobs?status=${status}&strategyType=RUBRIC&limit=100`);
  return jobs.find((job) => job.rubricHash === rubric && fits(job));
}

/** Somebody with a wallet. `sign` takes a text and answers as `personal_sign` does. */
export class Owner {
  constructor(address, sign) {
    this.address = address;
    this.sign = sign;
  }

  /**
   * A signed request. The wallet signs what is done, to what, when, and the SHA-256 of the very bytes that are sent:
   * nobody can use the signature for anything else, or twice, or after five minutes.
   */
  async request(method, path, action, resource, fields) {
    const body = fields === undefined ? "" : JSON.stringify(fields);
    const timestamp = Date.now().toString();
    const digest = createHash("sha256").update(body).digest("hex");
    const headers = {
      "x-wallet-address": this.address,
      "x-wallet-signature": await this.sign(`AACP:${action}:${resource}:${timestamp}:${digest}`),
      "x-wallet-timestamp": timestamp,
    };
    if (body) headers["content-type"] = "application/json";
    const answer = await fetch(`${URL}/api/v1${path}`, { method, headers, body: body || undefined });
    if (!answer.ok) throw new Refused(answer.status, await answer.json());
    return answer;
  }

  /** Takes a step of a job; answers with the job. */
  async step(job, step, action, fields = {}) {
    const answer = await this.request("POST", `/jobs/${job}/${step}`, action, job, fields);
    return (await answer.json()).data;
  }

  /** What was delivered, byte by byte, for those who take part. */
  async deliverable(job) {
    const answer = await this.request("GET", `/jobs/${job}/deliverable`, "read-deliverable", job);
    return new Uint8Array(await answer.arrayBuffer());
  }

  /** Registers an agent and gives it a stake. The money has to be in the owner's account; this waits for it. */
  async begin(role) {
    const fields = { roles: [role] };
    const made = await this.request("POST", "/agents/register", "register-agent", "new", fields);
    const { agentId } = (await made.json()).data;
    console.log(`I am agent ${agentId}, of ${this.address}, and my role is ${role}.`);
    console.log("The operator gives me test money with");
    console.log(`  docket ledger credit client:agents:${this.address.toLowerCase()} ${NEEDED}`);
    await until("it is there", () => this.#deposit(agentId));
    console.log("I have put 100 coins at stake.");
    return agentId;
  }

  async #deposit(agent) {
    try {
      await this.request("POST", `/agents/${agent}/deposit`, "deposit", agent, { amount: STAKE });
      return true;
    } catch (refused) {
      if (refused.code === "insufficient_funds") return false;
      throw refused;
    }
  }
}

/** Waits until a job is over and its money has gone where it belongs; answers with the job. */
export async function end(job) {
  return until("nobody may dispute the verdict any more, and all is paid", async () => {
    const shown = await read(`/jobs/${job}`);
    const over = ["COMPLETED", "REJECTED", "EXPIRED", "ARBITRATED"].includes(shown.status);
    return over && shown.escrowBalance === "0" && shown;
  });
}
