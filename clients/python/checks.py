"""The official client of OpenAI for Python, as it is, with a running coordinator."""

import os
import time
import unittest

import openai
from severing import Severing

URL = os.environ["DOCKET_URL"]
MODEL = "tiny-qwen3"


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
