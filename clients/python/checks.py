"""The official client of OpenAI for Python, as it is, with a running coordinator."""

import json
import os
import time
import unittest

import openai
from severing import Severing

URL = os.environ["DOCKET_URL"]
MODEL = "tiny-qwen3"
ABLE = "able"


def client(url=URL, key=os.environ["DOCKET_API_KEY"]):
    return openai.OpenAI(base_url=f"{url}/v1", api_key=key, timeout=60)


def ask(through, text="hello", **more):
    request = {"model": MODEL, "max_tokens": 24, "temperature": 0, **more}
    return through.chat.completions.create(messages=[{"role": "user", "content": text}], **request)


def joined(chunks):
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


def named(through, text, **more):
    """The name of an answer, which is its job's, and its text, whichever way it comes."""
    answer = ask(through, text, **more)
    if not more.get("stream"):
        return answer.id, answer.choices[0].message.content
    chunks = list(answer)
    return chunks[0].id, joined(chunks)


def jobs():
    return client().get("/jobs?limit=100", cast_to=object)["data"]


def books():
    """The balance and the jobs by name, once nothing is under way."""
    for _ in range(200):
        known = {job["id"]: job for job in jobs()}
        if all(job["status"] not in ["pending", "processing", "settling"] for job in known.values()):
            return client().get("/credits", cast_to=object)["balance"], known
        time.sleep(0.05)
    raise AssertionError("a job does not end, and no answer is being waited for")


class Answers(unittest.TestCase):
    def test_a_whole_answer_counts_its_tokens(self):
        answer = ask(client())
        self.assertEqual((answer.object, answer.model), ("chat.completion", MODEL))
        choice = answer.choices[0]
        self.assertEqual(choice.message.role, "assistant")
        self.assertTrue(choice.message.content)
        self.assertIn(choice.finish_reason, ["stop", "length"])
        usage = answer.usage
        self.assertGreater(usage.prompt_tokens, 0)
        self.assertTrue(0 < usage.completion_tokens <= 24)
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)

    def test_an_answer_ends_at_the_length_that_was_asked_for(self):
        answer = ask(client(), max_tokens=2)
        self.assertEqual((answer.choices[0].finish_reason, answer.usage.completion_tokens), ("length", 2))

    def test_the_pieces_of_a_stream_join_to_the_whole_answer(self):
        whole = ask(client())
        chunks = list(ask(client(), stream=True))
        self.assertGreater(len(chunks), 3)
        self.assertEqual(joined(chunks), whole.choices[0].message.content)
        self.assertEqual(len({(chunk.id, chunk.created) for chunk in chunks}), 1)
        self.assertEqual({chunk.object for chunk in chunks}, {"chat.completion.chunk"})
        self.assertEqual(chunks[0].choices[0].delta.role, "assistant")
        reasons = [chunk.choices[0].finish_reason for chunk in chunks]
        self.assertEqual(reasons, [None] * (len(chunks) - 1) + [whole.choices[0].finish_reason])

    def test_tokens_are_counted_in_a_stream_only_where_that_was_asked_for(self):
        self.assertEqual([chunk for chunk in ask(client(), stream=True) if chunk.usage or not chunk.choices], [])
        *chunks, last = ask(client(), stream=True, stream_options={"include_usage": True})
        self.assertEqual([chunk for chunk in chunks if chunk.usage or not chunk.choices], [])
        self.assertEqual(last.choices, [])
        self.assertEqual(last.usage, ask(client()).usage)

    def test_models_are_listed_and_found_by_name(self):
        listed = {model.id: model for model in client().models.list()}
        self.assertIn(MODEL, listed)
        found = client().models.retrieve(MODEL)
        for model in [listed[MODEL], found]:
            self.assertEqual((model.id, model.object, model.owned_by), (MODEL, "model", "docket"))
        self.assertEqual(found.created, listed[MODEL].created)


def tool(name):
    """A function of a place, in the form that the client itself can read answers to."""
    schema = {
        "type": "object",
        "properties": {"place": {"type": "string"}},
        "required": ["place"],
        "additionalProperties": False,
    }
    return {"type": "function", "function": {"name": name, "parameters": schema, "strict": True}}


