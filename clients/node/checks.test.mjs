// The official client of OpenAI for Node, as it is, with a running coordinator.

import assert from "node:assert/strict";
import { once } from "node:events";
import { test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import OpenAI from "openai";
import { VERSION } from "openai/version";
import { severing } from "./severing.mjs";

const { DOCKET_URL: URL, DOCKET_API_KEY: KEY, DOCKET_POOR_KEY: POOR_KEY } = process.env;
const MODEL = "tiny-qwen3";
const ABLE = "able";

console.log(`openai ${VERSION}, node ${process.version}`);

const client = (url = URL, apiKey = KEY) => new OpenAI({ baseURL: `${url}/v1`, apiKey, timeout: 60_000 });

const ask = (through, more = {}, text = "hello") =>
  through.chat.completions.create({
    model: MODEL,
    max_tokens: 24,
    temperature: 0,
    messages: [{ role: "user", content: text }],
    ...more,
  });

async function all(chunks) {
  const list = [];
  for await (const chunk of chunks) list.push(chunk);
  return list;
}

const joined = (chunks) =>
  chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content ?? "")).join("");

/** The name of an answer, which is its job's, and its text, whichever way it comes. */
async function named(through, stream, text) {
  const answer = await ask(through, { stream }, text);
  if (!stream) return [answer.id, answer.choices[0].message.content];
  const chunks = await all(answer);
  return [chunks[0].id, joined(chunks)];
}

const jobs = async () => (await client().get("/jobs?limit=100")).data;

/** The balance and the jobs by name, once nothing is under way. */
async function books() {
  for (let tries = 0; tries < 200; tries += 1) {
    const list = await jobs();
    if (!list.some((job) => ["pending", "processing", "settling"].includes(job.status))) {
      const { balance } = await client().get("/credits");
      return { balance, known: new Map(list.map((job) => [job.id, job])) };
    }
    await sleep(50);
  }
  throw new Error("a job does not end, and no answer is being waited for");
}

test("a whole answer counts its tokens", async () => {
  const answer = await ask(client());
  assert.deepEqual([answer.object, answer.model], ["chat.completion", MODEL]);
  const [choice] = answer.choices;
  assert.equal(choice.message.role, "assistant");
  assert.ok(choice.message.content);
  assert.ok(["stop", "length"].includes(choice.finish_reason));
  const { prompt_tokens, completion_tokens, total_tokens } = answer.usage;
  assert.ok(prompt_tokens > 0 && completion_tokens > 0 && completion_tokens <= 24);
  assert.equal(total_tokens, prompt_tokens + completion_tokens);
});

test("an answer ends at the length that was asked for", async () => {
  const answer = await ask(client(), { max_tokens: 2 });
  assert.deepEqual([answer.choices[0].finish_reason, answer.usage.completion_tokens], ["length", 2]);
});

test("the pieces of a stream join to the whole answer", async () => {
  const whole = await ask(client());
  const chunks = await all(await ask(client(), { stream: true }));
  assert.ok(chunks.length > 3);
  assert.equal(joined(chunks), whole.choices[0].message.content);
  assert.equal(new Set(chunks.map((chunk) => `${chunk.id} ${chunk.created}`)).size, 1);
  assert.ok(chunks.every((chunk) => chunk.object === "chat.completion.chunk"));
  assert.equal(chunks[0].choices[0].delta.role, "assistant");
  const reasons = chunks.map((chunk) => chunk.choices[0].finish_reason);
  assert.deepEqual(reasons, [...reasons.slice(1).fill(null), whole.choices[0].finish_reason]);
});

test("the client's own gatherer of streams comes to the whole answer", async () => {
  const whole = await ask(client());
  const request = { model: MODEL, max_tokens: 24, temperature: 0, messages: [{ role: "user", content: "hello" }] };
  const gathered = await client().chat.completions.stream(request).finalChatCompletion();
  assert.equal(gathered.choices[0].message.content, whole.choices[0].message.content);
});

test("tokens are counted in a stream only where that was asked for", async () => {
  const counts = (chunk) => chunk.usage || chunk.choices.length === 0;
  assert.deepEqual((await all(await ask(client(), { stream: true }))).filter(counts), []);
  const chunks = await all(await ask(client(), { stream: true, stream_options: { include_usage: true } }));
  const last = chunks.pop();
  assert.deepEqual(chunks.filter(counts), []);
  assert.deepEqual(last.choices, []);
  assert.deepEqual(last.usage, (await ask(client())).usage);
});

