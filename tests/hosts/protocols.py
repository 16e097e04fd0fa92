"""
What hosts and the services of models speak: four protocols, each as far as a tool call needs it.

Anthropic's Messages, Gemini's generateContent, and OpenAI's Responses and Chat Completions, as the
hosts of `hosts.py` spoke them on 2026-11-30.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

Json = Mapping[str, Any]
DONE: Final = "Done."


@dataclass(frozen=True, kw_only=True)
class Call:
    """A tool call that a model makes."""

    tool: str
    arguments: Json


@dataclass(frozen=True, kw_only=True)
class Offered:
    """A tool as a host offers it to its model."""

    name: str
    description: str
    schema: Json
    namespace: str | None = None


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a host asks a model: which tools there are, and what came of the calls so far."""

    tools: Sequence[Offered]
    results: Sequence[str]


class Wire(Protocol):
    """One protocol."""

    def read(self, body: Json) -> Asked:
        """Return what a request asks."""

    def say(self, tool: Offered | None, arguments: Json, number: int) -> list[Json]:
        """Return the events of an answer: a tool call, or without a tool that all is done."""


class Messages:
    """Anthropic's Messages."""

    def read(self, body: Json) -> Asked:
        """Return what a request asks."""
        blocks = [
            block
            for message in body["messages"]
            if isinstance(message["content"], list)
            for block in message["content"]
        ]
        return Asked(
            tools=[
                Offered(
                    name=each["name"],
                    description=each.get("description", ""),
                    schema=each.get("input_schema", {}),
                )
                for each in body.get("tools", [])
            ],
            results=[text(b.get("content")) for b in blocks if b["type"] == "tool_result"],
        )

    def say(self, tool: Offered | None, arguments: Json, number: int) -> list[Json]:
        """Return the events of an answer."""
        usage = {"input_tokens": 1, "output_tokens": 1}
        if tool:
            block = {"type": "tool_use", "id": f"toolu_{number}", "name": tool.name, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(arguments)}
        else:
            block = {"type": "text", "text": ""}
            delta = {"type": "text_delta", "text": DONE}
        message: Json = {
            "id": "msg_1", "type": "message", "role": "assistant", "model": "stand-in",
            "content": [], "stop_reason": None, "stop_sequence": None, "usage": usage,
        }  # fmt: skip
        stop = {"stop_reason": "tool_use" if tool else "end_turn", "stop_sequence": None}
        return [
            {"type": "message_start", "message": message},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stop, "usage": usage},
            {"type": "message_stop"},
        ]


class GenerateContent:
    """Gemini's generateContent, streamed."""

    def read(self, body: Json) -> Asked:
        """Return what a request asks."""
        parts = [part for content in body["contents"] for part in content["parts"]]
        return Asked(
            tools=[
                Offered(
                    name=each["name"],
                    description=each.get("description", ""),
                    schema=each.get("parametersJsonSchema") or each.get("parameters") or {},
                )
                for group in body.get("tools", [])
                for each in group.get("functionDeclarations", [])
            ],
            results=[
                text(part["functionResponse"]["response"])
                for part in parts
                if "functionResponse" in part
            ],
        )

    def say(self, tool: Offered | None, arguments: Json, number: int) -> list[Json]:
        """Return the one event of an answer."""
        part: Json = {"text": DONE}
        if tool:
            part = {"functionCall": {"name": tool.name, "args": arguments}}
        content = {"role": "model", "parts": [part]}
        usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
        return [
            {
                "candidates": [{"content": content, "finishReason": "STOP", "index": 0}],
                "usageMetadata": usage,
                "responseId": f"r{number}",
            }
        ]


class Responses:
    """OpenAI's Responses."""

    def read(self, body: Json) -> Asked:
        """Return what a request asks."""
        return Asked(
            tools=[
                Offered(
                    name=each["name"],
                    description=each.get("description", ""),
                    schema=each.get("parameters", {}),
                    namespace=group["name"] if "tools" in group else None,
                )
                for group in body.get("tools", [])
                for each in group.get("tools", [group])
                if each["type"] == "function"
            ],
            results=[
                text(item["output"])
                for item in body["input"]
                if item["type"] == "function_call_output"
            ],
        )

    def say(self, tool: Offered | None, arguments: Json, number: int) -> list[Json]:
        """Return the events of an answer."""
        item: dict[str, Any] = {"id": f"item_{number}", "status": "completed"}
        if tool:
            item |= {"type": "function_call", "call_id": f"call_{number}", "name": tool.name}
            item |= {"arguments": json.dumps(arguments)}
            item |= {"namespace": tool.namespace} if tool.namespace else {}
        else:
            said = {"type": "output_text", "text": DONE, "annotations": []}
            item |= {"type": "message", "role": "assistant", "content": [said]}
        usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
        response = {"id": f"resp_{number}", "status": "completed", "output": [item], "usage": usage}
        return [
            {"type": "response.created", "response": {**response, "status": "in_progress"}},
            {"type": "response.output_item.added", "output_index": 0, "item": item},
            {"type": "response.output_item.done", "output_index": 0, "item": item},
            {"type": "response.completed", "response": response},
        ]


class ChatCompletions:
    """OpenAI's Chat Completions."""

    def read(self, body: Json) -> Asked:
        """Return what a request asks."""
        functions = [each["function"] for each in body.get("tools", [])]
        return Asked(
            tools=[
                Offered(
                    name=each["name"],
                    description=each.get("description", ""),
                    schema=each.get("parameters", {}),
                )
                for each in functions
            ],
            results=[text(m["content"]) for m in body["messages"] if m["role"] == "tool"],
        )

    def say(self, tool: Offered | None, arguments: Json, number: int) -> list[Json]:
        """Return the events of an answer."""
        delta: dict[str, Any] = {"role": "assistant"}
        if tool:
            function = {"name": tool.name, "arguments": json.dumps(arguments)}
            call = {"index": 0, "id": f"call_{number}", "type": "function", "function": function}
            delta["tool_calls"] = [call]
        else:
            delta["content"] = DONE
        chunk = {"id": f"chat_{number}", "object": "chat.completion.chunk", "created": 1}
        reason = "tool_calls" if tool else "stop"
        return [
            {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
            {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": reason}]},
        ]


WIRES: Final[Mapping[str, Wire]] = {
    "/v1/messages": Messages(),
    ":streamGenerateContent": GenerateContent(),
    "/responses": Responses(),
    "/chat/completions": ChatCompletions(),
}
"""The protocols by how the path ends that they are spoken at."""


def text(value: object) -> str:
    """Return every piece of text in a value, whatever a host has wrapped it in."""
    if isinstance(value, Mapping):
        value = list(value.values())
    if isinstance(value, list):
        return "\n".join(filter(None, map(text, value)))
    return value if isinstance(value, str) else ""