class Features(unittest.TestCase):
    """What a worker in front of a model server declares."""

    def calls(self, message):
        return [(call.id, call.type, call.function.name, json.loads(call.function.arguments)) for call in message.tool_calls]

    EXPECTED = [("call_0", "function", "rain", {"place": "Bern"}), ("call_1", "function", "wind", {"place": "Bern"})]

    def test_tools_are_called_in_a_whole_answer(self):
        choice = ask(client(), model=ABLE, tools=[tool("rain"), tool("wind")], tool_choice="required").choices[0]
        self.assertEqual((choice.finish_reason, choice.message.content), ("tool_calls", None))
        self.assertEqual(self.calls(choice.message), self.EXPECTED)

    def test_tools_are_called_in_a_stream(self):
        request = {"model": ABLE, "messages": [{"role": "user", "content": "Rain?"}], "tools": [tool("rain"), tool("wind")]}
        with client().chat.completions.stream(**request) as stream:
            fragments = [event for event in stream if event.type == "tool_calls.function.arguments.delta"]
            gathered = stream.get_final_completion().choices[0]
        self.assertGreater(len(fragments), 4)
        self.assertEqual(gathered.finish_reason, "tool_calls")
        self.assertEqual(self.calls(gathered.message), self.EXPECTED)
        self.assertEqual(gathered.message.tool_calls[0].function.parsed_arguments, {"place": "Bern"})

    def test_what_a_tool_answered_is_part_of_the_conversation(self):
        through, question = client(), {"role": "user", "content": "Rain?"}
        request = {"model": ABLE, "tools": [tool("rain")]}
        asked = through.chat.completions.create(messages=[question], **request).choices[0].message
        answered = {"role": "tool", "tool_call_id": asked.tool_calls[0].id, "content": "Yes."}
        told = through.chat.completions.create(messages=[question, asked, answered], **request)
        self.assertEqual(told.choices[0].message.content, "It rains.")

    def test_an_answer_has_the_form_that_was_asked_for(self):
        schema = {"name": "weather", "schema": {"type": "object", "properties": {"rain": {"type": "boolean"}}}}
        for form in [{"type": "json_object"}, {"type": "json_schema", "json_schema": schema}]:
            answer = ask(client(), model=ABLE, response_format=form)
            self.assertEqual(json.loads(answer.choices[0].message.content), {"rain": True})

    def test_how_likely_each_token_was_is_told(self):
        expected = [("It ", -0.25), ("rains.", -0.25)]
        request = {"model": ABLE, "logprobs": True, "top_logprobs": 0}
        told = ask(client(), **request).choices[0].logprobs.content
        self.assertEqual([(token.token, token.logprob) for token in told], expected)
        chunks = list(ask(client(), stream=True, **request))
        likely = [choice.logprobs.content for chunk in chunks for choice in chunk.choices if choice.logprobs]
        self.assertEqual([(token.token, token.logprob) for part in likely for token in part], expected)
        self.assertEqual(joined(chunks), "It rains.")

    def test_an_unwanted_token_is_kept_out(self):
        answer = ask(client(), model=ABLE, logit_bias={"9": -100})
        self.assertEqual(answer.choices[0].message.content, "It pours.")

    def test_models_say_what_can_be_asked_of_them(self):
        features = {model.id: model.decentral["features"] for model in client().models.list()}
        able = ["chat", "tools", "json", "logprobs", "seed", "penalties", "logit_bias", "completions", "embeddings"]
        self.assertEqual(features, {MODEL: ["chat", "seed", "penalties"], ABLE: able})

    def test_a_text_is_gone_on_with(self):
        request = {"model": ABLE, "prompt": "Once upon"}
        whole = client().completions.create(**request)
        self.assertEqual((whole.object, whole.choices[0].text, whole.choices[0].finish_reason), ("text_completion", " a time", "stop"))
        self.assertEqual(whole.usage.total_tokens, 4)
        chunks = list(client().completions.create(stream=True, **request))
        self.assertEqual("".join(chunk.choices[0].text for chunk in chunks), " a time")
        self.assertEqual(chunks[-1].choices[0].finish_reason, "stop")

    def test_texts_become_vectors(self):
        # The client asks for base64 by itself, and reads it.
        for more in [{}, {"encoding_format": "float"}]:
            answer = client().embeddings.create(model=ABLE, input=["one", "three"], **more)
            self.assertEqual([list(item.embedding) for item in answer.data], [[3.0, 0.5], [5.0, 0.5]])
            self.assertEqual(answer.usage.prompt_tokens, 4)


def flat(name):
    """A function as responses have it: beside its type."""
    return {"type": "function", **tool(name)["function"]}