test("models are listed and found by name", async () => {
  const listed = (await all(client().models.list())).find((model) => model.id === MODEL);
  assert.deepEqual([listed.object, listed.owned_by], ["model", "docket"]);
  const { id, object, created, owned_by } = await client().models.retrieve(MODEL);
  assert.deepEqual([id, object, created, owned_by], [MODEL, "model", listed.created, "docket"]);
});

/** A function of a place. */
const tool = (name) => {
  const parameters = { type: "object", properties: { place: { type: "string" } }, required: ["place"] };
  return { type: "function", function: { name, parameters } };
};
const tools = [tool("rain"), tool("wind")];
const calls = (message) =>
  message.tool_calls.map((call) => [call.id, call.type, call.function.name, JSON.parse(call.function.arguments)]);
const CALLED = ["rain", "wind"].map((name, number) => [`call_${number}`, "function", name, { place: "Bern" }]);

test("tools are called in a whole answer", async () => {
  const [choice] = (await ask(client(), { model: ABLE, tools, tool_choice: "required" })).choices;
  assert.deepEqual([choice.finish_reason, choice.message.content], ["tool_calls", null]);
  assert.deepEqual(calls(choice.message), CALLED);
});

test("tools are called in a stream", async () => {
  const stream = client().chat.completions.stream({ model: ABLE, tools, messages: [{ role: "user", content: "Rain?" }] });
  const chunks = await all(stream);
  assert.ok(chunks.filter((chunk) => chunk.choices[0]?.delta.tool_calls).length > 6);
  const [choice] = (await stream.finalChatCompletion()).choices;
  assert.equal(choice.finish_reason, "tool_calls");
  assert.deepEqual(calls(choice.message), CALLED);
});

test("the client's own runner of tools comes to an answer", async () => {
  const rain = tool("rain").function;
  const asked = [];
  const runner = client().chat.completions.runTools({
    model: ABLE,
    messages: [{ role: "user", content: "Rain?" }],
    tools: [{ type: "function", function: { ...rain, parse: JSON.parse, function: ({ place }) => void asked.push(place) } }],
  });
  assert.equal(await runner.finalContent(), "It rains.");
  assert.deepEqual(asked, ["Bern"]);
});

test("an answer has the form that was asked for, and says how likely its tokens were", async () => {
  const answer = await ask(client(), { model: ABLE, response_format: { type: "json_object" }, logprobs: true });
  const [{ message, logprobs }] = answer.choices;
  assert.deepEqual(JSON.parse(message.content), { rain: true });
  assert.deepEqual(logprobs.content.map(({ logprob }) => logprob), [-0.25, -0.25]);
});

test("a text is gone on with", async () => {
  const request = { model: ABLE, prompt: "Once upon" };
  const whole = await client().completions.create(request);
  assert.deepEqual([whole.object, whole.choices[0].text, whole.usage.total_tokens], ["text_completion", " a time", 4]);
  const chunks = await all(await client().completions.create({ ...request, stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].text).join(""), " a time");
});

test("texts become vectors", async () => {
  for (const more of [{}, { encoding_format: "float" }]) {
    const answer = await client().embeddings.create({ model: ABLE, input: ["one", "three"], ...more });
    assert.deepEqual(answer.data.map((item) => [...item.embedding]), [[3, 0.5], [5, 0.5]]);
  }
});

test("a response has its text and its count", async () => {
  const response = await client().responses.create({ model: ABLE, input: "Rain?", instructions: "Be brief." });
  assert.deepEqual([response.status, response.output_text, response.usage.total_tokens], ["completed", "It rains.", 18]);
});

test("a stored response is read again", async () => {
  const response = await client().responses.create({ model: ABLE, input: "Rain?", metadata: { a: "b" } });
  assert.deepEqual(await client().responses.retrieve(response.id), response);
  const unstored = await client().responses.create({ model: ABLE, input: "Rain?", store: false });
  assert.deepEqual([response.store, unstored.store], [true, false]);
  await refused(OpenAI.NotFoundError, 404, "response_not_found", () => client().responses.retrieve(unstored.id));
});

