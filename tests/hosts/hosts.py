"""
The hosts, and how each is run without a person and without its vendor.

A command is a line for a shell. In it and in the environment ``{model}`` is the address of the
stand-in for the host's model.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

PROMPT: Final = "Send the messages"


@dataclass(frozen=True, kw_only=True)
class Host:
    """
    A program that has a model and lets it use MCP servers.

    `listing` is a pattern of what `list_servers` prints of a server that is connected. `files` are
    put into the home first. `printed_file` is for a host that the page prints a file for: a word of
    the sentence above it, and where in the home it goes.
    """

    name: str
    package: str
    program: str
    list_servers: str
    listing: str
    ask: str
    environ: Mapping[str, str]
    files: Mapping[str, str] = field(default_factory=dict)
    printed_file: tuple[str, str] | None = None


HOSTS: Final = (
    Host(
        name="Claude Code",
        package="@anthropic-ai/claude-code",
        program="claude",
        list_servers="claude mcp list",
        listing=r"trunkline: .*Connected",
        ask=f"claude -p '{PROMPT}' --allowedTools mcp__trunkline",
        environ={
            "ANTHROPIC_BASE_URL": "{model}",
            "ANTHROPIC_API_KEY": "none",
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            "ENABLE_TOOL_SEARCH": "false",  # else the model would have to look for each tool
            # It would begin before a server is there, or wait five seconds: few on a busy machine.
            "MCP_CONNECTION_NONBLOCKING": "false",
            "MCP_CONNECT_TIMEOUT_MS": "60000",
        },
        # What a person agrees to when asked about a project's servers.
        files={".claude/settings.json": '{"enableAllProjectMcpServers": true}'},
        printed_file=(".mcp.json", "work/.mcp.json"),
    ),
    Host(
        name="Gemini CLI",
        package="@google/gemini-cli",
        program="gemini",
        list_servers="gemini mcp list",
        listing=r"trunkline: .*Connected",
        ask=f"gemini --yolo --model gemini-2.5-flash --prompt '{PROMPT}'",
        environ={
            "GOOGLE_GEMINI_BASE_URL": "{model}",
            "GEMINI_API_KEY": "none",
            "GEMINI_CLI_NO_RELAUNCH": "true",
            "GEMINI_CLI_TRUST_WORKSPACE": "true",
        },
        files={
            "work/.gemini/settings.json": """{
                "general": {"enableAutoUpdate": false, "enableAutoUpdateNotification": false},
                "privacy": {"usageStatisticsEnabled": false},
                "security": {"auth": {"selectedType": "gemini-api-key"}},
                "telemetry": {"enabled": false}
            }"""
        },
        printed_file=("emini", ".gemini/settings.json"),
    ),
    Host(
        name="Codex",
        package="@openai/codex",
        program="codex",
        list_servers="codex mcp list",  # which does not connect; that the tools come tells that
        listing=r"trunkline .*enabled",
        ask=(
            "codex exec --skip-git-repo-check -c analytics.enabled=false -c model=stand-in"
            " -c model_provider=here -c 'model_providers.here="
            '{name="here", base_url="{model}/v1", wire_api="responses"}\''
            # Else it would begin before a server on stdio is there, and ask a person who is not.
            " -c mcp_servers.trunkline.required=true"
            " -c mcp_servers.trunkline.startup_timeout_sec=60"
            " -c 'mcp_servers.trunkline.default_tools_approval_mode=\"approve\"'"
            f" '{PROMPT}'"
        ),
        environ={},
    ),
    Host(
        name="opencode",
        package="opencode-ai",
        program="opencode",
        list_servers="opencode mcp list",
        listing=r"✓ trunkline\b.*connected",
        ask=f"opencode run '{PROMPT}'",
        environ={
            "OPENCODE_CONFIG_CONTENT": """{
                "autoupdate": false, "share": "disabled",
                "model": "here/m", "small_model": "here/m",
                "provider": {"here": {
                    "npm": "@ai-sdk/openai-compatible",
                    "options": {"baseURL": "{model}/v1", "apiKey": "none"},
                    "models": {"m": {"tool_call": true}}
                }}
            }""",
            "OPENCODE_DISABLE_AUTOUPDATE": "1",
            "OPENCODE_DISABLE_DEFAULT_PLUGINS": "1",
            "OPENCODE_DISABLE_LSP_DOWNLOAD": "1",
            "OPENCODE_DISABLE_MODELS_FETCH": "1",
        },
    ),
)
NOT_RUN: Final[Mapping[str, str]] = {"Cursor": "it does not install from npm"}
"""Hosts of the page that this can't run, and why."""