class Responses(unittest.TestCase):
    def test_a_response_has_its_text_and_its_count(self):
        response = client().responses.create(model=ABLE, input="Rain?", instructions="Be brief.", max_output_tokens=24)
        self.assertEqual((response.status, response.output_text, response.error), ("completed", "It rains.", None))
        usage = response.usage
        self.assertEqual((usage.input_tokens, usage.output_tokens, usage.total_tokens), (12, 6, 18))
        self.assertTrue(response.store)

    def test_a_stored_response_is_read_again(self):
        request = {"model": ABLE, "input": "Rain?", "metadata": {"a": "b"}}
        response = client().responses.create(**request)
        again = client().responses.retrieve(response.id)
        self.assertEqual(again.to_json(), response.to_json())
        self.assertEqual((again.output_text, again.metadata), ("It rains.", {"a": "b"}))
        *_, last = client().responses.create(stream=True, **request)
        self.assertEqual(client().responses.retrieve(last.response.id).to_dict(), last.response.to_dict())
        unstored = client().responses.create(store=False, **request)
        poor = client(key=os.environ["DOCKET_POOR_KEY"])
        for through, name in [(client(), unstored.id), (poor, response.id), (client(), "resp_1")]:
            with self.assertRaises(openai.NotFoundError) as raised:
                through.responses.retrieve(name)
            self.assertEqual(raised.exception.code, "response_not_found")

    def test_a_response_goes_on_from_another_until_that_is_deleted(self):
        request = {"model": ABLE, "tools": [flat("rain")]}
        first = client().responses.create(input="Rain?", **request)
        answers = [{"type": "function_call_output", "call_id": item.call_id, "output": "Yes."} for item in first.output]
        more = {"previous_response_id": first.id, "input": answers}
        second = client().responses.create(**more, **request)
        self.assertEqual((second.output_text, second.previous_response_id), ("It rains.", first.id))
        *_, last = client().responses.create(stream=True, **more, **request)
        self.assertEqual((last.response.output_text, last.response.previous_response_id), ("It rains.", first.id))
        client().responses.delete(first.id)
        for act in [client().responses.retrieve, client().responses.delete]:
            with self.assertRaises(openai.NotFoundError):
                act(first.id)
        with self.assertRaises(openai.BadRequestError) as raised:
            client().responses.create(**more, **request)
        error = raised.exception
        self.assertEqual((error.code, error.param), ("previous_response_not_found", "previous_response_id"))
        self.assertEqual(client().responses.retrieve(second.id).output_text, "It rains.")

    def test_the_embedded_model_ends_at_the_length_that_was_asked_for(self):
        response = client().responses.create(model=MODEL, input="hello", max_output_tokens=2, temperature=0)
        self.assertEqual((response.status, response.incomplete_details.reason), ("incomplete", "max_output_tokens"))

    def test_the_events_of_a_response_come_in_their_order(self):
        events = list(client().responses.create(model=ABLE, input=[{"role": "user", "content": "Rain?"}], stream=True))
        self.assertEqual([event.sequence_number for event in events], list(range(len(events))))
        names = [event.type.removeprefix("response.") for event in events]
        begun = ["created", "in_progress", "output_item.added", "content_part.added"]
        ended = ["output_text.done", "content_part.done", "output_item.done", "completed"]
        self.assertEqual((names[:4], names[-4:]), (begun, ended))
        self.assertEqual(set(names[4:-4]), {"output_text.delta"})
        text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
        self.assertEqual((text, events[-1].response.output_text), ("It rains.", "It rains."))

    def test_tools_are_called_and_answered(self):
        request = {"model": ABLE, "tools": [flat("rain"), flat("wind")]}
        with client().responses.stream(input="Rain?", **request) as stream:
            fragments = [event for event in stream if event.type == "response.function_call_arguments.delta"]
            response = stream.get_final_response()
        self.assertGreater(len(fragments), 3)
        calls = [(item.type, item.call_id, item.name, json.loads(item.arguments)) for item in response.output]
        expected = [("function_call", call, name, {"place": "Bern"}) for call, name in [("call_0", "rain"), ("call_1", "wind")]]
        self.assertEqual(calls, expected)
        whole = client().responses.create(input="Rain?", **request)
        self.assertEqual([item.arguments for item in whole.output], [item.arguments for item in response.output])
        answers = [{"type": "function_call_output", "call_id": item.call_id, "output": "Yes."} for item in whole.output]
        talk = [{"role": "user", "content": "Rain?"}, *whole.output, *answers]
        self.assertEqual(client().responses.create(input=talk, **request).output_text, "It rains.")

    def test_an_answer_has_the_form_that_was_asked_for(self):
        schema = {"type": "object", "properties": {"rain": {"type": "boolean"}}}
        form = {"type": "json_schema", "name": "weather", "schema": schema}
        response = client().responses.create(model=ABLE, input="Rain?", text={"format": form})
        self.assertEqual(json.loads(response.output_text), {"rain": True})

    def test_what_nobody_offers_is_refused_by_name(self):
        for more in [{"background": True}, {"tools": [flat("rain")]}]:
            with self.assertRaises(openai.BadRequestError) as raised:
                client().responses.create(model=MODEL, input="x", **more)
            self.assertEqual((raised.exception.code, raised.exception.param), ("unsupported_parameter", *more))