test("the events of a response come in their order", async () => {
  const events = await all(await client().responses.create({ model: ABLE, input: "Rain?", stream: true }));
  assert.deepEqual(events.map((event) => event.sequence_number), events.map((_, number) => number));
  assert.deepEqual([events[0].type, events.at(-1).type], ["response.created", "response.completed"]);
  assert.equal(events.at(-1).response.output[0].content[0].text, "It rains.");
});

test("tools are called in a response", async () => {
  const flat = tools.map(({ type, function: declared }) => ({ type, ...declared }));
  const stream = client().responses.stream({ model: ABLE, input: "Rain?", tools: flat });
  const fragments = (await all(stream)).filter((event) => event.type === "response.function_call_arguments.delta");
  assert.ok(fragments.length > 3);
  const { output } = await stream.finalResponse();
  assert.deepEqual(
    output.map((item) => [item.call_id, item.type, item.name, JSON.parse(item.arguments)]),
    CALLED.map(([id, , name, place]) => [id, "function_call", name, place]),
  );
});

test("what no worker of the model declares is refused by name", async () => {
  const act = () => ask(client(), { tools });
  const error = await refused(OpenAI.BadRequestError, 400, "unsupported_parameter", act);
  assert.equal(error.param, "tools");
});

async function refused(kind, status, code, act) {
  const error = await act().then(() => assert.fail("nothing was refused"), (error) => error);
  assert.equal(error.constructor, kind, String(error));
  assert.deepEqual([error.status, error.code], [status, code]);
  assert.ok(error.requestID);
  return error;
}

test("a wrong key is an authentication error", async () => {
  const wrong = client(URL, `dcntrl_live_${"x".repeat(32)}`);
  for (const act of [() => ask(wrong), () => ask(wrong, { stream: true }), () => all(wrong.models.list())]) {
    await refused(OpenAI.AuthenticationError, 401, "invalid_api_key", act);
  }
});

test("an unknown model is not found", async () => {
  for (const act of [() => ask(client(), { model: "nobody" }), async () => client().models.retrieve("nobody")]) {
    await refused(OpenAI.NotFoundError, 404, "model_not_found", act);
  }
});

test("a bad parameter is named", async () => {
  for (const stream of [false, true]) {
    const act = () => ask(client(), { temperature: 9, stream });
    const error = await refused(OpenAI.BadRequestError, 400, "invalid_request", act);
    assert.deepEqual([error.param, error.type], ["temperature", "invalid_request_error"]);
  }
});

for (const stream of [false, true]) {
  const how = stream ? "a stream" : "an answer";

  test(`who has no credits for ${how} is told so once`, () =>
    severing(URL, null, async (url, retryCounts) => {
      const act = () => ask(client(url, POOR_KEY), { stream });
      await refused(OpenAI.APIError, 402, "insufficient_credits", act);
      assert.deepEqual(retryCounts(), [0]);
    }));

  const chargedOnce = async (text, moment) => {
    // The same words were asked before: the retry belongs to what was lost, not to that.
    const [, expected] = await named(client(), stream, text);
    const { balance, known } = await books();
    const [name, content] = await severing(URL, (server) => moment(server, known), async (url, retryCounts) => {
      const answer = await named(client(url), stream, text);
      assert.deepEqual(retryCounts(), [0, 1]);
      return answer;
    });
    const after = await books();
    const added = [...after.known.values()].filter((job) => !known.has(job.id));
    assert.deepEqual(added.map((job) => job.status), ["settled"]);
    assert.ok(added[0].credits_charged > 0);
    assert.equal(balance - after.balance, added[0].credits_charged);
    assert.equal(content, expected);
    assert.equal(name, added[0].id.replace("job_", "chatcmpl-"));
  };

  test(`a connection that is lost before ${how} costs nothing more`, () =>
    chargedOnce(`Tell me of the cat before ${how}.`, async (_, known) => {
      while ((await jobs()).every((job) => known.has(job.id))) await sleep(5);
    }));

  test(`a connection that is lost as ${how} begins costs nothing more`, () =>
    chargedOnce(`Tell me of the sea as ${how} begins.`, (server) => once(server, "readable")));
}
