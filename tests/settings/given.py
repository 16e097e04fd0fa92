"""Settings as a person gives them: a file here, variables, options."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from trunkline.settings import Settings, SettingsError, load_settings


def load(
    text: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Mapping[str, object]] | None = None,
    data_dir: Path | None = None,
) -> Settings:
    if text is not None:
        Path("trunkline.toml").write_text(text)
    return load_settings(config=None, data_dir=data_dir, environ=environ or {}, overrides=overrides)


def refusal(text: str | None = None, environ: Mapping[str, str] | None = None) -> str:
    with pytest.raises(SettingsError) as caught:
        load(text, environ)
    return str(caught.value)
