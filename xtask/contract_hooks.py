"""Narrows the description of the API to what the tiny model can answer, so that most requests become jobs."""

import schemathesis

WORD = {"type": "string", "pattern": "^[a-z]{1,12}$"}
FEW = {"type": "integer", "minimum": 1, "maximum": 8}
MESSAGE = {
    "type": "object",
    "required": ["role", "content"],
    "properties": {"role": {"type": "string", "enum": ["system", "user"]}, "content": WORD},
    "additionalProperties": False,
}
ANSWERABLE = {
    "model": {"type": "string", "enum": ["tiny-qwen3"]},
    "messages": {"type": "array", "minItems": 1, "maxItems": 3, "items": MESSAGE},
    "input": WORD,
    "instructions": WORD,
    "max_tokens": FEW,
    "max_output_tokens": FEW,
}
AS_DESCRIBED = ("stream", "temperature", "top_p", "metadata", "store")


@schemathesis.hook
def before_load_schema(context, raw_schema):
    for name, length in (("ChatRequest", "max_tokens"), ("ResponseRequest", "max_output_tokens")):
        schema = raw_schema["components"]["schemas"][name]
        described = schema["properties"]
        properties = {name: described[name] for name in AS_DESCRIBED if name in described}
        properties |= {name: narrow for name, narrow in ANSWERABLE.items() if name in described}
        schema["properties"] = properties
        schema["required"] = [*schema["required"], length]
        schema["additionalProperties"] = False
