"""One bucket, as an operator fills it in."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, SecretStr

_VISIBLE: Final = r"^[\x21-\x7e]+$"


class S3Config(BaseModel):
    """
    The settings of one connection.

    Attributes:
        region: Where the bucket is; ``auto`` for R2.
        endpoint_url: Where the API is, without the bucket; Amazon's own if it is left out.
        path_style: Whether the bucket stands in the path instead of the host's name. By default so
            where an `endpoint_url` is given, which every service but Amazon's takes.
    """

    # No error message may quote what was typed.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    bucket: str = Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9]$",
        json_schema_extra={"env": "S3_BUCKET"},
    )
    access_key_id: str = Field(
        pattern=_VISIBLE, max_length=256, json_schema_extra={"env": "S3_ACCESS_KEY_ID"}
    )
    secret_access_key: SecretStr = Field(
        min_length=1, json_schema_extra={"env": "S3_SECRET_ACCESS_KEY"}
    )
    region: str = Field(
        "us-east-1", pattern=r"^[a-z0-9-]{2,64}$", json_schema_extra={"env": "S3_REGION"}
    )
    endpoint_url: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.:\[\]-]+(/[A-Za-z0-9._~/-]*)?$",
        json_schema_extra={"env": "S3_ENDPOINT_URL"},
    )
    path_style: bool | None = None

    @property
    def bucket_url(self) -> str:
        """The URL below which the objects are, without a slash at its end."""
        endpoint = (self.endpoint_url or f"https://s3.{self.region}.amazonaws.com").rstrip("/")
        in_path = self.endpoint_url is not None if self.path_style is None else self.path_style
        if in_path:
            return f"{endpoint}/{self.bucket}"
        scheme, _, rest = endpoint.partition("://")
        return f"{scheme}://{self.bucket}.{rest}"