class Errors(unittest.TestCase):
    def refused(self, kind, status, code, act):
        with self.assertRaises(kind) as raised:
            act()
        error = raised.exception
        self.assertIs(type(error), kind)
        self.assertEqual((error.status_code, error.code), (status, code))
        self.assertTrue(error.request_id)
        return error

    def test_a_wrong_key_is_an_authentication_error(self):
        wrong = client(key="dcntrl_live_" + "x" * 32)
        for act in [lambda: ask(wrong), lambda: ask(wrong, stream=True), wrong.models.list]:
            self.refused(openai.AuthenticationError, 401, "invalid_api_key", act)

    def test_an_unknown_model_is_not_found(self):
        for act in [lambda: ask(client(), model="nobody"), lambda: client().models.retrieve("nobody")]:
            self.refused(openai.NotFoundError, 404, "model_not_found", act)

    def test_a_bad_parameter_is_named(self):
        for more in [{}, {"stream": True}]:
            act = lambda: ask(client(), temperature=9, **more)
            error = self.refused(openai.BadRequestError, 400, "invalid_request", act)
            self.assertEqual((error.param, error.type), ("temperature", "invalid_request_error"))

    def test_what_no_worker_of_the_model_declares_is_refused_by_name(self):
        for name, value in [("tools", [tool("rain")]), ("response_format", {"type": "json_object"}), ("logprobs", True), ("logit_bias", {"9": 1})]:
            act = lambda: ask(client(), **{name: value})
            error = self.refused(openai.BadRequestError, 400, "unsupported_parameter", act)
            self.assertEqual(error.param, name)

    def test_a_model_that_is_for_something_else_is_refused(self):
        texts = [lambda: client().completions.create(model=MODEL, prompt="x"), lambda: client().embeddings.create(model=MODEL, input="x")]
        for act in texts:
            error = self.refused(openai.BadRequestError, 400, "unsupported_parameter", act)
            self.assertEqual(error.param, "model")

    def test_who_has_no_credits_is_told_so_once(self):
        for more in [{}, {"stream": True}]:
            with self.subTest(**more), Severing(URL) as proxy:
                poor = client(proxy.url, os.environ["DOCKET_POOR_KEY"])
                self.refused(openai.APIStatusError, 402, "insufficient_credits", lambda: ask(poor, **more))
                self.assertEqual(proxy.retry_counts(), [0])


class Retries(unittest.TestCase):
    def charged_once(self, text, moment, **more):
        # The same words were asked before: the retry belongs to what was lost, not to that.
        _, expected = named(client(), text, **more)
        balance, known = books()
        with Severing(URL, lambda server: moment(server, known)) as proxy:
            name, content = named(client(proxy.url), text, **more)
            self.assertEqual(proxy.retry_counts(), [0, 1])
        rest, after = books()
        new = [job for name, job in after.items() if name not in known]
        self.assertEqual([job["status"] for job in new], ["settled"])
        self.assertGreater(new[0]["credits_charged"], 0)
        self.assertEqual(balance - rest, new[0]["credits_charged"])
        self.assertEqual(content, expected)
        self.assertEqual(name, new[0]["id"].replace("job_", "chatcmpl-"))

    def test_a_connection_that_is_lost_before_the_answer_costs_nothing_more(self):
        def moment(_, known):
            while all(job["id"] in known for job in jobs()):
                time.sleep(0.005)

        self.charged_once("Tell me of the cat.", moment)
        self.charged_once("Tell me of the dog.", moment, stream=True)

    def test_a_connection_that_is_lost_as_the_answer_begins_costs_nothing_more(self):
        self.charged_once("Tell me of the sea.", lambda server, _: server.recv(1))
        self.charged_once("Tell me of the sun.", lambda server, _: server.recv(1), stream=True)


if __name__ == "__main__":
    print(f"openai {openai.__version__}", flush=True)
    unittest.main(verbosity=2)
